//! Who acts: a person of a party, an agent, or the system itself. Written in every fact.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{AgentId, PersonId};

/// The two parties of a client's space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The managed service provider.
    Provider,
    /// The organisation it serves.
    Client,
}

/// What a person may do; the strictest role that suffices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works: proposes, observes, sets accountability, gives grants on behalf of the provider.
    Engineer,
    /// Says yes or no.
    Approver,
    /// Answers for the party.
    Owner,
    /// Reads and exports, never changes.
    Auditor,
}

macro_rules! words {
    ($type:ident, $what:literal, $($variant:ident = $word:literal),*) => {
        impl fmt::Display for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(match self { $(Self::$variant => $word),* })
            }
        }
        impl FromStr for $type {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    other => Err(format!(
                        concat!("`{}` is not a ", $what, ": choose one of {}"),
                        other.chars().take(64).collect::<String>(),
                        [$($word),*].join(", "),
                    )),
                }
            }
        }
    };
}
words!(Side, "side", Provider = "provider", Client = "client");
words!(
    Role,
    "role",
    Engineer = "engineer",
    Approver = "approver",
    Owner = "owner",
    Auditor = "auditor"
);

/// The author of a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person, through a door (`console`, `cli`, `api`, `bootstrap`).
    Person {
        /// Who.
        id: PersonId,
        /// Through which door.
        via: String,
    },
    /// An agent, which can only enroll and be recorded.
    Agent {
        /// Which.
        id: AgentId,
    },
    /// Writ itself, named by the part that acts (`reconciler`, `gateway`, `founding`).
    System {
        /// Which part.
        part: String,
    },
}

impl Actor {
    /// The person, if it is one.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Person { id, .. } => Some(*id),
            Self::Agent { .. } | Self::System { .. } => None,
        }
    }

    /// Writ itself.
    pub fn system(part: &str) -> Self {
        Self::System { part: part.to_owned() }
    }
}
