//! Telling people outside the desk that something waits or was done: facts become messages, messages become rows of the
//! outbox, rows are delivered by mail, webhook or chat.
//!
//! A step reads what each ledger has gained, puts the rows it makes in one transaction with how far it has read, and tries
//! what is due. Every row is delivered once, unless the process ends between the other side's yes and our writing it down:
//! then once more, under the same id.
//! Never here: an address that somebody of a tenant wrote, save a person's own mail address; a decision (a message cannot
//! approve anything); arguments of a call, a secret, a key in a message.
//! To add a kind: a variant in `kind.rs`, what it says and who is told in `tell/`. To add a way out: a variant of [`Form`],
//! its arm in `deliver.rs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::OnceCell;
use writ_identity::SigningKey;
use writ_model::{Digest, TenantId, Timestamp};
use writ_reach::{Outside, Place, Post, chat::Chat};
use writ_store::{Outbox, OutboxFault};

use crate::{Desk, DeskError, keys};

mod contact;
mod deliver;
mod follow;
mod kind;
mod message;
mod queue;
mod rows;
mod tell;
pub(crate) mod words;

pub use kind::Kind;

/// The way of mail.
pub(crate) const MAIL: &str = "mail";
/// Rows that make rows: whom to tell when nobody has decided in time.
pub(crate) const ESCALATION: &str = "escalation";

/// What telling is made of.
pub struct NotifyParts {
    /// What has to be told.
    pub outbox: Arc<dyn Outbox>,
    /// Asks webhooks and chats.
    pub outside: Arc<dyn Outside>,
    /// Sends mail, if a mail server is configured.
    pub post: Option<Arc<dyn Post>>,
    /// Webhooks and chats, from the operator's file.
    pub ways: Vec<Way>,
}

impl fmt::Debug for NotifyParts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "NotifyParts({:?}, mail: {})", self.ways, self.post.is_some())
    }
}

/// A webhook or a chat.
#[derive(Clone)]
pub struct Way {
    /// Its name in the operator's file.
    pub name: String,
    /// Where it is. A chat's address is a secret: whoever knows it can write there.
    pub place: Place,
    /// The only client it is for, by short name; none for every client.
    pub client: Option<String>,
    /// What is sent there.
    pub form: Form,
}

impl fmt::Debug for Way {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Way({}, {:?})", self.name, self.form)
    }
}

/// What is sent to a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Signed JSON, for programs.
    Webhook {
        /// Only these kinds; empty for all.
        kinds: Vec<Kind>,
    },
    /// One line with a link.
    Chat(Chat),
}

impl Way {
    /// Its name in rows. A changed address is another way: what was closed by its old one is open again.
    fn channel(&self) -> String {
        let what = match self.form {
            Form::Webhook { .. } => "webhook",
            Form::Chat(_) => "chat",
        };
        let of = Digest::of(self.place.as_str().as_bytes()).to_string();
        format!("{what}:{}:{}", self.name, of.get(..12).unwrap_or_default())
    }

    /// `webhook soar`, `Teams chat service-desk`.
    pub(crate) fn title(&self) -> String {
        let what = match self.form {
            Form::Webhook { .. } => "webhook",
            Form::Chat(Chat::Teams) => "Teams chat",
            Form::Chat(Chat::Slack) => "Slack chat",
        };
        format!("{what} {}", self.name)
    }

    fn serves(&self, slug: &str) -> bool {
        self.client.as_deref().is_none_or(|only| only == slug)
    }

    fn wants(&self, kind: Kind) -> bool {
        match &self.form {
            Form::Webhook { kinds } => kinds.is_empty() || kinds.contains(&kind),
            Form::Chat(_) => kind.in_chats(),
        }
    }
}

/// What one step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stepped {
    /// Lines that were read.
    pub lines: u64,
    /// Rows that were put.
    pub put: usize,
    /// Rows that were tried.
    pub tried: usize,
    /// Of these, delivered.
    pub done: usize,
}

