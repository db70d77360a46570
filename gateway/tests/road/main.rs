//! The road over real sockets: a gateway on loopback, a real ledger and lake in a temporary folder, agents with real keys,
//! tokens and proofs, and servers that write down what reached them.

#![cfg(test)]

mod asking;
mod bad_input;
mod batches;
mod behalf;
mod calls;
mod catalogue;
mod doors;
mod ending;
mod envoy;
mod foreign;
mod forms;
mod guarded;
mod halting;
mod held;
mod hostile;
mod killed;
mod life;
mod limits;
mod many;
mod many_servers;
mod meter;
mod neighbors;
mod observe;
mod origins;
mod protected;
mod rehearsal;
mod returned;
mod revisions;
mod scopes;
mod seals;
mod standing;
mod stdio;
mod tasks;
mod traced;
mod two_addresses;
mod two_upstream;
mod upstream;
mod world;
