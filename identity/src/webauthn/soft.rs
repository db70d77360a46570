//! [`SoftPasskey`]: a passkey in software, for the demo and for tests.
//!
//! It is an authenticator and a browser in one, and it proves nothing about a person: whoever can read its seed can sign,
//! and it says of every person that they were present and verified. It therefore says of itself what is true: its key may
//! be copied (BE and BS are set), its model is unknown (AAGUID zero), so that a tenant which demands keys bound to a device
//! refuses it. Never here: a way to make it look like hardware outside [`Knobs`], which only tests turn.

use std::fmt;

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value as Json, json};
use writ_model::{Digest, Entropy, Secret};
use zeroize::Zeroizing;

use crate::{
    b64,
    key_of_others::KeyOfOthers,
    webauthn::{
        auth_data::{AT, BE, BS, UP, UV},
        cbor::{Value, encode},
        client_data::{self, Ceremony},
        cose::{EDDSA, ES256},
    },
};

/// What a saved passkey begins with.
const SAVED: &str = "writ-soft-passkey-1";
const KEY_CONTEXT: &[u8] = b"writ soft passkey key v1\0";
const ID_CONTEXT: &[u8] = b"writ soft passkey id v1\0";
/// LIMIT: tries for a scalar below the group's order; one in 2^32 digests is not.
const TRIES: u8 = 8;

/// Which algorithm it signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoftKind {
    /// ES256, as nearly all passkeys do.
    Es256,
    /// `EdDSA`.
    EdDsa,
}

/// Why a software passkey does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SoftFault {
    /// A member of the options is missing or has a wrong form.
    #[error("passkey options: `{0}` is missing or malformed")]
    Options(&'static str),
    /// It holds a key that the options exclude.
    #[error("this passkey is registered already")]
    Excluded,
    /// The options name other keys only, or no algorithm of its own.
    #[error("this passkey is not among those asked for")]
    NotAsked,
    /// The cryptographic library failed, or a saved passkey cannot be read.
    #[error("passkey key material is not usable")]
    Material,
}

/// What a hostile or broken authenticator or browser would do otherwise. For tests.
#[derive(Debug, Clone, Default)]
pub struct Knobs {
    /// `type` of the client data.
    pub ceremony: Option<String>,
    /// `challenge` of the client data: these bytes.
    pub challenge: Option<Vec<u8>>,
    /// `origin` of the client data.
    pub origin: Option<String>,
    /// `crossOrigin` of the client data; `null` leaves it out.
    pub cross_origin: Option<Json>,
    /// `topOrigin` of the client data.
    pub top_origin: Option<String>,
    /// Another relying party id in the authenticator data.
    pub rp_id: Option<String>,
    /// Flags to clear: 1 UP, 4 UV, 8 BE, 16 BS, 64 AT.
    pub clear_flags: u8,
    /// Flags to set.
    pub set_flags: u8,
    /// The counter to say, each time.
    pub counter: Option<u32>,
    /// The model to claim.
    pub aaguid: Option<[u8; 16]>,
    /// Sign with the key of this seed instead.
    pub other_key: Option<[u8; 32]>,
    /// Bytes after the authenticator data; they are signed.
    pub trailing: Vec<u8>,
    /// Another user handle to answer with; an empty one leaves it out.
    pub user_handle: Option<String>,
    /// Keep the statement but spoil its signature.
    pub spoil_attestation: bool,
}

/// A passkey in software.
pub struct SoftPasskey {
    seed: Secret<[u8; 32]>,
    kind: SoftKind,
    user: Option<Vec<u8>>,
    knobs: Knobs,
}

impl fmt::Debug for SoftPasskey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SoftPasskey({})", b64::encode(&self.credential()))
    }
}

enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Pair {
    fn of(seed: &[u8; 32], kind: SoftKind) -> Result<Self, SoftFault> {
        for turn in 0..TRIES {
            let secret = Zeroizing::new(Digest::of_parts(&[KEY_CONTEXT, seed, &[turn]]).0);
            let pair = match kind {
                SoftKind::EdDsa => {
                    Ed25519KeyPair::from_seed_unchecked(secret.as_slice()).ok().map(Self::Ed25519)
                }
                SoftKind::Es256 => p256(&secret).map(Self::P256),
            };
            if let Some(pair) = pair {
                return Ok(pair);
            }
        }
        Err(SoftFault::Material)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SoftFault> {
        match self {
            Self::P256(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_unspecified| SoftFault::Material),
            Self::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }

    fn public(&self) -> Result<KeyOfOthers, SoftFault> {
        let key = match self {
            Self::P256(pair) => match pair.public_key().as_ref().split_first() {
                Some((4, rest)) => rest
                    .split_at_checked(32)
                    .and_then(|(x, y)| KeyOfOthers::p256(x.try_into().ok()?, y.try_into().ok()?)),
                _ => None,
            },
            Self::Ed25519(pair) => {
                pair.public_key().as_ref().try_into().ok().and_then(KeyOfOthers::ed25519)
            }
        };
        key.ok_or(SoftFault::Material)
    }
}

fn p256(scalar: &[u8; 32]) -> Option<EcdsaKeyPair> {
    let agreement = PrivateKey::from_private_key(&ECDH_P256, scalar).ok()?;
    let public = agreement.compute_public_key().ok()?;
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, public.as_ref()).ok()
}

/// The COSE form of a key (section 6.5.1.1).
fn cose(key: &KeyOfOthers) -> Vec<u8> {
    use Value::{Bytes, Int};
    let members = match key {
        KeyOfOthers::P256 { x, y } => {
            vec![(1, Int(2)), (3, Int(ES256)), (-1, Int(1)), (-2, Bytes(x)), (-3, Bytes(y))]
        }
        KeyOfOthers::Ed25519 { x } => {
            vec![(1, Int(1)), (3, Int(EDDSA)), (-1, Int(6)), (-2, Bytes(x))]
        }
        KeyOfOthers::Rsa { .. } => Vec::new(),
    };
    encode(&Value::Map(members.into_iter().map(|(key, value)| (Int(key), value)).collect()))
}

fn text<'o>(options: &'o Json, pointer: &str, name: &'static str) -> Result<&'o str, SoftFault> {
    options.pointer(pointer).and_then(Json::as_str).ok_or(SoftFault::Options(name))
}

fn bytes(options: &Json, pointer: &str, name: &'static str) -> Result<Vec<u8>, SoftFault> {
    b64::decode(text(options, pointer, name)?).ok_or(SoftFault::Options(name))
}

fn list<'o>(options: &'o Json, pointer: &str) -> &'o [Json] {
    options.pointer(pointer).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

