//! Classification: what a tool does and which of its arguments matter, guessed from its definition with a stated confidence.
//!
//! SECURITY: a definition is the server's own text. Where name and description disagree, what acts counts, not what reads;
//! what is not understood counts as acting outward. Never here: a tool of one server by its name.
//! To add a role: a member, its words in `roles`, a row of the cases.

mod roles;
mod verbs;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kinds::{Kinds, Topics};

/// A tool as a server defines it (MCP 2025-06-18, `tools/list`).
#[derive(Debug, Clone, Copy)]
pub struct Tool<'a> {
    /// Its server.
    pub server: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What the server says that it does.
    pub description: &'a str,
    /// The JSON Schema of its arguments.
    pub input_schema: Option<&'a Value>,
    /// The server's hints; hints only.
    pub annotations: Option<&'a Value>,
}

/// What using a tool changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acts {
    /// Nothing.
    Reads,
    /// Own records.
    Inward,
    /// Something reaches others: it is sent, paid, posted, shared, somebody is let in.
    Outward,
}

/// What an argument decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Where something goes.
    Destination,
    /// How much.
    Amount,
    /// What is said.
    Content,
    /// Which record.
    Selector,
    /// A password or key.
    Credential,
    /// When.
    Schedule,
    /// Anything else.
    Other,
}

/// Where a value came from, the most trusted first; joined, the least trusted counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The person's own words.
    #[default]
    Person,
    /// A field of an own record.
    Own,
    /// Free text inside an own record.
    OwnText,
    /// Words of somebody else.
    ThirdParty,
    /// Nobody knows.
    Unknown,
}

/// How closely data is kept; joined, the highest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Anybody may read it.
    #[default]
    Public,
    /// Of the house.
    Internal,
    /// Of few.
    Confidential,
    /// A password, key or the like.
    Secret,
}

/// What a tool is taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// What using it changes.
    pub acts: Acts,
    /// True if it can be undone by the same hands.
    pub reversible: bool,
    /// The trust of what it gives.
    pub reads: Origin,
    /// True if what it gives is one document, not records: then nothing in it is a field of an own record.
    pub document: bool,
    /// How closely what it gives is kept.
    pub sensitivity: Sensitivity,
    /// Kinds of action that it does.
    pub kinds: Kinds,
    /// What it is about.
    pub topics: Topics,
    /// The role of each argument, by JSON pointer; what stands below one has its role.
    pub roles: Vec<(String, Role)>,
    /// How sure this is, 0 to 100.
    pub confidence: u8,
    /// Why, in words.
    pub reasons: Vec<String>,
}

impl Class {
    /// What is assumed of a tool that nobody defined: it acts outward, and nothing is known of its arguments.
    pub fn unknown() -> Self {
        Self {
            acts: Acts::Outward,
            reversible: false,
            reads: Origin::Unknown,
            document: false,
            sensitivity: Sensitivity::Internal,
            kinds: Kinds::NONE,
            topics: Topics::NONE,
            roles: Vec::new(),
            confidence: 0,
            reasons: vec!["nobody defined it, so it counts as acting outward".to_owned()],
        }
    }

    /// The role of an argument: of the nearest pointer at or above it.
    pub fn role(&self, pointer: &str) -> Option<Role> {
        let above = |known: &str| {
            pointer.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let fits = self.roles.iter().filter(|(known, _)| above(known));
        fits.max_by_key(|(known, _)| known.len()).map(|(_, role)| *role)
    }
}

/// What a tool is taken for, by its definition.
pub fn classify(tool: &Tool<'_>) -> Class {
    let said = verbs::said(tool);
    let hint = |name: &str| tool.annotations.and_then(|all| all.get(name)).and_then(Value::as_bool);
    let mut reasons = said.reasons;
    let mut confidence = said.confidence;
    let mut reads = said.reads;
    if hint("readOnlyHint") == Some(true) {
        if reads.is_none() {
            reads = Some(true);
            confidence = 50;
            reasons.push("its server says that it only reads".to_owned());
        } else if reads == Some(false) {
            confidence = confidence.min(40);
            reasons
                .push("its server says that it only reads, its words say that it acts".to_owned());
        }
    }
    let mut kinds = said.kinds;
    let roles = roles::roles(tool.input_schema, kinds);
    let decides = roles::decides(tool.input_schema, &roles, |word| {
        // What a phrase of things is looked up by is what it is about: the rates of rooms, by `rooms`.
        said.phrase && said.words.iter().any(|one| one == word)
    });
    // A name of things only looks, unless its arguments say what goes where. A hint fills what is as often a thing.
    let told = hint("readOnlyHint") == Some(true) && said.weak;
    if reads != Some(true) && (told || (said.unsure && !decides)) {
        reads = Some(true);
        kinds = Kinds::NONE;
        confidence = confidence.min(40);
        reasons.push(
            "it is named by things only, and nothing in its arguments goes anywhere".to_owned(),
        );
    }
    let leads_out = roles.iter().any(|(_, role)| *role == Role::Destination);
    let acts = match reads {
        Some(true) => Acts::Reads,
        Some(false) if kinds.meets(Kinds::OUTWARD) || leads_out => Acts::Outward,
        Some(false) => Acts::Inward,
        None => {
            reasons.push("nothing says what it does, so it counts as acting outward".to_owned());
            Acts::Outward
        }
    };
    let lasting = Kinds::OUTWARD.or(Kinds::REMOVE).or(Kinds::RUN).without(Kinds::BOOK);
    let reversible = acts == Acts::Reads
        || (!kinds.meets(lasting) && !kinds.is_empty() && hint("destructiveHint") != Some(true));
    let (reads, sensitivity) = gives(said.topics, &said.words);
    Class {
        acts,
        reversible,
        reads,
        document: said.document,
        sensitivity,
        kinds,
        topics: said.topics,
        roles,
        confidence,
        reasons,
    }
}

/// The trust and the sensitivity of what a tool about these things gives.
fn gives(topics: Topics, words: &[String]) -> (Origin, Sensitivity) {
    let has = |list: &str| words.iter().any(|word| list.split(' ').any(|one| one == word));
    let others = Topics::WEB.or(Topics::MAIL).or(Topics::CHAT).or(Topics::ISSUE).or(Topics::CODE);
    let text = Topics::FILE.or(Topics::NOTE).or(Topics::EVENT);
    let origin =
        if topics.meets(others) || has("review reviews feed rss attachment fetch crawl scrape") {
            Origin::ThirdParty
        } else if topics.meets(text) {
            Origin::OwnText
        } else if topics.is_empty() {
            Origin::Unknown
        } else {
            Origin::Own
        };
    let sensitivity = if topics.meets(Topics::SECRET) {
        Sensitivity::Secret
    } else if topics.meets(Topics::MAIL.or(Topics::MONEY).or(Topics::CONTACT).or(Topics::PROFILE))
        || has("salary medical health personal private passport")
    {
        Sensitivity::Confidential
    } else if topics.without(Topics::WEB).is_empty() && !topics.is_empty() {
        Sensitivity::Public
    } else {
        Sensitivity::Internal
    };
    (origin, sensitivity)
}

#[cfg(test)]
mod tests;
