//! Lists of the endpoint: all servers' at once, each filtered for the agent on its own road, joined in a stable order (by
//! server, and as each server has them), in pages of ours.
//!
//! A server whose list could not be shown as it is (a name that is no name or stands twice, a list without an end) has no
//! part in it: half a list of a server that lies would be worse than none.
//! Never here: whose a name is (`name`, `whose`).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{Response, StatusCode};
use writ_authority::What;
use writ_model::json::{self, Limits, Node};

use super::{
    edit::quoted,
    fan, find, greet, name,
    shelf::{Entry, Kept, Kind},
    visit::{Miss, Stop, Visit},
};
use crate::{
    answer::{self, Asked},
    authorize::ask,
    body::ReplyBody,
    catalog,
    core::Served,
    mcp::{
        held::{self, PENDING},
        parse::Message,
        reply,
    },
    refusal::{self, Refusal},
};

/// LIMIT: pages and entries of one server's list: past it the list is one without an end.
const PAGES: usize = 32;
const ENTRIES: usize = 2_000;
/// LIMIT: bytes of one server's list over all of its pages, and of all servers' that are put together for one question.
const BYTES: usize = 4 << 20;
const ALL_BYTES: usize = 32 << 20;
/// LIMIT: bytes of a name and of an address.
const NAME: usize = 512;
const ADDRESS: usize = 8 << 10;
/// Entries of a page, where lists are not searched instead: many clients never turn one.
const PAGE: usize = 500;

/// One thing, as its server lists it.
struct Item {
    own: String,
    bytes: Bytes,
    /// Where its name stands in it.
    at: (usize, usize),
}

/// One server's list.
#[derive(Default)]
struct Part {
    items: Vec<Item>,
    pending: bool,
    /// Bytes of its pages, which its items hold on to.
    bytes: usize,
}

/// Answers a list.
pub(super) async fn answer(
    visit: &Visit<'_>,
    kind: Kind,
    (message, asked): (&Message<'_>, &Asked),
) -> Result<Response<ReplyBody>, Stop> {
    let cursor = message.params().and_then(|params| params.get("cursor"));
    let Some(cursor) = cursor else {
        let kept = fresh(visit, kind).await?;
        return Ok(page(visit, kind, (&kept, 0, true), asked));
    };
    let whose = visit.who.caller.instance;
    let kept = visit.core.many.shelf.get(whose, kind).ok_or(refusal::CURSOR)?;
    let at = cursor.as_str().and_then(|cursor| kept.at(cursor)).ok_or(refusal::CURSOR)?;
    Ok(page(visit, kind, (&kept, at, false), asked))
}

/// The whole list, asked for now.
pub(super) async fn fresh(visit: &Visit<'_>, kind: Kind) -> Result<Arc<Kept>, Stop> {
    let left = AtomicUsize::new(ALL_BYTES);
    let parts = fan::all(visit, |server| part(visit, server, (kind, &left))).await?;
    let pending = parts.iter().any(|(_, part)| part.pending);
    let parts = parts.into_iter().map(|(server, part)| (&*server.name, part.items)).collect();
    let (shelf, whose) = (&visit.core.many.shelf, visit.who.caller.instance);
    let absent = absent(visit, shelf.get(whose, kind).as_deref());
    let entries = joined(kind, parts, &absent);
    let kept = Arc::new(Kept::new(entries, absent, pending));
    shelf.put(whose, kind, &kept);
    Ok(kept)
}

/// What servers listed before that are out now. Nobody else's thing takes its name meanwhile.
fn absent(visit: &Visit<'_>, last: Option<&Kept>) -> Vec<Entry> {
    let Some(last) = last else { return Vec::new() };
    let out = visit.outages();
    let gone = |entry: &&Entry| out.iter().any(|one| one.server == *entry.server);
    last.known().filter(gone).cloned().collect()
}

/// One server's list, all of its pages.
async fn part<'a>(
    visit: &Visit<'a>,
    server: &'a Served,
    (kind, left): (Kind, &AtomicUsize),
) -> Result<Part, Miss> {
    let link = if visit.greets() { Some(greet::link(visit, server).await?) } else { None };
    if link.as_ref().is_some_and(|link| !link.has(kind.capability())) {
        return Err(Miss::Lacks);
    }
    let (mut part, mut seen) = (Part::default(), BTreeSet::new());
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES {
        let params = visit.params(cursor.as_deref());
        let (told, _) = visit.ask(server, (kind.method(), &params), link.as_ref()).await?;
        let fits = |left: usize| left.checked_sub(told.len());
        if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_err() {
            return Err(Miss::Out(refusal::LISTS_LARGE));
        }
        cursor = add(&mut part, &mut seen, (kind, &told)).map_err(Miss::Out)?;
        if cursor.is_none() {
            return Ok(part);
        }
    }
    Err(Miss::Out(refusal::LIES))
}

