//! Station 0: what arrives, before anybody is known: the address, the web origin, the body with its bounds.
//!
//! Never here: a parse of the body, or a look at credentials.

pub(crate) mod framing;

use std::{
    future::poll_fn,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use hyper::body::{Body, Incoming};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use writ_model::json::Limits;

use crate::{
    fair::{Of, Seat, Share},
    refusal::{self, Refusal},
    streams::Cord,
};

/// LIMIT: how long a body may take to arrive.
const ARRIVE: Duration = Duration::from_secs(10);

/// LIMIT: how long a body that nobody will read may take to go by.
const UNREAD: Duration = Duration::from_millis(250);
/// LIMIT: bytes of such a body; of a larger one the connection is closed.
const UNREAD_BYTES: usize = 64 << 10;

/// The connection that a request came on.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    /// Who is at its other end.
    pub(crate) peer: SocketAddr,
    /// Closes it at once.
    pub(crate) abort: CancellationToken,
    pub(crate) line: Arc<Line>,
}

/// What is remembered of a connection over its requests.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// Its place among the connections of the first tenant that showed a good credential on it.
    owner: OnceLock<Seat>,
    /// Requests refused one after the other because their tenant had too much.
    sheds: AtomicU32,
    /// Its tenant has no place for it.
    surplus: AtomicBool,
    /// Where its requests begin and end can be read in two ways.
    odd: AtomicBool,
}

/// LIMIT: how long the answer of a crowded tenant waits at first and at most, so that it cannot ask as fast as it is refused.
const CROWDED_WAIT: (u32, u32) = (100, 1_000);
/// LIMIT: such answers one after the other, before their connection is closed.
const CROWDED_TURNS: u32 = 16;
/// 2^32 by the golden ratio: multiples of it lie evenly.
const GOLDEN: u32 = 2_654_435_769;

impl Line {
    /// Takes the connection's place among its tenant's, once.
    pub(crate) fn owned(&self, share: &Arc<Share>) -> Result<(), Refusal> {
        if self.owner.get().is_some() {
            return Ok(());
        }
        let Some(seat) = share.take(Of::Connections) else {
            self.surplus.store(true, Ordering::Relaxed);
            return Err(refusal::CROWDED);
        };
        self.owner.get_or_init(|| seat);
        Ok(())
    }

    /// How long a crowded tenant's answer waits, and whether the connection is closed with it. Between half of the time and
    /// all of it, by the caller's port: who was refused at one moment must not come back at one, before everybody else.
    pub(crate) fn shed(&self, port: u16) -> (Duration, bool) {
        let turns = self.sheds.fetch_add(1, Ordering::Relaxed);
        let (first, most) = CROWDED_WAIT;
        let wait = u64::from(first.checked_shl(turns.min(8)).unwrap_or(most).min(most)) * 1_000;
        let part = u64::from(u32::from(port).wrapping_add(turns).wrapping_mul(GOLDEN)) * wait;
        (
            Duration::from_micros(wait - (part >> 33)),
            turns + 1 >= CROWDED_TURNS || self.surplus.load(Ordering::Relaxed),
        )
    }

    /// Where its requests begin and end can be read in two ways: from now on all of them are refused.
    fn marks(&self) {
        self.odd.store(true, Ordering::SeqCst);
    }

    /// Whether that is so.
    pub(crate) fn odd(&self) -> bool {
        self.odd.load(Ordering::SeqCst)
    }

    /// Somebody on it was let in.
    pub(crate) fn served(&self) {
        if self.sheds.load(Ordering::Relaxed) > 0 {
            self.sheds.store(0, Ordering::Relaxed);
        }
    }
}

/// An address of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// `/mcp`: every server of the caller's client.
    Endpoint,
    /// `/mcp/{server}`
    Mcp(&'a str),
    /// `/mcp/{server}/sse` and `/mcp/{server}/message`: the two of the transport of 2024-11-05.
    Stream(&'a str),
    /// See [`Route::Stream`].
    Message(&'a str),
    /// `/pep/{server}/{door}`
    Pep(&'a str, &'a str),
    /// RFC 9728 metadata of a server, or of the gateway as a whole.
    Metadata(Option<&'a str>),
    /// Nothing.
    None,
}

/// What an address means. One spelling only: an escaped or doubled slash is another address.
pub(crate) fn route(path: &str) -> Route<'_> {
    let mut parts = path.split('/').skip(1);
    let parts = [parts.next(), parts.next(), parts.next(), parts.next(), parts.next()];
    match parts {
        [Some("mcp"), None, ..] => Route::Endpoint,
        [Some("mcp"), Some(server), None, ..] => Route::Mcp(server),
        [Some("mcp"), Some(server), Some("sse"), None, ..] => Route::Stream(server),
        [Some("mcp"), Some(server), Some("message"), None, ..] => Route::Message(server),
        [Some("pep"), Some(server), Some(door), None, ..] => Route::Pep(server, door),
        [Some(".well-known"), Some("oauth-protected-resource"), rest, server, None] => {
            match (rest, server) {
                (None | Some("mcp"), None) => Route::Metadata(None),
                (Some("mcp"), Some(server)) => Route::Metadata(Some(server)),
                _ => Route::None,
            }
        }
        _ => Route::None,
    }
}

/// Requests that a web page makes are refused unless the page is of this machine (DNS rebinding).
pub(crate) fn origin(headers: &HeaderMap, base: &str) -> Result<(), Refusal> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let local = |origin: &str| {
        let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))?;
        let host = match rest.strip_prefix('[') {
            Some(bracketed) => bracketed.split(']').next()?,
            None => rest.split(':').next()?,
        };
        matches!(host, "localhost" | "127.0.0.1" | "::1").then_some(())
    };
    match origin.to_str() {
        Ok(origin) if origin == base || local(origin).is_some() => Ok(()),
        Ok(_) | Err(_) => Err(refusal::ORIGIN),
    }
}

