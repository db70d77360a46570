//! What comes back: secrets and hidden text are masked in texts, in values and on streams, what the charter refuses is refused,
//! and the record says how much there was and never what.

use serde_json::{Value, json};
use writ_charter::Mode;
use writ_model::ocsf::Disposition;

use crate::{
    held::text,
    upstream::Upstream,
    world::{Agent, Reply, Says, World, approve, clause},
};

const MAIL: &str = "/mcp/mail";
const KEY: &str = "AIzaSyD4r7Qk2ZmX9vT1LpW8bNc3Hf6Jg5Ku0Ye";
const MASK: &str = "[secret: Google API key, 39 characters]";

async fn world(clauses: &[(&str, Mode)]) -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "*")).await;
    let said: Vec<_> = clauses
        .iter()
        .map(|(class, mode)| clause(&class.replace('.', "-"), class, mode.clone()))
        .collect();
    world.charter(agent.tenant, |charter| charter.clauses.extend(said)).await;
    (upstream, world, agent)
}

async fn carries(world: &World, agent: &Agent, result: &Value, stream: bool) -> Reply {
    let params = json!({"name": "carries", "arguments": {"result": result, "stream": stream}});
    let call = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params});
    world.post(agent, MAIL, &call.to_string()).await
}

fn says(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

/// What the record of the last call says of its answer.
async fn returned(world: &World, agent: &Agent) -> Value {
    let records = world.records(agent.tenant).await;
    let ocsf: Value = serde_json::from_slice(&records.last().unwrap().ocsf).unwrap();
    ocsf["unmapped"]["returned"].clone()
}

#[tokio::test]
async fn secrets_and_hidden_text_are_masked_where_they_stand() {
    let (_upstream, world, agent) = world(&[]).await;
    let result = json!({
        "content": [{"type": "text", "text": format!("the key is {KEY}, pay\u{200b}ment by ada@mail.example")}],
        "structuredContent": {"key": KEY, "password": "h4Rd-t0-gu3ss", "n": 1}});
    let reply = carries(&world, &agent, &result, false).await;
    let read = reply.json();
    assert_eq!(
        text(&reply),
        format!(
            "the key is {MASK}, pay[hidden text: letters without width, 1 character]ment by ada@mail.example"
        )
    );
    let values = &read["result"]["structuredContent"];
    assert_eq!(
        *values,
        json!({"key": MASK, "password": "[secret: password, 13 characters]", "n": 1})
    );
    assert_eq!((&read["id"], reply.header("content-type")), (&json!(7), "application/json"));
    let wanted = json!([
        {"class": "secret", "found": 3, "masked": 3},
        {"class": "hidden", "found": 1, "masked": 1},
        {"class": "email", "found": 1, "masked": 0}]);
    assert_eq!(returned(&world, &agent).await, wanted);
    let records = world.records(agent.tenant).await;
    assert_eq!(records[0].effect, Disposition::Allowed);
    let ocsf = String::from_utf8(records[0].ocsf.to_vec()).unwrap();
    assert!(!ocsf.contains("AIza") && !ocsf.contains("h4Rd") && !ocsf.contains("ada@"), "{ocsf}");
}

#[tokio::test]
async fn an_answer_without_anything_goes_byte_for_byte() {
    let (_upstream, world, agent) = world(&[]).await;
    let reply = carries(&world, &agent, &says("nothing to see"), false).await;
    assert_eq!(text(&reply), "nothing to see");
    assert_eq!(returned(&world, &agent).await, Value::Null);
}

#[tokio::test]
async fn a_stream_is_sifted_event_by_event() {
    let (_upstream, world, agent) = world(&[]).await;
    let reply = carries(&world, &agent, &says(&format!("key {KEY}")), true).await;
    let events = String::from_utf8(reply.body.to_vec()).unwrap();
    assert_eq!(events.matches(MASK).count(), 2, "{events}");
    assert!(
        !events.contains("AIza")
            && events.contains("id: 4\n")
            && events.contains("event: message\n"),
        "{events}"
    );
    for data in events.lines().filter_map(|line| line.strip_prefix("data: ")) {
        serde_json::from_str::<Value>(data).unwrap();
    }
    assert_eq!(
        returned(&world, &agent).await,
        json!([{"class": "secret", "found": 2, "masked": 2}])
    );
}

#[tokio::test]
async fn the_charter_says_what_becomes_of_each_class() {
    let clauses =
        [("answer.card", Mode::Refuse), ("answer.email", approve()), ("answer.secret", Mode::Act)];
    let (_upstream, world, agent) = world(&clauses).await;
    let reply = carries(&world, &agent, &says(&format!("{KEY} of ada@mail.example")), false).await;
    assert_eq!(text(&reply), format!("{KEY} of [personal data: e-mail address, 16 characters]"));
    for stream in [false, true] {
        let reply = carries(&world, &agent, &says("paid with 4111 1111 1111 1111"), stream).await;
        let body = String::from_utf8(reply.body.to_vec()).unwrap();
        assert!(
            body.contains("GATE-0200") && body.contains("answer.card") && !body.contains("1111"),
            "{body}"
        );
        let records = world.records(agent.tenant).await;
        let last = records.last().unwrap();
        assert_eq!((last.effect, &*last.code), (Disposition::Errored, "GATE-0200"));
        assert!(!last.detail.contains("1111"), "{}", last.detail);
    }
    let found = json!([{"class": "card", "found": 1, "masked": 0}]);
    assert_eq!(returned(&world, &agent).await, found);
    // A clause for everything speaks of no class by name.
    let reply = carries(&world, &agent, &says("pay\u{200b}ment"), false).await;
    assert!(text(&reply).contains("[hidden text"), "{reply:?}");
}

#[tokio::test]
async fn what_can_be_read_in_two_ways_goes_on_only_if_it_carries_nothing() {
    let (_upstream, world, agent) = world(&[]).await;
    let call = |which: &str| {
        let params = json!({"name": "read_message", "arguments": {"id": which}});
        json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}).to_string()
    };
    let reply = world.post(&agent, MAIL, &call("honest")).await;
    assert!(text(&reply).contains("Can we open"), "{reply:?}");
    assert_eq!(
        returned(&world, &agent).await,
        json!([{"class": "email", "found": 1, "masked": 0}])
    );
}
