//! `/api/v1/clients/{c}/grants`

use super::super::Endpoint;

mod give;
mod list;
mod revoke;

pub(in crate::api) const TABLE: [Endpoint; 3] = [list::ENDPOINT, give::ENDPOINT, revoke::ENDPOINT];
