//! The protocol of lease, kill, fence and restart, explored exhaustively in small scope: every order of messages, losses,
//! stops, restarts and restores that the bounds allow, against the invariants that the code promises.
//!
//! The rules themselves are not written again here: what a lease still allows is `lease::standing_of`, and when a silent
//! gateway is over is `lease::over_at`, the functions that gateways and receipts use.
//! Never here: a real clock, a store, or a bound that hides a state (a test says how many were reached).
//! To add a step of the protocol: an action in its file, and the invariant that it could break.

mod follow;
mod write;

use stateright::{Checker, Model};

/// What an exploration came to: every property holds or was seen, and nothing was cut off.
fn explored<M>(model: M, at_least: usize)
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + std::hash::Hash + std::fmt::Debug + Send + Sync + PartialEq,
    M::Action: Clone + std::fmt::Debug + PartialEq + Send + Sync,
{
    let checker = model.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    assert!(checker.is_done());
    let states = checker.unique_state_count();
    assert!(states >= at_least, "{states} states: the scope is smaller than it was meant to be");
}

#[test]
fn an_ended_agent_stays_ended_through_partitions_restarts_and_restores() {
    explored(follow::Follow::Restores, 1_000);
}

#[test]
fn a_receipt_is_true_whatever_is_lost_and_whoever_restarts() {
    explored(follow::Follow::Receipts, 1_000);
}

#[test]
fn a_stop_is_written_whoever_else_writes_or_stalls() {
    explored(write::Write, 1_000);
}
