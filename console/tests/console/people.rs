//! People: the first key, invitations and admission, what is signed, second device, keys, sessions, recovery, receipts.

use axum::http::StatusCode;
use serde_json::json;
use writ_console::route;

use crate::world::{HOST, ORIGIN, World};

const PEOPLE: &str = "/clients/harbor-books/people";

#[tokio::test]
async fn the_first_link_works_once_and_only_for_a_key() {
    let mut world = World::empty().await;
    let link = world.desk.new_sign_in_link().await.unwrap().expose().clone();
    let path = link.strip_prefix(ORIGIN).unwrap().to_owned();
    for _ in 0..2 {
        assert_eq!(world.get(&path).await.status, StatusCode::OK, "looking does not use it up");
    }
    let page = world.post(&path, &[]).await;
    assert_eq!(page.location(), "/welcome");
    assert_eq!(page.headers["referrer-policy"], "strict-origin");
    let again = world.post(&path, &[]).await;
    assert_eq!(again.location(), "/sign-in?refused=link", "{}", again.html);
    world.cookie = page.cookie();
    let welcome = world.get("/welcome").await;
    assert_eq!(world.post("/sign-out", &[("csrf", "guessed")]).await.status, StatusCode::FORBIDDEN);
    let out = world.post("/sign-out", &[("csrf", welcome.csrf().as_str())]).await;
    assert_eq!(out.location(), "/sign-in?left=yes", "{}", out.html);
    assert_eq!(world.get("/welcome").await.location(), "/sign-in", "it may be ended unused");
    let page = world.get_as("/sign-in?refused=link", "", HOST).await;
    assert!(page.html.contains("unknown, used or expired"));
    let world = World::founded().await;
    assert!(world.desk.new_sign_in_link().await.is_err(), "there is a key by now");
    let page = world.get("/me").await;
    assert!(page.html.contains("Make a second passkey now") && page.html.contains("laptop"));
    assert!(page.html.contains("This one"), "its own session");
}

#[tokio::test]
async fn what_needs_a_signature_is_shown_word_for_word_and_signed_or_refused() {
    let (world, dana, agent) = World::of_both().await;
    world.fill(&format!("{agent}/hold"), &[("reason", "Waiting")]).await;
    let asked = world.send_form(&format!("{agent}/release"), &[]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER);
    let signing = asked.location().to_owned();
    let page = world.get(&signing).await;
    let code = page.after("class=\"short-code\">");
    assert_eq!(signing, route::signing(&code));
    assert!(page.html.contains("invoice-bot") && page.html.contains("Harbor Books"));
    assert!(page.html.contains("data-passkey=\"get\"") && page.html.contains("Sign with passkey"));
    let digest = page.after("<dt>Digest</dt><dd class=\"hash\">");
    assert_eq!(digest.len(), 64, "{digest}");

    let typed = code.to_lowercase().replace('-', " ");
    let second = world.get(&route::query("/sign", &[("code", &typed)])).await;
    assert_eq!(second.location(), signing, "a second device opens it by its code");
    assert!(world.get(&signing).await.html.contains(&digest), "and shows the same");
    let other = dana.get(&signing).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "nobody else sees it: {}", other.html);
    let lost = world.get("/sign?code=AAAA-AAAA").await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
    assert!(lost.html.contains("value=\"AAAA-AAAA\""), "what was typed is kept");

    let page = world.fill(&format!("{signing}/refuse"), &[]).await;
    assert_eq!(page.location(), agent, "{}", page.html);
    let page = world.get(&agent).await;
    assert!(page.html.contains("Not signed") && page.html.contains("On hold"), "{}", page.html);
    let page = world.get(&signing).await;
    assert!(!page.html.contains("data-passkey") && page.html.contains("Nothing was changed"));

    let page = world.fill(&format!("{agent}/release"), &[]).await;
    assert_eq!(page.location(), agent, "{}", page.html);
    let page = world.get(&agent).await;
    assert!(page.html.contains("Ledger line") && page.html.contains("Active"), "{}", page.html);
}

