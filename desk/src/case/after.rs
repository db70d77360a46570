//! What follows from a signed act: its own answer, and what Writ then does by itself (sessions end, keys are copied,
//! seats end client by client). What Writ cannot finish here the next sweep finishes.
//!
//! Never here: a rule. To add one: an arm in [`Desk::follow_up`], the page that comes next in [`next`].

use serde_json::Value;
use writ_authority::{Command, Fact, State, fact::Subject};
use writ_model::{PersonId, TenantId};

use crate::{
    Desk, DeskError,
    desk::Wrote,
    error,
    signing::{After, Asked},
    view::{Acted, Invited, RecoveryAsked},
};

impl Desk {
    /// Finishes a signed act and gives its own answer.
    pub(super) async fn follow_up(&self, asked: &Asked, wrote: Wrote) -> Result<Value, DeskError> {
        let (tenant, act) = (asked.tenant, asked.request.act.as_ref());
        self.consequences(tenant, act, &wrote).await;
        if let Command::Terminate { agent, .. } = act {
            return json(&self.ended(tenant, *agent).await?);
        }
        if let Command::TerminateMany { .. } = act {
            return json(&self.ended_in(tenant, wrote.first).await?);
        }
        if let Command::Approve { hold, .. } = act {
            return json(&self.hold_view(&wrote.view, &asked.who, *hold).await?);
        }
        let acted = acted(&wrote);
        match (act, &asked.after) {
            (Command::InvitePerson { invitation, person, expires, .. }, After::Invited(code)) => {
                json(&Invited {
                    acted,
                    invitation: *invitation,
                    person: *person,
                    link: format!("{}/join/{}", self.origin(), code.expose()),
                    expires: *expires,
                })
            }
            (Command::AskRecovery { recovery, person, expires, .. }, After::Recovery(code)) => {
                json(&RecoveryAsked {
                    acted,
                    recovery: *recovery,
                    person: *person,
                    link: format!("{}/recover/{}", self.origin(), code.expose()),
                    expires: *expires,
                })
            }
            _ => json(&acted),
        }
    }

    /// What Writ does by itself after an act. Its failures are logged: the act stands, and the sweep tries again.
    pub(super) async fn consequences(&self, tenant: TenantId, act: &Command, wrote: &Wrote) {
        let at_provider = self.provider_id().is_ok_and(|provider| provider == tenant);
        for fact in &wrote.facts {
            match fact {
                Fact::PasskeyRevoked { passkey, .. } => self.inner.sessions.end_key(*passkey),
                Fact::PersonLeft { person } | Fact::PersonOffboarded { person, .. }
                    if at_provider =>
                {
                    self.inner.sessions.end_person(*person);
                    self.inner.signings.forget(*person);
                }
                Fact::PersonErased { person } => self.end_name(tenant, *person).await,
                _ => {}
            }
        }
        let done = match act {
            Command::SeatPerson { .. } => self.mirror(tenant).await.map(|_| ()),
            Command::AddPasskey { .. }
            | Command::RevokePasskey { .. }
            | Command::AdmitPerson { .. }
            | Command::ConfirmRecovery { .. }
                if at_provider =>
            {
                self.mirror_everywhere().await
            }
            Command::PersonLeaves { .. } | Command::Offboard { .. } if at_provider => {
                self.unseat_the_gone().await
            }
            Command::PersonLeaves { .. } => self.mirror(tenant).await.map(|_| ()),
            Command::ServeGateway { gateway } => self.wish_serve(*gateway, wrote).await,
            _ => Ok(()),
        };
        if let Err(fault) = done {
            tracing::error!(%tenant, error = %fault, "not finished; the sweep will");
        }
    }

    /// The line is durable: now the key may go. What a crash or a fault leaves undone the next sweep finishes.
    async fn end_name(&self, tenant: TenantId, person: PersonId) {
        match self.forget_person(tenant, person).await {
            Ok(_) => {
                tracing::info!(event = "person.erased", %tenant, %person, "a name's key is destroyed");
            }
            Err(fault) => {
                tracing::error!(%tenant, %person, error = %fault, "a name's key is not destroyed; the sweep will");
            }
        }
    }
}

fn json<T: serde::Serialize>(value: &T) -> Result<Value, DeskError> {
    serde_json::to_value(value).map_err(|why| DeskError::fault(error::FAULT, why.to_string()))
}

/// What became so, the signature itself left out.
pub(crate) fn acted(wrote: &Wrote) -> Acted {
    let signed = matches!(wrote.facts.first(), Some(Fact::ActSigned(_)));
    let facts = wrote.facts.iter().skip(usize::from(signed));
    Acted {
        line: wrote.first + u64::from(signed),
        at: wrote.at,
        says: facts.clone().map(|fact| crate::say::fact(&wrote.view.state, fact)).collect(),
        id: facts.clone().find_map(super::life::made),
    }
}

fn page_of(at: String, subject: Subject) -> String {
    match subject {
        Subject::Agent(agent) => format!("{at}/agents/{agent}"),
        Subject::Group(_) => at,
    }
}

/// The console's page that shows what an act was about. SECURITY: made of the act alone, so that no request can send
/// somebody elsewhere.
pub(super) fn next(state: &State, person: PersonId, act: &Command) -> String {
    let slug = state.founded.as_ref().map(|line| line.slug.clone()).unwrap_or_default();
    let at = format!("/clients/{slug}");
    let people = format!("{at}/people");
    match act {
        Command::Activate { agent }
        | Command::Release { agent }
        | Command::Delegate { agent, .. } => format!("{at}/agents/{agent}"),
        Command::Terminate { agent, .. } => format!("{at}/agents/{agent}/receipt"),
        Command::GiveGrant(grant) => page_of(at, grant.subject),
        Command::SetAccountability { subject, .. } => page_of(at, *subject),
        Command::TerminateMany { .. } => format!("{at}/endings"),
        Command::ServeGateway { .. } => "/operations".to_owned(),
        Command::AddPasskey { .. } | Command::LinkLogin { .. } => "/me".to_owned(),
        Command::RevokePasskey { passkey, .. } => {
            let owner = state.passkeys.get(passkey).map(|key| key.says.person);
            if owner == Some(person) { "/me".to_owned() } else { people }
        }
        Command::SeatPerson { .. }
        | Command::PersonLeaves { .. }
        | Command::InvitePerson { .. }
        | Command::AdmitPerson { .. }
        | Command::AskRecovery { .. }
        | Command::ConfirmRecovery { .. }
        | Command::Offboard { .. }
        | Command::ErasePerson { .. }
        | Command::SetKeyPolicy { .. }
        | Command::SetAway { .. } => people,
        Command::NameWitness { .. } | Command::RemoveWitness { .. } => format!("{at}/witnesses"),
        Command::AllowExport { .. } => format!("{at}/export"),
        Command::SignCharter { .. } | Command::ResumeDelegation { .. } | Command::Thaw {} => {
            format!("{at}/charter")
        }
        Command::Approve { hold, .. } => format!("{at}/approvals/{hold}"),
        Command::SetObserve { .. } => format!("{at}/observe"),
        _ => at,
    }
}
