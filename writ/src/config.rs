//! The operator's file, `writ.toml` in the data folder: where desk and gateway listen, and which servers stand behind the
//! gateway. Nothing that a tenant can write gets here.
//!
//! ```toml
//! [desk]
//! listen = "127.0.0.1:7420"
//! behind_proxy = true               # TLS ends at a proxy on the same private network: `listen` may be any address
//! origin = "https://writ.example"   # as browsers see the console; leave out: http://localhost with the desk's port
//! issuer = "https://writ.example"   # as agents see the desk, where that is not http://ADDRESS:PORT above
//! attestation_roots = "makers.pem"  # whose authenticators `writ key-policy set … attested` takes; from the data folder
//! [gateway]
//! listen = "127.0.0.1:7421"
//! behind_proxy = true               # as above
//! base = "https://tools.example"    # as agents see the gateways, where that is not http://ADDRESS:PORT above
//! [[server]]
//! name = "files"
//! client = "harbor-books"      # leave out: every client
//! command = ["npx", "-y", "@modelcontextprotocol/server-filesystem", "/srv/harbor"]
//! env = { PATH = "/usr/bin" }  # the whole environment: nothing is inherited
//! [[server]]
//! name = "mail"
//! template = "@gongrzhe/server-gmail-autoauth-mcp" # its tools are classed as `writ flow templates` says of that package
//! url = "http://127.0.0.1:9000/mcp" # or https; with `[server.auth]` for one that wants a token
//! [[server]]
//! name = "desktop-files"
//! wrapped = true               # on the agent's machine, under `writ wrap`
//! ```
//! The other sections have files of their own below `config/`: `oidc`, `oauth`, `notify`, `asker`, `upstream`, `catalog`, and
//! `cluster` for what several processes share. Unknown keys are refused, and every problem is reported at once.
//! Never here: a secret. To add a key: its reader in [`Config::parse`], its line above, a row in the tests.

use std::{
    collections::BTreeMap,
    fs, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use toml::{Table, Value};
use writ_flow::Template;
use writ_gateway::FirstSight;
use writ_identity::webauthn::RelyingParty;
use writ_reach::Place as Address;

use crate::fault::Fault;

pub mod asker;
mod catalog;
pub mod cluster;
pub mod notify;
pub mod oauth;
pub mod oidc;
pub mod upstream;

use asker::Asker;
use cluster::Cluster;
use notify::Notify;
use oauth::Oauth;
use oidc::Oidc;

/// The file's name in the data folder.
pub const FILE: &str = "writ.toml";
/// Where the desk listens if nothing says otherwise.
pub const DESK_PORT: u16 = 7420;
/// Where the gateway listens if nothing says otherwise.
pub const GATEWAY_PORT: u16 = 7421;

/// What the operator wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the desk listens.
    pub desk: SocketAddr,
    /// Where the gateway listens.
    pub gateway: SocketAddr,
    /// The console's origin as browsers see it, if it is not this machine's own name: what passkeys are bound to.
    pub origin: Option<String>,
    /// The desk as agents see it, if that is not where it listens: the issuer of tokens.
    pub issuer: Option<String>,
    /// The gateways as agents see them, if that is not where each listens.
    pub base: Option<String>,
    /// Certificates of authenticators' makers, from the data folder.
    pub attestation_roots: Option<PathBuf>,
    /// The servers behind the gateway.
    pub servers: Vec<Server>,
    /// The provider's own identity provider, if its people may sign in there.
    pub oidc: Option<Oidc>,
    /// Which programs may ask people to let them act as an agent.
    pub oauth: Oauth,
    /// How people are told that something waits or was done.
    pub notify: Option<Notify>,
    /// What several processes share.
    pub cluster: Cluster,
    /// Gateways that ask for decisions with a key.
    pub askers: Vec<Asker>,
    /// What happens to a definition that was never seen before.
    pub first_sight: FirstSight,
}

