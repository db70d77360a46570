//! Phrases that judgments, letters, texts and differences share. Never here: a decision, or a condition without words.

use writ_model::{Role, Timestamp, text::quote, time::MONTHS};

use crate::{
    Action, Calendar, Charter, Clause, Hours, Limit, Mode, Naming, Per, Reversibility, Scope, Seat,
    Waits, When, action, catalog, family,
};

/// The name people use for an id or a server, or the sentence of a class, if there is one; as it is, without marks.
pub(crate) type Names<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Several texts of somebody's own.
pub(crate) fn quotes(list: &[String], last: &str) -> String {
    join(&list.iter().map(|one| quote(one)).collect::<Vec<_>>(), last)
}

/// How an id or a server is said: by its name, and in exact texts by itself too.
#[derive(Clone, Copy)]
pub(crate) struct Voice<'a> {
    pub(crate) names: Names<'a>,
    pub(crate) exact: bool,
}

impl Voice<'_> {
    /// An id, which is nobody's own text.
    pub(crate) fn id(&self, id: &str) -> String {
        match (self.names)(id).filter(|name| name != id) {
            Some(name) if self.exact => format!("{} ({id})", quote(&name)),
            Some(name) => quote(&name),
            None => id.to_owned(),
        }
    }

    fn server(&self, server: &str) -> String {
        match (self.names)(server).filter(|name| name != server) {
            Some(name) if self.exact => format!("{} ({})", quote(&name), quote(server)),
            Some(name) => quote(&name),
            None => quote(server),
        }
    }
}

/// What a class does, in the third person; a charter's own words are quoted.
pub(crate) fn does(known: &Action) -> String {
    if known.class.starts_with("x.") { quote(&known.sentence) } else { known.sentence.clone() }
}

/// The same in the base form.
fn base(known: &Action) -> String {
    let said = infinitive(&known.sentence);
    if known.class.starts_with("x.") { quote(&said) } else { said }
}

/// Families as people call them, completing "do anything with …".
const FAMILIES: &[(&str, &str)] = &[
    ("agent.*", "agents"),
    ("data.*", "data"),
    ("file.*", "files"),
    ("host.*", "machines"),
    ("mail.*", "mail"),
    ("payment.*", "payments"),
    ("user.*", "people's accounts"),
    ("vendor.*", "vendors"),
];

/// The base form of a sentence in the third person: `releases a payment` → `release a payment`.
pub(crate) fn infinitive(sentence: &str) -> String {
    let (verb, rest) = sentence.split_once(' ').unwrap_or((sentence, ""));
    let base = if let Some(stem) = verb.strip_suffix("ies") {
        format!("{stem}y")
    } else if ["sses", "shes", "ches", "xes", "oes"].iter().any(|end| verb.ends_with(end)) {
        verb.strip_suffix("es").unwrap_or(verb).to_owned()
    } else {
        verb.strip_suffix('s').filter(|stem| !stem.ends_with('s')).unwrap_or(verb).to_owned()
    };
    if rest.is_empty() { base } else { format!("{base} {rest}") }
}

/// What a pattern of classes is about, in the base form: `send mail`, `do anything with mail`, `do anything at all`.
pub(crate) fn deed(pattern: &str, charter: Option<&Charter>, names: Names<'_>) -> String {
    if pattern == "*" {
        return "do anything at all".to_owned();
    }
    if let Some((_, things)) = FAMILIES.iter().find(|(family, _)| *family == pattern) {
        return format!("do anything with {things}");
    }
    if pattern.ends_with(".*") {
        let own = charter.map(|charter| charter.actions.as_slice()).unwrap_or_default();
        let all = catalog().iter().chain(own).filter(|one| family(pattern, &one.class));
        let all: Vec<String> = all.map(base).collect();
        return if all.is_empty() { format!("do {pattern}") } else { join(&all, "or") };
    }
    match charter.map_or_else(|| action(pattern), |charter| charter.action(pattern)) {
        Some(known) => base(known),
        None => {
            names(pattern).map_or_else(|| format!("do {pattern}"), |said| quote(&infinitive(&said)))
        }
    }
}

/// People of a role, several of them.
pub(crate) const fn role(role: Role) -> &'static str {
    match role {
        Role::Engineer => "engineers",
        Role::Approver => "approvers",
        Role::Owner => "owners",
        Role::Auditor => "auditors",
    }
}

/// One seat: `one approver of the client`.
fn seat(seat: Seat) -> String {
    let role = match seat.n {
        1 => seat.role.to_string(),
        _ => role(seat.role).to_owned(),
    };
    format!("{} {role} of the {}", number(u64::from(seat.n)), seat.party)
}

/// People of a quorum: `one approver of the client and two owners of the provider`.
pub(crate) fn quorum(seats: &[Seat]) -> String {
    let all: Vec<String> = seats.iter().copied().map(seat).collect();
    if all.is_empty() { "nobody".to_owned() } else { join(&all, "and") }
}

