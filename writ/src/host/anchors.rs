//! The certificates of authenticators' makers whose word about a key is taken, from the operator's file.
//!
//! Never here: a certificate that the operator did not name, or a list fetched from anywhere. To read another form: [`pem`].

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use writ_identity::webauthn::Anchors;

use crate::fault::Fault;

/// LIMIT: bytes of the file: some hundred certificates.
const SIZE: u64 = 4 << 20;
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The anchors of a file of certificates in PEM, if one is named.
///
/// # Errors
/// If it cannot be read, or one of its certificates is none.
pub fn read(path: Option<&Path>) -> Result<Anchors, Fault> {
    let Some(path) = path else { return Ok(Anchors::none()) };
    let file = |error: std::io::Error| Fault::file(path, "read", &error);
    let bad = |why: String| {
        Fault::usage(format!("`{}`: {why}", path.display()))
            .cure("write the makers' root certificates in PEM, one after the other")
    };
    if fs::metadata(path).map_err(file)?.len() > SIZE {
        return Err(bad(format!("it has more than {SIZE} bytes")));
    }
    let text = fs::read_to_string(path).map_err(file)?;
    let certificates =
        pem(&text).ok_or_else(|| bad("it holds no certificates in PEM".to_owned()))?;
    Anchors::new(&certificates).map_err(|fault| bad(fault.to_string()))
}

/// The certificates of a PEM text in DER; none if there is none, or one that is malformed.
fn pem(text: &str) -> Option<Vec<Vec<u8>>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (body, after) = after.split_once(END)?;
        let body: String = body.chars().filter(|letter| !letter.is_whitespace()).collect();
        out.push(STANDARD.decode(body).ok()?);
        rest = after;
    }
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_stand_between_their_marks() {
        let one = format!("{BEGIN}\nAQID\nBA==\n{END}\n");
        assert_eq!(pem(&one), Some(vec![vec![1, 2, 3, 4]]));
        assert_eq!(pem(&format!("about it\n{one}{one}")).map(|all| all.len()), Some(2));
        for text in ["", "AQID", &format!("{BEGIN}\nAQID\n"), &format!("{BEGIN}\n!!\n{END}")] {
            assert_eq!(pem(text), None, "{text}");
        }
    }
}
