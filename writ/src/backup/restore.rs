//! `writ restore`: checks a generation whole, asks the witnesses, puts everything into an empty store, and writes into every
//! ledger that it was restored: then every agent is on hold, and what was approved or offered before is over.
//!
//! INVARIANT: everything is checked before the first byte is written, and the lines are compared with their roots again
//! after the last. Nobody opens the store before every ledger says that it was restored.
//! Never here: a held call, a queued message, a counter: who waits asks again.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use writ_authority::{
    Command, Entry, Fact, Life, Refusal, State, command,
    fact::{LedgerRestored, NEWEST, Witnessed},
};
use writ_lake::{Batch, Mirrored, Run, Seal, wire};
use writ_model::{Actor, Cx, TenantId, Timestamp};
use writ_store::{
    SealedPage, Sequencer, SubmitError, Tenants, View,
    ledger::{MAX_APPEND_BYTES, MAX_APPEND_LINES},
};

use super::{
    check::{Checked, Content, Walk, check},
    fault,
    folder::Folder,
    manifest::{HeadAt, Manifest},
    pack::{self, Row},
    target::Target,
    witnessed::{Compared, Word, compare},
};
use crate::{fault::Fault, host::System, net};

/// The code of lines that a witness saw and the backup does not have.
pub const GAP: &str = "EVID-0020";

/// What became of one ledger.
#[derive(Debug, Clone)]
pub struct Ledgered {
    /// Whose.
    pub tenant: TenantId,
    /// Its party's name.
    pub name: String,
    /// Lines that came out of the backup.
    pub lines: u64,
    /// What a witness saw, if one was asked.
    pub seen: Option<u64>,
    /// Lines that are lost, as far as a witness knows.
    pub gap: u64,
    /// Agents that were active in the backup, and are on hold now.
    pub held: usize,
    /// Approvals, codes and links that were open in the backup, and are over now.
    pub void: usize,
}

/// What a restore did.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The generation.
    pub manifest: Manifest,
    /// Every ledger.
    pub ledgers: Vec<Ledgered>,
    /// Ledgers that a witness saw and the backup does not have, and how many lines they had.
    pub absent: Vec<(TenantId, u64)>,
    /// Records of activity, and seals over them.
    pub records: (u64, u64),
}

impl Restored {
    /// For people and scripts.
    pub fn answer(&self) -> Value {
        let row = |one: &Ledgered| {
            let code = (one.gap > 0).then_some(GAP);
            json!({
                "client": one.name, "tenant": one.tenant, "lines": one.lines, "seen": one.seen,
                "gap": one.gap, "code": code, "held": one.held, "void": one.void,
            })
        };
        let absent = self
            .absent
            .iter()
            .map(|(tenant, lines)| json!({"tenant": tenant, "seen": lines, "code": GAP}));
        json!({
            "restored": true, "generation": self.manifest.generation, "at": self.manifest.at,
            "lines": self.manifest.lines(), "records": self.records.0, "seals": self.records.1,
            "ledgers": self.ledgers.iter().map(row).collect::<Vec<_>>(),
            "absent": absent.collect::<Vec<_>>(), "says": self.next(),
        })
    }

    /// What people have to know and do now, in plain sentences.
    fn next(&self) -> Vec<String> {
        let at = self.manifest.at;
        let mut says = Vec::new();
        for one in self.ledgers.iter().filter(|one| one.gap > 0) {
            says.push(format!(
                "{GAP}: {} of the lines that a witness of {} saw are not in the backup and are lost. Keep the witness's folder, and tell the client.",
                one.gap, one.name
            ));
        }
        for (tenant, lines) in &self.absent {
            says.push(format!(
                "{GAP}: a witness saw {lines} lines of {tenant}, which is not in the backup at all. Take that client on anew, or find a later backup."
            ));
        }
        if self.ledgers.iter().any(|one| one.seen.is_none()) {
            says.push(format!(
                "No witness was asked about every ledger: what was written after {at} is lost, and nobody here knows how much it was."
            ));
        }
        says.push(format!(
            "Every agent is on hold. Before you sign a release, ask the client what was decided after {at}: agents ended, grants revoked, people who left, keys that were lost. None of that is known here any more: do it again first."
        ));
        says.push("Then `writ agent release --client C AGENT`, agent by agent, each with a signature. Agents that were enrolled keep their keys; codes that were open are void.".to_owned());
        says.push(
            "What waited for an approval has to be asked again; counters of limits begin at zero."
                .to_owned(),
        );
        says.push("Whoever was erased after the backup has a name here again, for this ledger does not know of it: `writ person erase PERSON --client C`.".to_owned());
        says.push("A witness that saw more lines stops, and says so. Once its owner has looked: `writ witness run --after-restore`.".to_owned());
        says.push("Begin a new backup: `writ backup init`, `writ backup run`.".to_owned());
        says
    }
}

