//! Templates: what the tools of a well-known public server do, by the name of its package. The table is
//! `data/templates.tsv`; each server's row names its source.
//!
//! SECURITY: a template counts for a server only where a person chose it for that server (`Chosen`): a package's name is
//! no proof of what runs, and a tool's name is none at all. A definition with an argument that leads out and that the
//! template does not know is taken as the stricter of both. What the charter says stands above either.
//! Never here: a guess, a sentence of somebody's description. To add a server: its rows in the table.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::Value;

use crate::{
    classify::{Acts, Class, Origin, Role, Sensitivity, Tool, classify},
    kinds::Kinds,
};

/// How sure a class is that a person chose a template for.
const SURE: u8 = 95;

/// What the tools of one public server do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    package: &'static str,
    source: &'static str,
    tools: BTreeMap<&'static str, Row>,
}

/// One tool of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    acts: Acts,
    reversible: bool,
    reads: Origin,
    sensitivity: Sensitivity,
    document: bool,
    kinds: Kinds,
    roles: Vec<(String, Role)>,
}

static ALL: LazyLock<BTreeMap<&'static str, Template>> =
    LazyLock::new(|| table(include_str!("../data/templates.tsv")));

impl Template {
    /// The template of a package.
    pub fn of(package: &str) -> Option<&'static Self> {
        ALL.get(package)
    }

    /// All templates, by package.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        ALL.values()
    }

    /// The package: its name at npm or at `PyPI`, or a repository's name.
    pub const fn package(&self) -> &'static str {
        self.package
    }

    /// The page of the project that names its tools.
    pub const fn source(&self) -> &'static str {
        self.source
    }

    /// The tools that it knows.
    pub fn tools(&self) -> impl Iterator<Item = &'static str> {
        self.tools.keys().copied()
    }

    /// True if it knows a tool of this name.
    pub fn knows(&self, tool: &str) -> bool {
        self.tools.contains_key(tool)
    }

    /// What a tool is taken for: as the template says where it knows the tool, else by the definition alone.
    pub fn classify(&self, tool: &Tool<'_>) -> Class {
        let guess = classify(tool);
        let Some(row) = self.tools.get(tool.name) else { return guess };
        let stray = guess.roles.iter().find(|(at, role)| {
            matches!(role, Role::Destination | Role::Credential) && !row.covers(at)
        });
        let stray = stray.map(|(at, _)| at.clone());
        row.class(self.package, guess, stray)
    }
}

