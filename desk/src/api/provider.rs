//! `/api/v1/provider`

use super::Endpoint;

mod found;
mod offboard;
mod show;

pub(super) const TABLE: [Endpoint; 3] = [show::ENDPOINT, found::ENDPOINT, offboard::ENDPOINT];
