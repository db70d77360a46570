//! [`PgOptions`]: where the database is, and what a connection is asked to be.
//!
//! Never here: a connection. A password in a log.

use std::{net::IpAddr, str::FromStr, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres::config::{Config, Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;
use writ_model::Secret;

use super::PgFault;

/// How long one host may take to answer a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// A silent peer is asked after so long, so often, so many times.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(5), Duration::from_secs(1), 3);
/// How long sent bytes may stay unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);
/// What every session is told: bounds for a statement and a lock (below the time an answer is awaited), an end for a
/// transaction whose process stands still, names looked up where nobody can put one.
const SESSION: &str = "-c statement_timeout=4500 -c lock_timeout=2000 \
    -c idle_in_transaction_session_timeout=10000 -c search_path=pg_catalog \
    -c default_transaction_isolation=read\\ committed -c client_min_messages=warning";

/// Where the shared database is.
#[derive(Debug, Clone)]
pub struct PgOptions {
    /// `postgresql://ROLE@HOST[,HOST…]/DATABASE`. With several hosts the one that takes writes is used, so that a standby
    /// that was promoted is found.
    pub url: String,
    /// The role's password, unless the server needs none.
    pub password: Option<Secret<String>>,
    /// The certificates (PEM) that the server's must lead to: with them TLS is required and verified.
    pub ca: Option<Vec<u8>>,
    /// Connections at most.
    pub pool: usize,
}

/// How connections are encrypted.
#[derive(Clone)]
pub(super) enum Tls {
    Plain,
    Verified(MakeRustlsConnect),
}

/// The options as the driver takes them.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) config: Config,
    pub(super) tls: Tls,
}

impl Target {
    pub(super) fn of(options: &PgOptions) -> Result<Self, PgFault> {
        let bad = |why: String, cure| PgFault::Options { why, cure };
        let mut config = Config::from_str(&options.url).map_err(|fault| {
            bad(super::fault::said(&fault), "Write postgresql://ROLE@HOST/DATABASE")
        })?;
        if config.get_password().is_some() {
            let cure = "Put it in a file and name the file in password_file";
            return Err(bad("the address holds a password".to_owned(), cure));
        }
        if let Some(password) = &options.password {
            config.password(password.expose());
        }
        let tls = match &options.ca {
            Some(pem) => {
                config.ssl_mode(SslMode::Require);
                Tls::Verified(verified(pem)?)
            }
            None if config.get_ssl_mode() == SslMode::Disable || local(&config) => {
                config.ssl_mode(SslMode::Disable);
                Tls::Plain
            }
            None => {
                let cure = "Name the certificates its own must lead to in ca_file, or add ?sslmode=disable to send everything in the clear";
                return Err(bad("the server is on another machine".to_owned(), cure));
            }
        };
        let session = match config.get_options() {
            Some(asked) => format!("{asked} {SESSION}"),
            None => SESSION.to_owned(),
        };
        config
            .options(session)
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .connect_timeout(CONNECT)
            .tcp_user_timeout(UNACKNOWLEDGED)
            .keepalives_idle(KEEPALIVE.0)
            .keepalives_interval(KEEPALIVE.1)
            .keepalives_retries(KEEPALIVE.2);
        Ok(Self { config, tls })
    }

    /// The same for connections with this name (`application_name`).
    pub(super) fn named(&self, name: &str) -> Self {
        let mut target = self.clone();
        target.config.application_name(name);
        target
    }
}

/// Whether every host is this machine.
fn local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|at| at.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

fn verified(pem: &[u8]) -> Result<MakeRustlsConnect, PgFault> {
    let bad = |why: String| PgFault::Options { why, cure: "Give PEM certificates in ca_file" };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|fault| bad(format!("ca_file: {fault}")))?;
        roots.add(certificate).map_err(|fault| bad(format!("ca_file: {fault}")))?;
    }
    if roots.is_empty() {
        return Err(bad("ca_file holds no certificate".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|fault| bad(fault.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
