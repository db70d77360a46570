//! What a client says about itself: a client ID metadata document (draft-ietf-oauth-client-id-metadata-document-00 section 4)
//! or a registration (RFC 7591 section 2). One reader for both.
//!
//! Never here: fetching, a shared secret, a member that is believed because it is there (a logo, a policy's address).
//! To read another member: its line in [`read`], a row in the tests' table.

use writ_identity::JwkSet;
use writ_model::json::{self, Limits, Node};
use writ_reach::Place;

use super::redirect;

/// LIMIT: bytes of a document; section 6.6 of the draft speaks of 5 KiB.
pub(super) const MAX_DOCUMENT: usize = 16 << 10;
/// LIMIT: addresses that answers may go to.
const MAX_REDIRECTS: usize = 16;
/// LIMIT: letters of a client's name.
const MAX_NAME: usize = 60;
/// LIMIT: what is read of a document.
const LIMITS: Limits = Limits { bytes: MAX_DOCUMENT, depth: 8, nodes: 1_024 };

/// How a client proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keys {
    /// It has no key but the one of its `DPoP` proofs: a public client.
    None,
    /// These (`private_key_jwt`).
    Here(JwkSet),
    /// Those at this address (`private_key_jwt`).
    At(Place),
}

/// What a client says about itself, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    /// What it calls itself, for people: plain letters.
    pub(super) name: Option<String>,
    /// Where answers may go.
    pub(super) redirects: Vec<String>,
    /// How it proves who it is.
    pub(super) keys: Keys,
}

/// Reads a document; of this client id, if it is one that names itself. `Err` is a sentence without its full stop.
pub(super) fn read(bytes: &[u8], of: Option<&str>) -> Result<Document, String> {
    if bytes.len() > MAX_DOCUMENT {
        return Err(format!("it has more than {MAX_DOCUMENT} bytes"));
    }
    let node = json::parse(bytes, &LIMITS).map_err(|why| format!("it is not JSON: {why}"))?;
    if node.as_object().is_none() {
        return Err("it is not a JSON object".to_owned());
    }
    if of.is_some() && node.get("client_id").and_then(Node::as_str) != of {
        return Err("its client_id is not the address it was read from".to_owned());
    }
    for secret in ["client_secret", "client_secret_expires_at"] {
        if node.get(secret).is_some() {
            return Err(format!("it has a {secret}, and no secret may stand in it"));
        }
    }
    for (name, wanted) in [("grant_types", "authorization_code"), ("response_types", "code")] {
        if node.get(name).is_some() && !words(&node, name)?.contains(&wanted) {
            return Err(format!("its {name} lack {wanted}"));
        }
    }
    let redirects: Vec<String> =
        words(&node, "redirect_uris")?.into_iter().map(str::to_owned).collect();
    if redirects.is_empty() || redirects.len() > MAX_REDIRECTS {
        return Err(format!("it has no redirect_uris, or more than {MAX_REDIRECTS}"));
    }
    if let Some(bad) = redirects.iter().find(|uri| !redirect::fits(uri)) {
        let bad: String = bad.chars().take(80).collect();
        return Err(format!(
            "its redirect_uri `{bad}` is neither https, nor http of this machine, nor a program's own with a dot in its scheme"
        ));
    }
    let name = node.get("client_name").and_then(Node::as_str).map(plain);
    let name = name.filter(|name| !name.is_empty());
    Ok(Document { name, redirects, keys: keys(&node, bytes)? })
}

/// The texts of a list.
fn words<'n>(node: &'n Node<'_>, name: &str) -> Result<Vec<&'n str>, String> {
    let list = node.get(name).and_then(Node::as_array);
    let list = list.ok_or_else(|| format!("its {name} are missing or no list"))?;
    let texts = list.iter().map(Node::as_str).collect::<Option<Vec<&str>>>();
    texts.ok_or_else(|| format!("its {name} are not all texts"))
}

