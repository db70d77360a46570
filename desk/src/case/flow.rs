//! Data flow at the desk: what the things that servers list are taken for, and what flowed through an agent.
//!
//! Never here: a guess of our own (`writ_flow`), a value that was read. Correcting a guess is naming the thing in the charter
//! (`counts_as`), which both parties sign.

use std::collections::BTreeMap;

use writ_authority::{State, decide::ORIGIN, fact::Thing};
use writ_charter::{Clause, Reach};
use writ_flow::{Acts, Chosen, Class, Context, Origin, Sensitivity, Template, Tool, classify_by};
use writ_lake::{CallFilter, Record};
use writ_model::{AgentId, TenantId, ocsf::Disposition};
use writ_store::{Space, View, contexts::place};

use super::{resolve, show};
use crate::{
    Desk, DeskError, Who,
    view::flow::{ClassRow, ClassesView, ContextRow, FlowView, FromRow, RoleRow, ToRow},
};

/// LIMIT: calls of an agent that are looked at for where values went: one page.
const LOOKED: usize = 500;

impl Desk {
    /// Hands in which template the operator's file names for which server. Only the first call counts.
    pub fn set_templates(&self, chosen: Chosen) {
        if self.inner.templates.set(chosen).is_err() {
            tracing::warn!("templates were handed in twice");
        }
    }

    /// The template that was chosen for the server that a client means by this name.
    fn chosen_template(&self, state: &State, server: &str) -> Option<&'static Template> {
        let client = state.founded.as_deref().map_or("", |founded| founded.slug.as_str());
        self.inner.templates.get()?.of(server, client)
    }

    /// What the things that a client's servers list are taken for.
    ///
    /// # Errors
    /// If the asker is not seated there, or a definition cannot be read.
    pub async fn flow_classes(&self, who: &Who, client: &str) -> Result<ClassesView, DeskError> {
        let view = self.seat(who, client).await?;
        let state = &view.state;
        let mut rows = Vec::new();
        for (server, shelf) in &state.catalog {
            let template = self.chosen_template(state, server);
            for (thing, name, pin) in shelf.all() {
                let text = match pin.digest {
                    Some(digest) => self.flow_definition(view.tenant, digest).await?,
                    None => None,
                };
                rows.push(class_row(state, (server, thing, name), text.as_deref(), template));
            }
        }
        rows.sort_by(|one, other| {
            let key = |row: &ClassRow| (row.confidence, row.server.clone(), row.name.clone());
            key(one).cmp(&key(other))
        });
        let clauses = state.charter.as_ref().map(|force| force.charter.clauses.iter());
        let followed = clauses.into_iter().flatten().any(Clause::traces);
        Ok(ClassesView { followed, rows })
    }

    /// What flowed through an agent: where what it read came from, and where it acted.
    ///
    /// # Errors
    /// If the asker is not seated there, there is no such agent, or a store fails.
    pub async fn flow_map(
        &self,
        who: &Who,
        client: &str,
        agent: &str,
    ) -> Result<FlowView, DeskError> {
        let view = self.seat(who, client).await?;
        let state = &view.state;
        let id = resolve::agent(state, agent)?.described.agent;
        let (copies, contexts, from) = self.flow_read(view.tenant, id).await?;
        let filter = CallFilter {
            tenant: Some(view.tenant),
            agent: Some(id),
            limit: LOOKED,
            ..CallFilter::default()
        };
        let page = self.inner.parts.lake.page(filter).await?;
        let records: Vec<&Record> = page.calls.iter().map(|stored| &stored.record).collect();
        let definitions = self.flow_defined(&view, &records).await?;
        let mode = state.traces(id, self.now());
        Ok(FlowView {
            client: show::client(state),
            agent: id,
            agent_name: state.agent_name(id),
            followed: mode.map(|mode| mode.word().to_owned()),
            copies,
            contexts,
            from,
            to: went(&records, &|record| {
                let key = (record.server.clone(), record.name.clone());
                let text = definitions.get(&key).and_then(Option::as_deref);
                reads(state, record, (text, self.chosen_template(state, &record.server)))
            }),
            looked: records.len(),
        })
    }

    /// The definitions of the tools that were called, as they are pinned now.
    async fn flow_defined(
        &self,
        view: &View<State>,
        records: &[&Record],
    ) -> Result<BTreeMap<(String, String), Option<Vec<u8>>>, DeskError> {
        let mut all = BTreeMap::new();
        for record in records.iter().filter(|record| record.surface == "tool") {
            let key = (record.server.clone(), record.name.clone());
            if all.contains_key(&key) {
                continue;
            }
            let pin = view.state.pin(&record.server, Thing::Tool, &record.name);
            let text = match pin.and_then(|pin| pin.digest) {
                Some(digest) => self.flow_definition(view.tenant, digest).await?,
                None => None,
            };
            all.insert(key, text);
        }
        Ok(all)
    }

    /// What an agent's running copies have read, by origin.
    async fn flow_read(
        &self,
        tenant: TenantId,
        agent: AgentId,
    ) -> Result<(usize, Vec<ContextRow>, Vec<FromRow>), DeskError> {
        let sealer = self.inner.parts.vault.sealer(Space::Tenant(tenant)).await?;
        let kept = self.inner.parts.contexts.of_agent(tenant, agent, self.now()).await;
        let kept = kept.map_err(|fault| DeskError::fault(fault.code(), fault.to_string()))?;
        let (mut rows, mut from) = (Vec::new(), BTreeMap::<_, usize>::new());
        // One after the other, so that one of them at a time is open.
        for one in kept.newest {
            let of = writ_store::ContextOf { tenant, agent, instance: one.instance };
            let plain = sealer.open(&place(of), &one.sealed).ok();
            let read = plain.and_then(|plain| Context::from_bytes(plain.expose()).ok());
            let label = read.as_ref().map(Context::label);
            let unread = "unknown";
            rows.push(ContextRow {
                instance: one.instance,
                at: one.at,
                origin: label.map_or(unread, |label| origin(label.origin)).to_owned(),
                sensitivity: label
                    .map_or(unread, |label| sensitivity(label.sensitivity))
                    .to_owned(),
                readable: read.is_some(),
            });
            for (server, tool, origin) in read.iter().flat_map(Context::sources) {
                let key = (std::cmp::Reverse(origin), server.to_owned(), tool.to_owned());
                *from.entry(key).or_default() += 1;
            }
        }
        let from = from.into_iter().map(|((least, server, name), times)| FromRow {
            server,
            name,
            origin: origin(least.0).to_owned(),
            times,
        });
        Ok((kept.count, rows, from.collect()))
    }

    async fn flow_definition(
        &self,
        tenant: TenantId,
        digest: writ_model::Digest,
    ) -> Result<Option<Vec<u8>>, DeskError> {
        let kept = self.inner.parts.definitions.get(tenant, digest).await;
        kept.map_err(|fault| DeskError::fault(fault.code(), fault.to_string()))
    }
}