impl SoftPasskey {
    /// A new one.
    pub fn generate(entropy: &dyn Entropy, kind: SoftKind) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(seed.as_mut_slice());
        Self::from_seed(*seed, kind)
    }

    /// The one of this seed: always the same key and credential id.
    pub fn from_seed(seed: [u8; 32], kind: SoftKind) -> Self {
        Self { seed: Secret::new(seed), kind, user: None, knobs: Knobs::default() }
    }

    /// What it was made of.
    pub fn seed(&self) -> Secret<[u8; 32]> {
        self.seed.clone()
    }

    /// Its text form, with the user handle it was registered for: a secret.
    pub fn save(&self) -> Secret<String> {
        let kind = match self.kind {
            SoftKind::Es256 => "ES256",
            SoftKind::EdDsa => "EdDSA",
        };
        let user = b64::encode(self.user.as_deref().unwrap_or_default());
        Secret::new(format!("{SAVED}:{kind}:{}:{user}", b64::encode(self.seed.expose())))
    }

    /// The one that was saved.
    ///
    /// # Errors
    /// [`SoftFault::Material`].
    pub fn load(saved: &str) -> Result<Self, SoftFault> {
        let parts: Vec<_> = saved.trim_end().split(':').collect();
        let [SAVED, kind, seed, user] = parts.as_slice() else {
            return Err(SoftFault::Material);
        };
        let kind = match *kind {
            "ES256" => SoftKind::Es256,
            "EdDSA" => SoftKind::EdDsa,
            _ => return Err(SoftFault::Material),
        };
        let seed = b64::decode_32(seed).ok_or(SoftFault::Material)?;
        let user = b64::decode(user).ok_or(SoftFault::Material)?;
        let mut passkey = Self::from_seed(seed, kind);
        passkey.user = (!user.is_empty()).then_some(user);
        Ok(passkey)
    }

    /// The credential id.
    pub fn credential(&self) -> Vec<u8> {
        Digest::of_parts(&[ID_CONTEXT, self.seed.expose()]).0.to_vec()
    }

    /// The public key as canonical JSON.
    ///
    /// # Errors
    /// [`SoftFault::Material`].
    pub fn jwk(&self) -> Result<String, SoftFault> {
        Ok(Pair::of(self.seed.expose(), self.kind)?.public()?.to_json())
    }

    /// What it does otherwise than a good one. For tests.
    pub fn knobs(&mut self) -> &mut Knobs {
        &mut self.knobs
    }

    fn pair(&self) -> Result<Pair, SoftFault> {
        let seed = self.knobs.other_key.as_ref().unwrap_or_else(|| self.seed.expose());
        Pair::of(seed, self.kind)
    }

    fn client_data(&self, ceremony: Ceremony, challenge: &[u8], origin: &str) -> Vec<u8> {
        let knobs = &self.knobs;
        let challenge = knobs.challenge.as_deref().unwrap_or(challenge);
        let mut data = json!({
            "type": knobs.ceremony.as_deref().unwrap_or(ceremony.name()),
            "challenge": b64::encode(challenge),
            "origin": knobs.origin.as_deref().unwrap_or(origin),
            "crossOrigin": knobs.cross_origin.clone().unwrap_or(Json::Bool(false)),
        });
        if let Some(members) = data.as_object_mut() {
            members.retain(|_, value| !value.is_null());
            if let Some(top) = &knobs.top_origin {
                members.insert("topOrigin".to_owned(), top.as_str().into());
            }
        }
        data.to_string().into_bytes()
    }

    fn auth_data(&self, rp_id: &str, flags: u8) -> Vec<u8> {
        let knobs = &self.knobs;
        let rp_id = knobs.rp_id.as_deref().unwrap_or(rp_id);
        let mut data = Digest::of(rp_id.as_bytes()).0.to_vec();
        data.push((flags | UP | UV | BE | BS | knobs.set_flags) & !knobs.clear_flags);
        // Zero: it keeps no counter, as passkeys that are copied do not.
        data.extend_from_slice(&knobs.counter.unwrap_or(0).to_be_bytes());
        data
    }

    /// Answers creation options as a browser at this origin would: `RegistrationResponseJSON`.
    ///
    /// # Errors
    /// Any [`SoftFault`].
    pub fn register(&mut self, options: &Json, origin: &str) -> Result<Json, SoftFault> {
        let challenge = bytes(options, "/challenge", "challenge")?;
        let rp_id = text(options, "/rp/id", "rp.id")?;
        let user = bytes(options, "/user/id", "user.id")?;
        let id = self.credential();
        let name = b64::encode(&id);
        if list(options, "/excludeCredentials").iter().any(|known| known["id"] == name.as_str()) {
            return Err(SoftFault::Excluded);
        }
        let alg = match self.kind {
            SoftKind::Es256 => ES256,
            SoftKind::EdDsa => EDDSA,
        };
        if !list(options, "/pubKeyCredParams").iter().any(|asked| asked["alg"] == alg) {
            return Err(SoftFault::NotAsked);
        }
        let pair = self.pair()?;
        let client = self.client_data(Ceremony::Create, &challenge, origin);
        let mut data = self.auth_data(rp_id, AT);
        data.extend_from_slice(&self.knobs.aaguid.unwrap_or_default());
        data.extend_from_slice(&u16::try_from(id.len()).unwrap_or(0).to_be_bytes());
        data.extend_from_slice(&id);
        data.extend_from_slice(&cose(&pair.public()?));
        data.extend_from_slice(&self.knobs.trailing);
        let direct = options["attestation"] == "direct";
        let object = self.attestation(&pair, alg, &data, direct.then_some(&client))?;
        self.user = Some(user);
        Ok(json!({
            "id": name,
            "rawId": name,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64::encode(&client),
                "attestationObject": b64::encode(&object),
                "transports": ["internal"],
            },
        }))
    }

    /// `packed` self attestation where it is asked for, else `none`.
    fn attestation(
        &self,
        pair: &Pair,
        alg: i64,
        data: &[u8],
        client: Option<&Vec<u8>>,
    ) -> Result<Vec<u8>, SoftFault> {
        let mut signature = match client {
            None => Vec::new(),
            Some(client) => pair.sign(&client_data::signed(data, &Digest::of(client)))?,
        };
        if let Some(last) = signature.last_mut().filter(|_| self.knobs.spoil_attestation) {
            *last ^= 1;
        }
        let (format, statement) = match client {
            None => ("none", Vec::new()),
            Some(_) => (
                "packed",
                vec![
                    (Value::Text("alg"), Value::Int(alg)),
                    (Value::Text("sig"), Value::Bytes(&signature)),
                ],
            ),
        };
        Ok(encode(&Value::Map(vec![
            (Value::Text("fmt"), Value::Text(format)),
            (Value::Text("attStmt"), Value::Map(statement)),
            (Value::Text("authData"), Value::Bytes(data)),
        ])))
    }

    /// Answers request options as a browser at this origin would: `AuthenticationResponseJSON`.
    ///
    /// # Errors
    /// Any [`SoftFault`] but `Excluded`.
    pub fn assert(&self, options: &Json, origin: &str) -> Result<Json, SoftFault> {
        let challenge = bytes(options, "/challenge", "challenge")?;
        let rp_id = text(options, "/rpId", "rpId")?;
        let name = b64::encode(&self.credential());
        let allowed = list(options, "/allowCredentials");
        if !allowed.is_empty() && !allowed.iter().any(|known| known["id"] == name.as_str()) {
            return Err(SoftFault::NotAsked);
        }
        let client = self.client_data(Ceremony::Get, &challenge, origin);
        let mut data = self.auth_data(rp_id, 0);
        data.extend_from_slice(&self.knobs.trailing);
        let signature = self.pair()?.sign(&client_data::signed(&data, &Digest::of(&client)))?;
        let other = self.knobs.user_handle.as_deref().map(str::as_bytes);
        let user = other.or(self.user.as_deref()).filter(|user| !user.is_empty()).map(b64::encode);
        Ok(json!({
            "id": name,
            "rawId": name,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64::encode(&client),
                "authenticatorData": b64::encode(&data),
                "signature": b64::encode(&signature),
                "userHandle": user,
            },
        }))
    }
}

#[cfg(test)]
mod tests;
