"""Lets a client of the conformance suite come through the gateway: `through.py FILE DOOR COMMAND… URL`.

The suite starts a server of its own for each scenario; where it is goes into FILE, which the relay behind the gateway
reads, and the client is sent to DOOR instead. Never here: a message of the protocol.
"""

import os
import pathlib
import sys
import urllib.parse

file, door, *command, url = sys.argv[1:]
written = pathlib.Path(file + ".new")
written.write_text(urllib.parse.urlsplit(url).netloc)
written.rename(file)
os.execvp(command[0], [*command, door])
