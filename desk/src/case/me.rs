//! Who a credential stands for: their name, their keys, their sessions, their linked sign-ins.
//!
//! Never here: somebody else's.

use writ_model::{Role, SessionId, Side};

use super::show;
use crate::{
    Desk, DeskError, Who,
    session::Listed,
    view::{LoginRow, Me, PersonRef, SessionRow},
};

/// What stands for every session of a person but the one that asks.
const OTHERS: &str = "others";

impl Desk {
    /// The acting person, wherever they are seated.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn me(&self, who: &Who) -> Result<Me, DeskError> {
        let home = match self.home(who.person).await? {
            Some(home) => home,
            None => self.provider_view().await?,
        };
        let passkeys = self.passkeys(who).await?;
        let live = passkeys.iter().filter(|key| key.revoked_at.is_none()).count();
        let mine = |person| person == who.person;
        let sessions = self.inner.sessions.listed(mine, self.now());
        let current = sessions.iter().find(|one| Some(one.session.id) == who.session);
        Ok(Me {
            person: show::person(&home.state, who.person),
            home: show::client(&home.state),
            passkeys,
            signed_in_by: current.map(|one| one.session.how.word()),
            needs_second: live < 2,
            logins: self.logins(who).await?,
        })
    }

    /// The sign-ins at the provider's own identity provider that are linked to this person.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn logins(&self, who: &Who) -> Result<Vec<LoginRow>, DeskError> {
        let provider = self.provider_view().await?;
        let linked = provider.state.logins.iter().filter(|(_, person)| **person == who.person);
        Ok(linked
            .map(|((issuer, subject), person)| LoginRow {
                person: *person,
                issuer: issuer.clone(),
                subject: subject.clone(),
            })
            .collect())
    }

    /// The acting person's sessions, newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn sessions(&self, who: &Who) -> Result<Vec<SessionRow>, DeskError> {
        let home = match self.home(who.person).await? {
            Some(home) => home,
            None => self.provider_view().await?,
        };
        let person = show::person(&home.state, who.person);
        let listed = self.inner.sessions.listed(|one| one == who.person, self.now());
        Ok(listed.into_iter().map(|one| row(one, person.clone(), who)).collect())
    }

    /// Ends one of one's own sessions; `others` ends all but the one that asks.
    ///
    /// # Errors
    /// If there is none of this id that is theirs.
    pub async fn end_session(&self, who: &Who, session: &str) -> Result<(), DeskError> {
        self.standing(who.person).await?;
        if session == OTHERS {
            let open = self.inner.sessions.listed(|person| person == who.person, self.now());
            for other in open.iter().filter(|one| Some(one.session.id) != who.session) {
                self.sign_out(&other.session);
            }
            return Ok(());
        }
        self.end_of(session, |person| person == who.person)
    }

    /// The sessions of the people of one's own side at a client. For its owners.
    ///
    /// # Errors
    /// If the asker is not an owner there.
    pub async fn client_sessions(
        &self,
        who: &Who,
        client: &str,
    ) -> Result<Vec<SessionRow>, DeskError> {
        let view = self.seat(who, client).await?;
        let side = owner_of(&view.state, who)?;
        let state = &view.state;
        let of_side =
            |person| state.people.get(&person).is_some_and(|one| one.active() && one.side == side);
        let listed = self.inner.sessions.listed(of_side, self.now());
        Ok(listed
            .into_iter()
            .map(|one| {
                let person = show::person(state, one.session.who.person);
                row(one, person, who)
            })
            .collect())
    }

    /// Ends a session of somebody of one's own side at a client. For its owners.
    ///
    /// # Errors
    /// If there is none of this id, or the asker is not an owner there.
    pub async fn end_client_session(
        &self,
        who: &Who,
        client: &str,
        session: &str,
    ) -> Result<(), DeskError> {
        let view = self.seat(who, client).await?;
        let side = owner_of(&view.state, who)?;
        let of_side = |person| view.state.people.get(&person).is_some_and(|one| one.side == side);
        self.end_of(session, of_side)
    }

    fn end_of(
        &self,
        session: &str,
        wanted: impl Fn(writ_model::PersonId) -> bool,
    ) -> Result<(), DeskError> {
        let none = || DeskError::not_visible("session", session);
        let id: SessionId = session.parse().map_err(|_bad| none())?;
        let ended = self.inner.sessions.end_one(id, wanted).ok_or_else(none)?;
        tracing::info!(session = %id, person = %ended, "session ended");
        Ok(())
    }
}

fn row(listed: Listed, person: PersonRef, who: &Who) -> SessionRow {
    let session = &listed.session;
    SessionRow {
        session: session.id,
        person,
        signed_in_by: session.how.word(),
        passkey: match session.how {
            crate::SignedBy::Passkey(passkey) => Some(passkey),
            crate::SignedBy::Link | crate::SignedBy::Oidc => None,
        },
        agent: listed.agent,
        opened_at: session.opened_at,
        used_at: listed.used_at,
        expires: session.expires,
        current: who.session == Some(session.id),
    }
}

/// The side that the asker is an owner of.
fn owner_of(state: &writ_authority::State, who: &Who) -> Result<Side, DeskError> {
    let seat = state.people.get(&who.person).filter(|seat| seat.active());
    let narrowed = who.narrowed.is_none_or(|roles| roles.has(Role::Owner));
    seat.filter(|seat| seat.has(Role::Owner) && narrowed).map(|seat| seat.side).ok_or_else(|| {
        let refused = writ_authority::Refusal::new(
            writ_authority::refusal::ROLE,
            "actor",
            "only an owner sees and ends other people's sessions".to_owned(),
            "Ask an owner of your side.",
        );
        DeskError::Refused(refused)
    })
}
