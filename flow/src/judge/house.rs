//! Whom a letter names in the house of who wrote it: "give the plan to the colleague whom Dana names in her mail".
//!
//! SECURITY: only an address at the very house of a sender whom the person named; whoever writes in the name of such a sender
//! gains nobody outside of it. Not at houses where anybody gets an address, never for money and secrets, never where the
//! text speaks to the agent. Never here: an address beside a name that the person said (`whom`).
//! To add a house that lets anybody in: a word of [`ANYBODY`], a case of `tests::papers`.

use super::{Asked, Case, contains};
use crate::{
    index,
    kinds::Kinds,
    orders::SIGN,
    trace::{Atom, Found, is_sender, is_state, is_writer},
    values::{Sort, typed},
    words::tokens::fold,
};

/// LIMIT: leaves around a text in which its sender is looked for.
const NEAR: u32 = 24;

/// Houses where anybody gets an address: their names without what follows the last point.
const ANYBODY: &str = "gmail googlemail outlook hotmail live msn yahoo ymail icloud me mac aol gmx web mail proton protonmail pm fastmail zoho yandex qq 163 126 orange free laposte libero virgilio t-online freenet posteo mailbox wanadoo sfr seznam";

/// True if the address is of the house of a sender whom the person named, in what that sender wrote; and the person handed the
/// matter over, or nobody of another house is named there.
pub(super) fn colleague(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let worth = case.class.kinds.meets(Kinds::PAY.or(Kinds::BUY).or(Kinds::SECRET));
    let asked = matches!(case.asked, Asked::Yes | Asked::Delegated);
    if atom.value.sort != Sort::Mail || worth || !asked || found.named < 2 || found.signs >= SIGN {
        return false;
    }
    let Some(house) = index::host(&atom.value) else { return false };
    if house.split('.').any(|part| contains(ANYBODY, part)) || case.context.person.names(Sort::Mail)
    {
        return false;
    }
    // A shown name is whatever its writer likes: the house itself has to be known.
    if !(case.context.index.own_host(house) || case.context.person.verbatim(house)) {
        return false;
    }
    let first = found.sentences.first().and_then(|at| case.context.index.leaf_of(*at));
    let Some(at) = first else { return false };
    let Some((source, this, _)) = case.context.leaf(at) else { return false };
    let others = || {
        typed(&fold(&this.text))
            .iter()
            .any(|value| value.sort == Sort::Mail && index::host(value) != Some(house))
    };
    if !(case.handed() || (case.context.person.request.refers && !others())) {
        return false;
    }
    // The letter itself, or the line of the list by whose id it was opened.
    let opened = source.chosen.iter().flat_map(|(_, id)| {
        case.context.index.field(id).into_iter().filter(move |line| *line < at).take(4)
    });
    let mut places = vec![at];
    places.extend(opened);
    let senders: Vec<bool> =
        places.iter().filter_map(|place| written_at(case, *place, house)).collect();
    !senders.is_empty() && senders.into_iter().all(|ours| ours)
}

/// True for what stands in a letter that was handed over, in a call that lets in a colleague of who wrote: the address, and
/// how much they may do, which is no choice of a thing.
pub(super) fn handed(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let lets = Kinds::SHARE.or(Kinds::INVITE).or(Kinds::SEND).or(Kinds::CREATE).or(Kinds::UPDATE);
    let state = || {
        let key = atom.pointer.rsplit('/').next().unwrap_or_default();
        (is_state(&fold(key)) || fold(key) == "access" || fold(key) == "rights")
            && !atom.value.text().bytes().any(|byte| byte.is_ascii_digit())
    };
    case.handed()
        && case.class.kinds.without(lets).is_empty()
        && case.rules.strictness < 3
        && (colleague(case, atom, found)
            || (state() && case.values.iter().any(|(other, found)| colleague(case, other, found))))
}

/// True if the senders of a record are whom the person named, at this house; nothing if it has none. Of two senders one is
/// written into the letter.
fn written_at(case: &Case<'_>, at: u32, house: &str) -> Option<bool> {
    let (_, this, source) = case.context.leaf(at)?;
    let mut all = None;
    for near in at.saturating_sub(NEAR)..=at.saturating_add(NEAR) {
        let Some((_, other, same)) = case.context.leaf(near) else { continue };
        if same != source || other.record != this.record || !is_sender(&other.key) || !other.field {
            continue;
        }
        let mails = typed(&fold(&other.text));
        let mut mails = mails.iter().filter(|value| value.sort == Sort::Mail).peekable();
        if mails.peek().is_some() {
            let ours =
                mails.all(|mail| index::host(mail) == Some(house)) && is_writer(case.context, near);
            all = Some(all.unwrap_or(true) && ours);
        }
    }
    all
}
