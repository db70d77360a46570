"""The third set of scenes, for those who write rules; a file an environment. Never here: code; see kit.py."""
