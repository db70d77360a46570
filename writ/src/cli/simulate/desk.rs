//! A client's authority as its desk tells it: what `writ agent explain` says of a call, asked once for each different call.
//! Never here: a decision, or arguments kept after the answer: a digest stands for them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use writ_model::{Digest, Timestamp, canonical};

use super::authority::{Asked, Said};
use crate::{
    api::{ApiClient, segment},
    fault::{Exit, Fault},
};

/// LIMIT: answers kept (about 300 bytes each); when there are more, all are forgotten and asked for again.
const KNOWN: usize = 65_536;

/// A client's desk.
#[derive(Debug)]
pub(super) struct OnDesk {
    api: ApiClient,
    client: String,
    at: Option<String>,
    known: BTreeMap<Digest, Said>,
}

impl OnDesk {
    pub(super) fn new(api: ApiClient, client: &str, at: Option<Timestamp>) -> Self {
        let at = at.map(|at| at.to_string());
        Self { api, client: segment(client), at, known: BTreeMap::new() }
    }

    /// What the desk says of a call.
    ///
    /// # Errors
    /// If it cannot be reached, or does not know the client.
    pub(super) async fn ask(&mut self, asked: &Asked<'_>) -> Result<Said, Fault> {
        if asked.agent.is_empty() {
            return Ok(denied(&Fault::refused("no task of this conversation names an agent")));
        }
        let mut body = json!({
            "server": asked.server, "method": "tools/call",
            "params": {"name": asked.tool, "arguments": asked.arguments},
        });
        if let (Some(object), Some(at)) = (body.as_object_mut(), &self.at) {
            object.insert("at".to_owned(), at.clone().into());
        }
        let key = canonical::to_vec(&json!([asked.agent, body]));
        let key = key
            .map(|bytes| Digest::of(&bytes))
            .map_err(|why| Fault::usage(format!("the call's arguments: {why}")))?;
        if let Some(said) = self.known.get(&key) {
            return Ok(said.clone());
        }
        let path =
            format!("/api/v1/clients/{}/agents/{}/explain", self.client, segment(asked.agent));
        let said = match self.api.post(&path, &body).await {
            Ok(answer) => said(&answer),
            // An agent that the client does not have may do nothing there; an unknown client is the command's mistake.
            Err(fault) if fault.exit == Exit::Refused && self.has_client().await? => denied(&fault),
            Err(fault) => return Err(fault),
        };
        if self.known.len() >= KNOWN {
            self.known.clear();
        }
        self.known.insert(key, said.clone());
        Ok(said)
    }

    async fn has_client(&self) -> Result<bool, Fault> {
        match self.api.get(&format!("/api/v1/clients/{}", self.client)).await {
            Ok(_client) => Ok(true),
            Err(fault) if fault.exit == Exit::Refused => Ok(false),
            Err(fault) => Err(fault),
        }
    }
}

fn denied(why: &Fault) -> Said {
    let code = why.code.clone().unwrap_or_default();
    Said { effect: "deny".to_owned(), code, words: why.what.clone() }
}

fn said(answer: &Value) -> Said {
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Said { effect: text("effect"), code: text("code"), words: text("words") }
}
