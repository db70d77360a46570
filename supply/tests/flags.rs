//! How well flags tell bad texts from honest ones: a table of cases as data, with precision and recall.
//!
//! To add a case: a line in `data/cases.jsonl`; a bad one says after which trick it is made.

#![expect(clippy::unwrap_used, reason = "tests fail loudly")]

use serde::Deserialize;
use writ_supply::{Definition, Kind, Neighbor, SERIOUS, flags, serious};

#[derive(Debug, Deserialize)]
struct Case {
    bad: bool,
    why: String,
    name: String,
    text: String,
}

fn cases() -> Vec<Case> {
    let lines = include_str!("data/cases.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a client has beside the server that is looked at.
const OTHERS: [Neighbor<'static>; 3] = [
    Neighbor { server: "chat", name: "send_message" },
    Neighbor { server: "mail", name: "send_email" },
    Neighbor { server: "files", name: "read_file" },
];

#[test]
fn bad_texts_are_held_and_honest_ones_are_not() {
    let (mut hits, mut missed, mut alarms, mut quiet) = (0_u32, Vec::new(), Vec::new(), 0_u32);
    for case in cases() {
        let entry = serde_json::json!({"name": case.name, "description": case.text});
        let read = Definition::read(Kind::Tool, entry.to_string().as_bytes()).unwrap();
        let found = flags("looked-at", &read, OTHERS);
        match (case.bad, serious(&found)) {
            (true, true) => hits += 1,
            (true, false) => missed.push(format!("{} {:?}: {found:?}", case.why, case.text)),
            (false, true) => alarms.push(format!("{:?}: {found:?}", case.text)),
            (false, false) => quiet += 1,
        }
    }
    let share = |part: u32, rest: usize| {
        let rest = f64::from(u32::try_from(rest).unwrap());
        f64::from(part) / (f64::from(part) + rest)
    };
    let (precision, recall) = (share(hits, alarms.len()), share(hits, missed.len()));
    let told = format!(
        "of {} bad texts {hits} are held (recall {recall:.3}), of {} honest ones {quiet} are not (precision {precision:.3}), at {SERIOUS} of 100\nmissed:\n{}\nfalse alarms:\n{}",
        hits as usize + missed.len(),
        quiet as usize + alarms.len(),
        missed.join("\n"),
        alarms.join("\n")
    );
    assert!(hits as usize + missed.len() >= 60 && quiet as usize + alarms.len() >= 60, "{told}");
    assert!(precision >= 0.97 && recall >= 0.97, "{told}");
}

#[test]
fn every_finding_says_where_what_and_why() {
    for case in cases().into_iter().filter(|case| case.bad) {
        let entry = serde_json::json!({"name": case.name, "description": case.text});
        let read = Definition::read(Kind::Tool, entry.to_string().as_bytes()).unwrap();
        for one in flags("looked-at", &read, OTHERS) {
            assert!(["description", "name"].contains(&one.field.as_str()), "{one:?}");
            assert!(!one.seen.is_empty() && one.why.ends_with('.'), "{one:?}");
            assert!(one.rule.len() <= 24 && one.rule.contains('.'), "{one:?}");
            assert!(!one.seen.chars().any(writ_model::text::hidden), "{one:?}");
        }
    }
}
