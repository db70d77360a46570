//! What is watched, rehearsed and told, for samples. Never here: anything a real page reads.

use writ_model::{Side, Span};

use super::{at, client_view, id, now, person};
use crate::view::{
    DrillPage, DrillPick, DrillStep, DrillView, NotificationPage, NotificationRow, ObserveRow,
    ObserveView, ObservingRow, WayRow,
};

/// A report with and without rows.
#[must_use]
pub fn observed(full: bool) -> ObserveView {
    let watching = |kind, name: &str, holds| ObservingRow {
        kind,
        id: "agt_01kaw4h0g00000000000000008".to_owned(),
        name: name.to_owned(),
        until: if holds { at(-9_000) } else { at(900) },
        since: at(11_000),
        by: "Dana Cole".to_owned(),
        reason: "The new payment server is tried out".to_owned(),
        holds,
    };
    let row = |seed: u8, name: &str, code: &str, words: &str, grantable: bool| ObserveRow {
        code: code.to_owned(),
        words: words.to_owned(),
        agent: id(8),
        agent_name: "invoice-bot".to_owned(),
        server: "payments".to_owned(),
        surface: "tool".to_owned(),
        name: name.to_owned(),
        count: 41 / u64::from(seed),
        first: at(9_000),
        last: at(30),
        example: id(100 + seed),
        proposal: grantable.then(|| {
            format!(
                "invoice-bot may use tool “{name}” on payments: with the values it was seen with"
            )
        }),
        why_not: (!grantable).then(|| "a clause of the charter would refuse it".to_owned()),
    };
    let rows = vec![
        row(
            1,
            "list_invoices",
            "DENY-0011",
            "no grant covers tool `list_invoices` on payments",
            true,
        ),
        row(4, "pay<b>", "DENY-0023", "no clause of the charter covers payment.release", false),
    ];
    let observing =
        vec![watching("agent", "invoice-bot", true), watching("client", "Harbor Books", false)];
    ObserveView {
        client: client_view(1),
        at: now(),
        observing: if full { observing } else { Vec::new() },
        from: at(10_080),
        to: now(),
        refused: if full { 51 } else { 0 },
        rows: if full { rows } else { Vec::new() },
        cut: full,
    }
}

type Step = (&'static str, &'static str, &'static str, u64, u64);

const STEPS: [Step; 7] = [
    ("choose", "Chosen", "its grants reach farthest", 0, 400),
    ("enroll", "Let in", "the shadow holds a key and a token", 500, 41_000),
    (
        "misbehave",
        "Misbehaves",
        "it tried `send_message` to a stranger and was refused",
        42_000,
        9_000,
    ),
    ("notice", "Noticed", "the refusal stood in the list of calls", 51_000, 12_500),
    ("decide", "Decided", "the drill ended the shadow", 63_500, 2_100),
    ("refuse", "Refused", "the next call was refused at every gateway", 65_600, 21_000),
    ("confirm", "Confirmed", "1 of 1 gateways said so", 86_600, 3_900),
];

/// A drill that passed, failed or runs.
#[must_use]
pub fn drill(state: &'static str) -> DrillView {
    let done = state != "running";
    let ok = |step: &str| state == "passed" || step != "refuse";
    let step = |(step, title, words, at_us, took_us): Step| DrillStep {
        step: step.to_owned(),
        title: title.to_owned(),
        words: words.to_owned(),
        at_us,
        took_us,
        ok: ok(step),
    };
    DrillView {
        client: client_view(1),
        drill: id(120),
        agent: id(8),
        agent_name: "mail-assistant".to_owned(),
        chosen: "it was chosen because its grants reach farthest".to_owned(),
        shadow: id(121),
        live: false,
        state,
        says: match state {
            "passed" => "it was ended everywhere".to_owned(),
            "failed" => "a gateway still let it through".to_owned(),
            _ => "it is being played".to_owned(),
        },
        begun_at: at(240),
        begun_by: person("Ines Ortega", Side::Provider, true),
        done_at: done.then(|| at(240) + Span::millis(91)),
        steps: if done { STEPS.into_iter().map(step).collect() } else { Vec::new() },
        notice_us: done.then_some(12_500),
        end_us: (state == "passed").then_some(27_000),
        total_us: done.then_some(90_500),
        mark_us: 60_000_000,
        ours_us: 1_000_000,
        within_mark: (state == "passed").then_some(true),
        within_ours: (state == "passed").then_some(true),
        gateways: done.then_some(1),
        line: done.then_some(58),
    }
}

/// A history of drills, or none.
#[must_use]
pub fn drills(full: bool) -> DrillPage {
    let rows = ["passed", "running", "failed", "broken_off"].map(drill).to_vec();
    DrillPage {
        client: client_view(1),
        at: now(),
        rows: if full { rows } else { Vec::new() },
        next_due: full.then(|| at(-90 * 1_440)),
        overdue: false,
        would_take: Some(DrillPick {
            agent: id(8),
            name: "mail-assistant".to_owned(),
            why: "its grants reach farthest: 4 of them, one sends mail".to_owned(),
        }),
    }
}

/// What was told at a client, or nothing and no way out.
#[must_use]
pub fn told(full: bool) -> NotificationPage {
    let way = |way: &str, why: Option<&str>| WayRow {
        way: way.to_owned(),
        open: why.is_none(),
        why: why.map(str::to_owned),
    };
    let row = |state, tries, why: Option<&str>, to: &str, minutes| NotificationRow {
        at: at(minutes),
        way: "mail".to_owned(),
        to: to.to_owned(),
        about: "A payment waits for a yes".to_owned(),
        kind: "hold_asked".to_owned(),
        state,
        tries,
        why: why.map(str::to_owned),
        next: (state == "waiting").then(|| at(-2)),
        line: Some(57),
        id: format!("msg-{minutes}"),
    };
    let rows = vec![
        row("waiting", 2, Some("the mail server did not answer"), "Hannah Cole", 4),
        row("delivered", 0, None, "Dana Cole", 4),
        row("not needed any more", 1, Some("it was answered"), "Dana Cole", 90),
        row("given up", 24, Some("550 no such user"), "Ana Reyes", 3_000),
    ];
    NotificationPage {
        client: client_view(1),
        ways: if full {
            vec![way("mail", None), way("webhook soar", Some("410 Gone"))]
        } else {
            Vec::new()
        },
        only_queue: !full,
        rows: if full { rows } else { Vec::new() },
        dropped: if full { 3 } else { 0 },
    }
}
