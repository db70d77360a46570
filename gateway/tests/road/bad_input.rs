//! Every bad input gets a clear refusal, is counted, and reaches nobody.

use bytes::Bytes;
use http::{Method, StatusCode};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use writ_identity::{AgentKey, Claims};
use writ_model::Span;

use crate::{
    upstream::Upstream,
    world::{Agent, Headers, Reply, Says, World},
};

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send"}}"#;
const PATH: &str = "/mcp/mail";

async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail"), upstream.server("files")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "*")).await;
    (upstream, world, agent)
}

/// Refused with this status and code, counted under it, and nothing went out.
fn refused(
    case: &str,
    world: &World,
    upstream: &Upstream,
    reply: &Reply,
    wanted: (u16, &'static str),
) {
    assert_eq!((reply.status.as_u16(), &*reply.code()), wanted, "{case}: {reply:?}");
    let error = &reply.json()["error"];
    assert!(error["message"].as_str().unwrap().len() > 20, "{case}");
    assert!(!error["data"]["cure"].as_str().unwrap().is_empty(), "{case}");
    assert!(world.refused().get(wanted.1).copied().unwrap_or(0) > 0, "{case} is not counted");
    assert!(upstream.seen().is_empty(), "{case}: something was forwarded");
}

#[tokio::test]
async fn bad_bodies() {
    let (upstream, world, agent) = world().await;
    let big = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#, "x".repeat(1 << 20));
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"send","arguments":{{"a":{}1{}}}}}}}"#,
        "[".repeat(70),
        "]".repeat(70)
    );
    let twice = PING.replace(r#""name":"send""#, r#""name":"send","name":"secret""#);
    let hidden = PING.replace(r#""name":"send""#, r#""name":"send","\u006eame":"secret""#);
    let mut bad_utf8 = PING.replace("send", "s#nd").into_bytes();
    let at = bad_utf8.iter().position(|byte| *byte == b'#').unwrap();
    bad_utf8[at] = 0xff;
    for (case, body, wanted) in [
        ("oversize", big.into_bytes(), (413, "GATE-0004")),
        ("duplicate keys", twice.into_bytes(), (400, "GATE-0009")),
        ("duplicate keys, escaped", hidden.into_bytes(), (400, "GATE-0009")),
        ("deep nesting", deep.into_bytes(), (400, "GATE-0010")),
        ("invalid UTF-8", bad_utf8, (400, "GATE-0011")),
        ("not JSON", b"tools/call".to_vec(), (400, "GATE-0008")),
        ("two values", format!("{PING}{PING}").into_bytes(), (400, "GATE-0008")),
        ("not JSON-RPC", b"{}".to_vec(), (400, "GATE-0013")),
        ("empty", Vec::new(), (400, "GATE-0008")),
    ] {
        let headers = world.headers(&agent, "POST", PATH).await;
        let reply = world.send(Method::POST, PATH, &headers, Bytes::from(body)).await;
        refused(case, &world, &upstream, &reply, wanted);
    }
    assert!(world.records(agent.tenant).await.is_empty());
}

type Change = fn(&mut Headers);

#[tokio::test]
async fn bad_headers() {
    let (upstream, world, agent) = world().await;
    let cases: [(&str, Change, (u16, &'static str)); 10] = [
        ("wrong content type", |h| h.set("content-type", "text/plain"), (415, "GATE-0006")),
        ("no content type", |h| h.drop("content-type"), (415, "GATE-0006")),
        ("compressed", |h| h.set("content-encoding", "gzip"), (415, "GATE-0006")),
        ("accepts no events", |h| h.set("accept", "application/json"), (406, "GATE-0007")),
        ("another method", |h| h.set("mcp-method", "tools/list"), (400, "GATE-0014")),
        ("another name", |h| h.set("mcp-name", "secret"), (400, "GATE-0014")),
        (
            "a name twice",
            |h| {
                h.add("mcp-name", "send");
                h.add("mcp-name", "x");
            },
            (400, "GATE-0014"),
        ),
        (
            "a header of 2026 over a body of 2025",
            |h| h.set("mcp-protocol-version", "2026-07-28"),
            (400, "GATE-0017"),
        ),
        ("no such revision", |h| h.set("mcp-protocol-version", "2031-01-01"), (400, "GATE-0015")),
        ("a page of elsewhere", |h| h.set("origin", "http://evil.example"), (403, "GATE-0020")),
    ];
    for (case, change, wanted) in cases {
        let mut headers = world.headers(&agent, "POST", PATH).await;
        change(&mut headers);
        let reply = world.send(Method::POST, PATH, &headers, Bytes::from(PING)).await;
        refused(case, &world, &upstream, &reply, wanted);
    }
}

/// Headers with a token and a proof.
fn with(token: &str, proof: &str) -> Headers {
    let mut headers = Headers::mcp();
    headers.set("authorization", &format!("DPoP {token}"));
    headers.set("dpop", proof);
    headers
}

/// A refused credential: 401 with a challenge that says where tokens come from, and a nonce.
async fn bad_credential(world: &World, upstream: &Upstream, case: (&str, Headers, &'static str)) {
    let (case, headers, code) = case;
    let reply = world.send(Method::POST, PATH, &headers, Bytes::from(PING)).await;
    refused(case, world, upstream, &reply, (401, code));
    let challenge = reply.header("www-authenticate");
    assert!(challenge.starts_with("DPoP ") && challenge.contains("resource_metadata="), "{case}");
    assert!(!reply.header("dpop-nonce").is_empty(), "{case}");
}

#[tokio::test]
async fn bad_headers_of_credentials_and_bad_proofs() {
    let (upstream, world, agent) = world().await;
    let (here, there) = (world.url(PATH), world.url("/mcp/files"));
    let good = world.headers(&agent, "POST", PATH).await;
    let token = world.token(&agent, &here);
    let proof =
        |key: &AgentKey, method, url: &str, token: &str| world.proof(key, method, url, token);
    let stranger = AgentKey::generate().unwrap();
    let mut bearer = good.clone();
    bearer.set("authorization", &format!("Bearer {token}"));
    let mut none = good.clone();
    none.drop("authorization");
    let mut two = good.clone();
    two.add("authorization", &good.get("authorization"));
    let mut no_proof = good.clone();
    no_proof.drop("dpop");
    let mut two_proofs = good.clone();
    two_proofs.add("dpop", &good.get("dpop"));
    let with_nonce = |nonce| world.proof_with(&agent.key, ("POST", &here), &token, nonce);
    for case in [
        ("no token", none, "GATE-0080"),
        ("two tokens", two, "GATE-0081"),
        ("bearer", bearer, "GATE-0082"),
        ("no proof", no_proof, "IDEN-0032"),
        ("two proofs", two_proofs, "IDEN-0031"),
        ("wrong key", with(&token, &proof(&stranger, "POST", &here, &token)), "IDEN-0030"),
        ("wrong htu", with(&token, &proof(&agent.key, "POST", &there, &token)), "IDEN-0024"),
        ("wrong htm", with(&token, &proof(&agent.key, "GET", &here, &token)), "IDEN-0023"),
        ("wrong ath", with(&token, &proof(&agent.key, "POST", &here, "other")), "IDEN-0029"),
        ("no nonce", with(&token, &with_nonce(None)), "IDEN-0026"),
        ("a nonce of nobody's", with(&token, &with_nonce(Some(&"A".repeat(32)))), "IDEN-0028"),
    ] {
        bad_credential(&world, &upstream, case).await;
    }
    expired(&world, &upstream, &agent, &token).await;
}

#[tokio::test]
async fn bad_tokens() {
    let (upstream, world, agent) = world().await;
    let other = world.agent(2).await;
    world.grant(&other, Says::tool("files", "*")).await;
    let (here, there) = (world.url(PATH), world.url("/mcp/files"));
    world.headers(&agent, "POST", PATH).await;
    let token = world.token(&agent, &here);
    let forged = {
        let (rest, signature) = token.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let (_, tail) = signature.split_at(1);
        format!("{rest}.{other}{tail}")
    };
    let changed = |change: fn(&mut Claims)| world.token_with(&agent, &here, change);
    let stolen = world.token_with(&agent, &here, |claims| claims.tenant = other.tenant);
    let swapped = world.token_with(&agent, &here, |claims| claims.client_id = other.instance);
    for (case, token, code) in [
        ("forged token", forged, "IDEN-0007"),
        ("wrong audience", world.token(&agent, &there), "IDEN-0017"),
        ("another issuer", changed(|claims| claims.iss = "http://other".to_owned()), "IDEN-0012"),
        ("a token without a key", changed(|claims| claims.jkt = None), "GATE-0083"),
        ("another tenant's token", stolen, "GATE-0083"),
        ("another agent's instance", swapped, "GATE-0083"),
    ] {
        let headers = with(&token, &world.proof(&agent.key, "POST", &here, &token));
        bad_credential(&world, &upstream, (case, headers, code)).await;
    }
}

/// Replays, and what time does to tokens and nonces.
async fn expired(world: &World, upstream: &Upstream, agent: &Agent, token: &str) {
    let here = world.url(PATH);
    let headers = world.headers(agent, "POST", PATH).await;
    let bad = Bytes::from_static(b"{}");
    let first = world.send(Method::POST, PATH, &headers, bad.clone()).await;
    assert_eq!(first.code(), "GATE-0013", "a good credential");
    let again = world.send(Method::POST, PATH, &headers, bad.clone()).await;
    refused("replayed", world, upstream, &again, (401, "IDEN-0050"));
    let late = world.headers(agent, "POST", PATH).await;
    world.clock.advance(Span::seconds(61));
    let reply = world.send(Method::POST, PATH, &late, bad.clone()).await;
    refused("expired proof", world, upstream, &reply, (401, "IDEN-0025"));
    world.clock.advance(Span::minutes(5));
    let mut headers = Headers::mcp();
    headers.set("authorization", &format!("DPoP {token}"));
    headers.set("dpop", &world.proof(&agent.key, "POST", &here, token));
    let reply = world.send(Method::POST, PATH, &headers, bad.clone()).await;
    refused("expired token", world, upstream, &reply, (401, "IDEN-0014"));
    let headers = world.headers(agent, "POST", PATH).await;
    let reply = world.send(Method::POST, PATH, &headers, bad).await;
    refused("stale nonce", world, upstream, &reply, (401, "IDEN-0027"));
}

#[tokio::test]
async fn addresses_that_lead_nowhere() {
    let (upstream, world, agent) = world().await;
    for (path, verb, wanted) in [
        ("/", Method::GET, (404, "GATE-0001")),
        ("/mcp/mail/x", Method::POST, (404, "GATE-0001")),
        ("/mcp/nothing", Method::POST, (404, "GATE-0003")),
    ] {
        let reply = world.send(verb, path, &Headers::mcp(), Bytes::from(PING)).await;
        refused(path, &world, &upstream, &reply, wanted);
    }
    let headers = world.headers(&agent, "PUT", PATH).await;
    let reply = world.send(Method::PUT, PATH, &headers, Bytes::from(PING)).await;
    refused("PUT", &world, &upstream, &reply, (405, "GATE-0002"));
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_refused_request_whose_body_comes_late_keeps_its_connection() {
    let (_upstream, world, _agent) = world().await;
    let mut stream = TcpStream::connect(world.gateway.local_addr()).await.unwrap();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        PING.len()
    );
    for _ in 0..2 {
        stream.write_all(head.as_bytes()).await.unwrap();
        // The head is there and looked at before the body is sent: another request has gone through meanwhile.
        world.send(Method::GET, "/", &Headers::mcp(), Bytes::new()).await;
        stream.write_all(PING.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let read = stream.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 401 "), "the connection was closed: {answer}");
    }
}
