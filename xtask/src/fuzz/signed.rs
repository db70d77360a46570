//! Readers of what somebody signed: proofs, assertions, tokens, passkeys' answers.
//!
//! An input with a line end is a header and a payload, which are signed here with a good key before they are read: so that
//! what stands behind the signature is reached, too. Any other input is read as it is; it must never be found good, unless
//! it is one that was made so.
//! Never here: a signature check that is weaker than the product's.
//! To add a reader: a [`Target`] in [`TARGETS`].

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use writ_identity::{
    AgentKey, Claims, Fault, PublicKey, PublicKeys, SigningKey, assertion, decode_base64url,
    dpop::{self, NonceRule, Prove},
    encode_base64url, id_token, token,
    webauthn::{
        self, AssertionResponse, Creation, RegistrationResponse, RelyingParty, Requesting,
        SoftKind, SoftPasskey,
    },
};
use writ_model::{AgentId, Digest, InstanceId, Secret, Span, TenantId, Timestamp, TokenId};

use super::{
    hunt::{Made, Target, Told},
    wire::scale,
};

/// The readers.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "dpop",
        about: "a proof: found good only for this method, this token and about now",
        tokens: &[
            "alg", "ES256", "EdDSA", "none", "typ", "dpop+jwt", "jwk", "kty", "crv", "x", "y", "d",
            "jti", "htm", "POST", "htu", "iat", "ath", "nonce", "crit",
        ],
        make: proof,
    },
    Target {
        name: "assertion",
        about: "a client's assertion: found good only from this client, for this audience, within its life",
        tokens: &[
            "alg", "kid", "typ", "JWT", "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "crit",
            "b64",
        ],
        make: client,
    },
    Target {
        name: "token",
        about: "an access token: found good only from this issuer, of its type, within its life",
        tokens: &[
            "alg",
            "kid",
            "typ",
            "at+jwt",
            "iss",
            "sub",
            "client_id",
            "aud",
            "exp",
            "iat",
            "jti",
            "writ_tenant",
            "writ_epoch",
            "cnf",
            "jkt",
            "scope",
        ],
        make: access,
    },
    Target {
        name: "id-token",
        about: "an ID token: found good only from this provider, for us, of this sign-in",
        tokens: &[
            "alg",
            "kid",
            "iss",
            "sub",
            "aud",
            "azp",
            "exp",
            "iat",
            "nbf",
            "nonce",
            "auth_time",
            "groups",
            "email",
        ],
        make: provider,
    },
    Target {
        name: "passkey-made",
        about: "a passkey's registration: its JSON, its CBOR, its certificates",
        tokens: &[
            "id",
            "rawId",
            "type",
            "public-key",
            "response",
            "clientDataJSON",
            "attestationObject",
            "fmt",
            "packed",
            "none",
            "attStmt",
            "authData",
        ],
        make: registration,
    },
    Target {
        name: "passkey-used",
        about: "a passkey's answer: found good only if nothing that was signed is changed",
        tokens: &[
            "id",
            "rawId",
            "type",
            "public-key",
            "response",
            "clientDataJSON",
            "authenticatorData",
            "signature",
            "userHandle",
        ],
        make: answer,
    },
];

/// The instant of every hunt: inputs that were kept stay what they are.
const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);
const URL: &str = "https://gateway.example/mcp/mail";
const ISSUER: &str = "https://desk.example";
const NONCE: &str = "n-0S6_WzA2Mj";

fn code(fault: &dyn Fault) -> Told {
    Told::Taken(fault.code().0.to_owned())
}

/// Header and payload of a signed text, on two lines.
fn opened(text: &str) -> Result<Vec<u8>> {
    let mut parts = text.split('.').map(decode_base64url);
    let (header, payload) = (parts.next().flatten(), parts.next().flatten());
    Ok([header.context("no header")?, payload.context("no payload")?].join(&b'\n'))
}

