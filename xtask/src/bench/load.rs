//! The load generator: prepared HTTP/1.1 requests over keep-alive connections, one thread each, every answer checked.
//!
//! Requests are bytes made before the timed window, so that the generator's own cost there is two system calls and a
//! small parse. Never here: what is measured (`cpu.rs`), or what a request says.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};

use super::child::pause;
use crate::budget::now;

/// LIMIT: an answer of a bench server is small; more means that something else answered.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// LIMIT: a server that keeps a request this long has failed it.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// One prepared request and what must come back.
#[derive(Debug, Clone)]
pub(crate) struct Shot {
    /// Head and body.
    pub(crate) bytes: Vec<u8>,
    /// Whether the call must be let through.
    pub(crate) permit: bool,
}

/// What came of a volley.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Requests answered.
    pub(crate) requests: u64,
    /// Answers of the other kind than was due.
    pub(crate) wrong: u64,
    /// The first such answer, for people.
    pub(crate) first_wrong: Option<String>,
    /// Microseconds from first byte sent to last byte read, each.
    pub(crate) micros: Vec<u64>,
    /// Wall-clock seconds of the whole volley.
    pub(crate) seconds: f64,
}

/// An HTTP answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its headers, names in lower case, one a line.
    pub(crate) head: String,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let find = |line: &'_ str| line.split_once(':').is_some_and(|(key, _)| key == name);
        let line = self.head.lines().find(|line| find(line))?;
        line.split_once(':').map(|(_, value)| value.trim())
    }

    /// Whether a tool's result came back, and not a refusal.
    fn permits(&self) -> bool {
        self.status == 200
            && contains(&self.body, b"\"result\"")
            && !contains(&self.body, b"\"error\"")
    }

    /// Whether it is a refusal that says so.
    fn denies(&self) -> bool {
        !contains(&self.body, b"\"result\"")
            && (self.status == 403 || contains(&self.body, b"\"error\""))
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// How a lane spaces its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// The next one as soon as the last is answered: the server is never idle.
    Saturated,
    /// One each so often in each lane, or at once when late.
    Every(Duration),
}

/// Sends every lane's shots in order over a connection of its own, all lanes at once.
///
/// # Errors
/// If a connection breaks: a volley is whole or it is nothing.
pub(crate) fn fire(address: SocketAddr, lanes: &[Vec<Shot>], pace: Pace) -> Result<Told> {
    let start = now();
    let told = thread::scope(|scope| {
        let threads: Vec<_> =
            lanes.iter().map(|lane| scope.spawn(move || fire_lane(address, lane, pace))).collect();
        let mut told = Told::default();
        for thread in threads {
            let Ok(lane) = thread.join() else { anyhow::bail!("a lane of the load fell over") };
            let lane = lane?;
            told.requests += lane.requests;
            told.wrong += lane.wrong;
            told.first_wrong = told.first_wrong.or(lane.first_wrong);
            told.micros.extend(lane.micros);
        }
        Ok(told)
    })?;
    Ok(Told { seconds: start.elapsed().as_secs_f64(), ..told })
}

