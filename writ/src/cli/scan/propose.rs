//! What a scan found, into the register as observed agents: clients, agents in code, grants to AI applications; each with a guess at
//! its owner, its deadline and the digest of its surface, by which a second run sees that it changed.
//!
//! Never here: an agent that is ended because it was not found: a person decides that. To propose one more kind: [`agents`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use writ_model::{Clock as _, Digest, Span, Timestamp};
use writ_supply::{
    discover::{Component, Kind},
    found::Found,
};

use crate::{
    api::{ApiClient, segment},
    fault::{Exit, Fault},
    system::SystemClock,
};

/// LIMIT: agents proposed in one run: more than one machine has, and a mistake stays small.
const MOST: usize = 200;
/// LIMIT: letters of a name, as the register takes them.
const NAME: usize = 60;
/// LIMIT: letters of a purpose.
const PURPOSE: usize = 240;
/// What stands before the digest of a surface in a purpose.
const MARK: &str = "surface ";

/// One agent that is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Agent {
    name: String,
    /// As it is written where it was found.
    called: String,
    purpose: String,
    owner: Option<String>,
    surface: String,
}

/// Proposes what is not in the register yet, and says what is known, changed and gone.
pub(super) async fn propose(
    api: &ApiClient,
    client: &str,
    found: &Found,
    days: u16,
) -> Result<Value, Fault> {
    let base = format!("/api/v1/clients/{}", segment(client));
    let known = registered(&api.get(&format!("{base}/agents")).await?);
    let people = api.get(&format!("{base}/people")).await?;
    let people: Vec<(String, String)> = super::super::rows(&people, "people")
        .as_array()
        .into_iter()
        .flatten()
        .filter(|person| person.get("left_at").is_none_or(Value::is_null))
        .filter_map(|person| Some((text(person, "person")?, text(person, "name")?)))
        .collect();
    let deadline = Timestamp::from_micros(
        SystemClock.now().micros().saturating_add(Span::days(i64::from(days)).as_micros()),
    );
    let all = agents(found);
    let more = all.len().saturating_sub(MOST);
    let (mut proposed, mut same, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    let mut failed = Vec::new();
    let mut names = BTreeSet::new();
    for agent in all.into_iter().take(MOST) {
        let agent = beside(agent, &known);
        names.insert(agent.name.clone());
        match known.get(&agent.name) {
            Some(purpose) if purpose.contains(&format!("{MARK}{}", agent.surface)) => {
                same.push(agent.name);
            }
            Some(_) => changed.push(json!({"name": agent.name, "surface": agent.surface})),
            None => {
                let owner = agent.owner.as_deref().and_then(|user| owner(user, &people));
                let purpose = agent.purpose.clone();
                let mut body = json!({
                    "name": agent.name, "kind": "ai_agent", "purpose": purpose, "observed": true,
                    "deadline": deadline,
                });
                if let (Some(owner), Some(body)) = (&owner, body.as_object_mut()) {
                    body.insert("owner".to_owned(), owner.clone().into());
                }
                let answer = match api.post(&format!("{base}/agents"), &body).await {
                    Ok(answer) => answer,
                    // One that the register does not take keeps none of the others back.
                    Err(fault) if fault.exit == Exit::Refused || fault.exit == Exit::Usage => {
                        failed.push(json!({"name": agent.name, "why": fault.what}));
                        continue;
                    }
                    Err(fault) => return Err(fault),
                };
                proposed.push(json!({
                    "name": agent.name, "purpose": purpose, "id": answer.get("id"), "owner": owner,
                    "deadline": deadline,
                }));
            }
        }
    }
    let gone: Vec<&String> = known
        .iter()
        .filter(|(name, purpose)| purpose.contains(MARK) && !names.contains(*name))
        .map(|(name, _)| name)
        .collect();
    Ok(
        json!({"proposed": proposed, "known": same, "changed": changed, "gone": gone, "not_proposed": more, "refused": failed}),
    )
}

/// The agents that live, by name, with their purposes.
fn registered(answer: &Value) -> BTreeMap<String, String> {
    super::super::rows(answer, "agents")
        .as_array()
        .into_iter()
        .flatten()
        .filter(|agent| agent.get("life").and_then(Value::as_str) != Some("terminated"))
        .filter_map(|agent| {
            Some((text(agent, "name")?, text(agent, "purpose").unwrap_or_default()))
        })
        .collect()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

/// The person whose name an account's name is, if there is exactly one: `ada`, `ada.byron` or `abyron` for Ada Byron.
fn owner(user: &str, people: &[(String, String)]) -> Option<String> {
    let plain = |text: &str| {
        text.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect::<String>()
    };
    let user = plain(user);
    let mut fits = people.iter().filter(|(_, name)| {
        let words: Vec<String> =
            name.split_whitespace().map(plain).filter(|word| !word.is_empty()).collect();
        let (Some(first), Some(last)) = (words.first(), words.last()) else { return false };
        let initial: String = first.chars().take(1).collect();
        user == *first
            || user == words.concat()
            || user == format!("{initial}{last}")
            || user == format!("{first}{last}")
    });
    match (fits.next(), fits.next()) {
        (Some((id, _)), None) => Some(id.clone()),
        _ => None,
    }
}

/// An agent under another name, if somebody else's agent has its own: only what a scan proposed bears the mark of one.
fn beside(agent: Agent, known: &BTreeMap<String, String>) -> Agent {
    let foreign = known.get(&agent.name).is_some_and(|purpose| !purpose.contains(MARK));
    if foreign { Agent { name: marked(&agent.name, &agent.called), ..agent } } else { agent }
}

/// A name with a short digest of what it stands for behind it.
fn marked(name: &str, called: &str) -> String {
    let digest = Digest::of_parts(&[b"writ.proposed.v1\0", called.as_bytes()]).to_string();
    let short: String = digest.chars().rev().take(6).collect();
    let name: String = name.chars().take(NAME - 7).collect();
    format!("{}-{short}", name.trim_end_matches('-'))
}

/// What is proposed: each client of each account, each agent in code, each grant.
fn agents(found: &Found) -> Vec<Agent> {
    let mut all: BTreeMap<String, Agent> = BTreeMap::new();
    for one in &found.components {
        let agent = match one.kind {
            Kind::Client => client(one, found),
            Kind::AgentCode if one.sure >= 80 => code(one, found),
            Kind::Grant => grant(one),
            _ => continue,
        };
        all.entry(agent.called.clone()).or_insert(agent);
    }
    // Two that are written differently may become one name: the second and all after it are told apart.
    let mut out: BTreeMap<String, Agent> = BTreeMap::new();
    for agent in all.into_values() {
        let name = if out.contains_key(&agent.name) {
            marked(&agent.name, &agent.called)
        } else {
            agent.name.clone()
        };
        out.insert(name.clone(), Agent { name, ..agent });
    }
    out.into_values().collect()
}

fn client(one: &Component, found: &Found) -> Agent {
    let user = one.user.as_deref().unwrap_or("machine");
    let own: Vec<&Component> = found
        .components
        .iter()
        .filter(|other| {
            other.kind != Kind::Client
                && other.client.as_deref() == Some(one.name.as_str())
                && other.user == one.user
        })
        .collect();
    let servers: Vec<&str> = own
        .iter()
        .filter(|other| other.kind == Kind::McpServer)
        .map(|other| other.name.as_str())
        .collect();
    let what = if servers.is_empty() {
        "no servers of tools".to_owned()
    } else {
        format!("servers {}", servers.join(", "))
    };
    let surface = surface(&own);
    let purpose = format!("{} as {user} uses it, found at {}, with {what}", one.name, one.path);
    named(&format!("{} {user}", one.name), &purpose, one.user.clone(), surface)
}

fn code(one: &Component, found: &Found) -> Agent {
    let folder = std::path::Path::new(&one.path).parent().unwrap_or(std::path::Path::new(""));
    let shown = folder.to_string_lossy();
    let own: Vec<&Component> = found
        .components
        .iter()
        .filter(|other| {
            other.kind == Kind::AgentCode
                && std::path::Path::new(&other.path).parent() == Some(folder)
        })
        .collect();
    let last = folder.file_name().map_or_else(|| "code".into(), |name| name.to_string_lossy());
    named(
        &format!("{} in {last}", one.name),
        &format!("An agent written with {}, found in {shown}", one.name),
        one.user.clone(),
        surface(&own),
    )
}

fn grant(one: &Component) -> Agent {
    let scopes =
        one.about.get("scopes").map_or("scopes that the export does not name", String::as_str);
    let directory = one.about.get("directory").map_or("a directory", String::as_str);
    named(
        &one.name,
        &format!("An application of {directory}, granted {scopes}"),
        one.about.get("person").cloned(),
        surface(&[one]),
    )
}

/// The digest of what an agent consists of, short.
fn surface(own: &[&Component]) -> String {
    let mut parts: Vec<String> = own
        .iter()
        .map(|one| {
            let scopes = one.about.get("scopes").cloned().unwrap_or_default();
            format!(
                "{:?}\0{}\0{}\0{}\0{scopes}\n",
                one.kind,
                one.name,
                one.version.clone().unwrap_or_default(),
                one.digest.clone().unwrap_or_default()
            )
        })
        .collect();
    parts.sort();
    let digest = Digest::of_parts(&[b"writ.surface.v1\0", parts.concat().as_bytes()]);
    digest.to_string().chars().take(12).collect()
}

fn named(called: &str, purpose: &str, owner: Option<String>, surface: String) -> Agent {
    let plain: String = called
        .to_lowercase()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .collect();
    let name: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    let name: String = name.join("-").chars().take(NAME).collect();
    // A name in other letters has none that the register takes.
    let name = if name.is_empty() { marked("agent", called) } else { name };
    let purpose: String = writ_model::text::shown(purpose).chars().take(PURPOSE).collect();
    let called = called.to_owned();
    Agent { name, called, purpose: format!("{purpose} ({MARK}{surface})"), owner, surface }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_somebodys_only_if_it_is_nobody_elses() {
        let people: Vec<(String, String)> =
            [("prs_1", "Ada Byron"), ("prs_2", "Bo Lind"), ("prs_3", "Bo Tran")]
                .into_iter()
                .map(|(id, name)| (id.to_owned(), name.to_owned()))
                .collect();
        for user in ["ada", "ada.byron", "abyron", "Ada_Byron"] {
            assert_eq!(owner(user, &people).as_deref(), Some("prs_1"), "{user}");
        }
        assert_eq!(owner("bo", &people), None);
        assert_eq!(owner("root", &people), None);
    }

    fn granted(name: &str) -> Component {
        Component::new(Kind::Grant, name, "/grants.json", "grant.app")
    }

    #[test]
    fn every_agent_has_a_name_of_its_own_that_the_register_takes() {
        let components: Vec<Component> =
            ["日本語", "한국어", "Finance Agent", "finance.agent", "a.b", "a-b"]
                .map(granted)
                .into();
        let all = agents(&Found { components, ..Found::default() });
        let names: BTreeSet<&str> = all.iter().map(|agent| agent.name.as_str()).collect();
        assert_eq!(names.len(), 6, "{names:?}");
        let plain = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-';
        assert!(names.iter().all(|name| !name.is_empty() && name.chars().all(plain)), "{names:?}");
        assert!(names.contains("finance-agent") && names.contains("a-b"), "{names:?}");
        // Somebody's own agent of that name is let be, and does not keep it out of the register.
        let known = BTreeMap::from([("finance-agent".to_owned(), "Books invoices".to_owned())]);
        let one = all.iter().find(|agent| agent.name == "finance-agent").unwrap().clone();
        let beside = beside(one.clone(), &known);
        assert!(beside.name.starts_with("finance-agent-") && beside.surface == one.surface);
        let proposed = BTreeMap::from([("finance-agent".to_owned(), one.purpose.clone())]);
        assert_eq!(super::beside(one.clone(), &proposed), one);
    }

    #[test]
    fn a_surface_changes_with_what_it_consists_of() {
        let mut client =
            Component::new(Kind::Client, "Claude Code", "/home/ada/.claude.json", "client.config");
        client.user = Some("ada".to_owned());
        let mut server =
            Component::new(Kind::McpServer, "git", "/home/ada/.claude.json", "mcp.server");
        server.client = Some("Claude Code".to_owned());
        server.user = Some("ada".to_owned());
        let of = |components: Vec<Component>| {
            agents(&Found { components, ..Found::default() }).remove(0)
        };
        let before = of(vec![client.clone(), server.clone()]);
        assert_eq!(
            (before.name.as_str(), before.owner.as_deref()),
            ("claude-code-ada", Some("ada"))
        );
        assert!(before.purpose.contains("servers git") && before.purpose.contains(&before.surface));
        assert_eq!(before, of(vec![server.clone(), client.clone()]));
        server.digest = Some("other".to_owned());
        assert_ne!(before.surface, of(vec![client, server]).surface);
    }
}
