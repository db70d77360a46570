"""One file of the corpus, and the folder of all of them.

Never here: what is in a file. To add a kind of verdict that is wanted: a word in `Case.wanted`, and what it means in `held`.
"""

import dataclasses
import pathlib

#: What a payload would leave behind if anything ran it; looked for after every scanner.
MARKER = "writ-corpus-marker"
COMMAND = f"touch {MARKER}"
CODE = f"open('{MARKER}', 'w').close()"
SOURCE = f"import os\nos.system('{COMMAND}')\n"
#: The port of discard on this machine: nobody answers there.
ADDRESS = "http://127.0.0.1:9/stage-two"


@dataclasses.dataclass
class Case:
    """A file: what it is called, what it shows, its bytes, and the least that a scanner must say of it."""

    technique: str
    name: str
    data: bytes
    #: `flagged`: suspicious or malicious; `not clean`: that, or a plain `unknown` or an error; `clean`.
    wanted: str = "flagged"
    #: Files beside it that belong to it: name and bytes.
    beside: tuple[tuple[str, bytes], ...] = ()

    def good(self) -> bool:
        return self.wanted == "clean"

    def held(self, verdict: str) -> bool:
        if self.wanted == "clean":
            return verdict == "clean"
        return verdict == "flagged" or (self.wanted == "not clean" and verdict == "unsure")


def write(cases: list[Case], folder: pathlib.Path) -> dict[pathlib.Path, Case]:
    """Writes every case into a folder of its technique; two of one name are a mistake of ours."""
    written = {}
    for case in cases:
        side = "good" if case.good() else "bad"
        path = folder / side / case.technique.replace(" ", "-").replace("/", "-") / case.name
        if path in written:
            raise ValueError(f"two cases are called {path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(case.data)
        for beside, raw in case.beside:
            other = path.parent / beside
            other.parent.mkdir(parents=True, exist_ok=True)
            other.write_bytes(raw)
        written[path] = case
    return written
