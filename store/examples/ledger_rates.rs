//! Measures the ledger on this machine's disk and prints one JSON object: durable commands a second through the
//! sequencer in one tenant and over 64, facts folded a second from stored bytes with hashing, a hot read of a view.
//!
//! `ledger_rates DIR [SECONDS]`

use std::{env, error::Error, hint::black_box, path::Path, sync::Arc};

use bytes::Bytes;
use tokio::time::{Duration, Instant};
use writ_model::{Fold, TenantId, Timestamp, fold::BadLine};
use writ_store::{DataFolder, Hold, Ledger, Sequencer, SqliteLedger, Tenants, View};

type Fault = Box<dyn Error + Send + Sync>;

/// Commands of one tenant that are in flight at once, as from as many callers.
const IN_FLIGHT: usize = 64;
/// A fact's usual size.
const LINE: usize = 400;

/// Counts lines and bytes.
#[derive(Debug, Clone)]
struct Count(u64);

impl Fold for Count {
    const VERSION: u32 = 1;
    fn empty(_: TenantId) -> Self {
        Self(0)
    }
    fn fold(&mut self, _: u64, line: &[u8]) -> Result<(), BadLine> {
        self.0 += u64::try_from(line.len()).unwrap_or(0);
        Ok(())
    }
    fn save(&self) -> Result<Vec<u8>, BadLine> {
        Ok(self.0.to_be_bytes().to_vec())
    }
    fn load(_: &[u8]) -> Result<Self, BadLine> {
        Err(BadLine { index: 0, why: "not kept".to_owned() })
    }
}

fn tenant(n: u8) -> TenantId {
    TenantId::from_parts(Timestamp::from_micros(1_000_000), [n; 10])
}

/// Durable commands a second over so many tenants.
async fn appends(sequencer: &Sequencer<Count>, tenants: u8, seconds: u64) -> Result<u64, Fault> {
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut tasks = Vec::new();
    for n in 0..tenants {
        for _ in 0..IN_FLIGHT / usize::from(tenants.min(16)) {
            let sequencer = sequencer.clone();
            tasks.push(tokio::spawn(async move {
                let mut done = 0_u64;
                while Instant::now() < end {
                    let one = |view: &View<Count>| {
                        let line = format!("{:0>LINE$}", view.size);
                        Ok::<_, String>(vec![Bytes::from(line)])
                    };
                    sequencer.submit(tenant(n), Box::new(one)).await?;
                    done += 1;
                }
                Ok::<_, Fault>(done)
            }));
        }
    }
    let mut done = 0;
    for task in tasks {
        done += task.await??;
    }
    Ok(done / seconds.max(1))
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its answer is what it prints")]
async fn main() -> Result<(), Fault> {
    let mut args = env::args().skip(1);
    let dir = args.next().ok_or("ledger_rates DIR [SECONDS]")?;
    let seconds: u64 = args.next().map_or(Ok(3), |text| text.parse())?;
    let folder = DataFolder::open(Path::new(&dir), Hold::Exclusive)?;
    let ledger: Arc<dyn Ledger> = Arc::new(SqliteLedger::open(folder.path())?);
    let sequencer = Sequencer::<Count>::new(Arc::new(Tenants::new(Arc::clone(&ledger))));
    let one = appends(&sequencer, 1, seconds).await?;
    let many = appends(&sequencer, 64, seconds).await?;

    let mut head = ledger.head(tenant(200)).await?;
    while head.size < 200_000 {
        let lines = vec![Bytes::from(vec![b'x'; LINE]); 4096];
        head = ledger.append(tenant(200), head.size, lines).await?;
    }
    let fresh = Tenants::<Count>::new(Arc::clone(&ledger));
    let start = Instant::now();
    let view = fresh.view(tenant(200)).await?;
    let folds = u128::from(view.size) * 1000 / start.elapsed().as_millis().max(1);

    let start = Instant::now();
    for _ in 0..1_000_000 {
        black_box(fresh.cached(black_box(tenant(200))));
    }
    let cached = start.elapsed().as_nanos() / 1_000_000;
    println!(
        "{{\"appends_per_s_one\":{one},\"appends_per_s_64\":{many},\"folds_per_s\":{folds},\"cached_ns\":{cached}}}"
    );
    Ok(())
}
