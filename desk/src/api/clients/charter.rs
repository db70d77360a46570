//! `/api/v1/clients/{c}/charter` and everything below it; `…/freeze` and `…/thaw`, the stop of everything.

use super::super::Endpoint;

mod compare;
mod draft;
mod freeze;
mod letter;
mod show;
mod sign;
mod stops;

pub(in crate::api) fn table() -> Vec<Endpoint> {
    let mut all = show::TABLE.to_vec();
    all.extend(draft::TABLE);
    all.push(sign::ENDPOINT);
    all.extend(compare::TABLE);
    all.extend(letter::TABLE);
    all.extend(stops::TABLE);
    all.extend(freeze::TABLE);
    all
}
