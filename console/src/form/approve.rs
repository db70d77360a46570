//! Yes, no, away, back: what a person answers to what waits, and who answers in their place.
//! Never here: whether they may (`authority`), the signature (the page of the signing).

use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect},
};
use http::StatusCode;
use writ_desk::{ApproveBody, AwayBody, DeskError};
use writ_model::Digest;

use super::{Choice, Field, FormPage, Given, Input, grant::instant};
use crate::{
    page::{approval::ApprovalPage, code::CodePage, render},
    part::Refused,
    route,
    shell::{Notice, Section, Shell},
    visit::{self, Answer, Sent, Visit},
};

/// `POST /clients/{client}/approvals/{hold}/approve`: to what must be signed, or the page again with why not.
pub(crate) async fn take_yes(Path((client, hold)): Path<(String, String)>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    visit.place(&client)?;
    match said_yes(&visit, (&client, &hold), &given).await {
        Ok(()) => Ok(Redirect::to(&route::approval(&client, &hold)).into_response()),
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let shown = visit.tell(visit.desk.approval(&visit.who, &client, &hold).await)?;
            let shell = visit.shell_at(&client, "Asks for a yes", Section::Approvals)?;
            let (refused, typed) = (Some(visit::refused(&fault)), given.one("words").to_owned());
            let mine = ApprovalPage::asked_by(&visit, &shown);
            let page = ApprovalPage { mine, shell, hold: shown, refused, typed };
            Ok(render(visit::status(&fault), &page))
        }
    }
}

async fn said_yes(
    visit: &Visit,
    (client, hold): (&str, &str),
    given: &Given,
) -> Result<(), DeskError> {
    let digest: Digest = given.one("digest").parse().map_err(|_bad| {
        DeskError::bad("digest", "this form does not say what was read", "Open the page again.")
    })?;
    let body = ApproveBody { digest, words: given.some("words") };
    visit.desk.approve(&visit.who, client, hold, body).await.map(drop)
}

fn no_form(mut shell: Shell, (slug, hold): (&str, &str), what: &str, given: &Given) -> FormPage {
    "Say no".clone_into(&mut shell.title);
    let mut page =
        FormPage::new(shell, "Say no".to_owned(), route::approval_no(slug, hold), "No, stop it");
    "It is not done. Whoever asked hears that it was refused, and what you write here. If it was not real, say that too."
        .clone_into(&mut page.lead);
    page.facts = vec![("What", what.to_owned())];
    page.ends = true;
    page.back = route::approval(slug, hold);
    let field = Field::new("words", "Why, in a few words", Input::Words, given);
    page.fields.push(field.hint("Stands in the ledger for good, with your name.").required());
    page
}

/// `GET /clients/{client}/approvals/{hold}/refuse`
pub(crate) async fn show_no(visit: Visit, Path((client, hold)): Path<(String, String)>) -> Answer {
    let shown = visit.tell(visit.desk.approval(&visit.who, &client, &hold).await)?;
    let shell = visit.shell_at(&client, "", Section::Approvals)?;
    let what = &shown.asked.sentence;
    Ok(render(StatusCode::OK, &no_form(shell, (&client, &hold), what, &Given::default())))
}

/// `POST /clients/{client}/approvals/{hold}/refuse`
pub(crate) async fn take_no(Path((client, hold)): Path<(String, String)>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    let words = given.one("words").to_owned();
    match visit.desk.refuse_approval(&visit.who, &client, &hold, words).await {
        Ok(_) => {
            let what = "You said no; it is not done.".to_owned();
            visit.flashes.notice(&visit.session, Notice { what, line: None });
            Ok(Redirect::to(&route::approval(&client, &hold)).into_response())
        }
        Err(fault) => {
            let shown = visit.tell(visit.desk.approval(&visit.who, &client, &hold).await)?;
            let shell = visit.shell_at(&client, "", Section::Approvals)?;
            let page = no_form(shell, (&client, &hold), &shown.asked.sentence, &given);
            Ok(render(visit::status(&fault), &page.refused(Some(visit::refused(&fault)))))
        }
    }
}

fn away_form(mut shell: Shell, slug: &str, people: Vec<Choice>, given: &Given) -> FormPage {
    "I am away".clone_into(&mut shell.title);
    let mut page =
        FormPage::new(shell, "I am away".to_owned(), route::away(slug), "Let them answer");
    "Until you are back, the person you name may say yes where you could, with their own passkey. They never answer what \
     you asked for yourself, and of the two of you only one counts."
        .clone_into(&mut page.lead);
    page.back = route::client_approvals(slug);
    page.fields.push(Field::new("deputy", "Who answers for you", Input::Select(people), given));
    let until = Field::new("until", "Until", Input::Instant, given);
    page.fields.push(until.hint("UTC; at most sixty days.").required());
    page
}

