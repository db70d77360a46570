//! Accounts at protected servers: who may connect one for whom, and who may end it.
//!
//! SECURITY: nobody lends somebody else's account: one of a person is connected by that person alone. Ending one is a stop,
//! and stops are easy.

use writ_model::Cx;

use super::check::{self, NAME, SENTENCE, WORKS};
use crate::{
    fact::{Fact, Holder, UpstreamConnected},
    refusal::{self, Refusal},
    state::State,
};

/// LIMIT: connected accounts of one client: one for each of its agents at a server, and room.
const UPSTREAMS: usize = 20_000;
/// LIMIT: bytes of an issuer, scopes of a grant, bytes of them all.
const ISSUER: usize = 2_048;
const SCOPES: usize = 64;
const SCOPE: usize = 256;

pub(super) fn connect(
    state: &State,
    cx: &Cx,
    says: UpstreamConnected,
) -> Result<Vec<Fact>, Refusal> {
    let by = check::person(cx)?;
    match says.holder {
        Holder::Person(id) if id != by => {
            let what = "an account of a person is connected by that person".to_owned();
            return Err(Refusal::new(refusal::ROLE, "holder", what, "Have them connect it."));
        }
        Holder::Agent(agent) => {
            check::acts(state, cx, WORKS)?;
            check::living(state, agent)?;
        }
        Holder::Person(_) | Holder::Client => check::acts(state, cx, WORKS)?,
    }
    check::text("server", &says.server, NAME)?;
    check::text("issuer", &says.issuer, ISSUER)?;
    check::bound("scopes", says.scopes.len(), SCOPES)?;
    says.scopes.iter().try_for_each(|scope| check::text("scope", scope, SCOPE))?;
    check::bound("connected accounts", state.upstreams.len() + 1, UPSTREAMS)?;
    Ok(vec![Fact::UpstreamConnected(Box::new(says))])
}

pub(super) fn disconnect(
    state: &State,
    cx: &Cx,
    (server, holder): (String, Holder),
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    check::text("reason", &reason, SENTENCE)?;
    if !state.upstreams.contains_key(&(server.clone(), holder)) {
        return Err(Refusal::unknown("connection", &server));
    }
    Ok(vec![Fact::UpstreamDisconnected { server, holder, reason }])
}
