//! `/api/v1/provider`

use super::Endpoint;

mod found;
mod offboard;
mod show;
mod templates;

pub(super) fn table() -> Vec<Endpoint> {
    let mut all = vec![show::ENDPOINT, found::ENDPOINT, offboard::ENDPOINT];
    all.extend(templates::TABLE);
    all
}
