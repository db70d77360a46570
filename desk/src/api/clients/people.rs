//! `/api/v1/clients/{c}/people`

use super::super::Endpoint;

mod leave;
mod list;
mod seat;

pub(in crate::api) const TABLE: [Endpoint; 3] = [list::ENDPOINT, seat::ENDPOINT, leave::ENDPOINT];
