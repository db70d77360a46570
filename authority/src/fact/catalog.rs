//! Payloads of the facts about what servers list: tools, prompts, resources and templates, by the digests of their
//! definitions.
//!
//! Never here: a definition's text (kept outside the ledger under its digest), or what a fact does (`fold/catalog.rs`).

use serde::{Deserialize, Serialize};
use writ_model::Digest;

use crate::grant::Surface;

/// LIMIT: definitions on one line, at most 2,400 bytes each; a sighting takes as many lines as it needs.
pub const SEEN_A_LINE: usize = 24;

/// What a server lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// A tool.
    Tool,
    /// A prompt.
    Prompt,
    /// A resource.
    Resource,
    /// A template of resources.
    Template,
}

impl Thing {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
            Self::Template => "template",
        }
    }

    /// What is asked for on this surface.
    pub const fn of(surface: Surface) -> Self {
        match surface {
            Surface::Tool => Self::Tool,
            Surface::Prompt => Self::Prompt,
            Surface::Resource => Self::Resource,
        }
    }
}

impl std::str::FromStr for Thing {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        let all = [Self::Tool, Self::Prompt, Self::Resource, Self::Template];
        all.into_iter().find(|one| one.word() == word).ok_or(())
    }
}

/// Why a definition waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyHeld {
    /// It is another one than was pinned.
    Changed,
    /// It was never seen before, and is flagged.
    Flagged,
    /// It was never seen before, and the operator wants people to look at whatever is new.
    New,
}

/// One definition that a gateway saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// What it is.
    pub thing: Thing,
    /// Its name; the address of a resource or template.
    pub name: String,
    /// Of its canonical form.
    pub digest: Digest,
    /// A row about it, in the server's words.
    pub summary: String,
    /// Rules that flag it, the surest first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub flags: Vec<String>,
    /// Why it waits; it may be used from now on if there is no reason to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub waits: Option<WhyHeld>,
}

/// See [`crate::Fact::DefinitionsSeen`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionsSeen {
    /// The server, by its name in the operator's file.
    pub server: String,
    /// What was seen of it for the first time, or changed; at most [`SEEN_A_LINE`].
    pub seen: Vec<Seen>,
}

/// See [`crate::Fact::DefinitionApproved`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionApproved {
    /// The server.
    pub server: String,
    /// What it is.
    pub thing: Thing,
    /// Its name.
    pub name: String,
    /// What was pinned until now, if something was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Digest>,
    /// What is pinned from now on.
    pub to: Digest,
}

/// See [`crate::Fact::DefinitionRefused`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionRefused {
    /// The server.
    pub server: String,
    /// What it is.
    pub thing: Thing,
    /// Its name.
    pub name: String,
    /// What is refused.
    pub digest: Digest,
    /// Why, in words.
    pub reason: String,
}
