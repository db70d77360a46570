//! [`DeskError`]: why a use-case did not do what was asked, and [`Problem`], its form for machines (RFC 9457).
//!
//! Never here: a secret, or the text of a store's own error (that goes to the log, with the request's id).
//! To add a code: the next `DESK` number below, its prose in `docs/errors.md`.

use serde::Serialize;
use writ_authority::{Refusal, refusal};
use writ_model::Code;

use crate::view::{HoldView, SigningView};

/// No credential, or one that is not ours.
pub(crate) const UNAUTHENTICATED: Code = Code("DESK-0001");
/// The request cannot be read.
pub(crate) const UNREADABLE: Code = Code("DESK-0003");
/// There is no such thing for the asker.
pub(crate) const NOT_VISIBLE: Code = Code("DESK-0004");
/// A state-changing request did not prove that it comes from our own page.
pub(crate) const FORGED: Code = Code("DESK-0005");
/// Asked under a host name that is not this server's.
pub(crate) const HOST: Code = Code("DESK-0006");
/// The sign-in link is unknown, used or expired.
pub(crate) const SIGN_IN: Code = Code("DESK-0007");
/// A bound is reached; later it may work.
pub(crate) const BUSY: Code = Code("DESK-0008");
/// Nothing is founded yet.
pub(crate) const UNFOUNDED: Code = Code("DESK-0009");
/// What was asked needs its person's passkey; the problem carries the signing.
pub(crate) const NEEDS_SIGNATURE: Code = Code("DESK-0011");
/// This passkey does not sign in here, whatever the reason.
pub(crate) const PASSKEY: Code = Code("DESK-0012");
/// A signature, or a new passkey, that does not hold.
pub(crate) const SIGNATURE: Code = Code("DESK-0013");
/// The code of an invitation or a recovery is unknown, used or expired.
pub(crate) const CODE: Code = Code("DESK-0014");
/// The session is the first link's: it can make the first passkey and nothing else.
pub(crate) const FIRST_KEY: Code = Code("DESK-0015");
/// There is a passkey: links are not given any more.
pub(crate) const NO_LINK: Code = Code("DESK-0016");
/// The signing was signed, refused or is too old.
pub(crate) const SIGNING: Code = Code("DESK-0017");
/// The person is offboarded.
pub(crate) const OFFBOARDED: Code = Code("DESK-0018");
/// The charter asks for somebody's yes first; the problem carries the hold.
pub(crate) const WAITS: Code = Code("DESK-0019");
/// What is to be approved cannot be read any more, or is not what the digest says.
pub(crate) const UNREADABLE_HOLD: Code = Code("DESK-0020");
/// A drill cannot be run here, or broke off.
pub(crate) const DRILL: Code = Code("DESK-0021");
/// Another process does now what this one is asked for.
pub(crate) const NOT_IN_TURN: Code = Code("DESK-0022");
/// An account at a protected server cannot be connected, or the link to it is not good.
pub(crate) const UPSTREAM: Code = Code("DESK-0030");
/// A defect, or a store that fails.
pub(crate) const FAULT: Code = Code("DESK-0099");

/// Why a use-case did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DeskError {
    /// `authority` refused the command.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No credential, or one that is not ours.
    #[error("{what}")]
    Unauthenticated {
        /// What is wrong with it.
        what: String,
    },
    /// It waits for the person's passkey: whoever asks shows the signing.
    #[error("this needs your signature: {}", .0.title)]
    NeedsSignature(Box<SigningView>),
    /// It is written down and waits for somebody's yes, as the charter says.
    #[error("this waits for approval: {}", .0.state_words)]
    Waits(Box<HoldView>),
    /// The credential does not allow it.
    #[error("{what}")]
    Forbidden {
        /// Which rule.
        code: Code,
        /// What is not allowed.
        what: String,
        /// What would be.
        cure: String,
    },
    /// Not there, or not for this asker: the two look the same.
    #[error("no {what} `{name}` that you can see")]
    NotVisible {
        /// What kind of thing.
        what: &'static str,
        /// The name asked for, cut.
        name: String,
    },
    /// The request cannot be read.
    #[error("{what}")]
    Bad {
        /// Which field.
        field: String,
        /// What is wrong with it.
        what: String,
        /// What would be right.
        cure: String,
    },
    /// A charter or a template is not well formed: everything that is wrong with it, at once.
    #[error("{}", unfit(.what, .wrongs))]
    Unfit {
        /// `charter` or `template`.
        what: &'static str,
        /// Everything that is wrong.
        wrongs: Vec<Wrong>,
    },
    /// A bound is reached.
    #[error("{what}")]
    Busy {
        /// Which.
        what: String,
    },
    /// Nothing is founded yet.
    #[error("this installation has no provider yet")]
    Unfounded,
    /// This process has lost its turn as the desk, or as the soc: nothing was written.
    #[error("another process does this now")]
    NotInTurn,
    /// A store failed or Writ is defective. The words are for the log.
    #[error("{what}")]
    Fault {
        /// The failing part's own code, if it has one.
        code: Code,
        /// What failed, for the log.
        what: String,
    },
}

