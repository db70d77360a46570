//! What the servers of a client list: shown with what changed and what is flagged; approved or refused.
//!
//! Never here: a flag or a difference of our own (`writ_supply`), or who may say yes (`authority`).

use serde::Deserialize;
use writ_authority::{
    Command, State,
    fact::{DefinitionApproved, DefinitionRefused, THIRD, Thing},
    state::Pin,
};
use writ_model::{Digest, TenantId};
use writ_supply::{Definition, Kind, Neighbor, difference, flags};

use super::show;
use crate::{
    Desk, DeskError, Who, error,
    view::{Acted, ToolRow, ToolState, ToolView, ToolsView},
};

/// Which things of a client.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolsQuery {
    /// Only those of this server.
    #[serde(default)]
    pub server: Option<String>,
    /// Only those that wait for a person.
    #[serde(default)]
    pub held: bool,
}

/// A yes to a definition.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproveToolBody {
    /// The digest of the definition that was read.
    pub digest: Digest,
}

/// A no to a definition.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefuseToolBody {
    /// The digest of the definition that was read.
    pub digest: Digest,
    /// Why.
    pub reason: String,
}

/// One thing of a state.
struct Found<'s> {
    server: &'s str,
    thing: Thing,
    name: &'s str,
    pin: &'s Pin,
}

impl Desk {
    /// What the servers of a client list.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn tools(
        &self,
        who: &Who,
        client: &str,
        query: &ToolsQuery,
    ) -> Result<ToolsView, DeskError> {
        let view = self.seat(who, client).await?;
        let state = &view.state;
        let of = |one: &Found<'_>| query.server.as_ref().is_none_or(|name| name == one.server);
        let mut rows: Vec<ToolRow> = all(state).filter(of).map(|one| row(state, &one)).collect();
        let held = rows.iter().filter(|row| row.state == ToolState::Held).count();
        rows.retain(|row| !query.held || row.state == ToolState::Held);
        rows.sort_by(|one, other| {
            let key = |row: &ToolRow| (row.state, row.server.clone(), row.thing, row.name.clone());
            key(one).cmp(&key(other))
        });
        Ok(ToolsView { guarded: state.format >= THIRD, held, rows })
    }

    /// One of them, with its definition and what waits to take its place.
    ///
    /// # Errors
    /// If the asker is not seated there, or there is no such thing.
    pub async fn tool(&self, who: &Who, client: &str, id: &str) -> Result<ToolView, DeskError> {
        let view = self.seat(who, client).await?;
        let state = &view.state;
        let found = find(state, id)?;
        let pinned = self.definition(view.tenant, &found, found.pin.digest).await?;
        let change = found.pin.waiting.as_ref().map(|waiting| waiting.digest);
        let waiting = self.definition(view.tenant, &found, change).await?;
        let changes = match (&pinned, &waiting) {
            (Some(from), Some(to)) => difference(from, to),
            _ => Vec::new(),
        };
        let looked = if change.is_some() { &waiting } else { &pinned };
        let findings = looked
            .as_ref()
            .map(|one| flags(found.server, one, neighbors(state)))
            .unwrap_or_default();
        let value = |one: Option<Definition>| one.map(|one| one.value().clone());
        Ok(ToolView {
            row: row(state, &found),
            definition: value(pinned),
            waiting: value(waiting),
            changes,
            findings,
        })
    }

    /// Lets a definition be used: the one that waits, or one that was refused.
    ///
    /// # Errors
    /// If there is none of this digest, or the actor may not.
    pub async fn approve_tool(
        &self,
        who: &Who,
        client: &str,
        id: &str,
        body: ApproveToolBody,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let found = find(&view.state, id)?;
        let command = Command::ApproveDefinition(Box::new(DefinitionApproved {
            server: found.server.to_owned(),
            thing: found.thing,
            name: found.name.to_owned(),
            from: found.pin.digest,
            to: body.digest,
        }));
        self.done(view.tenant, who, command).await
    }

    /// Refuses a definition: the one that waits, or the pinned one.
    ///
    /// # Errors
    /// If there is none of this digest, or the actor may not.
    pub async fn refuse_tool(
        &self,
        who: &Who,
        client: &str,
        id: &str,
        body: RefuseToolBody,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let found = find(&view.state, id)?;
        let command = Command::RefuseDefinition(Box::new(DefinitionRefused {
            server: found.server.to_owned(),
            thing: found.thing,
            name: found.name.to_owned(),
            digest: body.digest,
            reason: body.reason,
        }));
        self.done(view.tenant, who, command).await
    }

    /// A definition whose text is kept; one that is not what its digest says is as good as none.
    async fn definition(
        &self,
        tenant: TenantId,
        found: &Found<'_>,
        digest: Option<Digest>,
    ) -> Result<Option<Definition>, DeskError> {
        let Some(digest) = digest else { return Ok(None) };
        let kept = self.inner.parts.definitions.get(tenant, digest).await;
        let text = kept.map_err(|fault| DeskError::fault(fault.code(), fault.to_string()))?;
        let read = text.and_then(|text| Definition::read(kind(found.thing), &text).ok());
        if read.as_ref().is_some_and(|read| read.digest() != digest) {
            let what = format!("the text kept for {digest} is not what that says");
            return Err(DeskError::fault(error::FAULT, what));
        }
        Ok(read)
    }
}

