//! CPU microseconds of the gateway per authorised `tools/call`, all in one process, by the time of its own threads:
//! `cargo run --release -p writ-gateway --example call_cost [REQUESTS]`. The paired measurement against a rival is
//! `cargo xtask bench gateway`; this one is for finding where the time goes.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "an example that measures")]
#![expect(clippy::disallowed_methods, clippy::panic, reason = "an example that measures")]
#![expect(clippy::indexing_slicing, reason = "an example that measures")]

#[expect(dead_code, unused_imports, reason = "the tests use all of it")]
#[path = "../tests/road/world.rs"]
mod world;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{client::conn::http1 as client, server::conn::http1 as server, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
};
use world::{Agent, Says, World};
use writ_authority::{ArgRule, Condition};
use writ_gateway::{Place, Server, Target};

const CONNECTIONS: usize = 8;
const AGENTS: u8 = 40;

fn runtime(name: &str) -> Runtime {
    Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build().unwrap()
}

/// Nanoseconds of CPU by thread name.
fn cpu(names: &[&str]) -> Vec<u64> {
    let mut out = vec![0; names.len()];
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let comm = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        let stat = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let nanos: u64 = stat.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
        if let Some(at) = names.iter().position(|name| comm.trim().starts_with(name)) {
            out[at] += nanos;
        }
    }
    out
}

async fn upstream() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let service = service_fn(|request: Request<hyper::body::Incoming>| async move {
                request.into_body().collect().await?;
                let text = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"ok"}]}}"#;
                let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
                let kind = "application/json".parse().unwrap();
                response.headers_mut().insert("content-type", kind);
                Ok::<_, hyper::Error>(response)
            });
            tokio::spawn(server::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

async fn prepare(address: std::net::SocketAddr) -> (World, Vec<Agent>) {
    let target = Target::parse(&format!("http://{address}/mcp")).unwrap();
    let server = Server { name: "mail".to_owned(), client: None, at: Place::Http(target) };
    let world = World::new(vec![server]).await;
    let mut agents = Vec::new();
    for number in 1..=AGENTS {
        let agent = world.agent(number).await;
        let must = Condition::Domains(vec!["good.example".to_owned()]);
        let rules = vec![ArgRule { path: "/to".to_owned(), must, optional: false }];
        world.grant(&agent, Says { rules, ..Says::tool("mail", "send_message") }).await;
        for other in 0..19 {
            world.grant(&agent, Says::tool("mail", &format!("tool_{other}"))).await;
        }
        agents.push(agent);
    }
    (world, agents)
}

const BODY: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send_message","arguments":{"to":"ann@good.example","subject":"hello","body":"how are you"}}}"#;

async fn requests(world: &World, agents: &[Agent], count: usize) -> Vec<Request<Full<Bytes>>> {
    world.headers(&agents[0], "POST", "/mcp/mail").await;
    let url = world.url("/mcp/mail");
    let tokens: Vec<_> = agents.iter().map(|agent| world.token(agent, &url)).collect();
    (0..count)
        .map(|at| {
            let (agent, token) = (&agents[at % agents.len()], &tokens[at % agents.len()]);
            Request::builder()
                .method(Method::POST)
                .uri("/mcp/mail")
                .header("host", world.gateway.local_addr().to_string())
                .header("content-type", "application/json")
                .header("accept", "application/json, text/event-stream")
                .header("mcp-protocol-version", "2025-11-25")
                .header("authorization", format!("DPoP {token}"))
                .header("dpop", world.proof(&agent.key, "POST", &url, token))
                .body(Full::new(Bytes::from_static(BODY.as_bytes())))
                .unwrap()
        })
        .collect()
}

async fn load(to: std::net::SocketAddr, mut requests: Vec<Request<Full<Bytes>>>) -> usize {
    let share = requests.len().div_ceil(CONNECTIONS);
    let mut tasks = Vec::new();
    while !requests.is_empty() {
        let part = requests.split_off(requests.len().saturating_sub(share));
        tasks.push(tokio::spawn(async move {
            let stream = TcpStream::connect(to).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let mut good = 0;
            for request in part {
                let response = sender.send_request(request).await.unwrap();
                let status = response.status();
                let body = response.into_body().collect().await.unwrap().to_bytes();
                good += usize::from(status == 200 && body.windows(6).any(|part| part == b"result"));
            }
            good
        }));
    }
    let mut good = 0;
    for task in tasks {
        good += task.await.unwrap();
    }
    good
}

fn main() {
    let count = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let (gateway, up, clients) = (runtime("gateway"), runtime("upstream"), runtime("clients"));
    let address = up.block_on(async { tokio::spawn(upstream()).await.unwrap() });
    let (world, agents) =
        gateway.block_on(async move { tokio::spawn(prepare(address)).await.unwrap() });
    let world = Arc::new(world);
    let to = world.gateway.local_addr();
    for pass in 0..3 {
        let requests = clients.block_on(requests(&world, &agents, count));
        let names = ["gateway", "lake-writer"];
        let (before, start) = (cpu(&names), std::time::Instant::now());
        let good = clients.block_on(async move { tokio::spawn(load(to, requests)).await.unwrap() });
        let (wall, after) = (start.elapsed(), cpu(&names));
        let micros = |at: usize| (after[at] - before[at]) / 100 / count as u64;
        println!(
            "pass {pass}: good {good}/{count}, gateway {} + lake {} tenths of a microsecond of CPU, {} requests/s",
            micros(0),
            micros(1),
            u128::try_from(count).unwrap() * 1_000_000 / wall.as_micros()
        );
    }
}
