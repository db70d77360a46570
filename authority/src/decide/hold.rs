//! A call that waits for people: what is written down of it, and what was answered to the same call before.
//!
//! SECURITY: an approval counts for the same agent, the same running copy and the same digest only, while it is not
//! expired and not used up, and only if the quorum it was given under asks for no fewer people than the charter does now.
//! Never here: who may approve (`approval.rs`).

use serde::Serialize;
use writ_charter::{Amount, Charter, Mode, Money, Seat};
use writ_model::{
    AgentId, CharterId, Code, Digest, GrantId, HoldId, InstanceId, PersonId, Span, Timestamp,
};

use super::{
    Case, ClauseRead, CounterRead, Granted, call_digest,
    charter::Judged,
    denied::{PROPOSED, said_by},
    people,
};
use crate::{fact::HeldCall, grant::Surface, slice::context::Subject, state::Refused};

/// The charter lets it go only with an approval.
pub const WAITS: Code = Code("HOLD-0001");
/// A value of it was first read in what others wrote, and the charter lets such a call go only with an approval.
pub const ORIGIN: Code = Code("HOLD-0002");

/// A call that waits. What holds it, and what has to be written down so that people find it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OnHold {
    /// [`WAITS`] or [`ORIGIN`], or [`PROPOSED`] where a person does it instead.
    pub code: Code,
    /// What holds it, one sentence.
    pub words: String,
    /// Who can approve or do it, one sentence.
    pub cure: String,
    /// The hold that exists of exactly this call already.
    pub existing: Option<HoldId>,
    /// What to write down if none exists.
    pub call: ToHold,
    /// The charter that says so, and its version.
    pub charter: (CharterId, u32),
    /// The grant that covers it.
    pub grant: Option<GrantId>,
    /// Who gave that grant.
    pub given_by: Option<PersonId>,
    /// Counters of grants that were read.
    pub reads: Vec<CounterRead>,
    /// Counters of clauses that were read.
    pub clause_reads: Vec<ClauseRead>,
    /// Ledger lines the decision saw.
    pub tree_size: u64,
}

/// A [`HeldCall`] without its id.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToHold {
    /// Which agent asks.
    pub agent: AgentId,
    /// Which running copy of it.
    pub instance: InstanceId,
    /// On which server.
    pub server: String,
    /// Which kind of thing.
    pub surface: Surface,
    /// Its name.
    pub name: String,
    /// Of the call with its arguments.
    pub digest: Digest,
    /// What it counts as.
    pub actions: Vec<String>,
    /// How much money it moves, if that is known.
    pub amount: Option<Money>,
    /// Propose, or approve with its quorum.
    pub mode: Mode,
    /// Keys of the clauses that apply, strictest first.
    pub clauses: Vec<String>,
    /// Of which charter.
    pub charter: CharterId,
    /// Until when it may be approved and done.
    pub expires: Timestamp,
    /// From when owners count for any seat of their party.
    pub escalate_at: Option<Timestamp>,
}

impl ToHold {
    /// The hold of this id, for [`crate::Command::HoldCall`].
    #[must_use]
    pub fn held(self, hold: HoldId) -> HeldCall {
        HeldCall {
            hold,
            agent: self.agent,
            instance: self.instance,
            server: self.server,
            surface: self.surface,
            name: self.name,
            digest: self.digest,
            actions: self.actions,
            amount: self.amount,
            mode: self.mode,
            clauses: self.clauses,
            charter: self.charter,
            expires: self.expires,
            escalate_at: self.escalate_at,
        }
    }
}

