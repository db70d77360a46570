//! [`Permitted`]: evidence that an ask was permitted, and everything it stands on.
//!
//! SECURITY: its fields are private and `Permitted::new` is its one constructor, called by the engine alone. Nothing
//! else can make one, and only it is forwarded.
//! Never here: the decision (`decide.rs`).

use serde::Serialize;
use writ_charter::{Amount, Bound};
use writ_model::{AgentId, CharterId, Code, GrantId, HoldId, PersonId};

use super::{ClauseRead, CounterRead};
use crate::grant::Limit;

/// A grant permits the call, and the charter lets it go.
pub const BY_GRANT: Code = Code("PERM-0001");
/// The agent has something it may do on this server.
pub const BY_SESSION: Code = Code("PERM-0002");
/// People approved exactly this call.
pub const BY_APPROVAL: Code = Code("PERM-0003");
/// It is only observed: enforced, it would not have gone on; see [`Permitted::observed`].
pub const OBSERVED: Code = Code("PERM-0004");
/// A rehearsal: it would have gone on, and is not forwarded.
pub const REHEARSED: Code = Code("PERM-0005");

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

/// What a permit stands on, as the engine gathers it.
#[derive(Debug, Clone)]
pub(super) struct Basis {
    pub(super) agent: AgentId,
    pub(super) reason: Reason,
    pub(super) tree_size: u64,
    pub(super) limits: Vec<Limit>,
    pub(super) reads: Vec<CounterRead>,
    pub(super) actions: Vec<String>,
    pub(super) clauses: Vec<String>,
    pub(super) charter: Option<(CharterId, u32)>,
    pub(super) bounds: Vec<Bound>,
    pub(super) clause_reads: Vec<ClauseRead>,
    pub(super) amount: Option<Amount>,
    pub(super) approval: Option<HoldId>,
    pub(super) notify: bool,
    pub(super) observed: Option<Code>,
    pub(super) rehearsal: bool,
}

/// Evidence that an ask was permitted. Only [`super::Engine::decide`] gives one out.
#[derive(Debug, Clone)]
pub struct Permitted(Basis);

impl Permitted {
    /// SECURITY: the one constructor.
    pub(super) fn new(basis: Basis) -> Self {
        Self(basis)
    }

    pub(super) fn basis(&self) -> &Basis {
        &self.0
    }

    /// Why.
    pub fn reason(&self) -> &Reason {
        &self.0.reason
    }
    /// Counts to reserve under the grant before the call goes out; none for what is only observed or rehearsed.
    pub fn limits(&self) -> &[Limit] {
        &self.0.limits
    }
    /// Counters of grants that were read.
    pub fn reads(&self) -> &[CounterRead] {
        &self.0.reads
    }
    /// Ledger lines the decision saw.
    pub fn tree_size(&self) -> u64 {
        self.0.tree_size
    }
    /// What the call counts as; nothing for a session.
    pub fn actions(&self) -> &[String] {
        &self.0.actions
    }
    /// The clauses that apply, strictest first; none for a session.
    pub fn clauses(&self) -> &[String] {
        &self.0.clauses
    }
    /// The charter it was judged by, and its version.
    pub fn charter(&self) -> Option<(CharterId, u32)> {
        self.0.charter
    }
    /// Counts and money to reserve under clauses before the call goes out; all of them, or it does not go.
    pub fn bounds(&self) -> &[Bound] {
        &self.0.bounds
    }
    /// What the call moves, where a clause's limit or condition asks: what money limits are charged with.
    pub fn amount(&self) -> Option<&Amount> {
        self.0.amount.as_ref()
    }
    /// Counters of clauses that were read.
    pub fn clause_reads(&self) -> &[ClauseRead] {
        &self.0.clause_reads
    }
    /// The hold that people approved. It must be consumed, durably, before the call goes out.
    pub fn approval(&self) -> Option<HoldId> {
        self.0.approval
    }
    /// The call must be written down for people, durably, before it goes out.
    pub fn notify(&self) -> bool {
        self.0.notify
    }
    /// What it would have been answered if it were not only observed.
    pub fn observed(&self) -> Option<Code> {
        self.0.observed
    }
    /// It is a rehearsal by a shadow: nothing of it may be forwarded.
    pub fn rehearsal(&self) -> bool {
        self.0.rehearsal
    }
}
