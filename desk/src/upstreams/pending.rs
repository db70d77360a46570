//! Links that were asked for, and consents under way. In memory: a restart forgets them, and they are asked for again.
//!
//! Never here: a link, a state or a cookie (their digests are).

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use writ_authority::fact::Holder;
use writ_model::{Digest, Entropy, Secret, Span, TenantId, Timestamp};
use writ_reach::oauth::Begun;

use crate::{Desk, Who};

/// How long a link may be opened, and how long somebody may take at the authorization server.
pub(super) const LIFE: Span = Span::minutes(10);
/// LIMIT: links and consents under way, some 4 KiB each; the oldest makes room.
const MOST: usize = 1_024;
/// LIMIT: addresses in our metadata document: authorization servers that people are at within ten minutes.
const REDIRECTS: usize = 15;
/// LIMIT: bytes of a link's code, a state or a cookie; ours have 43.
const MAX_TEXT: usize = 64;

/// A link that somebody asked for.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(super) tenant: TenantId,
    pub(super) server: String,
    pub(super) slug: String,
    pub(super) holder: Holder,
    pub(super) who: Who,
}

/// A consent under way.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) ticket: Ticket,
    pub(super) begun: Begun,
    browser: Digest,
}

#[derive(Debug)]
struct Timed<T>(Timestamp, T);

/// Everything under way.
#[derive(Debug, Default)]
pub(crate) struct Table {
    tickets: Mutex<BTreeMap<Digest, Timed<Ticket>>>,
    pending: Mutex<BTreeMap<Digest, Timed<Pending>>>,
}

impl Table {
    /// A new link, and until when it may be opened.
    pub(super) fn ticket(&self, desk: &Desk, ticket: Ticket) -> (String, Timestamp) {
        let (code, expires) = (random(desk.entropy().as_ref()), desk.now() + LIFE);
        insert(&self.tickets, &code, Timed(expires, ticket), desk.now());
        (code, expires)
    }

    /// What a link is for and until when, if it is this person's; it is good once.
    pub(super) fn open(
        &self,
        code: &str,
        who: &Who,
        now: Timestamp,
    ) -> Option<(Ticket, Timestamp)> {
        let mut tickets = self.tickets.lock();
        let key = (code.len() <= MAX_TEXT).then(|| Digest::of(code.as_bytes()))?;
        let Timed(expires, ticket) = tickets.get(&key)?;
        if now >= *expires || ticket.who.person != who.person {
            return None;
        }
        tickets.remove(&key).map(|Timed(expires, ticket)| (ticket, expires))
    }

    /// A link that led nowhere, because a server could not be asked: it may be opened again.
    pub(super) fn put_back(
        &self,
        code: &str,
        (ticket, expires): (Ticket, Timestamp),
        now: Timestamp,
    ) {
        insert(&self.tickets, code, Timed(expires, ticket), now);
    }

    /// A consent begins; the browser gets this cookie.
    pub(super) fn begin(&self, desk: &Desk, ticket: Ticket, begun: Begun) -> Secret<String> {
        let cookie = random(desk.entropy().as_ref());
        let (browser, state) = (Digest::of(cookie.as_bytes()), begun.state.clone());
        let pending = Pending { ticket, begun, browser };
        insert(&self.pending, &state, Timed(desk.now() + LIFE, pending), desk.now());
        Secret::new(cookie)
    }

    /// The consent of this state, once, if this browser began it in time.
    pub(super) fn finish(
        &self,
        state: &str,
        cookie: Option<&str>,
        now: Timestamp,
    ) -> Option<Pending> {
        let cookie = cookie.filter(|cookie| cookie.len() <= MAX_TEXT)?;
        let key = (state.len() <= MAX_TEXT).then(|| Digest::of(state.as_bytes()))?;
        let Timed(expires, pending) = self.pending.lock().remove(&key)?;
        let same = Digest::of(cookie.as_bytes()) == pending.browser;
        (same && now < expires).then_some(pending)
    }

    /// Where answers are awaited now, each once, in order.
    pub(super) fn redirects(&self, now: Timestamp) -> Vec<String> {
        let pending = self.pending.lock();
        let awaited = pending.values().filter(|Timed(expires, _)| now < *expires);
        let all: BTreeSet<&str> = awaited.map(|Timed(_, one)| one.begun.redirect()).collect();
        all.into_iter().take(REDIRECTS).map(str::to_owned).collect()
    }
}

fn insert<T>(table: &Mutex<BTreeMap<Digest, Timed<T>>>, code: &str, new: Timed<T>, now: Timestamp) {
    let mut table = table.lock();
    if table.len() >= MOST {
        table.retain(|_, Timed(expires, _)| now < *expires);
    }
    if table.len() >= MOST {
        let oldest =
            table.iter().min_by_key(|(_, Timed(expires, _))| *expires).map(|(key, _)| *key);
        oldest.and_then(|key| table.remove(&key));
    }
    table.insert(Digest::of(code.as_bytes()), new);
}

fn random(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}
