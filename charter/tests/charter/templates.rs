//! Templates: the built-in ones, inheritance, visible overrides.

use std::collections::BTreeSet;

use writ_charter::{
    Charter, Clause, Deed, Inherited, Mode, Naming, Suspended, Template, catalog, flatten,
    template::{MOST_CHAIN, NoChain, Removed, builtin, chain, flatten_namings, removed},
};

use crate::kit;

/// Known to be none.
const NONE: Option<&[String]> = Some(&[]);
const FREE: Suspended = Suspended { all: false, clauses: BTreeSet::new() };

fn of(template: &Template) -> Charter {
    kit::charter(template.clauses.clone())
}

#[test]
fn the_built_in_ones_are_well_formed_and_speak_of_every_class() {
    assert_eq!(
        builtin().iter().map(|t| t.name.as_str()).collect::<Vec<_>>(),
        ["cautious", "balanced", "hands-off"]
    );
    for template in builtin() {
        assert_eq!(template.check(), Ok(()), "{}", template.name);
        let charter = of(template);
        assert_eq!(charter.check(), Ok(()), "{}", template.name);
        for class in catalog() {
            for at in [kit::by_day(), kit::by_night()] {
                let mut deed = Deed::new(vec![&class.class], at);
                (deed.tags, deed.data) = (NONE, NONE);
                let said = charter.judge(&FREE, &deed);
                assert!(
                    !said.clauses.is_empty(),
                    "{}: {} is not spoken of",
                    template.name,
                    class.class
                );
            }
        }
    }
}

/// Where it is not known what it is about, nothing in a template allows it without a person, but reads and stops.
#[test]
fn careful_is_stricter_than_balanced_and_that_than_hands_off() {
    let [cautious, balanced, hands_off] = builtin() else { panic!("three") };
    let (mut stricter, mut milder) = (0, 0);
    for class in catalog() {
        let said = |template: &Template| {
            let mut deed = Deed::new(vec![&class.class], kit::by_day());
            (deed.tags, deed.data) = (NONE, NONE);
            of(template).judge(&FREE, &deed).mode.strictness()
        };
        let (a, b, c) = (said(cautious), said(balanced), said(hands_off));
        assert!(a >= b && b >= c, "{}: {a} {b} {c}", class.class);
        stricter += u8::from(a > b);
        milder += u8::from(b > c);
    }
    assert!(stricter > 10 && milder > 8, "{stricter} {milder}");
}

#[test]
fn what_should_never_be_automatic_is_not() {
    for template in builtin() {
        let charter = of(template);
        for class in [
            "payment.release",
            "mail.send_as_person",
            "data.delete",
            "backup.restore",
            "data.share",
            "model.allow",
            "agent.widen",
        ] {
            for at in [kit::by_day(), kit::by_night()] {
                let said = charter.judge(&FREE, &Deed::new(vec![class], at));
                assert!(said.mode.strictness() >= 2, "{}: {class}", template.name);
            }
        }
        let said = charter.judge(&FREE, &Deed::new(vec!["mail.send_as_person"], kit::by_day()));
        assert_eq!(said.mode, Mode::Refuse);
    }
}

#[test]
fn special_data_is_asked_for_by_the_cautious() {
    let charter = of(&builtin()[0]);
    let data = ["health".to_owned()];
    let mut deed = Deed::new(vec!["file.read"], kit::by_day());
    (deed.tags, deed.data) = (NONE, NONE);
    assert_eq!(charter.judge(&FREE, &deed).mode, Mode::Act);
    deed.data = Some(&data);
    assert_eq!(charter.judge(&FREE, &deed).mode.word(), "approve");
    deed.data = None;
    assert_eq!(charter.judge(&FREE, &deed).mode.word(), "approve", "unknown counts against");
}

fn template(name: &str, parent: Option<&str>, keys: &[&str], removes: &[&str]) -> Template {
    let clause = |key: &&str| Clause::new(key, &format!("{key} of {name}"), &["*"], Mode::Act);
    Template {
        name: name.into(),
        parent: parent.map(str::to_owned),
        clauses: keys.iter().map(clause).collect(),
        removes: removes.iter().map(|key| (*key).to_owned()).collect(),
        counts_as: vec![Naming::new("bank", "tool", "pay", "payment.release")],
    }
}

#[test]
fn overrides_and_removals_are_visible() {
    let chain = [
        template("provider", None, &["aa", "bb", "cc"], &[]),
        template("bakeries", Some("provider"), &["bb", "dd"], &["aa"]),
        template("client", None, &["aa", "dd"], &["cc"]),
    ];
    let row = |one: &Inherited| {
        (one.clause.key.clone(), one.clause.title.clone(), one.from.clone(), one.overrides.clone())
    };
    let said: Vec<_> = flatten(&chain).iter().map(row).collect();
    let wanted = [
        ("bb", "bb of bakeries", "bakeries", Some("provider")),
        ("dd", "dd of client", "client", Some("bakeries")),
        ("aa", "aa of client", "client", Some("provider")),
    ];
    let wanted = wanted.map(|(key, title, from, over)| {
        (key.to_owned(), title.to_owned(), from.to_owned(), over.map(str::to_owned))
    });
    assert_eq!(said, wanted);
    let (key, from, by) = ("cc".into(), "provider".into(), "client".into());
    assert_eq!(removed(&chain), [Removed { key, from, by }], "aa came back");
    assert_eq!(flatten_namings(&chain).len(), 1, "the same row stands once");
}

#[test]
fn chains_end() {
    let (one, two) =
        (template("one", Some("balanced"), &[], &[]), template("two", Some("one"), &[], &[]));
    let names: Vec<_> =
        chain("two", &[&one, &two]).unwrap().iter().map(|t| t.name.clone()).collect();
    assert_eq!(names, ["balanced", "one", "two"]);
    assert_eq!(chain("none", &[]), Err(NoChain::Unknown { name: "none".into() }));
    let circle = [template("one", Some("two"), &[], &[]), template("two", Some("one"), &[], &[])];
    let circle: Vec<&Template> = circle.iter().collect();
    assert_eq!(chain("one", &circle), Err(NoChain::Endless { name: "one".into() }));
    let name = |n: usize| format!("t{n}");
    let long: Vec<Template> =
        (0..=MOST_CHAIN).map(|n| template(&name(n), Some(&name(n + 1)), &[], &[])).collect();
    let long: Vec<&Template> = long.iter().collect();
    assert_eq!(chain("t0", &long), Err(NoChain::Endless { name: "t0".into() }));
}

#[test]
fn a_template_is_checked_like_a_charter() {
    let mut bad = template("client", Some("client"), &["aa", "a"], &["aa"]);
    bad.clauses[0].actions = vec!["nothing.known".into()];
    let fields: Vec<String> = bad.check().unwrap_err().into_iter().map(|one| one.field).collect();
    assert_eq!(fields, ["name", "parent", "clauses[0].actions[0]", "clauses[1].key", "removes[0]"]);
}
