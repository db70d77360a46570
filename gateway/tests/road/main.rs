//! The road over real sockets: a gateway on loopback, a real ledger and lake in a temporary folder, agents with real keys,
//! tokens and proofs, and servers that write down what reached them.

#![cfg(test)]

mod bad_input;
mod calls;
mod doors;
mod ending;
mod forms;
mod halting;
mod held;
mod killed;
mod life;
mod limits;
mod many;
mod meter;
mod neighbors;
mod observe;
mod rehearsal;
mod revisions;
mod seals;
mod standing;
mod stdio;
mod upstream;
mod world;
