//! [`discover`]: from a server to its authorization server. Protected resource metadata (RFC 9728) at the address that the
//! challenge names, else at the well-known one with the server's path, else at the root's; authorization server metadata
//! (RFC 8414, OpenID Connect Discovery 1.0) in the order that MCP 2025-11-25 and 2026-07-28 say; and for servers of
//! 2025-03-26, which have no resource metadata, the server's own origin, with that revision's default addresses.
//!
//! Never here: metadata whose `issuer` or `resource` is not the one that was asked for.

use writ_model::json::{self, Limits, Node, Value};

use super::{
    Challenge, Hands, MAX_SCOPES, OauthFault, Settings, challenge::is_scope, fault::quoted,
};
use crate::{Answer, Ask, Fault, Place};

/// LIMIT: entries of one list of a document that are looked at.
const MAX_LIST: usize = 256;
const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// What is found.
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the metadata")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The resource as the server's metadata name it, letter for letter; none for servers of 2025-03-26.
    pub resource: Option<String>,
    /// Scopes that the server's metadata name.
    pub scopes: Option<Vec<String>>,
    /// Its authorization server.
    pub issuer: String,
    /// Where people consent, if anywhere.
    pub authorization: Option<Place>,
    /// Where tokens are given.
    pub token: Place,
    /// Where clients register themselves.
    pub registration: Option<Place>,
    /// Where tokens are taken back (RFC 7009).
    pub revocation: Option<Place>,
    /// How clients may prove themselves; empty if it does not say.
    pub methods: Vec<String>,
    /// Scopes that the authorization server names.
    pub issuer_scopes: Vec<String>,
    /// It takes PKCE with S256.
    pub pkce: bool,
    /// It says `iss` in its answers (RFC 9207 section 3).
    pub says_issuer: bool,
    /// It takes a client's metadata document for its id.
    pub documents: bool,
    /// It binds tokens to ES256 keys (RFC 9449 section 5.1).
    pub dpop: bool,
}

/// Finds a server's authorization server.
///
/// # Errors
/// [`OauthFault`] if a document is missing, breaks a rule or is for somebody else.
pub async fn discover(
    hands: &Hands<'_>,
    settings: &Settings,
    challenge: Option<&Challenge>,
) -> Result<Found, OauthFault> {
    let at = &settings.at;
    let said = challenge.and_then(|challenge| challenge.metadata.as_deref());
    let Some((of, body)) = resource(hands, at, said).await? else {
        let found = old(hands, at).await?;
        return match &settings.issuer {
            Some(wanted) if *wanted != found.issuer => {
                Err(OauthFault::Issuer { wanted: wanted.clone(), said: found.issuer })
            }
            _ => Ok(found),
        };
    };
    let document = parse(&of, &body)?;
    let said = text(&document, "resource").unwrap_or_default();
    if !covers(said, at) {
        return Err(OauthFault::Resource { of: at.origin(), said: quoted(said) });
    }
    let servers = texts(&document, "authorization_servers");
    let issuer = match &settings.issuer {
        Some(wanted) => servers.iter().find(|one| *one == wanted).ok_or_else(|| {
            let said = servers.first().map(|one| quoted(one)).unwrap_or_default();
            OauthFault::Issuer { wanted: wanted.clone(), said }
        })?,
        None => servers.first().ok_or_else(|| bad(&of, "it names no authorization server"))?,
    };
    let scopes = document.get("scopes_supported").map(|_| scopes(&document));
    let place = Place::parse(issuer)?;
    let (of, body) = issuer_document(hands, &place)
        .await?
        .ok_or_else(|| nowhere("the authorization server's metadata", issuer))?;
    let found = read(&of, &parse(&of, &body)?, issuer)?;
    Ok(Found { resource: Some(said.to_owned()), scopes, ..found })
}

/// The resource metadata, and where they stood. None if the server has none anywhere.
async fn resource(
    hands: &Hands<'_>,
    at: &Place,
    said: Option<&str>,
) -> Result<Option<(Place, Answer)>, OauthFault> {
    if let Some(said) = said {
        let place = Place::parse(said)?;
        let answer = hands.outside.ask(Ask::get(place.clone())).await?;
        return match answer.status {
            200 => Ok(Some((place, answer))),
            status => Err(bad(&place, &format!("it answers {status} where the server says it is"))),
        };
    }
    let (origin, path) = (at.origin(), at.path());
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut candidates = vec![format!("{origin}{RESOURCE}{path}")];
    if !path.is_empty() {
        candidates.push(format!("{origin}{RESOURCE}"));
    }
    first(hands, &candidates).await
}

/// The authorization server's metadata (RFC 8414 section 3.1, then OpenID Connect's two forms).
async fn issuer_document(
    hands: &Hands<'_>,
    issuer: &Place,
) -> Result<Option<(Place, Answer)>, OauthFault> {
    let (origin, path) = (issuer.origin(), issuer.path());
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut candidates = vec![format!("{origin}{OAUTH}{path}"), format!("{origin}{OPENID}{path}")];
    if !path.is_empty() {
        candidates.push(format!("{origin}{path}{OPENID}"));
    }
    first(hands, &candidates).await
}

