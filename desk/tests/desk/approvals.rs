//! Approvals: what is shown, whose yes counts, what a yes makes so, once.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use writ_authority::Decision;
use writ_model::{HoldId, Span};
use writ_store::Held as _;

use crate::world::{Answer, World, both_owners, payments, signing_of};

const AT: &str = "/clients/harbor-books";

fn refused(answer: &Answer, code: &str) {
    assert_eq!(answer.json()["code"], code, "{}", answer.json());
    assert!(!answer.status.is_success());
}

fn payment() -> Value {
    json!({"amount": 1200, "iban": "DE89370400440532013000", "note": "July\u{202e}!"})
}

/// A client owner's yes for activating an agent; everything else is done.
fn activation(quorum: &Value) -> Value {
    json!([
        {"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"},
        {"key": "switch-on", "title": "Switching on", "actions": ["agent.activate", "credential.issue", "agent.widen"],
            "mode": {"approve": {"quorum": quorum}}, "waits": {"expires_minutes": 60, "escalate_minutes": 30}}])
}

#[tokio::test]
async fn a_held_call_is_shown_whole_and_executed_once_after_every_yes() {
    let world = World::active().await;
    let copy = world.paying(both_owners()).await;
    let hold = world.held(&copy, &payment()).await;
    let shown = world.hold_as("Dana Cole", hold).await;
    assert_eq!(shown["state"], "waiting", "{shown}");
    assert_eq!(
        shown["state_words"],
        "It waits for one owner of Northwind IT and one owner of Harbor Books."
    );
    assert_eq!(shown["asker"]["name"], "invoice-bot");
    assert_eq!(shown["asker"]["purpose"], "Matches invoices to orders");
    let sentence = shown["asked"]["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("With a yes, “invoice-bot” "), "{sentence}");
    assert!(sentence.contains("1200") && sentence.contains("iban “DE89370400440532013000”"));
    let rows = shown["asked"]["arguments"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2]["value"], "\"July\\u{202e}!\"", "hidden letters are written out");
    assert_eq!(shown["asked"]["opened"], "whole");
    assert!(shown["asked"]["exact"].as_str().unwrap().contains("DE89370400440532013000"));
    assert_eq!(shown["why"][0]["key"], "pay");
    assert_eq!(shown["why"][0]["signed"].as_array().unwrap().len(), 2);
    assert!(shown["otherwise"].as_str().unwrap().contains("nothing is done"));
    let check = shown["check_by"].to_string();
    // Who answers for it is not told to call themselves.
    assert!(check.contains("You answer for “invoice-bot” yourself"), "{check}");
    assert!(check.contains("Never use a number"));
    let other = world.hold_as("Mira Okafor", hold).await["check_by"].to_string();
    assert!(other.contains("Call “Dana Cole” on the number you know"), "{other}");
    assert_eq!((&shown["you"]["approve"], &shown["you"]["refuse"]), (&json!(true), &json!(true)));
    assert_eq!(shown["quorum"][1]["could"][0]["name"], "Dana Cole");

    // Half a quorum is none.
    let said = world.yes("Dana Cole", hold).await;
    assert_eq!(said.status, 200, "{}", said.json());
    assert_eq!(said.json()["state"], "waiting", "the answer is the hold as it stands now");
    assert_eq!(said.json()["answers"][0]["words"], "Checked by telephone");
    assert_eq!(said.json()["quorum"][1]["given"], 1);
    assert_eq!(world.consumed(hold).await, Err("AUTH-0044".to_owned()));
    refused(&world.yes("Dana Cole", hold).await, "AUTH-0044");
    let waits = matches!(world.decided(&copy, &payment()).await, Decision::Hold(_));
    assert!(waits, "half a quorum permits nothing");

    let said = world.yes("Mira Okafor", hold).await;
    assert_eq!(said.json()["state"], "approved", "{}", said.json());
    let Decision::Permit(permit) = world.decided(&copy, &payment()).await else {
        panic!("approved and not permitted")
    };
    assert_eq!(permit.approval(), Some(hold));
    let other = json!({"amount": 1200, "iban": "DE00", "note": "July"});
    assert!(!world.decided(&copy, &other).await.permits(), "another call is not approved");
    world.consumed(hold).await.unwrap();
    assert_eq!(world.consumed(hold).await, Err("AUTH-0042".to_owned()), "once");
    assert!(!world.decided(&copy, &payment()).await.permits(), "used up");
    let shown = world.hold_as("Dana Cole", hold).await;
    assert_eq!((&shown["state"], &shown["asked"]["opened"]), (&json!("done"), &json!("over")));
    assert_eq!(shown["asked"]["arguments"], json!([]), "what is over is not opened");
    world.check().await;
}

