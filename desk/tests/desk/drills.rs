//! Drills: the end of an agent rehearsed on a shadow, every step seen, written down, proven.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use axum::http::Method;
use bytes::Bytes;
use serde_json::{Value, json};
use writ_authority::{Command, Entry, Fact, Life, State, fact::TerminationConfirmed};
use writ_desk::{
    AfterEnd, Desk, NotPlayed, Part, RefusedCall, Rehearse, Rogue, Seen, view::DrillFile,
};
use writ_evidence::{leaf_hash, merkle::verify_inclusion};
use writ_identity::{AgentKey, jws};
use writ_lake::{Activity, Inputs, Record};
use writ_model::{
    AgentId, BootId, CallId, GatewayId, InstanceId, Span, TenantId, ocsf::Disposition,
};
use writ_store::Tenants;
use writ_testkit::FakeClock;

use crate::world::{OneGateway, World};

const AT: &str = "/clients/harbor-books";

/// An agent gone wrong beside a gateway that does what a gateway does.
#[derive(Debug, Clone)]
struct Played {
    desk: Desk,
    lake: Arc<Activity>,
    tenants: Arc<Tenants<State>>,
    clock: Arc<FakeClock>,
    tenant: TenantId,
    gateway: GatewayId,
    /// The gateway writes its records.
    records: Arc<AtomicBool>,
    /// The gateway refuses what is ended.
    refuses: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Inside {
    played: Played,
    shadow: AgentId,
    instance: InstanceId,
}

impl Inside {
    fn seen(&self, refused: bool, words: &str) -> Seen {
        let at_us = writ_model::Clock::monotonic_micros(self.played.clock.as_ref());
        Seen { gateway: Some(self.played.gateway), at_us, refused, words: words.to_owned() }
    }
}

#[async_trait]
impl Rehearse for Played {
    async fn enter(&self, part: Part) -> Result<Box<dyn Rogue>, NotPlayed> {
        assert_eq!(part.gateways.len(), 1);
        assert!(!part.server.is_empty());
        let code = part.code.expose().clone();
        let key = AgentKey::generate().unwrap();
        let proof = jws::sign(&key, writ_desk::PROOF_TYPE, code.as_bytes()).unwrap();
        let jwk: Value = serde_json::from_str(&key.jwk().to_json()).unwrap();
        let body = json!({"code": code, "jwk": jwk, "label": "drill", "proof": proof});
        let done = self.desk.enroll(serde_json::from_value(body).unwrap()).await;
        let done = done.map_err(|why| NotPlayed(why.to_string()))?;
        assert_eq!(done.agent, part.shadow);
        self.clock.advance(Span::millis(20));
        Ok(Box::new(Inside { played: self.clone(), shadow: part.shadow, instance: done.client_id }))
    }
}

#[async_trait]
impl Rogue for Inside {
    fn instance(&self) -> InstanceId {
        self.instance
    }

    fn streams(&self) -> u32 {
        1
    }

    async fn misbehave(&mut self) -> Result<RefusedCall, NotPlayed> {
        let played = &self.played;
        played.clock.advance(Span::millis(3));
        let at = played.desk.now();
        let call = CallId::from_parts(at, [5; 10]);
        let view = played.tenants.view(played.tenant).await.unwrap();
        let record = Record {
            call,
            tenant: played.tenant,
            gateway: played.gateway,
            boot: BootId::from_bytes([9; 16]),
            seq: u64::try_from(view.state.drills.len()).unwrap(),
            at,
            agent: self.shadow,
            instance: self.instance,
            server: "mail".to_owned(),
            method: "tools/call".to_owned(),
            surface: "tool".to_owned(),
            name: "exfiltrate".to_owned(),
            effect: Disposition::Blocked,
            code: "DENY-0011".to_owned(),
            detail: "no grant covers it".to_owned(),
            grant: None,
            latency_us: 90,
            ocsf: Bytes::from_static(b"{}"),
            inputs: Inputs { tree_size: view.size, ..Inputs::default() },
        };
        if played.records.load(Ordering::SeqCst) {
            played.lake.place(record.tenant).await.unwrap().write_durable(record).await.unwrap();
        }
        Ok(RefusedCall { seen: self.seen(true, "DENY-0011"), call: Some(call) })
    }

