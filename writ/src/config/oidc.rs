//! `[oidc]` of the operator's file: the provider's own identity provider, where its people may sign in too.
//!
//! ```toml
//! [oidc]
//! issuer = "https://id.example"          # exactly as the identity provider writes it
//! client_id = "writ"
//! client_secret_file = "oidc.secret"     # leave out: private_key_jwt, our key stands at /oidc/jwks
//! name = "Example ID"                    # the words on the button
//! scopes = ["groups"]                    # beside openid
//! roles_claim = "groups"                 # with roles: what a session has is the seat's roles that are mapped
//! roles = { "writ-owners" = "owner", "writ-audit" = "auditor" }
//! acr = ["phr"]                          # acr must be one of these; they are asked for
//! amr = ["mfa", "hwk"]                   # amr must list one of these
//! max_age_minutes = 720                  # how long ago they may have signed in there
//! ca_file = "roots.pem"                  # certificates trusted beside Mozilla's
//! ```
//! Never here: the secret itself. To add a key: its reader in `oidc` below, its line above, a row in the tests.

use std::{collections::BTreeMap, path::PathBuf};

use toml::{Table, Value};
use writ_desk::Strength;
use writ_model::{Role, Span};
use writ_reach::Place;

use super::Problems;

/// LIMIT: roles that are mapped: four of ours, some names each.
const MAX_ROLES: usize = 64;
/// LIMIT: scopes, and values of acr and amr.
const MAX_WORDS: usize = 16;
/// LIMIT: minutes since somebody signed in at the identity provider: 30 days.
const MAX_MINUTES: i64 = 30 * 24 * 60;
/// LIMIT: characters of a name, an id, a claim.
const MAX_TEXT: usize = 200;

/// The provider's identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// Its issuer.
    pub issuer: Place,
    /// Who we are there.
    pub client_id: String,
    /// The file that holds our secret there, from the data folder; without one, a key of ours proves who we are.
    pub secret_file: Option<PathBuf>,
    /// What people call it.
    pub name: String,
    /// Scopes asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that lists roles, and what they leave of a seat.
    pub roles: Option<(String, BTreeMap<String, Role>)>,
    /// How strongly people have to sign in there.
    pub strength: Strength,
    /// Certificates trusted beside Mozilla's, from the data folder.
    pub ca_file: Option<PathBuf>,
}

impl Problems {
    /// Reads the section, if there is one.
    pub(super) fn oidc(&mut self, table: &mut Table) -> Option<Oidc> {
        let Value::Table(mut section) = table.remove("oidc")? else {
            self.add("oidc", "write it as a section");
            return None;
        };
        let before = self.0.len();
        let issuer = self.issuer(&mut section);
        let client_id = self.short(&mut section, "client_id");
        let name = self.short(&mut section, "name");
        let secret_file = self.text("oidc", &mut section, "client_secret_file").map(PathBuf::from);
        let ca_file = self.text("oidc", &mut section, "ca_file").map(PathBuf::from);
        let scopes = self.words(&mut section, "scopes");
        let strength = Strength {
            acr: self.words(&mut section, "acr"),
            amr: self.words(&mut section, "amr"),
            max_age: self.minutes(&mut section),
        };
        let roles = self.roles(&mut section);
        self.unknown("oidc", &section);
        (self.0.len() == before).then_some(())?;
        let (issuer, client_id, name) = (issuer?, client_id?, name?);
        Some(Oidc { issuer, client_id, secret_file, name, scopes, roles, strength, ca_file })
    }

    fn issuer(&mut self, section: &mut Table) -> Option<Place> {
        let text = self.needed(section, "issuer")?;
        match Place::parse(&text) {
            Ok(place) if !text.contains('?') => Some(place),
            Ok(_) => {
                self.add("oidc.issuer", "an issuer has no query");
                None
            }
            Err(why) => {
                self.add("oidc.issuer", &format!("{why}: write https://NAME"));
                None
            }
        }
    }

    fn needed(&mut self, section: &mut Table, key: &str) -> Option<String> {
        let missing = !section.contains_key(key);
        let text = self.text("oidc", section, key);
        if missing {
            self.add(&format!("oidc.{key}"), "is missing");
        }
        text
    }

    fn short(&mut self, section: &mut Table, key: &str) -> Option<String> {
        let text = self.needed(section, key)?;
        let fits = !text.is_empty()
            && text.chars().count() <= MAX_TEXT
            && !text.chars().any(char::is_control);
        if !fits {
            self.add(&format!("oidc.{key}"), "write a short text");
        }
        fits.then_some(text)
    }

