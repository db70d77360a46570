//! `[store]`, `[bus]`, `[cluster]`, `[limits]`, `[metrics]` and `[otlp]` of the operator's file: what several processes share,
//! and what they say about themselves. See `docs/operations.md`.
//!
//! ```toml
//! [store]
//! postgres = "postgresql://writ@db.example/writ"  # several hosts: a,b with target_session_attrs=read-write
//! password_file = "postgres.secret"      # one line, from the data folder; leave out: certificate or trust
//! ca_file = "ca.pem"                     # with it TLS is required, and the server's name is verified
//! connections = 8                        # of one process
//! [bus]
//! nats = ["tls://n1.example:4222", "tls://n2.example:4222", "tls://n3.example:4222"]
//! credentials_file = "nats.creds"        # leave out: none
//! ca_file = "ca.pem"
//! stream_gigabytes = 8                   # what the stream may hold, reserved on each server's disk; then publishers wait
//! [cluster]
//! staleness_seconds = 5                  # after so long without the ledger a gateway refuses everything
//! seal_seconds = 60                      # how often the soc writes roots of records into ledgers
//! [limits]                               # of one client at one gateway
//! calls_at_once = 1000
//! calls_per_second = 2000
//! streams = 500
//! tools_listed = 40                      # that /mcp lists at once; the others come in pages and by search
//! [metrics]
//! listen = "127.0.0.1:7422"              # /healthz, /readyz, /metrics; no secret is shown, put it on a private network
//! [otlp]
//! endpoint = "http://127.0.0.1:4318"     # traces go to ENDPOINT/v1/traces as protobuf
//! ca_file = "ca.pem"
//! ```
//! Never here: a secret. To add a key: its reader below, its line above, a row in the tests.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use toml::{Table, Value};
use writ_model::Span;
use writ_reach::Place;

use super::Problems;

/// LIMIT: servers of a bus that are named; a client needs to reach one of them.
const MAX_SERVERS: usize = 16;
/// LIMIT: gibibytes of a bus's stream.
const MAX_STREAM: usize = 4_096;
/// LIMIT: characters of an address.
const MAX_TEXT: usize = 1_024;
/// Connections of one process to the database, if nothing says otherwise.
const CONNECTIONS: usize = 8;
/// LIMIT: connections of one process: the database has some hundred for all.
const MAX_CONNECTIONS: usize = 128;
/// LIMIT: seconds without the ledger until everything is refused: longer would be a promise to act on old news.
const MAX_STALENESS: usize = 60;
/// LIMIT: seconds between two seals: what is not sealed can be lost without a trace in the ledger.
const MAX_SEALS: usize = 3_600;

/// The database that several processes share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePart {
    /// Its address, without a password.
    pub postgres: String,
    /// The file with our password, from the data folder.
    pub password_file: Option<PathBuf>,
    /// Certificates that the server's must come from, from the data folder. With them TLS is required.
    pub ca_file: Option<PathBuf>,
    /// Connections of this process.
    pub connections: usize,
}

impl StorePart {
    /// The role that the processes use.
    pub fn role(&self) -> Option<&str> {
        let (_, rest) = self.postgres.split_once("://")?;
        rest.split_once('@').map(|(role, _)| role).filter(|role| !role.is_empty())
    }
}

/// The bus that several processes share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusPart {
    /// Its servers.
    pub nats: Vec<String>,
    /// The file that says who we are there, from the data folder.
    pub credentials_file: Option<PathBuf>,
    /// Certificates that the servers' must come from, from the data folder.
    pub ca_file: Option<PathBuf>,
    /// Gibibytes that the stream may hold.
    pub stream: Option<usize>,
}

/// What one client may use of one gateway; what is left out is the gateway's own default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitsPart {
    /// Calls under way at once.
    pub calls_at_once: Option<u32>,
    /// Calls begun in a second.
    pub calls_per_second: Option<u32>,
    /// Streams open at once.
    pub streams: Option<u32>,
    /// Tools that the one endpoint lists at once.
    pub tools_listed: Option<u32>,
}

/// Where traces go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpPart {
    /// The collector.
    pub endpoint: Place,
    /// Certificates trusted beside Mozilla's, from the data folder.
    pub ca_file: Option<PathBuf>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cluster {
    /// The shared database.
    pub store: Option<StorePart>,
    /// The shared bus.
    pub bus: Option<BusPart>,
    /// How long a gateway answers anything without the ledger.
    pub staleness: Option<Span>,
    /// How often roots of records are written into ledgers.
    pub seal_every: Option<Duration>,
    /// What one client may use.
    pub limits: LimitsPart,
    /// Where health and metrics are served.
    pub metrics: Option<SocketAddr>,
    /// Where traces go.
    pub otlp: Option<OtlpPart>,
}

