//! What may be done, by whom, and why: facts, their fold, commands, grants, the decision on a call, its explanation.
//!
//! Never here: a clock, IO, a fetch, a sealed personal field. The same state and the same input give the same answer, in
//! ten years too.
//! To add a fact: a variant in [`fact::Fact`], its arm in `fold.rs`, the command that writes it in `command/`, a golden
//! line in `tests/golden/`. To add a condition: `condition.rs`, its Cedar form in `cedar.rs`, a row in the differential test.

pub mod accountability;
pub mod agent;
pub mod approval;
pub mod chain;
pub mod command;
pub mod condition;
pub mod decide;
pub mod fact;
mod fold;
pub mod grant;
pub mod passkey;
pub mod queue;
pub mod refusal;
pub mod replay;
mod rows;
pub mod signed;
pub mod slice;
pub mod state;
pub mod trace;

pub use accountability::{Accountability, Answers, Missing};
pub use agent::{Agent, AgentKind, Autonomy, Life};
pub use chain::{Broken, Chain, ChainReport};
pub use command::{Command, decide as decide_command};
pub use condition::{ArgRule, Condition};
pub use decide::{Ask, Decision, Denied, Engine, Moment, Permitted, Reason, What};
pub use fact::{Entry, Fact};
pub use grant::{Grant, Limit, Window};
pub use passkey::{Admitted, Attestation, Key, KeyPolicy, Passkey};
pub use refusal::Refusal;
pub use signed::{Assertion, CheckAssertion, Receipt, Request, Seen};
pub use state::{Group, Instance, Person, State};