/// Telling, as this process does it.
pub(crate) struct Notifier {
    parts: NotifyParts,
    /// The lines of each ledger that the outbox is known to have read: what saves asking it again.
    read: Mutex<BTreeMap<TenantId, u64>>,
    /// Ledgers that could not be read, and until when they are left alone.
    stuck: Mutex<BTreeMap<TenantId, Timestamp>>,
    /// Ways that are closed, with why; read from the outbox once.
    closed: OnceCell<Mutex<BTreeMap<String, String>>>,
    key: OnceCell<SigningKey>,
    /// Two steps at once would send twice.
    turn: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.parts, out)
    }
}

impl Notifier {
    fn new(parts: NotifyParts) -> Self {
        let (closed, key) = (OnceCell::new(), OnceCell::new());
        let (read, stuck) = (Mutex::default(), Mutex::default());
        let turn = tokio::sync::Mutex::new(());
        Self { parts, read, stuck, closed, key, turn }
    }

    pub(crate) fn outbox(&self) -> &dyn Outbox {
        self.parts.outbox.as_ref()
    }

    pub(crate) fn has_mail(&self) -> bool {
        self.parts.post.is_some()
    }

    /// The webhooks and chats of a client, with the name of each in rows.
    pub(crate) fn ways_of(&self, slug: &str) -> Vec<(String, &Way)> {
        let of = self.parts.ways.iter().filter(|way| way.serves(slug));
        of.map(|way| (way.channel(), way)).collect()
    }

    fn way(&self, channel: &str) -> Option<&Way> {
        self.parts.ways.iter().find(|way| way.channel() == channel)
    }

    /// Ways that are closed, with why.
    pub(crate) async fn closed(&self) -> Result<BTreeMap<String, String>, OutboxFault> {
        Ok(self.closed_cell().await?.lock().clone())
    }

    async fn closed_cell(&self) -> Result<&Mutex<BTreeMap<String, String>>, OutboxFault> {
        let read = || async {
            let found = self.outbox().closed().await?;
            let rows = found.into_iter().map(|closed| (closed.channel, closed.why));
            Ok(Mutex::new(rows.collect()))
        };
        self.closed.get_or_try_init(read).await
    }

    async fn key(&self, desk: &Desk) -> Result<&SigningKey, DeskError> {
        let parts = &desk.inner.parts;
        let read = || keys::webhook_key(parts.vault.as_ref(), parts.entropy.as_ref());
        self.key.get_or_try_init(read).await
    }
}

impl From<OutboxFault> for DeskError {
    fn from(fault: OutboxFault) -> Self {
        Self::fault(fault.code(), fault.to_string())
    }
}

impl Desk {
    /// Lets people outside the desk be told. Only the first call counts. Then [`Desk::notify_step`] has to be called on an
    /// interval.
    pub fn set_notify(&self, parts: NotifyParts) {
        if self.inner.notify.set(Arc::new(Notifier::new(parts))).is_err() {
            tracing::warn!("a second way of telling was left out");
        }
    }

    pub(crate) fn notifier(&self) -> Option<&Arc<Notifier>> {
        self.inner.notify.get()
    }

    /// Reads what the ledgers have gained, and delivers what is due; bounded, so it may leave some for the next step.
    ///
    /// # Errors
    /// If the store fails. One ledger's or one delivery's fault is logged and tried again by the next step.
    pub async fn notify_step(&self) -> Result<Stepped, DeskError> {
        let Some(notifier) = self.notifier().map(Arc::clone) else { return Ok(Stepped::default()) };
        let _turn = notifier.turn.lock().await;
        let mut stepped = notifier.follow(self).await?;
        notifier.deliver(self, &mut stepped).await?;
        Ok(stepped)
    }

    /// The public key of signed webhooks, as Standard Webhooks prints it: `whpk_…`.
    ///
    /// # Errors
    /// If the vault fails.
    pub async fn webhook_public_key(&self) -> Result<String, DeskError> {
        let parts = &self.inner.parts;
        let key = keys::webhook_key(parts.vault.as_ref(), parts.entropy.as_ref()).await?;
        Ok(writ_reach::webhook::public_key(&key.public_bytes()))
    }
}

/// The people of a telling, each once.
type People = BTreeSet<writ_model::PersonId>;
