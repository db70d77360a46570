//! What an endpoint takes beside a credential. `authority` decides; this is what the document says and what the coverage
//! test tries, row by row.
//!
//! Never here: a check. To add a need: a field here, its case in `tests/desk/coverage.rs`.

use writ_model::{Role, Side};

/// What an endpoint takes beside a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Whose people; empty for either party's.
    pub sides: &'static [Side],
    /// In which roles; empty for every role.
    pub roles: &'static [Role],
    /// Whether the act is signed with a passkey: asked without, it answers `DESK-0011` and changes nothing.
    pub signature: bool,
}

/// Everybody who changes something: all but auditors.
const WORKS: &[Role] = &[Role::Engineer, Role::Approver, Role::Owner];
/// Those who say yes.
const SAYS_YES: &[Role] = &[Role::Approver, Role::Owner];
/// Those who take a ledger away.
const EXPORTS: &[Role] = &[Role::Owner, Role::Engineer, Role::Auditor];
/// Those who run gateways.
const RUNS: &[Role] = &[Role::Owner, Role::Engineer];
const OWNS: &[Role] = &[Role::Owner];
const EVERY: &[Role] = &[];
const EITHER: &[Side] = &[];
const PROVIDER: &[Side] = &[Side::Provider];

impl Needs {
    const fn new(sides: &'static [Side], roles: &'static [Role], signature: bool) -> Self {
        Self { sides, roles, signature }
    }

    /// Nothing beside what its guard says.
    pub const fn nothing() -> Self {
        Self::new(EITHER, EVERY, false)
    }

    /// A live seat, in whatever role.
    pub const fn seat() -> Self {
        Self::new(EITHER, EVERY, false)
    }

    /// A role that works.
    pub const fn works() -> Self {
        Self::new(EITHER, WORKS, false)
    }

    /// A role that says yes.
    pub const fn says_yes() -> Self {
        Self::new(EITHER, SAYS_YES, false)
    }

    /// An owner.
    pub const fn owns() -> Self {
        Self::new(EITHER, OWNS, false)
    }

    /// Somebody of the provider who runs gateways.
    pub const fn runs() -> Self {
        Self::new(PROVIDER, RUNS, false)
    }

    /// A role that exports.
    pub const fn exports() -> Self {
        Self::new(EITHER, EXPORTS, false)
    }

    /// Only people of the provider.
    #[must_use]
    pub const fn of_provider(self) -> Self {
        Self { sides: PROVIDER, ..self }
    }

    /// And a signature.
    #[must_use]
    pub const fn signed(self) -> Self {
        Self { signature: true, ..self }
    }
}
