//! Why nobody was signed in: a code for the page, words for the person, and what only the log may say.
//!
//! Never here: a word of the identity provider on a page. To add one: a variant of [`Why`], its row below, a row in
//! `docs/errors.md`.

use writ_model::Code;

use crate::DeskError;

/// Which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// No identity provider is set up.
    NotSet,
    /// It cannot be asked, or what it says about itself is wrong.
    Unreachable,
    /// The answer belongs to no sign-in that this browser began.
    State,
    /// The answer is another issuer's.
    Issuer,
    /// The identity provider said no.
    Denied,
    /// The code was not taken.
    Code,
    /// The ID token is not good.
    Token,
    /// The subject is linked to nobody.
    Unlinked,
    /// Its person has no live seat at the provider.
    Left,
    /// No role that it gives is a role of the seat.
    Roles,
    /// Too much at once.
    Busy,
    /// The login cannot be linked.
    Link,
    /// The identity provider did not ask for enough.
    Weak,
}

const ALL: [Why; 13] = [
    Why::NotSet,
    Why::Unreachable,
    Why::State,
    Why::Issuer,
    Why::Denied,
    Why::Code,
    Why::Token,
    Why::Unlinked,
    Why::Left,
    Why::Roles,
    Why::Busy,
    Why::Link,
    Why::Weak,
];

impl Why {
    pub(crate) const fn code(self) -> Code {
        Code(match self {
            Self::NotSet => "OIDC-0001",
            Self::Unreachable => "OIDC-0002",
            Self::State => "OIDC-0003",
            Self::Issuer => "OIDC-0004",
            Self::Denied => "OIDC-0005",
            Self::Code => "OIDC-0006",
            Self::Token => "OIDC-0007",
            Self::Unlinked => "OIDC-0008",
            Self::Left => "OIDC-0009",
            Self::Roles => "OIDC-0010",
            Self::Busy => "OIDC-0011",
            Self::Link => "OIDC-0012",
            Self::Weak => "OIDC-0013",
        })
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NotSet => (
                "no identity provider is set up here",
                "Sign in with a passkey; the operator sets one up under [oidc] in writ.toml.",
            ),
            Self::Unreachable => (
                "the identity provider cannot be asked",
                "Sign in with a passkey, or try again; the server's log says what is wrong.",
            ),
            Self::State => (
                "this answer belongs to no sign-in that this browser began in the last ten minutes",
                "Begin again on the sign-in page.",
            ),
            Self::Issuer => (
                "this answer comes from another identity provider",
                "Begin again on the sign-in page; if it happens twice, tell your owner.",
            ),
            Self::Denied => (
                "the identity provider did not let you in",
                "Ask whoever runs the identity provider.",
            ),
            Self::Code => (
                "the identity provider did not take its own code",
                "Begin again on the sign-in page; a code is good once.",
            ),
            Self::Token => (
                "what the identity provider says about you cannot be trusted",
                "Begin again; the server's log says which rule was broken.",
            ),
            Self::Unlinked => (
                "this login is linked to nobody here",
                "Sign in with a passkey, and link it under your name.",
            ),
            Self::Left => {
                ("this login's person does not work here any more", "Ask an owner of the provider.")
            }
            Self::Roles => (
                "the identity provider gives you no role that your seat has",
                "Ask whoever runs the identity provider for the right group, or sign in with a passkey.",
            ),
            Self::Busy => ("too many sign-ins at once", "Try again in a moment."),
            Self::Link => (
                "this login cannot be linked",
                "Sign in with a passkey and begin again; a login is linked to one person.",
            ),
            Self::Weak => (
                "the identity provider did not ask you for as much as is wanted here",
                "Sign in there with a second factor, or sign in here with a passkey.",
            ),
        }
    }
}

/// What a page says about a refusal's code: what happened, and what would cure it. Nothing if the code is none of these, so
/// that an address cannot put words on a page.
pub fn refusal(code: &str) -> Option<(&'static str, &'static str)> {
    ALL.into_iter().find(|why| why.code().0 == code).map(Why::words)
}

/// A refusal, and what the log says about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {log}", .why.code())]
pub(crate) struct Refused {
    pub(crate) why: Why,
    pub(crate) log: String,
}

impl Refused {
    pub(crate) fn new(why: Why, log: impl Into<String>) -> Self {
        Self { why, log: log.into() }
    }
}

impl From<Why> for Refused {
    fn from(why: Why) -> Self {
        Self::new(why, why.words().0)
    }
}

impl From<writ_reach::Fault> for Refused {
    fn from(fault: writ_reach::Fault) -> Self {
        let why = if fault == writ_reach::Fault::Busy { Why::Busy } else { Why::Unreachable };
        Self::new(why, format!("{fault} ({})", fault.code()))
    }
}

impl From<DeskError> for Refused {
    fn from(fault: DeskError) -> Self {
        Self::new(Why::Unreachable, fault.to_string())
    }
}

impl From<Refused> for DeskError {
    fn from(refused: Refused) -> Self {
        tracing::warn!(code = %refused.why.code(), why = refused.log, "sign-in elsewhere refused");
        let (what, cure) = refused.why.words();
        Self::Forbidden { code: refused.why.code(), what: what.to_owned(), cure: cure.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_own_code_and_words() {
        let mut codes: Vec<_> = ALL.iter().map(|why| why.code().0).collect();
        codes.dedup();
        assert_eq!(codes.len(), ALL.len());
        for code in codes {
            let (what, cure) = refusal(code).unwrap();
            assert!(!what.ends_with('.') && cure.ends_with('.'), "{what} {cure}");
        }
        assert_eq!(refusal("OIDC-99"), None);
        assert_eq!(refusal("<script>"), None);
    }
}
