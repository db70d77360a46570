"""People at the console, in a real Chromium with virtual authenticators: passkeys made, used, lost, revoked and attacked;
what is shown is what is signed; every page through axe, at two widths, light and dark, and once by keyboard only.

Prints one `ok - …` or `not ok - …` line a check; exits 1 if any failed.

    browser.py --writ target/release/writ --node target/real/npm [--chromium PATH] [--shots FOLDER]
"""

import argparse
import asyncio
import pathlib
import re
import subprocess
import sys
import tempfile
import traceback

from playwright.async_api import async_playwright

from attacks import attack_copy, attack_no_verification, attack_origin, attack_replay
from house import (
    AGENT, CLIENT, House, agree, api, check, failed, join, make_key, sign, sign_in, signed, signed_for, signed_in, submit,
)
from people import Person, pretty

SIZES = ((1440, 900), (390, 844))


class Story:
    """The people of one provider and one client, in the order in which they come."""

    def __init__(self, house: House, browser, node: pathlib.Path, shots: pathlib.Path | None) -> None:
        self.house, self.browser, self.node, self.shots = house, browser, node, shots
        self.mara: Person
        self.devices: dict[str, str] = {}

    async def person(self, name: str) -> Person:
        person = await Person.arrive(self.browser, name, self.house.base)
        self.devices[name] = await person.device()
        return person

    async def look(self, person: Person, name: str) -> None:
        """The page that is open now, through axe, at both widths, light and dark."""
        for scheme in ("light", "dark"):
            await person.page.emulate_media(color_scheme=scheme)
            for width, height in SIZES:
                await person.page.set_viewport_size({"width": width, "height": height})
                found = await person.axe(self.node)
                check(f"axe finds nothing: {name}, {width} px, {scheme}", not found, " / ".join(found))
                if self.shots:
                    await person.page.screenshot(path=self.shots / f"{name}-{width}-{scheme}.png", full_page=True)
        await person.page.emulate_media(color_scheme="light")
        await person.page.set_viewport_size({"width": 1280, "height": 800})

    async def found(self) -> None:
        self.house.run("provider", "found", "--name", "Northgate IT", "--person", "Mara Lind")
        link = next(v for v in self.house.run("console").values() if "/sign-in/" in str(v))
        self.mara = mara = await self.person("Mara Lind")
        await mara.go(link.replace("127.0.0.1", "localhost"))
        await mara.page.reload()
        check("looking at the first link does not use it up", await mara.sees("Use the link"))
        await self.look(mara, "first-link")
        await mara.press("Use the link")
        check("the first person is asked for a passkey", await mara.at("/welcome"), mara.page.url)
        await self.look(mara, "welcome")
        await make_key(mara, "Mara's laptop")
        check("the first passkey is made", await mara.at("/me") and await mara.sees("Mara's laptop"), await mara.text())
        check("a second one is urged", await mara.sees("Make a second passkey now"))
        await self.look(mara, "me-one-key")
        again = await Person.arrive(self.browser, "thief", self.house.base)
        await again.go(link.replace("127.0.0.1", "localhost"))
        await again.press("Use the link")
        check("the first link works once", not await signed_in(again), again.page.url)
        await again.leave()

    async def in_and_out(self) -> None:
        mara = self.mara
        await mara.go("/me")
        await mara.press("Sign out")
        await mara.go("/me")
        check("signed out is signed out", "/sign-in" in mara.page.url, mara.page.url)
        await self.look(mara, "sign-in")
        check("signing in takes the passkey and nothing else", await sign_in(mara), await mara.text())

    async def second_key(self) -> None:
        mara = self.mara
        await mara.present(self.devices[mara.name], False)
        stick = await mara.device(transport="usb")
        await mara.go("/me")
        await make_key(mara, "Security key", "Make a passkey")
        asked = await mara.at("/sign/")
        check("a second key is to be signed for with the first", asked, await mara.text())
        await mara.present(self.devices[mara.name], True)
        await mara.present(stick, False)
        await mara.press("Sign with passkey")
        check("the second key is in", await signed_for(mara), await mara.text())
        await mara.go("/me")
        check("the second key is listed", await mara.sees("Security key") and not await mara.sees("Make a second passkey now", 500))
        self.devices["stick"] = stick

    async def invite(self, host: Person, space: str, name: str, side: str, roles: list[str], called=None) -> Person:
        """Somebody new: invited, joins on a device of their own, is admitted by their fingerprint, signs in."""
        await host.go(f"/clients/{space}/people")
        made = await signed(host, f"/clients/{space}/invitations", {"name": name, "side": side, "roles": roles})
        guest = await self.person(name)
        look = self.look if called else None
        fingerprint = await join(guest, made["link"].replace("127.0.0.1", "localhost"), look)
        if called:
            await host.go(f"/clients/{space}/people")
            await self.look(host, "people-waiting")
            await host.go("/")
            await self.look(host, "decisions-admit")
        check(f"{name}, not admitted yet, cannot sign in", not await sign_in(guest))
        _, people = await api(host, "GET", f"/clients/{space}/invitations")
        person = next(row for row in people if row["name"] == name)["person"]
        person = person["person"] if isinstance(person, dict) else person
        wrong = {"fingerprint": fingerprint[:-1] + ("0" if fingerprint[-1] != "0" else "1"), "called": called}
        status, _ = await api(host, "POST", f"/clients/{space}/people/{person}/admit", wrong)
        check(f"{name} is not admitted by another fingerprint", status in (409, 422), status)
        await signed(host, f"/clients/{space}/people/{person}/admit", {"fingerprint": fingerprint, "called": called})
        check(f"{name}, admitted, signs in", await sign_in(guest), await guest.text())
        return guest

    async def people(self) -> None:
        mara = self.mara
        self.jonas = await self.invite(mara, "northgate-it", "Jonas Weber", "provider", ["owner", "engineer"])
        await mara.go("/clients/new")
        await mara.fill(name="Harbor Books", slug=CLIENT)
        await submit(mara)
        check("a client is added", await mara.at(f"/clients/{CLIENT}"), await mara.text())
        self.june = await self.invite(
            mara, CLIENT, "June Harbor", "client", ["owner", "approver"],
            "June Harbor, on +1 555 0100 as in the contract of 3 November",
        )
        self.bob = await self.invite(self.june, CLIENT, "Bob Tern", "client", ["owner"])
        self.ann = await self.invite(self.june, CLIENT, "Ann Gull", "client", ["auditor"])
        status, answer = await api(
            mara, "POST", f"/clients/{CLIENT}/invitations",
            {"name": "Mallory", "side": "client", "roles": ["owner"]},
        )
        check("the provider cannot invite a second person of the client", status in (403, 409) and "signing" not in answer, pretty(answer))
        await agree(mara, self.june)

    async def step_up(self) -> None:
        mara, june = self.mara, self.june
        self.house.run("agent", "propose", "--client", CLIENT, "--name", AGENT, "--purpose", "Answers orders.")
        self.house.run(
            "agent", "account", "--client", CLIENT, AGENT, "--authorizer", "June Harbor",
            "--auditor", "Mara Lind", "--terminator", "Mara Lind", "--terminator", "June Harbor",
        )
        await june.go(f"/clients/{CLIENT}/agents/{AGENT}/activate")
        await submit(june)
        check("switching an agent on is to be signed", await june.at("/sign/"), june.page.url)
        await self.look(june, "signing")
        text = await june.text()
        check("the page says what is signed", AGENT in text and "Harbor Books" in text, text)
        code = await june.page.locator(".short-code").first.inner_text()
        digest = await june.page.locator(".hash").first.inner_text()
        phone = await Person.arrive(self.browser, "June Harbor", self.house.base, viewport={"width": 390, "height": 844})
        await phone.device()
        (key,) = await june.keys(self.devices["June Harbor"])
        await phone.copy(phone.devices[0], key, key["signCount"] + 10)
        check("June signs in on her phone, with the same synced key", await sign_in(phone))
        await phone.go("/sign")
        await phone.fill(code=code)
        await phone.press("Open it")
        same = await phone.page.locator(".deed-text").inner_text() == await june.page.locator(".deed-text").inner_text()
        check("the second device shows the same words and digest", same and digest == await phone.page.locator(".hash").first.inner_text())
        await phone.press("Sign with passkey")
        check("signed on the second device, the first page follows", await signed_for(june), await june.text())
        shown = self.house.run("agent", "show", "--client", CLIENT, AGENT)
        check("the agent is on", "active" in pretty(shown) or shown.get("life") == "active", pretty(shown))
        await mara.go(f"/clients/{CLIENT}/agents/{AGENT}/quarantine")
        await mara.fill(reason="It looks odd.")
        await submit(mara)
        check("stopping it takes no signature", await mara.sees("It looks odd.") and "/sign" not in mara.page.url, mara.page.url)
        status, answer = await api(mara, "POST", f"/clients/{CLIENT}/agents/{AGENT}/release", {})
        check("letting it go on does", status == 403 and "signing" in answer, pretty(answer))
        other = await api(june, "GET", f"/signings/{answer['signing']['signing']}")
        check("nobody else sees what waits for her signature", other[0] in (403, 404, 410), other)
        await phone.leave()
        # A synced key has no counter of its own; the virtual one counts, so the laptop's copy is brought up.
        await june.recount(self.devices["June Harbor"], key, key["signCount"] + 20)

    async def attacks(self) -> None:
        await attack_replay(self)
        await attack_no_verification(self)
        await attack_copy(self)
        await attack_origin(self)

    async def recovery(self) -> None:
        """Ann loses her key; June asks, June and Bob confirm; the provider cannot."""
        ann, june, bob = self.ann, self.june, self.bob
        _, everybody = await api(june, "GET", f"/clients/{CLIENT}/people")
        lost = next(row for row in everybody if row["name"] == "Ann Gull")["person"]
        status, answer = await api(self.mara, "POST", f"/clients/{CLIENT}/people/{lost}/recover", {"reason": "She called."})
        check("the provider cannot recover the client's people", status in (403, 409) and "signing" not in answer, pretty(answer))
        await ann.lose(self.devices["Ann Gull"])
        self.devices["Ann Gull"] = await ann.device()
        check("without the key there is no way in", not await sign_in(ann))
        asked = await signed(june, f"/clients/{CLIENT}/people/{lost}/recover", {"reason": "Her laptop fell into the harbor."})
        fingerprint = await join(ann, asked["link"].replace("127.0.0.1", "localhost"))
        _, open_now = await api(june, "GET", f"/clients/{CLIENT}/recoveries")
        recovery = open_now[0]["recovery"]
        await signed(june, f"/clients/{CLIENT}/recoveries/{recovery}/confirm", {"fingerprint": fingerprint})
        check("one confirmation is not enough", not await sign_in(ann))
        await bob.go("/")
        await signed(bob, f"/clients/{CLIENT}/recoveries/{recovery}/confirm", {"fingerprint": fingerprint})
        check("two are", await sign_in(ann), await ann.text())

    async def revoked(self) -> None:
        """Mara's stick is stolen; she revokes it with her laptop."""
        mara = self.mara
        await mara.go("/me")
        _, keys = await api(mara, "GET", "/me/passkeys")
        stick = next(one for one in keys if one["label"] == "Security key")
        await mara.present(self.devices["stick"], False)
        await signed(mara, f"/me/passkeys/{stick['passkey']}/revoke", {"reason": "It was stolen."})
        await mara.present(self.devices["stick"], True)
        await mara.present(self.devices["Mara Lind"], False)
        await mara.press("Sign out") if await signed_in(mara) else None
        check("a revoked key does not sign in", not await sign_in(mara))
        thief = await Person.arrive(self.browser, "thief", self.house.base)
        await thief.device(transport="usb")
        (key,) = await mara.keys(self.devices["stick"])
        await thief.copy(thief.devices[0], key, key["signCount"] + 1)
        check("nor on another machine", not await sign_in(thief))
        await thief.leave()
        await mara.lose(self.devices.pop("stick"))
        await mara.present(self.devices["Mara Lind"], True)
        check("her other key still does", await sign_in(mara), await mara.text())

    async def offboarding(self) -> None:
        jonas = self.jonas
        check("before, Jonas sees his place", await signed_in(jonas))
        _, me = await api(jonas, "GET", "/me")
        await self.mara.go("/")
        await signed(self.mara, f"/provider/people/{me['person']}/offboard", {"reason": "He left the company."})
        status, _ = await api(jonas, "GET", "/me")
        check("offboarded, his session is dead at once", status in (401, 403), status)
        check("and his passkey opens nothing", not await sign_in(jonas))

    async def witness(self) -> None:
        """A witness at the client; a receipt and the ledger taken out and verified without the server."""
        june, mara, folder = self.june, self.mara, self.house.data.parent
        made = self.house.run("witness", "init", str(folder / "witness"), "--name", "harbor-books/witness")
        key = made["key"]
        await june.go("/")
        named = await signed(
            june, f"/clients/{CLIENT}/witnesses", {"name": "Shop computer", "key": key, "side": "client"}
        )
        check("June names her witness", bool(named), pretty(named))
        _, checkpoint = await api(june, "GET", f"/clients/{CLIENT}/ledger/checkpoint")
        await june.go(f"/clients/{CLIENT}/root")
        root = re.search(r"(?:[0-9a-z]{4}[- ]){7}[0-9a-z]{4}", await june.text())
        root = root.group(0).replace(" ", "-") if root else ""
        check("the page for the contract shows the root's fingerprint", bool(root), await june.text())
        watch = [
            str(self.house.writ), "witness", "run", str(folder / "witness"), "--server", self.house.desk,
            "--log-key", checkpoint["verifier_key"], "--root", root,
        ]
        with open(folder / "witness.log", "wb") as log:
            watching = subprocess.Popen(watch, stdout=log, stderr=subprocess.STDOUT)
        try:
            row = {}
            for _ in range(100):
                _, rows = await api(june, "GET", f"/clients/{CLIENT}/witnesses")
                row = rows[0] if rows else {}
                if row.get("behind") == 0 and row.get("seen_size"):
                    break
                await asyncio.sleep(0.1)
            check("her witness has seen every line", row.get("behind") == 0, pretty(row) + (folder / "witness.log").read_text())
            await june.go(f"/clients/{CLIENT}/witnesses")
            await self.look(june, "witnesses-seen")
            await self.taken_out(mara, folder, key, root)
        finally:
            watching.terminate()
            watching.wait(timeout=10)

    async def taken_out(self, mara: Person, folder: pathlib.Path, key: str, root: str) -> None:
        receipt = self.house.run("receipt", "list", "--client", CLIENT)
        rows = receipt if isinstance(receipt, list) else receipt["rows"]
        if not check("the receipts are listed", bool(rows), pretty(receipt)):
            return
        line = rows[0].get("line", rows[0].get("index"))
        await mara.go(f"/clients/{CLIENT}/receipts/{line}")
        async with mara.page.expect_download() as download:
            await mara.page.locator("a[href$='receipt.json']").first.click()
        file = folder / "receipt.json"
        await (await download.value).save_as(file)
        told = self.house.run("receipt", "verify", str(file), "--witness", key, "--root", root)
        check("the downloaded receipt verifies without the server", told.get("verified") is True, pretty(told))
        export = [str(self.house.writ), "ledger", "export", "--tenant", CLIENT, str(folder / "export"), "--json", "--data", str(self.house.data)]
        asking = await asyncio.create_subprocess_exec(
            *export, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        code, said = "", b""
        while not code and (line := await asyncio.wait_for(asking.stderr.readline(), 20)):
            said += line
            found = re.search(rb"/sign/([0-9A-Z]{4}-[0-9A-Z]{4})", line)
            code = found.group(1).decode() if found else ""
        if not check("the command line says where to sign", bool(code), said.decode()):
            asking.kill()
            return
        check("Mara signs in the browser", await sign(mara, code))
        out, more = await asyncio.wait_for(asking.communicate(), 30)
        check("and the command goes on", asking.returncode == 0, (said + more).decode())
        told = self.house.run("ledger", "verify", str(folder / "export"), "--witness", key, "--root", root)
        check("the export verifies, cosigned, from the root in the contract", told.get("verified") is True, pretty(told))
        other = subprocess.run(
            [str(self.house.writ), "ledger", "verify", str(folder / "export"), "--root", "0000" + root[4:]],
            capture_output=True, text=True,
        )
        check("with another root it does not", other.returncode != 0 and "AUTH-" in other.stderr, other.stderr)

    async def keyboard(self) -> None:
        """The whole of signing without a mouse."""
        june = self.june
        _, answer = await api(june, "POST", f"/clients/{CLIENT}/key-policy", {"device_bound": {}})
        if "signing" not in answer:
            _, answer = await api(june, "POST", f"/clients/{CLIENT}/key-policy", "device_bound")
        if not check("a key policy is to be signed", "signing" in answer, pretty(answer)):
            return
        await june.go(f"/sign/{answer['signing']['code']}")
        for _ in range(40):
            await june.page.keyboard.press("Tab")
            on = await june.page.evaluate("document.activeElement?.innerText ?? ''")
            if on.strip() == "Sign with passkey":
                break
        outline = await june.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        check("by Tab one gets to the button, and sees it", on.strip() == "Sign with passkey" and outline != "none", f"{on} {outline}")
        await june.page.keyboard.press("Enter")
        check("Enter signs", await signed_for(june), await june.text())


def every_page(agent: str) -> list[str]:
    c = f"/clients/{CLIENT}"
    return [
        "/", "/me", "/sign", "/agents", "/calls", "/clients", "/keys", c, f"{c}/people", f"{c}/root", f"{c}/witnesses",
        f"{c}/witnesses/new", f"{c}/receipts", f"{c}/invitations/new", f"{c}/key-policy", f"{c}/export", f"{c}/ledger",
        f"{c}/ledger/0", f"{c}/agents", f"{c}/agents/{agent}", f"{c}/agents/{agent}/terminate", "/clients/northgate-it/people",
    ]


async def looks(story: Story) -> None:
    """Every page through axe, wide and narrow, light and dark."""
    for person, pages in ((story.mara, every_page(AGENT)), (story.june, every_page(AGENT)[:-1])):
        for scheme in ("light", "dark"):
            for width, height in SIZES:
                await person.page.set_viewport_size({"width": width, "height": height})
                await person.page.emulate_media(color_scheme=scheme)
                for page in pages:
                    await person.go(page)
                    found = await person.axe(story.node)
                    name = f"{person.name} at {page}, {width} px, {scheme}"
                    check(f"axe finds nothing: {name}", not found, " / ".join(found))
                    if story.shots and (person is story.june or page == "/clients/northgate-it/people"):
                        file = re.sub(r"[^a-z0-9]+", "-", page.strip("/")) or "decisions"
                        await person.page.screenshot(path=story.shots / f"{file}-{width}-{scheme}.png", full_page=True)
        await person.page.set_viewport_size({"width": 1280, "height": 800})


async def guarded(part, name: str) -> bool:
    try:
        await part
        return True
    except Exception as error:  # noqa: BLE001  a part that falls over is one failed check
        traceback.print_exc()
        return check(name, False, repr(error))


async def run(chosen: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        house = House(chosen.writ, pathlib.Path(folder))
        try:
            async with async_playwright() as play:
                arguments = ["--no-sandbox", "--disable-quic", "--no-first-run"]
                browser = await play.chromium.launch(executable_path=chosen.chromium, args=arguments)
                story = Story(house, browser, chosen.node, chosen.shots)
                for part in (
                    story.found, story.in_and_out, story.second_key, story.people, story.step_up, story.attacks,
                    story.recovery, story.revoked, story.witness, story.keyboard,
                ):
                    if not await guarded(part(), part.__name__):
                        break
                else:
                    await guarded(looks(story), "looks")
                    await guarded(story.offboarding(), "offboarding")
                for person in (getattr(story, name, None) for name in ("mara", "june", "bob", "ann")):
                    if person:
                        noise = [line for line in person.noise if "status of 4" not in line]
                        check(f"no page of {person.name} complained", not noise, " | ".join(noise))
                await browser.close()
        finally:
            house.stop()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--writ", type=lambda text: pathlib.Path(text).resolve(), required=True)
    arguments.add_argument("--node", type=lambda text: pathlib.Path(text).resolve(), required=True)
    arguments.add_argument("--chromium", default="/usr/bin/chromium")
    arguments.add_argument("--shots", type=pathlib.Path)
    chosen = arguments.parse_args()
    if chosen.shots:
        chosen.shots.mkdir(parents=True, exist_ok=True)
    asyncio.run(run(chosen))
    return 1 if failed() else 0


if __name__ == "__main__":
    sys.exit(main())
