//! A ledger that is replaced by another under its follower: a failover that lost a tail, a restored backup.

use async_trait::async_trait;
use writ_evidence::Subtree;

use super::*;
use crate::{AppendError, Hint};

/// Asks whichever ledger is there now.
#[derive(Debug)]
struct Replaced {
    now: Mutex<Arc<dyn Ledger>>,
    /// What polls are told instead of the heads.
    told: Mutex<Option<Vec<(TenantId, Head)>>>,
    /// Held closed, lines are read only after it opens, from the ledger that was asked.
    gate: tokio::sync::Mutex<()>,
}

impl Replaced {
    fn by(ledger: Arc<dyn Ledger>) -> Arc<Self> {
        Arc::new(Self {
            now: Mutex::new(ledger),
            told: Mutex::default(),
            gate: tokio::sync::Mutex::default(),
        })
    }

    fn now(&self) -> Arc<dyn Ledger> {
        Arc::clone(&self.now.lock())
    }
}

#[async_trait]
impl Ledger for Replaced {
    async fn append(
        &self,
        tenant: TenantId,
        expected: u64,
        lines: Vec<Bytes>,
    ) -> Result<Head, AppendError> {
        self.now().append(tenant, expected, lines).await
    }
    async fn read(&self, tenant: TenantId, from: u64, max: usize) -> Result<Vec<Bytes>, ReadError> {
        let ledger = self.now();
        drop(self.gate.lock().await);
        ledger.read(tenant, from, max).await
    }
    async fn head(&self, tenant: TenantId) -> Result<Head, ReadError> {
        self.now().head(tenant).await
    }
    async fn heads(&self) -> Result<Vec<(TenantId, Head)>, ReadError> {
        let told = self.told.lock().clone();
        match told {
            Some(told) => Ok(told),
            None => self.now().heads().await,
        }
    }
    fn watch(&self) -> broadcast::Receiver<Hint> {
        self.now().watch()
    }
    async fn subtrees(
        &self,
        tenant: TenantId,
        wanted: Vec<Subtree>,
    ) -> Result<Vec<(Subtree, Digest)>, ReadError> {
        self.now().subtrees(tenant, wanted).await
    }
    async fn save_snapshot(&self, tenant: TenantId, snapshot: Snapshot) -> Result<(), AppendError> {
        self.now().save_snapshot(tenant, snapshot).await
    }
    async fn load_snapshot(&self, tenant: TenantId) -> Result<Option<Snapshot>, ReadError> {
        self.now().load_snapshot(tenant).await
    }
}

