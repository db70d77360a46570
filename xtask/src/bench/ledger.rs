//! `cargo xtask bench ledger`: durable appends through the sequencer, and folding from stored bytes with hashing.
//!
//! Every append is acknowledged after the flush to disk, on the disk that holds `target`. Never here: a memory ledger.

use std::{
    fs,
    io::{Seek as _, Write as _},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde_json::json;
use tokio::task::JoinSet;
use writ_authority::{Entry, Fact, State, fact::ActivitySealed};
use writ_model::{Actor, BootId, Digest, GatewayId, TenantId};
use writ_store::{Ledger, Sequencer, SqliteLedger, Tenants, View};

use super::{
    gateway::now as wall_clock,
    population::{Maker, Size, Tenant, shared_key},
    stats::{float, percentile, round},
};
use crate::{
    args::Args,
    budget::now,
    root::target,
    shell::{make_folder, say},
};

/// How long each append phase runs.
const PHASE: Duration = Duration::from_secs(5);
/// Callers that wait for their own acknowledgement before the next, in one tenant and over many.
const CALLERS_ONE: usize = 32;
const TENANTS: usize = 64;
const CALLERS_EACH: usize = 4;
/// The ledger that is folded: about 200,000 lines.
const FOLDED: Size = Size { agents: 1600, grants: 120 };
/// Bars of the issue.
const ONE_TENANT: f64 = 500.0;
const MANY_TENANTS: f64 = 2000.0;
const FOLD: f64 = 200_000.0;

/// Runs it; false if a bar is missed.
///
/// # Errors
/// If the store fails.
pub(crate) fn run(_: &Args) -> Result<bool> {
    let folder = target().join("bench/ledger");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot empty the bench folder")?;
    }
    make_folder(&folder)?;
    tokio::runtime::Runtime::new().context("no runtime")?.block_on(measure(&folder))
}

async fn measure(folder: &Path) -> Result<bool> {
    let mut maker = Maker::new(11, wall_clock()?);
    let (provider, jwk) = (maker.id(), shared_key()?);
    let mut client = |size| maker.client(provider, size, &mut |_| Ok(jwk));
    let small = Size { agents: 20, grants: 20 };
    let tenants: Vec<Tenant> = (0..TENANTS).map(|_| client(small)).collect::<Result<_>>()?;
    let large = client(FOLDED)?;
    let ledger: Arc<dyn Ledger> = Arc::new(SqliteLedger::open(folder)?);
    for tenant in tenants.iter().chain([&large]) {
        store(&ledger, tenant).await?;
    }
    let one: Vec<TenantId> = tenants.iter().take(1).map(|tenant| tenant.id).collect();
    let many: Vec<TenantId> = tenants.iter().map(|tenant| tenant.id).collect();
    let mut single = appends(&ledger, &one, CALLERS_ONE).await?;
    let mut spread = appends(&ledger, &many, CALLERS_EACH).await?;
    let fold = folds(&ledger, &large).await?;
    let (growing, in_place) = flush_cost(folder)?;
    let held = single.rate >= ONE_TENANT && spread.rate >= MANY_TENANTS && fold >= FOLD;
    let summary = json!({
        "appends_per_s_one_tenant": round(single.rate, 0),
        "appends_per_s_one_tenant_min": ONE_TENANT,
        "ack_p50_us_one_tenant": percentile(&mut single.micros, 0.5),
        "ack_p99_us_one_tenant": percentile(&mut single.micros, 0.99),
        "callers_one_tenant": CALLERS_ONE,
        "appends_per_s_64_tenants": round(spread.rate, 0),
        "appends_per_s_64_tenants_min": MANY_TENANTS,
        "ack_p50_us_64_tenants": percentile(&mut spread.micros, 0.5),
        "ack_p99_us_64_tenants": percentile(&mut spread.micros, 0.99),
        "callers_64_tenants": TENANTS * CALLERS_EACH,
        "fold_facts_per_s": round(fold, 0),
        "fold_facts_per_s_min": FOLD,
        "folded_facts": large.lines.len(),
        "disk_flush_p50_us_growing": growing,
        "disk_flush_p50_us_in_place": in_place,
        "held": held,
    });
    say(&summary.to_string())?;
    Ok(held)
}

