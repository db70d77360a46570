//! [`Fault`]: what every refusal of this crate can say for itself: a stable code, the word OAuth has for it, and the cure.
//!
//! Never here: HTTP statuses or headers (the doors choose those), or text that repeats a secret.
//! To add a code: the next free number in its block, the variant's `code()`, a line in [`CODES`], and its prose in
//! `docs/errors.md`.

use writ_model::Code;

/// A refused credential.
pub trait Fault: std::error::Error {
    /// The stable code.
    fn code(&self) -> Code;

    /// The error word of OAuth 2.0 (RFC 6749 section 5.2, RFC 6750 section 3.1, RFC 9449 sections 5, 7.1 and 8).
    fn oauth_error(&self) -> &'static str;

    /// What the caller can do about it, in one sentence.
    fn cure(&self) -> &'static str;
}

/// Every code of this crate with its one-line meaning, for documents and tests.
pub const CODES: &[(&str, &str)] = &[
    ("IDEN-0001", "signed text is larger than the limit"),
    ("IDEN-0002", "signed text is not compact JWS"),
    ("IDEN-0003", "part is not base64url without padding"),
    ("IDEN-0004", "part is not a strict JSON object"),
    ("IDEN-0005", "algorithm is not allowed"),
    ("IDEN-0006", "critical header is not understood"),
    ("IDEN-0007", "signature does not verify"),
    ("IDEN-0008", "public key is not acceptable"),
    ("IDEN-0009", "header member has a wrong form"),
    ("IDEN-0010", "token is not an access token"),
    ("IDEN-0011", "token is signed with an unknown key"),
    ("IDEN-0012", "token is from another issuer"),
    ("IDEN-0013", "token claim is missing or malformed"),
    ("IDEN-0014", "token has expired"),
    ("IDEN-0015", "token is from the future"),
    ("IDEN-0016", "token lives too long"),
    ("IDEN-0017", "token is for another audience"),
    ("IDEN-0020", "proof is not a DPoP proof"),
    ("IDEN-0021", "proof names no public key"),
    ("IDEN-0022", "proof claim is missing or malformed"),
    ("IDEN-0023", "proof is for another method"),
    ("IDEN-0024", "proof is for another URL"),
    ("IDEN-0025", "proof is too old or from the future"),
    ("IDEN-0026", "proof lacks a nonce"),
    ("IDEN-0027", "proof's nonce is stale"),
    ("IDEN-0028", "proof's nonce is not ours"),
    ("IDEN-0029", "proof is for another access token"),
    ("IDEN-0030", "proof is made with another key"),
    ("IDEN-0031", "more than one proof was sent"),
    ("IDEN-0032", "no proof was sent"),
    ("IDEN-0040", "client assertion claim is missing or malformed"),
    ("IDEN-0041", "client assertion is for another client"),
    ("IDEN-0042", "client assertion is for another audience"),
    ("IDEN-0043", "client assertion has expired"),
    ("IDEN-0044", "client assertion lives too long or starts later"),
    ("IDEN-0045", "client assertion has a wrong type"),
    ("IDEN-0050", "credential was used before"),
    ("IDEN-0051", "replay marks are full"),
    ("IDEN-0060", "key material is not usable"),
    ("IDEN-0061", "signing failed"),
    ("IDEN-0070", "passkey answer is larger than the limit"),
    ("IDEN-0071", "passkey answer lacks a member"),
    ("IDEN-0072", "passkey client data are not strict JSON"),
    ("IDEN-0073", "passkey client data are of another ceremony"),
    ("IDEN-0074", "passkey answer is to another challenge"),
    ("IDEN-0075", "passkey answer is from another origin"),
    ("IDEN-0076", "passkey answer is from a page within another page"),
    ("IDEN-0077", "passkey answer is not canonical CBOR"),
    ("IDEN-0078", "authenticator data have a wrong length"),
    ("IDEN-0079", "passkey answer is for another relying party"),
    ("IDEN-0080", "person was not present"),
    ("IDEN-0081", "person was not verified"),
    ("IDEN-0082", "passkey's backup state contradicts itself"),
    ("IDEN-0083", "authenticator data carry flags that are not of this ceremony"),
    ("IDEN-0084", "passkey's public key is not acceptable"),
    ("IDEN-0085", "passkey's algorithm is not allowed"),
    ("IDEN-0086", "passkey's credential id is not acceptable"),
    ("IDEN-0087", "passkey's attestation does not hold"),
    ("IDEN-0088", "passkey's signature does not verify"),
    ("IDEN-0089", "no passkeys can be used at this origin"),
    ("IDEN-0090", "attestation anchor is not readable"),
    ("IDEN-0100", "ID token is not a signed JSON object"),
    ("IDEN-0101", "ID token is signed in a way that is not allowed"),
    ("IDEN-0102", "ID token is signed with an unknown key"),
    ("IDEN-0103", "ID token's signature does not verify"),
    ("IDEN-0104", "ID token claim is missing or malformed"),
    ("IDEN-0105", "ID token is from another issuer"),
    ("IDEN-0106", "ID token is for another audience"),
    ("IDEN-0107", "ID token has expired or is too old"),
    ("IDEN-0108", "ID token is from the future"),
    ("IDEN-0109", "ID token is not of this sign-in"),
    ("IDEN-0110", "sign-in at the provider is too long ago"),
    ("IDEN-0111", "provider's key set is malformed or too large"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_sorted_and_well_formed() {
        let codes: Vec<_> = CODES.iter().map(|(code, _)| *code).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
        for code in codes {
            let digits = code.strip_prefix("IDEN-").unwrap();
            assert!(digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()), "{code}");
        }
    }

    #[test]
    fn every_code_that_is_given_is_listed_and_the_other_way_round() {
        let sources = [
            include_str!("assertion.rs"),
            include_str!("dpop.rs"),
            include_str!("jws.rs"),
            include_str!("key.rs"),
            include_str!("replay.rs"),
            include_str!("token.rs"),
            include_str!("webauthn/fault.rs"),
            include_str!("id_token.rs"),
        ];
        let mut given: Vec<_> = sources
            .iter()
            .flat_map(|source| source.split('"'))
            .filter(|text| text.starts_with("IDEN-"))
            .collect();
        given.sort_unstable();
        let listed: Vec<_> = CODES.iter().map(|(code, _)| *code).collect();
        assert_eq!(given, listed);
    }
}
