//! `[[asker]]` of the operator's file: gateways that ask for decisions and cannot prove a key on every request, and the
//! roads that Envoy guards with them. See `docs/decision-point.md`.
//!
//! ```toml
//! [[asker]]
//! name = "edge"
//! client = "tnt_01j9z3k4m5n6p7q8r9s0t1v2w3"   # whose agents it may ask about
//! agent = "edge-envoy"                        # as which agent of that client it asks: its name or its id
//! key_file = "edge.key"                       # one line, from the data folder: 43 letters or more
//! peers = ["127.0.0.1"]                       # the addresses it asks from; leave out: this machine
//! [[asker.road]]
//! name = "shop"                               # Envoy's path prefix is /ext_authz/shop
//! server = "shop"                             # as grants name it
//! origin = "https://shop.example"             # as agents see it: what their proofs are made for
//! # header = "x-agent"                        # or, instead of origin: Envoy names whoever calls in this header
//! paths = ["/todos", "/todos/{todoId}"]       # or mcp = true
//! body = true                                 # the body is decided on; leave out: it is not
//! ```
//! Never here: a key. To add a key of the file: its reader below, its line above, a row in the tests.

use std::{net::IpAddr, path::PathBuf};

use toml::{Table, Value};
use writ_gateway::ask::config::{CallerBy, Carries, Road};
use writ_model::TenantId;

use super::Problems;

/// LIMIT: askers, and roads of one.
const MAX: usize = 256;

/// A gateway that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// Its name.
    pub name: String,
    /// Whose agents it may ask about.
    pub client: TenantId,
    /// As which agent it asks.
    pub agent: String,
    /// The file with its key, from the data folder.
    pub key_file: PathBuf,
    /// The addresses it asks from; this machine if there are none.
    pub peers: Vec<IpAddr>,
    /// The roads that Envoy guards with it.
    pub roads: Vec<Road>,
}

impl Problems {
    /// Reads the entries.
    pub(super) fn askers(&mut self, table: &mut Table) -> Vec<Asker> {
        let entries = self.entries("asker", table, "asker");
        let read = |(place, entry): (String, Table)| self.asker(&place, entry);
        entries.into_iter().filter_map(read).collect()
    }

    /// Tables in an array, each with its place.
    fn entries(&mut self, place: &str, table: &mut Table, key: &str) -> Vec<(String, Table)> {
        let list = match table.remove(key) {
            None => return Vec::new(),
            Some(Value::Array(list)) if list.len() <= MAX => list,
            Some(_) => {
                self.add(place, &format!("write it as [[{place}]], {MAX} at most"));
                return Vec::new();
            }
        };
        let mut out = Vec::new();
        for (at, entry) in list.into_iter().enumerate() {
            match entry {
                Value::Table(entry) => out.push((format!("{place} {}", at + 1), entry)),
                _ => self.add(place, "write each as a table"),
            }
        }
        out
    }

    fn asker(&mut self, place: &str, mut entry: Table) -> Option<Asker> {
        let before = self.0.len();
        let name = self.asker_needs(place, &mut entry, "name");
        let client = self.asker_needs(place, &mut entry, "client");
        let agent = self.asker_needs(place, &mut entry, "agent");
        let key_file = self.asker_needs(place, &mut entry, "key_file");
        let client: Option<TenantId> = client.parse().ok();
        if client.is_none() {
            self.add(&format!("{place}.client"), "write the client's id, tnt_…: writ client list");
        }
        let mut peers = Vec::new();
        for text in self.texts(place, &mut entry, "peers").unwrap_or_default() {
            match text.parse() {
                Ok(peer) => peers.push(peer),
                Err(_) => self.add(&format!("{place}.peers"), "write addresses, 10.0.0.7"),
            }
        }
        let roads = self.entries("asker.road", &mut entry, "road");
        let roads: Vec<Road> =
            roads.into_iter().filter_map(|(at, road)| self.road(&at, road)).collect();
        self.unknown(place, &entry);
        (self.0.len() == before).then_some(())?;
        let key_file = PathBuf::from(key_file);
        Some(Asker { name, client: client?, agent, key_file, peers, roads })
    }

