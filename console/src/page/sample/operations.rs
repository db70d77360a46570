//! Processes of a made-up installation: one in order, and several of which two are in trouble; and the end of many agents.
//! Never here: anything a real page reads.

use std::collections::BTreeMap;

use writ_authority::fact::Measured;
use writ_model::{Span, Timestamp};

use super::{at, client_view, id, now};
use crate::view::{
    CountRow, EndingView, FormatRow, FormatsView, GatewayRow, HaltRow, OperationsView,
    ProcessRole as Role, ProcessRow, QueueRow, Reach, ReceiptTarget, RestoredRow, ServerAnswers,
    ServerStatus, Standing, StoreRow, UnreadRow, Wanted,
};

fn process(seed: u8, roles: &[Role], seen: Timestamp) -> ProcessRow {
    let age = u64::try_from((now() - seen).as_micros()).unwrap_or(0);
    ProcessRow {
        gateway: id(seed),
        boot: id(seed + 100),
        roles: roles.to_vec(),
        url: if roles.contains(&Role::Gateway) {
            format!("http://127.0.0.1:{}", 7421 + u16::from(seed))
        } else {
            String::new()
        },
        version: "0.1.0".to_owned(),
        reads: 2,
        started_at: at(600),
        seen,
        age_us: age,
        alive: age < 7_000_000,
        left: None,
        over_at: seen + Span::seconds(6),
        holds: Vec::new(),
    }
}

fn gateway(process: ProcessRow, standing: Standing) -> GatewayRow {
    GatewayRow {
        process,
        standing,
        lag_us: Some(1_240),
        wanted: Wanted::Serve,
        wanted_by: None,
        halt: None,
        streams: 12,
        counters: BTreeMap::new(),
        servers: vec![
            server("bank", None, None),
            server("mail", Some("harbor-books"), Some((18_204, 0, None))),
            server("files", None, Some((912, 3, Some("GATE-0051")))),
        ],
    }
}

fn server(
    name: &str,
    client: Option<&str>,
    seen: Option<(u64, u64, Option<&str>)>,
) -> ServerStatus {
    let answers = seen.map(|(answered, failed, failure)| ServerAnswers {
        revisions: vec!["2025-11-25".to_owned(), "2026-07-28".to_owned()],
        answered,
        failed,
        half_within_us: Some(2_500),
        most_within_us: failure.is_none().then_some(50_000),
        answered_at: Some(now() - Span::seconds(40)),
        failed_at: failure.map(|_| now() - Span::seconds(4)),
        failure: failure.map(str::to_owned),
    });
    let (name, client) = (name.to_owned(), client.map(str::to_owned));
    ServerStatus { name, kind: "http".to_owned(), client, answers }
}

/// An installation: several processes, or one.
pub fn operations(several: bool) -> OperationsView {
    let fresh = now() - Span::millis(120);
    let whole = [Role::Gateway, Role::Soc, Role::Desk];
    let first = if several { &whole[..1] } else { &whole[..] };
    let mut view = OperationsView {
        at: now(),
        version: "0.1.0".to_owned(),
        processes: vec![process(1, first, fresh)],
        gateways: vec![gateway(process(1, first, fresh), Standing::Full)],
        leases: Vec::new(),
        queues: vec![queue(1, "lake", 4, 0, Some(80_000)), queue(1, "outbox", 0, 0, None)],
        drops: Vec::new(),
        refusals: vec![CountRow { what: "GATE-0011".to_owned(), count: 3 }],
        stores: vec![StoreRow {
            gateway: id(1),
            name: "ledger".to_owned(),
            says: "SQLite, every append flushed".to_owned(),
        }],
        backup: None,
        backup_age_us: None,
        formats: FormatsView {
            newest: 2,
            reads: 2,
            below: Vec::new(),
            below_count: 0,
            unread: Vec::new(),
            unread_count: 0,
            clients: 3,
        },
        restored: Vec::new(),
        restored_count: 0,
    };
    if several {
        trouble(&mut view, fresh);
    }
    view
}

fn queue(seed: u8, name: &str, waiting: u64, given_up: u64, oldest: Option<u64>) -> QueueRow {
    let limit = Some(32_768);
    QueueRow {
        gateway: id(seed),
        name: name.to_owned(),
        waiting,
        given_up,
        oldest_us: oldest,
        limit,
    }
}

/// A halted gateway, a lost one, a desk and a soc; a restored client, an old format, drops.
fn trouble(view: &mut OperationsView, fresh: Timestamp) {
    let mut halted = gateway(process(2, &[Role::Gateway], fresh), Standing::Nothing);
    halted.wanted = Wanted::Halt;
    halted.halt = Some(HaltRow {
        at: at(12),
        by: "Ines Ortega".to_owned(),
        person: Some(id(3)),
        reason: "its machine answers to somebody else".to_owned(),
        line: 118,
    });
    let mut lost = gateway(process(3, &[Role::Gateway], at(4)), Standing::Full);
    lost.lag_us = None;
    let (mut desk, mut soc) = (process(4, &[Role::Desk], fresh), process(5, &[Role::Soc], fresh));
    desk.holds.push("desk".to_owned());
    soc.holds.push("soc".to_owned());
    view.processes.extend([halted.process.clone(), lost.process.clone(), desk, soc]);
    view.gateways.extend([halted, lost]);
    view.queues.push(queue(2, "spool", 1_204, 0, Some(4_200_000)));
    view.queues.push(queue(4, "outbox", 3, 2, Some(61_000_000)));
    view.drops
        .push(CountRow { what: "messages that nobody could be told of".to_owned(), count: 2 });
    view.formats.below.push(FormatRow { client: client_view(0), format: 1 });
    view.formats.below_count = 1;
    let code = "STOR-0007".to_owned();
    view.formats.unread.push(UnreadRow { client: client_view(1), code });
    view.formats.unread_count = 1;
    view.restored_count = 3;
    view.restored.push(RestoredRow {
        client: client_view(2),
        at: at(90),
        backup_at: at(1_530),
        gap: Some(14),
        held: 6,
        line: 412,
    });
}

/// One act that ended many agents, everywhere or not yet.
pub fn ending(complete: bool) -> EndingView {
    let target = |seed: u8, how, at, measured| ReceiptTarget {
        gateway: id(seed),
        boot: id(seed + 100),
        how,
        at,
        measured,
        line: (how != Reach::Waiting).then_some(421),
    };
    let took = Measured {
        tokens_refused_us: 2_310,
        last_cut_us: 18_400,
        streams: 9,
        calls: 3,
        children: 1,
    };
    let last = if complete { Reach::LeaseExpired } else { Reach::Waiting };
    let over = complete.then(|| at(3));
    EndingView {
        client: client_view(1),
        line: 418,
        last: 419,
        at: at(4),
        by: "Ines Ortega".to_owned(),
        what: "every agent with a model of claude".to_owned(),
        agents: 41,
        reason: "The vendor reports that its keys were stolen".to_owned(),
        targets: vec![
            target(1, Reach::Confirmed, Some(at(4)), Some(took)),
            target(2, Reach::Confirmed, Some(at(4)), None),
            target(3, last, over, None),
        ],
        waiting_for: if complete { Vec::new() } else { vec![id(3)] },
        complete,
    }
}
