//! What was signed at a party, newest first.
//! Never here: acts that need no signature (those are in the ledger only).

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;
use writ_desk::ReceiptQuery;
use writ_model::PasskeyId;

use crate::{
    page::render,
    route,
    shell::{Section, Shell},
    view::receipt::{ReceiptPage, ReceiptRow},
    visit::{Answer, Visit},
};

/// LIMIT: receipts on one page.
const PAGE: usize = 100;

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/receipts.html")]
pub struct ReceiptsPage {
    /// Around it.
    pub shell: Shell,
    /// The receipts.
    pub page: ReceiptPage,
    /// Fingerprints of the keys.
    pub fingers: BTreeMap<PasskeyId, String>,
    /// The next page.
    pub older: Option<String>,
}

/// What the reader wants to see; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    before: Option<u64>,
}

/// `GET /clients/{client}/receipts`
pub(crate) async fn show(
    visit: Visit,
    Path(client): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let query = ReceiptQuery { before: wanted.before, limit: Some(PAGE) };
    let page = visit.tell(visit.desk.receipts(&visit.who, &client, query).await)?;
    let keys = visit.tell(visit.desk.client_passkeys(&visit.who, &client).await)?;
    let fingers = keys.into_iter().map(|key| (key.passkey, key.fingerprint)).collect();
    let shell = visit.shell_at(&client, "Receipts", Section::Receipts)?;
    Ok(render(StatusCode::OK, &ReceiptsPage::view(shell, page, fingers)))
}

impl ReceiptsPage {
    /// The page of these receipts.
    #[must_use]
    pub fn view(shell: Shell, page: ReceiptPage, fingers: BTreeMap<PasskeyId, String>) -> Self {
        let at = |before: u64| {
            let before = before.to_string();
            route::query(route::receipts(&page.client.slug), &[("before", &before)])
        };
        Self { older: page.next.map(at), shell, page, fingers }
    }

    /// The fingerprint of a row's key.
    #[must_use]
    pub fn finger(&self, row: &ReceiptRow) -> Option<&String> {
        self.fingers.get(&row.passkey)
    }

    /// The page, full and empty.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample_client("Receipts", Section::Receipts);
        let keys = sample::parties(writ_model::Side::Client).keys;
        let fingers: BTreeMap<_, _> =
            keys.into_iter().map(|key| (key.passkey, key.fingerprint)).collect();
        let mut bare = sample::receipts();
        (bare.rows, bare.next) = (Vec::new(), None);
        vec![
            ("full", Self::view(shell(), sample::receipts(), fingers)),
            ("empty", Self::view(shell(), bare, BTreeMap::new())),
        ]
    }
}
