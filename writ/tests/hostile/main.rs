//! A dishonest provider: every role of its own, the server's disk with all its keys, the domain. Whatever it does to its
//! client's ledger is found by the client's own tools, by the rule that the test names.
//!
//! Never here: a mock of a verifier. To add a shortcut: a test that does it and says which rule finds it.

#[cfg(test)]
mod charters;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod forging;
#[cfg(test)]
mod history;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod restoring;
#[cfg(test)]
mod server;
#[cfg(test)]
mod watching;
#[cfg(test)]
mod world;
