//! The decision on one ask: permit, hold or deny, with reasons that name the grant, the clauses and the people, and what
//! would cure it.
//!
//! SECURITY: [`Permitted`] has private fields and one constructor (`decide/permit.rs`), used by this module alone. Nothing
//! else can make one, and only it is forwarded. A fault, an unknown or a doubt is a denial.
//! To add a question: a step in [`Engine::decide`], its code in `decide/denied.rs`, a row in `docs/errors.md`.
//! Never here: what a clause means (`writ_charter`), or how a state came to be.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cedar_policy::{Authorizer, Decision as Effect, Entities, Request};
use lru::LruCache;
use parking_lot::Mutex;
use writ_charter::Charter;
use writ_model::{
    AgentId, Code, Digest, GrantId, InstanceId, Span, TenantId, Timestamp, json::Node,
};

use crate::{
    agent::Agent,
    grant::{Grant, Surface},
    slice::{
        Slice,
        cedar::{self, Compiled},
        context,
        known::Said,
        ruling::Ruling,
    },
    state::State,
};

mod answers;
mod bounds;
mod charter;
mod counters;
pub mod denied;
mod digest;
pub mod explain;
mod flow;
mod hold;
mod observe;
mod people;
mod permit;

pub use answers::Answered;
pub use counters::{Blind, ClauseRead, Counted, CounterRead, Counters};
pub use denied::Denied;
pub use digest::call_digest;
pub use flow::{Flow, FlowSays, Traced};
pub use hold::{ORIGIN, OnHold, ToHold, WAITS, waits};
use permit::Basis;
pub use permit::{BY_APPROVAL, BY_GRANT, BY_SESSION, OBSERVED, Permitted, REHEARSED, Reason};

/// Version of this engine, written into every record so that a later one knows what it repeats.
pub const ENGINE: &str = "writ-2/cedar-4.14";
/// How long an agent whose answers have become incomplete may go on; after it everything is refused.
pub const GRACE: Span = Span::days(3);
/// LIMIT: slices kept over all tenants (about 1 KiB each): an agent not among the last so many is read again.
const SLICES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(32_767);
/// LIMIT: compiled sets kept over all tenants (about 10 KiB each); one that was dropped compiles again in about 0.1 ms.
const SETS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);
/// LIMIT: readings of charters for one thing each (about 3 KiB); one that was dropped is read again in microseconds, so
/// that names an attacker invents cost nothing but that.
const RULINGS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(8_191);

/// Who asks, as the credential says.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The agent.
    pub agent: AgentId,
    /// Its running copy.
    pub instance: InstanceId,
    /// Epoch in the token.
    pub epoch: u64,
    /// The server asked for, by its name in the operator's file.
    pub server: &'a str,
    /// What is asked.
    pub what: What<'a>,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    /// To use one thing.
    Call {
        /// Which kind of thing.
        surface: Surface,
        /// Its name.
        name: &'a str,
        /// The arguments, as parsed from the body.
        arguments: Option<&'a Node<'a>>,
    },
    /// To talk to the server at all: handshakes, lists, notifications.
    Session,
}

/// What the decision reads besides the state.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// When.
    pub at: Timestamp,
    /// How often limited grants and clauses were used.
    pub counters: &'a dyn Counters,
}

/// The answer.
#[derive(Debug, Clone)]
pub enum Decision {
    /// It may go on.
    Permit(Permitted),
    /// It may not.
    Deny(Denied),
    /// A person decides first, or does it instead: nothing goes on now.
    Hold(Box<OnHold>),
}

