//! The table of judged cases in `../cases.md`, run.

use std::collections::BTreeMap;

use serde_json::Value;
use writ_charter::{Charter, Judgment, Mode, Money, Severity, Suspended, Why};
use writ_model::Timestamp;

use crate::{kit, random::Done};

const CASES: &str = include_str!("../cases.md");

struct Part {
    title: String,
    charter: String,
    rows: Vec<[String; 4]>,
}

fn parts() -> Vec<Part> {
    let part = |text: &str| {
        let (title, rest) = text.split_once('\n').unwrap();
        let (charter, table) = rest.split_once("```json").unwrap().1.split_once("```").unwrap();
        let row = |line: &str| {
            let mut cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
            [(); 4].map(|()| cells.next().unwrap_or_default())
        };
        let lines = table.lines().filter(|line| line.starts_with('|'));
        let rows = lines.skip(2).map(row).collect();
        Part { title: title.trim().to_owned(), charter: charter.to_owned(), rows }
    };
    CASES.split("\n## ").skip(1).map(part).collect()
}

fn charter(text: &str) -> Charter {
    let mut text = text.to_owned();
    for n in 1..=3 {
        text = text.replace(&format!("AGENT{n}"), &kit::agent(n).to_string());
        text = text.replace(&format!("GROUP{n}"), &kit::group(n).to_string());
    }
    let mut whole = serde_json::to_value(kit::charter(Vec::new())).unwrap();
    let fields: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    whole.as_object_mut().unwrap().extend(fields);
    Charter::parse(&serde_json::to_vec(&whole).unwrap()).unwrap()
}

fn list(text: &str) -> Vec<String> {
    text.split(',').filter(|one| *one != "-").map(str::to_owned).collect()
}

fn severity(word: &str) -> Severity {
    serde_json::from_value(Value::from(word)).unwrap()
}

fn read(text: &'static str) -> (Done, Suspended) {
    let mut suspended = Suspended::default();
    let mut done = Done {
        actions: Vec::new(),
        agent: None,
        groups: Vec::new(),
        server: None,
        tags: None,
        data: None,
        severity: None,
        confidence: None,
        amount: None,
        at: kit::by_day(),
    };
    for word in text.split_whitespace() {
        match word.split_once('=') {
            None => done.actions.push(word),
            Some(("agent", n)) => done.agent = Some(kit::agent(n.parse().unwrap())),
            Some(("group", n)) => done.groups.push(kit::group(n.parse().unwrap())),
            Some(("server", name)) => done.server = Some(name),
            Some(("tags", words)) => done.tags = Some(list(words)),
            Some(("data", words)) => done.data = Some(list(words)),
            Some(("severity", word)) => done.severity = Some(severity(word)),
            Some(("confidence", n)) => done.confidence = Some(n.parse().unwrap()),
            Some(("amount", sum)) => {
                let (amount, currency) = sum.split_at(sum.len() - 3);
                done.amount = Some(Money::new(amount, currency).exact().unwrap());
            }
            Some(("at", at)) => done.at = at.parse::<Timestamp>().unwrap(),
            Some(("suspended", "all")) => suspended.all = true,
            Some(("suspended", key)) => drop(suspended.clauses.insert(key.to_owned())),
            Some((other, _)) => panic!("{other} is no part of a deed"),
        }
    }
    (done, suspended)
}

fn said(judgment: &Judgment) -> [String; 3] {
    let mode = match &judgment.mode {
        Mode::Approve { quorum } => {
            let seat =
                |seat: &writ_charter::Seat| format!("{} {} {}", seat.party, seat.role, seat.n);
            format!("approve {}", quorum.iter().map(seat).collect::<Vec<_>>().join(" + "))
        }
        other => other.word().to_owned(),
    };
    let why = match &judgment.why {
        Why::Clause(key) => format!("clause {key}"),
        Why::Uncovered { action } => format!("uncovered {action}"),
        Why::Suspended { clause } => {
            format!("suspended {}", clause.as_deref().unwrap_or("all"))
        }
        Why::NotYet => "not yet".to_owned(),
        Why::Over => "over".to_owned(),
    };
    [mode, why, judgment.clauses.join(", ")]
}

#[test]
fn every_case_is_judged_as_the_table_says() {
    let (mut rows, mut wrong) = (0, Vec::new());
    for part in parts() {
        let charter = charter(&part.charter);
        assert!(!part.rows.is_empty(), "{}", part.title);
        for [deed, mode, why, clauses] in part.rows {
            let (done, suspended) = read(Box::leak(deed.clone().into_boxed_str()));
            let judgment = charter.judge(&suspended, &done.deed());
            let wanted = [mode, why, clauses];
            if said(&judgment) != wanted {
                wrong.push(format!("{} | {deed}: {:?}", part.title, said(&judgment)));
            }
            assert!(judgment.words.ends_with('.'), "{}", judgment.words);
            rows += 1;
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows >= 40, "{rows}");
}

/// The charters of the table are well formed, but for the one whose zone nobody knows.
#[test]
fn the_charters_of_the_table_are_well_formed() {
    for part in parts() {
        let problems = charter(&part.charter).check().err().unwrap_or_default();
        let fields: Vec<&str> = problems.iter().map(|one| one.field.as_str()).collect();
        let wanted: &[&str] =
            if part.title.starts_with("A zone that nobody") { &["calendar.zone"] } else { &[] };
        assert_eq!(fields, wanted, "{}", part.title);
    }
}

#[test]
fn a_judgment_says_why_in_one_sentence() {
    let charter = charter(&parts()[0].charter);
    let words = |text: &'static str| {
        let (done, suspended) = read(text);
        charter.judge(&suspended, &done.deed()).words
    };
    for (deed, wanted) in [
        ("mail.read", "Clause free (“Mail”) lets this be done at once."),
        (
            "mail.send tags=-",
            "Clause told (“Sending”) lets this be done at once, and people are told.",
        ),
        (
            "mail.send",
            "Clause asked (“To strangers”) lets this be done once one approver of the client said yes. Not all that its \
             conditions ask is known, and what is not known counts against.",
        ),
        ("mail.delete", "Clause person (“Deleting”) leaves this to a person."),
        ("mail.send_as_person", "Clause never (“In a name”) refuses this."),
        (
            "payment.release",
            "No clause lets anybody do this: release a payment (payment.release). What no clause covers is refused.",
        ),
        ("mail.read suspended=all", "The whole delegation is suspended, so everything is refused."),
        (
            "mail.read suspended=free",
            "Clause free is suspended, and a suspended clause refuses what it covers.",
        ),
    ] {
        assert_eq!(words(deed), wanted);
    }
}
