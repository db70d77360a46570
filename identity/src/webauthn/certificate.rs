//! Attestation certificates (X.509, RFC 5280) and the vendors' roots that a deployment trusts: [`Anchors`].
//!
//! Read here is only what attestation needs: names compared byte for byte, dates, basic constraints, key usage, and the
//! FIDO extension with the model. A critical extension that is not understood makes a certificate untrusted.
//! Never here: revocation lists, names of hosts, or a root that comes with the passkey itself.
//! To add a signature algorithm: a row in [`verify_by`].

use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    VerificationAlgorithm,
};
use writ_model::{Digest, Timestamp};

use crate::webauthn::{
    WebauthnFault,
    der::{
        BIT_STRING, BOOLEAN, Der, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Tlv,
        UTC_TIME, only,
    },
};

/// LIMIT: anchors of a deployment: the roots of all vendors that there are, with room.
pub const MAX_ANCHORS: usize = 512;
/// LIMIT: certificates in a chain: a leaf and some intermediates.
pub(crate) const MAX_CHAIN: usize = 6;
/// LIMIT: bytes of one certificate.
pub(crate) const MAX_CERTIFICATE: usize = 8 << 10;

/// `id-fido-gen-ce-aaguid` (WebAuthn section 8.2.1): 1.3.6.1.4.1.45724.1.1.4.
const AAGUID: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xe5, 0x1c, 0x01, 0x01, 0x04];
/// Basic constraints and key usage (RFC 5280 sections 4.2.1.9 and 4.2.1.3).
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
/// Version 3 (RFC 5280 section 4.1.2.1).
const VERSION_3: &[u8] = &[INTEGER, 1, 2];

/// The vendors' root (or attestation) certificates that are trusted to say which model an authenticator is.
#[derive(Debug, Clone)]
pub struct Anchors {
    roots: Arc<[Vec<u8>]>,
    now: Timestamp,
}

impl Anchors {
    /// Nothing is trusted: no attestation becomes [`crate::webauthn::AttestationResult::Checked`].
    pub fn none() -> Self {
        Self { roots: Arc::new([]), now: Timestamp::from_micros(0) }
    }

    /// These certificates, in DER. Nothing is trusted before [`Anchors::at`] says what time it is.
    ///
    /// # Errors
    /// [`WebauthnFault::Anchor`] for more than [`MAX_ANCHORS`], and for one that cannot be read.
    pub fn new(certificates: &[Vec<u8>]) -> Result<Self, WebauthnFault> {
        let readable = certificates.iter().all(|der| Certificate::read(der).is_some());
        if certificates.len() > MAX_ANCHORS || !readable {
            return Err(WebauthnFault::Anchor);
        }
        Ok(Self { roots: certificates.into(), now: Timestamp::from_micros(0) })
    }

    /// The same at this instant: certificates are good within their dates only.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        Self { now, ..self.clone() }
    }

    /// The anchor that this chain, leaf first, leads to (RFC 5280 section 6.1, without policies).
    pub(crate) fn root_of(&self, chain: &[Certificate<'_>]) -> Option<Digest> {
        if chain.len() > MAX_CHAIN {
            return None;
        }
        for (at, subject) in chain.iter().enumerate() {
            if !subject.holds(self.now) {
                return None;
            }
            if let Some(root) = self.roots.iter().find(|root| self.ends(root, subject, at)) {
                return Some(Digest::of(root));
            }
            let issuer = chain.get(at + 1)?;
            if !issuer.issued(subject, at) {
                return None;
            }
        }
        None
    }

    /// Whether this root is the subject itself or issued it.
    fn ends(&self, root: &[u8], subject: &Certificate<'_>, below: usize) -> bool {
        root == subject.whole
            || Certificate::read(root)
                .is_some_and(|root| root.holds(self.now) && root.issued(subject, below))
    }
}

/// A certificate in the parts that attestation needs.
#[derive(Debug, Clone)]
pub(crate) struct Certificate<'a> {
    whole: &'a [u8],
    signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    issuer: &'a [u8],
    subject: Tlv<'a>,
    key: &'a [u8],
    not_before: Timestamp,
    not_after: Timestamp,
    says: Extensions,
}

#[derive(Debug, Clone, Default)]
struct Extensions {
    /// Basic constraints: whether it may issue, and how many may stand between it and a leaf.
    authority: Option<(bool, Option<u8>)>,
    /// Key usage: whether certificates may be signed with it.
    cert_sign: Option<bool>,
    aaguid: Option<[u8; 16]>,
    not_understood: bool,
}