fn keys(node: &Node<'_>, bytes: &[u8]) -> Result<Keys, String> {
    let method = node.get("token_endpoint_auth_method");
    match method.map(Node::as_str) {
        // RFC 7591 section 2 reads none as a secret, which nobody has here; the draft's public clients leave it out.
        None | Some(Some("none")) => return Ok(Keys::None),
        Some(Some("private_key_jwt")) => {}
        Some(_) => {
            return Err(
                "its token_endpoint_auth_method is neither none nor private_key_jwt".to_owned()
            );
        }
    }
    match (node.get("jwks"), node.get("jwks_uri").map(Node::as_str)) {
        (Some(_), Some(_)) => Err("it has both jwks and jwks_uri".to_owned()),
        (None, Some(Some(uri))) => {
            Place::parse(uri).map(Keys::At).map_err(|why| format!("its jwks_uri: {why}"))
        }
        (Some(set), None) => {
            let text = bytes.get(set.start..set.end).unwrap_or_default();
            let set = JwkSet::parse(text).map_err(|why| format!("its jwks: {why}"))?;
            if set.iter().next().is_none() {
                return Err("its jwks hold no key that this server can read".to_owned());
            }
            Ok(Keys::Here(set))
        }
        (None, _) => Err("it says private_key_jwt and names no keys".to_owned()),
    }
}

/// A name as people may read it: no letters that hide or turn around, cut.
fn plain(text: &str) -> String {
    let shown = text.chars().filter(|letter| !writ_model::text::hidden(*letter));
    let shown: String = shown.take(MAX_NAME).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use writ_identity::{AgentKey, Jwk};

    use super::*;

    const ID: &str = "https://app.example/client.json";

    fn good() -> Value {
        json!({"client_id": ID, "client_name": "Example  App", "redirect_uris": ["https://app.example/cb"]})
    }

    fn with(name: &str, value: Value) -> Result<Document, String> {
        let mut document = good();
        document[name] = value;
        read(document.to_string().as_bytes(), Some(ID))
    }

    #[test]
    fn a_public_client_says_little() {
        let read = read(good().to_string().as_bytes(), Some(ID)).unwrap();
        assert_eq!(read.name.as_deref(), Some("Example App"));
        assert_eq!((read.redirects.len(), read.keys), (1, Keys::None));
        assert_eq!(with("token_endpoint_auth_method", json!("none")).unwrap().keys, Keys::None);
        let named = with("client_name", json!("a\u{202e}b\u{200b}c")).unwrap();
        assert_eq!(named.name.as_deref(), Some("abc"));
    }

    #[test]
    fn a_client_with_keys_names_them() {
        let jwk: Jwk = AgentKey::generate().unwrap().jwk();
        let mut document = good();
        document["token_endpoint_auth_method"] = json!("private_key_jwt");
        let none = read(document.to_string().as_bytes(), Some(ID));
        assert!(none.unwrap_err().contains("names no keys"));
        document["jwks"] = JwkSet::of(&[jwk]).unwrap().to_json();
        let here = read(document.to_string().as_bytes(), Some(ID)).unwrap();
        assert_eq!(here.keys, Keys::Here(JwkSet::of(&[jwk]).unwrap()));
        document["jwks_uri"] = json!("https://app.example/keys");
        assert!(read(document.to_string().as_bytes(), Some(ID)).is_err());
        document.as_object_mut().unwrap().remove("jwks");
        let at = read(document.to_string().as_bytes(), Some(ID)).unwrap();
        assert!(matches!(at.keys, Keys::At(_)));
        document["jwks_uri"] = json!("http://app.example/keys");
        assert!(read(document.to_string().as_bytes(), Some(ID)).is_err());
    }

    #[test]
    fn everything_else_is_refused() {
        for (name, value) in [
            ("client_id", json!("https://app.example/other.json")),
            ("client_id", json!(1)),
            ("client_secret", json!("x")),
            ("redirect_uris", json!([])),
            ("redirect_uris", json!("https://app.example/cb")),
            ("redirect_uris", json!(["http://app.example/cb"])),
            ("redirect_uris", json!(["javascript:/x"])),
            ("redirect_uris", json!([1])),
            ("redirect_uris", json!(vec!["https://app.example/cb"; 17])),
            ("token_endpoint_auth_method", json!("client_secret_basic")),
            ("token_endpoint_auth_method", json!(null)),
            ("grant_types", json!(["client_credentials"])),
            ("response_types", json!(["token"])),
        ] {
            assert!(with(name, value.clone()).is_err(), "{name}: {value}");
        }
        for bytes in [&b"[]"[..], b"", b"{", br#"{"client_id":"a","client_id":"b"}"#] {
            assert!(read(bytes, Some(ID)).is_err());
        }
        assert!(read(&vec![b' '; MAX_DOCUMENT + 1], None).is_err());
    }
}
