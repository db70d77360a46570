//! What the desk answers when an act was written down and waits for somebody's yes: HTTP 202 with what waits.
//!
//! Never here: an act's own answer; what waits is not done. To show one more thing of it: a part in [`words`].

use http::StatusCode;
use serde_json::Value;

use super::problem;
use crate::{
    fault::{Exit, Fault},
    out,
};

/// The code of the answer that says: this waits.
pub const WAITS: &str = "DESK-0019";

/// The fault that tells what waits; none if this answer is another one.
pub fn of_answer(status: StatusCode, body: &[u8]) -> Option<Fault> {
    let read: Value = serde_json::from_slice(body).ok()?;
    let hold = read.get("hold").filter(|_| status == StatusCode::ACCEPTED)?;
    (read.get("code").and_then(Value::as_str) == Some(WAITS)).then_some(())?;
    let mut fault = problem(status, body);
    fault.exit = Exit::Waits;
    fault.cure = Some(words(hold));
    fault.hold = Some(Box::new(hold.clone()));
    Some(fault)
}

/// Who must say yes, until when, and where.
fn words(hold: &Value) -> String {
    let text = |at: &str| hold.pointer(at).and_then(Value::as_str).map(out::clean);
    let seats = hold.get("quorum").and_then(Value::as_array).into_iter().flatten();
    let who: Vec<String> =
        seats.filter_map(|seat| seat.get("words")?.as_str().map(out::clean)).collect();
    let who = if who.is_empty() { "a person".to_owned() } else { who.join(" and ") };
    let until = text("/expires").map(|at| format!(" until {at}")).unwrap_or_default();
    let place = text("/url").map(|url| format!(": {url}")).unwrap_or_default();
    format!("{who} must say yes{until}{place}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_waits_says_who_until_when_and_where() {
        let body = json!({"code": WAITS, "status": 202, "detail": "it waits", "hold": {
            "hold": "hld_1", "expires": "2026-11-22T10:00:00Z", "url": "http://localhost:1/x",
            "quorum": [{"words": "one owner of Harbor Books"}, {"words": "one approver of Northgate"}],
        }});
        let bytes = body.to_string().into_bytes();
        let fault = of_answer(StatusCode::ACCEPTED, &bytes).unwrap();
        assert_eq!(fault.exit.number(), 6);
        let cure = fault.cure.clone().unwrap();
        assert_eq!(
            cure,
            "one owner of Harbor Books and one approver of Northgate must say yes until \
             2026-11-22T10:00:00Z: http://localhost:1/x"
        );
        assert_eq!(fault.document()["waits"]["hold"]["hold"], "hld_1");
        assert!(of_answer(StatusCode::OK, &bytes).is_none());
        assert!(of_answer(StatusCode::ACCEPTED, b"{}").is_none());
    }
}
