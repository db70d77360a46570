//! One command in a lane, with the types of its refusal hidden.
//!
//! Never here: a second answer to one command.

use bytes::Bytes;
use tokio::sync::oneshot;
use writ_model::{Fold, fold::BadLine};

use super::{Committed, Decide, SubmitError};
use crate::{AppendError, FollowError, View};

/// Why a command failed that was not refused.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    Follow(FollowError),
    Append(AppendError),
    Unreadable(BadLine),
    Contended,
}

/// A command that waits.
pub(super) trait Work<F>: Send {
    /// Its lines, or nothing if it is refused (the reason stays inside).
    fn decide(&mut self, view: &View<F>) -> Option<Vec<Bytes>>;
    /// Answers: its refusal if the last decision was one, otherwise this outcome.
    fn finish(self: Box<Self>, outcome: Result<Committed<F>, Failure>);
}

pub(super) struct Command<F, E> {
    decide: Decide<F, E>,
    refusal: Option<E>,
    reply: oneshot::Sender<Result<Committed<F>, SubmitError<E>>>,
}

impl<F, E> Command<F, E> {
    pub(super) fn new(
        decide: Decide<F, E>,
        reply: oneshot::Sender<Result<Committed<F>, SubmitError<E>>>,
    ) -> Self {
        Self { decide, refusal: None, reply }
    }
}

impl<F: Fold, E: Send> Work<F> for Command<F, E> {
    fn decide(&mut self, view: &View<F>) -> Option<Vec<Bytes>> {
        match (self.decide)(view) {
            Ok(lines) => {
                self.refusal = None;
                Some(lines)
            }
            Err(refusal) => {
                self.refusal = Some(refusal);
                None
            }
        }
    }

    fn finish(self: Box<Self>, outcome: Result<Committed<F>, Failure>) {
        let answer = match (self.refusal, outcome) {
            (Some(refusal), Ok(_)) => Err(SubmitError::Refused(refusal)),
            (None, Ok(committed)) => Ok(committed),
            (_, Err(Failure::Follow(fault))) => Err(SubmitError::Follow(fault)),
            (_, Err(Failure::Append(fault))) => Err(SubmitError::Append(fault)),
            (_, Err(Failure::Unreadable(bad))) => Err(SubmitError::Unreadable(bad)),
            (_, Err(Failure::Contended)) => Err(SubmitError::Contended),
        };
        // The caller may have gone; the command stands.
        drop(self.reply.send(answer));
    }
}
