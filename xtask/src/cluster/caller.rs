//! An agent that calls: its key, its token, and one connection to each gateway it uses.
//!
//! Never here: a proof that is sent twice.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use super::upstream::STREAM;
use crate::{
    bench::{
        gateway::{Agent, Proofs, With},
        load::{Answer, Line},
    },
    budget::now,
};

/// LIMIT: a gateway that keeps a call this long has failed it.
const PATIENCE: Duration = Duration::from_secs(20);

/// The end of a chunked answer.
const END: &[u8] = b"\r\n0\r\n\r\n";

/// What came of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// The server's answer came back.
    Served,
    /// The gateway refused, with this status.
    Refused(u16),
    /// Nobody answered.
    Nothing,
}

/// What a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    /// A message with this subject: it acts.
    Send(&'a str),
    /// A list of messages: it reads.
    List,
}

impl Asked<'_> {
    /// The tool, and the canonical form of its arguments.
    pub(crate) fn parts(self) -> (&'static str, String) {
        match self {
            Self::Send(subject) => {
                let to = "reader@harbor-books.example";
                let arguments =
                    format!(r#"{{"body":"On its way.","subject":"{subject}","to":"{to}"}}"#);
                ("send_message", arguments)
            }
            Self::List => ("list_messages", "{}".to_owned()),
        }
    }
}

/// One gateway as one agent reaches it.
#[derive(Debug)]
pub(crate) struct Door {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its address as tokens and proofs name it: the same for all gateways.
    url: String,
    line: Option<Line>,
    nonce: Option<String>,
}

impl Door {
    /// A door that nobody has gone through.
    pub(crate) fn new(address: SocketAddr, url: &str) -> Self {
        Self { address, url: url.to_owned(), line: None, nonce: None }
    }

    /// One call; when it was begun, and what came of it.
    ///
    /// # Errors
    /// If no proof can be made.
    pub(crate) fn call(&mut self, agent: &Agent, proofs: &mut Proofs) -> Result<(Instant, Told)> {
        self.ask_for(agent, proofs, Asked::Send("Your order"))
    }

    /// One call for this; when it was begun, and what came of it.
    ///
    /// # Errors
    /// If no proof can be made.
    pub(crate) fn ask_for(
        &mut self,
        agent: &Agent,
        proofs: &mut Proofs,
        asked: Asked<'_>,
    ) -> Result<(Instant, Told)> {
        let begun = now();
        let mut told = self.once(agent, proofs, asked)?;
        // The first call of a boot learns the nonce.
        if told.1 {
            told = self.once(agent, proofs, asked)?;
        }
        Ok((begun, told.0))
    }

    fn once(
        &mut self,
        agent: &Agent,
        proofs: &mut Proofs,
        asked: Asked<'_>,
    ) -> Result<(Told, bool)> {
        let request = self.request(agent, proofs, asked)?;
        let Some(answer) = self.ask(&request) else {
            self.line = None;
            return Ok((Told::Nothing, false));
        };
        let fresh = answer.header("dpop-nonce").map(str::to_owned);
        let learned = answer.status == 401 && fresh.is_some() && fresh != self.nonce;
        if fresh.is_some() {
            self.nonce = fresh;
        }
        let text = String::from_utf8_lossy(&answer.body);
        let served = answer.status == 200 && text.contains("\"result\"");
        let told = if served { Told::Served } else { Told::Refused(answer.status) };
        Ok((told, learned))
    }

    fn ask(&mut self, request: &[u8]) -> Option<Answer> {
        if self.line.is_none() {
            self.line = Line::open(self.address).ok();
        }
        self.line.as_mut()?.ask(request).ok()
    }

    /// Opens a stream that ends only when somebody cuts it.
    ///
    /// # Errors
    /// If it is refused.
    pub(crate) fn stream(&mut self, agent: &Agent, proofs: &mut Proofs) -> Result<Stream> {
        let request = self.request(agent, proofs, Asked::Send(STREAM))?;
        let mut stream = TcpStream::connect(self.address).context("no gateway")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(&request)?;
        let mut first = [0; 1024];
        let read = stream.read(&mut first)?;
        let text = String::from_utf8_lossy(first.get(..read).unwrap_or_default()).into_owned();
        // A refusal comes over 200, too.
        let events = text.to_ascii_lowercase().contains("content-type: text/event-stream");
        anyhow::ensure!(text.starts_with("HTTP/1.1 200") && events, "no stream: {text}");
        Ok(Stream { stream })
    }

    fn request(&self, agent: &Agent, proofs: &mut Proofs, asked: Asked<'_>) -> Result<Vec<u8>> {
        let (tool, arguments) = asked.parts();
        let with = With { nonce: self.nonce.as_deref(), token: Some(&agent.token) };
        let proof = proofs.make(&agent.key, &self.url, with)?;
        let path = self.url.splitn(4, '/').nth(3).unwrap_or_default();
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
        );
        Ok(format!(
            "POST /{path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n\
             Authorization: DPoP {}\r\nDPoP: {proof}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            agent.token,
            body.len()
        )
        .into_bytes())
    }
}

/// An open stream.
#[derive(Debug)]
pub(crate) struct Stream {
    stream: TcpStream,
}

impl Stream {
    /// Whether it has ended by now; reads what was sent, and waits for nothing.
    pub(crate) fn ended(&mut self) -> bool {
        if self.stream.set_nonblocking(true).is_err() {
            return true;
        }
        let mut bytes = [0; 4096];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return true,
                Ok(read) if bytes.get(..read).is_some_and(|read| read.ends_with(END)) => {
                    return true;
                }
                Ok(_) => {}
                Err(fault) => return fault.kind() != std::io::ErrorKind::WouldBlock,
            }
        }
    }

    /// Reads until it ends; when its last byte came, and none if it never ended.
    pub(crate) fn last(mut self) -> Option<Instant> {
        let mut last = now();
        let mut bytes = [0; 4096];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Some(last),
                // The chunk of length zero: the answer is over, the connection may live on.
                Ok(read) if bytes.get(..read).is_some_and(|read| read.ends_with(END)) => {
                    return Some(now());
                }
                Ok(_) => last = now(),
                // Reset: cut as well. A timeout is a stream that lives and says nothing.
                Err(fault) if fault.kind() == std::io::ErrorKind::ConnectionReset => {
                    return Some(last);
                }
                Err(_) => return None,
            }
        }
    }
}