async fn store(ledger: &Arc<dyn Ledger>, tenant: &Tenant) -> Result<()> {
    let mut size = 0;
    for lines in tenant.lines.chunks(2000) {
        let lines = lines.iter().map(|line| Bytes::from(line.clone())).collect();
        size = ledger.append(tenant.id, size, lines).await?.size;
    }
    Ok(())
}

/// What an append phase showed.
struct Appended {
    rate: f64,
    micros: Vec<u64>,
}

/// Callers that each submit one fact and wait until it is durable, for the length of a phase.
async fn appends(ledger: &Arc<dyn Ledger>, ids: &[TenantId], callers: usize) -> Result<Appended> {
    let tenants: Arc<Tenants<State>> = Arc::new(Tenants::new(Arc::clone(ledger)));
    for id in ids {
        tenants.view(*id).await?;
    }
    let sequencer = Sequencer::new(tenants);
    let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut set = JoinSet::new();
    let start = now();
    for id in ids {
        for _ in 0..callers {
            let (sequencer, stop, made) = (sequencer.clone(), Arc::clone(&stop), Arc::clone(&made));
            set.spawn(caller(sequencer, *id, stop, made));
        }
    }
    tokio::time::timeout(PHASE, std::future::pending::<()>()).await.ok();
    stop.store(true, Ordering::SeqCst);
    let count = made.load(Ordering::SeqCst);
    let rate = float(count) / start.elapsed().as_secs_f64();
    let mut micros = Vec::new();
    while let Some(done) = set.join_next().await {
        micros.extend(done.context("a caller fell over")??);
    }
    Ok(Appended { rate, micros })
}

async fn caller(
    sequencer: Sequencer<State>,
    tenant: TenantId,
    stop: Arc<AtomicBool>,
    made: Arc<AtomicU64>,
) -> Result<Vec<u64>> {
    let mut micros = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let start = now();
        let decide = Box::new(move |view: &View<State>| seal(view).map(|line| vec![line]));
        let done = sequencer.submit(tenant, decide).await;
        done.map_err(|error| anyhow::anyhow!("an append failed: {error:?}"))?;
        micros.push(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
        made.fetch_add(1, Ordering::SeqCst);
    }
    Ok(micros)
}

/// A fact as the product writes them by itself: a sealed batch of records.
fn seal(view: &View<State>) -> Result<Bytes, String> {
    let at = view.state.last_at;
    let sealed = ActivitySealed {
        gateway: GatewayId::from_parts(at, [1; 10]),
        boot: BootId::from_parts(at, [2; 10]),
        first: view.size,
        last: view.size,
        count: 1,
        root: Digest::of(&view.size.to_be_bytes()),
    };
    let fact = Fact::ActivitySealed(sealed);
    let entry = Entry::by(Actor::system("gateway"), at, fact);
    entry.to_line().map(Bytes::from).map_err(|refusal| format!("{refusal:?}"))
}

/// Facts a second of a cold load: stored bytes read, hashed to the ledger's root, folded. The best of three.
async fn folds(ledger: &Arc<dyn Ledger>, large: &Tenant) -> Result<f64> {
    let mut best: f64 = 0.0;
    for _ in 0..3 {
        let tenants: Tenants<State> = Tenants::new(Arc::clone(ledger));
        let start = now();
        let view = tenants.view(large.id).await?;
        let rate = float(view.size) / start.elapsed().as_secs_f64();
        anyhow::ensure!(view.size == large.lines.len() as u64, "the fold lost lines");
        best = best.max(rate);
    }
    Ok(best)
}

/// Median microseconds of a flush on this disk, for reading the figures above: of 4 KiB at the end of a growing file, and of
/// 4 KiB inside a file, which is what a database does whose log is reused.
fn flush_cost(folder: &Path) -> Result<(u64, u64)> {
    let path = folder.join("flush.probe");
    let mut file = fs::File::create(&path).context("no probe file")?;
    let growing = flushes(&mut file)?;
    file.rewind().context("cannot rewind")?;
    Ok((growing, flushes(&mut file)?))
}

fn flushes(file: &mut fs::File) -> Result<u64> {
    let mut micros = Vec::new();
    for _ in 0..100 {
        let start = now();
        file.write_all(&[7; 4096]).context("cannot write")?;
        file.sync_data().context("cannot flush")?;
        micros.push(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    Ok(percentile(&mut micros, 0.5))
}
