//! `/api/v1/calls`: decided calls over all clients.

use super::Endpoint;

mod list;
mod live;

pub(super) const TABLE: [Endpoint; 2] = [list::ENDPOINT, live::ENDPOINT];
