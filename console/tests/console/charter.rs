//! The charter as people walk it through the pages: written, signed by both, suspended, resumed, frozen, thawed; and that a
//! clause that refuses binds whoever asks, whatever their role.

use axum::http::StatusCode;
use serde_json::{Value, json};
use writ_console::route;

use crate::world::{Page, World, everything};

const CHARTER: &str = "/clients/harbor-books/charter";

/// Everything is done, but what people decide about agents is refused.
fn refusing() -> Value {
    json!([everything(), {"key": "not-by-us", "title": "Nobody widens anything here", "mode": "refuse",
        "actions": ["agent.activate", "agent.release", "agent.widen", "agent.answers", "agent.observe",
            "credential.issue", "evidence.export"]}])
}

pub(crate) async fn lines(world: &World) -> u64 {
    let who = world.who().await;
    world.desk.client(&who, "harbor-books").await.unwrap().lines
}

/// Sends what a page's own signing form would, and signs.
async fn sign_draft(world: &World) -> Page {
    let page = world.get(CHARTER).await;
    let field = |name: &str| page.after(&format!("name=\"{name}\" value=\""));
    let (charter, digest, csrf) = (field("charter"), field("digest"), page.csrf());
    assert!(!charter.is_empty() && !digest.is_empty(), "{}", page.html);
    let form = [("csrf", csrf.as_str()), ("charter", &charter), ("digest", &digest)];
    let asked = world.post(&format!("{CHARTER}/sign"), &form).await;
    assert!(asked.location().starts_with("/sign/"), "{} {}", asked.status, asked.html);
    world.sign(asked.location()).await
}

#[tokio::test]
async fn a_clause_that_refuses_binds_every_form_of_both_owners() {
    let (world, dana, agent) = World::of_both().await;
    let id = agent.rsplit('/').next().unwrap().to_owned();
    let form = [("name", "order-desk"), ("purpose", "Answers orders"), ("kind", "ai_agent")];
    let other = world.fill("/clients/harbor-books/agents/new", &form).await.location().to_owned();
    let (owner, noor) = (world.person("Dana Cole").await, world.person("Noor Haddad").await);
    let answers = [
        ("authorizer", owner.as_str()),
        ("auditor", noor.as_str()),
        ("terminators", owner.as_str()),
    ];
    let page = world.fill(&format!("{other}/accountability"), &answers).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    world.agree(&dana, &refusing()).await;
    let subject = format!("agent:{id}");
    let grant = [
        ("subject", subject.as_str()),
        ("server", "mail"),
        ("surface", "tool"),
        ("name", "send_message"),
        ("reason", "Because I own the place"),
    ];
    let watch =
        [("subject", subject.as_str()), ("until", "2026-11-20T08:00"), ("reason", "To see")];
    let hold = world.fill(&format!("{agent}/hold"), &[("reason", "A look at it first")]).await;
    assert_eq!(hold.location(), agent, "a stop is never governed: {}", hold.html);
    let forms: [(String, &[(&str, &str)]); 6] = [
        (format!("{agent}/release"), &[]),
        (format!("{other}/activate"), &[]),
        (format!("{agent}/enroll"), &[]),
        (format!("{agent}/accountability"), &answers),
        ("/clients/harbor-books/grants/new".to_owned(), &grant),
        ("/clients/harbor-books/observe/new".to_owned(), &watch),
    ];
    let before = lines(&world).await;
    for browser in [&world, &dana] {
        for (path, values) in &forms {
            let page = browser.send_form(path, values).await;
            assert!(page.status.is_client_error(), "{path}: {} {}", page.status, page.location());
            assert!(page.html.contains("AUTH-0037"), "{path}: {}", page.html);
            assert!(page.html.contains("not-by-us"), "{path} does not name the clause");
            assert_eq!(lines(&world).await, before, "{path} wrote something");
        }
    }
    let page = world.send_form("/clients/harbor-books/export", &[]).await;
    assert!(page.html.contains("AUTH-0037") && page.html.contains("not-by-us"), "{}", page.html);
    assert_eq!(lines(&world).await, before);
    let page = world.fill(&format!("{agent}/quarantine"), &[("reason", "And still a stop")]).await;
    assert_eq!(page.location(), agent, "{}", page.html);
}