/// What is restored: a checked generation, and what witnesses say of it.
#[derive(Debug)]
pub struct Plan {
    /// The generation.
    pub checked: Checked,
    compared: Compared,
}

/// Checks a generation and asks what witnesses say of it. Nothing is written.
///
/// # Errors
/// With the first thing that is damaged, or if a witness saw another history.
pub fn plan(folder: &Folder, generation: Option<u64>, words: &[Word]) -> Result<Plan, Fault> {
    let wanted: Vec<_> = words.iter().map(|word| (word.tenant, word.size)).collect();
    let checked = check(folder, generation, &wanted)?;
    let compared = compare(&checked, words)?;
    Ok(Plan { checked, compared })
}

/// Puts a checked generation into an empty store.
///
/// # Errors
/// If it cannot be written, or is not what was checked. The store stays unusable then.
pub async fn restore(
    folder: &Folder,
    plan: Plan,
    target: Target,
    system: &System,
) -> Result<Restored, Fault> {
    let Plan { checked, compared } = plan;
    let manifest = checked.manifest;
    load(folder, &manifest, &target).await?;
    for head in &manifest.heads {
        let found = target.ledger.head(head.tenant).await.map_err(|error| unwritten(&error))?;
        if (found.size, found.root) != (head.size, head.root) {
            return Err(fault::root(head.tenant, head.size));
        }
    }
    let records = records(folder, &manifest, &target).await?;
    let tenants = Tenants::<State>::new(Arc::clone(&target.ledger));
    let sequencer = Sequencer::new(Arc::new(tenants));
    let mut ledgers = Vec::with_capacity(manifest.heads.len());
    for head in &manifest.heads {
        let seen = compared.seen.get(&head.tenant);
        let witnessed = seen.map(|(size, root)| Witnessed { size: *size, root: *root });
        ledgers.push(say_so(&sequencer, head, manifest.at, witnessed, system).await?);
    }
    drop(sequencer);
    target.whole().await?;
    let absent = compared.absent.into_iter().collect();
    Ok(Restored { manifest, ledgers, absent, records })
}

fn unwritten(error: &dyn std::error::Error) -> Fault {
    Fault::unreachable(format!("the store: {}", net::chain(error)))
        .cure("remove what was restored, and restore again")
}

/// Lines and rows.
async fn load(folder: &Folder, manifest: &Manifest, target: &Target) -> Result<(), Fault> {
    let mut walk = Walk::new(folder, manifest);
    while let Some((name, content)) = walk.next()? {
        match content {
            Content::Lines(bytes) => {
                for run in pack::runs(&bytes).map_err(|why| fault::damaged(name, why))? {
                    append(target, &run).await?;
                }
            }
            Content::Rows(rows) => {
                for row in rows {
                    put(target, row).await?;
                }
            }
            Content::Records(_) => {}
        }
    }
    Ok(())
}

