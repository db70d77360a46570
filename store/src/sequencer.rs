//! The one writer of each tenant: commands are decided one after the other on the state that the ones before them
//! lead to, and all that wait are made durable together.
//!
//! Never here: what a command means, or an answer before its lines are durable.
//! INVARIANT: the ledger's expected head is the fence; when another process wrote first, the server takes its turn among
//! the processes, reads, decides again and appends again, and its caller never knows.

mod lane;
mod work;

use std::{collections::BTreeMap, fmt, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use writ_model::{Code, Fold, TenantId, fold::BadLine};

use self::work::{Command, Work};
use crate::{AppendError, FollowError, Ledger, Tenants, View};

/// Commands of one tenant that wait; one more makes its caller wait.
pub const QUEUE: usize = 1024;
/// Commands decided and made durable together.
pub const GROUP: usize = 512;
/// How often a group is decided again because another process wrote first: alone never, among several that take turns
/// once or twice. A hundred losses in a row say that somebody writes who takes none.
pub const MAX_TRIES: usize = 100;
/// How often a command is handed to a lane that was just closing.
const HANDOVERS: usize = 16;

/// What a command does: the lines to append, or its refusal. Called again when another process wrote first, so it must
/// be a pure function of the view.
pub type Decide<F, E> = Box<dyn FnMut(&View<F>) -> Result<Vec<Bytes>, E> + Send>;

/// A command that is durable.
pub struct Committed<F> {
    /// The index of its first line.
    pub first: u64,
    /// The size after its last line; equal to `first` if it wrote none.
    pub size: u64,
    /// The tenant's state, with this command and those made durable with it.
    pub view: Arc<View<F>>,
}

impl<F> fmt::Debug for Committed<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Committed({}..{} in {:?})", self.first, self.size, self.view)
    }
}

/// Why a command is not durable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError<E> {
    /// It was refused; nothing was written for it.
    #[error("refused")]
    Refused(E),
    /// The tenant's state cannot be had; nothing was written.
    #[error(transparent)]
    Follow(FollowError),
    /// The append failed. After [`AppendError::Faulted`] and [`AppendError::Closed`] read before repeating: the lines may
    /// be there.
    #[error(transparent)]
    Append(AppendError),
    /// The command wrote a line that its own fold cannot read; nothing was written for it.
    #[error("the command's own line cannot be read: {0}")]
    Unreadable(BadLine),
    /// Other processes wrote first too many times; nothing was written.
    #[error("other writers were faster {MAX_TRIES} times")]
    Contended,
    /// The tenant's writer ended; read before repeating.
    #[error("the tenant's writer ended")]
    Gone,
}

impl<E> SubmitError<E> {
    /// Its stable code; a refusal has the code of its own reason.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Refused(_) => None,
            Self::Follow(fault) => Some(fault.code()),
            Self::Append(fault) => Some(fault.code()),
            Self::Unreadable(_) => Some(Code("STOR-0008")),
            Self::Contended => Some(Code("STOR-0009")),
            Self::Gone => Some(Code("STOR-0010")),
        }
    }
}

/// Where one tenant's commands are sent.
type Lane<F> = mpsc::Sender<Box<dyn Work<F>>>;

struct Shared<F> {
    ledger: Arc<dyn Ledger>,
    tenants: Arc<Tenants<F>>,
    /// The tenants that have something to do. A lane takes itself out when it is idle.
    lanes: Mutex<BTreeMap<TenantId, Lane<F>>>,
}

/// Every tenant's writer.
pub struct Sequencer<F> {
    shared: Arc<Shared<F>>,
}

impl<F> Clone for Sequencer<F> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<F> fmt::Debug for Sequencer<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Sequencer({} busy tenants)", self.shared.lanes.lock().len())
    }
}

impl<F: Fold> Sequencer<F> {
    /// The writers of the ledger that these views follow.
    pub fn new(tenants: Arc<Tenants<F>>) -> Self {
        let ledger = Arc::clone(tenants.ledger());
        Self { shared: Arc::new(Shared { ledger, tenants, lanes: Mutex::default() }) }
    }

    /// The views that are published to.
    pub fn tenants(&self) -> &Arc<Tenants<F>> {
        &self.shared.tenants
    }

    /// Decides a command in its turn and answers when it is durable and every reader of this process sees it.
    ///
    /// Dropping the future does not take the command back.
    ///
    /// # Errors
    /// If it is refused, or could not be made durable.
    pub async fn submit<E: Send + 'static>(
        &self,
        tenant: TenantId,
        decide: Decide<F, E>,
    ) -> Result<Committed<F>, SubmitError<E>> {
        let (reply, answer) = oneshot::channel();
        let mut work: Box<dyn Work<F>> = Box::new(Command::new(decide, reply));
        for _ in 0..HANDOVERS {
            // The sender goes back at once: a lane ends when nobody holds one.
            let sent = self.lane(tenant).send(work).await;
            match sent {
                Ok(()) => return answer.await.unwrap_or(Err(SubmitError::Gone)),
                // The lane ended (its task panicked): the next one gets the command.
                Err(mpsc::error::SendError(back)) => work = back,
            }
        }
        Err(SubmitError::Gone)
    }

    fn lane(&self, tenant: TenantId) -> Lane<F> {
        let mut lanes = self.shared.lanes.lock();
        if let Some(lane) = lanes.get(&tenant).filter(|lane| !lane.is_closed()) {
            return lane.clone();
        }
        let (lane, queue) = mpsc::channel(QUEUE);
        lanes.insert(tenant, lane.clone());
        drop(tokio::spawn(lane::run(Arc::clone(&self.shared), tenant, queue)));
        lane
    }
}

#[cfg(test)]
pub(crate) mod tests;