impl Row {
    fn covers(&self, pointer: &str) -> bool {
        self.roles.iter().any(|(known, _)| {
            pointer
                .strip_prefix(known.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// The class, over what was guessed of the definition.
    fn class(&self, package: &str, guess: Class, stray: Option<String>) -> Class {
        let mut roles = self.roles.clone();
        roles.extend(guess.roles.into_iter().filter(|(at, _)| !self.covers(at)));
        let mut class = Class {
            acts: self.acts,
            reversible: self.reversible,
            reads: self.reads,
            document: self.document,
            sensitivity: self.sensitivity,
            kinds: self.kinds,
            topics: guess.topics,
            roles,
            confidence: SURE,
            reasons: vec![format!("the template of {package} says so, chosen for this server")],
        };
        if let Some(stray) = stray {
            class.acts = class.acts.max(guess.acts);
            class.reversible &= guess.reversible;
            class.kinds = class.kinds.or(guess.kinds);
            class.confidence = guess.confidence;
            class.reasons.push(format!(
                "the template does not know the argument {stray}, so the stricter of both counts"
            ));
        }
        class
    }
}

/// Which template a person chose for which server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// By server; the client that it is for, if for one.
    by_server: BTreeMap<String, Vec<(Option<String>, &'static Template)>>,
}

impl Chosen {
    /// Chooses for a server of one client, or of every client.
    pub fn choose(&mut self, server: &str, client: Option<&str>, template: &'static Template) {
        let rows = self.by_server.entry(server.to_owned()).or_default();
        rows.push((client.map(str::to_owned), template));
    }

    /// What was chosen for the server that a client means by this name: its own, or the one for every client.
    pub fn of(&self, server: &str, client: &str) -> Option<&'static Template> {
        let rows = self.by_server.get(server)?;
        let own = rows.iter().find(|(of, _)| of.as_deref() == Some(client));
        own.or_else(|| rows.iter().find(|(of, _)| of.is_none())).map(|(_, template)| *template)
    }
}

/// What a tool is taken for: by the template that was chosen for its server, else by its definition.
pub fn classify_by(tool: &Tool<'_>, template: Option<&Template>) -> Class {
    template.map_or_else(|| classify(tool), |template| template.classify(tool))
}

/// Reads the table; what is no row is left out, and a test finds it.
fn table(text: &'static str) -> BTreeMap<&'static str, Template> {
    let mut all = BTreeMap::<&'static str, Template>::new();
    let mut last = None;
    for line in lines(text) {
        let parts: Vec<&'static str> = line.split('\t').collect();
        match parts.as_slice() {
            ["server", package, source] => {
                let template = Template { package, source, tools: BTreeMap::new() };
                all.insert(package, template);
                last = Some(*package);
            }
            ["tool", name, rest @ ..] => {
                let template = last.and_then(|package| all.get_mut(package));
                if let (Some(template), Some(row)) = (template, row(rest)) {
                    template.tools.insert(name, row);
                }
            }
            _ => {}
        }
    }
    all
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn row(parts: &[&str]) -> Option<Row> {
    let [acts, undo, gives, kept, form, kinds, arguments] = parts else { return None };
    let word = |text: &str| Value::String(text.to_owned());
    let reversible = match *undo {
        "yes" => true,
        "no" => false,
        _ => return None,
    };
    let document = match *form {
        "document" => true,
        "records" => false,
        _ => return None,
    };
    let listed = |text: &str| -> Vec<Value> {
        if text == "-" { Vec::new() } else { text.split(',').map(word).collect() }
    };
    let mut roles = Vec::new();
    for part in arguments.split(' ').filter(|part| *part != "-") {
        let (role, names) = part.split_once(':')?;
        let role: Role = serde_json::from_value(word(role)).ok()?;
        roles.extend(names.split(',').map(|name| (format!("/{name}"), role)));
    }
    Some(Row {
        acts: serde_json::from_value(word(acts)).ok()?,
        reversible,
        reads: serde_json::from_value(word(gives)).ok()?,
        sensitivity: serde_json::from_value(word(kept)).ok()?,
        document,
        kinds: serde_json::from_value(Value::Array(listed(kinds))).ok()?,
        roles,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool<'a>(name: &'a str, schema: Option<&'a Value>) -> Tool<'a> {
        Tool { server: "x", name, description: "", input_schema: schema, annotations: None }
    }

    #[test]
    fn every_row_of_the_table_is_read_and_says_where_it_is_from() {
        let text = include_str!("../data/templates.tsv");
        let servers = lines(text).filter(|line| line.starts_with("server\t")).count();
        let tools = lines(text).filter(|line| line.starts_with("tool\t")).count();
        assert_eq!(servers + tools, lines(text).count(), "a line is neither");
        assert_eq!(Template::all().count(), servers);
        assert_eq!(Template::all().map(|one| one.tools.len()).sum::<usize>(), tools);
        assert!(servers >= 12, "{servers}");
        for template in Template::all() {
            assert!(template.source().starts_with("https://"), "{}", template.package());
            assert!(template.tools().next().is_some(), "{}", template.package());
            for (name, row) in &template.tools {
                let reads = row.acts == Acts::Reads;
                assert!(!reads || row.reversible, "{name}: what only reads is undone by nothing");
                let visits = row.kinds == Kinds::VISIT || row.kinds.is_empty();
                assert_eq!(reads, visits, "{}: {name}", template.package());
                let twice = row
                    .roles
                    .iter()
                    .any(|(at, _)| row.roles.iter().filter(|(other, _)| other == at).count() > 1);
                assert!(!twice, "{}: {name} has an argument twice", template.package());
            }
        }
    }

    #[test]
    fn a_chosen_template_stands_above_the_guess_and_below_what_it_does_not_know() {
        let slack = Template::of("@modelcontextprotocol/server-slack").unwrap();
        let post = slack.classify(&tool("slack_post_message", None));
        assert_eq!((post.acts, post.confidence), (Acts::Outward, SURE));
        assert_eq!(post.role("/channel_id"), Some(Role::Destination));
        assert!(post.kinds.meets(Kinds::SEND) && post.reasons[0].contains("server-slack"));
        let history = slack.classify(&tool("slack_get_channel_history", None));
        assert_eq!((history.acts, history.reads), (Acts::Reads, Origin::ThirdParty));
        let other = slack.classify(&tool("slack_invite_user", None));
        assert_eq!(other, classify(&tool("slack_invite_user", None)), "unknown to it: guessed");

        let fetch = Template::of("mcp-server-fetch").unwrap();
        let known = json!({"type": "object", "properties": {"url": {"type": "string"}}});
        let read = fetch.classify(&tool("fetch", Some(&known)));
        assert_eq!((read.acts, read.kinds), (Acts::Reads, Kinds::VISIT));
        // The server has grown an argument that leads out: its definition counts where it is stricter.
        let grown = json!({"type": "object", "properties": {
            "url": {"type": "string"}, "recipient": {"type": "string"}}});
        let sends =
            Tool { description: "Sends a page to a recipient.", ..tool("fetch", Some(&grown)) };
        let both = fetch.classify(&sends);
        assert_eq!(both.acts, classify(&sends).acts);
        assert!(both.acts > Acts::Reads && both.confidence < SURE, "{both:?}");
        assert!(both.reasons[1].contains("/recipient"), "{both:?}");
    }

    #[test]
    fn what_was_chosen_for_a_clients_own_server_comes_first() {
        let [fetch, time] =
            ["mcp-server-fetch", "mcp-server-time"].map(|name| Template::of(name).unwrap());
        let mut chosen = Chosen::default();
        chosen.choose("web", None, fetch);
        chosen.choose("web", Some("harbor-books"), time);
        assert_eq!(
            chosen.of("web", "harbor-books").map(Template::package),
            Some("mcp-server-time")
        );
        assert_eq!(
            chosen.of("web", "cole-bakery").map(Template::package),
            Some("mcp-server-fetch")
        );
        assert_eq!(chosen.of("mail", "cole-bakery"), None);
        assert_eq!(Template::of("mcp-server-nobody-knows"), None);
        let bare = tool("fetch", None);
        assert_eq!(classify_by(&bare, None), classify(&bare), "nobody chose one: guessed");
    }
}