/// A server behind the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name in addresses and grants.
    pub name: String,
    /// The only client it is for, by short name.
    pub client: Option<String>,
    /// Which public server it is, by its package: the template of its tools' classes.
    pub template: Option<String>,
    /// Where it is.
    pub place: Place,
    /// How to be let in, if it lets in nobody without a token.
    pub auth: Option<upstream::Auth>,
    /// Certificates trusted beside Mozilla's, from the data folder.
    pub ca_file: Option<PathBuf>,
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Streamable HTTP at this address.
    Url(String),
    /// A process of the gateway's machine.
    Command {
        /// Program and arguments.
        command: Vec<String>,
        /// Its whole environment.
        env: BTreeMap<String, String>,
        /// Its folder.
        folder: Option<PathBuf>,
    },
    /// On the agent's machine, under `writ wrap`.
    Wrapped,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            desk: loopback(DESK_PORT),
            gateway: loopback(GATEWAY_PORT),
            origin: None,
            issuer: None,
            base: None,
            attestation_roots: None,
            servers: Vec::new(),
            oidc: None,
            oauth: Oauth::default(),
            notify: None,
            cluster: Cluster::default(),
            askers: Vec::new(),
            first_sight: FirstSight::default(),
        }
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl Config {
    /// Reads the file; without one, the defaults.
    ///
    /// # Errors
    /// If it cannot be read, or with every problem in it.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Fault::file(path, "read", &error)),
        };
        Self::parse(&text).map_err(|problems| {
            let list: Vec<String> =
                problems.iter().map(|problem| format!("\n  - {problem}")).collect();
            Fault::usage(format!(
                "`{}` has {} problems:{}",
                path.display(),
                list.len(),
                list.concat()
            ))
            .cure("correct them and start again; nothing was started")
        })
    }

    /// The console's origin if the desk listens there. Browsers bind passkeys to names, never to addresses, so this
    /// machine is `localhost`.
    pub fn origin_at(&self, desk: SocketAddr) -> String {
        self.origin.clone().unwrap_or_else(|| format!("http://localhost:{}", desk.port()))
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    /// Every problem, each with the place it is at.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut table: Table =
            text.parse().map_err(|error: toml::de::Error| vec![error.to_string()])?;
        let mut problems = Problems::default();
        let origin = problems.origin(&mut table);
        let issuer = problems.place(&mut table, "desk", "issuer");
        let base = problems.place(&mut table, "gateway", "base");
        let attestation_roots =
            problems.of_section(&mut table, "desk", "attestation_roots").map(PathBuf::from);
        let oidc = problems.oidc(&mut table);
        let oauth = problems.oauth(&mut table);
        let notify = problems.notify(&mut table);
        let cluster = problems.cluster(&mut table);
        let askers = problems.askers(&mut table);
        let first_sight = problems.catalog(&mut table);
        let desk = problems.listen(&mut table, "desk", DESK_PORT);
        let gateway = problems.listen(&mut table, "gateway", GATEWAY_PORT);
        let mut servers = Vec::new();
        match table.remove("server") {
            None => {}
            Some(Value::Array(list)) => {
                for (at, entry) in list.into_iter().enumerate() {
                    let place = format!("server {}", at + 1);
                    match entry {
                        Value::Table(entry) => servers.extend(problems.server(&place, entry)),
                        _ => problems.add(&place, "write it as [[server]]"),
                    }
                }
            }
            Some(_) => problems.add("server", "write it as [[server]]"),
        }
        problems.unknown("", &table);
        if problems.0.is_empty() {
            let places = Self { desk, gateway, origin, issuer, base, ..Self::default() };
            Ok(Self {
                attestation_roots,
                servers,
                oidc,
                oauth,
                notify,
                cluster,
                askers,
                first_sight,
                ..places
            })
        } else {
            Err(problems.0)
        }
    }
}

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, place: &str, what: &str) {
        self.0.push(format!("{place}: {what}"));
    }

    fn unknown(&mut self, place: &str, table: &Table) {
        for key in table.keys() {
            let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            self.add(&place, "unknown key");
        }
    }

    fn listen(&mut self, table: &mut Table, name: &str, port: u16) -> SocketAddr {
        let default = loopback(port);
        let mut section = match table.remove(name) {
            None => return default,
            Some(Value::Table(section)) => section,
            Some(_) => {
                self.add(name, "write it as a section");
                return default;
            }
        };
        let place = format!("{name}.listen");
        let behind = match section.remove("behind_proxy") {
            None => false,
            Some(Value::Boolean(behind)) => behind,
            Some(_) => {
                self.add(&format!("{name}.behind_proxy"), "it is true or false");
                false
            }
        };
        let address = match section.remove("listen") {
            None => default,
            Some(Value::String(text)) => match text.parse::<SocketAddr>() {
                Ok(address) if behind || address.ip().is_loopback() => address,
                Ok(_) => {
                    let words = "not loopback: sessions and tokens would travel in the clear; where TLS ends at a proxy on the same private network, say behind_proxy = true";
                    self.add(&place, words);
                    default
                }
                Err(_) => {
                    self.add(&place, "write ADDRESS:PORT, for example 127.0.0.1:7420");
                    default
                }
            },
            Some(_) => {
                self.add(&place, "write a text, ADDRESS:PORT");
                default
            }
        };
        self.unknown(name, &section);
        address
    }

    /// `desk.origin`, taken out of its section.
    fn origin(&mut self, table: &mut Table) -> Option<String> {
        let Some(Value::Table(section)) = table.get_mut("desk") else { return None };
        let Value::String(text) = section.remove("origin")? else {
            self.add("desk.origin", "write a text, https://NAME");
            return None;
        };
        match RelyingParty::of_origin(&text) {
            Ok(_) => Some(text),
            Err(why) => {
                self.add("desk.origin", &format!("{why}: write https://NAME or https://NAME:PORT"));
                None
            }
        }
    }

    /// A text of a section, taken out of it.
    fn of_section(&mut self, table: &mut Table, section: &str, key: &str) -> Option<String> {
        let Some(Value::Table(entries)) = table.get_mut(section) else { return None };
        self.text(section, entries, key)
    }

    /// The address of an installation's part as agents see it: no path, no final slash.
    fn place(&mut self, table: &mut Table, section: &str, key: &str) -> Option<String> {
        let text = self.of_section(table, section, key)?;
        match Address::parse(&text) {
            Ok(place) if place.origin() == text => Some(text),
            Ok(_) => {
                self.add(
                    &format!("{section}.{key}"),
                    "write https://NAME, without a path or a final slash",
                );
                None
            }
            Err(why) => {
                self.add(&format!("{section}.{key}"), &format!("{why}: write https://NAME"));
                None
            }
        }
    }

    fn server(&mut self, place: &str, mut entry: Table) -> Option<Server> {
        let before = self.0.len();
        let name = self.text(place, &mut entry, "name").unwrap_or_default();
        if name.is_empty() {
            self.add(place, "has no name");
        }
        let client = self.text(place, &mut entry, "client");
        let template = self.template(place, &mut entry);
        let url = self.text(place, &mut entry, "url");
        let folder = self.text(place, &mut entry, "folder").map(PathBuf::from);
        let command = self.texts(place, &mut entry, "command");
        let env = self.env(place, &mut entry);
        let (auth, ca_file) = self.guarded(place, &mut entry, url.is_some());
        let wrapped = match entry.remove("wrapped") {
            None => false,
            Some(Value::Boolean(wrapped)) => wrapped,
            Some(_) => {
                self.add(place, "wrapped is true or false");
                false
            }
        };
        self.unknown(place, &entry);
        let at = match (url, command, wrapped) {
            (Some(url), None, false) => Some(Place::Url(url)),
            (None, Some(command), false) if !command.is_empty() => {
                Some(Place::Command { command, env, folder })
            }
            (None, None, true) => Some(Place::Wrapped),
            _ => {
                self.add(place, "give one of url, command (a list), wrapped = true");
                None
            }
        };
        (self.0.len() == before).then_some(())?;
        Some(Server { name, client, template, place: at?, auth, ca_file })
    }

    /// The package whose template counts for a server.
    fn template(&mut self, place: &str, entry: &mut Table) -> Option<String> {
        let package = self.text(place, entry, "template")?;
        if Template::of(&package).is_none() {
            self.add(
                &format!("{place}.template"),
                "no template is known by this name: `writ flow templates` lists them",
            );
        }
        Some(package)
    }

    fn text(&mut self, place: &str, table: &mut Table, key: &str) -> Option<String> {
        if let Value::String(text) = table.remove(key)? {
            return Some(text);
        }
        self.add(&format!("{place}.{key}"), "write a text");
        None
    }

    fn texts(&mut self, place: &str, table: &mut Table, key: &str) -> Option<Vec<String>> {
        let texts = match table.remove(key)? {
            Value::Array(items) => items
                .into_iter()
                .map(|item| match item {
                    Value::String(text) => Some(text),
                    _ => None,
                })
                .collect(),
            _ => None,
        };
        if texts.is_none() {
            self.add(&format!("{place}.{key}"), "write a list of texts");
        }
        texts
    }

    fn env(&mut self, place: &str, table: &mut Table) -> BTreeMap<String, String> {
        let Some(value) = table.remove("env") else { return BTreeMap::new() };
        let entries = match value {
            Value::Table(entries) => entries
                .into_iter()
                .map(|(name, value)| match value {
                    Value::String(value) => Some((name, value)),
                    _ => None,
                })
                .collect::<Option<BTreeMap<_, _>>>(),
            _ => None,
        };
        entries.unwrap_or_else(|| {
            self.add(&format!("{place}.env"), "write names and texts");
            BTreeMap::new()
        })
    }
}

#[cfg(test)]
mod tests;
