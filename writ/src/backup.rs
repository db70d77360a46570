//! `writ backup` and `writ restore`: everything that has authority, copied out while the server runs, sealed under a key of
//! its own, and put back so that nobody who was ended lives again.
//!
//! INVARIANT: what was asked for and not yet answered is not in a backup: held calls, queued messages, open sessions. Who
//! wants it still asks again, and is decided again.
//! Never here: a plain secret, or a file that is believed because of where it lies. The format is in `docs/backup.md`.
//! To back up one more kind of thing: a variant of [`manifest::Kind`], who writes it in `run`, who checks it in `check`,
//! who puts it back in `restore`.

pub mod check;
pub mod fault;
pub mod folder;
pub mod key;
pub mod manifest;
pub mod memory;
pub mod object;
pub mod pack;
pub mod restore;
pub mod run;
pub mod source;
pub mod target;
pub mod witnessed;

pub use check::{Checked, check};
pub use folder::Folder;
pub use key::BackupKey;
pub use manifest::Manifest;
pub use memory::Memory;
pub use restore::{Restored, restore};
pub use run::{Done, run};
pub use source::Source;
pub use target::Target;
pub use witnessed::Word;

#[cfg(test)]
mod tests;
