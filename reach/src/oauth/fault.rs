//! [`OauthFault`]: why there is no token.
//!
//! Never here: a token, a code, a secret, a query. What the other side said is cut and quoted.
//! To add one: a variant, its code, a row in `docs/errors.md`.

use writ_model::Code;

use crate::Fault;

/// LIMIT: characters of another party's words that an error repeats.
const WORDS: usize = 120;

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OauthFault {
    /// It could not be asked.
    #[error(transparent)]
    Reach(#[from] Fault),
    /// No metadata could be found.
    #[error(
        "{what} of {of} cannot be found: it answers at none of the addresses that the standard names"
    )]
    Nowhere {
        /// Which document.
        what: &'static str,
        /// Whose.
        of: String,
    },
    /// A document or an answer breaks a rule.
    #[error("{of}: {why}")]
    Document {
        /// Whose.
        of: String,
        /// Which rule, with what was seen.
        why: String,
    },
    /// The resource in the metadata is not the server that was asked (RFC 9728 section 3.3).
    #[error("the metadata of {of} are for another resource, `{said}`")]
    Resource {
        /// Which server.
        of: String,
        /// What they say.
        said: String,
    },
    /// The issuer is not the one that was asked for (RFC 8414 section 3.3, RFC 9207 section 2.4).
    #[error("the issuer should be `{wanted}` and is `{said}`")]
    Issuer {
        /// Which is wanted.
        wanted: String,
        /// Which is said.
        said: String,
    },
    /// The authorization server does not say that it takes PKCE with S256.
    #[error("{of} does not say that it takes PKCE with S256")]
    Pkce {
        /// Which.
        of: String,
    },
    /// We are not registered there, and it registers nobody.
    #[error(
        "we are not registered at {of}, and it takes neither our metadata document nor registrations"
    )]
    Unregistered {
        /// Which.
        of: String,
    },
    /// The person or the authorization server said no.
    #[error("{of} refuses: {error}")]
    Refused {
        /// Which.
        of: String,
        /// Its error word and what it says with it, cut.
        error: String,
        /// Whether asking the same again is of no use: the grant is gone.
        gone: bool,
    },
    /// The token is not bound to our key, or is of a type that we do not know.
    #[error("{of} gave a token of type `{said}`, which is not the one that was asked for")]
    Kind {
        /// Which.
        of: String,
        /// What it said.
        said: String,
    },
    /// The answer is for nothing that we began, or for something else.
    #[error("the answer from {of} {why}")]
    Answer {
        /// Which.
        of: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// What is kept does not open as what was kept.
    #[error("the connection that is kept cannot be read")]
    Kept,
    /// A key failed.
    #[error("a key could not be made or used")]
    Key,
}

impl OauthFault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Reach(fault) => return fault.code(),
            Self::Nowhere { .. } => "REAC-0020",
            Self::Document { .. } => "REAC-0021",
            Self::Resource { .. } => "REAC-0022",
            Self::Issuer { .. } => "REAC-0023",
            Self::Pkce { .. } => "REAC-0024",
            Self::Unregistered { .. } => "REAC-0025",
            Self::Refused { .. } => "REAC-0026",
            Self::Kind { .. } => "REAC-0027",
            Self::Answer { .. } => "REAC-0028",
            Self::Kept => "REAC-0029",
            Self::Key => "REAC-0030",
        })
    }

    /// Whether asking again is of no use before a person does something.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Reach(_) | Self::Refused { gone: false, .. })
    }
}

/// Another party's words as an error may repeat them.
pub(crate) fn quoted(text: &str) -> String {
    text.chars().take(WORDS).map(|one| if one.is_control() { '?' } else { one }).collect()
}
