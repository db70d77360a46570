//! Comparing the URL of a proof with the URL of a request (RFC 9449 section 4.3, check 9): without query and fragment,
//! after the syntax- and scheme-based normalization of RFC 3986 sections 6.2.2 and 6.2.3.
//!
//! Never here: removal of dot segments (a URL with one is compared as it stands, so it differs and is refused), or
//! anything that makes two paths equal that a server may serve differently.

/// LIMIT: bytes of a URL in a proof: proofs are bounded themselves; this bounds what we normalize.
pub(crate) const MAX_URL: usize = 2048;

/// The URL up to its query or fragment.
pub(crate) fn bare(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// Whether both name the same resource. Equal bytes are the common case and cost one comparison.
pub(crate) fn same(claimed: &str, expected: &str) -> bool {
    if claimed.len() > MAX_URL {
        return false;
    }
    let (claimed, expected) = (bare(claimed), bare(expected));
    if claimed == expected {
        return !claimed.is_empty();
    }
    match (normal(claimed), normal(expected)) {
        (Some(claimed), Some(expected)) => claimed == expected,
        _ => false,
    }
}

fn normal(url: &str) -> Option<String> {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let at = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(at)?;
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let authority = authority.to_ascii_lowercase();
    let host = authority.strip_suffix(default_port).unwrap_or(&authority);
    let host = host.strip_suffix(':').unwrap_or(host);
    let path = if path.is_empty() { "/".to_owned() } else { escapes(path)? };
    Some(format!("{scheme}://{host}{path}"))
}

/// Escapes of unreserved characters decoded, the others in upper case (RFC 3986 sections 6.2.2.1 and 6.2.2.2).
fn escapes(path: &str) -> Option<String> {
    let mut out = String::with_capacity(path.len());
    let mut rest = path.chars();
    while let Some(letter) = rest.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let (high, low) = (rest.next()?.to_digit(16)?, rest.next()?.to_digit(16)?);
        match char::from_u32(high * 16 + low)? {
            plain if plain.is_ascii_alphanumeric() || "-._~".contains(plain) => out.push(plain),
            _ => {
                out.push('%');
                out.extend(
                    [char::from_digit(high, 16)?, char::from_digit(low, 16)?]
                        .map(|digit| digit.to_ascii_uppercase()),
                );
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_urls_are_the_same() {
        for (claimed, expected, wanted) in [
            ("https://a.example/mcp", "https://a.example/mcp", true),
            ("https://a.example/mcp?x=1#y", "https://a.example/mcp", true),
            ("https://a.example/mcp", "https://a.example/mcp?session=7", true),
            ("HTTPS://A.Example:443/mcp", "https://a.example/mcp", true),
            ("http://127.0.0.1:80/", "http://127.0.0.1", true),
            ("http://[::1]:80/m", "http://[::1]/m", true),
            ("https://a.example/%7Em%2f", "https://a.example/~m%2F", true),
            ("https://a.example/MCP", "https://a.example/mcp", false),
            ("https://a.example/mcp/", "https://a.example/mcp", false),
            ("https://a.example/x/../mcp", "https://a.example/mcp", false),
            ("https://a.example/m%2Fcp", "https://a.example/m/cp", false),
            ("http://a.example/mcp", "https://a.example/mcp", false),
            ("https://a.example:8443/mcp", "https://a.example/mcp", false),
            ("http://a.example:443/", "http://a.example/", false),
            ("https://u@a.example/mcp", "https://a.example/mcp", false),
            ("https://b.example/mcp", "https://a.example/mcp", false),
            ("https://a.example/%zz", "https://a.example/%ZZ", false),
            ("/mcp", "https://a.example/mcp", false),
            ("", "", false),
            ("https:///mcp", "https://a.example/mcp", false),
        ] {
            assert_eq!(same(claimed, expected), wanted, "{claimed} {expected}");
        }
        let long = format!("https://a.example/{}", "a".repeat(MAX_URL));
        assert!(!same(&long, &long));
    }
}