/// Adds a page; the cursor of the next one.
fn add(
    part: &mut Part,
    seen: &mut BTreeSet<String>,
    (kind, told): (Kind, &Bytes),
) -> Result<Option<String>, Refusal> {
    let lies = || refusal::LIES;
    part.bytes += told.len();
    if part.bytes > BYTES {
        return Err(refusal::LISTS_LARGE);
    }
    let node = json::parse(told, &Limits::ANSWER).map_err(|_bad| lies())?;
    let result = node.get("result").ok_or_else(lies)?;
    let (list, key) = kind.keys();
    let items = result.get(list).and_then(Node::as_array).ok_or_else(lies)?;
    for item in items {
        let named = item.get(key).ok_or_else(lies)?;
        let own = named.as_str().ok_or_else(lies)?;
        if kind == Kind::Tools && own == PENDING {
            // Ours: a server's own of that name was cut out on the way.
            part.pending = true;
            continue;
        }
        if !is_name(own, kind) || part.items.len() >= ENTRIES {
            return Err(lies());
        }
        if !seen.insert(own.to_owned()) {
            // An address that stands twice is one address; a name that does means two things.
            if kind.addressed() {
                continue;
            }
            return Err(lies());
        }
        let at = (named.start - item.start, named.end - item.start);
        part.items.push(Item { own: own.to_owned(), bytes: told.slice(item.start..item.end), at });
    }
    Ok(result.get("nextCursor").and_then(Node::as_str).map(str::to_owned))
}

fn is_name(own: &str, kind: Kind) -> bool {
    let most = if kind.addressed() { ADDRESS } else { NAME };
    !own.is_empty() && own.len() <= most && !own.chars().any(char::is_control)
}

/// All of it under names that mean one thing each.
fn joined(kind: Kind, parts: Vec<(&str, Vec<Item>)>, absent: &[Entry]) -> Vec<Entry> {
    let shared = if kind.addressed() { shared(kind, &parts, absent) } else { BTreeSet::new() };
    let mut out = Vec::new();
    for (server, items) in parts {
        let of: Arc<str> = server.into();
        for item in items {
            let shown = if !kind.addressed() {
                name::shown(server, &item.own)
            } else if shared.contains(&(server.to_owned(), item.own.clone())) {
                name::address(server, &item.own)
            } else {
                item.own.clone()
            };
            let bytes = renamed(&item, &shown);
            out.push(Entry { server: Arc::clone(&of), own: item.own, shown, bytes });
        }
    }
    // Two cut names that meet, which needs somebody to look for them long, mean neither.
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &out {
        *count.entry(&entry.shown).or_default() += 1;
    }
    let twice: BTreeSet<String> = count
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|(name, _)| name.to_owned())
        .collect();
    out.retain(|entry| !twice.contains(&entry.shown));
    out
}

/// The addresses that say nothing about whose they are: several servers have them, or make them out of templates that begin
/// alike, or they look as ours do.
fn shared(kind: Kind, parts: &[(&str, Vec<Item>)], absent: &[Entry]) -> BTreeSet<(String, String)> {
    let begins = |own: &str| match kind {
        Kind::Templates => name::fixed(own).to_owned(),
        _ => own.to_owned(),
    };
    let mut all: Vec<(String, &str, &str)> = parts
        .iter()
        .flat_map(|(server, items)| items.iter().map(move |item| (*server, &*item.own)))
        .chain(absent.iter().map(|entry| (&*entry.server, &*entry.own)))
        .map(|(server, own)| (begins(own), server, own))
        .collect();
    all.sort_unstable();
    let mut out = BTreeSet::new();
    let mut note = |server: &str, own: &str| {
        out.insert((server.to_owned(), own.to_owned()));
    };
    // In this order whatever another begins with stands before it, and between them only what begins with it too.
    let mut before: Vec<&(String, &str, &str)> = Vec::new();
    for one in &all {
        let (text, server, own) = one;
        let meets = |other: &str| match kind {
            Kind::Templates => text.starts_with(other),
            _ => text == other,
        };
        before.retain(|(other, ..)| meets(other));
        for (_, others, theirs) in before.iter().filter(|(_, others, _)| others != server) {
            note(others, theirs);
            note(server, own);
        }
        if own.starts_with(name::SCHEME) {
            note(server, own);
        }
        before.push(one);
    }
    out
}

