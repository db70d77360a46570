//! What a token is for: its resource (RFC 8707) and its scope. `mcp` reaches every server of the resource, `mcp:NAME` that
//! one; a token for one server's address reaches only it. A scope narrows and gives nothing: what may be done is in grants.
//!
//! Never here: a grant, or a word that widens.

use std::collections::BTreeSet;

use writ_identity::token::SCOPE_ALL;

use super::refused::Refused;
use crate::Desk;

/// LIMIT: a resource's address.
const MAX_RESOURCE: usize = 512;
/// LIMIT: words of a scope: servers of one gateway that one client speaks to.
const MAX_WORDS: usize = 32;
/// LIMIT: letters of a server's name, which is one of the operator's: 32 of them fit into a token.
const MAX_NAME: usize = 59;
/// Asks for a refresh token, which everybody gets who consents; taken, because clients ask for it (OpenID Connect Core
/// section 11).
const OFFLINE: &str = "offline_access";

/// The words of every server, for metadata.
pub(super) fn supported() -> [&'static str; 2] {
    [SCOPE_ALL, OFFLINE]
}

/// The resource, if it is ours: a gateway's `/mcp`, or `/mcp/{server}`.
pub(super) fn resource(desk: &Desk, resource: &str) -> Result<String, Refused> {
    let bases = desk.bases();
    let after = |base: &String| resource.strip_prefix(base)?.strip_prefix("/mcp");
    let rest = bases.iter().find_map(after);
    let ours = resource.len() <= MAX_RESOURCE
        && rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('/').is_some_and(is_name));
    if ours {
        return Ok(resource.to_owned());
    }
    let base = bases.first().map(String::as_str).unwrap_or_default();
    let why = format!("the resource is not one of this server's: it begins with {base}/mcp");
    Err(Refused::new("invalid_target", why))
}

/// The one server that a resource of ours is of; none is the gateway as a whole.
pub(super) fn server(resource: &str) -> Option<&str> {
    resource.rsplit_once("/mcp/").map(|(_, server)| server)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The scope that is given for what was asked, at this resource.
pub(super) fn granted(asked: Option<&str>, resource: &str) -> Result<String, Refused> {
    let only = server(resource);
    let whole = only.map_or_else(|| SCOPE_ALL.to_owned(), |server| format!("mcp:{server}"));
    let Some(asked) = asked else { return Ok(whole) };
    let refuse = |why: String| Err(Refused::new("invalid_scope", why));
    let words: Vec<&str> = asked.split(' ').filter(|word| !word.is_empty()).collect();
    if words.len() > MAX_WORDS {
        return refuse(format!("a scope has at most {MAX_WORDS} words"));
    }
    let mut named = Vec::new();
    for word in words {
        match word.strip_prefix("mcp:") {
            _ if word == OFFLINE => {}
            _ if word == SCOPE_ALL => return Ok(whole),
            Some(server) if is_name(server) && only.is_none_or(|only| only == server) => {
                named.push(word);
            }
            _ => {
                let word: String = word.chars().take(64).collect();
                return refuse(format!(
                    "`{word}` is no scope of this resource: ask for `mcp`, or `mcp:` and a server's name"
                ));
            }
        }
    }
    named.sort_unstable();
    named.dedup();
    if named.is_empty() { Ok(whole) } else { Ok(named.join(" ")) }
}

/// The scope that is left when a client asks for less than it was given (RFC 6749 section 6).
pub(super) fn narrowed(
    asked: Option<&str>,
    given: &str,
    resource: &str,
) -> Result<String, Refused> {
    if asked.is_none() {
        return Ok(given.to_owned());
    }
    let wanted = granted(asked, resource)?;
    let held = |word: &str| given.split(' ').any(|one| one == word || one == SCOPE_ALL);
    if wanted.split(' ').all(held) {
        return Ok(wanted);
    }
    let why =
        format!("only `{given}` was given: a wider scope is asked for with a new authorization");
    Err(Refused::new("invalid_scope", why))
}

/// The gateway that a resource of ours is at.
pub(super) fn base(resource: &str) -> &str {
    let server = resource.rsplit_once("/mcp/").map(|(base, _)| base);
    server.or_else(|| resource.strip_suffix("/mcp")).unwrap_or(resource)
}

/// Which servers of one gateway a token reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    All,
    Some(BTreeSet<String>),
}

impl Reach {
    /// That of a resource and a scope, as the gateways read them.
    pub(super) fn of(resource: &str, scope: Option<&str>) -> Self {
        let named = match scope {
            Some(scope) if !scope.split(' ').any(|word| word == SCOPE_ALL) => {
                let words = scope.split(' ').filter_map(|word| word.strip_prefix("mcp:"));
                Self::Some(words.map(str::to_owned).collect())
            }
            Some(_) | None => Self::All,
        };
        match server(resource) {
            Some(server) => Self::Some(BTreeSet::from([server.to_owned()])).and(&named),
            None => named,
        }
    }

