//! Access tokens: RFC 9068 JWTs of Ed25519, five minutes at most, one audience, bound to a key (RFC 7800 `cnf.jkt`).
//!
//! Never here: what the holder may do (that is in the ledger; a token only says who and for which resource), or a way to
//! read the claims of a token without saying for which audience and when: [`Verified::admit`] is the only one.
//! To add a claim: a field of [`Claims`], its member in `write` and `read`, a row in the tests' tables.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use writ_model::{
    AgentId, Code, Digest, InstanceId, Span, TenantId, Timestamp, TokenId,
    json::{Node, Value},
};

use crate::{
    BoundKey, Fault, JwkFault, JwkSet, JwsFault, KeyFault, PublicKey, SigningKey, Thumbprint,
    claims::{date, object, part, text, whole_second},
    jws::{Compact, Header, MAX_JWS, compose},
};

pub mod act;

pub use act::{Behalf, Link};

/// The longest life of a token, checked by whoever issues and by whoever verifies.
pub const MAX_LIFE: Span = Span::minutes(5);
/// How far ahead the issuer's clock may be.
pub const MAX_SKEW: Span = Span::seconds(30);
/// The media type (RFC 9068 section 2.1).
const TYP: &str = "at+jwt";
/// LIMIT: bytes of `iss` and of `aud`: URLs of this product's own making.
const MAX_URL: usize = 1024;
/// LIMIT: bytes of `scope`: one word for each server of a gateway.
const MAX_SCOPE: usize = 2048;
/// The scope of every server that the audience has.
pub const SCOPE_ALL: &str = "mcp";

/// What a token says. The names are those of the claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who issued it: an https or loopback URL.
    pub iss: String,
    /// The agent.
    pub sub: AgentId,
    /// The running copy that holds it: the agent's own, or, where others act for it, the one that acts.
    pub client_id: InstanceId,
    /// Who acts for the agent, if the token was exchanged for that (RFC 8693). SECURITY: without looking at it nobody is
    /// let in, because the holder is then no copy of `sub`.
    pub behalf: Option<Behalf>,
    /// The one resource it is for (RFC 8707).
    pub aud: String,
    /// When it was issued; whole seconds.
    pub iat: Timestamp,
    /// From when on it is refused; whole seconds.
    pub exp: Timestamp,
    /// Its own id.
    pub jti: TokenId,
    /// The agent's tenant (`writ_tenant`).
    pub tenant: TenantId,
    /// The tenant's token epoch at issue (`writ_epoch`); a higher epoch in the ledger ends all earlier tokens.
    pub epoch: u64,
    /// Thumbprint of the key that must prove possession (`cnf.jkt`). SECURITY: none is a bearer token: weak, never for
    /// outward actions, and only where a clause allows it.
    pub jkt: Option<Thumbprint>,
    /// Which servers of the audience it reaches (RFC 9068 section 2.2.3): [`SCOPE_ALL`], or `mcp:NAME` for each; none
    /// reaches all. It only narrows: what may be done there is in the ledger.
    pub scope: Option<String>,
}

