//! One clause before and after, part by part. To add a field: its comparison below.

use super::{Direction, Reach};
use writ_model::text::quote;

use crate::{
    Clause, Limit, Mode, Per, Scope, Unless, Waits, When,
    words::{self, Voice, instant, join},
};

/// What a part does.
pub(super) enum Part {
    /// This, whatever else stands.
    Goes(Direction),
    /// It changes where or when the clause applies.
    Reaches(Reach),
    /// It changes which of these actions it covers.
    Actions(Reach, Vec<String>),
}

/// Every part that differs: its words, and what it does.
pub(super) fn parts(old: &Clause, new: &Clause) -> Vec<(String, Part)> {
    let mut found = Vec::new();
    // The mode first: what reaches otherwise then does so in the new mode.
    mode(&mut found, &old.mode, &new.mode);
    let (more, less) = changed(&old.actions, &new.actions);
    if !(more.is_empty() && less.is_empty()) {
        let words = actions(&more, &less);
        let both = more.into_iter().chain(less).collect();
        found.push((words, Part::Actions(patterns(old, new), both)));
    }
    scope(&mut found, &old.scope, &new.scope);
    when(&mut found, &old.when, &new.when);
    unless(&mut found, &old.unless, &new.unless);
    dates(&mut found, old, new);
    limits(&mut found, old, new);
    waits(&mut found, (old.waits, new.waits), &new.mode);
    remarks(&mut found, old, new);
    if found.is_empty() && old != new {
        let words = "entries of its lists stand in another order".to_owned();
        found.push((words, Part::Goes(Direction::Same)));
    }
    found
}

type Found = Vec<(String, Part)>;

fn mode(found: &mut Found, old: &Mode, new: &Mode) {
    if old == new {
        return;
    }
    let direction = match (new.at_least(old), old.at_least(new)) {
        (true, true) => Direction::Same,
        (true, false) => Direction::Tighter,
        (false, true) => Direction::Looser,
        (false, false) => Direction::Mixed,
    };
    let (was, is) = (words::mode(old), words::mode(new));
    found.push((format!("what it covers was {was}; now it is {is}"), Part::Goes(direction)));
}

fn actions(more: &[String], less: &[String]) -> String {
    let mut said = Vec::new();
    if !more.is_empty() {
        said.push(format!("it now also covers {}", join(more, "and")));
    }
    if !less.is_empty() {
        said.push(format!("it no longer covers {}", join(less, "and")));
    }
    join(&said, "and")
}

/// What came and what went.
fn changed(old: &[String], new: &[String]) -> (Vec<String>, Vec<String>) {
    let not_in = |list: &[String], other: &[String]| {
        list.iter().filter(|one| !other.contains(one)).cloned().collect()
    };
    (not_in(new, old), not_in(old, new))
}

fn patterns(old: &Clause, new: &Clause) -> Reach {
    let covers = |clause: &Clause, pattern: &String| {
        clause.actions.iter().any(|known| known == pattern || crate::family(known, pattern))
    };
    let wider = old.actions.iter().all(|pattern| covers(new, pattern));
    let narrower = new.actions.iter().all(|pattern| covers(old, pattern));
    match (wider, narrower) {
        (true, _) => Reach::Wider,
        (false, true) => Reach::Narrower,
        (false, false) => Reach::Moved,
    }
}

fn scope(found: &mut Found, old: &Scope, new: &Scope) {
    let ids = |list: &[writ_model::GroupId]| list.iter().map(ToString::to_string).collect();
    let agents = |list: &[writ_model::AgentId]| list.iter().map(ToString::to_string).collect();
    let (old_groups, new_groups): (Vec<String>, Vec<String>) = (ids(&old.groups), ids(&new.groups));
    let (old_agents, new_agents): (Vec<String>, Vec<String>) =
        (agents(&old.agents), agents(&new.agents));
    for (what, old, new) in [
        ("agents of the groups", &old_groups, &new_groups),
        ("the agents", &old_agents, &new_agents),
        ("the servers", &old.servers, &new.servers),
        ("what is tagged", &old.tags, &new.tags),
        ("data of the kinds", &old.data, &new.data),
    ] {
        let (more, less) = changed(old, new);
        if !(more.is_empty() && less.is_empty()) {
            let name = |list: &[String]| {
                if list.is_empty() { "any".to_owned() } else { words::quotes(list, "or") }
            };
            let words = format!("{what}: it held for {}; now for {}", name(old), name(new));
            found.push((words, Part::Reaches(Reach::of_list(old, new))));
        }
    }
}

fn when(found: &mut Found, old: &When, new: &When) {
    let mut note = |before: When, after: When, reach: Reach| {
        if before != after {
            let say = |one: &When| {
                let parts = words::when(one, "working hours");
                if parts.is_empty() { "always".to_owned() } else { join(&parts, "and") }
            };
            let words = format!("it held {}; now {}", say(&before), say(&after));
            found.push((words, Part::Reaches(reach)));
        }
    };
    let only = When::default;
    let reach = Reach::of_least(old.severity.as_ref(), new.severity.as_ref());
    let severity = |severity| When { severity, ..only() };
    note(severity(old.severity), severity(new.severity), reach);
    let reach = Reach::of_least(old.confidence.as_ref(), new.confidence.as_ref());
    let confidence = |confidence| When { confidence, ..only() };
    note(confidence(old.confidence), confidence(new.confidence), reach);
    let reach = match (old.hours, new.hours) {
        (_, None) => Reach::Wider,
        (None, Some(_)) => Reach::Narrower,
        (Some(_), Some(_)) => Reach::Moved,
    };
    let hours = |hours| When { hours, ..only() };
    note(hours(old.hours), hours(new.hours), reach);
    let reach = Reach::of_list(&old.reversibility, &new.reversibility);
    let kinds = |one: &When| When { reversibility: one.reversibility.clone(), ..only() };
    note(kinds(old), kinds(new), reach);
    let reach = match (&old.amount_over, &new.amount_over) {
        (Some(old), Some(new)) if old.currency != new.currency => Reach::Moved,
        (old, new) => {
            let value = |money: &Option<crate::Money>| money.as_ref().and_then(crate::Money::value);
            Reach::of_least(value(old).as_ref(), value(new).as_ref())
        }
    };
    let amount = |one: &When| When { amount_over: one.amount_over.clone(), ..only() };
    note(amount(old), amount(new), reach);
}

