//! Station 1: who is calling, proved. One access token, one `DPoP` proof made for this very request, the key that the
//! instance was enrolled with, and the register that the token's tenant is followed by.
//!
//! SECURITY: the tenant and the agent come from the token and from nowhere else. A bearer token is refused.
//! Never here: what the caller may do.

use std::sync::Arc;

use http::{HeaderMap, header};
use writ_authority::State;
use writ_identity::{
    Claims, Mark, Verified,
    dpop::{self, Expect, NonceRule},
    token::{self, TokenFault},
};
use writ_model::{TenantId, Timestamp};
use writ_store::{FollowError, View};

use crate::{
    behalf,
    core::{Core, Served},
    fair::Share,
    inbound::Wire,
    record::Caller,
    refusal::{self, Refusal, challenged},
    standing,
    streams::{Cord, Guard},
};

/// A caller whose credential is good.
#[derive(Debug, Clone)]
pub(crate) struct Identified {
    pub(crate) caller: Caller,
    pub(crate) view: Arc<View<State>>,
    /// Cut when the agent is ended or the gateway lets nothing through.
    pub(crate) cord: Cord,
    /// Its tenant's part of the gateway.
    pub(crate) share: Arc<Share>,
    pub(crate) now: Timestamp,
    /// The same instant on the monotonic clock, in microseconds.
    pub(crate) begun: u64,
    /// The proof's nonce will not be accepted for much longer: send the current one along.
    pub(crate) aging: bool,
}

impl Identified {
    /// A place for one more thing that the caller has under way, as if it had come by itself.
    pub(crate) fn another(&self, core: &Core) -> Result<Guard, Refusal> {
        let (tenant, agent) = (self.view.state.tenant, self.caller.agent.described.agent);
        let (_, seat) = core.fair.enter(tenant, core.clock.monotonic_micros())?;
        let guard = core.streams.enter((tenant, agent, self.caller.instance), seat);
        // INVARIANT: the state was read under an earlier guard. An ending since then has cut that one, and may not have seen
        // this one.
        self.cord.is_cut().map_or(Ok(guard), Err)
    }
}

/// What a request is, as far as credentials go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Presented<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) verb: &'a str,
    /// The URL as clients know it.
    pub(crate) url: &'a str,
    pub(crate) wire: &'a Wire,
}

/// Proves who calls, and which of the servers of this name is theirs.
pub(crate) async fn identify<'s>(
    core: &Core,
    server: &'s Served,
    presented: Presented<'_>,
) -> Result<(Identified, Guard, &'s Served), Refusal> {
    let (now, begun) = (core.clock.now(), core.clock.monotonic_micros());
    let text = token_text(presented.headers)?;
    if core.fair.sheds(text, begun) {
        return Err(refusal::CROWDED);
    }
    let (verified, aging) = credential(core, server, presented, (text, now))?;
    let claims = admitted(core, server, &verified, now)?;
    // SECURITY: only here, where the caller has proved who it is, its tenant is charged.
    let (share, seat) = core.fair.enter(claims.tenant, begun)?;
    presented.wire.line.owned(&share)?;
    // INVARIANT: before the standing is asked and the state is read; see `streams` and `standing`.
    let holder = claims.caller();
    let guard = core.streams.enter((claims.tenant, holder.agent, holder.instance), seat);
    standing::admits(core, core.clock.monotonic_micros())?;
    let view = register(core, claims.tenant).await?;
    let state = &view.state;
    if claims.iat < state.tokens_from {
        return Err(challenged(refusal::OLD_TOKEN, "invalid_token"));
    }
    let founded = state.founded.as_deref().ok_or(refusal::TENANT)?;
    let server = server.of(&founded.slug).ok_or(refusal::NO_SERVER)?;
    if !claims.reaches(&server.name) {
        return Err(challenged(refusal::OUT_OF_SCOPE, "insufficient_scope"));
    }
    let unbound = || challenged(refusal::NOT_BOUND, "invalid_token");
    let agent = state.agents.get(&holder.agent).ok_or_else(unbound)?;
    let instance = state.instances.get(&holder.instance).ok_or_else(unbound)?;
    let jkt = claims.jkt.as_ref().ok_or_else(unbound)?.to_string();
    if instance.agent != holder.agent || instance.jkt != jkt {
        return Err(unbound());
    }
    let behalf = behalf::above(state, claims)?;
    let caller = Caller {
        tenancy: core.tenancies.of(state.tenant).await?,
        agent: Arc::clone(agent),
        instance: holder.instance,
        epoch: holder.epoch,
        token: claims.jti,
        expires: claims.exp,
        jkt,
        peer: presented.wire.peer,
        asked_by: None,
        behalf,
    };
    presented.wire.line.served();
    let cord = guard.cord();
    Ok((Identified { caller, view, cord, share, now, begun, aging }, guard, server))
}

/// What the ledger says of a tenant.
pub(crate) async fn register(core: &Core, tenant: TenantId) -> Result<Arc<View<State>>, Refusal> {
    if let Some(view) = core.tenants.cached(tenant) {
        return Ok(view);
    }
    core.tenants.view(tenant).await.map_err(|fault| {
        tracing::error!(%tenant, error = %fault, "a register cannot be read");
        match fault {
            FollowError::BadLine { .. } => refusal::OLDER,
            FollowError::Read(_) => refusal::TENANT,
        }
    })
}

/// The token and the proof: exactly one of each, for this request, never seen before.
fn credential(
    core: &Core,
    server: &Served,
    presented: Presented<'_>,
    (text, now): (&str, Timestamp),
) -> Result<(Arc<Verified>, bool), Refusal> {
    let expect = token::Expect { iss: &core.issuer, now };
    let verified = core
        .tokens
        .verify(text, &core.keys.load(), &expect)
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
pub(crate) fn admitted<'a>(
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
