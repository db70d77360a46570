"""Calls that wait for a person: public MCP clients of each generation ask a real server, which counts what it executes, for
a payment; the shop's owner reads and approves it on a phone, in a real Chromium; it happens once, and nothing else does.
Then the pages around it: the charter written by form and signed by both, stops, every page through axe, by keyboard.

Prints one `ok - …` or `not ok - …` line a check, then what was counted; exits 1 if any failed.

    held.py --writ target/release/writ --node target/real/npm [--chromium PATH] [--shots FOLDER] [--only held|pages]
"""

import argparse
import asyncio
import json
import pathlib
import shutil
import sys
import tempfile
import time
import traceback
import typing

import mcp_types as types
from playwright.async_api import async_playwright

from dpop import Agent
from held_pages import Pages
from house import api, check, failed, sign_in, signed_for, submit
from people import Person, pretty
from run import listening
from shop import COUNTS_AS, PAYMENT, PHONE, Shop, Told, approve, bank, npm, open_link, press_through, refuse, sign_here, through
from world import CLIENT, free_port

#: Seconds after which the hold of the one-minute clause is over; most of them pass while other things are checked.
OVER = 61
COPIES = ("first", "other", "links", "new", "new links", "old", "stream")


class Story(Pages):
    """A provider's owner at a desk, a shop's owner with a phone, and agents that want to pay."""

    def __init__(self, shop: Shop, browser, node: pathlib.Path, shots: pathlib.Path) -> None:
        self.shop, self.browser, self.node, self.shots = shop, browser, node, shots
        self.june: Person
        self.jonas: Person
        self.agents: dict[str, Agent] = {}
        self.at = f"/clients/{CLIENT}"
        self.executed = self.refused = 0
        #: The hold of the one-minute clause, and when it was approved.
        self.short: tuple[str, float] | None = None

    async def arrive(self) -> None:
        self.jonas = await self.shop.person(self.browser, "Jonas Weber")
        self.june = await self.shop.person(self.browser, "June Harbor", **PHONE)
        for person in (self.jonas, self.june):
            check(f"{person.name} signs in", await sign_in(person), await person.text())
        for name in COPIES:
            self.agents[name] = Agent(self.shop.desk, self.shop.code(), name)
        self.shop.enroll("real")

    # The charter.

    async def written(self) -> None:
        """The provider's owner writes it by form, from a template; both sign what they read."""
        jonas, page = self.jonas, self.jonas.page
        await jonas.go(f"{self.at}/charter/draft")
        await page.select_option("#base", "balanced")
        await press_through(jonas, "Begin")
        await self.typed("payments", limits="30 a day")
        await self.typed("sharing", quorum="client owner 1", rest='{"waits":{"expires_minutes":1}}')
        await jonas.fill(counts_as=json.dumps(COUNTS_AS), contract_ref="Framework contract 2026-11, annex 2")
        await self.shot(jonas, "draft-1440")
        await press_through(jonas, "Save as draft")
        check("the form makes a draft", "version=draft" in page.url and await jonas.sees("waits for signatures"), await jonas.text())
        await self.shot(jonas, "charter-draft-1440")
        await self.signs(jonas)
        _, standing = await api(jonas, "GET", f"{self.at}/charter")
        check("signed by one party it is not in force", standing["in_force"]["version"] == 1 and standing["draft"], pretty(standing))
        june = self.june
        await june.go(f"{self.at}/charter?version=draft")
        check("the letter reaches the phone", await june.sees("How to stop it"), await june.text())
        await self.signs(june)
        _, standing = await api(june, "GET", f"{self.at}/charter")
        check("signed by both it is", standing["in_force"]["version"] == 2 and not standing.get("draft"), pretty(standing))
        checked = self.shop.run("charter", "check", "--client", CLIENT)
        check("every clause is enforced and everything stands on one", checked["orphans"] == 0 < checked["clauses"], pretty(checked))

    async def typed(self, key: str, **fields: str) -> None:
        """Changes fields of the clause of this key in the form."""
        page = self.jonas.page
        name = await page.locator(f"input[name$='-key'][value='{key}']").get_attribute("name")
        at = name.removesuffix("-key")
        # A clause that nobody looks into is folded away.
        fold = page.locator("details:not([open])", has=page.locator(f"[name='{name}']")).locator("> summary")
        if await fold.count():
            await fold.first.click()
        await self.jonas.fill(**{f"{at}-{field}": value for field, value in fields.items()})

    async def signs(self, person: Person) -> None:
        await person.go(f"{self.at}/charter?version=draft")
        await press_through(person, "Read and sign")
        text = await person.text()
        check(f"{person.name} reads the whole charter before signing", "Payments" in text and "payment.release" in text, text[:400])
        check(f"{person.name} signs it", await sign_here(person), await person.text())

    # Held calls.

    async def once(self, caller, by_id: bool) -> None:
        """Held, read, approved, executed once; after that, and altered, it asks anew."""
        name, shop, june = caller.name, self.shop, self.june
        before = shop.executed()
        check(f"{name}: writ_pending is offered", "writ_pending" in await caller.tools(), str(await caller.tools()))
        reference = f"Invoice {2200 + before}"
        held = await caller.pay(reference=reference)
        held = self.waits(f"{name}: the payment", held, before)
        if not held.hold:
            return
        early = await caller.pending(held.hold)
        check(f"{name}: asking early changes nothing", early.hold == held.hold and shop.executed() == before, early.text)
        await open_link(june, held.url)
        text = await june.text()
        shown = [value for value in (*PAYMENT.values(), reference) if value != PAYMENT["reference"] and value not in text]
        check(f"{name}: the phone shows exactly what was asked", not shown, f"{shown} is not on the page: {text}")
        wide = await june.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        check(f"{name}: the page fits the phone", wide <= 0, wide)
        check(f"{name}: June says yes with her passkey", await approve(june, held.url, "As ordered."), await june.text())
        check(f"{name}: approving executes nothing by itself", shop.executed() == before)
        altered = await caller.pay(reference=reference, amount="1148.50")
        self.waits(f"{name}: another amount after the yes", altered, before, other=held.hold)
        done = await (caller.pending(held.hold) if by_id else caller.pay(reference=reference))
        self.executed += 1
        how = "writ_pending" if by_id else "the identical call"
        check(f"{name}: {how} executes it", done.kind == "result" and "paid 148.50" in done.text and shop.executed() == before + 1, f"{done}")
        paid = json.loads(shop.done.read_text().splitlines()[-1])
        check(f"{name}: with exactly what was approved", paid == {"what": "payment", **PAYMENT, "reference": reference}, paid)
        again = await caller.pay(reference=reference)
        self.waits(f"{name}: the same once more", again, before + 1, other=held.hold)
        used = await caller.pending(held.hold)
        self.denied(f"{name}: the used id", used, before + 1)

    def waits(self, name: str, told: Told, count: int, other: str | None = None) -> Told:
        self.refused += 1
        new = told.hold is not None and told.hold != other
        # HOLD-0002 where it also matters where the values came from.
        held = told.kind == "error" and told.code in ("HOLD-0001", "HOLD-0002") and new and bool(told.url)
        check(f"{name} waits, and nothing is executed", held and self.shop.executed() == count, f"{told}")
        return told

    def denied(self, name: str, told: Told, count: int, code: str | None = None) -> None:
        self.refused += 1
        right = told.kind == "error" and told.code not in (None, "HOLD-0001", "HOLD-0002") and code in (None, told.code)
        check(f"{name} is refused, and nothing is executed", right and self.shop.executed() == count, f"{told}")

    async def generations(self) -> None:
        """Each revision, each public client, through each door."""
        direct = lambda name, mode, **more: through("direct", self.shop, mode, agent=self.agents[name], **more)  # noqa: E731
        ways: list[tuple[str, typing.Any, str, bool]] = [
            ("PyPI, 2026-07-28", direct("new", "2026-07-28"), "2026-07-28", True),
            ("PyPI, 2025-11-25", direct("first", "legacy"), "2025-11-25", False),
            ("PyPI, 2025-06-18", direct("old", "2025-06-18"), "2025-06-18", True),
            ("npm", npm(self.shop, self.node), "2025-11-25", True),
            ("PyPI, 2026-07-28, connect", through("connect (stdio)", self.shop, "2026-07-28"), "2026-07-28", False),
        ]
        for name, way, revision, by_id in ways:
            async with way as caller:
                check(f"{name}: it speaks {revision}", caller.revision == revision, caller.revision)
                await self.once(caller, by_id)

    async def wrapped(self) -> None:
        """On a laptop: `writ wrap` around the same server on stdio. The identical call is the way back."""
        async with through("wrap", self.shop, "legacy") as caller:
            before = self.shop.executed()
            held = self.waits("wrap: the payment", await caller.pay(reference="Wrapped 1"), before)
            check("wrap: June approves", await approve(self.june, held.url), await self.june.text())
            self.waits("wrap: another amount", await caller.pay(reference="Wrapped 1", amount="9.00"), before, other=held.hold)
            done = await caller.pay(reference="Wrapped 1")
            self.executed += 1
            check("wrap: the identical call executes it", done.kind == "result" and self.shop.executed() == before + 1, f"{done}")
            self.waits("wrap: once more", await caller.pay(reference="Wrapped 1"), before + 1, other=held.hold)

    async def others(self) -> None:
        """Another running copy with the id; a no; one whose time is over."""
        shop, june = self.shop, self.june
        async with through("direct", shop, "legacy", agent=self.agents["first"]) as mine:
            before = shop.executed()
            short = self.waits("sharing: the list", await mine.call("share_list", recipient="Printer"), before)
            check("sharing: June approves it", await approve(june, short.url), await june.text())
            self.short = (short.hold, time.monotonic())
            held = self.waits("the id: a payment", await mine.pay(reference="Mine"), before)
            check("the id: June approves", await approve(june, held.url), await june.text())
            async with through("direct", shop, "legacy", agent=self.agents["other"]) as theirs:
                self.denied("the id: another copy's writ_pending", await theirs.pending(held.hold), before)
                self.waits("the id: another copy's identical call", await theirs.pay(reference="Mine"), before, other=held.hold)
            self.denied("the id: a made-up one", await mine.pending("hld_00000000000000000000000000"), before)
            tries = [mine.pending(held.hold) if at % 2 else mine.pay(reference="Mine") for at in range(8)]
            done = [told.kind for told in await asyncio.gather(*tries)]
            self.executed += 1
            check("the id: of eight tries at once one executes it", done.count("result") == 1 and shop.executed() == before + 1, f"{done}")
            before += 1
            held = self.waits("a no: a payment", await mine.pay(reference="Odd", to="Rival"), before)
            await refuse(june, held.url, "I ordered nothing from them.")
            check("a no: June says no with a word", await june.sees("I ordered nothing from them."), await june.text())
            self.denied("a no: the identical call", await mine.pay(reference="Odd", to="Rival"), before, "DENY-0028")
            told = await mine.pending(held.hold)
            self.denied("a no: writ_pending", told, before)

    async def over(self) -> None:
        """The approved one-minute hold, after its minute."""
        if not check("expired: there is a hold of one minute", self.short is not None):
            return
        hold, since = self.short
        await asyncio.sleep(max(OVER - (time.monotonic() - since), 0))
        before = self.shop.executed()
        async with through("direct", self.shop, "legacy", agent=self.agents["first"]) as mine:
            self.denied("expired: writ_pending", await mine.pending(hold), before)
            self.waits("expired: the identical call", await mine.call("share_list", recipient="Printer"), before, other=hold)
        await self.june.go(f"{self.at}/approvals/{hold}")
        yes = await self.june.page.get_by_role("button", name="Yes, go on").count()
        check("expired: its page offers no yes", yes == 0, await self.june.text())

    async def link_forms(self) -> None:
        """Clients that show links: the protocol's own forms give the link, and what they send back counts for nothing."""
        shop, june, shown = self.shop, self.june, []

        async def accepts(_context, params) -> types.ElicitResult:
            shown.append(params)
            return types.ElicitResult(action="accept")

        async with through("direct", shop, "legacy", agent=self.agents["links"], elicitation_callback=accepts) as caller:
            before = shop.executed()
            told = await caller.pay(reference="Links 1")
            links = told.data.get("elicitations") or [{}]
            form = told.data.get("rpc") == -32042 and links[0].get("mode") == "url" and "/a/hld_" in links[0].get("url", "")
            check("2025-11-25 with links: error -32042 with the link", form and shop.executed() == before, f"{told}")
            again = await caller.pay(reference="Links 1")
            check("2025-11-25 with links: a retry after “accept” still waits", again.hold == told.hold and shop.executed() == before, f"{again}")
            check("2025-11-25 with links: June approves", await approve(june, links[0]["url"]), await june.text())
            done = await caller.pay(reference="Links 1")
            self.executed += 1
            check("2025-11-25 with links: then it is executed", done.kind == "result" and shop.executed() == before + 1, f"{done}")
        async with npm(shop, self.node, links=True) as caller:
            told = await caller.pay(reference="Links 2")
            links = told.data.get("elicitations") or [{}]
            check("npm with links: -32042 and the link", told.data.get("rpc") == -32042 and "/a/hld_" in links[0].get("url", ""), f"{told}")
        more = {"agent": self.agents["new links"], "elicitation_callback": accepts}
        async with through("direct", shop, "2026-07-28", **more) as caller:
            before = shop.executed()
            told = await caller.pay(reference="Links 3")
            asked = [one for one in shown if getattr(one, "mode", "") == "url" and "/a/hld_" in one.url]
            check("2026-07-28 with links: input_required asks to open the link", len(asked) == 1, f"{shown} {told}")
            check("2026-07-28 with links: “accept” counts for nothing", told.hold is not None and shop.executed() == before, f"{told}")

        async def opens(_context, params) -> types.ElicitResult:
            """What the form is for: the person opens the link, and says yes there."""
            check("2026-07-28 with links: June opens it and approves", await approve(june, params.url), await june.text())
            return types.ElicitResult(action="accept")

        more = {"agent": self.agents["new links"], "elicitation_callback": opens}
        async with through("direct", shop, "2026-07-28", **more) as caller:
            before = shop.executed()
            done = await caller.pay(reference="Links 4")
            self.executed += 1
            check("2026-07-28 with links: approved meanwhile, one call is enough", done.kind == "result" and shop.executed() == before + 1, f"{done}")

    async def keyboard(self) -> None:
        """Saying yes without a mouse."""
        june = self.june
        async with through("direct", self.shop, "legacy", agent=self.agents["first"]) as mine:
            before = self.shop.executed()
            held = self.waits("keyboard: a payment", await mine.pay(reference="Keys"), before)
            await open_link(june, held.url)
            for name, words in (("the yes", "Yes, go on"), ("the passkey", "Sign with passkey")):
                on, outline = await self.tab_to(june, words)
                check(f"keyboard: Tab reaches {name}, and shows it", on == words and outline != "none", f"{on} {outline}")
                await june.page.keyboard.press("Enter")
                if words == "Yes, go on":
                    await june.at("/sign/")
            check("keyboard: Enter says yes", await signed_for(june), await june.text())
            done = await mine.pending(held.hold)
            self.executed += 1
            check("keyboard: and it is executed", done.kind == "result" and self.shop.executed() == before + 1, f"{done}")

    async def tab_to(self, person: Person, words: str) -> tuple[str, str]:
        await person.page.get_by_role("button", name=words).first.wait_for(state="visible")
        on = outline = ""
        for _ in range(60):
            await person.page.keyboard.press("Tab")
            on = (await person.page.evaluate("document.activeElement?.innerText ?? ''")).strip()
            if on == words:
                outline = await person.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                break
        return on, outline

    async def frozen(self) -> None:
        """The shop's owner stops everything from her phone; a call under way is cut, the next is refused; then she lifts it."""
        june, shop = self.june, self.shop
        async with through("direct", shop, "legacy", agent=self.agents["stream"]) as caller:
            alive = asyncio.Event()

            async def beat(*_) -> None:
                alive.set()

            async def watch() -> str:
                try:
                    await caller.client.call_tool("watch", {"seconds": 25}, progress_callback=beat)
                except Exception as error:  # noqa: BLE001  any end is what we wait for
                    return repr(error)
                return ""

            running = asyncio.create_task(watch())
            await asyncio.wait_for(alive.wait(), 15)
            await june.go(f"{self.at}/charter")
            await june.page.get_by_role("link", name="Freeze everything").first.click()
            await june.at("/freeze")
            await self.shot(june, "freeze-390")
            await june.fill(reason="A call from somebody who said he was my bank.")
            begun = time.monotonic()
            await submit(june)
            check("freeze: it takes no signature", await june.sees("Everything is frozen"), await june.text())
            try:
                ended = await asyncio.wait_for(running, 10)
            except TimeoutError:
                ended = ""
            took = time.monotonic() - begun
            check("freeze: the live stream is cut", bool(ended), f"it ran on: {ended}")
            print(f"# the stream was cut {took:.2f} s after the button, page included", flush=True)
            await self.shot(june, "frozen-390")
        async with through("direct", shop, "2026-07-28", agent=self.agents["new"]) as caller:
            before = shop.executed()
            self.denied("freeze: the next call", await caller.call("balance"), before, "DENY-0021")
            self.denied("freeze: and a payment", await caller.pay(), before, "DENY-0021")
            status, answer = await api(self.jonas, "POST", f"{self.at}/thaw", {})
            check("freeze: the provider cannot lift it", status in (403, 409) and "signing" not in answer, pretty(answer))
            await june.go(f"{self.at}/thaw")
            await submit(june)
            check("freeze: lifting it is signed", await sign_here(june), await june.text())
            told = await caller.call("balance")
            check("freeze: then calls go through again", told.kind == "result" and "12,406.10" in told.text, f"{told}")


