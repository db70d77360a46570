//! Configurations of other programs as one kind of value: JSON with comments and trailing commas, TOML, the YAML that such
//! files use.
//!
//! Never here: what a member means. Bounded by [`super::MAX_TEXT`], and in depth by each reader.
//! To add a form: a variant of [`Form`], its reader, its cases below.

use serde_json::Value;

use super::yaml;

/// LIMIT: values of one configuration, as far as commas, brackets and lines tell: a value of two bytes takes up to a hundred
/// in memory. The largest lock files seen have half a million.
const MAX_VALUES: usize = 1_000_000;

/// The form of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON, comments and trailing commas let be (as VS Code and its kin do).
    Json,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
}

impl Form {
    /// The form by the ending of a name; JSON if it says nothing.
    pub fn of(ending: &str) -> Self {
        match ending {
            "toml" => Self::Toml,
            "yaml" | "yml" => Self::Yaml,
            _ => Self::Json,
        }
    }
}

/// Reads a configuration.
///
/// # Errors
/// What is wrong with it, in words, without its content.
pub fn read(form: Form, bytes: &[u8]) -> Result<Value, String> {
    let text = text(bytes)?;
    let values = text.bytes().filter(|byte| matches!(byte, b',' | b'[' | b'{' | b'\n')).count();
    if values > MAX_VALUES {
        return Err(format!("it has more than {MAX_VALUES} values"));
    }
    match form {
        Form::Json => {
            let plain = plain(&text);
            if plain.trim().is_empty() {
                return Ok(Value::Null);
            }
            serde_json::from_str(&plain).map_err(|error| {
                format!("it is no JSON: line {}, column {}", error.line(), error.column())
            })
        }
        Form::Toml => toml::from_str::<Value>(&text)
            .map_err(|error| format!("it is no TOML: {}", error.message())),
        Form::Yaml => yaml::read(&text),
    }
}

/// A text: UTF-8, or UTF-16 with its mark, as Windows writes it.
///
/// # Errors
/// If it is neither.
pub fn text(bytes: &[u8]) -> Result<String, String> {
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| read(*pair)).collect();
        String::from_utf16(&units).map_err(|_bad| "it is no UTF-16".to_owned())
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("it is no UTF-8 at byte {}", error.valid_up_to()))?;
    Ok(text.to_owned())
}

/// JSON without comments and without commas before a closing bracket; lines stay where they are.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    // Where a comma stands in `out` that may turn out to be the last one.
    let mut comma: Option<usize> = None;
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('"', _) => {
                comma = None;
                out.push('"');
                while let Some(inner) = letters.next() {
                    out.push(inner);
                    match inner {
                        '"' => break,
                        '\\' => out.extend(letters.next()),
                        _ => {}
                    }
                }
            }
            ('/', Some('/')) => {
                while letters.peek().is_some_and(|next| *next != '\n') {
                    letters.next();
                }
            }
            ('/', Some('*')) => {
                letters.next();
                let mut before = ' ';
                for inner in letters.by_ref() {
                    if inner == '\n' {
                        out.push('\n');
                    }
                    if before == '*' && inner == '/' {
                        break;
                    }
                    before = inner;
                }
                out.push(' ');
            }
            (',', _) => {
                comma = Some(out.len());
                out.push(',');
            }
            ('}' | ']', _) => {
                if let Some(at) = comma.take() {
                    out.replace_range(at..=at, " ");
                }
                out.push(letter);
            }
            _ => {
                if !letter.is_whitespace() {
                    comma = None;
                }
                out.push(letter);
            }
        }
    }
    out
}

/// The value at a path of keys by dots; a key with dots of its own (`"mcp.servers"` in settings of editors) is found, too.
pub fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    if path.is_empty() {
        return Some(value);
    }
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let (head, tail) = (path.get(..dot)?, path.get(dot + 1..)?);
        at(value.get(head)?, tail)
    })
}

/// The text of a member.
pub fn word<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}

/// The texts in a list.
pub fn words(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn comments_and_commas_are_let_be_and_texts_are_kept() {
        let text = "// servers\n{\n  \"a\": \"// no, /* no */ , ]\", /* two\nlines */\n  \"b\": [1, 2,],\n}\n";
        let value = read(Form::Json, text.as_bytes()).unwrap();
        assert_eq!(value, json!({"a": "// no, /* no */ , ]", "b": [1, 2]}));
        let wide: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain("{}".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert_eq!(read(Form::Json, &wide).unwrap(), json!({}));
        assert_eq!(read(Form::Json, b"\xef\xbb\xbf{}").unwrap(), json!({}));
        assert_eq!(read(Form::Json, b"").unwrap(), Value::Null);
        assert!(read(Form::Json, b"{\"a\": ").unwrap_err().contains("line 1"));
        assert!(read(Form::Json, b"\xc3\x28").unwrap_err().contains("UTF-8"));
        assert!(read(Form::Json, &b"[".repeat(100_000)).is_err());
        assert!(read(Form::Toml, &b"a=[".repeat(50_000)).is_err());
    }

    #[test]
    fn a_path_finds_keys_with_dots() {
        let value = json!({"mcp.servers": {"a": 1}, "x": {"y.z": 2, "y": {"z": 3}}});
        assert_eq!(at(&value, "mcp.servers"), Some(&json!({"a": 1})));
        assert_eq!(at(&value, "x.y.z"), Some(&json!(2)));
        assert_eq!(at(&value, "x.q"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), pick in 0..3_u8) {
            let form = match pick { 0 => Form::Json, 1 => Form::Toml, _ => Form::Yaml };
            let _said = read(form, &bytes);
        }

        #[test]
        fn what_is_json_is_read_as_it_is(value in "[a-z/*,\\]\\[{}\\\\\" ]{0,40}") {
            let value = json!({"k": [value, {"n": null}]});
            prop_assert_eq!(read(Form::Json, value.to_string().as_bytes()).unwrap(), value);
        }
    }
}
