"""What a thief tries at the console: a replayed answer, a device that verifies nobody, a copied key, another origin.

Never here: honest use (`browser.py`). To add an attack: a function here, its line in `Story.attacks`.
"""

import json

import proxy
from house import CLIENT, api, check, sign_in, signed_in
from people import Person, pretty


def pretty_all(value) -> str:
    return json.dumps(value)


async def attack_replay(story) -> None:
    """The answer to one challenge, sent again."""
    june, kept = story.june, []
    june.page.on("request", lambda one: one.method == "POST" and "/passkey/sign-in" in one.url and kept.append((one.url, one.post_data)))
    await june.go("/me")
    await june.press("Sign out")
    check("June signs in once more", await sign_in(june))
    url, body = next((pair for pair in reversed(kept) if not pair[0].endswith("options")), (None, None))
    if not check("her answer was seen on the wire", bool(url)):
        return
    thief = await Person.arrive(story.browser, "thief", story.house.base)
    await thief.go("/sign-in")
    status = await thief.page.evaluate(
        "([url, body]) => fetch(url, {method: 'POST', headers: {'content-type': 'application/json'}, body}).then(r => r.status)",
        [url, body],
    )
    check("a replayed answer opens nothing", status in (401, 403) and not await signed_in(thief), status)
    await thief.leave()


async def attack_no_verification(story) -> None:
    """A device that lets anybody use its key: the browser or the desk refuses, the person is not in."""
    (key,) = await story.june.keys(story.devices["June Harbor"])
    thief = await Person.arrive(story.browser, "thief", story.house.base)
    await thief.device(isUserVerified=False)
    await thief.copy(thief.devices[0], key, key["signCount"] + 50)
    check("a key without user verification does not sign in", not await sign_in(thief), await thief.text())
    # The page is changed not to ask for verification; then the desk has to notice.
    await thief.page.add_init_script(
        "const get = navigator.credentials.get.bind(navigator.credentials);"
        "navigator.credentials.get = (o) => { o.publicKey.userVerification = 'discouraged'; return get(o); };"
    )
    await thief.go("/sign-in")
    await thief.press("Sign in")
    told = await thief.page.locator("[data-tells].bad").first.inner_text(timeout=8000)
    check("not even from a changed page: the desk says why", bool(told) and not await signed_in(thief), told)
    await thief.leave()


async def attack_copy(story) -> None:
    """A key that was copied with an older counter: refused, and the key is nobody's any more."""
    ann = story.ann
    (key,) = await ann.keys(story.devices["Ann Gull"])
    check("Ann's device counts", key["signCount"] > 1, pretty(key.get("signCount")))
    thief = await Person.arrive(story.browser, "thief", story.house.base)
    await thief.device()
    await thief.copy(thief.devices[0], key, 0 if key["signCount"] < 3 else 1)
    check("a copy with an older counter does not sign in", not await sign_in(thief), await thief.text())
    _, keys = await api(story.june, "GET", f"/clients/{CLIENT}/ledger")
    told = pretty_all(keys)
    check("the ledger says why the key is revoked", "may have been copied" in told, told[-300:])
    check("whoever was signed in with it is not any more", not await signed_in(ann))
    await thief.leave()


async def attack_origin(story) -> None:
    """The same page at another origin of the same name: the desk is behind somebody else's port."""
    async with proxy.running(story.house.base) as elsewhere:
        fooled = await Person.arrive(story.browser, "June Harbor", elsewhere)
        await fooled.device()
        (key,) = await story.june.keys(story.devices["June Harbor"])
        await fooled.copy(fooled.devices[0], key, key["signCount"] + 90)
        await fooled.go("/sign-in")
        came = fooled.page.url
        held = True
        if came.startswith(elsewhere):
            held = not await sign_in(fooled)
        check("a key used at another origin opens nothing", held, came)
        await fooled.leave()
