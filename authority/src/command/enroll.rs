//! Enrollment: a one-time code binds a key made elsewhere to one instance of an agent.

use writ_model::{AgentId, Cx, Digest, EnrollmentId, InstanceId, Timestamp};

use super::check::{self, NAME, SENTENCE, WORKS};
use crate::{
    fact::Fact,
    refusal::{self, Refusal},
    state::State,
};

/// LIMIT: instances in one tenant, the ended included.
const INSTANCES: usize = 200_000;
/// LIMIT: a public key in canonical JSON.
const JWK: usize = 512;

pub(super) fn offer(
    state: &State,
    cx: &Cx,
    agent: AgentId,
    (code, expires): (Digest, Timestamp),
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    check::living(state, agent)?;
    check::bound("instances", state.instances.len() + 1, INSTANCES)?;
    if expires <= cx.now() {
        let what = format!("the code would already have expired at {expires}");
        return Err(Refusal::new(refusal::ENROLLMENT, "expires", what, "Choose a later time."));
    }
    Ok(vec![Fact::EnrollmentOffered { enrollment: EnrollmentId::new(cx), agent, code, expires }])
}

pub(super) fn enroll(
    state: &State,
    cx: &Cx,
    code: Digest,
    (label, jkt, jwk): (String, String, String),
) -> Result<Vec<Fact>, Refusal> {
    check::text("label", &label, NAME)?;
    check::bound("bytes of key", jwk.len(), JWK)?;
    let refuse = |what: &str| {
        let cure = "Ask for a new code on the agent's page.";
        Err(Refusal::new(refusal::ENROLLMENT, "code", what.to_owned(), cure))
    };
    let known = state.codes.get(&code).and_then(|id| state.offers.get(id).map(|one| (*id, one)));
    let Some((enrollment, offer)) = known else {
        return refuse("this code is not known here");
    };
    if offer.used_by.is_some() {
        return refuse("this code was used already");
    }
    if offer.expires <= cx.now() {
        return refuse("this code has expired");
    }
    check::living(state, offer.agent)?;
    if state.keys.contains_key(&jkt) {
        return refuse("this key is already bound to an instance");
    }
    let instance = InstanceId::new(cx);
    Ok(vec![Fact::InstanceEnrolled { enrollment, agent: offer.agent, instance, label, jkt, jwk }])
}

pub(super) fn end(
    state: &State,
    cx: &Cx,
    instance: InstanceId,
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    check::text("reason", &reason, SENTENCE)?;
    let Some(known) = state.instances.get(&instance) else {
        return Err(Refusal::unknown("instance", &instance.to_string()));
    };
    if let Some(at) = known.ended_at {
        let what = format!("{} was ended at {at}", known.label);
        return Err(Refusal::new(refusal::LIFE, "instance", what, "Nothing is left to do."));
    }
    Ok(vec![Fact::InstanceEnded { instance, reason }])
}