    async fn watch_end(&mut self, _: u64) -> AfterEnd {
        let played = &self.played;
        let view = played.tenants.view(played.tenant).await.unwrap();
        let ended = matches!(view.state.agents[&self.shadow].life, Life::Terminated { .. });
        let refuses = played.refuses.load(Ordering::SeqCst) && ended;
        played.clock.advance(Span::millis(7));
        if refuses {
            let word = TerminationConfirmed {
                agent: self.shadow,
                gateway: played.gateway,
                boot: BootId::from_bytes([9; 16]),
                tokens_refused_us: 300,
                last_cut_us: 400,
                streams: 1,
                calls: 0,
                children: 0,
            };
            let confirm = Command::ConfirmTermination(word);
            played.desk.write_for_gateway(played.tenant, confirm).await.unwrap();
        }
        AfterEnd {
            streams: vec![self.seen(refuses, "cut")],
            calls: vec![self.seen(refuses, "DENY-0005")],
            token: self.seen(refuses, "invalid_client"),
        }
    }
}

/// Something that ends in the middle of a drill.
#[derive(Debug)]
struct Dies;

#[async_trait]
impl Rehearse for Dies {
    async fn enter(&self, _: Part) -> Result<Box<dyn Rogue>, NotPlayed> {
        panic!("the process ends")
    }
}

async fn drillable(world: &World) -> Played {
    let grant = json!({"subject": {"agent": "invoice-bot"}, "server": "mail", "surface": "tool",
        "name": "send_message", "reason": "It answers suppliers"});
    world.done(&format!("{AT}/grants"), grant).await;
    let gateway = GatewayId::from_bytes([4; 16]);
    world.desk.set_fleet(Arc::new(OneGateway(gateway)));
    let played = Played {
        desk: world.desk.clone(),
        lake: Arc::clone(&world.lake),
        tenants: Arc::clone(&world.tenants),
        clock: Arc::clone(&world.clock),
        tenant: world.tenant("harbor-books").await,
        gateway,
        records: Arc::new(AtomicBool::new(true)),
        refuses: Arc::new(AtomicBool::new(true)),
    };
    world.desk.set_rehearse(Arc::new(played.clone()));
    played
}

fn step<'v>(drill: &'v Value, name: &str) -> &'v Value {
    let steps = drill["steps"].as_array().unwrap();
    steps.iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("{name}: {drill}"))
}

#[tokio::test]
async fn a_drill_ends_a_shadow_and_proves_every_step() {
    let world = World::active().await;
    let played = drillable(&world).await;
    let page = world.get(&format!("{AT}/drills")).await;
    assert_eq!((&page["rows"], &page["overdue"]), (&json!([]), &json!(false)));
    assert_eq!(page["would_take"]["name"], "invoice-bot");
    let real = world.get(&format!("{AT}/agents/invoice-bot")).await;
    let due = async || {
        let queue = world.get("/queue").await;
        let items = queue["items"].as_array().unwrap();
        items.iter().filter(|one| one["ask"] == "drill_due").count()
    };
    assert_eq!(due().await, 0);
    world.clock.advance(Span::days(91));
    assert_eq!(due().await, 1, "agents act, and nobody ever rehearsed ending one");
    let drill = world.done(&format!("{AT}/drills"), json!({})).await;
    assert_eq!(drill["state"], "passed", "{drill}");
    assert_eq!(drill["agent_name"], "invoice-bot");
    for name in [
        "choose",
        "enroll",
        "misbehave",
        "notice",
        "decide",
        "revoke",
        "refuse",
        "cut",
        "confirm",
        "tell",
    ] {
        assert_eq!(step(&drill, name)["ok"], true, "{name}");
    }
    assert!(step(&drill, "decide")["words"].as_str().unwrap().contains("Dana Cole"));
    assert!(drill["chosen"].as_str().unwrap().contains("reach farthest"));
    assert_eq!(step(&drill, "enroll")["took_us"], 20_000, "a clock that never steps");
    assert_eq!((&drill["end_us"], &drill["within_ours"]), (&json!(7_000), &json!(true)));
    assert_eq!((&drill["mark_us"], &drill["within_mark"]), (&json!(60_000_000), &json!(true)));
    // The real agent was not touched, and no shadow is left among the agents.
    let after = world.get(&format!("{AT}/agents/invoice-bot")).await;
    for field in ["life", "life_since", "instances", "grants"] {
        assert_eq!(after[field], real[field], "{field}");
    }
    let agents = world.get(&format!("{AT}/agents")).await;
    let names: Vec<&Value> = agents.as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, [&json!("invoice-bot")], "shadows are in no list");
    let state = world.tenants.view(played.tenant).await.unwrap();
    let shadow: AgentId = drill["shadow"].as_str().unwrap().parse().unwrap();
    assert!(matches!(state.state.agents[&shadow].life, Life::Terminated { .. }));
    assert_eq!(due().await, 0);
    let page = world.get(&format!("{AT}/drills")).await;
    assert_eq!(page["rows"][0]["drill"], drill["drill"]);
    assert!(page["next_due"].as_str().unwrap() > page["at"].as_str().unwrap());

    // The file proves it: each line is in the signed log, and the result is what the line says.
    let path = format!("{AT}/drills/{}/file", drill["drill"].as_str().unwrap());
    let file: DrillFile = serde_json::from_value(world.get(&path).await).unwrap();
    let text = file.checkpoint.lines().nth(2).unwrap().to_owned();
    let root: [u8; 32] = {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        STANDARD.decode(text).unwrap().try_into().unwrap()
    };
    let all = [&file.line, &file.begun, &file.founding].into_iter().chain(&file.ended);
    for line in all {
        let leaf = leaf_hash(line.bytes.as_bytes());
        let root = writ_model::Digest(root);
        verify_inclusion(&leaf, line.index, file.size, &line.path, &root).unwrap();
    }
    let done = Entry::from_line(file.line.bytes.as_bytes()).unwrap().fact;
    let Fact::DrillDone(result) = done else { panic!("{}", file.line.bytes) };
    assert_eq!(*result, file.result);
    assert_eq!(file.ended.len(), 2, "its end, and the gateway's word");
    world.check().await;
}

