//! [`Place`]: where a file stands: the parts of its path, whose home that is, and why it was come to.
//!
//! Never here: IO, or a path separator of one system: parts come split. To add a way to be come to: a variant of [`Mode`].

use std::path::{Component as Part, Path};

/// Why a file was come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It was named.
    Named,
    /// It is below a folder that was named.
    Path,
    /// It is below a repository that was named.
    Repo,
    /// It is on the machine that is scanned.
    Host,
}

/// Where a file stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As it is shown; bytes that are no UTF-8 are replaced.
    pub path: String,
    /// Its parts from the root or from the folder that was named.
    pub parts: Vec<String>,
    /// Why it was come to.
    pub mode: Mode,
}

/// Folders that hold others' packages or a program's own state: only files of models are looked for in them.
const FOREIGN: [&str; 14] = [
    "node_modules",
    "site-packages",
    "dist-packages",
    ".git",
    ".hg",
    ".svn",
    "target",
    "__pycache__",
    ".tox",
    ".gradle",
    ".m2",
    "vendor",
    "extensions",
    "_npx",
];

impl Place {
    /// The place of a path.
    pub fn of(path: &Path, mode: Mode) -> Self {
        let parts = path.components().filter_map(|part| match part {
            Part::Normal(name) => Some(name.to_string_lossy().into_owned()),
            Part::Prefix(prefix) => Some(prefix.as_os_str().to_string_lossy().into_owned()),
            Part::RootDir | Part::CurDir | Part::ParentDir => None,
        });
        Self { path: path.to_string_lossy().into_owned(), parts: parts.collect(), mode }
    }

    /// Its last part.
    pub fn name(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    /// What stands behind the last dot of its name, in lower case; empty if there is none.
    pub fn ending(&self) -> String {
        let name = self.name();
        match name.rsplit_once('.') {
            Some((before, ending)) if !before.is_empty() => ending.to_lowercase(),
            _ => String::new(),
        }
    }

    /// How many parts the home folder has in which it stands, and whose it is: `/home/ada`, `/Users/ada`, `C:\Users\ada`,
    /// `/root`, wherever such a tree is mounted.
    pub fn home(&self) -> Option<(usize, &str)> {
        let folders = self.parts.len().checked_sub(1)?;
        let found = self
            .parts
            .iter()
            .take(folders)
            .position(|part| part.eq_ignore_ascii_case("Users") || part == "home");
        if let Some((at, user)) = found.and_then(|at| Some((at, self.parts.get(at + 1)?)))
            && at + 1 < folders
        {
            return Some((at + 2, user));
        }
        let root = self.parts.iter().take(folders).position(|part| part == "root")?;
        Some((root + 1, "root"))
    }

    /// Whether it stands among others' packages.
    pub fn foreign(&self) -> bool {
        let folders = self.parts.len().saturating_sub(1);
        self.parts.iter().take(folders).any(|part| FOREIGN.contains(&part.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_found_on_every_system() {
        let home = |path: &str| {
            let parts = path.split(['/', '\\']).filter(|part| !part.is_empty());
            let parts: Vec<String> = parts.map(str::to_owned).collect();
            let place = Place { path: path.to_owned(), parts, mode: Mode::Host };
            place.home().map(|(parts, user)| (parts, user.to_owned()))
        };
        assert_eq!(home("/home/ada/.claude.json"), Some((2, "ada".to_owned())));
        assert_eq!(home("/Users/ada/Library/x"), Some((2, "ada".to_owned())));
        assert_eq!(home("C:\\Users\\ada\\AppData\\x"), Some((3, "ada".to_owned())));
        assert_eq!(home("/mnt/disk/home/ada/x"), Some((4, "ada".to_owned())));
        assert_eq!(home(concat!("/ro", "ot/.codex/config.toml")), Some((1, "root".to_owned())));
        // A Linux inside Windows, from either side.
        assert_eq!(home("/mnt/c/Users/ada/.cursor/mcp.json"), Some((4, "ada".to_owned())));
        let inside = "\\\\wsl$\\Ubuntu\\home\\ada\\.claude.json";
        assert_eq!(home(inside), Some((4, "ada".to_owned())));
        assert_eq!(home("/srv/app/.mcp.json"), None);
        assert_eq!(home("/home/ada"), None);
    }
}
