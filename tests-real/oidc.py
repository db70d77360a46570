"""Sign-in through the public OpenID provider `oidc-provider` from npm, honest and lying, against a running Writ.

Prints one `ok - …` or `not ok - …` line a check; exits 1 if any failed. The browser is a cookie jar that follows links and
posts forms, as `httpx2` does. Never here: anything imported from Writ. To add a lie: a row of LIES, and its making in
`oidc_provider.mjs`.

    oidc.py --writ target/release/writ --node target/real/npm [--chromium PATH]
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import traceback
import urllib.parse

import httpx2
from playwright.sync_api import sync_playwright

import signer
from world import CLIENT, PROVIDER, World, free_port

FAILED = 0
#: What the provider's ID token is changed to, and the code that Writ must refuse it with.
LIES = {
    "none": "OIDC-0007",
    "hmac": "OIDC-0007",
    "nonce": "OIDC-0007",
    "no_nonce": "OIDC-0007",
    "audience": "OIDC-0007",
    "two_audiences": "OIDC-0007",
    "issuer": "OIDC-0007",
    "expired": "OIDC-0007",
    "future": "OIDC-0007",
    "foreign_key": "OIDC-0007",
    "unknown_key": "OIDC-0007",
    "critical": "OIDC-0007",
    "embedded_key": "OIDC-0007",
    "subject": "OIDC-0007",
    "no_token": "OIDC-0007",
}


def check(name: str, held: bool, detail: object = "") -> None:
    global FAILED
    FAILED += not held
    detail = " ".join(str(detail).split())[:400]
    print(f"ok - {name}" if held else f"not ok - {name}: {detail}", flush=True)


class Idp:
    """The OpenID provider, while the block runs."""

    def __init__(self, node: pathlib.Path, port: int, origin: str, secret: str | None, log) -> None:
        self.issuer, self.redirect = f"http://127.0.0.1:{port}", f"{origin}/oidc/callback"
        script = str(pathlib.Path(__file__).parent / "oidc_provider.mjs")
        command = ["node", script, str(node), str(port), self.redirect]
        if secret is None:
            command.append(f"{origin}/oidc/jwks")
        env = {**os.environ, "SECRET": secret or ""}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=env)
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError("the OpenID provider did not start")

    def lie(self, name: str | None) -> None:
        httpx2.post(f"{self.issuer}/_lie", json={"lie": name}).raise_for_status()

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


class Browser:
    """A cookie jar with the one habit that counts: it goes where it is sent."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.http = httpx2.Client(timeout=30, limits=httpx2.Limits(max_keepalive_connections=0))

    def leave(self, url: str) -> httpx2.Response:
        """Follows redirects, but not back to Writ: gives the answer that would go there."""
        answer = self.http.get(url)
        while answer.is_redirect and not answer.headers["location"].startswith(f"{self.origin}/oidc/callback"):
            answer = self.http.get(urllib.parse.urljoin(str(answer.url), answer.headers["location"]))
        return answer

    def at_provider(self, url: str, login: str) -> str:
        """Signs in at the provider and agrees; gives the address that it sends back to."""
        answer = self.leave(url)
        while not answer.is_redirect:
            form = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            if answer.status_code != 200 or not form or not prompt:
                raise RuntimeError(f"{answer.url}: {answer.status_code} {answer.text[:800]}")
            fields = {"prompt": prompt[1], "login": login, "password": "x"}
            answer = self.http.post(urllib.parse.urljoin(str(answer.url), form[1]), data=fields)
            if answer.is_redirect and not answer.headers["location"].startswith(self.origin):
                answer = self.leave(urllib.parse.urljoin(str(answer.url), answer.headers["location"]))
        return answer.headers["location"]

    def begin(self, login: str, next_path: str = "/") -> str:
        """From Writ's sign-in link to the provider's answer, which is not delivered yet."""
        start = f"{self.origin}/oidc/sign-in?" + urllib.parse.urlencode({"next": next_path})
        return self.at_provider(start, login)

    def deliver(self, answer: str) -> httpx2.Response:
        return self.http.get(answer)

    def sign_in(self, login: str) -> httpx2.Response:
        return self.deliver(self.begin(login))

    def me(self) -> dict | None:
        answer = self.http.get(f"{self.origin}/api/v1/me")
        return answer.json() if answer.status_code == 200 else None

    def csrf(self) -> str:
        page = self.http.get(f"{self.origin}/me").text
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        if not found:
            raise RuntimeError(f"no token on the page: {page[:600]}")
        return found[1]

    def post(self, path: str, body: dict | None = None) -> httpx2.Response:
        headers = {"writ-csrf": self.csrf(), "origin": self.origin}
        if body is None:
            return self.http.post(f"{self.origin}/api/v1{path}", headers=headers)
        return self.http.post(f"{self.origin}/api/v1{path}", headers=headers, json=body)

    def with_passkey(self, key: signer.Passkey) -> None:
        options = signer.asked(self.http, f"{self.origin}/passkey/sign-in/options", {})["options"]
        body = {"response": key.sign(options, self.origin)}
        signer.asked(self.http, f"{self.origin}/passkey/sign-in", body)


