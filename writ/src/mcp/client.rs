//! A real MCP client over Streamable HTTP: opens, asks, reads answers and the notices that come before them, closes.
//!
//! Never here: what to ask for (agents decide), or how requests are authorized ([`Carrier`] does).
//! To add an operation: a method of [`Client`] that calls [`Client::open`].

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::{Message, Revision, headers, meta, sse::Events};
use crate::{
    carry::{Carrier, Parcel},
    fault::Fault,
    net,
};

/// Why a request has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum McpFault {
    /// The other side answered with a JSON-RPC error.
    Refused {
        /// Its code.
        code: i64,
        /// Its sentence.
        message: String,
        /// What else it said.
        data: Value,
    },
    /// The other side answered with an HTTP status and no JSON-RPC.
    Status {
        /// The status.
        status: u16,
        /// The start of its body.
        body: String,
    },
    /// The answer's stream ended before the answer.
    Cut(String),
    /// The request could not be sent at all.
    Unsent(Fault),
}

impl fmt::Display for McpFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { message, .. } => out.write_str(message),
            Self::Status { status, body } => write!(out, "HTTP {status}: {body}"),
            Self::Cut(why) => write!(out, "the stream was cut: {why}"),
            Self::Unsent(fault) => fault.fmt(out),
        }
    }
}

impl std::error::Error for McpFault {}

/// One step of an exchange.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A notification that came before the answer.
    Notice(Value),
    /// The result: the exchange is over.
    Answer(Value),
}

/// A connection to one MCP server in one revision.
#[derive(Debug)]
pub struct Client {
    carrier: Carrier,
    uri: Uri,
    revision: Revision,
    name: String,
    session: Option<String>,
    next: AtomicU64,
}

impl Client {
    /// Opens: `initialize` and its notification, or `server/discover`.
    ///
    /// # Errors
    /// [`McpFault`] if the server does not open.
    pub async fn connect(
        carrier: Carrier,
        uri: Uri,
        revision: Revision,
        name: &str,
    ) -> Result<Self, McpFault> {
        let mut client = Self {
            carrier,
            uri,
            revision,
            name: name.to_owned(),
            session: None,
            next: AtomicU64::new(1),
        };
        match revision {
            Revision::V2025 => client.initialize().await?,
            Revision::V2026 => {
                client.request("server/discover", json!({})).await?;
            }
        }
        Ok(client)
    }

    async fn initialize(&mut self) -> Result<(), McpFault> {
        let params = json!({
            "protocolVersion": self.revision.text(),
            "capabilities": {},
            "clientInfo": {"name": self.name, "version": env!("CARGO_PKG_VERSION")},
        });
        let (response, _id) = self.post("initialize", params, true).await?;
        self.session = response
            .headers()
            .get(headers::SESSION)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        Exchange::of(response).await?.finish().await?;
        self.notify("notifications/initialized", json!({})).await
    }

    /// Asks and waits for the result; notices on the way are dropped.
    ///
    /// # Errors
    /// [`McpFault`].
    pub async fn request(&self, method: &str, params: Value) -> Result<Value, McpFault> {
        self.open(method, params).await?.finish().await
    }

    /// Calls a tool and waits for its result.
    ///
    /// # Errors
    /// [`McpFault`].
    pub async fn call_tool(&self, name: &str, arguments: Value) -> Result<Value, McpFault> {
        self.request("tools/call", json!({"name": name, "arguments": arguments})).await
    }

    /// Asks, and hands out the steps as they come.
    ///
    /// # Errors
    /// [`McpFault`] if the server refuses before it begins.
    pub async fn open(&self, method: &str, params: Value) -> Result<Exchange, McpFault> {
        let (response, _id) = self.post(method, params, true).await?;
        Exchange::of(response).await
    }

    /// Says something that needs no answer.
    ///
    /// # Errors
    /// [`McpFault`] unless the server accepted it.
    pub async fn notify(&self, method: &str, params: Value) -> Result<(), McpFault> {
        let (response, _id) = self.post(method, params, false).await?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(refusal(response).await)
    }

    /// Ends the session, if there is one.
    ///
    /// # Errors
    /// [`McpFault`] if the server cannot be told.
    pub async fn close(self) -> Result<(), McpFault> {
        let Some(session) = &self.session else {
            return Ok(());
        };
        let mut head = HeaderMap::new();
        headers::put(&mut head, headers::SESSION, session);
        headers::put(&mut head, headers::VERSION, self.revision.text());
        let parcel =
            Parcel { method: Method::DELETE, uri: self.uri, headers: head, body: Bytes::new() };
        self.carrier.send(&parcel).await.map_err(McpFault::Unsent)?;
        Ok(())
    }

