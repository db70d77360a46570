//! The bus on NATS JetStream: one stream, a subject for each tenant, a durable pull consumer for each name.
//!
//! What is acknowledged is on the disks of a majority only if every server runs with `sync_interval: always`; JetStream's
//! own default acknowledges up to two minutes before it flushes. A client cannot read that setting: `docs/records.md`
//! says how to set it.
//! The stream keeps what it has until every consumer has acknowledged it; then we purge. JetStream's own retention by
//! interest would drop everything that is published while no consumer exists.
//! Never here: what a message means.

use std::{collections::BTreeMap, fmt, time::Duration};

use async_nats::{
    Client, ConnectOptions, Event,
    jetstream::{
        self, Context,
        context::{PublishError, PublishErrorKind},
        message::PublishMessage,
        stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream},
    },
};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tokio::{sync::OnceCell, time::timeout};
use writ_model::{Secret, TenantId};

use crate::bus::{Bounds, Bus, BusFault, Consumer, MAX_BODY, Message, check_bodies, check_name};

mod consumer;

/// The stream's name.
const STREAM: &str = "WRIT_ACTIVITY";
/// What comes before a tenant's id in a subject.
const SUBJECT: &str = "writ.activity.";
/// LIMIT: bytes that a message's head adds to its body.
const HEADERS: usize = 1 << 10;
/// For how long the servers remember a message's id: longer than any try to publish it again without a restart.
const REMEMBERED: Duration = Duration::from_mins(2);
/// LIMIT: how long one answer of a server may take: a leader's election fits in.
const ANSWER: Duration = Duration::from_secs(5);
/// LIMIT: how long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(2);
/// After so long without a word a server is asked whether it lives; after two such it is left.
const PING: Duration = Duration::from_secs(1);
/// LIMIT: pause before a connection is tried again, and before a full stream is.
const PAUSE: Duration = Duration::from_millis(250);
/// LIMIT: tenants whose messages are under way at once; each has one, so that its order holds whatever fails.
const LANES: usize = 128;

/// How the servers are reached and what the stream is like.
#[derive(Debug, Clone)]
pub struct JetStreamOptions {
    /// Their addresses: `nats://host:4222` or `tls://host:4222`.
    pub servers: Vec<String>,
    /// The text of a NATS credentials file.
    pub credentials: Option<Secret<String>>,
    /// Certificates in PEM that the servers' lead back to; with them every connection is TLS.
    pub ca: Option<Vec<u8>>,
    /// On how many servers each message is: 1, or 3 and more where there are so many.
    pub replicas: usize,
    /// The stream's size, and how consumers are held.
    pub bounds: Bounds,
}

impl JetStreamOptions {
    /// Servers by their addresses, and as many copies of each message as there are servers, up to three.
    pub fn of(servers: Vec<String>) -> Self {
        let replicas = servers.len().clamp(1, 3);
        let bounds = Bounds::default();
        Self { servers, credentials: None, ca: None, replicas, bounds }
    }
}

/// JetStream as a bus. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct JetStream {
    client: Client,
    context: Context,
    stream: std::sync::Arc<OnceCell<Stream>>,
    replicas: usize,
    bounds: Bounds,
}

impl fmt::Debug for JetStream {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "JetStream({:?})", self.client.connection_state())
    }
}

fn unreachable(fault: impl fmt::Display) -> BusFault {
    BusFault::Unreachable { why: fault.to_string() }
}

fn unusable(field: &'static str, fault: impl fmt::Display) -> BusFault {
    BusFault::Options { field, why: fault.to_string() }
}