/// Where a scope is, one phrase for each list that is not empty.
pub(crate) fn scope(scope: &Scope, voice: Voice<'_>) -> Vec<String> {
    let own = |list: &[String]| list.iter().map(|one| quote(one)).collect();
    let lists = [
        (
            "through agents of the group",
            scope.groups.iter().map(|id| voice.id(&id.to_string())).collect(),
        ),
        ("through the agent", scope.agents.iter().map(|id| voice.id(&id.to_string())).collect()),
        ("on the server", scope.servers.iter().map(|one| voice.server(one)).collect()),
        ("where it is tagged", own(&scope.tags)),
        ("where the data is", own(&scope.data)),
    ];
    let said = |(what, list): (&str, Vec<String>)| {
        (!list.is_empty()).then(|| format!("{what} {}", join(&list, "or")))
    };
    lists.into_iter().filter_map(said).collect()
}

/// Conditions, one phrase each. `hours` says what the hours are called: `working hours`, `your working hours`.
pub(crate) fn when(when: &When, hours: &str) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(known) = when.hours {
        said.push(match known {
            Hours::Inside => format!("in {hours}"),
            Hours::Outside => format!("outside {hours}"),
        });
    }
    if let Some(severity) = when.severity {
        said.push(format!("if its severity is at least {}", severity.word()));
    }
    if let Some(percent) = when.confidence {
        said.push(format!("if it is at least {percent} percent sure"));
    }
    if !when.reversibility.is_empty() {
        let kinds: Vec<String> =
            when.reversibility.iter().map(|one| Reversibility::sentence(*one).to_owned()).collect();
        said.push(format!("if it {}", join(&kinds, "or")));
    }
    if let Some(money) = &when.amount_over {
        said.push(format!("if the amount is more than {}", money.words()));
    }
    said
}

/// How a mode decides, completing "What it covers is …".
pub(crate) fn mode(mode: &Mode) -> String {
    match mode {
        Mode::Refuse => "refused".to_owned(),
        Mode::Propose => "only proposed, and a person does it".to_owned(),
        Mode::Approve { quorum: seats } => format!("done once {} said yes", quorum(seats)),
        Mode::NotifyAndAct => "done at once, and people are told".to_owned(),
        Mode::Act => "done at once".to_owned(),
    }
}

/// An exception, completing "It does not hold …".
pub(crate) fn unless(one: &crate::Unless, hours: &str, voice: Voice<'_>) -> String {
    let mut parts = scope(&one.scope, voice);
    parts.extend(when(&one.when, hours));
    if parts.is_empty() { "anywhere".to_owned() } else { join(&parts, "and") }
}

/// A clause in one line, with all that decides but how long a question waits.
pub(crate) fn brief(clause: &Clause, charter: &Charter) -> String {
    let voice = Voice { names: &|_: &str| None, exact: false };
    let deeds: Vec<String> =
        clause.actions.iter().map(|one| deed(one, Some(charter), voice.names)).collect();
    let mut parts = vec![join(&deeds, "or")];
    parts.extend(scope(&clause.scope, voice));
    parts.extend(when(&clause.when, "working hours"));
    let mut said = vec![format!("{}: {}", parts.join(", "), mode(&clause.mode))];
    said.extend(clause.limits.iter().map(limit));
    let not = clause.unless.iter().map(|one| unless(one, "working hours", voice));
    said.extend(not.map(|one| format!("but not {one}")));
    said.extend(clause.from.map(|from| format!("from {}", instant(from))));
    said.extend(clause.until.map(|until| format!("until {}", instant(until))));
    said.join("; ")
}

/// A limit: `at most five times an hour`.
pub(crate) fn limit(limit: &Limit) -> String {
    let each = |per: &Per| match per {
        Per::Hour => "an hour",
        Per::Day => "a day",
    };
    match limit {
        Limit::Count { most: 1, per } => format!("at most once {}", each(per)),
        Limit::Count { most, per } => format!("at most {} times {}", number(*most), each(per)),
        Limit::Money { most, per } => format!("at most {} {}", most.words(), each(per)),
        Limit::Concurrent { most } => {
            format!("at most {} at the same time", number(u64::from(*most)))
        }
    }
}

/// How long a question waits.
pub(crate) fn waits(waits: Waits) -> String {
    let lapses = minutes(waits.expires_minutes);
    match waits.escalate_minutes {
        None => format!("A question waits {lapses}."),
        Some(after) => format!(
            "A question waits {lapses}; after {} any owner of a party may answer for it.",
            minutes(after)
        ),
    }
}

/// A span of minutes: `one hour`, `90 minutes`.
pub(crate) fn minutes(n: u32) -> String {
    match n {
        1 => "one minute".to_owned(),
        60 => "one hour".to_owned(),
        1440 => "one day".to_owned(),
        n if n > 60 && n.is_multiple_of(60) => format!("{} hours", number(u64::from(n / 60))),
        n => format!("{} minutes", number(u64::from(n))),
    }
}