impl Problems {
    /// Reads these sections.
    pub(super) fn cluster(&mut self, table: &mut Table) -> Cluster {
        let store = self.part(table, "store", Self::store);
        let bus = self.part(table, "bus", Self::bus);
        let times = self.part(table, "cluster", |all, section| Some(all.times(section)));
        let (staleness, seal_every) = times.unwrap_or_default();
        Cluster {
            store,
            bus,
            staleness,
            seal_every,
            limits: self
                .part(table, "limits", |all, section| Some(all.limits(section)))
                .unwrap_or_default(),
            metrics: self.part(table, "metrics", Self::metrics),
            otlp: self.part(table, "otlp", Self::otlp),
        }
    }

    /// A section, if it is there, all of whose keys are known.
    fn part<T>(
        &mut self,
        table: &mut Table,
        name: &str,
        read: impl FnOnce(&mut Self, &mut Table) -> Option<T>,
    ) -> Option<T> {
        let Value::Table(mut section) = table.remove(name)? else {
            self.add(name, "write it as a section");
            return None;
        };
        let out = read(self, &mut section);
        self.unknown(name, &section);
        out
    }

    fn store(&mut self, section: &mut Table) -> Option<StorePart> {
        let password_file = self.text("store", section, "password_file").map(PathBuf::from);
        let ca_file = self.text("store", section, "ca_file").map(PathBuf::from);
        let connections = self.number("store", section, "connections", MAX_CONNECTIONS);
        let postgres = self.text("store", section, "postgres").unwrap_or_default();
        if let Err(why) = postgres_address(&postgres) {
            self.add("store.postgres", why);
            return None;
        }
        let connections = connections.unwrap_or(CONNECTIONS);
        Some(StorePart { postgres, password_file, ca_file, connections })
    }

    fn bus(&mut self, section: &mut Table) -> Option<BusPart> {
        let credentials_file = self.text("bus", section, "credentials_file").map(PathBuf::from);
        let ca_file = self.text("bus", section, "ca_file").map(PathBuf::from);
        let stream = self.number("bus", section, "stream_gigabytes", MAX_STREAM);
        let nats = self.texts("bus", section, "nats").unwrap_or_default();
        let fits = |text: &String| {
            let rest = text.strip_prefix("tls://").or_else(|| text.strip_prefix("nats://"));
            text.len() <= MAX_TEXT
                && rest.is_some_and(|rest| !rest.is_empty() && !rest.contains('@'))
        };
        if nats.is_empty() || nats.len() > MAX_SERVERS || !nats.iter().all(fits) {
            self.add(
                "bus.nats",
                "write a list of servers, [\"tls://NAME:4222\"], without user and password",
            );
            return None;
        }
        Some(BusPart { nats, credentials_file, ca_file, stream })
    }

    fn times(&mut self, section: &mut Table) -> (Option<Span>, Option<Duration>) {
        let mut seconds = |key, most| self.number("cluster", section, key, most);
        let staleness = seconds("staleness_seconds", MAX_STALENESS);
        let seals = seconds("seal_seconds", MAX_SEALS);
        let wide = |seconds: usize| u64::try_from(seconds).unwrap_or(u64::MAX);
        let staleness = staleness.and_then(|seconds| i64::try_from(seconds).ok());
        (staleness.map(Span::seconds), seals.map(|seconds| Duration::from_secs(wide(seconds))))
    }

    fn limits(&mut self, section: &mut Table) -> LimitsPart {
        let most = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
        let mut one = |key: &str| {
            let number = self.number("limits", section, key, most)?;
            u32::try_from(number).ok()
        };
        LimitsPart {
            calls_at_once: one("calls_at_once"),
            calls_per_second: one("calls_per_second"),
            streams: one("streams"),
            tools_listed: one("tools_listed"),
        }
    }

    fn metrics(&mut self, section: &mut Table) -> Option<SocketAddr> {
        let text = self.text("metrics", section, "listen").unwrap_or_default();
        let address = text.parse().ok();
        if address.is_none() {
            self.add("metrics.listen", "write ADDRESS:PORT, for example 127.0.0.1:7422");
        }
        address
    }

    fn otlp(&mut self, section: &mut Table) -> Option<OtlpPart> {
        let ca_file = self.text("otlp", section, "ca_file").map(PathBuf::from);
        let text = self.text("otlp", section, "endpoint").unwrap_or_default();
        match Place::parse(&text) {
            Ok(_) if text.contains('?') => self.add("otlp.endpoint", "an endpoint has no query"),
            Ok(endpoint) => return Some(OtlpPart { endpoint, ca_file }),
            Err(why) => self.add("otlp.endpoint", &format!("{why}: write http://127.0.0.1:4318")),
        }
        None
    }

