//! Joining lists of servers that may say anything.

use proptest::prelude::*;
use writ_model::json;

use super::*;

fn read(kind: Kind, pages: &[&str]) -> Option<Vec<Item>> {
    let (mut part, mut seen) = (Part::default(), BTreeSet::new());
    for page in pages {
        let (list, _) = kind.keys();
        let told = Bytes::from(format!(r#"{{"id":1,"result":{{"{list}":[{page}]}}}}"#));
        add(&mut part, &mut seen, (kind, &told)).ok()?;
    }
    Some(part.items)
}

fn names(kind: Kind, servers: &[(&str, &str)]) -> Vec<String> {
    let parts = servers.iter().map(|(server, page)| (*server, read(kind, &[page]).unwrap()));
    joined(kind, parts.collect(), &[]).into_iter().map(|entry| entry.shown).collect()
}

#[test]
fn a_definition_keeps_its_bytes_save_for_its_name() {
    let page = r#" {"description" : "1.0e2 ", "name": "s\u0065nd","inputSchema":{"x":1.50} }"#;
    let parts = vec![("mail", read(Kind::Tools, &[page]).unwrap())];
    let all = joined(Kind::Tools, parts, &[]);
    let wanted = r#"{"description" : "1.0e2 ", "name": "mail__send","inputSchema":{"x":1.50} }"#;
    assert_eq!((&*all[0].own, &all[0].bytes[..]), ("send", wanted.as_bytes()));
}

#[test]
fn a_list_that_lies_is_no_list() {
    for (kind, page) in [
        (Kind::Tools, r#"{"name":"a"},{"name":"a"}"#),
        (Kind::Tools, r#"{"name":""}"#),
        (Kind::Tools, r#"{"name":"a\u001b[2J"}"#),
        (Kind::Tools, r#"{"title":"a"}"#),
        (Kind::Prompts, r#"{"name":7}"#),
        (Kind::Prompts, "7"),
        (Kind::Resources, r#"{"uri":"x:\n"}"#),
    ] {
        assert!(read(kind, &[page]).is_none(), "{page}");
    }
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(NAME + 1));
    assert!(read(Kind::Tools, &[&long]).is_none());
    assert!(read(Kind::Tools, &[r#"{"name":"a"}"#, r#"{"name":"a"}"#]).is_none(), "over pages");
    let twice = read(Kind::Resources, &[r#"{"uri":"x:1"},{"uri":"x:1"}"#]).unwrap();
    assert_eq!(twice.len(), 1);
    let many: Vec<_> = (0..=ENTRIES).map(|at| format!(r#"{{"name":"{at}"}}"#)).collect();
    assert!(read(Kind::Tools, &[&many.join(",")]).is_none());
}

#[test]
fn a_list_is_bounded_over_all_of_its_pages() {
    let long = "x".repeat(BYTES / 4);
    let page = |at: usize| format!(r#"{{"name":"{at}","description":"{long}"}}"#);
    let pages: Vec<String> = (0..4).map(page).collect();
    let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
    assert_eq!(read(Kind::Tools, &pages[..3]).unwrap().len(), 3);
    assert!(read(Kind::Tools, &pages).is_none(), "four quarters and what is around them");
}

#[test]
fn an_address_is_kept_where_it_is_one_servers() {
    let all = names(
        Kind::Resources,
        &[
            ("a", r#"{"uri":"x:1"},{"uri":"x:2"},{"uri":"writ-b:x"}"#),
            ("b", r#"{"uri":"x:1"},{"uri":"x:3"}"#),
        ],
    );
    assert_eq!(all, ["writ-a:x:1", "x:2", "writ-a:writ-b:x", "writ-b:x:1", "x:3"]);
    let all = names(
        Kind::Templates,
        &[
            ("a", r#"{"uriTemplate":"file:///{p}"},{"uriTemplate":"a://{p}"}"#),
            ("b", r#"{"uriTemplate":"file:///home/{p}"},{"uriTemplate":"b://{p}"}"#),
        ],
    );
    let wanted = ["writ-a:file:///{p}", "a://{p}", "writ-b:file:///home/{p}", "b://{p}"];
    assert_eq!(all, wanted);
}

#[test]
fn an_address_of_a_server_that_is_out_stays_its_own() {
    let before = joined(
        Kind::Resources,
        vec![("a", read(Kind::Resources, &[r#"{"uri":"x:1"}"#]).unwrap())],
        &[],
    );
    let page = r#"{"uri":"x:1"},{"uri":"x:2"}"#;
    let parts = vec![("b", read(Kind::Resources, &[page]).unwrap())];
    let now = Kept::new(joined(Kind::Resources, parts, &before), before, false);
    let shown: Vec<_> = now.entries.iter().map(|entry| &*entry.shown).collect();
    assert_eq!(shown, ["writ-b:x:1", "x:2"]);
    assert_eq!(now.shown("x:1").map(|entry| &*entry.server), Some("a"));
}

proptest! {
    #[test]
    fn whatever_servers_list_each_name_means_one_thing(
        of_a in proptest::collection::btree_set("[a-c_]{1,3}|\\PC{1,80}", 0..8),
        of_b in proptest::collection::btree_set("[a-c_]{1,3}|\\PC{1,80}", 0..8),
        addresses in any::<bool>(),
    ) {
        let kind = if addresses { Kind::Resources } else { Kind::Tools };
        let (list, key) = kind.keys();
        let part = |own: &BTreeSet<String>| {
            let items: Vec<_> = own.iter().map(|own| serde_json::json!({ key: own })).collect();
            let told = Bytes::from(serde_json::json!({"result": { list: items }}).to_string());
            let (mut part, mut seen) = (Part::default(), BTreeSet::new());
            add(&mut part, &mut seen, (kind, &told)).ok().map(|_| part.items)
        };
        let (Some(a), Some(b)) = (part(&of_a), part(&of_b)) else { return Ok(()) };
        let all = joined(kind, vec![("a", a), ("b", b)], &[]);
        prop_assert_eq!(all.len(), of_a.len() + of_b.len());
        let shown: BTreeSet<_> = all.iter().map(|entry| entry.shown.clone()).collect();
        prop_assert_eq!(shown.len(), all.len(), "two things of one name");
        for entry in &all {
            let node = json::parse(&entry.bytes, &Limits::ANSWER).unwrap();
            prop_assert_eq!(node.get(key).and_then(Node::as_str), Some(&*entry.shown));
            let said = if addresses {
                name::addressed(&entry.shown)
            } else {
                match name::read(&entry.shown) {
                    Some(name::Read::Whole(server, own)) => Some((server, own)),
                    Some(name::Read::Cut) | None => None,
                }
            };
            if let Some(said) = said {
                prop_assert_eq!(said, (&*entry.server, &*entry.own));
            }
        }
    }
}
