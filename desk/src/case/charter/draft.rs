//! Drafting a charter: a template with overrides, or a whole list of clauses. Everything that is wrong is said at once,
//! with the field, what was sent, the rule and the cure.
//!
//! Never here: what makes a charter well formed (`writ_charter`), who may propose one (`authority`).

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;
use writ_authority::{Command, State, refusal, trace};
use writ_charter::{Action, Bad, Calendar, Charter, Clause, Naming, Parties};
use writ_model::{CharterId, Timestamp};

use super::{
    super::{
        resolve,
        templates::{self, Shelf},
    },
    versions,
};
use crate::{Desk, DeskError, Who, error::Wrong, view::Acted};

/// A charter to propose. What is left out stays as it is in the draft that waits, else in what is in force; `null` takes
/// it away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDraft {
    /// The template to begin with: its clauses are there before `clauses` are laid over them.
    #[serde(default)]
    pub base: Option<String>,
    /// With a `base`: clauses that replace those of the same key, or are added. Without: the whole list.
    #[serde(default)]
    pub clauses: Option<Vec<Value>>,
    /// Keys of the template's clauses to leave out.
    #[serde(default)]
    pub removes: Vec<String>,
    /// What counts as what. With a `base` it is laid over the template's.
    #[serde(default)]
    pub counts_as: Option<Vec<Value>>,
    /// The client's own classes of actions.
    #[serde(default)]
    pub actions: Option<Vec<Value>>,
    /// When people work.
    #[serde(default)]
    pub calendar: Option<Value>,
    /// Not before.
    #[serde(default)]
    pub from: Said<Timestamp>,
    /// Not after.
    #[serde(default)]
    pub until: Said<Timestamp>,
    /// To be looked at again by then.
    #[serde(default)]
    pub review_by: Said<Timestamp>,
    /// The contract it belongs to.
    #[serde(default)]
    pub contract_ref: Said<String>,
}

/// What a body says of something that may be left out.
#[derive(Debug, Clone, Default)]
pub enum Said<T> {
    /// Nothing: it stays.
    #[default]
    LeftOut,
    /// `null`: it is taken away.
    Gone,
    /// This.
    Is(T),
}

impl<T> Said<T> {
    /// What becomes of what there was.
    fn over(self, known: Option<T>) -> Option<T> {
        match self {
            Self::LeftOut => known,
            Self::Gone => None,
            Self::Is(new) => Some(new),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Said<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(from)?.map_or(Self::Gone, Self::Is))
    }
}

/// Reads parts of a body one by one, and keeps everything that is wrong.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    wrongs: Vec<Wrong>,
}

impl Reading {
    /// Notes something that is wrong.
    pub(crate) fn wrong(&mut self, field: &str, value: &str, rule: &str, cure: &str) {
        self.wrongs.push(Wrong {
            field: field.to_owned(),
            value: refusal::cut(value),
            rule: rule.to_owned(),
            cure: cure.to_owned(),
        });
    }

    /// One part; nothing if it cannot be read.
    pub(crate) fn one<T: DeserializeOwned>(&mut self, field: &str, value: Value) -> Option<T> {
        let text = value.to_string();
        match serde_json::from_value(value) {
            Ok(read) => Some(read),
            Err(why) => {
                self.wrong(field, &text, &why.to_string(), "Write it as GET …/charter shows one.");
                None
            }
        }
    }

    /// Every part of a list that can be read.
    pub(crate) fn all<T: DeserializeOwned>(&mut self, field: &str, values: Vec<Value>) -> Vec<T> {
        self.placed(field, values).into_iter().map(|(_, read)| read).collect()
    }

    /// The same, each with the place it was sent at.
    fn placed<T: DeserializeOwned>(&mut self, field: &str, values: Vec<Value>) -> Vec<(String, T)> {
        let each = values.into_iter().enumerate().map(|(at, one)| (format!("{field}[{at}]"), one));
        each.filter_map(|(at, value)| self.one(&at, value).map(|read| (at, read))).collect()
    }

    /// Whether nothing was wrong.
    ///
    /// # Errors
    /// With everything that was.
    pub(crate) fn done(self, what: &'static str) -> Result<(), DeskError> {
        if self.wrongs.is_empty() {
            return Ok(());
        }
        Err(DeskError::Unfit { what, wrongs: self.wrongs })
    }

