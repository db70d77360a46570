//! Charters to sign, charters in force, stops, observing, drills.
//!
//! Never here: what a charter says (its letter and its page do).

use writ_authority::{Fact, fact::DrillResult};
use writ_model::{Actor, CharterId, Role, Side, Timestamp};

use super::{Place, Telling};
use crate::{
    notify::{
        Kind,
        words::{moment, quoted},
    },
    say,
};

/// A draft that waits for signatures: the owners of whoever has not signed. Nothing if it is no draft any more.
pub(super) fn to_sign(
    place: Place<'_>,
    at: Timestamp,
    (actor, fact): (&Actor, &Fact),
) -> Option<Telling> {
    let draft = place.state.draft.as_ref()?;
    let id = match fact {
        Fact::CharterProposed { charter } => charter.charter,
        Fact::CharterSigned { charter, .. } => *charter,
        _ => return None,
    };
    if draft.charter.charter != id {
        return None;
    }
    let signed = |side: &&Side| draft.signed.iter().any(|one| one.side == **side);
    let missing: Vec<Side> =
        place.state.signatories().iter().filter(|side| !signed(side)).copied().collect();
    let version = draft.charter.version;
    let who = place.actor(actor);
    let message = place.message(Kind::CharterToSign, at);
    let message = match fact {
        Fact::CharterSigned { side, .. } => {
            message.says(format!("{who} signed version {version} of the charter for the {side}."))
        }
        _ => message.says(format!("{who} proposed version {version} of the charter.")),
    };
    let message = message
        .says("A charter says what agents and people may do here, and who has to agree. It counts once an owner of each party has signed it.")
        .says("Read it in Writ, letter for letter, before you sign. Until then the one before it stays in force, if there is one.")
        .at_page("charter");
    Some(Telling::new(message, place.people(&missing, &[Role::Owner])))
}

pub(super) fn in_force(place: Place<'_>, at: Timestamp, charter: CharterId) -> Telling {
    let known = place.state.charter_by_id(charter);
    let version = known.map(|one| format!("Version {} of the charter", one.charter.version));
    let version = version.unwrap_or_else(|| "A charter".to_owned());
    let message = place
        .message(Kind::CharterInForce, at)
        .says(format!("{version} is in force since {}: everybody has signed it.", moment(at)))
        .says("Either party can stop everything at any time, alone: by freezing, or by suspending what it delegates.")
        .at_page("charter");
    Telling::new(message, place.deciders())
}

/// A stop, or its end.
pub(super) fn stopped(
    place: Place<'_>,
    at: Timestamp,
    (actor, fact): (&Actor, &Fact),
) -> Option<Telling> {
    let clause = |clause: &Option<String>| quoted(&say::delegation(place.state, clause.as_deref()));
    let (kind, what, why) = match fact {
        Fact::ClientFrozen { side, reason } => {
            let what =
                format!("froze everything for the {side}: no agent acts, and nobody starts one");
            (Kind::Frozen, what, Some(reason))
        }
        Fact::ClientThawed { side } => {
            (Kind::Thawed, format!("lifted the freeze of the {side}"), None)
        }
        Fact::DelegationSuspended { clause: of, side, reason } => {
            let what = format!("suspended for the {side}: {}", clause(of));
            (Kind::Suspended, what, Some(reason))
        }
        Fact::DelegationResumed { clause: of, side } => {
            (Kind::Resumed, format!("resumed for the {side}: {}", clause(of)), None)
        }
        _ => return None,
    };
    let mut message = place.message(kind, at);
    message = message.says(format!("{} {what}.", place.actor(actor)));
    if let Some(why) = why {
        message = message.says(format!("The reason given: {}.", quoted(why)));
    }
    let message = message.says(format!("Since {}.", moment(at))).at_page("charter");
    Some(Telling::new(message, place.deciders()).but(actor))
}

pub(super) fn observed(place: Place<'_>, at: Timestamp, (actor, fact): (&Actor, &Fact)) -> Telling {
    let mut message = place
        .message(Kind::ObserveSet, at)
        .says(format!(
            "{} lets something run that the charter would hold back, to see what it does.",
            place.actor(actor)
        ))
        .says(quoted(&say::fact(place.state, fact)))
        .says("What a clause refuses is refused all the same. Anybody of either party can end it.")
        .at_page("observe");
    if let Fact::ObserveSet { until, .. } = fact {
        message.until = Some(*until);
    }
    Telling::new(message, place.deciders()).but(actor)
}

pub(super) fn drilled(place: Place<'_>, at: Timestamp, result: &DrillResult) -> Telling {
    let agent = quoted(&place.state.agent_name(result.agent));
    let came = if result.passed { "passed" } else { "did NOT pass" };
    let whole = result.end_us.div_ceil(1_000);
    let message = place
        .message(Kind::DrillDone, at)
        .says(format!("The ending of {agent} was rehearsed, and {came}."))
        .says(format!("From the decision to the last refusal everywhere: {whole} ms."))
        .says(format!("The next drill is due on {}.", moment(result.next_due)))
        .at_page(&format!("drills/{}", result.drill));
    let sides = [Side::Provider, Side::Client];
    Telling::new(message, place.people(&sides, &[Role::Owner, Role::Auditor]))
}
