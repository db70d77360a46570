//! A durable pull consumer, and the purge of what every consumer has acknowledged.
//!
//! Never here: publishing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use async_nats::jetstream::{
    self, AckKind,
    consumer::{
        AckPolicy, DeliverPolicy,
        pull::{Config, MessagesError, Stream as Coming},
    },
    context::ConsumerInfoError,
    message::Acker,
    stream::Stream,
};
use async_trait::async_trait;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::timeout;
use writ_model::TenantId;

use super::{SUBJECT, unreachable};
use crate::bus::{Bounds, BusFault, Consumer, Delivery, IDLE, MAX_BATCH_BYTES, Message};

/// Messages that are acknowledged before the stream is purged of what nobody needs, unless nothing comes.
const TRIM: usize = 256;
/// Added to what a consumer's end takes to show.
const SLACK: Duration = Duration::from_millis(500);
/// LIMIT: how long a consumer may take to say what it has, before a purge is put off.
const SAYS: Duration = Duration::from_secs(1);
/// LIMIT: messages that are sent ahead of being asked for.
const AHEAD: usize = 64;
/// How often a server with nothing to give says that it is there; after two such a consumer is opened anew.
const BEAT: Duration = Duration::from_secs(2);
/// How long a server keeps what we wait for in mind.
const ASK: Duration = Duration::from_secs(30);

pub(super) struct Pulling {
    stream: Stream,
    /// One inbox for as long as this lives: a message that a server sends late still finds us, in its order.
    coming: Coming,
    hand: BTreeMap<u64, Acker>,
    /// What a server said after messages that were given: told with the next question.
    broken: Option<BusFault>,
    /// Acknowledged since the stream was last purged.
    done: usize,
    /// Somebody before us has messages in hand: for so long nothing is asked for, because new ones would come first.
    settle: Option<Duration>,
}

impl fmt::Debug for Pulling {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Pulling({} in hand)", self.hand.len())
    }
}

impl Pulling {
    pub(super) async fn open(
        stream: &Stream,
        name: &str,
        bounds: Bounds,
    ) -> Result<Self, BusFault> {
        let wanted = Config {
            durable_name: Some(name.to_owned()),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: bounds.redeliver,
            max_deliver: -1,
            max_ack_pending: i64::try_from(bounds.unacked).unwrap_or(i64::MAX),
            filter_subject: format!("{SUBJECT}>"),
            ..Config::default()
        };
        let consumer = stream.create_consumer(wanted).await.map_err(unreachable)?;
        let info = consumer.get_info().await.map_err(unreachable)?;
        let settle = (info.num_ack_pending > 0).then_some(bounds.redeliver + SLACK);
        let most = bounds.unacked.min(AHEAD);
        let coming = consumer.stream().max_messages_per_batch(most).heartbeat(BEAT).expires(ASK);
        let coming = coming.messages().await.map_err(unreachable)?;
        Ok(Self {
            stream: stream.clone(),
            coming,
            hand: BTreeMap::new(),
            broken: None,
            done: 0,
            settle,
        })
    }

    /// Takes what a server said; nothing for a message of nobody's.
    async fn take(
        &mut self,
        said: Result<jetstream::Message, MessagesError>,
        found: &mut Vec<Delivery>,
    ) -> Result<(), BusFault> {
        if let Some((delivery, acker)) = delivery(said.map_err(unreachable)?).await {
            self.hand.insert(delivery.seq, acker);
            found.push(delivery);
        }
        Ok(())
    }

    async fn trim(&mut self) -> Result<(), BusFault> {
        if self.done > 0 {
            trim(&self.stream).await?;
            self.done = 0;
        }
        Ok(())
    }
}

