//! How people come in: invited, joined with a passkey of their own, admitted by its fingerprint.
//!
//! Never here: who may invite whom (`authority`), or a code in a log. The doors that need no session are `doors/`.

use serde::Deserialize;
use writ_authority::{Command, State, state::Invitation};
use writ_identity::OneTimeCode;
use writ_model::{InvitationId, PersonId, PersonName, Role, Side, Span, Timestamp};

use super::show;
use crate::{
    Desk, DeskError, Who, error,
    signing::After,
    view::{Acted, InvitationRow, Invited},
};

/// How long an invitation can be used: `authority` takes seven days at most, counted from when it is signed.
const LIFE: Span = Span::days(6);

/// A person to invite.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// Their name.
    pub name: String,
    /// For which party.
    pub side: Side,
    /// In which roles.
    pub roles: Vec<Role>,
}

/// That the person who joined is who they say.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmitBody {
    /// The fingerprint they read out.
    pub fingerprint: String,
    /// Who was called, on which number and known from where. The client's first person needs it.
    #[serde(default)]
    pub called: Option<String>,
}

impl Desk {
    /// The invitations of a client, newest first.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn invitations(
        &self,
        who: &Who,
        client: &str,
    ) -> Result<Vec<InvitationRow>, DeskError> {
        let view = self.seat(who, client).await?;
        let (state, now) = (&view.state, self.now());
        Ok(state
            .invitations
            .iter()
            .rev()
            .take(Self::ROWS)
            .map(|(id, invitation)| row(state, *id, invitation, now))
            .collect())
    }

    /// Invites a person. Once it is signed, the answer has the link for them; it is shown there and nowhere again.
    ///
    /// # Errors
    /// If the actor may not, or, always otherwise, because it needs their signature.
    pub async fn invite(
        &self,
        who: &Who,
        client: &str,
        body: NewInvitation,
    ) -> Result<Invited, DeskError> {
        let view = self.seat(who, client).await?;
        let cx = self.cx(view.tenant, who.actor());
        let code = OneTimeCode::generate(self.entropy().as_ref());
        let command = Command::InvitePerson {
            invitation: InvitationId::new(&cx),
            person: PersonId::new(&cx),
            // SECURITY: what somebody sends is never taken for a sealed name, which would be opened for them.
            name: PersonName::Plain(body.name),
            side: body.side,
            roles: body.roles,
            code: code.digest(),
            expires: self.now() + LIFE,
        };
        let after = After::Invited(code.text().clone());
        self.done_then(view.tenant, who, command, after).await?;
        Err(DeskError::fault(error::FAULT, "an invitation was made without a signature"))
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// If it is used or withdrawn already, or the actor may not.
    pub async fn withdraw_invitation(
        &self,
        who: &Who,
        client: &str,
        invitation: &str,
        reason: String,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let none = || DeskError::not_visible("invitation", invitation);
        let id: InvitationId = invitation.parse().map_err(|_bad| none())?;
        view.state.invitations.get(&id).ok_or_else(none)?;
        let command = Command::WithdrawInvitation { invitation: id, reason };
        self.done(view.tenant, who, command).await
    }

    /// Admits somebody who joined: by the fingerprint that they read out.
    ///
    /// # Errors
    /// If it is another fingerprint, a call-back is missing, or the actor may not.
    pub async fn admit(
        &self,
        who: &Who,
        client: &str,
        person: &str,
        body: AdmitBody,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let person = self.invited(&view.state, person).await?;
        let fingerprint = body.fingerprint.trim().to_ascii_lowercase();
        let called = body.called.filter(|called| !called.trim().is_empty());
        let command = Command::AdmitPerson { person, fingerprint, called };
        self.done(view.tenant, who, command).await
    }

    /// A person who is invited here, by id or by the name that they were invited under.
    async fn invited(&self, state: &State, name: &str) -> Result<PersonId, DeskError> {
        if let Ok(id) = name.parse::<PersonId>() {
            return Ok(id);
        }
        let open = state.invitations.values().filter(|one| one.open());
        let open = open.map(|one| (one.says.person, &one.says.name));
        match self.named(open, name).await?.as_slice() {
            [person] => Ok(*person),
            [] => self.person(state, "person", name).await,
            _ => {
                let what = "two people of this name are invited".to_owned();
                Err(DeskError::bad("person", what, "Use the person's id."))
            }
        }
    }
}

fn row(state: &State, id: InvitationId, invitation: &Invitation, now: Timestamp) -> InvitationRow {
    let says = &invitation.says;
    let joined = state.joined.get(&id);
    let word = if invitation.withdrawn_at.is_some() {
        "withdrawn"
    } else if invitation.admitted_at.is_some() {
        "admitted"
    } else if joined.is_some() {
        "joined"
    } else if now >= says.expires {
        "expired"
    } else {
        "open"
    };
    InvitationRow {
        invitation: id,
        person: says.person,
        name: says.name.written(),
        side: says.side,
        roles: says.roles.clone(),
        invited_by: show::by(state, invitation.by),
        at: invitation.at,
        expires: says.expires,
        state: word,
        fingerprint: joined.map(|joined| joined.key.fingerprint()),
        key: joined.map(|joined| show::kind_of_key(&joined.key)),
        first: says.side == Side::Client && !state.client_ever,
    }
}
