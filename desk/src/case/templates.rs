//! Templates of charters: those that come with Writ, and the provider's own, which stand in its ledger and inherit from
//! one another.
//!
//! Never here: how clauses are merged (`writ_charter::template`), or a charter: what a draft takes from a template it
//! carries itself, so that a later change of the template changes no charter.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use writ_authority::{Command, State};
use writ_charter::{Clause, Inherited, Naming, Template, template};
use writ_model::Timestamp;

use super::charter::{draft::Reading, inherited};
use crate::{
    Desk, DeskError, Who,
    view::{Acted, TemplateRow, TemplateView},
};

/// A template to write.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTemplate {
    /// Its name: lower-case letters, digits, hyphens.
    pub name: String,
    /// The template it is built on.
    #[serde(default)]
    pub parent: Option<String>,
    /// Its clauses; one with the key of an inherited one replaces it.
    #[serde(default)]
    pub clauses: Vec<Value>,
    /// Keys of inherited clauses that it leaves out.
    #[serde(default)]
    pub removes: Vec<String>,
    /// What counts as what.
    #[serde(default)]
    pub counts_as: Vec<Value>,
}

/// Every template there is, by its name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf {
    all: BTreeMap<String, (Template, Option<Timestamp>)>,
}

impl Shelf {
    /// Those that come with Writ, and those of this ledger. The provider's own stand in place of ours of the same name.
    pub(crate) fn of(provider: &State) -> Self {
        let ours = template::builtin().iter().map(|one| (one.name.clone(), (one.clone(), None)));
        let own = provider.templates.iter();
        let own =
            own.map(|(name, kept)| (name.clone(), (kept.template.as_ref().clone(), Some(kept.at))));
        Self { all: ours.chain(own).collect() }
    }

    /// A template and those it is built on, oldest first; nothing where one of them is not there.
    pub(crate) fn chain(&self, name: &str) -> Vec<Template> {
        let all: Vec<&Template> = self.all.values().map(|(one, _)| one).collect();
        let chain = template::chain(name, &all).unwrap_or_default();
        chain.into_iter().cloned().collect()
    }

    /// Whether there is one of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    /// The clauses of a template with all it inherits.
    pub(crate) fn flat(&self, name: &str) -> Vec<Inherited> {
        template::flatten(&self.chain(name))
    }

    /// What counts as what, with all it inherits: the nearest word about a thing counts.
    pub(crate) fn namings(&self, name: &str) -> Vec<Naming> {
        template::flatten_namings(&self.chain(name))
    }

    /// Every template as a row, ours first.
    pub(crate) fn rows(&self) -> Vec<TemplateRow> {
        let mut rows: Vec<TemplateRow> =
            self.all.keys().filter_map(|name| self.row(name)).collect();
        rows.sort_by_key(|row| !row.built_in);
        rows
    }

    fn row(&self, name: &str) -> Option<TemplateRow> {
        let (one, set_at) = self.all.get(name)?;
        let chain = self.chain(name);
        let beneath = chain.iter().rev().skip(1).map(|one| one.name.clone());
        Some(TemplateRow {
            name: one.name.clone(),
            built_in: set_at.is_none(),
            chain: beneath.collect(),
            clauses: template::flatten(&chain).len(),
            own: one.clauses.len(),
            set_at: *set_at,
        })
    }
}

/// Lays a naming over those of the same thing and class.
pub(crate) fn lay(all: &mut Vec<Naming>, new: Naming) {
    let same = |one: &Naming| {
        (&one.server, &one.surface, &one.name, &one.action)
            == (&new.server, &new.surface, &new.name, &new.action)
    };
    match all.iter_mut().find(|one| same(one)) {
        Some(old) => *old = new,
        None => all.push(new),
    }
}

impl Desk {
    /// Every template there is.
    pub(crate) async fn shelf(&self) -> Result<Shelf, DeskError> {
        Ok(Shelf::of(&self.provider_view().await?.state))
    }

    /// What a charter can begin with.
    ///
    /// # Errors
    /// If nothing is founded, or the store fails.
    pub async fn templates(&self) -> Result<Vec<TemplateRow>, DeskError> {
        Ok(self.shelf().await?.rows())
    }

    /// One template, with where each clause comes from.
    ///
    /// # Errors
    /// If there is none of this name.
    pub async fn template(&self, name: &str) -> Result<TemplateView, DeskError> {
        let shelf = self.shelf().await?;
        let none = || DeskError::not_visible("template", name);
        let (document, _) = shelf.all.get(name).ok_or_else(none)?;
        Ok(TemplateView {
            row: shelf.row(name).ok_or_else(none)?,
            inherited: inherited(&shelf.flat(name)),
            document: document.clone(),
        })
    }

    /// Writes a template of the provider's own.
    ///
    /// # Errors
    /// If it is not well formed (everything that is wrong, at once), or the actor may not.
    pub async fn set_template(&self, who: &Who, body: NewTemplate) -> Result<Acted, DeskError> {
        let view = self.provider_view().await?;
        if !crate::desk::seated(&view.state, who) {
            let slug = view.state.founded.as_ref().map(|line| line.slug.clone());
            return Err(DeskError::not_visible("provider", &slug.unwrap_or_default()));
        }
        let mut reading = Reading::default();
        let clauses: Vec<Clause> = reading.all("clauses", body.clauses);
        let counts_as: Vec<Naming> = reading.all("counts_as", body.counts_as);
        let shelf = Shelf::of(&view.state);
        if let Some(parent) = body.parent.as_deref().filter(|parent| !shelf.has(parent)) {
            reading.wrong("parent", parent, "there is no template of this name", &names(&shelf));
        }
        let (name, parent, removes) = (body.name, body.parent, body.removes);
        let template = Box::new(Template { name, parent, clauses, removes, counts_as });
        if let Err(bad) = template.check() {
            reading.bad(bad, &[]);
        }
        reading.done("template")?;
        self.done(view.tenant, who, Command::SetTemplate { template }).await
    }
}

/// What would be a template's name.
pub(crate) fn names(shelf: &Shelf) -> String {
    let names: Vec<&str> = shelf.all.keys().map(String::as_str).collect();
    format!("Name one of {}.", names.join(", "))
}
