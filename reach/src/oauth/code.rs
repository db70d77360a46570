//! A person's consent: authorization code with PKCE (OAuth 2.1 section 4.1, RFC 7636 S256), the resource named (RFC 8707),
//! `state` bound to whoever began, and `iss` of the answer compared letter for letter (RFC 9207, SEP-2468).
//!
//! Never here: who may begin it, and the browser that it is bound to: the caller keeps [`Begun`] and finds it again.

use writ_identity::encode_base64url;
use writ_model::{Digest, Secret};

use super::{
    Challenge, ClientAt, Dpop, Found, Hands, Kept, OauthFault, ProofKey, Settings,
    challenge::{MAX_SCOPES, is_scope},
    discover::discover,
    fault::quoted,
    register,
    token::{Desk, plain, tokens},
};
use crate::{Place, encode};

/// LIMIT: bytes of a code: what is seen in the field is below 2 KiB.
const MAX_CODE: usize = 4 << 10;
/// The scope that asks for a refresh token (OpenID Connect Core section 11; SEP-2207).
const OFFLINE: &str = "offline_access";

/// A consent under way. It holds secrets and stays in memory.
#[derive(Debug)]
pub struct Begun {
    /// Where the person's browser goes.
    pub url: String,
    /// What comes back in the answer.
    pub state: String,
    /// Who we are there: to be kept, so that nobody registers twice.
    pub client: ClientAt,
    at: Place,
    found: Found,
    scopes: Vec<String>,
    verifier: Secret<String>,
    redirect: String,
    key: Option<ProofKey>,
    dpop: Dpop,
}

/// The last part of the address that answers of an issuer come back to, where it needs one of its own.
pub fn way_back(issuer: &str) -> String {
    let sum = Digest::of_parts(&[b"writ way back v1\0", issuer.as_bytes()]);
    let half: Vec<u8> = sum.0.into_iter().take(16).collect();
    encode_base64url(&half)
}

/// Where answers of an issuer come back to. One that does not say its name in them (RFC 9207) has an address of its own, so
/// that another's answer never comes where this one's is awaited (RFC 9700 section 4.4.2). A registration that somebody made
/// for us has the one address that they wrote down, and its issuer is named with it.
fn redirect(base: &str, settings: &Settings, found: &Found) -> String {
    if found.says_issuer || settings.client.is_some() {
        return base.to_owned();
    }
    format!("{base}/{}", way_back(&found.issuer))
}

impl Begun {
    /// Where its answer comes back to: one that came elsewhere is another's.
    pub fn redirect(&self) -> &str {
        &self.redirect
    }

    /// Which authorization server it is with.
    pub fn issuer(&self) -> &str {
        &self.found.issuer
    }

    /// Which scopes the person is asked for.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }
}

/// The parameters of the answer.
#[derive(Debug, Default)]
pub struct Answered {
    /// The code.
    pub code: Option<Secret<String>>,
    /// Who answers.
    pub iss: Option<String>,
    /// Why not.
    pub error: Option<String>,
}

/// Begins: finds the authorization server, registers us if it must, and gives the address to go to. `before` are scopes that
/// were granted earlier and must not be lost (SEP-2350). `base` is where answers come back to, or the folder above it.
///
/// # Errors
/// [`OauthFault`].
pub async fn begin(
    hands: &Hands<'_>,
    settings: &Settings,
    (challenge, before): (Option<&Challenge>, &[String]),
    (base, known): (&str, Option<&ClientAt>),
) -> Result<Begun, OauthFault> {
    let found = discover(hands, settings, challenge).await?;
    let of = || quoted(&found.issuer);
    if !found.pkce && !settings.assume_pkce {
        return Err(OauthFault::Pkce { of: of() });
    }
    let bad = |why: &str| OauthFault::Document { of: of(), why: why.to_owned() };
    let Some(authorization) = &found.authorization else {
        return Err(bad("it names no address where people consent"));
    };
    let redirect = redirect(base, settings, &found);
    let client = register::client(hands, settings, &found, (base, &redirect, known)).await?;
    let mut wanted = wanted(settings, &found, challenge, before);
    if !wanted.is_empty() && found.issuer_scopes.iter().any(|scope| scope == OFFLINE) {
        add(&mut wanted, OFFLINE);
    }
    let (state, verifier) = (hands.random(), Secret::new(hands.random()));
    let sum = encode_base64url(&Digest::of(verifier.expose().as_bytes()).0);
    let scope = wanted.join(" ");
    let mut query = vec![
        ("response_type", "code"),
        ("client_id", client.id.as_str()),
        ("redirect_uri", redirect.as_str()),
        ("state", state.as_str()),
        ("code_challenge", sum.as_str()),
        ("code_challenge_method", "S256"),
    ];
    query.extend(found.resource.as_ref().map(|resource| ("resource", resource.as_str())));
    query.extend((!scope.is_empty()).then_some(("scope", scope.as_str())));
    if wanted.iter().any(|scope| scope == OFFLINE) {
        query.push(("prompt", "consent"));
    }
    let key = key(settings.dpop, &found)?;
    let jkt = key.as_ref().map(ProofKey::thumbprint);
    query.extend(jkt.as_ref().map(|jkt| ("dpop_jkt", jkt.as_str())));
    let mark = if authorization.as_str().contains('?') { '&' } else { '?' };
    let url = format!("{authorization}{mark}{}", encode(&query));
    let (dpop, at) = (settings.dpop, settings.at.clone());
    Ok(Begun { url, state, client, at, found, scopes: wanted, verifier, redirect, key, dpop })
}