#[tokio::test]
async fn a_charter_is_written_signed_suspended_and_frozen_through_the_pages() {
    let world = World::founded().await;
    let dana = world.seat("harbor-books", "Dana Cole", "owner", 2).await;
    let home = world.get("/").await.html;
    assert!(home.contains("No charter") && home.contains(&route::charter_draft("harbor-books")));
    let form = [
        ("c0-title", "Everything"),
        ("c0-key", "everything"),
        ("c0-actions", "*"),
        ("c0-mode", "act"),
        ("c1-title", "Payments wait"),
        ("c1-key", "payments"),
        ("c1-actions", "payment.*"),
        ("c1-mode", "approve"),
        ("c1-quorum", "client owner 1"),
        ("counts_as", "[]"),
        ("contract_ref", "Contract 7"),
    ];
    let page = world.fill(&format!("{CHARTER}/draft"), &form).await;
    assert_eq!(page.location(), format!("{CHARTER}?version=draft"), "{}", page.html);
    assert!(world.get("/").await.html.contains("Read and sign"));
    for browser in [&world, &dana] {
        let page = sign_draft(browser).await;
        assert_eq!(page.location(), CHARTER, "{}", page.html);
    }
    let page = dana.get(CHARTER).await;
    assert!(page.html.contains("In force") && page.html.contains("Signed for"), "{}", page.html);
    let page = dana.get("/clients/harbor-books").await;
    assert!(page.html.contains("In force") && page.html.contains("version 1"), "{}", page.html);
    let paper = world.desk.charter_paper(&world.who().await, "harbor-books", None).await.unwrap();
    assert!(paper.starts_with(b"%PDF-"));

    let clause = |what: &str| format!("{CHARTER}/{what}?clause=payments");
    let page = dana.fill(&clause("suspend"), &[("reason", "A wrong invoice was paid")]).await;
    assert_eq!(page.location(), CHARTER, "{}", page.html);
    let page = world.send_form(&clause("resume"), &[]).await;
    assert!(page.status.is_client_error() && page.html.contains("AUTH-0040"), "{}", page.html);
    assert!(world.get(CHARTER).await.html.contains("Suspended: Payments wait"));
    assert_eq!(dana.fill(&clause("resume"), &[]).await.location(), CHARTER);
    assert!(!world.get(CHARTER).await.html.contains("Suspended: Payments wait"));

    let freeze = "/clients/harbor-books/freeze";
    let page = dana.fill(freeze, &[("reason", "Somebody is in our mail")]).await;
    assert_eq!(page.location(), CHARTER, "{}", page.html);
    for path in [CHARTER, "/clients/harbor-books"] {
        assert!(
            world.get(path).await.html.contains("Everything is frozen by the client"),
            "{path}"
        );
    }
    assert!(world.get("/").await.html.contains("Frozen"));
    let page = world.send_form("/clients/harbor-books/thaw", &[]).await;
    assert!(page.status.is_client_error() && page.html.contains("AUTH-0041"), "{}", page.html);
    assert_eq!(dana.fill("/clients/harbor-books/thaw", &[]).await.location(), CHARTER);
    assert!(!world.get(CHARTER).await.html.contains("Everything is frozen"));
}

#[tokio::test]
async fn a_wrong_draft_keeps_what_was_typed() {
    let world = World::founded().await;
    let form = [
        ("c0-title", "Payments <b>wait</b>"),
        ("c0-key", "Not A Key"),
        ("c0-actions", "payment.release"),
        ("c0-mode", "approve"),
        ("c0-quorum", "client owner 1"),
        ("c0-limits", "3 a day"),
        ("contract_ref", "Contract 7 \"new\""),
    ];
    let before = lines(&world).await;
    let path = format!("{CHARTER}/draft");
    let page = world.fill(&path, &form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.html);
    assert!(page.html.contains("AUTH-0035"), "{}", page.html);
    for kept in [
        "value=\"Payments &#60;b&#62;wait",
        "value=\"Not A Key\"",
        "value=\"payment.release\"",
        "value=\"client owner 1\"",
        "value=\"3 a day\"",
        "value=\"Contract 7 &#34;new&#34;\"",
        "value=\"approve\" selected",
    ] {
        assert!(page.html.contains(kept), "{kept}");
    }
    let unread =
        [("c0-title", "A"), ("c0-key", "a-b"), ("c0-rest", "{no JSON"), ("c0-mode", "act")];
    let page = world.fill(&path, &unread).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "{}", page.html);
    assert!(page.html.contains("{no JSON") && page.html.contains("CONS-0002"), "{}", page.html);
    assert_eq!(lines(&world).await, before, "nothing was written");
}

#[tokio::test]
async fn a_form_begun_from_a_template_says_where_each_clause_comes_from() {
    let world = World::founded().await;
    let form = [
        ("base", "balanced"),
        ("c0-title", "Never by an agent"),
        ("c0-key", "never"),
        ("c0-actions", "mail.send_as_person"),
        ("c0-mode", "refuse"),
        ("c1-title", "Reading, by us"),
        ("c1-key", "reading"),
        ("c1-actions", "data.read"),
        ("c1-mode", "act"),
        ("counts_as", "[]"),
    ];
    let page = world.fill(&format!("{CHARTER}/draft"), &form).await;
    assert_eq!(page.location(), format!("{CHARTER}?version=draft"), "{}", page.html);
    let page = world.get(page.location()).await;
    assert!(page.html.contains("Not in force yet"), "{}", page.html);
    let who = world.who().await;
    let draft = world.desk.charter(&who, "harbor-books").await.unwrap().draft.unwrap().version;
    assert_eq!(draft.base.as_deref(), Some("balanced"));
    let from = draft.clauses.iter().map(|one| (&*one.key, &*one.from, one.overrides.as_deref()));
    let from: Vec<_> = from.collect();
    assert_eq!(from, [("never", "balanced", None), ("reading", "client", Some("balanced"))]);
}
