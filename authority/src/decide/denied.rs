//! Denials: which question was answered no, what stands in the way, and what would cure it, so that a person can act.
//! Never here: the value an agent sent; records must not carry what the sealed arguments keep.

use std::sync::Arc;

use serde::Serialize;
use writ_model::{AgentId, CharterId, Code, GrantId, PersonId, Role};

use super::{Ask, ClauseRead, CounterRead, Moment};
use crate::{
    agent::{Agent, Life},
    grant::Grant,
    refusal::cut,
    slice::context::{self, Subject},
    state::State,
};

mod charter;

pub use charter::{
    AMOUNT, CLAUSE_LIMIT, FROZEN, NO_CHARTER, PROPOSED, REFUSED, SAID_NO, SUSPENDED, UNCOVERED,
    UNTRUSTED_VALUE,
};
pub(super) use charter::{frozen, said_by, standing, valid};

/// A denial. Boxed where it is an error: it is large and rare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denied {
    /// Stable code.
    pub code: Code,
    /// The grant that came nearest.
    pub grant: Option<GrantId>,
    /// Who gave that grant.
    pub given_by: Option<PersonId>,
    /// What stands in the way, one sentence.
    pub words: String,
    /// What would cure it and who can, one sentence.
    pub cure: String,
    /// Counters of grants that were read.
    pub reads: Vec<CounterRead>,
    /// The clauses that apply, strictest first.
    pub clauses: Vec<String>,
    /// The charter it was judged by, and its version.
    pub charter: Option<(CharterId, u32)>,
    /// Counters of clauses that were read.
    pub clause_reads: Vec<ClauseRead>,
    /// Ledger lines the decision saw.
    pub tree_size: u64,
}

/// The token names an agent that is not in this register.
pub const UNKNOWN_AGENT: Code = Code("DENY-0001");
/// The agent is not switched on.
pub const NOT_ACTIVE: Code = Code("DENY-0002");
/// The agent is on hold.
pub const HELD: Code = Code("DENY-0003");
/// The agent is quarantined.
pub const QUARANTINED: Code = Code("DENY-0004");
/// The agent is ended.
pub const TERMINATED: Code = Code("DENY-0005");
/// The instance is ended or another agent's.
pub const INSTANCE: Code = Code("DENY-0006");
/// The token is from before a quarantine or restart.
pub const EPOCH: Code = Code("DENY-0007");
/// Authorizer, auditor or terminator is missing for longer than the grace period.
pub const ANSWERS: Code = Code("DENY-0008");
/// The agent acts for another one, which may not act now.
pub const ABOVE: Code = Code("DENY-0009");
/// The agent has no grant on this server.
pub const NO_SERVER: Code = Code("DENY-0010");
/// No grant covers this thing.
pub const NO_GRANT: Code = Code("DENY-0011");
/// A grant covers it, but an argument breaks a condition.
pub const CONDITION: Code = Code("DENY-0012");
/// A grant covers it, but not at this hour.
pub const WINDOW: Code = Code("DENY-0013");
/// A grant covers it, but its limit is reached or cannot be read.
pub const LIMIT: Code = Code("DENY-0014");
/// A grant covers it, but is not yet or no longer valid.
pub const VALIDITY: Code = Code("DENY-0015");
/// It could not be decided.
pub const FAULT: Code = Code("DENY-0099");

impl Denied {
    fn new(state: &State, code: Code, words: String, cure: String) -> Self {
        Self::seen(state.size, code, words, cure)
    }

    fn seen(tree_size: u64, code: Code, words: String, cure: String) -> Self {
        Self {
            code,
            grant: None,
            given_by: None,
            words,
            cure,
            reads: Vec::new(),
            clauses: Vec::new(),
            charter: None,
            clause_reads: Vec::new(),
            tree_size,
        }
    }

    pub(super) fn unknown_agent(agent: AgentId) -> Self {
        let cure = "Enroll the agent with a code from its register page.".to_owned();
        Self::seen(0, UNKNOWN_AGENT, format!("{agent} is not in this client's register"), cure)
    }

