//! Everything outside, in memory: it hears, and says what a test tells it to.
//!
//! Never here: a test.

use std::collections::VecDeque;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::Value;
use writ_model::Span;
use writ_reach::{Answer as Told, Ask, Fault, Mail, Outside, Payload, Post};

/// One request as an endpoint hears it.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) to: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Value,
    pub(super) bytes: Vec<u8>,
}

/// Everything outside, which says what a test tells it to, and otherwise yes.
#[derive(Debug, Default)]
pub(super) struct Outer {
    pub(super) heard: Mutex<Vec<Heard>>,
    pub(super) says: Mutex<VecDeque<Result<u16, Fault>>>,
    pub(super) waits: Mutex<Option<Span>>,
    pub(super) mails: Mutex<Vec<Mail>>,
    pub(super) mail_says: Mutex<VecDeque<Fault>>,
}

#[async_trait]
impl Outside for Outer {
    async fn ask(&self, ask: Ask) -> Result<Told, Fault> {
        let Payload::Json(body) = &ask.send else { panic!("{ask:?}") };
        let bytes = body.expose().clone();
        let body = serde_json::from_slice(&bytes).unwrap();
        let to = ask.to.as_str().to_owned();
        self.heard.lock().push(Heard { to, headers: ask.headers, body, bytes });
        let status = self.says.lock().pop_front().unwrap_or(Ok(204))?;
        let retry_after = *self.waits.lock();
        Ok(Told { status, retry_after, ..Told::default() })
    }
}

#[async_trait]
impl Post for Outer {
    async fn send(&self, mail: Mail) -> Result<(), Fault> {
        if let Some(fault) = self.mail_says.lock().pop_front() {
            return Err(fault);
        }
        self.mails.lock().push(mail);
        Ok(())
    }
}
