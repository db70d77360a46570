//! The console's router: every address of `route.rs` with its handler.
//!
//! Never here: what a handler does. To add a page: its line in `route.rs` and its line below; a test compares the two.

use std::{future::ready, sync::Arc};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, Query},
    middleware,
    routing::{get, post},
};
use tokio::sync::Semaphore;
use writ_desk::Desk;

use crate::{
    asset,
    flash::Flashes,
    form::{
        self, account,
        act::Act,
        gateway::Wish,
        invite::Make,
        observe::Watch,
        own,
        party::Deed,
        stop::{Stop, Which},
        tool,
    },
    head, live,
    page::{
        agent, agents, approval, approvals, call, calls, catalog, charter, clauses, client,
        clients, connections, data, decisions, drills, ending, endings, explain, find, first, join,
        ledger, line, me, notifications, observe, operations, past, people, plain, receipt,
        receipts, root, sign_in, signed, signing, templates, tools, welcome, witnesses,
    },
    route,
    visit::{self, Console, Visit},
};

/// LIMIT: bytes of a submitted form: the longest holds a charter of its greatest size, clause by clause.
const MAX_FORM: usize = 256 << 10;

/// The console over a desk. Merge it with the desk's own router: it answers everything that one does not.
pub fn router(desk: &Desk) -> Router {
    let console = Console {
        desk: desk.clone(),
        flashes: Arc::new(Flashes::default()),
        streams: Arc::new(Semaphore::new(live::STREAMS)),
    };
    pages()
        .merge(charters())
        .merge(acts())
        .merge(watched())
        .merge(operations())
        .merge(forms())
        .merge(doors())
        .merge(party())
        .fallback(plain::lost)
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(middleware::from_fn_with_state(console.clone(), head::home))
        .layer(middleware::from_fn(head::dress))
        .layer(middleware::from_fn_with_state(desk.clone(), writ_desk::reveal))
        .with_state(console)
}

fn pages() -> Router<Console> {
    Router::new()
        .route(route::DECISIONS, get(decisions::show))
        .route(route::AGENTS, get(agents::show))
        .route(route::CALLS, get(calls::show))
        .route(route::CALLS_EVENTS, get(live::events))
        .route(route::CLIENTS, get(clients::show))
        .route(route::FIND, get(find::show))
        .route(route::FIND_INDEX, get(find::entries))
        .route(route::KEYS, get(plain::keys))
        .route(route::SIGN_OUT, post(visit::sign_out))
        .route(route::ASSET, get(asset::serve))
        .route(route::CLIENT, get(client::show))
        .route(route::CLIENT_AGENTS, get(agents::show_client))
        .route(route::AGENT, get(agent::show))
        .route(route::AGENT_RECEIPT, get(receipt::show))
        .route(route::CLIENT_CALLS, get(calls::show_client))
        .route(route::CALL, get(call::show))
        .route(route::LEDGER, get(ledger::show))
        .route(route::LINE, get(line::show))
        .route(route::PROOF, get(line::download))
        .route(route::APPROVALS, get(approvals::show))
        .route(route::CLIENT_APPROVALS, get(approvals::show_client))
        .route(route::APPROVAL, get(approval::show))
        .route(route::HOLD_LINK, get(approval::follow))
}

fn charters() -> Router<Console> {
    let stops = |stop: Stop| {
        get(move |visit: Visit, Path(client): Path<String>, Query(which): Query<Which>| {
            ready(form::stop::show(&visit, &client, &which, stop))
        })
        .post(move |path, which, sent| form::stop::take(path, which, sent, stop))
    };
    Router::new()
        .route(route::CATALOG, get(catalog::show))
        .route(route::TEMPLATES, get(templates::show))
        .route(route::TEMPLATE, get(templates::one))
        .route(route::CHARTER, get(charter::show))
        .route(route::CHARTER_CLAUSES, get(clauses::show))
        .route(route::CHARTER_DRAFT, get(form::draft::show).post(form::draft::take))
        .route(route::CHARTER_SIGN, post(charter::sign))
        .route(route::CHARTER_COMPARE, get(past::compare))
        .route(route::CHARTER_REPLAY, get(past::replay))
        .route(route::CHARTER_CHECK, get(past::check))
        .route(route::CHARTER_PDF, get(charter::paper))
        .route(route::CHARTER_WITHDRAW, stops(Stop::Withdraw))
        .route(route::SUSPEND, stops(Stop::Suspend))
        .route(route::RESUME, stops(Stop::Resume))
        .route(route::FREEZE, stops(Stop::Freeze))
        .route(route::THAW, stops(Stop::Thaw))
}

