//! The charter: the whole agreement as one canonical object, which is what both parties sign, what decides, and what is
//! read back in ten years.
//!
//! Never here: signatures and versions in force (`authority`). To add a field: here, its check, its line in `text.rs` and
//! `diff.rs`; a charter that leaves it out must keep its bytes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use writ_model::{
    CharterId, Digest, TenantId, Timestamp, canonical,
    json::{self, Limits},
};

use crate::{Action, Calendar, Clause, action};

/// The two parties, by the names in their contract.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parties {
    /// The managed service provider.
    pub provider: String,
    /// The organisation it serves.
    pub client: String,
}

/// What a thing of a server counts as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Naming {
    /// The server, by the name in the operator's file, or `*` for all.
    pub server: String,
    /// `tool`, `resource` or `prompt`.
    pub surface: String,
    /// Its name; a final `*` stands for any ending.
    pub name: String,
    /// The action class it counts as.
    pub action: String,
    /// Where its amount stands: an RFC 6901 pointer into the arguments.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount: Option<String>,
    /// The amount's currency: an ISO 4217 code, or a pointer to one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub currency: Option<String>,
    /// The tags of what it acts on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tags: Vec<String>,
    /// The classes of the data that it touches.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub data: Vec<String>,
}

impl Naming {
    /// A thing of a server counts as a class.
    pub fn new(server: &str, surface: &str, name: &str, action: &str) -> Self {
        Self {
            server: server.to_owned(),
            surface: surface.to_owned(),
            name: name.to_owned(),
            action: action.to_owned(),
            amount: None,
            currency: None,
            tags: Vec::new(),
            data: Vec::new(),
        }
    }

    /// Whether it is about a thing.
    pub fn covers(&self, server: &str, surface: &str, name: &str) -> bool {
        (self.server == "*" || self.server == server)
            && self.surface == surface
            && match self.name.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => self.name == name,
            }
    }
}

/// The agreement on decision authority between a provider and one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the id is called as in every fact that names it")]
pub struct Charter {
    /// The form of this object: 1.
    pub v: u32,
    /// Which.
    pub charter: CharterId,
    /// Its number among the client's charters, from 1.
    pub version: u32,
    /// Whose.
    pub client: TenantId,
    /// Between whom.
    pub parties: Parties,
    /// The template it began with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub base: Option<String>,
    /// When people work.
    pub calendar: Calendar,
    /// Action classes of its own, beginning with `x.`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub actions: Vec<Action>,
    /// What counts as what.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub counts_as: Vec<Naming>,
    /// What is agreed.
    pub clauses: Vec<Clause>,
    /// Not before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Timestamp>,
    /// Not from then on: then everything is refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Timestamp>,
    /// When people look at it again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub review_by: Option<Timestamp>,
    /// The paper contract that it is an appendix of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub contract_ref: Option<String>,
}

/// Why bytes are not a charter.
#[derive(Debug, thiserror::Error)]
pub enum NotACharter {
    /// Not one strict JSON value.
    #[error("not strict JSON: {0}")]
    Json(#[source] json::Fault),
    /// JSON, but not of this form: a field is missing, unknown or of another type.
    #[error("not a charter: {0}")]
    Form(String),
}

impl Charter {
    /// LIMIT: most clauses; more than anybody reads before signing.
    pub const MOST_CLAUSES: usize = 64;
    /// LIMIT: most canonical bytes; a receipt carries the whole charter, and a request is bounded.
    pub const MOST_BYTES: usize = 40_000;
    /// LIMIT: most rows of `counts_as`; every call is compared with all of them.
    pub const MOST_NAMINGS: usize = 128;
    /// LIMIT: most action classes of its own; with the catalogue they stay below [`crate::Deed::MOST_CLASSES`].
    pub const MOST_ACTIONS: usize = 64;

    /// A charter without clauses, which would refuse everything; people work Monday to Friday in UTC.
    pub fn new(charter: CharterId, version: u32, client: TenantId, parties: Parties) -> Self {
        Self {
            v: 1,
            charter,
            version,
            client,
            parties,
            base: None,
            calendar: Calendar::default(),
            actions: Vec::new(),
            counts_as: Vec::new(),
            clauses: Vec::new(),
            from: None,
            until: None,
            review_by: None,
            contract_ref: None,
        }
    }

    /// Reads a charter strictly: no key twice, no unknown field, no byte after it. Whether it is well formed says
    /// [`Charter::check`].
    ///
    /// # Errors
    /// [`NotACharter`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NotACharter> {
        // LIMIT: people's own spelling may be longer than the canonical one, by white space.
        let limits = Limits { bytes: 4 * Self::MOST_BYTES, depth: 16, nodes: 20_000 };
        json::parse(bytes, &limits).map_err(NotACharter::Json)?;
        serde_json::from_slice(bytes).map_err(|error| NotACharter::Form(error.to_string()))
    }

    /// Its canonical bytes (RFC 8785): what is signed.
    pub fn canonical(&self) -> Vec<u8> {
        // No map with keys other than strings and no floating-point number is in it, so that it always has a form.
        canonical::to_vec(self).unwrap_or_default()
    }

    /// The digest of its canonical bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical())
    }

    /// The class of this name, its own or the catalogue's.
    pub fn action(&self, class: &str) -> Option<&Action> {
        if class.starts_with("x.") {
            return self.actions.iter().find(|own| own.class == class);
        }
        action(class)
    }

    /// What a class does, completing "An agent …"; the class's name if it is unknown.
    pub fn sentence<'a>(&'a self, class: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(self.action(class).map_or(class, |action| action.sentence.as_str()))
    }

    /// The clause with this key.
    pub fn clause(&self, key: &str) -> Option<&Clause> {
        self.clauses.iter().find(|clause| clause.key == key)
    }
}
