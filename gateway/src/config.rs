//! The servers behind the gateway, as the operator's file names them, checked. Nothing a tenant can write gets here.
//!
//! Never here: reading the file (the binary does).

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use writ_reach::Dial;
pub use writ_reach::oauth::{Holders, Protected};

use crate::ask::config::DECISIONS;

/// LIMIT: characters of a server's name, which stands in addresses and grants.
const NAME: usize = 64;

/// One server behind the gateway.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its name: lower-case letters, digits, hyphens.
    pub name: String,
    /// The only client it is for, by short name; none for every client.
    pub client: Option<String>,
    /// Where it is.
    pub at: Place,
}

/// Where a server is.
#[derive(Debug, Clone)]
pub enum Place {
    /// Streamable HTTP.
    Http(Target),
    /// A process per session, speaking over its standard streams.
    Command(Command),
    /// On the agent's own machine, under `writ wrap`: decided here, run there.
    Wrapped,
}

/// An address of a server.
#[derive(Debug, Clone)]
pub struct Target {
    /// Host and port to connect to.
    pub authority: Authority,
    /// Path and query to ask for.
    pub path: PathAndQuery,
    /// Whether it is asked over TLS.
    pub tls: bool,
    /// Connects, if certificates beside Mozilla's roots are trusted.
    pub dial: Option<Dial>,
    /// How to be let in, if it lets in nobody without a token.
    pub protected: Option<Arc<Protected>>,
}

/// A command from the operator's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment: nothing is inherited.
    pub env: BTreeMap<String, String>,
    /// Its folder; the root folder if none, so that it does not stand in ours.
    pub folder: Option<PathBuf>,
}

/// What is wrong with a server's entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadServer {
    /// The name is not one.
    #[error("server name `{0}`: use 1 to 64 lower-case letters, digits and hyphens")]
    Name(String),
    /// Two entries have the name for the same client, or both for every client.
    #[error("server name `{0}` is used twice for the same client")]
    Twice(String),
    /// The address is not one we can use.
    #[error("server address `{0}`: use http://HOST[:PORT]/PATH or https://HOST[:PORT]/PATH")]
    Address(String),
    /// The name is the gateway's own.
    #[error("server name `{DECISIONS}` is taken: grants on it let others ask for decisions")]
    Reserved,
    /// A command without a program.
    #[error("server `{0}` has an empty command")]
    NoProgram(String),
}

/// Whether a text may be a server's name.
pub fn is_name(text: &str) -> bool {
    (1..=NAME).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

impl Target {
    /// The target of an `http:` or `https:` address.
    ///
    /// # Errors
    /// If it is no such address.
    pub fn parse(address: &str) -> Result<Self, BadServer> {
        let bad = || BadServer::Address(address.chars().take(200).collect());
        let uri: Uri = address.parse().map_err(|_fault| bad())?;
        let parts = uri.into_parts();
        let tls = parts.scheme == Some(Scheme::HTTPS);
        if !tls && parts.scheme != Some(Scheme::HTTP) {
            return Err(bad());
        }
        let authority = parts.authority.ok_or_else(bad)?;
        if authority.as_str().contains('@') {
            return Err(bad());
        }
        let path = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        Ok(Self { authority, path, tls, dial: None, protected: None })
    }

    /// Host and port, for a connection.
    pub(crate) fn host_port(&self) -> (String, u16) {
        let host = self.authority.host().trim_start_matches('[').trim_end_matches(']');
        let usual = if self.tls { 443 } else { 80 };
        (host.to_owned(), self.authority.port_u16().unwrap_or(usual))
    }
}

/// Checks all entries and reports every problem at once.
///
/// # Errors
/// With everything that is wrong.
pub fn check(servers: &[Server]) -> Result<(), Vec<BadServer>> {
    let mut problems = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for server in servers {
        if !is_name(&server.name) {
            problems.push(BadServer::Name(server.name.chars().take(NAME).collect()));
        }
        if !seen.insert((&server.name, &server.client)) {
            problems.push(BadServer::Twice(server.name.clone()));
        }
        if server.name == DECISIONS {
            problems.push(BadServer::Reserved);
        }
        if let Place::Command(command) = &server.at
            && command.program.as_os_str().is_empty()
        {
            problems.push(BadServer::NoProgram(server.name.clone()));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_http_without_credentials() {
        let good = Target::parse("http://127.0.0.1:9000/mcp?x=1").unwrap();
        assert_eq!(good.host_port(), ("127.0.0.1".to_owned(), 9000));
        assert_eq!(good.path.as_str(), "/mcp?x=1");
        assert_eq!(Target::parse("http://[::1]").unwrap().host_port(), ("::1".to_owned(), 80));
        let secure = Target::parse("https://mail.example/mcp").unwrap();
        assert_eq!((secure.host_port(), secure.tls), (("mail.example".to_owned(), 443), true));
        for bad in ["", "mail", "ftp://a/", "http://u:p@a/", "https://u@a/", "http://"] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_problem_is_reported() {
        let server = |name: &str, at| Server { name: name.to_owned(), client: None, at };
        let empty = Command {
            program: PathBuf::new(),
            arguments: Vec::new(),
            env: BTreeMap::new(),
            folder: None,
        };
        let problems = check(&[
            server("mail", Place::Wrapped),
            server("mail", Place::Wrapped),
            Server { client: Some("harbor-books".to_owned()), ..server("mail", Place::Wrapped) },
            server("Mail!", Place::Command(empty)),
        ]);
        assert_eq!(problems.unwrap_err().len(), 3);
    }
}
