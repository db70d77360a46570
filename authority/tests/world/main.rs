//! One client's register walked from its first line, through real commands and the real fold.
//! To add a rule: its test in `life.rs` or `calls.rs`, its helper in `kit.rs`. Never here: storage or HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::too_many_lines,
    reason = "tests fail loudly, and a story is read in one piece"
)]

mod calls;
mod kit;
mod life;
