//! The digest of one call: what an approval is bound to. Two calls that any server could tell apart have two digests.
//! Never here: who calls; an approval names agent and instance beside it.

use writ_model::{
    Digest, canonical,
    json::{self, Node},
};

use crate::grant::Surface;

/// SHA-256 of the canonical JSON of `{"arguments","name","server","surface"}`, without `arguments` where there are none.
/// Where numbers have more digits than canonical JSON keeps, a zero byte and those digits follow.
pub fn call_digest(
    server: &str,
    surface: Surface,
    name: &str,
    arguments: Option<&Node<'_>>,
) -> Digest {
    let text = |value: &str| canonical::to_vec(&value).unwrap_or_else(|_| raw(value));
    let mut plain = Vec::with_capacity(256);
    plain.push(b'{');
    if let Some(node) = arguments {
        plain.extend_from_slice(b"\"arguments\":");
        // What has no canonical form is bound by everything that is known of it.
        plain.extend(json::canonical(node).unwrap_or_else(|_| raw(&format!("{node:?}"))));
        plain.push(b',');
    }
    for (key, value) in [("name", name), ("server", server), ("surface", surface.word())] {
        plain.extend_from_slice(format!("\"{key}\":").as_bytes());
        plain.extend(text(value));
        plain.push(if key == "surface" { b'}' } else { b',' });
    }
    let beyond = arguments.map(json::beyond).unwrap_or_default();
    if beyond.is_empty() {
        return Digest::of(&plain);
    }
    plain.push(0);
    plain.extend(canonical::to_vec(&beyond).unwrap_or_else(|_| raw(&format!("{beyond:?}"))));
    Digest::of(&plain)
}

fn raw(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use writ_model::json::{Limits, parse};

    use super::*;

    fn of(server: &str, surface: Surface, name: &str, arguments: &str) -> Digest {
        let node = parse(arguments.as_bytes(), &Limits::REQUEST).unwrap();
        call_digest(server, surface, name, Some(&node))
    }

    #[test]
    fn the_form_is_the_documented_one() {
        let digest = of("mail", Surface::Tool, "send", r#"{"to":"a", "n":1.0}"#);
        let form =
            br#"{"arguments":{"n":1,"to":"a"},"name":"send","server":"mail","surface":"tool"}"#;
        assert_eq!(digest, Digest::of(form));
        let form = br#"{"name":"send","server":"mail","surface":"tool"}"#;
        assert_eq!(call_digest("mail", Surface::Tool, "send", None), Digest::of(form));
    }

    #[test]
    fn spelling_makes_no_difference_and_everything_else_does() {
        let one = of("mail", Surface::Tool, "send", r#"{"to":"a","n":[1e2,{"b":2,"a":1}]}"#);
        let same = of(
            "mail",
            Surface::Tool,
            "send",
            " {\"n\":[100,{\"a\":1,\"b\":2}],\"to\":\"\\u0061\"}",
        );
        assert_eq!(one, same);
        for other in [
            of("mai", Surface::Tool, "lsend", r#"{"to":"a","n":[1e2,{"b":2,"a":1}]}"#),
            of("mail", Surface::Prompt, "send", r#"{"to":"a","n":[1e2,{"b":2,"a":1}]}"#),
            of("mail", Surface::Tool, "send2", r#"{"to":"a","n":[1e2,{"b":2,"a":1}]}"#),
            of("mail", Surface::Tool, "send", r#"{"to":"a","n":["1e2",{"b":2,"a":1}]}"#),
            of("mail", Surface::Tool, "send", r#"{"to":"a","n":[{"b":2,"a":1},1e2]}"#),
            of("mail", Surface::Tool, "send", r#"{"to":"a","n":[1e2,{"b":2,"a":1}],"x":null}"#),
            of("mail", Surface::Tool, "send", "{}"),
            call_digest("mail", Surface::Tool, "send", None),
        ] {
            assert_ne!(one, other);
        }
        let many =
            |digits: &str| of("mail", Surface::Tool, "send", &format!("{{\"id\":{digits}}}"));
        assert_ne!(many("9007199254740993"), many("9007199254740992"));
        assert_ne!(many("0.10000000000000000001"), many("0.1"));
    }
}
