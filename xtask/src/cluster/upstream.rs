//! An MCP server for measurements: answers every call at once, and a call that asks for a stream with one that never ends.
//!
//! Never here: a protocol's details; the gateway under test has a real server in `tests-real`.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::bench::child::pause;

/// LIMIT: bytes of a request's body.
const BODY: usize = 1 << 20;
/// How often an open stream says something.
const EVERY: Duration = Duration::from_millis(20);
/// The subject of a message whose answer is a stream without end.
pub(crate) const STREAM: &str = "stream without end";

/// A running upstream; it ends with the process.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Calls it has received.
    calls: Arc<AtomicU64>,
}

impl Upstream {
    /// Starts it.
    ///
    /// # Errors
    /// If there is no free port.
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
        let address = listener.local_addr()?;
        let calls = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&calls);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let calls = Arc::clone(&counted);
                thread::spawn(move || serve(stream, &calls));
            }
        });
        Ok(Self { address, calls })
    }

    /// Calls it has received.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

/// One connection until it breaks.
fn serve(stream: TcpStream, calls: &AtomicU64) {
    stream.set_nodelay(true).ok();
    let mut stream = BufReader::new(stream);
    while let Some(body) = request(&mut stream) {
        let text = String::from_utf8_lossy(&body);
        if text.contains("\"tools/call\"") {
            calls.fetch_add(1, Ordering::SeqCst);
        }
        let out = stream.get_mut();
        if text.contains(STREAM) {
            endless(out);
            return;
        }
        if out.write_all(answer(&text).as_bytes()).is_err() {
            return;
        }
    }
}

/// The whole answer to a message: its two tools, if it is asked what it has; else that the message was sent.
pub(crate) fn answer(message: &str) -> String {
    let answer = listing(message).unwrap_or_else(|| {
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"sent"}]}}"#
            .to_owned()
    });
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    format!("{head}Content-Length: {}\r\n\r\n{answer}", answer.len())
}

/// The list of tools, if that is asked for: a gateway that looks at definitions asks for them now and then.
pub(crate) fn listing(message: &str) -> Option<String> {
    let asks = message.contains("\"tools/list\"");
    let message: serde_json::Value = asks.then(|| serde_json::from_str(message).ok()).flatten()?;
    let tools = [("send_message", "Sends a message."), ("list_messages", "Lists messages.")].map(
        |(name, description)| {
            serde_json::json!({
                "name": name, "description": description, "inputSchema": {"type": "object"},
            })
        },
    );
    let answer = serde_json::json!({
        "jsonrpc": "2.0", "id": message.get("id"), "result": {"tools": tools},
    });
    Some(answer.to_string())
}

/// The body of the next request; none when the connection ended or made no sense.
pub(crate) fn request(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut length = 0;
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
    loop {
        line.clear();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok().filter(|length| *length <= BODY)?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(body)
}

/// Events until nobody listens.
fn endless(out: &mut TcpStream) {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let event = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"on\"}}\n\n";
    let chunk = format!("{:x}\r\n{event}\r\n", event.len());
    let mut said = out.write_all(head.as_bytes());
    while said.is_ok() {
        said = out.write_all(chunk.as_bytes());
        pause(EVERY);
    }
}
