//! What a call is answered under a charter: every code, every mode, holds, limits, observation, rehearsal, replay, and
//! whether every clause is enforced.
//! To add a rule: its test beside its neighbours, its helper in `kit.rs`. Never here: commands (`tests/world`), storage.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail loudly")]

mod again;
mod answers;
mod codes;
mod holds;
mod judged;
mod kit;
mod limits;
mod observed;
mod origins;
mod rehearsed;
mod replayed;
mod traced;
