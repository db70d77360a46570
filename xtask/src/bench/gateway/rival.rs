//! The rival and the upstream: Envoy processes with the committed configurations of `bench/envoy`.
//! Never here: a configuration in code.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use anyhow::{Context as _, Result};

use super::super::child::{Server, free_port};
use crate::{root::root, shell::command};

/// What an Envoy as a gateway has to know of the tokens.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    /// `iss`.
    pub(crate) issuer: String,
    /// `aud`.
    pub(crate) audience: String,
    /// The issuer's key set, JSON.
    pub(crate) jwks: String,
}

/// A running Envoy.
#[derive(Debug)]
pub(crate) struct Envoy {
    /// Its process.
    pub(crate) server: Server,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

/// Starts Envoys, each with its own base id and files.
#[derive(Debug)]
pub(crate) struct Envoys<'a> {
    /// The binary.
    pub(crate) binary: &'a Path,
    /// Where rendered configurations and logs go.
    pub(crate) folder: &'a Path,
}

impl Envoys<'_> {
    /// Starts one with `bench/envoy/NAME.yaml` and one worker.
    ///
    /// # Errors
    /// If it does not start.
    pub(crate) fn start(
        &self,
        name: &str,
        upstream: Option<SocketAddr>,
        trust: Option<&Trust>,
    ) -> Result<Envoy> {
        let source = root().join(format!("bench/envoy/{name}.yaml"));
        let mut text =
            fs::read_to_string(&source).with_context(|| format!("no {}", source.display()))?;
        let port = free_port()?;
        text = text.replace("{{listen}}", &port.to_string());
        if let Some(upstream) = upstream {
            text = text.replace("{{upstream}}", &upstream.port().to_string());
        }
        if let Some(trust) = trust {
            text = text
                .replace("{{issuer}}", &trust.issuer)
                .replace("{{audience}}", &trust.audience)
                .replace("{{jwks}}", &trust.jwks);
        }
        let configuration = self.folder.join(format!("{name}.yaml"));
        fs::write(&configuration, text).context("cannot write a configuration")?;
        let path = configuration.to_string_lossy();
        let args = ["-c", &path, "--concurrency", "1", "--use-dynamic-base-id", "-l", "warn"];
        let log = self.folder.join(format!("{name}.log"));
        let mut server = Server::start(command(self.binary, &args), &log)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        server.listening(address)?;
        Ok(Envoy { server, address })
    }
}