/// Ends: what the answer is worth. Its `state` was found already.
///
/// # Errors
/// [`OauthFault`].
pub async fn finish(
    hands: &Hands<'_>,
    begun: &Begun,
    answered: &Answered,
) -> Result<Kept, OauthFault> {
    let found = &begun.found;
    let of = || quoted(&found.issuer);
    // RFC 9207 section 2.4: before anything else of the answer is looked at, errors included.
    match answered.iss.as_deref() {
        Some(iss) if iss == found.issuer => {}
        Some(iss) => {
            return Err(OauthFault::Issuer { wanted: found.issuer.clone(), said: quoted(iss) });
        }
        None if found.says_issuer => {
            return Err(OauthFault::Answer { of: of(), why: "does not say whose it is (`iss`)" });
        }
        None => {}
    }
    if let Some(error) = &answered.error {
        return Err(OauthFault::Refused { of: of(), error: quoted(error), gone: true });
    }
    let code = answered.code.as_ref().filter(|code| code.expose().len() <= MAX_CODE);
    let code = code.ok_or_else(|| OauthFault::Answer { of: of(), why: "holds no code" })?;
    let mut fields = vec![
        plain("grant_type", "authorization_code"),
        ("code", code.clone()),
        plain("redirect_uri", &begun.redirect),
        ("code_verifier", begun.verifier.clone()),
    ];
    fields.extend(found.resource.as_ref().map(|resource| plain("resource", resource)));
    let (client, key, dpop) = (&begun.client, begun.key.as_ref(), begun.dpop);
    let given = tokens(hands, Desk { at: &found.token, client, key, dpop }, fields).await?;
    Kept::of((&begun.at, found), client, (given, &begun.scopes), key)
}

/// Scopes in the order that MCP says: those of the operator, else those of the challenge, else those of the metadata, else
/// none at all; and those that were granted before.
pub(super) fn wanted(
    settings: &Settings,
    found: &Found,
    challenge: Option<&Challenge>,
    before: &[String],
) -> Vec<String> {
    let said = challenge.and_then(|challenge| challenge.scopes.as_ref());
    let first = settings.scopes.as_ref().or(said).or(found.scopes.as_ref());
    let mut all = Vec::new();
    for scope in before.iter().chain(first.into_iter().flatten()) {
        add(&mut all, scope);
    }
    if settings.scopes.is_some() {
        // What a server asks for later is asked for too: the person sees it.
        said.into_iter().flatten().for_each(|scope| add(&mut all, scope));
    }
    all
}

fn add(all: &mut Vec<String>, scope: &str) {
    if is_scope(scope) && all.len() < MAX_SCOPES && !all.iter().any(|known| known == scope) {
        all.push(scope.to_owned());
    }
}

/// The key that the tokens are to be bound to.
pub(super) fn key(dpop: Dpop, found: &Found) -> Result<Option<ProofKey>, OauthFault> {
    match dpop {
        Dpop::Never => Ok(None),
        Dpop::Offered if !found.dpop => Ok(None),
        Dpop::Offered | Dpop::Always => ProofKey::generate().map(Some),
    }
}
