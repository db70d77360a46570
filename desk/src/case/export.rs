//! The files of an export (C2SP tlog-tiles), each made when it is asked for: `checkpoint`, `tile/…`, `tile/entries/…`;
//! beside them `ledger.json` and, for each seal, `activity/<line>.ndjson`.
//!
//! Never here: the layout (`evidence`); a path is read here and must print back to itself.

use writ_authority::{State, command};
use writ_evidence::{
    Subtree, leaf_hash,
    tiles::{self, CHECKPOINT, WIDTH},
};
use writ_store::View;

use super::{ledger::verifier_key, show};
use crate::{Desk, DeskError, Who, error, keys};

/// LIMIT: bytes of an export path.
const MAX_PATH: usize = 128;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedFile {
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

enum Wanted {
    Checkpoint,
    About,
    Names,
    Tile { level: u8, number: u64, width: u64 },
    Entries { number: u64, width: u64 },
    Activity { line: u64 },
}

impl Desk {
    /// One file of a ledger's export, by its path.
    ///
    /// # Errors
    /// If there is no such file, or the asker is not seated there or may not export now.
    pub async fn export_file(
        &self,
        who: &Who,
        client: &str,
        path: &str,
    ) -> Result<ExportedFile, DeskError> {
        let view = self.seat(who, client).await?;
        let none = || DeskError::not_visible("export file", path);
        let wanted = wanted(path).ok_or_else(none)?;
        let left = crate::oidc::as_left(&view.state, who);
        command::may_export(&left, &self.cx(view.tenant, who.actor()))?;
        let text = |media_type, text: String| ExportedFile { media_type, bytes: text.into_bytes() };
        let binary = |bytes| ExportedFile { media_type: "application/octet-stream", bytes };
        Ok(match wanted {
            Wanted::Checkpoint => {
                let settled = self.settled(view.tenant).await?;
                text("text/plain; charset=utf-8", self.note(&settled).await?)
            }
            Wanted::About => text("application/json", about(&view)),
            Wanted::Names => text("application/json", self.carried_names(&view.state).await?),
            Wanted::Tile { level, number, width } => {
                binary(self.tile(&view, level, (number, width)).await?.ok_or_else(none)?)
            }
            Wanted::Entries { number, width } => {
                binary(self.entries(&view, number, width).await?.ok_or_else(none)?)
            }
            Wanted::Activity { line } => {
                let lake = &self.inner.parts.lake;
                let (_, leaves) = lake.seal_at(view.tenant, line).await?.ok_or_else(none)?;
                let mut bytes = Vec::new();
                for leaf in leaves {
                    bytes.extend_from_slice(&leaf);
                    bytes.push(b'\n');
                }
                ExportedFile { media_type: "application/x-ndjson", bytes }
            }
        })
    }

    async fn tile(
        &self,
        view: &View<State>,
        level: u8,
        (number, width): (u64, u64),
    ) -> Result<Option<Vec<u8>>, DeskError> {
        if !inside(view.size, u32::from(level) * 8, number, width) {
            return Ok(None);
        }
        let first = number * WIDTH;
        if level == 0 {
            let lines = self.whole(view, first, width).await?;
            return Ok(Some(lines.iter().flat_map(|line| leaf_hash(line).0).collect()));
        }
        let tree_level = level.saturating_mul(8);
        let wanted = (first..first + width).map(|index| Subtree { level: tree_level, index });
        let mut found = self.ledger().subtrees(view.tenant, wanted.collect()).await?;
        found.sort_unstable_by_key(|(subtree, _)| *subtree);
        let complete = u64::try_from(found.len()) == Ok(width);
        Ok(complete.then(|| found.iter().flat_map(|(_, hash)| hash.0).collect()))
    }

    async fn entries(
        &self,
        view: &View<State>,
        number: u64,
        width: u64,
    ) -> Result<Option<Vec<u8>>, DeskError> {
        if !inside(view.size, 0, number, width) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        for line in self.whole(view, number * WIDTH, width).await? {
            tiles::push_entry(&mut bytes, number, &line)
                .map_err(|fault| DeskError::fault(error::FAULT, fault.to_string()))?;
        }
        Ok(Some(bytes))
    }

    /// All of these lines.
    pub(super) async fn whole(
        &self,
        view: &View<State>,
        first: u64,
        count: u64,
    ) -> Result<Vec<bytes::Bytes>, DeskError> {
        let (mut out, mut at) = (Vec::new(), first);
        while at < first + count {
            let left = usize::try_from(first + count - at).unwrap_or(usize::MAX);
            let read = self.ledger().read(view.tenant, at, left).await?;
            if read.is_empty() {
                break;
            }
            at += u64::try_from(read.len()).unwrap_or(0);
            out.extend(read);
        }
        Ok(out)
    }
}

fn about(view: &View<State>) -> String {
    let client = show::client(&view.state);
    serde_json::json!({
        "tenant": client.tenant,
        "name": client.name,
        "origin": keys::origin(view.tenant),
        "verifier_key": verifier_key(&view.state),
        "witnesses": view
            .state
            .witnesses
            .values()
            .filter(|one| one.removed_at.is_none())
            .map(|one| serde_json::json!({"name": one.says.name, "key": one.says.key}))
            .collect::<Vec<_>>(),
        "size": view.size,
        "root": view.root(),
    })
    .to_string()
}

/// Whether a tile stands in a tree of this size.
fn inside(size: u64, tree_level: u32, number: u64, width: u64) -> bool {
    let last = number.checked_mul(WIDTH).and_then(|first| first.checked_add(width));
    let complete = size.checked_shr(tree_level).unwrap_or(0);
    last.is_some_and(|last| width > 0 && last <= complete)
}

fn wanted(path: &str) -> Option<Wanted> {
    if path.len() > MAX_PATH {
        return None;
    }
    if path == CHECKPOINT {
        return Some(Wanted::Checkpoint);
    }
    if path == "ledger.json" {
        return Some(Wanted::About);
    }
    if path == "names.json" {
        return Some(Wanted::Names);
    }
    if let Some(name) = path.strip_prefix("activity/") {
        let line: u64 = name.strip_suffix(".ndjson")?.parse().ok()?;
        return (format!("activity/{line}.ndjson") == path).then_some(Wanted::Activity { line });
    }
    let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let (digits, width) = match rest.split_once(".p/") {
        Some((digits, width)) => (digits, width.parse().ok().filter(|width| *width < WIDTH)?),
        None => (rest, WIDTH),
    };
    let mut number: u64 = 0;
    for group in digits.split('/') {
        let group = group.strip_prefix('x').unwrap_or(group);
        number = number.checked_mul(1000)?.checked_add(group.parse().ok()?)?;
    }
    // The one spelling of each path is the one that `evidence` prints.
    let (found, spelled) = if kind == "entries" {
        (Wanted::Entries { number, width }, tiles::entries_path(number, width))
    } else {
        let level = kind.parse().ok()?;
        (Wanted::Tile { level, number, width }, tiles::tile_path(level, number, width))
    };
    (spelled == path).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_spelling() {
        for path in [
            "checkpoint",
            "ledger.json",
            "activity/7.ndjson",
            "tile/0/000",
            "tile/0/000.p/3",
            "tile/entries/x001/x234/067.p/255",
            "tile/7/001",
        ] {
            assert!(wanted(path).is_some(), "{path}");
        }
        for path in [
            "",
            "tile/0/0",
            "tile/0/000.p/256",
            "tile/0/000.p/0x",
            "tile/00/000",
            "activity/07.ndjson",
            "tile/0/x000/001",
            "tile/entries/../checkpoint",
            "tile/-1/000",
            "activity/+7.ndjson",
            "tile/0/000.p/03",
        ] {
            assert!(wanted(path).is_none(), "{path}");
        }
        assert!(wanted(&format!("tile/0/{}", "x001/".repeat(100))).is_none());
    }

    #[test]
    fn tiles_stand_only_where_the_tree_is() {
        assert!(inside(3, 0, 0, 3) && !inside(3, 0, 0, 4) && !inside(3, 0, 0, 0));
        assert!(inside(512, 8, 0, 2) && !inside(511, 8, 0, 2));
        assert!(!inside(u64::MAX, 0, u64::MAX, 256) && !inside(5, 64, 0, 1));
    }
}
