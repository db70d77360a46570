//! What is under way for whom: every call and stream holds a [`Guard`] of its instance, and ending an agent cancels them.
//!
//! INVARIANT: a guard is taken *before* the state is read for the decision. A call that read the state from before an
//! ending is therefore registered when the ending is handled, and is cut; a later one reads the state from after it.
//! Never here: why somebody is ended, or the ledger.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;
use writ_model::{AgentId, InstanceId, TenantId};

/// LIMIT: instances remembered with nothing under way, so that the next call makes nothing new.
const RESTING: usize = 65_536;

/// Whose.
pub(crate) type Key = (TenantId, AgentId, InstanceId);

/// One instance's calls and streams.
#[derive(Debug, Default)]
struct Entry {
    token: CancellationToken,
    calls: AtomicU64,
    streams: AtomicU64,
    left: Notify,
}

impl Entry {
    fn busy(&self) -> bool {
        self.calls.load(Ordering::SeqCst) + self.streams.load(Ordering::SeqCst) > 0
    }
}

/// Everything under way.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    entries: Mutex<BTreeMap<Key, Arc<Entry>>>,
}

/// One call or stream under way.
#[derive(Debug)]
pub(crate) struct Guard {
    entry: Arc<Entry>,
    streaming: bool,
}

/// What was cut.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    entries: Vec<Arc<Entry>>,
    /// Calls whose answer was awaited.
    pub(crate) calls: u64,
    /// Streams that were open.
    pub(crate) streams: u64,
}

impl Streams {
    /// Registers a call of an instance.
    pub(crate) fn enter(&self, key: Key) -> Guard {
        let mut entries = self.entries.lock();
        if entries.len() >= RESTING && !entries.contains_key(&key) {
            entries.retain(|_, entry| entry.busy());
        }
        let entry = Arc::clone(entries.entry(key).or_default());
        // Under the lock: a cut that comes now sees the call or comes before its entry.
        entry.calls.fetch_add(1, Ordering::SeqCst);
        Guard { entry, streaming: false }
    }

    /// Cancels everything of an agent, or of one of its instances.
    pub(crate) fn cut(
        &self,
        tenant: TenantId,
        agent: AgentId,
        instance: Option<InstanceId>,
    ) -> Cut {
        self.cut_where(|(owner, who, copy)| {
            *owner == tenant && *who == agent && instance.is_none_or(|one| one == *copy)
        })
    }

    /// Cancels everything of a tenant whose register cannot be read any more.
    pub(crate) fn cut_tenant(&self, tenant: TenantId) -> Cut {
        self.cut_where(|(owner, ..)| *owner == tenant)
    }

    /// Whose calls and streams are under way, for looking at all of them again.
    pub(crate) fn busy(&self) -> Vec<Key> {
        self.entries.lock().iter().filter(|(_, entry)| entry.busy()).map(|(key, _)| *key).collect()
    }

    fn cut_where(&self, mut whose: impl FnMut(&Key) -> bool) -> Cut {
        let mut cut = Cut::default();
        self.entries.lock().retain(|key, entry| {
            if !whose(key) {
                return true;
            }
            cut.calls += entry.calls.load(Ordering::SeqCst);
            cut.streams += entry.streams.load(Ordering::SeqCst);
            entry.token.cancel();
            cut.entries.push(Arc::clone(entry));
            false
        });
        cut
    }
}

impl Cut {
    /// Waits until everything cut has let go; says whether it did in time.
    pub(crate) async fn gone(&self, most: Duration) -> bool {
        let all = async {
            for entry in &self.entries {
                loop {
                    let left = entry.left.notified();
                    if !entry.busy() {
                        break;
                    }
                    left.await;
                }
            }
        };
        timeout(most, all).await.is_ok()
    }
}

impl Guard {
    /// Cancelled when the agent is ended.
    pub(crate) fn token(&self) -> &CancellationToken {
        &self.entry.token
    }

    /// From now on it counts as a stream.
    pub(crate) fn streaming(&mut self) {
        if !self.streaming {
            self.streaming = true;
            self.entry.streams.fetch_add(1, Ordering::SeqCst);
            self.entry.calls.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let counter = if self.streaming { &self.entry.streams } else { &self.entry.calls };
        counter.fetch_sub(1, Ordering::SeqCst);
        self.entry.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(agent: u8, instance: u8) -> Key {
        (
            TenantId::from_bytes([1; 16]),
            AgentId::from_bytes([agent; 16]),
            InstanceId::from_bytes([instance; 16]),
        )
    }

    #[tokio::test]
    async fn a_cut_cancels_one_agent_and_waits_for_it() {
        let streams = Streams::default();
        let (mut one, two, other) =
            (streams.enter(key(1, 1)), streams.enter(key(1, 2)), streams.enter(key(2, 3)));
        one.streaming();
        let (tenant, agent, _) = key(1, 1);
        let cut = streams.cut(tenant, agent, None);
        assert_eq!((cut.calls, cut.streams), (1, 1));
        assert!(one.token().is_cancelled() && two.token().is_cancelled());
        assert!(!other.token().is_cancelled());
        assert!(!cut.gone(Duration::from_millis(1)).await);
        drop((one, two));
        assert!(cut.gone(Duration::from_secs(5)).await);
        assert!(!streams.enter(key(1, 1)).token().is_cancelled(), "a new life, a new token");
        assert_eq!(streams.busy(), [key(2, 3)]);
    }

    #[test]
    fn a_cut_of_an_instance_leaves_the_others() {
        let streams = Streams::default();
        let (one, two) = (streams.enter(key(1, 1)), streams.enter(key(1, 2)));
        let (tenant, agent, instance) = key(1, 1);
        streams.cut(tenant, agent, Some(instance));
        assert!(one.token().is_cancelled() && !two.token().is_cancelled());
        streams.cut_tenant(tenant);
        assert!(two.token().is_cancelled());
    }
}
