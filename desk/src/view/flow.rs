//! Where the values of a client's agents come from, as people see it: what each tool is taken for, and what flowed through
//! an agent.
//!
//! Never here: a value that was read. A context is opened for its origins alone.

use serde::Serialize;
use writ_model::{AgentId, InstanceId, Timestamp};

use super::ClientRef;

/// What the things that servers list are taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassesView {
    /// Whether a clause of the charter in force follows where values come from, for anybody.
    pub followed: bool,
    /// What is listed, the least certain first.
    pub rows: Vec<ClassRow>,
}

/// What one thing is taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassRow {
    /// The server.
    pub server: String,
    /// What it is: a tool, a prompt, a resource or a template of them.
    pub thing: String,
    /// Its name, or its address.
    pub name: String,
    /// `reads`, `inward` (it changes what is the client's own) or `outward` (it reaches others).
    pub acts: String,
    /// Where what it gives comes from, in words.
    pub reads: String,
    /// How closely what it gives is kept.
    pub sensitivity: String,
    /// Its arguments and what each is for, as far as that is known.
    pub roles: Vec<RoleRow>,
    /// How sure that is, 0 to 100.
    pub confidence: u8,
    /// True if the charter's `counts_as` says how it acts: both parties signed that.
    pub signed: bool,
    /// The package whose template says the rest, if the operator chose one for the server and it knows the tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Why, in words.
    pub reasons: Vec<String>,
}

/// What one argument is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleRow {
    /// Where it stands: an RFC 6901 pointer.
    pub at: String,
    /// What it decides: `destination`, `amount`, `content`, `selector`, `credential`, `schedule`, `other`.
    pub role: String,
}

/// What flowed through an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowView {
    /// The client.
    pub client: ClientRef,
    /// The agent.
    pub agent: AgentId,
    /// Its name.
    pub agent_name: String,
    /// The mode of the clause that follows its values; nothing where none does.
    pub followed: Option<String>,
    /// How many of its running copies are known to have read something.
    pub copies: usize,
    /// What they have read, the last one first: the 32 that read last.
    pub contexts: Vec<ContextRow>,
    /// Where it came from, over all of them: what is least trusted first.
    pub from: Vec<FromRow>,
    /// Where it went: what the agent did lately that reached something, what was held first.
    pub to: Vec<ToRow>,
    /// How many of its calls were looked at for that.
    pub looked: usize,
}

/// What one running copy has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContextRow {
    /// The running copy.
    pub instance: InstanceId,
    /// When it last read something.
    pub at: Timestamp,
    /// The least trusted origin of all that it read.
    pub origin: String,
    /// The highest sensitivity of all that it read.
    pub sensitivity: String,
    /// False if it cannot be opened.
    pub readable: bool,
}

/// What was read from one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FromRow {
    /// The server.
    pub server: String,
    /// The tool, or how it came.
    pub name: String,
    /// Its origin, in words.
    pub origin: String,
    /// How often.
    pub times: usize,
}

/// What was done in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToRow {
    /// The server.
    pub server: String,
    /// The thing.
    pub name: String,
    /// How often it went.
    pub went: usize,
    /// How often it was held because of where a value came from.
    pub held: usize,
    /// How often it was refused, or held for another reason.
    pub refused: usize,
}
