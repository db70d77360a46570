//! [`Form`]: the parameters of a request to the token endpoint and its neighbors.
//!
//! Never here: what a parameter means (its grant knows), or a parameter given twice (RFC 6749 section 3.2).

use axum::{Form as Encoded, extract::rejection::FormRejection};

use super::refused::Refused;

/// LIMIT: bytes of a token request: an assertion of 4 KiB, a refresh or a subject token of as much, and a resource.
pub(crate) const MAX_FORM: usize = 16 << 10;
/// LIMIT: parameters of a token request; the longest of ours has ten.
const MAX_PARAMETERS: usize = 16;

/// What axum hands in.
pub(super) type Sent = Result<Encoded<Vec<(String, String)>>, FormRejection>;

/// Parameters, each once.
#[derive(Debug)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(sent: Sent) -> Result<Self, Refused> {
        let Encoded(pairs) = sent.map_err(|rejected| Refused::request(rejected.body_text()))?;
        if pairs.len() > MAX_PARAMETERS {
            return Err(Refused::request("the form has more than 16 parameters"));
        }
        let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if let Some([twice, _]) = names.array_windows().find(|[one, two]| one == two) {
            if *twice == "resource" {
                let why = "a token is for one resource; ask twice";
                return Err(Refused::new("invalid_target", why));
            }
            return Err(Refused::request("a parameter is given twice"));
        }
        if pairs.iter().any(|(name, _)| name == "client_secret") {
            let why = "authenticate with private_key_jwt: client_assertion and its type, no secret";
            return Err(Refused::client(why));
        }
        Ok(Self(pairs))
    }

    /// A parameter that is there and not empty (RFC 6749 section 3.2: an empty one was left out).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, Refused> {
        self.get(name).ok_or_else(|| Refused::request(format!("{name} is missing")))
    }
}
