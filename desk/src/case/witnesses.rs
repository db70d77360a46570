//! Witnesses: which there are, how far each has seen, naming and removing them, and what about them waits for a person.

use serde::Deserialize;
use writ_authority::{
    Command, Entry, State,
    queue::{Ask, Waiting},
};
use writ_evidence::WitnessKey;
use writ_model::{Side, Span, Timestamp, WitnessId};
use writ_store::View;

use crate::{
    Desk, DeskError, Who,
    view::{Acted, WitnessRow},
    witness::Kept,
};

/// A witness that has not cosigned a line for so long is a decision for a person.
const LATE: Span = Span::hours(1);

/// A witness to name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewWitness {
    /// What it is called.
    pub name: String,
    /// Its verifier key, as `writ witness init` prints it.
    pub key: String,
    /// Whose it is; the side of whoever names it, if left out.
    #[serde(default)]
    pub side: Option<Side>,
}

impl Desk {
    /// The witnesses of a ledger.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn witnesses(&self, who: &Who, client: &str) -> Result<Vec<WitnessRow>, DeskError> {
        let view = self.seat(who, client).await?;
        let mut out = Vec::new();
        for (witness, one) in &view.state.witnesses {
            if one.removed_at.is_some() {
                continue;
            }
            let kept = self.kept(view.tenant, *witness).await?;
            let seen = kept.cosigned.as_ref();
            out.push(WitnessRow {
                witness: *witness,
                name: one.says.name.clone(),
                side: one.says.side,
                key: one.says.key.clone(),
                named_at: one.at,
                seen_size: seen.map(|seen| seen.size),
                seen_at: seen.map(|seen| seen.at),
                behind: view.size.saturating_sub(seen.map_or(0, |seen| seen.size)),
                disagrees: kept.disagrees.map(|word| format!("{} [{}]", word.what, word.code)),
            });
        }
        Ok(out)
    }

    /// Names a witness.
    ///
    /// # Errors
    /// If the key is none, or the actor may not.
    pub async fn name_witness(
        &self,
        who: &Who,
        client: &str,
        body: NewWitness,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let cure = "Send the key as `writ witness init` prints it: name+hash+base64.";
        let key = WitnessKey::parse(&body.key)
            .map_err(|fault| DeskError::bad("key", fault.to_string(), cure))?;
        let own = view.state.people.get(&who.person).map(|person| person.side);
        let side = body.side.or(own).unwrap_or(Side::Client);
        let witness = WitnessId::new(&self.cx(view.tenant, who.actor()));
        let command = Command::NameWitness { witness, name: body.name, key: key.to_text(), side };
        self.done(view.tenant, who, command).await
    }

    /// Removes a witness.
    ///
    /// # Errors
    /// If there is none of this id or name, or the actor may not.
    pub async fn remove_witness(
        &self,
        who: &Who,
        client: &str,
        witness: &str,
        reason: &str,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let id = witness.parse::<WitnessId>().ok();
        let found = view.state.witnesses.iter().find(|(known, one)| {
            one.removed_at.is_none() && (id == Some(**known) || one.says.name == witness)
        });
        let witness =
            found.map(|(id, _)| *id).ok_or_else(|| DeskError::not_visible("witness", witness))?;
        let command = Command::RemoveWitness { witness, reason: reason.to_owned() };
        self.done(view.tenant, who, command).await
    }

    /// What about a ledger's witnesses waits for a person: one that disagrees, or has been silent over new lines.
    pub(crate) async fn witness_waiting(
        &self,
        view: &View<State>,
        now: Timestamp,
    ) -> Result<Vec<Waiting>, DeskError> {
        let mut out = Vec::new();
        for (witness, one) in &view.state.witnesses {
            if one.removed_at.is_some() {
                continue;
            }
            let kept = self.kept(view.tenant, *witness).await?;
            let name = &one.says.name;
            if let Some(word) = &kept.disagrees {
                let why = format!("It says: “{}” [{}].", word.what, word.code);
                out.push(waiting(name, word.at, format!("Witness “{name}” disagrees."), why));
            } else if let Some(since) = self.late(view, &kept, one.at, now).await? {
                let seen = kept.cosigned.as_ref().map_or(0, |seen| seen.size);
                let why = format!("It has cosigned {seen} of {} lines.", view.size);
                out.push(waiting(name, since, format!("Witness “{name}” is silent."), why));
            }
        }
        Ok(out)
    }

    /// Since when a line waits for its cosignature, if for too long.
    async fn late(
        &self,
        view: &View<State>,
        kept: &Kept,
        named: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, DeskError> {
        let seen = kept.cosigned.as_ref().map_or(0, |seen| seen.size);
        if seen >= view.size {
            return Ok(None);
        }
        let unseen = self.ledger().read(view.tenant, seen, 1).await?;
        let written = unseen.first().and_then(|line| Entry::from_line(line).ok());
        let since = written.map_or(named, |entry| entry.at.max(named));
        Ok((now > since + LATE).then_some(since))
    }
}

fn waiting(name: &str, since: Timestamp, what: String, why: String) -> Waiting {
    Waiting {
        ask: Ask::WitnessMissing,
        agent: None,
        hold: None,
        name: name.to_owned(),
        since,
        deadline: None,
        what,
        why: vec![why],
        otherwise: "New lines stay without its cosignature, and nobody else would notice if \
            history were rewritten."
            .to_owned(),
        cure: vec![
            "Ask whoever runs the witness what it says; if it is gone, remove it and name another."
                .to_owned(),
        ],
    }
}