async fn append(target: &Target, run: &pack::Run<'_>) -> Result<(), Fault> {
    let (mut at, mut rest) = (run.from, run.lines.as_slice());
    while !rest.is_empty() {
        let (mut count, mut bytes) = (0, 0);
        for line in rest.iter().take(MAX_APPEND_LINES) {
            bytes += line.len();
            if bytes > MAX_APPEND_BYTES && count > 0 {
                break;
            }
            count += 1;
        }
        let (chunk, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        let lines = chunk.iter().map(|line| Bytes::copy_from_slice(line)).collect();
        let appended = target.ledger.append(run.tenant, at, lines).await;
        at = appended.map_err(|error| unwritten(&error))?.size;
        rest = after;
    }
    Ok(())
}

async fn put(target: &Target, row: Row) -> Result<(), Fault> {
    let (space, page) = match row {
        // The folder has it already: without it the vault would not have opened.
        Row::Kek(_) => return Ok(()),
        Row::Key(space, wrapped) => {
            (space, SealedPage { wrapped: Some(wrapped), secrets: Vec::new() })
        }
        Row::Secret(space, name, sealed) => {
            (space, SealedPage { wrapped: None, secrets: vec![(name, sealed)] })
        }
    };
    target.rows.put_sealed(space, page).await.map_err(|error| unwritten(&error))
}

/// Records of activity, then the seals over them that stand in the lines.
async fn records(
    folder: &Folder,
    manifest: &Manifest,
    target: &Target,
) -> Result<(u64, u64), Fault> {
    let (mut records, mut seals) = (0, 0);
    let mut walk = Walk::new(folder, manifest);
    while let Some((name, content)) = walk.next()? {
        let Content::Records(bytes) = content else { continue };
        let found = wire::decode(&bytes).map_err(|why| fault::damaged(name, why))?;
        let kept = target.lake.ingest(found).await.map_err(|error| unwritten(&error))?;
        records += kept.new as u64;
    }
    if records == 0 {
        return Ok((0, 0));
    }
    let mut walk = Walk::new(folder, manifest);
    while let Some((name, content)) = walk.next()? {
        let Content::Lines(bytes) = content else { continue };
        for run in pack::runs(&bytes).map_err(|why| fault::damaged(name, why))? {
            for (line, bytes) in (run.from..).zip(&run.lines) {
                let Some(seal) = seal(run.tenant, line, bytes) else { continue };
                // Records that were removed long before the backup are not there to be sealed.
                let mirrored = target.lake.mirror_seal(seal).await;
                let mirrored = mirrored.map_err(|error| unwritten(&error))?;
                seals += u64::from(mirrored == Mirrored::Kept);
            }
        }
    }
    Ok((records, seals))
}

/// The seal that a line is, if it is one.
fn seal(tenant: TenantId, line: u64, bytes: &[u8]) -> Option<Seal> {
    const SEALED: &[u8] = b"activity_sealed";
    if !bytes.windows(SEALED.len()).any(|part| part == SEALED) {
        return None;
    }
    let Fact::ActivitySealed(seal) = Entry::from_line(bytes).ok()?.fact else { return None };
    let run = Run { tenant, gateway: seal.gateway, boot: seal.boot };
    let (first, last, count, root) = (seal.first, seal.last, seal.count, seal.root);
    Some(Seal { batch: Batch { run, first, last, count, root }, line })
}

/// Writes into one ledger that it was restored.
async fn say_so(
    sequencer: &Sequencer<State>,
    head: &HeadAt,
    backup_at: Timestamp,
    witnessed: Option<Witnessed>,
    system: &System,
) -> Result<Ledgered, Fault> {
    let tenant = head.tenant;
    let view = sequencer.tenants().view(tenant).await.map_err(|error| unwritten(&error))?;
    let (state, now) = (&view.state, system.clock.now());
    let held = state.agents.values().filter(|agent| agent.life == Life::Active).count();
    let holds = state.holds.values().filter(|hold| hold.open(now)).count();
    let open =
        |offer: &&Arc<writ_authority::state::Offer>| offer.used_by.is_none() && offer.expires > now;
    let void = holds + state.offers.values().filter(open).count();
    let name = state.party_name().to_owned();
    for format in state.format + 1..=NEWEST {
        submit(sequencer, tenant, Command::RaiseFormat { format }, system).await?;
    }
    let gap = witnessed.map_or(0, |seen| seen.size).saturating_sub(head.size);
    let restored = LedgerRestored { backup_at, size: head.size, witnessed, gap };
    submit(sequencer, tenant, Command::RestoreLedger(Box::new(restored)), system).await?;
    let seen = witnessed.map(|seen| seen.size);
    Ok(Ledgered { tenant, name, lines: head.size, seen, gap, held, void })
}

async fn submit(
    sequencer: &Sequencer<State>,
    tenant: TenantId,
    command: Command,
    system: &System,
) -> Result<(), Fault> {
    let system = system.clone();
    let decide = move |view: &View<State>| -> Result<Vec<Bytes>, Refusal> {
        let actor = Actor::system("restore");
        let cx = Cx::new(system.clock.now(), system.entropy.clone(), tenant, actor);
        let lines = command::lines(&view.state, command.clone(), &cx)?;
        Ok(lines.into_iter().map(|(_, line)| Bytes::from(line)).collect())
    };
    match sequencer.submit(tenant, Box::new(decide)).await {
        Ok(_committed) => Ok(()),
        Err(SubmitError::Refused(refusal)) => Err(Fault::refused(refusal.to_string())
            .code(refusal.code.to_string())
            .cure("remove what was restored; see that this machine's clock is right, and restore again")),
        Err(fault) => Err(unwritten(&fault)),
    }
}