async def guarded(part, name: str) -> bool:
    try:
        await part
        return True
    except Exception as error:  # noqa: BLE001  a part that falls over is one failed check
        traceback.print_exc()
        return check(name, False, repr(error))


async def tell(chosen: argparse.Namespace, shop: Shop) -> None:
    async with async_playwright() as play:
        arguments = ["--no-sandbox", "--disable-quic", "--no-first-run"]
        browser = await play.chromium.launch(executable_path=chosen.chromium, args=arguments)
        story = Story(shop, browser, chosen.node, chosen.shots)
        if await guarded(story.arrive(), "arrive") and await guarded(story.written(), "written"):
            held = (story.others, story.generations, story.wrapped, story.link_forms, story.keyboard, story.frozen, story.over)
            pages = (story.history, story.looks)
            for part in (*(held if chosen.only != "pages" else ()), *(pages if chosen.only != "held" else ())):
                await guarded(part(), part.__name__)
        for person in (getattr(story, name, None) for name in ("jonas", "june")):
            if person:
                noise = [line for line in person.noise if "status of 4" not in line]
                check(f"no page of {person.name} complained", not noise, " | ".join(noise))
        count = shop.executed()
        check("the bank executed what was approved, and nothing else", count == story.executed, f"{count}, not {story.executed}")
        print(json.dumps({"executed": count, "held_or_refused": story.refused, "failed": failed()}), flush=True)
        await browser.close()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--writ", type=lambda text: pathlib.Path(text).resolve(), required=True)
    arguments.add_argument("--node", type=lambda text: pathlib.Path(text).resolve(), required=True)
    arguments.add_argument("--chromium", default="/usr/bin/chromium")
    arguments.add_argument("--shots", type=pathlib.Path)
    arguments.add_argument("--only", choices=["held", "pages"])
    chosen = arguments.parse_args()
    chosen.shots = chosen.shots or chosen.node.parent / "screens"
    chosen.shots.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="writ-held-"))
    server = bank(folder, free_port())
    with listening(server, folder):
        shop = Shop(chosen.writ, folder / "writ", [server])
        try:
            asyncio.run(tell(chosen, shop))
        finally:
            shop.stop()
            if failed():
                print((folder / "writ" / "up.log").read_text()[-4000:], file=sys.stderr)
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed() else 0


if __name__ == "__main__":
    sys.exit(main())
