//! Answers on their way out: sealed names in them become names, for whoever asked, if they have a seat there.
//!
//! Never here: a change of what is proved. What a third party hashes (lines, records, receipts) goes out as it is written: in
//! JSON under the names in [`WRITTEN`], in a page between [`BEGIN`] and [`END`], and whole files that say [`AsWritten`].
//! To send something else out as it is written: its name there, or that word with its answer.

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::{FromRequestParts as _, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, IntoResponseParts, Response, ResponseParts},
};
use serde_json::Value;
use writ_model::name;

use super::{Reader, Words};
use crate::{Desk, DeskError, Who, door::Caller, error};

/// Members of JSON that are sent as they are written.
const WRITTEN: [&str; 4] = ["bytes", "entry", "record", "ocsf"];
/// In a page, what follows is shown as it is written.
const BEGIN: &str = "<!--as written-->";
/// In a page, names are shown again after this.
const END: &str = "<!--names-->";
/// LIMIT: bytes of an answer in which names are shown: no page and no list comes near. A larger one goes out as it is written.
const MAX_ANSWER: usize = 64 << 20;

/// Beside an answer: it is a proof, and goes out as it is written.
#[derive(Debug, Clone, Copy)]
pub struct AsWritten;

impl IntoResponseParts for AsWritten {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Page,
    Text,
}

impl Form {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        match kind.split(';').next()?.trim() {
            "application/json" | "application/problem+json" => Some(Self::Json),
            "text/html" => Some(Self::Page),
            "text/plain" => Some(Self::Text),
            _ => None,
        }
    }
}

/// Shows names in the answer to a request, to whoever its credential says.
pub async fn reveal(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let asked = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    if response.extensions().get::<AsWritten>().is_some() {
        return response;
    }
    let Some(form) = Form::of(response.headers()) else { return response };
    // A stream has no end to wait for.
    let size = response.body().size_hint().exact();
    if size.is_none_or(|size| usize::try_from(size).is_ok_and(|size| size > MAX_ANSWER)) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_ANSWER).await else {
        return DeskError::fault(error::FAULT, "an answer broke off").into_response();
    };
    let text = std::str::from_utf8(&bytes).ok().filter(|text| name::holds(text));
    let Some(text) = text else { return Response::from_parts(head, Body::from(bytes)) };
    let who = desk.reader(asked).await;
    let reader = who.as_ref().map_or(Reader::Nobody, Reader::Person);
    let words = desk.words(reader, text).await.unwrap_or_else(|fault| {
        tracing::error!(error = %fault, "names could not be opened");
        Words::default()
    });
    let shown = match form {
        Form::Text => words.put(text, str::to_owned),
        Form::Page => page(&words, text),
        // What is no JSON says so by its type alone; then no name is shown in it.
        Form::Json => json(&words, text).unwrap_or_else(|_bad| text.to_owned()),
    };
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(shown))
}

impl Desk {
    /// Who asks, if their credential still holds.
    async fn reader(&self, mut parts: Parts) -> Option<Who> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return Caller::from_request_parts(&mut parts, self).await.ok()?.who;
        }
        self.session(&parts.headers).await.ok()?.map(|session| session.who)
    }

    /// A part of a page for one person, as [`reveal`] would send it: for streams.
    ///
    /// # Errors
    /// If the store or the vault fails.
    pub async fn page_for(&self, who: &Who, text: &str) -> Result<String, DeskError> {
        Ok(page(&self.words(Reader::Person(who), text).await?, text))
    }
}

/// A page: names in HTML, but for what is shown as it is written.
fn page(words: &Words, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let (names, after) = rest.split_once(BEGIN).unwrap_or((rest, ""));
        out.push_str(&words.put(names, escaped));
        if after.is_empty() {
            return out;
        }
        let (written, after) = after.split_once(END).unwrap_or((after, ""));
        out.push_str(written);
        rest = after;
    }
}

/// JSON, but for what is sent as it is written.
fn json(words: &Words, text: &str) -> Result<String, serde_json::Error> {
    let mut value: Value = serde_json::from_str(text)?;
    put(words, &mut value);
    serde_json::to_string(&value)
}

fn put(words: &Words, value: &mut Value) {
    match value {
        Value::String(text) if name::holds(text) => *text = words.put(text, str::to_owned),
        Value::Array(list) => list.iter_mut().for_each(|one| put(words, one)),
        Value::Object(members) => {
            for (member, one) in members {
                if !WRITTEN.contains(&member.as_str()) {
                    put(words, one);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Text in HTML, in an attribute too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use writ_model::{PersonId, SealedName, TenantId};

    use super::*;

    fn sealed() -> SealedName {
        let (tenant, person) = (TenantId::from_bytes([1; 16]), PersonId::from_bytes([2; 16]));
        SealedName { tenant, person, body: vec![3; 96] }
    }

    fn words(name: &str) -> Words {
        [(sealed().text(), name.to_owned())].into_iter().collect()
    }

    #[test]
    fn names_are_escaped_for_where_they_stand_and_proofs_stay() {
        let name = sealed().text();
        let words = words("Ann <b>\"O'Neil\"</b> & Co");
        let text = format!("<p title=\"{name}\">{name}</p>{BEGIN}<pre>{name}</pre>{END}{name}");
        let escaped = "Ann &lt;b&gt;&quot;O&#x27;Neil&quot;&lt;/b&gt; &amp; Co";
        let wanted = format!("<p title=\"{escaped}\">{escaped}</p><pre>{name}</pre>{escaped}");
        assert_eq!(page(&words, &text), wanted);
        let sent = serde_json::json!({
            "name": name, "says": [format!("“{name}” left")], "bytes": name, "line": 7,
            "lines": [{"entry": {"fact": name}, "says": name}], "receipt": {"by": name},
        });
        let got: Value = serde_json::from_str(&json(&words, &sent.to_string()).unwrap()).unwrap();
        let plain = "Ann <b>\"O'Neil\"</b> & Co";
        assert_eq!(got["name"], plain);
        assert_eq!(got["says"][0], format!("“{plain}” left"));
        assert_eq!(got["lines"][0]["says"], plain);
        assert_eq!(got["receipt"]["by"], plain, "of an ending, in words");
        for kept in [&got["bytes"], &got["lines"][0]["entry"]["fact"]] {
            assert_eq!(kept, &Value::String(name.clone()));
        }
        assert!(json(&words, "{").is_err());
    }

    #[test]
    fn what_is_not_known_is_said_to_be_sealed() {
        let said = page(&Words::default(), &sealed().text());
        assert_eq!(said, escaped(&sealed().unopened()));
    }

    #[test]
    fn only_what_people_read_is_looked_at() {
        let of = |kind: &'static str| {
            let headers = [(header::CONTENT_TYPE, kind.parse().unwrap())].into_iter().collect();
            Form::of(&headers)
        };
        assert_eq!(of("text/html; charset=utf-8"), Some(Form::Page));
        assert_eq!(of("application/problem+json"), Some(Form::Json));
        for other in [
            "application/pdf",
            "text/event-stream",
            "application/octet-stream",
            "application/x-ndjson",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(Form::of(&HeaderMap::new()), None);
    }
}
