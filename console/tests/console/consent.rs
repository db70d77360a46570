//! A person lets a program be a running copy of an agent, page by page; and pages of others that try to have them do it.

use axum::http::{StatusCode, header};
use writ_desk::{ListedClient, OauthSettings};

use crate::world::{HOST, World};

const BACK: &str = "http://127.0.0.1:5111/cb";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn query(redirect: &str, more: &str) -> String {
    let redirect = redirect.replace(':', "%3A").replace('/', "%2F");
    format!(
        "response_type=code&client_id=probe&redirect_uri={redirect}&state=abc&code_challenge={CHALLENGE}\
         &code_challenge_method=S256{more}"
    )
}

async fn world() -> (World, String) {
    let (world, agent) = World::active().await;
    world.desk.set_oauth(OauthSettings {
        clients: vec![ListedClient {
            id: "probe".to_owned(),
            name: "Probe <b>".to_owned(),
            redirects: vec!["http://127.0.0.1/cb".to_owned()],
        }],
        ..OauthSettings::default()
    });
    (world, agent)
}

#[tokio::test]
async fn a_program_is_let_in_as_the_agent_that_was_chosen() {
    let (world, agent) = world().await;
    let begin = format!("/oauth/authorize?{}", query(BACK, ""));
    let sent = world.get(&begin).await;
    let to = sent.headers["refresh"].to_str().unwrap();
    let to = to.strip_prefix("0; url=http://localhost:7420").unwrap().to_owned();
    let page = world.get(&to).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    for words in [
        "Let “Probe &#60;b&#62;” in?",
        "invoice-bot of Harbor Books",
        "this machine",
        "None: refuse",
    ] {
        assert!(page.html.contains(words), "{words}: {}", page.html);
    }
    assert!(page.html.contains("value=\"none\" checked"), "to refuse is what happens by itself");
    let id = agent.rsplit('/').next().unwrap();
    let value = page.after("name=\"agent\" value=\"harbor-books/");
    assert!(id == "invoice-bot" || id == value, "{id} {value}");
    let chosen = format!("harbor-books/{value}");
    let done = world.fill(&to, &[("agent", &chosen)]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.html);
    let back = done.headers["refresh"].to_str().unwrap();
    assert!(back.starts_with(&format!("0; url={BACK}?code=")), "{back}");
    assert!(back.contains("&state=abc&iss=http%3A%2F%2F127.0.0.1%3A7420"), "{back}");
    assert_eq!(done.headers[header::REFERRER_POLICY], "no-referrer");
    assert!(!done.headers.contains_key(header::LOCATION));
    let page = world.get(&agent).await;
    assert!(page.html.contains("invoice-bot"));
}

#[tokio::test]
async fn whoever_does_not_choose_refuses() {
    let (world, _) = world().await;
    let at = format!("/consent?{}", query(BACK, ""));
    let done = world.fill(&at, &[("agent", "none")]).await;
    // Nobody is led on: anybody can register a client, and have its address stand here.
    assert!(!done.headers.contains_key("refresh"), "{:?}", done.headers);
    assert!(done.html.contains(&format!("href=\"{BACK}?error=access_denied&")), "{}", done.html);
    let nothing = world.fill(&at, &[]).await;
    assert_eq!(nothing.status, StatusCode::BAD_REQUEST, "{}", nothing.html);
    assert!(!nothing.headers.contains_key("refresh"));
    let unknown =
        world.fill(&at, &[("agent", "harbor-books/agt_01j9z3k4m5n6p7q8r9s0t1v2w3")]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND, "{}", unknown.html);
}

#[tokio::test]
async fn nobody_is_led_on_by_a_link_alone() {
    let (world, _) = world().await;
    // A request that is wrong goes back to its client, but only when the person presses the button.
    let wrong = format!("/consent?{}", query(BACK, "&scope=admin"));
    let page = world.get(&wrong).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.headers.contains_key("refresh") && !page.headers.contains_key(header::LOCATION));
    assert!(page.html.contains("error=invalid_scope"), "{}", page.html);
    // To an address that its client did not name, nothing leads.
    for evil in
        ["https://evil.example/cb", "http://127.0.0.1.evil.example/cb", "javascript:/alert(1)"]
    {
        let page = world.get(&format!("/consent?{}", query(evil, ""))).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{evil}");
        assert!(
            !page.html.contains("href=\"https://evil") && !page.html.contains("href=\"javascript")
        );
        assert!(!page.headers.contains_key("refresh"), "{evil}");
    }
    let none = world.get("/consent").await;
    assert_eq!(none.status, StatusCode::BAD_REQUEST, "{}", none.html);
}

#[tokio::test]
async fn without_a_session_or_its_token_nothing_is_given() {
    let (world, _) = world().await;
    let at = format!("/consent?{}", query(BACK, ""));
    let page = world.get_as(&at, "writ_session=nothing", HOST).await;
    let next = page.location().to_owned();
    assert!(next.starts_with("/sign-in?next=%2Fconsent%3Fresponse_type"), "{next}");
    assert!(
        next.contains("code_challenge_method%3DS256"),
        "it is all there after signing in: {next}"
    );
    let forged = world.post(&at, &[("agent", "none"), ("csrf", "guessed")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let asked = world.get(&at).await;
    assert_eq!(asked.headers["x-frame-options"], "DENY");
    let csp = asked.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(csp.contains("frame-ancestors 'none'") && csp.contains("form-action 'self'"));
    // The same form from another site's page.
    let mut elsewhere = world.clone();
    elsewhere.origin = "https://evil.example".to_owned();
    let crossed = elsewhere.post(&at, &[("agent", "none"), ("csrf", &asked.csrf())]).await;
    assert_eq!(crossed.status, StatusCode::FORBIDDEN, "{}", crossed.html);
}

#[tokio::test]
async fn what_is_connected_stands_on_one_page_and_what_is_not_there_cannot_be_ended() {
    let (world, _) = world().await;
    let at = "/clients/harbor-books/connections";
    let page = world.get(at).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    for words in ["Nobody let a program in", "No server takes an account", "0 programs, 0 accounts"]
    {
        assert!(page.html.contains(words), "{words}: {}", page.html);
    }
    assert!(page.html.contains("aria-current=\"page\">Connections"), "{}", page.html);
    for form in ["mail/connect", "mail/end?agent=invoice-bot"] {
        let page = world.get(&format!("{at}/{form}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{form}: {}", page.html);
    }
}
