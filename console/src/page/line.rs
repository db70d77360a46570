//! One line of a ledger and its proof: the leaf, the audit path, the root, the checkpoint that signs it. With JavaScript
//! the reader's own browser computes the root again.
//! Never here: a hash (`evidence` computes, the browser checks).

use askama::Template;
use axum::{Json, extract::Path, response::IntoResponse as _};
use http::StatusCode;
use writ_desk::{AsWritten, DeskError};
use writ_model::Digest;

use crate::{
    page::render,
    shell::{Section, Shell},
    view::{LineDetail, ProofView},
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/line.html")]
pub struct LinePage {
    /// Around it.
    pub shell: Shell,
    /// The line.
    pub detail: LineDetail,
    /// Its proof.
    pub proof: ProofView,
}

/// `GET /clients/{client}/ledger/{line}`
pub(crate) async fn show(visit: Visit, Path((client, line)): Path<(String, String)>) -> Answer {
    let number = visit.tell(number(&line))?;
    let detail = visit.tell(visit.desk.ledger_line(&visit.who, &client, number).await)?;
    let proof = visit.tell(visit.desk.ledger_proof(&visit.who, &client, number).await)?;
    let shell = visit.shell_at(&client, &format!("Ledger line {number}"), Section::Ledger)?;
    Ok(render(StatusCode::OK, &LinePage::view(shell, detail, proof)))
}

/// `GET /clients/{client}/ledger/{line}/proof.json`
pub(crate) async fn download(visit: Visit, Path((client, line)): Path<(String, String)>) -> Answer {
    let number = visit.tell(number(&line))?;
    let proof = visit.tell(visit.desk.ledger_proof(&visit.who, &client, number).await)?;
    Ok((AsWritten, Json(proof)).into_response())
}

fn number(line: &str) -> Result<u64, DeskError> {
    line.parse().map_err(|_bad| DeskError::not_visible("ledger line", line))
}

impl LinePage {
    /// The page of a line.
    #[must_use]
    pub fn view(shell: Shell, detail: LineDetail, proof: ProofView) -> Self {
        Self { shell, detail, proof }
    }

    /// The audit path with the side each hash stands on (RFC 9162 section 2.1.3.2).
    #[must_use]
    pub fn steps(&self) -> Vec<(&'static str, Digest)> {
        let (mut node, mut last) = (self.proof.line, self.proof.size.saturating_sub(1));
        let mut out = Vec::new();
        for hash in &self.proof.path {
            let left = node % 2 == 1 || node == last;
            out.push((if left { "left" } else { "right" }, *hash));
            if left {
                while node.is_multiple_of(2) && node != 0 {
                    node >>= 1;
                    last >>= 1;
                }
            }
            node >>= 1;
            last >>= 1;
        }
        out
    }

    /// The line before.
    #[must_use]
    pub fn before(&self) -> Option<u64> {
        self.proof.line.checked_sub(1)
    }

    /// The line after.
    #[must_use]
    pub fn after(&self) -> Option<u64> {
        let after = self.proof.line + 1;
        (after < self.proof.size).then_some(after)
    }

    /// The page.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let (detail, proof) = sample::line();
        let shell = Shell::sample_client("Ledger line 61", Section::Ledger);
        vec![("full", Self::view(shell, detail, proof))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_those_of_the_tree() {
        let (_, mut page) = LinePage::samples().remove(0);
        let sides = |page: &LinePage| page.steps().iter().map(|one| one.0).collect::<Vec<_>>();
        page.proof.path = vec![Digest::default(); 3];
        (page.proof.line, page.proof.size) = (5, 8);
        assert_eq!(sides(&page), ["left", "right", "left"]);
        // Line 4 of 5 has one sibling: the root of the first four.
        page.proof.path.truncate(1);
        (page.proof.line, page.proof.size) = (4, 5);
        assert_eq!(sides(&page), ["left"]);
        // Line 2 of 7: 3 on the right, 0..2 on the left, 4..7 on the right.
        page.proof.path = vec![Digest::default(); 3];
        (page.proof.line, page.proof.size) = (2, 7);
        assert_eq!(sides(&page), ["right", "left", "right"]);
    }
}