    pub(super) fn answers(state: &State, agent: &Agent) -> Self {
        let missing = state.missing(&state.answers(agent));
        let words: Vec<String> = missing.iter().map(|one| one.words(state)).collect();
        let cure = missing.first().map(crate::accountability::Missing::cure).unwrap_or_default();
        let words = format!("{} is no longer answered for: {}", agent.name(), words.join("; "));
        Self::new(state, ANSWERS, words, cure)
    }

    pub(super) fn no_server(state: &State, server: &str) -> Self {
        let words = format!("it has no grant on server `{}`", cut(server));
        Self::new(state, NO_SERVER, words, givers(state))
    }

    pub(super) fn no_grant(state: &State, subject: &Subject<'_>) -> Self {
        let (surface, name, server) = (subject.surface.word(), subject.name, subject.server);
        let words = format!("no grant covers {surface} `{}` on {}", cut(name), cut(server));
        Self::new(state, NO_GRANT, words, givers(state))
    }

    pub(super) fn fault(state: &State, why: &str) -> Self {
        let cure = "Nothing was forwarded. Please report this with the call's id.".to_owned();
        Self::new(state, FAULT, format!("it could not be decided: {}", cut(why)), cure)
    }

    /// A limit was reached between the decision and the reservation.
    #[must_use]
    pub fn limit_reached(state: &State, grant: GrantId, limit: crate::grant::Limit) -> Self {
        let given = state.grants.get(&grant);
        let words = limit_words(limit);
        let mut denied = Self::new(state, LIMIT, words, limit_cure(limit));
        denied.grant = Some(grant);
        denied.given_by = given.map(|given| given.says.given_by);
        denied
    }

    /// Grants cover the thing, and each fails on something: the one that failed latest came nearest.
    pub(super) fn conditions(
        state: &State,
        grants: &[(GrantId, Arc<Grant>)],
        subject: &Subject<'_>,
        moment: &Moment<'_>,
        reads: Vec<CounterRead>,
    ) -> Self {
        let nearest = grants
            .iter()
            .map(|(id, grant)| (id, grant, failing(*id, grant, subject, moment, &reads)))
            .max_by_key(|(_, _, (rank, ..))| *rank);
        let Some((id, grant, (_, code, words, cure))) = nearest else {
            return Self::fault(state, "no grant to explain");
        };
        let who = state.person_name(grant.given_by);
        let mut denied = Self::new(state, code, format!("{words} (grant of {who})"), String::new());
        denied.cure = cure.unwrap_or_else(|| givers(state));
        denied.grant = Some(*id);
        denied.given_by = Some(grant.given_by);
        denied.reads = reads;
        denied
    }
}

type Failing = (u8, Code, String, Option<String>);

/// The first thing a grant fails on, with a rank that grows the nearer it came.
fn failing(
    id: GrantId,
    grant: &Grant,
    subject: &Subject<'_>,
    moment: &Moment<'_>,
    reads: &[CounterRead],
) -> Failing {
    if !grant.holds_at(moment.at) {
        let words = match (grant.from, grant.until) {
            (Some(from), _) if moment.at < from => format!("the grant begins at {from}"),
            (_, Some(until)) => format!("the grant ended at {until}"),
            _ => "the grant does not hold now".to_owned(),
        };
        return (0, VALIDITY, words, None);
    }
    if let Some(window) = &grant.window {
        let inside = context::local(&window.zone, moment.at).is_some_and(|(day, minute)| {
            window.days.iter().any(|one| i64::from(*one) == day)
                && (i64::from(window.from_minute)..i64::from(window.to_minute)).contains(&minute)
        });
        if !inside {
            let words = format!("it is outside the hours of the grant ({})", window.words());
            return (1, WINDOW, words, Some(format!("Ask again {}.", window.words())));
        }
    }
    for rule in &grant.rules {
        let value = subject.arguments.and_then(|node| node.pointer(&rule.path));
        if !(value.is_none() && rule.optional || rule.must.holds(value)) {
            let words = format!("argument `{}` {}", cut(&rule.path), cut_words(&rule.must.words()));
            return (2, CONDITION, words, None);
        }
    }
    if grant.only_named_arguments {
        let known: Vec<String> =
            grant.rules.iter().map(|rule| crate::slice::cedar::top(&rule.path)).collect();
        let odd = context::argument_names(subject.arguments)
            .into_iter()
            .find(|name| !known.contains(name));
        if let Some(name) = odd {
            let words = format!("argument `{}` is not among those granted", cut(&name));
            return (3, CONDITION, words, None);
        }
    }
    for limit in &grant.limits {
        let read = reads.iter().find(|read| read.grant == id && read.per == limit.per);
        match read {
            Some(read) if read.used < limit.count => {}
            Some(_) => return (4, LIMIT, limit_words(*limit), Some(limit_cure(*limit))),
            None => {
                let words = "how often it was used cannot be read".to_owned();
                return (4, LIMIT, words, Some("Try again shortly.".to_owned()));
            }
        }
    }
    (0, FAULT, "the grant does not permit it".to_owned(), None)
}

