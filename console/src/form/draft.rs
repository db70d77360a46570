//! Writing the next charter: clause by clause as a plain form, what a clause seldom has as JSON beside it, what counts as
//! what, the client's hours.
//!
//! Never here: whether a charter is well formed (the desk says everything that is wrong at once). Nothing typed is lost.

use askama::Template;
use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use writ_desk::{DeskError, NewDraft};

use super::Given;
use crate::{
    page::{charter, render},
    part::Refused,
    route,
    shell::{Section, Shell},
    view::TemplateRow,
    visit::{self, Answer, Sent, Visit},
};

mod clause;

pub use clause::ClauseForm;

/// LIMIT: clauses of one form, one new one among them: as many as a charter may have, and one.
const CLAUSES: usize = 65;

/// The page.
#[derive(Debug, Template)]
#[template(path = "form/draft.html")]
pub struct DraftPage {
    /// Around it.
    pub shell: Shell,
    /// What one can begin with.
    pub templates: Vec<TemplateRow>,
    /// What this one began with.
    pub base: String,
    /// Its clauses, an empty one last.
    pub clauses: Vec<ClauseForm>,
    /// What counts as what, as JSON.
    pub counts_as: String,
    /// The client's hours, as JSON.
    pub calendar: String,
    /// The contract it belongs to.
    pub contract_ref: String,
    /// Everything that is wrong.
    pub wrongs: Vec<Refused>,
}

/// What to begin with; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Begin {
    base: Option<String>,
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// `GET /clients/{client}/charter/draft`: what waits, else what is in force, else a template.
pub(crate) async fn show(
    visit: Visit,
    Path(client): Path<String>,
    Query(begin): Query<Begin>,
) -> Answer {
    let (desk, who) = (&visit.desk, &visit.who);
    let view = visit.tell(desk.charter(who, &client).await)?;
    let shell = visit.shell_at(&client, "Write the charter", Section::Charter)?;
    let base = begin.base.filter(|one| !one.is_empty());
    let current = view.draft.map(|draft| draft.version).or(view.in_force);
    let document = current.map(|version| version.document);
    let templates = view.templates;
    let mut page = DraftPage::blank(shell, templates);
    match (base, document) {
        (Some(name), document) => {
            let template = visit.tell(desk.template(&name).await)?;
            let clauses = template.inherited.iter().map(|row| ClauseForm::of(&row.clause));
            page.clauses = clauses.collect();
            page.counts_as = pretty(&template.document.counts_as);
            page.base = name;
            if let Some(document) = document {
                page.counts_as = pretty(&document.counts_as);
                page.calendar = pretty(&document.calendar);
            }
        }
        (None, Some(document)) => {
            page.clauses = document.clauses.iter().map(ClauseForm::of).collect();
            page.counts_as = pretty(&document.counts_as);
            page.calendar = pretty(&document.calendar);
            page.contract_ref = document.contract_ref.unwrap_or_default();
            page.base = document.base.unwrap_or_default();
        }
        (None, None) => {}
    }
    page.clauses.push(ClauseForm::default());
    Ok(render(StatusCode::OK, &page))
}

/// `POST /clients/{client}/charter/draft`
pub(crate) async fn take(Path(client): Path<String>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    visit.place(&client)?;
    let base = begun(&visit, given.one("base")).await;
    let wrongs = match body(&given, base.as_ref()) {
        Err(wrong) => (StatusCode::BAD_REQUEST, vec![wrong]),
        Ok(body) => match visit.desk.draft_charter(&visit.who, &client, body).await {
            Ok(acted) => {
                let next = route::query(route::charter(&client), &[("version", "draft")]);
                return Ok(visit.done(&client, &acted, &next));
            }
            Err(fault) => (visit::status(&fault), wrongs(&fault)),
        },
    };
    let view = visit.tell(visit.desk.charter(&visit.who, &client).await)?;
    let shell = visit.shell_at(&client, "Write the charter", Section::Charter)?;
    let mut page = DraftPage::blank(shell, view.templates);
    page.clauses = typed(&given);
    given.one("counts_as").clone_into(&mut page.counts_as);
    given.one("calendar").clone_into(&mut page.calendar);
    given.one("contract_ref").clone_into(&mut page.contract_ref);
    given.one("base").clone_into(&mut page.base);
    page.wrongs = wrongs.1;
    Ok(render(wrongs.0, &page))
}