#[tokio::test]
async fn what_was_sent_is_shown_to_people_seated_at_its_client_alone() {
    let world = World::active().await;
    let copy = world.paying(both_owners()).await;
    let hold = world.held(&copy, &payment()).await;
    world.done("/clients", json!({"name": "Juniper Dental", "slug": "juniper"})).await;
    world.first("juniper", "Eve Lind").await;
    world.staff("Sam Lee", "approver").await;
    for name in ["Eve Lind", "Sam Lee"] {
        let browser = world.sign_in(name).await;
        for (method, path, body) in [
            (Method::GET, format!("{AT}/approvals"), None),
            (Method::GET, format!("{AT}/approvals/{hold}"), None),
            (Method::POST, format!("{AT}/approvals/{hold}/refuse"), Some(json!({"words": "No"}))),
        ] {
            let answer = world.ask_as(&browser, method, &path, body.as_ref()).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name} {path}");
        }
        let inbox = world.ask_as(&browser, Method::GET, "/approvals", None).await.json();
        assert_eq!(inbox["total"], 0, "{name}: {inbox}");
        let other = format!("/clients/juniper/approvals/{hold}");
        let answer = world.ask_as(&browser, Method::GET, &other, None).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "not through another client either");
    }
    // Everybody seated there sees it, also who cannot say yes.
    let shown = world.hold_as("Noor Haddad", hold).await;
    assert_eq!((&shown["you"]["approve"], &shown["you"]["refuse"]), (&json!(false), &json!(true)));
    assert!(shown["you"]["why_not"].as_str().unwrap().contains("no seat is left"));
    // The list carries nothing that was sent.
    let rows = world.get(&format!("{AT}/approvals")).await;
    assert!(!rows.to_string().contains("DE8937"), "{rows}");
    assert_eq!((&rows["total"], &rows["yours"]), (&json!(1), &json!(1)));
    let bad =
        world.send(world.request(Method::GET, &format!("{AT}/approvals?state=x"), None)).await;
    refused(&bad, "DESK-0003");
    world.check().await;
}

#[tokio::test]
async fn another_digest_a_late_yes_and_a_refused_call_come_to_nothing() {
    let world = World::active().await;
    let copy = world.paying(both_owners()).await;
    let hold = world.held(&copy, &payment()).await;
    let path = format!("{AT}/approvals/{hold}/approve");
    let other = json!({"digest": "0".repeat(64)});
    refused(&world.signed_as("Dana Cole", &path, other).await, "AUTH-0042");
    // A no is enough, needs no signature, and may come of anybody seated.
    let no = json!({"words": "Not our supplier"});
    let said = world.done_as("Noor Haddad", &format!("{AT}/approvals/{hold}/refuse"), no).await;
    assert_eq!(said["state"], "refused");
    assert_eq!(said["state_words"], "“Noor Haddad” said no: “Not our supplier”.");
    refused(&world.yes("Dana Cole", hold).await, "AUTH-0042");
    assert_eq!(world.consumed(hold).await, Err("AUTH-0042".to_owned()));
    assert_eq!(world.decided(&copy, &payment()).await.code().to_string(), "DENY-0028");
    let tenant = world.tenant("harbor-books").await;
    let gone = world.held.get((tenant, hold), world.desk.now()).await.unwrap();
    assert!(gone.is_none(), "what was refused is not kept");
    // Late.
    let late = world.held(&copy, &json!({"amount": 2})).await;
    world.yes("Dana Cole", late).await;
    world.clock.advance(Span::hours(1));
    refused(&world.yes("Mira Okafor", late).await, "AUTH-0042");
    assert_eq!(world.consumed(late).await, Err("AUTH-0042".to_owned()));
    let shown = world.hold_as("Dana Cole", late).await;
    assert_eq!(shown["state"], "expired");
    let all = world.get(&format!("{AT}/approvals?state=all")).await;
    assert_eq!(all["total"], 2);
    assert_eq!(world.get(&format!("{AT}/approvals")).await["total"], 0);
    world.check().await;
}

