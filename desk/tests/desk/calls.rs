//! Decided calls: pages, seals, and deciding again.

use axum::http::Method;
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use writ_authority::{
    Ask, Decision, Engine, Life, Moment, What,
    decide::{ENGINE, explain::Unused},
    grant::Surface,
};
use writ_desk::{Via, Who};
use writ_evidence::{leaf_hash, seal::verify_in_batch};
use writ_lake::{Inputs, Record};
use writ_model::{
    BootId, CallId, Digest, GatewayId, GrantId, TenantId,
    json::{Limits, parse},
    ocsf::Disposition,
};
use writ_store::{Space, Vault as _};

use crate::world::{Copy, World};

pub(crate) const AT: &str = "/clients/harbor-books";

/// Decides a call as a gateway would, and records it as a gateway would.
pub(crate) async fn call(
    world: &World,
    copy: &Copy,
    seq: u64,
    name: &str,
    arguments: Value,
) -> String {
    call_with(world, (copy, None), seq, name, arguments).await
}

/// With a token of this epoch; of the agent's own if it is left out.
async fn call_with(
    world: &World,
    (copy, epoch): (&Copy, Option<u64>),
    seq: u64,
    name: &str,
    arguments: Value,
) -> String {
    let tenant: TenantId = world.get(AT).await["tenant"].as_str().unwrap().parse().unwrap();
    let view = world.tenants.view(tenant).await.unwrap();
    let agent = view.state.instances[&copy.id].agent;
    let text = arguments.to_string();
    let node = parse(text.as_bytes(), &Limits::REQUEST).unwrap();
    let what = What::Call { surface: Surface::Tool, name, arguments: Some(&node) };
    let epoch = epoch.unwrap_or(view.state.agents[&agent].epoch);
    let ask = Ask { agent, instance: copy.id, epoch, server: "mail", what };
    let at = world.desk.now();
    let moment = Moment { at, counters: &Unused };
    let decision = Engine::default().decide(&view.state, &ask, &moment);
    let (effect, detail, stood) = stood(&decision);
    let id = CallId::from_parts(at, [u8::try_from(seq).unwrap(); 10]);
    let plain = format!(r#"{{"arguments":{text},"name":"{name}"}}"#);
    let sealer = world.vault.sealer(Space::Tenant(tenant)).await.unwrap();
    let sealed = sealer.seal(&id.to_bytes(), plain.as_bytes()).unwrap();
    let record = Record {
        call: id,
        tenant,
        gateway: GatewayId::from_bytes([1; 16]),
        boot: BootId::from_bytes([2; 16]),
        seq,
        at,
        agent,
        instance: copy.id,
        server: "mail".to_owned(),
        method: "tools/call".to_owned(),
        surface: "tool".to_owned(),
        name: name.to_owned(),
        effect,
        code: decision.code().to_string(),
        detail,
        grant: decision.grant().filter(|_| decision.permits()),
        latency_us: 180,
        ocsf: Bytes::from(json!({"class_uid": 6003, "seq": seq}).to_string()),
        inputs: Inputs { epoch, arguments: sealed.into(), ..stood },
    };
    world.lake.place(record.tenant).await.unwrap().write_durable(record).await.unwrap();
    id.to_string()
}

/// What a decision stood on, as a gateway writes it.
fn stood(decision: &Decision) -> (Disposition, String, Inputs) {
    let (effect, words, (tree_size, reads), (clauses, charter, clause_reads)) = match decision {
        Decision::Permit(yes) => (
            Disposition::Allowed,
            &yes.reason().words,
            (yes.tree_size(), yes.reads()),
            (yes.clauses(), yes.charter(), yes.clause_reads()),
        ),
        Decision::Deny(no) => (
            Disposition::Blocked,
            &no.words,
            (no.tree_size, no.reads.as_slice()),
            (no.clauses.as_slice(), no.charter, no.clause_reads.as_slice()),
        ),
        Decision::Hold(held) => (
            Disposition::Blocked,
            &held.words,
            (held.tree_size, held.reads.as_slice()),
            (held.call.clauses.as_slice(), Some(held.charter), held.clause_reads.as_slice()),
        ),
    };
    let inputs = Inputs {
        tree_size,
        engine: ENGINE.to_owned(),
        reads: serde_json::to_string(&reads).unwrap(),
        clauses: if clauses.is_empty() { String::new() } else { json!(clauses).to_string() },
        charter: charter.map_or(0, |(_, version)| version),
        clause_reads: json!(clause_reads).to_string(),
        ..Inputs::default()
    };
    (effect, words.clone(), inputs)
}

pub(crate) async fn granted(world: &World) -> GrantId {
    let grant = json!({"subject": {"agent": "invoice-bot"}, "server": "mail", "surface": "tool",
        "name": "send_message", "rules": [{"path": "/to", "must": {"domains": ["harborbooks.example"]}}],
        "limits": [{"count": 50, "per": "day"}], "reason": "It answers suppliers"});
    let done = world.done(&format!("{AT}/grants"), grant).await;
    done["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_call_is_decided_again_from_what_its_decision_stood_on() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    let grant = granted(&world).await;
    let yes =
        call(&world, &copy, 0, "send_message", json!({"to": "ana@harborbooks.example"})).await;
    let no = call(&world, &copy, 1, "send_message", json!({"to": "x@elsewhere.example"})).await;
    let never = call(&world, &copy, 2, "delete_all", json!({})).await;
    // What was decided stays decided: the grant goes, the agent ends, and the past says the same.
    world.done(&format!("{AT}/grants/{grant}/revoke"), json!({"reason": "Done"})).await;
    let end = json!({"reason": "It tried to send data out"});
    world.done(&format!("{AT}/agents/invoice-bot/terminate"), end).await;
    for (id, effect, code, nearest) in [
        (&yes, "permit", "PERM-0001", Some(grant)),
        (&no, "deny", "DENY-0012", Some(grant)),
        (&never, "deny", "DENY-0011", None),
    ] {
        let again = world.get(&format!("{AT}/calls/{id}/explain")).await;
        assert_eq!(
            (again["same"].as_bool(), &again["differs"]),
            (Some(true), &json!([])),
            "{again}"
        );
        assert_eq!((again["effect"].as_str(), again["code"].as_str()), (Some(effect), Some(code)));
        assert_eq!(again["grant_said"]["grant"], json!(nearest), "{again}");
        assert_eq!(again["answered"]["auditor"]["person"]["name"], "Noor Haddad");
        let body = json!({"call_id": id});
        let path = format!("{AT}/agents/invoice-bot/explain");
        assert_eq!(world.done(&path, body).await["code"], again["code"]);
    }
    let denied = world.get(&format!("{AT}/calls/{no}/explain")).await;
    assert_eq!(denied["arguments"], json!({"to": "x@elsewhere.example"}));
    assert_eq!(denied["grant_said"]["given_by"]["name"], "Mira Okafor");
    assert_eq!(denied["life"], json!("active"));
    world.check().await;
}

#[tokio::test]
async fn a_record_that_was_altered_does_not_come_out_the_same() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    granted(&world).await;
    let id = call(&world, &copy, 0, "send_message", json!({"to": "a@harborbooks.example"})).await;
    let mut stored = {
        let tenant = world.get(AT).await["tenant"].as_str().unwrap().parse().unwrap();
        world.lake.call(tenant, id.parse().unwrap()).await.unwrap().unwrap().record
    };
    stored.effect = Disposition::Blocked;
    stored.code = "DENY-0011".to_owned();
    stored.seq = 1;
    let forged = CallId::from_parts(stored.at, [99; 10]);
    let sealer = world.vault.sealer(Space::Tenant(stored.tenant)).await.unwrap();
    let plain = sealer.open(&stored.call.to_bytes(), &stored.inputs.arguments).unwrap();
    stored.inputs.arguments = sealer.seal(&forged.to_bytes(), plain.expose()).unwrap().into();
    stored.call = forged;
    world.lake.place(stored.tenant).await.unwrap().write_durable(stored).await.unwrap();
    let again = world.get(&format!("{AT}/calls/{forged}/explain")).await;
    assert_eq!(again["same"], false);
    assert_eq!(
        again["differs"],
        json!([
            "effect was deny and is permit when decided again",
            "code was DENY-0011 and is PERM-0001 when decided again",
        ])
    );
}

#[tokio::test]
async fn a_call_that_nobody_made_is_explained_as_of_any_moment() {
    let world = World::active().await;
    let before = world.desk.now();
    world.enroll("invoice-bot").await;
    let enrolled = world.desk.now();
    granted(&world).await;
    let path = format!("{AT}/agents/invoice-bot/explain");
    let ask = |to: &str, at: Option<String>| {
        let mut body = json!({"server": "mail", "method": "tools/call",
            "params": {"name": "send_message", "arguments": {"to": to}}});
        if let Some(at) = at {
            body["at"] = json!(at);
        }
        body
    };
    let inside = "ana@harborbooks.example";
    for (body, code) in [
        (ask(inside, None), "PERM-0001"),
        (ask("x@elsewhere.example", None), "DENY-0012"),
        (ask(inside, Some(enrolled.to_string())), "DENY-0011"),
        (ask(inside, Some(before.to_string())), "DENY-0011"),
        (ask(inside, Some("2020-01-01T00:00:00Z".to_owned())), "DENY-0001"),
        (json!({"server": "mail", "method": "tools/list"}), "PERM-0002"),
        (json!({"server": "files", "method": "initialize"}), "DENY-0010"),
        (
            json!({"server": "mail", "method": "resources/read", "params": {"uri": "x://1"}}),
            "DENY-0011",
        ),
    ] {
        let said = world.done(&path, body.clone()).await;
        assert_eq!(said["code"], code, "{body}: {said}");
        assert_eq!(said["same"], Value::Null);
        let early = body["at"] == json!(before.to_string());
        assert_eq!(said["supposed"].is_string(), early, "{said}");
    }
    for (body, field) in [
        (json!({}), "server"),
        (json!({"server": "mail"}), "method"),
        (json!({"server": "mail", "method": "tools/call"}), "params"),
        (json!({"server": "mail", "method": "tools/call", "params": {"x": 1}}), "params"),
        (json!({"call_id": "cal_01j9z3k4m5n6p7q8r9s0t1v2w3", "server": "mail"}), "call_id"),
    ] {
        let refused = world.post(&path, body).await;
        assert_eq!((refused.status.as_u16(), refused.json()["field"].as_str()), (400, Some(field)));
    }
    world.check().await;
}

#[tokio::test]
async fn calls_are_listed_sealed_and_proved() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    let grant = granted(&world).await;
    let mut ids = Vec::new();
    for seq in 0..5 {
        let to = if seq == 3 { "x@elsewhere.example" } else { "a@harborbooks.example" };
        ids.push(call(&world, &copy, seq, "send_message", json!({"to": to})).await);
    }
    let page = world.get("/calls?limit=2").await;
    assert_eq!(
        (&page["calls"][0]["call"], &page["calls"][1]["call"]),
        (&json!(ids[4]), &json!(ids[3]))
    );
    let next = world.get(&format!("/calls?limit=10&before={}", page["next"])).await;
    assert_eq!(next["calls"].as_array().unwrap().len(), 3);
    let denied = world.get("/calls?client=harbor-books&agent=invoice-bot&effect=blocked").await;
    assert_eq!(denied["calls"][0]["call"], json!(ids[3]));
    assert_eq!(denied["calls"][0]["agent_name"], "invoice-bot");

    assert_eq!(world.get(&format!("{AT}/calls/{}", ids[2])).await["seal"], Value::Null);
    let sealed = world.desk.seal_activity(false).await.unwrap();
    assert_eq!((sealed.seals, sealed.records, sealed.failed), (1, 5, 0));
    assert_eq!(world.desk.seal_activity(true).await.unwrap().seals, 0, "idempotent");
    let shown = world.get(&format!("{AT}/calls/{}", ids[2])).await;
    let (seal, ocsf) = (&shown["seal"], shown["record"].as_str().unwrap());
    let digest = |value: &Value| value.as_str().unwrap().parse::<Digest>().unwrap();
    assert_eq!(digest(&seal["leaf"]), leaf_hash(ocsf.as_bytes()));
    let path: Vec<Digest> = seal["path"].as_array().unwrap().iter().map(digest).collect();
    let index = seal["index"].as_u64().unwrap();
    assert!(verify_in_batch(ocsf.as_bytes(), index, 5, &path, &digest(&seal["root"])).is_ok());
    let line = world.get(&format!("{AT}/ledger/{}", seal["line"])).await;
    assert_eq!(line["kind"], "activity_sealed");
    assert_eq!(line["entry"]["fact"]["activity_sealed"]["root"], seal["root"]);

    let badge = world.get(&format!("{AT}/agents/invoice-bot")).await;
    assert_eq!(badge["grants"][0]["grant"], json!(grant));
    assert_eq!(badge["grants"][0]["used"]["count"], 4, "refused calls are no use of a grant");
    world.check().await;
}

