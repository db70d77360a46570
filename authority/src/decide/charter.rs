//! What the charter says of a call that a grant covers: its mode, the bounds of its clauses, approvals.
//!
//! SECURITY: whatever is missing (a charter, an amount, a counter, an approval) refuses or holds; only
//! `observe::lifts` says what a signed observation may pass, and a clause that refuses is not among it.
//! Never here: how a clause matches (`writ_charter`).

use writ_charter::{Amount, Judgment, Mode, UNTRUSTED};
use writ_model::{Code, HoldId};

use super::{
    BY_APPROVAL, BY_GRANT, BY_SESSION, Basis, Case, ClauseRead, Decision, Denied, Engine, Flow,
    FlowSays, Granted, OBSERVED, OnHold, Permitted, REHEARSED, Reason, Rules, bounds, denied, flow,
    hold::{self, Answer},
    observe,
};
use crate::slice::{Slice, context::Subject, ruling::Ruling};

/// What was judged, and on what.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    pub(super) said: Judgment,
    /// What speaks against its values, where the charter follows them.
    pub(super) flow: Option<Flow<'a>>,
    pub(super) actions: Vec<String>,
    pub(super) amount: Option<Amount>,
    pub(super) reads: Vec<ClauseRead>,
}

/// A way on.
#[derive(Debug, Default)]
struct Way {
    approval: Option<HoldId>,
    notify: bool,
    /// What it would have been answered if it were not only observed.
    observed: Option<(Code, String)>,
}

/// No way on, for now or at all.
enum Stop {
    Deny(Box<Denied>),
    Hold(Box<OnHold>),
}

impl Stop {
    fn code(&self) -> Code {
        match self {
            Self::Deny(denied) => denied.code,
            Self::Hold(held) => held.code,
        }
    }

    fn words(self) -> String {
        match self {
            Self::Deny(denied) => denied.words,
            Self::Hold(held) => held.words,
        }
    }

    /// A rehearsal disturbs nobody: what would be held is only said to be so.
    fn decision(self, slice: &Slice, granted: Option<Granted>) -> Decision {
        match self {
            Self::Hold(held) if !slice.shadow => Decision::Hold(held),
            Self::Hold(held) => Decision::Deny(Denied::rehearsed(*held)),
            Self::Deny(denied) => Decision::Deny(denied.under(granted)),
        }
    }
}

impl Engine {
    /// Decides a call by the charter, after its grants said yes, or no to one that is only observed.
    pub(super) fn on_charter(
        &self,
        case: &Case<'_>,
        slice: &Slice,
        subject: &Subject<'_>,
        granted: Result<Granted, Denied>,
    ) -> Decision {
        let Some(rules) = case.rules else {
            return Decision::Deny(Denied::no_charter(case.state));
        };
        let (granted, refused) = match granted {
            Ok(granted) => (Some(granted), None),
            Err(denied) => (None, Some(denied)),
        };
        let ruling = self.ruling(rules, subject, granted.as_ref());
        let mut judged = match judged(case, rules, (slice, subject), &ruling) {
            Ok(judged) => judged,
            Err(denied) => return Decision::Deny(denied.under(granted)),
        };
        let way = way(case, rules, subject, (&mut judged, granted.as_ref()));
        let way = match (way, &refused) {
            (Ok(way), None) => way,
            (Ok(way), Some(refused)) => {
                Way { approval: None, observed: Some((refused.code, refused.words.clone())), ..way }
            }
            (Err(stop), _) if !observe::passes(case, stop.code()) => {
                return stop.decision(slice, granted);
            }
            (Err(_), Some(refused)) => {
                Way { observed: Some((refused.code, refused.words.clone())), ..Way::default() }
            }
            (Err(stop), None) => {
                Way { observed: Some((stop.code(), stop.words())), ..Way::default() }
            }
        };
        if way.observed.is_some()
            && let Answer::Refused(no, until) = hold::answer(case, subject, (&Mode::Propose, false))
        {
            // SECURITY: a person's no to this very call stands, whatever else would have stopped it first.
            let denied = Denied::said_no(case.state, rules.charter, (no, until), &judged);
            return Decision::Deny(denied.under(granted));
        }
        let reads = match (&granted, refused) {
            (Some(granted), _) => granted.reads.clone(),
            (None, Some(refused)) => refused.reads,
            (None, None) => Vec::new(),
        };
        let mut basis = basis(case, slice, reason(case, rules, granted.as_ref(), (&judged, &way)));
        basis.reads = reads;
        basis.charter = Some((rules.charter.charter, rules.charter.version));
        basis.clauses = judged.said.clauses;
        basis.actions = judged.actions;
        basis.clause_reads = judged.reads;
        basis.amount = judged.amount;
        basis.approval = way.approval;
        basis.notify = way.notify && !slice.shadow;
        basis.observed = way.observed.map(|(code, _)| code);
        if basis.observed.is_none() && !slice.shadow {
            // What would have been refused counts for no limit, so that enforcing sees what observing saw; and a
            // rehearsal uses up nothing of its original's.
            basis.limits = granted.map(|one| one.grant.limits.clone()).unwrap_or_default();
            basis.bounds = judged.said.bounds;
        }
        Decision::Permit(Permitted::new(basis))
    }

