//! The refresh grant (RFC 6749 section 6): the newest token of a family, with its key, becomes a newer one. An older one ends
//! the family (RFC 9700 section 4.14.2), but only with the key: who holds a stolen text alone can end nothing. The one
//! before the newest is good for a moment more: an answer may have been lost, or two windows of one program may have asked.
//!
//! Never here: a family that is good because its token is: [`Family::ended`] is asked each time.

use axum::http::HeaderMap;
use serde_json::{Map, Value};
use writ_identity::{Thumbprint, refresh, token::Expect};
use writ_model::Span;

use super::{
    client, code,
    family::{Family, Over, Which},
    form::Form,
    mint, proof,
    refused::Refused,
    scope,
};
use crate::Desk;

/// How long the token before the newest is good: a client asks again within that, if it got no answer. Whoever uses it proves
/// the same key as with the newest, so that this gives nobody anything.
const GRACE: Span = Span::seconds(60);

/// The tokens.
pub(super) async fn answer(
    desk: &Desk,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Map<String, Value>, Refused> {
    let sent = form.need("refresh_token")?;
    let says = read(desk, sent)?;
    let which = Which::of(&says);
    let family = there(desk, which).await?;
    let jkt = key(&family)?;
    let proof = proof::proved(desk, headers, &desk.token_endpoint(), Some(&jkt))?;
    proof::mark(desk, which.tenant, &proof, desk.now())?;
    let client = (family.client.as_str(), family.keyed);
    client::authenticate(desk, form, client, &desk.token_endpoint()).await?;
    // One after the other: of two uses of one token, one is a second use. What may take long came before.
    let turn = desk.inner.oauth.families.of(which.tenant).await;
    let mut family = there(desk, which).await?;
    let book = desk.tenants().view(which.tenant).await.map_err(|fault| Refused::server(&fault))?;
    let left = desk.has_left(family.person).await.map_err(|fault| Refused::server(&fault))?;
    if let Some(over) = family.ended(&book.state, desk.now()).or(left.then_some(Over::Person)) {
        drop(turn);
        desk.end_over(which, &family, over).await.map_err(|fault| Refused::of_desk(&fault))?;
        let why = over.why();
        return Err(Refused::grant(format!("{why}: ask for a new authorization")));
    }
    let late = says.number.checked_add(1) == Some(family.number)
        && family.used.is_some_and(|used| desk.now() < used + GRACE);
    if says.number != family.number && !late {
        tracing::warn!(tenant = %which.tenant, instance = %family.instance, "a refresh token was used twice");
        desk.remove_family(which).await?;
        drop(turn);
        let reason = "A refresh token of it was used twice.";
        code::end_let_in(desk, which.tenant, family.instance, reason).await?;
        return Err(Refused::grant("this refresh token was used before: the consent is ended"));
    }
    let scope = scope::narrowed(form.get("scope"), &family.scope, &family.resource)?;
    if form.get("resource").is_some_and(|said| said != family.resource) {
        return Err(Refused::new("invalid_target", "the consent is for another resource"));
    }
    let known = book.state.instances.get(&family.instance);
    let known = known.ok_or_else(|| Refused::grant("the running copy is not in the register"))?;
    let agent =
        mint::standing(&book.state, known).map_err(|refused| Refused::grant(refused.why))?;
    let wanted = mint::Mint {
        instance: family.instance,
        resource: family.resource.clone(),
        scope: Some(scope),
        jkt,
        agent,
    };
    let mut answer = mint::mint(desk, &book, wanted)?;
    if !late {
        family.number += 1;
        family.used = Some(desk.now());
        desk.write_family(which, &family).await?;
    }
    let next = desk.refresh_token(which, family.number)?;
    answer.insert("refresh_token".to_owned(), next.into());
    Ok(answer)
}

async fn there(desk: &Desk, which: Which) -> Result<Family, Refused> {
    let family = desk.family(which).await?;
    family.ok_or_else(|| Refused::grant("this consent has ended: ask for a new one"))
}

/// What a refresh token says, if it is one of ours.
pub(super) fn read(desk: &Desk, sent: &str) -> Result<writ_identity::Refresh, Refused> {
    let keys = desk.token_keys().map_err(|fault| Refused::server(&fault))?;
    let expect = Expect { iss: desk.issuer(), now: desk.now() };
    refresh::verify(sent, &keys, &expect)
        .map_err(|fault| Refused::grant(format!("the refresh token is refused: {fault}")))
}

/// The key of a family.
pub(super) fn key(family: &Family) -> Result<Thumbprint, Refused> {
    family.jkt.parse().map_err(|_bad| Refused::server(&"a family's key is no thumbprint"))
}
