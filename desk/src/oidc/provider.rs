//! What the identity provider says about itself: its metadata (OpenID Connect Discovery 1.0 section 4) and its keys. Both
//! are read when they are needed, kept for an hour, and read again at most once a minute when a token names a new key.
//!
//! Never here: an answer that is believed after it went stale, or an endpoint of lower standing than the issuer's.

use std::sync::Arc;

use bytes::Bytes;
use writ_identity::id_token::ProviderKeys;
use writ_model::{
    Span, Timestamp,
    json::{self, Limits, Node},
};
use writ_reach::{Ask, Outside, Place};

use super::{
    OidcSettings,
    refused::{Refused, Why},
};

/// How long metadata and keys are believed.
const FRESH: Span = Span::hours(1);
/// How soon keys are read again for a token whose key is not known.
const AGAIN: Span = Span::minutes(1);
/// How soon an identity provider that could not be asked is asked again: anybody can begin a sign-in.
const PAUSE: Span = Span::seconds(5);
/// Where metadata stand below the issuer (Discovery section 4).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// The metadata that we use, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) authorization: Place,
    pub(super) token: Place,
    keys: Place,
    /// It says `iss` in its answers (RFC 9207 section 3).
    pub(super) says_issuer: bool,
}

#[derive(Debug, Default)]
struct Cache {
    metadata: Option<(Timestamp, Arc<Metadata>)>,
    keys: Option<(Timestamp, Arc<ProviderKeys>)>,
    failed_at: Option<Timestamp>,
}

/// What is known of it now. One reads, the others wait for the answer.
#[derive(Debug, Default)]
pub(super) struct Known(tokio::sync::Mutex<Cache>);

impl Known {
    /// The metadata.
    pub(super) async fn metadata(
        &self,
        settings: &OidcSettings,
        outside: &dyn Outside,
        now: Timestamp,
    ) -> Result<Arc<Metadata>, Refused> {
        let mut cache = self.0.lock().await;
        cache.metadata(settings, outside, now).await
    }

    /// The keys that ID tokens are signed with. With `missing`, a token named one that these do not hold: they are read
    /// again if that is allowed by now.
    pub(super) async fn keys(
        &self,
        (settings, outside): (&OidcSettings, &dyn Outside),
        missing: Option<&Arc<ProviderKeys>>,
        now: Timestamp,
    ) -> Result<Arc<ProviderKeys>, Refused> {
        let mut cache = self.0.lock().await;
        if let Some((read_at, keys)) = &cache.keys {
            let other = missing.is_none_or(|missing| !Arc::ptr_eq(missing, keys));
            if now < *read_at + AGAIN || (other && now < *read_at + FRESH) {
                return Ok(Arc::clone(keys));
            }
        }
        let metadata = cache.metadata(settings, outside, now).await?;
        cache.pause(now)?;
        let read = read(outside, &metadata.keys).await.and_then(|body| {
            ProviderKeys::parse(&body).map_err(|fault| unreachable(format!("its keys: {fault}")))
        });
        match read {
            Ok(keys) => {
                let keys = Arc::new(keys);
                cache.keys = Some((now, Arc::clone(&keys)));
                Ok(keys)
            }
            Err(fault) => Err(cache.failed(now, fault)),
        }
    }
}

impl Cache {
    async fn metadata(
        &mut self,
        settings: &OidcSettings,
        outside: &dyn Outside,
        now: Timestamp,
    ) -> Result<Arc<Metadata>, Refused> {
        if let Some((read_at, metadata)) = &self.metadata
            && now < *read_at + FRESH
        {
            return Ok(Arc::clone(metadata));
        }
        self.pause(now)?;
        let place = format!("{}{WELL_KNOWN}", settings.issuer.as_str().trim_end_matches('/'));
        let read = match Place::parse(&place) {
            Ok(place) => read(outside, &place).await,
            Err(fault) => Err(unreachable(fault.to_string())),
        };
        match read.and_then(|body| parse(&body, settings)) {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                self.metadata = Some((now, Arc::clone(&metadata)));
                Ok(metadata)
            }
            Err(fault) => Err(self.failed(now, fault)),
        }
    }

    fn pause(&self, now: Timestamp) -> Result<(), Refused> {
        if self.failed_at.is_some_and(|at| now < at + PAUSE) {
            return Err(unreachable("it failed a moment ago"));
        }
        Ok(())
    }

    fn failed(&mut self, now: Timestamp, fault: Refused) -> Refused {
        self.failed_at = Some(now);
        fault
    }
}

fn unreachable(log: impl Into<String>) -> Refused {
    Refused::new(Why::Unreachable, log)
}

