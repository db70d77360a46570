//! Golden facts about decision authority: charters with every part they can have, what waits, what is watched.

use writ_authority::{
    Command, Fact,
    fact::{DrillResult, DrillStep, HeldAct, HeldCall, Notified, Subject},
    grant::Surface,
};
use writ_charter::{
    Action, Blast, Charter, Clause, Hours, Limit, Mode, Money, Naming, Parties, Per, Reversibility,
    Scope, Seat, Severity, Template, Unless, Waits, When,
};
use writ_model::{Digest, Role, Side, Span};

use crate::{NOW, group, id, people};

/// Every part that a charter can have.
fn charter() -> Charter {
    let parties = Parties { provider: "Quay IT".to_owned(), client: "Harbor Books".to_owned() };
    let money = |amount: &str| Money { amount: amount.to_owned(), currency: "EUR".to_owned() };
    let scope = || Scope {
        groups: vec![group()],
        agents: vec![id(3)],
        servers: vec!["mail".to_owned()],
        tags: vec!["till".to_owned()],
        data: vec!["customer".to_owned()],
    };
    let when = || When {
        severity: Some(Severity::High),
        hours: Some(Hours::Outside),
        reversibility: vec![Reversibility::Irreversible],
        confidence: Some(80),
        amount_over: Some(money("10")),
    };
    let quorum = vec![Seat { party: Side::Client, role: Role::Owner, n: 1 }];
    let mut whole = Clause::new("pay", "Payments", &["payment.*"], Mode::Approve { quorum });
    whole.scope = scope();
    whole.when = when();
    whole.unless = vec![Unless { scope: scope(), when: when() }];
    whole.limits = vec![
        Limit::Count { most: 5, per: Per::Hour },
        Limit::Money { most: money("500"), per: Per::Day },
        Limit::Concurrent { most: 2 },
    ];
    whole.from = Some(NOW);
    whole.until = Some(NOW + Span::days(300));
    whole.review_by = Some(NOW + Span::days(200));
    whole.liability_cap = Some(money("10000"));
    whole.contract_ref = Some("4.2".to_owned());
    whole.supersedes = Some("old".to_owned());
    whole.waits = Waits { expires_minutes: 30, escalate_minutes: Some(10) };
    whole.enforced_by = vec!["gateway:mail/tool/send_message".to_owned()];
    let modes = [Mode::Refuse, Mode::Propose, Mode::NotifyAndAct, Mode::Act];
    let mut out = Charter::new(id(30), 1, id(0), parties);
    let more = modes.into_iter().zip(["never", "theirs", "told", "free"]);
    out.clauses = more.map(|(mode, key)| Clause::new(key, key, &["mail.read"], mode)).collect();
    out.clauses.push(whole);
    let mut naming = Naming::new("bank", "tool", "pay_*", "payment.release");
    naming.amount = Some("/amount".to_owned());
    naming.currency = Some("EUR".to_owned());
    naming.tags = vec!["till".to_owned()];
    naming.data = vec!["customer".to_owned()];
    out.counts_as = vec![naming];
    out.actions = vec![Action {
        class: "x.shelf".to_owned(),
        sentence: "moves a shelf".to_owned(),
        reversibility: Reversibility::Costly,
        blast: Blast::OneRecord,
        harm: "Books are not found.".to_owned(),
        stop: false,
    }];
    out.base = Some("cautious".to_owned());
    out.from = Some(NOW);
    out.until = Some(NOW + Span::days(365));
    out.review_by = Some(NOW + Span::days(180));
    out.contract_ref = Some("annex A".to_owned());
    out
}

pub(crate) fn agreeing() -> Vec<Fact> {
    let (charter, reason) = (charter(), || "because".to_owned());
    let (id_of, digest) = (charter.charter, charter.digest());
    let signed = |person, side| Fact::CharterSigned { charter: id_of, digest, person, side };
    let clause = || Some("pay".to_owned());
    let other = Charter { charter: id(31), version: 2, ..charter.clone() };
    vec![
        Fact::CharterProposed { charter: Box::new(charter) },
        signed(people()[0], Side::Client),
        signed(people()[1], Side::Provider),
        Fact::CharterInForce { charter: id_of, digest },
        Fact::CharterProposed { charter: Box::new(other) },
        Fact::CharterWithdrawn { charter: id(31), reason: reason() },
        Fact::DelegationSuspended { clause: clause(), side: Side::Client, reason: reason() },
        Fact::DelegationSuspended { clause: None, side: Side::Client, reason: reason() },
        Fact::DelegationResumed { clause: None, side: Side::Client },
        Fact::ClientFrozen { side: Side::Provider, reason: reason() },
        Fact::ClientFrozen { side: Side::Client, reason: reason() },
        Fact::ClientThawed { side: Side::Provider },
    ]
}

