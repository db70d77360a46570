//! `cargo xtask bench first-byte`: how much later the first event of a streamed answer comes when the gateway is in between.
//!
//! One agent calls a tool whose answer is a stream of events, in turn straight and through the gateway, over connections that
//! stay open. The time is from the first byte of the request sent until the first byte of the first event read; what is added
//! is the difference of each pair. The server notes when it wrote that event, so that what the stream itself adds, without
//! the decision before it, is told apart.
//! Never here: a stream whose first event comes with its end; nothing would be shown then.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::{
    child::pause,
    cpu,
    gateway::{Agent, PATH, Proofs, With, Writ},
    stats::{float, percentile, round},
};
use crate::{
    args::Args,
    budget::now,
    cluster::{Build, upstream},
    root::target,
    shell::{cargo, make_folder, say, well},
};

/// Pairs that are measured, and those before them that warm everything up.
const PAIRS: u64 = 2_000;
const WARM: u64 = 100;
/// Agents that take turns.
const AGENTS: usize = 20;
/// How long the server thinks before its first event, and between events: a tool that works.
const THINKS: Duration = Duration::from_millis(2);
/// Events before the answer itself.
const EVENTS: usize = 2;
/// LIMIT: a server that keeps a call this long has failed it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bar of the issue.
const ADDED_MS_MAX: f64 = 1.0;

/// Runs it; false if the bar is missed.
///
/// # Errors
/// If a server cannot be had or a connection breaks.
pub(crate) fn run(args: &Args) -> Result<bool> {
    let pairs = args.number("--pairs")?.unwrap_or(PAIRS);
    let folder = target().join("bench/first-byte");
    make_folder(&folder)?;
    let release = ["build", "--quiet", "--release", "--locked", "-p", "writ"];
    anyhow::ensure!(
        Build::of(args) != Build::Release || well(cargo(&release)),
        "writ does not build"
    );
    let server = Server::start()?;
    let writ = Writ::start(&folder, server.address, AGENTS)?;
    let mut proofs = Proofs::new();
    let nonce = writ.nonce(&mut proofs)?;
    let mut straight = Line::open(server.address)?;
    let mut through = Line::open(writ.gateway)?;
    let mut shown = Shown::default();
    for (nth, agent) in (0..WARM + pairs).zip(writ.agents.iter().cycle()) {
        let plain = request(server.address, "");
        let proof = credentials(agent, &writ, &nonce, &mut proofs)?;
        let proven = request(writ.gateway, &proof);
        // In turn first and second: whatever the one leaves warm, the other finds as often.
        let (direct, gateway) = if nth % 2 == 0 {
            let direct = straight.first(&plain, &server)?;
            (direct, through.first(&proven, &server)?)
        } else {
            let gateway = through.first(&proven, &server)?;
            (straight.first(&plain, &server)?, gateway)
        };
        if nth >= WARM {
            shown.take(direct, gateway)?;
        }
    }
    let resident = cpu::resident(writ.server.pid())?;
    let records = writ.records()?;
    let held = shown.added(0.5) <= ADDED_MS_MAX && records == WARM + pairs;
    let mut summary = shown.json();
    if let Some(members) = summary.as_object_mut() {
        members.insert("pairs".to_owned(), json!(pairs));
        members.insert("records".to_owned(), json!(records));
        members.insert(
            "gateway_resident_mb".to_owned(),
            json!(round(float(resident) / f64::from(1 << 20), 1)),
        );
        members.insert("added_ms_p50_max".to_owned(), json!(ADDED_MS_MAX));
        members.insert("held".to_owned(), json!(held));
    }
    say(&summary.to_string())?;
    Ok(held)
}

/// Of one call: from the request to the first event, and from when the server wrote that event.
#[derive(Debug, Clone, Copy)]
struct Seen {
    whole: Duration,
    stream: Duration,
}

/// Microseconds, pair by pair.
#[derive(Debug, Default)]
struct Shown {
    direct: Vec<u64>,
    gateway: Vec<u64>,
    added: Vec<u64>,
    stream_direct: Vec<u64>,
    stream_gateway: Vec<u64>,
    /// Pairs in which the gateway was faster: noise that is not hidden.
    faster: u64,
}

impl Shown {
    fn take(&mut self, direct: Seen, gateway: Seen) -> Result<()> {
        let micros = |span: Duration| u64::try_from(span.as_micros());
        self.direct.push(micros(direct.whole)?);
        self.gateway.push(micros(gateway.whole)?);
        self.stream_direct.push(micros(direct.stream)?);
        self.stream_gateway.push(micros(gateway.stream)?);
        self.faster += u64::from(gateway.whole < direct.whole);
        self.added.push(micros(gateway.whole.saturating_sub(direct.whole))?);
        Ok(())
    }

    fn added(&mut self, share: f64) -> f64 {
        round(float(percentile(&mut self.added, share)) / 1000.0, 3)
    }

