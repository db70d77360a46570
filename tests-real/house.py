"""A running Writ, and what people do at its console in a browser: sign in, sign, join.

Never here: what is checked, but for the counting of it (`check`). To add an act of people: a function beside `sign`.
"""

import asyncio
import json
import pathlib
import subprocess
import time

from people import Person, pretty
from world import free_port

FAILED = 0
CLIENT, AGENT = "harbor-books", "order-clerk"
START_SECONDS = 30
EVERYTHING = [{"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"}]


def check(name: str, held: bool, detail: str = "") -> bool:
    global FAILED
    FAILED += not held
    detail = " ".join(str(detail).split())[:500]
    print(f"ok - {name}" if held else f"not ok - {name}: {detail}", flush=True)
    return held


class House:
    """A running Writ that nobody has a passkey for yet."""

    def __init__(self, writ: pathlib.Path, folder: pathlib.Path) -> None:
        self.writ, self.data, port = writ, folder / "data", free_port()
        self.data.mkdir(parents=True)
        self.base, self.desk = f"http://localhost:{port}", f"http://127.0.0.1:{port}"
        gateway = f"127.0.0.1:{free_port()}"
        words = f'[desk]\nlisten = "127.0.0.1:{port}"\n\n[gateway]\nlisten = "{gateway}"\n'
        (self.data / "writ.toml").write_text(words)
        self.log = open(folder / "up.log", "wb")
        up = [str(writ), "up", "--data", str(self.data)]
        self.process = subprocess.Popen(up, stdout=self.log, stderr=subprocess.STDOUT)
        end = time.monotonic() + START_SECONDS
        while not (self.data / "server.json").exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((folder / "up.log").read_text()[-2000:])
            time.sleep(0.05)

    def run(self, *words: str) -> dict:
        command = [str(self.writ), *words, "--data", str(self.data), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


async def api(person: Person, method: str, path: str, body=None) -> tuple[int, dict]:
    """What the page's own script may ask for: with the session's cookie and the page's token."""
    return await person.page.evaluate(
        """async ([method, path, body]) => {
          const csrf = document.querySelector("meta[name=csrf-token]")?.content ?? "";
          const headers = {"content-type": "application/json", "writ-csrf": csrf};
          const reply = await fetch("/api/v1" + path, {method, headers, body: body === null ? undefined : JSON.stringify(body)});
          const text = await reply.text();
          return [reply.status, text ? JSON.parse(text) : {}];
        }""",
        [method, path, body],
    )


async def sign(person: Person, code: str) -> bool:
    """Opens what waits, and signs it with the button."""
    await person.go(f"/sign/{code}")
    await person.press("Sign with passkey")
    return await signed_for(person)


async def signed_for(person: Person) -> bool:
    """Whether the page of what was to be signed goes on to what came of it."""
    for _ in range(100):
        if "/sign/" not in person.page.url:
            await person.page.wait_for_load_state()
            return True
        await asyncio.sleep(0.1)
    return False


async def signed(person: Person, path: str, body: dict) -> dict:
    """An act that takes a signature: asked over the API, signed on the page; gives its outcome."""
    status, answer = await api(person, "POST", path, body)
    if status != 403 or "signing" not in answer:
        raise RuntimeError(f"{path} did not ask for a signature: {status} {pretty(answer)}")
    signing = answer["signing"]
    if not await sign(person, signing["code"]):
        raise RuntimeError(f"{path} was not signed: {(await person.text())[-400:]}")
    _, after = await api(person, "GET", f"/signings/{signing['signing']}")
    return after.get("outcome") or {}


async def agree(provider: Person, client: Person, clauses: list[dict] | None = None, **more) -> dict:
    """A charter drafted by the provider's owner and signed by both parties' owners in their browsers; what then stands."""
    at = f"/clients/{CLIENT}/charter"
    body = {"clauses": clauses or EVERYTHING, **more}
    status, answer = await api(provider, "POST", f"{at}/draft", body)
    if status != 200:
        raise RuntimeError(f"no draft was made: {status} {pretty(answer)}")
    for person in (provider, client):
        _, standing = await api(person, "GET", at)
        draft = standing["draft"]
        await signed(person, f"{at}/sign", {"charter": draft["charter"], "digest": draft["digest"]})
        await person.go("/")
    _, standing = await api(client, "GET", at)
    if not standing.get("in_force"):
        raise RuntimeError(f"both have signed, and no charter is in force: {pretty(standing)}")
    return standing


async def submit(person: Person) -> None:
    """The page's own form."""
    await person.page.locator("main form button.main, main form button.danger").last.click()


async def make_key(person: Person, label: str, button: str = "Make my passkey") -> None:
    await person.fill(label=label)
    await person.press(button)


async def sign_in(person: Person) -> bool:
    """Presses the button; whether it lets them in. The page says so, or leaves."""
    await person.go("/sign-in")
    if "/sign-in" not in person.page.url:
        return True
    await person.press("Sign in")
    bad = person.page.locator("[data-tells].bad")
    for _ in range(60):
        if "/sign-in" not in person.page.url:
            return await signed_in(person)
        if await bad.count():
            return False
        await asyncio.sleep(0.1)
    return False


async def signed_in(person: Person) -> bool:
    await person.page.wait_for_load_state()
    status, _ = await api(person, "GET", "/me") if person.page.url.startswith(person.base) else (0, {})
    return status == 200


async def join(person: Person, link: str, look=None) -> str:
    """Follows an invitation or a recovery; gives the fingerprint that the page shows."""
    await person.go(link)
    if look:
        await look(person, "join")
    await make_key(person, f"{person.name}'s laptop")
    await person.page.locator("#made").wait_for(state="visible", timeout=8000)
    if look:
        await look(person, "joined")
    shown = await person.page.locator("#made [data-fingerprint]").first.inner_text()
    return "-".join(shown.split())


def failed() -> int:
    return FAILED
