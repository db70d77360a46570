//! The generated corpus of the measurement, in small: what is found of each class does not get worse unseen.
//!
//! Never here: the figures that are published; `cargo run --release -p writ-sift --example measure` prints them.

#![cfg(test)]

#[path = "../../examples/measure/make.rs"]
mod make;
#[path = "../../examples/measure/values.rs"]
mod values;

use std::collections::BTreeMap;

use writ_sift::{Class, find};

#[test]
fn values_are_met_and_what_only_looks_like_them_is_not() {
    let mut scores: BTreeMap<Class, [u32; 4]> = BTreeMap::new();
    for text in make::corpus(0xa11ce, 1_500) {
        let found = find(text.body.as_bytes());
        for (class, start, end) in &text.values {
            let [wanted, met, ..] = scores.entry(*class).or_default();
            *wanted += 1;
            *met += u32::from(
                found
                    .iter()
                    .any(|one| one.class == *class && one.start <= *start && one.end >= *end),
            );
        }
        for one in &found {
            let [.., all, right] = scores.entry(one.class).or_default();
            *all += 1;
            let over = |(class, start, end): &(Class, usize, usize)| {
                *class == one.class && *start < one.end && one.start < *end
            };
            *right += u32::from(text.values.iter().any(over));
        }
    }
    assert_eq!(scores.len(), Class::ALL.len());
    for (class, [wanted, met, all, right]) in scores {
        assert!(wanted >= 20 && met * 100 >= wanted * 98, "{}: {met} of {wanted}", class.word());
        assert!(right * 100 >= all * 96, "{}: {right} of {all} are right", class.word());
    }
}

#[test]
fn prose_has_nothing_in_it() {
    let mut chance = make::Chance::new(3);
    for _line in 0..2_000 {
        let line = make::prose(&mut chance);
        assert_eq!(find(line.as_bytes()), [], "{line}");
    }
}
