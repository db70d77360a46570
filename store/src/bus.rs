//! The bus's port: messages of tenants, published durably and consumed at least once, in each tenant's order.
//!
//! A message is bytes. It stays until every consumer that has a name has acknowledged it; what no consumer was named for
//! stays, too. Bounds are the bus's: when it is full it makes publishers wait and then refuses; it never drops.
//! Never here: what a message means, or a consumer's work.
//! To add an adapter: a file of its own, and a line in `contract.rs`.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use writ_model::{Code, TenantId};

#[cfg(test)]
mod contract;

/// LIMIT: bytes of one message: the largest record that a call can leave, with its frame.
pub const MAX_BODY: usize = (7 << 20) + (64 << 10);
/// LIMIT: bytes that one question for messages brings, unless a single one is larger.
pub const MAX_BATCH_BYTES: usize = 8 << 20;
/// How long a question waits for a first message.
pub(crate) const IDLE: Duration = Duration::from_secs(1);

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whose.
    pub tenant: TenantId,
    /// What it is known by: published again while the bus remembers it, it is not kept again.
    pub id: [u8; 16],
    /// Its bytes.
    pub body: Bytes,
}

/// A message that a consumer is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its place on the bus, which grows.
    pub seq: u64,
    /// The message.
    pub message: Message,
    /// It was given before, as far as the bus knows.
    pub redelivered: bool,
}

/// What a bus and its consumers are held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// LIMIT: bytes that it holds; then it is full.
    pub bytes: u64,
    /// How long a publisher waits on a full bus before it is refused.
    pub patience: Duration,
    /// After so long without an acknowledgement a message is given again.
    pub redeliver: Duration,
    /// LIMIT: messages that a consumer has in hand at once.
    pub unacked: usize,
}

impl Default for Bounds {
    /// 8 GiB: more than a day of 40 calls a second while no lake runs. 4,096 in hand: some seconds of a busy lake.
    fn default() -> Self {
        Self {
            bytes: 8 << 30,
            patience: Duration::from_secs(5),
            redeliver: Duration::from_secs(10),
            unacked: 4_096,
        }
    }
}

/// Why the bus does not do what it is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusFault {
    /// It holds as much as it may; a consumer is behind or away.
    #[error(
        "the bus is full: it may hold {bound} bytes, and a consumer has not taken what is there"
    )]
    Full {
        /// Its bound, in bytes.
        bound: u64,
    },
    /// A message is larger than a bus carries.
    #[error("a message has {found} bytes, at most {MAX_BODY} can travel")]
    TooLong {
        /// Its bytes.
        found: usize,
    },
    /// It does not answer. Whether a message was kept is unknown: publish it again.
    #[error("the bus does not answer: {why}")]
    Unreachable {
        /// In words.
        why: String,
    },
    /// It answered that it cannot.
    #[error("the bus failed: {why}")]
    Faulted {
        /// In words.
        why: String,
    },
    /// It runs with a setting under which what is acknowledged could be lost, or does not fit.
    #[error("the bus runs with {setting} = {found}; it must be {wanted}")]
    Setting {
        /// Which setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        wanted: String,
    },
    /// It cannot be spoken to as it is configured.
    #[error("the bus's {field} cannot be used: {why}")]
    Options {
        /// Which option.
        field: &'static str,
        /// In words, without a secret.
        why: String,
    },
}

impl BusFault {
    /// The stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Full { .. } => "STOR-0070",
            Self::TooLong { .. } => "STOR-0071",
            Self::Unreachable { .. } => "STOR-0072",
            Self::Faulted { .. } => "STOR-0073",
            Self::Setting { .. } => "STOR-0074",
            Self::Options { .. } => "STOR-0075",
        })
    }
}

/// Carries messages.
#[async_trait]
pub trait Bus: fmt::Debug + Send + Sync {
    /// Keeps messages. When it returns, all of them are durable, and each tenant's stand in the order given, after what
    /// was published before. If it fails, the first ones of each tenant may be kept: publish the same ones again.
    ///
    /// # Errors
    /// If it is full (after waiting), does not answer or cannot.
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusFault>;

    /// Takes up consuming under a name, from the first message that nobody acknowledged under it. Whoever did so before
    /// should have ended: what they had in hand is given again, in order, before anything new.
    ///
    /// # Errors
    /// If it does not answer or cannot.
    async fn consume(&self, name: &str) -> Result<Box<dyn Consumer>, BusFault>;

    /// Messages that were not acknowledged under a name.
    ///
    /// # Errors
    /// If it does not answer or cannot.
    async fn lag(&self, name: &str) -> Result<u64, BusFault>;

    /// Every name that something is kept for, in order.
    ///
    /// # Errors
    /// If it does not answer or cannot.
    async fn names(&self) -> Result<Vec<String>, BusFault>;

    /// Ends a name: nothing is kept for it any more. Whether there was one.
    ///
    /// # Errors
    /// If it does not answer or cannot.
    async fn forget(&self, name: &str) -> Result<bool, BusFault>;
}

/// One that consumes under a name.
#[async_trait]
pub trait Consumer: fmt::Debug + Send {
    /// The next messages, at most so many, each tenant's in its order; none if none came for a while. What was given and
    /// not acknowledged comes again, and then may come after what followed it.
    ///
    /// # Errors
    /// If it does not answer or cannot.
    async fn next(&mut self, most: usize) -> Result<Vec<Delivery>, BusFault>;

    /// Everything that this consumer was given up to this place is done with. Durable when it returns.
    ///
    /// # Errors
    /// If it does not answer or cannot: then it may come again.
    async fn ack(&mut self, up_to: u64) -> Result<(), BusFault>;
}

/// LIMIT: characters of a consumer's name, and which: what every adapter can spell.
pub(crate) fn check_name(name: &str) -> Result<(), BusFault> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.is_empty() && name.len() <= 64 && name.bytes().all(plain) {
        return Ok(());
    }
    let why = "1 to 64 letters, digits, - and _ are a consumer's name".to_owned();
    Err(BusFault::Options { field: "consumer", why })
}

/// Whether every message may travel.
pub(crate) fn check_bodies(messages: &[Message]) -> Result<(), BusFault> {
    let long = messages.iter().map(|message| message.body.len()).find(|bytes| *bytes > MAX_BODY);
    long.map_or(Ok(()), |found| Err(BusFault::TooLong { found }))
}
