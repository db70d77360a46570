//! Which server a message is for, and what that server calls the thing it names: known before anything is decided, so that
//! grants, clauses, records and limits speak of server and own name as they do without the endpoint.
//!
//! SECURITY: a name that could mean two things is refused; nothing is guessed.
//! Never here: whether the agent may. To add a method that names something: a line in [`named`].

use std::sync::Arc;

use writ_authority::{What, grant::Surface};
use writ_model::json::Node;

use super::{
    list,
    name::{self, Read},
    shelf::{Entry, Kept, Kind},
    visit::{Stop, Visit},
};
use crate::{authorize::ask, core::Served, mcp::parse::Message, refusal};

/// A name in a message, and what its server calls it.
#[derive(Debug)]
pub(super) struct Whose<'a, 'm> {
    pub(super) server: &'a Served,
    /// Where the name stands.
    pub(super) at: &'m Node<'m>,
    pub(super) own: String,
}

/// What kind of name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Of(Kind),
    /// A resource's address, listed or made of a template.
    Address,
    /// A task's id.
    Task,
}

/// The name of one thing of one server in a message; nothing if its method names none.
fn named<'m>(message: &Message<'m>) -> Option<(&'m Node<'m>, Name)> {
    let params = message.params()?;
    let (at, what) = match message.method()? {
        "tools/call" => (params.get("name"), Name::Of(Kind::Tools)),
        "prompts/get" => (params.get("name"), Name::Of(Kind::Prompts)),
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => {
            (params.get("uri"), Name::Address)
        }
        "completion/complete" => {
            let about = params.get("ref")?;
            match about.get("type").and_then(Node::as_str)? {
                "ref/prompt" => (about.get("name"), Name::Of(Kind::Prompts)),
                _ => (about.get("uri"), Name::Of(Kind::Templates)),
            }
        }
        method if method.starts_with("tasks/") => (params.get("taskId"), Name::Task),
        _ => return None,
    };
    Some((at?, what))
}

/// Whose the thing is that a message names.
pub(super) async fn find<'a, 'm>(
    visit: &Visit<'a>,
    message: &Message<'m>,
) -> Result<Whose<'a, 'm>, Stop> {
    let (at, what) = named(message).ok_or(refusal::PARAMS)?;
    let text = at.as_str().ok_or(refusal::PARAMS)?;
    let (server, own) = match what {
        Name::Of(Kind::Templates) => template(visit, text).await?,
        Name::Of(kind) => thing(visit, kind, text).await?,
        Name::Address => address(visit, text).await?,
        Name::Task => {
            let (server, own) = name::id_of(text).ok_or(refusal::NO_TASK)?;
            (visit.server(server).ok_or(refusal::NO_TASK)?, own.to_owned())
        }
    };
    Ok(Whose { server, at, own })
}

/// A tool or a prompt: its name says it, or the list that it was cut for does.
pub(super) async fn thing<'a>(
    visit: &Visit<'a>,
    kind: Kind,
    shown: &str,
) -> Result<(&'a Served, String), Stop> {
    match name::read(shown).ok_or(refusal::UNKNOWN_NAME)? {
        Read::Whole(server, own) => {
            Ok((visit.server(server).ok_or(refusal::UNKNOWN_NAME)?, own.to_owned()))
        }
        Read::Cut => {
            if let Some(found) = listed(visit, last(visit, kind).as_deref(), shown) {
                return Ok(found);
            }
            let kept = list::fresh(visit, kind).await?;
            Ok(listed(visit, Some(&kept), shown).ok_or(refusal::UNKNOWN_NAME)?)
        }
    }
}

/// An address: it says it, or it is listed, or it is made of a template that is, or the agent may read it at one server only.
pub(super) async fn address<'a>(
    visit: &Visit<'a>,
    uri: &str,
) -> Result<(&'a Served, String), Stop> {
    if let Some((server, own)) = name::addressed(uri) {
        return Ok((visit.server(server).ok_or(refusal::UNKNOWN_NAME)?, own.to_owned()));
    }
    let known = (last(visit, Kind::Resources), last(visit, Kind::Templates));
    if let Some(found) = kept(visit, (known.0.as_deref(), known.1.as_deref()), uri)? {
        return Ok(found);
    }
    let resources = list::fresh(visit, Kind::Resources).await?;
    let templates = list::fresh(visit, Kind::Templates).await?;
    if let Some(found) = kept(visit, (Some(&resources), Some(&templates)), uri)? {
        return Ok(found);
    }
    granted(visit, uri)
}

/// A template: it says whose it is, or it is listed; else it is taken for an address.
async fn template<'a>(visit: &Visit<'a>, uri: &str) -> Result<(&'a Served, String), Stop> {
    if name::addressed(uri).is_none() {
        if let Some(found) = listed(visit, last(visit, Kind::Templates).as_deref(), uri) {
            return Ok(found);
        }
        let kept = list::fresh(visit, Kind::Templates).await?;
        if let Some(found) = listed(visit, Some(&kept), uri) {
            return Ok(found);
        }
    }
    address(visit, uri).await
}

fn last(visit: &Visit<'_>, kind: Kind) -> Option<Arc<Kept>> {
    visit.core.many.shelf.get(visit.who.caller.instance, kind)
}

fn listed<'a>(visit: &Visit<'a>, kept: Option<&Kept>, shown: &str) -> Option<(&'a Served, String)> {
    served(visit, kept?.shown(shown)?)
}

fn served<'a>(visit: &Visit<'a>, entry: &Entry) -> Option<(&'a Served, String)> {
    Some((visit.server(&entry.server)?, entry.own.clone()))
}

/// Whose an address is by the lists; refused if it is several servers'.
fn kept<'a>(
    visit: &Visit<'a>,
    (resources, templates): (Option<&Kept>, Option<&Kept>),
    uri: &str,
) -> Result<Option<(&'a Served, String)>, Stop> {
    if let Some(found) = listed(visit, resources, uri) {
        return Ok(Some(found));
    }
    if resources.is_some_and(|kept| kept.known().any(|entry| entry.own == uri)) {
        // It is shown under its servers' names only.
        return Err(refusal::SEVERAL_HAVE.into());
    }
    let mut found: Option<&Entry> = None;
    for entry in templates.into_iter().flat_map(Kept::known) {
        let fixed = name::fixed(&entry.own);
        if fixed.is_empty() || !uri.starts_with(fixed) {
            continue;
        }
        if found.is_some_and(|one| one.server != entry.server) || entry.shown != entry.own {
            return Err(refusal::SEVERAL_HAVE.into());
        }
        found = Some(entry);
    }
    let Some(entry) = found else { return Ok(None) };
    Ok(visit.server(&entry.server).map(|server| (server, uri.to_owned())))
}

/// The one server at which the agent may read it.
fn granted<'a>(visit: &Visit<'a>, uri: &str) -> Result<(&'a Served, String), Stop> {
    let (core, who) = (visit.core, visit.who);
    let reads = |server: &&Served| {
        let asked = ask(who, &server.name, What::Session);
        core.engine.lists(&who.view.state, &asked, (Surface::Resource, uri), who.now)
    };
    let open = visit.open();
    let mut all = open.iter().copied().filter(reads);
    match (all.next(), all.next(), &*open) {
        (Some(server), None, _) => Ok((server, uri.to_owned())),
        // The only server: it is refused there, and recorded.
        (None, _, [server]) => Ok((server, uri.to_owned())),
        (Some(_), Some(_), _) => Err(refusal::SEVERAL_HAVE.into()),
        (None, ..) => Err(refusal::UNKNOWN_NAME.into()),
    }
}
