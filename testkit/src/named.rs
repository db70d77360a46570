//! A test that starts a server says so in its path, for by that word `cargo xtask test` knows what to install first.
//!
//! Never here: which servers there are to install; the task has the list, and both are held equal by
//! `xtask/tests/tidy/servers.rs`.
//! To add one: its word in [`WORDS`].

use std::{env, io};

/// One of these stands in the path of every test that starts a real server.
pub const WORDS: [&str; 3] = ["postgres", "nats", "jetstream"];

/// Refuses a test whose path has none of [`WORDS`]: it would run before its server is installed. Only nextest tells a
/// test its path; without it nothing is refused.
pub(crate) fn after_a_server() -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "what the runner tells a test")]
    let Ok(name) = env::var("NEXTEST_TEST_NAME") else { return Ok(()) };
    if WORDS.iter().any(|word| name.contains(word)) {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "the test {name:?} starts a real server, and its path has none of {WORDS:?}: move it into a module named so"
    )))
}
