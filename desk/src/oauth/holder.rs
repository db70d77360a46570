//! Who asks about a token, or gives it back: an enrolled running copy by its assertion and its proof, or whoever proves the key
//! that the token is bound to. Both are told about their own tokens only.
//!
//! Never here: a word about a token to who does not hold its key.

use axum::http::HeaderMap;
use writ_authority::{State as Book, state::Link};
use writ_identity::{
    Claims, Proof, Thumbprint, assertion,
    token::{self, Expect},
};
use writ_model::{InstanceId, TenantId, Timestamp};

use super::{
    client, credentials,
    family::{Family, Which},
    form::Form,
    proof, refresh,
    refused::Refused,
};
use crate::Desk;

/// Whoever asked.
#[derive(Debug)]
pub(super) struct Holder {
    copy: Option<InstanceId>,
    jkt: Thumbprint,
    /// Not marked as used yet: whose tenant it is stands in the token.
    proof: Option<Proof>,
}

/// A token of the holder's own.
#[derive(Debug)]
pub(super) enum Own {
    Access(Box<Claims>),
    Refresh(Which, Box<Family>),
    /// An older refresh token of a family of theirs: worth nothing by itself, and good for giving the family back. Whoever
    /// lost the last answer has no other.
    Older(Which, Box<Family>),
    /// It is none of ours, or has expired.
    None,
    /// It is somebody else's.
    Others,
}

pub(super) async fn holder(
    desk: &Desk,
    headers: &HeaderMap,
    form: &Form,
    endpoint: &str,
) -> Result<Holder, Refused> {
    let by_copy = form.get("client_assertion").map(assertion::claimed_client);
    if matches!(by_copy, Some(Ok(_))) {
        let copy = credentials::copy(desk, headers, form, endpoint).await?;
        return Ok(Holder { copy: Some(copy.id), jkt: copy.proof.jkt, proof: None });
    }
    form.need("client_id")?;
    let proof = proof::proved(desk, headers, endpoint, None)?;
    Ok(Holder { copy: None, jkt: proof.jkt, proof: Some(proof) })
}

/// What a token is to its holder.
pub(super) async fn own(
    desk: &Desk,
    form: &Form,
    holder: &Holder,
    endpoint: &str,
) -> Result<Own, Refused> {
    let sent = form.need("token")?;
    if let Ok(says) = refresh::read(desk, sent) {
        let which = Which::of(&says);
        let Some(family) = desk.family(which).await? else { return Ok(Own::None) };
        if refresh::key(&family)? != holder.jkt {
            return Ok(Own::Others);
        }
        if holder.copy.is_none() {
            let client = (family.client.as_str(), family.keyed);
            client::authenticate(desk, form, client, endpoint).await?;
        }
        used(desk, holder, which.tenant)?;
        let (newest, family) = (says.number == family.number, Box::new(family));
        return Ok(if newest { Own::Refresh(which, family) } else { Own::Older(which, family) });
    }
    let keys = desk.token_keys().map_err(|fault| Refused::server(&fault))?;
    let expect = Expect { iss: desk.issuer(), now: desk.now() };
    let Ok(verified) = token::verify(sent, &keys, &expect) else { return Ok(Own::None) };
    let claims = verified.for_issuer();
    let theirs =
        claims.jkt == Some(holder.jkt) && holder.copy.is_none_or(|copy| copy == claims.client_id);
    if !theirs {
        return Ok(Own::Others);
    }
    used(desk, holder, claims.tenant)?;
    Ok(Own::Access(Box::new(claims.clone())))
}

/// Marks the proof of a holder who showed a token of theirs. Not before: strangers could fill the marks of everybody.
fn used(desk: &Desk, holder: &Holder, tenant: TenantId) -> Result<(), Refused> {
    let Some(proof) = &holder.proof else { return Ok(()) };
    proof::mark(desk, tenant, proof, desk.now())
}

/// Whether an access token would be let in at this instant: what the gateways ask of the ledger, asked here.
pub(super) fn lives(book: &Book, claims: &Claims, now: Timestamp) -> bool {
    if now >= claims.exp || claims.iat < book.tokens_from {
        return false;
    }
    if claims.behalf.is_some() {
        return book.holds_chain(&links(claims)).is_ok();
    }
    let agent = book.agents.get(&claims.sub);
    let copy = book.instances.get(&claims.client_id);
    agent.is_some_and(|agent| agent.epoch == claims.epoch && agent.lives())
        && copy.is_some_and(|copy| copy.ended_at.is_none() && copy.agent == claims.sub)
}

/// The chain of a token, as the ledger is asked about it.
pub(super) fn links(claims: &Claims) -> Vec<Link> {
    claims.chain().iter().map(|link| (link.agent, link.instance, link.epoch)).collect()
}