#[tokio::test]
async fn what_nobody_can_read_nobody_approves() {
    let world = World::active().await;
    let copy = world.paying(both_owners()).await;
    let hold = world.held(&copy, &payment()).await;
    let tenant = world.tenant("harbor-books").await;
    world.held.forget((tenant, hold)).await.unwrap();
    let shown = world.hold_as("Dana Cole", hold).await;
    assert_eq!(shown["asked"]["opened"], "gone");
    assert_eq!(shown["you"]["approve"], false);
    assert_eq!(shown["you"]["refuse"], true);
    refused(&world.yes("Dana Cole", hold).await, "DESK-0020");
    // Bytes of another hold in its place are not taken for its own.
    let other = world.held(&copy, &json!({"amount": 3})).await;
    let sealed = world.held.get((tenant, other), world.desk.now()).await.unwrap().unwrap();
    let expires = world.desk.now() + Span::hours(1);
    world.held.put((tenant, hold), sealed, expires, world.desk.now()).await.unwrap();
    let shown = world.hold_as("Dana Cole", hold).await;
    assert_eq!(shown["asked"]["opened"], "altered");
    assert_eq!(shown["asked"]["arguments"], json!([]));
    refused(&world.yes("Dana Cole", hold).await, "DESK-0020");
    world.check().await;
}

#[tokio::test]
async fn a_deputy_counts_for_who_is_away_and_owners_for_anybody_once_it_is_late() {
    let world = World::active().await;
    let approver = json!([{"party": "client", "role": "approver", "n": 1}]);
    let copy = world.paying(approver).await;
    world.member("Dana Cole", "harbor-books", "Omar Diaz", "engineer").await;
    let hold = world.held(&copy, &payment()).await;
    let shown = world.hold_as("Omar Diaz", hold).await;
    assert_eq!(shown["you"]["approve"], false, "{shown}");
    refused(&world.yes("Omar Diaz", hold).await, "AUTH-0044");
    let until = world.desk.now() + Span::days(3);
    let away = json!({"deputy": "Omar Diaz", "until": until});
    let tom = json!({"deputy": "Tom Reyes", "until": until});
    refused(&world.signed_as("Ines Park", &format!("{AT}/away"), tom).await, "AUTH-0047");
    world.done_as("Ines Park", &format!("{AT}/away"), away).await;
    let inbox = world.get("/approvals").await;
    assert_eq!(inbox["away"][0]["person"]["name"], "Ines Park");
    assert_eq!(inbox["away"][0]["deputy"]["name"], "Omar Diaz");
    let shown = world.hold_as("Omar Diaz", hold).await;
    assert_eq!(shown["you"]["deputy_of"]["name"], "Ines Park", "{}", shown["you"]);
    let said = world.yes("Omar Diaz", hold).await.json();
    assert_eq!(said["state"], "approved", "{said}");
    assert_eq!(said["answers"][0]["deputy_of"]["name"], "Ines Park");
    world.done_as("Ines Park", &format!("{AT}/away/end"), json!({})).await;
    let list = world.get(&format!("{AT}/away")).await;
    assert_eq!(list, json!([]));
    refused(&world.signed_as("Ines Park", &format!("{AT}/away/end"), json!({})).await, "AUTH-0047");

    // An owner who is no approver: not before it is escalated.
    let late = world.held(&copy, &json!({"amount": 9})).await;
    let shown = world.hold_as("Dana Cole", late).await;
    assert_eq!((&shown["escalated"], &shown["you"]["approve"]), (&json!(false), &json!(false)));
    refused(&world.yes("Dana Cole", late).await, "AUTH-0044");
    world.clock.advance(Span::minutes(31));
    let shown = world.hold_as("Dana Cole", late).await;
    assert_eq!((&shown["escalated"], &shown["you"]["approve"]), (&json!(true), &json!(true)));
    // The other party's owner never counts for it.
    refused(&world.yes("Mira Okafor", late).await, "AUTH-0044");
    assert_eq!(world.yes("Dana Cole", late).await.json()["state"], "approved");
    world.check().await;
}

