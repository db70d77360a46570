//! Observe: what would have been refused is counted, and one row of it becomes the smallest grant.

use axum::http::Method;
use bytes::Bytes;
use serde_json::{Value, json};
use writ_lake::{Inputs, Record};
use writ_model::{BootId, CallId, GatewayId, Span, ocsf::Disposition};
use writ_store::{Space, Vault as _};

use crate::world::{Copy, World};

const AT: &str = "/clients/harbor-books";

/// A call that was only watched, as a gateway records it.
pub(crate) async fn watched(
    world: &World,
    copy: &Copy,
    seq: u64,
    (name, code): (&str, &str),
    arguments: Value,
) -> CallId {
    let tenant = world.tenant("harbor-books").await;
    let view = world.tenants.view(tenant).await.unwrap();
    let agent = view.state.instances[&copy.id].agent;
    let at = world.desk.now();
    let call = CallId::from_parts(at, [u8::try_from(seq).unwrap(); 10]);
    let plain = format!(r#"{{"arguments":{arguments},"name":"{name}"}}"#);
    let sealer = world.vault.sealer(Space::Tenant(tenant)).await.unwrap();
    let sealed = sealer.seal(&call.to_bytes(), plain.as_bytes()).unwrap();
    let record = Record {
        call,
        tenant,
        gateway: GatewayId::from_bytes([1; 16]),
        boot: BootId::from_bytes([3; 16]),
        seq,
        at,
        agent,
        instance: copy.id,
        server: "mail".to_owned(),
        method: "tools/call".to_owned(),
        surface: "tool".to_owned(),
        name: name.to_owned(),
        effect: Disposition::Allowed,
        code: "PERM-0004".to_owned(),
        detail: format!("only watched: {code}"),
        grant: None,
        latency_us: 100,
        ocsf: Bytes::from(json!({"class_uid": 6003, "seq": seq}).to_string()),
        inputs: Inputs {
            tree_size: view.size,
            engine: "test".to_owned(),
            observed: code.to_owned(),
            arguments: sealed.into(),
            ..Inputs::default()
        },
    };
    world.lake.place(record.tenant).await.unwrap().write_durable(record).await.unwrap();
    call
}

#[tokio::test]
async fn the_report_counts_what_would_have_been_refused_and_makes_the_smallest_grant() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    let until = world.desk.now() + Span::days(7);
    let body = json!({"agent": "invoice-bot", "until": until, "reason": "Its first week"});
    let asked = world.post_bare(&format!("{AT}/observe"), body.clone()).await;
    assert_eq!(asked.json()["code"], "DESK-0011", "{}", asked.json());
    world.done(&format!("{AT}/observe"), body).await;
    for (seq, to) in ["ana@x.example", "bo@x.example", "ana@x.example"].iter().enumerate() {
        let arguments = json!({"to": to, "copies": seq + 1});
        let seq = u64::try_from(seq).unwrap();
        watched(&world, &copy, seq, ("send_message", "DENY-0011"), arguments).await;
        world.clock.advance(Span::minutes(1));
    }
    let refuse = ("release_payment", "DENY-0025");
    let pay = watched(&world, &copy, 3, refuse, json!({"amount": 3})).await;
    world.clock.advance(Span::minutes(1));
    let seen = world.get(&format!("{AT}/observe")).await;
    assert_eq!(seen["refused"], 4);
    assert_eq!(seen["cut"], false);
    assert_eq!(seen["observing"][0]["name"], "invoice-bot");
    assert_eq!(seen["observing"][0]["holds"], true);
    let rows = seen["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["count"], &rows[0]["name"]), (&json!(3), &json!("send_message")));
    assert!(rows[0]["proposal"].as_str().unwrap().contains("send_message"));
    assert!(rows[0]["first"].as_str().unwrap() < rows[0]["last"].as_str().unwrap());
    assert_eq!((&rows[1]["proposal"], &rows[1]["example"]), (&Value::Null, &json!(pay)));
    assert!(rows[1]["why_not"].as_str().unwrap().contains("a person does this"));
    let none = format!("{AT}/observe?to=2026-01-02T00:00:00Z&from=2026-01-01T00:00:00Z");
    assert_eq!(world.get(&none).await["refused"], 0);
    let bad = format!("{AT}/observe?from=2026-01-01T00:00:00Z&to=2025-01-01T00:00:00Z");
    let bad = world.send(world.request(Method::GET, &bad, None)).await;
    assert_eq!(bad.json()["code"], "DESK-0003");

    let row = json!({"agent": "invoice-bot", "code": "DENY-0011", "server": "mail",
        "surface": "tool", "name": "send_message"});
    let propose = format!("{AT}/observe/propose");
    let asked = world.post_bare(&propose, row.clone()).await;
    assert_eq!(asked.json()["code"], "DESK-0011", "{}", asked.json());
    assert!(asked.json()["signing"]["text"].to_string().contains("bo@x.example"), "it is shown");
    world.done(&propose, row.clone()).await;
    let grant = world.get(&format!("{AT}/grants")).await[0].clone();
    assert_eq!(grant["limits"], json!([{"count": 3, "per": "day"}]));
    assert_eq!(grant["only_named_arguments"], true);
    assert_eq!(
        grant["rules"].to_string().matches("must be").count(),
        3,
        "copies at least, copies at most, to one of: {grant}"
    );
    for (what, change) in [
        ("another code", json!({"code": "DENY-0012"})),
        ("another thing", json!({"name": "read_message"})),
        ("the charter's", json!({"code": "DENY-0025", "name": "release_payment"})),
    ] {
        let mut row = row.clone();
        row.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = world.post_bare(&propose, row).await;
        assert!(!answer.status.is_success(), "{what}: {}", answer.json());
        assert_ne!(answer.json()["code"], "DESK-0011", "{what}");
    }
    // Ending is immediate, and once.
    let end = json!({"agent": "invoice-bot"});
    let done = world.post_bare(&format!("{AT}/observe/end"), end.clone()).await;
    assert_eq!(done.status, 200, "{}", done.json());
    let again = world.post_bare(&format!("{AT}/observe/end"), end).await;
    assert_eq!(again.json()["code"], "AUTH-0046");
    assert_eq!(world.get(&format!("{AT}/observe")).await["observing"], json!([]));
    world.check().await;
}

#[tokio::test]
async fn only_who_says_yes_may_have_something_watched_and_not_for_long() {
    let world = World::active().await;
    let until = world.desk.now() + Span::days(7);
    let body = json!({"until": until, "reason": "The first week"});
    let path = format!("{AT}/observe");
    let refused = world.signed_as("Tom Reyes", &path, body.clone()).await;
    assert_eq!(refused.json()["code"], "AUTH-0003");
    let long = json!({"until": world.desk.now() + Span::days(91), "reason": "Long"});
    let refused = world.post_bare(&path, long).await;
    assert!(refused.json()["code"].as_str().unwrap().starts_with("AUTH-"), "{}", refused.json());
    let both = json!({"agent": "a", "group": "b", "until": until, "reason": "Both"});
    assert_eq!(world.post_bare(&path, both).await.json()["code"], "DESK-0003");
    world.done_as("Ines Park", &path, body).await;
    assert_eq!(world.get(&path).await["observing"][0]["kind"], "client");
    world.check().await;
}