    fn road(&mut self, place: &str, mut entry: Table) -> Option<Road> {
        let before = self.0.len();
        let name = self.asker_needs(place, &mut entry, "name");
        let server = self.asker_needs(place, &mut entry, "server");
        let origin = self.text(place, &mut entry, "origin");
        let header = self.text(place, &mut entry, "header");
        let caller = match (origin, header) {
            (Some(origin), None) => Some(CallerBy::Token(origin)),
            (None, Some(header)) => Some(CallerBy::Header(header)),
            _ => {
                self.add(place, "give one of origin, header");
                None
            }
        };
        let paths = self.texts(place, &mut entry, "paths");
        let mcp = self.flag(place, &mut entry, "mcp");
        let body = self.flag(place, &mut entry, "body");
        let carries = match (paths, mcp, body) {
            (None, true, false) => Some(Carries::Mcp),
            (Some(paths), false, body) => Some(Carries::Http { paths, body }),
            _ => {
                self.add(place, "give one of mcp = true, paths (a list, body beside it)");
                None
            }
        };
        self.unknown(place, &entry);
        (self.0.len() == before).then_some(())?;
        Some(Road { name, server, caller: caller?, carries: carries? })
    }

    fn asker_needs(&mut self, place: &str, entry: &mut Table, key: &str) -> String {
        let had = entry.contains_key(key);
        let text = self.text(place, entry, key).unwrap_or_default();
        if !had || (text.is_empty() && !self.0.iter().any(|one| one.starts_with(place))) {
            self.add(place, &format!("has no {key}"));
        }
        text
    }

    fn flag(&mut self, place: &str, entry: &mut Table, key: &str) -> bool {
        match entry.remove(key) {
            None => false,
            Some(Value::Boolean(flag)) => flag,
            Some(_) => {
                self.add(&format!("{place}.{key}"), "it is true or false");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const TENANT: &str = "tnt_01j9z3k4m5n6p7q8r9s0t1v2w3";

    #[test]
    fn askers_and_their_roads_are_read() {
        let text = format!(
            r#"
            [[asker]]
            name = "edge"
            client = "{TENANT}"
            agent = "edge-envoy"
            key_file = "edge.key"
            peers = ["127.0.0.1", "10.0.0.7"]
            [[asker.road]]
            name = "shop"
            server = "shop"
            origin = "https://shop.example"
            paths = ["/todos", "/todos/{{id}}"]
            body = true
            [[asker.road]]
            name = "tools"
            server = "mail"
            header = "x-agent"
            mcp = true
            [[asker]]
            name = "pdp"
            client = "{TENANT}"
            agent = "pep"
            key_file = "pep.key"
            "#
        );
        let askers = Config::parse(&text).unwrap().askers;
        assert_eq!((askers.len(), askers[0].peers.len(), askers[0].roads.len()), (2, 2, 2));
        let [shop, tools] = &askers[0].roads[..] else { panic!("two roads") };
        assert_eq!(shop.caller, CallerBy::Token("https://shop.example".to_owned()));
        let paths = vec!["/todos".to_owned(), "/todos/{id}".to_owned()];
        assert_eq!(shop.carries, Carries::Http { paths, body: true });
        assert_eq!(tools.caller, CallerBy::Header("x-agent".to_owned()));
        assert_eq!(tools.carries, Carries::Mcp);
        assert!(askers[1].peers.is_empty() && askers[1].roads.is_empty());
    }

    #[test]
    fn every_problem_is_reported() {
        let problems = Config::parse(
            r#"
            [[asker]]
            client = "harbor-books"
            agent = "a"
            key_file = "k"
            key = "a secret in the wrong place"
            peers = ["everywhere"]
            [[asker.road]]
            name = "shop"
            server = "shop"
            origin = "https://a"
            header = "x-agent"
            mcp = true
            body = true
            colour = "red"
            "#,
        )
        .unwrap_err();
        for wanted in [
            "asker 1: has no name",
            "asker 1.client: write the client's id",
            "asker 1.peers: write addresses",
            "asker 1.key: unknown key",
            "asker.road 1: give one of origin, header",
            "asker.road 1: give one of mcp",
            "asker.road 1.colour: unknown key",
        ] {
            let found = problems.iter().any(|problem| problem.starts_with(wanted));
            assert!(found, "{wanted}: {problems:#?}");
        }
    }
}