#[tokio::test]
async fn live_calls_arrive_and_only_where_one_is_seated() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    granted(&world).await;
    let owner = world.get("/me").await["person"].as_str().unwrap().parse().unwrap();
    world.done("/clients", json!({"name": "Juniper Dental", "slug": "juniper"})).await;
    world.first("juniper", "Eve Lind").await;
    let eve = world.people.lock()["Eve Lind"].id.parse();
    let mut ours = Box::pin(world.desk.live_calls(Who::new(owner, Via::Console)));
    let mut theirs = Box::pin(world.desk.live_calls(Who::new(eve.unwrap(), Via::Console)));
    let id = call(&world, &copy, 0, "send_message", json!({"to": "a@harborbooks.example"})).await;
    let row = ours.next().await.unwrap();
    assert_eq!((row.call.to_string(), row.client.slug.as_str()), (id, "harbor-books"));
    assert!(futures_util::poll!(theirs.next()).is_pending(), "nothing of another client");
    // A stream ends with its session.
    let browser = world.sign_in("Dana Cole").await;
    let session = world.desk.session(&browser.headers_bare()).await.unwrap().unwrap();
    let mut hers = Box::pin(world.desk.live_calls(session.who));
    call(&world, &copy, 1, "send_message", json!({"to": "a@harborbooks.example"})).await;
    assert!(hers.next().await.is_some());
    world.desk.sign_out(&session);
    call(&world, &copy, 2, "send_message", json!({"to": "a@harborbooks.example"})).await;
    assert!(hers.next().await.is_none(), "signed out");
    let live = world.send(world.request(Method::GET, "/status", None)).await;
    assert_eq!(live.status, 200);
}

