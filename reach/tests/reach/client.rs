//! Servers on this machine that behave, and that do not, and what the client makes of them.
//!
//! Never here: the network, or a wait. `tls/` holds a root whose key is thrown away, and a certificate for `localhost` with
//! its key, valid for a century; they are good for nothing else.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use writ_model::{Secret, Timestamp};
use writ_reach::{Answer, Ask, Bounds, Dial, Fault, Https, Outside as _, Place};
use writ_testkit::FakeClock;

const ROOT: &[u8] = include_bytes!("tls/root.pem");
const LEAF: &[u8] = include_bytes!("tls/leaf.pem");
const KEY: &[u8] = include_bytes!("tls/leaf.key.pem");

const BOUNDS: Bounds =
    Bounds { connect: Duration::from_secs(5), whole: Duration::from_secs(5), body: 64 };

fn https(year: &str, anchors: Option<&[u8]>, bounds: Bounds) -> Https {
    let at: Timestamp = format!("{year}-06-01T00:00:00Z").parse().unwrap();
    Https::new(Arc::new(FakeClock::at(at)), anchors, bounds).unwrap()
}

/// Reads a request's head and as much body as it announces.
async fn heard<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let length = lower
                .split("content-length: ")
                .nth(1)
                .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse::<usize>().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        let mut some = [0; 1024];
        let read = stream.read(&mut some).await.unwrap_or(0);
        if read == 0 {
            return text;
        }
        bytes.extend_from_slice(&some[..read]);
    }
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, with: &str) -> String {
    let request = heard(&mut stream).await;
    stream.write_all(with.as_bytes()).await.ok();
    stream.shutdown().await.ok();
    request
}

/// A server for one request; gives its address and, later, what it heard.
async fn serve(with: String) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        answer(stream, &with).await
    });
    (at, served)
}

async fn serve_tls(with: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let chain = vec![CertificateDer::from_pem_slice(LEAF).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        let (stream, _): (TcpStream, _) = listener.accept().await.unwrap();
        if let Ok(stream) = acceptor.accept(stream).await {
            answer(stream, &with).await;
        }
    });
    at
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn place(at: SocketAddr) -> Place {
    Place::parse(&format!("http://{at}/token?x=1")).unwrap()
}

#[tokio::test]
async fn a_get_and_its_answer() {
    let (at, served) = serve(ok("{}")).await;
    let got = https("2026", None, BOUNDS).ask(Ask::get(place(at))).await.unwrap();
    let (media, body) = ("application/json".to_owned(), "{}".into());
    let wanted = Answer { status: 200, media, body, ..Answer::default() };
    assert_eq!(got, wanted);
    let request = served.await.unwrap().to_ascii_lowercase();
    assert!(request.starts_with("get /token?x=1 http/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: {at}\r\n")), "{request}");
    assert!(!request.contains("authorization") && !request.contains("cookie"), "{request}");
}

#[tokio::test]
async fn a_form_with_its_credential() {
    let (at, served) = serve("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n".to_owned()).await;
    let basic = writ_reach::basic("client", &Secret::new("hunter2".to_owned()));
    let ask = Ask::form(place(at), &[("code", "a b")]).with_authorization(basic);
    assert!(!format!("{ask:?}").contains("a+b"), "{ask:?}");
    let got = https("2026", None, BOUNDS).ask(ask).await.unwrap();
    assert_eq!((got.status, got.media.as_str()), (401, ""), "a no is an answer");
    let request = served.await.unwrap();
    assert!(request.starts_with("POST /token?x=1 "), "{request}");
    assert!(request.contains("Basic Y2xpZW50Omh1bnRlcjI="), "{request}");
    assert!(request.ends_with("\r\n\r\ncode=a+b"), "{request}");
}

#[tokio::test]
async fn how_long_to_wait_is_read() {
    for (said, seconds) in [
        ("120", Some(120)),
        ("Mon, 01 Jun 2026 00:01:00 GMT", Some(60)),
        ("Mon, 01 Jun 2020 00:00:00 GMT", Some(0)),
        ("soon", None),
        ("-1", None),
    ] {
        let head = format!("HTTP/1.1 503 No\r\nRetry-After: {said}\r\nContent-Length: 0\r\n\r\n");
        let (at, _served) = serve(head).await;
        let got = https("2026", None, BOUNDS).ask(Ask::get(place(at))).await.unwrap();
        assert_eq!(got.retry_after, seconds.map(writ_model::Span::seconds), "{said}");
    }
}

#[tokio::test]
async fn header_fields_are_sent_and_bad_ones_are_refused() {
    let (at, served) = serve(ok("")).await;
    let ask = Ask::json(place(at), b"{}".to_vec());
    let with = |value: &str| vec![("webhook-id", value.to_owned())];
    https("2026", None, BOUNDS).ask(ask.with_headers(with("msg_1"))).await.unwrap();
    assert!(served.await.unwrap().contains("webhook-id: msg_1\r\n"));
    let bad = Ask::json(place(at), Vec::new()).with_headers(with("a\r\nx: y"));
    let fault = https("2026", None, BOUNDS).ask(bad).await.unwrap_err();
    assert_eq!(fault.code().0, "REAC-0001");
}

