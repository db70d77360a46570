//! One tenant's lane: take what waits, decide it in order, append once, publish, answer.
//!
//! Never here: an answer, a refusal included, that rests on lines which are not durable.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use tokio::{sync::mpsc, time};
use writ_model::{Fold, Span, TenantId};

use super::{
    Committed, GROUP, MAX_TRIES, Shared,
    work::{Failure, Work},
};
use crate::{
    AppendError, ReadError, View,
    ledger::{MAX_APPEND_BYTES, MAX_APPEND_LINES, check_bounds},
};

/// How long a lane waits for a caller that took its sender and has not sent yet.
const HANDOVER: Span = Span::seconds(1);

type Waiting<F> = VecDeque<Box<dyn Work<F>>>;

/// Runs until nothing waits.
pub(super) async fn run<F: Fold>(
    shared: Arc<Shared<F>>,
    tenant: TenantId,
    mut queue: mpsc::Receiver<Box<dyn Work<F>>>,
) {
    let mut waiting = Waiting::new();
    loop {
        while waiting.len() < GROUP
            && let Ok(next) = queue.try_recv()
        {
            waiting.push_back(next);
        }
        if !waiting.is_empty() {
            round(&shared, tenant, &mut waiting).await;
        } else if leave(&shared, tenant, &queue) {
            return;
        } else if let Ok(Some(next)) = time::timeout(HANDOVER.to_std(), queue.recv()).await {
            waiting.push_back(next);
        }
    }
}

/// Takes the lane out if nobody can send to it any more. Senders are handed out under the same lock.
fn leave<F>(
    shared: &Shared<F>,
    tenant: TenantId,
    queue: &mpsc::Receiver<Box<dyn Work<F>>>,
) -> bool {
    let mut lanes = shared.lanes.lock();
    let idle = queue.is_empty() && queue.sender_strong_count() <= 1;
    if idle {
        lanes.remove(&tenant);
    }
    idle
}

/// What one command of a group came to, if the group becomes durable.
enum Verdict {
    /// Refused, or its lines stand from the first size to the second.
    Stands(u64, u64),
    Failed(Failure),
}

/// A group as decided on one view.
struct Plan<F> {
    view: View<F>,
    lines: Vec<Bytes>,
    verdicts: Vec<Verdict>,
}

/// Decides as many as fit one append, from the front.
fn decide<F: Fold>(base: &View<F>, waiting: &mut Waiting<F>) -> Plan<F> {
    let mut plan = Plan { view: base.clone(), lines: Vec::new(), verdicts: Vec::new() };
    let mut bytes = 0;
    for work in waiting.iter_mut() {
        let first = plan.view.size;
        let Some(lines) = work.decide(&plan.view) else {
            plan.verdicts.push(Verdict::Stands(first, first));
            continue;
        };
        if let Err(fault) = check_bounds(&lines) {
            plan.verdicts.push(Verdict::Failed(Failure::Append(fault)));
            continue;
        }
        let size: usize = lines.iter().map(Bytes::len).sum();
        if plan.lines.len() + lines.len() > MAX_APPEND_LINES || bytes + size > MAX_APPEND_BYTES {
            break;
        }
        let mut next = plan.view.clone();
        match next.extend(&lines) {
            Ok(()) => {
                bytes += size;
                plan.verdicts.push(Verdict::Stands(first, next.size));
                plan.view = next;
                plan.lines.extend(lines);
            }
            Err(bad) => plan.verdicts.push(Verdict::Failed(Failure::Unreadable(bad))),
        }
    }
    plan
}

async fn round<F: Fold>(shared: &Shared<F>, tenant: TenantId, waiting: &mut Waiting<F>) {
    match settle(shared, tenant, waiting).await {
        Ok((verdicts, view)) => {
            for (verdict, work) in verdicts.into_iter().zip(drain(waiting)) {
                let view = Arc::clone(&view);
                work.finish(match verdict {
                    Verdict::Stands(first, size) => Ok(Committed { first, size, view }),
                    Verdict::Failed(failure) => Err(failure),
                });
            }
        }
        Err((count, failure)) => {
            let count = count.min(waiting.len());
            waiting.drain(..count).for_each(|work| work.finish(Err(failure.clone())));
        }
    }
}

type Settled<F> = Result<(Vec<Verdict>, Arc<View<F>>), (usize, Failure)>;

/// Decides and appends until the group stands on the ledger's head. On failure: how many commands it concerns.
async fn settle<F: Fold>(
    shared: &Shared<F>,
    tenant: TenantId,
    waiting: &mut Waiting<F>,
) -> Settled<F> {
    let everyone = waiting.len();
    let follow = |fault| (everyone, Failure::Follow(fault));
    let mut base = shared.tenants.view(tenant).await.map_err(follow)?;
    // Held until this group is durable: after the first loss nobody who asks later can be faster.
    let mut turn = None;
    for _ in 0..MAX_TRIES {
        let plan = decide(&base, waiting);
        let count = plan.verdicts.len();
        if plan.lines.is_empty() {
            return Ok((plan.verdicts, base));
        }
        let lines: Arc<[Bytes]> = plan.lines.clone().into();
        let appended = if lines.iter().all(|line| F::can_wait(line)) {
            shared.ledger.append_unhurried(tenant, base.size, plan.lines).await
        } else {
            shared.ledger.append(tenant, base.size, plan.lines).await
        };
        match appended {
            Ok(head) => {
                let view = Arc::new(plan.view);
                if head.root != view.root() || head.size != view.size {
                    shared.tenants.forget(tenant);
                    let why = "its root is not over the lines that were read".to_owned();
                    let damaged = ReadError::Damaged { tenant, index: head.size, why };
                    return Err((count, Failure::Follow(damaged.into())));
                }
                shared.tenants.publish(&view, lines);
                return Ok((plan.verdicts, view));
            }
            Err(AppendError::Stale { .. }) => {
                if turn.is_none() {
                    let taken = shared.ledger.turn(tenant).await;
                    turn = Some(taken.map_err(|fault| (everyone, Failure::Append(fault)))?);
                }
                base = shared.tenants.advance(tenant).await.map_err(follow)?;
            }
            Err(fault) => {
                // Whether it was written is not known: the next one starts from what is stored.
                shared.tenants.forget(tenant);
                return Err((count, Failure::Append(fault)));
            }
        }
    }
    Err((everyone, Failure::Contended))
}

/// The commands from the front, one by one: as many are taken as there are verdicts to zip with.
fn drain<F>(waiting: &mut Waiting<F>) -> impl Iterator<Item = Box<dyn Work<F>>> {
    std::iter::from_fn(|| waiting.pop_front())
}