    /// What both reach.
    pub(super) fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, one) | (one, Self::All) => one.clone(),
            (Self::Some(one), Self::Some(other)) => {
                Self::Some(one.intersection(other).cloned().collect())
            }
        }
    }

    /// Whether it reaches all that another one does.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Some(_), Self::All) => false,
            (Self::Some(one), Self::Some(other)) => one.is_superset(other),
        }
    }

    /// As a scope; nothing if it reaches nothing.
    pub(super) fn words(&self) -> Option<String> {
        match self {
            Self::All => Some(SCOPE_ALL.to_owned()),
            Self::Some(servers) if servers.is_empty() => None,
            Self::Some(servers) => {
                let words: Vec<String> = servers.iter().map(|name| format!("mcp:{name}")).collect();
                Some(words.join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "http://127.0.0.1:7421/mcp";
    const MAIL: &str = "http://127.0.0.1:7421/mcp/mail";

    #[test]
    fn a_scope_is_what_was_asked_and_never_more_than_the_resource() {
        for (asked, resource, given) in [
            (None, ALL, Ok("mcp")),
            (None, MAIL, Ok("mcp:mail")),
            (Some("mcp"), MAIL, Ok("mcp:mail")),
            (Some("mcp:mail offline_access"), MAIL, Ok("mcp:mail")),
            (Some("offline_access"), ALL, Ok("mcp")),
            (Some("mcp:mail mcp:crm mcp:mail"), ALL, Ok("mcp:crm mcp:mail")),
            (Some("mcp:mail mcp"), ALL, Ok("mcp")),
            (Some("mcp:crm"), MAIL, Err(())),
            (Some("admin"), ALL, Err(())),
            (Some("mcp:"), ALL, Err(())),
            (Some("mcp:a/b"), ALL, Err(())),
            (Some(&format!("mcp:{}", "a".repeat(MAX_NAME + 1))), ALL, Err(())),
        ] {
            let got = granted(asked, resource);
            match given {
                Ok(given) => assert_eq!(got.unwrap(), given, "{asked:?}"),
                Err(()) => assert_eq!(got.unwrap_err().error, "invalid_scope", "{asked:?}"),
            }
        }
    }

    #[test]
    fn the_widest_scope_fits_into_a_token() {
        let name = |n: usize| format!("mcp:{}{n:02}", "a".repeat(MAX_NAME - 2));
        let all: Vec<String> = (0..MAX_WORDS).map(name).collect();
        let given = granted(Some(&all.join(" ")), ALL).unwrap();
        assert!(given.len() <= 2_048, "{}", given.len());
    }

    #[test]
    fn what_is_reached_is_what_the_gateways_let_a_token_reach() {
        let some =
            |names: &[&str]| Reach::Some(names.iter().map(|one| (*one).to_owned()).collect());
        for (resource, scope, reach) in [
            (ALL, None, Reach::All),
            (ALL, Some("mcp"), Reach::All),
            (ALL, Some("mcp:crm mcp:mail"), some(&["crm", "mail"])),
            (ALL, Some("offline_access"), some(&[])),
            (MAIL, None, some(&["mail"])),
            (MAIL, Some("mcp"), some(&["mail"])),
            (MAIL, Some("mcp:mail"), some(&["mail"])),
            (MAIL, Some("mcp:crm"), some(&[])),
        ] {
            assert_eq!(Reach::of(resource, scope), reach, "{resource} {scope:?}");
        }
        let (all, both, mail) = (Reach::All, some(&["crm", "mail"]), some(&["mail"]));
        assert_eq!((all.and(&mail), both.and(&mail)), (mail.clone(), mail.clone()));
        assert!(all.covers(&both) && both.covers(&mail) && mail.covers(&mail));
        assert!(!both.covers(&all) && !mail.covers(&both));
        assert_eq!(both.words().unwrap(), "mcp:crm mcp:mail");
        assert_eq!((all.words().unwrap().as_str(), some(&[]).words()), ("mcp", None));
        assert_eq!((base(ALL), base(MAIL)), ("http://127.0.0.1:7421", "http://127.0.0.1:7421"));
    }

    #[test]
    fn a_refresh_may_ask_for_less_and_not_for_more() {
        assert_eq!(narrowed(None, "mcp:mail", ALL).unwrap(), "mcp:mail");
        assert_eq!(narrowed(Some("mcp:mail"), "mcp", ALL).unwrap(), "mcp:mail");
        assert_eq!(narrowed(Some("mcp:a"), "mcp:a mcp:b", ALL).unwrap(), "mcp:a");
        assert!(narrowed(Some("mcp"), "mcp:mail", ALL).is_err());
        assert!(narrowed(Some("mcp:crm"), "mcp:mail", ALL).is_err());
    }
}
