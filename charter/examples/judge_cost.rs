//! Nanoseconds per judgment: `cargo run --release -p writ-charter --example judge_cost`.
#![expect(clippy::print_stdout, reason = "an example that measures")]
#![expect(clippy::disallowed_methods, reason = "an example that measures")]

use std::{hint::black_box, time::Instant};

use writ_charter::{Charter, Clause, Deed, Mode, Parties, Role, Side, Suspended, catalog};
use writ_model::{AgentId, CharterId, GroupId, TenantId, Timestamp};

const ROUNDS: u32 = 200_000;

/// As many clauses as there may be, two actions each; `*` more of them speak of every deed.
fn charter(everything: usize) -> Charter {
    let parties = Parties { provider: "Provider".to_owned(), client: "Client".to_owned() };
    let (id, tenant) = (CharterId::from_bytes([1; 16]), TenantId::from_bytes([2; 16]));
    let mut charter = Charter::new(id, 1, tenant, parties);
    let mut classes = catalog().iter().map(|one| one.class.as_str()).cycle();
    for n in 0..Charter::MOST_CLAUSES {
        let (one, two) = (classes.next().unwrap_or("*"), classes.next().unwrap_or("*"));
        let actions = if n < everything { vec!["*"] } else { vec![one, two] };
        let mode = match n % 3 {
            0 => Mode::approve(Side::Client, Role::Approver, 1),
            1 => Mode::NotifyAndAct,
            _ => Mode::Act,
        };
        let mut clause = Clause::new(&format!("clause-{n}"), "A clause", &actions, mode);
        clause.scope.servers = vec!["mail".to_owned(), "bank".to_owned()];
        charter.clauses.push(clause);
    }
    charter
}

fn main() {
    let groups = [GroupId::from_bytes([3; 16])];
    let at = Timestamp::from_micros(1_800_000_000_000_000);
    for (what, everything, hours) in [
        ("64 clauses, few of this class", 0, false),
        ("64 clauses, 8 of every class", 8, false),
        ("64 clauses, all of every class", 64, false),
        ("64 clauses, one asks for the hours", 0, true),
    ] {
        let mut charter = charter(everything);
        if hours {
            "Europe/Berlin".clone_into(&mut charter.calendar.zone);
            let mut clause = Clause::new("clause-0", "By day", &["mail.send"], Mode::Act);
            clause.when.hours = Some(writ_charter::Hours::Inside);
            charter.clauses.pop();
            charter.clauses.push(clause);
        }
        let suspended = Suspended::default();
        let mut deed = Deed::new(vec!["mail.send"], at);
        deed.agent = Some(AgentId::from_bytes([4; 16]));
        deed.groups = &groups;
        deed.server = Some("mail");
        let said = charter.judge(&suspended, &deed);
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            black_box(charter.judge(black_box(&suspended), black_box(&deed)));
        }
        let each = begun.elapsed() / ROUNDS;
        println!("{what}: {} ns ({} apply, {})", each.as_nanos(), said.clauses.len(), said.words);
    }
}
