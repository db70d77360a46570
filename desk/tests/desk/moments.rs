//! Explanations of the past: at any moment, from the state of then, who had said so and under which clause.

use axum::http::Method;
use serde_json::{Value, json};
use writ_model::Span;

use crate::{
    calls::call,
    world::{World, both_owners, everything, payments},
};

const AT: &str = "/clients/harbor-books";

#[tokio::test]
async fn why_it_could_do_that_at_a_moment_and_who_had_said_so() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    let grant = json!({"subject": {"agent": "invoice-bot"}, "server": "mail", "surface": "tool",
        "name": "send_message", "reason": "It answers suppliers"});
    world.done_as("Dana Cole", &format!("{AT}/grants"), grant).await;
    let to = json!({"to": "ana@x.example"});
    let one = call(&world, &copy, 0, "send_message", to.clone()).await;
    world.clock.advance(Span::minutes(5));
    let then = world.desk.now();
    let two = call(&world, &copy, 1, "send_message", to.clone()).await;
    world.clock.advance(Span::minutes(5));
    // Later everything is different: another charter, frozen, ended.
    let mut refusing = everything();
    refusing.as_array_mut().unwrap().push(json!({"key": "no-mail", "title": "No mail",
        "actions": ["tool.use"], "mode": "refuse"}));
    world.charter("harbor-books", "Dana Cole", refusing).await;
    let three = call(&world, &copy, 2, "send_message", to).await;
    world.done(&format!("{AT}/freeze"), json!({"reason": "Looking into it"})).await;
    let end = json!({"reason": "Over"});
    world.done(&format!("{AT}/agents/invoice-bot/terminate"), end).await;

    let bot = format!("{AT}/agents/invoice-bot/explain");
    let at = then;
    let told = world.get(&format!("{bot}?at={at}")).await;
    assert_eq!(told["recorded"]["call"], json!(two), "the last call by that moment");
    assert_eq!((&told["same"], &told["effect"]), (&json!(true), &json!("permit")));
    assert_eq!(told["charter_said"]["version"], 1);
    let signed = told["charter_said"]["signed"].as_array().unwrap();
    let names: Vec<&str> =
        signed.iter().map(|one| one["person"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Mira Okafor", "Dana Cole"]);
    assert_eq!(told["clauses_said"][0]["key"], "everything");
    assert!(!told["clauses_said"][0]["text"].as_array().unwrap().is_empty());
    assert_eq!(told["grant_said"]["given_by"]["name"], "Dana Cole");
    assert_eq!(told["before"].as_array().unwrap().len(), 1);
    assert_eq!(told["before"][0]["call"], json!(one), "what it had done before, and nothing after");
    assert_eq!(told["stopped"], json!([]), "it was not frozen then");
    let story = told["story"].to_string();
    for said in [
        "could use “send_message” on mail",
        "“Dana Cole” had given it leave",
        "authorised by “Dana Cole”, audited by “Noor Haddad”",
        "Version 1 of the charter",
        "Clause “Everything” (everything) says: act.",
        "It had made one call before",
    ] {
        assert!(story.contains(said), "{said}: {story}");
    }
    let earlier = world.get(&format!("{bot}?at={}", then - Span::minutes(1))).await;
    assert_eq!(earlier["recorded"]["call"], json!(one));
    assert!(earlier["story"].to_string().contains("It had done nothing before."));
    let last = world.get(&bot).await;
    assert_eq!(last["recorded"]["call"], json!(three));
    assert_eq!((&last["same"], &last["code"]), (&json!(true), &json!("DENY-0024")));
    assert_eq!(last["charter_said"]["version"], 2);
    assert_eq!(last["clauses_said"][0]["key"], "no-mail");
    let named = world.get(&format!("{bot}?name=send_message&server=mail&at={at}")).await;
    assert_eq!(named["recorded"]["call"], json!(two));
    for nothing in ["?name=other", "?at=2020-01-01T00:00:00Z"] {
        let answer = world.send(world.request(Method::GET, &format!("{bot}{nothing}"), None)).await;
        assert_eq!(answer.json()["code"], "DESK-0004", "{nothing}");
    }
    // The same as a paper.
    for path in
        [format!("{bot}?at={at}&format=pdf"), format!("{AT}/calls/{two}/explain?format=pdf")]
    {
        let paper = world.send(world.request(Method::GET, &path, None)).await;
        assert_eq!(paper.headers["content-type"], "application/pdf");
        assert!(paper.bytes.starts_with(b"%PDF-1."), "{path}");
        let again = world.send(world.request(Method::GET, &path, None)).await;
        assert_eq!(paper.bytes, again.bytes, "the same explanation gives the same bytes");
    }
    world.check().await;
}

#[tokio::test]
async fn what_waited_for_people_is_told_with_their_answers() {
    let world = World::active().await;
    let copy = world.paying(both_owners()).await;
    let hold = world.held(&copy, &json!({"amount": 5})).await;
    world.yes("Dana Cole", hold).await;
    let body = json!({"server": "pay", "method": "tools/call",
        "params": {"name": "release_payment", "arguments": {"amount": 5}}});
    let told = world.done(&format!("{AT}/agents/invoice-bot/explain"), body).await;
    assert_eq!((&told["effect"], &told["code"]), (&json!("hold"), &json!("HOLD-0001")));
    assert_eq!(told["clauses_said"][0]["key"], "pay");
    assert_eq!(told["clauses_said"][0]["mode"], "approve");
    assert!(told["story"].to_string().contains("would have had to wait for a person"));
    world.check().await;
}

/// Small numbers in a row that looks random, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Something that changes what the agent may do.
async fn turn(world: &World, what: u64) {
    let post = async |path: &str, body: Value| {
        // What does not fit the moment is refused, and changes nothing.
        world.post(&format!("{AT}{path}"), body).await;
    };
    let grant = |name: &str, most: u64| {
        json!({"subject": {"agent": "invoice-bot"}, "server": "mail", "surface": "tool",
            "name": name, "rules": [{"path": "/copies", "must": {"at_most": most.to_string()}}],
            "reason": "It answers suppliers"})
    };
    match what {
        0 => post("/grants", grant("send_message", 3)).await,
        1 => post("/grants", grant("*", 1)).await,
        2 => {
            let grants = world.get(&format!("{AT}/grants")).await;
            if let Some(id) = grants[0]["grant"].as_str() {
                post(&format!("/grants/{id}/revoke"), json!({"reason": "Done"})).await;
            }
        }
        3 => post("/freeze", json!({"reason": "Odd"})).await,
        4 => post("/thaw", json!({})).await,
        5 => post("/charter/suspend", json!({"clause": "everything", "reason": "Odd"})).await,
        6 => post("/charter/resume", json!({"clause": "everything"})).await,
        7 => post("/agents/invoice-bot/quarantine", json!({"reason": "Odd"})).await,
        8 => post("/agents/invoice-bot/release", json!({})).await,
        9 => world.charter("harbor-books", "Dana Cole", payments(&both_owners())).await,
        10 => {
            let clauses = json!([{"key": "everything", "title": "Everything", "actions": ["*"],
                "mode": {"approve": {"quorum": both_owners()}}}]);
            world.charter("harbor-books", "Dana Cole", clauses).await;
        }
        _ => {
            let until = world.desk.now() + Span::minutes(3);
            post("/observe", json!({"until": until, "reason": "A look"})).await;
        }
    }
}

#[tokio::test]
async fn at_every_past_moment_the_explanation_is_what_was_recorded() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    let mut dice = Dice(2026);
    let mut ids = Vec::new();
    for seq in 0..90 {
        // What stops is soon taken back, so that much is seen.
        let what = match dice.roll(20) {
            stop @ (3 | 5 | 7) => stop,
            other => [0, 1, 2, 4, 6, 8, 9, 10, 11, 0, 1, 4, 6, 8, 9, 11, 0, 4, 8, 6]
                [usize::try_from(other).unwrap()],
        };
        turn(&world, what).await;
        world.clock.advance(Span::seconds(i64::try_from(dice.roll(60)).unwrap()));
        let name = ["send_message", "read_message"][usize::try_from(dice.roll(2)).unwrap()];
        let arguments = json!({"copies": dice.roll(5), "to": "ana@x.example"});
        ids.push(call(&world, &copy, seq, name, arguments).await);
    }
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let id = &ids[usize::try_from(dice.roll(90)).unwrap()];
        let told = world.get(&format!("{AT}/calls/{id}/explain")).await;
        assert_eq!((&told["same"], &told["differs"]), (&json!(true), &json!([])), "{told}");
        codes.insert(told["code"].as_str().unwrap().to_owned());
    }
    assert!(codes.len() >= 6, "the moments were different: {codes:?}");
    world.check().await;
}