/// The first that is there. What cannot be asked, or fails, ends the search: another may be an older one.
async fn first(
    hands: &Hands<'_>,
    candidates: &[String],
) -> Result<Option<(Place, Answer)>, OauthFault> {
    for candidate in candidates {
        let place = Place::parse(candidate)?;
        match hands.outside.ask(Ask::get(place.clone())).await {
            Ok(answer) if answer.status == 200 => return Ok(Some((place, answer))),
            Ok(answer) if answer.status >= 500 => {
                return Err(bad(&place, &format!("it answers {}", answer.status)));
            }
            Ok(_) | Err(Fault::Redirected { .. }) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(None)
}

/// A server of 2025-03-26: its origin is its authorization server (that revision, "Server Metadata Discovery").
async fn old(hands: &Hands<'_>, at: &Place) -> Result<Found, OauthFault> {
    let origin = Place::parse(&at.origin())?;
    let issuer = origin.origin();
    if let Some((of, body)) = first(hands, &[format!("{issuer}{OAUTH}")]).await? {
        return read(&of, &parse(&of, &body)?, &issuer);
    }
    let below = |path: &str| Place::parse(&format!("{issuer}{path}"));
    Ok(Found {
        resource: None,
        scopes: None,
        authorization: Some(below("/authorize")?),
        token: below("/token")?,
        registration: Some(below("/register")?),
        revocation: None,
        methods: Vec::new(),
        issuer_scopes: Vec::new(),
        // That revision demands it of every server.
        pkce: true,
        says_issuer: false,
        documents: false,
        dpop: false,
        issuer,
    })
}

fn read(of: &Place, document: &Node<'_>, issuer: &str) -> Result<Found, OauthFault> {
    let said = text(document, "issuer").unwrap_or_default();
    // RFC 8414 section 3.3: identical, without any normalization.
    if said != issuer {
        return Err(OauthFault::Issuer { wanted: issuer.to_owned(), said: quoted(said) });
    }
    let place = |name: &str| -> Result<Option<Place>, OauthFault> {
        let Some(address) = text(document, name) else { return Ok(None) };
        let broken = |_bad| bad(of, &format!("its {name} `{}` may not be asked", quoted(address)));
        Place::parse(address).map(Some).map_err(broken)
    };
    let lists = |name: &str, wanted: &str| texts(document, name).iter().any(|one| one == wanted);
    let says =
        |name: &str| matches!(document.get(name).map(|node| &node.value), Some(Value::Bool(true)));
    Ok(Found {
        resource: None,
        scopes: None,
        issuer: issuer.to_owned(),
        authorization: place("authorization_endpoint")?,
        token: place("token_endpoint")?.ok_or_else(|| bad(of, "it names no token endpoint"))?,
        registration: place("registration_endpoint")?,
        revocation: place("revocation_endpoint")?,
        methods: texts(document, "token_endpoint_auth_methods_supported"),
        issuer_scopes: scopes(document),
        pkce: lists("code_challenge_methods_supported", "S256"),
        says_issuer: says("authorization_response_iss_parameter_supported"),
        documents: says("client_id_metadata_document_supported"),
        dpop: lists("dpop_signing_alg_values_supported", "ES256"),
    })
}

/// Whether a resource is this server, or a part of its origin that this server stands under.
fn covers(resource: &str, at: &Place) -> bool {
    let Ok(said) = Place::parse(resource) else { return false };
    if !said.origin().eq_ignore_ascii_case(&at.origin()) {
        return false;
    }
    let (outer, inner) = (said.path().trim_end_matches('/'), at.path());
    let rest = inner.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn parse<'a>(of: &Place, answer: &'a Answer) -> Result<Node<'a>, OauthFault> {
    let document = json::parse(&answer.body, &Limits::REQUEST)
        .map_err(|why| bad(of, &format!("it is not JSON: {why}")))?;
    match document.as_object() {
        Some(_) => Ok(document),
        None => Err(bad(of, "it is no object")),
    }
}

fn text<'n>(document: &'n Node<'_>, name: &str) -> Option<&'n str> {
    document.get(name).and_then(Node::as_str)
}

fn texts(document: &Node<'_>, name: &str) -> Vec<String> {
    let list = document.get(name).and_then(Node::as_array).unwrap_or_default();
    list.iter().take(MAX_LIST).filter_map(Node::as_str).map(str::to_owned).collect()
}

fn scopes(document: &Node<'_>) -> Vec<String> {
    let mut all = texts(document, "scopes_supported");
    all.retain(|scope| is_scope(scope));
    all.truncate(MAX_SCOPES);
    all
}

fn nowhere(what: &'static str, of: &str) -> OauthFault {
    OauthFault::Nowhere { what, of: quoted(of) }
}

fn bad(of: &Place, why: &str) -> OauthFault {
    OauthFault::Document { of: quoted(of.as_str()), why: why.to_owned() }
}
