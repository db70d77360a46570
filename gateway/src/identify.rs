//! Station 1: who is calling, proved. One access token, one `DPoP` proof made for this very request, the key that the
//! instance was enrolled with, and the register that the token's tenant is followed by.
//!
//! SECURITY: the tenant and the agent come from the token and from nowhere else. A bearer token is refused.
//! Never here: what the caller may do.

use std::{net::SocketAddr, sync::Arc};

use http::{HeaderMap, header};
use tokio_util::sync::CancellationToken;
use writ_authority::State;
use writ_identity::{
    Claims, Mark, Verified,
    dpop::{self, Expect, NonceRule},
    token::{self, TokenFault},
};
use writ_model::Timestamp;
use writ_store::View;

use crate::{
    core::{Core, Served},
    record::Caller,
    refusal::{self, Refusal, challenged},
    streams::Guard,
};

/// A caller whose credential is good.
#[derive(Debug)]
pub(crate) struct Identified {
    pub(crate) caller: Caller,
    pub(crate) view: Arc<View<State>>,
    /// Cancelled when the agent is ended.
    pub(crate) cut: CancellationToken,
    pub(crate) now: Timestamp,
    /// The proof's nonce will not be accepted for much longer: send the current one along.
    pub(crate) aging: bool,
}

/// What a request is, as far as credentials go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Presented<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) verb: &'a str,
    /// The URL as clients know it.
    pub(crate) url: &'a str,
    pub(crate) peer: SocketAddr,
}

/// Proves who calls, and which of the servers of this name is theirs.
pub(crate) async fn identify<'s>(
    core: &Core,
    server: &'s Served,
    presented: Presented<'_>,
) -> Result<(Identified, Guard, &'s Served), Refusal> {
    let now = core.clock.now();
    let (verified, aging) = credential(core, server, presented, now)?;
    let claims = admitted(core, server, &verified, now)?;
    // INVARIANT: before the state is read; see `streams`.
    let guard = core.streams.enter((claims.tenant, claims.sub, claims.client_id));
    let view = match core.tenants.cached(claims.tenant) {
        Some(view) => view,
        None => core.tenants.view(claims.tenant).await.map_err(|fault| {
            tracing::error!(tenant = %claims.tenant, error = %fault, "a register cannot be read");
            refusal::TENANT
        })?,
    };
    let state = &view.state;
    let founded = state.founded.as_deref().ok_or(refusal::TENANT)?;
    let server = server.of(&founded.slug).ok_or(refusal::NO_SERVER)?;
    let unbound = || challenged(refusal::NOT_BOUND, "invalid_token");
    let agent = state.agents.get(&claims.sub).ok_or_else(unbound)?;
    let instance = state.instances.get(&claims.client_id).ok_or_else(unbound)?;
    let jkt = claims.jkt.as_ref().ok_or_else(unbound)?.to_string();
    if instance.agent != claims.sub || instance.jkt != jkt {
        return Err(unbound());
    }
    let caller = Caller {
        tenancy: core.tenancies.of(state, now).await?,
        agent: Arc::clone(agent),
        instance: claims.client_id,
        epoch: claims.epoch,
        token: claims.jti,
        expires: claims.exp,
        jkt,
        peer: presented.peer,
    };
    let cut = guard.token().clone();
    Ok((Identified { caller, view, cut, now, aging }, guard, server))
}

/// The token and the proof: exactly one of each, for this request, never seen before.
fn credential(
    core: &Core,
    server: &Served,
    presented: Presented<'_>,
    now: Timestamp,
) -> Result<(Arc<Verified>, bool), Refusal> {
    let text = token_text(presented.headers)?;
    let expect = token::Expect { iss: &core.issuer, now };
    let verified = core
        .tokens
        .verify(text, &core.keys, &expect)
        .map_err(|fault| Refusal::credential(&fault))?;
    let claims = admitted(core, server, &verified, now)?;
    if claims.jkt.is_none() {
        return Err(challenged(refusal::NOT_BOUND, "invalid_token"));
    }
    let proof = dpop::single(presented.headers.get_all("dpop"))
        .map_err(|fault| Refusal::credential(&fault))?;
    let proof = proof
        .to_str()
        .map_err(|_not_text| Refusal::credential(&dpop::DpopFault::Claim("header")))?;
    let proof = dpop::verify(
        proof,
        &Expect {
            method: presented.verb,
            url: presented.url,
            now,
            nonce: NonceRule::Asked(&core.nonces),
            ath: Some(verified.ath()),
            jkt: verified.jkt(),
            key: verified.bound_key(),
        },
    )
    .map_err(|fault| Refusal::credential(&fault))?;
    let mark = Mark::dpop(&core.salt, claims.tenant, &proof.jkt, &proof.jti);
    core.marks
        .lock()
        .mark(mark, proof.keep_until(), now)
        .map_err(|fault| Refusal::credential(&fault))?;
    verified.remember_key(&proof.key);
    let aging = proof.nonce == Some(writ_identity::NonceState::Aging);
    Ok((verified, aging))
}

/// The claims, if the token is for this server or for the gateway as a whole.
fn admitted<'a>(
    core: &Core,
    server: &Served,
    verified: &'a Verified,
    now: Timestamp,
) -> Result<&'a Claims, Refusal> {
    match verified.admit(&server.resource, now) {
        Err(TokenFault::Audience) => verified.admit(&core.umbrella, now),
        verdict => verdict,
    }
    .map_err(|fault| Refusal::credential(&fault))
}

fn token_text(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Err(challenged(refusal::NO_TOKEN, "")) };
    if values.next().is_some() {
        return Err(challenged(refusal::SEVERAL_TOKENS, "invalid_request"));
    }
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .ok_or(challenged(refusal::NO_TOKEN, "invalid_request"))?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Err(challenged(refusal::BEARER, "invalid_token"));
    }
    if !scheme.eq_ignore_ascii_case("dpop") {
        return Err(challenged(refusal::NO_TOKEN, "invalid_request"));
    }
    Ok(token.trim_matches(' '))
}
