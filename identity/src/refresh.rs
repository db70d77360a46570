//! Refresh tokens (RFC 6749 section 6) of the desk, for itself: which family, which number in it, until when. A signed text, so
//! that one that was made up is told apart from one that was used before: only the second ends its family.
//!
//! Never here: what the family may get, its key, its person (the desk keeps these, sealed), or a number that is believed
//! without them: reading one says that it was given, not that it is still good.
//! To add a member: a field of [`Refresh`], its member in [`issue`] and [`verify`], a row in the tests' table.

use writ_model::{
    TenantId, Timestamp, TokenId,
    json::{Node, Value},
};

use crate::{
    PublicKeys, SigningKey,
    claims::{date, object, text, whole_second},
    jws::{Compact, Header, MAX_JWS, compose},
    token::{Expect, TokenFault},
};

/// Its media type: no other token of ours has it, so that none is taken for another.
const TYP: &str = "writ-refresh+jwt";

/// What a refresh token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh {
    /// Whose family.
    pub tenant: TenantId,
    /// All tokens that follow from one consent.
    pub family: TokenId,
    /// Which of them: the first is 1.
    pub number: u64,
    /// Until when the family lives; whole seconds.
    pub until: Timestamp,
}

/// A refresh token.
///
/// # Errors
/// [`TokenFault::Signing`].
pub fn issue(key: &SigningKey, iss: &str, refresh: &Refresh) -> Result<String, TokenFault> {
    let header = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"{TYP}"}}"#, key.kid());
    let payload = serde_json::json!({
        "iss": iss,
        "exp": whole_second(refresh.until).seconds(),
        "writ_tenant": refresh.tenant,
        "writ_family": refresh.family,
        "writ_number": refresh.number,
    });
    compose(key, &header, payload.to_string().as_bytes()).map_err(TokenFault::Signing)
}

/// Reads a refresh token that one of these keys signed.
///
/// # Errors
/// Any [`TokenFault`] but `Audience`, `Future`, `Life` and `Signing`.
pub fn verify(token: &str, keys: &PublicKeys, expect: &Expect<'_>) -> Result<Refresh, TokenFault> {
    let compact = Compact::split(token, MAX_JWS).map_err(TokenFault::Jws)?;
    let header = Header::read(compact.header).map_err(TokenFault::Jws)?;
    if header.typ.as_deref() != Some(TYP) {
        return Err(TokenFault::Type);
    }
    let key = header.kid.as_deref().and_then(|kid| keys.get(kid)).ok_or(TokenFault::UnknownKey)?;
    compact.verify(header.algorithm, key).map_err(TokenFault::Jws)?;
    let payload = crate::claims::part(compact.payload).map_err(TokenFault::Jws)?;
    let node = object(&payload).map_err(TokenFault::Jws)?;
    if text(&node, "iss", 1024) != Some(expect.iss) {
        return Err(TokenFault::Issuer);
    }
    let until = date(&node, "exp").ok_or(TokenFault::Claim("exp"))?;
    if expect.now >= until {
        return Err(TokenFault::Expired);
    }
    let number = match node.get("writ_number").map(|number| &number.value) {
        Some(Value::Number(number)) => number.parse().ok(),
        _ => None,
    };
    Ok(Refresh {
        tenant: id(&node, "writ_tenant")?,
        family: id(&node, "writ_family")?,
        number: number.ok_or(TokenFault::Claim("writ_number"))?,
        until,
    })
}

fn id<T: std::str::FromStr>(node: &Node<'_>, name: &'static str) -> Result<T, TokenFault> {
    text(node, name, 64).and_then(|id| id.parse().ok()).ok_or(TokenFault::Claim(name))
}

#[cfg(test)]
mod tests {
    use writ_model::Span;

    use super::*;
    use crate::{
        JwsFault, jws, token,
        token::tests::{ISS, claims, key, now},
    };

    fn refresh() -> Refresh {
        Refresh {
            tenant: claims().tenant,
            family: claims().jti,
            number: 3,
            until: whole_second(now()) + Span::days(1),
        }
    }

    fn read(text: &str, iss: &str, now: Timestamp) -> Result<Refresh, TokenFault> {
        verify(text, &PublicKeys::of_signing_key(&key()).unwrap(), &Expect { iss, now })
    }

    #[test]
    fn what_is_issued_is_read_back_until_it_ends() {
        let text = issue(&key(), ISS, &refresh()).unwrap();
        assert_eq!(read(&text, ISS, now()), Ok(refresh()));
        assert_eq!(read(&text, ISS, refresh().until), Err(TokenFault::Expired));
        assert_eq!(read(&text, "https://elsewhere.example", now()), Err(TokenFault::Issuer));
    }

    #[test]
    fn nothing_else_is_taken_for_one() {
        let other = SigningKey::from_seed([5; 32]).unwrap();
        let forged = issue(&other, ISS, &refresh()).unwrap();
        assert_eq!(read(&forged, ISS, now()), Err(TokenFault::UnknownKey));
        let access = token::issue(&key(), &claims()).unwrap();
        assert_eq!(read(&access, ISS, now()), Err(TokenFault::Type));
        let own = issue(&key(), ISS, &refresh()).unwrap();
        let taken = token::verify(
            &own,
            &PublicKeys::of_signing_key(&key()).unwrap(),
            &Expect { iss: ISS, now: now() },
        );
        assert_eq!(taken.unwrap_err(), TokenFault::Type);
        for (payload, fault) in [
            ("{}", TokenFault::Issuer),
            (r#"{"iss":"https://desk.example"}"#, TokenFault::Claim("exp")),
            (
                r#"{"iss":"https://desk.example","exp":4000000000}"#,
                TokenFault::Claim("writ_tenant"),
            ),
        ] {
            let text = jws::sign(&key(), TYP, payload.as_bytes()).unwrap();
            assert_eq!(read(&text, ISS, now()), Err(fault), "{payload}");
        }
        let mut broken = own.clone();
        broken.truncate(own.len() - 4);
        assert_eq!(read(&broken, ISS, now()), Err(TokenFault::Jws(JwsFault::Base64)));
    }
}
