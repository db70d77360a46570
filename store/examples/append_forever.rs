//! Appends tiny lines for some tenants and prints `ack TENANT SIZE ROOT` after each acknowledgement: the program that
//! crash tests kill.
//!
//! `append_forever DIR [TENANTS] [ACKS]`: one tenant and no end if not told.

use std::{
    env,
    error::Error,
    io::{Write, stdout},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use writ_model::{TenantId, Timestamp};
use writ_store::{DataFolder, Hold, Ledger, SqliteLedger};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let dir = args.next().ok_or("append_forever DIR [TENANTS] [ACKS]")?;
    let tenants: u8 = args.next().map_or(Ok(1), |text| text.parse())?;
    let acks: u64 = args.next().map_or(Ok(u64::MAX), |text| text.parse())?;
    let folder = DataFolder::open(Path::new(&dir), Hold::Exclusive)?;
    let ledger = Arc::new(SqliteLedger::open(folder.path())?);
    let left = Arc::new(AtomicU64::new(acks));
    let mut tasks = Vec::new();
    for n in 1..=tenants {
        let tenant = TenantId::from_parts(Timestamp::from_micros(1_000_000), [n; 10]);
        tasks.push(tokio::spawn(append(Arc::clone(&ledger), tenant, Arc::clone(&left))));
    }
    for task in tasks {
        task.await?.map_err(|fault| fault.to_string())?;
    }
    Ok(())
}

async fn append(
    ledger: Arc<SqliteLedger>,
    tenant: TenantId,
    left: Arc<AtomicU64>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut size = ledger.head(tenant).await?.size;
    while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    {
        // One to three lines, so that a torn append would show.
        let count = 1 + size % 3;
        let lines = (size..size + count).map(|n| Bytes::from(format!("{{\"n\":{n}}}"))).collect();
        let head = ledger.append(tenant, size, lines).await?;
        let line = format!("ack {tenant} {} {}\n", head.size, head.root);
        // One call, so that two tenants' lines cannot mix.
        let mut out = stdout().lock();
        out.write_all(line.as_bytes())?;
        out.flush()?;
        size = head.size;
    }
    Ok(())
}