fn unless(found: &mut Found, old: &[Unless], new: &[Unless]) {
    let voice = Voice { names: &|_: &str| None, exact: false };
    for one in new.iter().filter(|one| !old.contains(one)) {
        let words = format!("new exception: not {}", words::unless(one, "working hours", voice));
        found.push((words, Part::Reaches(Reach::Narrower)));
    }
    for one in old.iter().filter(|one| !new.contains(one)) {
        let said = words::unless(one, "working hours", voice);
        found.push((format!("exception gone: not {said}"), Part::Reaches(Reach::Wider)));
    }
}

fn dates(found: &mut Found, old: &Clause, new: &Clause) {
    let say = |at: Option<writ_model::Timestamp>| at.map_or("always".to_owned(), instant);
    if old.from != new.from {
        let reach = Reach::of_least(old.from.as_ref(), new.from.as_ref());
        let words = format!("it began {}; now {}", say(old.from), say(new.from));
        found.push((words, Part::Reaches(reach)));
    }
    if old.until != new.until {
        let reach = match (old.until, new.until) {
            (_, None) => Reach::Wider,
            (None, Some(_)) => Reach::Narrower,
            (old, new) => Reach::of_least(old.as_ref(), new.as_ref()).turned(),
        };
        let end = |at: Option<writ_model::Timestamp>| at.map_or("never".to_owned(), instant);
        let words = format!("it ended {}; now {}", end(old.until), end(new.until));
        found.push((words, Part::Reaches(reach)));
    }
}

/// What two limits must share to be compared.
fn kind(limit: &Limit) -> (u8, Option<Per>, &str) {
    match limit {
        Limit::Count { per, .. } => (0, Some(*per), ""),
        Limit::Money { most, per } => (1, Some(*per), &most.currency),
        Limit::Concurrent { .. } => (2, None, ""),
    }
}

fn limits(found: &mut Found, old: &Clause, new: &Clause) {
    for one in old.limits.iter().filter(|one| !new.limits.contains(one)) {
        let instead = new.limits.iter().any(|other| kind(other) == kind(one));
        let words = format!("limit gone: {}", words::limit(one));
        let words = if instead { format!("{words}, for another one") } else { words };
        found.push((words, Part::Goes(Direction::Looser)));
    }
    for one in new.limits.iter().filter(|one| !old.limits.contains(one)) {
        found.push((format!("new limit: {}", words::limit(one)), Part::Goes(Direction::Tighter)));
    }
}

fn waits(found: &mut Found, (old, new): (Waits, Waits), mode: &Mode) {
    if old == new {
        return;
    }
    let asks = matches!(mode, Mode::Approve { .. } | Mode::Propose);
    let longer = match new.expires_minutes.cmp(&old.expires_minutes) {
        std::cmp::Ordering::Less => Direction::Tighter,
        std::cmp::Ordering::Equal => Direction::Same,
        std::cmp::Ordering::Greater => Direction::Looser,
    };
    let late = |waits: Waits| waits.escalate_minutes.unwrap_or(u32::MAX);
    let sooner = match late(new).cmp(&late(old)) {
        std::cmp::Ordering::Less => Direction::Looser,
        std::cmp::Ordering::Equal => Direction::Same,
        std::cmp::Ordering::Greater => Direction::Tighter,
    };
    let direction = if asks { longer.and(sooner) } else { Direction::Same };
    let words = format!("was: {} Now: {}", words::waits(old), words::waits(new));
    found.push((words.trim_end_matches('.').to_owned(), Part::Goes(direction)));
}

/// What is written down and decides nothing.
fn remarks(found: &mut Found, old: &Clause, new: &Clause) {
    let date = |at: Option<writ_model::Timestamp>| at.map(instant);
    let cap = |clause: &Clause| clause.liability_cap.as_ref().map(crate::Money::words);
    let text = |text: &Option<String>| text.as_deref().map(quote);
    let rows = [
        ("its title", Some(quote(&old.title)), Some(quote(&new.title))),
        ("its review is due", date(old.review_by), date(new.review_by)),
        ("the provider answers for at most", cap(old), cap(new)),
        ("its place in the contract", text(&old.contract_ref), text(&new.contract_ref)),
        ("the clause whose place it takes", old.supersedes.clone(), new.supersedes.clone()),
    ];
    for (what, old, new) in rows {
        if old != new {
            let say = |text: Option<String>| text.unwrap_or_else(|| "not said".to_owned());
            let words = format!("{what}: was {}; now {}", say(old), say(new));
            found.push((words, Part::Goes(Direction::Same)));
        }
    }
    if old.enforced_by != new.enforced_by {
        let words = "the points that enforce it are named anew".to_owned();
        found.push((words, Part::Goes(Direction::Same)));
    }
}
