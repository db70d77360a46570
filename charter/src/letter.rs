//! The charter as a letter to the owner of a shop: short sentences, no words of our trade.
//!
//! It tells all that decides, in plain words; the exact text is `text.rs`'s. Never here: a promise that no clause makes.
//! To add a condition: its phrase in `words.rs`, which letters and texts share.

use serde::{Deserialize, Serialize};

use writ_model::text::quote;

use crate::{
    Charter, Clause, Mode, Seat, Side,
    words::{self, Names, Voice, join},
};

/// What the client's hours are called.
const HOURS: &str = "your working hours";

/// The charter as a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// The client, by name.
    pub to: String,
    /// The provider, by name.
    pub from: String,
    /// What this is, and the hours that it speaks of.
    pub opening: String,
    /// What is done at once.
    pub may: Vec<String>,
    /// What is done once somebody said yes: who, how long the question waits, what happens if nobody answers.
    pub asks: Vec<String>,
    /// What is done at once, and told.
    pub tells: Vec<String>,
    /// What only a person does.
    pub proposes: Vec<String>,
    /// What is never done.
    pub never: Vec<String>,
    /// Everything else is refused.
    pub otherwise: String,
    /// How to stop everything alone.
    pub stop: String,
    /// When it begins, ends or is looked at again.
    pub ends: Vec<String>,
}

/// The letter; `names` gives the name people use for an id or a server, as it is: what is somebody's own text stands between
/// “ and ” in the letter.
pub fn letter(charter: &Charter, names: &dyn Fn(&str) -> Option<String>) -> Letter {
    let mut out = Letter {
        to: charter.parties.client.clone(),
        from: charter.parties.provider.clone(),
        opening: opening(charter),
        may: Vec::new(),
        asks: Vec::new(),
        tells: Vec::new(),
        proposes: Vec::new(),
        never: Vec::new(),
        otherwise: "Whatever this letter does not name is refused. Where several of these sentences fit, the strictest \
            one counts. Where nobody can tell whether a condition holds, nothing is allowed because of it."
            .to_owned(),
        stop: stop(charter),
        ends: ends(charter),
    };
    for clause in &charter.clauses {
        let said = paragraph(clause, charter, names);
        match clause.mode {
            Mode::Refuse => out.never.push(said),
            Mode::Propose => out.proposes.push(said),
            Mode::Approve { .. } => out.asks.push(said),
            Mode::NotifyAndAct => out.tells.push(said),
            Mode::Act => out.may.push(said),
        }
    }
    out
}

fn opening(charter: &Charter) -> String {
    let parties = &charter.parties;
    let mut said = vec![format!(
        "Dear owner of {}, this letter says what {} may decide for you, and what not. “Your provider” means the people \
         who work there and the programs, called agents, that work for you. What stands here is more than a promise: \
         every single step is checked against it before it happens. This is version {}; it counts once both of you have \
         signed it.",
        quote(&parties.client),
        quote(&parties.provider),
        charter.version
    )];
    if charter.clauses.iter().any(|clause| !clause.mode.quorum().is_empty()) {
        said.push(
            "Some things need a yes first. Each side has named its approvers, who say yes or no, and its owners, who \
             answer for it. Nobody ever says yes to what they asked for themselves."
                .to_owned(),
        );
    }
    let uses = |clause: &Clause| {
        clause.when.hours.is_some() || clause.unless.iter().any(|one| one.when.hours.is_some())
    };
    if charter.clauses.iter().any(uses) {
        let hours = words::hours(&charter.calendar);
        said.push(format!("Your working hours are {hours}."));
    }
    said.join(" ")
}

fn stop(charter: &Charter) -> String {
    format!(
        "You can stop everything alone, at any time, without asking anybody: open Writ, choose {}, and press “Freeze \
         everything”. From that moment nothing is done any more. In the same way you can put a single agent on hold, end \
         it, or take back a single sentence of this letter. {} can do the same. Nobody can forbid it, and only whoever \
         stopped can let it go on.",
        quote(&charter.parties.client),
        quote(&charter.parties.provider)
    )
}

fn ends(charter: &Charter) -> Vec<String> {
    let day = |at| words::day(&charter.calendar.zone, at);
    let mut said = Vec::new();
    if let Some(from) = charter.from {
        said.push(format!("It holds from {}; before that, everything is refused.", day(from)));
    }
    match charter.until {
        Some(until) => said.push(format!(
            "It ends on {}. From then on everything is refused, until both of you sign a new one.",
            day(until)
        )),
        None => said.push("It holds until both of you sign another one.".to_owned()),
    }
    if let Some(review) = charter.review_by {
        said.push(format!("Both of you look at it again by {}.", day(review)));
    }
    for clause in &charter.clauses {
        let title = quote(&clause.title);
        if let Some(from) = clause.from {
            said.push(format!("{title} holds only from {}.", day(from)));
        }
        if let Some(until) = clause.until {
            said.push(format!("{title} holds only until {}.", day(until)));
        }
        if let Some(review) = clause.review_by {
            said.push(format!("{title} is looked at again by {}.", day(review)));
        }
    }
    said
}

/// A clause in short sentences.
fn paragraph(clause: &Clause, charter: &Charter, names: Names<'_>) -> String {
    let deeds: Vec<String> =
        clause.actions.iter().map(|one| words::deed(one, Some(charter), names)).collect();
    let mut what = vec![join(&deeds, "or")];
    let voice = Voice { names, exact: false };
    what.extend(words::scope(&clause.scope, voice));
    what.extend(words::when(&clause.when, HOURS));
    let what = what.join(", ");
    let first = match &clause.mode {
        Mode::Refuse => format!("Your provider may never {what}."),
        Mode::Propose => {
            format!("Your provider may only propose to {what}. A person then does it, or does not.")
        }
        Mode::Approve { quorum } => {
            let people = people(quorum);
            format!("Your provider may {what}, but only after {people} said yes. {}", waits(clause))
        }
        Mode::NotifyAndAct => format!("Your provider may {what}, and tells you at once."),
        Mode::Act => format!("Your provider may {what}."),
    };
    let mut said = vec![first];
    said.extend(clause.limits.iter().map(|limit| words::sentence(&words::limit(limit))));
    let not = clause.unless.iter().map(|unless| words::unless(unless, HOURS, voice));
    said.extend(not.map(|one| format!("This does not count {one}.")));
    let cap = clause.liability_cap.iter().map(crate::Money::words);
    said.extend(
        cap.map(|cap| format!("If it goes wrong, your provider answers for at most {cap}.")),
    );
    said.join(" ")
}

fn people(quorum: &[Seat]) -> String {
    let seat = |seat: &Seat| {
        let (role, number) = (words::role(seat.role), words::number(u64::from(seat.n)));
        match seat.party {
            Side::Client => format!("{number} of your {role}"),
            Side::Provider => format!("{number} of your provider's {role}"),
        }
    };
    let seats: Vec<String> = quorum.iter().map(seat).collect();
    if seats.is_empty() { "nobody who can be asked".to_owned() } else { join(&seats, "and") }
}

fn waits(clause: &Clause) -> String {
    let waits = words::minutes(clause.waits.expires_minutes);
    let instead = clause.waits.escalate_minutes.map_or_else(String::new, |after| {
        format!("; after {} an owner of the same side may answer instead", words::minutes(after))
    });
    format!("The question waits {waits}{instead}. No answer means no.")
}
