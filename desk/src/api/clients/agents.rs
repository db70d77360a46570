//! `/api/v1/clients/{c}/agents`

use super::super::Endpoint;

mod accountability;
mod activate;
mod add;
mod delegate;
mod enrollments;
mod everywhere;
mod explain;
mod hold;
mod list;
mod quarantine;
mod receipt;
mod release;
mod show;
mod terminate;

pub(in crate::api) const TABLE: [Endpoint; 15] = [
    everywhere::ENDPOINT,
    list::ENDPOINT,
    add::ENDPOINT,
    show::ENDPOINT,
    accountability::ENDPOINT,
    activate::ENDPOINT,
    hold::ENDPOINT,
    release::ENDPOINT,
    quarantine::ENDPOINT,
    delegate::ENDPOINT,
    terminate::ENDPOINT,
    receipt::ENDPOINT,
    enrollments::ENDPOINT,
    explain::ENDPOINT,
    explain::MOMENT,
];
