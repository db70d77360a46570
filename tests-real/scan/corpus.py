"""The whole corpus: every malicious and every benign file, from one seed.

Never here: bytes of a file. To add a source of cases: its module below.
"""

import importlib

from scan.case import Case

#: Needs nothing but Python.
BY_HAND = ("calls", "streams", "hidden", "boxes", "formats", "mixed")
#: Needs the libraries of `requirements-scan.txt`.
BY_LIBRARIES = ("made", "layers")
#: So many files of each source of benign ones are also tried without their end.
CUTS = 4
BENIGN = ("good_plain", "good_learned", "good_shapes")


def malicious(seed: int, libraries: bool = True) -> list[Case]:
    return gathered(seed, (*BY_HAND, *BY_LIBRARIES) if libraries else BY_HAND)


def benign(seed: int) -> list[Case]:
    return gathered(seed, BENIGN)


def cut(whole: list[Case]) -> list[Case]:
    """Some benign files of every source without their end: nobody may call them clean, whatever is left of them."""
    made = []
    for source in dict.fromkeys(case.technique for case in whole):
        rows = [case for case in whole if case.technique == source and not case.beside]
        for at, case in enumerate(rows[:: max(1, len(rows) // CUTS)][:CUTS]):
            name = f"{source}/{case.name}".replace(" ", "-")
            made.append(Case("cut short", name, case.data[: len(case.data) * (50, 75, 90)[at % 3] // 100], "not clean"))
    return made


def gathered(seed: int, modules: tuple[str, ...]) -> list[Case]:
    return [case for module in modules for case in importlib.import_module(f"scan.{module}").cases(seed)]
