//! The table of sessions and links: in memory, so that a restart signs everybody out.
//!
//! Never here: a code, a cookie or a token that is stored (their digests are), or whether a person may have a session.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use writ_identity::OneTimeCode;
use writ_model::{
    Actor, Cx, Digest, Entropy, PasskeyId, PersonId, Secret, SessionId, Span, TenantId, Timestamp,
};

use super::{COOKIE, SESSION_IDLE, Session, SignedBy, SignedIn};
use crate::Who;

/// A session ends after so long, used or not.
const SESSION_LIFE: Span = Span::hours(12);
/// A link that is not followed for so long ends.
pub(super) const LINK_LIFE: Span = Span::minutes(15);
/// LIMIT: links waiting: one for each start and for each time somebody asked; the oldest makes room.
const LINKS: usize = 64;
/// LIMIT: sessions: people of one installation; the one unused for longest makes room.
const SESSIONS: usize = 1_024;
/// LIMIT: letters kept of what a browser calls itself.
const AGENT: usize = 120;

#[derive(Debug)]
struct Row {
    session: Session,
    agent: String,
    used_at: Timestamp,
}

#[derive(Debug, Default)]
struct Table {
    links: BTreeMap<Digest, Timestamp>,
    rows: BTreeMap<Digest, Row>,
}

/// One session, as lists show it.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) session: Session,
    pub(crate) agent: String,
    pub(crate) used_at: Timestamp,
}

/// Everybody who is signed in.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Table>);

impl Sessions {
    pub(super) fn add_link(&self, digest: Digest, now: Timestamp) {
        let mut table = self.0.lock();
        table.links.retain(|_, expires| now < *expires);
        if table.links.len() >= LINKS {
            let oldest = table.links.iter().min_by_key(|(_, at)| **at).map(|(key, _)| *key);
            oldest.and_then(|key| table.links.remove(&key));
        }
        table.links.insert(digest, now + LINK_LIFE);
    }

    /// Uses a link up; says whether it was good.
    pub(super) fn follow(&self, code: &str, now: Timestamp) -> bool {
        let expires =
            OneTimeCode::digest_of_typed(code).and_then(|key| self.0.lock().links.remove(&key));
        expires.is_some_and(|at| now < at)
    }

    /// Opens a session with a token and an id of its own: whatever cookie came with the request means nothing.
    pub(super) fn open(
        &self,
        (who, how): (Who, SignedBy),
        agent: &str,
        secure: bool,
        (entropy, now): (&std::sync::Arc<dyn Entropy>, Timestamp),
    ) -> SignedIn {
        let (token, csrf) = (random(entropy.as_ref()), random(entropy.as_ref()));
        let none = TenantId::from_bytes([0; 16]);
        let cx = Cx::new(now, std::sync::Arc::clone(entropy), none, Actor::system("desk"));
        let id = SessionId::new(&cx);
        let key = Digest::of(token.as_bytes());
        let session = Session {
            who: who.in_session(id),
            csrf: Secret::new(csrf),
            id,
            how,
            opened_at: now,
            expires: now + SESSION_LIFE,
            key,
        };
        let agent = plain(agent);
        let mut table = self.0.lock();
        if table.rows.len() >= SESSIONS {
            let oldest = table.rows.iter().min_by_key(|(_, row)| row.used_at).map(|(key, _)| *key);
            oldest.and_then(|key| table.rows.remove(&key));
        }
        table.rows.insert(key, Row { session: session.clone(), agent, used_at: now });
        let secure = if secure { "; Secure" } else { "" };
        let cookie = format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/{secure}");
        SignedIn { set_cookie: Secret::new(cookie), session }
    }

    /// The session of a cookie, used now.
    pub(super) fn find(&self, token: &str, now: Timestamp) -> Option<Session> {
        let key = Digest::of(token.as_bytes());
        let mut table = self.0.lock();
        let row = table.rows.get_mut(&key)?;
        if !row.lives(now) {
            table.rows.remove(&key);
            return None;
        }
        row.used_at = now;
        Some(row.session.clone())
    }

    pub(super) fn holds(&self, key: Digest) -> bool {
        self.0.lock().rows.contains_key(&key)
    }

    /// Whether a session lives, by its public id; it is not used by that.
    pub(super) fn is_open(&self, id: SessionId, now: Timestamp) -> bool {
        self.0.lock().rows.values().any(|row| row.session.id == id && row.lives(now))
    }

    pub(super) fn end(&self, key: Digest) {
        self.0.lock().rows.remove(&key);
    }

    /// The sessions that live, newest first.
    pub(crate) fn listed(&self, wanted: impl Fn(PersonId) -> bool, now: Timestamp) -> Vec<Listed> {
        let mut table = self.0.lock();
        table.rows.retain(|_, row| row.lives(now));
        let rows = table.rows.values().filter(|row| wanted(row.session.who.person));
        let mut out: Vec<Listed> = rows
            .map(|row| Listed {
                session: row.session.clone(),
                agent: row.agent.clone(),
                used_at: row.used_at,
            })
            .collect();
        out.sort_by_key(|one| std::cmp::Reverse(one.session.opened_at));
        out
    }

    /// Ends a session by its public id, if it is one of these people's. Says whose it was.
    pub(crate) fn end_one(
        &self,
        id: SessionId,
        wanted: impl Fn(PersonId) -> bool,
    ) -> Option<PersonId> {
        let mut table = self.0.lock();
        let found = table.rows.iter().find(|(_, row)| row.session.id == id);
        let (key, person) = found.map(|(key, row)| (*key, row.session.who.person))?;
        if !wanted(person) {
            return None;
        }
        table.rows.remove(&key);
        Some(person)
    }

    /// Ends every session of a person.
    pub(crate) fn end_person(&self, person: PersonId) {
        self.0.lock().rows.retain(|_, row| row.session.who.person != person);
    }

    /// Ends every session that was opened with a passkey.
    pub(crate) fn end_key(&self, passkey: PasskeyId) {
        self.0.lock().rows.retain(|_, row| row.session.how != SignedBy::Passkey(passkey));
    }

    /// Ends every session that was opened with a link.
    pub(crate) fn end_links(&self) {
        let mut table = self.0.lock();
        table.links.clear();
        table.rows.retain(|_, row| row.session.how != SignedBy::Link);
    }
}

impl Row {
    fn lives(&self, now: Timestamp) -> bool {
        now < self.session.expires && now < self.used_at + SESSION_IDLE
    }
}

/// What a browser calls itself, cut and without anything that is not a plain letter.
fn plain(agent: &str) -> String {
    let fits = |letter: &char| matches!(letter, ' '..='~');
    agent.chars().filter(fits).take(AGENT).collect()
}

fn random(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}
