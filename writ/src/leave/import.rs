//! `writ client import`: the book that a client brings is verified from its files alone, then appended here line for line,
//! then continued by this provider.
//!
//! Never here: a line that was not verified, or a running server: the store has to stand still. A run that was cut short
//! is taken up by the next one, which finds the same lines.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use serde_json::{Value, json};
use writ_authority::{Entry, Fact};
use writ_evidence::Checkpoint;
use writ_model::TenantId;
use writ_store::Ledger;

use super::{
    LEDGER, NAMES, export, lines,
    records::{self, Sealed},
};
use crate::{
    book::verify::{self, Insist},
    cli::client::Demands,
    config::{self, Config},
    fault::{Exit, Fault},
    host::{Places, Store, System, store::HELD},
    net,
    system::{SystemClock, SystemEntropy},
};

/// LIMIT: bytes of the keys of names: of as many people as a ledger has, spread out.
const MAX_NAMES: u64 = 8 << 20;
/// LIMIT: lines of one append; the ledger takes four times as many.
const CHUNK: usize = 1_024;
/// LIMIT: bytes of one append; the ledger takes twice as many.
const CHUNK_BYTES: usize = 4 << 20;

/// Takes a client over from the folder it brings. Says what it found, and what has to be done next.
///
/// # Errors
/// If the book does not verify, the client is here already, a server runs on the data folder, or nothing is founded in it.
pub async fn import(folder: &Path, dir: &Path, demands: &Demands) -> Result<Value, Fault> {
    let book = dir.join(LEDGER);
    let insist = Insist {
        key: demands.key.as_deref(),
        witnesses: &demands.witnesses,
        root: demands.root.as_deref(),
    };
    verify::verify_with(&book, &insist, None)?;
    let (note, head) = lines::checkpoint(&book)?;
    let state = export::folded(&book, head.size)?;
    let slug = demands.slug.clone().or_else(|| Some(state.founded.as_ref()?.slug.clone()));
    let slug = slug.unwrap_or_default();
    let store = Store::open(folder).map_err(|fault| match fault.code.as_deref() {
        Some(HELD) => {
            fault.cure("stop the server first: a client is imported into a store at rest")
        }
        _ => fault,
    })?;
    let system = System { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    let config = Config::read(&folder.join(config::FILE))?;
    let places = Places::of(&config, config.desk, folder)?;
    let desk = store.desk(&places, &system).await?;
    let refused = |error: writ_desk::DeskError| {
        let problem = error.problem(String::new());
        Fault::refused(problem.detail).code(problem.code).cure(problem.cure)
    };
    desk.may_take_over(&state, &slug).await.map_err(refused)?;
    let arrival = Arrival { ledger: store.sequencer.tenants().ledger(), tenant: state.tenant };
    let seals = arrival.append(&book, &head).await?;
    let records = records::keep(&store.lake, state.tenant, &book, &seals).await?;
    let names = match names(dir)? {
        Some(file) => desk.take_names(&state, &file).await.map_err(refused)?,
        None => 0,
    };
    let taken = desk.take_over(state.tenant, &slug, note).await.map_err(refused)?;
    store.close().await;
    Ok(json!({
        "client": state.party_name(), "tenant": state.tenant, "slug": slug, "lines": head.size,
        "records": records, "names": names, "root_fingerprint": export::root(&state), "held": taken.held,
        "left": taken.left, "line": taken.line, "key": taken.checkpoint_key,
        "says": next(&state, &places.origin),
    }))
}

/// The keys of its people's names, if it brings them; an export of an older release has none.
fn names(dir: &Path) -> Result<Option<Vec<u8>>, Fault> {
    let path = dir.join(NAMES);
    let file = match fs::File::open(&path) {
        Ok(file) => file,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(fault) => return Err(Fault::file(&path, "open", &fault)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_NAMES)
        .read_to_end(&mut bytes)
        .map_err(|fault| Fault::file(&path, "read", &fault))?;
    Ok(Some(bytes))
}

/// What people have to know and do now, in plain sentences.
fn next(state: &writ_authority::State, origin: &str) -> Vec<String> {
    let mut says = vec![
        "Every agent is on hold until somebody signs its release. Agents enroll anew at this gateway.".to_owned(),
        "Checkpoints from here on are signed by this installation's key; give it to the client and its witness.".to_owned(),
    ];
    let mut elsewhere: Vec<&str> = state
        .passkeys
        .values()
        .filter(|key| key.live() && key.says.origin != origin)
        .filter(|key| {
            state
                .people
                .get(&key.says.person)
                .is_some_and(|one| one.side == writ_model::Side::Client)
        })
        .map(|key| key.says.origin.as_str())
        .collect();
    elsewhere.sort_unstable();
    elsewhere.dedup();
    if elsewhere.is_empty() {
        says.push("The client's people keep their seats and passkeys.".to_owned());
    } else {
        says.push(format!(
            "The client's people keep their seats, but their passkeys were made at {} and browsers will not use them at {origin}.",
            elsewhere.join(" and ")
        ));
        says.push(
            "Serve this console at that address; or invite the client's first person anew, call them back, and put the new fingerprint into the new contract. Whoever verifies then insists on both: --root OLD,NEW.".to_owned(),
        );
    }
    says
}

struct Arrival<'a> {
    ledger: &'a Arc<dyn Ledger>,
    tenant: TenantId,
}

impl Arrival<'_> {
    /// Appends what is not here yet, and gives the seals on the way.
    async fn append(&self, book: &Path, head: &Checkpoint) -> Result<Vec<Sealed>, Fault> {
        let failed = |error: &dyn std::error::Error| {
            Fault::unreachable(format!("the ledger: {}", net::chain(error)))
        };
        let here = self.ledger.head(self.tenant).await.map_err(|error| failed(&error))?;
        let (mut seals, mut waiting): (Vec<Sealed>, Vec<Bytes>) = (Vec::new(), Vec::new());
        lines::each(book, head.size, &mut |index, line| {
            let entry = Entry::from_line(line).map_err(|why| Fault::new(Exit::Unverified, why))?;
            if let Fact::ActivitySealed(seal) = entry.fact {
                seals.push((index, seal));
            }
            waiting.push(Bytes::copy_from_slice(line));
            Ok(())
        })?;
        let mut at = self.same(&waiting, here.size).await?;
        let skip = usize::try_from(at).unwrap_or(usize::MAX);
        let mut rest = waiting.get(skip..).unwrap_or_default();
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(fitting(rest));
            let appended = self.ledger.append(self.tenant, at, chunk.to_vec()).await;
            at = appended.map_err(|error| failed(&error))?.size;
            rest = after;
        }
        let whole = self.ledger.head(self.tenant).await.map_err(|error| failed(&error))?;
        // What an import that was cut short has continued already is longer, and the desk takes it up.
        if whole.size == head.size && whole.root != head.root {
            return Err(Fault::new(
                Exit::Unverified,
                "the lines here do not lead to the verified root",
            ));
        }
        Ok(seals)
    }

    /// How many of these lines are here already. Others than these are not written over.
    async fn same(&self, lines: &[Bytes], size: u64) -> Result<u64, Fault> {
        let most = u64::try_from(lines.len()).unwrap_or(u64::MAX).min(size);
        let mut at = 0;
        while at < most {
            let left = usize::try_from(most - at).unwrap_or(usize::MAX);
            let read = self.ledger.read(self.tenant, at, left).await;
            let read = read.map_err(|error| Fault::unreachable(net::chain(&error)))?;
            let from = usize::try_from(at).unwrap_or(usize::MAX);
            if read.is_empty() || !lines.get(from..).is_some_and(|lines| lines.starts_with(&read)) {
                return Err(Fault::refused("another ledger of this client is here already")
                    .cure("a book is taken over once; look for the client in `writ client list`"));
            }
            at += u64::try_from(read.len()).unwrap_or(u64::MAX);
        }
        Ok(at)
    }
}

/// How many of these lines one append takes: at least one.
fn fitting(lines: &[Bytes]) -> usize {
    let mut bytes = 0;
    let fit = lines.iter().take(CHUNK).take_while(|line| {
        bytes += line.len();
        bytes <= CHUNK_BYTES
    });
    fit.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appends_stay_below_both_bounds() {
        let lines = |count: usize, size: usize| vec![Bytes::from(vec![b'x'; size]); count];
        assert_eq!(fitting(&lines(3, 10)), 3);
        assert_eq!(fitting(&lines(5_000, 10)), CHUNK);
        assert_eq!(fitting(&lines(100, 60_000)), CHUNK_BYTES / 60_000);
        assert_eq!(fitting(&lines(2, CHUNK_BYTES + 1)), 1);
    }
}
