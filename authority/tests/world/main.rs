//! One client's register walked from its first line, through real commands and the real fold.
//! To add a rule: its test in `life.rs` or `calls.rs`, its helper in `kit.rs`. Never here: storage or HTTP.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail loudly")]

mod approvals;
mod below;
mod calls;
mod catalog;
mod charter;
mod device;
mod forged;
mod hostile;
mod inside;
mod kit;
mod life;
mod lost;
mod moving;
mod outside;
mod people;
mod property;
mod quorum;
mod receipts;
mod scale;
mod text;
mod unsaid;
mod upstreams;
