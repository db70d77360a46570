//! Enrollment from the desk's side: offering a code, ending a running copy. Using the code is `enroll.rs`.

use writ_authority::Command;
use writ_identity::OneTimeCode;
use writ_model::{InstanceId, Span};

use super::resolve;
use crate::{
    Desk, DeskError, Who,
    view::{Acted, EnrollmentOffer},
};

/// How long a code may be used: long enough to walk to the other machine.
const CODE_LIFE: Span = Span::hours(1);

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
        let command = Command::OfferEnrollment { agent: id, code: code.digest(), expires };
        self.act_as(view.tenant, who, command).await?;
        let code = code.text().expose().clone();
        let command = format!("writ enroll {code} --desk {}", self.issuer());
        Ok(EnrollmentOffer { code, expires, agent: id, agent_name, command })
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
