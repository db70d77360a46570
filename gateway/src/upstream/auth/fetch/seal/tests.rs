//! Sealing what was refreshed, with a vault that does not answer.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use serde_json::json;
use writ_model::{BootId, CharterId, Secret, Timestamp};
use writ_store::{LeasedMeter, MemoryBank, MeterRefusal, Place, Sealer, SqliteVault, VaultFault};
use writ_testkit::TempDir;

use super::*;

/// A vault whose next writes fail.
#[derive(Debug)]
struct Ailing {
    vault: SqliteVault,
    fails: AtomicU32,
}

#[async_trait]
impl Vault for Ailing {
    async fn get(&self, space: Space, name: &str) -> Result<Option<Secret<Vec<u8>>>, VaultFault> {
        self.vault.get(space, name).await
    }
    async fn put(
        &self,
        space: Space,
        name: &str,
        secret: Secret<Vec<u8>>,
    ) -> Result<(), VaultFault> {
        let left = self.fails.load(Ordering::Relaxed);
        if left > 0 {
            self.fails.store(left - 1, Ordering::Relaxed);
            return Err(VaultFault::Faulted { why: "away".to_owned() });
        }
        self.vault.put(space, name, secret).await
    }
    async fn remove(&self, space: Space, name: &str) -> Result<bool, VaultFault> {
        self.vault.remove(space, name).await
    }
    async fn names(
        &self,
        space: Space,
        prefix: &str,
        after: &str,
    ) -> Result<Vec<String>, VaultFault> {
        self.vault.names(space, prefix, after).await
    }
    async fn sealer(&self, space: Space) -> Result<Arc<Sealer>, VaultFault> {
        self.vault.sealer(space).await
    }
}

fn kept() -> Kept {
    let row = json!({
        "v": 1, "connection": "0".repeat(64), "at": "https://mail.example/mcp",
        "issuer": "https://id.example", "access": "new", "dpop": false, "until": 60, "refresh": "r-2",
        "scope": "read", "token": "https://id.example/token", "client_issuer": "https://id.example",
        "client_id": "writ", "method": "none",
    });
    Kept::from_bytes(&Secret::new(row.to_string().into_bytes())).unwrap()
}

#[tokio::test]
async fn nobody_else_refreshes_until_what_was_refreshed_is_sealed() {
    let dir = TempDir::new().unwrap();
    let (tenant, now) = (TenantId::from_bytes([1; 16]), Timestamp::from_micros(1_000_000));
    let space = Space::Tenant(tenant);
    let vault = SqliteVault::open(dir.path()).unwrap();
    vault.put(space, "older", Secret::new(b"used up".to_vec())).await.unwrap();
    let vault = Arc::new(Ailing { vault, fails: AtomicU32::new(1) });
    let bank = Arc::new(MemoryBank::default());
    let meter: Arc<dyn Meter> = Arc::new(LeasedMeter::new(bank, BootId::from_bytes([2; 16])));
    let key = MeterKey::new(tenant, CharterId::from_bytes([3; 16]), 7);
    let place = [Place { key, most: 1 }];
    meter.draw_and_occupy(tenant, now, &place).await.unwrap();
    let tasks = TaskTracker::new();
    let sealing = |vault: &Arc<Ailing>| Sealing {
        vault: vault.clone(),
        name: "own".to_owned(),
        older: Some("older".to_owned()),
        turn: Occupied { meter: Arc::clone(&meter), tenant, key },
    };
    let turn = sealing(&vault).seal(&kept(), &tasks).await;
    assert!(turn.is_none(), "it goes on behind");
    let other = meter.draw_and_occupy(tenant, now, &place).await;
    assert!(matches!(other, Err(MeterRefusal::Occupied { .. })), "{other:?}");
    assert_eq!(vault.get(space, "older").await.unwrap().unwrap().expose(), b"used up");
    tasks.close();
    tasks.wait().await;
    let sealed = vault.get(space, "own").await.unwrap().unwrap();
    assert_eq!(Kept::from_bytes(&sealed).unwrap().access.expose(), "new");
    assert!(vault.get(space, "older").await.unwrap().is_none());
    meter.draw_and_occupy(tenant, now, &place).await.unwrap();
    // Where the vault answers, it is sealed at once, and the turn is the caller's.
    let turn = sealing(&vault).seal(&kept(), &TaskTracker::new()).await.unwrap();
    let other = meter.draw_and_occupy(tenant, now, &place).await;
    assert!(matches!(other, Err(MeterRefusal::Occupied { .. })), "{other:?}");
    drop(turn);
    meter.draw_and_occupy(tenant, now, &place).await.unwrap();
}
