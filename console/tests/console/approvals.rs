//! What waits for a yes, between two browsers: asked by one, read and answered in the other, done once.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::world::{Page, World, everything};

/// Grants and enrollments wait for an owner of the client, whoever asks.
fn asking() -> Value {
    json!([everything(), {"key": "ask-us", "title": "We are asked first",
        "actions": ["agent.widen", "credential.issue"],
        "mode": {"approve": {"quorum": [{"party": "client", "role": "owner", "n": 1}]}}}])
}

const YES: &str = "Yes, go on";

/// Says yes on the page of what waits, as its form does; what follows the signature.
async fn yes(browser: &World, path: &str) -> Page {
    let page = browser.get(path).await;
    assert!(page.html.contains(YES), "{}", page.html);
    let (csrf, digest) = (page.csrf(), page.after("name=\"digest\" value=\""));
    let form = [("csrf", csrf.as_str()), ("digest", digest.as_str()), ("words", "I rang the shop")];
    let asked = browser.post(&format!("{path}/approve"), &form).await;
    if !asked.location().starts_with("/sign/") {
        return asked;
    }
    browser.sign(asked.location()).await
}

/// A grant of Mira's that waits: the page it leads to.
async fn waiting_grant(world: &World, agent: &str) -> String {
    let subject = format!("agent:{}", agent.rsplit('/').next().unwrap());
    let form = [
        ("subject", subject.as_str()),
        ("server", "mail"),
        ("surface", "tool"),
        ("name", "send_message"),
        ("reason", "Answers customers"),
    ];
    let page = world.fill("/clients/harbor-books/grants/new", &form).await;
    let path = page.location().to_owned();
    assert!(path.starts_with("/clients/harbor-books/approvals/hld_"), "{path} {}", page.html);
    path
}

#[tokio::test]
async fn what_one_asks_the_other_approves_and_it_is_done_once() {
    let (world, dana, agent) = World::of_both().await;
    world.agree(&dana, &asking()).await;
    let path = waiting_grant(&world, &agent).await;
    let page = world.get(&path).await;
    assert!(page.html.contains("It is not done yet"), "it is said that it waits: {}", page.html);
    assert!(page.html.contains("Waits for a yes") && page.html.contains("We are asked first"));
    assert!(!page.html.contains(YES), "nobody says yes to their own");
    assert!(world.get(&agent).await.html.contains("It may do nothing"), "nothing is done yet");

    let home = dana.get("/").await.html;
    assert!(home.contains("Asks for a yes") && home.contains(&path), "{home}");
    for inbox in ["/approvals", "/clients/harbor-books/approvals"] {
        assert!(dana.get(inbox).await.html.contains(&path), "{inbox}");
    }
    assert!(dana.get("/clients/harbor-books").await.html.contains("1 for you"));
    let hold = path.rsplit('/').next().unwrap();
    assert_eq!(dana.get(&format!("/a/{hold}")).await.location(), path);

    let page = yes(&dana, &path).await;
    assert_eq!(page.location(), path, "{}", page.html);
    let page = world.get(&path).await;
    assert!(page.html.contains("Done once") && page.html.contains("I rang the shop"));
    assert_eq!(world.get(&agent).await.html.matches("send_message").count(), {
        let again = dana.get(&agent).await.html;
        assert!(!again.contains("It may do nothing"), "the grant stands");
        again.matches("send_message").count()
    });
    let form = dana.get(&path).await;
    assert!(!form.html.contains(YES), "it is over");
    let csrf = form.csrf();
    let csrf = if csrf.is_empty() { dana.get("/me").await.csrf() } else { csrf };
    let digest = form.html.split("<dt>Digest</dt><dd class=\"hash\">").nth(1).unwrap();
    let digest = digest.split('<').next().unwrap();
    let again = [("csrf", csrf.as_str()), ("digest", digest)];
    let page = dana.post(&format!("{path}/approve"), &again).await;
    assert!(page.status.is_client_error() && page.html.contains("AUTH-0042"), "{}", page.html);
}

#[tokio::test]
async fn a_no_ends_it_and_the_asker_reads_why() {
    let (world, dana, agent) = World::of_both().await;
    world.agree(&dana, &asking()).await;
    let path = waiting_grant(&world, &agent).await;
    let page = dana.fill(&format!("{path}/refuse"), &[("words", "Nobody rang me")]).await;
    assert_eq!(page.location(), path, "{}", page.html);
    let page = world.get(&path).await;
    assert!(page.html.contains("Refused") && page.html.contains("Nobody rang me"));
    assert!(!page.html.contains(YES));
    assert!(world.get(&agent).await.html.contains("It may do nothing"));
    assert!(!world.get("/").await.html.contains(&path), "nothing waits any more");
}

#[tokio::test]
async fn a_code_that_waited_is_shown_once_to_who_asked() {
    let (world, dana, agent) = World::of_both().await;
    world.agree(&dana, &asking()).await;
    let page = world.fill(&format!("{agent}/enroll"), &[]).await;
    let path = page.location().to_owned();
    assert!(path.contains("/approvals/hld_"), "{path} {}", page.html);
    assert!(!world.get(&path).await.html.contains("Show the code"), "not approved yet");
    assert_eq!(yes(&dana, &path).await.location(), path);
    assert!(!dana.get(&path).await.html.contains("Show the code"), "it is not hers");
    let page = world.get(&path).await;
    assert!(page.html.contains("Show the code"), "{}", page.html);
    let csrf = page.csrf();
    let code = format!("{path}/code");
    let shown = world.post(&code, &[("csrf", &csrf)]).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.html);
    assert!(shown.html.contains("class=\"code\"") && shown.html.contains("writ enroll"));
    let again = world.post(&code, &[("csrf", &csrf)]).await;
    assert!(again.status.is_client_error() && !again.html.contains("class=\"code\""));
}
