//! The grounds on which a call is held, in order of weight.
//!
//! Never here: how a value was found (`trace`), or a sentence (`explain`).

use super::{Asked, Case, Reason, elsewhere, house, leaving, papers, sources, whom};
use crate::{
    classify::{Acts, Role},
    explain, index,
    kinds::{Kinds, Topics},
    orders::{PLAIN, SIGN},
    trace::{Atom, Found},
    values::Sort,
    words::tokens::{fold, holds},
};

/// Grounds to hold a call that acts; empty if it may go.
pub(super) fn act(case: &Case<'_>) -> Vec<Reason> {
    let mut out = Vec::new();
    // Nothing but fields was read: nobody's words can have caused the call.
    if !case.context.has_read_text() {
        return out;
    }
    for (atom, found) in &case.values {
        if found.yours {
            continue;
        }
        let ground = spoken_to(case, atom, found)
            .or_else(|| ordered(case, atom, found))
            .or_else(|| destination(case, atom, found))
            .or_else(|| somebody(case, atom, found))
            .or_else(|| amount(case, atom, found))
            .or_else(|| credential(case, atom, found))
            .or_else(|| content(case, atom, found))
            .or_else(|| stricter(case, atom, found));
        if let Some(code) = ground {
            out.push(explain::value(case, atom, found, code));
        }
    }
    if never_asked(case) || elsewhere::dictated(case) {
        out.push(explain::never_asked(case));
    }
    if case.rules.strictness >= 1
        && let Some(source) = leaving::secret(case)
    {
        out.push(explain::secret(case, &source));
    }
    out
}

/// True if a value could only be right by having been read: not a yes, a year, a small number, a word.
fn telling(atom: &Atom) -> bool {
    let text = atom.value.text();
    match atom.value.sort {
        _ if !atom.formed => {
            text.chars().filter(|letter| letter.is_alphabetic()).count() >= 4 || text.len() >= 6
        }
        Sort::Number => text.len() >= 3,
        _ => true,
    }
}

/// A text that speaks to the agent itself, or was hidden, has the value.
fn spoken_to(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    let number = atom.role != Role::Content
        && atom.formed
        && atom.value.sort == Sort::Number
        && atom.value.text().len() >= 2;
    let counts = (telling(atom) || number) && !matches!(atom.role, Role::Schedule);
    let asked = matches!(case.asked, Asked::Yes | Asked::Delegated);
    let chosen = found.meant
        && case.asked == Asked::Yes
        && !matches!(atom.role, Role::Destination | Role::Amount);
    let own = found.field.is_some() && asked && (chosen || !meets(found.deeds, case.class.kinds));
    // What was asked for is not stopped by what honest letters say as well.
    let enough = if asked { PLAIN } else { SIGN };
    (counts && found.signs >= enough && !own).then_some("FLOW-0016")
}

/// True if an order is of these kinds; to change a record and to make one are the same. Of a tool of an unknown kind every
/// order may be.
pub(super) fn meets(ordered: Kinds, kinds: Kinds) -> bool {
    let made = Kinds::CREATE.or(Kinds::UPDATE);
    let both = |one: Kinds| if one.meets(made) { one.or(made) } else { one };
    if kinds.is_empty() { !ordered.is_empty() } else { both(ordered).meets(both(kinds)) }
}

