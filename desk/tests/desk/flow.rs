//! The data map of an agent: where what it has read came from, by origin, and where it acted.

use serde_json::{Value, json};
use writ_flow::{Context, Read, Tool, classify};
use writ_model::Span;
use writ_store::{
    ContextOf, Contexts as _, Space, Vault as _,
    contexts::{After, place},
};

use crate::{
    calls::{AT, call},
    world::World,
};

#[tokio::test]
async fn a_map_says_where_values_came_from_and_where_they_went() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    call(&world, &copy, 1, "send_message", json!({"to": "ana@harborbooks.example"})).await;
    let tenant = world.tenant("harbor-books").await;
    let view = world.tenants.view(tenant).await.unwrap();
    let agent = view.state.instances[&copy.id].agent;
    let of = ContextOf { tenant, agent, instance: copy.id };

    let mut read = Context::new();
    let description = "Reads a mail message.";
    let class = classify(&Tool {
        server: "mail",
        name: "read_message",
        description,
        input_schema: None,
        annotations: None,
    });
    let arguments = json!({"id": 3});
    let from = Read { server: "mail", tool: "read_message", class: &class, arguments: &arguments };
    read.result(&from, &Value::String("From: eve@evil.example. Hello.".to_owned()), false);
    let sealer = world.vault.sealer(Space::Tenant(tenant)).await.unwrap();
    let sealed = sealer.seal(&place(of), &read.to_bytes().unwrap()).unwrap();
    let now = world.desk.now();
    let after = After { version: None, now, expires: now + Span::hours(1) };
    world.contexts.put(of, sealed, after).await.unwrap().unwrap();

    let path = format!("{AT}/agents/invoice-bot/flow");
    let map = world.get(&path).await;
    let row = json!({
        "server": "mail", "name": "read_message", "origin": "what others wrote", "times": 1,
    });
    assert_eq!(map["from"], json!([row]), "{map}");
    assert_eq!(map["contexts"][0]["readable"], true);
    assert_eq!(map["contexts"][0]["instance"], json!(copy.id));
    assert_eq!(map["to"][0]["name"], "send_message", "{map}");
    assert!(!map.to_string().contains("evil"), "no value stands in it: {map}");
    let altered = After { version: Some(u64::try_from(now.micros()).unwrap()), ..after };
    world.contexts.put(of, b"altered".to_vec(), altered).await.unwrap().unwrap();
    let map = world.get(&path).await;
    assert_eq!((&map["contexts"][0]["readable"], &map["from"]), (&json!(false), &json!([])));
    assert_eq!(world.get(&format!("{AT}/flow")).await["rows"], json!([]), "no list was seen yet");
}
