//! Conditions on arguments as a person types them: `/to domains harborbooks.example`, `/amount at_most 500`.
//!
//! Never here: what a condition means (`authority` knows). To add a condition: its word in [`parse`].

use serde_json::{Value, json};

/// The rule of a text `POINTER[?] CONDITION [VALUE]`; `?` after the pointer lets the argument be left out; lists are
/// separated by commas.
///
/// # Errors
/// In words, with the forms that are understood.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut parts = text.trim().splitn(3, char::is_whitespace);
    let pointer = parts.next().unwrap_or_default();
    let word = parts.next().unwrap_or_default();
    let value = parts.next().map(str::trim).unwrap_or_default();
    let (path, optional) = match pointer.strip_suffix('?') {
        Some(path) => (path, true),
        None => (pointer, false),
    };
    if !path.starts_with('/') {
        return Err(format!("`{path}` is not a pointer: write /NAME of the argument"));
    }
    let list = || {
        let items: Vec<&str> =
            value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        if items.is_empty() { Err(format!("`{word}` needs a value")) } else { Ok(json!(items)) }
    };
    let must = match word {
        "one_of" | "none_of" | "like" | "under" | "domains" => json!({word: list()?}),
        "at_most" | "at_least" if !value.is_empty() => json!({word: value}),
        "is" => match value {
            "true" => json!({"is": true}),
            "false" => json!({"is": false}),
            other => return Err(format!("`is` takes true or false, not `{other}`")),
        },
        "size" => match value.parse::<u32>() {
            Ok(most) => json!({"size": most}),
            Err(_) => return Err(format!("`size` takes a number, not `{value}`")),
        },
        "absent" => json!("absent"),
        other => {
            return Err(format!(
                "`{other}` is no condition: use one_of, none_of, like, under, domains, at_most, at_least, is, size, absent"
            ));
        }
    };
    Ok(json!({"path": path, "must": must, "optional": optional}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_as_typed() {
        for (text, wanted) in [
            (
                "/to domains a.example, b.example",
                json!({"path": "/to", "must": {"domains": ["a.example", "b.example"]}, "optional": false}),
            ),
            (
                "/amount at_most 500",
                json!({"path": "/amount", "must": {"at_most": "500"}, "optional": false}),
            ),
            (
                "/force? is false",
                json!({"path": "/force", "must": {"is": false}, "optional": true}),
            ),
            ("/cc absent", json!({"path": "/cc", "must": "absent", "optional": false})),
            (
                "/body size 2000",
                json!({"path": "/body", "must": {"size": 2000}, "optional": false}),
            ),
        ] {
            assert_eq!(parse(text).unwrap(), wanted);
        }
        for text in [
            "to domains x",
            "/to",
            "/to sounds_like x",
            "/to domains",
            "/x is maybe",
            "/x size y",
            "/a at_most",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