impl Claims {
    /// Whether the token reaches a server of its audience.
    pub fn reaches(&self, server: &str) -> bool {
        let Some(scope) = &self.scope else { return true };
        scope.split(' ').any(|word| word == SCOPE_ALL || word.strip_prefix("mcp:") == Some(server))
    }
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Not a JWS that we accept, or not signed by the key it names.
    #[error("token is not validly signed")]
    Jws(#[source] JwsFault),
    /// `typ` is not `at+jwt`.
    #[error("token is not an access token")]
    Type,
    /// `kid` is missing or names no key of the issuer.
    #[error("token is signed with an unknown key")]
    UnknownKey,
    /// `iss` is another's.
    #[error("token is from another issuer")]
    Issuer,
    /// A claim is missing or malformed.
    #[error("token claim `{0}` is missing or malformed")]
    Claim(&'static str),
    /// `exp` has come.
    #[error("token has expired")]
    Expired,
    /// `iat` is later than [`MAX_SKEW`] from now.
    #[error("token is from the future")]
    Future,
    /// `exp` is not after `iat`, or is more than [`MAX_LIFE`] after it.
    #[error("token lives longer than five minutes, or not at all")]
    Life,
    /// `aud` is another resource.
    #[error("token is for another audience")]
    Audience,
    /// The issuer could not sign.
    #[error("token could not be signed")]
    Signing(#[source] KeyFault),
}

impl Fault for TokenFault {
    fn code(&self) -> Code {
        match self {
            Self::Jws(fault) => fault.code(),
            Self::Type => Code("IDEN-0010"),
            Self::UnknownKey => Code("IDEN-0011"),
            Self::Issuer => Code("IDEN-0012"),
            Self::Claim(_) => Code("IDEN-0013"),
            Self::Expired => Code("IDEN-0014"),
            Self::Future => Code("IDEN-0015"),
            Self::Life => Code("IDEN-0016"),
            Self::Audience => Code("IDEN-0017"),
            Self::Signing(fault) => fault.code(),
        }
    }

    fn oauth_error(&self) -> &'static str {
        match self {
            Self::Signing(fault) => fault.oauth_error(),
            _ => "invalid_token",
        }
    }

    fn cure(&self) -> &'static str {
        match self {
            Self::Jws(_) | Self::UnknownKey | Self::Claim(_) => {
                "get a new token from this server's token endpoint and send it unchanged"
            }
            Self::Type => "send the access token, not another JWT",
            Self::Issuer => "get a token from the issuer that this server's metadata names",
            Self::Expired => "get a new token; they live five minutes at most",
            Self::Future => "set the clock of the issuer",
            Self::Life => "issue tokens for at most five minutes",
            Self::Audience => {
                "ask the token endpoint for this resource with the `resource` parameter"
            }
            Self::Signing(fault) => fault.cure(),
        }
    }
}

/// A token for these claims; `iat` and `exp` are cut to whole seconds.
///
/// # Errors
/// [`TokenFault::Life`] and [`TokenFault::Claim`] for claims that [`verify`] would refuse; [`TokenFault::Signing`].
pub fn issue(key: &SigningKey, claims: &Claims) -> Result<String, TokenFault> {
    check_life(whole_second(claims.iat), whole_second(claims.exp))?;
    for (name, url) in [("iss", &claims.iss), ("aud", &claims.aud)] {
        if url.is_empty() || url.len() > MAX_URL {
            return Err(TokenFault::Claim(name));
        }
    }
    if claims.scope.as_ref().is_some_and(|scope| scope.is_empty() || scope.len() > MAX_SCOPE) {
        return Err(TokenFault::Claim("scope"));
    }
    claims.check_chain()?;
    let header = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"{TYP}"}}"#, key.kid());
    compose(key, &header, write(claims).as_bytes()).map_err(TokenFault::Signing)
}

fn write(claims: &Claims) -> String {
    let mut payload = serde_json::json!({
        "iss": claims.iss,
        "sub": claims.sub,
        "client_id": claims.client_id,
        "aud": claims.aud,
        "iat": claims.iat.seconds(),
        "exp": claims.exp.seconds(),
        "jti": claims.jti,
        "writ_tenant": claims.tenant,
        "writ_epoch": claims.epoch,
    });
    if let Some(members) = payload.as_object_mut() {
        if let Some(jkt) = claims.jkt {
            members.insert("cnf".to_owned(), serde_json::json!({ "jkt": jkt }));
        }
        if let Some(scope) = &claims.scope {
            members.insert("scope".to_owned(), scope.as_str().into());
        }
        if let Some(behalf) = &claims.behalf {
            members.insert("writ_copy".to_owned(), serde_json::json!(behalf.copy));
            members.insert("act".to_owned(), behalf.to_json());
        }
    }
    payload.to_string()
}

fn check_life(iat: Timestamp, exp: Timestamp) -> Result<(), TokenFault> {
    let life = exp - iat;
    if life <= Span::micros(0) || life > MAX_LIFE {
        return Err(TokenFault::Life);
    }
    Ok(())
}

/// The issuer's public keys by key id, points decoded.
#[derive(Debug, Clone, Default)]
pub struct PublicKeys(BTreeMap<String, PublicKey>);

impl PublicKeys {
    /// The keys of a set.
    ///
    /// # Errors
    /// [`JwkFault::NotOnCurve`].
    pub fn from_set(set: &JwkSet) -> Result<Self, JwkFault> {
        let keys = set.iter().map(|(kid, jwk)| Ok((kid.to_owned(), PublicKey::from_jwk(jwk)?)));
        Ok(Self(keys.collect::<Result<_, JwkFault>>()?))
    }

    /// The one key of an issuer that has one.
    ///
    /// # Errors
    /// [`JwkFault::NotOnCurve`].
    pub fn of_signing_key(key: &SigningKey) -> Result<Self, JwkFault> {
        let public = PublicKey::from_jwk(&key.jwk())?;
        Ok(Self(BTreeMap::from([(key.kid().to_owned(), public)])))
    }

    /// The key of this id.
    pub fn get(&self, kid: &str) -> Option<&PublicKey> {
        self.0.get(kid)
    }
}

/// What a verifier expects of every token.
#[derive(Debug, Clone, Copy)]
pub struct Expect<'a> {
    /// The issuer, exactly.
    pub iss: &'a str,
    /// The instant.
    pub now: Timestamp,
}

/// A token whose signature, issuer and life were found good; its claims are read through [`Verified::admit`].
#[derive(Debug)]
pub struct Verified {
    claims: Claims,
    ath: Digest,
    key: OnceLock<Arc<BoundKey>>,
}

