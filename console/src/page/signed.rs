//! One receipt: the exact text that was signed, by whom, with which key, and the file that proves it offline.
//! Never here: a check of the signature (the desk did before it was written; `writ receipt verify` does again).

use askama::Template;
use axum::{Json, extract::Path, response::IntoResponse as _};
use http::StatusCode;
use writ_desk::{AsWritten, DeskError};
use writ_model::{Digest, PasskeyId, SigningId, Timestamp};

use crate::{
    page::render,
    shell::{Section, Shell},
    show::{self, Svg},
    view::{
        people::PasskeyRow,
        receipt::{ReceiptFile, ReceiptRow},
    },
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/signed.html")]
pub struct SignedPage {
    /// Around it.
    pub shell: Shell,
    /// What, in a few words.
    pub title: String,
    /// The exact text.
    pub text: Vec<String>,
    /// Who.
    pub person: String,
    /// When it was written.
    pub at: Timestamp,
    /// The line that holds the signature.
    pub line: u64,
    /// The key.
    pub passkey: PasskeyId,
    /// What the ledger knows of it now.
    pub key: Option<PasskeyRow>,
    /// The line that admitted it.
    pub key_line: u64,
    /// The address it was signed at.
    pub origin: String,
    /// What was signed, beside a nonce.
    pub digest: Digest,
    /// The signing.
    pub signing: SigningId,
}

/// `GET /clients/{client}/receipts/{line}`
pub(crate) async fn show(visit: Visit, Path((client, line)): Path<(String, String)>) -> Answer {
    let number = visit.tell(number(&line))?;
    let file = visit.tell(visit.desk.receipt_file(&visit.who, &client, number).await)?;
    let keys = visit.tell(visit.desk.client_passkeys(&visit.who, &client).await)?;
    let key = keys.into_iter().find(|key| key.passkey == file.receipt.passkey);
    let query = writ_desk::ReceiptQuery { before: Some(number + 1), limit: Some(1) };
    let rows = visit.tell(visit.desk.receipts(&visit.who, &client, query).await)?.rows;
    let row = rows.into_iter().next().ok_or_else(|| DeskError::not_visible("receipt", &line));
    let row = visit.tell(row)?;
    let shell = visit.shell_at(&client, &row.title, Section::Receipts)?;
    let page = visit.tell(SignedPage::view(shell, row, &file, key))?;
    Ok(render(StatusCode::OK, &page))
}

/// `GET /clients/{client}/receipts/{line}/receipt.json`
pub(crate) async fn download(visit: Visit, Path((client, line)): Path<(String, String)>) -> Answer {
    let number = visit.tell(number(&line))?;
    let file = visit.tell(visit.desk.receipt_file(&visit.who, &client, number).await)?;
    Ok((AsWritten, Json(file)).into_response())
}

fn number(line: &str) -> Result<u64, DeskError> {
    line.parse().map_err(|_bad| DeskError::not_visible("receipt", line))
}

impl SignedPage {
    /// The page of a receipt.
    ///
    /// # Errors
    /// If its request cannot be written canonically, which its being in the ledger excludes.
    pub fn view(
        shell: Shell,
        row: ReceiptRow,
        file: &ReceiptFile,
        key: Option<PasskeyRow>,
    ) -> Result<Self, DeskError> {
        let request = &file.receipt.request;
        Ok(Self {
            title: request.title(),
            text: request.text(),
            person: row.person,
            at: row.at,
            line: file.line.index,
            passkey: file.receipt.passkey,
            key,
            key_line: file.key_line.index,
            origin: request.origin.clone(),
            digest: request.digest()?,
            signing: file.receipt.signing,
            shell,
        })
    }

    /// The party's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.slug.as_str())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.name.as_str())
    }

    /// Its chip.
    #[must_use]
    pub fn chip(&self) -> Svg {
        show::chip(self.slug())
    }

    /// The page.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let ask = sample::signing(crate::view::signing::SigningState::Signed);
        let keys = sample::parties(writ_model::Side::Client).keys;
        let key = keys.into_iter().find(|key| key.root);
        let page = Self {
            shell: Shell::sample_client(&ask.title, Section::Receipts),
            title: ask.title,
            text: ask.text,
            person: "Dana Cole".to_owned(),
            at: sample::at(12),
            line: 187,
            passkey: sample::id(3),
            key_line: 9,
            key,
            origin: "http://localhost:7420".to_owned(),
            digest: ask.digest,
            signing: ask.signing,
        };
        vec![("full", page)]
    }
}
