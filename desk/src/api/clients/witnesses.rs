//! `/api/v1/clients/{c}/witnesses`

use super::super::Endpoint;

mod list;
mod name;
mod remove;

pub(in crate::api) const TABLE: [Endpoint; 3] = [list::ENDPOINT, name::ENDPOINT, remove::ENDPOINT];
