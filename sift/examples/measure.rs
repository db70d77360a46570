//! Precision and recall by class on a generated corpus, and the speed on quiet text:
//! `cargo run --release -p writ-sift --example measure -- [--half a|b] [--json]`.
//!
//! Both halves come from one generator with another seed each: rules were looked at on half `a` only, figures are those of
//! half `b`. Never here: a text that somebody wrote, or a value that belongs to anybody.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it prints its table and measures real time"
)]

#[path = "measure/make.rs"]
mod make;
#[path = "measure/values.rs"]
mod values;

use std::{collections::BTreeMap, time::Instant};

use make::{Chance, Text, corpus};
use writ_sift::{Class, Ways, find, message};

/// Texts of one half.
const TEXTS: usize = 6_000;

#[derive(Debug, Default, Clone, Copy)]
struct Score {
    wanted: u32,
    found: u32,
    right: u32,
    missed: u32,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|one| one == word);
    let half = if has("a") { "a" } else { "b" };
    let texts = corpus(if half == "a" { 0xa11ce } else { 0xb0b }, TEXTS);
    let mut scores: BTreeMap<Class, Score> = BTreeMap::new();
    let mut shown = 0;
    for text in &texts {
        let mut show = |what: &str, value: &str| {
            if has("--show") && shown < 60 {
                println!("{what}: {value:?} in {:?}", text.body);
                shown += 1;
            }
        };
        score(text, &mut scores, &mut show);
    }
    let speeds = [speed(make::prose, false), speed(make::prose, true), speed(make::quiet, false)];
    if has("--json") {
        let rows: Vec<_> = scores.iter().map(|(class, one)| {
            serde_json::json!({"class": class.word(), "wanted": one.wanted, "found": one.found,
                "precision": part(one.right, one.found), "recall": part(one.wanted - one.missed, one.wanted)})
        }).collect();
        println!(
            "{}",
            serde_json::json!({"half": half, "texts": TEXTS, "classes": rows, "mb_per_s": {"prose": speeds[0], "prose_in_a_message": speeds[1], "busy": speeds[2]}})
        );
        return;
    }
    println!(
        "half {half}, {TEXTS} texts\n| class | wanted | found | precision | recall |\n|---|---|---|---|---|"
    );
    for (class, one) in &scores {
        let (precision, recall) =
            (part(one.right, one.found), part(one.wanted - one.missed, one.wanted));
        println!(
            "| {} | {} | {} | {precision:.1} % | {recall:.1} % |",
            class.word(),
            one.wanted,
            one.found
        );
    }
    let [prose, message, busy] = speeds;
    println!(
        "prose: {prose:.0} MB/s; in a message, with reading its JSON: {message:.0} MB/s; a word of ours in every line: {busy:.0} MB/s"
    );
}

fn part(some: u32, all: u32) -> f64 {
    if all == 0 { 100.0 } else { f64::from(some) * 100.0 / f64::from(all) }
}

/// A finding is right where it overlaps a value of its class; a value is met where all of it is in findings of its class.
fn score(text: &Text, scores: &mut BTreeMap<Class, Score>, show: &mut dyn FnMut(&str, &str)) {
    let found = find(text.body.as_bytes());
    for (class, start, end) in &text.values {
        let one = scores.entry(*class).or_default();
        one.wanted += 1;
        let met = found.iter().any(|it| it.class == *class && it.start <= *start && it.end >= *end);
        if !met {
            one.missed += 1;
            show("missed", text.body.get(*start..*end).unwrap_or_default());
        }
    }
    for it in &found {
        let one = scores.entry(it.class).or_default();
        one.found += 1;
        let right = text
            .values
            .iter()
            .any(|(class, start, end)| *class == it.class && *start < it.end && it.start < *end);
        one.right += u32::from(right);
        if !right {
            show(it.class.word(), it.of(&text.body));
        }
    }
}

/// Millions of bytes a second over a megabyte of such lines, the best of some rounds.
fn speed(line: fn(&mut Chance) -> String, in_message: bool) -> f64 {
    let mut chance = Chance::new(7);
    let mut text = String::new();
    while text.len() < 1 << 20 {
        text.push_str(&line(&mut chance));
        text.push('\n');
    }
    let body = serde_json::json!({"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": text}]}}).to_string();
    let mut best = f64::MAX;
    for _round in 0..20 {
        let begun = Instant::now();
        if in_message {
            std::hint::black_box(message(body.as_bytes(), &Ways::default()).is_ok());
        } else {
            std::hint::black_box(find(text.as_bytes()));
        }
        best = best.min(begun.elapsed().as_secs_f64());
    }
    let bytes = u32::try_from(if in_message { body.len() } else { text.len() }).unwrap_or(u32::MAX);
    f64::from(bytes) / 1e6 / best
}
