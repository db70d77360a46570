//! The hands that reach outside systems: a bounded HTTP client behind the port [`Outside`] and mail behind the port
//! [`Post`], so that whoever uses them can be tested without a network; signed webhooks and chat links are forms of asking.
//!
//! Never here: a decision (who is asked what, and what an answer means, is the caller's), a proxy, a followed redirect, a
//! retry, an address that a tenant can write.
//! To add a hand: a file with its port, its adapter and its named bounds; a fault with codes in `docs/errors.md`.

pub mod chat;
mod client;
pub mod dial;
mod fault;
mod form;
pub mod mail;
pub mod oauth;
mod place;
mod smtp;
mod tls;
pub mod webhook;

use async_trait::async_trait;
use bytes::Bytes;
use writ_model::{Secret, Span};

pub use client::{Bounds, Https};
pub use dial::Dial;
pub use fault::Fault;
pub use form::{basic, encode};
pub use mail::{Mail, MailAddress, MailSender, Post};
pub use place::Place;
pub use smtp::{Protection, Smtp, SmtpSettings};

/// Asks one system outside, once.
#[async_trait]
pub trait Outside: Send + Sync + std::fmt::Debug {
    /// Sends a request and reads its whole answer. Nothing is repeated and no redirect is followed.
    ///
    /// # Errors
    /// A [`Fault`] if there is no whole answer within the bounds. A status that says no is an answer.
    async fn ask(&self, ask: Ask) -> Result<Answer, Fault>;
}

/// What is asked.
#[derive(Debug)]
pub struct Ask {
    /// Where.
    pub to: Place,
    /// What is sent.
    pub send: Payload,
    /// The value of `Authorization`, if the system wants one.
    pub authorization: Option<Secret<String>>,
    /// More header fields; see [`webhook`].
    pub headers: Vec<(&'static str, String)>,
}

/// What is sent. Its `Debug` shows no content: forms carry codes and client secrets.
pub enum Payload {
    /// Nothing: a GET.
    Nothing,
    /// A POST of JSON.
    Json(Secret<Vec<u8>>),
    /// A POST of `application/x-www-form-urlencoded`; see [`encode`].
    Form(Secret<String>),
    /// A POST of `application/x-protobuf`: traces for a collector.
    Protobuf(Bytes),
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Json(_) => "Json(…)",
            Self::Form(_) => "Form(…)",
            Self::Protobuf(_) => "Protobuf(…)",
        })
    }
}

impl Ask {
    /// A GET.
    pub fn get(to: Place) -> Self {
        Self { to, send: Payload::Nothing, authorization: None, headers: Vec::new() }
    }

    /// A POST of a form.
    pub fn form(to: Place, fields: &[(&str, &str)]) -> Self {
        Self {
            to,
            send: Payload::Form(Secret::new(encode(fields))),
            authorization: None,
            headers: Vec::new(),
        }
    }

    /// A POST of JSON.
    pub fn json(to: Place, body: Vec<u8>) -> Self {
        Self {
            to,
            send: Payload::Json(Secret::new(body)),
            authorization: None,
            headers: Vec::new(),
        }
    }

    /// The same with a value of `Authorization`.
    #[must_use]
    pub fn with_authorization(self, value: Secret<String>) -> Self {
        Self { authorization: Some(value), ..self }
    }

    /// The same with these header fields. A name or a value that is none makes asking a [`Fault::Address`].
    #[must_use]
    pub fn with_headers(self, headers: Vec<(&'static str, String)>) -> Self {
        Self { headers, ..self }
    }
}

/// What came back, whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The HTTP status; never one of 300 to 399.
    pub status: u16,
    /// The media type without parameters, lower case; empty if none was said.
    pub media: String,
    /// The body, as it came: nothing is decompressed.
    pub body: Bytes,
    /// How long it asks us to wait before we ask again (`Retry-After`, RFC 9110 section 10.2.3), if it says so.
    pub retry_after: Option<Span>,
    /// The nonce that it wants in the next proof (`DPoP-Nonce`, RFC 9449 section 8.2), if it says one.
    pub nonce: Option<String>,
    /// Its values of `WWW-Authenticate` (RFC 9110 section 11.6.1), in order.
    pub challenges: Vec<String>,
}
