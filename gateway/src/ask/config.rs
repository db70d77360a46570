//! Gateways that ask and cannot prove a key on every request, as the operator's file names them: [`Asker`], and the roads
//! of Envoy that they guard ([`Road`]). Checked at start; whatever is unusable is no asker.
//!
//! SECURITY: a key stands for one agent of one client, from the addresses that are named and from nowhere else. What that
//! agent may ask about stands in the client's ledger.
//! Never here: reading the file (the binary does), or what a question is answered.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use http::HeaderName;
use writ_model::{Digest, Secret, TenantId};

use crate::{ask::template::Template, config::is_name, core::Served, health::Health};

/// The server that grants name where they allow to ask. No server of the operator's file may have this name.
pub const DECISIONS: &str = "decisions";
/// LIMIT: letters of a key: 256 bits of chance have 43 in base64.
const KEY: std::ops::RangeInclusive<usize> = 43..=512;
/// LIMIT: path templates of one road, which are tried one after the other.
const PATHS: usize = 512;

/// A gateway that asks with a key of the operator's file.
#[derive(Debug)]
pub struct Asker {
    /// Its name in the operator's file.
    pub name: String,
    /// Whose agents it may ask about.
    pub tenant: TenantId,
    /// As which agent of that client it asks: its name or its id.
    pub agent: String,
    /// What it shows.
    pub key: Secret<String>,
    /// The addresses that it asks from; this machine if there are none.
    pub peers: Vec<IpAddr>,
    /// Roads that Envoy guards with it.
    pub roads: Vec<Road>,
}

/// One road of Envoy: what passes there is decided before it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Road {
    /// Its name: `/ext_authz/{name}` is Envoy's path prefix.
    pub name: String,
    /// The server that grants name.
    pub server: String,
    /// How whoever calls is known.
    pub caller: CallerBy,
    /// What passes there.
    pub carries: Carries,
}

/// How whoever calls on a road is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerBy {
    /// By its own token and its proof of possession, made for this origin: `https://shop.example`.
    Token(String),
    /// By its name or id in this header, which Envoy sets once it knows who calls, and which nobody else can.
    Header(String),
}

/// What passes on a road.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carries {
    /// MCP over streamable HTTP, decided message by message.
    Mcp,
    /// Any HTTP: the method is the action, the template of the path is the resource.
    Http {
        /// `/todos/{todoId}`: one name in braces stands for one part of a path.
        paths: Vec<String>,
        /// The body is decided on; it is JSON, or there is none.
        body: bool,
    },
}

/// What is wrong with an asker's entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAsker {
    /// The name is not one.
    #[error("asker or road name `{0}`: use 1 to 64 lower-case letters, digits and hyphens")]
    Name(String),
    /// Two askers, or two roads, have the name, or two askers the key.
    #[error("asker `{0}`: its name, its key or a road of its is used twice")]
    Twice(String),
    /// The key is too short, too long, or holds what a header cannot.
    #[error("asker `{0}`: its key has to be 43 to 512 printable letters without spaces")]
    Key(String),
    /// The origin is not one.
    #[error("road `{0}`: its origin has to be http://HOST or https://HOST, without a path")]
    Origin(String),
    /// The header is not one, or one that means something else.
    #[error("road `{0}`: the header that names who calls has to be one that nothing else uses")]
    Header(String),
    /// A path is no template.
    #[error(
        "road `{0}`: `{1}` is no path like /todos/{{todoId}}, or stands for the same as another"
    )]
    Path(String, String),
    /// There are no paths or too many.
    #[error("road `{0}` has no paths or more than 512")]
    Paths(String),
}

/// Everybody who may ask with a key, and the roads.
#[derive(Debug, Default)]
pub(crate) struct Askers {
    known: BTreeMap<Digest, Known>,
    roads: BTreeMap<String, Guarded>,
}

/// An asker, its key forgotten but for its digest.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) tenant: TenantId,
    pub(crate) agent: String,
    peers: Vec<IpAddr>,
}

