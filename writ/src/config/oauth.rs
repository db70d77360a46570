//! `[oauth]` of the operator's file: which programs may ask people to let them act as an agent. See `docs/oauth.md`.
//!
//! ```toml
//! [oauth]
//! documents = true              # read clients' metadata documents from public https addresses; leave out: true
//! local_documents = true        # and from http addresses of this machine: for trying clients out
//! registration = true           # clients may register themselves (RFC 7591); leave out: they may not
//! [[oauth.client]]
//! id = "night-report"
//! name = "Night report"
//! redirect_uris = ["http://127.0.0.1/callback"]   # of a loopback address, the port does not matter
//! ```
//! Never here: a client secret; nobody has one. To add a key: its reader below, its line above, a row in the tests.

use toml::{Table, Value};
use writ_desk::ListedClient;

use super::Problems;

/// LIMIT: clients of the file.
const MAX_CLIENTS: usize = 256;

/// Which clients there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oauth {
    /// Metadata documents are read.
    pub documents: bool,
    /// Also such of this machine.
    pub local_documents: bool,
    /// Clients may register themselves.
    pub registration: bool,
    /// Those that the operator wrote down.
    pub clients: Vec<ListedClient>,
}

impl Default for Oauth {
    fn default() -> Self {
        Self { documents: true, local_documents: false, registration: false, clients: Vec::new() }
    }
}

impl Problems {
    /// Reads the section; without one it is as by default.
    pub(super) fn oauth(&mut self, table: &mut Table) -> Oauth {
        let default = Oauth::default();
        let mut section = match table.remove("oauth") {
            None => return default,
            Some(Value::Table(section)) => section,
            Some(_) => {
                self.add("oauth", "write it as a section");
                return default;
            }
        };
        let oauth = Oauth {
            documents: self.oauth_switch(&mut section, "documents", default.documents),
            local_documents: self.oauth_switch(&mut section, "local_documents", false),
            registration: self.oauth_switch(&mut section, "registration", false),
            clients: self.oauth_clients(&mut section),
        };
        self.unknown("oauth", &section);
        oauth
    }

    fn oauth_switch(&mut self, section: &mut Table, key: &str, default: bool) -> bool {
        match section.remove(key) {
            None => default,
            Some(Value::Boolean(on)) => on,
            Some(_) => {
                self.add(&format!("oauth.{key}"), "it is true or false");
                default
            }
        }
    }

    fn oauth_clients(&mut self, section: &mut Table) -> Vec<ListedClient> {
        let list = match section.remove("client") {
            None => return Vec::new(),
            Some(Value::Array(list)) if list.len() <= MAX_CLIENTS => list,
            Some(_) => {
                self.add(
                    "oauth.client",
                    &format!("write it as [[oauth.client]], {MAX_CLIENTS} at most"),
                );
                return Vec::new();
            }
        };
        let mut clients: Vec<ListedClient> = Vec::new();
        for (at, entry) in list.into_iter().enumerate() {
            let place = format!("oauth.client {}", at + 1);
            let Value::Table(mut entry) = entry else {
                self.add(&place, "write it as [[oauth.client]]");
                continue;
            };
            let client = ListedClient {
                id: self.text(&place, &mut entry, "id").unwrap_or_default(),
                name: self.text(&place, &mut entry, "name").unwrap_or_default(),
                redirects: self.texts(&place, &mut entry, "redirect_uris").unwrap_or_default(),
            };
            self.unknown(&place, &entry);
            if let Err(why) = client.check() {
                self.add(&place, &why);
            } else if clients.iter().any(|one| one.id == client.id) {
                self.add(&place, "there is another client of this id");
            } else {
                clients.push(client);
            }
        }
        clients
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_section_is_read_and_none_reads_public_documents_alone() {
        let text = r#"
            [oauth]
            local_documents = true
            registration = true
            [[oauth.client]]
            id = "night-report"
            name = "Night report"
            redirect_uris = ["http://127.0.0.1/callback"]
        "#;
        let oauth = Config::parse(text).unwrap().oauth;
        assert!(oauth.documents && oauth.local_documents && oauth.registration);
        assert_eq!((oauth.clients.len(), oauth.clients[0].id.as_str()), (1, "night-report"));
        let oauth = Config::parse("").unwrap().oauth;
        assert!(oauth.documents && !oauth.local_documents && !oauth.registration);
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let text = r#"
            [oauth]
            registration = "yes"
            secret = "x"
            [[oauth.client]]
            id = "a"
            name = "A"
            redirect_uris = ["http://elsewhere.example/callback"]
            [[oauth.client]]
            id = "b"
            name = "B"
            redirect_uris = ["https://b.example/callback"]
            [[oauth.client]]
            id = "b"
            name = "B again"
            redirect_uris = ["https://b.example/callback"]
            [[oauth.client]]
            name = "nameless"
            redirect_uris = []
            key = 1
        "#;
        let problems = Config::parse(text).unwrap_err();
        for start in [
            "oauth.registration: it is true or false",
            "oauth.secret: unknown key",
            "oauth.client 1: answers may not go to",
            "oauth.client 3: there is another client",
            "oauth.client 4: ",
            "oauth.client 4.key: unknown key",
        ] {
            assert!(problems.iter().any(|one| one.starts_with(start)), "{start}: {problems:?}");
        }
    }
}
