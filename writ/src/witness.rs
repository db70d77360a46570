//! `writ witness`: a small program at the client that reads the whole ledger, holds it against what it saw before and
//! against the client's own signatures, and cosigns what passes.
//!
//! INVARIANT: what was seen is on disk before a cosignature of it leaves, so that no restart can sign two histories.
//! Never here: trust in a line because the server gave it; a fact (a witness says, it does not decide).
//! To check one more thing: [`watch::Watch::round`]. To reach the desk in another way: another
//! [`crate::api::Transport`].

pub mod board;
pub mod home;
pub mod remote;
pub mod restored;
pub mod watch;

pub use board::Board;
pub use home::{Home, Seen};
pub use remote::Remote;
pub use restored::Restored;
pub use watch::{Step, Stop, Watch};
