//! `/api/v1/clients/{c}/people`

use super::super::Endpoint;

mod admit;
mod leave;
mod list;
mod seat;

pub(in crate::api) const TABLE: [Endpoint; 4] =
    [list::ENDPOINT, seat::ENDPOINT, leave::ENDPOINT, admit::ENDPOINT];
