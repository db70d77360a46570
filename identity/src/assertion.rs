//! Client authentication by `private_key_jwt` (RFC 7521, RFC 7523, OpenID Connect Core section 9): an instance signs that
//! it is itself, to this issuer, now.
//!
//! Never here: a client secret. The caller looks the instance's key up by [`claimed_client`], verifies, then marks the
//! returned `jti` in [`crate::ReplayMarks`]: an assertion is good for one use.
//! To add a rule: a variant of [`AssertionFault`], its check in [`verify`], a row in the tests' table.

use writ_model::{Code, InstanceId, Span, Timestamp, json::Node};

use crate::{
    AgentKey, Fault, JwsFault, KeyFault, PublicKey,
    claims::{date, object, part, text},
    jws::{self, Compact, Header},
};

/// How far ahead `exp` may be.
pub const MAX_LIFE: Span = Span::minutes(5);
/// How far the client's clock may be off, either way.
pub const MAX_SKEW: Span = Span::seconds(60);
/// How long the assertions live that [`create`] makes: enough for one request.
const LIFE: Span = Span::seconds(60);
/// LIMIT: bytes of an assertion: a handful of short claims.
pub const MAX_ASSERTION: usize = 4 << 10;
/// LIMIT: bytes of `jti`: four UUIDs.
const MAX_JTI: usize = 144;
/// LIMIT: bytes of a client's id: the address of its metadata document.
pub const MAX_CLIENT: usize = 512;
/// `client_assertion_type` of a request that carries one (RFC 7523 section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Media types: that of any JWT, and the one that RFC 7523bis gives to these.
const TYPES: [&str; 2] = ["JWT", "client-authentication+jwt"];

/// A verified assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// The client that made it.
    pub client: InstanceId,
    /// Its own id, for the replay mark.
    pub jti: String,
    /// Until when the replay mark must be kept.
    pub keep_until: Timestamp,
}

/// Why an assertion is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssertionFault {
    /// Not a JWS that we accept, or not signed by the client's key.
    #[error("client assertion is not validly signed")]
    Jws(#[source] JwsFault),
    /// `typ` names something else.
    #[error("client assertion has a wrong type")]
    Type,
    /// A claim is missing or malformed.
    #[error("client assertion claim `{0}` is missing or malformed")]
    Claim(&'static str),
    /// `iss` or `sub` is not the client.
    #[error("client assertion is for another client")]
    Client,
    /// `aud` is neither the issuer nor the token endpoint, or is more than one.
    #[error("client assertion is for another audience")]
    Audience,
    /// `exp` has passed by more than [`MAX_SKEW`].
    #[error("client assertion has expired")]
    Expired,
    /// `exp` is more than [`MAX_LIFE`] ahead, or `nbf` or `iat` is in the future, each by more than [`MAX_SKEW`].
    #[error("client assertion lives too long or starts later")]
    TooFar,
}

impl Fault for AssertionFault {
    fn code(&self) -> Code {
        match self {
            Self::Jws(fault) => fault.code(),
            Self::Claim(_) => Code("IDEN-0040"),
            Self::Client => Code("IDEN-0041"),
            Self::Audience => Code("IDEN-0042"),
            Self::Expired => Code("IDEN-0043"),
            Self::TooFar => Code("IDEN-0044"),
            Self::Type => Code("IDEN-0045"),
        }
    }

    fn oauth_error(&self) -> &'static str {
        "invalid_client"
    }

    fn cure(&self) -> &'static str {
        match self {
            Self::Jws(fault) => fault.cure(),
            Self::Type => "leave `typ` out of the assertion or set it to `JWT`",
            Self::Claim(_) => "send iss, sub, aud, exp and jti, each as RFC 7523 section 3 says",
            Self::Client => {
                "set iss and sub to the client id, and sign with the key that it was enrolled with"
            }
            Self::Audience => {
                "set aud to the issuer that the server's metadata names, and to nothing else"
            }
            Self::Expired => "set the clock, and make a new assertion for each request",
            Self::TooFar => "set the clock, and let exp be at most five minutes ahead",
        }
    }
}

/// An assertion of this client for one request. `jti` must be new each time.
///
/// # Errors
/// [`KeyFault::Signing`].
pub fn create(
    key: &AgentKey,
    client: InstanceId,
    audience: &str,
    now: Timestamp,
    jti: &str,
) -> Result<String, KeyFault> {
    let payload = serde_json::json!({
        "iss": client,
        "sub": client,
        "aud": audience,
        "iat": now.seconds(),
        "exp": (now + LIFE).seconds(),
        "jti": jti,
    });
    jws::sign(key, "JWT", payload.to_string().as_bytes())
}

/// Who an assertion says it is from. SECURITY: nothing is verified; this is for finding the key to verify with.
///
/// # Errors
/// [`AssertionFault::Jws`], [`AssertionFault::Claim`].
pub fn claimed_client(assertion: &str) -> Result<InstanceId, AssertionFault> {
    claimed_name(assertion)?.parse().map_err(|_no_id| AssertionFault::Claim("sub"))
}

