//! `/api/v1/clients/{c}/receipts`

use super::super::Endpoint;

mod list;
mod show;

pub(in crate::api) const TABLE: [Endpoint; 2] = [list::ENDPOINT, show::ENDPOINT];
