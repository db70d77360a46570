//! The rules that need a real NATS. Its name is in their path, by which `cargo xtask test` knows what to install first.
//!
//! Never here: a rule that holds on the bus of one process.
//! To add one: a file of tests, named here.

mod killed;
mod travel;
