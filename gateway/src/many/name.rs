//! What things are called at the one endpoint: `SERVER__NAME` for tools and prompts, `writ-SERVER:URI` for addresses, and
//! the ids that servers make up, each under its server's name. All pure, and all read back exactly.
//!
//! A server's name has no underscore, so the first `__` ends it whatever comes after. A name that does not fit common
//! clients (64 characters of `A-Z a-z 0-9 _ -`) is cut and ends in a hash of what it stands for; it is read back only by
//! looking at what its server lists.
//! Never here: a list, a decision. To add one more kind of name: its form and how it is read back, side by side.

use writ_model::Digest;

/// LIMIT: characters of a shown name: what common clients and the interfaces of models take.
const MOST: usize = 64;
/// Between a server's name and what is its own.
const BETWEEN: &str = "__";
/// Characters of the hash in a cut name: 64 bits, in hexadecimal.
const HASH: usize = 16;
/// Characters that a cut name keeps of its server, and of its own name.
const OF_SERVER: usize = 20;
const OF_OWN: usize = MOST - OF_SERVER - BETWEEN.len() - 1 - HASH;
/// What the scheme of a server's address begins with.
pub(super) const SCHEME: &str = "writ-";

/// What a shown name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read<'a> {
    /// Server and own name, exactly.
    Whole(&'a str, &'a str),
    /// A cut one: only lists tell whose it is.
    Cut,
}

/// The name under which a server's tool or prompt is shown.
pub(super) fn shown(server: &str, own: &str) -> String {
    let whole = format!("{server}{BETWEEN}{own}");
    if whole.len() <= MOST && !own.is_empty() && own.chars().all(fits) && !is_cut(&whole) {
        return whole;
    }
    let (server_part, own_part) = (plain(server, OF_SERVER), plain(own, OF_OWN));
    // No server's name has a line end, so that no two pairs have the same bytes.
    let digest = Digest::of_parts(&[server.as_bytes(), b"\n", own.as_bytes()]).to_string();
    let hash: String = digest.chars().take(HASH).collect();
    format!("{server_part}{BETWEEN}{own_part}_{hash}")
}

/// What a name says; nothing if it is none that [`shown`] gives.
pub(super) fn read(name: &str) -> Option<Read<'_>> {
    let (server, own) = name.split_once(BETWEEN)?;
    if is_cut(name) {
        return Some(Read::Cut);
    }
    (shown(server, own) == name).then_some(Read::Whole(server, own))
}

fn fits(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')
}

fn plain(text: &str, most: usize) -> String {
    text.chars().take(most).map(|letter| if fits(letter) { letter } else { '-' }).collect()
}

/// Whether a name ends as a cut one does. A whole name that happens to is cut as well, so that no name has two meanings.
fn is_cut(name: &str) -> bool {
    let Some((_, hash)) = name.rsplit_once('_') else { return false };
    hash.len() == HASH && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The address that is one server's, whoever else has the same.
pub(super) fn address(server: &str, uri: &str) -> String {
    format!("{SCHEME}{server}:{uri}")
}

/// The server and its own address, if the address says whose it is.
pub(super) fn addressed(uri: &str) -> Option<(&str, &str)> {
    let (server, own) = uri.strip_prefix(SCHEME)?.split_once(':')?;
    crate::config::is_name(server).then_some((server, own))
}

/// An id that a server made up, as the agent sees it: `written` is the JSON that the server wrote.
pub(super) fn id(server: &str, written: &str) -> String {
    format!("{server}{BETWEEN}{written}")
}

/// The server that made an id up, and what it wrote.
pub(super) fn id_of(text: &str) -> Option<(&str, &str)> {
    let (server, written) = text.split_once(BETWEEN)?;
    crate::config::is_name(server).then_some((server, written))
}

/// The part of a template before its first variable: what an address that it makes begins with.
pub(super) fn fixed(template: &str) -> &str {
    template.split('{').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_plain_where_they_can_be() {
        assert_eq!(shown("mail", "send"), "mail__send");
        assert_eq!(shown("mail", "_x"), "mail___x");
        assert_eq!(read("mail___x"), Some(Read::Whole("mail", "_x")));
        assert_eq!(read("mail__a__b"), Some(Read::Whole("mail", "a__b")));
        for (server, own) in [
            ("mail", "read file"),
            ("mail", "sénd"),
            ("mail", ""),
            ("mail", "x.y/z"),
            ("mail", &"x".repeat(80)),
            (&"s".repeat(64), "send"),
            ("mail", "x_0123456789abcdef"),
        ] {
            let name = shown(server, own);
            assert!(name.len() <= MOST && name.chars().all(fits), "{name}");
            assert_eq!(read(&name), Some(Read::Cut), "{name}");
        }
        for none in ["send", "mail_send", "", "mail__", "mail__read file"] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn an_address_that_says_whose_it_is() {
        let out = address("mail", "file:///a{b}");
        assert_eq!(out, "writ-mail:file:///a{b}");
        assert_eq!(addressed(&out), Some(("mail", "file:///a{b}")));
        for none in ["file:///a", "writ-:x", "writ-Mail:x", "writ-mail"] {
            assert_eq!(addressed(none), None, "{none}");
        }
        assert_eq!(fixed("file:///{path}"), "file:///");
    }

    proptest! {
        #[test]
        fn whatever_is_shown_is_read_back_or_looked_up(
            server in "[a-z0-9-]{1,64}",
            own in "\\PC{0,90}|[a-zA-Z0-9_-]{1,60}|[a-z_]{0,8}_[0-9a-f]{16}",
        ) {
            let name = shown(&server, &own);
            prop_assert!(name.len() <= MOST && name.chars().all(fits));
            match read(&name) {
                Some(Read::Whole(of, what)) => prop_assert_eq!((of, what), (&*server, &*own)),
                Some(Read::Cut) => {}
                None => prop_assert!(false, "{} cannot be read", name),
            }
        }

        #[test]
        fn no_two_things_have_one_name(
            one in ("[a-b-]{1,3}|[a-z0-9-]{1,64}", "[a_-]{0,6}|\\PC{0,90}"),
            other in ("[a-b-]{1,3}|[a-z0-9-]{1,64}", "[a_-]{0,6}|\\PC{0,90}"),
        ) {
            let same = one == other;
            prop_assert_eq!(shown(&one.0, &one.1) == shown(&other.0, &other.1), same);
            prop_assert_eq!(address(&one.0, &one.1) == address(&other.0, &other.1), same);
            prop_assert_eq!(id(&one.0, &one.1) == id(&other.0, &other.1), same);
        }

        #[test]
        fn addresses_and_ids_come_back(server in "[a-z0-9-]{1,64}", own in "\\PC{0,60}") {
            let (address, id) = (address(&server, &own), id(&server, &own));
            prop_assert_eq!(addressed(&address), Some((&*server, &*own)));
            prop_assert_eq!(id_of(&id), Some((&*server, &*own)));
        }
    }
}
