//! Token exchange (RFC 8693): an agent's token becomes a narrower one, for itself, or for a sub-agent that acts for it.
//!
//! The order is: read the form, verify the subject's token, find out who acts and that they hold their own key, ask the ledger
//! whether each of the chain may act for the next, then narrow. The ledger is the `may_act` of section 4.4: that an agent
//! acts for another one is a line that people wrote, and no token says it.
//! SECURITY: the new token is bound to the key of whoever acts, lives no longer than what it was exchanged for, and reaches
//! no server that either token does not reach. What may be done there is asked of everybody in the chain with each call.
//! Never here: a token of somebody else's issuer, a refresh token, a chain that the ledger does not know.

use std::sync::Arc;

use axum::http::HeaderMap;
use serde_json::{Map, Value};
use writ_authority::{
    State as Book,
    state::{ChainBroken, Instance},
};
use writ_identity::{
    Claims, Thumbprint, assertion,
    token::{self, Behalf, Expect, Link, MAX_LIFE, act::MAX_ACTORS},
};
use writ_model::{InstanceId, Span, Timestamp};
use writ_store::View;

use super::{
    consented, credentials,
    form::Form,
    holder, mint, proof,
    refused::Refused,
    scope::{self, Reach},
};
use crate::Desk;

/// `grant_type` of section 2.1.
pub(super) const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The one type of token that is exchanged and given (section 3).
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
/// A token that is over sooner than this is not worth giving.
const LEAST: Span = Span::seconds(1);

/// Whoever acts with the new token.
struct Acting {
    instance: InstanceId,
    known: Arc<Instance>,
    jkt: Thumbprint,
    /// What its own token reaches and until when, if it showed one.
    own: Option<(Reach, Timestamp)>,
}

