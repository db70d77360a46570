//! A full charter's canonical bytes, kept forever: a charter that was signed keeps its digest.
//! `UPDATE=1 cargo test -p writ-charter` writes the texts anew; the bytes of `charter-v1.json` never change.

use std::{env, fmt::Write as _, fs, path::PathBuf};

use writ_charter::{
    Charter, Clause, Letter, Mode, Scope, When, charter_text, clause_text, letter,
    template::builtin,
};

use crate::kit;

fn same(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    assert_eq!(golden, text, "{name} differs; UPDATE=1 writes it");
}

#[test]
fn a_full_charter_keeps_its_bytes() {
    let charter = kit::full();
    assert_eq!(charter.check(), Ok(()));
    let canonical = String::from_utf8(charter.canonical()).unwrap();
    same("charter-v1.json", &format!("{canonical}\n"));
    let read = Charter::parse(canonical.as_bytes()).unwrap();
    assert_eq!(read, charter);
    assert_eq!(
        charter.digest().to_string(),
        "fd24164053d22a7f3b53b6b5ddabb72fdaf2e6e470c1b1481dd4281342c909be",
        "a signed charter would no longer be the one that was signed"
    );
}

/// What is left out stays left out, so that later fields change no bytes.
#[test]
fn a_small_charter_has_only_what_it_says() {
    let charter = kit::charter(vec![Clause::new("everything", "Everything", &["*"], Mode::Act)]);
    assert_eq!(charter.check(), Ok(()));
    assert_eq!(
        String::from_utf8(charter.canonical()).unwrap(),
        format!(
            r#"{{"calendar":{{"days":[1,2,3,4,5],"from_minute":480,"to_minute":1080,"zone":"Europe/Berlin"}},"charter":"{}","clauses":[{{"actions":["*"],"key":"everything","mode":"act","title":"Everything"}}],"client":"{}","parties":{{"client":"Baker & Sons","provider":"Northwind IT"}},"v":1,"version":1}}"#,
            charter.charter, charter.client
        )
    );
}

#[test]
fn the_full_text_reads_like_this() {
    let charter = kit::full();
    let mut text = String::from("# The full text of the charter in `charter-v1.json`\n\n");
    for line in charter_text(&charter, &kit::names) {
        writeln!(text, "{line}").unwrap();
    }
    for clause in &charter.clauses {
        text.push('\n');
        for line in clause_text(clause, &kit::names) {
            writeln!(text, "{line}").unwrap();
        }
    }
    same("text.md", &text);
}

#[test]
fn the_letters_read_like_this() {
    let mut text = String::from("# Letters: the full charter, then the built-in templates\n");
    let mut write = |name: &str, said: Letter| {
        write!(text, "\n## {name}\n\nTo {}, from {}.\n\n{}\n", said.to, said.from, said.opening)
            .unwrap();
        for (title, list) in [
            ("At once, without asking", said.may),
            ("Only after a yes", said.asks),
            ("At once, and you are told", said.tells),
            ("Only proposed", said.proposes),
            ("Never", said.never),
        ] {
            if !list.is_empty() {
                write!(text, "\n{title}:\n").unwrap();
            }
            for one in list {
                writeln!(text, "- {one}").unwrap();
            }
        }
        write!(text, "\n{}\n\n{}\n\n", said.otherwise, said.stop).unwrap();
        for one in said.ends {
            writeln!(text, "{one}").unwrap();
        }
    };
    write("full", letter(&kit::full(), &kit::names));
    for template in builtin() {
        write(&template.name, letter(&kit::charter(template.clauses.clone()), &kit::names));
    }
    same("letters.md", &text);
}

