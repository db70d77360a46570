//! The authorization code grant (RFC 6749 section 4.1.3, RFC 7636 section 4.6, RFC 9449 section 5): a code becomes a running
//! copy of the agent that the person chose, bound to the key of the client's proof.
//!
//! Never here: a code that stays good after it was shown wrongly: whoever shows one without its verifier may have stolen it;
//! an end of anything because of a code alone, which stands in histories and logs.

use axum::http::HeaderMap;
use serde_json::{Map, Value};
use std::sync::Arc;
use writ_authority::{Command, Fact, State as Book};
use writ_identity::{Proof, Thumbprint, encode_base64url, same_secret};
use writ_model::{Actor, Digest, InstanceId, TenantId};
use writ_store::View;

use super::{
    client,
    codes::{Given, Taken, Used},
    consented,
    document::Keys,
    family::{FAMILY_LIFE, Family, Which},
    form::Form,
    mint, proof,
    refused::Refused,
    register,
};
use crate::Desk;

/// LIMIT: letters of a running copy's name.
const LABEL: usize = 60;
/// LIMIT: bytes of a code and of a verifier (RFC 7636 section 4.1: 128).
const MAX_CODE: usize = 128;

/// The tokens.
pub(super) async fn answer(
    desk: &Desk,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Map<String, Value>, Refused> {
    let code = form.need("code")?;
    let verifier = form.need("code_verifier")?;
    if code.len() > MAX_CODE || verifier.len() > MAX_CODE {
        return Err(Refused::request("the code or its verifier is too long"));
    }
    // First, because a client that is told a nonce comes again with the same code.
    let proof = proof::proved(desk, headers, &desk.token_endpoint(), None)?;
    let challenge = encode_base64url(&Digest::of(verifier.as_bytes()).0);
    let given = match desk.inner.oauth.codes.take((code, &challenge), desk.now()) {
        Taken::Good(given) => given,
        Taken::Unknown => {
            return Err(Refused::grant("this code is unknown or has expired: ask for a new one"));
        }
        Taken::Again(used) => {
            take_back(desk, used).await?;
            let why = "this code was used before: what it gave is taken back; ask for a new one";
            return Err(Refused::grant(why));
        }
    };
    proof::mark(desk, given.tenant, &proof, desk.now())?;
    fits(&given, form, verifier, &proof)?;
    let keyed = given.request.client.says.keys != Keys::None;
    let client = (given.request.client.id.as_str(), keyed);
    client::authenticate(desk, form, client, &desk.token_endpoint()).await?;
    still_there(desk, &given).await?;
    // Only now: whoever may let nobody in makes no registration stay.
    let kept = register::used(desk, &given.request.client.id).await;
    kept.map_err(|fault| Refused::of_desk(&fault))?;
    let (book, instance) = copy(desk, &given, &proof).await?;
    let (answer, used) = tokens(desk, &given, (&book, instance, keyed), &proof).await?;
    if !desk.inner.oauth.codes.gave(code, used) {
        take_back(desk, Some(used)).await?;
        return Err(Refused::grant("this code was used twice at once: ask for a new one"));
    }
    Ok(answer)
}

/// What must be as it was when the code was asked for.
fn fits(given: &Given, form: &Form, verifier: &str, proof: &Proof) -> Result<(), Refused> {
    let request = &given.request;
    // OAuth 2.1 leaves the address out of this request; who says one says the same.
    if form.get("redirect_uri").is_some_and(|said| said != request.redirect) {
        return Err(Refused::grant("redirect_uri is another than the code was sent to"));
    }
    let challenge = encode_base64url(&Digest::of(verifier.as_bytes()).0);
    let short = verifier.len() < 43;
    if short || !same_secret(challenge.as_bytes(), request.challenge.as_bytes()) {
        return Err(Refused::grant("code_verifier is not the one of the challenge (RFC 7636)"));
    }
    if request.jkt.is_some_and(|jkt| jkt != proof.jkt) {
        let why = "the proof is by another key than dpop_jkt named (RFC 9449 section 10)";
        return Err(Refused::new("invalid_dpop_proof", why));
    }
    if form.get("resource").is_some_and(|said| said != request.resource) {
        return Err(Refused::new("invalid_target", "the code is for another resource"));
    }
    Ok(())
}

/// Refuses if the person who consented has left within the minute.
async fn still_there(desk: &Desk, given: &Given) -> Result<(), Refused> {
    desk.standing(given.person).await.map_err(|fault| Refused::of_desk(&fault))?;
    let view = desk.tenants().view(given.tenant).await.map_err(|fault| Refused::server(&fault))?;
    if view.state.people.get(&given.person).is_some_and(|person| person.active()) {
        return Ok(());
    }
    Err(Refused::grant("the person who consented is not there any more"))
}

/// A client's name as that of a running copy.
fn label(name: &str) -> String {
    let cut: String = name.chars().take(LABEL).collect();
    cut.trim().to_owned()
}

/// The running copy of this key: one that there is, or a new one.
async fn copy(
    desk: &Desk,
    given: &Given,
    proof: &Proof,
) -> Result<(Arc<View<Book>>, InstanceId), Refused> {
    let view = desk.tenants().view(given.tenant).await.map_err(|fault| Refused::server(&fault))?;
    let agent = view.state.agents.get(&given.agent);
    let agent = agent.ok_or_else(|| Refused::grant("the agent is not in the register"))?;
    mint::active(agent).map_err(|refused| Refused::grant(refused.why))?;
    let jkt = proof.jkt.to_string();
    if let Some(id) = view.state.keys.get(&jkt).copied() {
        let known = view.state.instances.get(&id);
        if known.is_some_and(|one| one.agent == given.agent && one.ended_at.is_none()) {
            return Ok((view, id));
        }
        let why =
            "this key belongs to another running copy, or to one that was ended: make a new key";
        return Err(Refused::grant(why));
    }
    // Before the line, so that no moment has the copy without its mark.
    consented::mark(desk, given.tenant, &proof.jkt).await?;
    let command = Command::Enroll {
        code: given.offer,
        label: label(&given.request.client.name()),
        jkt,
        jwk: proof.key.key().jwk().to_json(),
    };
    let wrote = desk.act(given.tenant, Actor::system("enrollment"), command).await;
    let wrote = wrote.map_err(|fault| Refused::of_desk(&fault))?;
    let made = wrote.facts.iter().find_map(|fact| match fact {
        Fact::InstanceEnrolled { instance, .. } => Some(*instance),
        _ => None,
    });
    let made = made.ok_or_else(|| Refused::server(&"an enrollment enrolled nothing"))?;
    Ok((wrote.view, made))
}

async fn tokens(
    desk: &Desk,
    given: &Given,
    (book, instance, keyed): (&View<Book>, InstanceId, bool),
    proof: &Proof,
) -> Result<(Map<String, Value>, Used), Refused> {
    let known = book.state.instances.get(&instance);
    let known = known.ok_or_else(|| Refused::grant("the running copy is not in the register"))?;
    let agent =
        mint::standing(&book.state, known).map_err(|refused| Refused::grant(refused.why))?;
    let (request, now) = (&given.request, desk.now());
    let family = Family {
        number: 1,
        client: request.client.id.clone(),
        keyed,
        person: given.person,
        agent: given.agent,
        instance,
        resource: request.resource.clone(),
        scope: request.scope.clone(),
        jkt: proof.jkt.to_string(),
        epoch: agent.epoch,
        since: now,
        until: now + FAMILY_LIFE,
        used: None,
    };
    let (which, refresh) = desk.begin_family(given.tenant, &family).await?;
    let wanted = mint::Mint {
        instance,
        resource: request.resource.clone(),
        scope: Some(request.scope.clone()),
        jkt: proof.jkt,
        agent,
    };
    let mut answer = mint::mint(desk, book, wanted)?;
    answer.insert("refresh_token".to_owned(), refresh.into());
    Ok((answer, Used { tenant: given.tenant, instance, family: which.id, until: which.until }))
}

/// Ends what a code gave that was shown a second time by who has its verifier (RFC 6749 section 4.1.2).
async fn take_back(desk: &Desk, used: Option<Used>) -> Result<(), Refused> {
    let Some(Used { tenant, instance, family, until }) = used else { return Ok(()) };
    tracing::warn!(%tenant, %instance, "an authorization code was used twice");
    desk.end_family(Which { tenant, id: family, until }).await?;
    end_let_in(desk, tenant, instance, "Its authorization code was used twice.").await
}

/// Ends a running copy that a consent made. One that was enrolled by a typed code was there before it, and stays.
pub(super) async fn end_let_in(
    desk: &Desk,
    tenant: TenantId,
    instance: InstanceId,
    reason: &str,
) -> Result<(), Refused> {
    let book = desk.tenants().view(tenant).await.map_err(|fault| Refused::server(&fault))?;
    let jkt: Option<Thumbprint> =
        book.state.instances.get(&instance).and_then(|one| one.jkt.parse().ok());
    let Some(jkt) = jkt else { return Ok(()) };
    if !consented::is(desk, tenant, &jkt).await? {
        return Ok(());
    }
    end_copy(desk, tenant, instance, reason).await
}

/// Ends a running copy for a reason of OAuth's.
pub(super) async fn end_copy(
    desk: &Desk,
    tenant: TenantId,
    instance: InstanceId,
    reason: &str,
) -> Result<(), Refused> {
    desk.end_copy(tenant, instance, reason).await.map_err(|fault| Refused::of_desk(&fault))
}