    /// Notes what a check found; `places` says under which name each part of a list was sent.
    pub(crate) fn bad(&mut self, all: Vec<Bad>, places: &[(&str, &[String])]) {
        self.wrongs.extend(all.into_iter().map(|one| Wrong {
            field: sent_as(&one.field, places),
            value: one.value,
            rule: one.rule,
            cure: one.cure,
        }));
    }

    /// Puts ids where a clause's scope names an agent or a group.
    fn resolved(&mut self, state: &State, at: usize, mut clause: Value) -> Value {
        for (list, what) in [("agents", "agent"), ("groups", "group")] {
            for scope in scopes(&mut clause) {
                let Some(names) = scope.get_mut(list).and_then(Value::as_array_mut) else {
                    continue;
                };
                for one in names {
                    let Some(name) = one.as_str().map(str::to_owned) else { continue };
                    let id = match what {
                        "agent" => resolve::agent(state, &name)
                            .map(|agent| agent.described.agent.to_string()),
                        _ => resolve::group(state, &name).map(|id| id.to_string()),
                    };
                    if let Ok(id) = id {
                        *one = Value::String(id);
                    } else {
                        let field = format!("clauses[{at}].scope.{list}");
                        let rule = format!("there is no {what} of this name or id");
                        self.wrong(&field, &name, &rule, "Name one that is there.");
                        *one = Value::Null;
                    }
                }
                // What is not there was said; it is no second problem that it cannot be read.
                if let Some(names) = scope.get_mut(list).and_then(Value::as_array_mut) {
                    names.retain(|one| !one.is_null());
                }
            }
        }
        clause
    }
}

/// A field of the whole as it was sent: `clauses[7].key` is perhaps the first clause of the body.
fn sent_as(field: &str, places: &[(&str, &[String])]) -> String {
    let place = places.iter().find_map(|(list, names)| {
        let (at, rest) = field.strip_prefix(list)?.strip_prefix('[')?.split_once(']')?;
        Some(format!("{}{rest}", names.get(at.parse::<usize>().ok()?)?))
    });
    place.unwrap_or_else(|| field.to_owned())
}

/// Every scope of a clause: its own, and those of its exceptions.
fn scopes(clause: &mut Value) -> Vec<&mut Value> {
    let Some(members) = clause.as_object_mut() else { return Vec::new() };
    let mut out = Vec::new();
    for (name, value) in members {
        match name.as_str() {
            "scope" => out.push(value),
            "unless" => {
                let each = value.as_array_mut().into_iter().flatten();
                out.extend(each.filter_map(|one| one.get_mut("scope")));
            }
            _ => {}
        }
    }
    out
}

impl Desk {
    /// Proposes a charter. It takes the place of a draft that waits, and its signatures with it.
    ///
    /// # Errors
    /// If it is not well formed (everything that is wrong, at once), or the actor may not.
    pub async fn draft_charter(
        &self,
        who: &Who,
        client: &str,
        body: NewDraft,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let provider = self.provider_view().await?;
        let shelf = Shelf::of(&provider.state);
        let id = CharterId::new(&self.cx(view.tenant, who.actor()));
        let parties = Parties {
            provider: provider.state.party_name().to_owned(),
            client: view.state.party_name().to_owned(),
        };
        let charter = drafted(&view.state, &shelf, (id, parties), body)?;
        let command = Command::ProposeCharter { charter: Box::new(charter) };
        self.done(view.tenant, who, command).await
    }
}

/// The charter that a body describes.
pub(crate) fn drafted(
    state: &State,
    shelf: &Shelf,
    (id, parties): (CharterId, Parties),
    body: NewDraft,
) -> Result<Charter, DeskError> {
    let standing = versions::draft(state).or_else(|| versions::in_force(state));
    // Numbers go on after a move to another provider, which ends what was in force.
    let before = state.charter.iter().chain(&state.past).map(|one| one.charter.version);
    let version = before.max().unwrap_or(0).saturating_add(1);
    let mut out = match &standing {
        Some(one) => one.charter.as_ref().clone(),
        None => Charter::new(id, version, state.tenant, parties.clone()),
    };
    (out.charter, out.version) = (id, version);
    (out.client, out.parties) = (state.tenant, parties);
    let mut reading = Reading::default();
    let clauses = clauses(&mut out, &mut reading, (state, shelf), &body);
    let namings = namings(&mut out, &mut reading, shelf, &body);
    if let Some(actions) = body.actions {
        out.actions = reading.all::<Action>("actions", actions);
    }
    if let Some(calendar) = body.calendar {
        out.calendar = reading.one::<Calendar>("calendar", calendar).unwrap_or_default();
    }
    out.from = body.from.over(out.from);
    out.until = body.until.over(out.until);
    out.review_by = body.review_by.over(out.review_by);
    out.contract_ref = body.contract_ref.over(out.contract_ref);
    // What enforces a clause is found by what it is, never sent along.
    for clause in &mut out.clauses {
        clause.enforced_by.clear();
    }
    // Counted with what enforces it, as it will stand in the ledger; only of what is well formed, since it looks at
    // every clause with everything it names.
    let checked = out.check().and_then(|()| {
        out = trace::named(&out, &trace::points_of(&out));
        out.check()
    });
    if let Err(bad) = checked {
        reading.bad(bad, &[("clauses", &clauses), ("counts_as", &namings)]);
    }
    reading.done("charter")?;
    Ok(out)
}

