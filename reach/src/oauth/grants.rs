//! Tokens without a browser: by our own credentials, by a workload's word, by an enterprise's word for a person; and what
//! becomes of those that we have: refreshed, taken back.
//!
//! Never here: another grant tried after one was refused (SEP-1933), a refused request sent again.

use writ_model::{
    Secret,
    json::{self, Limits, Node},
};

use super::{
    Challenge, ClientAt, Dpop, Found, Grant, Hands, Kept, Method, OauthFault, Proof, ProofKey,
    Provider, Registered, Scheme, Settings, code,
    discover::discover,
    fault::quoted,
    token::{Desk, Fields, asked, plain, tokens},
};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
/// LIMIT: bytes of somebody's word: a JWT in a header field is smaller.
const MAX_ASSERTION: usize = 16 << 10;

/// By our own credentials (`client_credentials`; SEP-1046).
///
/// # Errors
/// [`OauthFault`].
pub async fn by_ourselves(
    hands: &Hands<'_>,
    settings: &Settings,
    asks: (Option<&Challenge>, &[String]),
) -> Result<Kept, OauthFault> {
    let found = discover(hands, settings, asks.0).await?;
    let fields = vec![plain("grant_type", "client_credentials")];
    given(hands, settings, (&found, asks), fields).await
}

/// By a workload's own token (RFC 7523 section 2.1; SEP-1933).
///
/// # Errors
/// [`OauthFault`].
pub async fn by_assertion(
    hands: &Hands<'_>,
    settings: &Settings,
    asks: (Option<&Challenge>, &[String]),
    assertion: &Secret<String>,
) -> Result<Kept, OauthFault> {
    let found = discover(hands, settings, asks.0).await?;
    let fields = vec![plain("grant_type", JWT_BEARER), ("assertion", fits(&found, assertion)?)];
    given(hands, settings, (&found, asks), fields).await
}

/// By an enterprise's word for a person: their ID token is exchanged at the identity provider for a grant that is good at
/// this authorization server (ID-JAG, draft-ietf-oauth-identity-assertion-authz-grant; RFC 8693), and that for a token.
///
/// # Errors
/// [`OauthFault`].
pub async fn by_exchange(
    hands: &Hands<'_>,
    settings: &Settings,
    asks: (Option<&Challenge>, &[String]),
    subject: &Secret<String>,
) -> Result<Kept, OauthFault> {
    let found = discover(hands, settings, asks.0).await?;
    let Grant::Enterprise(provider) = &settings.grant else {
        return Err(OauthFault::Unregistered { of: quoted(&found.issuer) });
    };
    let scope = code::wanted(settings, &found, asks.0, asks.1).join(" ");
    let grant = exchanged(hands, provider, (&found, &scope), subject).await?;
    let fields = vec![plain("grant_type", JWT_BEARER), ("assertion", fits(&found, &grant)?)];
    given(hands, settings, (&found, asks), fields).await
}

/// The grant for this authorization server, from the identity provider.
async fn exchanged(
    hands: &Hands<'_>,
    provider: &Provider,
    (found, scope): (&Found, &str),
    subject: &Secret<String>,
) -> Result<Secret<String>, OauthFault> {
    let client = at_provider(provider);
    let mut fields = vec![
        plain("grant_type", EXCHANGE),
        plain("requested_token_type", ID_JAG),
        plain("audience", &found.issuer),
        ("subject_token", fits(found, subject)?),
        plain("subject_token_type", ID_TOKEN),
    ];
    fields.extend(found.resource.as_ref().map(|resource| plain("resource", resource)));
    fields.extend((!scope.is_empty()).then(|| plain("scope", scope)));
    let desk = Desk { at: &provider.token, client: &client, key: None, dpop: Dpop::Never };
    let answer = asked(hands, desk, fields).await?;
    let bad = |why: &str| OauthFault::Document { of: client.issuer.clone(), why: why.to_owned() };
    let said = json::parse(&answer.body, &Limits::REQUEST)
        .map_err(|why| bad(&format!("its answer is not JSON: {why}")))?;
    let text = |name: &str| said.get(name).and_then(Node::as_str);
    if text("issued_token_type") != Some(ID_JAG) {
        return Err(bad("it gave another kind of token than the one that was asked for"));
    }
    let grant = text("access_token").filter(|text| !text.is_empty());
    grant.map(|text| Secret::new(text.to_owned())).ok_or_else(|| bad("its answer has no token"))
}

