//! `/api/v1/clients/{c}/ledger`

use super::super::Endpoint;
use crate::DeskError;

mod checkpoint;
mod export;
mod line;
mod page;
mod proof;
mod seal;

pub(in crate::api) const TABLE: [Endpoint; 6] = [
    page::ENDPOINT,
    line::ENDPOINT,
    proof::ENDPOINT,
    checkpoint::ENDPOINT,
    export::ENDPOINT,
    seal::ENDPOINT,
];

/// A line's number as it stands in the address.
fn number(text: &str) -> Result<u64, DeskError> {
    text.parse().map_err(|_bad| DeskError::not_visible("ledger line", text))
}