/// The whole body, if it is no larger than its limit and arrives in time, and before its agent is ended.
pub(crate) async fn body(
    incoming: Option<Incoming>,
    limits: &Limits,
    cord: &Cord,
) -> Result<Bytes, Refusal> {
    let Some(mut incoming) = incoming else { return Ok(Bytes::new()) };
    let most = limits.bytes;
    if incoming.size_hint().lower() > most as u64 {
        return Err(refusal::TOO_LARGE);
    }
    tokio::select! {
        biased;
        why = cord.cut() => Err(why),
        body = timeout(ARRIVE, read(&mut incoming, most)) => body.unwrap_or(Err(refusal::SLOW)),
    }
}

/// Lets the body of a refused request go by. A connection on which a body is still under way when the answer is out is
/// closed without a word, and who repeats the request on it, with the nonce they were just told, is cut off.
pub(crate) async fn skip(mut incoming: Incoming) {
    if incoming.is_end_stream() {
        return;
    }
    drop(timeout(UNREAD, read(&mut incoming, UNREAD_BYTES)).await);
}

async fn read(incoming: &mut Incoming, most: usize) -> Result<Bytes, Refusal> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *incoming).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(|_broken| broken())?.into_data() else { continue };
        if first.len() + all.len() + data.len() > most {
            return Err(refusal::TOO_LARGE);
        }
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
                first = Bytes::new();
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

fn broken() -> Refusal {
    refusal::AMBIGUOUS.saying("the body does not come as its head says".to_owned())
}

#[cfg(test)]
mod tests {
    use writ_model::TenantId;

    use super::*;
    use crate::fair::{Fair, TenantBounds};

    #[test]
    fn addresses_have_one_spelling() {
        for (path, wanted) in [
            ("/mcp/mail", Route::Mcp("mail")),
            ("/mcp/mail/", Route::None),
            ("/mcp/mail/sse", Route::Stream("mail")),
            ("/mcp/mail/message", Route::Message("mail")),
            ("/mcp/mail/sse/x", Route::None),
            ("/mcp", Route::Endpoint),
            ("/mcp/", Route::Mcp("")),
            ("/pep/mail/decide", Route::Pep("mail", "decide")),
            ("/pep/mail", Route::None),
            ("/.well-known/oauth-protected-resource/mcp/mail", Route::Metadata(Some("mail"))),
            ("/.well-known/oauth-protected-resource/mcp", Route::Metadata(None)),
            ("/.well-known/oauth-protected-resource", Route::Metadata(None)),
            ("/.well-known/oauth-protected-resource/x/mail", Route::None),
            ("/", Route::None),
            ("", Route::None),
        ] {
            assert_eq!(route(path), wanted, "{path}");
        }
    }

    #[test]
    fn a_crowded_tenant_waits_longer_each_time_and_loses_the_connection_in_the_end() {
        let line = Line::default();
        let waits: Vec<_> = (0..CROWDED_TURNS).map(|_| line.shed(40_000)).collect();
        for ((wait, _), most) in waits.iter().zip([100, 200, 400, 800, 1_000, 1_000]) {
            assert!((most / 2..=most).contains(&wait.as_millis()), "{wait:?} of {most}");
        }
        let first: Vec<_> = (0..64).map(|port| Line::default().shed(40_000 + port * 2).0).collect();
        let near =
            |one: &Duration| first.iter().filter(|two| one.abs_diff(**two).as_millis() < 2).count();
        assert!(first.iter().all(|one| near(one) <= 8), "they do not come back at once: {first:?}");
        let closed = waits.iter().position(|(_, closes)| *closes);
        assert_eq!(closed, Some(waits.len() - 1));
        line.served();
        assert!(line.shed(1).0.as_millis() <= 100);
        let bounds = TenantBounds { connections: 1, ..TenantBounds::default() };
        let (share, _seat) = Fair::new(bounds).enter(TenantId::from_bytes([1; 16]), 0).unwrap();
        let first = Line::default();
        assert!(first.owned(&share).is_ok() && first.owned(&share).is_ok());
        assert!(line.owned(&share).is_err() && line.shed(1).1, "one too many is closed at once");
        drop(first);
        assert!(Line::default().owned(&share).is_ok());
    }

    #[test]
    fn pages_of_elsewhere_are_refused() {
        let check = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, value.parse().unwrap());
            origin(&headers, "https://gate.example").is_ok()
        };
        for good in
            ["https://gate.example", "http://localhost:3000", "http://[::1]:5", "http://127.0.0.1"]
        {
            assert!(check(good), "{good}");
        }
        for bad in [
            "http://evil.example",
            "null",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil",
        ] {
            assert!(!check(bad), "{bad}");
        }
        assert!(origin(&HeaderMap::new(), "").is_ok());
    }
}
