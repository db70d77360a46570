//! Versions of a charter: which there are, finding one by its name, showing it.
//!
//! Never here: a change of one.

use std::sync::Arc;

use writ_authority::{
    State,
    state::{Draft, InForce, Signature},
};
use writ_charter::Charter;
use writ_model::{CharterId, Digest, PersonId, Role, Side, Timestamp};

use super::{super::show, super::templates::Shelf, rows};
use crate::{
    DeskError,
    view::{MissingSignature, SignatureRow, VersionRow, VersionState, VersionView},
};

/// Which version is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one in force, else the draft.
    Standing,
    /// The draft, else the one in force.
    Newest,
    /// The one in force.
    InForce,
    /// The draft.
    Draft,
    /// One by its number.
    Number(u32),
}

impl Which {
    /// As an address names it: a number, or `draft`.
    pub(crate) fn parse(name: &str) -> Result<Self, DeskError> {
        match name {
            "draft" => Ok(Self::Draft),
            "in_force" => Ok(Self::InForce),
            number => number
                .parse()
                .map(Self::Number)
                .map_err(|_bad| DeskError::not_visible("version of the charter", number)),
        }
    }

    fn word(&self) -> String {
        match self {
            Self::Standing | Self::Newest => "any".to_owned(),
            Self::InForce => "in_force".to_owned(),
            Self::Draft => "draft".to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// A version that was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) charter: Arc<Charter>,
    pub(crate) digest: Digest,
    pub(crate) state: VersionState,
    pub(crate) since: Timestamp,
    pub(crate) until: Option<Timestamp>,
    pub(crate) line: u64,
    by: Option<PersonId>,
    signed: Vec<Signature>,
}

/// The draft.
pub(crate) fn draft(state: &State) -> Option<Found> {
    state.draft.as_deref().map(of_draft)
}

/// The version in force.
pub(crate) fn in_force(state: &State) -> Option<Found> {
    state.charter.as_deref().map(|one| of_force(one, VersionState::InForce))
}

fn of_draft(one: &Draft) -> Found {
    Found {
        charter: Arc::clone(&one.charter),
        digest: one.digest,
        state: VersionState::Draft,
        since: one.at,
        until: None,
        line: one.line,
        by: one.by,
        signed: one.signed.clone(),
    }
}

fn of_force(one: &InForce, state: VersionState) -> Found {
    Found {
        charter: Arc::clone(&one.charter),
        digest: one.digest,
        state,
        since: one.at,
        until: one.until,
        line: one.line,
        by: one.by,
        signed: one.signed.clone(),
    }
}

/// Every version, newest first, the draft included.
pub(crate) fn all(state: &State) -> Vec<Found> {
    let past = state.past.iter().rev().map(|one| of_force(one, VersionState::Past));
    draft(state).into_iter().chain(in_force(state)).chain(past).collect()
}

/// One version.
pub(crate) fn find(state: &State, which: &Which) -> Result<Found, DeskError> {
    let found = match which {
        Which::Standing => in_force(state).or_else(|| draft(state)),
        Which::Newest => draft(state).or_else(|| in_force(state)),
        Which::InForce => in_force(state),
        Which::Draft => draft(state),
        Which::Number(number) => all(state).into_iter().find(|one| one.charter.version == *number),
    };
    found.ok_or_else(|| DeskError::not_visible("version of the charter", &which.word()))
}

/// The number of a charter's version, while it is known.
pub(crate) fn number_of(state: &State, id: CharterId) -> Option<u32> {
    let draft = state.draft.as_ref().map(|one| &one.charter).filter(|one| one.charter == id);
    let stood = state.charter_by_id(id).map(|one| &one.charter);
    draft.or(stood).map(|one| one.version)
}

impl Found {
    /// As a row of a list.
    pub(crate) fn row(&self) -> VersionRow {
        let number = self.charter.version;
        VersionRow {
            name: match self.state {
                VersionState::Draft => "draft".to_owned(),
                VersionState::InForce | VersionState::Past => number.to_string(),
            },
            version: number,
            charter: self.charter.charter,
            digest: self.digest,
            state: self.state,
            since: self.since,
            until: self.until,
            line: self.line,
        }
    }

    /// A party's name, as this charter has it.
    pub(crate) fn party(&self, side: Side) -> String {
        match side {
            Side::Provider => self.charter.parties.provider.clone(),
            Side::Client => self.charter.parties.client.clone(),
        }
    }

    /// Who has signed it.
    pub(crate) fn signatures(&self, state: &State) -> Vec<SignatureRow> {
        let row = |one: &Signature| SignatureRow {
            side: one.side,
            party: self.party(one.side),
            person: show::person(state, one.person),
            at: one.at,
            line: one.line,
        };
        self.signed.iter().map(row).collect()
    }

    /// Which parties have not signed it, and who could.
    pub(crate) fn missing(&self, state: &State) -> Vec<MissingSignature> {
        if self.state != VersionState::Draft {
            return Vec::new();
        }
        let open = state.signatories().iter().copied();
        let open = open.filter(|side| self.signed.iter().all(|one| one.side != *side));
        open.map(|side| MissingSignature {
            side,
            party: self.party(side),
            who: state
                .people
                .iter()
                .filter(|(_, one)| one.active() && one.side == side && one.has(Role::Owner))
                .filter(|(_, one)| one.keys > 0)
                .map(|(id, _)| show::person(state, *id))
                .collect(),
        })
        .collect()
    }

    /// The whole of it.
    pub(crate) fn view(&self, state: &State, shelf: &Shelf) -> VersionView {
        let charter = &self.charter;
        let suspended = match self.state {
            VersionState::InForce => state.suspended(),
            VersionState::Draft | VersionState::Past => writ_charter::Suspended::default(),
        };
        VersionView {
            client: show::client(state),
            row: self.row(),
            base: charter.base.clone(),
            contract_ref: charter.contract_ref.clone(),
            from: charter.from,
            until_says: charter.until,
            review_by: charter.review_by,
            calendar: charter.calendar.clone(),
            clauses: rows::clauses(state, charter, shelf, &suspended),
            counts_as: charter.counts_as.clone(),
            actions: charter.actions.clone(),
            signed: self.signatures(state),
            missing: self.missing(state),
            proposed_by: self.by.map(|id| show::person(state, id)),
            document: charter.as_ref().clone(),
        }
    }
}
