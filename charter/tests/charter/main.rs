//! The charter from outside: judged cases, properties, golden files, letters.
//! To add a case of judgment: a row in `../cases.md`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod cases;
mod check;
mod diff;
mod golden;
mod kit;
mod letter;
mod properties;
mod random;
mod templates;
