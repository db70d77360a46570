"""The pages around held calls: what fills them, each through axe at two widths, light and dark, kept as pictures.

Never here: held calls themselves (`held.py`). To look at another page: its row in `Pages.addresses`.
"""

import pathlib
import time

from house import api, check
from people import Person, pretty
from shop import EMPTY, Shop, approve, press_through, sign_here, through
from world import AGENT, CLIENT

SIZES = ((1440, 900), (390, 844))
#: What waits on the pictures.
ASKED = {"reference": "Invoice 2301", "amount": "1840.00", "to": "Harbor Coffee Roasters"}
#: Pages that a client has from its first day.
ONE_OF_A_CLIENT = (
    "charter", "clauses", "draft", "check", "approvals", "observe", "observe-new", "drills", "notifications", "away",
)


class Pages:
    """Needs the people and agents of a `held.Story`."""

    shop: Shop
    june: Person
    jonas: Person
    shots: pathlib.Path
    node: pathlib.Path

    async def shot(self, person: Person, name: str) -> None:
        """The whole page as on one long screen, so that what docks below docks below."""
        page, size = person.page, person.page.viewport_size
        height = await page.evaluate("document.documentElement.scrollHeight")
        await page.set_viewport_size({"width": size["width"], "height": max(height, size["height"])})
        await page.screenshot(path=self.shots / f"{name}.png")
        await page.set_viewport_size(size)

    async def history(self) -> None:
        """What fills the pages: a drill, something watched and not blocked, an open question."""
        shop = self.shop
        drilled = shop.run("drill", "rogue-agent", "--client", CLIENT)
        check("a drill passes", bool(drilled), pretty(drilled))
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3 * 86400))
        body = {"agent": AGENT, "until": until, "reason": "New in the shop: we look for a week."}
        status, answer = await api(self.jonas, "POST", f"{self.at}/observe", body)
        signing = answer.get("signing")
        if check("watching only is to be signed", status == 403 and bool(signing), pretty(answer)):
            await self.jonas.go(f"/sign/{signing['code']}")
            await sign_here(self.jonas)
            _, waiting = await api(self.june, "GET", f"{self.at}/approvals")
            mine = next((row for row in waiting["rows"] if row["yours"] and row["kind"] != "call"), None)
            if check("and the shop's owner is asked for her yes", mine is not None, pretty(waiting)):
                check("she gives it", await approve(self.june, f"/a/{mine['hold']}"), await self.june.text())
        async with through("direct", shop, "legacy", agent=self.agents["first"]) as caller:
            before = shop.executed()
            told = await caller.call("share_list", recipient="Another printer")
            check("watched only, what would wait goes through", told.kind == "result" and shop.executed() == before + 1, f"{told}")
            self.executed += 1
        await self.june.go("/")
        status, answer = await api(self.june, "POST", f"{self.at}/observe/end", {"agent": AGENT})
        check("and she ends it alone", status == 200, pretty(answer))
        async with through("direct", shop, "legacy", agent=self.agents["first"]) as caller:
            await caller.pay(**ASKED)

    async def addresses(self) -> list[tuple[str, str]]:
        """The pages of this chapter: a name, and where it is when there is something on it."""
        at = self.at
        _, holds = await api(self.june, "GET", f"{at}/approvals")
        mine = [row for row in holds["rows"] if row["state"] == "waiting" and (row.get("amount") or {}).get("amount") == ASKED["amount"]]
        waiting = mine[0]["hold"]
        drills = self.shop.run("drill", "list", "--client", CLIENT)
        rows = drills.get("rows") or drills.get("drills") or []
        return [
            ("charter", f"{at}/charter"), ("clauses", f"{at}/charter/clauses"), ("draft", f"{at}/charter/draft?base=balanced"),
            ("compare", f"{at}/charter/compare?from=1"), ("replay", f"{at}/charter/replay"), ("check", f"{at}/charter/check"),
            ("suspend", f"{at}/charter/suspend"), ("freeze", f"{at}/freeze"), ("catalog", "/catalog"),
            ("templates", "/templates"), ("template", "/templates/balanced"), ("inbox", "/approvals"),
            ("approvals", f"{at}/approvals?state=all"), ("approval", f"{at}/approvals/{waiting}"),
            ("refuse", f"{at}/approvals/{waiting}/refuse"), ("away", f"{at}/away"), ("observe", f"{at}/observe"),
            ("observe-new", f"{at}/observe/new"), ("drills", f"{at}/drills"), ("drill-new", f"{at}/drills/new"),
            *[("drill", f"{at}/drills/{row['drill']}") for row in rows[:1]],
            ("explain", f"{at}/agents/{AGENT}/explain"), ("explained", f"{at}/agents/{AGENT}/explain?at="),
            ("notifications", f"{at}/notifications"), ("decisions", "/"),
        ]

    async def looks(self) -> None:
        full = await self.addresses()
        shown = {name for name, _ in full}
        check("there is a drill to look at", "drill" in shown, str(shown))
        empty = [(f"{name}-empty", path.replace(CLIENT, EMPTY)) for name, path in full if name in ONE_OF_A_CLIENT]
        laptop = await Person.arrive(self.browser, "June Harbor", self.shop.base, storage_state=await self.june.context.storage_state())
        for person, pages, keep in ((laptop, full, True), (self.jonas, full + empty, False)):
            for name, path in pages:
                await self.look(person, name, path, keep or name.endswith("-empty"))
        await laptop.go(next(path for name, path in full if name == "approval"))
        await press_through(laptop, "Yes, go on")
        check("the yes is to be signed", await laptop.at("/sign/"), laptop.page.url)
        await self.axed(laptop, "yes-signing", True)
        await self.letter(laptop)
        noise = [line for line in laptop.noise if "status of 4" not in line]
        check("no page of June's laptop complained", not noise, " | ".join(noise))

    async def look(self, person: Person, name: str, path: str, keep: bool) -> None:
        await person.page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
        reply = await person.page.goto(person.base + path)
        if check(f"there is a page: {name}, for {person.name}", reply.status == 200, f"{reply.status} {path}"):
            await self.axed(person, name, keep)

    async def axed(self, person: Person, name: str, keep: bool) -> None:
        """The page that is open through axe, at both widths, light and dark."""
        bad = []
        for scheme in ("light", "dark"):
            await person.page.emulate_media(color_scheme=scheme)
            for width, height in SIZES:
                await person.page.set_viewport_size({"width": width, "height": height})
                bad += [f"{width} {scheme}: {one}" for one in await person.axe(self.node)]
                if keep:
                    await self.shot(person, f"{name}-{width}" + ("-dark" if scheme == "dark" else ""))
        await person.page.emulate_media(color_scheme="light")
        check(f"axe finds nothing: {name}, for {person.name}, at both widths, light and dark", not bad, " / ".join(bad))

    async def letter(self, person: Person) -> None:
        await person.go(f"{self.at}/charter")
        letter = await person.page.locator(".epistle").inner_text()
        plain = all(words in letter for words in ("Harbor Books", "Northgate IT"))
        check("the letter names both parties", plain, letter)
        async with person.page.expect_download() as download:
            await person.page.evaluate("at => { const a = document.createElement('a'); a.href = at; a.download = ''; a.click(); }", f"{self.at}/charter/charter.pdf")
        file = await (await download.value).path()
        check("the appendix is a PDF", pathlib.Path(file).read_bytes()[:5] == b"%PDF-")
