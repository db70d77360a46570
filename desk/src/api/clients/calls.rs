//! `/api/v1/clients/{c}/calls`

use super::super::Endpoint;

mod explain;
mod show;

pub(in crate::api) const TABLE: [Endpoint; 2] = [show::ENDPOINT, explain::ENDPOINT];
