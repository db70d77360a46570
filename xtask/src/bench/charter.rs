//! The charter that measured clients live under: as many clauses and namings as two parties agree on after some time.
//!
//! Whatever the hour, the measured call is let go under it, by two clauses, one of which reads the clock of the client;
//! neither has a limit, as none of the measured grants has one.
//! Never here: a clause that is there to be fast.

use writ_authority::trace;
use writ_charter::{
    Calendar, Charter, Clause, Hours, Limit, Mode, Money, Naming, Parties, Per, Scope, Seat, When,
};
use writ_model::{CharterId, Role, Side, TenantId};

/// What each of the client's things counts as: server, name, class.
const NAMINGS: [(&str, &str, &str); 30] = [
    ("mail", "send_*", "mail.send"),
    ("mail", "list_messages", "mail.read"),
    ("mail", "read_message", "mail.read"),
    ("mail", "search_messages", "mail.read"),
    ("mail", "delete_message", "mail.delete"),
    ("mail", "empty_trash", "mail.delete"),
    ("mail", "send_as", "mail.send_as_person"),
    ("payments", "pay", "payment.release"),
    ("payments", "pay_many", "payment.release"),
    ("payments", "draft_payment", "payment.prepare"),
    ("payments", "list_payments", "data.read"),
    ("files", "read_file", "file.read"),
    ("files", "list_folder", "file.read"),
    ("files", "write_file", "file.write"),
    ("files", "move_file", "file.write"),
    ("files", "delete_file", "file.delete"),
    ("files", "share_file", "data.share"),
    ("customers", "search_*", "data.read"),
    ("customers", "get_customer", "data.read"),
    ("customers", "update_customer", "record.write"),
    ("customers", "merge_customers", "record.write"),
    ("customers", "export_customers", "data.share"),
    ("customers", "delete_customer", "data.delete"),
    ("tickets", "create_ticket", "ticket.write"),
    ("tickets", "close_ticket", "ticket.write"),
    ("tickets", "list_tickets", "data.read"),
    ("shop", "read_order", "data.read"),
    ("shop", "write_order", "data.write"),
    ("shop", "refund", "payment.release"),
    ("shop", "run_report", "data.read"),
];

/// The charter of a client.
pub(crate) fn charter(id: CharterId, client: TenantId, name: &str) -> Charter {
    let parties = Parties { provider: "Northgate IT".to_owned(), client: name.to_owned() };
    let mut charter = Charter::new(id, 1, client, parties);
    charter.calendar = Calendar {
        zone: "Europe/Berlin".to_owned(),
        days: vec![1, 2, 3, 4, 5],
        from_minute: 8 * 60,
        to_minute: 18 * 60,
        closed: vec!["2026-12-25".to_owned(), "2027-01-01".to_owned()],
    };
    charter.counts_as = NAMINGS.iter().map(naming).collect();
    charter.clauses = clauses();
    let points = trace::points_of(&charter);
    trace::named(&charter, &points)
}

fn naming((server, name, action): &(&str, &str, &str)) -> Naming {
    let pays = *action == "payment.release";
    Naming {
        server: (*server).to_owned(),
        surface: "tool".to_owned(),
        name: (*name).to_owned(),
        action: (*action).to_owned(),
        amount: pays.then(|| "/amount".to_owned()),
        currency: pays.then(|| "/currency".to_owned()),
        tags: Vec::new(),
        data: vec!["customer".to_owned()],
    }
}

fn seat(party: Side, role: Role) -> Seat {
    Seat { party, role, n: 1 }
}

fn clauses() -> Vec<Clause> {
    let approver = || Mode::Approve { quorum: vec![seat(Side::Client, Role::Approver)] };
    let both = || Mode::Approve {
        quorum: vec![seat(Side::Client, Role::Owner), seat(Side::Provider, Role::Approver)],
    };
    let act = |key: &str, title: &str, action: &str| Clause::new(key, title, &[action], Mode::Act);
    let limited = |mut clause: Clause, limits| {
        clause.limits = limits;
        clause
    };
    let at_night = |mut clause: Clause| {
        clause.when = When { hours: Some(Hours::Outside), ..When::default() };
        clause
    };
    let euro = |amount: &str| Money { amount: amount.to_owned(), currency: "EUR".to_owned() };
    let over = |mut clause: Clause, amount: &str| {
        clause.when = When { amount_over: Some(euro(amount)), ..When::default() };
        clause
    };
    let night = Mode::NotifyAndAct;
    let mut pay = act("pay", "Small payments", "payment.release");
    pay.limits = vec![Limit::Money { most: euro("1000"), per: Per::Day }];
    let mut files = act("files", "Files of the shop", "file.*");
    files.scope = Scope { servers: vec!["files".to_owned()], ..Scope::default() };
    let most = |most, per| vec![Limit::Count { most, per }, Limit::Concurrent { most: 50 }];
    let clause = Clause::new;
    vec![
        act("mail", "Mail to customers", "mail.send"),
        at_night(clause("mail-night", "Mail at night", &["mail.*"], Mode::Act)),
        act("mail-read", "Reading mail", "mail.read"),
        clause("mail-delete", "Deleting mail", &["mail.delete"], approver()),
        clause("mail-as", "Mail in a person's name", &["mail.send_as_person"], Mode::Refuse),
        pay,
        over(clause("pay-large", "Large payments", &["payment.release"], both()), "250"),
        at_night(clause("pay-night", "Payments at night", &["payment.*"], Mode::Refuse)),
        act("prepare", "Preparing payments", "payment.prepare"),
        limited(act("read", "Reading data", "data.read"), most(1_000_000, Per::Day)),
        clause("share", "Sharing data", &["data.share"], both()),
        clause("delete", "Deleting data", &["data.delete", "file.delete"], Mode::Propose),
        files,
        clause("records", "Changing records", &["record.write", "data.write"], night.clone()),
        act("tickets", "Tickets", "ticket.write"),
        clause("unnamed", "What has no name here", &["tool.use"], approver()),
        act("look", "Resources and prompts", "resource.read"),
        clause("agents", "Agents", &["agent.*"], approver()),
        clause("copies", "Running copies", &["credential.issue"], night),
        clause("export", "Exports", &["evidence.export"], both()),
    ]
}
