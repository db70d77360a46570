//! The decision on one ask: permit or deny, with reasons that name the grant and the person who gave it and, for a
//! denial, what would cure it.
//!
//! SECURITY: [`Permitted`] has private fields and one constructor, below. Nothing else can make one, and only it is
//! forwarded. A fault, an unknown or a doubt is a denial.
//! To add a question: a step in [`Engine::decide`], its code in `decide/denied.rs`, a row in `docs/errors.md`.

use std::{num::NonZeroUsize, sync::Arc};

use cedar_policy::{Authorizer, Decision as Effect, Entities, Request};
use lru::LruCache;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use writ_model::{
    AgentId, Code, GrantId, InstanceId, PersonId, Span, TenantId, Timestamp, json::Node,
};

use crate::{
    agent::Agent,
    grant::{Grant, Limit, Period, Surface},
    slice::{
        Slice,
        cedar::{self, Compiled},
        context,
    },
    state::State,
};

pub mod denied;
pub mod explain;

pub use crate::slice::context::Blind;
pub use denied::Denied;

/// Version of this engine, written into every record so that a later one knows what it repeats.
pub const ENGINE: &str = "writ-1/cedar-4.14";
/// How long an agent whose answers have become incomplete may go on; after it everything is refused.
pub const GRACE: Span = Span::days(3);
/// LIMIT: slices kept over all tenants (about 1 KiB each): an agent not among the last so many is read again.
const SLICES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(32_767);
/// LIMIT: compiled sets kept over all tenants (about 10 KiB each); one that was dropped compiles again in about 0.1 ms.
const SETS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);

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
    /// How often limited grants were used.
    pub counters: &'a dyn Counters,
}

/// Reads how often a grant was used in the period around an instant; nothing means unreachable, which refuses.
pub trait Counters: std::fmt::Debug {
    /// Calls permitted so far in that period.
    fn used(&self, grant: GrantId, per: Period, at: Timestamp) -> Option<u64>;
}

/// One counter as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterRead {
    /// Of which grant.
    pub grant: GrantId,
    /// In which period.
    pub per: Period,
    /// How often.
    pub used: u64,
}

/// The answer.
#[derive(Debug, Clone)]
pub enum Decision {
    /// It may go on.
    Permit(Permitted),
    /// It may not.
    Deny(Denied),
}

/// Evidence that an ask was permitted. Only [`Engine::decide`] gives one out.
#[derive(Debug, Clone)]
pub struct Permitted {
    reason: Reason,
    limits: Vec<Limit>,
    reads: Vec<CounterRead>,
    tree_size: u64,
}

/// Why, in one sentence, and on what it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable code.
    pub code: Code,
    /// The grant it stands on; none for a session.
    pub grant: Option<GrantId>,
    /// Who gave that grant.
    pub given_by: Option<PersonId>,
    /// One sentence.
    pub words: String,
}

/// A grant permits the call.
pub const BY_GRANT: Code = Code("PERM-0001");
/// The agent has something it may do on this server.
pub const BY_SESSION: Code = Code("PERM-0002");

impl Permitted {
    /// Why.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }
    /// Counts to reserve under the grant before the call goes out.
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }
    /// Counters that were read.
    pub fn reads(&self) -> &[CounterRead] {
        &self.reads
    }
    /// Ledger lines the decision saw.
    pub fn tree_size(&self) -> u64 {
        self.tree_size
    }
}

impl Decision {
    /// Permitted.
    pub fn permits(&self) -> bool {
        matches!(self, Self::Permit(_))
    }
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Permit(permitted) => permitted.reason.code,
            Self::Deny(denied) => denied.code,
        }
    }
    /// The grant it stands on, or that came nearest.
    pub fn grant(&self) -> Option<GrantId> {
        match self {
            Self::Permit(permitted) => permitted.reason.grant,
            Self::Deny(denied) => denied.grant,
        }
    }
}

/// Decides. Holds compiled slices and nothing else: dropping them changes no answer.
pub struct Engine {
    authorizer: Authorizer,
    entities: Entities,
    slices: Mutex<LruCache<(TenantId, AgentId), Arc<Slice>>>,
    sets: Mutex<LruCache<SetKey, Arc<Compiled>>>,
}

