//! How facts about decision authority change the state: charters, stops, holds and approvals, who is away, what is
//! watched, drills, templates.
//! Never here: whether a fact was allowed; what is written, is (`chain.rs` is for those who doubt it).

use std::sync::Arc;

use writ_charter::Charter;
use writ_model::{AgentId, CharterId, Digest, DrillId, HoldId, PersonId, Span, Timestamp};

use crate::{
    agent::{Agent, Life},
    command::{self, governed::ACTED},
    fact::Fact,
    state::{
        Approved, Away, Consumed, Draft, Drill, Hold, InForce, Kept, Observing, Refused, Signature,
        State, Stop, Waits,
    },
};

/// LIMIT: charters kept that are no longer in force; the ledger has them all.
const PAST: usize = 256;
/// How long a hold that is over stays: long enough for the report of a quarter; the ledger has them all.
const OVER: Span = Span::days(92);
/// How far back the limits on people's acts look: the longest period of a limit.
const DAY: Span = Span::days(1);

/// Line, instant, author.
type Written = (u64, Timestamp, Option<PersonId>);

impl State {
    pub(super) fn agree(&mut self, line: u64, at: Timestamp, by: Option<PersonId>, fact: Fact) {
        let written = (line, at, by);
        match fact {
            Fact::CharterProposed { charter } => self.draft(written, *charter),
            Fact::CharterWithdrawn { charter, .. } => {
                self.draft = self.draft.take().filter(|draft| draft.charter.charter != charter);
            }
            Fact::CharterSigned { charter, digest, person, side } => {
                self.sign((charter, digest), Signature { side, person, at, line });
            }
            Fact::CharterInForce { charter, .. } => self.put_in_force(written, charter),
            Fact::DelegationSuspended { clause, side, reason } => {
                let key = (side, clause.clone());
                let stop = Stop { side, clause, person: by, at, line, reason };
                self.suspensions.insert(key, Arc::new(stop));
            }
            Fact::DelegationResumed { clause, side } => {
                self.suspensions.remove(&(side, clause));
            }
            Fact::ClientFrozen { side, reason } => {
                let stop = Stop { side, clause: None, person: by, at, line, reason };
                self.freezes.insert(side, Arc::new(stop));
            }
            Fact::ClientThawed { side } => drop(self.freezes.remove(&side)),
            Fact::AwaySet { person, deputy, until } => {
                self.away.insert(person, Away { deputy, until, at, line });
            }
            Fact::AwayEnded { person } => drop(self.away.remove(&person)),
            Fact::ObserveSet { subject, until, reason } => {
                let made = Observing { until, at, line, by, reason };
                self.observing.insert(subject, Arc::new(made));
            }
            Fact::ObserveEnded { subject } => drop(self.observing.remove(&subject)),
            Fact::DrillBegun { drill, agent, shadow, name } => {
                self.begin_drill(written, drill, (agent, shadow, name));
            }
            Fact::DrillDone(result) => {
                if let Some(known) = self.drills.get_mut(&result.drill) {
                    Arc::make_mut(known).result = Some((Arc::new(*result), at, line));
                }
            }
            Fact::TemplateSet { template } => {
                let kept = Kept { template: Arc::new(*template), at, line };
                self.templates.insert(kept.template.name.clone(), Arc::new(kept));
            }
            other => self.answer_hold(written, other),
        }
    }

    fn answer_hold(&mut self, (line, at, _): Written, fact: Fact) {
        match fact {
            Fact::CallHeld(call) => {
                self.held.insert((call.agent, call.instance, call.digest), call.hold);
                self.wait(line, at, call.hold, Waits::Call(Arc::new(*call)));
            }
            Fact::ApprovalAsked(act) => {
                self.wait(line, at, act.hold, Waits::Act(Arc::new(*act)));
            }
            Fact::ApprovalGiven { hold, person, deputy_of, words, .. } => {
                let said = (person, deputy_of, words);
                self.approve((line, at), hold, said);
            }
            Fact::ApprovalRefused { hold, person, words } => {
                if let Some(known) = self.holds.get_mut(&hold) {
                    Arc::make_mut(known).refused = Some(Refused { person, at, line, words });
                }
            }
            Fact::ApprovalConsumed { hold, gateway } => {
                if let Some(known) = self.holds.get_mut(&hold) {
                    Arc::make_mut(known).consumed = Some(Consumed { at, line, gateway });
                }
            }
            // That people are told of it is read from the ledger; all others are folded elsewhere.
            _ => {}
        }
    }

    fn draft(&mut self, (line, at, by): Written, charter: Charter) {
        let digest = charter.digest();
        let charter = Arc::new(charter);
        let made = Draft { charter, digest, at, line, by, signed: Vec::new() };
        self.draft = Some(Arc::new(made));
    }

    fn sign(&mut self, (id, digest): (CharterId, Digest), signature: Signature) {
        let Some(draft) = &mut self.draft else {
            return;
        };
        if (draft.charter.charter, draft.digest) == (id, digest) {
            let draft = Arc::make_mut(draft);
            draft.signed.retain(|one| one.side != signature.side);
            draft.signed.push(signature);
        }
    }

