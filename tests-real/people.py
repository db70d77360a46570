"""People in a real browser: each has a window of their own and passkeys in a virtual authenticator (CDP `WebAuthn`).

Never here: what is checked (`browser.py`). To give a person another device: `Person.device`.
"""

import base64
import json
import pathlib

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from signer import unb64

AXE = "node_modules/axe-core/axe.min.js"
PLATFORM = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, name: str, context, page, cdp, base: str) -> None:
        self.name, self.context, self.page, self.cdp, self.base = name, context, page, cdp, base
        self.devices: list[str] = []
        self.noise: list[str] = []

    @classmethod
    async def arrive(cls, browser, name: str, base: str, **looks) -> "Person":
        context = await browser.new_context(**looks)
        page = await context.new_page()
        cdp = await context.new_cdp_session(page)
        await cdp.send("WebAuthn.enable")
        person = cls(name, context, page, cdp, base)
        page.on("pageerror", lambda error: person.noise.append(f"{page.url}: {error}"))
        page.on("console", lambda said: said.type == "error" and person.noise.append(f"{page.url}: {said.text}"))
        return person

    async def device(self, **options) -> str:
        """One more authenticator; `isUserVerified=False` is one that lets anybody use it."""
        made = await self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": {**PLATFORM, **options}})
        self.devices.append(made["authenticatorId"])
        return made["authenticatorId"]

    async def present(self, device: str, here: bool) -> None:
        """Whether somebody touches the device when it asks."""
        words = {"authenticatorId": device, "enabled": here}
        await self.cdp.send("WebAuthn.setAutomaticPresenceSimulation", words)

    async def lose(self, device: str) -> None:
        await self.cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})
        self.devices.remove(device)

    async def keys(self, device: str) -> list[dict]:
        answer = await self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": device})
        return answer["credentials"]

    async def copy(self, device: str, key: dict, counter: int) -> None:
        """Puts a key with this counter into a device: what a thief who copied it has."""
        credential = {**key, "signCount": counter}
        await self.cdp.send("WebAuthn.addCredential", {"authenticatorId": device, "credential": credential})

    async def bring(self, device: str, passkey, rp: str) -> None:
        """Puts a software passkey (`signer.py`) into a device: what somebody whose keys are synced has."""
        private = passkey.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        plain = lambda data: base64.b64encode(data).decode()  # noqa: E731
        key = {
            "credentialId": plain(passkey.credential), "isResidentCredential": True, "rpId": rp,
            "privateKey": plain(private), "userHandle": plain(unb64(passkey.user)),
        }
        await self.copy(device, key, passkey.counter + 100)

    async def recount(self, device: str, key: dict, counter: int) -> None:
        words = {"authenticatorId": device, "credentialId": key["credentialId"]}
        await self.cdp.send("WebAuthn.removeCredential", words)
        await self.copy(device, key, counter)

    async def go(self, path: str) -> None:
        await self.page.goto(path if path.startswith("http") else self.base + path)

    async def press(self, words: str) -> None:
        """A button by its words."""
        await self.page.get_by_role("button", name=words).first.click()

    async def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            await self.page.locator(f"[name='{name}']").first.fill(value)

    async def text(self) -> str:
        return await self.page.locator("body").inner_text()

    async def sees(self, words: str, timeout: float = 8000) -> bool:
        try:
            await self.page.get_by_text(words).first.wait_for(timeout=timeout)
        except Exception:  # noqa: BLE001  Playwright's timeout: they do not see it
            return False
        return True

    async def at(self, path: str, timeout: float = 8000) -> bool:
        """Whether the window comes to this path."""
        try:
            await self.page.wait_for_url(lambda url: path in url, timeout=timeout)
        except Exception:  # noqa: BLE001
            return False
        return True

    async def axe(self, node: pathlib.Path) -> list[str]:
        """What axe finds on the page, one line each."""
        await self.page.evaluate((node / AXE).read_text())
        found = await self.page.evaluate(
            "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => "
            "`${v.id} (${v.impact}): ${v.nodes.slice(0, 2).map(n => n.html.slice(0, 160)).join(' | ')}`))"
        )
        wide = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return found + ([f"the page is {wide} px wider than the window"] if wide > 0 else [])

    async def leave(self) -> None:
        await self.context.close()


def pretty(value) -> str:
    return json.dumps(value)[:300]