#[tokio::test]
async fn a_held_act_is_done_once_with_the_last_yes_and_nobody_says_yes_to_their_own() {
    let world = World::active().await;
    let quorum = json!([{"party": "client", "role": "owner", "n": 1}, {"party": "provider", "role": "owner", "n": 1}]);
    world.charter("harbor-books", "Dana Cole", activation(&quorum)).await;
    let grant = json!({"subject": {"agent": "invoice-bot"}, "server": "mail", "surface": "tool",
        "name": "send_message", "reason": "It answers suppliers"});
    let asked = world.signed_as("Ines Park", &format!("{AT}/grants"), grant.clone()).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.json());
    let problem = asked.json();
    assert_eq!(problem["code"], "DESK-0019");
    let hold = problem["hold"]["hold"].as_str().unwrap().to_owned();
    assert_eq!(problem["hold"]["kind"], "act");
    assert!(problem["hold"]["asked"]["text"].to_string().contains("send_message"), "{problem}");
    assert_eq!(problem["hold"]["asker"]["name"], "Ines Park");
    assert_eq!(world.get(&format!("{AT}/grants")).await, json!([]), "not done yet");
    // The same once more waits already; nobody says yes to their own.
    refused(&world.signed_as("Ines Park", &format!("{AT}/grants"), grant).await, "AUTH-0006");
    let own = world.yes("Ines Park", &hold).await;
    refused(&own, "AUTH-0043");
    let shown = world.hold_as("Ines Park", &hold).await;
    assert_eq!(shown["you"]["why_not"], "nobody approves what they asked for themselves");

    assert_eq!(world.yes("Dana Cole", &hold).await.json()["state"], "waiting");
    let last = world.yes("Mira Okafor", &hold).await;
    assert_eq!(last.json()["state"], "done", "{}", last.json());
    let grants = world.get(&format!("{AT}/grants")).await;
    assert_eq!(grants.as_array().unwrap().len(), 1);
    assert_eq!(grants[0]["given_by"]["name"], "Ines Park", "it is theirs who asked");
    refused(&world.yes("Dana Cole", &hold).await, "AUTH-0042");
    assert_eq!(world.get(&format!("{AT}/grants")).await.as_array().unwrap().len(), 1, "once");
    world.check().await;
}

#[tokio::test]
async fn what_is_held_is_decided_again_with_the_last_yes_as_who_asked() {
    let world = World::active().await;
    let quorum = json!([{"party": "client", "role": "owner", "n": 1}]);
    world.charter("harbor-books", "Dana Cole", activation(&quorum)).await;
    let grant = |name: &str| {
        json!({"subject": {"agent": "invoice-bot"}, "server": "mail", "surface": "tool",
            "name": name, "reason": "It answers suppliers"})
    };
    let held = |answer: &Answer| answer.json()["hold"]["hold"].as_str().unwrap().to_owned();
    world.member("Dana Cole", "harbor-books", "Omar Diaz", "approver").await;
    // Who asked has left: nothing is done.
    let left = held(&world.signed_as("Omar Diaz", &format!("{AT}/grants"), grant("read")).await);
    let omar = world.person("Omar Diaz").await;
    world.done_as("Dana Cole", &format!("{AT}/people/{omar}/leave"), json!({})).await;
    let answer = world.yes("Dana Cole", &left).await;
    assert!(!answer.status.is_success(), "{}", answer.json());
    // What it is about has ended: nothing is done either.
    let ended = held(&world.signed_as("Ines Park", &format!("{AT}/grants"), grant("send")).await);
    let end = json!({"reason": "Over"});
    world.done_as("Dana Cole", &format!("{AT}/agents/invoice-bot/terminate"), end).await;
    let answer = world.yes("Dana Cole", &ended).await;
    assert!(!answer.status.is_success(), "{}", answer.json());
    assert_eq!(world.get(&format!("{AT}/grants")).await, json!([]));
    world.check().await;
}

