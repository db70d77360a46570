//! `/api/v1/clients` and everything below it; `/api/v1/agents`, the same agents over all clients.

use super::Endpoint;

mod add;
mod agents;
mod approvals;
mod away;
mod calls;
mod charter;
mod consents;
mod drills;
mod flow;
mod grants;
mod groups;
mod instances;
mod invitations;
mod ledger;
mod list;
mod notifications;
mod observe;
mod passkeys;
mod people;
mod policy;
mod receipts;
mod recoveries;
mod sessions;
mod show;
mod terminations;
mod tools;
mod upstreams;
mod witnesses;

pub(super) fn table() -> Vec<Endpoint> {
    let mut all = vec![list::ENDPOINT, add::ENDPOINT, show::ENDPOINT];
    all.extend(people::TABLE);
    all.extend(invitations::TABLE);
    all.extend(recoveries::TABLE);
    all.extend(passkeys::TABLE);
    all.extend(sessions::TABLE);
    all.extend(policy::TABLE);
    all.extend(groups::TABLE);
    all.extend(agents::TABLE);
    all.extend(terminations::TABLE);
    all.extend(instances::TABLE);
    all.extend(grants::TABLE);
    all.extend(calls::TABLE);
    all.extend(ledger::TABLE);
    all.extend(receipts::TABLE);
    all.extend(witnesses::TABLE);
    all.extend(notifications::TABLE);
    all.extend(charter::table());
    all.extend(approvals::TABLE);
    all.extend(away::TABLE);
    all.extend(observe::TABLE);
    all.extend(drills::TABLE);
    all.extend(upstreams::TABLE);
    all.push(consents::LIST);
    all.extend(tools::TABLE);
    all.extend(flow::TABLE);
    all
}