#[tokio::test]
async fn a_life_of_an_agent_is_kept_in_its_explanation() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    granted(&world).await;
    world.done(&format!("{AT}/agents/invoice-bot/hold"), json!({"reason": "Month end"})).await;
    let id = call(&world, &copy, 0, "send_message", json!({"to": "a@harborbooks.example"})).await;
    world.done(&format!("{AT}/agents/invoice-bot/release"), json!({})).await;
    let again = world.get(&format!("{AT}/calls/{id}/explain")).await;
    assert_eq!((again["same"].as_bool(), again["code"].as_str()), (Some(true), Some("DENY-0003")));
    let held = Life::Held { reason: "Month end".to_owned() };
    assert_eq!(again["life"], serde_json::to_value(held).unwrap());
}

#[tokio::test]
async fn a_token_from_before_a_stop_is_explained_with_its_own_epoch() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    granted(&world).await;
    let tenant: TenantId = world.get(AT).await["tenant"].as_str().unwrap().parse().unwrap();
    let agent = || async {
        let view = world.tenants.view(tenant).await.unwrap();
        view.state.agents[&view.state.instances[&copy.id].agent].epoch
    };
    let old = agent().await;
    for (path, body) in [("quarantine", json!({"reason": "Odd calls"})), ("release", json!({}))] {
        world.done(&format!("{AT}/agents/invoice-bot/{path}"), body).await;
    }
    let new = agent().await;
    assert!(old < new, "a quarantine raises the epoch");
    let to = json!({"to": "a@harborbooks.example"});
    let stale = call_with(&world, (&copy, Some(old)), 0, "send_message", to.clone()).await;
    let fresh = call_with(&world, (&copy, Some(new)), 1, "send_message", to.clone()).await;
    // One that no stop explains: the record's own epoch is what is judged, not a guess from its code.
    let ahead = call_with(&world, (&copy, Some(new + 7)), 2, "send_message", to).await;
    for (id, code) in [(stale, "DENY-0007"), (fresh, "PERM-0001"), (ahead, "DENY-0007")] {
        let again = world.get(&format!("{AT}/calls/{id}/explain")).await;
        assert_eq!((again["same"].as_bool(), again["code"].as_str()), (Some(true), Some(code)));
    }
    let mut forged = {
        let id = call_with(&world, (&copy, Some(old)), 3, "list", json!({})).await;
        world.lake.call(tenant, id.parse().unwrap()).await.unwrap().unwrap().record
    };
    forged.inputs.epoch = new;
    forged.seq = 4;
    let id = CallId::from_parts(forged.at, [77; 10]);
    let sealer = world.vault.sealer(Space::Tenant(tenant)).await.unwrap();
    let plain = sealer.open(&forged.call.to_bytes(), &forged.inputs.arguments).unwrap();
    forged.inputs.arguments = sealer.seal(&id.to_bytes(), plain.expose()).unwrap().into();
    forged.call = id;
    world.lake.place(forged.tenant).await.unwrap().write_durable(forged).await.unwrap();
    let again = world.get(&format!("{AT}/calls/{id}/explain")).await;
    assert_eq!(again["same"], false, "{again}");
    world.check().await;
}

