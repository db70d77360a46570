"""The scenes of the data flow benchmark, a file an environment. Never here: code; see core.py."""