/// The text that an input stands for: signed, if it is a header and a payload.
fn signed(input: &[u8], sign: &dyn Fn(&[u8]) -> Option<Vec<u8>>) -> (String, bool) {
    let raw = || (String::from_utf8_lossy(input).into_owned(), false);
    let Some(at) = input.iter().position(|byte| *byte == b'\n') else { return raw() };
    let (header, payload) =
        (input.get(..at).unwrap_or_default(), input.get(at + 1..).unwrap_or_default());
    let text = format!("{}.{}", encode_base64url(header), encode_base64url(payload));
    match sign(text.as_bytes()) {
        Some(signature) => (format!("{text}.{}", encode_base64url(&signature)), true),
        None => raw(),
    }
}

/// What somebody else reads in the payload of a text that was found good.
fn claims(text: &str) -> Value {
    let payload = text.split('.').nth(1).and_then(decode_base64url).unwrap_or_default();
    serde_json::from_slice(&payload).unwrap_or_default()
}

/// Whether claims say this; for what was found good.
fn says(claims: &Value, wanted: &[(&str, &str)]) -> Told {
    for (name, value) in wanted {
        let said = claims.get(*name);
        let alone = said.and_then(Value::as_str) == Some(*value);
        let listed =
            said.and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one == value));
        if !alone && !listed {
            return Told::Broken(format!(
                "good: found good with {name} {}",
                said.unwrap_or(&Value::Null)
            ));
        }
    }
    Told::Taken(format!("good {}", scale(claims.to_string().len())))
}

/// Whether a claim is an instant within so many seconds of [`NOW`].
fn near(claims: &Value, name: &str, seconds: i64) -> bool {
    let said = claims.get(name).and_then(Value::as_f64).unwrap_or(f64::MAX);
    #[expect(clippy::cast_precision_loss, reason = "seconds of this century")]
    let (now, most) = (NOW.seconds() as f64, seconds as f64);
    (said - now).abs() <= most
}

fn proof() -> Result<Made> {
    let key = AgentKey::generate()?;
    let ath = Digest::of(b"the token");
    let ask = Prove {
        method: "POST",
        url: URL,
        now: NOW,
        access_token: Some("the token"),
        nonce: None,
        jti: "0123456789abcdef",
    };
    let good = dpop::prove(&key, &ask)?;
    let seeds = vec![opened(&good)?, good.clone().into_bytes(), b"e30.e30.AA".to_vec()];
    let thumbprint = key.thumbprint();
    let tries = move |input: &[u8]| {
        let (text, ours) = signed(input, &|message| key.sign(message).ok().map(|out| out.to_vec()));
        let expect = dpop::Expect {
            method: "POST",
            url: URL,
            now: NOW,
            nonce: NonceRule::NotAsked,
            ath: Some(&ath),
            jkt: Some(&thumbprint),
            key: None,
        };
        match dpop::verify(&text, &expect) {
            Err(fault) => code(&fault),
            Ok(_) if !ours && text != good => {
                Told::Broken("good: a proof that nobody made".to_owned())
            }
            Ok(_) => {
                let claims = claims(&text);
                if !near(&claims, "iat", 600) {
                    return Told::Broken(format!(
                        "good: found good with iat {:?}",
                        claims.get("iat")
                    ));
                }
                says(&claims, &[("htm", "POST"), ("ath", &encode_base64url(&ath.0))])
            }
        }
    };
    Ok(Made { seeds, tries: Box::new(tries) })
}

fn client() -> Result<Made> {
    let key = AgentKey::generate()?;
    let instance = InstanceId::from_parts(NOW, [7; 10]);
    let good = assertion::create(&key, instance, ISSUER, NOW, "0123456789abcdef")?;
    let seeds = vec![opened(&good)?, good.clone().into_bytes(), b"a.b.c".to_vec()];
    let public = PublicKey::from_jwk(&key.jwk())?;
    let tries = move |input: &[u8]| {
        let (text, ours) = signed(input, &|message| key.sign(message).ok().map(|out| out.to_vec()));
        let named = assertion::claimed_client(&text).is_ok();
        let expect = assertion::Expect { client: instance, audiences: &[ISSUER], now: NOW };
        match assertion::verify(&text, &public, &expect) {
            Err(fault) => Told::Taken(format!("{} {named}", fault.code().0)),
            Ok(_) if !ours && text != good => {
                Told::Broken("good: an assertion that nobody made".to_owned())
            }
            Ok(_) => {
                let (claims, name) = (claims(&text), instance.to_string());
                if !near(&claims, "exp", 600) {
                    return Told::Broken(format!(
                        "good: found good with exp {:?}",
                        claims.get("exp")
                    ));
                }
                says(&claims, &[("iss", &name), ("sub", &name), ("aud", ISSUER)])
            }
        }
    };
    Ok(Made { seeds, tries: Box::new(tries) })
}

