//! Measures the ledger on this machine's disk and prints one JSON object: durable commands a second through the
//! sequencer in one tenant and over 64, facts folded a second from stored bytes with hashing, a hot read of a view; on
//! PostgreSQL also how long a command and a poll take, and how soon another process sees a command.
//!
//! `ledger_rates DIR [SECONDS]` or `ledger_rates postgres URL [SECONDS]` (an empty database; its role may make the schema)

use std::{env, error::Error, hint::black_box, path::Path, sync::Arc};

use bytes::Bytes;
use tokio::time::{Duration, Instant};
use writ_model::{Fold, TenantId, Timestamp, fold::BadLine};
use writ_store::{DataFolder, Hold, Ledger, Pg, PgOptions, Sequencer, SqliteLedger, Tenants, View};

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

/// Micros at the median and at the 99th of a hundred.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).map_or(0, Duration::as_micros);
    format!("{{\"p50_us\":{},\"p99_us\":{}}}", at(50), at(99))
}

/// How long a lone command takes, how long a poll, and how soon a follower of another pool has a command in its view.
async fn latencies(writer: &Sequencer<Count>, url: &str) -> Result<String, Fault> {
    let other = Pg::connect(options(url)).await?;
    let follower = Arc::new(Tenants::<Count>::new(Arc::new(other.ledger())));
    let mut hints = follower.ledger().watch();
    let (mut commands, mut polls, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    let mut size = writer.tenants().view(tenant(201)).await?.size;
    for _ in 0..500 {
        let start = Instant::now();
        let line = |view: &View<Count>| {
            Ok::<_, String>(vec![Bytes::from(format!("{:0>LINE$}", view.size))])
        };
        let done = writer.submit(tenant(201), Box::new(line)).await?;
        commands.push(start.elapsed());
        if size == 0 {
            follower.view(tenant(201)).await?;
        }
        size = done.size;
        while follower.cached(tenant(201)).is_none_or(|view| view.size < size) {
            // Lagging or told, the ledger is asked.
            hints.recv().await.ok();
            let start = Instant::now();
            follower.poll().await?;
            polls.push(start.elapsed());
        }
        seen.push(start.elapsed());
    }
    let (commands, polls, seen) = (spread(commands), spread(polls), spread(seen));
    Ok(format!(",\"command\":{commands},\"poll\":{polls},\"seen_by_another\":{seen}"))
}

fn options(url: &str) -> PgOptions {
    PgOptions { url: url.to_owned(), password: None, ca: None, pool: 32 }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its answer is what it prints")]
async fn main() -> Result<(), Fault> {
    let mut args = env::args().skip(1);
    let dir = args.next().ok_or("ledger_rates DIR [SECONDS] | postgres URL [SECONDS]")?;
    let url = if dir == "postgres" { Some(args.next().ok_or("postgres URL")?) } else { None };
    let seconds: u64 = args.next().map_or(Ok(3), |text| text.parse())?;
    // The folder is held until the end.
    let (ledger, _folder): (Arc<dyn Ledger>, _) = if let Some(url) = &url {
        (Arc::new(Pg::connect(options(url)).await?.ledger()), None)
    } else {
        let folder = DataFolder::open(Path::new(&dir), Hold::Exclusive)?;
        (Arc::new(SqliteLedger::open(folder.path())?), Some(folder))
    };
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
    let more = match &url {
        Some(url) => latencies(&sequencer, url).await?,
        None => String::new(),
    };
    println!(
        "{{\"appends_per_s_one\":{one},\"appends_per_s_64\":{many},\"folds_per_s\":{folds},\"cached_ns\":{cached}{more}}}"
    );
    Ok(())
}
