//! The doors where a passkey comes first and authority later: the very first one, an invitation, a recovery.
//!
//! SECURITY: an unknown, a used and an expired code are answered the same. Never here: HTTP (`doors.rs`).

use std::sync::Arc;

use writ_authority::{Command, State, state::Invitation};
use writ_identity::OneTimeCode;
use writ_model::{Actor, Digest, InvitationId, PersonId, TenantId, Timestamp};
use writ_store::View;

use super::{keys::NewPasskey, show};
use crate::{
    Desk, DeskError, Session, SignedBy, SignedIn, Via, Who,
    ceremony::For,
    desk::Wrote,
    error,
    limit::Knock,
    names::Reader,
    view::{Joined, OptionsView},
};

/// Somebody at a door, known by a good code.
struct Coming {
    view: Arc<View<State>>,
    code: Digest,
    person: PersonId,
    name: String,
    /// Who asked them here, to which party, as what: one sentence each.
    says: Vec<String>,
}

/// Who a code is for, and what the page says to them.
type Found = (PersonId, String, Vec<String>);

impl Desk {
    /// What the browser needs to make the very first passkey.
    ///
    /// # Errors
    /// If there is one by now.
    pub async fn welcome_options(&self, session: &Session) -> Result<OptionsView, DeskError> {
        let provider = self.first(session).await?;
        let person = session.who.person;
        let name = provider.state.person_name(person);
        let says = vec![
            format!("You are {name}, the first person of {}.", provider.state.party_name()),
            "Nobody has a passkey yet: yours will be the first.".to_owned(),
        ];
        Ok(self.creation(For::Welcome(person), &provider.state, (person, &name), says))
    }

    /// Makes the very first passkey, ends what the link opened, and signs its person in with it.
    ///
    /// # Errors
    /// If the key does not hold, or there is one by now.
    pub async fn welcome(
        &self,
        session: &Session,
        body: NewPasskey,
        agent: &str,
    ) -> Result<SignedIn, DeskError> {
        let provider = self.first(session).await?;
        let person = session.who.person;
        let key = self.registered(For::Welcome(person), person, provider.tenant, &body)?;
        let passkey = key.passkey;
        let command = Command::BootstrapPasskey { key: Box::new(key) };
        self.at_door(provider.tenant, person, "bootstrap", command).await?;
        self.inner.sessions.end_links();
        if let Err(fault) = self.mirror_everywhere().await {
            tracing::error!(error = %fault, "the first passkey is not copied; the sweep will");
        }
        let who = Who::new(person, Via::Console);
        Ok(self.open_session(who, SignedBy::Passkey(passkey), agent))
    }

    async fn first(&self, session: &Session) -> Result<Arc<View<State>>, DeskError> {
        let provider = self.provider_view().await?;
        if session.how == SignedBy::Link && provider.state.passkeys.is_empty() {
            return Ok(provider);
        }
        Err(DeskError::Unauthenticated { what: "there is a first passkey already".to_owned() })
    }

    /// What the browser needs to make the passkey of somebody invited.
    ///
    /// # Errors
    /// One refusal for every code that is not good now.
    pub async fn join_options(&self, code: &str) -> Result<OptionsView, DeskError> {
        let coming = self.coming(Knock::Join, code).await?;
        let state = &coming.view.state;
        let mut says = coming.says.clone();
        says.push(format!("This will be a passkey for {}.", self.origin()));
        let what = For::Join(coming.view.tenant, coming.code);
        Ok(self.creation(what, state, (coming.person, &coming.name), says))
    }

    /// Joins with a new passkey. There is no authority in it: somebody admits it by its fingerprint.
    ///
    /// # Errors
    /// As [`Desk::join_options`], or if the key does not hold or is not taken here.
    pub async fn join(&self, code: &str, body: NewPasskey) -> Result<Joined, DeskError> {
        let coming = self.coming(Knock::Join, code).await?;
        let what = For::Join(coming.view.tenant, coming.code);
        let key = self.offered(Knock::Join, what, &coming, &body)?;
        let fingerprint = key.fingerprint();
        let command = Command::Join { code: coming.code, key: Box::new(key) };
        self.at_door(coming.view.tenant, coming.person, "join", command).await?;
        Ok(joined(&coming, fingerprint, "Somebody who may will admit you by it."))
    }

    /// What the browser needs to make the new passkey of somebody who lost theirs.
    ///
    /// # Errors
    /// One refusal for every code that is not good now.
    pub async fn recover_options(&self, code: &str) -> Result<OptionsView, DeskError> {
        let coming = self.coming(Knock::Recover, code).await?;
        let state = &coming.view.state;
        let mut says = coming.says.clone();
        says.push(
            "Once two colleagues confirm it, this passkey replaces every older one.".to_owned(),
        );
        let what = For::Recover(coming.view.tenant, coming.code);
        Ok(self.creation(what, state, (coming.person, &coming.name), says))
    }

