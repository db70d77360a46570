//! The way of records over the bus: a recorder with a spool, a real bus, a lake; each of them killed and taken away.

#![cfg(test)]

mod killed;
mod made;
mod mirrored;
mod nats;
mod odd;
mod world;