#[tokio::test]
async fn a_wrong_fingerprint_lets_nobody_in() {
    let world = World::founded().await;
    let (mut dana, joined) = world.invite("harbor-books", "Dana Cole", "owner", 2).await;
    let home = world.get("/").await.html;
    assert!(home.contains("Dana Cole") && home.contains("Let in"), "{home}");
    let page = world.get(PEOPLE).await.html;
    assert!(page.contains("To be let in") && page.contains("first person"), "{page}");
    let path = format!("{PEOPLE}/{}/admit", joined["person"].as_str().unwrap());
    let form = [
        ("fingerprint", "aaaa bbbb cccc dddd eeee ffff gggg hhhh"),
        ("called", "Dana Cole on 555 0142"),
    ];
    let page = world.fill(&path, &form).await;
    assert!(page.status.is_client_error(), "{} {}", page.status, page.location());
    assert!(
        page.html.contains("value=\"aaaa bbbb") && page.html.contains("note bad"),
        "{}",
        page.html
    );
    assert_ne!(dana.sign_in().await.status, StatusCode::OK);
    let page = world.fill(&path, &[("fingerprint", joined["fingerprint"].as_str().unwrap())]).await;
    assert!(page.status.is_client_error(), "the call-back is not recorded: {}", page.location());
}

#[tokio::test]
async fn the_clients_people_are_the_clients() {
    let (world, dana, _) = World::of_both().await;
    let page = dana.get(PEOPLE).await.html;
    for words in
        ["Noor Haddad", "root of trust", "The provider", "Invite a person", "Signed in now"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    let page = world.get(PEOPLE).await.html;
    assert!(!page.contains("Invite a person") && page.contains("Seat a person of the provider"));
    let page = world
        .send_form("/clients/harbor-books/invitations/new", &[("name", "Eve"), ("roles", "owner")]);
    let page = page.await;
    assert!(page.status.is_client_error(), "the provider invites nobody else: {}", page.location());
    let page = world.get("/clients/harbor-books/root").await;
    assert!(page.html.contains("class=\"fingerprint\"") && page.html.contains("Dana Cole"));
    assert!(page.html.contains("number in our contract"), "the call-back: {}", page.html);
    let page = world.get("/clients/northgate-managed-it/people").await;
    assert!(page.status == StatusCode::OK || page.status == StatusCode::NOT_FOUND);
    let home = world.get("/").await.after("class=\"plain\" href=\"");
    let page = world.get(&home).await;
    assert!(
        page.html.contains("Offboard") && page.html.contains("Mira Okafor"),
        "{home}: {}",
        page.html
    );
}

#[tokio::test]
async fn keys_are_added_by_signature_and_revoked() {
    let world = World::founded().await;
    let asked = world.post_json("/api/v1/me/passkeys/options", &json!({})).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.html);
    let second = world.browser(9);
    let made = second.key.lock().unwrap().register(&asked.json()["options"], ORIGIN).unwrap();
    let body = json!({"label": "Key in the safe", "response": made});
    let asked = world.post_json("/api/v1/me/passkeys", &body).await;
    assert_eq!(asked.status, StatusCode::FORBIDDEN, "{}", asked.html);
    let code = asked.json()["signing"]["code"].as_str().unwrap().to_owned();
    let page = world.sign(&route::signing(&code)).await;
    assert_eq!(page.location(), "/me", "{}", page.html);
    let page = world.get("/me").await;
    assert!(
        page.html.contains("Key in the safe") && page.html.contains("2 live keys"),
        "{}",
        page.html
    );
    assert!(!page.html.contains("Make a second passkey now"));
    let revoke = page.after("slim\" href=\"/me/passkeys");
    let page = world.fill(&format!("/me/passkeys{revoke}"), &[("reason", "Sold")]).await;
    assert_eq!(page.location(), "/me", "{}", page.html);
    assert!(world.get("/me").await.html.contains("revoked"));
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let world = World::founded().await;
    let mut tab = world.clone();
    tab.cookie.clear();
    tab.sign_in().await;
    let page = world.get("/me").await.html;
    let ends = page.split("href=\"/me/sessions/").skip(1);
    let ends: Vec<&str> = ends.filter(|row| !row.starts_with("others")).collect();
    assert_eq!(ends.len(), 2, "{page}");
    let ids: Vec<&str> = ends.iter().map(|row| row.split('/').next().unwrap()).collect();
    let after = page.split("This one").nth(1).unwrap();
    let current = after.split("href=\"/me/sessions/").nth(1).unwrap().split('/').next().unwrap();
    let id = ids.iter().find(|id| **id != current).unwrap();
    let page = world.fill(&format!("/me/sessions/{id}/end"), &[]).await;
    assert_eq!(page.location(), "/me", "{}", page.html);
    assert_eq!(tab.get("/").await.location(), "/sign-in", "it is ended");
    tab.cookie.clear();
    tab.sign_in().await;
    assert!(world.get("/me").await.html.contains("Sign out everywhere else"));
    let page = world.fill("/me/sessions/others/end", &[]).await;
    assert_eq!(page.location(), "/me", "{}", page.html);
    assert_eq!(tab.get("/").await.location(), "/sign-in", "so is every other one");
    let page = world.fill(&format!("/me/sessions/{current}/end"), &[]).await;
    assert_eq!(page.location(), "/sign-in?left=yes");
    assert_eq!(world.get("/me").await.location(), "/sign-in?next=%2Fme");
}