/// What runs, and what ends many agents at once.
fn operations() -> Router<Console> {
    let both = |wish: Wish| {
        get(move |visit: Visit, Path(gateway): Path<String>| {
            ready(form::gateway::show(&visit, &gateway, wish))
        })
        .post(move |path, sent| form::gateway::take(path, sent, wish))
    };
    Router::new()
        .route(route::OPERATIONS, get(operations::show))
        .route(route::GATEWAY_HALT, both(Wish::Halt))
        .route(route::GATEWAY_DRAIN, both(Wish::Drain))
        .route(route::GATEWAY_SERVE, both(Wish::Serve))
        .route(route::CLIENT_END, get(form::ending::show).post(form::ending::take))
        .route(route::ENDINGS, get(endings::show))
        .route(route::ENDING, get(ending::show))
}

/// What is watched, rehearsed, told and explained.
fn watched() -> Router<Console> {
    let both = |watch: Watch| {
        get(move |visit, path, of| form::observe::show(visit, path, of, watch))
            .post(move |path, of, sent| form::observe::take(path, of, sent, watch))
    };
    Router::new()
        .route(route::OBSERVE, get(observe::show))
        .route(route::OBSERVE_NEW, both(Watch::Start))
        .route(route::OBSERVE_END, both(Watch::End))
        .route(route::OBSERVE_PROPOSE, post(form::observe::propose))
        .route(route::DRILLS, get(drills::show))
        .route(route::DRILL, get(drills::one))
        .route(route::DRILL_FILE, get(drills::file))
        .route(route::DRILL_NEW, get(form::drill::show).post(form::drill::take))
        .route(route::NOTIFICATIONS, get(notifications::show))
        .route(route::NOTIFICATIONS_TEST, post(notifications::test))
        .route(route::EXPLAIN, get(explain::show))
        .route(route::CALL_EXPLAINED, get(explain::json))
        .route(route::CALL_PAPER, get(explain::paper))
        .route(route::APPROVAL_CODE, post(form::approve::take_code))
}

fn acts() -> Router<Console> {
    let both = |act: Act| {
        get(move |visit, path| form::act::show(visit, path, act))
            .post(move |path, sent| form::act::take(path, sent, act))
    };
    Router::new()
        .route(route::AGENT_ACTIVATE, both(Act::Activate))
        .route(route::AGENT_HOLD, both(Act::Hold))
        .route(route::AGENT_RELEASE, both(Act::Release))
        .route(route::AGENT_QUARANTINE, both(Act::Quarantine))
        .route(route::AGENT_TERMINATE, both(Act::Terminate))
        .route(route::AGENT_ENROLL, both(Act::Enroll))
        .route(route::INSTANCE_END, both(Act::EndInstance))
        .route(route::GRANT_REVOKE, both(Act::Revoke))
        .route(route::PERSON_LEAVE, both(Act::Leave))
}

