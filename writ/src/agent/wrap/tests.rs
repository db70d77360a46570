//! A small stdio server of the test's own, wrapped, with a gateway that decides.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, DuplexStream, Lines};
use writ_testkit::TempDir;

use super::*;
use crate::agent::fake::Fake;

/// Answers each request with its tool's name; `slow` never answers; writes what it received to the file named.
const SERVER: &str = r#"
import json, sys, os
log = open(sys.argv[1], "a", buffering=1)
log.write("pid %d\n" % os.getpid())
for line in sys.stdin:
    log.write(line)
    message = json.loads(line)
    if "id" not in message or "method" not in message:
        continue
    if message["method"] == "tools/list":
        result = {"tools": [{"name": "allowed"}, {"name": "forbidden"}]}
    else:
        result = {"name": message.get("params", {}).get("name")}
    if message.get("params", {}).get("name") == "slow":
        continue
    print("not json", flush=True)
    print(json.dumps({"jsonrpc": "2.0", "id": 99999, "result": {}}), flush=True)
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

struct Scene {
    fake: Arc<Fake>,
    input: DuplexStream,
    output: Lines<BufReader<DuplexStream>>,
    running: tokio::task::JoinHandle<Result<(), Fault>>,
    folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let fake = Fake::start(None).await;
        let gate = Gate::new(fake.carrier(), &fake.base, "local");
        Self::with(fake, gate)
    }

    fn with(fake: Arc<Fake>, gate: Gate) -> Self {
        let folder = TempDir::new().unwrap();
        let log = folder.path().join("log").display().to_string();
        let command: Vec<String> =
            ["python3", "-c", SERVER, &log].iter().map(ToString::to_string).collect();
        let (input, inside) = tokio::io::duplex(1 << 16);
        let (outside, output) = tokio::io::duplex(1 << 16);
        let running = tokio::spawn(async move {
            let stdio = (BufReader::new(inside), outside);
            run(gate, &command, stdio, CancellationToken::new()).await
        });
        Self { fake, input, output: BufReader::new(output).lines(), running, folder }
    }

    async fn ask(&mut self, id: u64, method: &str, params: Value) -> Value {
        self.say(id, method, params).await;
        self.hear().await
    }

    async fn say(&mut self, id: u64, method: &str, params: Value) {
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(5), self.output.next_line());
        serde_json::from_str(&line.await.unwrap().unwrap().unwrap()).unwrap()
    }

    fn received(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

#[tokio::test]
async fn each_request_is_decided_and_lists_are_filtered() {
    let mut scene = Scene::new().await;
    let answer = scene.ask(1, "tools/call", json!({"name": "allowed"})).await;
    assert_eq!(answer["result"]["name"], "allowed");
    let answer = scene.ask(2, "tools/call", json!({"name": "forbidden"})).await;
    assert_eq!(
        answer,
        json!({"jsonrpc": "2.0", "id": 2,
        "error": {"code": -32001, "message": "no grant covers `forbidden`"}})
    );
    let answer = scene.ask(3, "tools/list", json!({})).await;
    assert_eq!(answer["result"], json!({"tools": [{"name": "allowed"}]}));
    assert!(scene.received().contains("allowed"));
    assert!(!scene.received().contains("forbidden"), "{}", scene.received());
    let Scene { input, running, fake, .. } = scene;
    drop(input);
    running.await.unwrap().unwrap();
    let asked = fake.asked.lock();
    let outcomes: Vec<&Value> =
        asked.iter().filter(|(what, _)| what == "outcome").map(|(_, body)| body).collect();
    assert_eq!(outcomes.len(), 2);
    assert_eq!(outcomes[0]["call_id"], "cal_1");
    assert_eq!(outcomes[0]["ok"], true);
}

#[tokio::test]
async fn an_ended_agent_loses_its_server_at_once() {
    let mut scene = Scene::new().await;
    scene.ask(1, "tools/call", json!({"name": "allowed"})).await;
    scene.say(2, "tools/call", json!({"name": "slow"})).await;
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    while !scene.received().contains("slow") {
        ticks.tick().await;
    }
    let text = scene.received();
    let pid = text.lines().next().unwrap().strip_prefix("pid ").unwrap();
    assert!(std::path::Path::new(&format!("/proc/{pid}")).exists());
    scene.fake.ended.send_replace(Some("it misbehaved".to_owned()));
    let answer = scene.hear().await;
    assert_eq!(answer["id"], 2);
    assert!(answer["error"]["message"].as_str().unwrap().contains("it misbehaved"));
    assert_eq!(scene.running.await.unwrap().unwrap_err().exit, Exit::Ended);
    for _ in 0..200 {
        let gone = std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .map_or(true, |stat| stat.contains(") Z "));
        if gone {
            return;
        }
        ticks.tick().await;
    }
    panic!("the server lives");
}

/// Notices that its input ended, and lives on.
const LINGERS: &str = r#"
import sys, time
sys.stdin.read()
open(sys.argv[1], "w").close()
time.sleep(60)
"#;

#[tokio::test]
async fn a_server_that_lingers_is_ended_when_its_client_asks_once_more() {
    let fake = Fake::start(None).await;
    let gate = Gate::new(fake.carrier(), &fake.base, "local");
    let folder = TempDir::new().unwrap();
    let left = folder.path().join("left");
    let command = ["python3", "-c", LINGERS, left.to_str().unwrap()].map(str::to_owned);
    let (input, inside) = tokio::io::duplex(1 << 16);
    let (outside, _output) = tokio::io::duplex(1 << 16);
    let stop = CancellationToken::new();
    let told = stop.clone();
    let running =
        tokio::spawn(
            async move { run(gate, &command, (BufReader::new(inside), outside), told).await },
        );
    drop(input);
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    while !left.exists() {
        ticks.tick().await;
    }
    stop.cancel();
    let ended = tokio::time::timeout(child::GRACE / 2, running).await;
    ended.expect("it waited for the server").unwrap().unwrap();
}

#[tokio::test]
async fn without_a_gateway_everything_is_refused() {
    let fake = Fake::start(None).await;
    let nowhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", nowhere.local_addr().unwrap());
    drop(nowhere);
    let mut file = fake.key_file();
    file.instance.gateway.clone_from(&base);
    file.instance.token_endpoint = format!("{base}/oauth/token");
    let holder = crate::agent::Holder::new(
        file,
        crate::net::Http::new(),
        Arc::new(crate::system::SystemClock),
        Arc::new(crate::system::SystemEntropy),
    );
    let carrier = crate::carry::Carrier::new(crate::net::Http::new(), Arc::new(holder));
    let mut scene = Scene::with(fake, Gate::new(carrier, &base, "local"));
    let answer = scene.ask(1, "tools/call", json!({"name": "allowed"})).await;
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("writ up"), "{message}");
    assert!(!scene.received().contains("allowed"));
}

#[tokio::test]
async fn a_command_that_is_not_there_says_so() {
    let fake = Fake::start(None).await;
    let gate = Gate::new(fake.carrier(), &fake.base, "local");
    let (input, output) = tokio::io::duplex(64);
    let command = ["/nonexistent/server".to_owned()];
    let stdio = (BufReader::new(input), output);
    let fault = run(gate, &command, stdio, CancellationToken::new()).await.unwrap_err();
    assert_eq!(fault.exit, Exit::Unreachable);
    assert!(fault.cure.unwrap().contains("PATH"));
}