def refused(answer: httpx2.Response) -> str:
    """The code that the sign-in page is asked to explain."""
    place = urllib.parse.urlsplit(answer.headers.get("location", ""))
    session = "writ_session=" in ",".join(answer.headers.get_list("set-cookie"))
    said = urllib.parse.parse_qs(place.query).get("refused", ["nothing"])[0]
    return f"{said} and a session" if session else said


def with_query(url: str, **changes: str | None) -> str:
    parts = urllib.parse.urlsplit(url)
    fields = dict(urllib.parse.parse_qsl(parts.query)) | changes
    query = urllib.parse.urlencode({name: value for name, value in fields.items() if value is not None})
    return urllib.parse.urlunsplit(parts._replace(query=query))


class Site(World):
    """A Writ whose provider has two people and an identity provider."""

    def __init__(self, writ: pathlib.Path, folder: pathlib.Path, idp_port: int, secret: str | None) -> None:
        self.idp_port, self.secret = idp_port, secret
        super().__init__(writ, folder, [])

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.desk.rsplit(':', 1)[1]}"

    def configuration(self) -> str:
        lines = [super().configuration(), "[oidc]", f'issuer = "http://127.0.0.1:{self.idp_port}"']
        lines += ['client_id = "writ"', 'name = "Northgate ID"', 'scopes = ["groups"]', 'roles_claim = "groups"']
        lines.append('roles = { "writ-engineers" = "engineer", "writ-audit" = "auditor" }')
        if self.secret is not None:
            (self.data / "oidc.secret").write_text(self.secret + "\n")
            (self.data / "oidc.secret").chmod(0o600)
            lines.append('client_secret_file = "oidc.secret"')
        return "\n".join(lines) + "\n"

    def populate(self) -> None:
        self.found()
        self.run("client", "add", "--name", "Harbor Books", "--slug", CLIENT)
        self.ivo = self.invite(PROVIDER, "Ivo Brandt", "provider", "auditor")
        self.run("person", "seat", "--client", CLIENT, self.ivo, "--role", "auditor")
        self.tess = self.invite(PROVIDER, "Tess Okoro", "provider", "engineer")


def to_link(site: Site, browser: Browser, name: str, login: str) -> httpx2.Response:
    """A person signs in with their passkey and shows the provider's answer."""
    browser.with_passkey(signer.Passkey.load(site.passkey(name)))
    started = browser.post("/me/logins/start")
    return browser.deliver(browser.at_provider(started.json()["redirect"], login))


def link(site: Site, browser: Browser, name: str, login: str) -> httpx2.Response:
    """The same, and they sign the link."""
    answer = to_link(site, browser, name, login)
    code = answer.headers.get("refresh", "").rsplit("/", 1)[-1]
    signing = browser.http.get(f"{site.origin}/api/v1/signings/{code}").json()
    check(f"{login}: who links reads what they sign", login in " ".join(signing.get("text", [])), signing)
    body = signer.Passkey.load(site.passkey(name)).sign(signing["options"], site.origin)
    return browser.post(f"/signings/{code}", body)


