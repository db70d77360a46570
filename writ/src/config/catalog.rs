//! `[catalog]` of the operator's file: what happens to a tool that was never seen before. See `docs/catalogue.md`.
//!
//! ```toml
//! [catalog]
//! first = "trust"                   # "approve": a person looks at whatever is new; "off": nothing is pinned or held
//! ```
//! To add a key: its reader below, its line above, a row in the tests.

use toml::{Table, Value};
use writ_gateway::FirstSight;

use super::Problems;

impl Problems {
    /// Reads the section.
    pub(super) fn catalog(&mut self, table: &mut Table) -> FirstSight {
        let mut section = match table.remove("catalog") {
            None => return FirstSight::default(),
            Some(Value::Table(section)) => section,
            Some(_) => {
                self.add("catalog", "write it as a section");
                return FirstSight::default();
            }
        };
        let first = self.text("catalog", &mut section, "first");
        self.unknown("catalog", &section);
        match first.as_deref() {
            None | Some("trust") => FirstSight::Trust,
            Some("approve") => FirstSight::Approve,
            Some("off") => FirstSight::Off,
            Some(_) => {
                self.add("catalog.first", "write \"trust\", \"approve\" or \"off\"");
                FirstSight::default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use writ_gateway::FirstSight;

    use crate::config::Config;

    #[test]
    fn first_sight_is_trusted_unless_the_file_says_otherwise() {
        let read = |text: &str| Config::parse(text).map(|config| config.first_sight);
        assert_eq!(read(""), Ok(FirstSight::Trust));
        for (word, wanted) in [
            ("trust", FirstSight::Trust),
            ("approve", FirstSight::Approve),
            ("off", FirstSight::Off),
        ] {
            assert_eq!(read(&format!("[catalog]\nfirst = \"{word}\"")), Ok(wanted));
        }
        let problem = |text: &str| read(text).unwrap_err().join("\n");
        assert!(problem("[catalog]\nfirst = \"never\"").contains("catalog.first: write \"trust\""));
        assert!(problem("[catalog]\nlast = 1").contains("catalog.last: unknown key"));
        assert!(problem("catalog = 1").contains("catalog: write it as a section"));
    }
}