impl Verified {
    /// The claims, if the token is for this audience and has not expired.
    ///
    /// # Errors
    /// [`TokenFault::Audience`], [`TokenFault::Expired`].
    pub fn admit(&self, audience: &str, now: Timestamp) -> Result<&Claims, TokenFault> {
        if self.claims.aud != audience {
            return Err(TokenFault::Audience);
        }
        if now >= self.claims.exp {
            return Err(TokenFault::Expired);
        }
        Ok(&self.claims)
    }

    /// What it says, for its issuer, who tells its holder about it (RFC 7662). Nobody is let in by this.
    pub fn for_issuer(&self) -> &Claims {
        &self.claims
    }

    /// From when on it is refused.
    pub fn expires(&self) -> Timestamp {
        self.claims.exp
    }

    /// The key that must prove possession.
    pub fn jkt(&self) -> Option<&Thumbprint> {
        self.claims.jkt.as_ref()
    }

    /// SHA-256 of the token's text: what a proof's `ath` must be, and the key of [`crate::TokenCache`].
    pub fn ath(&self) -> &Digest {
        &self.ath
    }

    /// The bound key, decoded, once a proof with it has been verified.
    pub fn bound_key(&self) -> Option<&Arc<BoundKey>> {
        self.key.get()
    }

    /// Keeps the key of the first good proof, so that later ones skip decoding its point and its header. A key other
    /// than the token's is not kept.
    pub fn remember_key(&self, key: &Arc<BoundKey>) {
        if self.claims.jkt.as_ref() == Some(key.thumbprint()) {
            self.key.get_or_init(|| Arc::clone(key));
        }
    }
}

/// Verifies a token: signature by one of the keys, type, issuer, life. The audience is checked on each use, by
/// [`Verified::admit`], because a verified token is cached and used at several resources.
///
/// # Errors
/// Any [`TokenFault`] but `Audience` and `Signing`.
pub fn verify(text: &str, keys: &PublicKeys, expect: &Expect<'_>) -> Result<Verified, TokenFault> {
    verify_digested(text, Digest::of(text.as_bytes()), keys, expect)
}

pub(crate) fn verify_digested(
    token: &str,
    ath: Digest,
    keys: &PublicKeys,
    expect: &Expect<'_>,
) -> Result<Verified, TokenFault> {
    let compact = Compact::split(token, MAX_JWS).map_err(TokenFault::Jws)?;
    let header = Header::read(compact.header).map_err(TokenFault::Jws)?;
    if header.typ.as_deref() != Some(TYP) {
        return Err(TokenFault::Type);
    }
    let key = header.kid.as_deref().and_then(|kid| keys.get(kid)).ok_or(TokenFault::UnknownKey)?;
    compact.verify(header.algorithm, key).map_err(TokenFault::Jws)?;
    let payload = part(compact.payload).map_err(TokenFault::Jws)?;
    let claims = read(&object(&payload).map_err(TokenFault::Jws)?)?;
    if claims.iss != expect.iss {
        return Err(TokenFault::Issuer);
    }
    check_life(claims.iat, claims.exp)?;
    if claims.iat > expect.now + MAX_SKEW {
        return Err(TokenFault::Future);
    }
    if expect.now >= claims.exp {
        return Err(TokenFault::Expired);
    }
    Ok(Verified { claims, ath, key: OnceLock::new() })
}

fn read(node: &Node<'_>) -> Result<Claims, TokenFault> {
    fn id<T: std::str::FromStr>(node: &Node<'_>, name: &'static str) -> Result<T, TokenFault> {
        text(node, name, 64).and_then(|id| id.parse().ok()).ok_or(TokenFault::Claim(name))
    }
    let url = |name| text(node, name, MAX_URL).map(str::to_owned).ok_or(TokenFault::Claim(name));
    let at = |name| date(node, name).ok_or(TokenFault::Claim(name));
    // Fail closed: a confirmation that we do not know is not a bearer token.
    let jkt = match node.get("cnf") {
        None => None,
        Some(cnf) => Some(id(cnf, "jkt").map_err(|_jkt| TokenFault::Claim("cnf"))?),
    };
    let scope = match node.get("scope") {
        None => None,
        Some(_) => {
            Some(text(node, "scope", MAX_SCOPE).ok_or(TokenFault::Claim("scope"))?.to_owned())
        }
    };
    let claims = Claims {
        behalf: Behalf::read(node)?,
        scope,
        iss: url("iss")?,
        sub: id(node, "sub")?,
        client_id: id(node, "client_id")?,
        aud: url("aud")?,
        iat: at("iat")?,
        exp: at("exp")?,
        jti: id(node, "jti")?,
        tenant: id(node, "writ_tenant")?,
        epoch: epoch(node).ok_or(TokenFault::Claim("writ_epoch"))?,
        jkt,
    };
    claims.check_chain()?;
    Ok(claims)
}

/// `writ_epoch` of a token or of one who acts in it.
fn epoch(node: &Node<'_>) -> Option<u64> {
    match node.get("writ_epoch").map(|epoch| &epoch.value) {
        Some(Value::Number(number)) => number.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests;
