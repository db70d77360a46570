//! What `writ doctor` says of the running processes: who is lost, who is old, who is halted, what waits too long, which
//! clients' ledgers are of an older format.
//!
//! Never here: what the page *Operations* does not have. To check one more thing: a function here, called in [`checks`].

use serde_json::Value;

use super::{Check, advice, bad, good};
use crate::api::ApiClient;

/// LIMIT: how long something may wait in a queue between processes before it is a fault: a minute, in microseconds.
const WAITS: u64 = 60_000_000;
/// LIMIT: how full a queue may be before it is told, in hundredths.
const FULL: u64 = 80;
/// Queues whose age is a fault: what stands in them was to go on at once.
const PASSING: [&str; 4] = ["spool", "bus", "lake", "notes"];
/// Names that are told of in one check; the page has all of them.
const NAMES: usize = 5;

/// Everything about the processes.
pub(super) async fn checks(api: &ApiClient) -> Vec<Check> {
    let Ok(now) = api.get("/api/v1/operations").await else { return Vec::new() };
    looked(&now)
}

fn looked(now: &Value) -> Vec<Check> {
    let mut out = vec![lost(now), versions(now)];
    out.extend(gateways(now));
    out.extend(queues(now));
    out.extend(stores(now));
    out.push(formats(now));
    out.extend(unread(now));
    out.extend(restored(now));
    out
}