    fn put_in_force(&mut self, (line, at, _): Written, id: CharterId) {
        let Some(draft) = self.draft.take_if(|draft| draft.charter.charter == id) else {
            return;
        };
        let draft = Arc::unwrap_or_clone(draft);
        self.end_charter(at);
        self.charter = Some(Arc::new(InForce {
            charter: draft.charter,
            digest: draft.digest,
            at,
            line,
            by: draft.by,
            signed: draft.signed,
            until: None,
        }));
    }

    /// The charter in force is so no more.
    pub(super) fn end_charter(&mut self, at: Timestamp) {
        let Some(mut before) = self.charter.take() else {
            return;
        };
        Arc::make_mut(&mut before).until = Some(at);
        if self.past.len() >= PAST {
            self.past.remove(0);
        }
        self.past.push(before);
    }

    fn wait(&mut self, line: u64, at: Timestamp, id: HoldId, waits: Waits) {
        // Ids grow with time, so what is over longest comes first.
        while let Some((first, _)) =
            self.holds.get_min().filter(|(_, hold)| hold.expires().min(hold.at + DAY) + OVER < at)
        {
            let first = *first;
            if let Some(Waits::Call(call)) =
                self.holds.remove(&first).map(|hold| hold.waits.clone())
            {
                let key = (call.agent, call.instance, call.digest);
                if self.held.get(&key) == Some(&first) {
                    self.held.remove(&key);
                }
            }
        }
        let (given, refused, consumed, void_at) = (Vec::new(), None, None, None);
        let hold = Hold { waits, at, line, given, refused, consumed, void_at };
        self.holds.insert(id, Arc::new(hold));
    }

    /// Who left, or had a passkey taken, answers again: neither their yes to what still waits nor their signature under a
    /// charter that is not in force yet is known to be theirs any more. What was used up stays.
    pub(super) fn unsay(&mut self, at: Timestamp, person: PersonId) {
        if let Some(draft) = &mut self.draft
            && draft.signed.iter().any(|one| one.person == person)
        {
            Arc::make_mut(draft).signed.retain(|one| one.person != person);
        }
        let theirs = |one: &Approved| one.person == person || one.deputy_of == Some(person);
        let said =
            |(_, hold): &(&HoldId, &Arc<Hold>)| hold.open(at) && hold.given.iter().any(theirs);
        let open: Vec<HoldId> = self.holds.iter().filter(said).map(|(id, _)| *id).collect();
        for id in open {
            if let Some(hold) = self.holds.get_mut(&id) {
                Arc::make_mut(hold).given.retain(|one| !theirs(one));
            }
        }
    }

    fn approve(
        &mut self,
        (line, at): (u64, Timestamp),
        id: HoldId,
        (person, deputy_of, words): (PersonId, Option<PersonId>, Option<String>),
    ) {
        let given =
            self.holds.get(&id).and_then(|hold| Approved::of(self, hold, (person, deputy_of), at));
        if let (Some(given), Some(hold)) = (given, self.holds.get_mut(&id)) {
            Arc::make_mut(hold).given.push(Approved { line, words, ..given });
        }
    }

    fn begin_drill(
        &mut self,
        (line, begun_at, begun_by): Written,
        drill: DrillId,
        (agent, shadow, name): (AgentId, AgentId, String),
    ) {
        let made =
            Drill { agent, shadow, name: name.clone(), begun_at, begun_by, line, result: None };
        self.drills.insert(drill, Arc::new(made));
        let Some(original) = self.agents.get(&agent).map(Arc::clone) else {
            return;
        };
        let mut described = original.described.clone();
        described.agent = shadow;
        described.name.clone_from(&name);
        let copy = Agent {
            described,
            life: Life::Active,
            life_since: begun_at,
            accountability: original.accountability.clone(),
            epoch: 0,
            touched: line,
            first_line: line,
            owner_line: None,
            shadow_of: Some(agent),
        };
        self.names.insert(name, shadow);
        self.agents.insert(shadow, Arc::new(copy));
    }

    /// Remembers what a person does that a charter governs, for its limits.
    pub(super) fn remember(&mut self, at: Timestamp, by: Option<PersonId>, fact: &Fact) {
        let Some(class) = by.and_then(|_| command::governed_fact(self, fact)) else {
            return;
        };
        while let Some((first, _)) = self.acted.get_min().filter(|(_, (then, _))| *then + DAY < at)
        {
            let first = *first;
            self.acted.remove(&first);
        }
        // SECURITY: a class makes room for itself alone, or many acts of one would refill the limits of another.
        let same = |(_, (_, known)): &(&u64, &(Timestamp, String))| known == class;
        if self.acted.iter().filter(same).count() >= ACTED
            && let Some(oldest) = self.acted.iter().find(same).map(|(line, _)| *line)
        {
            self.acted.remove(&oldest);
        }
        self.acted.insert(self.size, (at, class.to_owned()));
    }
}
