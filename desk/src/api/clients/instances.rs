//! `/api/v1/clients/{c}/instances`

use super::super::Endpoint;

mod end;

pub(in crate::api) const TABLE: [Endpoint; 1] = [end::ENDPOINT];
