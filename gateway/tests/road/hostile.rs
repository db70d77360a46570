//! Bytes that could be read in two ways, over a real socket and with a good credential: each is refused, and the server behind
//! hears nothing. What is too large is refused, not cut; who writes or reads slowly is bounded.
//!
//! Here is how requests are framed, how bytes are no JSON, and how much there is of them; what a message must be otherwise is
//! in `bad_input.rs`. To add a case: a row of `hostile/requests.json`; its text is taken byte for byte (one letter, one byte).

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{interval, timeout},
};

use crate::{
    upstream::Upstream,
    world::{Agent, Says, World},
};

const PATH: &str = "/mcp/mail";
const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send"}}"#;
/// More than any of this may take; a test that comes near it has failed.
const LONG: Duration = Duration::from_mins(1);

#[derive(Debug, Default, Deserialize)]
struct Row {
    case: String,
    /// Lines behind those that each request has.
    #[serde(default)]
    head: Vec<String>,
    /// Those that this one has not.
    #[serde(default)]
    drop: Vec<String>,
    start: Option<String>,
    body: Option<String>,
    /// Status and code; no code where the HTTP reader itself refuses.
    answer: (u16, String),
}

async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "*")).await;
    (upstream, world, agent)
}

/// One letter, one byte.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

/// The head of a request with a good credential.
async fn head(world: &World, agent: &Agent, row: &Row, length: usize) -> String {
    let headers = world.headers(agent, "POST", PATH).await;
    let host = world.gateway.local_addr().to_string();
    let length = length.to_string();
    let usual = [
        ("host", host),
        ("content-type", headers.get("content-type")),
        ("accept", headers.get("accept")),
        ("authorization", headers.get("authorization")),
        ("dpop", headers.get("dpop")),
        ("connection", "close".to_owned()),
        ("content-length", length),
    ];
    let mut out = row.start.clone().unwrap_or_else(|| format!("POST {PATH} HTTP/1.1"));
    out.push_str("\r\n");
    for (name, value) in usual.iter().filter(|(name, _)| !row.drop.iter().any(|one| one == name)) {
        out.extend([*name, ": ", value, "\r\n"]);
    }
    for line in &row.head {
        out.push_str(line);
        out.push_str("\r\n");
    }
    out.push_str("\r\n");
    out
}

/// Everything that comes back until the connection is closed.
async fn said(stream: &mut TcpStream) -> String {
    let mut out = Vec::new();
    let read = timeout(LONG, stream.read_to_end(&mut out)).await.expect("the connection is closed");
    // What was sent and not read makes the end an unkind one.
    if let Err(fault) = read {
        assert_eq!(fault.kind(), std::io::ErrorKind::ConnectionReset);
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn status(answer: &str) -> u16 {
    let word = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1));
    word.and_then(|word| word.parse().ok()).unwrap_or_default()
}

