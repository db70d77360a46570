#!/usr/bin/env python3
"""Writes the conversations of the data flow benchmark: `python3 tests-data/flow/make.py`, always the same bytes.

The scenes in scenes/ make tune/ and seen/, those in scenes/second/ make final/, those in scenes/third/ make more/. Then
check.py looks at all of them.
Never here: a scene (they stand in scenes/, one file an environment), knowledge of the engine's words or rules. To add an
environment: a file in scenes/second/ with TOOLS and scenes, its name in ENVIRONMENTS.
"""

import importlib
import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import check  # noqa: E402
from scenes import core  # noqa: E402
from scenes.second import kit  # noqa: E402
from scenes.third import kit as third_kit  # noqa: E402

ENVIRONMENTS = ["office", "bank", "chat", "travel", "files", "shop", "crm", "hosting"]
# Those of the third set: one name, one file in scenes/third/.
FURTHER = [*ENVIRONMENTS, "calendar", "clinic", "hr", "logistics", "property", "school"]
# One draw for all: changing it mixes what rules were tuned on with what they are judged on.
SPLIT_SEED = 20261122
# How many conversations a scene makes. Three is the most that may differ in little.
VARIANTS = 3


def split(scenes, environment):
    """Which half a scene belongs to: drawn once per environment and sort of scene, so that halves weigh the same."""
    halves = {}
    sorts = sorted({(scene.kind, scene.no_order) for scene in scenes})
    for number, sort in enumerate(sorts):
        names = sorted(scene.name for scene in scenes if (scene.kind, scene.no_order) == sort)
        draw = random.Random(f"{SPLIT_SEED}/{environment}/{sort}")
        draw.shuffle(names)
        first = (number + len(environment)) % 2
        for at, name in enumerate(names):
            halves[name] = "tune" if (at + first) % 2 == 0 else "final"
    return halves


def first():
    """The first set of scenes: one half is tuned on, the other was the final one until it had been opened."""
    labels = {"tune": [], "final": []}
    folders = {"tune": HERE / "tune", "final": HERE / "seen"}
    for environment in ENVIRONMENTS:
        module = importlib.import_module(f"scenes.{environment}")
        scenes = core.scenes_of(environment)
        halves = split(scenes, environment)
        for half, folder in folders.items():
            chosen = [scene for scene in scenes if halves[scene.name] == half]
            numbers = random.Random(f"{environment}/{half}/order")
            lines, rows = played(core.World, module, environment, chosen, numbers, f"{environment}-{half[0]}")
            write(folder / f"{environment}.ndjson", lines)
            labels[half] += rows
    for half, rows in labels.items():
        write(folders[half] / "labels.ndjson", rows)


def second():
    """The second set of scenes: all of it is for judging."""
    labels = []
    for environment in ENVIRONMENTS:
        module = importlib.import_module(f"scenes.second.{environment}")
        numbers = random.Random(f"{SPLIT_SEED}/second/{environment}")
        lines, rows = played(kit.World, module, environment, kit.scenes_of(environment), numbers, f"{environment}-n")
        write(HERE / "final" / f"{environment}.ndjson", lines)
        labels += rows
    write(HERE / "final" / "labels.ndjson", labels)


def played(world_of, module, environment, scenes, numbers, lead, tool_lines=core.tool_lines):
    """Lines and labels of scenes. The order and the numbers say nothing about what a conversation is."""
    made = [(scene, variant) for scene in scenes for variant in range(VARIANTS)]
    numbers.shuffle(made)
    lines, labels = tool_lines(module.TOOLS), []
    for number, (scene, variant) in enumerate(made, 1):
        world = world_of(environment, module.TOOLS, f"{lead}{number:03}", scene, variant)
        scene.play(world)
        lines += world.lines
        labels.append(world.label())
    return lines, labels


def third():
    """The third set of scenes: all of it is for those who write rules."""
    labels = []
    for environment in FURTHER:
        module = importlib.import_module(f"scenes.third.{environment}")
        numbers = random.Random(f"{SPLIT_SEED}/third/{environment}")
        scenes = third_kit.scenes_of(environment)
        lines, rows = played(third_kit.World, module, environment, scenes, numbers, f"{environment}-m", third_kit.tool_lines)
        write(HERE / "more" / f"{environment}.ndjson", lines)
        labels += rows
    write(HERE / "more" / "labels.ndjson", labels)


def main():
    for folder in ("tune", "seen", "more", "final"):
        (HERE / folder).mkdir(exist_ok=True)
    first()
    second()
    third()
    return check.main()


def write(path, rows):
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