    /// Whether a thing may be listed: nothing that the charter refuses whatever the arguments.
    pub(super) fn may_list(
        &self,
        case: &Case<'_>,
        slice: &Slice,
        subject: &Subject<'_>,
        observed: bool,
    ) -> bool {
        let Some(rules) = case.rules else {
            return false;
        };
        if denied::frozen(case.state).is_err() {
            return false;
        }
        let ruling = self.ruling(rules, subject, None);
        match judged(case, rules, (slice, subject), &ruling) {
            Ok(judged) => observed || judged.said.mode != Mode::Refuse,
            // What a clause refuses only sometimes stays listed: the call itself is told when.
            Err(denied) => {
                let deed = ruling.deed((slice, subject), None, case.moment.at);
                denied.code == denied::REFUSED && !ruling.refuses_for_sure(&deed)
            }
        }
    }
}

/// The charter's judgment. An error is final: no observation passes it.
fn judged<'a>(
    case: &Case<'a>,
    rules: Rules<'_>,
    (slice, subject): (&Slice, &Subject<'_>),
    ruling: &Ruling,
) -> Result<Judged<'a>, Box<Denied>> {
    let amount = ruling.amount(subject.arguments);
    let mut deed = ruling.deed((slice, subject), amount.clone(), case.moment.at);
    let mut actions = ruling.actions.clone();
    let flow = flow::counts(case, ruling, &deed);
    if flow.is_some() {
        deed.actions.push(UNTRUSTED);
        actions.push(UNTRUSTED.to_owned());
    }
    let said = ruling.judge(&case.state.suspended(), &deed);
    let judged = Judged { said, flow, actions, amount, reads: Vec::new() };
    denied::standing(case.state, rules.charter, &judged)?;
    Ok(judged)
}