/// When people work, exactly: `Monday to Friday, 08:00 to 18:00 (Europe/Berlin), but not on 2026-12-25`.
pub(crate) fn hours(known: &Calendar) -> String {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let closed = if known.closed.is_empty() {
        String::new()
    } else {
        format!(", but not on {}", join(&known.closed, "or"))
    };
    format!(
        "{}, {} to {} ({}){closed}",
        days(&known.days),
        time(known.from_minute),
        time(known.to_minute),
        known.zone
    )
}

fn days(list: &[u8]) -> String {
    let name = |day: u8| match day {
        1 => "Monday",
        2 => "Tuesday",
        3 => "Wednesday",
        4 => "Thursday",
        5 => "Friday",
        6 => "Saturday",
        7 => "Sunday",
        _ => "no day",
    };
    let mut sorted = list.to_vec();
    sorted.sort_unstable();
    match (sorted.first(), sorted.last()) {
        (Some(first), Some(last))
            if sorted.len() > 2 && usize::from(last - first) + 1 == sorted.len() =>
        {
            format!("{} to {}", name(*first), name(*last))
        }
        (None, _) => "no day".to_owned(),
        _ => join(&sorted.iter().map(|day| name(*day).to_owned()).collect::<Vec<_>>(), "and"),
    }
}

/// A date in a place, as people say it: `3 November 2026`.
pub(crate) fn day(zone: &str, at: Timestamp) -> String {
    let Some(((year, month, day), _, minute)) = crate::clock::local_date(zone, at) else {
        return at.to_string();
    };
    let month = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at)).unwrap_or(&"");
    let time = if minute == 0 {
        String::new()
    } else {
        format!(", {:02}:{:02}", minute / 60, minute % 60)
    };
    format!("{day} {month} {year}{time}")
}

/// An instant, exactly, without digits that say nothing.
pub(crate) fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    text.strip_suffix(".000000Z").map_or_else(|| text.clone(), |short| format!("{short}Z"))
}

/// What counts as what, exactly.
pub(crate) fn naming(one: &Naming) -> String {
    let server = if one.server == "*" {
        "any server".to_owned()
    } else {
        format!("the server {}", quote(&one.server))
    };
    let name = match one.name.strip_suffix('*') {
        Some("") => format!("any {}", one.surface),
        Some(start) => format!("any {} whose name begins with {}", one.surface, quote(start)),
        None => format!("the {} {}", one.surface, quote(&one.name)),
    };
    let mut said = vec![format!("{name} on {server} counts as {}", one.action)];
    let currency = match one.currency.as_deref() {
        Some(at) if at.starts_with('/') => format!("its currency stands at {}", quote(at)),
        Some(code) => format!("its currency is {code}"),
        None => "it has no currency".to_owned(),
    };
    said.extend(one.amount.iter().map(|at| format!("its amount stands at {}", quote(at))));
    if one.amount.is_some() || one.currency.is_some() {
        said.push(currency);
    }
    if !one.tags.is_empty() {
        said.push(format!("tagged {}", quotes(&one.tags, "and")));
    }
    if !one.data.is_empty() {
        said.push(format!("its data is {}", quotes(&one.data, "and")));
    }
    said.join("; ")
}

/// Small numbers as words.
pub(crate) fn number(n: u64) -> String {
    let words =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let word = usize::try_from(n).ok().and_then(|n| words.get(n));
    word.map_or_else(|| n.to_string(), |word| (*word).to_owned())
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn join(parts: &[String], last: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., end] => format!("{} {last} {end}", start.join(", ")),
    }
}

/// A sentence: its first letter large, a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_lose_their_third_person() {
        for (third, base) in [
            ("releases a payment", "release a payment"),
            ("carries a message", "carry a message"),
            ("pushes code", "push code"),
            ("fixes a row", "fix a row"),
            ("goes away", "go away"),
            ("passes", "pass"),
            ("freezes", "freeze"),
            ("uses a tool", "use a tool"),
            ("re-price", "re-price"),
            ("", ""),
        ] {
            assert_eq!(infinitive(third), base);
        }
    }

    #[test]
    fn every_class_of_the_catalogue_has_a_base_form() {
        for one in catalog() {
            let verb = one.sentence.split(' ').next().unwrap();
            let base = infinitive(&one.sentence);
            assert!(verb.ends_with('s') && !base.starts_with(&format!("{verb} ")), "{base}");
        }
    }

    #[test]
    fn days_and_spans_read_well() {
        assert_eq!(days(&[1, 2, 3, 4, 5]), "Monday to Friday");
        assert_eq!(days(&[6, 2]), "Tuesday and Saturday");
        assert_eq!(days(&[]), "no day");
        assert_eq!(minutes(60), "one hour");
        assert_eq!(minutes(90), "90 minutes");
        assert_eq!(minutes(480), "eight hours");
        let at = "2026-11-03T14:03:00Z".parse().unwrap();
        assert_eq!(day("Europe/Berlin", at), "3 November 2026, 15:03");
        assert_eq!(instant(at), "2026-11-03T14:03:00Z");
        assert!(crate::calendar::date("2026-11-03").is_some());
    }
}