/// Whatever decides stands in the text: each field that changes changes it.
#[test]
fn the_full_text_leaves_nothing_out() {
    type Edit = fn(&mut Clause);
    let edits: &[Edit] = &[
        |c| c.key = "other".into(),
        |c| c.title = "Other".into(),
        |c| c.actions.push("mail.*".into()),
        |c| c.scope = Scope { groups: vec![], ..c.scope.clone() },
        |c| c.scope = Scope { agents: vec![kit::agent(2)], ..c.scope.clone() },
        |c| c.scope = Scope { servers: vec!["shop".into()], ..c.scope.clone() },
        |c| c.scope = Scope { tags: vec![], ..c.scope.clone() },
        |c| c.scope = Scope { data: vec!["secret".into()], ..c.scope.clone() },
        |c| c.mode = Mode::Act,
        |c| c.mode = Mode::approve(writ_charter::Side::Client, writ_charter::Role::Owner, 3),
        |c| c.when = When { severity: None, ..c.when.clone() },
        |c| c.when = When { hours: None, ..c.when.clone() },
        |c| c.when = When { reversibility: vec![], ..c.when.clone() },
        |c| c.when = When { confidence: Some(91), ..c.when.clone() },
        |c| c.when = When { amount_over: None, ..c.when.clone() },
        |c| c.unless[0].scope.tags = vec!["lab".into()],
        |c| c.unless[0].when.confidence = Some(5),
        |c| c.unless.clear(),
        |c| drop(c.limits.remove(0)),
        |c| drop(c.limits.remove(1)),
        |c| drop(c.limits.remove(2)),
        |c| c.from = None,
        |c| c.until = Some(writ_model::Timestamp::from_micros(1)),
        |c| c.review_by = None,
        |c| c.liability_cap = None,
        |c| c.contract_ref = None,
        |c| c.supersedes = None,
        |c| c.waits.expires_minutes = 91,
        |c| c.waits.escalate_minutes = None,
        |c| c.enforced_by.clear(),
    ];
    let clause = kit::full().clauses[0].clone();
    let text = clause_text(&clause, &kit::names);
    for (n, edit) in edits.iter().enumerate() {
        let mut other = clause.clone();
        edit(&mut other);
        assert_ne!(other, clause, "edit {n} changes nothing");
        assert_ne!(clause_text(&other, &kit::names), text, "edit {n} is not in the text");
    }
}

#[test]
fn the_frame_leaves_nothing_out() {
    type Edit = fn(&mut Charter);
    let edits: &[Edit] = &[
        |c| c.charter = kit::id(9),
        |c| c.version = 4,
        |c| c.client = kit::id(9),
        |c| c.parties.provider = "Other".into(),
        |c| c.parties.client = "Other".into(),
        |c| c.base = None,
        |c| c.calendar.zone = "UTC".into(),
        |c| c.calendar.days = vec![1, 3],
        |c| c.calendar.from_minute = 481,
        |c| c.calendar.to_minute = 1_081,
        |c| drop(c.calendar.closed.pop()),
        |c| c.actions[0].sentence = "does otherwise".into(),
        |c| c.actions[0].reversibility = writ_charter::Reversibility::Reversible,
        |c| c.actions[0].blast = writ_charter::Blast::OneRecord,
        |c| c.actions[0].harm = "None.".into(),
        |c| c.counts_as[0].server = "*".into(),
        |c| c.counts_as[0].surface = "resource".into(),
        |c| c.counts_as[0].name = "pay".into(),
        |c| c.counts_as[0].action = "payment.prepare".into(),
        |c| c.counts_as[0].amount = Some("/sum".into()),
        |c| c.counts_as[0].currency = Some("EUR".into()),
        |c| c.counts_as[0].tags.clear(),
        |c| c.counts_as[0].data.clear(),
        |c| c.from = None,
        |c| c.until = None,
        |c| c.review_by = None,
        |c| c.contract_ref = None,
    ];
    let charter = kit::full();
    let text = charter_text(&charter, &kit::names);
    for (n, edit) in edits.iter().enumerate() {
        let mut other = charter.clone();
        edit(&mut other);
        assert_ne!(charter_text(&other, &kit::names), text, "edit {n} is not in the text");
    }
}