fn code(answer: &str) -> String {
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    body["error"]["data"]["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_has_two_readings_is_refused_and_reaches_nobody() {
    let rows: Vec<Row> = serde_json::from_str(include_str!("hostile/requests.json")).unwrap();
    assert!(rows.len() > 80, "{} cases", rows.len());
    let (upstream, world, agent) = world().await;
    let mut wrong = Vec::new();
    for row in &rows {
        let body = bytes(row.body.as_deref().unwrap_or(CALL));
        let mut request = bytes(&head(&world, &agent, row, body.len()).await);
        request.extend_from_slice(&body);
        let mut stream = TcpStream::connect(world.gateway.local_addr()).await.unwrap();
        stream.write_all(&request).await.unwrap();
        let answer = said(&mut stream).await;
        let came = (status(&answer), code(&answer));
        if came != row.answer {
            wrong.push(format!("{}: {came:?}, wanted {:?}", row.case, row.answer));
        }
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{}: one answer: {answer}", row.case);
        assert!(upstream.seen().is_empty(), "{}: something was forwarded", row.case);
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    assert!(world.records(agent.tenant).await.is_empty());
    // The same request without any of it goes through: it is not for something else that they were refused.
    for (head_of, body) in [
        (head(&world, &agent, &Row::default(), CALL.len()).await, CALL.to_owned()),
        (chunked(&world, &agent).await, format!("{:x}\r\n{CALL}\r\n0\r\n\r\n", CALL.len())),
    ] {
        let mut stream = TcpStream::connect(world.gateway.local_addr()).await.unwrap();
        stream.write_all(format!("{head_of}{body}").as_bytes()).await.unwrap();
        let answer = said(&mut stream).await;
        assert!(status(&answer) == 200 && answer.contains("done"), "{answer}");
    }
    let seen: Vec<_> = upstream.seen().into_iter().map(|one| one.body).collect();
    assert_eq!(seen, [CALL, CALL], "and its own bytes arrive");
}

/// The head of a request whose body comes in chunks.
async fn chunked(world: &World, agent: &Agent) -> String {
    let row = Row {
        head: vec!["Transfer-Encoding: chunked".to_owned()],
        drop: vec!["content-length".to_owned()],
        ..Row::default()
    };
    head(world, agent, &row, 0).await
}

#[tokio::test]
async fn one_byte_too_many_is_refused_and_nothing_is_cut() {
    const MOST: usize = 1 << 20;
    let (upstream, world, agent) = world().await;
    let sized = |length: usize| {
        let with = |fill: &str| {
            CALL.replace(r#""send""#, &format!(r#""send","arguments":{{"a":"{fill}"}}"#))
        };
        with(&"x".repeat(length - with("").len()))
    };
    for (length, wanted) in [(MOST, ""), (MOST + 1, "GATE-0004")] {
        let body = Bytes::from(sized(length));
        assert_eq!(body.len(), length);
        let headers = world.headers(&agent, "POST", PATH).await;
        let before = upstream.seen().len();
        let reply = world.send(Method::POST, PATH, &headers, body.clone()).await;
        assert_eq!(reply.code(), wanted, "{length} bytes");
        let seen = upstream.seen();
        assert_eq!(seen.len() - before, usize::from(wanted.is_empty()));
        if let Some(one) = seen.get(before) {
            assert_eq!(one.body, body, "whole");
        }
        // The same in chunks, which say nothing of the whole before it is there.
        let mut request = chunked(&world, &agent).await.into_bytes();
        for piece in body.chunks(1 << 16) {
            request.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            request.extend_from_slice(piece);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"0\r\n\r\n");
        let mut stream = TcpStream::connect(world.gateway.local_addr()).await.unwrap();
        stream.write_all(&request).await.unwrap();
        assert_eq!(code(&said(&mut stream).await), wanted, "{length} bytes in chunks");
    }
    assert_eq!(upstream.seen().len(), 2, "each of the limit once");
    let many = format!(r#""send","arguments":{{"a":[{}1]}}"#, "1,".repeat(100_000));
    let reply = world.post(&agent, PATH, &CALL.replace(r#""send""#, &many)).await;
    assert_eq!((reply.status.as_u16(), &*reply.code()), (400, "GATE-0010"), "too many values");
    let mut headers = world.headers(&agent, "POST", PATH).await;
    for number in 0..64 {
        headers.add(&format!("x-{number}"), "1");
    }
    let reply = world.send(Method::POST, PATH, &headers, Bytes::from(CALL)).await;
    assert_eq!(reply.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "too many headers");
    let mut headers = world.headers(&agent, "POST", PATH).await;
    headers.set("x-long", &"x".repeat(256 << 10));
    let reply = world.send(Method::POST, PATH, &headers, Bytes::from(CALL)).await;
    assert_eq!(reply.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "too long a header");
    assert_eq!(upstream.seen().len(), 2);
}

/// The gateway waits ten seconds for a body, and so does this.
#[tokio::test]
async fn who_writes_slowly_is_cut_off() {
    let (upstream, world, agent) = world().await;
    let head = head(&world, &agent, &Row::default(), CALL.len()).await;
    let (half, _) = CALL.split_at(CALL.len() / 2);
    let mut stream = TcpStream::connect(world.gateway.local_addr()).await.unwrap();
    stream.write_all(format!("{head}{half}").as_bytes()).await.unwrap();
    let answer = said(&mut stream).await;
    assert_eq!((status(&answer), &*code(&answer)), (408, "GATE-0005"), "{answer}");
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn who_reads_slowly_holds_up_nobody_and_fills_nothing() {
    let (upstream, world, agent) = world().await;
    let headers = world.headers(&agent, "POST", PATH).await;
    let flood = CALL.replace("\"send\"", "\"flood\"");
    let unread = world.open(Method::POST, PATH, &headers, Bytes::from(flood)).await;
    assert_eq!(unread.status(), StatusCode::OK);
    let mut look = interval(Duration::from_millis(25));
    let (mut before, mut quiet) = (0, 0);
    // The server has stood still for a quarter of a second.
    while quiet < 10 {
        look.tick().await;
        let now = upstream.flooded();
        quiet = if now == before && now > 0 { quiet + 1 } else { 0 };
        before = now;
        assert!(now < 64, "{now} MiB went into a stream that nobody reads");
    }
    assert_eq!(world.post(&agent, PATH, CALL).await.status, StatusCode::OK);
    drop(unread);
}

#[tokio::test]
async fn what_a_server_answers_is_bounded_too() {
    let (_upstream, world, agent) = world().await;
    let zipped = world.post(&agent, PATH, &CALL.replace("\"send\"", "\"zipped\"")).await;
    assert_eq!(zipped.code(), "GATE-0052", "no coding was asked for");
    let list = |cursor: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"cursor":"{cursor}"}}}}"#
        )
    };
    let large = world.post(&agent, PATH, &list("large")).await;
    assert_eq!(large.code(), "GATE-0053");
    let deep = world.post(&agent, PATH, &list("deep")).await;
    assert_eq!(deep.code(), "GATE-0052");
    let headers = world.headers(&agent, "POST", PATH).await;
    let endless = world.open(Method::POST, PATH, &headers, Bytes::from(list("endless"))).await;
    let text = endless.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&text);
    assert!(
        text.contains("GATE-0053") && text.len() < 4096,
        "an event without an end: {}",
        text.len()
    );
}