/// Tenant, agent, the slice's version, positions of the grants in it.
type SetKey = (TenantId, AgentId, u64, Vec<u16>);

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
        }
    }

    /// Decides one ask on one state.
    pub fn decide(&self, state: &State, ask: &Ask<'_>, moment: &Moment<'_>) -> Decision {
        let Some(agent) = state.agents.get(&ask.agent) else {
            return Decision::Deny(Denied::unknown_agent(ask.agent));
        };
        let standing = denied::life(state, agent);
        if let Err(denied) = standing.and_then(|()| denied::credential(state, agent, ask)) {
            return Decision::Deny(*denied);
        }
        self.on_grants((state, agent), (ask.server, ask.what), moment)
    }

    /// What the agent's answers and grants say.
    /// SECURITY: private, because life and credential must have been looked at; see [`Engine::decide`].
    fn on_grants(
        &self,
        (state, agent): (&State, &Agent),
        (server, what): (&str, What<'_>),
        moment: &Moment<'_>,
    ) -> Decision {
        let slice = self.slice(state, agent);
        if let Some(since) = slice.incomplete_since
            && since + GRACE <= moment.at
        {
            return Decision::Deny(Denied::answers(state, agent));
        }
        match what {
            What::Session => session(state, &slice, server, moment),
            What::Call { surface, name, arguments } => {
                let subject = context::Subject { server, name, arguments };
                self.call((state, &slice), surface, &subject, moment)
            }
        }
    }

    /// Whether a thing would be listed to an agent: some grant that holds now covers its name.
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
        let (surface, name) = thing;
        self.slice(state, agent)
            .grants
            .iter()
            .any(|(_, grant)| grant.covers(ask.server, surface, name) && grant.holds_at(at))
    }

    fn slice(&self, state: &State, agent: &Agent) -> Arc<Slice> {
        let key = (state.tenant, agent.described.agent);
        let version = state.version_of(agent);
        if let Some(known) = self.slices.lock().get(&key)
            && known.version == version
        {
            return Arc::clone(known);
        }
        let slice = Arc::new(Slice::of(state, agent));
        self.slices.lock().put(key, Arc::clone(&slice));
        slice
    }

    fn call(
        &self,
        (state, slice): (&State, &Slice),
        surface: Surface,
        subject: &context::Subject<'_>,
        moment: &Moment<'_>,
    ) -> Decision {
        let positions = slice.covering(subject.server, surface, subject.name);
        if positions.is_empty() {
            return Decision::Deny(Denied::no_grant(state, subject.server, surface, subject.name));
        }
        let compiled = match self.compiled((state, slice), positions) {
            Ok(compiled) => compiled,
            Err(fault) => return Decision::Deny(Denied::fault(state, &fault.to_string())),
        };
        let (context, reads) = context::build(&compiled.needs, subject, moment);
        let request = context.and_then(|context| {
            let (principal, action) = (compiled.principal.clone(), compiled.action.clone());
            let resource = compiled.resource(subject.server, subject.name);
            Request::new(principal, action, resource, context, None).ok()
        });
        let Some(request) = request else {
            return Decision::Deny(Denied::fault(state, "the request has no Cedar form"));
        };
        if let Some((id, grant)) = self.granted(&compiled, &request) {
            return Decision::Permit(permitted(state, id, grant, reads));
        }
        Decision::Deny(Denied::conditions(state, &compiled.grants, subject, moment, reads))
    }

    /// The compiled set of these grants of a slice.
    fn compiled(
        &self,
        (state, slice): (&State, &Slice),
        positions: Vec<u16>,
    ) -> Result<Arc<Compiled>, cedar::NotCompiled> {
        let key: SetKey = (state.tenant, slice.agent, slice.version, positions);
        if let Some(known) = self.sets.lock().get(&key) {
            return Ok(Arc::clone(known));
        }
        let compiled = Arc::new(Compiled::new(slice.agent, slice.at(&key.3))?);
        self.sets.lock().put(key, Arc::clone(&compiled));
        Ok(compiled)
    }

    /// The first grant, own before inherited, that Cedar says permits.
    fn granted<'c>(
        &self,
        compiled: &'c Compiled,
        request: &Request,
    ) -> Option<(GrantId, &'c Grant)> {
        let response = self.authorizer.is_authorized(request, &compiled.policies, &self.entities);
        if response.decision() != Effect::Allow {
            return None;
        }
        let first = response.diagnostics().reason().filter_map(|id| compiled.position(id)).min()?;
        compiled.grants.get(first).map(|(id, grant)| (*id, grant.as_ref()))
    }
}

fn permitted(state: &State, id: GrantId, grant: &Grant, reads: Vec<CounterRead>) -> Permitted {
    let words = format!("{} granted: may {}", state.person_name(grant.given_by), grant.words());
    Permitted {
        reason: Reason { code: BY_GRANT, grant: Some(id), given_by: Some(grant.given_by), words },
        limits: grant.limits.clone(),
        reads,
        tree_size: state.size,
    }
}

fn session(state: &State, slice: &Slice, server: &str, moment: &Moment<'_>) -> Decision {
    let open =
        slice.grants.iter().any(|(_, grant)| grant.server == server && grant.holds_at(moment.at));
    if !open {
        return Decision::Deny(Denied::no_server(state, server));
    }
    let words = format!("it has grants on {server}");
    Decision::Permit(Permitted {
        reason: Reason { code: BY_SESSION, grant: None, given_by: None, words },
        limits: Vec::new(),
        reads: Vec::new(),
        tree_size: state.size,
    })
}
