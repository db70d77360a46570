//! What people do about themselves: revoke a key of theirs, end a session of theirs; and take a ledger out.
//! Never here: another person's key or session (`party.rs`).

use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect},
};
use http::{StatusCode, header};
use writ_desk::{Desk, DeskError, LoginBody};

use super::{Field, FormPage, Given, Input};
use crate::{
    page::render,
    part::{Refused, sentence},
    route,
    shell::{Notice, Section, Shell},
    show,
    visit::{self, Answer, Sent, Visit, Wrong},
};

/// The form that revokes a key.
#[must_use]
pub fn revoke(
    mut shell: Shell,
    (passkey, label): (&str, &str),
    facts: Vec<(&'static str, String)>,
    given: &Given,
    refused: Option<Refused>,
) -> FormPage {
    let heading = format!("Revoke my key {label}");
    shell.title.clone_from(&heading);
    let mut page = FormPage::new(shell, heading, route::my_key_revoke(passkey), "Revoke it");
    "It signs nothing and nobody in any more, and sessions opened with it end. What it signed stays true."
        .clone_into(&mut page.lead);
    (page.ends, page.back, page.facts) = (true, route::me(), facts);
    let reason = Field::new("reason", "Why", Input::Words, given);
    page.fields.push(reason.hint("Stands in the ledger for good, with your name.").required());
    page.refused(refused)
}

async fn key(visit: &Visit, passkey: &str) -> Result<(String, Vec<(&'static str, String)>), Wrong> {
    let keys = visit.tell(visit.desk.passkeys(&visit.who).await)?;
    let found = keys.into_iter().find(|one| one.passkey.to_string() == passkey);
    let found = visit.tell(found.ok_or_else(|| DeskError::not_visible("passkey", passkey)))?;
    Ok((found.label, vec![("Fingerprint", found.fingerprint), ("Key", sentence(&found.says))]))
}

/// `GET /me/passkeys/{passkey}/revoke`
pub(crate) async fn show_revoke(visit: Visit, Path(passkey): Path<String>) -> Answer {
    let (label, facts) = key(&visit, &passkey).await?;
    let shell = visit.shell("", Section::Me);
    let page = revoke(shell, (&passkey, &label), facts, &Given::default(), None);
    Ok(render(StatusCode::OK, &page))
}

/// `POST /me/passkeys/{passkey}/revoke`
pub(crate) async fn take_revoke(Path(passkey): Path<String>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    let (label, facts) = key(&visit, &passkey).await?;
    let reason = given.one("reason").to_owned();
    match visit.desk.revoke_passkey(&visit.who, &passkey, reason).await {
        Ok(acted) => {
            let home = visit.tell(visit.desk.me(&visit.who).await)?.home.slug;
            Ok(visit.done(&home, &acted, &route::me()))
        }
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let shell = visit.shell("", Section::Me);
            let wrong = Some(visit::refused(&fault));
            let page = revoke(shell, (&passkey, &label), facts, &given, wrong);
            Ok(render(visit::status(&fault), &page))
        }
    }
}

/// Stands for every session of mine but this one.
const OTHERS: &str = "others";

fn end(mut shell: Shell, session: &str, device: &str, current: bool) -> FormPage {
    let heading = match (session, current) {
        (OTHERS, _) => "Sign out everywhere else".to_owned(),
        (_, true) => "Sign out here".to_owned(),
        (_, false) => "End my other session".to_owned(),
    };
    shell.title.clone_from(&heading);
    let mut page = FormPage::new(shell, heading, route::my_session_end(session), "End it");
    "Its next request is refused. You can sign in there again with your passkey."
        .clone_into(&mut page.lead);
    page.facts = vec![("Browser", device.to_owned())];
    (page.ends, page.back) = (true, route::me());
    page
}

async fn session(visit: &Visit, session: &str) -> Result<(String, bool), Wrong> {
    let rows = visit.tell(visit.desk.sessions(&visit.who).await)?;
    if session == OTHERS {
        let others = rows.len().saturating_sub(1);
        return Ok((format!("{} but this one", show::plural(others, "session")), false));
    }
    let found = rows.into_iter().find(|one| one.session.to_string() == session);
    let found = visit.tell(found.ok_or_else(|| DeskError::not_visible("session", session)))?;
    Ok((show::device(&found.agent), found.current))
}

/// `GET /me/sessions/{session}/end`
pub(crate) async fn show_end(visit: Visit, Path(id): Path<String>) -> Answer {
    let (device, current) = session(&visit, &id).await?;
    Ok(render(StatusCode::OK, &end(visit.shell("", Section::Me), &id, &device, current)))
}

/// `POST /me/sessions/{session}/end`
pub(crate) async fn take_end(Path(id): Path<String>, sent: Sent) -> Answer {
    let visit = sent.visit;
    let (_, current) = session(&visit, &id).await?;
    visit.tell(visit.desk.end_session(&visit.who, &id).await)?;
    if current {
        let to = route::query(route::sign_in(), &[("left", "yes")]);
        return Ok(
            ([(header::SET_COOKIE, Desk::clear_cookie())], Redirect::to(&to)).into_response()
        );
    }
    let what = if id == OTHERS { "Every other session is" } else { "That session is" };
    let what = format!("{what} ended; its next request is refused.");
    visit.flashes.notice(&visit.session, Notice { what, line: None });
    Ok(Redirect::to(&route::me()).into_response())
}

/// `POST /me/logins/unlink`: takes back what needs no signature, since it only takes power away.
pub(crate) async fn take_unlink(sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    let (issuer, subject) = (given.one("issuer").to_owned(), given.one("subject").to_owned());
    match visit.desk.unlink_login(&visit.who, LoginBody { issuer, subject }).await {
        Ok(acted) => {
            let home = visit.home.as_ref().map(|home| home.slug.clone()).unwrap_or_default();
            Ok(visit.done(&home, &acted, &route::me()))
        }
        Err(fault) => visit.goes_on(&fault).map_or_else(|| Err(visit.wrong(&fault)), Ok),
    }
}

/// The form that asks to take a ledger out.
#[must_use]
pub fn export(mut shell: Shell, refused: Option<Refused>) -> FormPage {
    let (slug, name) =
        shell.client.as_ref().map(|one| (one.slug.clone(), one.name.clone())).unwrap_or_default();
    let heading = format!("Take the ledger of {name} out");
    shell.title.clone_from(&heading);
    let mut page = FormPage::new(shell, heading, route::export(&slug), "Allow it for an hour");
    "An export holds everything that has authority here, with names and reasons, for whoever has its files. You sign that \
     you may take it; then, for one hour and in your name, it can be fetched."
        .clone_into(&mut page.lead);
    page.facts = vec![
        ("Then, on your machine", format!("writ ledger export --tenant {slug} DIR")),
        ("And anywhere", "writ ledger verify DIR".to_owned()),
    ];
    page.back = route::ledger(&slug);
    page.refused(refused)
}

/// `GET /clients/{client}/export`
pub(crate) async fn show_export(visit: Visit, Path(client): Path<String>) -> Answer {
    let shell = visit.shell_at(&client, "", Section::Ledger)?;
    Ok(render(StatusCode::OK, &export(shell, None)))
}

/// `POST /clients/{client}/export`
pub(crate) async fn take_export(Path(client): Path<String>, sent: Sent) -> Answer {
    let visit = sent.visit;
    match visit.desk.allow_export(&visit.who, &client).await {
        Ok(acted) => Ok(visit.done(&client, &acted, &route::ledger(&client))),
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let shell = visit.shell_at(&client, "", Section::Ledger)?;
            Ok(render(visit::status(&fault), &export(shell, Some(visit::refused(&fault)))))
        }
    }
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let shell = || Shell::sample("", Section::Me);
    let facts = vec![("Fingerprint", crate::page::sample::FINGER.to_owned())];
    vec![
        ("revoke", revoke(shell(), ("x", "My laptop"), facts, &Given::default(), None)),
        ("end", end(shell(), "x", "Firefox on Windows", false)),
        ("end-others", end(shell(), OTHERS, "2 sessions but this one", false)),
        ("export", export(Shell::sample_client("", Section::Ledger), None)),
    ]
}