/// A message as the port has it. One that nobody of ours can have published is told, ended and not given.
async fn delivery(message: jetstream::Message) -> Option<(Delivery, Acker)> {
    let read = || {
        let tenant: TenantId = message.subject.strip_prefix(SUBJECT)?.parse().ok()?;
        let id = message.headers.as_ref()?.get(async_nats::header::NATS_MESSAGE_ID)?;
        let id = u128::from_str_radix(id.as_str(), 16).ok()?.to_be_bytes();
        let info = message.info().ok()?;
        let (seq, redelivered) = (info.stream_sequence, info.delivered > 1);
        let body = message.payload.clone();
        Some(Delivery { seq, message: Message { tenant, id, body }, redelivered })
    };
    let Some(delivery) = read() else {
        tracing::error!(subject = %message.subject, "a message on the bus is none of ours");
        if let Err(fault) = message.ack_with(AckKind::Term).await {
            tracing::warn!(%fault, "it could not be ended");
        }
        return None;
    };
    let (_, acker) = message.split();
    Some((delivery, acker))
}

#[async_trait]
impl Consumer for Pulling {
    async fn next(&mut self, most: usize) -> Result<Vec<Delivery>, BusFault> {
        if let Some(settle) = self.settle {
            drop(timeout(settle, std::future::pending::<()>()).await);
            self.settle = None;
        }
        if let Some(fault) = self.broken.take() {
            return Err(fault);
        }
        let mut found = Vec::new();
        match timeout(IDLE, self.coming.next()).await {
            Ok(Some(said)) => self.take(said, &mut found).await?,
            Ok(None) => return Err(unreachable("the consumer ended")),
            Err(_idle) => self.trim().await?,
        }
        // What has come with it is taken with it.
        let mut bytes = found.iter().map(|one| one.message.body.len()).sum::<usize>();
        while !found.is_empty() && found.len() < most && bytes < MAX_BATCH_BYTES {
            let Some(Some(said)) = self.coming.next().now_or_never() else { break };
            if let Err(fault) = self.take(said, &mut found).await {
                self.broken = Some(fault);
                break;
            }
            bytes += found.last().map_or(0, |one| one.message.body.len());
        }
        Ok(found)
    }

    async fn ack(&mut self, up_to: u64) -> Result<(), BusFault> {
        let rest = self.hand.split_off(&up_to.saturating_add(1));
        let mut done = std::mem::replace(&mut self.hand, rest);
        let Some((_, last)) = done.pop_last() else { return Ok(()) };
        self.done += done.len() + 1;
        for acker in done.into_values() {
            acker.ack().await.map_err(unreachable)?;
        }
        // The server takes them in order: with the last one the others are durable.
        last.double_ack().await.map_err(unreachable)?;
        if self.done >= TRIM {
            self.trim().await?;
        }
        Ok(())
    }
}

/// Purges what every consumer has acknowledged; nothing while one of them cannot say what it has. Who has no leader at
/// the moment stands in the list of names and not in the list of consumers, and it needs what it has not acknowledged.
pub(super) async fn trim(stream: &Stream) -> Result<(), BusFault> {
    let names = names(stream).await?;
    let known = stream.get_info().await.map_err(unreachable)?.state.consumer_count;
    let mut acked = Vec::with_capacity(names.len());
    for name in &names {
        match timeout(SAYS, stream.consumer_info(name)).await {
            Ok(Ok(info)) => acked.push(info.ack_floor.stream_sequence),
            Ok(Err(fault)) => tracing::warn!(name, %fault, "nothing is purged from the bus"),
            Err(_silent) => tracing::warn!(name, "nothing is purged from the bus: it is silent"),
        }
    }
    if let Some(floor) = floor(&acked, names.len().max(known)) {
        stream.purge().sequence(floor.saturating_add(1)).await.map_err(unreachable)?;
    }
    Ok(())
}

/// What everybody has acknowledged, if all of so many said what they have.
fn floor(acked: &[u64], of: usize) -> Option<u64> {
    acked.iter().copied().min().filter(|floor| *floor > 0 && acked.len() == of)
}

/// The names of all consumers, also of those that nobody leads at the moment.
pub(super) async fn names(stream: &Stream) -> Result<Vec<String>, BusFault> {
    let mut names = BTreeSet::new();
    let mut coming = stream.consumer_names();
    while let Some(name) = coming.next().await {
        names.insert(name.map_err(unreachable)?);
    }
    Ok(names.into_iter().collect())
}

/// Whether a consumer is not there, as opposed to not answering.
pub(super) fn is_none(fault: &ConsumerInfoError) -> bool {
    fault.to_string().contains("not found")
}

#[cfg(test)]
mod tests;