/// People of the reader's own party, themselves left out.
async fn deputies(visit: &Visit, client: &str) -> Result<Vec<Choice>, DeskError> {
    let rows = visit.desk.people(&visit.who, client).await?;
    let own = rows.iter().find(|one| one.person == visit.who.person).map(|one| one.side);
    let others = rows.iter().filter(|one| one.person != visit.who.person && Some(one.side) == own);
    let choice = |id: String, name: &str| Choice::new(&id, name, "");
    Ok(others.map(|one| choice(one.person.to_string(), &one.name)).collect())
}

/// `GET /clients/{client}/away`
pub(crate) async fn show_away(visit: Visit, Path(client): Path<String>) -> Answer {
    let people = visit.tell(deputies(&visit, &client).await)?;
    let shell = visit.shell_at(&client, "", Section::Approvals)?;
    Ok(render(StatusCode::OK, &away_form(shell, &client, people, &Given::default())))
}

/// `POST /clients/{client}/away`
pub(crate) async fn take_away(Path(client): Path<String>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    visit.place(&client)?;
    let refused: (StatusCode, Refused) = match instant(&given, "until") {
        Err(refused) => (StatusCode::BAD_REQUEST, refused),
        Ok(until) => {
            let deputy = given.one("deputy").to_owned();
            let body = AwayBody { deputy, until: until.unwrap_or_default() };
            match visit.desk.set_away(&visit.who, &client, body).await {
                Ok(acted) => {
                    return Ok(visit.done(&client, &acted, &route::client_approvals(&client)));
                }
                Err(fault) => {
                    if let Some(to) = visit.goes_on(&fault) {
                        return Ok(to);
                    }
                    (visit::status(&fault), visit::refused(&fault))
                }
            }
        }
    };
    let people = visit.tell(deputies(&visit, &client).await)?;
    let shell = visit.shell_at(&client, "", Section::Approvals)?;
    let page = away_form(shell, &client, people, &given).refused(Some(refused.1));
    Ok(render(refused.0, &page))
}

/// `POST /clients/{client}/away/end`
pub(crate) async fn take_back(Path(client): Path<String>, sent: Sent) -> Answer {
    let Sent { visit, given: Given(_) } = sent;
    let acted = visit.tell(visit.desk.end_away(&visit.who, &client).await)?;
    Ok(visit.done(&client, &acted, &route::client_approvals(&client)))
}

/// `POST /clients/{client}/approvals/{hold}/code`: the code of an approved enrollment, once, to whoever asked for it.
pub(crate) async fn take_code(Path((client, hold)): Path<(String, String)>, sent: Sent) -> Answer {
    let Sent { visit, given: Given(_) } = sent;
    visit.place(&client)?;
    match visit.desk.approved_enrollment(&visit.who, &client, &hold).await {
        Ok(offer) => {
            let shell = visit.shell_at(
                &client,
                &format!("Code for {}", offer.agent_name),
                Section::Agents,
            )?;
            Ok(render(StatusCode::OK, &CodePage::view(shell, offer, &client)))
        }
        Err(fault) => {
            let shown = visit.tell(visit.desk.approval(&visit.who, &client, &hold).await)?;
            let shell = visit.shell_at(&client, "Asks for a yes", Section::Approvals)?;
            let (refused, typed) = (Some(visit::refused(&fault)), String::new());
            let page = ApprovalPage { mine: false, shell, hold: shown, refused, typed };
            Ok(render(visit::status(&fault), &page))
        }
    }
}

/// The forms, empty and refused.
pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let shell = || Shell::sample_client("", Section::Approvals);
    let what = "“invoice-bot” wants to release a payment of 1,840.00 EUR";
    let people = || vec![Choice::new("per_1", "Hannah Cole", "")];
    let empty = Given::default();
    let wrong = Refused {
        code: "AUTH-0047".to_owned(),
        field: "deputy".to_owned(),
        what: "Ines Ortega is of the other party".to_owned(),
        cure: "Name somebody of the client".to_owned(),
    };
    let typed = Given::start(&[("deputy", "per_1"), ("until", "2026-12-01T08:00")]);
    vec![
        ("no", no_form(shell(), ("harbor-books", "x"), what, &empty)),
        ("away", away_form(shell(), "harbor-books", people(), &empty)),
        ("away-refused", away_form(shell(), "harbor-books", people(), &typed).refused(Some(wrong))),
    ]
}