impl<'a> Certificate<'a> {
    /// Reads a certificate of version 3 (RFC 5280 section 4.1).
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > MAX_CERTIFICATE {
            return None;
        }
        let whole = only(bytes, SEQUENCE)?;
        let mut outer = Der::new(whole.content);
        let signed = outer.one(SEQUENCE)?;
        let algorithm = outer.one(SEQUENCE)?.whole;
        let (unused, signature) = outer.one(BIT_STRING)?.content.split_first()?;
        outer.end()?;
        let mut body = Der::new(signed.content);
        let version = body.one(0xa0)?.content == VERSION_3;
        body.one(INTEGER)?;
        let same = body.one(SEQUENCE)?.whole == algorithm;
        let issuer = body.one(SEQUENCE)?.whole;
        let mut dates = Der::new(body.one(SEQUENCE)?.content);
        let (not_before, not_after) = (instant(dates.any()?)?, instant(dates.any()?)?);
        dates.end()?;
        let subject = body.one(SEQUENCE)?;
        let key = body.one(SEQUENCE)?.whole;
        // Unique identifiers (section 4.1.2.8) are of no use and of no harm.
        body.optional(0x81);
        body.optional(0x82);
        let says = match body.optional(0xa3) {
            None => Extensions::default(),
            Some(tagged) => extensions(only(tagged.content, SEQUENCE)?.content)?,
        };
        body.end()?;
        let signed = signed.whole;
        (version && same && *unused == 0).then_some(Self {
            whole: whole.whole,
            signed,
            algorithm,
            signature,
            issuer,
            subject,
            key,
            not_before,
            not_after,
            says,
        })
    }

    fn holds(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after && !self.says.not_understood
    }

    /// Whether this one may issue, and issued the other, with so many intermediates below.
    fn issued(&self, other: &Certificate<'_>, below: usize) -> bool {
        let may = matches!(self.says.authority, Some((true, most)) if most.is_none_or(|most| below <= usize::from(most)));
        may && self.says.cert_sign != Some(false)
            && self.subject.whole == other.issuer
            && verify_by(self.key, other.algorithm, other.signed, other.signature)
    }

    /// Whether its key signed this, by the algorithm of this COSE number.
    pub(crate) fn verifies(&self, alg: i64, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &dyn VerificationAlgorithm = match alg {
            -7 => &ECDSA_P256_SHA256_ASN1,
            -8 => &ED25519,
            -35 => &ECDSA_P384_SHA384_ASN1,
            -257 => &RSA_PKCS1_2048_8192_SHA256,
            _ => return false,
        };
        by_key(self.key, algorithm, message, signature)
    }

    /// The requirements on a packed attestation certificate (WebAuthn sections 8.2 and 8.2.1).
    pub(crate) fn is_attestation_of(&self, aaguid: &[u8; 16]) -> bool {
        let subject = attributes(self.subject.content).unwrap_or_default();
        let of = |kind: u8| subject.iter().find(|(oid, _)| *oid == kind).map(|(_, text)| *text);
        let country = of(6).is_some_and(|code| code.len() == 2);
        let unit = of(11) == Some(b"Authenticator Attestation");
        let named = country && unit && of(10).is_some() && of(3).is_some();
        let model = self.says.aaguid.is_none_or(|said| said == *aaguid);
        named && model && matches!(self.says.authority, Some((false, _)))
    }
}

/// Attributes of a name under 2.5.4, by the last number of their type.
fn attributes(name: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut out = Vec::new();
    let mut sets = Der::new(name);
    while !sets.is_empty() {
        let mut parts = Der::new(sets.one(SET)?.content);
        while !parts.is_empty() {
            let mut part = Der::new(parts.one(SEQUENCE)?.content);
            let (kind, text) = (part.one(OID)?.content, part.any()?.content);
            part.end()?;
            if let [0x55, 0x04, kind] = kind {
                out.push((*kind, text));
            }
        }
    }
    Some(out)
}

fn extensions(list: &[u8]) -> Option<Extensions> {
    let mut says = Extensions::default();
    let mut seen = Vec::new();
    let mut list = Der::new(list);
    while !list.is_empty() {
        let mut extension = Der::new(list.one(SEQUENCE)?.content);
        let oid = extension.one(OID)?.content;
        // FALSE is the default and is not spelled out (X.690 section 11.5).
        let critical = match extension.optional(BOOLEAN) {
            None => false,
            Some(flag) => (flag.content == [0xff]).then_some(true)?,
        };
        let value = extension.one(OCTET_STRING)?.content;
        extension.end()?;
        if seen.contains(&oid) {
            return None;
        }
        seen.push(oid);
        match oid {
            BASIC_CONSTRAINTS => says.authority = Some(constraints(value)?),
            KEY_USAGE => {
                // Bit 5, counted from the first (RFC 5280 section 4.2.1.3).
                let bits = only(value, BIT_STRING)?.content;
                says.cert_sign = Some(bits.get(1).is_some_and(|first| first & 0x04 != 0));
            }
            // Must not be critical (WebAuthn section 8.2.1).
            AAGUID if critical => return None,
            AAGUID => says.aaguid = Some(only(value, OCTET_STRING)?.content.try_into().ok()?),
            _ => says.not_understood |= critical,
        }
    }
    Some(says)
}

