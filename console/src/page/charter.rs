//! The charter as a letter to whoever answers for the client: what may be done, what is asked first, what never; who signed;
//! what waits for signatures; how to stop everything alone.
//! Never here: a sentence of the letter (`writ_charter::letter` writes it from the clauses).

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::IntoResponse as _,
};
use http::{StatusCode, header};
use serde::Deserialize;
use writ_charter::diff::Direction;
use writ_desk::{CharterToSign, DeskError};

use crate::{
    page::render,
    route,
    shell::{Section, Shell},
    show::{Mark, Tone},
    view::{ChangeRow, CharterView, LetterView},
    visit::{Answer, Sent, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/charter.html")]
pub struct CharterPage {
    /// Around it.
    pub shell: Shell,
    /// Everything that stands.
    pub charter: CharterView,
    /// The letter of what is shown.
    pub letter: Option<LetterView>,
    /// Whether it is the draft's.
    pub of_draft: bool,
}

/// Which version; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Which {
    version: Option<String>,
}

/// `GET /clients/{client}/charter`
pub(crate) async fn show(
    visit: Visit,
    Path(client): Path<String>,
    Query(which): Query<Which>,
) -> Answer {
    let (desk, who) = (&visit.desk, &visit.who);
    let charter = visit.tell(desk.charter(who, &client).await)?;
    let wanted = which.version.filter(|one| !one.is_empty());
    let shown = wanted.or_else(|| {
        let only_draft = charter.in_force.is_none() && charter.draft.is_some();
        only_draft.then(|| "draft".to_owned())
    });
    let any = charter.in_force.is_some() || charter.draft.is_some();
    let letter = match (&shown, any) {
        (None, false) => None,
        (shown, _) => Some(visit.tell(desk.charter_letter(who, &client, shown.as_deref()).await)?),
    };
    let of_draft = shown.as_deref() == Some("draft");
    let shell = visit.shell_at(&client, "Charter", Section::Charter)?;
    Ok(render(StatusCode::OK, &CharterPage { shell, charter, letter, of_draft }))
}

/// `GET /clients/{client}/charter/charter.pdf`
pub(crate) async fn paper(
    visit: Visit,
    Path(client): Path<String>,
    Query(which): Query<Which>,
) -> Answer {
    let version = which.version.filter(|one| !one.is_empty());
    let paper = visit.desk.charter_paper(&visit.who, &client, version.as_deref()).await;
    let bytes = visit.tell(paper)?;
    let kind = [
        (header::CONTENT_TYPE, "application/pdf"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"charter.pdf\""),
    ];
    Ok((kind, bytes).into_response())
}

/// `POST /clients/{client}/charter/sign`: to the page of the signing.
pub(crate) async fn sign(Path(client): Path<String>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    visit.place(&client)?;
    let unread = || {
        DeskError::bad("charter", "this form does not say what was read", "Open the charter again.")
    };
    let body = || {
        let charter = given.one("charter").parse().ok()?;
        Some(CharterToSign { charter, digest: given.one("digest").parse().ok()? })
    };
    let body = visit.tell(body().ok_or_else(unread))?;
    match visit.desk.sign_charter(&visit.who, &client, body).await {
        Ok(acted) => Ok(visit.done(&client, &acted, &route::charter(&client))),
        Err(fault) => visit.goes_on(&fault).ok_or_else(|| visit.wrong(&fault)),
    }
}

/// A change's direction, as a mark.
#[must_use]
pub fn direction(one: &ChangeRow) -> Mark {
    match one.direction {
        Direction::Tighter => Mark::new(Tone::Past, "tighter"),
        Direction::Looser => Mark::new(Tone::Wait, "looser"),
        Direction::Same => Mark::new(Tone::Past, "same"),
        Direction::Mixed => Mark::new(Tone::Wait, "both"),
    }
}

/// A mode, as a mark.
#[must_use]
pub fn mode(word: &str) -> Mark {
    match word {
        "refuse" => Mark::new(Tone::Stop, "Refuse"),
        "propose" => Mark::new(Tone::New, "A person does it"),
        "approve" => Mark::new(Tone::Wait, "After a yes"),
        "notify-and-act" => Mark::new(Tone::Go, "Done and told"),
        _ => Mark::new(Tone::Go, "Done"),
    }
}

impl CharterPage {
    /// The client's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.slug.as_str())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.name.as_str())
    }

    /// Where the draft is read.
    #[must_use]
    pub fn draft_letter(&self) -> String {
        route::query(route::charter(self.slug()), &[("version", "draft")])
    }

    /// Where the paper of what is shown is.
    #[must_use]
    pub fn paper(&self) -> String {
        let version = self.letter.as_ref().map_or("", |one| one.version.name.as_str());
        route::query(route::charter_pdf(self.slug()), &[("version", version)])
    }

    /// Its state in a word.
    #[must_use]
    pub fn mark(&self) -> Mark {
        if !self.charter.frozen.is_empty() {
            return Mark::new(Tone::Stop, "Frozen");
        }
        if self.of_draft {
            return Mark::new(Tone::Wait, "Not in force yet");
        }
        match (&self.charter.in_force, self.charter.suspended.is_empty()) {
            (Some(_), true) => Mark::new(Tone::Go, "In force"),
            (Some(_), false) => Mark::new(Tone::Wait, "Partly suspended"),
            (None, _) => Mark::new(Tone::Wait, "None in force"),
        }
    }

    /// The page: in force, with a draft, frozen, and nothing at all.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let page = |charter: CharterView, letter: Option<LetterView>| Self {
            shell: Shell::sample_client("Charter", Section::Charter),
            of_draft: charter.in_force.is_none() && letter.is_some(),
            charter,
            letter,
        };
        let letter = || Some(sample::letter());
        let mut frozen = sample::charter(true, false);
        (frozen.frozen, frozen.suspended) = sample::stops();
        vec![
            ("full", page(sample::charter(true, false), letter())),
            ("changing", page(sample::charter(true, true), letter())),
            ("frozen", page(frozen, letter())),
            ("first", page(sample::charter(false, true), letter())),
            ("empty", page(sample::charter(false, false), None)),
        ]
    }
}