fn renamed(item: &Item, shown: &str) -> Bytes {
    let (start, end) = item.at;
    let parts = [item.bytes.get(..start), Some(&*quoted(shown)), item.bytes.get(end..)]
        .map(Option::unwrap_or_default)
        .concat();
    Bytes::from(parts)
}

/// Whether an entry is shown to the agent at this moment.
pub(super) fn shows(visit: &Visit<'_>, kind: Kind, entry: &Entry) -> bool {
    let (core, who) = (visit.core, visit.who);
    let asked = ask(who, &entry.server, What::Session);
    core.engine.lists(&who.view.state, &asked, (kind.surface(), &entry.own), who.now)
}

/// Whether an entry that was listed before is still as it may be shown.
fn still(visit: &Visit<'_>, kind: Kind, entry: &Entry) -> bool {
    if visit.core.catalog.off() {
        return true;
    }
    let (list, key) = kind.keys();
    let Ok(node) = json::parse(&entry.bytes, &Limits::ANSWER) else { return false };
    let Some(named) = node.get(key) else { return false };
    // As its server lists it: it is pinned under the server's own name.
    let item =
        Item { own: String::new(), bytes: entry.bytes.clone(), at: (named.start, named.end) };
    let tenant = visit.who.view.state.tenant;
    catalog::still(visit.core, (tenant, &entry.server), list, &renamed(&item, &entry.own))
}

/// A page of a list; a `fresh` one has been looked at on its way here.
fn page(
    visit: &Visit<'_>,
    kind: Kind,
    (kept, from, fresh): (&Kept, usize, bool),
    asked: &Asked,
) -> Response<ReplyBody> {
    let listed = usize::try_from(visit.core.many.listed).unwrap_or(usize::MAX).max(1);
    let searched = kind == Kind::Tools && kept.entries.len() > listed;
    let size = if searched { listed } else { PAGE };
    let mut items: Vec<Bytes> = Vec::new();
    if kind == Kind::Tools && from == 0 {
        // First, so that who never turns a page has them.
        items.extend(kept.pending.then(|| Bytes::from(held::tool())));
        items.extend(searched.then(find::tools).into_iter().flatten());
    }
    let (mut next, mut bytes) = (kept.entries.len(), 0);
    for (at, entry) in kept.entries.iter().enumerate().skip(from).take(size) {
        next = at + 1;
        if shows(visit, kind, entry) && (fresh || still(visit, kind, entry)) {
            bytes += entry.bytes.len();
            items.push(entry.bytes.clone());
        }
        if bytes > super::shelf::LIST / 4 {
            break;
        }
    }
    let mut out = vec![b'{'];
    let mut member = |key: &str, value: &[u8]| {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(&quoted(key));
        out.push(b':');
        out.extend_from_slice(value);
    };
    member(kind.keys().0, &[b"[", &*items.join(&b","[..]), b"]"].concat());
    if next < kept.entries.len() {
        member("nextCursor", &quoted(&kept.cursor(next)));
    }
    if !visit.greets() {
        member("resultType", b"\"complete\"");
        member("ttlMs", b"0");
        member("cacheScope", b"\"private\"");
    }
    let outages = visit.outages();
    if !outages.is_empty() {
        let meta = serde_json::json!({fan::UNREACHABLE: outages});
        member("_meta", meta.to_string().as_bytes());
    }
    out.push(b'}');
    answer::json(StatusCode::OK, reply::result(&asked.id, &out))
}

#[cfg(test)]
mod tests;
