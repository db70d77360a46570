//! The road over real sockets: a gateway on loopback, a real ledger and lake in a temporary folder, agents with real keys,
//! tokens and proofs, and servers that write down what reached them.

#![cfg(test)]

mod bad_input;
mod calls;
mod doors;
mod ending;
mod forms;
mod held;
mod life;
mod limits;
mod observe;
mod rehearsal;
mod seals;
mod stdio;
mod upstream;
mod world;
