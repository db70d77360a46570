//! Who a client is: one of the operator's file, one that registered itself, or one whose id is the address of its metadata
//! document; and its proof that it is itself, if it has keys.
//!
//! Never here: an address that is fetched for somebody who is not signed in and holds no code; a client secret.
//! SECURITY: documents are fetched through [`super::OauthSettings::outside`], which reaches public addresses only.

use std::sync::Arc;

use writ_identity::{
    JwkSet, Mark, PublicKey,
    assertion::{self, ASSERTION_TYPE, ExpectNamed},
};
use writ_reach::{Ask, Outside, Place};

use super::{
    document::{self, Document, Keys},
    form::Form,
    refused::Refused,
    register,
};
use crate::Desk;

/// Media types of a document: JSON, or a kind of it.
const MEDIA: [&str; 2] = ["application/json", "application/cimd+json"];

/// How this server came to know a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The operator wrote it down.
    Listed,
    /// It registered itself.
    Registered,
    /// Its id is the address of its document.
    Document,
}

/// A client.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) by: By,
    pub(super) says: Arc<Document>,
}

impl Client {
    /// What people call it; without a name, the host of its document.
    pub(super) fn name(&self) -> String {
        let host = || {
            Place::parse(&self.id).map_or_else(|_own| self.id.clone(), |at| at.host().to_owned())
        };
        self.says.name.clone().unwrap_or_else(host)
    }

    /// How it is known, one sentence.
    pub(super) fn known(&self) -> String {
        match (self.by, Place::parse(&self.id)) {
            (By::Document, Ok(place)) => {
                format!("{} vouches for it, at {}", place.host(), self.id)
            }
            (By::Listed, _) => "the operator of this server wrote it down".to_owned(),
            (By::Registered, _) | (By::Document, Err(_)) => {
                "it registered itself, and nobody vouches for its name".to_owned()
            }
        }
    }
}

/// The client of this id. `Err` is a sentence without its full stop.
pub(super) async fn find(desk: &Desk, id: &str) -> Result<Client, String> {
    if id.is_empty() || id.len() > assertion::MAX_CLIENT {
        return Err("the client id is empty or too long".to_owned());
    }
    let settings = desk.inner.oauth.settings();
    if let Some(listed) = settings.clients.iter().find(|one| one.id == id) {
        let (name, redirects) = (Some(listed.name.clone()), listed.redirects.clone());
        let says = Arc::new(Document { name, redirects, keys: Keys::None });
        return Ok(Client { id: id.to_owned(), by: By::Listed, says });
    }
    if register::is_id(id) {
        let says = register::find(desk, id).await?;
        return Ok(Client { id: id.to_owned(), by: By::Registered, says: Arc::new(says) });
    }
    let Some(outside) = &settings.outside else {
        return Err(
            "this client is not known here, and documents of clients are not read".to_owned()
        );
    };
    let place = address(id, settings.loopback)?;
    let now = desk.now();
    if let Some(says) = desk.inner.oauth.known.document(id, now) {
        return Ok(Client { id: id.to_owned(), by: By::Document, says });
    }
    let body = fetch(outside.as_ref(), &place, &MEDIA).await?;
    let says = document::read(&body, Some(id)).map_err(|why| format!("its document: {why}"))?;
    let says = desk.inner.oauth.known.keep_document(id, says, now);
    Ok(Client { id: id.to_owned(), by: By::Document, says })
}

/// The address that a client id is, as section 3 of the draft has it.
fn address(id: &str, loopback: bool) -> Result<Place, String> {
    let bad = |why: &str| Err(format!("the client id is no address of a document: {why}"));
    let Ok(place) = Place::parse(id) else {
        return Err("this client is not known here".to_owned());
    };
    if !place.tls() && !loopback {
        return bad("it is not https");
    }
    let after = id.get(place.origin().len()..).unwrap_or_default();
    let path = after.split('?').next().unwrap_or_default();
    if path.is_empty() || path == "/" {
        return bad("it has no path");
    }
    let dots = |part: &str| {
        let part = part.to_ascii_lowercase().replace("%2e", ".");
        part == "." || part == ".."
    };
    if path.split('/').any(dots) {
        return bad("its path has dots for a folder");
    }
    Ok(place)
}