/// A text orders the same kind of action with this very value.
fn ordered(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    let kinds = case.class.kinds;
    // Of what the person asked for, only the very same deed is another's order.
    let asked = matches!(case.asked, Asked::Yes | Asked::Delegated);
    let (around, here) =
        if asked { (found.deeds, found.deed) } else { (found.ordered, found.here) };
    // How much a paper says is its own line: what the next one asks for is another matter.
    let row = atom.role == Role::Amount || (found.listed && atom.role != Role::Content);
    let around = if asked && (row || found.named >= 2) { here } else { around };
    if papers::money(case, atom, found) || house::handed(case, atom, found) {
        return None;
    }
    let chooses = matches!(atom.role, Role::Selector | Role::Destination | Role::Other);
    // A small number tells if the very sentence orders with it.
    let small = chooses && found.field.is_none() && meets(here, kinds);
    // Of what nobody is known to have asked for, any order with this very value counts.
    let loose = case.context.person.spoke
        && !asked
        && !here.is_empty()
        && found.named < 2
        && atom.role != Role::Content
        && found.only_text();
    if atom.role == Role::Schedule || !(telling(atom) || small) || !(loose || meets(around, kinds))
    {
        return None;
    }
    let leads = atom.value.sort.leads_out();
    if asked && atom.value.sort != Sort::Link && quoted(case, atom, found) {
        return None;
    }
    if atom.role == Role::Content && !leads {
        // Words put into the agent's mouth.
        let dictated = atom.value.text().split(' ').count() >= 3 && meets(here, kinds);
        return (dictated && !(asked && found.named >= 2)).then_some("FLOW-0013");
    }
    // What is said to stand there is not what the text orders.
    // A list that they named and handed over, as long as nothing in it speaks to the agent.
    let list = case.handed()
        && found.named >= 2
        && found.signs < SIGN
        && !kinds.meets(Kinds::GRAVE)
        && case.rules.strictness < 3;
    let there = || list || pointed(case, atom, found) && (case.handed() || !meets(here, kinds));
    let changes = changes(case) && atom.value.sort != Sort::Account;
    let inward = changes || (case.class.acts == Acts::Inward && case.handed());
    if endorsed(case, atom, found) && (!leads || found.field.is_some() || inward || there()) {
        return None;
    }
    // A field of an own record too: the text picked one of them. Of what was asked for only a record by its id counts, and
    // only where the order itself stands: who is paid or where one stays is then a choice among the person's own.
    let by_id =
        atom.role == Role::Selector && atom.value.text().bytes().any(|one| one.is_ascii_digit());
    let chosen = if asked { by_id && found.named < 2 && meets(here, kinds) } else { chooses };
    // Nobody is let in or paid by a field of others, because a text of theirs asks for it.
    let grave = Kinds::INVITE.or(Kinds::SHARE).or(Kinds::PAY);
    let lent = found.foreign
        && leads
        && found.named < 2
        && kinds.meets(grave)
        && meets(around, kinds.and(grave))
        && !case.context.person.request.kinds.meets(grave);
    let picked = found.field.is_none() || (!found.meant && chosen) || lent;
    picked.then_some("FLOW-0013")
}

/// True if a value only stands in what is written down, or with the whole sentence that has it: to quote an order is not to
/// follow it, and what is written among the person's own reaches nobody.
fn quoted(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    // Where money goes is asked about whoever is quoted.
    if atom.role != Role::Content || !atom.inside || atom.value.sort == Sort::Account {
        return false;
    }
    let inward = case.class.acts == Acts::Inward && case.asked == Asked::Yes;
    // What they did not point at was dictated to the agent, not handed on.
    inward
        || found.named >= 2 && {
            let text = case.arguments.pointer(&atom.pointer).and_then(serde_json::Value::as_str);
            let text = fold(text.unwrap_or_default());
            found.sentences.iter().take(4).any(|at| {
                let sentence = case.context.index.text_of(*at);
                sentence.split(' ').nth(3).is_some() && holds(&text, &sentence)
            })
        }
}

/// True if what a letter that the person named says is to change: it stands in the record afterwards, and goes to nobody.
fn changes(case: &Case<'_>) -> bool {
    let kinds = case.class.kinds;
    !kinds.is_empty()
        && kinds.without(Kinds::CREATE.or(Kinds::UPDATE)).is_empty()
        && case.asked == Asked::Yes
        && case.context.person.request.refers
}

/// True if the person named the source for this kind of action.
fn endorsed(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    // What cannot be undone is not left to a text of others; who is here already may be let into a room.
    let grave = Kinds::GRAVE.or(Kinds::REMOVE).or(Kinds::CANCEL).without(Kinds::INVITE);
    let lasting = case.class.kinds.meets(grave)
        || (case.class.kinds.meets(Kinds::INVITE) && atom.value.sort.leads_out());
    match case.asked {
        Asked::Yes | Asked::Delegated | Asked::Unclear if found.signs >= PLAIN => false,
        Asked::Yes if case.handed() && !lasting => found.named >= 1,
        Asked::Yes => found.named >= 2,
        Asked::Delegated => found.named >= 1 && !lasting,
        // They asked for something in words that we do not know, and named where it stands.
        Asked::Unclear => {
            case.context.person.spoke
                && !case.class.kinds.is_empty()
                && found.named >= 2
                && !lasting
        }
        // What was named is named for what it is for.
        Asked::Elsewhere | Asked::No => false,
    }
}

