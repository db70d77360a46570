//! Receipts: signed acts as a list, and one as a file that is verified offline without us.
//!
//! Never here: a check of a signature (the verifier's business), or a copy of a receipt beside the ledger.

use serde::Deserialize;
use writ_authority::{Entry, Fact, Receipt, State};
use writ_model::PasskeyId;
use writ_store::{View, prove_line};

use super::show;
use crate::{
    Desk, DeskError, Who, keys,
    view::{ProvenLine, RECEIPT_FILE, ReceiptFile, ReceiptPage, ReceiptRow},
};

/// LIMIT: acts on one page unless fewer are asked for.
const PAGE: usize = 100;
/// LIMIT: lines looked through for one page: about a second of reading.
const LOOK: u64 = 50_000;
/// LIMIT: lines looked through for the history of one passkey.
const HISTORY_LOOK: u64 = 500_000;
/// LIMIT: lines of history in one file: a passkey that signed more is verified with the whole ledger.
const HISTORY: usize = 1_000;
/// Lines of one read.
const STEP: u64 = 1_024;

/// Which receipts.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptQuery {
    /// Only lines before this one.
    #[serde(default)]
    pub before: Option<u64>,
    /// At most so many.
    #[serde(default)]
    pub limit: Option<usize>,
}

impl Desk {
    /// Signed acts of a client's ledger, newest first.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn receipts(
        &self,
        who: &Who,
        client: &str,
        query: ReceiptQuery,
    ) -> Result<ReceiptPage, DeskError> {
        let view = self.seat(who, client).await?;
        let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE);
        let start = query.before.unwrap_or(view.size).min(view.size);
        let (mut rows, mut end) = (Vec::new(), start);
        while end > 0 && rows.len() < limit && start - end < LOOK {
            let from = end.saturating_sub(STEP);
            let lines = self.lines(&view, from, end).await?;
            let numbered: Vec<_> = (from..end).zip(&lines).collect();
            for (index, line) in numbered.into_iter().rev() {
                let Some((at, receipt)) = signed(line) else { continue };
                if rows.len() == limit {
                    break;
                }
                rows.push(row(&view.state, index, at, &receipt));
            }
            end = from;
        }
        let more = rows.len() == limit || end > 0;
        let next = rows.last().map(|row| row.line).filter(|_| rows.len() == limit);
        let next = next.or(Some(end)).filter(|next| more && *next > 0);
        Ok(ReceiptPage { client: show::client(&view.state), size: view.size, rows, next })
    }

    /// One receipt as a file, by the line that holds it.
    ///
    /// # Errors
    /// If that line holds none, or the asker is not seated there.
    pub async fn receipt_file(
        &self,
        who: &Who,
        client: &str,
        line: u64,
    ) -> Result<ReceiptFile, DeskError> {
        let seat = self.seat(who, client).await?;
        let view = self.settled(seat.tenant).await?;
        let none = || DeskError::not_visible("receipt", &line.to_string());
        if line >= view.size {
            return Err(none());
        }
        let proven = self.proven(&view, line).await?;
        let (_, receipt) = signed(proven.bytes.as_bytes()).ok_or_else(none)?;
        let key = view.state.passkeys.get(&receipt.passkey).ok_or_else(none)?;
        let moved = match &view.state.moved {
            Some((line, _)) => Some(self.proven(&view, *line).await?),
            None => None,
        };
        let mut history = Vec::new();
        for index in self.about(&view, receipt.passkey).await? {
            if index != line && index != key.line {
                history.push(self.proven(&view, index).await?);
            }
        }
        Ok(ReceiptFile {
            v: RECEIPT_FILE,
            tenant: view.tenant,
            origin: keys::origin(view.tenant),
            receipt: *receipt,
            line: proven,
            founding: self.proven(&view, 0).await?,
            moved,
            key_line: self.proven(&view, key.line).await?,
            history,
            checkpoint: self.note(&view).await?,
            size: view.size,
        })
    }

    /// The lines of a ledger that name a passkey, in order.
    async fn about(&self, view: &View<State>, passkey: PasskeyId) -> Result<Vec<u64>, DeskError> {
        let busy = |what: &str| DeskError::Busy { what: what.to_owned() };
        if view.size > HISTORY_LOOK {
            return Err(busy("the ledger is too long for a single receipt: export it"));
        }
        let (name, mut out, mut from) = (passkey.to_string(), Vec::new(), 0);
        while from < view.size {
            let to = view.size.min(from + STEP);
            for (index, line) in (from..to).zip(self.lines(view, from, to).await?) {
                if std::str::from_utf8(&line).is_ok_and(|line| line.contains(&name)) {
                    out.push(index);
                }
            }
            from = to;
        }
        if out.len() > HISTORY {
            return Err(busy("this passkey signed too often for a single receipt: export"));
        }
        Ok(out)
    }

    pub(super) async fn proven(
        &self,
        view: &View<State>,
        index: u64,
    ) -> Result<ProvenLine, DeskError> {
        let none = || DeskError::not_visible("ledger line", &index.to_string());
        let line = self.ledger().read(view.tenant, index, 1).await?.into_iter().next();
        let bytes = String::from_utf8(line.ok_or_else(none)?.to_vec()).map_err(|_bad| none())?;
        let proof = prove_line(self.ledger().as_ref(), view.tenant, index, view.size).await?;
        Ok(ProvenLine { index, bytes, path: proof.path })
    }

    /// All lines from one up to another.
    async fn lines(
        &self,
        view: &View<State>,
        from: u64,
        to: u64,
    ) -> Result<Vec<bytes::Bytes>, DeskError> {
        self.whole(view, from, to.saturating_sub(from)).await
    }
}

/// The receipt in a line, if it holds one.
fn signed(line: &[u8]) -> Option<(writ_model::Timestamp, Box<Receipt>)> {
    let text = std::str::from_utf8(line).ok().filter(|text| text.contains("act_signed"))?;
    let entry = Entry::from_line(text.as_bytes()).ok()?;
    match entry.fact {
        Fact::ActSigned(receipt) => Some((entry.at, receipt)),
        _ => None,
    }
}

fn row(state: &State, line: u64, at: writ_model::Timestamp, receipt: &Receipt) -> ReceiptRow {
    ReceiptRow {
        line,
        at,
        signing: receipt.signing,
        person: state.person_name(receipt.request.person),
        passkey: receipt.passkey,
        title: receipt.request.title(),
    }
}