fn fire_lane(address: SocketAddr, shots: &[Shot], pace: Pace) -> Result<Told> {
    let mut due = now();
    let mut line = Line::open(address)?;
    let mut told = Told { micros: Vec::with_capacity(shots.len()), ..Told::default() };
    for shot in shots {
        if let Pace::Every(span) = pace {
            due += span;
            pause(due.saturating_duration_since(now()));
        }
        let start = now();
        let answer = line.ask(&shot.bytes)?;
        told.micros.push(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
        told.requests += 1;
        let right = if shot.permit { answer.permits() } else { answer.denies() };
        if !right {
            told.wrong += 1;
            told.first_wrong.get_or_insert_with(|| {
                let body: String =
                    String::from_utf8_lossy(&answer.body).chars().take(300).collect();
                let due = if shot.permit { "permit" } else { "refusal" };
                format!("{due} was due, status {} came: {body}", answer.status)
            });
        }
    }
    Ok(told)
}

/// One keep-alive connection.
#[derive(Debug)]
pub(crate) struct Line {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
    /// The server said that it will close: the next request needs a new connection.
    closed: bool,
}

impl Line {
    /// Connects.
    ///
    /// # Errors
    /// If nobody listens there.
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("no {address}"))?;
        stream.set_nodelay(true).context("no TCP_NODELAY")?;
        stream.set_read_timeout(Some(READ_TIMEOUT)).context("no read timeout")?;
        let stream = BufReader::with_capacity(16 << 10, stream);
        Ok(Self { address, stream, closed: false })
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// If the connection breaks or the answer is no HTTP/1.1.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<Answer> {
        if self.closed {
            *self = Self::open(self.address)?;
        }
        self.stream.get_mut().write_all(request).context("cannot send")?;
        let mut status = String::new();
        self.stream.read_line(&mut status).context("no answer")?;
        let code = status.split(' ').nth(1).and_then(|word| word.parse().ok());
        let mut answer = Answer {
            status: code.context("connection closed instead of an answer")?,
            ..Answer::default()
        };
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).context("headers end early")?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            answer.head.push_str(&name.to_ascii_lowercase());
            answer.head.push(':');
            answer.head.push_str(value);
            answer.head.push('\n');
        }
        if answer.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            while self.chunk(&mut answer.body)? {}
        } else {
            let length = answer.header("content-length").and_then(|value| value.parse().ok());
            self.take(length.unwrap_or(0), &mut answer.body)?;
        }
        self.closed = answer.header("connection").is_some_and(|value| value == "close");
        Ok(answer)
    }

    fn chunk(&mut self, body: &mut Vec<u8>) -> Result<bool> {
        let mut size = String::new();
        self.stream.read_line(&mut size).context("chunks end early")?;
        let digits = size.trim().split(';').next().unwrap_or("");
        let size = usize::from_str_radix(digits, 16).context("a chunk without size")?;
        self.take(size, body)?;
        let mut end = String::new();
        self.stream.read_line(&mut end).context("a chunk without end")?;
        Ok(size > 0)
    }

    fn take(&mut self, bytes: usize, body: &mut Vec<u8>) -> Result<()> {
        let old = body.len();
        anyhow::ensure!(old + bytes <= ANSWER_BYTES_MAX, "an answer larger than the limit");
        body.resize(old + bytes, 0);
        let room = body.get_mut(old..).unwrap_or_default();
        self.stream.read_exact(room).context("body ends early")
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_connection_that_is_announced_closed_is_opened_anew() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().unwrap();
                stream.read_exact(&mut [0; 5]).unwrap();
                let answer =
                    "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno";
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let shot = Shot { bytes: b"five!".to_vec(), permit: false };
        let told = fire(address, &[vec![shot.clone(), shot]], Pace::Saturated).unwrap();
        assert_eq!((told.requests, told.wrong), (2, 0));
        server.join().unwrap();
    }

    /// A server that gives these answers, one per request of `ask`, and ends.
    fn serve(answers: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut stream = BufReader::new(stream);
            for answer in answers {
                let mut request = [0; 5];
                stream.read_exact(&mut request).unwrap();
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        address
    }

    #[test]
    fn plain_and_chunked_answers_are_read_whole_over_one_connection() {
        let address = serve(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"result\":{}}\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"er\r\n7\r\nror\":1}\r\n0\r\n\r\n",
            "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nDPoP-Nonce: n1\r\n\r\n",
        ]);
        let mut line = Line::open(address).unwrap();
        let first = line.ask(b"five!").unwrap();
        assert!(first.permits() && !first.denies());
        let second = line.ask(b"five!").unwrap();
        assert_eq!(second.body, br#"{"error":1}"#);
        assert!(second.denies() && !second.permits());
        let third = line.ask(b"five!").unwrap();
        assert!(third.denies());
        assert_eq!(third.header("dpop-nonce"), Some("n1"));
        assert!(line.ask(b"five!").is_err(), "a closed connection is an error, never an answer");
    }

    #[test]
    fn an_answer_of_the_wrong_kind_is_counted_and_shown() {
        let ok = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"result\":{}}";
        let address = serve(Box::leak(Box::new([ok, ok])));
        let shot = |permit| Shot { bytes: b"five!".to_vec(), permit };
        let told = fire(address, &[vec![shot(true), shot(false)]], Pace::Saturated).unwrap();
        assert_eq!((told.requests, told.wrong, told.micros.len()), (2, 1, 2));
        assert!(told.first_wrong.unwrap().contains("refusal was due"));
    }
}
