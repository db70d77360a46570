//! `/api/v1/clients/{c}/people`

use super::super::Endpoint;

mod admit;
mod erase;
mod leave;
mod list;
mod seat;

pub(in crate::api) const TABLE: [Endpoint; 5] =
    [list::ENDPOINT, seat::ENDPOINT, leave::ENDPOINT, admit::ENDPOINT, erase::ENDPOINT];