def happy(site: Site) -> None:
    browser = Browser(site.origin)
    answer = browser.sign_in("mara")
    check("a subject that is linked to nobody is refused", refused(answer) == "OIDC-0008", answer.headers)
    check("a refusal leaves nobody signed in", browser.me() is None)
    linked = link(site, browser, "Mara Lind", "mara")
    check("mara's login is linked once it is signed", linked.status_code == 200, linked.text)

    fresh = Browser(site.origin)
    answer = fresh.deliver(fresh.begin("mara", "/me"))
    check("a linked person is signed in", answer.status_code == 200 and bool(fresh.me()), answer.headers)
    check("and goes on by a page of Writ's own", answer.headers.get("refresh") == "0; url=/me", answer.headers)
    check("the cookie is for Writ alone", "SameSite=Strict" in ",".join(answer.headers.get_list("set-cookie")))
    told = fresh.me() or {}
    check("how they signed in is known", told.get("signed_in_by") == "oidc", told)
    export = fresh.post(f"/clients/{PROVIDER}/export/allow", {})
    wants = export.json().get("code") == "DESK-0011"
    check("a sensitive act still needs the passkey", export.status_code == 403 and wants, export.text)
    group = fresh.post(f"/clients/{CLIENT}/groups", {"name": "counter"})
    check("what the mapped role suffices for is done", group.status_code == 200, group.text)
    invitation = {"name": "June Harbor", "side": "client", "roles": ["owner"]}
    asked = fresh.post(f"/clients/{CLIENT}/invitations", invitation)
    check("what only an unmapped role suffices for is refused", asked.json().get("code") == "AUTH-0003", asked.text)
    whole = Browser(site.origin)
    whole.with_passkey(signer.Passkey.load(site.passkey("Mara Lind")))
    asked = whole.post(f"/clients/{CLIENT}/invitations", invitation)
    check("with the whole seat it only needs the passkey", asked.json().get("code") == "DESK-0011", asked.text)
    away = fresh.begin("mara", "https://evil.example/")
    went = fresh.deliver(away).headers.get("refresh")
    check("nobody is sent to another site afterwards", went == "0; url=/", went)


def hostile(site: Site, idp: Idp) -> None:
    browser = Browser(site.origin)
    good = browser.begin("mara")
    other = Browser(site.origin)
    answer = other.deliver(good)
    check("another browser cannot use an answer (login CSRF)", refused(answer) == "OIDC-0003", answer.headers)
    answer = browser.deliver(good)
    check("an answer that another browser tried is spent", refused(answer) == "OIDC-0003", answer.headers)
    good = browser.begin("mara")
    check("the answer is good once", browser.deliver(good).status_code == 200)
    check("not twice", refused(browser.deliver(good)) == "OIDC-0003")
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(good).query)["code"][0]
    again = with_query(browser.begin("mara"), code=code)
    check("a used code under a new state is refused", refused(browser.deliver(again)) == "OIDC-0006")
    stolen = Browser(site.origin).begin("mara")
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(stolen).query)["code"][0]
    mixed = with_query(browser.begin("mara"), code=code)
    check("another sign-in's code is refused (PKCE)", refused(browser.deliver(mixed)) == "OIDC-0006")
    for name, changes, wanted in [
        ("a state that is not ours", {"state": "x" * 43}, "OIDC-0003"),
        ("no state", {"state": None}, "OIDC-0003"),
        ("another issuer's answer (mix-up)", {"iss": "http://localhost:1"}, "OIDC-0004"),
        ("an answer without its issuer", {"iss": None}, "OIDC-0004"),
        ("no code", {"code": None}, "OIDC-0005"),
        ("an error beside a code", {"error": "access_denied"}, "OIDC-0005"),
    ]:
        got = refused(browser.deliver(with_query(browser.begin("mara"), **changes)))
        check(f"{name} is refused", got == wanted, got)
    twice = browser.begin("mara")
    got = refused(browser.deliver(f"{twice}&state=x"))
    check("two states are refused", got == "OIDC-0003", got)
    for lie, wanted in LIES.items():
        fresh = Browser(site.origin)
        idp.lie(lie)
        got = refused(fresh.sign_in("mara"))
        idp.lie(None)
        check(f"a token that lies ({lie}) is refused", got == wanted and fresh.me() is None, got)
    fresh = Browser(site.origin)
    check("after all that, an honest sign-in works", fresh.sign_in("mara").status_code == 200 and bool(fresh.me()))


def people(site: Site) -> None:
    got = refused(to_link(site, Browser(site.origin), "Ivo Brandt", "mara"))
    check("a login that is another's cannot be linked", got == "OIDC-0012", got)


