//! Enrollment from the desk's side: offering a code, ending a running copy. Using the code is `enroll.rs`.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use writ_authority::Command;
use writ_identity::OneTimeCode;
use writ_model::{HoldId, InstanceId, PersonId, Span, Timestamp};

use super::resolve;
use crate::{
    Desk, DeskError, Who, error,
    view::{Acted, EnrollmentOffer},
};

/// How long a code may be used: long enough to walk to the other machine.
const CODE_LIFE: Span = Span::hours(1);
/// LIMIT: codes that wait for a yes, over all clients; the one that ends first makes room.
const CODES: usize = 256;

/// Codes of offers that wait for somebody's yes. In memory: a restart forgets them, and they are asked for again.
#[derive(Debug, Default)]
pub(crate) struct Codes(Mutex<BTreeMap<HoldId, (PersonId, EnrollmentOffer)>>);

impl Codes {
    fn keep(&self, hold: HoldId, person: PersonId, offer: EnrollmentOffer, now: Timestamp) {
        let mut kept = self.0.lock();
        kept.retain(|_, (_, offer)| now < offer.expires);
        if kept.len() >= CODES {
            let first = kept.iter().min_by_key(|(_, (_, offer))| offer.expires).map(|(id, _)| *id);
            first.and_then(|id| kept.remove(&id));
        }
        kept.insert(hold, (person, offer));
    }

    /// A code, once, for who asked for it.
    fn take(&self, hold: HoldId, person: PersonId) -> Option<EnrollmentOffer> {
        let mut kept = self.0.lock();
        let theirs = kept.get(&hold).is_some_and(|(asked, _)| *asked == person);
        if theirs { kept.remove(&hold).map(|(_, offer)| offer) } else { None }
    }
}

impl Desk {
    /// Makes a code that binds one running copy of an agent. It is shown here and nowhere again.
    ///
    /// # Errors
    /// If the agent is ended, or the actor may not.
    pub async fn offer_enrollment(
        &self,
        who: &Who,
        client: &str,
        agent: &str,
    ) -> Result<EnrollmentOffer, DeskError> {
        let view = self.seat(who, client).await?;
        let agent = resolve::agent(&view.state, agent)?;
        let (id, agent_name) = (agent.described.agent, agent.name().to_owned());
        let code = OneTimeCode::generate(self.entropy().as_ref());
        let expires = self.now() + CODE_LIFE;
        let offer = Command::OfferEnrollment { agent: id, code: code.digest(), expires };
        let text = code.text();
        let code = text.expose().clone();
        let command = format!("writ enroll {code} --desk {}", self.issuer());
        let made = EnrollmentOffer { code, expires, agent: id, agent_name, command };
        match self.act_as(view.tenant, who, offer).await {
            Ok(_) => Ok(made),
            Err(DeskError::Waits(held)) => {
                self.inner.codes.keep(held.hold, who.person, made, self.now());
                Err(DeskError::Waits(held))
            }
            Err(fault) => Err(fault),
        }
    }

    /// The code of an offer that waited for somebody's yes, once it is approved: shown once, to who asked for it.
    ///
    /// # Errors
    /// If it is not approved yet, is somebody else's, or was shown; a restart forgets it, and it is asked for again.
    pub async fn approved_enrollment(
        &self,
        who: &Who,
        client: &str,
        hold: &str,
    ) -> Result<EnrollmentOffer, DeskError> {
        let view = self.seat(who, client).await?;
        let none = || DeskError::not_visible("approved code", hold);
        let id: HoldId = hold.parse().map_err(|_bad| none())?;
        let known = view.state.holds.get(&id).ok_or_else(none)?;
        if known.consumed.is_none() {
            return Err(DeskError::Forbidden {
                code: error::UNREADABLE_HOLD,
                what: "it is not approved".to_owned(),
                cure: "Wait for the people it asks, then ask again.".to_owned(),
            });
        }
        self.inner.codes.take(id, who.person).ok_or_else(none)
    }

    /// Ends one running copy; the agent's others live.
    ///
    /// # Errors
    /// If it is ended already, or the actor may not.
    pub async fn end_instance(
        &self,
        who: &Who,
        client: &str,
        instance: &str,
        reason: String,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let instance: InstanceId =
            instance.parse().map_err(|_bad| DeskError::not_visible("instance", instance))?;
        self.done(view.tenant, who, Command::EndInstance { instance, reason }).await
    }
}