/// Who an assertion says it is from, in whatever form that client's id has. SECURITY: as [`claimed_client`].
///
/// # Errors
/// [`AssertionFault::Jws`], [`AssertionFault::Claim`].
pub fn claimed_name(assertion: &str) -> Result<String, AssertionFault> {
    let compact = Compact::split(assertion, MAX_ASSERTION).map_err(AssertionFault::Jws)?;
    let payload = part(compact.payload).map_err(AssertionFault::Jws)?;
    let node = object(&payload).map_err(AssertionFault::Jws)?;
    text(&node, "sub", MAX_CLIENT).map(str::to_owned).ok_or(AssertionFault::Claim("sub"))
}

/// What the token endpoint expects of an assertion.
#[derive(Debug, Clone, Copy)]
pub struct Expect<'a> {
    /// The client whose key it is verified with.
    pub client: InstanceId,
    /// The issuer and the token endpoint: `aud` must be one of them.
    pub audiences: &'a [&'a str],
    /// The instant.
    pub now: Timestamp,
}

/// Verifies an assertion (RFC 7523 section 3).
///
/// # Errors
/// Any [`AssertionFault`].
pub fn verify(
    assertion: &str,
    key: &PublicKey,
    expect: &Expect<'_>,
) -> Result<Assertion, AssertionFault> {
    let (client, audiences) = (expect.client.to_string(), expect.audiences);
    let signed =
        verify_named(assertion, key, &ExpectNamed { client: &client, audiences, now: expect.now })?;
    Ok(Assertion { client: expect.client, jti: signed.jti, keep_until: signed.keep_until })
}

/// What is expected of the assertion of a client that is no running copy of ours, such as one that a metadata document
/// names.
#[derive(Debug, Clone, Copy)]
pub struct ExpectNamed<'a> {
    /// The client whose key it is verified with, exactly.
    pub client: &'a str,
    /// The issuer and the token endpoint: `aud` must be one of them.
    pub audiences: &'a [&'a str],
    /// The instant.
    pub now: Timestamp,
}

/// What is left of a verified assertion: its replay mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its own id, for the replay mark.
    pub jti: String,
    /// Until when the replay mark must be kept.
    pub keep_until: Timestamp,
}

/// As [`verify`], for a client of any name.
///
/// # Errors
/// Any [`AssertionFault`].
pub fn verify_named(
    assertion: &str,
    key: &PublicKey,
    expect: &ExpectNamed<'_>,
) -> Result<Signed, AssertionFault> {
    let compact = Compact::split(assertion, MAX_ASSERTION).map_err(AssertionFault::Jws)?;
    let header = Header::read(compact.header).map_err(AssertionFault::Jws)?;
    if header.typ.as_deref().is_some_and(|typ| !TYPES.contains(&typ)) {
        return Err(AssertionFault::Type);
    }
    let payload = part(compact.payload).map_err(AssertionFault::Jws)?;
    let node = object(&payload).map_err(AssertionFault::Jws)?;
    for name in ["iss", "sub"] {
        if text(&node, name, MAX_CLIENT).ok_or(AssertionFault::Claim(name))? != expect.client {
            return Err(AssertionFault::Client);
        }
    }
    if !expect.audiences.contains(&audience(&node)?) {
        return Err(AssertionFault::Audience);
    }
    let exp = date(&node, "exp").ok_or(AssertionFault::Claim("exp"))?;
    check_times(&node, exp, expect.now)?;
    let jti = text(&node, "jti", MAX_JTI).ok_or(AssertionFault::Claim("jti"))?.to_owned();
    compact.verify(header.algorithm, key).map_err(AssertionFault::Jws)?;
    Ok(Signed { jti, keep_until: exp + MAX_SKEW })
}

/// The key id that an assertion names, if it names one. SECURITY: as [`claimed_client`].
///
/// # Errors
/// [`AssertionFault::Jws`].
pub fn claimed_key(assertion: &str) -> Result<Option<String>, AssertionFault> {
    let compact = Compact::split(assertion, MAX_ASSERTION).map_err(AssertionFault::Jws)?;
    Ok(Header::read(compact.header).map_err(AssertionFault::Jws)?.kid)
}

/// One audience, alone or as the only item of an array.
fn audience<'n>(node: &'n Node<'_>) -> Result<&'n str, AssertionFault> {
    let claim = node.get("aud").ok_or(AssertionFault::Claim("aud"))?;
    match (claim.as_str(), claim.as_array()) {
        (Some(one), _) => Ok(one),
        (None, Some([one])) => one.as_str().ok_or(AssertionFault::Claim("aud")),
        (None, Some(_)) => Err(AssertionFault::Audience),
        (None, None) => Err(AssertionFault::Claim("aud")),
    }
}

fn check_times(node: &Node<'_>, exp: Timestamp, now: Timestamp) -> Result<(), AssertionFault> {
    if now >= exp + MAX_SKEW {
        return Err(AssertionFault::Expired);
    }
    if exp > now + MAX_LIFE + MAX_SKEW {
        return Err(AssertionFault::TooFar);
    }
    for name in ["nbf", "iat"] {
        if node.get(name).is_some() {
            let start = date(node, name).ok_or(AssertionFault::Claim(name))?;
            if start > now + MAX_SKEW {
                return Err(AssertionFault::TooFar);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
