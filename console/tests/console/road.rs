//! The road of one agent as a person walks it: forms, pages, refusals, the end, the book.

use axum::http::{StatusCode, header};
use writ_model::ocsf::Disposition;

use crate::world::World;

#[tokio::test]
async fn an_agent_is_proposed_answered_for_activated_and_ended() {
    let (world, agent) = World::active().await;
    let page = world.get(&agent).await;
    for words in ["invoice-bot", "Active", "Dana Cole", "Noor Haddad", "It may do nothing"] {
        assert!(page.html.contains(words), "{words}");
    }
    assert!(page.html.contains("Ledger line"), "the activation is told once");
    assert!(!world.get(&agent).await.html.contains("Ledger line"), "and only once");

    let page =
        world.fill(&format!("{agent}/hold"), &[("reason", "Waiting for the new mailbox")]).await;
    assert_eq!(page.location(), agent, "{}", page.html);
    let home = world.get("/").await;
    assert!(home.html.contains("invoice-bot is on hold: Waiting for the new mailbox"));
    world.fill(&format!("{agent}/release"), &[]).await;

    let wrong = [("reason", "done"), ("name", "invoice-bod")];
    let page = world.fill(&format!("{agent}/terminate"), &wrong).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.html.contains("value=\"invoice-bod\"") && page.html.contains("CONS-0001"));
    let right = [("reason", "No longer needed"), ("name", "invoice-bot")];
    let page = world.fill(&format!("{agent}/terminate"), &right).await;
    assert_eq!(page.location(), format!("{agent}/receipt"), "{}", page.html);
    let page = world.get(page.location()).await;
    assert!(page.html.contains("invoice-bot is ended") && page.html.contains("No longer needed"));
    let page = world.get(&agent).await;
    assert!(page.html.contains("Terminated") && page.html.contains("Receipt of its end"));
    assert!(!page.html.contains("data-hold"), "what is ended cannot be ended again");
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_typed() {
    let world = World::founded().await;
    let form = [
        ("name", "inv\"oice\u{202e}"),
        ("purpose", "Matches <b>invoices</b>"),
        ("models", "m-1, m-2"),
        ("kind", "bot"),
    ];
    let page = world.fill("/clients/harbor-books/agents/new", &form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.html);
    for words in [
        "value=\"inv&#34;oice",
        "Matches &#60;b&#62;invoices",
        "m-1, m-2",
        "class=\"note bad\"",
        "AUTH-0005",
    ] {
        assert!(page.html.contains(words), "{words}");
    }
    let form = [("name", "Harbor Books"), ("slug", "harbor-books")];
    let page = world.fill("/clients/new", &form).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.html);

    let form = [("name", "order-desk"), ("purpose", "Answers orders"), ("kind", "ai_agent")];
    let agent = world.fill("/clients/harbor-books/agents/new", &form).await.location().to_owned();
    let page = world.fill(&format!("{agent}/activate"), &[]).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "no charter lets it act: {}", page.html);
    assert!(page.html.contains("AUTH-0036"), "{}", page.html);
}

#[tokio::test]
async fn a_grant_is_given_shown_beside_its_use_and_revoked() {
    let (world, agent) = World::active().await;
    let id = agent.rsplit('/').next().unwrap();
    let give = format!("/clients/harbor-books/grants/new?agent={id}");
    assert!(world.get(&give).await.html.contains(&format!("value=\"agent:{id}\" selected")));
    let subject = format!("agent:{id}");
    let form = [
        ("subject", subject.as_str()),
        ("server", "mail"),
        ("surface", "tool"),
        ("name", "send_message"),
        ("rule-1-path", "/to"),
        ("rule-1-kind", "domains"),
        ("rule-1-value", "harborbooks.example"),
        ("count", "20"),
        ("per", "hour"),
        ("only_named", "yes"),
        ("days", "1"),
        ("hours", "08:00-18:00"),
        ("zone", "Europe/Berlin"),
        ("until", "2027-01-31T00:00"),
        ("reason", "Answers customers"),
    ];
    let page = world.fill("/clients/harbor-books/grants/new", &form).await;
    assert_eq!(page.location(), agent, "{}", page.html);
    let page = world.get(&agent).await;
    for words in [
        "call tool send_message on mail",
        "harborbooks.example",
        "20 a hour",
        "never",
        "Europe/Berlin",
    ] {
        assert!(page.html.contains(words), "{words}");
    }
    let revoke = page.html.split("href=\"").filter_map(|rest| rest.split('"').next());
    let revoke = revoke.into_iter().find(|link| link.ends_with("/revoke")).unwrap().to_owned();
    let page = world.fill(&revoke, &[("reason", "Not needed")]).await;
    assert_eq!(page.location(), agent, "{}", page.html);
    assert!(world.get(&agent).await.html.contains("It may do nothing"));
}

