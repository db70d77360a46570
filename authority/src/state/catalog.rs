//! What the servers of a client list, and by which digests it may be used.
//! Never here: how a line changes it (`fold/catalog.rs`); what a server shows at this moment (a gateway knows that).

use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use writ_model::{Digest, PersonId, Span, Timestamp};

use super::State;
use crate::fact::{Thing, WhyHeld};

/// LIMIT: definitions known of one server at one client: ten times the largest catalogue seen; what comes above is not
/// listed, so that a server that invents names fills no ledger.
pub const PINS: usize = 4_096;
/// LIMIT: refused definitions remembered of one thing; an older one that comes back waits again.
pub const REFUSED: usize = 8;

/// LIMIT: how often a change of one thing is written down that follows another one that nobody has looked at: a server that
/// says something else each time fills no ledger. The thing is held meanwhile.
pub const SETTLES: Span = Span::minutes(5);

/// What is known of one server's list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Shelf {
    /// Tools by name.
    #[serde(with = "crate::rows")]
    pub tools: OrdMap<String, Arc<Pin>>,
    /// Prompts by name.
    #[serde(with = "crate::rows")]
    pub prompts: OrdMap<String, Arc<Pin>>,
    /// Resources by address.
    #[serde(with = "crate::rows")]
    pub resources: OrdMap<String, Arc<Pin>>,
    /// Templates by address.
    #[serde(with = "crate::rows")]
    pub templates: OrdMap<String, Arc<Pin>>,
}

/// One thing of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The definition that may be used; none until a person approved the first one.
    pub digest: Option<Digest>,
    /// Who said so; nobody where the first sight was trusted.
    pub by: Option<PersonId>,
    /// Since when.
    pub at: Timestamp,
    /// The line that says so.
    pub line: u64,
    /// A row about it, in the server's words.
    pub summary: String,
    /// Rules that flag it.
    pub flags: Vec<String>,
    /// Another definition that waits for a person: until then the thing is neither listed nor called.
    pub waiting: Option<Change>,
    /// Definitions that people refused, the newest last.
    pub refused: Vec<Digest>,
}

/// A definition that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which.
    pub digest: Digest,
    /// Why.
    pub why: WhyHeld,
    /// Since when.
    pub at: Timestamp,
    /// The line that says so.
    pub line: u64,
    /// A row about it, in the server's words.
    pub summary: String,
    /// Rules that flag it.
    pub flags: Vec<String>,
}

impl Shelf {
    /// Things of one kind.
    pub fn of(&self, thing: Thing) -> &OrdMap<String, Arc<Pin>> {
        match thing {
            Thing::Tool => &self.tools,
            Thing::Prompt => &self.prompts,
            Thing::Resource => &self.resources,
            Thing::Template => &self.templates,
        }
    }

    pub(crate) fn of_mut(&mut self, thing: Thing) -> &mut OrdMap<String, Arc<Pin>> {
        match thing {
            Thing::Tool => &mut self.tools,
            Thing::Prompt => &mut self.prompts,
            Thing::Resource => &mut self.resources,
            Thing::Template => &mut self.templates,
        }
    }

    /// How many things.
    pub fn len(&self) -> usize {
        self.tools.len() + self.prompts.len() + self.resources.len() + self.templates.len()
    }

    /// Nothing is known of it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything on it: tools, prompts, resources, templates, each by name.
    pub fn all(&self) -> impl Iterator<Item = (Thing, &String, &Pin)> {
        let kinds = [Thing::Tool, Thing::Prompt, Thing::Resource, Thing::Template];
        kinds.into_iter().flat_map(|thing| {
            self.of(thing).iter().map(move |(name, pin)| (thing, name, pin.as_ref()))
        })
    }
}

impl Pin {
    /// Whether a definition may be used: it is the pinned one, and no other one waits.
    pub fn lets(&self, digest: Digest) -> bool {
        self.waiting.is_none() && self.digest == Some(digest)
    }

    /// Whether another change was written down just now, so that the next one waits; see [`SETTLES`].
    pub fn settles(&self, now: Timestamp) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.at + SETTLES > now)
    }

    /// Whether a definition is known here, whatever was said of it.
    pub fn knows(&self, digest: Digest) -> bool {
        self.digest == Some(digest)
            || self.waiting.as_ref().is_some_and(|waiting| waiting.digest == digest)
            || self.refused.contains(&digest)
    }
}

impl State {
    /// What is known of one thing of a server.
    pub fn pin(&self, server: &str, thing: Thing, name: &str) -> Option<&Pin> {
        self.catalog.get(server)?.of(thing).get(name).map(AsRef::as_ref)
    }

    /// Definitions that wait for a person: of which server, what, and why.
    pub fn held_definitions(&self) -> impl Iterator<Item = (&String, Thing, &String, &Change)> {
        self.catalog.iter().flat_map(|(server, shelf)| {
            shelf.all().filter_map(move |(thing, name, pin)| {
                pin.waiting.as_ref().map(|waiting| (server, thing, name, waiting))
            })
        })
    }
}