/// A road and what is derived from its entry once.
#[derive(Debug)]
pub(crate) struct Guarded {
    /// Whose key Envoy has to show here.
    pub(crate) key: Digest,
    pub(crate) served: Served,
    pub(crate) caller: By,
    pub(crate) carries: Passing,
}

/// See [`CallerBy`].
#[derive(Debug)]
pub(crate) enum By {
    Token(String),
    Header(HeaderName),
}

/// See [`Carries`].
#[derive(Debug)]
pub(crate) enum Passing {
    Mcp,
    Http { paths: Vec<Template>, body: bool },
}

impl Known {
    /// Whether it asks from this address.
    fn from(&self, peer: IpAddr) -> bool {
        self.peers.contains(&peer.to_canonical())
    }
}

impl Askers {
    /// Who shows this key from this address.
    pub(crate) fn of(&self, key: &str, peer: IpAddr) -> Option<(Digest, &Known)> {
        if !KEY.contains(&key.len()) {
            return None;
        }
        // SECURITY: looked up by its digest, so that how long it takes says nothing about a key.
        let digest = Digest::of(key.as_bytes());
        let known = self.known.get(&digest).filter(|known| known.from(peer))?;
        Some((digest, known))
    }

    pub(crate) fn road(&self, name: &str) -> Option<&Guarded> {
        self.roads.get(name)
    }
}

/// A server that is only decided for: nothing is forwarded to it from here.
pub(crate) fn decided_for(base: &str, name: &str) -> Served {
    Served {
        name: name.to_owned(),
        client: None,
        resource: format!("{base}/mcp/{name}"),
        metadata: format!("{base}/.well-known/oauth-protected-resource/mcp/{name}"),
        upstream: None,
        health: Health::default(),
        siblings: Vec::new(),
    }
}

/// Checks all entries and reports every problem at once.
///
/// # Errors
/// With everything that is wrong.
pub(crate) fn checked(askers: Vec<Asker>, base: &str) -> Result<Askers, Vec<BadAsker>> {
    let (mut out, mut problems) = (Askers::default(), Vec::new());
    let mut names = Vec::new();
    for asker in askers {
        let Asker { name, tenant, agent, key, peers, roads } = asker;
        if !is_name(&name) {
            problems.push(BadAsker::Name(cut(&name)));
        }
        let text = key.expose();
        if !KEY.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            problems.push(BadAsker::Key(cut(&name)));
        }
        let digest = Digest::of(text.as_bytes());
        let here = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        let peers = if peers.is_empty() { here } else { peers };
        let known = Known { tenant, agent, peers };
        if names.contains(&name) || out.known.insert(digest, known).is_some() {
            problems.push(BadAsker::Twice(cut(&name)));
        }
        for road in roads {
            let (road_name, twice) = (road.name.clone(), cut(&name));
            match guarded(road, digest, base).map(|one| out.roads.insert(road_name, one)) {
                Ok(Some(_)) => problems.push(BadAsker::Twice(twice)),
                Ok(None) => {}
                Err(more) => problems.extend(more),
            }
        }
        names.push(name);
    }
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

fn guarded(road: Road, key: Digest, base: &str) -> Result<Guarded, Vec<BadAsker>> {
    let mut problems = Vec::new();
    let name = cut(&road.name);
    if !is_name(&road.name) || !is_name(&road.server) || road.server == DECISIONS {
        problems.push(BadAsker::Name(name.clone()));
    }
    let caller = match road.caller {
        CallerBy::Token(origin) => {
            if !is_origin(&origin) {
                problems.push(BadAsker::Origin(name.clone()));
            }
            By::Token(origin)
        }
        CallerBy::Header(header) => {
            let fits = |name: &HeaderName| !TAKEN.contains(&name.as_str());
            match header.parse::<HeaderName>().ok().filter(fits) {
                Some(header) => By::Header(header),
                None => return Err(vec![BadAsker::Header(name)]),
            }
        }
    };
    let carries = match road.carries {
        Carries::Mcp => Passing::Mcp,
        Carries::Http { paths, body } => {
            if paths.is_empty() || paths.len() > PATHS {
                problems.push(BadAsker::Paths(name.clone()));
            }
            let mut templates: Vec<Template> = Vec::new();
            for path in &paths {
                match Template::parse(path) {
                    Some(one) if !templates.iter().any(|known| known.same(&one)) => {
                        templates.push(one);
                    }
                    _ => problems.push(BadAsker::Path(name.clone(), cut(path))),
                }
            }
            Passing::Http { paths: templates, body }
        }
    };
    let served = decided_for(base, &road.server);
    if problems.is_empty() { Ok(Guarded { key, served, caller, carries }) } else { Err(problems) }
}

