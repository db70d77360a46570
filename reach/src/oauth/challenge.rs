//! [`Challenge`]: what a server's refusal says (`WWW-Authenticate`, RFC 9110 section 11.6.1; RFC 6750 section 3, RFC 9449
//! section 7.1, RFC 9728 section 5.1).
//!
//! Never here: a scheme that we do not speak. To read one more parameter: its arm in [`one`].

/// LIMIT: bytes of one header value; what is seen in the field is below 1 KiB.
const MAX_VALUE: usize = 8 << 10;
/// LIMIT: scopes of one request: nobody consents to more with open eyes.
pub const MAX_SCOPES: usize = 64;
/// LIMIT: bytes of one scope.
const MAX_SCOPE: usize = 256;

/// How a token is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `Bearer`.
    Bearer,
    /// `DPoP`.
    Dpop,
}

/// What a refusal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// How it wants a token shown.
    pub scheme: Scheme,
    /// Where the server's metadata stand.
    pub metadata: Option<String>,
    /// Scopes that it wants.
    pub scopes: Option<Vec<String>>,
    /// The error word, if a token was shown.
    pub error: Option<String>,
}

impl Challenge {
    /// The first challenge of these header values that we can meet; DPoP before Bearer.
    pub fn read<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let fits = |value: &&str| value.len() <= MAX_VALUE;
        let all: Vec<Self> = values.into_iter().filter(fits).flat_map(challenges).collect();
        let dpop = all.iter().find(|one| one.scheme == Scheme::Dpop);
        dpop.or(all.first()).cloned()
    }

    /// Whether the server wants a nonce in the proof (RFC 9449 section 9).
    pub fn wants_nonce(&self) -> bool {
        self.error.as_deref() == Some("use_dpop_nonce")
    }

    /// Whether the token is good and not enough (RFC 6750 section 3.1).
    pub fn wants_more(&self) -> bool {
        self.error.as_deref() == Some("insufficient_scope")
    }
}

/// Scopes of a text, each at most once and in order (RFC 6749 section 3.3).
pub(crate) fn scopes(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for scope in text.split(' ').filter(|scope| is_scope(scope)).take(MAX_SCOPES) {
        if !out.iter().any(|known| known == scope) {
            out.push(scope.to_owned());
        }
    }
    out
}

/// `scope-token` of RFC 6749 appendix A.4.
pub(crate) fn is_scope(text: &str) -> bool {
    let letter = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !text.is_empty() && text.len() <= MAX_SCOPE && text.bytes().all(letter)
}

/// Every challenge of one value that we can meet.
fn challenges(value: &str) -> Vec<Challenge> {
    let mut out: Vec<Challenge> = Vec::new();
    let mut open = false;
    for part in parts(value) {
        let (word, rest) = match part.split_once(' ') {
            Some((word, rest)) if !word.contains('=') => (Some(word), rest.trim()),
            None if !part.contains('=') => (Some(part), ""),
            _ => (None, part),
        };
        if let Some(word) = word {
            let scheme = match word.to_ascii_lowercase().as_str() {
                "bearer" => Some(Scheme::Bearer),
                "dpop" => Some(Scheme::Dpop),
                _ => None,
            };
            open = scheme.is_some();
            out.extend(scheme.map(|scheme| Challenge {
                scheme,
                metadata: None,
                scopes: None,
                error: None,
            }));
        }
        if let (true, Some(last), Some((name, value))) =
            (open, out.last_mut(), rest.split_once('='))
        {
            one(last, name.trim(), &unquoted(value.trim()));
        }
    }
    out
}

fn one(challenge: &mut Challenge, name: &str, value: &str) {
    match name.to_ascii_lowercase().as_str() {
        "resource_metadata" => challenge.metadata = Some(value.to_owned()),
        "scope" => challenge.scopes = Some(scopes(value)).filter(|scopes| !scopes.is_empty()),
        "error" => challenge.error = Some(value.to_owned()),
        _ => {}
    }
}

/// The parts between commas that stand in no quotes.
fn parts(value: &str) -> Vec<&str> {
    let (mut out, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in value.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                out.push(value.get(from..at).unwrap_or_default().trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(value.get(from..).unwrap_or_default().trim());
    out.retain(|part| !part.is_empty());
    out
}

/// A token, or a quoted string without its quotes (RFC 9110 section 5.6.4).
fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return text.to_owned();
    };
    let (mut out, mut escaped) = (String::with_capacity(inner.len()), false);
    for letter in inner.chars() {
        if letter == '\\' && !escaped {
            escaped = true;
        } else {
            out.push(letter);
            escaped = false;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_say_is_read() {
        let read = |value: &str| Challenge::read([value]).unwrap();
        let bare = Challenge { scheme: Scheme::Bearer, metadata: None, scopes: None, error: None };
        assert_eq!(read("Bearer"), bare);
        assert_eq!(read("bearer realm=\"a, b\""), bare);
        let full = read(
            r#"Bearer scope="mcp:basic  mcp:write mcp:basic", resource_metadata="https://a.example/x?y=1,2", error="insufficient_scope""#,
        );
        assert_eq!(full.scopes, Some(vec!["mcp:basic".to_owned(), "mcp:write".to_owned()]));
        assert_eq!(full.metadata.as_deref(), Some("https://a.example/x?y=1,2"));
        assert!(full.wants_more() && !full.wants_nonce());
        let unquoted = read("Bearer error=invalid_token, scope=one");
        assert_eq!(unquoted.error.as_deref(), Some("invalid_token"));
        assert_eq!(unquoted.scopes, Some(vec!["one".to_owned()]));
        assert_eq!(read(r#"Bearer error="a\"b\\c""#).error.as_deref(), Some("a\"b\\c"));
    }

    #[test]
    fn schemes_are_kept_apart() {
        let both = r#"Basic realm="x", Bearer error="invalid_token", DPoP error="use_dpop_nonce", algs="ES256""#;
        let read = Challenge::read([both]).unwrap();
        assert!(read.scheme == Scheme::Dpop && read.wants_nonce());
        let other = r#"Negotiate abc==, Basic scope="admin""#;
        assert_eq!(Challenge::read([other]), None);
        assert_eq!(Challenge::read(["", ",,,", "=x", "\""]), None);
        let second = Challenge::read(["Basic realm=x", "Bearer scope=a"]).unwrap();
        assert_eq!(second.scopes, Some(vec!["a".to_owned()]));
    }

    #[test]
    fn what_is_no_scope_or_too_much_is_left_out() {
        assert_eq!(scopes("a \"b c\\d é e"), ["a", "e"]);
        let many: Vec<String> = (0..500).map(|at| format!("s{at}")).collect();
        assert_eq!(scopes(&many.join(" ")).len(), MAX_SCOPES);
        let long = format!("Bearer error=\"{}\"", "x".repeat(MAX_VALUE));
        assert_eq!(Challenge::read([long.as_str()]), None);
    }
}
