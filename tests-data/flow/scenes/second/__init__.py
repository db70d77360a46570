"""The second set of scenes of the data flow benchmark, a file an environment. Never here: code; see kit.py."""