#[tokio::test]
async fn a_code_is_shown_once() {
    let (world, agent) = World::active().await;
    let page = world.fill(&format!("{agent}/enroll"), &[]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    let shown = world.get(page.location()).await;
    assert!(shown.html.contains("class=\"code\"") && shown.html.contains("writ enroll"));
    assert!(!world.get(page.location()).await.html.contains("class=\"code\""));
}

#[tokio::test]
async fn calls_are_listed_filtered_opened_and_streamed() {
    let (world, agent) = World::active().await;
    let call = world.call(&agent, 0, Disposition::Blocked, "send_message<script>").await;
    world.call(&agent, 1, Disposition::Allowed, "list_messages").await;
    let page = world.get("/calls").await;
    assert!(page.html.contains("list_messages") && page.html.contains("send_message&#60;script"));
    let page = world.get("/clients/harbor-books/calls?effect=blocked").await;
    assert!(!page.html.contains("list_messages") && page.html.contains("Refused"));
    let page = world.get(&format!("/clients/harbor-books/calls/{call}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("must be addresses of") && page.html.contains("class_uid"));
    assert!(world.get("/").await.html.contains("must be addresses of"), "handled without you");
    let path = "/calls/events?effect=allowed";
    let event = world.first_event(path, async {
        world.call(&agent, 2, Disposition::Blocked, "not_wanted").await;
        world.call(&agent, 3, Disposition::Allowed, "read_message").await
    });
    let event = Box::pin(event).await;
    assert!(event.contains("event: call") && event.contains("read_message"), "{event}");
    assert!(event.contains("data: <tr"), "{event}");
}

#[tokio::test]
async fn the_book_is_browsed_and_a_line_is_proved() {
    let (world, agent) = World::active().await;
    let page = world.get("/clients/harbor-books/ledger").await;
    assert!(page.html.contains("invoice-bot") && page.html.contains("Signed checkpoint"));
    let page = world.get("/clients/harbor-books/ledger/0").await;
    assert_eq!(page.status, StatusCode::OK);
    let proof = world.get("/clients/harbor-books/ledger/0/proof.json").await;
    assert_eq!(proof.headers[header::CONTENT_TYPE], "application/json");
    let proof: serde_json::Value = serde_json::from_str(&proof.html).unwrap();
    assert!(page.html.contains(proof["root"].as_str().unwrap()));
    assert_eq!(world.get("/clients/harbor-books/ledger/9999").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.get("/clients/harbor-books/ledger/x").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.get("/clients/nobody/ledger").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.get(&format!("{agent}x")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn everything_is_found_by_name() {
    let (world, agent) = World::active().await;
    let page = world.get("/find?q=INVOICE").await;
    assert!(page.html.contains(&agent), "{}", page.html);
    let index: serde_json::Value =
        serde_json::from_str(&world.get("/find.json").await.html).unwrap();
    let has = |name: &str| index.as_array().unwrap().iter().any(|one| one["name"] == name);
    assert!(has("invoice-bot") && has("Harbor Books") && has("Harbor Books: propose an agent"));
    for path in
        ["/agents?q=inv&life=active&sort=since", "/clients", "/keys", "/?client=harbor-books"]
    {
        assert_eq!(world.get(path).await.status, StatusCode::OK, "{path}");
    }
    let page = world.get("/clients/harbor-books").await;
    assert!(page.html.contains("Noor Haddad") && page.html.contains("People and keys"));
}

#[tokio::test]
async fn groups_are_made_and_answered_for_and_people_leave() {
    let (world, owner, agent) = World::of_both().await;
    let page = world.fill("/clients/harbor-books/groups/new", &[("name", "Back office")]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    let page = world.get("/clients/harbor-books").await;
    let links = page.html.split("href=\"").filter_map(|rest| rest.split('"').next());
    let answers = links.into_iter().find(|link| link.contains("/groups/grp_")).unwrap().to_owned();
    let dana = world.person("Dana Cole").await;
    let page = world.fill(&answers, &[("authorizer", &dana)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    let noor = world.person("Noor Haddad").await;
    let leave = format!("/clients/harbor-books/people/{noor}/leave");
    let page = owner.fill(&leave, &[]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    let home = world.get("/").await.html;
    assert!(
        home.contains("no longer fully answered for") && home.contains("Noor Haddad left"),
        "{home}"
    );
    assert!(world.get(&agent).await.html.contains("class=\"answer bad\""));
}

#[tokio::test]
async fn an_agent_acts_for_another_one_and_both_pages_say_so() {
    let (world, bot) = World::active().await;
    let fields = [("name", "helper"), ("purpose", "Reads for invoice-bot"), ("kind", "bot")];
    let page = world.fill("/clients/harbor-books/agents/new", &fields).await;
    let helper = page.headers["location"].to_str().unwrap().to_owned();
    let form = format!("{helper}/delegate");
    assert!(world.get(&helper).await.html.contains(&format!("href=\"{form}\"")));
    let offered = world.get(&form).await.html;
    assert!(offered.contains("invoice-bot") && offered.contains("for life"), "{offered}");
    let nobody = world.fill(&form, &[("by", "nobody")]).await;
    assert!(nobody.status.is_client_error() && nobody.html.contains("nobody"), "{}", nobody.html);
    let id = bot.rsplit('/').next().unwrap();
    let page = world.fill(&form, &[("by", id)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    let page = world.get(&helper).await.html;
    assert!(
        page.contains("helper acts for it") && !page.contains(&form),
        "once is for life: {page}"
    );
    let page = world.get(&bot).await.html;
    assert!(page.contains("acts for invoice-bot, and ends with it"), "{page}");
    let again = world.fill(&form, &[("by", id)]).await;
    assert!(again.html.contains("AUTH-0050"), "{}", again.html);
}