fn at_provider(provider: &Provider) -> ClientAt {
    let Registered { id, proof } = &provider.client;
    let (issuer, id) = (provider.token.origin(), id.clone());
    let (method, redirect) = (Method::Nothing, None);
    let bare = ClientAt { issuer, id, method, secret: None, key: None, redirect };
    match proof {
        Proof::Nothing => bare,
        Proof::Secret(secret) => {
            ClientAt { method: Method::Basic, secret: Some(secret.clone()), ..bare }
        }
        Proof::Key(key) => ClientAt { method: Method::Signed, key: Some(key.clone()), ..bare },
    }
}

async fn given(
    hands: &Hands<'_>,
    settings: &Settings,
    (found, (challenge, before)): (&Found, (Option<&Challenge>, &[String])),
    mut fields: Fields,
) -> Result<Kept, OauthFault> {
    let registered = settings.client.as_ref();
    let unregistered = || OauthFault::Unregistered { of: quoted(&found.issuer) };
    let client = ClientAt::registered(registered.ok_or_else(unregistered)?, found);
    let scopes = code::wanted(settings, found, challenge, before);
    if !scopes.is_empty() {
        fields.push(plain("scope", &scopes.join(" ")));
    }
    fields.extend(found.resource.as_ref().map(|resource| plain("resource", resource)));
    let key = code::key(settings.dpop, found)?;
    let desk = Desk { at: &found.token, client: &client, key: key.as_ref(), dpop: settings.dpop };
    let given = tokens(hands, desk, fields).await?;
    Kept::of((&settings.at, found), &client, (given, &scopes), key.as_ref())
}

fn fits(found: &Found, assertion: &Secret<String>) -> Result<Secret<String>, OauthFault> {
    let text = assertion.expose().trim();
    if text.is_empty()
        || text.len() > MAX_ASSERTION
        || !text.bytes().all(|one| one.is_ascii_graphic())
    {
        let why = "the word to show there is no token".to_owned();
        return Err(OauthFault::Document { of: quoted(&found.issuer), why });
    }
    Ok(Secret::new(text.to_owned()))
}

/// New tokens for old (RFC 6749 section 6); the refresh token is the new one if there is one (OAuth 2.1 section 4.3.1).
///
/// # Errors
/// [`OauthFault::Kept`] if there is nothing to refresh with; a final refusal means that a person has to consent again.
pub async fn refreshed(
    hands: &Hands<'_>,
    settings: &Settings,
    kept: &Kept,
) -> Result<Kept, OauthFault> {
    let refresh = kept.refresh.clone().ok_or(OauthFault::Kept)?;
    // The operator's file may have been tightened since somebody consented: it counts for what is kept, too.
    if let Some(wanted) = settings.issuer.as_ref().filter(|wanted| **wanted != kept.issuer) {
        return Err(OauthFault::Issuer { wanted: wanted.clone(), said: quoted(&kept.issuer) });
    }
    let client = kept.client(settings);
    let key = kept.key()?;
    // SECURITY: tokens that were bound to a key stay bound, whatever the authorization server answers.
    let bound = kept.scheme == Scheme::Dpop;
    let dpop = if bound { Dpop::Always } else { settings.dpop };
    let mut fields = vec![plain("grant_type", "refresh_token"), ("refresh_token", refresh)];
    fields.extend(kept.resource.as_ref().map(|resource| plain("resource", resource)));
    let desk = Desk { at: &kept.token, client: &client, key: key.as_ref(), dpop };
    let given = tokens(hands, desk, fields).await?;
    Ok(kept.with(given))
}

/// Takes the tokens back where that can be done (RFC 7009); says whether the authorization server confirmed it.
///
/// # Errors
/// [`OauthFault`] if it could not be asked or refuses.
pub async fn revoke(
    hands: &Hands<'_>,
    settings: &Settings,
    kept: &Kept,
) -> Result<bool, OauthFault> {
    let Some(at) = &kept.revocation else { return Ok(false) };
    let client = kept.client(settings);
    // RFC 7009 section 2.1: taking back the refresh token takes back what came of it.
    let (token, hint) = match &kept.refresh {
        Some(refresh) => (refresh.clone(), "refresh_token"),
        None => (kept.access.clone(), "access_token"),
    };
    let fields = vec![("token", token), plain("token_type_hint", hint)];
    let key: Option<&ProofKey> = None;
    let desk = Desk { at, client: &client, key, dpop: Dpop::Never };
    asked(hands, desk, fields).await.map(|_answer| true)
}
