//! The door: which credential a request shows, and what it may be used for. The installation's own token for the command
//! line, a session for the console; under a loopback name or the console's own.
//!
//! Never here: what a person may do (their seat says), or a credential in an error.
//! SECURITY: a name that is not loopback is refused whatever it resolves to, so that a page of another site cannot reach
//! the desk through the reader's browser by pointing its own name here.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    net::IpAddr,
    path::Path,
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, Uri, header, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use writ_identity::same_secret;
use writ_model::{Entropy, PersonId, Secret};

use crate::{Desk, DeskError, Session, SignedBy, Via, Who, error};

/// Says which person acts, beside the command line's token.
const PERSON: &str = "writ-person";
/// Repeats the session's token, beside the console's cookie.
const CSRF: &str = "writ-csrf";
/// LIMIT: bytes read of the token file: a token of 43 characters and a line end.
const TOKEN_FILE: u64 = 256;

/// The command line's token of an installation: the file `cli.token` of its data folder, readable by its owner only and
/// made when it is not there.
///
/// # Errors
/// If the file can be neither read nor made.
pub fn cli_token(folder: &Path, entropy: &dyn Entropy) -> io::Result<Secret<String>> {
    let path = folder.join("cli.token");
    match fs::File::open(&path) {
        Ok(file) => {
            let mut text = String::new();
            file.take(TOKEN_FILE).read_to_string(&mut text)?;
            let token = text.trim().to_owned();
            if token.len() < 32 {
                let why = format!("{} holds no token; remove it to have a new one", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            Ok(Secret::new(token))
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            let mut bytes = [0; 32];
            entropy.fill(&mut bytes);
            let token = URL_SAFE_NO_PAD.encode(bytes);
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&path)?;
            writeln!(file, "{token}")?;
            file.sync_all()?;
            Ok(Secret::new(token))
        }
        Err(fault) => Err(fault),
    }
}

/// Two hosts, or one that cannot be read.
struct Unclear;

/// The host a request names, if it names one.
fn host_of(headers: &HeaderMap, uri: &Uri) -> Result<Option<String>, Unclear> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => Ok(uri.authority().map(ToString::to_string)),
        (Some(one), None) => {
            one.to_str().map(|host| Some(host.to_owned())).map_err(|_bytes| Unclear)
        }
        (Some(_), Some(_)) => Err(Unclear),
    }
}

/// The host of an origin, with its port if it says one.
fn host_in(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}

impl Desk {
    /// The console's public origin, for example `http://localhost:7420`.
    pub fn origin(&self) -> &str {
        &self.inner.parts.origin
    }

    /// Whether a request asks under a name of this server: a loopback name, or the host of its public origin.
    pub fn host_is_ours(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let public = host_in(self.origin());
        host_of(headers, uri).is_ok_and(|host| {
            host.is_none_or(|host| loopback(&host) || host.eq_ignore_ascii_case(public))
        })
    }

    /// Whether a request's `Origin`, if it says one, is our own: the public one, or the loopback name it was sent to.
    /// Browsers say one on every changing request.
    pub fn origin_is_ours(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        match (origins.next(), origins.next()) {
            (None, _) => true,
            (Some(one), None) => {
                let Ok(origin) = one.to_str() else { return false };
                let bare = origin.strip_prefix("http://");
                let here = bare.is_some() && bare == host && host.is_some_and(loopback);
                here || origin == self.origin()
            }
            (Some(_), Some(_)) => false,
        }
    }
}

/// `localhost`, `127.0.0.1` or `[::1]`, with or without a port.
fn loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(name, _)| name),
        None => Some(host.rsplit_once(':').map_or(host, |(name, _)| name)),
    };
    name.is_some_and(|name| {
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// A request with a good credential.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Through which door.
    pub(crate) via: Via,
    /// Who, unless nothing is founded yet.
    pub(crate) who: Option<Who>,
}

/// A request with the installation's own token and from no page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CommandLine;

/// A request with a good credential, by a person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Acting(pub(crate) Who);

impl FromRequestParts<Desk> for Caller {
    type Rejection = DeskError;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, DeskError> {
        right_host(parts, desk)?;
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return command_line(parts, desk).await;
        }
        let session = signed_in(parts, desk).await?;
        if session.how == SignedBy::Link {
            return Err(DeskError::Forbidden {
                code: error::FIRST_KEY,
                what: "a link only opens the door to the first passkey".to_owned(),
                cure: "Make your passkey at /welcome first.".to_owned(),
            });
        }
        Ok(Self { via: session.who.via, who: Some(session.who) })
    }
}

/// A session that the link opened, for making the very first passkey.
#[derive(Debug)]
pub(crate) struct First(pub(crate) Session);

impl FromRequestParts<Desk> for First {
    type Rejection = DeskError;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, DeskError> {
        right_host(parts, desk)?;
        let session = signed_in(parts, desk).await?;
        if session.how == SignedBy::Link {
            return Ok(Self(session));
        }
        let what = "only the very first person is welcomed with a link".to_owned();
        Err(DeskError::Unauthenticated { what })
    }
}

/// A request at a door that needs no credential: sent to this server's name, from our own page or from none.
#[derive(Debug)]
pub(crate) struct Knocked {
    /// What the browser calls itself.
    pub(crate) agent: String,
}