#[tokio::test]
async fn what_does_not_refuse_fails_the_drill() {
    let world = World::active().await;
    let played = drillable(&world).await;
    played.refuses.store(false, Ordering::SeqCst);
    let drill = world.done(&format!("{AT}/drills"), json!({"agent": "invoice-bot"})).await;
    assert_eq!(drill["state"], "failed", "{drill}");
    assert_eq!(step(&drill, "refuse")["ok"], false);
    assert_eq!(step(&drill, "confirm")["ok"], false);
    assert!(drill["says"].as_str().unwrap().contains("not refused"), "{}", drill["says"]);
    assert_eq!(drill["chosen"], "It was named.");
    world.check().await;
}

#[tokio::test]
async fn a_refusal_that_nobody_sees_fails_the_drill() {
    let world = World::active().await;
    let played = drillable(&world).await;
    played.records.store(false, Ordering::SeqCst);
    let drill = world.done(&format!("{AT}/drills"), json!({})).await;
    assert_eq!((&drill["state"], &step(&drill, "notice")["ok"]), (&json!("failed"), &json!(false)));
    world.check().await;
}

#[tokio::test]
async fn a_drill_is_refused_where_it_would_show_nothing_and_never_ends_the_real_one_unsigned() {
    let world = World::active().await;
    let path = format!("{AT}/drills");
    let refused = world.post_bare(&path, json!({})).await;
    assert_eq!(refused.json()["code"], "DESK-0021", "no grant: {}", refused.json());
    drillable(&world).await;
    world.done(&format!("{AT}/agents/invoice-bot/hold"), json!({"reason": "Month end"})).await;
    let refused = world.post_bare(&path, json!({"agent": "invoice-bot"})).await;
    assert_eq!(refused.json()["code"], "DESK-0021", "{}", refused.json());
    world.done(&format!("{AT}/agents/invoice-bot/release"), json!({})).await;
    let noor = world.sign_in("Noor Haddad").await;
    let refused = world.ask_as(&noor, Method::POST, &path, Some(&json!({}))).await;
    assert_eq!(refused.json()["code"], "AUTH-0003");
    // Live: who may not end it is refused before anything; who may is asked to sign.
    let live = json!({"agent": "invoice-bot", "live": true});
    let tom = world.sign_in("Tom Reyes").await;
    let refused = world.ask_as(&tom, Method::POST, &path, Some(&live)).await;
    assert!(refused.json()["code"].as_str().unwrap().starts_with("AUTH-"), "{}", refused.json());
    assert_eq!(world.get(&path).await["rows"], json!([]));
    let dana = world.sign_in("Dana Cole").await;
    let asked = world.ask_as(&dana, Method::POST, &path, Some(&live)).await;
    assert_eq!(asked.json()["code"], "DESK-0011", "{}", asked.json());
    assert!(asked.json()["signing"]["title"].as_str().unwrap().contains("invoice-bot"));
    let bot = world.get(&format!("{AT}/agents/invoice-bot")).await;
    assert_eq!(bot["life"], "active", "the real one lives until it is signed");
    assert_eq!(world.get(&path).await["rows"].as_array().unwrap().len(), 1);
    world.check().await;
}

#[tokio::test]
async fn what_a_restart_left_of_a_drill_is_ended_by_the_sweep() {
    let world = World::active().await;
    let played = drillable(&world).await;
    // Began, and then nothing: as after a crash.
    world.desk.set_rehearse(Arc::new(Dies));
    let died = world.post_bare(&format!("{AT}/drills"), json!({})).await;
    assert_eq!(died.json()["code"], "DESK-0099");
    let page = world.get(&format!("{AT}/drills")).await;
    let drill = page["rows"][0]["drill"].as_str().unwrap();
    let shadow: AgentId = page["rows"][0]["shadow"].as_str().unwrap().parse().unwrap();
    let path = format!("{AT}/drills/{drill}");
    assert_eq!(world.get(&path).await["state"], "running");
    world.desk.sweep().await.unwrap();
    assert_eq!(world.get(&path).await["state"], "running", "it may still run");
    world.clock.advance(Span::minutes(6));
    assert_eq!(world.get(&path).await["state"], "broken_off");
    world.desk.sweep().await.unwrap();
    let swept = world.get(&path).await;
    assert_eq!(swept["state"], "failed", "{swept}");
    assert_eq!(swept["says"], "It failed: Writ was stopped while it ran.");
    let state = world.tenants.view(played.tenant).await.unwrap();
    assert!(matches!(state.state.agents[&shadow].life, Life::Terminated { .. }));
    assert_eq!(world.get(&format!("{AT}/agents/invoice-bot")).await["life"], "active");
    world.check().await;
}