/// Where an agent acted.
fn went(records: &[&Record], reads: &dyn Fn(&Record) -> bool) -> Vec<ToRow> {
    let mut all = BTreeMap::<(String, String), ToRow>::new();
    for record in records {
        if record.surface != "tool" || reads(record) {
            continue;
        }
        let key = (record.server.clone(), record.name.clone());
        let row = all.entry(key).or_insert_with(|| ToRow {
            server: record.server.clone(),
            name: record.name.clone(),
            went: 0,
            held: 0,
            refused: 0,
        });
        match record.effect {
            Disposition::Allowed | Disposition::Errored => row.went += 1,
            Disposition::Blocked if *record.code == *ORIGIN.0 => row.held += 1,
            Disposition::Blocked => row.refused += 1,
        }
    }
    let mut rows: Vec<ToRow> = all.into_values().collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.held), std::cmp::Reverse(row.went)));
    rows
}

/// Whether a call only looked: as the charter names it, else by the template of its server or the tool's definition.
fn reads(
    state: &State,
    record: &Record,
    (text, template): (Option<&[u8]>, Option<&Template>),
) -> bool {
    let (server, name) = (record.server.as_str(), record.name.as_str());
    let charter = state.charter.as_ref();
    match charter.and_then(|force| force.charter.reach(server, "tool", name)) {
        Some(reach) => reach == Reach::Reads,
        None => class_of(server, (Thing::Tool, name), text, template).1.acts == Acts::Reads,
    }
}

fn class_row(
    state: &State,
    (server, thing, name): (&str, Thing, &str),
    text: Option<&[u8]>,
    template: Option<&Template>,
) -> ClassRow {
    let (surface, class) = class_of(server, (thing, name), text, template);
    let charter = state.charter.as_ref();
    let reach = charter.and_then(|force| force.charter.reach(server, surface, name));
    let acts = match reach {
        Some(Reach::Reads) => Acts::Reads,
        Some(Reach::Inside) => Acts::Inward,
        Some(Reach::Outside) => Acts::Outward,
        None => class.acts,
    };
    let signed = vec!["the charter names what it counts as".to_owned()];
    let known = template.filter(|one| thing == Thing::Tool && one.knows(name));
    ClassRow {
        server: server.to_owned(),
        thing: thing.word().to_owned(),
        name: name.to_owned(),
        acts: word(&acts),
        reads: origin(class.reads).to_owned(),
        sensitivity: sensitivity(class.sensitivity).to_owned(),
        roles: class
            .roles
            .iter()
            .map(|(at, role)| RoleRow { at: at.clone(), role: word(role) })
            .collect(),
        confidence: if reach.is_some() { 100 } else { class.confidence },
        signed: reach.is_some(),
        template: known.map(|one| one.package().to_owned()),
        reasons: if reach.is_some() { signed } else { class.reasons },
    }
}

/// What a thing is taken for, by its definition, and the surface it is used by.
fn class_of(
    server: &str,
    (thing, name): (Thing, &str),
    text: Option<&[u8]>,
    template: Option<&Template>,
) -> (&'static str, Class) {
    match thing {
        Thing::Tool => {}
        Thing::Resource | Thing::Template => return ("resource", Class::resource()),
        Thing::Prompt => return ("prompt", Class::prompt()),
    }
    let known: serde_json::Value =
        text.and_then(|text| serde_json::from_slice(text).ok()).unwrap_or_default();
    let tool = Tool {
        server,
        name,
        description: known
            .get("description")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default(),
        input_schema: known.get("inputSchema"),
        annotations: known.get("annotations"),
    };
    ("tool", classify_by(&tool, template))
}

/// The word of a value, as in its JSON.
fn word(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

const fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Person => "a person's words",
        Origin::Own => "own records",
        Origin::OwnText => "text in own records",
        Origin::ThirdParty => "what others wrote",
        Origin::Unknown => "unknown",
    }
}

const fn sensitivity(sensitivity: Sensitivity) -> &'static str {
    match sensitivity {
        Sensitivity::Public => "public",
        Sensitivity::Internal => "internal",
        Sensitivity::Confidential => "confidential",
        Sensitivity::Secret => "secret",
    }
}
