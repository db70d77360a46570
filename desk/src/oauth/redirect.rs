//! Where an answer may go: exactly an address that the client named beforehand (RFC 9700 section 2.1), except the port of a
//! loopback address, which a program on a person's machine learns when it starts (RFC 8252 section 7.3).
//!
//! Never here: a pattern, a prefix, a host alone.

use writ_reach::{Place, encode};

/// LIMIT: bytes of an address.
pub(super) const MAX_REDIRECT: usize = 1_024;
/// Schemes that a browser itself takes for something else than a program's own.
const NOT_A_PROGRAMS: [&str; 14] = [
    "about",
    "blob",
    "chrome",
    "data",
    "file",
    "filesystem",
    "ftp",
    "http",
    "https",
    "javascript",
    "mailto",
    "vbscript",
    "view-source",
    "wss",
];

/// Schemes without a dot that are known to be a program's own. To add one: its word, once somebody has seen that program ask.
const KNOWN: [&str; 4] = ["cursor", "vscode", "vscode-insiders", "windsurf"];

/// Whether a client that nobody vouches for may name this address: `https`, loopback `http`, or a scheme that is surely a
/// program's own: a name of its maker's (RFC 8252 section 7.1: with a dot), or a known one. Any other may be something that
/// the system itself opens.
pub(super) fn fits(uri: &str) -> bool {
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    let surely =
        matches!(scheme, "https" | "http") || scheme.contains('.') || KNOWN.contains(&scheme);
    surely && fits_listed(uri)
}

/// The same for a client of the operator's file: any scheme that a browser does not take for its own.
pub(super) fn fits_listed(uri: &str) -> bool {
    if uri.len() > MAX_REDIRECT || !uri.bytes().all(|b| b.is_ascii_graphic()) {
        return false;
    }
    if uri.contains(['#', '\\', '"', '<', '>']) {
        return false;
    }
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    match scheme {
        "https" | "http" => Place::parse(uri).is_ok(),
        _ => own(scheme) && rest.starts_with('/') && !rest.contains('@'),
    }
}

fn own(scheme: &str) -> bool {
    let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b);
    scheme.len() > 2
        && scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(letters)
        && !NOT_A_PROGRAMS.contains(&scheme)
}

/// Whether an answer may go to an address, of those that a client named.
pub(super) fn named(asked: &str, named: &[String]) -> bool {
    fits_listed(asked)
        && named.iter().any(|one| {
            one == asked || portless(one).is_some_and(|one| portless(asked) == Some(one))
        })
}

/// An address without the port of a loopback one, which is another each time.
pub(super) fn without_port(uri: &str) -> String {
    portless(uri).map_or_else(|| uri.to_owned(), |(host, path)| format!("http://{host}{path}"))
}

/// A loopback address without its port: what stands before it and after it.
fn portless(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]", "localhost"].into_iter().find(|host| {
        rest.strip_prefix(host)
            .is_some_and(|after| after.is_empty() || after.starts_with([':', '/', '?']))
    })?;
    let after = rest.strip_prefix(host)?;
    let path = match after.strip_prefix(':') {
        Some(port) => port.trim_start_matches(|digit: char| digit.is_ascii_digit()),
        None => after,
    };
    Some((host, path))
}

/// The host that an answer goes to, for people; a program's own address whole.
pub(super) fn shown(uri: &str) -> String {
    match Place::parse(uri) {
        Ok(place) if !place.tls() => {
            "this machine, where any program can say that it is this one".to_owned()
        }
        Ok(place) => place.host().to_owned(),
        Err(_own) => uri.to_owned(),
    }
}

/// The address with an answer.
pub(super) fn with(uri: &str, answer: &[(&str, &str)]) -> String {
    let glue = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{glue}{}", encode(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_a_client_may_name() {
        for good in [
            "https://app.example/cb",
            "https://app.example:8443/cb?x=1",
            "http://127.0.0.1:8080/cb",
            "http://localhost/cb",
            "http://[::1]:1/cb",
            "com.example.app:/cb",
            "cursor://anysphere.cursor-mcp/oauth/callback",
        ] {
            assert!(fits(good), "{good}");
        }
        // What a system or a browser opens by itself, and what nobody knows, only the operator may name.
        for word in ["intent", "ms-word", "search-ms", "jar", "resource", "chrome-extension", "own"]
        {
            let uri = format!("{word}://x/cb");
            assert!(!fits(&uri) && fits_listed(&uri), "{uri}");
        }
        let long = format!("https://a.example/{}", "x".repeat(MAX_REDIRECT));
        for bad in [
            "",
            "/cb",
            "http://app.example/cb",
            "https://app.example/cb#x",
            "https://user@app.example/",
            "https://app.example\\@evil.example/",
            "javascript:/alert(1)",
            "JavaScript:/alert(1)",
            "data:/text/html,x",
            "x:/y",
            "com.example.app:cb",
            "https://app.example/ cb",
            "https://app.example/\r\nx",
            &long,
        ] {
            assert!(!fits(bad) && !fits_listed(bad), "{bad}");
        }
    }

    #[test]
    fn an_answer_goes_exactly_where_the_client_said_but_for_a_loopback_port() {
        let list: Vec<String> =
            ["https://app.example/cb", "http://127.0.0.1/cb", "http://localhost:3000/x"]
                .map(str::to_owned)
                .into();
        for good in [
            "https://app.example/cb",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:51004/cb",
            "http://localhost:9/x",
        ] {
            assert!(named(good, &list), "{good}");
        }
        for bad in [
            "https://app.example/cb/",
            "https://app.example/cb?x=1",
            "https://app.example:443/cb",
            "https://APP.example/cb",
            "https://app.example.evil.example/cb",
            "http://127.0.0.1:51004/cb2",
            "http://127.0.0.1:51004/cb?x",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:80@evil.example/cb",
            "http://localhost:1/cb",
            "http://[::1]/cb",
            "https://127.0.0.1/cb",
        ] {
            assert!(!named(bad, &list), "{bad}");
        }
    }

    #[test]
    fn an_answer_is_encoded() {
        let answer = [("code", "a&b"), ("state", "x y")];
        assert_eq!(with("http://a/cb", &answer), "http://a/cb?code=a%26b&state=x+y");
        assert_eq!(with("http://a/cb?z=1", &answer), "http://a/cb?z=1&code=a%26b&state=x+y");
    }
}