/// True if an address may come from a source that the person named: they said that it is there, or handed the matter over
/// and it is of a house that is known.
fn pointed(case: &Case<'_>, atom: &Atom, found: &Found) -> bool {
    let own = index::host(&atom.value).is_some_and(|host| {
        case.context.index.met_host(host) || case.context.person.verbatim(host)
    });
    let request = &case.context.person.request;
    // A page that they named by its address may name places of its own house.
    let house = atom.value.sort == Sort::Link
        && index::host(&atom.value).is_some_and(|host| sources::of_house(case, host));
    let free = !meets(found.deed, case.class.kinds) && found.signs < SIGN;
    if found.named >= 3 && house && free && !case.class.kinds.meets(Kinds::GRAVE) {
        return true;
    }
    let handed = case.asked == Asked::Delegated || request.delegated;
    // Whom a text wants let in is not the address that they said is there.
    let let_in = found.deed.meets(Kinds::INVITE) && !request.kinds.meets(Kinds::INVITE);
    found.named >= 2 && ((request.seeks && !let_in) || (handed && own))
}

/// True for several people whom a text that they named has, all at once: one more by himself is somebody else's idea. They
/// spoke of several, or these are rows of a list that they named.
fn several(case: &Case<'_>, atom: &Atom, found: &Found, money: bool) -> bool {
    let several = |(atom, found): &&(Atom, Found)| {
        atom.role == Role::Destination && found.only_text() && found.named >= 2
    };
    let rows = || !money && found.named >= 3 && papers::rows(case, atom, found);
    found.named >= 2
        && case.values.iter().filter(several).count() >= 2
        && (case.context.person.request.crowd || rows())
}

/// A destination that only a text of others has.
fn destination(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    if case.rules.strictness < 2 || atom.inside && atom.role == Role::Content {
        return None;
    }
    let account = atom.value.sort == Sort::Account && (atom.role != Role::Content);
    let leads = atom.role == Role::Destination || account;
    let formed = atom.value.sort.leads_out()
        || postal(atom)
        || (atom.formed && case.class.kinds.meets(Kinds::PAY));
    if !leads || !formed {
        return None;
    }
    let money = account || case.class.kinds.meets(Kinds::PAY);
    if case.class.acts == Acts::Inward && case.handed() && endorsed(case, atom, found) {
        return None;
    }
    // What a letter says is new is not what the record has.
    let changed = changes(case) && (postal(atom) || atom.value.sort == Sort::Phone);
    if found.only_text() || leaving::of_others(case, found, money) {
        let free = !meets(found.deed, case.class.kinds) && found.signs < SIGN;
        let crowd = free && several(case, atom, found, money);
        let handed = case.handed() && found.named >= 3 && found.signs < SIGN;
        // Everybody whom a list has that they named.
        let list = case.context.person.request.crowd
            && free
            && !money
            && sources::lists(case, atom, found);
        let item = papers::item(case, atom, found) && !sources::contradicted(case, atom, found);
        let there = if money {
            sources::payee(case, atom, found)
        } else {
            changed
                || (handed && !case.class.kinds.meets(Kinds::GRAVE))
                || ((pointed(case, atom, found) || crowd || list)
                    && !sources::contradicted(case, atom, found)
                    && !elsewhere::other_address(case, atom, found))
        };
        let elsewhere = case.asked == Asked::Yes && sources::other_site(case, atom, found);
        let known = !money
            && (whom::meant(case, atom, found) || house::colleague(case, atom, found))
            && !sources::contradicted(case, atom, found);
        let named = (item
            || house::handed(case, atom, found)
            || ((there || known) && !elsewhere && (list || known || endorsed(case, atom, found))))
            && case.rules.strictness < 3;
        return (!named).then_some("FLOW-0012");
    }
    let other = (account && sources::other_than_named(case, atom, found))
        || (found.foreign && !changed && sources::contradicted(case, atom, found))
        || (case.context.person.spoke
            && case.asked == Asked::Yes
            && sources::other_site(case, atom, found));
    if other {
        return Some("FLOW-0012");
    }
    let grave = money || case.class.kinds.meets(Kinds::GRAVE);
    let sends = case.class.kinds.meets(Kinds::SEND);
    let unknown = found.nowhere() && atom.value.sort.leads_out();
    let spoke = case.context.person.spoke;
    // Without the person's words nobody can say whom they named: it depends on what else was read.
    let asks = if spoke { grave || sends } else { grave && leaving::has_read_others(case) };
    if unknown && asks { Some("FLOW-0020") } else { leaving::unspoken(case, atom, found) }
}