    async fn post(
        &self,
        method: &str,
        mut params: Value,
        request: bool,
    ) -> Result<(Response<Incoming>, u64), McpFault> {
        if self.revision == Revision::V2026 {
            self.describe(&mut params);
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut body = json!({"jsonrpc": "2.0", "method": method, "params": params});
        if let (Some(object), true) = (body.as_object_mut(), request) {
            object.insert("id".to_owned(), id.into());
        }
        let body = Bytes::from(body.to_string());
        let message =
            Message::read(&body).map_err(|unread| McpFault::Unsent(Fault::usage(unread.why)))?;
        let agreed = (self.revision == Revision::V2025 && method != "initialize")
            .then_some(self.revision.text());
        let headers = headers::of_post(&message, self.session.as_deref(), agreed);
        let parcel = Parcel { method: Method::POST, uri: self.uri.clone(), headers, body };
        let response = self.carrier.send(&parcel).await.map_err(McpFault::Unsent)?;
        Ok((response, id))
    }

    /// Revision 2026-07-28: each request says in which revision it speaks and who speaks.
    fn describe(&self, params: &mut Value) {
        let Some(params) = params.as_object_mut() else {
            return;
        };
        let entry = params.entry("_meta").or_insert_with(|| json!({}));
        if let Some(entry) = entry.as_object_mut() {
            entry.insert(meta::PROTOCOL_VERSION.to_owned(), self.revision.text().into());
            entry.insert(
                meta::CLIENT_INFO.to_owned(),
                json!({"name": self.name, "version": env!("CARGO_PKG_VERSION")}),
            );
            entry.insert(meta::CLIENT_CAPABILITIES.to_owned(), json!({}));
        }
    }
}

/// One request on its way to its result.
#[derive(Debug)]
pub enum Exchange {
    /// The result came whole.
    Whole(Option<Value>),
    /// The result comes at the end of a stream.
    Stream(Box<Events>),
}

impl Exchange {
    async fn of(response: Response<Incoming>) -> Result<Self, McpFault> {
        if response.status() != StatusCode::OK {
            return Err(refusal(response).await);
        }
        if is(response.headers(), "text/event-stream") {
            return Ok(Self::Stream(Box::new(Events::new(response.into_body()))));
        }
        let body = net::whole(response.into_body(), net::ANSWER)
            .await
            .map_err(|why| McpFault::Cut(why.to_string()))?;
        let message = serde_json::from_slice(&body)
            .map_err(|error| McpFault::Cut(format!("the answer is not JSON: {error}")))?;
        match step(message)? {
            Step::Answer(result) => Ok(Self::Whole(Some(result))),
            Step::Notice(_) => Err(McpFault::Cut("a notice came instead of the answer".to_owned())),
        }
    }

    /// The next step.
    ///
    /// # Errors
    /// [`McpFault::Refused`] if the answer is an error, [`McpFault::Cut`] if the stream ends first.
    pub async fn next(&mut self) -> Result<Step, McpFault> {
        match self {
            Self::Whole(result) => result
                .take()
                .map(Step::Answer)
                .ok_or_else(|| McpFault::Cut("the exchange is over".to_owned())),
            Self::Stream(events) => loop {
                let event = events.next().await.map_err(|why| McpFault::Cut(why.to_string()))?;
                let event =
                    event.ok_or_else(|| McpFault::Cut("it ended without an answer".to_owned()))?;
                if event.data.is_empty() {
                    continue;
                }
                let message = serde_json::from_str(&event.data)
                    .map_err(|error| McpFault::Cut(format!("an event is not JSON: {error}")))?;
                return step(message);
            },
        }
    }

    /// The result, dropping notices.
    ///
    /// # Errors
    /// As [`Exchange::next`].
    pub async fn finish(mut self) -> Result<Value, McpFault> {
        loop {
            if let Step::Answer(result) = self.next().await? {
                return Ok(result);
            }
        }
    }
}

fn step(message: Value) -> Result<Step, McpFault> {
    if let Some(error) = message.get("error") {
        return Err(McpFault::Refused {
            code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
            message: error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
            data: error.get("data").cloned().unwrap_or_default(),
        });
    }
    Ok(match message.get("result") {
        Some(result) => Step::Answer(result.clone()),
        None => Step::Notice(message),
    })
}

async fn refusal(response: Response<Incoming>) -> McpFault {
    let status = response.status().as_u16();
    let json = is(response.headers(), "application/json");
    let body = match net::whole(response.into_body(), net::SMALL).await {
        Ok(body) => body,
        Err(why) => {
            return McpFault::Status { status, body: why.to_string() };
        }
    };
    if let (true, Ok(message)) = (json, serde_json::from_slice::<Value>(&body))
        && let Err(refused) = step(message)
    {
        return refused;
    }
    let body = String::from_utf8_lossy(&body).chars().take(300).collect();
    McpFault::Status { status, body }
}

/// Whether the content type is this one, whatever its parameters.
pub fn is(headers: &HeaderMap, wanted: &str) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(wanted))
}
