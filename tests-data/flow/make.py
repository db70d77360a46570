#!/usr/bin/env python3
"""Writes the conversations of the data flow benchmark: `python3 tests-data/flow/make.py`, always the same bytes.

Never here: a scene (they stand in scenes/, one file an environment), knowledge of the engine's words or rules. To add an
environment: a file in scenes/ with TOOLS and scenes, its name in ENVIRONMENTS.
"""

import importlib
import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from scenes import core  # noqa: E402

ENVIRONMENTS = ["office", "bank", "chat", "travel", "files", "shop", "crm", "hosting"]
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


def main():
    for half in ("tune", "final"):
        (HERE / half).mkdir(exist_ok=True)
    labels = {"tune": [], "final": []}
    for environment in ENVIRONMENTS:
        module = importlib.import_module(f"scenes.{environment}")
        scenes = core.scenes_of(environment)
        halves = split(scenes, environment)
        for half in ("tune", "final"):
            made = []
            for scene in scenes:
                if halves[scene.name] != half:
                    continue
                for variant in range(VARIANTS):
                    made.append((scene, variant))
            # The order and the numbers say nothing about what a conversation is.
            random.Random(f"{environment}/{half}/order").shuffle(made)
            lines = core.tool_lines(module.TOOLS)
            for number, (scene, variant) in enumerate(made, 1):
                world = core.World(environment, module.TOOLS, f"{environment}-{half[0]}{number:03}", scene, variant)
                scene.play(world)
                lines += world.lines
                labels[half].append(world.label())
            write(HERE / half / f"{environment}.ndjson", lines)
    for half, rows in labels.items():
        write(HERE / half / "labels.ndjson", rows)
    core.count(labels)


def write(path, rows):
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
