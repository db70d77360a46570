//! The hands that reach outside systems. So far one: a bounded HTTP client, behind the port [`Outside`] so that whoever
//! uses it can be tested without a network.
//!
//! Never here: a decision (who is asked what, and what an answer means, is the caller's), a proxy, a followed redirect, a
//! retry, an address that a tenant can write.
//! To add a hand: a file with its port, its adapter and its named bounds; a fault with codes in `docs/errors.md`.

mod client;
mod fault;
mod form;
mod place;
mod tls;

use async_trait::async_trait;
use bytes::Bytes;
use writ_model::Secret;

pub use client::{Bounds, Https};
pub use fault::Fault;
pub use form::{basic, encode};
pub use place::Place;

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
}

/// What is sent. Its `Debug` shows no content: forms carry codes and client secrets.
pub enum Payload {
    /// Nothing: a GET.
    Nothing,
    /// A POST of JSON.
    Json(Secret<Vec<u8>>),
    /// A POST of `application/x-www-form-urlencoded`; see [`encode`].
    Form(Secret<String>),
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Json(_) => "Json(…)",
            Self::Form(_) => "Form(…)",
        })
    }
}

impl Ask {
    /// A GET.
    pub fn get(to: Place) -> Self {
        Self { to, send: Payload::Nothing, authorization: None }
    }

    /// A POST of a form.
    pub fn form(to: Place, fields: &[(&str, &str)]) -> Self {
        Self { to, send: Payload::Form(Secret::new(encode(fields))), authorization: None }
    }

    /// A POST of JSON.
    pub fn json(to: Place, body: Vec<u8>) -> Self {
        Self { to, send: Payload::Json(Secret::new(body)), authorization: None }
    }

    /// The same with a value of `Authorization`.
    #[must_use]
    pub fn with_authorization(self, value: Secret<String>) -> Self {
        Self { authorization: Some(value), ..self }
    }
}

/// What came back, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status; never one of 300 to 399.
    pub status: u16,
    /// The media type without parameters, lower case; empty if none was said.
    pub media: String,
    /// The body, as it came: nothing is decompressed.
    pub body: Bytes,
}