/// A ledger of tenant 1 with these numbers, and one line of tenant 2.
async fn of(numbers: &[&'static str]) -> Arc<dyn Ledger> {
    let ledger = MemoryLedger::new();
    let lines = numbers.iter().map(|number| Bytes::from_static(number.as_bytes())).collect();
    ledger.append(tenant(1), 0, lines).await.unwrap();
    ledger.append(tenant(2), 0, ones(1)).await.unwrap();
    Arc::new(ledger)
}

fn is_damaged(fault: &FollowError) -> bool {
    matches!(fault, FollowError::Read(ReadError::Damaged { tenant: of, .. }) if *of == tenant(1))
}

#[tokio::test]
async fn a_ledger_that_does_not_lead_on_is_noticed_by_the_next_poll_and_refused_from_then_on() {
    for (why, numbers) in [
        ("shorter", &["1", "1"][..]),
        ("gone", &[]),
        ("as long", &["1", "1", "7"]),
        ("longer", &["1", "1", "7", "1"]),
    ] {
        let ledger = Replaced::by(of(&["1", "1", "1"]).await);
        let tenants = Tenants::<Sum>::new(Arc::<Replaced>::clone(&ledger));
        for n in [1, 2] {
            tenants.view(tenant(n)).await.unwrap();
        }
        assert_eq!(tenants.poll().await.unwrap(), Polled::default());
        let mut changes = tenants.changes();
        let other = of(numbers).await;
        let before = std::mem::replace(&mut *ledger.now.lock(), other);
        let polled = tenants.poll().await.unwrap();
        assert!(polled.advanced == 0 && polled.refused.len() == 1, "{why}: {polled:?}");
        assert!(is_damaged(&polled.refused[0]), "{why}: {polled:?}");
        let told = changes.try_recv().unwrap();
        assert!(told.tenant == tenant(1) && told.view.is_none(), "{why}: what is open is closed");
        assert_eq!(tenants.in_memory(), [tenant(2)], "{why}: the other tenant lives");
        assert_eq!(tenants.poll().await.unwrap(), Polled::default(), "{why}: it is told once");
        // It is not taken up from the other history, whoever asks, and a writer that ends late does not bring it back.
        for _ in 0..2 {
            assert!(is_damaged(&tenants.view(tenant(1)).await.unwrap_err()), "{why}");
            assert!(is_damaged(&tenants.advance(tenant(1)).await.unwrap_err()), "{why}");
            let late = Tenants::<Sum>::new(Arc::clone(&before)).view(tenant(1)).await.unwrap();
            tenants.publish(&late, Arc::default());
            assert!(tenants.cached(tenant(1)).is_none(), "{why}");
        }
    }
}

#[tokio::test]
async fn who_would_write_on_another_history_notices_it_too() {
    let ledger = Replaced::by(of(&["1", "1", "1"]).await);
    let tenants = Arc::new(Tenants::<Sum>::new(Arc::<Replaced>::clone(&ledger)));
    tenants.view(tenant(1)).await.unwrap();
    let other = of(&["1", "7"]).await;
    *ledger.now.lock() = other;
    let sequencer = crate::Sequencer::new(Arc::clone(&tenants));
    let add = Box::new(|_: &View<Sum>| Ok::<_, String>(ones(1)));
    assert!(sequencer.submit(tenant(1), add).await.is_err());
    assert!(tenants.cached(tenant(1)).is_none());
    assert!(is_damaged(&tenants.view(tenant(1)).await.unwrap_err()));
    assert_eq!(ledger.head(tenant(1)).await.unwrap().size, 2, "nothing was written");
}

#[tokio::test]
async fn a_writer_of_this_process_may_be_ahead_of_a_poll() {
    let ledger = Replaced::by(of(&["1"]).await);
    let tenants = Tenants::<Sum>::new(Arc::<Replaced>::clone(&ledger));
    tenants.view(tenant(1)).await.unwrap();
    tenants.view(tenant(2)).await.unwrap();
    // The heads were read, and then this process wrote.
    let told = vec![(tenant(1), ledger.head(tenant(1)).await.unwrap())];
    *ledger.told.lock() = Some(told);
    ledger.append(tenant(1), 1, ones(2)).await.unwrap();
    tenants.advance(tenant(1)).await.unwrap();
    assert_eq!(tenants.poll().await.unwrap(), Polled::default(), "nor is tenant 2 gone");
    assert_eq!(tenants.cached(tenant(1)).unwrap().size, 3);
    assert_eq!(tenants.in_memory(), [tenant(1), tenant(2)]);
}

#[tokio::test]
async fn a_load_that_began_on_a_ledger_that_is_gone_ends_on_nothing_of_it() {
    let ledger = Replaced::by(of(&["1", "1", "1"]).await);
    let tenants = Arc::new(Tenants::<Sum>::new(Arc::<Replaced>::clone(&ledger)));
    let closed = ledger.gate.lock().await;
    let loading = Arc::clone(&tenants);
    let load = tokio::spawn(async move { loading.view(tenant(1)).await });
    while tenants.loading.lock().is_empty() {
        tokio::task::yield_now().await;
    }
    // It has read the head and waits for the lines.
    tokio::task::yield_now().await;
    let other = of(&["1", "1"]).await;
    *ledger.now.lock() = other;
    assert_eq!(tenants.poll().await.unwrap(), Polled::default());
    drop(closed);
    assert!(is_damaged(&load.await.unwrap().unwrap_err()));
    // Nobody was shown it, so nothing is contradicted.
    assert_eq!(tenants.view(tenant(1)).await.unwrap().size, 2);
}
