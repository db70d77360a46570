//! [`Fault`]: what every command fails with: which rule, which value, what cures it, and the exit code it means.
//!
//! Never here: prose that repeats a secret, or an exit code that is not in [`Exit`].
//! To add a way to fail: a constructor below if the exit code is shared, a variant of [`Exit`] if it is new (and its row
//! in `writ help exit-codes`).

use std::fmt;

use serde_json::{Value, json};

/// What the process exits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: it was done.
    Done,
    /// 1: the server refused it, and said why.
    Refused,
    /// 2: the command was not understood, or a value in it cannot be right.
    Usage,
    /// 3: the server, a file or the store could not be reached or opened.
    Unreachable,
    /// 4: the authority to act was ended while it ran.
    Ended,
    /// 5: evidence did not verify.
    Unverified,
    /// 6: it is written down, and waits until the people it needs have said yes.
    Waits,
}

impl Exit {
    /// The number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Ended => 4,
            Self::Unverified => 5,
            Self::Waits => 6,
        }
    }

    /// Number and meaning of each, for `--help`.
    pub const MEANINGS: &'static str = "Exit codes: 0 done; 1 refused, with the reason; 2 not understood; \
        3 cannot reach or open; 4 ended by authority; 5 evidence does not verify; 6 waits for somebody's yes.";
}

/// Why a command could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// How the process ends.
    pub exit: Exit,
    /// The stable code, where the server gave one.
    pub code: Option<String>,
    /// What went wrong, one lower-case line.
    pub what: String,
    /// What would cure it, one sentence.
    pub cure: Option<String>,
    /// The command has already said it in its own answer.
    pub told: bool,
    /// What waits for somebody's yes, as the desk describes it.
    pub hold: Option<Box<Value>>,
}

impl Fault {
    /// A fault of this kind.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, code: None, what: what.into(), cure: None, told: false, hold: None }
    }

    /// The server said no.
    pub fn refused(what: impl Into<String>) -> Self {
        Self::new(Exit::Refused, what)
    }

    /// A value of the command cannot be right.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// Something could not be reached or opened.
    pub fn unreachable(what: impl Into<String>) -> Self {
        Self::new(Exit::Unreachable, what)
    }

    /// Evidence did not verify.
    pub fn unverified(what: impl Into<String>) -> Self {
        Self::new(Exit::Unverified, what)
    }

    /// With its cure.
    #[must_use]
    pub fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    /// With the server's stable code.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// A fault about a file.
    pub fn file(path: &std::path::Path, verb: &str, error: &std::io::Error) -> Self {
        Self::unreachable(format!("cannot {verb} `{}`: {error}", path.display()))
    }

    /// The document that `--json` prints. What waits is no error, and has a member of its own.
    pub fn document(&self) -> Value {
        let mut said = json!({
            "code": self.code, "detail": self.what, "cure": self.cure, "exit": self.exit.number(),
        });
        match (&self.hold, said.as_object_mut()) {
            (Some(hold), Some(object)) => {
                object.insert("hold".to_owned(), Value::clone(hold));
                json!({"waits": said})
            }
            _ => json!({"error": said}),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)?;
        if let Some(code) = &self.code {
            write!(out, " [{code}]")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}