/// Headers that mean something else, which nobody is named by.
const TAKEN: [&str; 8] = [
    "authorization",
    "content-length",
    "content-type",
    "cookie",
    "dpop",
    "host",
    "writ-key",
    "x-envoy-auth-partial-body",
];

fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|host| {
        !host.is_empty()
            && host.bytes().all(
                |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b':' | b'[' | b']'),
            )
    })
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef";

    fn asker(name: &str, key: &str, roads: Vec<Road>) -> Asker {
        Asker {
            name: name.to_owned(),
            tenant: TenantId::from_bytes([1; 16]),
            agent: "edge".to_owned(),
            key: Secret::new(key.to_owned()),
            peers: Vec::new(),
            roads,
        }
    }

    fn road(name: &str, paths: &[&str]) -> Road {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Road {
            name: name.to_owned(),
            server: "shop".to_owned(),
            caller: CallerBy::Token("https://shop.example".to_owned()),
            carries: Carries::Http { paths, body: false },
        }
    }

    #[test]
    fn a_key_counts_from_its_own_addresses_only() {
        let good = road("shop", &["/todos", "/todos/{id}"]);
        let askers = checked(vec![asker("edge", KEY, vec![good])], "http://gate").unwrap();
        let (here, there) = ("127.0.0.1".parse().unwrap(), "10.0.0.1".parse().unwrap());
        assert!(askers.of(KEY, here).is_some() && askers.of(KEY, "::1".parse().unwrap()).is_some());
        assert!(askers.of(KEY, "::ffff:127.0.0.1".parse().unwrap()).is_some());
        assert!(askers.of(KEY, there).is_none() && askers.of("", here).is_none());
        assert!(askers.of(&KEY.replace('0', "1"), here).is_none());
        assert_eq!(askers.road("shop").unwrap().served.resource, "http://gate/mcp/shop");
        let mut far = asker("edge", KEY, Vec::new());
        far.peers = vec![there];
        let askers = checked(vec![far], "http://gate").unwrap();
        assert!(askers.of(KEY, there).is_some() && askers.of(KEY, here).is_none());
    }

    #[test]
    fn every_problem_is_reported() {
        let bad_origin =
            Road { caller: CallerBy::Token("https://a/b".to_owned()), ..road("a", &["/x"]) };
        let bad_header = Road { caller: CallerBy::Header("DPoP".to_owned()), ..road("b", &["/x"]) };
        let own = Road { server: DECISIONS.to_owned(), ..road("c", &["/x"]) };
        let roads = vec![
            bad_origin,
            bad_header,
            own,
            road("d", &[]),
            road("e", &["/a/{x}", "/a/{y}", "todos", "/a//b", "/a/../b"]),
            road("f", &["/x"]),
            road("f", &["/x"]),
        ];
        let askers = vec![asker("Edge", KEY, roads), asker("other", KEY, Vec::new())];
        let problems = checked(askers, "http://gate").unwrap_err();
        assert_eq!(problems.len(), 11, "{problems:#?}");
        let short = checked(vec![asker("edge", "short", Vec::new())], "http://gate");
        assert_eq!(short.unwrap_err(), [BadAsker::Key("edge".to_owned())]);
    }
}