fn access() -> Result<Made> {
    let key = SigningKey::from_seed([9; 32])?;
    let issued = Claims {
        iss: ISSUER.to_owned(),
        sub: AgentId::from_parts(NOW, [1; 10]),
        client_id: InstanceId::from_parts(NOW, [2; 10]),
        behalf: None,
        aud: URL.to_owned(),
        iat: NOW,
        exp: NOW + Span::seconds(300),
        jti: TokenId::from_parts(NOW, [3; 10]),
        tenant: TenantId::from_parts(NOW, [4; 10]),
        epoch: 3,
        jkt: Some(AgentKey::generate()?.thumbprint()),
        scope: None,
    };
    let good = token::issue(&key, &issued)?;
    let seeds = vec![opened(&good)?, good.clone().into_bytes(), b"..".to_vec()];
    let keys = PublicKeys::of_signing_key(&key)?;
    let tries = move |input: &[u8]| {
        let (text, ours) = signed(input, &|message| Some(key.sign(message).to_vec()));
        match token::verify(&text, &keys, &token::Expect { iss: ISSUER, now: NOW }) {
            Err(fault) => code(&fault),
            Ok(_) if !ours && text != good => {
                Told::Broken("good: a token that nobody issued".to_owned())
            }
            Ok(verified) => {
                let claims = claims(&text);
                if !near(&claims, "exp", 600) {
                    return Told::Broken(format!(
                        "good: found good with exp {:?}",
                        claims.get("exp")
                    ));
                }
                let admitted = verified.admit(URL, NOW).is_ok();
                if admitted && claims.get("aud").and_then(Value::as_str) != Some(URL) {
                    return Told::Broken(format!(
                        "good: admitted with aud {:?}",
                        claims.get("aud")
                    ));
                }
                says(&claims, &[("iss", ISSUER)])
            }
        }
    };
    Ok(Made { seeds, tries: Box::new(tries) })
}

fn provider() -> Result<Made> {
    let key = AgentKey::generate()?;
    let mut jwk: Value = serde_json::from_str(&key.jwk().to_json())?;
    let set = json!({ "keys": [jwk.take()] }).to_string();
    let keys = id_token::ProviderKeys::parse(set.as_bytes())?;
    let header = json!({ "alg": key.jwk().algorithm().name(), "typ": "JWT" });
    let now = NOW.seconds();
    let payload = json!({
        "iss": "https://login.example", "sub": "june", "aud": "writ", "exp": now + 300, "iat": now, "nonce": NONCE,
        "auth_time": now - 10, "email": "june@harbor-books.example", "groups": ["owners", "staff"],
    });
    let seeds =
        vec![format!("{header}\n{payload}").into_bytes(), b"e30.e30.".to_vec(), set.into_bytes()];
    let tries = move |input: &[u8]| {
        let (text, ours) = signed(input, &|message| key.sign(message).ok().map(|out| out.to_vec()));
        let sets = id_token::ProviderKeys::parse(input).is_ok();
        let expect = id_token::Expect {
            issuer: "https://login.example",
            client_id: "writ",
            nonce: NONCE,
            max_age: Some(Span::seconds(60)),
            now: NOW,
        };
        match id_token::verify(&text, &keys, &expect) {
            Err(fault) => Told::Taken(format!("{} {sets}", fault.code().0)),
            Ok(_) if !ours => Told::Broken("good: an ID token that nobody made".to_owned()),
            Ok(token) => {
                let read = (token.text("email", 80).is_some(), token.texts("groups").len().min(3));
                match says(
                    &claims(&text),
                    &[("iss", "https://login.example"), ("aud", "writ"), ("nonce", NONCE)],
                ) {
                    Told::Taken(way) => Told::Taken(format!("{way} {read:?}")),
                    broken @ Told::Broken(_) => broken,
                }
            }
        }
    };
    Ok(Made { seeds, tries: Box::new(tries) })
}