/// The token.
pub(super) async fn answer(
    desk: &Desk,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Map<String, Value>, Refused> {
    typed(form)?;
    let subject = verified(desk, form.need("subject_token")?, "subject_token")?;
    let resource = scope::resource(desk, form.get("resource").unwrap_or(&subject.aud))?;
    if scope::base(&resource) != scope::base(&subject.aud) {
        return Err(Refused::new("invalid_target", "the subject's token is for another gateway"));
    }
    let book = desk.tenants().view(subject.tenant).await.map_err(|f| Refused::server(&f))?;
    let acting = acting(desk, headers, form, (&subject, &book)).await?;
    let now = desk.now();
    if !holder::lives(&book.state, &subject, now) {
        let why = "the subject's token counts no more: somebody of its chain was stopped or ended";
        return Err(Refused::grant(why));
    }
    let agent = mint::standing(&book.state, &acting.known)?;
    let behalf = chain(&book.state, &subject, &acting)?;
    let (reach, until) = bounds(&subject, &acting);
    let scope = narrowed(form.get("scope"), &resource, &reach)?;
    let until = until.min(now + MAX_LIFE);
    if until < now + LEAST {
        return Err(Refused::grant("the token is nearly over: get a new one and exchange that"));
    }
    let wanted = mint::Mint {
        instance: acting.instance,
        resource,
        scope: Some(scope),
        jkt: acting.jkt,
        agent,
    };
    let exchanged = mint::Exchanged { subject: (subject.sub, subject.epoch), behalf, until };
    let mut answer = mint::mint_as(desk, &book, wanted, exchanged)?;
    answer.insert("issued_token_type".to_owned(), ACCESS.into());
    tracing::info!(tenant = %book.tenant, from = %subject.jti, "token exchanged");
    Ok(answer)
}

/// What the form must say of its tokens (section 2.1).
fn typed(form: &Form) -> Result<(), Refused> {
    let access = |name: &str, said: Option<&str>| match said {
        Some(ACCESS) => Ok(()),
        _ => Err(Refused::request(format!("{name} must be {ACCESS}"))),
    };
    access("subject_token_type", form.get("subject_token_type"))?;
    if let Some(wanted) = form.get("requested_token_type") {
        access("requested_token_type", Some(wanted))?;
    }
    if form.get("audience").is_some() {
        let why = "name the resource (RFC 8707), the address of the MCP server, and no audience";
        return Err(Refused::new("invalid_target", why));
    }
    match (form.get("actor_token"), form.get("actor_token_type")) {
        (Some(_), said) => access("actor_token_type", said),
        (None, Some(_)) => Err(Refused::request("actor_token_type without an actor_token")),
        (None, None) => Ok(()),
    }
}

/// A token of ours that is good at this moment. SECURITY: its holder is not proved by that.
fn verified(desk: &Desk, text: &str, name: &str) -> Result<Claims, Refused> {
    let keys = desk.token_keys().map_err(|fault| Refused::server(&fault))?;
    let expect = Expect { iss: desk.issuer(), now: desk.now() };
    let good = token::verify(text, &keys, &expect).map_err(|fault| {
        // Section 2.2.2 has this word for whatever is wrong with a token.
        Refused::request(format!("the {name} is refused: {fault}"))
    })?;
    Ok(good.for_issuer().clone())
}

/// Who acts, proved: an enrolled copy by its assertion, a copy with a token of its own by that, or whoever holds the
/// subject's token, for itself. All of them by the proof of their key.
async fn acting(
    desk: &Desk,
    headers: &HeaderMap,
    form: &Form,
    (subject, book): (&Claims, &View<Book>),
) -> Result<Acting, Refused> {
    let endpoint = desk.token_endpoint();
    let shown = form.get("actor_token").map(|text| verified(desk, text, "actor_token"));
    let shown = shown.transpose()?;
    if shown.as_ref().is_some_and(|own| own.behalf.is_some()) {
        return Err(Refused::request(
            "the actor_token must be the actor's own, not an exchanged one",
        ));
    }
    let by_copy = form.get("client_assertion").map(assertion::claimed_client);
    let (instance, jkt, tenant) = if matches!(by_copy, Some(Ok(_))) {
        let copy = credentials::copy(desk, headers, form, &endpoint).await?;
        (copy.id, copy.proof.jkt, copy.book.tenant)
    } else {
        form.need("client_id")?;
        let proof = proof::proved(desk, headers, &endpoint, None)?;
        let holds = shown.as_ref().unwrap_or(subject);
        if holds.jkt != Some(proof.jkt) {
            let why = "the proof is by another key than the token is bound to: whoever acts shows \
                       its own token as actor_token, or signs a client_assertion";
            return Err(Refused::new("invalid_dpop_proof", why));
        }
        proof::mark(desk, holds.tenant, &proof, desk.now())?;
        (holds.client_id, proof.jkt, holds.tenant)
    };
    if tenant != subject.tenant {
        return Err(Refused::request("the subject_token is of another client"));
    }
    if shown.as_ref().is_some_and(|own| own.client_id != instance || own.jkt != Some(jkt)) {
        return Err(Refused::request("the actor_token is not of whoever asks"));
    }
    if shown.as_ref().is_some_and(|own| !holder::lives(&book.state, own, desk.now())) {
        return Err(Refused::grant("the actor_token counts no more"));
    }
    // SECURITY: what a person let in reaches no further by exchanging than by what they let it in with.
    let itself = instance == subject.client_id;
    if shown.is_none() && !itself && consented::is(desk, tenant, &jkt).await? {
        let why = "a person let this program in: it shows its own access token as actor_token";
        return Err(Refused::new("unauthorized_client", why));
    }
    let known = book.state.instances.get(&instance).cloned();
    let known = known.ok_or_else(|| Refused::client("this client is not enrolled here"))?;
    if shown.as_ref().is_some_and(|own| scope::base(&own.aud) != scope::base(&subject.aud)) {
        return Err(Refused::new("invalid_target", "the two tokens are for different gateways"));
    }
    let own = shown.map(|own| (Reach::of(&own.aud, own.scope.as_deref()), own.exp));
    Ok(Acting { instance, known, jkt, own })
}

/// Who acts for whom in the new token; nobody if its holder only narrows what it has.
fn chain(book: &Book, subject: &Claims, acting: &Acting) -> Result<Option<Behalf>, Refused> {
    if acting.instance == subject.client_id {
        return Ok(subject.behalf.clone());
    }
    let agent = acting.known.agent;
    let epoch = book.agents.get(&agent).map_or(0, |agent| agent.epoch);
    let actor = Link { agent, instance: acting.instance, epoch };
    let before = subject.behalf.as_ref();
    let mut actors = vec![actor];
    actors.extend(before.map(|one| one.actors.clone()).unwrap_or_default());
    if actors.len() > MAX_ACTORS {
        return Err(Refused::request(format!("at most {MAX_ACTORS} agents act one for the other")));
    }
    let mut links = vec![(actor.agent, actor.instance, actor.epoch)];
    links.extend(holder::links(subject));
    let name = |agent| book.agent_name(agent);
    book.holds_chain(&links).map_err(|broken| match broken {
        ChainBroken::Stopped(agent) => Refused::grant(format!("{} is stopped", name(agent))),
        ChainBroken::Copy(agent) => {
            Refused::grant(format!("a running copy of {} was ended", name(agent)))
        }
        ChainBroken::Unrelated(one, other) => {
            let (one, other) = (name(one), name(other));
            let why = format!(
                "{one} does not act for {other}: people say so on its page, or it does not"
            );
            Refused::new("unauthorized_client", why)
        }
    })?;
    let copy = before.map_or(subject.client_id, |one| one.copy);
    Ok(Some(Behalf { copy, actors }))
}

/// What the tokens that are exchanged reach together, and until when both are good.
fn bounds(subject: &Claims, acting: &Acting) -> (Reach, Timestamp) {
    let reach = Reach::of(&subject.aud, subject.scope.as_deref());
    match &acting.own {
        Some((own, until)) => (reach.and(own), subject.exp.min(*until)),
        None => (reach, subject.exp),
    }
}

/// The scope of the new token: what is asked for, if the old ones reach it; else all that they reach at the resource.
fn narrowed(asked: Option<&str>, resource: &str, reach: &Reach) -> Result<String, Refused> {
    let whole = reach.and(&Reach::of(resource, None));
    let Some(most) = whole.words() else {
        let why = format!("what is exchanged does not reach {resource}");
        return Err(Refused::new("invalid_target", why));
    };
    let Some(asked) = asked else { return Ok(most) };
    let wanted = scope::granted(Some(asked), resource)?;
    if whole.covers(&Reach::of(resource, Some(&wanted))) {
        return Ok(wanted);
    }
    let why = format!("an exchange only narrows: there is `{most}` at most");
    Err(Refused::new("invalid_scope", why))
}