    /// Offers a new passkey instead of the lost ones. Two colleagues then confirm it by its fingerprint.
    ///
    /// # Errors
    /// As [`Desk::recover_options`], or if the key does not hold or is not taken here.
    pub async fn recover(&self, code: &str, body: NewPasskey) -> Result<Joined, DeskError> {
        let coming = self.coming(Knock::Recover, code).await?;
        let what = For::Recover(coming.view.tenant, coming.code);
        let key = self.offered(Knock::Recover, what, &coming, &body)?;
        let fingerprint = key.fingerprint();
        let command = Command::OfferRecoveryKey { code: coming.code, key: Box::new(key) };
        self.at_door(coming.view.tenant, coming.person, "recover", command).await?;
        Ok(joined(&coming, fingerprint, "Two colleagues of yours confirm it."))
    }

    fn offered(
        &self,
        knock: Knock,
        what: For,
        coming: &Coming,
        body: &NewPasskey,
    ) -> Result<writ_authority::Passkey, DeskError> {
        let made = self.registered(what, coming.person, coming.view.tenant, body);
        made.inspect_err(|_bad| {
            self.inner.guesses.wrong(knock, Some(coming.code), self.now());
        })
    }

    /// A command of somebody who has no seat yet, by the door they came through.
    async fn at_door(
        &self,
        tenant: TenantId,
        person: PersonId,
        via: &str,
        command: Command,
    ) -> Result<Wrote, DeskError> {
        self.standing(person).await?;
        let actor = Actor::Person { id: person, via: via.to_owned() };
        self.act(tenant, actor, command).await
    }

    /// Names as somebody with a good code reads them, who has no seat yet.
    async fn at_the_door(
        &self,
        tenant: TenantId,
        name: &str,
        says: Vec<String>,
    ) -> Result<(String, Vec<String>), DeskError> {
        let mut said = Vec::with_capacity(says.len());
        for line in says {
            said.push(self.say(Reader::Of(tenant), &line).await?);
        }
        Ok((self.say(Reader::Of(tenant), name).await?, said))
    }

    /// Whose code this is, if it can be used now.
    async fn coming(&self, knock: Knock, code: &str) -> Result<Coming, DeskError> {
        let (now, digest) = (self.now(), OneTimeCode::digest_of_typed(code));
        self.inner.guesses.allow(knock, digest, now)?;
        if self.provider_id().is_ok()
            && let Some(digest) = digest
            && let Some(tenant) = self.tenant_of_join(digest).await?
        {
            let view = self.tenants().view(tenant).await?;
            let found = match knock {
                Knock::Join => open_invitation(&view.state, digest, now),
                _ => open_recovery(&view.state, digest, now),
            };
            if let Some((person, name, says)) = found {
                let (name, says) = self.at_the_door(tenant, &name, says).await?;
                return Ok(Coming { view, code: digest, person, name, says });
            }
        }
        self.inner.guesses.wrong(knock, digest, now);
        Err(DeskError::Forbidden {
            code: error::CODE,
            what: "this link is unknown, used or expired".to_owned(),
            cure: "Ask whoever sent it for a new one.".to_owned(),
        })
    }
}

fn open_invitation(state: &State, code: Digest, now: Timestamp) -> Option<Found> {
    let usable = |(id, one): &(&InvitationId, &Arc<Invitation>)| {
        one.says.code == code
            && one.open()
            && now < one.says.expires
            && !state.joined.contains_key(*id)
    };
    let (_, found) = state.invitations.iter().find(usable)?;
    let (by, party, invited) = (show::by(state, found.by).name, state.party_name(), &found.says);
    let roles: Vec<String> = invited.roles.iter().map(ToString::to_string).collect();
    let (name, roles) = (invited.name.written(), roles.join(" and "));
    let says = vec![
        format!("{by} invites {name} to {party}."),
        format!("{name} will be {party}'s {roles}, once somebody has admitted them."),
    ];
    Some((invited.person, name, says))
}

fn open_recovery(state: &State, code: Digest, now: Timestamp) -> Option<Found> {
    let found = state.recoveries.values().find(|one| {
        one.says.code == code && one.open() && now < one.says.expires && one.offered.is_none()
    })?;
    let name = state.person_name(found.says.person);
    let (by, party) = (show::by(state, found.by).name, state.party_name());
    let says = vec![
        format!("This is for {name} of {party}."),
        format!("{by} asked for it: {}", found.says.reason),
    ];
    Some((found.says.person, name, says))
}

fn joined(coming: &Coming, fingerprint: String, next: &str) -> Joined {
    let client = show::client(&coming.view.state);
    Joined {
        tenant: client.tenant,
        client: client.name,
        person: coming.person,
        name: coming.name.clone(),
        says: vec![
            "Your passkey is made. It has no authority yet.".to_owned(),
            format!("Its fingerprint is {fingerprint}: read it out when you are called."),
            next.to_owned(),
        ],
        fingerprint,
    }
}