#[tokio::test]
async fn what_is_out_of_bounds_is_a_fault() {
    let long_head = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(64 << 10));
    let many = "X: 1\r\n".repeat(200);
    for (with, code) in [
        (ok(&"x".repeat(65)), "REAC-0005"),
        // No length, and more than fits.
        (format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(100_000)), "REAC-0005"),
        ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n".to_owned(), "REAC-0007"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort".to_owned(), "REAC-0006"),
        ("SSH-2.0-server\r\n".to_owned(), "REAC-0006"),
        (String::new(), "REAC-0006"),
        (long_head, "REAC-0006"),
        (format!("HTTP/1.1 200 OK\r\n{many}\r\n"), "REAC-0006"),
    ] {
        let (at, _served) = serve(with.clone()).await;
        let fault = https("2026", None, BOUNDS).ask(Ask::get(place(at))).await.unwrap_err();
        assert_eq!(fault.code().0, code, "{fault}");
    }
}

#[tokio::test]
async fn who_is_silent_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let bounds = Bounds { whole: Duration::from_millis(30), ..BOUNDS };
    let fault = https("2026", None, bounds).ask(Ask::get(place(at))).await.unwrap_err();
    assert_eq!(fault, Fault::Late { host: "127.0.0.1".to_owned() });
    drop(listener);
    let fault = https("2026", None, BOUNDS).ask(Ask::get(place(at))).await.unwrap_err();
    assert_eq!(fault.code().0, "REAC-0002", "{fault}");
}

#[tokio::test]
async fn only_so_many_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let client = Arc::new(https("2026", None, BOUNDS));
    let mut waiting = Vec::new();
    for _ in 0..32 {
        let client = Arc::clone(&client);
        waiting.push(tokio::spawn(async move { client.ask(Ask::get(place(at))).await }));
        // Each is under way once its connection is taken.
        waiting.push(tokio::spawn({
            let (stream, _) = listener.accept().await.unwrap();
            async move {
                let _open = stream;
                std::future::pending().await
            }
        }));
    }
    assert_eq!(client.ask(Ask::get(place(at))).await, Err(Fault::Busy));
    for task in waiting {
        task.abort();
    }
}

#[tokio::test]
async fn tls_is_trusted_only_as_it_should_be() {
    for (year, anchors, host, wanted) in [
        ("2030", Some(ROOT), "localhost", None),
        ("2030", None, "localhost", Some("REAC-0003")),
        ("2030", Some(ROOT), "127.0.0.1", Some("REAC-0003")),
        ("2200", Some(ROOT), "localhost", Some("REAC-0003")),
        ("2000", Some(ROOT), "localhost", Some("REAC-0003")),
    ] {
        let at = serve_tls(ok("1")).await;
        let place = Place::parse(&format!("https://{host}:{}/", at.port())).unwrap();
        let got = https(year, anchors, BOUNDS).ask(Ask::get(place)).await;
        let code = got.as_ref().err().map(|fault| fault.code().0);
        assert_eq!(code, wanted, "{year} {host}: {got:?}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(ok("plain").as_bytes()).await.ok();
    });
    let place = Place::parse(&format!("https://localhost:{port}/")).unwrap();
    let fault = https("2030", Some(ROOT), BOUNDS).ask(Ask::get(place)).await.unwrap_err();
    assert_eq!(fault.code().0, "REAC-0003", "no TLS at all: {fault}");
}

#[test]
fn certificates_that_are_none_are_refused() {
    let clock = Arc::new(FakeClock::at(Timestamp::default()));
    let large = vec![b'x'; 600 << 10];
    for pem in [&b""[..], b"no pem", KEY, &large] {
        let fault = Https::new(Arc::clone(&clock) as _, Some(pem), BOUNDS).unwrap_err();
        assert_eq!(fault.code().0, "REAC-0009");
    }
    assert!(Https::new(clock, None, Bounds::default()).is_ok());
}

#[tokio::test]
async fn what_others_name_is_asked_at_public_addresses_only() {
    // A loopback name over TLS and without it: neither is asked, and nothing is connected to.
    let at = serve_tls(ok("{}")).await;
    for place in [format!("https://localhost:{}/", at.port()), format!("http://{at}/")] {
        let client = https("2026", Some(ROOT), BOUNDS).public_only();
        let refused = client.ask(Ask::get(Place::parse(&place).unwrap())).await.unwrap_err();
        assert!(matches!(refused, Fault::Unreachable { .. }), "{place}: {refused:?}");
    }
}

#[tokio::test]
async fn nonces_and_challenges_are_read() {
    let said = "HTTP/1.1 401 No\r\nDPoP-Nonce: n-1\r\nWWW-Authenticate: Bearer scope=\"a\"\r\nWWW-Authenticate: DPoP\r\nContent-Length: 0\r\n\r\n";
    let (at, _served) = serve(said.to_owned()).await;
    let got = https("2026", None, BOUNDS).ask(Ask::get(place(at))).await.unwrap();
    assert_eq!(got.nonce.as_deref(), Some("n-1"));
    assert_eq!(got.challenges, ["Bearer scope=\"a\"", "DPoP"]);
}

#[tokio::test]
async fn a_connection_is_dialed_with_the_operators_roots() {
    let clock = || Arc::new(FakeClock::at("2030-06-01T00:00:00Z".parse().unwrap()));
    let at = serve_tls(ok("{}")).await;
    let dial = Dial::new(clock(), Some(ROOT)).unwrap();
    let mut line = dial.open("localhost", at.port(), true).await.unwrap();
    line.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut told = Vec::new();
    line.read_to_end(&mut told).await.ok();
    assert!(told.starts_with(b"HTTP/1.1 200 OK"), "{told:?}");
    let at = serve_tls(ok("{}")).await;
    let strange = Dial::new(clock(), None).unwrap();
    let refused = strange.open("localhost", at.port(), true).await.unwrap_err();
    assert!(matches!(refused, Fault::Tls { .. }), "{refused:?}");
}