/// The clauses as they were typed; an empty one last.
fn typed(given: &Given) -> Vec<ClauseForm> {
    let rows = (0..CLAUSES).map(|at| ClauseForm::typed(given, at));
    let mut out: Vec<_> = rows.filter(|row| !row.is_blank()).collect();
    out.push(ClauseForm::default());
    out
}

/// The template that a draft began with, and the keys of its clauses; none if it is not there any more.
async fn begun(visit: &Visit, name: &str) -> Option<(String, Vec<String>)> {
    let view = visit.desk.template(name).await.ok()?;
    let keys = view.inherited.iter().map(|row| row.clause.key.clone());
    Some((name.to_owned(), keys.collect()))
}

fn body(given: &Given, base: Option<&(String, Vec<String>)>) -> Result<NewDraft, Refused> {
    let rows: Vec<_> =
        typed(given).into_iter().filter(|row| !row.is_blank() && !row.removed).collect();
    let mut clauses = Vec::new();
    for row in &rows {
        clauses.push(row.value()?);
    }
    let mut out = json!({ "clauses": clauses });
    if let (Some((name, keys)), Some(all)) = (base, out.as_object_mut()) {
        let gone: Vec<_> =
            keys.iter().filter(|key| rows.iter().all(|row| row.key != **key)).collect();
        all.insert("base".to_owned(), json!(name));
        all.insert("removes".to_owned(), json!(gone));
    }
    let parts = [("counts_as", given.one("counts_as")), ("calendar", given.one("calendar"))];
    for (name, text) in parts.into_iter().filter(|(_, text)| !text.is_empty()) {
        let value: Value = serde_json::from_str(text).map_err(|fault| Refused {
            code: "CONS-0002".to_owned(),
            field: name.to_owned(),
            what: format!("{name} is no JSON: {fault}"),
            cure: "Compare it with the example beside the field".to_owned(),
        })?;
        if let Some(all) = out.as_object_mut() {
            all.insert(name.to_owned(), value);
        }
    }
    let reference = given.some("contract_ref");
    if let Some(all) = out.as_object_mut() {
        all.insert("contract_ref".to_owned(), reference.map_or(Value::Null, Value::String));
    }
    serde_json::from_value(out).map_err(|fault| Refused {
        code: "CONS-0002".to_owned(),
        field: String::new(),
        what: format!("this charter cannot be read: {fault}"),
        cure: "Compare it with what is in force".to_owned(),
    })
}

/// Everything that is wrong, each with its field.
fn wrongs(fault: &DeskError) -> Vec<Refused> {
    let all = visit::wrongs(fault).iter().map(|one| Refused {
        code: fault.code().to_string(),
        field: one.field.clone(),
        what: format!("`{}`: {}", one.value, one.rule),
        cure: one.cure.clone(),
    });
    let all: Vec<_> = all.collect();
    if all.is_empty() { vec![visit::refused(fault)] } else { all }
}

impl DraftPage {
    fn blank(shell: Shell, templates: Vec<TemplateRow>) -> Self {
        Self {
            shell,
            templates,
            base: String::new(),
            clauses: Vec::new(),
            counts_as: "[]".to_owned(),
            calendar: pretty(&writ_charter::Calendar::default()),
            contract_ref: String::new(),
            wrongs: Vec::new(),
        }
    }

    /// The client's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.slug.as_str())
    }

    /// The modes to choose from: value, words.
    #[must_use]
    pub fn modes() -> [(&'static str, String); 5] {
        ["refuse", "propose", "approve", "notify-and-act", "act"]
            .map(|word| (word, charter::mode(word).word().to_owned()))
    }

    /// Begun from a template, empty, and refused.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let page = |clauses: Vec<ClauseForm>, wrongs| Self {
            clauses,
            wrongs,
            ..Self::blank(
                Shell::sample_client("Write the charter", Section::Charter),
                sample::templates(),
            )
        };
        let all = || -> Vec<ClauseForm> {
            let rows = sample::version().clauses;
            let forms = rows.iter().map(|row| ClauseForm::of(&row.clause));
            forms.chain([ClauseForm::default()]).collect()
        };
        let wrong = Refused {
            code: "AUTH-0035".to_owned(),
            field: "clauses[0].limits[0]".to_owned(),
            what: "a clause that refuses needs no limit".to_owned(),
            cure: "Take the limit away".to_owned(),
        };
        vec![
            ("full", page(all(), Vec::new())),
            ("refused", page(all(), vec![wrong])),
            ("empty", page(vec![ClauseForm::default()], Vec::new())),
        ]
    }
}

/// The page, for tests.
pub(crate) fn samples() -> Vec<(&'static str, DraftPage)> {
    DraftPage::samples()
}