def leaving(site: Site) -> None:
    ivo = Browser(site.origin)
    check("ivo's login is linked", link(site, ivo, "Ivo Brandt", "ivo").status_code == 200)
    fresh = Browser(site.origin)
    check("ivo signs in", fresh.sign_in("ivo").status_code == 200 and bool(fresh.me()))
    tess = Browser(site.origin)
    check("tess's login is linked", link(site, tess, "Tess Okoro", "tess").status_code == 200)
    got = refused(Browser(site.origin).sign_in("tess"))
    check("whom no role is mapped for is refused", got == "OIDC-0010", got)
    site.run("person", "offboard", site.ivo, "--reason", "moved away")
    check("an offboarded person's session is over", fresh.me() is None)
    got = refused(Browser(site.origin).sign_in("ivo"))
    check("an offboarded person's login is refused", got == "OIDC-0009", got)
    issuer = f"http://127.0.0.1:{site.idp_port}"
    mara = Browser(site.origin)
    mara.sign_in("mara")
    undone = mara.post("/me/logins/unlink", {"issuer": issuer, "subject": "mara"})
    check("a login is unlinked without a signature", undone.status_code == 200, undone.text)
    check("and the session that it opened is over", mara.me() is None)
    got = refused(Browser(site.origin).sign_in("mara"))
    check("an unlinked login signs nobody in", got == "OIDC-0008", got)


def window(site: Site, chromium: str) -> None:
    """The same in a real browser, whose cookies know which site began a navigation; Writ and the provider are two sites."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{site.origin}/clients/{CLIENT}")
        page.get_by_role("link", name="Northgate ID").click()
        page.locator("[name=login]").fill("mara")
        page.locator("[name=password]").fill("x")
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(lambda url: "/oidc/" not in url and url.startswith(site.origin))
        check("a browser comes back signed in, where it wanted to go", page.url.endswith(f"/clients/{CLIENT}"), page.url)
        kept = {cookie["name"]: cookie for cookie in page.context.cookies(site.origin)}
        session = kept.get("writ_session", {})
        check("with a strict session cookie", session.get("sameSite") == "Strict" and session.get("httpOnly"), kept)
        check("and nothing left of the sign-in under way", "writ_oidc" not in kept, kept)
        page.goto(f"http://127.0.0.1:{site.idp_port}/_lure?{site.origin}/oidc/sign-in")
        page.get_by_role("link", name="lure").click()
        page.wait_for_url(lambda url: url.startswith(site.origin))
        check("another site's page cannot begin a sign-in", urllib.parse.urlsplit(page.url).path == "/sign-in", page.url)
        browser.close()


def guarded(part, *with_these) -> None:
    """A part that falls over is one failed check, not the end of the run."""
    try:
        part(*with_these)
    except Exception as error:  # noqa: BLE001
        traceback.print_exc()
        check(part.__name__, False, repr(error))


@contextlib.contextmanager
def running(chosen: argparse.Namespace, folder: pathlib.Path, secret: str | None):
    folder.mkdir()
    site = Site(chosen.writ.resolve(), folder / "writ", free_port(), secret)
    try:
        with open(folder / "idp.log", "w") as log:
            with Idp(chosen.node.resolve(), site.idp_port, site.origin, secret, log) as idp:
                yield site, idp
    finally:
        site.stop()
        told = (folder / "writ" / "up.log").read_text()
        if FAILED:
            print(told[-6000:] + (folder / "idp.log").read_text()[-2000:], file=sys.stderr)
        if secret is not None:
            check("the secret is in no line of the log", secret not in told)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writ", type=pathlib.Path, required=True)
    parser.add_argument("--node", type=pathlib.Path, required=True)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    chosen = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="writ-oidc-"))
    try:
        with running(chosen, folder / "secret", secrets.token_urlsafe(24)) as (site, idp):
            guarded(happy, site)
            guarded(hostile, site, idp)
            guarded(people, site)
            guarded(window, site, chosen.chromium)
            guarded(leaving, site)
        with running(chosen, folder / "key", None) as (site, idp):
            browser = Browser(site.origin)
            got = refused(browser.sign_in("mara"))
            check("with a key instead of a secret, the provider knows Writ", got == "OIDC-0008", got)
            linked = link(site, browser, "Mara Lind", "mara")
            check("and people sign in", linked.status_code == 200, linked.text)
            idp.lie("new_key")
            fresh = Browser(site.origin)
            got = refused(fresh.sign_in("mara"))
            check("keys are not read again within a minute", got == "OIDC-0007", got)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
