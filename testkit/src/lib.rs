//! What tests stand on: a clock that stands still until told, entropy from a seed, folders that clean up after
//! themselves, real servers that end with their test.
//!
//! Never here: anything a shipped crate depends on, or a real clock or real entropy (the binary owns those).
//! To add one: a file with one type that implements the trait it stands in for.

mod certificate;
mod clock;
mod entropy;
mod folder;
pub mod named;
mod nats;
pub mod postgres;

pub use certificate::Certificates;
pub use clock::FakeClock;
pub use entropy::SeededEntropy;
pub use folder::TempDir;
pub use nats::Nats;
pub use postgres::{Database, Postgres};