impl JetStream {
    /// Begins to connect, and goes on trying for as long as this lives: servers that are away are no fault here, because
    /// a spool bridges that. [`JetStream::check`] says whether they are there and as they must be.
    ///
    /// # Errors
    /// If an option cannot be used.
    pub async fn connect(options: JetStreamOptions) -> Result<Self, BusFault> {
        let servers = options.servers.iter().map(|server| server.parse::<async_nats::ServerAddr>());
        let servers: Vec<_> = servers
            .collect::<Result<_, _>>()
            // The address may hold a password: it is not repeated.
            .map_err(|_address| {
                unusable("servers", "an address is not nats://host:port or tls://host:port")
            })?;
        let mut connect = ConnectOptions::new()
            .name("writ")
            .retry_on_initial_connect()
            .connection_timeout(CONNECT)
            .request_timeout(Some(ANSWER))
            .ping_interval(PING)
            .reconnect_delay_callback(|_| PAUSE)
            .event_callback(told);
        if let Some(credentials) = &options.credentials {
            connect = connect.credentials(credentials.expose()).map_err(|_secret| {
                unusable("credentials", "they are not a NATS credentials file")
            })?;
        }
        if let Some(ca) = &options.ca {
            connect = connect.require_tls(true).tls_client_config(trusting(ca)?);
        }
        let client = connect.connect(servers).await.map_err(|fault| unusable("servers", fault))?;
        let mut context = jetstream::new(client.clone());
        context.set_timeout(ANSWER);
        let (replicas, bounds) = (options.replicas, options.bounds);
        Ok(Self { client, context, stream: std::sync::Arc::default(), replicas, bounds })
    }

    /// Whether the servers are there and the stream is as it must be; makes the stream if there is none.
    ///
    /// # Errors
    /// If they do not answer, or run with another setting.
    pub async fn check(&self) -> Result<(), BusFault> {
        self.stream().await.map(drop)
    }

    async fn stream(&self) -> Result<&Stream, BusFault> {
        self.stream.get_or_try_init(|| self.open()).await
    }

    async fn open(&self) -> Result<Stream, BusFault> {
        timeout(ANSWER, self.client.flush()).await.map_err(unreachable)?.map_err(unreachable)?;
        let found = self.client.max_payload();
        if found < MAX_BODY + HEADERS {
            let wanted = "8MB or more".to_owned();
            let found = found.to_string();
            return Err(BusFault::Setting { setting: "max_payload", found, wanted });
        }
        let wanted = Config {
            name: STREAM.to_owned(),
            description: Some("Records of decided calls on their way into lakes.".to_owned()),
            subjects: vec![format!("{SUBJECT}>")],
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::New,
            storage: StorageType::File,
            max_bytes: i64::try_from(self.bounds.bytes).unwrap_or(i64::MAX),
            num_replicas: self.replicas,
            duplicate_window: REMEMBERED,
            ..Config::default()
        };
        let stream =
            self.context.get_or_create_stream(wanted.clone()).await.map_err(unreachable)?;
        let found = &stream.cached_info().config;
        let rules = [
            ("discard", format!("{:?}", found.discard), format!("{:?}", wanted.discard)),
            ("retention", format!("{:?}", found.retention), format!("{:?}", wanted.retention)),
            ("storage", format!("{:?}", found.storage), format!("{:?}", wanted.storage)),
            ("subjects", found.subjects.join(","), wanted.subjects.join(",")),
            ("max_age", format!("{:?}", found.max_age), format!("{:?}", wanted.max_age)),
            ("num_replicas", found.num_replicas.to_string(), wanted.num_replicas.to_string()),
        ];
        for (setting, found, wanted) in rules {
            if found != wanted {
                return Err(BusFault::Setting { setting, found, wanted });
            }
        }
        Ok(stream)
    }

    /// Publishes one message and waits until it is kept.
    async fn put(&self, message: &Message) -> Result<(), BusFault> {
        let subject = format!("{SUBJECT}{}", message.tenant);
        let out = PublishMessage::build().message_id(hex(message.id)).payload(message.body.clone());
        let kept =
            self.context.send_publish(subject, out).await.map_err(|fault| self.fault(&fault))?;
        kept.await.map(drop).map_err(|fault| self.fault(&fault))
    }