/// Fills in the clauses: of the template with what is laid over them, or the whole list, or those that stand. Gives the
/// name under which each was sent.
fn clauses(
    out: &mut Charter,
    reading: &mut Reading,
    (state, shelf): (&State, &Shelf),
    body: &NewDraft,
) -> Vec<String> {
    let sent = body.clauses.clone().unwrap_or_default().into_iter().enumerate();
    let sent: Vec<Value> = sent.map(|(at, one)| reading.resolved(state, at, one)).collect();
    let sent: Vec<(String, Clause)> = reading.placed("clauses", sent);
    let known = |all: Vec<Clause>| -> Vec<(String, Clause)> {
        all.into_iter().map(|one| (format!("the clause {}", one.key), one)).collect()
    };
    let mut all = match &body.base {
        Some(base) if shelf.has(base) => {
            out.base = Some(base.clone());
            let mut all = known(shelf.flat(base).into_iter().map(|one| one.clause).collect());
            removed(&mut all, reading, &body.removes);
            for (at, one) in sent {
                lay(&mut all, reading, (at, one));
            }
            all
        }
        Some(base) => {
            let cure = templates::names(shelf);
            reading.wrong("base", base, "there is no template of this name", &cure);
            sent
        }
        None if body.clauses.is_some() => sent,
        None => {
            if out.clauses.is_empty() {
                let cure = templates::names(shelf);
                reading.wrong("base", "", "neither a template nor clauses were sent", &cure);
            }
            let mut all = known(std::mem::take(&mut out.clauses));
            removed(&mut all, reading, &body.removes);
            all
        }
    };
    let (places, clauses) = all.drain(..).unzip();
    out.clauses = clauses;
    places
}

/// Leaves out the clauses of these keys.
fn removed(all: &mut Vec<(String, Clause)>, reading: &mut Reading, removes: &[String]) {
    for (at, key) in removes.iter().enumerate() {
        let known = all.len();
        all.retain(|(_, one)| one.key != *key);
        if all.len() == known {
            let rule = "there is no clause of this key to leave out";
            reading.wrong(&format!("removes[{at}]"), key, rule, "Take it out of the list.");
        }
    }
}

/// Lays a clause over the one of its key.
fn lay(all: &mut Vec<(String, Clause)>, reading: &mut Reading, (at, new): (String, Clause)) {
    let Some(known) = all.iter_mut().find(|(_, one)| one.key == new.key) else {
        all.push((at, new));
        return;
    };
    if known.0.starts_with("clauses[") {
        let rule = format!("{} has this key already", known.0);
        reading.wrong(&format!("{at}.key"), &new.key, &rule, "Give it a key of its own.");
    }
    *known = (at, new);
}

/// Fills in what counts as what, likewise.
fn namings(
    out: &mut Charter,
    reading: &mut Reading,
    shelf: &Shelf,
    body: &NewDraft,
) -> Vec<String> {
    let sent = body.counts_as.clone();
    let sent: Option<Vec<(String, Naming)>> = sent.map(|all| reading.placed("counts_as", all));
    let Some(base) = &body.base else {
        let Some(sent) = sent else { return Vec::new() };
        let (places, namings) = sent.into_iter().unzip();
        out.counts_as = namings;
        return places;
    };
    // What was known of the servers stays: a template knows only what it brings.
    let mut all = shelf.namings(base);
    let over = match sent {
        Some(sent) => sent.into_iter().map(|(_, one)| one).collect(),
        None => std::mem::take(&mut out.counts_as),
    };
    for one in over {
        templates::lay(&mut all, one);
    }
    out.counts_as = all;
    Vec::new()
}
