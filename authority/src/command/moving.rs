//! A ledger that goes on at another provider: one line ends what the old provider could do here, and says whose key signs
//! from now on.
//!
//! Never here: anything about the client's own people; they stay as they are. To end one more thing of the old provider:
//! `State::moved_away` in the fold.

use writ_model::{Cx, PersonId, PersonName, Role, Side};

use super::{
    check::{self, NAME},
    people,
};
use crate::{
    fact::{Fact, LedgerMoved},
    refusal::{self, Refusal},
    state::State,
};

/// LIMIT: bytes of the old provider's last checkpoint with its cosignatures.
const CHECKPOINT: usize = 16 << 10;

/// Somebody of the new provider: who, their name, in which roles.
pub(super) type Newcomer = (PersonId, PersonName, Vec<Role>);

pub(super) fn take_over(
    state: &State,
    cx: &Cx,
    moved: LedgerMoved,
    newcomers: Vec<Newcomer>,
) -> Result<Vec<Fact>, Refusal> {
    check::system(cx)?;
    check::ledger_of(state, Side::Client, "only a client changes its provider")?;
    check::text("name", &moved.name, NAME)?;
    if state.provider() == Some(moved.provider) {
        let what = format!("this ledger is at {} already", moved.name);
        return Err(Refusal::new(refusal::FOUNDED, "provider", what, "Use it as it is."));
    }
    if moved.checkpoint.len() > CHECKPOINT {
        let what = format!("the checkpoint has more than {CHECKPOINT} bytes");
        return Err(Refusal::new(refusal::BOUND, "checkpoint", what, "Leave cosignatures out."));
    }
    if newcomers.is_empty() {
        let what = "nobody of the new provider would be seated".to_owned();
        return Err(Refusal::new(refusal::ANSWERS, "people", what, "Name its owners."));
    }
    // Whoever was the client's, once or soon, is not made the new provider's by an id.
    let clients = |id: &PersonId| {
        state.invited.contains_key(id)
            || state.people.get(id).is_some_and(|known| known.side == Side::Client)
    };
    if let Some((id, ..)) = newcomers.iter().find(|(id, ..)| clients(id)) {
        let what = format!("{id} is somebody of the client");
        return Err(Refusal::new(refusal::PARTY, "people", what, "Do not take this ledger over."));
    }
    let mut facts = vec![Fact::LedgerMoved(moved)];
    for (person, name, roles) in newcomers {
        people::not_erased(state, person)?;
        facts.push(people::seated(cx, person, name, (Side::Provider, roles))?);
    }
    Ok(facts)
}