impl Decision {
    /// Permitted.
    pub fn permits(&self) -> bool {
        matches!(self, Self::Permit(_))
    }
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Permit(permitted) => permitted.reason().code,
            Self::Deny(denied) => denied.code,
            Self::Hold(held) => held.code,
        }
    }
    /// The grant it stands on, or that came nearest.
    pub fn grant(&self) -> Option<GrantId> {
        match self {
            Self::Permit(permitted) => permitted.reason().grant,
            Self::Deny(denied) => denied.grant,
            Self::Hold(held) => held.grant,
        }
    }
    /// The clauses that apply, strictest first.
    pub fn clauses(&self) -> &[String] {
        match self {
            Self::Permit(permitted) => permitted.clauses(),
            Self::Deny(denied) => &denied.clauses,
            Self::Hold(held) => &held.call.clauses,
        }
    }
}

/// The charter that an ask is judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) charter: &'a Charter,
    /// Its digest, if readings of it may be kept: not for one that is only tried.
    pub(crate) known: Option<Digest>,
}

impl<'a> Rules<'a> {
    /// The charter in force.
    pub(crate) fn in_force(state: &'a State) -> Option<Self> {
        let force = state.charter.as_ref()?;
        Some(Self { charter: &force.charter, known: Some(force.digest) })
    }
}

/// One ask on its way through the questions, once the agent is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) state: &'a State,
    pub(crate) agent: &'a Agent,
    /// The running copy; none for a call that nobody made.
    pub(crate) instance: Option<InstanceId>,
    pub(crate) rules: Option<Rules<'a>>,
    pub(crate) moment: &'a Moment<'a>,
    /// What speaks against the call's values, by where they came from.
    pub(crate) flow: Option<Flow<'a>>,
}

/// Decides. Holds compiled slices and nothing else: dropping them changes no answer.
pub struct Engine {
    authorizer: Authorizer,
    entities: Entities,
    slices: Mutex<LruCache<(TenantId, AgentId), Arc<Slice>>>,
    sets: Mutex<LruCache<SetKey, Arc<Compiled>>>,
    rulings: Mutex<LruCache<RulingKey, Arc<Ruling>>>,
    turn: AtomicU64,
}

/// Tenant, agent, the slice's version, positions of the grants in it.
type SetKey = (TenantId, AgentId, u64, Vec<u16>);
/// The charter, and the thing: surface, server and name.
type RulingKey = (Digest, Surface, String);

impl std::fmt::Debug for Engine {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Engine")
            .field("slices", &self.slices.lock().len())
            .finish_non_exhaustive()
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new(SLICES, SETS)
    }
}

impl Engine {
    /// An engine that keeps so many slices, and so many compiled sets.
    pub fn new(slices: NonZeroUsize, sets: NonZeroUsize) -> Self {
        Self {
            authorizer: Authorizer::new(),
            entities: Entities::empty(),
            slices: Mutex::new(LruCache::new(slices)),
            sets: Mutex::new(LruCache::new(sets)),
            rulings: Mutex::new(LruCache::new(sets.min(RULINGS))),
            turn: AtomicU64::new(0),
        }
    }

    /// Decides one ask on one state. The questions in their order: the agent's life, its credential, a freeze, who
    /// answers, grants, the charter, the bounds of its clauses, approvals.
    pub fn decide(&self, state: &State, ask: &Ask<'_>, moment: &Moment<'_>) -> Decision {
        self.decide_by(state, Rules::in_force(state), ask, (moment, None))
    }

    /// The same, of a call whose values were traced: `flow` is what speaks against them, and counts where the charter
    /// speaks of it; see [`State::traces`].
    pub fn decide_traced(
        &self,
        state: &State,
        ask: &Ask<'_>,
        moment: &Moment<'_>,
        flow: Option<Flow<'_>>,
    ) -> Decision {
        self.decide_by(state, Rules::in_force(state), ask, (moment, flow))
    }

