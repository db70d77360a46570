//! [`Kind`]: what messages are about.
//!
//! Never here: what a message says (`tell/`).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A call or an act waits for somebody's yes.
    ApprovalAsked,
    /// An agent proposes what a person has to do.
    Proposal,
    /// Nobody has decided in time: owners are asked.
    Escalated,
    /// Something was done that people are told of.
    ActNotified,
    /// A charter waits for a signature.
    CharterToSign,
    /// A charter is in force.
    CharterInForce,
    /// Everything of a client is frozen.
    Frozen,
    /// A party lifted its freeze.
    Thawed,
    /// A party took back what it delegated.
    Suspended,
    /// A party delegates again.
    Resumed,
    /// Something is watched instead of blocked.
    ObserveSet,
    /// A drill is over.
    DrillDone,
    /// A passkey or a login of a person changed.
    CredentialChanged,
    /// A person's mail address changed; told to the old one.
    AddressChanged,
    /// Somebody tries whether messages arrive.
    Test,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::ApprovalAsked,
        Self::Proposal,
        Self::Escalated,
        Self::ActNotified,
        Self::CharterToSign,
        Self::CharterInForce,
        Self::Frozen,
        Self::Thawed,
        Self::Suspended,
        Self::Resumed,
        Self::ObserveSet,
        Self::DrillDone,
        Self::CredentialChanged,
        Self::AddressChanged,
        Self::Test,
    ];

    /// Its word, as in the operator's file and in rows.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ApprovalAsked => "approval_asked",
            Self::Proposal => "proposal",
            Self::Escalated => "escalated",
            Self::ActNotified => "act_notified",
            Self::CharterToSign => "charter_to_sign",
            Self::CharterInForce => "charter_in_force",
            Self::Frozen => "frozen",
            Self::Thawed => "thawed",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::ObserveSet => "observe_set",
            Self::DrillDone => "drill_done",
            Self::CredentialChanged => "credential_changed",
            Self::AddressChanged => "address_changed",
            Self::Test => "test",
        }
    }

    /// What it comes to, without any content: a subject's and a chat's words.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::ApprovalAsked => "a decision waits",
            Self::Proposal => "an agent proposes something that a person has to do",
            Self::Escalated => "a decision still waits, and now for the owners",
            Self::ActNotified => "something was done that you are told of",
            Self::CharterToSign => "a charter waits for a signature",
            Self::CharterInForce => "a charter is in force",
            Self::Frozen => "everything is frozen",
            Self::Thawed => "a freeze was lifted",
            Self::Suspended => "a delegation was suspended",
            Self::Resumed => "a delegation was resumed",
            Self::ObserveSet => "something is observed instead of blocked",
            Self::DrillDone => "a drill is over",
            Self::CredentialChanged => "a key or a login changed",
            Self::AddressChanged => "a mail address changed",
            Self::Test => "a test message",
        }
    }

    /// Whether chats are told: not of one person's own affairs.
    pub(crate) const fn in_chats(self) -> bool {
        !matches!(self, Self::CredentialChanged | Self::AddressChanged)
    }

    /// Whether it is worth nothing once what it speaks of is decided.
    pub(crate) const fn waits(self) -> bool {
        matches!(self, Self::ApprovalAsked | Self::Proposal | Self::Escalated)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.word() == text).ok_or_else(|| {
            let all: Vec<&str> = Self::ALL.iter().map(|kind| kind.word()).collect();
            let text: String = text.chars().take(64).collect();
            format!("`{text}` is no kind of message: choose from {}", all.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_and_are_those_of_the_json() {
        for kind in Kind::ALL {
            assert_eq!(kind.word().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
        assert!("approval".parse::<Kind>().unwrap_err().contains("approval_asked"));
    }
}
