//! Templates: clauses to begin with, inherited from the provider's over a group's to the client's, every override visible.
//! Never here: whose they are (`authority` keeps them in the provider's ledger). To add a built-in one: `builtin.rs`.

use serde::{Deserialize, Serialize};

use crate::{Bad, Clause, Naming, check::Sheet};

mod builtin;

pub use builtin::builtin;

/// LIMIT: longest chain of templates: built-in, provider, group, client, and as many again.
pub const MOST_CHAIN: usize = 8;
/// The name under which a client's own clauses stand in a chain.
pub const CLIENT: &str = "client";

/// Clauses to begin with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name: 2 to 40 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// The template it builds on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent: Option<String>,
    /// Its clauses; one with a key of the parent's replaces it, in its place.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub clauses: Vec<Clause>,
    /// Keys of the parent's clauses that it leaves out.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub removes: Vec<String>,
    /// What counts as what; a row of the parent's for the same thing and class is replaced.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub counts_as: Vec<Naming>,
}

/// A clause and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inherited {
    /// The clause.
    pub clause: Clause,
    /// The template it stands in, or `client`.
    pub from: String,
    /// The template whose clause of the same key it replaces.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub overrides: Option<String>,
}

/// A clause that a later template leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removed {
    /// The clause, by key.
    pub key: String,
    /// The template it stood in.
    pub from: String,
    /// The template that leaves it out, or `client`.
    pub by: String,
}

/// Why a template has no chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoChain {
    /// There is none of this name.
    #[error("there is no template `{name}`")]
    Unknown {
        /// The name, cut at 64 characters.
        name: String,
    },
    /// It builds on itself, or on too many.
    #[error("template `{name}` builds on itself or on more than {MOST_CHAIN} others")]
    Endless {
        /// The name, cut at 64 characters.
        name: String,
    },
}

/// The chain that ends in the template of this name, the outermost first; names are looked up in `all`, then among the
/// built-in ones.
///
/// # Errors
/// [`NoChain`].
pub fn chain<'a>(name: &str, all: &[&'a Template]) -> Result<Vec<&'a Template>, NoChain> {
    let cut = || name.chars().take(64).collect();
    let mut found: Vec<&Template> = Vec::new();
    let mut next = Some(name);
    while let Some(wanted) = next {
        if found.len() == MOST_CHAIN {
            return Err(NoChain::Endless { name: cut() });
        }
        let mut known = all.iter().copied().chain(builtin());
        let template = known
            .find(|one| one.name == wanted)
            .ok_or_else(|| NoChain::Unknown { name: wanted.chars().take(64).collect() })?;
        if found.iter().any(|one| one.name == template.name) {
            return Err(NoChain::Endless { name: cut() });
        }
        found.push(template);
        next = template.parent.as_deref();
    }
    found.reverse();
    Ok(found)
}

/// The clauses of a chain, the outermost first; a later template's clause replaces the one of its key, and says so.
pub fn flatten(chain: &[Template]) -> Vec<Inherited> {
    walk(chain).0
}

/// The clauses that a chain leaves out on the way and does not bring back.
pub fn removed(chain: &[Template]) -> Vec<Removed> {
    walk(chain).1
}

fn walk(chain: &[Template]) -> (Vec<Inherited>, Vec<Removed>) {
    let (mut all, mut gone): (Vec<Inherited>, Vec<Removed>) = (Vec::new(), Vec::new());
    for template in chain {
        for key in &template.removes {
            if let Some(at) = all.iter().position(|one| &one.clause.key == key) {
                let Inherited { clause, from, .. } = all.remove(at);
                gone.push(Removed { key: clause.key, from, by: template.name.clone() });
            }
        }
        for clause in &template.clauses {
            let (clause, from) = (clause.clone(), template.name.clone());
            if let Some(known) = all.iter_mut().find(|one| one.clause.key == clause.key) {
                let overrides = Some(std::mem::take(&mut known.from));
                *known = Inherited { clause, from, overrides };
            } else {
                let back = gone.iter().position(|one| one.key == clause.key);
                let overrides = back.map(|at| gone.remove(at).from);
                all.push(Inherited { clause, from, overrides });
            }
        }
    }
    (all, gone)
}

/// What counts as what in a chain, the outermost first.
pub fn flatten_namings(chain: &[Template]) -> Vec<Naming> {
    let mut all: Vec<Naming> = Vec::new();
    for naming in chain.iter().flat_map(|template| &template.counts_as) {
        let same = |known: &&mut Naming| {
            (&known.server, &known.surface, &known.name, &known.action)
                == (&naming.server, &naming.surface, &naming.name, &naming.action)
        };
        match all.iter_mut().find(same) {
            Some(known) => known.clone_from(naming),
            None => all.push(naming.clone()),
        }
    }
    all
}

impl Template {
    /// Whether it is well formed. Classes of a charter's own cannot stand in a template.
    ///
    /// # Errors
    /// Every problem.
    pub fn check(&self) -> Result<(), Vec<Bad>> {
        let mut sheet = Sheet::new(&[]);
        sheet.key("name", &self.name);
        if self.name == CLIENT {
            let rule = "the name `client` stands for a client's own clauses";
            sheet.text("name", &self.name, rule, "choose another name");
        }
        if let Some(parent) = &self.parent {
            sheet.key("parent", parent);
            if *parent == self.name {
                let (rule, cure) = ("a template does not build on itself", "name another one");
                sheet.text("parent", parent, rule, cure);
            }
        }
        sheet.some_clauses("clauses", &self.clauses);
        sheet.list("removes", &self.removes, crate::Charter::MOST_CLAUSES);
        for (at, key) in self.removes.iter().enumerate().take(crate::Charter::MOST_CLAUSES) {
            let field = format!("removes[{at}]");
            sheet.key(&field, key);
            if self.clauses.iter().any(|clause| &clause.key == key) {
                let rule = "a clause is replaced or left out, not both";
                sheet.text(&field, key, rule, "leave one of the two");
            }
        }
        sheet.namings("counts_as", &self.counts_as);
        sheet.done()
    }
}
