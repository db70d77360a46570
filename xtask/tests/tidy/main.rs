//! The house rules that a machine can read, checked over the whole tree: arrows between crates, sizes, headers, documents,
//! forbidden words, error codes.
//!
//! Never here: formatting and lints (rustfmt and clippy hold those). A rule fails with every place that breaks it at once.
//! To add a rule: a file with its checks as tests, its name below (`cfg(test)` tells clippy that helpers may unwrap).

#[cfg(test)]
mod arrows;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod mask;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod words;

#[cfg(test)]
/// Fails with all places, one a line.
fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{} × {what}:\n{}", found.len(), found.join("\n"));
}