/// Whether a call may go on under a judgment that nothing final stands against.
fn way(
    case: &Case<'_>,
    rules: Rules<'_>,
    subject: &Subject<'_>,
    (judged, granted): (&mut Judged<'_>, Option<&Granted>),
) -> Result<Way, Stop> {
    let state = case.state;
    if judged.said.mode == Mode::Refuse {
        return Err(Stop::Deny(Box::new(Denied::uncovered(state, rules.charter, judged))));
    }
    bounds::hold(case, rules, judged).map_err(Stop::Deny)?;
    match &judged.said.mode {
        Mode::Act => Ok(Way::default()),
        Mode::NotifyAndAct => Ok(Way { notify: true, ..Way::default() }),
        Mode::Refuse | Mode::Propose | Mode::Approve { .. } => {
            if let Some(flow) = judged.flow.filter(|flow| flow.says == FlowSays::Deny) {
                let denied = Denied::untrusted(state, rules.charter, flow.words, judged);
                return Err(Stop::Deny(Box::new(denied)));
            }
            match hold::answer(case, subject, (&judged.said.mode, judged.flow.is_some())) {
                Answer::Approved(hold) => Ok(Way { approval: Some(hold), ..Way::default() }),
                Answer::Refused(refused, until) => {
                    let denied = Denied::said_no(state, rules.charter, (refused, until), judged);
                    Err(Stop::Deny(Box::new(denied)))
                }
                Answer::Waits(waits) => {
                    let held =
                        OnHold::new(case, rules.charter, (subject, waits), (judged, granted));
                    Err(Stop::Hold(Box::new(held)))
                }
            }
        }
    }
}

/// What every permit has.
fn basis(case: &Case<'_>, slice: &Slice, reason: Reason) -> Basis {
    Basis {
        agent: slice.agent,
        reason,
        tree_size: case.state.size,
        limits: Vec::new(),
        reads: Vec::new(),
        actions: Vec::new(),
        clauses: Vec::new(),
        charter: None,
        bounds: Vec::new(),
        clause_reads: Vec::new(),
        amount: None,
        approval: None,
        notify: false,
        observed: None,
        rehearsal: slice.shadow,
    }
}

fn reason(
    case: &Case<'_>,
    rules: Rules<'_>,
    granted: Option<&Granted>,
    (judged, way): (&Judged<'_>, &Way),
) -> Reason {
    let state = case.state;
    let grant = granted.map(|one| {
        let giver = state.person_name(one.grant.given_by);
        format!("{giver} granted: may {}", one.grant.words())
    });
    let version = rules.charter.version;
    let clauses = judged.said.clauses.join(", ");
    let (code, words) = match (&way.observed, way.approval) {
        (Some((code, words)), _) => (OBSERVED, observe::would_be(*code, words)),
        (None, Some(hold)) => (BY_APPROVAL, format!("approved as {hold}")),
        (None, None) => {
            let grant = grant.unwrap_or_default();
            let flow = judged.flow.map(|flow| format!("; {}", flow.words)).unwrap_or_default();
            (BY_GRANT, format!("{grant}; charter version {version}: {clauses}{flow}"))
        }
    };
    let code = if case.agent.shadow_of.is_some() { REHEARSED } else { code };
    let grant = granted.map(|one| one.id);
    Reason { code, grant, given_by: granted.map(|one| one.grant.given_by), words }
}

/// What a handshake, a list or a notification is answered: no action class, but nothing without a charter either.
pub(super) fn session(case: &Case<'_>, slice: &Slice, server: &str) -> Decision {
    let (state, at) = (case.state, case.moment.at);
    let Some(rules) = case.rules else {
        return Decision::Deny(Denied::no_charter(state));
    };
    if let Err(denied) = denied::valid(state, rules.charter, at) {
        return Decision::Deny(*denied);
    }
    let open = slice.grants.iter().any(|(_, grant)| grant.server == server && grant.holds_at(at));
    let observed = (!open).then_some(denied::NO_SERVER);
    if !open && !observe::passes(case, denied::NO_SERVER) {
        return Decision::Deny(Denied::no_server(state, server));
    }
    let (code, words) = match observed {
        Some(code) => (OBSERVED, observe::would_be(code, "it has no grant on that server")),
        None => (BY_SESSION, format!("it has grants on {server}")),
    };
    let code = if slice.shadow { REHEARSED } else { code };
    let mut basis = basis(case, slice, Reason { code, grant: None, given_by: None, words });
    basis.charter = Some((rules.charter.charter, rules.charter.version));
    basis.observed = observed;
    Decision::Permit(Permitted::new(basis))
}
