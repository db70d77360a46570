//! Probes: the real engine and the real gate of commands, asked about a sample on a copy of the state in which nothing
//! else is in the way: no freeze, no suspension, nobody missing, a grant for exactly that thing.
//!
//! SECURITY: what a probe decides stays here; only the names of clauses come out.
//! To add a governed command: its sample in [`command`].

use std::sync::Arc;

use imbl::OrdMap;
use writ_charter::{Charter, Clause, UNTRUSTED};
use writ_model::{
    Actor, AgentId, Digest, GrantId, InstanceId, PersonId, Role, Side, Span, Timestamp,
    json::{self, Limits},
};

use super::{
    Kind, Point,
    sample::{self, Sample},
};
use crate::{
    accountability::Accountability,
    agent::{Agent, AgentKind, Autonomy, Life},
    command::{
        Command,
        governed::{self, ACTIVATE, ANSWERS, EXPORT, ISSUE, OBSERVE, RELEASE, WIDEN},
    },
    decide::{Ask, Engine, Flow, FlowSays, Moment, What, explain::Unused},
    fact::{AgentDescribed, Subject},
    grant::{Grant, Surface},
    state::{Given, Instance, Person, State},
};

/// LIMIT: what the probing engine keeps: nothing is asked twice.
const KEPT: std::num::NonZeroUsize = std::num::NonZeroUsize::MIN;

/// A state to probe on.
pub(super) struct Stage<'s> {
    base: State,
    charter: &'s Charter,
    engine: Engine,
    /// Raised with each probe, so that the engine never takes one for another.
    serial: u64,
}

fn person(number: u8) -> PersonId {
    PersonId::from_bytes([number; 16])
}

impl<'s> Stage<'s> {
    pub(super) fn new(state: &State, charter: &'s Charter) -> Self {
        let mut base = state.clone();
        base.freezes = OrdMap::new();
        base.suspensions = OrdMap::new();
        base.observing = OrdMap::new();
        base.acted = OrdMap::new();
        for (number, side) in [(1, Side::Provider), (2, Side::Client)] {
            let seated = Person {
                name: "probe".into(),
                side,
                roles: vec![Role::Owner],
                seated_at: state.last_at,
                left_at: None,
                keys: 1,
                keyless_since: None,
            };
            base.people.insert(person(number), Arc::new(seated));
        }
        Self { base, charter, engine: Engine::new(KEPT, KEPT), serial: state.size }
    }

    /// Whether a point names a clause back, for some sample of what the clause is about.
    pub(super) fn names(&mut self, clause: &Clause, point: &Point) -> bool {
        let about = |pattern: &String| writ_charter::family(pattern, &point.action);
        clause.actions.iter().any(about)
            && sample::samples(self.charter, clause, point).iter().any(|sample| {
                let said = match &point.kind {
                    Kind::Desk => self.gate(point, sample),
                    Kind::Naming { surface, .. } | Kind::Unnamed { surface } => {
                        self.call(*surface, sample, None)
                    }
                    Kind::Besides if point.action == UNTRUSTED => {
                        let found = Flow { says: FlowSays::Hold, words: "probe" };
                        self.call(Surface::Tool, sample, Some(found))
                    }
                    Kind::Besides => {
                        let state = self.staged(Surface::Tool, sample);
                        let whose = (sample.agent, sample.server.as_str());
                        state.says_of_answers(whose, &point.action, sample.at)
                    }
                    Kind::Grant { .. } => Vec::new(),
                };
                said.contains(&clause.key)
            })
    }

