//! [`Who`]: the person who acts and the door they came through. What they may do is their seat's business, not this
//! file's.
//!
//! Never here: a credential. A [`Who`] is only made by `door.rs` after one was checked, or by a test.

use writ_model::{Actor, PersonId, SessionId};

use crate::oidc::Narrowed;

/// The door a person came through; written into every fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The command line, with the installation's own token.
    Cli,
    /// The console, with a session.
    Console,
}

impl Via {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Console => "console",
        }
    }
}

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who {
    /// The person.
    pub person: PersonId,
    /// Through which door.
    pub via: Via,
    /// In which session, if through one.
    pub session: Option<SessionId>,
    /// The roles that their own identity provider leaves them, if they signed in there; none leaves the whole seat.
    pub narrowed: Option<Narrowed>,
}

impl Who {
    /// This person, through this door, with their whole seat.
    pub const fn new(person: PersonId, via: Via) -> Self {
        Self { person, via, session: None, narrowed: None }
    }

    /// The same person with at most these roles.
    #[must_use]
    pub const fn narrowed_to(self, narrowed: Narrowed) -> Self {
        Self { narrowed: Some(narrowed), ..self }
    }

    /// The same person in this session.
    #[must_use]
    pub const fn in_session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    /// As the author of a fact.
    pub fn actor(&self) -> Actor {
        Actor::Person { id: self.person, via: self.via.word().to_owned() }
    }
}
