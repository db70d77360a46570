//! [`Place`]: an address that may be asked. `https`, or `http` to this machine by a loopback name.
//!
//! Never here: resolving. SECURITY: the client checks again, on the addresses that a name resolves to, that `http` stays on
//! this machine.

use std::{fmt, net::IpAddr};

use http::Uri;

use crate::Fault;

/// LIMIT: bytes of an address: what servers commonly take for one.
const MAX_ADDRESS: usize = 2_048;

/// An address that may be asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    text: String,
    uri: Uri,
    host: String,
    port: u16,
    tls: bool,
}

impl Place {
    /// Reads an absolute address: no user info, no fragment, printable ASCII.
    ///
    /// # Errors
    /// [`Fault::Address`].
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let bad = |why: &'static str| Fault::Address { why };
        if text.len() > MAX_ADDRESS {
            return Err(bad("it is too long"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains(['#', '\\']) {
            return Err(bad("it holds a fragment or characters that no address has"));
        }
        let uri: Uri = text.parse().map_err(|_bad| bad("it is no absolute address"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad("it is neither https nor http")),
        };
        let authority = uri.authority().ok_or_else(|| bad("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad("it carries user info"));
        }
        let host = authority.host();
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if bare.is_empty() {
            return Err(bad("it names no host"));
        }
        if !tls && !loopback_name(bare) {
            return Err(bad("http is for this machine only; use https"));
        }
        let named_port = authority.as_str().strip_prefix(host).unwrap_or_default();
        let port = match (named_port, authority.port_u16()) {
            ("", _) => {
                if tls {
                    443
                } else {
                    80
                }
            }
            (_, Some(port)) if port > 0 => port,
            _ => return Err(bad("its port is no port")),
        };
        let host = bare.to_ascii_lowercase();
        Ok(Self { text: text.to_owned(), uri, host, port, tls })
    }

    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, lower case, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is asked over TLS.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// `scheme://host[:port]` as given.
    pub fn origin(&self) -> String {
        let authority = self.uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        format!("{}://{authority}", if self.tls { "https" } else { "http" })
    }

    /// The path, at least `/`.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// Path and query, at least `/`.
    pub(crate) fn target(&self) -> &str {
        self.uri
            .path_and_query()
            .map_or("/", |both| if both.as_str().is_empty() { "/" } else { both.as_str() })
    }

    /// The value of `Host`.
    pub(crate) fn authority(&self) -> &str {
        self.uri.authority().map(http::uri::Authority::as_str).unwrap_or_default()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query may hold what nobody should read in a log.
        write!(out, "Place({}{})", self.origin(), self.uri.path())
    }
}

/// `localhost`, or an address of the loopback networks (RFC 6761 section 6.3, RFC 1122, RFC 4291).
pub(crate) fn loopback_name(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_http_here() {
        for (text, host, port, tls) in [
            ("https://id.example.com", "id.example.com", 443, true),
            ("https://ID.example.com:8443/a?b=c", "id.example.com", 8443, true),
            ("http://localhost:3000/x", "localhost", 3000, false),
            ("http://127.0.0.1/", "127.0.0.1", 80, false),
            ("http://[::1]:81/", "::1", 81, false),
        ] {
            let place = Place::parse(text).unwrap();
            assert_eq!((place.host(), place.port(), place.tls()), (host, port, tls), "{text}");
        }
        assert_eq!(Place::parse("https://a.example").unwrap().target(), "/");
        assert_eq!(Place::parse("https://a.example/p?q=1").unwrap().target(), "/p?q=1");
        assert_eq!(Place::parse("https://a.example:1/p").unwrap().origin(), "https://a.example:1");
    }

    #[test]
    fn everything_else_is_refused() {
        let long = format!("https://a.example/{}", "x".repeat(MAX_ADDRESS));
        for text in [
            "http://id.example.com/",
            "http://0.0.0.0/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example/",
            "ftp://a.example/",
            "file:///etc/passwd",
            "https://",
            "https:///x",
            "/x",
            "a.example",
            "https://user:pw@a.example/",
            "https://a.example/#x",
            "https://a.example\\@b.example/",
            "https://a.example/ x",
            "https://a.example/ü",
            "https://a.example:0/",
            "https://a.example:99999/",
            "https://a.example:/",
            "",
            &long,
        ] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn debug_leaves_the_query_out() {
        let place = Place::parse("https://a.example/p?code=secret").unwrap();
        assert_eq!(format!("{place:?}"), "Place(https://a.example/p)");
    }
}