async fn read(outside: &dyn Outside, place: &Place) -> Result<Bytes, Refused> {
    let answer = outside.ask(Ask::get(place.clone())).await?;
    if answer.status != 200 {
        return Err(unreachable(format!("{place:?} answered {}", answer.status)));
    }
    Ok(answer.body)
}

fn parse(body: &[u8], settings: &OidcSettings) -> Result<Metadata, Refused> {
    let document = json::parse(body, &Limits::REQUEST)
        .map_err(|why| unreachable(format!("its metadata: {why}")))?;
    // Discovery section 4.3: exactly the issuer that was asked.
    if document.get("issuer").and_then(Node::as_str) != Some(settings.issuer.as_str()) {
        return Err(unreachable("its metadata name another issuer than [oidc] in writ.toml"));
    }
    let place = |name: &str| {
        let text = document.get(name).and_then(Node::as_str);
        let text = text.ok_or_else(|| unreachable(format!("its metadata lack `{name}`")))?;
        let place = Place::parse(text).map_err(|why| unreachable(format!("`{name}`: {why}")))?;
        // An issuer with TLS never sends us, or a code, to a place without.
        if settings.issuer.tls() && !place.tls() {
            return Err(unreachable(format!("`{name}` is without TLS")));
        }
        Ok(place)
    };
    let lists = |name: &str, wanted: &str| {
        let listed = document.get(name).and_then(Node::as_array);
        listed.map(|items| items.iter().any(|item| item.as_str() == Some(wanted)))
    };
    if lists("response_types_supported", "code") == Some(false) {
        return Err(unreachable("it does not offer the authorization code flow"));
    }
    // Some that speak PKCE do not say so; one that says what it speaks must speak S256.
    if lists("code_challenge_methods_supported", "S256") == Some(false) {
        return Err(unreachable("it does not offer PKCE with S256"));
    }
    let method = if settings.secret.is_some() { "client_secret_basic" } else { "private_key_jwt" };
    // Discovery section 3: left out means client_secret_basic.
    let offered = lists("token_endpoint_auth_methods_supported", method);
    if !offered.unwrap_or(settings.secret.is_some()) {
        return Err(unreachable(format!("it does not offer {method}")));
    }
    let says = document.get("authorization_response_iss_parameter_supported");
    Ok(Metadata {
        authorization: place("authorization_endpoint")?,
        token: place("token_endpoint")?,
        keys: place("jwks_uri")?,
        says_issuer: says.is_some_and(|says| says.value == json::Value::Bool(true)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use writ_model::Secret;

    use super::*;

    fn settings(issuer: &str, secret: bool) -> OidcSettings {
        OidcSettings {
            issuer: Place::parse(issuer).unwrap(),
            client_id: "writ".to_owned(),
            secret: secret.then(|| Secret::new("s".to_owned())),
            name: "Example".to_owned(),
            scopes: Vec::new(),
            roles: None,
            strength: crate::oidc::Strength::default(),
        }
    }

    fn document() -> Value {
        json!({
            "issuer": "https://id.example",
            "authorization_endpoint": "https://id.example/auth?x=1",
            "token_endpoint": "https://token.example/",
            "jwks_uri": "https://id.example/keys",
            "response_types_supported": ["code", "id_token"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    #[test]
    fn metadata_are_read_and_checked() {
        let settings = settings("https://id.example", true);
        let read = |document: &Value| parse(document.to_string().as_bytes(), &settings);
        let metadata = read(&document()).unwrap();
        assert!(metadata.says_issuer);
        assert_eq!(metadata.token.as_str(), "https://token.example/");
        for (name, value) in [
            ("issuer", json!("https://id.example/")),
            ("issuer", json!("https://other.example")),
            ("issuer", Value::Null),
            ("token_endpoint", json!("http://localhost/token")),
            ("token_endpoint", json!("http://token.example/")),
            ("jwks_uri", json!(7)),
            ("authorization_endpoint", json!("javascript:alert(1)")),
            ("response_types_supported", json!(["id_token"])),
            ("code_challenge_methods_supported", json!(["plain"])),
            ("token_endpoint_auth_methods_supported", json!(["none"])),
        ] {
            let mut document = document();
            document[name] = value.clone();
            assert!(read(&document).is_err(), "{name}: {value}");
        }
        assert!(parse(br#"{"issuer":"a","issuer":"b"}"#, &settings).is_err(), "duplicate key");
    }

    #[test]
    fn our_own_key_must_be_offered() {
        let settings = settings("https://id.example", false);
        assert!(parse(document().to_string().as_bytes(), &settings).is_err());
        let mut document = document();
        document["token_endpoint_auth_methods_supported"] = json!(["private_key_jwt"]);
        assert!(parse(document.to_string().as_bytes(), &settings).is_ok());
    }
}