fn limit_words(limit: crate::grant::Limit) -> String {
    format!("its limit of {} a {} is reached", limit.count, limit.per.word())
}

fn limit_cure(limit: crate::grant::Limit) -> String {
    format!("Wait for the next {}, or ask for a higher limit.", limit.per.word())
}

fn cut_words(words: &str) -> String {
    words.chars().take(200).collect()
}

/// Who can give a grant here, by name.
fn givers(state: &State) -> String {
    let able = |person: &crate::state::Person| {
        person.active() && (person.has(Role::Owner) || person.has(Role::Approver))
    };
    let names: Vec<String> = state
        .people
        .values()
        .filter(|person| able(person))
        .take(3)
        .map(|person| person.name.written())
        .collect();
    if names.is_empty() {
        return "Nobody here can give a grant; seat an owner or approver first.".to_owned();
    }
    format!("Ask {} for a grant that allows it.", names.join(" or "))
}

/// Where the agent is in its life: whether it may do anything at all.
pub(super) fn life(state: &State, agent: &Agent) -> Result<(), Box<Denied>> {
    let name = agent.name();
    let deny =
        |code, words, cure: &str| Err(Box::new(Denied::new(state, code, words, cure.to_owned())));
    match &agent.life {
        Life::Active => match state.stopped_above(agent.described.agent) {
            None => Ok(()),
            Some(above) => {
                let (above, word) = (above.name(), above.life.word());
                let words = format!("{name} acts for {above}, which is {word}");
                deny(ABOVE, words, &format!("It goes on when {above} does."))
            }
        },
        Life::Observed | Life::Proposed | Life::Chartered => {
            let words = format!("{name} is {}, not active", agent.life.word());
            deny(NOT_ACTIVE, words, "Have it activated once its three answers are given.")
        }
        Life::Held { reason } => {
            let cure = "Cure the reason, then have it released.";
            deny(HELD, format!("{name} is on hold: {reason}"), cure)
        }
        Life::Quarantined { reason } => {
            let cure = "Only a person can release it, after looking into the reason.";
            deny(QUARANTINED, format!("{name} is quarantined: {reason}"), cure)
        }
        Life::Terminated { reason } => {
            let cure = "An ended agent does not come back; propose a new one.";
            deny(TERMINATED, format!("{name} was ended: {reason}"), cure)
        }
    }
}

/// Instance and epoch: whether the credential is worth anything still.
pub(super) fn credential(state: &State, agent: &Agent, ask: &Ask<'_>) -> Result<(), Box<Denied>> {
    let name = agent.name();
    let deny =
        |code, words, cure: &str| Err(Box::new(Denied::new(state, code, words, cure.to_owned())));
    let instance = state.instances.get(&ask.instance);
    if !instance.is_some_and(|one| one.agent == ask.agent && one.ended_at.is_none()) {
        let words = format!("instance {} of {name} is ended or unknown", ask.instance);
        return deny(INSTANCE, words, "Enroll it again with a new code.");
    }
    if ask.epoch != agent.epoch {
        let words = format!("the token of {name} is from before it was stopped");
        return deny(EPOCH, words, "Fetch a new token.");
    }
    Ok(())
}
