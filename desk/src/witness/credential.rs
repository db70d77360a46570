//! What a witness shows: a token (RFC 7519) of at most a minute, signed with the key that the ledger names for it, for
//! this desk, used once. Its signed text begins with a JSON header and a cosignature's with `cosignature/v1`, so neither
//! can stand for the other.
//!
//! Never here: a secret. Every refusal looks the same, so that nobody learns which ledgers or witnesses there are.

use std::sync::Arc;

use axum::http::{HeaderMap, Uri, header};
use serde::Deserialize;
use writ_authority::State;
use writ_evidence::WitnessKey;
use writ_identity::{Jwk, Mark, PublicKey, jws};
use writ_model::{
    InstanceId, Span, WitnessId,
    json::{self, Limits},
};
use writ_store::View;

use crate::{Desk, DeskError};

/// `typ` of a witness's token.
pub const WITNESS_TYPE: &str = "writ-witness+jwt";
/// LIMIT: how long a token lives.
const LIFE: Span = Span::seconds(60);
/// How far a witness's clock may be from ours.
const SKEW: Span = Span::seconds(30);
/// LIMIT: keys tried for one request: more witnesses than a ledger has use for.
const KEYS: usize = 32;
/// LIMIT: characters of a token's id.
const MAX_JTI: usize = 128;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
}

/// A witness with a good token, and the ledger it watches.
#[derive(Debug)]
pub(super) struct Watching {
    /// Which witness.
    pub(super) witness: WitnessId,
    /// Its key.
    pub(super) key: WitnessKey,
    /// The ledger's state.
    pub(super) view: Arc<View<State>>,
}

impl Desk {
    /// The witness that asks.
    pub(super) async fn watching(
        &self,
        (headers, uri): (&HeaderMap, &Uri),
        tenant: &str,
    ) -> Result<Watching, DeskError> {
        let refuse = || DeskError::Unauthenticated {
            what: "no named witness of such a ledger has sent this".to_owned(),
        };
        if !self.host_is_ours(headers, uri) {
            return Err(refuse());
        }
        let mut sent = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(sent), None) = (sent.next(), sent.next()) else { return Err(refuse()) };
        let token = sent.to_str().ok().and_then(|sent| sent.strip_prefix("Bearer "));
        let token = token.ok_or_else(refuse)?;
        let tenant = self.tenant_of(tenant).await.map_err(|_unknown| refuse())?;
        let view = self.tenants().view(tenant).await?;
        let live =
            view.state.witnesses.iter().filter(|(_, one)| one.removed_at.is_none()).take(KEYS);
        let keys = live.filter_map(|(id, one)| Some((*id, WitnessKey::parse(&one.says.key).ok()?)));
        let found = keys.into_iter().find_map(|(witness, key)| {
            let claims = signed(token, &key)?;
            Some((witness, key, claims))
        });
        let (witness, key, claims) = found.ok_or_else(refuse)?;
        let now = self.now();
        let text = key.to_text();
        let skew = SKEW.as_micros() / 1_000_000;
        let lives = claims.exp.saturating_sub(claims.iat);
        let fresh = claims.iat <= now.seconds() + skew && claims.exp > now.seconds() - skew;
        let right = claims.iss == text
            && claims.sub == text
            && self.is_audience(&claims.aud, headers)
            && (0..=LIFE.as_micros() / 1_000_000).contains(&lives)
            && fresh
            && !claims.jti.is_empty()
            && claims.jti.len() <= MAX_JTI;
        if !right {
            return Err(refuse());
        }
        let mut marks = self.inner.marks.lock();
        // A mark takes any 16 bytes for whose it is; a witness's id is no instance's.
        let client = InstanceId::from_bytes(witness.to_bytes());
        let mark = Mark::assertion(&marks.salt(), tenant, client, &claims.jti);
        marks.mark(mark, now + LIFE + SKEW + SKEW, now).map_err(|_used| refuse())?;
        drop(marks);
        self.inner.witnessing.hear(tenant, witness, now);
        Ok(Watching { witness, key, view })
    }

    /// Whether a token is for this desk: the issuer, the console's origin, or the loopback name that was asked under.
    fn is_audience(&self, audience: &str, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        audience == self.issuer()
            || audience == self.origin()
            || host.is_some_and(|host| audience.strip_prefix("http://") == Some(host))
    }
}

/// The claims of a token that this key has signed.
fn signed(token: &str, key: &WitnessKey) -> Option<Claims> {
    let key = PublicKey::from_jwk(&Jwk::Ed25519 { x: *key.public() }).ok()?;
    let (header, payload) = jws::verify(token, &key).ok()?;
    json::parse(&payload, &Limits::REQUEST).ok()?;
    let typed = header.typ.as_deref() == Some(WITNESS_TYPE);
    serde_json::from_slice(&payload).ok().filter(|_| typed)
}