/// One thing that is wrong with what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wrong {
    /// Which field: `clauses[2].limits[0].most`.
    pub field: String,
    /// What was sent there, cut.
    pub value: String,
    /// What is to hold.
    pub rule: String,
    /// What would be right.
    pub cure: String,
}

/// How many things are wrong, and the first of them.
fn unfit(what: &str, wrongs: &[Wrong]) -> String {
    let first = wrongs.first().map(|one| format!(": {}: {}", one.field, one.rule));
    let first = first.unwrap_or_default();
    match wrongs.len() {
        1 => format!("the {what} is not well formed{first}"),
        many => format!("{many} things are wrong with the {what}; the first{first}"),
    }
}

/// An error as machines get it (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// `urn:writ:error:<code>`.
    pub r#type: String,
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: String,
    /// The same for every error of this code.
    pub title: String,
    /// What is wrong this time.
    pub detail: String,
    /// The field that is wrong, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What would cure it.
    pub cure: String,
    /// What is to be signed, if that is all that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing: Option<Box<SigningView>>,
    /// What waits for somebody's yes, if that is all that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Box<HoldView>>,
    /// Everything that is wrong with what was sent, if it is more than one field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wrongs: Vec<Wrong>,
    /// The request's id, as in the log.
    pub request_id: String,
}

impl DeskError {
    /// A request that cannot be read.
    pub fn bad(field: &str, what: impl Into<String>, cure: &str) -> Self {
        Self::Bad { field: field.to_owned(), what: what.into(), cure: cure.to_owned() }
    }

    /// Something that is not there for this asker.
    pub fn not_visible(what: &'static str, name: &str) -> Self {
        Self::NotVisible { what, name: refusal::cut(name) }
    }

    /// A defect or a failing store.
    pub fn fault(code: Code, what: impl Into<String>) -> Self {
        Self::Fault { code, what: what.into() }
    }

