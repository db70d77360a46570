//! Golden facts of format 2: many agents at once, sub-agents, receipts of every target, gateways, a restored ledger.

use writ_authority::{
    Command, Fact,
    command::Whom,
    fact::{
        AgentsTerminated, Ended, GatewayHalted, GatewayResumed, How, LedgerRestored, Measured,
        PersonSeated, Target, TerminationReached, Witnessed,
    },
};
use writ_model::{AgentId, Digest, Role, SealedName, Side, Span};

use crate::{NOW, described, group, id, people, receipt};

fn ended(numbers: &[u8], what: Ended, part: u32) -> Fact {
    let agents: Vec<AgentId> = numbers.iter().map(|n| id(*n)).collect();
    let reason = "because".to_owned();
    Fact::AgentsTerminated(Box::new(AgentsTerminated { agents, what, reason, part }))
}

/// Six agents, of which one acts for another, are ended in every way there is.
pub(crate) fn ending() -> Vec<Fact> {
    let names = ["one", "two", "three", "four", "five", "six", "seven"];
    let mut out: Vec<Fact> =
        (40..47).zip(names).map(|(n, name)| Fact::AgentProposed(described(id(n), name))).collect();
    out.push(Fact::FormatRaised { format: 2 });
    out.push(Fact::AgentDelegated { agent: id(41), by: id(40) });
    let mut signed = receipt();
    let vendor = "Example".to_owned();
    *signed.request.act =
        Command::TerminateMany { whom: Whom::Vendor(vendor.clone()), reason: "because".to_owned() };
    out.extend([
        Fact::AgentTerminated { agent: id(40), reason: "because".to_owned() },
        ended(&[41], Ended::Below(id(40)), 1),
        Fact::ActSigned(Box::new(signed)),
        ended(&[42], Ended::Vendor(vendor), 0),
        ended(&[43], Ended::Group(group()), 0),
        ended(&[44], Ended::Agents, 0),
        ended(&[45], Ended::All, 0),
        ended(&[46], Ended::All, 1),
    ]);
    out
}

/// Which gateways the ending of a line reached.
pub(crate) fn reaching(line: u64) -> Vec<Fact> {
    let measured =
        Measured { tokens_refused_us: 900, last_cut_us: 1_200, streams: 3, calls: 2, children: 1 };
    let target = |n, how, measured| Target { gateway: id(n), boot: id(n), how, at: NOW, measured };
    vec![Fact::TerminationReached(Box::new(TerminationReached {
        line,
        targets: vec![
            target(8, How::Confirmed, Some(measured)),
            target(9, How::LeaseExpired, None),
        ],
    }))]
}

pub(crate) fn keeping() -> Vec<Fact> {
    let halted = |n, boot, by: Option<&str>| {
        let (by, reason) = (by.map(str::to_owned), "because".to_owned());
        let halted = GatewayHalted { gateway: id(n), boot, at: NOW, by, reason };
        Fact::GatewayHalted(Box::new(halted))
    };
    let resumed = |n, by: Option<&str>| {
        let resumed = GatewayResumed { gateway: id(n), at: NOW, by: by.map(str::to_owned) };
        Fact::GatewayResumed(Box::new(resumed))
    };
    let restored = |witnessed, gap| {
        let backup_at = NOW + Span::minutes(-60);
        let restored = LedgerRestored { backup_at, size: 10, witnessed, gap };
        Fact::LedgerRestored(Box::new(restored))
    };
    let witnessed = Witnessed { size: 17, root: Digest::of(b"root") };
    let agent: AgentId = id(47);
    let [one, two] = people();
    vec![
        halted(8, None, None),
        halted(9, Some(id(9)), Some("root at quay-1")),
        halted(10, None, None),
        resumed(8, None),
        resumed(9, Some("root at quay-1")),
        Fact::AgentProposed(described(agent, "eight")),
        Fact::AgentChartered { agent, authorizer: one, auditor: two, terminators: vec![one, two] },
        Fact::AgentActivated { agent },
        restored(Some(witnessed), 7),
        restored(None, 0),
        sealed(),
        Fact::PersonLeft { person: id(48) },
        Fact::PersonErased { person: id(48) },
        Fact::PersonLeft { person: two },
        Fact::PersonErased { person: two },
    ]
}

/// A seat whose name is sealed: its shape is part of the format.
fn sealed() -> Fact {
    let (tenant, person) = (id(0), id(48));
    let name = SealedName { tenant, person, body: (0..96).collect() }.into();
    Fact::PersonSeated(PersonSeated {
        person,
        name,
        side: Side::Provider,
        roles: vec![Role::Owner],
    })
}