fn constraints(value: &[u8]) -> Option<(bool, Option<u8>)> {
    let mut members = Der::new(only(value, SEQUENCE)?.content);
    let authority = match members.optional(BOOLEAN) {
        None => false,
        Some(flag) => (flag.content == [0xff]).then_some(true)?,
    };
    let most = match members.optional(INTEGER) {
        None => None,
        Some(number) => match number.content {
            [most] if *most < 0x80 => Some(*most),
            _ => return None,
        },
    };
    members.end()?;
    Some((authority, most))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (RFC 5280 section 4.1.2.5).
fn instant(time: Tlv<'_>) -> Option<Timestamp> {
    let text = std::str::from_utf8(time.content).ok()?;
    let digits = text.strip_suffix('Z').filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
    let digits = match (time.tag, digits.len()) {
        (UTC_TIME, 12) if *digits < *"5" => format!("20{digits}"),
        (UTC_TIME, 12) => format!("19{digits}"),
        (GENERALIZED_TIME, 14) => digits.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| digits.get(from..to);
    let (date, hour) = ((part(0, 4)?, part(4, 6)?, part(6, 8)?), part(8, 10)?);
    let (minute, second) = (part(10, 12)?, part(12, 14)?);
    format!("{}-{}-{}T{hour}:{minute}:{second}Z", date.0, date.1, date.2).parse().ok()
}

/// Whether this public key signed this, by the algorithm of this identifier (RFC 5280 section 4.1.1.2).
fn verify_by(key: &[u8], algorithm: &[u8], message: &[u8], signature: &[u8]) -> bool {
    const ECDSA: &[u8] = &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
    const RSA: &[u8] = &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const ED: &[u8] = &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];
    let ecdsa = algorithm.strip_prefix(ECDSA);
    let rsa = algorithm.strip_prefix(RSA);
    let algorithms: &[&dyn VerificationAlgorithm] = match (ecdsa, rsa, algorithm) {
        (Some([2]), ..) => &[&ECDSA_P256_SHA256_ASN1, &ECDSA_P384_SHA256_ASN1],
        (Some([3]), ..) => &[&ECDSA_P256_SHA384_ASN1, &ECDSA_P384_SHA384_ASN1],
        (_, Some([11, 5, 0]), _) => &[&RSA_PKCS1_2048_8192_SHA256],
        (_, Some([12, 5, 0]), _) => &[&RSA_PKCS1_2048_8192_SHA384],
        (_, Some([13, 5, 0]), _) => &[&RSA_PKCS1_2048_8192_SHA512],
        (_, _, ED) => &[&ED25519],
        _ => &[],
    };
    algorithms.iter().any(|algorithm| by_key(key, *algorithm, message, signature))
}

/// By a key in the form of a certificate's `SubjectPublicKeyInfo`; false if the key is not of that algorithm.
fn by_key(
    key: &[u8],
    algorithm: &dyn VerificationAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    algorithm.verify_sig(key, message, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSTRAINTS: &[u8] =
        &[0x30, 0x0c, 6, 3, 0x55, 0x1d, 0x13, 4, 5, 0x30, 3, BOOLEAN, 1, 0xff];

    #[test]
    fn extensions_stand_once_and_in_der() {
        assert_eq!(extensions(CONSTRAINTS).unwrap().authority, Some((true, None)));
        assert!(extensions(&[CONSTRAINTS, CONSTRAINTS].concat()).is_none());
        for at in [0, 1, 2, 7, 8, 9, 10, 12, 13] {
            let mut spoiled = CONSTRAINTS.to_vec();
            spoiled[at] ^= 1;
            assert!(extensions(&spoiled).is_none(), "byte {at}");
        }
        let critical = [&[0x30, 10, 6, 1, 0x2a, BOOLEAN, 1, 0xff, 4, 2, 5, 0][..]].concat();
        assert!(extensions(&critical).unwrap().not_understood);
        let mut model = [&[0x30, 0x21, 6, 11][..], AAGUID, &[4, 18, 4, 16], &[9; 16]].concat();
        assert_eq!(extensions(&model).unwrap().aaguid, Some([9; 16]));
        model.splice(15..15, [BOOLEAN, 1, 0xff]);
        model[1] += 3;
        assert!(extensions(&model).is_none());
        let default = [0x30, 10, 6, 1, 0x2a, BOOLEAN, 1, 0, 4, 2, 5, 0];
        assert!(extensions(&default).is_none());
    }

    #[test]
    fn dates_of_both_forms() {
        let at = |tag, text: &'static str| {
            let content = text.as_bytes();
            instant(Tlv { tag, content, whole: content }).map(|at| at.to_string())
        };
        for (tag, text, date) in [
            (UTC_TIME, "260102030405Z", Some("2026-01-02T03:04:05.000000Z")),
            (UTC_TIME, "500102030405Z", Some("1950-01-02T03:04:05.000000Z")),
            (GENERALIZED_TIME, "30240101000000Z", Some("3024-01-01T00:00:00.000000Z")),
            (UTC_TIME, "20260102030405Z", None),
            (GENERALIZED_TIME, "260102030405Z", None),
            (UTC_TIME, "2601020304Z", None),
            (UTC_TIME, "260102030405+0100", None),
            (UTC_TIME, "261302030405Z", None),
            (INTEGER, "260102030405Z", None),
        ] {
            assert_eq!(at(tag, text).as_deref(), date, "{text}");
        }
    }
}