#[tokio::test]
async fn an_agent_without_a_copy_is_judged_on_its_grants() {
    let world = World::active().await;
    let grant = granted(&world).await;
    let path = format!("{AT}/agents/invoice-bot/explain");
    let ask = |to: &str| {
        json!({"server": "mail", "method": "tools/call",
            "params": {"name": "send_message", "arguments": {"to": to}}})
    };
    let said = world.done(&path, ask("a@harborbooks.example")).await;
    assert_eq!((&said["code"], &said["grant"]), (&json!("PERM-0001"), &json!(grant)));
    assert_eq!(
        said["supposed"],
        "no instance of invoice-bot is enrolled: until one is, a real call is refused (DENY-0006)"
    );
    let said = world.done(&path, ask("x@elsewhere.example")).await;
    assert_eq!(said["code"], "DENY-0012");
    let copy = world.enroll("invoice-bot").await;
    let said = world.done(&path, ask("a@harborbooks.example")).await;
    assert_eq!((&said["code"], &said["supposed"]), (&json!("PERM-0001"), &Value::Null));
    world.done(&format!("{AT}/instances/{}/end", copy.id), json!({"reason": "Sold"})).await;
    let said = world.done(&path, ask("a@harborbooks.example")).await;
    assert!(said["supposed"].is_string(), "an ended copy is none");
    world.done(&format!("{AT}/agents/invoice-bot/hold"), json!({"reason": "Month end"})).await;
    let said = world.done(&path, ask("a@harborbooks.example")).await;
    assert_eq!((&said["code"], &said["supposed"]), (&json!("DENY-0003"), &Value::Null));
}