/// Somebody or something that only a text of others names, in a source that the person did not point at.
fn somebody(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    let name = telling(atom) && !matches!(atom.role, Role::Content | Role::Schedule | Role::Amount);
    // Without the person's words nobody can say whom they did not name.
    if case.rules.strictness < 2 || !found.only_text() || !case.context.person.spoke {
        return None;
    }
    let kinds = case.class.kinds;
    let request = &case.context.person.request;
    let addressed = kinds.meets(Kinds::SEND.or(Kinds::SHARE).or(Kinds::INVITE))
        && atom.role == Role::Destination;
    let told = request.crowd || request.delegated || request.seeks || found.named >= 2;
    let known = || whom::meant(case, atom, found);
    if name && addressed && !found.listed && !told && !known() {
        return Some("FLOW-0012");
    }
    // The number of a thing in a text about other things.
    let stray = atom.role == Role::Selector
        && atom.value.text().bytes().any(|byte| byte.is_ascii_digit())
        && !case.class.topics.is_empty()
        && !found.about.meets(case.class.topics);
    if stray && found.named < 2 && case.asked != Asked::Yes {
        return Some("FLOW-0012");
    }
    let orders = case.class.acts == Acts::Outward || kinds.meets(Kinds::BOOK.or(Kinds::BUY));
    if name && orders && sources::instead(case, atom, found) {
        return Some("FLOW-0012");
    }
    let chooses = !matches!(atom.role, Role::Content | Role::Schedule | Role::Amount);
    let written = kinds.meets(Kinds::UPDATE.or(Kinds::CREATE));
    if chooses && orders && !written && sources::other_record(case, atom, found) {
        return Some("FLOW-0012");
    }
    if elsewhere::other_field(case, atom, found) {
        return Some("FLOW-0012");
    }
    if !name || endorsed(case, atom, found) {
        return None;
    }
    let elsewhere = case.asked == Asked::Elsewhere;
    // A catalogue of such things offers it, or the person's words point at who does.
    let offered = found.listed || found.about.meets(case.class.topics.without(Topics::EVENT));
    let bought = kinds.meets(Kinds::BOOK.or(Kinds::BUY)) && !offered;
    (bought || elsewhere).then_some("FLOW-0012")
}