    /// SECURITY: a charter that is only tried goes no further than an explanation.
    pub(crate) fn decide_by(
        &self,
        state: &State,
        rules: Option<Rules<'_>>,
        ask: &Ask<'_>,
        (moment, flow): (&Moment<'_>, Option<Flow<'_>>),
    ) -> Decision {
        let Some(agent) = state.agents.get(&ask.agent) else {
            return Decision::Deny(Denied::unknown_agent(ask.agent));
        };
        let standing = denied::life(state, agent);
        if let Err(denied) = standing.and_then(|()| denied::credential(state, agent, ask)) {
            return Decision::Deny(*denied);
        }
        let case = Case { state, agent, instance: Some(ask.instance), rules, moment, flow };
        self.on_authority(&case, ask.server, ask.what)
    }

    /// What a freeze, the agent's answers, its grants and the charter say.
    /// SECURITY: reached only past life and credential; see [`Engine::decide_by`].
    fn on_authority(&self, case: &Case<'_>, server: &str, what: What<'_>) -> Decision {
        if let Err(denied) = denied::frozen(case.state) {
            return Decision::Deny(*denied);
        }
        let slice = self.slice(case.state, case.agent);
        if let Some(since) = slice.incomplete_since
            && since + GRACE <= case.moment.at
        {
            return Decision::Deny(Denied::answers(case.state, case.agent));
        }
        match what {
            What::Session => charter::session(case, &slice, server),
            What::Call { surface, name, arguments } => {
                let subject = context::Subject { server, surface, name, arguments };
                self.call(case, &slice, &subject)
            }
        }
    }

    /// Whether a thing would be listed to an agent: some grant that holds now covers its name (or it is only observed),
    /// and the charter does not refuse it whatever the arguments.
    pub fn lists(
        &self,
        state: &State,
        ask: &Ask<'_>,
        thing: (Surface, &str),
        at: Timestamp,
    ) -> bool {
        let Some(agent) = state.agents.get(&ask.agent) else {
            return false;
        };
        let (rules, moment) = (Rules::in_force(state), &Moment { at, counters: &Blind });
        let instance = Some(ask.instance);
        let case = Case { state, agent, instance, rules, moment, flow: None };
        let slice = self.slice(state, agent);
        let (surface, name) = thing;
        let covered = slice
            .grants
            .iter()
            .any(|(_, grant)| grant.covers(ask.server, surface, name) && grant.holds_at(at));
        let observed = observe::now(&case);
        let subject = context::Subject { server: ask.server, surface, name, arguments: None };
        (covered || observed) && self.may_list(&case, &slice, &subject, observed)
    }

    fn slice(&self, state: &State, agent: &Agent) -> Arc<Slice> {
        let key = (state.tenant, agent.described.agent);
        let version = Slice::version(state, agent);
        if let Some(known) = found(&self.slices, &key, self.notes_use())
            && known.version == version
        {
            return known;
        }
        let slice = Arc::new(Slice::of(state, agent));
        self.slices.lock().put(key, Arc::clone(&slice));
        slice
    }

    fn call(&self, case: &Case<'_>, slice: &Slice, subject: &context::Subject<'_>) -> Decision {
        match self.granted(case, slice, subject) {
            Ok(granted) => self.on_charter(case, slice, subject, Ok(granted)),
            Err(denied) if observe::passes(case, denied.code) => {
                self.on_charter(case, slice, subject, Err(*denied))
            }
            Err(denied) => Decision::Deny(*denied),
        }
    }

    /// The grant that permits a call.
    fn granted(
        &self,
        case: &Case<'_>,
        slice: &Slice,
        subject: &context::Subject<'_>,
    ) -> Result<Granted, Box<Denied>> {
        let state = case.state;
        let positions = slice.covering(subject.server, subject.surface, subject.name);
        if positions.is_empty() {
            return Err(Box::new(Denied::no_grant(state, subject)));
        }
        let compiled = self
            .compiled((state, slice), positions)
            .map_err(|fault| Box::new(Denied::fault(state, &fault.to_string())))?;
        let (facts, reads) = context::facts(&compiled.needs, subject, case.moment);
        let said = compiled
            .known
            .or(&compiled.needs, facts, |facts| self.first(&compiled, subject, facts));
        let Some(said) = said else {
            return Err(Box::new(Denied::fault(state, "the request has no Cedar form")));
        };
        if let Said::Permits(first) = said
            && let Some((id, grant)) = compiled.grants.get(first)
        {
            let (id, grant) = (*id, Arc::clone(grant));
            return Ok(Granted { id, grant, set: compiled, reads });
        }
        let moment = case.moment;
        Err(Box::new(Denied::conditions(state, &compiled.grants, subject, moment, reads)))
    }

