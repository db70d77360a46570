//! Grants and service principals: exports of Entra, Google, Okta and GitHub, as JSON or CSV, and which of them are AI
//! applications.
//!
//! An application is taken for one by its name or by a host of the catalogue in its addresses; others are counted and not told.
//! Never here: a call to a directory. To add a form of export: an arm in [`entries`].

use serde_json::Value;
use writ_model::text::quote;

use super::{
    Component, Kind, MAX_OF_FILE, Place, Reason, logs,
    servers::host,
    shape::{word, words},
};

/// Words of a name that make an application an AI one; vendors of the catalogue count, too.
const WORDS: [&str; 46] = [
    "chatgpt",
    "openai",
    "gpt",
    "claude",
    "anthropic",
    "copilot",
    "gemini",
    "perplexity",
    "mistral",
    "deepseek",
    "grok",
    "llama",
    "otter",
    "fireflies",
    "fathom",
    "tldv",
    "tl;dv",
    "read ai",
    "read.ai",
    "granola",
    "sembly",
    "avoma",
    "notta",
    "supernormal",
    "jasper",
    "grammarly",
    "quillbot",
    "writesonic",
    "copy.ai",
    "midjourney",
    "elevenlabs",
    "heygen",
    "synthesia",
    "gamma",
    "cursor",
    "windsurf",
    "codeium",
    "tabnine",
    "zapier",
    "n8n",
    "langchain",
    "crewai",
    "lindy",
    "glean",
    "manus",
    "cluely",
];

/// Parts of scopes that reach mail, files or the directory, or write code.
const WIDE: [&str; 22] = [
    "mail.read",
    "mail.send",
    "mail.readwrite",
    "mail.google.com",
    "auth/gmail",
    "auth/drive",
    "files.read",
    "files.readwrite",
    "sites.",
    "directory.",
    "user.readwrite.all",
    "chat.read",
    "calendars.read",
    "full_access_as_app",
    "admin.directory",
    "offline_access_all",
    "contents:write",
    "administration:",
    "workflows:write",
    "repo",
    "okta.users",
    "okta.apps",
];

/// One grant of an export.
#[derive(Debug, Default)]
struct Grant {
    name: String,
    id: String,
    user: String,
    scopes: Vec<String>,
    addresses: Vec<String>,
    directory: &'static str,
}

/// The grants to AI applications in an export, and how many grants it holds; `None` if it is no export.
pub(crate) fn grants(place: &Place, text: &str) -> Option<(Vec<Component>, usize)> {
    let all = if place.ending() == "csv" {
        table(text)?
    } else {
        let value: Value = serde_json::from_str(text).ok()?;
        entries(&value)?
    };
    let count = all.len();
    let found = all.iter().filter_map(|grant| component(place, grant)).take(MAX_OF_FILE).collect();
    Some((found, count))
}

fn component(place: &Place, grant: &Grant) -> Option<Component> {
    let low = grant.name.to_lowercase();
    let by_name = WORDS.iter().find(|word| worded(&low, word));
    let by_host =
        grant.addresses.iter().find_map(|address| logs::service(&host(address).to_lowercase()));
    let why = match (by_name, by_host) {
        (Some(word), _) => format!("its name has {}", quote(word)),
        (None, Some(service)) => format!("its address is of {}", service.vendor),
        (None, None) if worded(&low, "ai") => "its name has “ai”".to_owned(),
        (None, None) => return None,
    };
    let mut found = Component::new(Kind::Grant, &grant.name, &place.path, "grant.ai")
        .about("directory", grant.directory)
        .about("because", why);
    found.sure = if by_name.is_some() || by_host.is_some() { 85 } else { 55 };
    found.at.clone_from(&grant.id);
    if !grant.user.is_empty() {
        found = found.about("person", grant.user.chars().take(120).collect::<String>());
    }
    if !grant.scopes.is_empty() {
        let scopes: Vec<&str> = grant.scopes.iter().map(String::as_str).take(24).collect();
        found = found.about("scopes", scopes.join(" "));
    }
    let wide: Vec<&str> = grant
        .scopes
        .iter()
        .map(String::as_str)
        .filter(|scope| {
            let low = scope.to_lowercase();
            WIDE.iter().any(|part| if *part == "repo" { low == "repo" } else { low.contains(part) })
        })
        .take(6)
        .collect();
    if !wide.is_empty() {
        let sentence = format!("{} may use {}.", quote(&grant.name), quote(&wide.join(" ")));
        found.add(vec![Reason::new("grant.wide", sentence, grant.id.clone())]);
    }
    Some(found)
}