/// True for an address of a house: some words with a number.
pub(super) fn postal(atom: &Atom) -> bool {
    let text = atom.value.text();
    !atom.formed && text.split(' ').count() >= 3 && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// An amount that only a text has that the person did not name.
fn amount(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    // What a tool does that nobody understands may be to pay.
    let money = case.class.kinds.is_empty() || case.class.kinds.meets(Kinds::PAY.or(Kinds::BUY));
    let pays = money && case.class.acts == Acts::Outward && atom.role == Role::Amount;
    let unnamed = found.only_text() && found.named == 0 && telling(atom);
    let other =
        || sources::misfigured(case, atom, found) || sources::other_amount(case, atom, found);
    if case.rules.strictness >= 2 && other() {
        return Some("FLOW-0014");
    }
    let spoke = case.context.person.spoke;
    // Money that others put a figure on is asked about without the person's words, too.
    let paid = case.class.kinds.meets(Kinds::PAY) && leaving::has_read_others(case);
    (case.rules.strictness >= 2 && pays && unnamed && (spoke || paid)).then_some("FLOW-0014")
}

/// A password or key that a text has.
fn credential(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    let secret =
        atom.role == Role::Credential && case.class.kinds.meets(Kinds::SECRET.or(Kinds::UPDATE));
    (case.rules.strictness >= 1 && secret && found.only_text()).then_some("FLOW-0012")
}

/// A link or an address that a text wants said.
fn content(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    let said = atom.role != Role::Destination && atom.value.sort.leads_out() && found.only_text();
    // What is written among the person's own reaches nobody.
    let inward = case.class.acts == Acts::Inward
        && case.asked == Asked::Yes
        && atom.value.sort != Sort::Link;
    let rival = case.rules.strictness >= 2
        && atom.value.sort == Sort::Link
        && (sources::rival_link(case, atom, found)
            || (matches!(case.asked, Asked::Yes | Asked::Unclear)
                && sources::other_site(case, atom, found)));
    let asked_for = endorsed(case, atom, found)
        && !rival
        && (!meets(found.deed, case.class.kinds) || case.handed());
    // What is told to whom they named is told, unless it leads somewhere.
    let mine = |(other, found): &(Atom, Found)| other.role != Role::Destination || found.yours;
    let quote = case.asked == Asked::Yes
        && atom.value.sort != Sort::Link
        && case.rules.strictness < 3
        && quoted(case, atom, found);
    let told = !rival
        && atom.value.sort != Sort::Link
        && found.ordered.is_empty()
        && case.asked == Asked::Yes
        && case.rules.strictness < 3
        && case.values.iter().all(mine);
    if !said || asked_for || told || quote || inward && case.rules.strictness < 3 {
        return None;
    }
    let person = &case.context.person;
    // A link that nothing pointed at is not what was asked for, whatever stands around it.
    let quiet = found.ordered.is_empty() && atom.value.sort != Sort::Link;
    let unordered = (quiet && person.request.refers) || (found.ordered.is_empty() && !person.spoke);
    let wanted = rival || (case.rules.strictness >= 2 && found.named < 2 && !unordered);
    (wanted || (case.rules.strictness >= 3 && found.named == 0)).then_some("FLOW-0015")
}

/// At the strictest, every telling value that only a text has.
fn stricter(case: &Case<'_>, atom: &Atom, found: &Found) -> Option<&'static str> {
    let only = found.only_text() && telling(atom) && atom.role != Role::Content;
    (case.rules.strictness >= 4 && only && found.named < 2).then_some("FLOW-0012")
}

/// A kind of action that the person never asked for, after words of others were read.
fn never_asked(case: &Case<'_>) -> bool {
    if case.rules.strictness == 0 || case.asked != Asked::No {
        return false;
    }
    if harmless(case) {
        return false;
    }
    // Everything that tells in it is in the person's words: they meant it, in words that we do not know.
    // What the agent words itself is not looked for in them: a title, a greeting.
    // Of whom only asked for something to be looked at, everything has to be said.
    // What leaves for somebody, too.
    let acts = !case.context.person.request.kinds.is_empty()
        && !case.class.kinds.meets(Kinds::GRAVE.or(Kinds::SEND));
    let said = |(atom, found): &(Atom, Found)| {
        let worded = atom.role == Role::Schedule || (acts && atom.role == Role::Content);
        let worded = worded && found.nowhere();
        let looked_up =
            acts && atom.role == Role::Selector && found.field.is_some() && !found.foreign;
        found.yours || worded || looked_up
    };
    // Unless a text orders it with the same values.
    let free = case.values.iter().all(|(_, found)| found.ordered.and(case.class.kinds).is_empty());
    let meant = free && case.values.iter().any(|(atom, found)| telling(atom) && found.yours);
    !(meant && case.values.iter().all(said) && !leaving::repeats(case, 2))
}

/// True for a change of own records with nothing in it that only others say or that a text orders, and that leaves nothing
/// for anybody outside: nobody's words but the person's can have caused it.
fn harmless(case: &Case<'_>) -> bool {
    let kinds = case.class.kinds;
    let changes = Kinds::CREATE.or(Kinds::UPDATE).or(Kinds::BOOK);
    let heard = case.class.topics.meets(Topics::MAIL.or(Topics::CHAT).or(Topics::WEB));
    let leaves = heard || case.class.acts == Acts::Outward;
    if leaves || kinds.is_empty() || !kinds.without(changes).is_empty() {
        return false;
    }
    let own = |(_, found): &(Atom, Found)| {
        !(found.only_text() || found.foreign || meets(found.ordered, kinds))
    };
    case.values.iter().all(own) && !leaving::repeats(case, leaving::ANY)
}