    /// The compiled set of these grants of a slice.
    fn compiled(
        &self,
        (state, slice): (&State, &Slice),
        positions: Vec<u16>,
    ) -> Result<Arc<Compiled>, cedar::NotCompiled> {
        let key: SetKey = (state.tenant, slice.agent, slice.version, positions);
        if let Some(known) = found(&self.sets, &key, self.notes_use()) {
            return Ok(known);
        }
        let compiled = Arc::new(Compiled::new(slice.agent, slice.at(&key.3))?);
        self.sets.lock().put(key, Arc::clone(&compiled));
        Ok(compiled)
    }

    /// The position of the first grant, own before inherited, that Cedar says permits. Nothing if it cannot be asked.
    fn first(
        &self,
        compiled: &Compiled,
        subject: &context::Subject<'_>,
        facts: context::Facts,
    ) -> Option<Said> {
        let context = context::build(&compiled.needs, facts)?;
        let (principal, action) = (compiled.principal.clone(), compiled.action.clone());
        let resource = compiled.resource(subject.server, subject.name);
        let request = Request::new(principal, action, resource, context, None).ok()?;
        let response = self.authorizer.is_authorized(&request, &compiled.policies, &self.entities);
        if response.decision() != Effect::Allow {
            return Some(Said::Nothing);
        }
        let first = response.diagnostics().reason().filter_map(|id| compiled.position(id)).min();
        Some(first.map_or(Said::Nothing, Said::Permits))
    }

    /// What a charter says of one thing, read once.
    fn ruling(
        &self,
        rules: Rules<'_>,
        subject: &context::Subject<'_>,
        granted: Option<&Granted>,
    ) -> Arc<Ruling> {
        let read = || self.read(rules, subject);
        match granted {
            Some(granted) => granted.set.ruling(rules.known, read),
            None => read(),
        }
    }

    fn read(&self, rules: Rules<'_>, subject: &context::Subject<'_>) -> Arc<Ruling> {
        let Some(digest) = rules.known else {
            return Arc::new(Ruling::of(rules.charter, subject));
        };
        let thing = cedar::resource_id(subject.server, subject.name);
        let key: RulingKey = (digest, subject.surface, thing);
        if let Some(known) = self.rulings.lock().get(&key) {
            return Arc::clone(known);
        }
        let ruling = Arc::new(Ruling::of(rules.charter, subject));
        self.rulings.lock().put(key, Arc::clone(&ruling));
        ruling
    }

    /// Whether a cache notes that something was used: it is nearly as good at keeping what is used if one look in seven
    /// says so, and moving entries costs more than finding them. Seven, because a decision looks into two caches.
    fn notes_use(&self) -> bool {
        self.turn.fetch_add(1, Ordering::Relaxed).is_multiple_of(7)
    }
}

/// What a cache keeps under a key.
fn found<K: std::hash::Hash + Eq, V>(
    cache: &Mutex<LruCache<K, Arc<V>>>,
    key: &K,
    noted: bool,
) -> Option<Arc<V>> {
    let mut cache = cache.lock();
    if noted { cache.get(key) } else { cache.peek(key) }.map(Arc::clone)
}

/// A grant that permits, and the set it was found in.
#[derive(Debug)]
struct Granted {
    id: GrantId,
    grant: Arc<Grant>,
    set: Arc<Compiled>,
    reads: Vec<CounterRead>,
}
