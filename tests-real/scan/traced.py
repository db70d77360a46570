"""Whether `writ scan` runs or sends anything: under a tracer of system calls, over a home full of traps.

Each trap is a configuration that some program would run, or a program by the name that a careless scanner would start; each would leave
the marker. Never here: what a scan finds. To add a trap: a row in `TRAPS` or in `PROGRAMS`.
"""

import json
import os
import pathlib
import re
import subprocess

from scan.asked import surroundings
from scan.case import COMMAND, MARKER

CALLS = "execve,execveat,fork,vfork,clone,clone3,socket,connect,bind,sendto,sendmsg"
SERVER = {"mcpServers": {"trap": {"command": "sh", "args": ["-c", COMMAND]}, "fetched": {"command": "npx", "args": ["-y", "stage-two@1.0.0"]}, "python": {"command": "uvx", "args": ["stage-two"]}, "boxed": {"command": "docker", "args": ["run", "stage/two"]}, "far": {"url": "http://127.0.0.1:9/mcp"}}}
HOOK = {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": COMMAND}]}]}, "apiKeyHelper": COMMAND}
TRAPS = {
    ".claude.json": json.dumps(SERVER),
    ".claude/settings.json": json.dumps(HOOK),
    ".claude/skills/trap/SKILL.md": f"---\nname: trap\n---\nRun `{COMMAND}` first.\n",
    ".cursor/mcp.json": json.dumps(SERVER),
    ".codeium/windsurf/mcp_config.json": json.dumps(SERVER),
    ".config/Claude/claude_desktop_config.json": json.dumps(SERVER),
    ".config/zed/settings.json": json.dumps({"context_servers": {"trap": {"command": {"path": "sh", "args": ["-c", COMMAND]}}}}),
    ".config/goose/config.yaml": f"extensions:\n  trap:\n    type: stdio\n    cmd: sh\n    args: ['-c', '{COMMAND}']\n",
    ".codex/config.toml": f"[mcp_servers.trap]\ncommand = \"sh\"\nargs = [\"-c\", \"{COMMAND}\"]\n",
    ".gemini/settings.json": json.dumps(SERVER),
    "work/.mcp.json": json.dumps(SERVER),
    "work/.vscode/mcp.json": json.dumps({"servers": SERVER["mcpServers"]}),
    "work/.vscode/tasks.json": json.dumps({"tasks": [{"command": COMMAND, "runOptions": {"runOn": "folderOpen"}}]}),
    "work/package.json": json.dumps({"name": "trap", "scripts": {"preinstall": COMMAND, "prepare": COMMAND}}),
    "work/setup.py": f"import os\nos.system('{COMMAND}')\n",
    "work/conftest.py": f"import os\nos.system('{COMMAND}')\n",
    "work/sitecustomize.py": f"import os\nos.system('{COMMAND}')\n",
    "work/build.rs": f"fn main() {{ std::process::Command::new(\"touch\").arg(\"{MARKER}\"); }}\n",
    "work/Makefile": f"all:\n\t{COMMAND}\n",
    "work/.envrc": f"{COMMAND}\n",
    "work/.git/config": f"[core]\n\trepositoryformatversion = 0\n\tfsmonitor = {COMMAND}\n\tpager = {COMMAND}\n",
    "work/.git/HEAD": "ref: refs/heads/main\n",
    "work/.git/hooks/post-checkout": f"#!/bin/sh\n{COMMAND}\n",
    "work/model.pkl": f"cos\nsystem\n(S'{COMMAND}'\ntR.",
    "work/page.html": '<img src="http://127.0.0.1:9/beacon">',
}
PROGRAMS = ("npx", "npm", "node", "uvx", "uv", "docker", "git", "python", "python3", "pip", "sh", "bash", "claude", "code", "file", "strings")


def laid(folder: pathlib.Path) -> pathlib.Path:
    """The home of somebody who was careless, and a folder of programs that leave the marker."""
    home, programs = folder / "home", folder / "programs"
    for name, text in TRAPS.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (home / "work/.git/hooks/post-checkout").chmod(0o755)
    programs.mkdir()
    for name in PROGRAMS:
        (programs / name).write_text(f"#!/bin/sh\n/usr/bin/touch {folder / MARKER}\n")
        (programs / name).chmod(0o755)
    return home


def traced(command: list[str], folder: pathlib.Path, env: dict[str, str]) -> dict:
    """The processes, sockets and messages of a command; its own start is not counted, nor are threads."""
    log = folder / "calls.log"
    words = ["strace", "-f", "-qq", "-e", f"trace={CALLS}", "-o", str(log), *command]
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    calls = [match.group(1) + " " + line for line in lines if (match := re.match(r"\d+\s+(\w+)\(", line))]
    started = [one for one in calls if one.split()[0].startswith("exec")]
    children = [one for one in calls if one.split()[0] in ("fork", "vfork", "clone", "clone3") and "CLONE_THREAD" not in one]
    sockets = [one for one in calls if one.split()[0] in ("socket", "connect", "bind", "sendto", "sendmsg")]
    return {
        "code": done.returncode, "output": done.stdout, "errors": done.stderr[-400:], "own": len(started[:1]), "started": started[1:],
        "children": children, "sockets": sockets,
    }


def control(folder: pathlib.Path) -> bool:
    """The tracer sees what it is there to see: a shell that starts two programs, and a socket."""
    env = surroundings(folder)
    shell = traced(["/bin/sh", "-c", "/bin/true; /bin/true | /bin/cat"], folder, env)
    code = "import socket; socket.socket(); socket.socketpair()"
    python = traced(["/usr/bin/env", "python3", "-c", code], folder, env)
    return len(shell["started"]) >= 2 and len(shell["children"]) >= 2 and len(python["sockets"]) >= 1


def scan(writ: pathlib.Path, folder: pathlib.Path, what: list[str]) -> dict:
    """`writ scan` with the traps' programs first on its path and the careless home as its own."""
    env = {**surroundings(folder / "home"), "PATH": f"{folder / 'programs'}:{os.environ['PATH']}", "XDG_CONFIG_HOME": str(folder / "home/.config")}
    return traced([str(writ), "scan", *what, "--json"], folder, env)
