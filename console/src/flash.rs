//! What one answer leaves for the next page of the same session: what was just done, a code that is shown once. In memory.
//!
//! Never here: anything that must survive a restart, or an address that says it.

use std::{collections::BTreeMap, sync::Mutex};

use writ_desk::Session;
use writ_model::{Digest, Timestamp};

use crate::{shell::Notice, view::EnrollmentOffer};

/// LIMIT: sessions with something left for them; the first of them makes room.
const KEPT: usize = 256;

/// A link that is shown once: whoever opens it makes a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Once {
    /// The link.
    pub link: String,
    /// Until when.
    pub expires: Timestamp,
    /// Whether it is for a recovery rather than an invitation.
    pub recovery: bool,
}

impl std::fmt::Debug for Once {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Once(until {})", self.expires)
    }
}

/// What is left.
#[derive(Debug, Default)]
struct Left {
    notice: Option<Notice>,
    offer: Option<EnrollmentOffer>,
    once: Option<Once>,
}

impl Left {
    fn nothing(&self) -> bool {
        self.notice.is_none() && self.offer.is_none() && self.once.is_none()
    }
}

/// What is left for each session, by the digest of its token.
#[derive(Debug, Default)]
pub(crate) struct Flashes(Mutex<BTreeMap<Digest, Left>>);

impl Flashes {
    fn with<T>(&self, session: &Session, change: impl FnOnce(&mut Left) -> T) -> Option<T> {
        let key = Digest::of(session.csrf.expose().as_bytes());
        let mut all = self.0.lock().ok()?;
        if all.len() >= KEPT && !all.contains_key(&key) {
            all.pop_first();
        }
        let out = change(all.entry(key).or_default());
        if all.get(&key).is_some_and(Left::nothing) {
            all.remove(&key);
        }
        Some(out)
    }

    /// Leaves a notice for the next page.
    pub(crate) fn notice(&self, session: &Session, notice: Notice) {
        self.with(session, |left| left.notice = Some(notice));
    }

    /// Takes the notice.
    pub(crate) fn take_notice(&self, session: &Session) -> Option<Notice> {
        self.with(session, |left| left.notice.take()).flatten()
    }

    /// Leaves a code to be shown once.
    pub(crate) fn offer(&self, session: &Session, offer: EnrollmentOffer) {
        self.with(session, |left| left.offer = Some(offer));
    }

    /// Takes the code.
    pub(crate) fn take_offer(&self, session: &Session) -> Option<EnrollmentOffer> {
        self.with(session, |left| left.offer.take()).flatten()
    }

    /// Leaves a link to be shown once.
    pub(crate) fn once(&self, session: &Session, once: Once) {
        self.with(session, |left| left.once = Some(once));
    }

    /// Takes the link.
    pub(crate) fn take_once(&self, session: &Session) -> Option<Once> {
        self.with(session, |left| left.once.take()).flatten()
    }
}
