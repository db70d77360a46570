//! Whatever a client says, both translations keep its arguments byte for byte, and one undoes the other.

#![cfg(test)]

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use writ_mcp::{
    ask::{self, Question},
    lower::{self, Declared},
    raise::{self, Caller},
};
use writ_model::json::{self, Limits, Node};

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ -~é\u{200b}\n\"\\\\]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_/.]{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-z_/.]{0,6}", any_value(), 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>()))
}

fn parsed(text: &str) -> Node<'_> {
    json::parse(text.as_bytes(), &Limits::ANSWER).unwrap()
}

fn caller() -> Caller {
    let params = r#"{"protocolVersion":"2025-06-18","clientInfo":{"name":"c","version":"1"},"capabilities":{"elicitation":{}}}"#;
    Caller::of(Some(&parsed(params)), params.as_bytes()).unwrap()
}

proptest! {
    /// A request of a session, raised, says what it said; lowered again under another number, it is what it was.
    #[test]
    fn arguments_are_never_touched(arguments in any_object(), id in any::<u32>(), number in any::<u64>()) {
        let spelled = serde_json::to_string_pretty(&arguments).unwrap();
        let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"t","arguments":{spelled}}}}}"#);
        let up = caller().request(&parsed(&body), body.as_bytes(), id.to_string().as_bytes(), None);
        let up = String::from_utf8(up).unwrap();
        let spelled_so = format!("\"arguments\":{spelled}");
        prop_assert!(up.contains(&spelled_so), "{}", up);
        let declared = Declared::of(&parsed(&up), up.as_bytes()).unwrap();
        let caller = caller();
        prop_assert_eq!(declared.can(), caller.can());
        let down = lower::request(&parsed(&up), up.as_bytes(), number);
        let wanted = body.replacen(&format!("\"id\":{id}"), &format!("\"id\":{number}"), 1);
        prop_assert_eq!(String::from_utf8(down).unwrap(), wanted);
    }

    /// A result that is lowered for a stateless client and raised again is what the server said.
    #[test]
    fn results_come_back(content in prop::collection::vec(any_value(), 0..3), method in prop::sample::select(vec!["tools/call", "tools/list", "resources/read"])) {
        let said = json!({"content": content}).to_string();
        let body = format!(r#"{{"jsonrpc":"2.0","id":41,"result":{said}}}"#);
        let down = lower::answer(&parsed(&body), body.as_bytes(), (b"\"c\"", method, b"{}"));
        let text = String::from_utf8(down.message).unwrap();
        let up = raise::answer(&parsed(&text), text.as_bytes(), b"41");
        prop_assert_eq!(String::from_utf8(up).unwrap(), body);
    }

    /// Questions come out of an answer that asks as they went in, in number, order, key and words.
    #[test]
    fn no_question_is_lost(asked in prop::collection::btree_map("[ -~]{1,12}", any_object(), 1..ask::AT_ONCE)) {
        let questions: Vec<Question> = asked
            .iter()
            .map(|(key, params)| Question {
                key: key.clone(),
                method: "elicitation/create".to_owned(),
                params: Some(params.to_string().into_bytes()),
            })
            .collect();
        let result = ask::result(&questions, Some("state"));
        let text = String::from_utf8(result).unwrap();
        let found = ask::of_result(&parsed(&text), text.as_bytes()).unwrap().unwrap();
        prop_assert_eq!(found.questions, questions);
        prop_assert_eq!(found.state.as_deref(), Some(&b"\"state\""[..]));
    }

    /// Nothing that a server sends makes a translation fall over, and what comes out is JSON.
    #[test]
    fn whatever_a_server_says_is_answered(message in any_object()) {
        let text = message.to_string();
        let node = parsed(&text);
        for out in [
            raise::answer(&node, text.as_bytes(), b"1"),
            lower::answer(&node, text.as_bytes(), (b"1", "tools/list", b"{}")).message,
            raise::initialized(&node, text.as_bytes(), (b"1", "2025-11-25", "s")),
            lower::discovered(&node, text.as_bytes(), b"1"),
            lower::tagged(&node, text.as_bytes(), b"1"),
        ] {
            prop_assert!(json::parse(&out, &Limits::ANSWER).is_ok(), "{}", String::from_utf8_lossy(&out));
        }
    }
}
