//! Lines in, lines out, against a gateway that checks proofs and a real MCP server behind it.

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines};
use writ_testkit::TempDir;

use super::*;
use crate::{
    agent::{connect::listen::Listening, fake::Fake},
    carry::Open,
    demo::servers::Servers,
    mcp::Client,
    net::Http,
    system::{SystemClock, SystemEntropy},
};

struct Scene {
    fake: Arc<Fake>,
    input: DuplexStream,
    output: Lines<BufReader<DuplexStream>>,
    running: tokio::task::JoinHandle<Result<(), Fault>>,
    folder: TempDir,
    _servers: Servers,
}

impl Scene {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let log = folder.path().join("upstream.ndjson");
        let servers =
            Servers::start(&log, Arc::new(SystemClock), Arc::new(SystemEntropy)).await.unwrap();
        let fake = Fake::start(Some(&servers)).await;
        let (input, inside) = tokio::io::duplex(1 << 16);
        let (outside, output) = tokio::io::duplex(1 << 16);
        let running = tokio::spawn(run(
            fake.carrier(),
            fake.uri("/mcp/files"),
            BufReader::new(inside),
            outside,
        ));
        let output = BufReader::new(output).lines();
        Self { fake, input, output, running, folder, _servers: servers }
    }

    async fn say(&mut self, message: Value) {
        self.input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(5), self.output.next_line());
        serde_json::from_str(&line.await.unwrap().unwrap().unwrap()).unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("upstream.ndjson")).unwrap()
    }
}

fn call(id: &Value, tool: &str, arguments: &Value, modern: bool) -> Value {
    let mut meta = json!({"progressToken": 1});
    if modern {
        meta["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
        meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    }
    let params = json!({"name": tool, "arguments": arguments, "_meta": meta});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
}

#[tokio::test]
async fn a_session_runs_from_initialize_to_delete() {
    let mut scene = Scene::new().await;
    let params = json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"},
    });
    scene.say(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})).await;
    assert_eq!(scene.hear().await["result"]["protocolVersion"], "2025-11-25");
    scene.say(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    scene.say(call(&json!("é"), "list_files", &json!({}), false)).await;
    let answer = scene.hear().await;
    assert_eq!(answer["id"], "é");
    assert_eq!(answer["result"]["isError"], false);
    scene.say(call(&json!(9), "watch", &json!({"seconds": 60}), false)).await;
    assert_eq!(scene.hear().await["method"], "notifications/progress");
    let cancel = json!({"requestId": 9});
    scene
        .say(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel}))
        .await;
    loop {
        let heard = scene.hear().await;
        if heard["id"] == 9 {
            assert!(heard["error"]["message"].as_str().unwrap().contains("cut"), "{heard}");
            break;
        }
    }
    scene.input.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2}\n").await.unwrap();
    assert_eq!(scene.hear().await["error"]["code"], code::PARSE);
    let Scene { input, running, .. } = scene;
    drop(input);
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_stateless_revision_cancels_by_leaving() {
    let mut scene = Scene::new().await;
    scene.say(call(&json!(1), "watch", &json!({"seconds": 60}), true)).await;
    assert_eq!(scene.hear().await["method"], "notifications/progress");
    let cancel = json!({"requestId": 1});
    scene
        .say(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel}))
        .await;
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let mut cut = false;
    for _ in 0..300 {
        ticks.tick().await;
        cut = scene.log().contains(r#""how":"cut""#);
        if cut {
            break;
        }
    }
    assert!(cut, "{}", scene.log());
    assert!(!scene.log().contains("notifications/cancelled"));
}

#[tokio::test]
async fn an_ended_agent_is_told_why_and_the_exit_says_so() {
    let mut scene = Scene::new().await;
    scene.say(call(&json!(1), "list_files", &json!({}), true)).await;
    assert!(scene.hear().await["result"].is_object());
    scene.fake.ended.send_replace(Some("it misbehaved".to_owned()));
    scene.say(call(&json!(2), "list_files", &json!({}), true)).await;
    let answer = scene.hear().await;
    assert_eq!(answer["id"], 2);
    assert!(answer["error"]["message"].as_str().unwrap().contains("it misbehaved"), "{answer}");
    let Scene { input, running, .. } = scene;
    drop(input);
    assert_eq!(running.await.unwrap().unwrap_err().exit, Exit::Ended);
}

#[tokio::test]
async fn a_loopback_port_adds_the_proof_and_refuses_strangers() {
    let scene = Scene::new().await;
    let listening = Listening::open("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let base = format!("http://{}", listening.address());
    let stop = CancellationToken::new();
    let (carrier, uri) = (scene.fake.carrier(), scene.fake.uri("/mcp/files"));
    let serving = tokio::spawn(listening.serve(carrier, uri, stop.clone()));
    for revision in [Revision::V2025, Revision::V2026] {
        let plain = Carrier::new(Http::new(), Arc::new(Open));
        let uri: Uri = format!("{base}/mcp").parse().unwrap();
        let client = Client::connect(plain, uri, revision, "plain").await.unwrap();
        let files = client.call_tool("list_files", json!({})).await.unwrap();
        assert_eq!(files["isError"], false);
        client.close().await.unwrap();
    }
    for (header, value, status) in [
        ("host", "evil.example", StatusCode::FORBIDDEN),
        ("origin", "http://evil.example", StatusCode::FORBIDDEN),
        ("origin", "null", StatusCode::FORBIDDEN),
        // Let in, and refused for what the protocol asks of whoever sends something.
        ("origin", "http://localhost:3000", StatusCode::NOT_ACCEPTABLE),
    ] {
        let request = http::Request::post(format!("{base}/mcp")).header(header, value);
        let request = request.body(http_body_util::Full::from("[]")).unwrap();
        assert_eq!(Http::new().send(request).await.unwrap().status(), status, "{header}: {value}");
    }
    assert!(Listening::open("0.0.0.0:0".parse().unwrap()).await.is_err());
    stop.cancel();
    serving.await.unwrap().unwrap();
}
