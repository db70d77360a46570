//! The book: pages of lines in words, one line, its proof, the checkpoint.

use writ_authority::State;
use writ_evidence::{Checkpoint, leaf_hash, merkle::TreeHead};
use writ_store::{View, ledger::MAX_READ_LINES, prove_line};

use super::show;
use crate::{
    Desk, DeskError, Who, error, keys, say,
    view::{CheckpointView, LedgerPage, LineDetail, LineView, ProofView},
};

/// LIMIT: lines on one page unless fewer are asked for.
const PAGE: usize = 200;

impl Desk {
    /// Lines in order, from one on. Without a start the last page.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn ledger_page(
        &self,
        who: &Who,
        client: &str,
        from: Option<u64>,
        limit: Option<usize>,
    ) -> Result<LedgerPage, DeskError> {
        let view = self.seat(who, client).await?;
        let limit = limit.unwrap_or(PAGE).clamp(1, MAX_READ_LINES);
        let count = u64::try_from(limit).unwrap_or(0);
        let from = from.unwrap_or_else(|| view.size.saturating_sub(count));
        let mut lines: Vec<LineView> = Vec::new();
        let mut at = from;
        while at < view.size.min(from.saturating_add(count)) {
            let left = usize::try_from(from.saturating_add(count) - at).unwrap_or(limit);
            let read = self.ledger().read(view.tenant, at, left).await?;
            if read.is_empty() {
                break;
            }
            for line in &read {
                if at < view.size {
                    lines.extend(say::line(&view.state, at, line));
                }
                at += 1;
            }
        }
        Ok(LedgerPage {
            client: show::client(&view.state),
            size: view.size,
            root: view.root(),
            lines,
            next: (at < view.size).then_some(at),
        })
    }

    /// One line with its bytes and leaf hash.
    ///
    /// # Errors
    /// If there is no such line.
    pub async fn ledger_line(
        &self,
        who: &Who,
        client: &str,
        line: u64,
    ) -> Result<LineDetail, DeskError> {
        let view = self.seat(who, client).await?;
        let bytes = self.bytes_of(&view, line).await?;
        let shown = say::line(&view.state, line, &bytes)
            .ok_or_else(|| DeskError::fault(error::FAULT, format!("line {line} is unreadable")))?;
        Ok(LineDetail {
            client: show::client(&view.state),
            line: shown,
            leaf_hash: leaf_hash(&bytes),
            bytes: String::from_utf8_lossy(&bytes).into_owned(),
            size: view.size,
        })
    }

    /// That a line is in the ledger: audit path and signed checkpoint.
    ///
    /// # Errors
    /// If there is no such line.
    pub async fn ledger_proof(
        &self,
        who: &Who,
        client: &str,
        line: u64,
    ) -> Result<ProofView, DeskError> {
        let view = self.seat(who, client).await?;
        let bytes = self.bytes_of(&view, line).await?;
        let proof = prove_line(self.ledger().as_ref(), view.tenant, line, view.size).await?;
        if proof.root != view.root() {
            let what = format!("the proof of line {line} leads to another root");
            return Err(DeskError::fault(error::FAULT, what));
        }
        Ok(ProofView {
            client: show::client(&view.state),
            line,
            size: proof.size,
            leaf_hash: leaf_hash(&bytes),
            path: proof.path,
            root: proof.root,
            checkpoint: self.note(&view).await?,
            bytes: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }

    /// The ledger's signed checkpoint as of now.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn checkpoint(&self, who: &Who, client: &str) -> Result<CheckpointView, DeskError> {
        let view = self.seat(who, client).await?;
        Ok(CheckpointView {
            client: show::client(&view.state),
            origin: keys::origin(view.tenant),
            size: view.size,
            root: view.root(),
            note: self.note(&view).await?,
            verifier_key: verifier_key(&view.state),
        })
    }

    /// The signed note over a view's size and root, with the cosignatures of this size that have come.
    pub(crate) async fn note(&self, view: &View<State>) -> Result<String, DeskError> {
        let vault = self.inner.parts.vault.as_ref();
        let key = keys::checkpoint_key(vault, view.tenant, self.entropy().as_ref()).await?;
        let fault = |what: String| DeskError::fault(error::FAULT, what);
        if key.verifier().to_text() != verifier_key(&view.state) {
            let what =
                format!("the vault's key is not the one that line 0 of {} names", view.tenant);
            return Err(fault(what));
        }
        let head = TreeHead { size: view.size, root: view.root() };
        let checkpoint = Checkpoint::new(keys::origin(view.tenant), head);
        let note = checkpoint.sign(&[&key]).map_err(|why| fault(why.to_string()))?;
        let mut out = note.to_text();
        for line in self.cosignatures(view).await? {
            out.extend([&line, "\n"]);
        }
        Ok(out)
    }

    async fn bytes_of(&self, view: &View<State>, line: u64) -> Result<bytes::Bytes, DeskError> {
        let none = || DeskError::not_visible("ledger line", &line.to_string());
        if line >= view.size {
            return Err(none());
        }
        self.ledger().read(view.tenant, line, 1).await?.into_iter().next().ok_or_else(none)
    }
}

/// The key that line 0 names, or the last move to another provider.
pub(crate) fn verifier_key(state: &State) -> String {
    state.checkpoint_key().unwrap_or_default().to_owned()
}
