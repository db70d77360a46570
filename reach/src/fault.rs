//! [`Fault`]: why there is no whole answer.
//!
//! Never here: a secret, a body, an address with its query. To add one: a variant, its code, a row in `docs/errors.md`.

use writ_model::Code;

/// Why there is no whole answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The address may not be asked.
    #[error("this address may not be asked: {why}")]
    Address {
        /// Which rule.
        why: &'static str,
    },
    /// The host was not found or does not take connections.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// Which host.
        host: String,
        /// What the system says.
        why: String,
    },
    /// TLS failed: an untrusted certificate, another name, an old protocol.
    #[error("{host} has no certificate to trust: {why}")]
    Tls {
        /// Which host.
        host: String,
        /// What rustls says.
        why: String,
    },
    /// It took too long.
    #[error("{host} did not answer in time")]
    Late {
        /// Which host.
        host: String,
    },
    /// The answer is larger than its bound.
    #[error("{host} answered more than {bound} bytes")]
    TooLarge {
        /// Which host.
        host: String,
        /// The bound.
        bound: usize,
    },
    /// The answer is no HTTP, or breaks off.
    #[error("{host} did not answer whole HTTP: {why}")]
    Broken {
        /// Which host.
        host: String,
        /// What hyper says.
        why: String,
    },
    /// A redirect, which is never followed.
    #[error("{host} answered with a redirect ({status}), which is not followed")]
    Redirected {
        /// Which host.
        host: String,
        /// Its status.
        status: u16,
    },
    /// Too many requests are under way.
    #[error("too many requests to outside systems are under way")]
    Busy,
    /// A mail address that is none.
    #[error("this is no mail address: {why}")]
    MailAddress {
        /// Which rule.
        why: &'static str,
    },
    /// A mail server, or we for its sake, refused a mail.
    #[error("{host} did not take the mail: {why}")]
    Mail {
        /// Which host.
        host: String,
        /// In its words, cut.
        why: String,
        /// Whether it will never take this mail for this recipient.
        forever: bool,
    },
    /// What would be sent is larger than its bound.
    #[error("what would be sent has {got} bytes, and the bound is {bound}")]
    Body {
        /// How large it is.
        got: usize,
        /// The bound.
        bound: usize,
    },
    /// The settings of the mail server cannot be used.
    #[error("these settings of a mail server cannot be used: {why}")]
    Smtp {
        /// Which rule.
        why: String,
    },
    /// The operator's certificates cannot be used.
    #[error("the given certificates cannot be used: {why}")]
    Anchors {
        /// What is wrong with them.
        why: String,
    },
}

impl Fault {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::Address { .. } => "REAC-0001",
            Self::Unreachable { .. } => "REAC-0002",
            Self::Tls { .. } => "REAC-0003",
            Self::Late { .. } => "REAC-0004",
            Self::TooLarge { .. } => "REAC-0005",
            Self::Broken { .. } => "REAC-0006",
            Self::Redirected { .. } => "REAC-0007",
            Self::Busy => "REAC-0008",
            Self::Anchors { .. } => "REAC-0009",
            Self::MailAddress { .. } => "REAC-0010",
            Self::Mail { .. } => "REAC-0011",
            Self::Smtp { .. } => "REAC-0012",
            Self::Body { .. } => "REAC-0013",
        })
    }
}
