//! [`RelyingParty`]: the one origin that passkeys are for, and the id that goes with it.
//!
//! Never here: a list of origins, or an id that is a parent domain of the origin's host: what is signed at one host is
//! for that host.

use std::net::Ipv4Addr;

use crate::webauthn::WebauthnFault;

/// LIMIT: characters of a host (RFC 1035 section 2.3.4).
const MAX_HOST: usize = 253;

/// The relying party (section 4): who asks for passkeys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelyingParty {
    /// The relying party id: the origin's host.
    pub rp_id: String,
    /// The origin as browsers write it: `https://desk.example`, `http://localhost:7420`.
    pub origin: String,
}

impl RelyingParty {
    /// The relying party of this origin: https with a domain name, or http (or https) with `localhost`. The origin must
    /// be spelled as browsers do (RFC 6454 section 6.2): lower case, no path, no port that is the scheme's own.
    ///
    /// # Errors
    /// [`WebauthnFault::RelyingParty`]: browsers give no passkeys to IP addresses (section 5.1.3) nor to pages
    /// that did not come over TLS.
    pub fn of_origin(origin: &str) -> Result<Self, WebauthnFault> {
        let rp_id = host(origin).ok_or(WebauthnFault::RelyingParty)?.to_owned();
        Ok(Self { rp_id, origin: origin.to_owned() })
    }
}

fn host(origin: &str) -> Option<&str> {
    let (scheme, rest) = origin.split_once("://")?;
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    };
    let own_port = match scheme {
        "https" => "443",
        "http" if host == "localhost" => "80",
        _ => return None,
    };
    if let Some(port) = port {
        let number: u16 = port.parse().ok()?;
        if number == 0 || number.to_string() != port || port == own_port {
            return None;
        }
    }
    (host.len() <= MAX_HOST && host.split('.').all(label) && !is_address(host)).then_some(host)
}

fn label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&label.len())
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// An IPv4 address in any spelling: a host whose last label is a number (URL Standard, "ends in a number").
fn is_address(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let number = last.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    host.parse::<Ipv4Addr>().is_ok() || number || hexadecimal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_that_can_have_passkeys() {
        for (origin, rp_id) in [
            ("http://localhost:7420", "localhost"),
            ("http://localhost", "localhost"),
            ("https://localhost:8443", "localhost"),
            ("https://desk.example", "desk.example"),
            ("https://desk.example:8443", "desk.example"),
            ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(RelyingParty::of_origin(origin).unwrap().rp_id, rp_id);
        }
    }

    #[test]
    fn origins_that_cannot() {
        for origin in [
            "",
            "localhost",
            "http://desk.example",
            "http://127.0.0.1:7420",
            "https://127.0.0.1",
            "https://127.1",
            "https://0x7f000001",
            "https://127.0.0.0x1",
            "https://2130706433",
            "https://[::1]",
            "https://desk.example/",
            "https://desk.example/a",
            "https://desk.example:443",
            "http://localhost:80",
            "https://desk.example:0443",
            "https://desk.example:0",
            "https://desk.example:",
            "https://desk.example:99999",
            "https://Desk.example",
            "HTTPS://desk.example",
            "https://user@desk.example",
            "https://desk..example",
            "https://-desk.example",
            "https://desk.example.",
            "https://bücher.example",
            "ws://localhost",
            "null",
        ] {
            let fault = RelyingParty::of_origin(origin).unwrap_err();
            assert_eq!(fault, WebauthnFault::RelyingParty, "{origin}");
        }
    }
}
