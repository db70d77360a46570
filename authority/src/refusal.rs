//! Why a command was refused, and what would cure it. A refusal is an answer, never a fault.
//! To add a code: a constant here, a paragraph in `docs/errors.md`.

use serde::Serialize;
use writ_model::Code;

/// A refused command: which rule, in which field, and what would make it possible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{what}")]
pub struct Refusal {
    /// Stable code.
    pub code: Code,
    /// The field or thing that is wrong.
    pub field: String,
    /// What is wrong, one sentence with the value quoted.
    pub what: String,
    /// What would cure it, one sentence.
    pub cure: String,
}

/// The ledger is already founded, or not yet.
pub const FOUNDED: Code = Code("AUTH-0001");
/// The actor has no seat here.
pub const NOT_SEATED: Code = Code("AUTH-0002");
/// The actor's roles do not allow this.
pub const ROLE: Code = Code("AUTH-0003");
/// The thing named does not exist here.
pub const UNKNOWN: Code = Code("AUTH-0004");
/// A text is empty, too long, or has letters that are not allowed.
pub const TEXT: Code = Code("AUTH-0005");
/// The name is taken.
pub const TAKEN: Code = Code("AUTH-0006");
/// The agent's life does not allow this step.
pub const LIFE: Code = Code("AUTH-0007");
/// An answer is missing: authorizer, auditor or terminator.
pub const ANSWERS: Code = Code("AUTH-0008");
/// A grant is not well formed.
pub const GRANT: Code = Code("AUTH-0009");
/// The enrollment code is unknown, used or expired.
pub const ENROLLMENT: Code = Code("AUTH-0010");
/// A bound is reached.
pub const BOUND: Code = Code("AUTH-0011");
/// The group tree would be too deep or circular.
pub const GROUPS: Code = Code("AUTH-0012");
/// A seal does not follow the last one.
pub const SEAL: Code = Code("AUTH-0013");
/// A defect in Writ: refused because it could not be decided.
pub const INTERNAL: Code = Code("AUTH-0099");

impl Refusal {
    /// A refusal.
    pub fn new(code: Code, field: &str, what: String, cure: &str) -> Self {
        Self { code, field: field.to_owned(), what, cure: cure.to_owned() }
    }

    /// The thing named is not in this tenant.
    pub fn unknown(field: &str, value: &str) -> Self {
        let what = format!("no {field} `{}` here", cut(value));
        Self::new(UNKNOWN, field, what, "Check the id or name, and that it belongs to this client.")
    }

    /// A defect: refused because it could not be decided.
    pub fn internal(field: &str, why: &str) -> Self {
        let what = format!("this could not be decided: {}", cut(why));
        Self::new(INTERNAL, field, what, "Nothing was changed. Please report it with this text.")
    }
}

/// A value as it may stand in a message: at most 64 characters.
pub fn cut(value: &str) -> String {
    let mut out: String = value.chars().take(64).flat_map(char::escape_debug).collect();
    if value.chars().nth(64).is_some() {
        out.push('…');
    }
    out
}
