//! What `writ doctor` advises people: a second passkey, a client's own root of trust, a witness.
//!
//! Never here: what stops the installation from working. To advise one more thing: a function here, called in
//! [`checks`].

use serde_json::Value;
use writ_model::{Span, Timestamp};

use super::{Check, advice, bad, good};
use crate::{
    api::{ApiClient, segment},
    cli::rows,
};

/// How long a witness may say nothing while there are new lines.
const SILENT: Span = Span::hours(1);

/// Everything that people should still do.
pub(super) async fn checks(api: &ApiClient, now: Timestamp) -> Vec<Check> {
    let Ok(provider) = api.get("/api/v1/provider").await else { return Vec::new() };
    let mut out = vec![staff(provider.get("people").unwrap_or(&Value::Null))];
    let Ok(clients) = api.get("/api/v1/clients").await else { return out };
    for client in rows(&clients, "clients").as_array().into_iter().flatten() {
        let slug = text(client, "slug");
        let path = format!("/api/v1/clients/{}", segment(&slug));
        let Ok(people) = api.get(&format!("{path}/people")).await else { continue };
        out.push(own_people(&slug, rows(&people, "people")));
        let Ok(witnesses) = api.get(&format!("{path}/witnesses")).await else { continue };
        out.push(witnessed(&slug, rows(&witnesses, "witnesses"), now));
    }
    out
}

fn text(row: &Value, name: &str) -> String {
    row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Live people of a side, and how many passkeys each has.
fn keyed<'a>(people: &'a Value, side: &'a str) -> impl Iterator<Item = (String, u64)> + 'a {
    let live = people.as_array().into_iter().flatten().filter(move |row| {
        row.get("left_at").is_none_or(Value::is_null) && text(row, "side") == side
    });
    live.map(|row| (text(row, "name"), row.get("keys").and_then(Value::as_u64).unwrap_or_default()))
}

/// The names of those with fewer than two passkeys.
fn with_too_few(people: &Value, side: &str) -> Vec<String> {
    keyed(people, side).filter(|(_, keys)| *keys < 2).map(|(name, _)| name).collect()
}

fn staff(people: &Value) -> Check {
    let what = "passkeys of the provider";
    if keyed(people, "provider").all(|(_, keys)| keys == 0) {
        return bad(what, "nobody has one yet", "follow the link that `writ console` prints");
    }
    second(what, &with_too_few(people, "provider"))
}

fn second(what: &str, few: &[String]) -> Check {
    if few.is_empty() {
        return good(what, "everybody has two or more");
    }
    let cure = "each makes a second one at the console, on another device";
    advice(what, format!("fewer than two: {}", few.join(", ")), cure)
}

fn own_people(slug: &str, people: &Value) -> Check {
    let what = format!("passkeys of {slug}");
    if keyed(people, "client").all(|(_, keys)| keys == 0) {
        let cure = "invite its first person: `writ person invite --side client --role owner`";
        return advice(&what, "nobody of the client can sign: it has no root of trust", cure);
    }
    second(&what, &with_too_few(people, "client"))
}

fn witnessed(slug: &str, witnesses: &Value, now: Timestamp) -> Check {
    let what = format!("witness of {slug}");
    let rows = witnesses.as_array().map(Vec::as_slice).unwrap_or_default();
    let disagrees = rows.iter().find(|row| row.get("disagrees").is_some_and(Value::is_string));
    if let Some(row) = disagrees {
        let found = format!("{} disagrees: {}", text(row, "name"), text(row, "disagrees"));
        return bad(&what, found, "find out why before anything else: the history was changed");
    }
    if rows.is_empty() {
        let cure = "run `writ witness` at the client and name its key";
        return advice(&what, "nobody outside watches this ledger", cure);
    }
    let silent = |row: &&Value| {
        let seen = text(row, "seen_at").parse::<Timestamp>().ok();
        let behind = row.get("behind").and_then(Value::as_u64).unwrap_or_default() > 0;
        behind && seen.is_none_or(|seen| now - seen > SILENT)
    };
    if let Some(row) = rows.iter().find(silent) {
        let behind = row.get("behind").and_then(Value::as_u64).unwrap_or_default();
        let found = format!("{} is silent: {behind} lines behind", text(row, "name"));
        let cure =
            "see that `writ witness run` runs at the client: nobody else would notice a lost line";
        return advice(&what, found, cure);
    }
    let names: Vec<String> = rows.iter().map(|row| text(row, "name")).collect();
    good(&what, names.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn person(name: &str, side: &str, keys: u64) -> Value {
        json!({"name": name, "side": side, "keys": keys, "left_at": null})
    }

    #[test]
    fn one_passkey_is_advice_and_none_at_all_is_a_failure() {
        let mara = |keys| json!([person("Mara", "provider", keys)]);
        assert!(!staff(&mara(0)).ok && !staff(&mara(0)).advice);
        let one = staff(&mara(1));
        assert!(!one.ok && one.advice && one.found.contains("Mara"));
        assert!(staff(&mara(2)).ok);
        let mut gone = person("Jo", "provider", 0);
        gone["left_at"] = json!("2026-11-22T00:00:00Z");
        assert!(staff(&json!([person("Mara", "provider", 2), gone])).ok, "who left needs none");
    }

    #[test]
    fn a_client_without_its_own_people_or_witness_is_told_so() {
        let people = json!([person("Mara", "provider", 2)]);
        assert!(own_people("harbor", &people).advice);
        let people = json!([person("Mara", "provider", 2), person("June", "client", 2)]);
        assert!(own_people("harbor", &people).ok);
        let now: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        assert!(witnessed("harbor", &json!([]), now).advice);
        let witness = |disagrees: Value| json!([{"name": "shop", "disagrees": disagrees}]);
        assert!(witnessed("harbor", &witness(Value::Null), now).ok);
        let found = witnessed("harbor", &witness(json!("line 3 was changed")), now);
        assert!(!found.ok && !found.advice);
        let seen = |at: Value, behind: u64| {
            let row = json!([{"name": "shop", "disagrees": null, "behind": behind, "seen_at": at}]);
            witnessed("harbor", &row, now)
        };
        assert!(seen(json!("2026-11-22T07:00:00Z"), 0).ok, "there is nothing new");
        assert!(seen(json!("2026-11-22T08:30:00Z"), 3).ok);
        let silent = seen(json!("2026-11-22T07:59:00Z"), 3);
        assert!(silent.advice && silent.found.contains("3 lines behind"), "{silent:?}");
        assert!(seen(Value::Null, 3).advice, "it has never looked");
    }
}