/// Whether a name has a word, whole.
fn worded(name: &str, word: &str) -> bool {
    name.match_indices(word).any(|(at, found)| {
        let before = name.get(..at).and_then(|head| head.chars().next_back());
        let after = name.get(at + found.len()..).and_then(|tail| tail.chars().next());
        let edge = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
        edge(before) && (edge(after) || found.len() >= 5)
    })
}

fn entries(value: &Value) -> Option<Vec<Grant>> {
    let list = ["value", "items", "installations", "grants", "apps", "servicePrincipals"]
        .iter()
        .find_map(|key| value.get(*key)?.as_array())
        .or_else(|| value.as_array())?;
    let out: Vec<Grant> = list.iter().filter_map(one).collect();
    // A list of something else is no export.
    (!out.is_empty() && out.len() * 2 >= list.len()).then_some(out)
}

fn one(entry: &Value) -> Option<Grant> {
    let has = |key: &str| entry.get(key).is_some();
    if has("appId") && has("displayName") {
        return Some(principal(entry));
    }
    if has("consentType") || has("clientDisplayName") {
        let name = first(entry, &["clientDisplayName", "appDisplayName", "clientId"])?;
        let (id, scopes, user) =
            (text(entry, "clientId"), split(entry, "scope"), text(entry, "principalId"));
        return Some(Grant { name, id, scopes, user, directory: "Entra", addresses: Vec::new() });
    }
    if has("displayText") && has("clientId") {
        let (name, id) = (text(entry, "displayText"), text(entry, "clientId"));
        let (scopes, user) = (list(entry, "scopes"), text(entry, "userKey"));
        return Some(Grant { name, id, scopes, user, directory: "Google", addresses: Vec::new() });
    }
    if has("app_slug") || has("application_name") || has("credential_type") {
        return installation(entry);
    }
    if has("signOnMode") || (has("scopeId") && has("issuer")) {
        let name = first(entry, &["label", "name", "clientId"])?;
        let mut scopes = split(entry, "scopeId");
        scopes.extend(list(entry, "scopes"));
        let address = entry.pointer("/settings/app/url").and_then(Value::as_str);
        let addresses = address.map(str::to_owned).into_iter().collect();
        let (id, user) = (text(entry, "id"), text(entry, "userId"));
        return Some(Grant { name, id, scopes, user, addresses, directory: "Okta" });
    }
    None
}

fn text(entry: &Value, key: &str) -> String {
    word(entry, key).unwrap_or_default().to_owned()
}

fn list(entry: &Value, key: &str) -> Vec<String> {
    words(entry.get(key)).into_iter().map(str::to_owned).collect()
}

