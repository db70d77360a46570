//! Kill, look, again. After each kill the folder is opened as a restart would open it.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};
use writ_evidence::merkle::{empty_root, leaf_hash, node_hash};
use writ_model::{Digest, Entropy as _, TenantId};
use writ_store::{DataFolder, Hold, Ledger as _, SqliteLedger};
use writ_testkit::SeededEntropy;

use crate::{
    bench::{child::pause, gateway::now},
    shell::{make_folder, say},
    tally::Tally,
};

/// Tenants that the victim writes for at once.
const TENANTS: &str = "5";
/// Rounds on one folder before a new one: recovery of a recovered folder is part of the test, endless growth is not.
const ROUNDS_PER_FOLDER: u64 = 20;
/// A victim lives at most so long: enough to open, recover and append some hundred times.
const LIFE_MS_MAX: u64 = 160;

/// The last acknowledgement of each tenant that the victim printed.
type Acks = BTreeMap<TenantId, (u64, Digest)>;

/// Kills so many times; one line of result each for the whole, and for the first thing found wrong.
///
/// # Errors
/// If the victim cannot be started.
pub(crate) fn run(victim: &Path, folder: &Path, rounds: u64) -> Result<Tally> {
    let seed = now()?.micros().unsigned_abs();
    let entropy = SeededEntropy::new(seed);
    let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
    let (mut tally, mut acked, mut beyond) = (Tally::default(), 0, 0);
    let mut known = Acks::new();
    let mut bad = None;
    for round in 0..rounds {
        if round % ROUNDS_PER_FOLDER == 0 {
            if folder.exists() {
                fs::remove_dir_all(folder).context("cannot empty the crash folder")?;
            }
            make_folder(folder)?;
            known.clear();
        }
        let mut random = [0; 2];
        entropy.fill(&mut random);
        let life = u64::from(u16::from_be_bytes(random)) % LIFE_MS_MAX;
        acked += kill(victim, folder, Duration::from_millis(life), &mut known)?;
        match runtime.block_on(look(folder, &known)) {
            Ok(more) => beyond += more,
            Err(why) => {
                bad = Some(format!("round {round} (seed {seed}, killed after {life} ms): {why:#}"));
                break;
            }
        }
    }
    let count = format!("{rounds} kills, {acked} acknowledgements, {beyond} lines beyond them");
    let line = match bad {
        None if acked > rounds => format!("ok - crash: {count}: nothing acknowledged is lost"),
        None => format!("not ok - crash: {count}: too few acknowledgements to say anything"),
        Some(why) => format!("not ok - crash: {why}"),
    };
    tally.read_line(&line);
    say(&line)?;
    Ok(tally)
}

/// One life of the victim. Gives how many acknowledgements it printed.
fn kill(victim: &Path, folder: &Path, life: Duration, known: &mut Acks) -> Result<u64> {
    let mut child = Command::new(victim)
        .arg(folder.join("data"))
        .arg(TENANTS)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .context("cannot start the victim")?;
    let mut out = child.stdout.take().context("the victim has no output")?;
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        out.read_to_end(&mut text).map(|_| text)
    });
    pause(life);
    let ended = child.try_wait().context("cannot ask the victim")?;
    anyhow::ensure!(ended.is_none(), "the victim ended by itself: {ended:?}");
    // SIGKILL on Unix.
    child.kill().context("cannot kill the victim")?;
    child.wait().context("cannot wait for the victim")?;
    let text = reader.join().map_err(|_panic| anyhow::anyhow!("the reader fell over"))??;
    let text = String::from_utf8(text).context("acknowledgements are not text")?;
    let mut count = 0;
    // What follows the last line break was not printed whole, so it was not said.
    for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        let words: Vec<&str> = line.split(' ').collect();
        let ["ack", tenant, size, root] = words.as_slice() else {
            anyhow::bail!("not an acknowledgement: {line}")
        };
        known.insert(tenant.parse()?, (size.parse()?, root.parse()?));
        count += 1;
    }
    Ok(count)
}

/// Opens the folder and compares everything. Gives how many lines are there beyond what was acknowledged.
async fn look(folder: &Path, known: &Acks) -> Result<u64> {
    let data = DataFolder::open(&folder.join("data"), Hold::Exclusive)?;
    let ledger = SqliteLedger::open(data.path())?;
    let heads = ledger.heads().await?;
    for tenant in known.keys() {
        anyhow::ensure!(heads.iter().any(|(id, _)| id == tenant), "{tenant} is gone");
    }
    let mut beyond = 0;
    for (tenant, head) in heads {
        let mut leaves = Vec::new();
        while (leaves.len() as u64) < head.size {
            let from = leaves.len() as u64;
            let lines = ledger.read(tenant, from, 4096).await?;
            anyhow::ensure!(
                !lines.is_empty(),
                "{tenant} ends at line {from}, not at {}",
                head.size
            );
            for (index, line) in (from..).zip(lines) {
                let wanted = format!("{{\"n\":{index}}}");
                anyhow::ensure!(line == wanted.as_bytes(), "{tenant} line {index} is another");
                leaves.push(leaf_hash(&line));
            }
        }
        anyhow::ensure!(naive_root(&leaves) == head.root, "{tenant}: the root is another");
        if let Some((size, root)) = known.get(&tenant) {
            anyhow::ensure!(
                head.size >= *size,
                "{tenant}: {size} acknowledged, {} there",
                head.size
            );
            let acknowledged = leaves.get(..usize::try_from(*size)?).unwrap_or_default();
            anyhow::ensure!(naive_root(acknowledged) == *root, "{tenant}: rewritten before {size}");
            beyond += head.size - size;
        }
    }
    Ok(beyond)
}

/// RFC 6962's recursive definition, independent of the store's incremental tree.
fn naive_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        many => {
            let split = many.len().next_power_of_two() / 2;
            let (left, right) = many.split_at(split);
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}
