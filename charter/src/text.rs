//! The exact full text of a charter and its clauses, for the contract's appendix and for who wants every word: nothing
//! that decides is left out (a test changes each field and sees the text change).
//! Never here: a summary. To add a field: its line below.

use writ_model::text::quote;

use crate::{
    Charter, Clause, Mode, action,
    words::{self, Names, Voice, instant, join},
};

/// What the calendar's hours are called.
const HOURS: &str = "working hours";

/// One clause in full, a line for each part. `names` gives the name people use for an id or a server, or the sentence of a
/// class of the charter's own, as it is; ids stand behind their names. What is somebody's own text stands between “ and ”.
pub fn clause_text(clause: &Clause, names: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let voice = Voice { names, exact: true };
    let mut lines = vec![
        format!("Clause {}: {}.", clause.key, quote(&clause.title)),
        format!("It covers whatever {}.", covers(clause, names)),
    ];
    lines.extend(listed("It holds", &words::scope(&clause.scope, voice)));
    lines.extend(listed("It holds", &words::when(&clause.when, HOURS)));
    for unless in &clause.unless {
        lines.push(format!("It does not hold {}.", words::unless(unless, HOURS, voice)));
    }
    lines.push(format!(
        "Mode {}: what it covers is {}.",
        clause.mode.word(),
        words::mode(&clause.mode)
    ));
    if matches!(clause.mode, Mode::Approve { .. } | Mode::Propose) || !clause.waits.is_default() {
        lines.push(format!("{} Then it lapses, and is not done.", words::waits(clause.waits)));
    }
    for limit in &clause.limits {
        lines.push(format!("Limit: {}.", words::limit(limit)));
    }
    let dates = [
        ("It holds from", clause.from),
        ("It holds until", clause.until),
        ("It is looked at again by", clause.review_by),
    ];
    lines
        .extend(dates.iter().filter_map(|(what, at)| Some(format!("{what} {}.", instant((*at)?)))));
    if let Some(cap) = &clause.liability_cap {
        lines.push(format!("Liability: at most {}.", cap.words()));
    }
    if let Some(place) = &clause.contract_ref {
        lines.push(format!("In the contract: {}.", quote(place)));
    }
    if let Some(old) = &clause.supersedes {
        lines.push(format!("It takes the place of clause {old}."));
    }
    if !clause.enforced_by.is_empty() {
        lines.push(format!("Enforced at: {}.", words::quotes(&clause.enforced_by, "and")));
    }
    lines
}

fn covers(clause: &Clause, names: Names<'_>) -> String {
    let one = |pattern: &String| {
        if pattern == "*" {
            return "does anything at all (*)".to_owned();
        }
        let known = action(pattern)
            .map(|known| known.sentence.clone())
            .or_else(|| names(pattern).map(|own| quote(&own)));
        match known {
            Some(sentence) => format!("{sentence} ({pattern})"),
            None => format!("does anything of the kind {pattern}"),
        }
    };
    join(&clause.actions.iter().map(one).collect::<Vec<_>>(), "or")
}

fn listed(what: &str, parts: &[String]) -> Vec<String> {
    parts.iter().map(|part| format!("{what} only {part}.")).collect()
}

/// What frames the clauses, a line for each part: which charter, between whom, how long, when people work, classes of its
/// own, what counts as what, and what holds for all clauses.
pub fn charter_text(charter: &Charter, names: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let client = Voice { names, exact: true }.id(&charter.client.to_string());
    let mut lines = vec![
        format!("Charter {}, version {}, form {}.", charter.charter, charter.version, charter.v),
        format!(
            "Between {} (the provider) and {} (the client), in the space {client}.",
            quote(&charter.parties.provider),
            quote(&charter.parties.client)
        ),
    ];
    if let Some(base) = &charter.base {
        lines.push(format!("It began with the template {}.", quote(base)));
    }
    let dates = [
        ("It holds from", charter.from),
        ("It holds until", charter.until),
        ("It is looked at again by", charter.review_by),
    ];
    lines
        .extend(dates.iter().filter_map(|(what, at)| Some(format!("{what} {}.", instant((*at)?)))));
    if let Some(place) = &charter.contract_ref {
        lines.push(format!("It is an appendix of {}.", quote(place)));
    }
    lines.push(format!("Working hours: {}.", words::hours(&charter.calendar)));
    for own in &charter.actions {
        lines.push(format!(
            "{} is whatever {}. It {}, and reaches {}. Typical harm: {}",
            own.class,
            words::does(own),
            own.reversibility.sentence(),
            own.blast.sentence(),
            quote(&own.harm)
        ));
    }
    lines.extend(charter.counts_as.iter().map(|one| words::sentence(&words::naming(one))));
    lines.extend(RULES.iter().map(|rule| (*rule).to_owned()));
    lines
}

/// What holds for all clauses.
const RULES: &[&str] = &[
    "Every clause that fits applies, and the strictest one decides: refuse before propose, propose before approve, approve \
     before notify-and-act, notify-and-act before act.",
    "What no clause covers is refused. What is not known of a deed never gives permission.",
    "Where it is said above what something counts as, and no tag or class of data is named with it, it has none. Of several \
     amounts of one call the largest counts; of a list of several none is known.",
    "Of several approvals every seat must be filled, by different people; nobody approves what they asked for.",
    "Of several limits all hold; the hours and days of what agents do are those of UTC.",
    "A clause that is suspended refuses what it covers.",
    "Either party alone may at any time put an agent on hold, end it, suspend a clause or the whole delegation, and freeze \
     everything; no clause takes that away.",
];
