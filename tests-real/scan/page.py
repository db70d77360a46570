"""The side-by-side in `docs/scanning.md`, from what one run of `models.py` found.

Never here: a figure that was not measured in this run. What stands outside the two marks belongs to somebody else.
"""

import pathlib

BEGIN, END = "<!-- side by side: begin; written by tests-real/models.py --doc -->", "<!-- side by side: end -->"


def row(cells: list) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(heads: list, rows: list[list]) -> str:
    return "\n".join([row(heads), row(["---"] * len(heads)), *(row(one) for one in rows)])


def cell(found: dict) -> str:
    if found["unread"] == found["of"]:
        return "\u2013"
    unsure = f" ({found['unsure']} ?)" if found["unsure"] else ""
    return f"{found['held']}{unsure}"


def section(told: dict) -> str:
    names = list(told["tools"])
    tools = told["tools"]
    caught = [[technique, rows["writ"]["of"], *(cell(rows[name]) for name in names)] for technique, rows in told["techniques"].items()]
    caught.append(["**all**", told["malicious"], *(f"**{tools[name]['caught']}**" for name in names)])
    benign = [[source, rows["writ"]["of"], *(alarm(rows[name]) for name in names)] for source, rows in told["benign_sources"].items()]
    benign.append(["**all**", told["benign"], *(f"**{tools[name]['false_alarms']}**" for name in names)])
    speed = told.get("speed", {})
    paces = [[name, one["files"], one["seconds"], one["a_second"], one["resident_mb"]] for name, one in sorted(speed.items(), key=lambda item: -item[1]["a_second"])]
    sizes = [[name, one["bytes"], one["seconds"], one["resident_mb"], one["status"], one["finding"]] for name, one in told.get("sizes", {}).items()]
    versions = ", ".join(f"`{name}` {tools[name]['version']}" for name in names if name != "writ")
    return f"""## Side by side

One run over a corpus of our own: {told['malicious']} malicious files over {len(told['techniques'])} techniques and {told['benign']} benign ones, most of
these written by the libraries themselves ({told['libraries']}).
Payloads are harmless, and nothing was ever loaded. Beside Writ: {versions}, each asked file by file through its own
functions with its own defaults, without a network. Written by `python tests-real/models.py {told['by']} … --doc`, seed {told['seed']}; the files
are made by `tests-real/scan/corpus.py`.

Caught: it was called suspicious or malicious, or, where a file cannot be read by anybody (encrypted, cut, in a packing without a reader),
at least not clean. *n ?*: it gave an error or said that it could not tell. –: it says that it has no reader for such files.

{table(["technique", "files", *names], caught)}

False alarms: benign files that were called suspicious or malicious; *n ?*: not read, or not told.

{table(["written by", "files", *names], benign)}

{f'''Small pickles, {told["speed"]["writ"]["files"]} of them; the others in one process of theirs, their start counted, for at most
{told["speed_seconds"]} seconds; Writ between every two of them, its median here, on {told["cores"]} cores. Resident: the most megabytes.

{table(["scanner", "files", "seconds", "files a second", "resident, MB"], paces)}
''' if paces else ''}
{f'''Very large files and bombs, by Writ:

{table(["file", "bytes", "seconds", "resident, MB", "status", "finding"], sizes)}
''' if sizes else ''}"""


def alarm(found: dict) -> str:
    unsure = found["unsure"] + found["unread"]
    return f"{found['flagged']}" + (f" ({unsure} ?)" if unsure else "")


def write(told: dict, path: pathlib.Path) -> None:
    """Puts the section between its marks, or behind everything where there are none yet."""
    text = path.read_text() if path.exists() else "# Scanning\n"
    body = f"{BEGIN}\n{section(told).strip()}\n{END}"
    if BEGIN in text and END in text:
        text = text[: text.index(BEGIN)] + body + text[text.index(END) + len(END) :]
    else:
        text = f"{text.rstrip()}\n\n{body}\n"
    path.write_text(text)