const CHALLENGE: [u8; 32] = [5; 32];

fn party() -> RelyingParty {
    RelyingParty { rp_id: "desk.example".to_owned(), origin: ISSUER.to_owned() }
}

fn creation(rp: &RelyingParty, attest: bool) -> Value {
    webauthn::creation_options(&Creation {
        rp,
        rp_name: "Writ",
        user_handle: "june",
        user_name: "June Harbor",
        challenge: &CHALLENGE,
        exclude: &[],
        attest,
        timeout: Span::seconds(60),
    })
}

fn registration() -> Result<Made> {
    let rp = party();
    let mut seeds = Vec::new();
    for (kind, attest) in
        [(SoftKind::Es256, false), (SoftKind::Es256, true), (SoftKind::EdDsa, true)]
    {
        let mut passkey = SoftPasskey::from_seed([3; 32], kind);
        let made = passkey.register(&creation(&rp, attest), ISSUER)?;
        seeds.push(made.to_string().into_bytes());
        let object = made
            .pointer("/response/attestationObject")
            .and_then(Value::as_str)
            .and_then(decode_base64url);
        seeds.push(object.context("no attestation object")?);
    }
    let client = serde_json::from_slice::<Value>(seeds.first().context("no seed")?)?;
    let client = client
        .pointer("/response/clientDataJSON")
        .and_then(Value::as_str)
        .and_then(decode_base64url);
    let client = client.context("no client data")?;
    let tries = move |input: &[u8]| {
        // As a browser's answer; else as the attestation object inside of a good one.
        let (parsed, client, object) = match RegistrationResponse::parse(input) {
            Ok(answer) => (true, answer.client_data_json, answer.attestation_object),
            Err(_) => (false, client.clone(), input.to_vec()),
        };
        match webauthn::register(&rp, &CHALLENGE, &client, &object, &webauthn::Anchors::none()) {
            Err(fault) => Told::Taken(format!("{} {parsed}", fault.code().0)),
            Ok(made) => {
                let read: Value = serde_json::from_slice(&client).unwrap_or_default();
                match says(&read, &[("type", "webauthn.create"), ("origin", ISSUER)]) {
                    Told::Taken(_) => {
                        Told::Taken(format!("{} {:?} {parsed}", made.alg, made.attestation))
                    }
                    broken @ Told::Broken(_) => broken,
                }
            }
        }
    };
    Ok(Made { seeds, tries: Box::new(tries) })
}

fn answer() -> Result<Made> {
    let rp = party();
    let mut passkey = SoftPasskey::from_seed([3; 32], SoftKind::Es256);
    passkey.register(&creation(&rp, false), ISSUER)?;
    let asked = webauthn::request_options(&Requesting {
        rp: &rp,
        challenge: &CHALLENGE,
        allow: &[],
        timeout: Span::seconds(60),
    });
    let good = passkey.assert(&asked, ISSUER)?.to_string().into_bytes();
    let whole = AssertionResponse::parse(&good)?;
    let jwk = Secret::new(passkey.jwk()?);
    let tries = move |input: &[u8]| {
        let Ok(answer) = AssertionResponse::parse(input) else {
            return Told::Taken("no answer".to_owned());
        };
        match webauthn::check(&rp, jwk.expose(), &CHALLENGE, &answer.parts()) {
            Err(fault) => code(&fault),
            Ok(_)
                if (&answer.client_data_json, &answer.authenticator_data)
                    != (&whole.client_data_json, &whole.authenticator_data) =>
            {
                Told::Broken("good: an answer that nobody signed".to_owned())
            }
            Ok(_) => Told::Taken(format!("good {}", answer.user_handle.is_some())),
        }
    };
    Ok(Made { seeds: vec![good], tries: Box::new(tries) })
}