    fn number(
        &mut self,
        place: &str,
        section: &mut Table,
        key: &str,
        most: usize,
    ) -> Option<usize> {
        let number = section.remove(key)?.as_integer();
        let fits = number
            .and_then(|number| usize::try_from(number).ok())
            .filter(|number| (1..=most).contains(number));
        if fits.is_none() {
            self.add(&format!("{place}.{key}"), &format!("write a number, 1 to {most}"));
        }
        fits
    }
}

/// Whether this can be the address of a PostgreSQL, with nothing secret in it.
fn postgres_address(text: &str) -> Result<(), &'static str> {
    let rest = text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://"));
    let rest = rest.filter(|rest| !rest.is_empty() && text.len() <= MAX_TEXT);
    let rest = rest.ok_or("write postgresql://USER@HOST/DATABASE")?;
    let user = rest.split_once('@').map_or("", |(user, _)| user);
    if user.contains(':') || rest.contains("password=") {
        return Err(
            "a password does not stand in this file: write it into a file of its own, password_file",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn full_sections_are_read() {
        let config = Config::parse(
            r#"
            [store]
            postgres = "postgresql://writ@a,b:5433/writ?target_session_attrs=read-write"
            password_file = "postgres.secret"
            ca_file = "ca.pem"
            connections = 4
            [bus]
            nats = ["tls://n1:4222", "nats://127.0.0.1:4223"]
            credentials_file = "nats.creds"
            ca_file = "ca.pem"
            stream_gigabytes = 2
            [cluster]
            staleness_seconds = 3
            seal_seconds = 2
            [limits]
            calls_at_once = 10
            calls_per_second = 20
            streams = 30
            tools_listed = 50
            [metrics]
            listen = "0.0.0.0:7422"
            [otlp]
            endpoint = "http://127.0.0.1:4318"
            "#,
        );
        let cluster = config.unwrap().cluster;
        let store = cluster.store.unwrap();
        assert_eq!(store.role(), Some("writ"));
        assert_eq!((store.connections, store.ca_file), (4, Some(PathBuf::from("ca.pem"))));
        let bus = cluster.bus.unwrap();
        assert_eq!((bus.nats.len(), bus.stream), (2, Some(2)));
        assert_eq!(cluster.staleness, Some(Span::seconds(3)));
        assert_eq!(cluster.seal_every, Some(Duration::from_secs(2)));
        let limits = LimitsPart {
            calls_at_once: Some(10),
            calls_per_second: Some(20),
            streams: Some(30),
            tools_listed: Some(50),
        };
        assert_eq!(cluster.limits, limits);
        assert_eq!(cluster.metrics, "0.0.0.0:7422".parse().ok());
        assert_eq!(cluster.otlp.unwrap().endpoint.port(), 4318);
        assert_eq!(Config::parse("").unwrap().cluster, Cluster::default());
        let short = Config::parse("[store]\npostgres = \"postgres://writ@db/writ\"").unwrap();
        assert_eq!(short.cluster.store.unwrap().connections, CONNECTIONS);
    }

    #[test]
    fn the_example_in_deploy_is_read() {
        let text = include_str!("../../../deploy/compose/writ.toml");
        let config = Config::parse(text).unwrap();
        assert!(config.cluster.store.is_some() && config.cluster.bus.is_some());
        assert_eq!(config.base.as_deref(), Some("https://gateway"));
    }

    #[test]
    fn every_problem_is_named_and_no_secret_is_shown() {
        let problems = Config::parse(
            r#"
            [store]
            postgres = "postgresql://writ:hunter2@db/writ"
            connections = 0
            [bus]
            nats = ["tls://writ:hunter2@n1"]
            user = "writ"
            [cluster]
            staleness_seconds = 3600
            [limits]
            streams = -1
            [metrics]
            listen = "here"
            [otlp]
            endpoint = "http://collector.example:4318"
            "#,
        )
        .unwrap_err();
        for wanted in [
            "store.postgres: a password does not stand",
            "store.connections: write a number",
            "bus.nats: write a list",
            "bus.user: unknown key",
            "cluster.staleness_seconds: write",
            "limits.streams: write a number",
            "metrics.listen: write ADDRESS",
            "otlp.endpoint: ",
        ] {
            assert!(problems.iter().any(|one| one.starts_with(wanted)), "{wanted}: {problems:#?}");
        }
        assert!(!format!("{problems:?}").contains("hunter2"));
        for text in ["", "mysql://db/writ", "postgresql://"] {
            assert!(postgres_address(text).is_err(), "{text}");
        }
        assert!(Config::parse("store = 1").is_err());
    }
}
