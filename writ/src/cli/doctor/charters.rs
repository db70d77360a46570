//! What `writ doctor` says of charters: one in force at every client, nothing loose between it and what enforces it, a
//! drill that is not overdue.
//!
//! Never here: a rule; `charter check` and the drills answer. To advise one more thing: a function here, called in
//! [`checks`].

use serde_json::Value;

use super::{Check, advice, bad, good};
use crate::{
    api::{ApiClient, segment},
    cli::rows,
};

/// Everything about every client's charter.
pub(super) async fn checks(api: &ApiClient) -> Vec<Check> {
    let mut out = Vec::new();
    let Ok(clients) = api.get("/api/v1/clients").await else { return out };
    for client in rows(&clients, "clients").as_array().into_iter().flatten() {
        let slug = client.get("slug").and_then(Value::as_str).unwrap_or_default();
        let path = format!("/api/v1/clients/{}", segment(slug));
        let Ok(standing) = api.get(&format!("{path}/charter")).await else { continue };
        let Ok(checked) = api.get(&format!("{path}/charter/check")).await else { continue };
        out.push(charter(slug, &standing, &checked));
        if let Ok(drills) = api.get(&format!("{path}/drills")).await {
            out.push(drilled(slug, &drills));
        }
    }
    out
}

fn charter(slug: &str, standing: &Value, checked: &Value) -> Check {
    let what = format!("charter of {slug}");
    let part = |name: &str| standing.get(name).filter(|part| !part.is_null());
    if part("in_force").is_none() {
        let found = match part("draft") {
            Some(_) => "a draft waits for signatures: nothing acts",
            None => "there is none: nothing acts",
        };
        return advice(
            &what,
            found,
            "draft and sign one: `writ charter draft`, `writ charter sign`",
        );
    }
    let count = |name: &str| checked.get(name).and_then(Value::as_u64);
    match (count("clauses"), count("orphans")) {
        (Some(clauses), Some(0)) => good(&what, format!("{clauses} clauses, each enforced")),
        (_, Some(orphans)) => {
            let cure = "see each: `writ charter check`; then change the charter or what acts";
            advice(&what, format!("{orphans} loose ends"), cure)
        }
        _ => bad(&what, "it cannot be checked", "see `writ charter check`"),
    }
}

fn drilled(slug: &str, drills: &Value) -> Check {
    let what = format!("drill of {slug}");
    let cure = "rehearse an ending: `writ drill rogue-agent`";
    let newest = rows(drills, "rows").get(0);
    let state = newest.and_then(|row| row.get("state")?.as_str());
    match (state, drills.get("overdue") == Some(&Value::Bool(true))) {
        (None, _) => advice(&what, "none was run yet", cure),
        (Some(_), true) => advice(&what, "the next one is overdue", cure),
        (Some("passed"), false) => good(&what, "the last one passed"),
        (Some(state), false) => advice(&what, format!("the last one: {state}"), cure),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_client_without_a_charter_is_told_so_and_of_loose_ends() {
        let none = charter("harbor", &json!({"in_force": null, "draft": null}), &json!({}));
        assert!(!none.ok && none.advice);
        let standing = json!({"in_force": {"version": 1}});
        assert!(charter("harbor", &standing, &json!({"clauses": 3, "orphans": 0})).ok);
        let loose = charter("harbor", &standing, &json!({"clauses": 3, "orphans": 1}));
        assert!(!loose.ok && loose.advice);
    }

    #[test]
    fn drills_are_advice() {
        assert!(drilled("harbor", &json!({"rows": [], "overdue": false})).advice);
        let rows = json!([{"state": "passed"}]);
        assert!(drilled("harbor", &json!({"rows": rows, "overdue": false})).ok);
        assert!(drilled("harbor", &json!({"rows": rows, "overdue": true})).advice);
        assert!(!drilled("harbor", &json!({"rows": [{"state": "failed"}], "overdue": false})).ok);
    }
}
