//! The desk on a real SQLite store: every flow through the router, then the ledgers checked.
//!
//! Never here: a mock of a store. To add a flow: a file, and [`world::World::check`] at its end.

#[cfg(test)]
mod approvals;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod charter;
#[cfg(test)]
mod consent;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod cross;
#[cfg(test)]
mod drills;
#[cfg(test)]
mod endings;
#[cfg(test)]
mod erasure;
#[cfg(test)]
mod exchange;
mod flow;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod ledgers;
#[cfg(test)]
mod moments;
#[cfg(test)]
mod notify;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod observe;
#[cfg(test)]
mod oidc;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod people;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod refuse;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod road;
#[cfg(test)]
mod seals;
#[cfg(test)]
mod session;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod tools;
#[cfg(test)]
mod upstreams;
#[cfg(test)]
mod world;
