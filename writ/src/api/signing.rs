//! [`Signing`]: an act that waits for a person's passkey, as the desk describes it, and what became of it.
//!
//! Never here: who signs ([`super::signer`]), or a wait ([`super::ApiClient`]). To read one more member: a field and its
//! line in [`Signing::read`].

use http::StatusCode;
use serde_json::Value;
use writ_model::Timestamp;

use super::{held, problem, segment};
use crate::{fault::Fault, out};

/// The code of the problem that says: this needs your signature.
pub const NEEDS_SIGNATURE: &str = "DESK-0011";

/// An act that waits for a signature.
#[derive(Debug, Clone, PartialEq)]
pub struct Signing {
    /// Which (`sig_…`).
    pub id: String,
    /// Its short code, as a second device shows it.
    pub code: String,
    /// Where a browser signs it.
    pub url: String,
    /// What it is, in one line.
    pub title: String,
    /// The words that are signed.
    pub text: Vec<String>,
    /// The options that an authenticator reads.
    pub options: Value,
    /// Until when.
    pub expires: Option<Timestamp>,
    /// `waiting`, `signed`, `refused` or `expired`.
    pub state: String,
    /// What the act answered, once it is signed.
    pub outcome: Value,
}

impl Signing {
    /// The signing that a refusal asks for; none if it is another refusal.
    pub fn of_problem(status: StatusCode, body: &[u8]) -> Option<Self> {
        if status != StatusCode::FORBIDDEN {
            return None;
        }
        let problem: Value = serde_json::from_slice(body).ok()?;
        (problem.get("code").and_then(Value::as_str) == Some(NEEDS_SIGNATURE)).then_some(())?;
        Self::read(problem.get("signing")?)
    }

    /// A view of the API; none if it is not one.
    pub fn read(view: &Value) -> Option<Self> {
        let text = |name: &str| view.get(name).and_then(Value::as_str).map(str::to_owned);
        let lines = view.get("text").and_then(Value::as_array).into_iter().flatten();
        Some(Self {
            id: text("signing")?,
            code: text("code")?,
            url: text("url")?,
            title: text("title").unwrap_or_default(),
            text: lines.filter_map(Value::as_str).map(str::to_owned).collect(),
            options: view.get("options").cloned().unwrap_or_default(),
            expires: text("expires").and_then(|at| at.parse().ok()),
            state: text("state").unwrap_or_else(|| "waiting".to_owned()),
            outcome: view.get("outcome").cloned().unwrap_or_default(),
        })
    }

    /// Where it is found in the API.
    pub fn path(&self) -> String {
        format!("/api/v1/signings/{}", segment(&self.id))
    }

    /// The origin that the signature is for: scheme, host and port of its address.
    pub fn origin(&self) -> &str {
        let after = self.url.find("://").map_or(0, |at| at + 3);
        let path = self.url.get(after..).and_then(|rest| rest.find('/'));
        path.and_then(|at| self.url.get(..after + at)).unwrap_or(&self.url)
    }

    /// What is about to be signed, on stderr. Names in it may be anybody's words: they come without control characters.
    pub fn show(&self) {
        for line in &self.text {
            out::note(&format!("        {}", out::clean(line)));
        }
    }

    /// Where to sign it, on stderr.
    pub fn invite(&self) {
        out::note(&format!(
            "writ: Open {} and confirm with your passkey (code {}): {}",
            out::clean(&self.url),
            out::clean(&self.code),
            out::clean(&self.title)
        ));
        self.show();
    }

    /// The act's own answer once it no longer waits; none while it does.
    ///
    /// # Errors
    /// If it was refused, has expired, or the act itself was refused after all.
    pub fn concluded(&self) -> Result<Option<Value>, Fault> {
        match self.state.as_str() {
            "waiting" => Ok(None),
            "signed" => answer(&self.outcome).map(Some),
            // The act itself may have been refused when it was signed: then its own refusal counts.
            "refused" => answer(&self.outcome).and_then(|_none| {
                let what = format!("the signature was refused: {}", out::clean(&self.title));
                Err(Fault::refused(what).code(NEEDS_SIGNATURE))
            }),
            _ => Err(Fault::refused("nobody signed it in time")
                .code(NEEDS_SIGNATURE)
                .cure("ask again, and confirm with your passkey before the request expires")),
        }
    }
}

/// The answer of a signed act, or the problem that it ended in.
fn answer(outcome: &Value) -> Result<Value, Fault> {
    let status = outcome.get("status").and_then(Value::as_u64);
    let kind = outcome.get("type").and_then(Value::as_str).unwrap_or_default();
    let status = status.and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok());
    match status {
        Some(status) if kind.starts_with("urn:writ:error:") => {
            let body = outcome.to_string();
            Err(held::of_answer(status, body.as_bytes())
                .unwrap_or_else(|| problem(status, body.as_bytes())))
        }
        _ => Ok(outcome.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fault::Exit;

    fn view(state: &str, outcome: &Value) -> Value {
        json!({"signing": "sig_1", "code": "K7QF-93TD", "url": "http://localhost:7420/sign/K7QF-93TD",
            "title": "Activate bot", "text": ["You let bot act."], "options": {"challenge": "x"},
            "expires": "2026-11-22T01:00:00Z", "state": state, "outcome": outcome})
    }

    #[test]
    fn only_a_request_for_a_signature_is_one() {
        let body = json!({"code": NEEDS_SIGNATURE, "signing": view("waiting", &Value::Null)});
        let read = |status, body: &Value| Signing::of_problem(status, body.to_string().as_bytes());
        let signing = read(StatusCode::FORBIDDEN, &body).unwrap();
        assert_eq!(signing.origin(), "http://localhost:7420");
        assert_eq!(signing.path(), "/api/v1/signings/sig_1");
        assert_eq!(read(StatusCode::CONFLICT, &body), None);
        assert_eq!(read(StatusCode::FORBIDDEN, &json!({"code": "DESK-0005"})), None);
        assert_eq!(read(StatusCode::FORBIDDEN, &json!({"code": NEEDS_SIGNATURE})), None);
    }

    #[test]
    fn what_became_of_it_is_the_acts_own_answer_or_a_refusal() {
        let concluded = |state: &str, outcome: Value| {
            Signing::read(&view(state, &outcome)).unwrap().concluded()
        };
        assert_eq!(concluded("waiting", Value::Null), Ok(None));
        let done = json!({"line": 7, "says": ["x"]});
        assert_eq!(concluded("signed", done.clone()), Ok(Some(done)));
        for state in ["refused", "expired", "anything"] {
            assert_eq!(concluded(state, Value::Null).unwrap_err().exit, Exit::Refused, "{state}");
        }
        let problem = json!({"type": "urn:writ:error:AUTH-0006", "status": 409, "code": "AUTH-0006",
            "detail": "the auditor left", "cure": "name one"});
        for state in ["signed", "refused"] {
            let fault = concluded(state, problem.clone()).unwrap_err();
            assert_eq!((fault.exit, fault.code.as_deref()), (Exit::Refused, Some("AUTH-0006")));
        }
    }
}
