//! Grants: what an agent or group may do, to what, under which conditions and limits, until when, and who said so.
//! Never here: how a grant is decided on (`slice.rs`, `decide.rs`).

use serde::{Deserialize, Serialize};
use writ_model::{PersonId, Span, Timestamp};

use crate::{condition::ArgRule, fact::Subject};

/// The kind of thing a grant is about; MCP's three, and `server` for what belongs to none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// MCP `tools/call`.
    Tool,
    /// MCP `resources/read` and subscriptions.
    Resource,
    /// MCP `prompts/get`.
    Prompt,
}

impl Surface {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
        }
    }
}

/// What an agent or group may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// To whom.
    pub subject: Subject,
    /// On which server, by the name in the operator's file.
    pub server: String,
    /// Which kind of thing.
    pub surface: Surface,
    /// Its name; a final `*` matches any ending, `*` alone everything.
    pub name: String,
    /// Conditions on arguments; all must hold.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub rules: Vec<ArgRule>,
    /// Refuse arguments that no rule names.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub only_named_arguments: bool,
    /// When in the week.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub window: Option<Window>,
    /// How often.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub limits: Vec<Limit>,
    /// Not before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<Timestamp>,
    /// Not after.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Timestamp>,
    /// Who gave it.
    pub given_by: PersonId,
    /// Why, in words.
    pub reason: String,
}

/// Hours of a week in a place, for example Monday to Friday 08:00–18:00 in Europe/Berlin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// IANA name of the place's time zone.
    pub zone: String,
    /// Days, 1 Monday to 7 Sunday.
    pub days: Vec<u8>,
    /// First minute of the day, 0 to 1439.
    pub from_minute: u16,
    /// First minute no longer inside, 1 to 1440; not before `from_minute`.
    pub to_minute: u16,
}

/// At most so many permitted calls in each period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// At most.
    pub count: u64,
    /// In each.
    pub per: Period,
}

/// A fixed period, aligned to the epoch in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Sixty seconds.
    Minute,
    /// Sixty minutes.
    Hour,
    /// Twenty-four hours.
    Day,
}

impl Period {
    /// Its length.
    pub const fn span(self) -> Span {
        match self {
            Self::Minute => Span::minutes(1),
            Self::Hour => Span::hours(1),
            Self::Day => Span::days(1),
        }
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

impl Grant {
    /// Whether its name covers a thing's name.
    pub fn covers(&self, server: &str, surface: Surface, name: &str) -> bool {
        self.server == server
            && self.surface == surface
            && match self.name.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => self.name == name,
            }
    }

    /// Whether it holds at an instant.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }

    /// What it allows, in words without conditions: `call tool send on mail`.
    pub fn words(&self) -> String {
        let verb = match self.surface {
            Surface::Tool => "call tool",
            Surface::Resource => "read resource",
            Surface::Prompt => "get prompt",
        };
        format!("{verb} {} on {}", self.name, self.server)
    }
}

impl Window {
    /// Its words: `Mon–Fri 08:00–18:00 Europe/Berlin`.
    pub fn words(&self) -> String {
        const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let name = |day: &u8| DAYS.get(usize::from(*day).wrapping_sub(1)).copied().unwrap_or("?");
        let days: Vec<&str> = self.days.iter().map(name).collect();
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let (from, to) = (clock(self.from_minute), clock(self.to_minute));
        format!("{} {from}–{to} {}", days.join(" "), self.zone)
    }
}