    /// Its stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::Unauthenticated { .. } => UNAUTHENTICATED,
            Self::NeedsSignature(_) => NEEDS_SIGNATURE,
            Self::Waits(_) => WAITS,
            Self::Forbidden { code, .. } | Self::Fault { code, .. } => *code,
            Self::NotVisible { .. } => NOT_VISIBLE,
            Self::Bad { .. } => UNREADABLE,
            Self::Unfit { what: "template", .. } => refusal::TEMPLATE,
            Self::Unfit { .. } => refusal::CHARTER,
            Self::Busy { .. } => BUSY,
            Self::Unfounded => UNFOUNDED,
            Self::NotInTurn => NOT_IN_TURN,
        }
    }

    /// Its HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused(refusal) => match refusal.code {
                refusal::NOT_SEATED | refusal::ROLE | refusal::PARTY
                    if refusal.field == "actor" =>
                {
                    403
                }
                refusal::NEEDS_SIGNATURE
                | refusal::EXPORT
                | refusal::CLAUSE
                | refusal::UNCOVERED
                | refusal::PROPOSE
                | refusal::OWN_APPROVAL
                | refusal::QUORUM => 403,
                refusal::UNKNOWN => 404,
                refusal::TEXT
                | refusal::GRANT
                | refusal::PASSKEY
                | refusal::CHARTER
                | refusal::TEMPLATE => 422,
                refusal::INTERNAL => 500,
                _ => 409,
            },
            Self::Unauthenticated { .. } => 401,
            Self::Waits(_) => 202,
            Self::NeedsSignature(_) | Self::Forbidden { .. } => 403,
            Self::NotVisible { .. } => 404,
            Self::Unfounded => 409,
            Self::Bad { .. } => 400,
            Self::Unfit { .. } => 422,
            Self::Busy { .. } | Self::NotInTurn => 503,
            Self::Fault { .. } => 500,
        }
    }

    /// One line that is the same for every error of its kind.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Refused(_) => "Refused by rule",
            Self::Unauthenticated { .. } => "Not signed in",
            Self::NeedsSignature(_) => "Needs your passkey",
            Self::Waits(_) => "Waits for approval",
            Self::Forbidden { .. } => "Not allowed",
            Self::NotVisible { .. } => "Not found",
            Self::Bad { .. } => "Request not understood",
            Self::Unfit { .. } => "Not well formed",
            Self::Busy { .. } => "Too much at once",
            Self::Unfounded => "Not founded yet",
            Self::NotInTurn => "Not in its turn",
            Self::Fault { .. } => "Writ failed",
        }
    }

    /// The field that is wrong, if one is.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => Some(&refusal.field),
            Self::Bad { field, .. } => Some(field),
            Self::Unfit { wrongs, .. } => wrongs.first().map(|one| one.field.as_str()),
            _ => None,
        }
    }

    /// What would cure it, one sentence.
    pub fn cure(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.cure,
            Self::Forbidden { cure, .. } | Self::Bad { cure, .. } => cure,
            Self::Unauthenticated { .. } => {
                "Sign in with your passkey, or send the token of `cli.token` in the data folder."
            }
            Self::NeedsSignature(_) => "Open the signing's page and sign it with your passkey.",
            Self::Waits(_) => {
                "Wait for the people it names, or ask them; it is done with their yes."
            }
            Self::NotVisible { .. } => "Check the name, and that you are seated at this client.",
            Self::Unfit { wrongs, .. } => {
                wrongs.first().map_or("Correct what is wrong with it.", |one| one.cure.as_str())
            }
            Self::Busy { .. } => "Try again in a moment.",
            Self::Unfounded => "Found the provider first: `writ provider found`.",
            Self::NotInTurn => "Ask again in a moment: the process whose turn it is answers then.",
            Self::Fault { .. } => "Nothing is known to have changed; look, then try again.",
        }
    }

    /// What a person is told: the failing part's own words stay in the log.
    pub fn detail(&self) -> String {
        match self {
            Self::Fault { code, .. } => format!("this could not be done ({code})"),
            other => other.to_string(),
        }
    }

    /// Its form for machines.
    pub fn problem(&self, request_id: String) -> Problem {
        Problem {
            r#type: format!("urn:writ:error:{}", self.code()),
            status: self.status(),
            code: self.code().to_string(),
            title: self.title().to_owned(),
            detail: self.detail(),
            field: self.field().map(str::to_owned),
            cure: self.cure().to_owned(),
            signing: match self {
                Self::NeedsSignature(signing) => Some(signing.clone()),
                _ => None,
            },
            hold: match self {
                Self::Waits(hold) => Some(hold.clone()),
                _ => None,
            },
            wrongs: match self {
                Self::Unfit { wrongs, .. } => wrongs.clone(),
                _ => Vec::new(),
            },
            request_id,
        }
    }
}

impl From<writ_store::FollowError> for DeskError {
    fn from(fault: writ_store::FollowError) -> Self {
        Self::fault(fault.code(), fault.to_string())
    }
}

impl From<writ_store::ReadError> for DeskError {
    fn from(fault: writ_store::ReadError) -> Self {
        Self::fault(fault.code(), fault.to_string())
    }
}

impl From<writ_store::VaultFault> for DeskError {
    fn from(fault: writ_store::VaultFault) -> Self {
        Self::fault(fault.code(), fault.to_string())
    }
}

impl From<writ_store::HeldFault> for DeskError {
    fn from(fault: writ_store::HeldFault) -> Self {
        Self::fault(fault.code(), fault.to_string())
    }
}

impl From<writ_lake::LakeFault> for DeskError {
    fn from(fault: writ_lake::LakeFault) -> Self {
        Self::fault(fault.code(), fault.to_string())
    }
}

impl From<writ_store::proof::NoProof> for DeskError {
    fn from(fault: writ_store::proof::NoProof) -> Self {
        use writ_store::proof::NoProof;
        match fault {
            NoProof::Proof(fault) => Self::bad(
                "line",
                fault.to_string(),
                "Ask for a line that is below the size of the ledger.",
            ),
            NoProof::Read(fault) => fault.into(),
        }
    }
}

impl From<writ_store::SubmitError<DeskError>> for DeskError {
    fn from(fault: writ_store::SubmitError<DeskError>) -> Self {
        use writ_store::SubmitError;
        let code = fault.code().unwrap_or(FAULT);
        match fault {
            SubmitError::Refused(refusal) => refusal,
            other => Self::fault(code, other.to_string()),
        }
    }
}