#[tokio::test]
async fn lost_keys_come_back_by_two_people() {
    let (_, dana, _) = World::of_both().await;
    let rosa = dana.seat("harbor-books", "Rosa Lind", "approver", 4).await;
    let noor = dana.person("Noor Haddad").await;
    let form = [("reason", "Her laptop was stolen")];
    let page = dana.fill(&format!("{PEOPLE}/{noor}/recover"), &form).await;
    assert_eq!(page.location(), PEOPLE, "{}", page.html);
    let page = dana.get(PEOPLE).await;
    let link = page.after("class=\"link-out\">");
    let path = link.strip_prefix(ORIGIN).unwrap_or(&page.html).to_owned();
    let mut theirs = dana.browser(5);
    assert!(theirs.get(&path).await.html.contains("Make a new passkey"));
    let made = theirs.register(&path, "New laptop").await;
    let fingerprint = made.json()["fingerprint"].as_str().unwrap().to_owned();
    for (turn, who) in [&dana, &rosa].into_iter().enumerate() {
        assert_ne!(theirs.sign_in().await.status, StatusCode::OK, "confirmed by {turn}");
        let page = who.get(PEOPLE).await;
        let confirm = page.after("href=\"/clients/harbor-books/recoveries");
        let path = format!("/clients/harbor-books/recoveries{confirm}");
        let page = who.fill(&path, &[("fingerprint", &fingerprint)]).await;
        assert_eq!(page.location(), PEOPLE, "{}", page.html);
    }
    assert_eq!(theirs.sign_in().await.status, StatusCode::OK, "with the new key");
}

