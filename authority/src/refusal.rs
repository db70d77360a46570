//! Why a command was refused, and what would cure it. A refusal is an answer, never a fault.
//! To add a code: a constant here, a paragraph in `docs/errors.md`.

use serde::Serialize;
use writ_model::{Code, SealedName};

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
/// The act takes a signature by the acting person's passkey.
pub const NEEDS_SIGNATURE: Code = Code("AUTH-0014");
/// The invitation is unknown, used, withdrawn or expired, or not theirs to give.
pub const INVITATION: Code = Code("AUTH-0015");
/// A passkey is not well formed, is taken, is not allowed by the policy, or may not be removed.
pub const PASSKEY: Code = Code("AUTH-0016");
/// The recovery is unknown, over, or lacks its key.
pub const RECOVERY: Code = Code("AUTH-0017");
/// Nobody allowed this export in the last hour.
pub const EXPORT: Code = Code("AUTH-0018");
/// Only people of the other party may do this.
pub const PARTY: Code = Code("AUTH-0019");
/// A ledger line cannot be read, is not canonical, or does not follow the last one.
pub const CHAIN_LINE: Code = Code("AUTH-0020");
/// The signature of a receipt is wrong.
pub const RECEIPT_SIGNATURE: Code = Code("AUTH-0021");
/// The names in the signed text are not those of the ledger.
pub const RECEIPT_NAMES: Code = Code("AUTH-0022");
/// What follows a receipt is not what was signed.
pub const RECEIPT_ACT: Code = Code("AUTH-0023");
/// Client people, their keys or their witness changed without a signature of the client's.
pub const CLIENT_PEOPLE: Code = Code("AUTH-0024");
/// A second root of the client's trust.
pub const SECOND_ROOT: Code = Code("AUTH-0025");
/// The client's root is not the one that its paper contract names.
pub const ROOT_PIN: Code = Code("AUTH-0026");
/// The key of a receipt is unknown, revoked, or another person's.
pub const RECEIPT_KEY: Code = Code("AUTH-0027");
/// The signature counter of a key went back: it may have been copied.
pub const RECEIPT_COUNTER: Code = Code("AUTH-0028");
/// A receipt was used outside of the time it holds for.
pub const RECEIPT_TIME: Code = Code("AUTH-0029");
/// An act that takes a signature stands in a ledger without one.
pub const UNSIGNED: Code = Code("AUTH-0030");
/// A signature was used before.
pub const RECEIPT_REPLAY: Code = Code("AUTH-0031");
/// What was signed may not be done by whoever signed it.
pub const RECEIPT_REFUSED: Code = Code("AUTH-0032");
/// A witness's key or name is not acceptable, or it is removed already.
pub const WITNESS: Code = Code("AUTH-0033");
/// A login is linked already, or was never.
pub const LOGIN: Code = Code("AUTH-0034");
/// A charter, a clause or a draft is not well formed, or does not fit this ledger.
pub const CHARTER: Code = Code("AUTH-0035");
/// No charter is in force, so nothing is delegated.
pub const NO_CHARTER: Code = Code("AUTH-0036");
/// A clause of the charter refuses this, or its limit is reached.
pub const CLAUSE: Code = Code("AUTH-0037");
/// No clause of the charter covers this.
pub const UNCOVERED: Code = Code("AUTH-0038");
/// The charter lets this be proposed only: a person of the ledger's own party does it.
pub const PROPOSE: Code = Code("AUTH-0039");
/// A party took back what the charter delegates.
pub const SUSPENDED: Code = Code("AUTH-0040");
/// Everything of this client is frozen.
pub const FROZEN: Code = Code("AUTH-0041");
/// The hold is unknown, over, expired, used up, or of something else.
pub const HOLD: Code = Code("AUTH-0042");
/// Nobody approves what they asked for themselves.
pub const OWN_APPROVAL: Code = Code("AUTH-0043");
/// The approval does not count: not in the quorum, or that seat is taken already.
pub const QUORUM: Code = Code("AUTH-0044");
/// The drill is unknown, over, or not possible.
pub const DRILL: Code = Code("AUTH-0045");
/// This cannot be observed so, or is not.
pub const OBSERVE: Code = Code("AUTH-0046");
/// Nobody can be away so, or is not.
pub const AWAY: Code = Code("AUTH-0047");
/// A template is not well formed.
pub const TEMPLATE: Code = Code("AUTH-0048");
/// The line would be of a format that the ledger does not have yet: older processes still run.
pub const FORMAT: Code = Code("AUTH-0049");
/// An agent cannot act for that one.
pub const DELEGATION: Code = Code("AUTH-0050");
/// The gateway is halted already, or is not.
pub const GATEWAY: Code = Code("AUTH-0051");
/// What is said of a restored ledger cannot be.
pub const RESTORED: Code = Code("AUTH-0052");
/// A person who cannot be erased now, or who was.
pub const ERASURE: Code = Code("AUTH-0053");
/// What a server lists cannot be approved or refused so: another definition is there by now, or none waits.
pub const CATALOG: Code = Code("AUTH-0054");
/// A defect in Writ: refused because it could not be decided.
pub const INTERNAL: Code = Code("AUTH-0099");

/// Whether a code is about decision authority: such a rule is named as it is where a ledger breaks it.
pub(crate) fn of_charter(code: Code) -> bool {
    let codes = [
        CHARTER,
        NO_CHARTER,
        CLAUSE,
        UNCOVERED,
        PROPOSE,
        SUSPENDED,
        FROZEN,
        HOLD,
        OWN_APPROVAL,
        QUORUM,
        DRILL,
        OBSERVE,
        AWAY,
        TEMPLATE,
    ];
    codes.contains(&code)
}

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

/// A value as it may stand in a message: at most 64 characters; a sealed name whole, or nobody could open it.
pub fn cut(value: &str) -> String {
    if SealedName::parse(value).is_some() {
        return value.to_owned();
    }
    let mut out: String = value.chars().take(64).flat_map(char::escape_debug).collect();
    if value.chars().nth(64).is_some() {
        out.push('…');
    }
    out
}