    fn minutes(&mut self, section: &mut Table) -> Option<Span> {
        let minutes = section.remove("max_age_minutes")?.as_integer();
        let fits = minutes.filter(|minutes| (1..=MAX_MINUTES).contains(minutes));
        if fits.is_none() {
            self.add("oidc.max_age_minutes", "write a number of minutes, at most a month's");
        }
        fits.map(Span::minutes)
    }

    fn words(&mut self, section: &mut Table, key: &str) -> Vec<String> {
        let words = self.texts("oidc", section, key).unwrap_or_default();
        // RFC 6749 section 3.3: what a scope is made of; acr and amr values are no different in use.
        let word = |text: &String| {
            let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
            !text.is_empty() && text.len() <= MAX_TEXT && text.bytes().all(plain)
        };
        if words.len() > MAX_WORDS || !words.iter().all(word) {
            self.add(&format!("oidc.{key}"), "write a short list of words");
        }
        words
    }

    fn roles(&mut self, section: &mut Table) -> Option<(String, BTreeMap<String, Role>)> {
        let has_claim = section.contains_key("roles_claim");
        let roles = section.remove("roles");
        if has_claim != roles.is_some() {
            self.add("oidc.roles", "give roles_claim and roles together, or neither");
        }
        let claim = if has_claim { self.short(section, "roles_claim") } else { None };
        let table = match roles? {
            Value::Table(table) if !table.is_empty() && table.len() <= MAX_ROLES => table,
            _ => {
                self.add(
                    "oidc.roles",
                    "write their names and our roles, { \"staff\" = \"engineer\" }",
                );
                return None;
            }
        };
        let mut out = BTreeMap::new();
        for (theirs, ours) in table {
            let role = ours.as_str().map(str::parse::<Role>);
            match role {
                Some(Ok(role)) => {
                    out.insert(theirs, role);
                }
                Some(Err(why)) => self.add(&format!("oidc.roles.{theirs}"), &why),
                None => self.add(&format!("oidc.roles.{theirs}"), "write one of our roles"),
            }
        }
        Some((claim?, out))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_full_section_is_read() {
        let config = Config::parse(
            r#"
            [oidc]
            issuer = "https://id.example/realms/one"
            client_id = "writ"
            client_secret_file = "oidc.secret"
            name = "Example ID"
            scopes = ["groups"]
            roles_claim = "realm_access.roles"
            roles = { "writ-owners" = "owner", "audit" = "auditor" }
            acr = ["phr"]
            amr = ["mfa", "hwk"]
            max_age_minutes = 720
            ca_file = "/etc/roots.pem"
            "#,
        );
        let oidc = config.unwrap().oidc.unwrap();
        assert_eq!(oidc.issuer.as_str(), "https://id.example/realms/one");
        assert_eq!((oidc.client_id.as_str(), oidc.name.as_str()), ("writ", "Example ID"));
        let (claim, roles) = oidc.roles.unwrap();
        assert_eq!((claim.as_str(), roles.len()), ("realm_access.roles", 2));
        assert_eq!((oidc.strength.acr.len(), oidc.strength.amr.len()), (1, 2));
        assert_eq!(oidc.strength.max_age, Some(writ_model::Span::hours(12)));
        assert_eq!(Config::parse("").unwrap().oidc, None);
        let short = "[oidc]\nissuer = \"http://localhost:3000\"\nclient_id = \"a\"\nname = \"b\"";
        let oidc = Config::parse(short).unwrap().oidc.unwrap();
        assert!(oidc.secret_file.is_none() && oidc.roles.is_none() && oidc.scopes.is_empty());
    }

    #[test]
    fn every_problem_is_named() {
        let problems = Config::parse(
            r#"
            [oidc]
            issuer = "http://id.example"
            name = ""
            client_secret = "hunter2"
            scopes = ["a b"]
            max_age_minutes = 0
            roles_claim = "groups"
            roles = { "x" = "king", "y" = 7 }
            "#,
        )
        .unwrap_err();
        for wanted in [
            "oidc.issuer: this address",
            "oidc.client_id: is missing",
            "oidc.name: write a short",
            "oidc.client_secret: unknown key",
            "oidc.scopes: write",
            "oidc.max_age_minutes: write",
            "oidc.roles.x: `king` is not a role",
            "oidc.roles.y: write one",
        ] {
            assert!(problems.iter().any(|one| one.starts_with(wanted)), "{wanted}: {problems:#?}");
        }
        assert!(!format!("{problems:?}").contains("hunter2"), "a value of an unknown key is shown");
        let half = Config::parse("[oidc]\nroles_claim = \"groups\"").unwrap_err();
        assert!(half.iter().any(|one| one.starts_with("oidc.roles: give")), "{half:#?}");
        assert!(Config::parse("oidc = 1").is_err());
    }
}