    /// Clauses that the gate of commands names.
    fn gate(&mut self, point: &Point, sample: &Sample) -> Vec<String> {
        let state = self.staged(Surface::Tool, sample);
        let side = if state.own_side() == Some(Side::Client) { 1 } else { 2 };
        let actor = Actor::Person { id: person(side), via: "probe".to_owned() };
        let (Some(act), Some(force)) = (command(&point.action, sample), &state.charter) else {
            return Vec::new();
        };
        match governed::governed(&state, &act, &actor) {
            Some(class) if class == point.action => {
                governed::said(&state, force, (class, &act), sample.at).clauses
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// Clauses that the engine names.
    fn call(&mut self, surface: Surface, sample: &Sample, flow: Option<Flow<'_>>) -> Vec<String> {
        let state = self.staged(surface, sample);
        let text = sample::arguments(self.charter, surface, sample).to_string();
        let Ok(node) = json::parse(text.as_bytes(), &Limits::REQUEST) else {
            return Vec::new();
        };
        let ask = Ask {
            agent: sample.agent,
            instance: instance(),
            epoch: 0,
            server: &sample.server,
            what: What::Call { surface, name: &sample.name, arguments: Some(&node) },
        };
        let moment = Moment { at: sample.at, counters: &Unused };
        self.engine.decide_traced(&state, &ask, &moment, flow).clauses().to_vec()
    }

    /// The state with the sample's agent in it: active, answered for, with a grant for exactly the sample's thing.
    fn staged(&mut self, surface: Surface, sample: &Sample) -> State {
        self.serial = self.serial.saturating_add(1);
        let mut state = self.base.clone();
        let id = sample.agent;
        state.agents.insert(id, Arc::new(agent(sample, self.serial)));
        let copy = Instance {
            agent: id,
            label: String::new(),
            jkt: String::new(),
            jwk: String::new(),
            enrolled_at: sample.at,
            ended_at: None,
        };
        state.instances.insert(instance(), Arc::new(copy));
        let says = Arc::new(grant(surface, sample));
        let given = Given { says, at: sample.at, revoked_at: None, line: self.serial };
        let key = GrantId::from_bytes([1; 16]);
        state.grants.insert(key, Arc::new(given));
        state.granted.insert(Subject::Agent(id), Arc::new(vec![key]));
        state
    }
}

fn instance() -> InstanceId {
    InstanceId::from_bytes([1; 16])
}

fn agent(sample: &Sample, touched: u64) -> Agent {
    let described = AgentDescribed {
        agent: sample.agent,
        name: "probe".to_owned(),
        kind: AgentKind::Bot,
        purpose: "To probe what enforces a charter.".to_owned(),
        owner: None,
        group: sample.group,
        models: Vec::new(),
        data_classes: sample.data.clone(),
        autonomy: Autonomy::Supervised,
        deadline: None,
    };
    let accountability = Accountability {
        authorizer: Some(person(2)),
        auditor: Some(person(1)),
        terminators: vec![person(1), person(2)],
        set_at: Some(sample.at),
    };
    Agent {
        described,
        life: Life::Active,
        life_since: sample.at,
        accountability,
        epoch: 0,
        touched,
        first_line: touched,
        owner_line: None,
        shadow_of: None,
    }
}

fn grant(surface: Surface, sample: &Sample) -> Grant {
    Grant {
        subject: Subject::Agent(sample.agent),
        server: sample.server.clone(),
        surface,
        name: sample.name.clone(),
        rules: Vec::new(),
        only_named_arguments: false,
        window: None,
        limits: Vec::new(),
        from: None,
        until: None,
        given_by: person(1),
        reason: "probe".to_owned(),
    }
}

/// A sample of a governed class.
fn command(class: &str, sample: &Sample) -> Option<Command> {
    let agent: AgentId = sample.agent;
    let until: Timestamp = sample.at + Span::hours(1);
    let subject = Subject::Agent(agent);
    match class {
        ACTIVATE => Some(Command::Activate { agent }),
        RELEASE => Some(Command::Release { agent }),
        WIDEN => Some(Command::GiveGrant(Box::new(grant(Surface::Tool, sample)))),
        ANSWERS => Some(Command::SetAccountability {
            subject,
            authorizer: Some(person(2)),
            auditor: Some(person(1)),
            terminators: Vec::new(),
        }),
        ISSUE => {
            let code = Digest::of(b"probe");
            Some(Command::OfferEnrollment { agent, code, expires: until })
        }
        OBSERVE => {
            let reason = "probe".to_owned();
            Some(Command::SetObserve { subject: Some(subject), until, reason })
        }
        EXPORT => Some(Command::AllowExport { until }),
        _ => None,
    }
}
