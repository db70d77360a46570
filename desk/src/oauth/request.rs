//! An authorization request (RFC 6749 section 4.1.1, RFC 7636, RFC 8707, RFC 9449 section 10), read from its query.
//!
//! Never here: an answer to an address that its client did not name: until client and address are known, what is wrong is
//! told to the person, and to nobody else (RFC 6749 section 4.1.2.1).

use axum::{extract::Query, http::Uri};
use writ_identity::Thumbprint;
use writ_model::Digest;

use super::{
    client::{self, Client},
    redirect,
    refused::{Refused, plain},
    scope,
};
use crate::{Desk, DeskError};

/// LIMIT: bytes of a request: every parameter at a length that is in use, twice. It has to fit where a person goes after
/// signing in.
pub(super) const MAX_REQUEST: usize = 1_900;
/// LIMIT: bytes of `state`.
const MAX_STATE: usize = 1_024;
/// Characters of a challenge: SHA-256 in base64url (RFC 7636 section 4.2).
const CHALLENGE: usize = 43;

/// A request that can be answered.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) client: Client,
    pub(super) redirect: String,
    pub(super) state: Option<String>,
    pub(super) challenge: String,
    pub(super) resource: String,
    pub(super) scope: String,
    /// The key that the client wants its code bound to.
    pub(super) jkt: Option<Thumbprint>,
}

impl Request {
    /// What is asked for, whenever it is asked: the client, where its answers go (of a program on this machine not its port
    /// of the moment), the resource and the scope.
    pub(super) fn digest(&self) -> Digest {
        let to = redirect::without_port(&self.redirect);
        let parts = [self.client.id.as_str(), &to, &self.resource, &self.scope];
        let text = serde_json::to_vec(&parts).unwrap_or_default();
        Digest::of_parts(&[b"writ consent request v1\0", &text])
    }
}

/// What came of reading one.
#[derive(Debug)]
pub(super) enum Read {
    /// It is good.
    Good(Box<Request>),
    /// It is wrong, and its client is told at this address.
    Back { client: Client, to: String, why: String },
}

/// Reads a query. `Err` is for the person: nobody else may be told.
pub(super) async fn read(desk: &Desk, query: &str) -> Result<Read, DeskError> {
    let asked = Pairs::read(query)?;
    let cure = "Go back to the program that sent you here and begin again.";
    let bad = |field: &str, what: String| DeskError::bad(field, what, cure);
    let id =
        asked.get("client_id").ok_or_else(|| bad("client_id", "no client is named".to_owned()))?;
    let client = client::find(desk, id).await.map_err(|why| {
        bad("client_id", format!("the client `{}` cannot be asked about: {why}", cut(id)))
    })?;
    let named = &client.says.redirects;
    let to = match (asked.get("redirect_uri"), named.as_slice()) {
        (Some(to), _) if redirect::named(to, named) => to.to_owned(),
        (Some(to), _) => {
            let what = format!("the client did not say that answers may go to `{}`", cut(to));
            return Err(bad("redirect_uri", what));
        }
        (None, [only]) => only.clone(),
        (None, _) => {
            return Err(bad("redirect_uri", "no address to answer to is named".to_owned()));
        }
    };
    let state = asked.get("state").map(str::to_owned);
    match rest(desk, &asked) {
        Ok((challenge, resource, scope, jkt)) => Ok(Read::Good(Box::new(Request {
            client,
            redirect: to,
            state,
            challenge,
            resource,
            scope,
            jkt,
        }))),
        Err(refused) => {
            let to = back(desk, (&to, state.as_deref()), refused.error, &refused.why);
            Ok(Read::Back { client, to, why: refused.why })
        }
    }
}

/// The address that tells a client why there is no code (RFC 6749 section 4.1.2.1, RFC 9207 section 2).
pub(super) fn back(
    desk: &Desk,
    (to, state): (&str, Option<&str>),
    error: &str,
    why: &str,
) -> String {
    let why = plain(why);
    let mut answer = vec![("error", error), ("error_description", why.as_str())];
    answer.extend(state.map(|state| ("state", state)));
    answer.push(("iss", desk.issuer()));
    redirect::with(to, &answer)
}

type Rest = (String, String, String, Option<Thumbprint>);

/// What is told to the client if it is wrong.
fn rest(desk: &Desk, asked: &Pairs) -> Result<Rest, Refused> {
    for (name, error) in
        [("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")]
    {
        if asked.get(name).is_some() {
            return Err(Refused::new(error, "write the parameters themselves"));
        }
    }
    match asked.get("response_type") {
        Some("code") => {}
        Some(_) => {
            return Err(Refused::new("unsupported_response_type", "only code is answered here"));
        }
        None => return Err(Refused::request("response_type is missing")),
    }
    if asked.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(Refused::request("answers are put into the query"));
    }
    if asked.get("state").is_some_and(|state| state.len() > MAX_STATE) {
        return Err(Refused::request("the state is too long"));
    }
    if asked.get("code_challenge_method") != Some("S256") {
        let why = "code_challenge_method must be S256 (RFC 7636)";
        return Err(Refused::request(why));
    }
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let challenge = asked.get("code_challenge").unwrap_or_default();
    if challenge.len() != CHALLENGE || !challenge.bytes().all(letters) {
        return Err(Refused::request("code_challenge must be a SHA-256 in base64url (RFC 7636)"));
    }
    let resource = match asked.get("resource") {
        Some(named) => scope::resource(desk, named)?,
        None => format!("{}/mcp", desk.gateway()),
    };
    let scope = scope::granted(asked.get("scope"), &resource)?;
    let jkt = match asked.get("dpop_jkt").map(str::parse) {
        None => None,
        Some(Ok(jkt)) => Some(jkt),
        Some(Err(_)) => {
            return Err(Refused::request("dpop_jkt is no thumbprint (RFC 9449 section 10)"));
        }
    };
    Ok((challenge.to_owned(), resource, scope, jkt))
}

fn cut(text: &str) -> String {
    text.chars().take(120).filter(|letter| !writ_model::text::hidden(*letter)).collect()
}

/// Parameters, each once.
struct Pairs(Vec<(String, String)>);

impl Pairs {
    fn read(query: &str) -> Result<Self, DeskError> {
        let bad = |what: &str| {
            let cure = "Go back to the program that sent you here and begin again.";
            DeskError::bad("request", what, cure)
        };
        if query.len() > MAX_REQUEST {
            return Err(bad("the request is too long"));
        }
        let uri: Uri = format!("/?{query}").parse().map_err(|_bad| bad("it cannot be read"))?;
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri)
            .map_err(|_bad| bad("the request cannot be read"))?;
        let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        // RFC 8707 lets a client name several resources; a token is for one.
        if names.array_windows().any(|[one, two]| one == two) {
            return Err(bad("the request says something twice"));
        }
        Ok(Self(pairs))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }
}
