//! The grounds on which a read is held: it visits an address that carries own data, or that only an order names.
//!
//! Never here: a call that acts (`grounds`), or a sentence (`explain`). To add a ground: here, a case of `context::tests`.

use super::{Case, Reason};
use crate::{
    explain, index,
    kinds::Kinds,
    trace::{Atom, Found},
    values::Sort,
};

/// Grounds to hold a read: it visits an address that carries own data, or that only an order names.
pub(super) fn read(case: &Case<'_>) -> Vec<Reason> {
    let mut out = Vec::new();
    if !case.class.kinds.meets(Kinds::VISIT) || !case.context.has_read_text() {
        return out;
    }
    for (atom, found) in &case.values {
        let link = atom.formed && atom.value.sort == Sort::Link;
        if !link || found.yours {
            continue;
        }
        let host_known = index::host(&atom.value).is_some_and(|host| {
            case.context.person.verbatim(host) || case.context.index.own_host(host)
        });
        if !host_known && carries(case, atom, found) {
            out.push(explain::value(case, atom, found, "FLOW-0018"));
        } else if found.only_text()
            && found.signs >= 2
            && found.ordered.meets(Kinds::VISIT.or(Kinds::SEND))
        {
            out.push(explain::value(case, atom, found, "FLOW-0016"));
        }
    }
    out
}

/// True if a link that nobody wrote as a whole carries values of what was read.
fn carries(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    if !found.sentences.is_empty() && !found.composed {
        return false;
    }
    let Some((_, query)) = atom.value.text().split_once(['?', '#']) else { return false };
    query.split(['&', '=', ',', ';']).filter(|part| part.len() >= 6).any(|part| {
        let plain = part.replace("%20", " ").replace('+', " ").replace("%40", "@");
        let known = case.context.person.said(&plain);
        let read = !case.context.index.field(&plain).is_empty()
            || !case.context.index.phrase(&plain).is_empty();
        !known && read
    })
}
