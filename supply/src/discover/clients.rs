//! The catalogue of clients: which path of which system belongs to which client, and what it holds.
//!
//! A path is matched from its end, so that a home that is mounted, copied or named on the command line is read like the one of
//! the machine. Names are compared without regard to case, as two of the three systems do.
//! Never here: what a file says. To add a place: a row in `data/clients.tsv`.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Serialize};

use super::{Place, tables};

/// For whom something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everybody on the machine.
    System,
    /// One account.
    User,
    /// Whoever opens this folder.
    Project,
    /// Whoever has this plugin.
    Plugin,
}

impl Scope {
    /// The word in documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Project => "project",
            Self::Plugin => "plugin",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::System, Self::User, Self::Project, Self::Plugin]
            .into_iter()
            .find(|one| one.word() == word)
    }
}

/// On which system a place is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// All of them.
    Any,
    /// Linux.
    Linux,
    /// macOS.
    Macos,
    /// Windows.
    Windows,
}

impl System {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "any" => Self::Any,
            "linux" => Self::Linux,
            "macos" => Self::Macos,
            "windows" => Self::Windows,
            _ => return None,
        })
    }
}

/// What a place holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holds {
    /// Servers, below the row's key.
    Config,
    /// Servers in the XML of `JetBrains`.
    ConfigXml,
    /// Settings: servers, hooks, permissions.
    Settings,
    /// Hooks.
    Hooks,
    /// A text that steers answers.
    Rules,
    /// A skill.
    Skill,
    /// The description of an extension of a client.
    Extension,
    /// The description of an extension of an editor.
    Extensions,
    /// The description of a plugin.
    Plugin,
    /// Code that a client loads.
    PluginCode,
    /// Commands that an editor runs.
    Tasks,
    /// A list of servers that are switched on.
    Registry,
    /// A server's own description of itself.
    Manifest,
    /// Models.
    Models,
    /// Only that the client is there.
    Presence,
}

impl Holds {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "config" => Self::Config,
            "config-xml" => Self::ConfigXml,
            "settings" => Self::Settings,
            "hooks" => Self::Hooks,
            "rules" => Self::Rules,
            "skill" => Self::Skill,
            "extension" => Self::Extension,
            "extensions" => Self::Extensions,
            "plugin" => Self::Plugin,
            "plugin-code" => Self::PluginCode,
            "tasks" => Self::Tasks,
            "registry" => Self::Registry,
            "manifest" => Self::Manifest,
            "models" => Self::Models,
            "presence" => Self::Presence,
            _ => return None,
        })
    }
}

/// One place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Whose.
    pub(crate) client: &'static str,
    /// On which system.
    pub(crate) system: System,
    /// For whom it holds.
    pub(crate) scope: Scope,
    /// What it holds.
    pub(crate) holds: Holds,
    /// Below which key, its parts by dots; empty for the usual ones.
    pub(crate) key: &'static str,
    /// The path as the table writes it.
    pub(crate) path: &'static str,
    /// Its parts, in lower case.
    parts: Vec<String>,
}

/// All places by the last part of their paths, in lower case; those with a star there are under `*`.
static ROWS: LazyLock<BTreeMap<String, Vec<Row>>> = LazyLock::new(|| {
    let mut out: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for [client, system, scope, holds, key, path, _source] in tables::rows::<7>(tables::CLIENTS) {
        let (Some(system), Some(scope), Some(holds)) =
            (System::parse(system), Scope::parse(scope), Holds::parse(holds))
        else {
            continue;
        };
        let parts: Vec<String> = path
            .split('/')
            .filter(|part| !matches!(*part, "" | "~" | "."))
            .map(str::to_lowercase)
            .collect();
        let key = if key == "-" { "" } else { key };
        let last = parts.last().cloned().unwrap_or_default();
        let last = if last.contains('*') { "*".to_owned() } else { last };
        out.entry(last).or_default().push(Row { client, system, scope, holds, key, path, parts });
    }
    for rows in out.values_mut() {
        // The longest path says most: `.cursor/mcp.json` before `mcp.json`.
        rows.sort_by_key(|row| std::cmp::Reverse(row.parts.len()));
    }
    out
});

/// The names of all clients of the catalogue, sorted.
pub fn clients() -> Vec<&'static str> {
    let mut names: Vec<&str> = ROWS.values().flatten().map(|row| row.client).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The places of a machine outside its homes: files, and folders where the rest of a path is open.
pub fn places(system: System) -> Vec<String> {
    let here = |row: &&Row| {
        row.scope == Scope::System && (row.system == system || row.system == System::Any)
    };
    let mut out: Vec<String> = rows()
        .filter(here)
        .map(|row| {
            let fixed = row.path.split_once('*').map_or(row.path, |(head, _)| head);
            fixed.trim_end_matches('/').to_owned()
        })
        .collect();
    out.sort_unstable();
    out.dedup();
    out
}

fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.values().flatten()
}

/// Whether one part of a path is what a pattern says: `*` stands for any letters of it.
fn fits(pattern: &str, part: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == part,
        Some((head, tail)) => {
            part.len() >= head.len() + tail.len() && part.starts_with(head) && part.ends_with(tail)
        }
    }
}

/// The row of a place, and for whom it holds there.
pub(crate) fn row(place: &Place) -> Option<(&'static Row, Scope)> {
    let parts: Vec<String> = place.parts.iter().map(|part| part.to_lowercase()).collect();
    let last = parts.last()?;
    let named = ROWS.get(last).into_iter().flatten();
    let found: Vec<&'static Row> = named
        .chain(ROWS.get("*").into_iter().flatten())
        .filter(|row| {
            let from = parts.len().checked_sub(row.parts.len());
            from.and_then(|from| parts.get(from..)).is_some_and(|tail| {
                row.parts.iter().zip(tail).all(|(pattern, part)| fits(pattern, part))
            })
        })
        .collect();
    let home = place.home().map(|(parts, _)| parts);
    let at = |row: &Row| parts.len() - row.parts.len();
    // What stands right in a home is the user's; the same path elsewhere is a project's, if projects have it.
    let best = found.iter().max_by_key(|row| {
        let fits = match row.scope {
            Scope::User => home == Some(at(row)),
            Scope::System => at(row) == 0 || home.is_none(),
            Scope::Project | Scope::Plugin => {
                home.is_none_or(|home| home < at(row) || row.parts.len() > 1)
            }
        };
        (row.parts.len(), fits, row.scope == Scope::User)
    })?;
    let scope = match best.scope {
        Scope::Project if home == Some(at(best)) => Scope::User,
        other => other,
    };
    Some((best, scope))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::Mode;

    fn found(path: &str) -> Option<(&'static str, Holds, Scope)> {
        let parts = path.split(['/', '\\']).filter(|part| !part.is_empty()).map(str::to_owned);
        let place = Place { path: path.to_owned(), parts: parts.collect(), mode: Mode::Host };
        row(&place).map(|(row, scope)| (row.client, row.holds, scope))
    }

    #[test]
    fn every_row_is_read_and_found_by_its_own_path() {
        let written = tables::rows::<7>(tables::CLIENTS).count();
        assert_eq!(rows().count(), written);
        for row in rows() {
            let path =
                row.path.replace('~', "/home/ada").replace("./", "/srv/app/").replace('*', "x");
            let (client, ..) = found(&path).unwrap_or_else(|| panic!("{path} is not found"));
            // The same path can be two clients' (`.mcp.json` in a plugin); the catalogue answers for one.
            assert!(clients().contains(&client), "{path}");
        }
        assert!(clients().len() >= 40, "{:?}", clients());
    }

    #[test]
    fn scopes_follow_the_home_in_which_a_file_stands() {
        let cases = [
            ("/home/ada/.cursor/mcp.json", "Cursor", Holds::Config, Scope::User),
            ("/home/ada/code/app/.cursor/mcp.json", "Cursor", Holds::Config, Scope::Project),
            ("/srv/app/.mcp.json", "Claude Code", Holds::Config, Scope::Project),
            ("/etc/claude-code/managed-mcp.json", "Claude Code", Holds::Config, Scope::System),
            (
                "/Users/ada/Library/Application Support/Claude/claude_desktop_config.json",
                "Claude Desktop",
                Holds::Config,
                Scope::User,
            ),
            (
                "C:\\Users\\ada\\AppData\\Roaming\\Claude\\claude_desktop_config.json",
                "Claude Desktop",
                Holds::Config,
                Scope::User,
            ),
            ("C:\\Users\\ada\\.CODEX\\Config.toml", "Codex", Holds::Config, Scope::User),
            (
                "/home/ada/app/.claude/skills/pdf/SKILL.md",
                "Claude Code",
                Holds::Skill,
                Scope::Project,
            ),
            ("/home/ada/app/AGENTS.md", "Any agent", Holds::Rules, Scope::Project),
            ("/home/ada/.codex/AGENTS.md", "Codex", Holds::Rules, Scope::User),
            ("/app/.vscode/mcp.json", "VS Code", Holds::Config, Scope::Project),
        ];
        for (path, client, holds, scope) in cases {
            assert_eq!(found(path), Some((client, holds, scope)), "{path}");
        }
        assert_eq!(found("/home/ada/notes/mcp.txt"), None);
        assert_eq!(found("/srv/agents.json"), None);
    }
}