fn split(entry: &Value, key: &str) -> Vec<String> {
    let parts = word(entry, key).unwrap_or_default().split([' ', ',']);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The first of these members that says something.
fn first(entry: &Value, keys: &[&str]) -> Option<String> {
    keys.iter().map(|key| text(entry, key)).find(|text| !text.is_empty())
}

/// A service principal of Entra.
fn principal(entry: &Value) -> Grant {
    let roles = entry.get("oauth2PermissionScopes").or_else(|| entry.get("appRoles"));
    let roles = roles.and_then(Value::as_array).into_iter().flatten();
    let mut scopes: Vec<String> =
        roles.filter_map(|role| word(role, "value")).map(str::to_owned).collect();
    scopes.extend(split(entry, "scope"));
    scopes.extend(list(entry, "scopes"));
    let mut addresses = list(entry, "replyUrls");
    let own = ["homepage", "appOwnerHomepage", "loginUrl"];
    addresses.extend(own.iter().map(|key| text(entry, key)).filter(|text| !text.is_empty()));
    let (name, id) = (text(entry, "displayName"), text(entry, "appId"));
    let user = text(entry, "principalDisplayName");
    Grant { name, id, scopes, addresses, user, directory: "Entra" }
}

/// An application that is installed at GitHub, or a credential that was authorized there.
fn installation(entry: &Value) -> Option<Grant> {
    let permissions = entry.get("permissions").and_then(Value::as_object).into_iter().flatten();
    let mut scopes: Vec<String> =
        permissions.filter_map(|(what, how)| Some(format!("{what}:{}", how.as_str()?))).collect();
    scopes.extend(list(entry, "scopes"));
    let name = first(entry, &["application_name", "app_slug", "authorized_credential_title"])?;
    let (id, user) = (text(entry, "app_slug"), text(entry, "login"));
    Some(Grant { name, id, scopes, user, directory: "GitHub", addresses: Vec::new() })
}

/// The columns of an export as CSV that name an application, its id, its scopes and its person.
const NAMES: [&str; 7] =
    ["displayname", "app name", "application name", "name", "application", "label", "app"];
const IDS: [&str; 6] = ["appid", "id", "client id", "clientid", "application id", "app id"];
const SCOPES: [&str; 6] = [
    "scope",
    "scopes",
    "permissions",
    "requested services",
    "delegated permissions",
    "google services",
];
const PEOPLE: [&str; 5] = ["user", "userkey", "principal", "user email", "login"];

fn table(text: &str) -> Option<Vec<Grant>> {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let head: Vec<String> =
        cells(lines.next()?).into_iter().map(|cell| cell.trim().to_lowercase()).collect();
    let column =
        |names: &[&str]| names.iter().find_map(|name| head.iter().position(|cell| cell == name));
    let (name, id) = (column(&NAMES)?, column(&IDS)?);
    let (scopes, person) = (column(&SCOPES), column(&PEOPLE));
    let grants = lines.filter(|line| !line.trim().is_empty()).take(100_000).map(|line| {
        let row = cells(line);
        let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).cloned().unwrap_or_default();
        let scopes = cell(scopes)
            .split([' ', ',', ';'])
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect();
        Grant {
            name: cell(Some(name)),
            id: cell(Some(id)),
            scopes,
            user: cell(person),
            directory: "export",
            ..Grant::default()
        }
    });
    Some(grants.collect())
}

/// The cells of a line of CSV (RFC 4180), without lines inside quotation marks.
fn cells(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                if let Some(last) = out.last_mut() {
                    last.push('"');
                }
            }
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            _ => {
                if let Some(last) = out.last_mut() {
                    last.push(letter);
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::discover::Mode;

    #[test]
    fn exports_of_every_directory_are_read() {
        let cases = [
            (
                "e.json",
                r#"{"value":[{"appId":"1","displayName":"Otter.ai","scopes":["Mail.Read"]},{"appId":"2","displayName":"Payroll"}]}"#,
                "Otter.ai",
                "Entra",
                true,
            ),
            (
                "e.json",
                r#"[{"appId":"1","displayName":"Notes","homepage":"app.fireflies.ai/x"}]"#,
                "Notes",
                "Entra",
                false,
            ),
            (
                "g.json",
                r#"{"kind":"admin#directory#tokenList","items":[{"clientId":"1","displayText":"ChatGPT","scopes":["www.googleapis.com/auth/drive.readonly"],"userKey":"1"}]}"#,
                "ChatGPT",
                "Google",
                true,
            ),
            (
                "o.json",
                r#"[{"id":"1","label":"Claude for Work","name":"oidc","signOnMode":"OPENID_CONNECT"}]"#,
                "Claude for Work",
                "Okta",
                false,
            ),
            (
                "h.json",
                r#"{"total_count":1,"installations":[{"app_slug":"cursor","permissions":{"contents":"write"}}]}"#,
                "cursor",
                "GitHub",
                true,
            ),
            (
                "x.csv",
                "displayName,appId,scope\n\"Read AI, Inc\",1,\"Mail.Read Calendars.Read\"\nPayroll,2,User.Read\n",
                "Read AI, Inc",
                "export",
                true,
            ),
        ];
        for (file, text, name, directory, wide) in cases {
            let place = Place::of(Path::new(file), Mode::Named);
            let (found, _) = grants(&place, text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.len(), 1, "{text}");
            let told = (
                found[0].name.as_str(),
                found[0].about["directory"].as_str(),
                found[0].finding.bad(),
            );
            assert_eq!(told, (name, directory, wide), "{text}");
        }
        let place = Place::of(Path::new("x.json"), Mode::Named);
        assert!(grants(&place, r#"[{"name":"x"}]"#).is_none());
        assert!(grants(&place, r#"{"items":[{"a":1}]}"#).is_none());
        assert!(
            !worded("maintenance", "ai")
                && worded("acme ai", "ai")
                && !worded("regulargamma", "gamma")
        );
    }
}