fn rows<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(row: &'a Value, pointer: &str) -> &'a str {
    row.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number(row: &Value, pointer: &str) -> Option<u64> {
    row.pointer(pointer).and_then(Value::as_u64)
}

fn some_of(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(NAMES);
    names.truncate(NAMES);
    let names = names.join(", ");
    if more == 0 { names } else { format!("{names} and {more} more") }
}

/// A process as a person knows it.
fn called(process: &Value) -> String {
    let roles: Vec<&str> = rows(process, "roles").iter().filter_map(Value::as_str).collect();
    let at = text(process, "/url");
    let at = if at.is_empty() { text(process, "/gateway") } else { at };
    format!("{} {at}", roles.join("+"))
}

fn alive(process: &Value) -> bool {
    process.get("alive") == Some(&Value::Bool(true))
}

fn lost(now: &Value) -> Check {
    let what = "processes";
    let all = rows(now, "processes");
    let gone = |one: &&Value| !alive(one) && one.get("left").is_none_or(Value::is_null);
    // A later run of the same process is the same process.
    let back = |one: &Value| {
        let same = |other: &&Value| alive(other) && other.get("gateway") == one.get("gateway");
        all.iter().any(|other| same(&other))
    };
    let lost: Vec<String> = all.iter().filter(gone).filter(|one| !back(one)).map(called).collect();
    if lost.is_empty() {
        return good(what, format!("{} live", all.iter().filter(|one| alive(one)).count()));
    }
    let cure = "look at that machine: start it again, or take it out of service with `systemctl disable`; it is forgotten after a day";
    bad(what, format!("lost without a word: {}", some_of(lost)), cure)
}

fn versions(now: &Value) -> Check {
    let what = "releases";
    let newest = number(now, "/formats/newest").unwrap_or_default();
    let live = || rows(now, "processes").iter().filter(|one| alive(one));
    let old: Vec<String> = live()
        .filter(|one| number(one, "/reads").is_some_and(|reads| reads < newest))
        .map(|one| format!("{} ({})", called(one), text(one, "/version")))
        .collect();
    if !old.is_empty() {
        let found = format!("they read no facts of format {newest}: {}", some_of(old));
        return advice(
            what,
            found,
            "bring them to this release; until then nothing of that format is written",
        );
    }
    let mut known: Vec<&str> = live().map(|one| text(one, "/version")).collect();
    known.sort_unstable();
    known.dedup();
    if known.len() > 1 {
        return advice(what, format!("several run: {}", known.join(", ")), "finish the upgrade");
    }
    good(what, format!("every process reads format {newest}"))
}

fn gateways(now: &Value) -> Vec<Check> {
    let one = |row: &Value| {
        let process = row.get("process").filter(|process| alive(process))?;
        let what = format!("gateway {}", text(process, "/url"));
        if let Some(halt) = row.get("halt").filter(|halt| !halt.is_null()) {
            let found = format!("halted by {}: {}", text(halt, "/by"), text(halt, "/reason"));
            return Some(advice(&what, found, "once it may: `writ gateway serve`"));
        }
        match (text(row, "/wanted"), text(row, "/standing")) {
            ("serve", "full") => None,
            ("serve", standing) => {
                let lag = number(row, "/lag_us").map(|lag| format!(", {} ms behind", lag / 1_000));
                let found = format!("may do {standing}{}", lag.unwrap_or_default());
                let cure = "see that it reaches the database: it refuses on purpose while it cannot follow the ledger";
                Some(bad(&what, found, cure))
            }
            (wanted, _) => {
                let found = format!("it is to {wanted}, by {}", text(row, "/wanted_by"));
                Some(advice(&what, found, "once it may: `writ gateway serve`"))
            }
        }
    };
    rows(now, "gateways").iter().filter_map(one).collect()
}

fn queues(now: &Value) -> Vec<Check> {
    let one = |row: &Value| {
        let (name, waiting) = (text(row, "/name"), number(row, "/waiting").unwrap_or_default());
        let what = format!("queue {name} of {}", text(row, "/gateway"));
        let old = number(row, "/oldest_us").filter(|age| *age > WAITS && PASSING.contains(&name));
        if let Some(age) = old {
            let found = format!("{waiting} wait, the oldest for {} s", age / 1_000_000);
            let cure = match name {
                "spool" | "bus" => {
                    "see that the bus answers and has room; acting calls refuse until it does"
                }
                _ => "see the log of that process and its disk",
            };
            return Some(bad(&what, found, cure));
        }
        let limit = number(row, "/limit").filter(|limit| *limit > 0)?;
        if waiting.saturating_mul(100) / limit >= FULL {
            let found = format!("{waiting} of {limit} places are taken");
            return Some(bad(
                &what,
                found,
                "find what no longer takes from it: see the log of that process",
            ));
        }
        let given_up = number(row, "/given_up").filter(|count| *count > 0)?;
        let found = format!("{given_up} will not be tried again");
        Some(advice(&what, found, "see them: `writ notify list`"))
    };
    rows(now, "queues").iter().filter_map(one).collect()
}

/// What processes say of their stores, bus and spool: how they are set, in their own words.
fn stores(now: &Value) -> Vec<Check> {
    let one = |row: &Value| {
        let what = format!("{} of {}", text(row, "/name"), text(row, "/gateway"));
        good(&what, text(row, "/says"))
    };
    rows(now, "stores").iter().map(one).collect()
}

/// The clients of the rows in a list, and how many there are in all: rows are given up to a bound.
fn clients(now: &Value, list: &str) -> (usize, String) {
    let formats = now.get("formats").unwrap_or(&Value::Null);
    let names: Vec<String> = rows(formats, list)
        .iter()
        .map(|row| {
            let client = row.get("client").unwrap_or(&Value::Null);
            let name =
                ["/slug", "/name"].iter().map(|at| text(client, at)).find(|name| !name.is_empty());
            name.unwrap_or_else(|| client.as_str().unwrap_or("?")).to_owned()
        })
        .take(NAMES)
        .collect();
    let all = number(formats, &format!("/{list}_count"));
    let all = all.and_then(|all| usize::try_from(all).ok()).unwrap_or(names.len());
    let more = match all.saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (all, names.join(", ") + &more)
}

fn formats(now: &Value) -> Check {
    let newest = number(now, "/formats/newest").unwrap_or_default();
    let found = match clients(now, "below") {
        (0, _) => format!("every ledger is of format {newest}"),
        (count, names) => {
            format!("{count} below format {newest}: {names}; raised when something first needs it")
        }
    };
    good("formats of ledgers", found)
}

/// Clients that the desk refuses because it cannot read their ledger.
fn unread(now: &Value) -> Option<Check> {
    let (count, names) = clients(now, "unread");
    (count > 0).then(|| {
        let found = format!("the desk cannot read the ledgers of {count} clients: {names}");
        let cure =
            "bring every process to the newest release that has run here; else see the desk's log";
        bad("ledgers", found, cure)
    })
}

/// Ledgers that came out of a backup and still have agents on hold by that.
fn restored(now: &Value) -> Vec<Check> {
    let one = |row: &Value| {
        let held = number(row, "/held").filter(|held| *held > 0)?;
        let client = row.pointer("/client/slug").or_else(|| row.pointer("/client/name"));
        let what = format!("restore of {}", client.and_then(Value::as_str).unwrap_or("?"));
        let gap = number(row, "/gap").map(|gap| format!(", {gap} lines are lost"));
        let found = format!(
            "from a backup of {}: {held} agents are on hold{}",
            text(row, "/backup_at"),
            gap.unwrap_or_default()
        );
        let cure = "ask the client what was decided after it; then sign each release: `writ agent release`";
        Some(advice(&what, found, cure))
    };
    let told = rows(now, "restored");
    let mut out: Vec<Check> = told.iter().filter_map(one).collect();
    let all = number(now, "/restored_count").and_then(|all| usize::try_from(all).ok());
    let more = all.unwrap_or_default().saturating_sub(told.len());
    if more > 0 {
        let found = format!("{more} more clients came out of a backup");
        out.push(advice("restores", found, "read all of them: GET /api/v1/operations/ledgers"));
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn process(id: &str, reads: u64, alive: bool) -> Value {
        json!({
            "gateway": id, "roles": ["gateway"], "url": format!("https://{id}"), "version": "1",
            "reads": reads, "alive": alive, "left": null,
        })
    }

    fn told(now: &Value, what: &str) -> Check {
        looked(now).into_iter().find(|check| check.what.starts_with(what)).unwrap()
    }

    #[test]
    fn a_lost_process_is_a_failure_and_one_that_left_or_came_back_is_not() {
        let mut now = json!({
            "processes": [process("a", 2, true), process("b", 2, false)],
            "formats": {"newest": 2, "below": [], "below_count": 0},
        });
        let lost = told(&now, "processes");
        assert!(!lost.ok && !lost.advice && lost.found.contains("https://b"), "{lost:?}");
        now["processes"][1]["left"] = json!("2026-11-22T00:00:00Z");
        assert!(told(&now, "processes").ok);
        now["processes"][1] = process("a", 2, false);
        assert!(told(&now, "processes").ok, "its next run lives");
        assert!(told(&now, "releases").ok);
        now["processes"][0] = process("a", 1, true);
        let old = told(&now, "releases");
        assert!(old.advice && old.found.contains("https://a (1)"), "{old:?}");
    }

    #[test]
    fn gateways_that_do_not_serve_and_queues_that_stand_are_told_of() {
        let gateway = |standing: &str, wanted: &str| {
            json!({
                "process": process("a", 2, true), "standing": standing, "wanted": wanted,
                "wanted_by": "Mara", "lag_us": 3_000_000, "halt": null,
            })
        };
        let now =
            |row: Value| json!({"processes": [], "gateways": [row], "formats": {"newest": 2}});
        assert!(
            !looked(&now(gateway("full", "serve")))
                .iter()
                .any(|one| one.what.starts_with("gateway"))
        );
        let stale = told(&now(gateway("reading", "serve")), "gateway");
        assert!(!stale.ok && !stale.advice && stale.found.contains("3000 ms"), "{stale:?}");
        assert!(told(&now(gateway("nothing", "halt")), "gateway").advice);
        let queue = |name: &str, waiting: u64, oldest: u64| {
            let row = json!({
                "gateway": "a", "name": name, "waiting": waiting, "given_up": 0,
                "oldest_us": oldest, "limit": 100,
            });
            queues(&json!({"queues": [row]}))
        };
        assert_eq!(queue("spool", 3, 1_000_000), []);
        let old = queue("spool", 3, 90_000_000);
        assert!(!old[0].ok && old[0].found.contains("90 s"), "{old:?}");
        assert_eq!(queue("held", 3, 90_000_000), [], "people may take their time");
        assert!(!queue("held", 80, 0)[0].ok);
    }

    #[test]
    fn a_restored_client_is_told_of_until_its_agents_are_released() {
        let row = |held: u64| {
            json!({
                "client": {"slug": "harbor"}, "backup_at": "2026-11-22T00:00:00Z", "gap": 4,
                "held": held,
            })
        };
        let found = restored(&json!({"restored": [row(2), row(0)]}));
        assert_eq!(found.len(), 1);
        assert!(found[0].advice && found[0].found.contains("4 lines are lost"), "{found:?}");
        let many = restored(&json!({"restored": [row(2)], "restored_count": 2_000}));
        assert!(many[1].found.contains("1999 more"), "{many:?}");
        let rows = json!([{"client": {"slug": "harbor"}, "format": 1}]);
        let old = json!({"formats": {"newest": 2, "below": rows, "below_count": 2_000}});
        let check = formats(&old);
        assert!(check.ok && check.found.starts_with("2000 below"), "{check:?}");
        assert!(check.found.contains("harbor and 1999 more"), "{check:?}");
        assert_eq!(unread(&old), None);
        let new = unread(&json!({"formats": {"unread": rows, "unread_count": 1}})).unwrap();
        assert!(!new.ok && new.found.contains("harbor"), "{new:?}");
    }
}