    fn fault(&self, fault: &PublishError) -> BusFault {
        let why = match std::error::Error::source(fault) {
            Some(source) => format!("{fault}: {source}"),
            None => fault.to_string(),
        };
        match fault.kind() {
            PublishErrorKind::Other
                if why.contains("maximum bytes") || why.contains("maximum messages") =>
            {
                BusFault::Full { bound: self.bounds.bytes }
            }
            PublishErrorKind::Other => BusFault::Faulted { why },
            _ => BusFault::Unreachable { why },
        }
    }

    /// Publishes a tenant's messages one after the other, each when the one before is kept; waits while the stream is full.
    async fn lane(&self, messages: Vec<Message>) -> Result<(), BusFault> {
        let mut patience = self.bounds.patience;
        for message in &messages {
            while let Err(fault) = self.put(message).await {
                if !matches!(fault, BusFault::Full { .. }) || patience.is_zero() {
                    return Err(fault);
                }
                patience = patience.saturating_sub(PAUSE);
                pause().await;
            }
        }
        Ok(())
    }
}

async fn pause() {
    drop(timeout(PAUSE, std::future::pending::<()>()).await);
}

async fn told(event: Event) {
    match event {
        Event::Connected => tracing::info!(event = "bus.connected", "connected to the bus"),
        // A process that ends.
        Event::Closed | Event::Draining => {}
        what => tracing::warn!(event = "bus.trouble", %what, "the connection to the bus"),
    }
}

fn trusting(ca: &[u8]) -> Result<rustls::ClientConfig, BusFault> {
    let mut roots = rustls::RootCertStore::empty();
    for one in CertificateDer::pem_slice_iter(ca) {
        roots
            .add(one.map_err(|fault| unusable("ca", fault))?)
            .map_err(|fault| unusable("ca", fault))?;
    }
    if roots.is_empty() {
        return Err(unusable("ca", "it has no certificate in PEM"));
    }
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|fault| unusable("ca", fault))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

fn hex(id: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(id))
}

#[async_trait]
impl Bus for JetStream {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), BusFault> {
        check_bodies(&messages)?;
        self.stream().await?;
        let mut lanes: BTreeMap<TenantId, Vec<Message>> = BTreeMap::new();
        for message in messages {
            lanes.entry(message.tenant).or_default().push(message);
        }
        // All lanes are driven to their end even if one fails: nothing is left under way to overtake a later try.
        let done: Vec<Result<(), BusFault>> = stream::iter(lanes.into_values())
            .map(|lane| self.lane(lane))
            .buffer_unordered(LANES)
            .collect()
            .await;
        done.into_iter().collect()
    }

    async fn consume(&self, name: &str) -> Result<Box<dyn Consumer>, BusFault> {
        check_name(name)?;
        let stream = self.stream().await?;
        Ok(Box::new(consumer::Pulling::open(stream, name, self.bounds).await?))
    }

    async fn lag(&self, name: &str) -> Result<u64, BusFault> {
        check_name(name)?;
        let stream = self.stream().await?;
        match stream.consumer_info(name).await {
            Ok(info) => Ok(info.num_pending.saturating_add(info.num_ack_pending as u64)),
            Err(fault) if consumer::is_none(&fault) => {
                Ok(stream.get_info().await.map_err(unreachable)?.state.messages)
            }
            Err(fault) => Err(unreachable(fault)),
        }
    }

    async fn names(&self) -> Result<Vec<String>, BusFault> {
        consumer::names(self.stream().await?).await
    }

    async fn forget(&self, name: &str) -> Result<bool, BusFault> {
        check_name(name)?;
        let stream = self.stream().await?;
        match stream.delete_consumer(name).await {
            Ok(done) => {
                consumer::trim(stream).await?;
                Ok(done.success)
            }
            Err(fault) if fault.to_string().contains("not found") => Ok(false),
            Err(fault) => Err(unreachable(fault)),
        }
    }
}
