//! How contents are laid out: runs of ledger lines, rows of the vault. Lengths first, big-endian. Records are laid out as
//! they travel between processes (`writ_lake::wire`).
//!
//! Never here: a file. Every length is checked against what is left and against its own bound before it is used.
//! To add a form: how it is put and how it is read, side by side, and its line in the test that flips every byte.

use bytes::Bytes;
use writ_model::TenantId;
use writ_store::{
    Space,
    ledger::MAX_LINE,
    secrets::{MAX_NAME, MAX_SECRET},
};

/// LIMIT: bytes of a wrapped key or a sealed secret: the largest secret with what seals it.
const MAX_SEALED: usize = MAX_SECRET + 256;

/// Lines of one tenant that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run<'a> {
    /// Whose.
    pub tenant: TenantId,
    /// The index of the first.
    pub from: u64,
    /// The lines.
    pub lines: Vec<&'a [u8]>,
}

/// One row of the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The key file's content: it wraps all others.
    Kek(Vec<u8>),
    /// A space's wrapped key.
    Key(Space, Vec<u8>),
    /// A sealed secret and its name.
    Secret(Space, String, Vec<u8>),
}

/// Puts lines that follow each other.
pub fn put_run(out: &mut Vec<u8>, tenant: TenantId, from: u64, lines: &[Bytes]) {
    out.extend_from_slice(&tenant.to_bytes());
    out.extend_from_slice(&from.to_be_bytes());
    put_length(out, lines.len());
    for line in lines {
        put_bytes(out, line);
    }
}

/// Puts a row.
pub fn put_row(out: &mut Vec<u8>, row: &Row) {
    let (kind, space, name, value) = match row {
        Row::Kek(key) => (0, None, "", key),
        Row::Key(space, wrapped) => (1, Some(space), "", wrapped),
        Row::Secret(space, name, sealed) => (2, Some(space), name.as_str(), sealed),
    };
    out.push(kind);
    match space {
        Some(Space::Tenant(tenant)) => put_bytes(out, &tenant.to_bytes()),
        Some(Space::Installation) | None => put_length(out, 0),
    }
    put_bytes(out, name.as_bytes());
    put_bytes(out, value);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// What is put is bounded far below four thousand million.
fn put_length(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}

struct Reader<'a>(&'a [u8]);

type Read<T> = Result<T, &'static str>;
const SHORT: &str = "it ends too early";

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn length(&mut self, bound: usize) -> Read<usize> {
        let length = usize::try_from(u32::from_be_bytes(self.array()?)).unwrap_or(usize::MAX);
        if length > bound { Err("a length in it is over its bound") } else { Ok(length) }
    }

    fn bytes(&mut self, bound: usize) -> Read<&'a [u8]> {
        let length = self.length(bound)?;
        self.take(length)
    }
}

/// Reads runs of lines.
///
/// # Errors
/// If it is malformed.
pub fn runs(content: &[u8]) -> Read<Vec<Run<'_>>> {
    let (mut reader, mut out) = (Reader(content), Vec::new());
    while !reader.0.is_empty() {
        let tenant = TenantId::from_bytes(reader.array()?);
        let from = u64::from_be_bytes(reader.array()?);
        // Each line has at least its length: so many are there at most.
        let count = reader.length(reader.0.len() / 4)?;
        let mut lines = Vec::with_capacity(count);
        for _line in 0..count {
            lines.push(reader.bytes(MAX_LINE)?);
        }
        out.push(Run { tenant, from, lines });
    }
    Ok(out)
}

/// Reads rows.
///
/// # Errors
/// If it is malformed.
pub fn rows(content: &[u8]) -> Read<Vec<Row>> {
    let (mut reader, mut out) = (Reader(content), Vec::new());
    while !reader.0.is_empty() {
        let [kind] = reader.array()?;
        let space = match reader.bytes(16)? {
            [] => Space::Installation,
            tenant => Space::Tenant(TenantId::from_bytes(
                tenant.try_into().map_err(|_not_sixteen| "a tenant in it is none")?,
            )),
        };
        let name = std::str::from_utf8(reader.bytes(MAX_NAME)?)
            .map_err(|_not_text| "a name in it is no text")?;
        let value = reader.bytes(MAX_SEALED)?.to_vec();
        out.push(match (kind, name) {
            (0, "") if space == Space::Installation => Row::Kek(value),
            (1, "") => Row::Key(space, value),
            (2, name) => Row::Secret(space, name.to_owned(), value),
            _ => return Err("a row in it is of no known kind"),
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> (TenantId, Vec<Bytes>) {
        let lines = ["one", "", "three"].map(|line| Bytes::from_static(line.as_bytes()));
        (TenantId::from_bytes([7; 16]), lines.to_vec())
    }

    #[test]
    fn what_is_put_is_read_back() {
        let (tenant, lines) = lines();
        let mut out = Vec::new();
        put_run(&mut out, tenant, 9, &lines);
        put_run(&mut out, tenant, 12, &[]);
        let read = runs(&out).unwrap();
        assert_eq!((read.len(), read[0].from, read[1].from), (2, 9, 12));
        assert_eq!(read[0].lines, [&b"one"[..], b"", b"three"]);
        let kept = [
            Row::Kek(vec![1; 32]),
            Row::Key(Space::Installation, vec![2; 77]),
            Row::Key(Space::Tenant(tenant), vec![3; 77]),
            Row::Secret(Space::Tenant(tenant), "a/b".to_owned(), vec![4]),
            Row::Secret(Space::Installation, "c".to_owned(), Vec::new()),
        ];
        let mut out = Vec::new();
        for row in &kept {
            put_row(&mut out, row);
        }
        assert_eq!(rows(&out).unwrap(), kept);
    }

    /// Contents are opened before they are read, so these are never met; a reader of bytes is bounded all the same.
    #[test]
    fn any_bytes_are_read_or_refused_and_never_take_more_than_they_are() {
        let (tenant, lines) = lines();
        let mut good = Vec::new();
        put_run(&mut good, tenant, 9, &lines);
        for row in [Row::Kek(vec![1; 32]), Row::Secret(Space::Tenant(tenant), "n".into(), vec![4])]
        {
            put_row(&mut good, &row);
        }
        for at in 0..good.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] = value;
                for part in [&bad[..], &bad[..at], &bad[at..]] {
                    if let Ok(runs) = runs(part) {
                        assert!(
                            runs.iter().map(|run| run.lines.len()).sum::<usize>() <= part.len()
                        );
                    }
                    assert!(rows(part).map_or(0, |rows| rows.len()) <= part.len());
                }
            }
        }
        let huge = [&[0; 24][..], &[0xff; 4]].concat();
        assert_eq!(runs(&huge), Err("a length in it is over its bound"));
    }
}