impl OnHold {
    /// What holds a call, for the charter that does.
    pub(super) fn new(
        case: &Case<'_>,
        charter: &Charter,
        (subject, waits): (&Subject<'_>, Waits),
        (judged, granted): (&Judged<'_>, Option<&Granted>),
    ) -> Self {
        let (state, at, said) = (case.state, case.moment.at, &judged.said);
        let expires = at + Span::minutes(i64::from(said.waits.expires_minutes));
        let after = said.waits.escalate_minutes;
        let escalate_at = after.map(|minutes| at + Span::minutes(i64::from(minutes)));
        let call = ToHold {
            agent: case.agent.described.agent,
            // Of a call that nobody made: it is explained and never written down.
            instance: case.instance.unwrap_or_else(|| InstanceId::from_bytes([0; 16])),
            server: subject.server.to_owned(),
            surface: subject.surface,
            name: subject.name.to_owned(),
            digest: waits.digest,
            actions: judged.actions.clone(),
            amount: judged.amount.as_ref().map(Amount::money),
            mode: said.mode.clone(),
            clauses: said.clauses.clone(),
            charter: charter.charter,
            expires,
            escalate_at,
        };
        let (code, words, cure) = match &said.mode {
            Mode::Approve { quorum } => {
                let until = waits.until.unwrap_or(expires);
                let words = said_by(charter, &said.clauses, "lets it go only with an approval");
                let approvers = people::approvers(state, quorum, until);
                match judged.flow {
                    Some(flow) => (ORIGIN, format!("{}; {words}", flow.words), approvers),
                    None => (WAITS, words, approvers),
                }
            }
            Mode::Refuse | Mode::Propose | Mode::NotifyAndAct | Mode::Act => {
                let words = said_by(charter, &said.clauses, "lets an agent propose it only");
                (PROPOSED, words, people::doers(state))
            }
        };
        Self {
            code,
            words,
            cure,
            existing: waits.existing,
            call,
            charter: (charter.charter, charter.version),
            grant: granted.map(|one| one.id),
            given_by: granted.map(|one| one.grant.given_by),
            reads: granted.map(|one| one.reads.clone()).unwrap_or_default(),
            clause_reads: judged.reads.clone(),
            tree_size: state.size,
        }
    }

    /// Whether an approval ends the wait; else a person does it instead.
    pub fn waits(&self) -> bool {
        waits(self.code)
    }

    /// The clauses that apply, strictest first.
    pub fn clauses(&self) -> &[String] {
        &self.call.clauses
    }
}

/// Whether a code says that a call waits for an approval.
pub fn waits(code: Code) -> bool {
    code == WAITS || code == ORIGIN
}

/// What was answered to the same call before.
pub(super) enum Answer<'a> {
    /// Everybody who has to said yes to exactly this.
    Approved(HoldId),
    /// Somebody said no, and it holds until then.
    Refused(&'a Refused, Timestamp),
    /// Nothing yet, or not enough.
    Waits(Waits),
}

/// A call that waits.
pub(super) struct Waits {
    digest: Digest,
    existing: Option<HoldId>,
    /// Until when the hold that exists may be answered.
    until: Option<Timestamp>,
}

/// Looks for an answer to this very call.
///
/// SECURITY: with `found`, something was found of where its values came from: who approved it before that was shown none of
/// it, so that people are asked again.
pub(super) fn answer<'a>(
    case: &Case<'a>,
    subject: &Subject<'_>,
    (mode, found): (&Mode, bool),
) -> Answer<'a> {
    let digest = call_digest(subject.server, subject.surface, subject.name, subject.arguments);
    let (agent, at) = (case.agent.described.agent, case.moment.at);
    let known = case.instance.and_then(|instance| case.state.held_call(agent, instance, digest));
    let fresh = Waits { digest, existing: None, until: None };
    let Some(hold) = known.filter(|hold| hold.consumed.is_none() && at < hold.expires()) else {
        return Answer::Waits(fresh);
    };
    if let Some(refused) = &hold.refused {
        return Answer::Refused(refused, hold.expires());
    }
    if found && !hold.call().is_some_and(HeldCall::is_untrusted) {
        return Answer::Waits(fresh);
    }
    // What was held under another charter is not answered any more.
    let live = case.state.still_open(hold, at).is_ok();
    match (mode, hold.mode()) {
        (Mode::Approve { quorum }, Mode::Approve { quorum: asked }) => {
            // The charter may ask for more people now than when it was held.
            if case.state.approved(hold, quorum, at) {
                return Answer::Approved(hold.id());
            }
            let existing = (live && covers(asked, quorum)).then(|| hold.id());
            Answer::Waits(Waits { existing, until: Some(hold.expires()), ..fresh })
        }
        (Mode::Propose, Mode::Propose) => {
            let (existing, until) = (live.then(|| hold.id()), Some(hold.expires()));
            Answer::Waits(Waits { existing, until, ..fresh })
        }
        _ => Answer::Waits(fresh),
    }
}

/// Whether a quorum asks for everybody that another one asks for.
fn covers(asked: &[Seat], wanted: &[Seat]) -> bool {
    wanted.iter().all(|seat| {
        asked.iter().any(|one| (one.party, one.role) == (seat.party, seat.role) && one.n >= seat.n)
    })
}
