//! Lost keys: a colleague asks, the person makes a new key at a link, two colleagues confirm its fingerprint.
//!
//! Never here: who counts as a colleague (`authority`), or a code in a log.

use writ_authority::{Command, State, state::Recovery};
use writ_identity::OneTimeCode;
use writ_model::{RecoveryId, Span, Timestamp};

use super::show;
use crate::{
    Desk, DeskError, Who, error,
    signing::After,
    view::{Acted, RecoveryAsked, RecoveryRow},
};

/// How long a new key can be offered: `authority` takes a day at most, counted from when it is signed.
const LIFE: Span = Span::hours(23);

impl Desk {
    /// The recoveries of a client, newest first.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn recoveries(&self, who: &Who, client: &str) -> Result<Vec<RecoveryRow>, DeskError> {
        let view = self.seat(who, client).await?;
        let (state, now) = (&view.state, self.now());
        Ok(state
            .recoveries
            .iter()
            .rev()
            .take(Self::ROWS)
            .map(|(id, recovery)| row(state, *id, recovery, now))
            .collect())
    }

    /// Begins a recovery. Once it is signed, the answer has the link for the person; it is shown there and nowhere again.
    ///
    /// # Errors
    /// If the actor may not, or, always otherwise, because it needs their signature.
    pub async fn ask_recovery(
        &self,
        who: &Who,
        client: &str,
        person: &str,
        reason: String,
    ) -> Result<RecoveryAsked, DeskError> {
        let view = self.seat(who, client).await?;
        let person = self.person(&view.state, "person", person).await?;
        let cx = self.cx(view.tenant, who.actor());
        let code = OneTimeCode::generate(self.entropy().as_ref());
        let command = Command::AskRecovery {
            recovery: RecoveryId::new(&cx),
            person,
            reason,
            code: code.digest(),
            expires: self.now() + LIFE,
        };
        let after = After::Recovery(code.text().clone());
        self.done_then(view.tenant, who, command, after).await?;
        Err(DeskError::fault(error::FAULT, "a recovery was begun without a signature"))
    }

    /// Confirms that a new key is whose it says, by the fingerprint that they read out. The second one lets it in.
    ///
    /// # Errors
    /// If it is another fingerprint, or the actor may not.
    pub async fn confirm_recovery(
        &self,
        who: &Who,
        client: &str,
        recovery: &str,
        fingerprint: String,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let recovery = known(&view.state, recovery)?;
        let fingerprint = fingerprint.trim().to_ascii_lowercase();
        let command = Command::ConfirmRecovery { recovery, fingerprint };
        self.done(view.tenant, who, command).await
    }

    /// Calls a recovery off.
    ///
    /// # Errors
    /// If it is over already, or the actor may not.
    pub async fn refuse_recovery(
        &self,
        who: &Who,
        client: &str,
        recovery: &str,
        reason: String,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let recovery = known(&view.state, recovery)?;
        self.done(view.tenant, who, Command::RefuseRecovery { recovery, reason }).await
    }
}

fn known(state: &State, name: &str) -> Result<RecoveryId, DeskError> {
    let id = name.parse::<RecoveryId>().ok().filter(|id| state.recoveries.contains_key(id));
    id.ok_or_else(|| DeskError::not_visible("recovery", name))
}

fn row(state: &State, id: RecoveryId, recovery: &Recovery, now: Timestamp) -> RecoveryRow {
    let says = &recovery.says;
    let word = if recovery.refused_at.is_some() {
        "refused"
    } else if recovery.done_at.is_some() {
        "confirmed"
    } else if recovery.offered.is_some() {
        "offered"
    } else if now >= says.expires {
        "expired"
    } else {
        "asked"
    };
    RecoveryRow {
        recovery: id,
        person: show::person(state, says.person),
        asked_by: show::by(state, recovery.by),
        reason: says.reason.clone(),
        at: recovery.at,
        expires: says.expires,
        state: word,
        fingerprint: recovery.offered.as_ref().map(|(key, _)| key.fingerprint()),
        confirmed_by: recovery.confirmed.iter().map(|one| show::person(state, *one)).collect(),
    }
}