pub(crate) fn asking() -> Vec<Fact> {
    let quorum = vec![Seat { party: Side::Client, role: Role::Owner, n: 1 }];
    let (mode, clauses) = (Mode::Approve { quorum }, vec!["pay".to_owned()]);
    let call = HeldCall {
        hold: id(32),
        agent: id(3),
        instance: id(6),
        server: "bank".to_owned(),
        surface: Surface::Tool,
        name: "pay_bill".to_owned(),
        digest: Digest::of(b"call"),
        actions: vec!["payment.release".to_owned()],
        amount: Some(Money { amount: "12.5".to_owned(), currency: "EUR".to_owned() }),
        mode: mode.clone(),
        clauses: clauses.clone(),
        charter: id(30),
        expires: NOW + Span::minutes(30),
        escalate_at: Some(NOW + Span::minutes(10)),
    };
    let act = HeldAct {
        hold: id(33),
        person: people()[1],
        act: Box::new(Command::Release { agent: id(3) }),
        digest: Digest::of(b"act"),
        action: "agent.release".to_owned(),
        mode,
        clauses: clauses.clone(),
        charter: id(30),
        expires: NOW + Span::minutes(30),
        escalate_at: None,
    };
    let notified = Notified {
        agent: id(3),
        instance: id(6),
        server: "bank".to_owned(),
        surface: Surface::Tool,
        name: "pay_bill".to_owned(),
        digest: Digest::of(b"call"),
        actions: vec!["payment.release".to_owned()],
        clauses,
    };
    vec![
        Fact::CallHeld(Box::new(call)),
        Fact::ApprovalAsked(Box::new(act)),
        Fact::ApprovalGiven {
            hold: id(32),
            person: people()[0],
            digest: Digest::of(b"call"),
            deputy_of: Some(people()[1]),
            words: Some("go on".to_owned()),
        },
        Fact::ApprovalConsumed { hold: id(32), gateway: Some(id(8)) },
        Fact::ApprovalRefused { hold: id(33), person: people()[0], words: "no".to_owned() },
        Fact::ActNotified(Box::new(notified)),
    ]
}

pub(crate) fn watching() -> Vec<Fact> {
    let [one, two] = people();
    let (until, reason) = (NOW + Span::days(7), || "because".to_owned());
    let subject = Some(Subject::Group(group()));
    let result = DrillResult {
        drill: id(34),
        agent: id(3),
        shadow: id(35),
        live: false,
        begun: NOW,
        done: NOW + Span::seconds(1),
        steps: vec![DrillStep {
            step: "notice".to_owned(),
            at_us: 1,
            took_us: 2,
            ok: true,
            words: "It was seen.".to_owned(),
        }],
        notice_us: 3,
        end_us: 4,
        total_us: 5,
        passed: true,
        gateways: 1,
        next_due: NOW + Span::days(30),
    };
    let template = Template {
        name: "shops".to_owned(),
        parent: Some("cautious".to_owned()),
        clauses: vec![Clause::new("free", "Free", &["*"], Mode::Act)],
        removes: vec!["never".to_owned()],
        counts_as: charter().counts_as,
    };
    vec![
        Fact::AwaySet { person: one, deputy: two, until },
        Fact::AwaySet { person: two, deputy: one, until },
        Fact::AwayEnded { person: two },
        Fact::ObserveSet { subject, until, reason: reason() },
        Fact::ObserveSet { subject: None, until, reason: reason() },
        Fact::ObserveEnded { subject: None },
        Fact::DrillBegun {
            drill: id(34),
            agent: id(3),
            shadow: id(35),
            name: "invoice-bot (drill 1)".to_owned(),
        },
        Fact::DrillDone(Box::new(result)),
        Fact::TemplateSet { template: Box::new(template) },
    ]
}