#[tokio::test]
async fn an_enrollment_code_that_waited_is_shown_once_to_who_asked() {
    let world = World::active().await;
    let quorum = json!([{"party": "client", "role": "owner", "n": 1}]);
    world.charter("harbor-books", "Dana Cole", activation(&quorum)).await;
    let path = format!("{AT}/agents/invoice-bot/enrollments");
    let asked = world.signed_as("Tom Reyes", &path, json!({})).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.json());
    let hold = asked.json()["hold"]["hold"].as_str().unwrap().to_owned();
    let code = format!("{AT}/approvals/{hold}/code");
    refused(&world.signed_as("Tom Reyes", &code, json!({})).await, "DESK-0020");
    assert_eq!(world.yes("Dana Cole", &hold).await.json()["state"], "done");
    refused(&world.signed_as("Dana Cole", &code, json!({})).await, "DESK-0004");
    let offer = world.done_as("Tom Reyes", &code, json!({})).await;
    let typed = offer["code"].as_str().unwrap();
    let key = writ_identity::AgentKey::generate().unwrap();
    let enrolled = world.enroll_with(typed, typed, &key).await;
    assert_eq!(enrolled.status, 200, "{}", enrolled.json());
    refused(&world.signed_as("Tom Reyes", &code, json!({})).await, "DESK-0004");
    world.check().await;
}

#[tokio::test]
async fn a_proposal_waits_for_a_person_and_cannot_be_approved() {
    let world = World::active().await;
    let mut clauses = payments(&both_owners());
    clauses[1]["mode"] = json!("propose");
    let copy = world.paying_under(clauses).await;
    let hold = world.held(&copy, &payment()).await;
    let shown = world.hold_as("Dana Cole", hold).await;
    assert_eq!((&shown["state"], &shown["you"]["approve"]), (&json!("proposed"), &json!(false)));
    refused(&world.yes("Dana Cole", hold).await, "AUTH-0039");
    assert_eq!(world.decided(&copy, &payment()).await.code().to_string(), "DENY-0025");
    world.check().await;
}

#[tokio::test]
async fn the_inbox_is_over_every_client_and_bounded() {
    let world = World::active().await;
    let copy = world.paying(both_owners()).await;
    let mut last: Option<HoldId> = None;
    for number in 0..5 {
        world.clock.advance(Span::minutes(1));
        last = Some(world.held(&copy, &json!({"amount": number})).await);
    }
    let inbox = world.get("/approvals").await;
    assert_eq!((&inbox["total"], &inbox["yours"]), (&json!(5), &json!(5)));
    let rows = inbox["rows"].as_array().unwrap();
    let expires: Vec<&str> = rows.iter().map(|row| row["expires"].as_str().unwrap()).collect();
    assert!(expires.is_sorted(), "what expires first first");
    assert_eq!(rows[4]["hold"], json!(last.unwrap()));
    assert_eq!(rows[0]["client"]["slug"], "harbor-books");
    // The queue has them too.
    let queue = world.get("/queue").await;
    let waits: Vec<&Value> =
        queue["items"].as_array().unwrap().iter().filter(|one| one["ask"] == "approval").collect();
    assert_eq!(waits.len(), 5, "{queue}");
    world.check().await;
}

#[tokio::test]
async fn asking_for_a_signature_of_what_would_not_count_is_refused_first() {
    let world = World::active().await;
    let copy = world.paying(both_owners()).await;
    let hold = world.held(&copy, &payment()).await;
    let shown = world.hold_as("Ines Park", hold).await;
    let path = format!("{AT}/approvals/{hold}/approve");
    let browser = world.sign_in("Ines Park").await;
    let body = json!({"digest": shown["asked"]["digest"]});
    let answer = world.ask_as(&browser, Method::POST, &path, Some(&body)).await;
    assert!(signing_of(&answer).is_none(), "{}", answer.json());
    refused(&answer, "AUTH-0044");
}