fn all(state: &State) -> impl Iterator<Item = Found<'_>> {
    state.catalog.iter().flat_map(|(server, shelf)| {
        shelf.all().map(move |(thing, name, pin)| Found { server, thing, name, pin })
    })
}

fn find<'s>(state: &'s State, id: &str) -> Result<Found<'s>, DeskError> {
    let is = |one: &Found<'_>| id_of(one.server, one.thing, one.name) == id;
    all(state).find(is).ok_or_else(|| DeskError::not_visible("tool", id))
}

/// LIMIT: hexadecimal digits of an id: 160 bits, so that no server finds two names that share one.
const ID: usize = 40;

fn id_of(server: &str, thing: Thing, name: &str) -> String {
    let parts = [server.as_bytes(), b"\0", thing.word().as_bytes(), b"\0", name.as_bytes()];
    let digest = Digest::of_parts(&parts).to_string();
    digest.chars().take(ID).collect()
}

fn row(state: &State, found: &Found<'_>) -> ToolRow {
    let Found { server, thing, name, pin } = *found;
    let waiting = pin.waiting.as_ref();
    let now = match (waiting, pin.digest) {
        (Some(_), _) => ToolState::Held,
        (None, Some(_)) => ToolState::Pinned,
        (None, None) => ToolState::Refused,
    };
    ToolRow {
        id: id_of(server, thing, name),
        server: server.to_owned(),
        thing,
        name: name.to_owned(),
        summary: waiting.map_or(&pin.summary, |one| &one.summary).clone(),
        state: now,
        why: waiting.map(|one| one.why),
        flags: waiting.map_or(&pin.flags, |one| &one.flags).clone(),
        pinned: pin.digest,
        by: pin.by.map(|person| show::person(state, person)),
        at: waiting.map_or(pin.at, |one| one.at),
        line: waiting.map_or(pin.line, |one| one.line),
        waits: waiting.map(|one| one.digest),
    }
}

fn neighbors(state: &State) -> impl Iterator<Item = Neighbor<'_>> {
    state.catalog.iter().flat_map(|(server, shelf)| {
        let names = shelf.tools.keys().chain(shelf.prompts.keys());
        names.map(move |name| Neighbor { server, name })
    })
}

fn kind(thing: Thing) -> Kind {
    match thing {
        Thing::Tool => Kind::Tool,
        Thing::Prompt => Kind::Prompt,
        Thing::Resource => Kind::Resource,
        Thing::Template => Kind::Template,
    }
}
