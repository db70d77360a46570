//! `/api/v1/provider`

use super::Endpoint;

mod found;
mod show;

pub(super) const TABLE: [Endpoint; 2] = [show::ENDPOINT, found::ENDPOINT];