#[tokio::test]
async fn receipts_are_listed_shown_and_downloaded() {
    let (world, _, _) = World::of_both().await;
    let page = world.get("/clients/harbor-books/receipts").await;
    let first = page.after("href=\"/clients/harbor-books/receipts/");
    assert!(!first.is_empty(), "{}", page.html);
    let path = format!("/clients/harbor-books/receipts/{first}");
    let page = world.get(&path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    assert!(page.html.contains("invoice-bot") && page.html.contains("writ receipt verify"));
    let file = world.get(&format!("{path}/receipt.json")).await.json();
    assert_eq!(file["v"], 1);
    assert_eq!(file["line"]["index"].to_string(), first);
    assert_eq!(world.get("/clients/harbor-books/receipts/0").await.status, StatusCode::NOT_FOUND);
    let page = world.get("/clients/harbor-books/ledger").await;
    assert!(page.html.contains("/clients/harbor-books/export"));
    let page = world.fill("/clients/harbor-books/export", &[]).await;
    assert_eq!(page.location(), "/clients/harbor-books/export", "{}", page.html);
    assert!(world.get(page.location()).await.html.contains("class=\"note good\""));
}

#[tokio::test]
async fn links_that_open_nothing_look_the_same() {
    let world = World::founded().await;
    let other = world.browser(8);
    let pages = ["/join/AAAA-BBBB-CCCC", "/join/%3Cscript%3E", "/join/0"];
    let mut seen = Vec::new();
    for path in pages {
        let page = other.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(page.headers["referrer-policy"], "strict-origin");
        assert!(!page.html.contains("<script>"), "{path}");
        seen.push(page.html);
    }
    assert!(seen.windows(2).all(|two| two[0] == two[1]));
    assert_eq!(other.get("/recover/AAAA").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn another_loopback_name_leads_home() {
    let world = World::founded().await;
    for path in ["/sign-in?next=%2Fme", "/me", "/sign/K7QF-93TD", "/"] {
        let page = world.get_as(path, "", "127.0.0.1:7420").await;
        assert_eq!(page.status, StatusCode::TEMPORARY_REDIRECT, "{path}");
        assert_eq!(page.location(), format!("{ORIGIN}{path}"));
    }
    let page = world.get_as("/sign-in?next=https://evil.example/", "", HOST).await;
    assert!(!page.html.contains("evil.example"), "no open redirect");
}

/// The verifier key of a witness: RFC 8032's first test key under the name `shop-till` (C2SP signed-note, type 4).
const WITNESS: &str = "shop-till+4fe6e4d8+BNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

#[tokio::test]
async fn a_witness_is_named_shown_and_removed() {
    let (world, dana, _) = World::of_both().await;
    let home = dana.get("/").await.html;
    assert!(home.contains("No witness") && home.contains("Witnesses"), "{home}");
    let page = dana.get("/clients/harbor-books/witnesses").await;
    assert!(page.html.contains("No witness is named") && page.html.contains("writ witness run"));
    assert!(page.html.contains("--root "), "it insists on the root key: {}", page.html);
    let form = [("name", "shop-till"), ("key", WITNESS)];
    let page = dana.fill("/clients/harbor-books/witnesses/new", &form).await;
    assert_eq!(page.location(), "/clients/harbor-books/witnesses", "{}", page.html);
    let page = world.get(page.location()).await;
    assert!(page.html.contains("shop-till") && page.html.contains("Never heard"), "{}", page.html);
    let wrong = [("name", "x"), ("key", "not a key")];
    let page = dana.fill("/clients/harbor-books/witnesses/new", &wrong).await;
    assert!(page.status.is_client_error() && page.html.contains("not a key"), "{}", page.html);
    let page = dana.get("/clients/harbor-books/witnesses").await;
    let remove = page.after("slim\" href=\"/clients/harbor-books/witnesses");
    let path = format!("/clients/harbor-books/witnesses{remove}");
    let page = dana.fill(&path, &[("reason", "The till was sold")]).await;
    assert_eq!(page.location(), "/clients/harbor-books/witnesses", "{}", page.html);
    assert!(dana.get(page.location()).await.html.contains("No witness is named"));
}

#[tokio::test]
async fn whoever_is_offboarded_is_refused_at_once() {
    let world = World::founded().await;
    let home = world.get("/").await.after("class=\"plain\" href=\"");
    let slug = home.split('/').nth(2).unwrap().to_owned();
    let tom = world.seat(&slug, "Tom Reyes", "engineer", 6).await;
    let page = world.get("/clients/harbor-books/people/new").await;
    let person = page.html.split("<option value=\"").skip(1).find(|one| one.contains("Tom Reyes"));
    let person = person.unwrap().split('"').next().unwrap().to_owned();
    let form = [("person", person.as_str()), ("roles", "engineer")];
    let page = world.fill("/clients/harbor-books/people/new", &form).await;
    assert_eq!(page.location(), PEOPLE, "{}", page.html);
    assert!(tom.get(PEOPLE).await.html.contains("Tom Reyes"));
    let page = world.fill(&format!("{home}/{person}/offboard"), &[("reason", "Left us")]).await;
    assert_eq!(page.location(), home, "{}", page.html);
    assert!(tom.get("/").await.location().starts_with("/sign-in"), "at once");
    assert_ne!(tom.clone().sign_in().await.status, StatusCode::OK);
    assert!(world.get(PEOPLE).await.html.contains("left"));
}

#[tokio::test]
async fn what_another_site_sends_opens_nothing() {
    let world = World::empty().await;
    let link = world.desk.new_sign_in_link().await.unwrap().expose().clone();
    let path = link.strip_prefix(ORIGIN).unwrap();
    let mut evil = world.clone();
    for origin in ["http://evil.example", "null", ""] {
        evil.origin = origin.to_owned();
        let page = evil.post(path, &[]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{origin}");
    }
    assert_eq!(world.post(path, &[]).await.location(), "/welcome", "it was not used up");
}

#[tokio::test]
async fn a_name_is_erased_once_its_person_left_and_the_page_says_so() {
    let (world, dana, _) = World::of_both().await;
    let noor = world.person("Noor Haddad").await;
    let erase = route::person_erase("harbor-books", &noor);
    let lines = async || dana.get("/clients/harbor-books/ledger").await.html;
    assert!(!dana.get(PEOPLE).await.html.contains(&erase), "who has a seat keeps their name");
    let early = dana.send_form(&erase, &[]).await;
    assert!(
        early.html.contains("AUTH-0053") && early.html.contains("Noor Haddad"),
        "{}",
        early.html
    );
    dana.fill(&route::person_leave("harbor-books", &noor), &[]).await;
    let page = dana.get(PEOPLE).await.html;
    assert!(page.contains(&erase) && page.contains("Noor Haddad") && !page.contains("sealed:"));
    assert!(
        !world.get(PEOPLE).await.html.contains(&erase),
        "the provider erases nobody of the client"
    );
    let before = lines().await;
    assert!(before.contains("Noor Haddad") && !before.contains("sealed:"), "{before}");

    let asked = dana.send_form(&erase, &[]).await;
    let signing = dana.get(asked.location()).await.html;
    assert!(signing.contains("You erase the name of “Noor Haddad”"), "{signing}");
    let page = dana.sign(asked.location()).await;
    assert_eq!(page.location(), PEOPLE, "{}", page.html);
    let erased = format!("erased person {noor}");
    for page in [dana.get(PEOPLE).await.html, lines().await] {
        assert!(page.contains(&erased) && !page.contains("Noor Haddad"), "{page}");
        assert!(page.contains("Dana Cole") && !page.contains("sealed:"), "{page}");
    }
    assert!(!dana.get(PEOPLE).await.html.contains(&erase), "once");
    // What is proved is shown to the letter, below the same line in words.
    let (mut line, mut shown) = (0, String::new());
    while !shown.contains("Dana Cole took a seat") {
        let page = dana.get(&route::line("harbor-books", &line)).await;
        assert_eq!(page.status, StatusCode::OK, "line {line}");
        (shown, line) = (page.html, line + 1);
    }
    let bytes = shown.split("data-bytes>").nth(1).unwrap().split("</pre>").next().unwrap();
    assert!(bytes.contains("sealed:1:tnt_") && !bytes.contains("Dana Cole"), "{bytes}");
}