impl FromRequestParts<Desk> for Knocked {
    type Rejection = DeskError;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, DeskError> {
        right_host(parts, desk)?;
        if !desk.origin_is_ours(&parts.headers) {
            return Err(DeskError::Forbidden {
                code: error::FORGED,
                what: "this request comes from another site's page".to_owned(),
                cure: "Open the page of this server and repeat it there.".to_owned(),
            });
        }
        let agent = parts.headers.get(header::USER_AGENT).and_then(|text| text.to_str().ok());
        Ok(Self { agent: agent.unwrap_or_default().to_owned() })
    }
}

/// The request's session; a changing request must repeat its token.
async fn signed_in(parts: &Parts, desk: &Desk) -> Result<Session, DeskError> {
    let Some(session) = desk.session(&parts.headers).await? else {
        let what = "no credential was sent, or its session has ended".to_owned();
        return Err(DeskError::Unauthenticated { what });
    };
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        let csrf = parts.headers.get(CSRF).and_then(|csrf| csrf.to_str().ok());
        desk.check_form(&parts.headers, &session, csrf.unwrap_or_default())?;
    }
    Ok(session)
}

impl FromRequestParts<Desk> for CommandLine {
    type Rejection = DeskError;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, DeskError> {
        right_host(parts, desk)?;
        if parts.headers.contains_key(header::ORIGIN) {
            return Err(DeskError::Forbidden {
                code: error::FORGED,
                what: "no page may ask for this".to_owned(),
                cure: "Use `writ console` on the machine of the server.".to_owned(),
            });
        }
        token(parts, desk)?;
        Ok(Self)
    }
}

fn right_host(parts: &Parts, desk: &Desk) -> Result<(), DeskError> {
    if desk.host_is_ours(&parts.headers, &parts.uri) {
        return Ok(());
    }
    Err(DeskError::Forbidden {
        code: error::HOST,
        what: "this server does not answer under this name".to_owned(),
        cure: format!("Use {}.", desk.origin()),
    })
}

async fn command_line(parts: &Parts, desk: &Desk) -> Result<Caller, DeskError> {
    token(parts, desk)?;
    let named = named(parts, desk).await?;
    let person = if named.is_some() { named } else { desk.first_owner().await? };
    Ok(Caller { via: Via::Cli, who: person.map(|person| Who::new(person, Via::Cli)) })
}

/// The installation's own token, once.
fn token(parts: &Parts, desk: &Desk) -> Result<(), DeskError> {
    let refuse = |what: &str| Err(DeskError::Unauthenticated { what: what.to_owned() });
    let mut sent = parts.headers.get_all(header::AUTHORIZATION).iter();
    let sent = match (sent.next(), sent.next()) {
        (Some(sent), None) => sent,
        (None, _) => return refuse("the installation's token was not sent"),
        (Some(_), Some(_)) => return refuse("more than one credential was sent"),
    };
    let token = sent.as_bytes().strip_prefix(b"Bearer ").unwrap_or_default();
    if !same_secret(token, desk.inner.parts.cli_token.expose().as_bytes()) {
        return refuse("the token is not this installation's");
    }
    Ok(())
}

/// The person that the command line acts as, if it names one. SECURITY: only people of the provider: whoever can read
/// the token file is on the provider's machine, and that is nobody of a client.
async fn named(parts: &Parts, desk: &Desk) -> Result<Option<PersonId>, DeskError> {
    let Some(named) = parts.headers.get(PERSON) else { return Ok(None) };
    let named = named.to_str().unwrap_or_default();
    let person: PersonId = named
        .parse()
        .map_err(|_bad| DeskError::bad(PERSON, "this is no person id", "Send `prs_…`."))?;
    if !desk.of_provider(person).await? {
        return Err(DeskError::not_visible("person of the provider", named));
    }
    Ok(Some(person))
}

impl FromRequestParts<Desk> for Acting {
    type Rejection = DeskError;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, DeskError> {
        let caller = Caller::from_request_parts(parts, desk).await?;
        Ok(Self(caller.who.ok_or(DeskError::Unfounded)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_ours() {
        for host in ["127.0.0.1:7420", "localhost", "LOCALHOST:1", "[::1]:7420", "127.9.9.9"] {
            assert!(loopback(host), "{host}");
        }
        for host in [
            "example.com",
            "127.0.0.1.example.com:80",
            "localhost.example",
            "",
            "[::2]:1",
            "10.0.0.1",
        ] {
            assert!(!loopback(host), "{host}");
        }
        let uri: Uri = "/x".parse().unwrap();
        let mut headers = HeaderMap::new();
        assert!(host_of(&headers, &uri).is_ok());
        headers.insert(header::HOST, "127.0.0.1:1".parse().unwrap());
        assert!(host_of(&headers, &uri).is_ok());
        headers.append(header::HOST, "127.0.0.1:1".parse().unwrap());
        assert!(host_of(&headers, &uri).is_err(), "two hosts");
    }

    #[test]
    fn the_token_file_is_made_once_and_private() {
        let dir = writ_testkit::TempDir::new().unwrap();
        let entropy = writ_testkit::SeededEntropy::new(1);
        let token = cli_token(dir.path(), &entropy).unwrap();
        assert_eq!(token.expose().len(), 43);
        assert_eq!(cli_token(dir.path(), &entropy).unwrap().expose(), token.expose());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(dir.path().join("cli.token")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(dir.path().join("cli.token"), "short").unwrap();
        assert!(cli_token(dir.path(), &entropy).is_err());
    }
}