async fn fetch(
    outside: &dyn Outside,
    place: &Place,
    media: &[&str],
) -> Result<bytes::Bytes, String> {
    let answer = outside.ask(Ask::get(place.clone())).await.map_err(|fault| fault.to_string())?;
    if answer.status != 200 {
        return Err(format!("{} answered {}", place.host(), answer.status));
    }
    if !media.contains(&answer.media.as_str()) {
        return Err(format!("{} did not answer JSON", place.host()));
    }
    Ok(answer.body)
}

/// The keys of a client that has some.
async fn keys(desk: &Desk, says: &Document) -> Result<Arc<JwkSet>, Refused> {
    let place = match &says.keys {
        Keys::None => return Err(Refused::client("this client has no keys to prove itself with")),
        Keys::Here(set) => return Ok(Arc::new(set.clone())),
        Keys::At(place) => place,
    };
    let (known, now) = (&desk.inner.oauth.known, desk.now());
    if let Some(keys) = known.keys(place.as_str(), now) {
        return Ok(keys);
    }
    let settings = desk.inner.oauth.settings();
    let Some(outside) = settings.outside.as_ref().filter(|_| place.tls() || settings.loopback)
    else {
        return Err(Refused::client("this client's keys cannot be read from here"));
    };
    let body = fetch(outside.as_ref(), place, &["application/json", "application/jwk-set+json"]);
    let body = body.await.map_err(|why| Refused::later(format!("the client's keys: {why}")))?;
    let set = JwkSet::parse(&body)
        .map_err(|why| Refused::client(format!("the client's keys cannot be read: {why}")))?;
    Ok(known.keep_keys(place.as_str(), set, now))
}

/// Refuses whoever is not this client. One without keys is known by its `DPoP` key alone, which its code or its token is
/// bound to.
pub(super) async fn authenticate(
    desk: &Desk,
    form: &Form,
    (id, keyed): (&str, bool),
    endpoint: &str,
) -> Result<(), Refused> {
    let other = || Refused::grant("it was given to another client");
    if form.get("client_id").is_some_and(|named| named != id) {
        return Err(other());
    }
    let Some(sent) = form.get("client_assertion") else {
        if keyed {
            return Err(Refused::client("this client authenticates with private_key_jwt"));
        }
        return if form.get("client_id").is_some() {
            Ok(())
        } else {
            Err(Refused::client("client_id is missing"))
        };
    };
    if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(Refused::client("client_assertion_type is not that of a JWT"));
    }
    if assertion::claimed_name(sent).map_err(|fault| Refused::of(&fault))? != id {
        return Err(other());
    }
    let client = find(desk, id).await.map_err(Refused::later)?;
    let set = keys(desk, &client.says).await?;
    let kid = assertion::claimed_key(sent).map_err(|fault| Refused::of(&fault))?;
    let jwk = match &kid {
        Some(kid) => set.get(kid),
        None => set.iter().next().map(|(_, jwk)| jwk),
    };
    let jwk =
        jwk.ok_or_else(|| Refused::client("the assertion names none of the client's keys"))?;
    let key = PublicKey::from_jwk(jwk)
        .map_err(|why| Refused::client(format!("the client's key cannot be used: {why}")))?;
    let now = desk.now();
    let expect = ExpectNamed { client: id, audiences: &[desk.issuer(), endpoint], now };
    let signed =
        assertion::verify_named(sent, &key, &expect).map_err(|fault| Refused::of(&fault))?;
    let mut marks = desk.inner.marks.lock();
    let mark = Mark::named(&marks.salt(), id, &signed.jti);
    marks
        .mark(mark, signed.keep_until, now)
        .map_err(|fault| Refused::client(format!("{fault}: make a new assertion for each request")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_address_of_a_document_or_it_is_none() {
        for good in ["https://app.example/client.json", "https://app.example:8443/a/b?x=1"] {
            assert!(address(good, false).is_ok(), "{good}");
        }
        assert!(address("http://127.0.0.1:8000/client.json", true).is_ok());
        for bad in [
            "http://127.0.0.1:8000/client.json",
            "https://app.example",
            "https://app.example/",
            "https://app.example/?x=1",
            "https://app.example/../client.json",
            "https://app.example/a/%2e%2E/client.json",
            "https://app.example/./client.json",
            "https://user@app.example/client.json",
            "https://app.example/client.json#x",
            "http://app.example/client.json",
            "conformance",
            "file:///etc/passwd",
        ] {
            assert!(address(bad, false).is_err(), "{bad}");
        }
        assert!(address("http://app.example/client.json", true).is_err(), "only this machine");
    }
}
