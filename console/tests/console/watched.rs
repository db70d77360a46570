//! Watching, drills, notifications, and why something could happen, as a person walks them.

use axum::http::{StatusCode, header};
use writ_model::ocsf::Disposition;

use crate::world::World;

const OBSERVE: &str = "/clients/harbor-books/observe";

#[tokio::test]
async fn an_agent_is_watched_until_a_day_and_blocked_again() {
    let (world, dana, agent) = World::of_both().await;
    let page = world.get(OBSERVE).await;
    assert!(
        page.html.contains("Nothing is only watched now") && page.html.contains("Watch instead")
    );
    let subject = format!("agent:{}", agent.rsplit('/').next().unwrap());
    let form = |until| [("subject", subject.as_str()), ("until", until), ("reason", "New server")];
    let new = format!("{OBSERVE}/new");
    let page = world.send_form(&new, &form("2027-11-03T08:00")).await;
    assert!(page.status.is_client_error() && page.html.contains("AUTH-0011"), "{}", page.html);
    assert!(page.html.contains("2027-11-03T08:00") && page.html.contains("New server"), "kept");
    let page = world.fill(&new, &form("2026-11-20T08:00")).await;
    assert_eq!(page.location(), OBSERVE, "{}", page.html);
    let page = dana.get(OBSERVE).await;
    assert!(page.html.contains("invoice-bot") && page.html.contains("Watched"), "{}", page.html);
    let end = page.after("slim\" href=\"/clients/harbor-books/observe/end");
    assert!(!end.is_empty(), "{}", page.html);
    let page = dana.fill(&format!("{OBSERVE}/end{end}"), &[]).await;
    assert_eq!(page.location(), OBSERVE, "{}", page.html);
    assert!(dana.get(OBSERVE).await.html.contains("Nothing is only watched now"));
}

#[tokio::test]
async fn a_row_of_the_report_becomes_a_grant_only_if_it_was_seen() {
    let (world, agent) = World::active().await;
    let page = world.get(&format!("{OBSERVE}?from=yesterday")).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.html.contains("CONS-0002") && page.html.contains("value=\"yesterday\""));
    let page = world.get(&format!("{OBSERVE}?from=2026-11-02T00:00&to=2026-11-01T00:00")).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "{}", page.html);
    for (seq, code) in [(0, "DENY-0011"), (1, "DENY-0011"), (2, "DENY-0023")] {
        world.watched_call((&agent, seq), Disposition::Allowed, "send<b>", code).await;
        world.clock.advance(writ_model::Span::seconds(1));
    }
    let page = world.get(OBSERVE).await;
    assert!(page.html.contains("refused 3 calls in this window"), "{}", page.html);
    assert!(page.html.contains("“send&#60;b&#62;” on mail") && page.html.contains("DENY-0023"));
    assert_eq!(page.html.matches("Read and sign this grant").count(), 1, "a clause is no grant");
    let csrf = world.get("/me").await.csrf();
    let id = agent.rsplit('/').next().unwrap();
    let form = [
        ("csrf", csrf.as_str()),
        ("agent", id),
        ("code", "DENY-0011"),
        ("server", "mail"),
        ("surface", "tool"),
        ("name", "never_called"),
    ];
    let page = world.post(&format!("{OBSERVE}/propose"), &form).await;
    assert!(page.status.is_client_error() && page.html.contains("never_called"), "{}", page.html);
    assert!(world.get(&agent).await.html.contains("It may do nothing"));
}

#[tokio::test]
async fn drills_say_what_they_need_and_are_not_played_without_it() {
    let (world, _) = World::active().await;
    let page = world.get("/clients/harbor-books/drills").await;
    assert!(page.html.contains("No drill was done here"), "{}", page.html);
    let page = world.send_form("/clients/harbor-books/drills/new", &[("agent", "")]).await;
    assert!(page.status.is_client_error() && page.html.contains("DESK-0021"), "{}", page.html);
    let none = world.get("/clients/harbor-books/drills/drl_00000000000000000000000000").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_moment_leads_to_the_call_and_its_explanation_as_json_and_paper() {
    let (world, agent) = World::active().await;
    world.clock.advance(writ_model::Span::minutes(1));
    let call = world.call(&agent, 0, Disposition::Blocked, "send_message").await;
    let explain = format!("{agent}/explain");
    let page = world.get(&explain).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("method=\"get\"") && page.html.contains("Why could invoice-bot"));
    let to = format!("/clients/harbor-books/calls/{call}");
    assert_eq!(world.get(&format!("{explain}?at=")).await.location(), to);
    assert_eq!(world.get(&format!("{explain}?at=&name=send_message")).await.location(), to);
    let page = world.get(&format!("{explain}?at=2026-01-01T00:00")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND, "{}", page.html);
    assert!(page.html.contains("2026-01-01T00:00"), "what was asked is kept");
    let page = world.get(&format!("{explain}?at=never")).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let page = world.get(&to).await;
    assert!(page.html.contains(&format!("{to}/explanation.pdf")), "{}", page.html);
    assert!(page.html.contains("What it had done before") && page.html.contains("clauses"));
    let told = world.get(&format!("{to}/explanation.json")).await;
    assert_eq!(told.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(told.json()["name"], "send_message");
}

#[tokio::test]
async fn ones_own_address_is_kept_and_erased_and_what_was_told_is_shown() {
    let (world, _) = World::active().await;
    let told = "/clients/harbor-books/notifications";
    let page = world.get(told).await;
    assert!(page.html.contains("Nothing leads out of Writ here"), "{}", page.html);
    let page = world.fill("/me", &[]).await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED, "only its own address takes it");
    let csrf = world.get("/me").await.csrf();
    let post =
        async |mail: &str| world.post("/me/contact", &[("csrf", &csrf), ("mail", mail)]).await;
    let page = post("nobody").await;
    assert!(page.status.is_client_error() && page.html.contains("value=\"nobody\""));
    assert_eq!(post("mira@northgate.example").await.location(), "/me");
    assert!(world.get("/me").await.html.contains("value=\"mira@northgate.example\""));
    assert_eq!(post("").await.location(), "/me");
    assert!(!world.get("/me").await.html.contains("mira@northgate.example\""));
    let page = world.post(&format!("{told}/test"), &[("csrf", &csrf)]).await;
    assert_eq!(page.location(), told, "{}", page.html);
}