    fn json(&mut self) -> serde_json::Value {
        let ms = |values: &mut [u64], share| round(float(percentile(values, share)) / 1000.0, 3);
        let (p50, p99) = (self.added(0.5), self.added(0.99));
        json!({
            "added_ms_p50": p50, "added_ms_p99": p99, "gateway_faster": self.faster,
            "straight_ms_p50": ms(&mut self.direct, 0.5), "straight_ms_p99": ms(&mut self.direct, 0.99),
            "gateway_ms_p50": ms(&mut self.gateway, 0.5), "gateway_ms_p99": ms(&mut self.gateway, 0.99),
            "event_straight_ms_p50": ms(&mut self.stream_direct, 0.5), "event_straight_ms_p99": ms(&mut self.stream_direct, 0.99),
            "event_gateway_ms_p50": ms(&mut self.stream_gateway, 0.5), "event_gateway_ms_p99": ms(&mut self.stream_gateway, 0.99),
        })
    }
}

fn credentials(agent: &Agent, writ: &Writ, nonce: &str, proofs: &mut Proofs) -> Result<String> {
    let with = With { nonce: Some(nonce), token: Some(&agent.token) };
    let proof = proofs.make(&agent.key, &format!("http://{}{PATH}", writ.gateway), with)?;
    Ok(format!("Authorization: DPoP {}\r\nDPoP: {proof}\r\n", agent.token))
}

fn request(address: SocketAddr, credentials: &str) -> Vec<u8> {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send_message","arguments":{"to":"reader@harbor-books.example","subject":"Your order","body":"On its way."}}}"#;
    format!(
        "POST {PATH} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n\
         {credentials}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// One connection of a caller.
struct Line(BufReader<TcpStream>);

impl Line {
    fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("no {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::with_capacity(16 << 10, stream)))
    }

    /// One call, read to its end.
    fn first(&mut self, request: &[u8], server: &Server) -> Result<Seen> {
        let begun = now();
        self.0.get_mut().write_all(request).context("cannot send")?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.0.read_line(&mut head).context("no answer")?;
            anyhow::ensure!(read > 0, "the connection ended in a head");
        }
        let stream = head.starts_with("HTTP/1.1 200")
            && head.to_ascii_lowercase().contains("text/event-stream");
        anyhow::ensure!(stream, "no stream came: {head}");
        anyhow::ensure!(
            !self.0.fill_buf().context("no event")?.is_empty(),
            "the stream ended at once"
        );
        let came = now();
        let mut whole = Vec::new();
        while self.chunk(&mut whole)? {}
        let text = String::from_utf8_lossy(&whole);
        anyhow::ensure!(
            text.contains("\"result\"") && text.matches("data:").count() == EVENTS + 1,
            "another stream: {text}"
        );
        let written = server.wrote()?;
        Ok(Seen {
            whole: came.saturating_duration_since(begun),
            stream: came.saturating_duration_since(written),
        })
    }

    fn chunk(&mut self, whole: &mut Vec<u8>) -> Result<bool> {
        let mut size = String::new();
        self.0.read_line(&mut size).context("chunks end early")?;
        let size = usize::from_str_radix(size.trim(), 16).context("a chunk without size")?;
        let old = whole.len();
        whole.resize(old + size, 0);
        self.0
            .read_exact(whole.get_mut(old..).unwrap_or_default())
            .context("a chunk is cut off")?;
        let mut end = String::new();
        self.0.read_line(&mut end).context("a chunk without end")?;
        Ok(size > 0)
    }
}

/// A server whose tool answers with a stream; it ends with the process.
struct Server {
    address: SocketAddr,
    /// When the first event of the call was written.
    written: Arc<Mutex<Option<Instant>>>,
}

impl Server {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
        let address = listener.local_addr()?;
        let written: Arc<Mutex<Option<Instant>>> = Arc::default();
        let noted = Arc::clone(&written);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let noted = Arc::clone(&noted);
                // A connection that breaks is over; the caller sees it.
                thread::spawn(move || serve(stream, &noted).ok());
            }
        });
        Ok(Self { address, written })
    }

    fn wrote(&self) -> Result<Instant> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.take().context("the server wrote no event")
    }
}

fn serve(stream: TcpStream, noted: &Mutex<Option<Instant>>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let event = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"working"}}"#;
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"sent"}]}}"#;
    let chunk = |data: &str| {
        let event = format!("data: {data}\n\n");
        format!("{:x}\r\n{event}\r\n", event.len())
    };
    while let Some(body) = upstream::request(&mut stream) {
        let out = stream.get_mut();
        let message = String::from_utf8_lossy(&body);
        if upstream::listing(&message).is_some() {
            out.write_all(upstream::answer(&message).as_bytes())?;
            continue;
        }
        out.write_all(head.as_bytes())?;
        for nth in 0..EVENTS {
            pause(THINKS);
            if nth == 0 {
                *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(now());
            }
            out.write_all(chunk(event).as_bytes())?;
        }
        pause(THINKS);
        out.write_all(format!("{}0\r\n\r\n", chunk(answer)).as_bytes())?;
    }
    Ok(())
}
