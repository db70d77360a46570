//! `/api/v1/clients/{c}/groups`

use super::super::Endpoint;

mod accountability;
mod create;
mod list;

pub(in crate::api) const TABLE: [Endpoint; 3] =
    [list::ENDPOINT, create::ENDPOINT, accountability::ENDPOINT];
