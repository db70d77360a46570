//! A log that came out of a backup: the witness says how many of the lines it saw are gone, and begins again only when its
//! owner says so.
//!
//! INVARIANT: what was seen before is put aside, never removed: with it the owner shows what is missing.
//! Never here: a cosignature, or a word of the log about its own gap that is believed.

use writ_authority::{Entry, Fact, fact::LedgerRestored};
use writ_evidence::{Disagreement, Frontier, leaf_hash, tiles};
use writ_model::Timestamp;

use super::{
    Stop, Watch,
    watch::{MOST, malformed},
};
use crate::{backup::restore::GAP, fault::Fault};

/// That the log says of itself that it was restored, and it is not the one that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The line that says so.
    pub line: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub says: LedgerRestored,
    /// Lines that were seen and are gone, or are others now.
    pub gone: u64,
}

impl Restored {
    /// In words.
    fn words(&self) -> String {
        let Self { line, at, says, gone } = self;
        let own = if says.gap < *gone {
            format!("; the log itself says {}", says.gap)
        } else {
            String::new()
        };
        format!(
            "the log was restored on {at} from a backup of {} (line {line}): {gone} of the lines that were seen are gone{own}",
            says.backup_at
        )
    }

    /// As a disagreement.
    fn stop(&self) -> Stop {
        Stop::Disagrees { code: GAP.to_owned(), what: self.words() }
    }
}

impl Watch {
    /// What a disagreement about history comes from, if the log itself says that it was restored.
    pub(super) async fn explained(&self, stop: Stop) -> Stop {
        if !matches!(stop, Stop::Disagrees { .. }) {
            return stop;
        }
        match self.restored().await {
            Ok(Some(restored)) => restored.stop(),
            // The first reason stands, whatever else cannot be had.
            Ok(None) | Err(_) => stop,
        }
    }

    /// Reads the log from its first line, as its checkpoint signs it: whether it is another one than was seen and says that
    /// it was restored.
    ///
    /// # Errors
    /// If it cannot be read, or its lines are not the ones that are signed.
    pub async fn restored(&self) -> Result<Option<Restored>, Stop> {
        let seen = self.witness.seen();
        let offered = self.remote.checkpoint(self.by(), 0, 0).await?;
        let (checkpoint, _) = self.witness.offered(&offered, &self.log)?;
        let (mut edge, mut last, mut same) = (Frontier::new(), None, false);
        while edge.size() < checkpoint.size {
            let from = edge.size();
            let run = self.remote.entries(self.by(), from, checkpoint.size).await?;
            let lines =
                tiles::read_entries(&run, MOST).map_err(|bad| malformed(&bad.to_string()))?;
            if lines.is_empty() || from + (lines.len() as u64) > checkpoint.size {
                return Err(malformed("not the lines that were asked for"));
            }
            for (index, line) in (from..).zip(lines) {
                edge.push(leaf_hash(line));
                same |= edge.size() == seen.size && edge.root() == seen.root;
                if let Ok(Entry { at, fact: Fact::LedgerRestored(says), .. }) =
                    Entry::from_line(line)
                {
                    last = Some((index, at, *says));
                }
            }
        }
        if edge.root() != checkpoint.root {
            let (size, computed, stated) = (edge.size(), edge.root(), checkpoint.root);
            return Err(Disagreement::Lines { size, computed, stated }.into());
        }
        Ok(last.filter(|_| !same).map(|(line, at, says)| {
            let gone = seen.size.saturating_sub(says.size);
            Restored { line, at, says, gone }
        }))
    }

    /// Begins again at the first line of a log that was restored: its owner has looked. What was seen before is put aside,
    /// and the client's first key that was insisted on is insisted on again.
    ///
    /// # Errors
    /// If the log does not say that it was restored, or is the one that was seen.
    pub async fn after_restore(self) -> Result<Self, Stop> {
        let Some(restored) = self.restored().await? else {
            let what = "this log does not say that it was restored, or is the one that was seen";
            return Err(Stop::Fault(Fault::refused(what).cure("run without --after-restore")));
        };
        let size = self.size();
        let aside = self.home.put_aside(size)?;
        tracing::warn!(
            size, line = restored.line, gone = restored.gone, aside = %aside.display(),
            "the witness begins again after a restore"
        );
        let Self { home, remote, seen, .. } = self;
        Ok(Self::open(home, remote, &seen.log_key, seen.root.as_deref())?)
    }
}