fn forms() -> Router<Console> {
    Router::new()
        .route(route::CLIENT_NEW, get(form::client::show).post(form::client::take))
        .route(route::AGENT_NEW, get(form::agent::show).post(form::agent::take))
        .route(route::AGENT_DELEGATE, get(form::delegate::show).post(form::delegate::take))
        .route(route::AGENT_ANSWERS, get(form::answers::show).post(form::answers::take))
        .route(route::GROUP_ANSWERS, get(form::answers::show_group).post(form::answers::take_group))
        .route(route::GRANT_NEW, get(form::grant::show).post(form::grant::take))
        .route(route::PERSON_NEW, get(form::people::show_seat).post(form::people::take_seat))
        .route(route::GROUP_NEW, get(form::people::show_group).post(form::people::take_group))
        .route(route::APPROVAL_YES, post(form::approve::take_yes))
        .route(route::APPROVAL_NO, get(form::approve::show_no).post(form::approve::take_no))
        .route(route::AWAY, get(form::approve::show_away).post(form::approve::take_away))
        .route(route::AWAY_END, post(form::approve::take_back))
        .route(route::CONSENT, get(form::consent::show).post(form::consent::take))
}

/// What is there for somebody who is not signed in, and what signs.
fn doors() -> Router<Console> {
    Router::new()
        .route(route::SIGN_IN, get(sign_in::show))
        .route(route::FIRST, get(first::show).post(first::take))
        .route(route::WELCOME, get(welcome::show))
        .route(route::JOIN, get(join::show))
        .route(route::RECOVER, get(join::show_recover))
        .route(route::SIGN, get(signing::ask))
        .route(route::SIGNING, get(signing::show))
        .route(route::SIGNING_REFUSE, get(signing::show_refuse).post(signing::take_refuse))
        .route(route::ME, get(me::show))
        .route(route::MY_CONTACT, post(me::contact))
        .route(route::MY_KEY_REVOKE, get(own::show_revoke).post(own::take_revoke))
        .route(route::MY_LOGIN_UNLINK, post(own::take_unlink))
        .route(route::MY_SESSION_END, get(own::show_end).post(own::take_end))
}

fn party() -> Router<Console> {
    let both = |deed: Deed| {
        get(move |visit, path| form::party::show(visit, path, deed))
            .post(move |path, sent| form::party::take(path, sent, deed))
    };
    let makes = |make: Make| {
        get(move |visit, path| form::invite::show(visit, path, make))
            .post(move |path, sent| form::invite::take(path, sent, make))
    };
    Router::new()
        .route(route::PEOPLE, get(people::show))
        .route(route::ROOT, get(root::show))
        .route(route::WITNESSES, get(witnesses::show))
        .route(route::DATA, get(data::list))
        .route(route::AGENT_DATA, get(data::map))
        .route(route::TOOLS, get(tools::list))
        .route(route::TOOL, get(tools::show))
        .route(route::TOOL_APPROVE, get(tool::show_approve).post(tool::take_approve))
        .route(route::TOOL_REFUSE, get(tool::show_refuse).post(tool::take_refuse))
        .route(route::CONNECTIONS, get(connections::show))
        .route(route::ACCOUNT_CONNECT, get(account::show_connect).post(account::take_connect))
        .route(route::ACCOUNT_END, get(account::show_end).post(account::take_end))
        .route(route::RECEIPTS, get(receipts::show))
        .route(route::SIGNED, get(signed::show))
        .route(route::RECEIPT_FILE, get(signed::download))
        .route(route::EXPORT, get(own::show_export).post(own::take_export))
        .route(route::INVITE, makes(Make::Invitation))
        .route(route::KEY_POLICY, makes(Make::Policy))
        .route(route::WITNESS_NEW, makes(Make::Witness))
        .route(route::PERSON_ADMIT, both(Deed::Admit))
        .route(route::PERSON_RECOVER, both(Deed::Recover))
        .route(route::PERSON_OFFBOARD, both(Deed::Offboard))
        .route(route::PERSON_ERASE, both(Deed::Erase))
        .route(route::KEY_REVOKE, both(Deed::RevokeKey))
        .route(route::SESSION_END, both(Deed::EndSession))
        .route(route::INVITATION_WITHDRAW, both(Deed::Withdraw))
        .route(route::RECOVERY_CONFIRM, both(Deed::Confirm))
        .route(route::RECOVERY_REFUSE, both(Deed::Refuse))
        .route(route::WITNESS_REMOVE, both(Deed::Unname))
}
