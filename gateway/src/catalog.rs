//! The catalogue: what servers list is pinned at first sight, and what changed, or is flagged, is neither listed nor called
//! until a person has looked at it.
//!
//! The ledger says by which digest a thing may be used; here is what each server shows at this moment. On the call path
//! that is two look-ups by name: nothing is hashed for a call. SECURITY: annotations are the server's claims; nothing here
//! or elsewhere permits more because of one.
//! Never here: what is flagged and what differs (`writ_supply`), or a pin of our own making (`authority`).

mod hears;
mod listing;
mod writing;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};
use writ_authority::{
    State,
    fact::{Seen, THIRD, Thing, WhyHeld},
    grant::Surface,
    state::PINS,
};
use writ_model::{Digest, InstanceId, Span, TenantId, Timestamp};
use writ_supply::{Definition, Kind, Neighbor, flags, serious};

pub(crate) use hears::{heard, hears};
pub(crate) use listing::{lets, lets_unseen};

use crate::{core::Core, identify::Identified, refusal, refusal::Refusal};

/// What happens to a definition that was never seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FirstSight {
    /// It is pinned at once, unless it is flagged: trust on first use.
    #[default]
    Trust,
    /// It waits for a person.
    Approve,
    /// Nothing is pinned and nothing is held.
    Off,
}

/// How long what a server has shown is taken for what it shows. A change that it does not tell of is seen after that.
const FRESH: Span = Span::minutes(1);
/// How long a list that could not be read is not asked for again by the same running copy.
const AGAIN: Span = Span::seconds(2);
/// LIMIT: running copies for which that is remembered of a server; with more of them it is forgotten, and asked again.
const UNREAD: usize = 256;
/// LIMIT: tenants of which a process knows what their servers show; when there are more, it forgets all and asks again.
const TENANTS: usize = 4_096;
/// LIMIT: servers of one tenant, likewise.
const SERVERS: usize = 256;
/// LIMIT: definitions of one server that wait to be written down; more than a ledger takes of it.
const QUEUE: usize = PINS;
/// LIMIT: bytes of new definitions of one server that are looked at within [`FRESH`]: a large catalogue whole. What is
/// more is not shown yet, so that a server that invents texts takes no time from others.
const LOOKED: usize = 1 << 20;
/// LIMIT: bytes of a summary in a ledger line.
const SUMMARY: usize = 320;
/// LIMIT: rules named in a ledger line.
const FLAGS: usize = 6;

/// What servers show, by tenant and name.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    first: FirstSight,
    tenants: RwLock<BTreeMap<TenantId, Arc<OfTenant>>>,
}

type OfTenant = RwLock<BTreeMap<String, Arc<Shows>>>;

/// What one server shows to one tenant.
#[derive(Debug, Default)]
struct Shows {
    inner: Mutex<Shown>,
    /// One listing, for as long as others wait for it, and one writing, at a time.
    asking: tokio::sync::Mutex<()>,
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Shown {
    /// The last definition of each thing, and when it was seen.
    seen: BTreeMap<Thing, BTreeMap<String, (Digest, Timestamp)>>,
    /// When each whole list was last asked for.
    listed: BTreeMap<Thing, Timestamp>,
    /// For whom a list could not be read, when, and what was said of it.
    unread: BTreeMap<(Thing, InstanceId), (Timestamp, Refusal)>,
    queue: VecDeque<(Seen, Vec<u8>)>,
    /// Bytes looked at, and since when.
    looked: (Timestamp, usize),
}

impl Shown {
    fn digest(&self, thing: Thing, name: &str, now: Timestamp) -> Option<Digest> {
        let (digest, at) = self.seen.get(&thing)?.get(name)?;
        (*at + FRESH > now).then_some(*digest)
    }

    /// Whether the whole list of one kind was asked for lately.
    fn fresh(&self, thing: Thing, now: Timestamp) -> bool {
        self.listed.get(&thing).is_some_and(|at| *at + FRESH > now)
    }

    /// What a list was refused with just now, for this running copy: not every call asks a server that does not answer.
    fn unread(&self, thing: Thing, instance: InstanceId, now: Timestamp) -> Option<Refusal> {
        let (at, why) = self.unread.get(&(thing, instance))?;
        (*at + AGAIN > now).then(|| why.clone())
    }

    fn not_read(&mut self, thing: Thing, instance: InstanceId, told: (Timestamp, Refusal)) {
        if self.unread.len() >= UNREAD {
            self.unread.clear();
        }
        self.unread.insert((thing, instance), told);
    }

    /// Whether so many bytes may be looked at now.
    fn looks(&mut self, bytes: usize, now: Timestamp) -> bool {
        if self.looked.0 + FRESH <= now {
            self.looked = (now, 0);
        }
        self.looked.1 += bytes;
        self.looked.1 <= LOOKED
    }

    /// Notes what is shown; gives what was before.
    fn note(&mut self, thing: Thing, name: &str, digest: Digest, now: Timestamp) -> Option<Digest> {
        let seen = self.seen.entry(thing).or_default();
        // LIMIT: as many as a ledger takes; what is not noted is asked for again.
        if seen.len() >= PINS && !seen.contains_key(name) {
            return None;
        }
        seen.insert(name.to_owned(), (digest, now)).map(|(before, _)| before)
    }

    fn forget(&mut self, thing: Thing, name: &str) {
        if let Some(seen) = self.seen.get_mut(&thing) {
            seen.remove(name);
        }
    }
}

impl Catalog {
    pub(crate) fn new(first: FirstSight) -> Self {
        Self { first, ..Self::default() }
    }

    /// Nothing is guarded.
    pub(crate) fn off(&self) -> bool {
        self.first == FirstSight::Off
    }

    fn of(&self, tenant: TenantId, server: &str) -> Arc<Shows> {
        if let Some(known) = self.tenants.read().get(&tenant)
            && let Some(shows) = known.read().get(server)
        {
            return Arc::clone(shows);
        }
        let mut tenants = self.tenants.write();
        if tenants.len() >= TENANTS && !tenants.contains_key(&tenant) {
            tenants.clear();
        }
        let known = Arc::clone(tenants.entry(tenant).or_default());
        drop(tenants);
        let mut servers = known.write();
        if servers.len() >= SERVERS && !servers.contains_key(server) {
            servers.clear();
        }
        Arc::clone(servers.entry(server.to_owned()).or_default())
    }

    /// The server said that its list changed: what it shows is asked for anew.
    fn stale(&self, tenant: TenantId, server: &str) {
        let shows = self.of(tenant, server);
        let mut shown = shows.inner.lock();
        shown.seen.clear();
        shown.listed.clear();
    }
}

/// Whether an entry of a list may be shown, as far as its definition goes. What is new or changed is written down behind
/// the answer; what has to wait for a person is not shown.
pub(crate) fn shows(
    core: &Arc<Core>,
    (tenant, server): (TenantId, &str),
    list: &str,
    entry: &[u8],
) -> bool {
    let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.list() == list) else { return false };
    let definition = match Definition::read(kind, entry) {
        Ok(read) if !read.name().chars().any(char::is_control) => read,
        Ok(_) | Err(_) => {
            core.counters.refused(refusal::UNFIT.code);
            return false;
        }
    };
    let Some(view) = core.tenants.cached(tenant) else { return false };
    let state = &view.state;
    let (thing, name, digest) = (thing(kind), definition.name(), definition.digest());
    let (shows, now) = (core.catalog.of(tenant, server), core.clock.now());
    let before = shows.inner.lock().note(thing, name, digest, now);
    let pin = state.pin(server, thing, name);
    match pin {
        Some(pin) if pin.knows(digest) => return pin.lets(digest),
        Some(pin) if pin.settles(now) => return false,
        None if before == Some(digest) && core.catalog.queued(&shows, thing, name) => return true,
        Some(_) | None => {}
    }
    // Another definition than the one that is just being pinned is a change, too.
    let changed = pin.is_some() || before.is_some_and(|before| before != digest);
    let full = state.catalog.get(server).is_some_and(|shelf| shelf.len() >= PINS);
    if full && !changed {
        core.counters.refused(refusal::CATALOG_FULL.code);
        return false;
    }
    if !shows.inner.lock().looks(definition.canonical().len(), now) {
        return false;
    }
    let seen = sighting(core.catalog.first, state, server, &definition, changed);
    let waits = seen.waits.is_some();
    let (queued, first) = {
        let mut shown = shows.inner.lock();
        let (room, first) = (shown.queue.len() < QUEUE, shown.queue.is_empty());
        if room {
            shown.queue.push_back((seen, definition.canonical().to_vec()));
        }
        (room, first)
    };
    if first {
        // Whoever writes takes what comes after it along.
        writing::behind(core, tenant, server);
    }
    // Before every process reads what would be written, nothing is held.
    queued && (!waits || state.format < THIRD)
}

/// Whether what was listed before may still be shown: nobody has held or refused it since, and its server has shown no other
/// definition of it. Notes nothing: this is what was seen then.
pub(crate) fn still(
    core: &Core,
    (tenant, server): (TenantId, &str),
    list: &str,
    entry: &[u8],
) -> bool {
    if core.catalog.off() {
        return true;
    }
    let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.list() == list) else { return false };
    let (Ok(definition), Some(view)) = (Definition::read(kind, entry), core.tenants.cached(tenant))
    else {
        return false;
    };
    let (thing, name, digest) = (thing(kind), definition.name(), definition.digest());
    let shows = core.catalog.of(tenant, server);
    let shown = shows.inner.lock().digest(thing, name, core.clock.now());
    // What is not written down yet was let through when it was listed.
    let pinned = view.state.pin(server, thing, name).is_none_or(|pin| pin.lets(digest));
    pinned && shown.is_none_or(|shown| shown == digest)
}

impl Catalog {
    /// Whether a thing waits to be written down as one that may be used.
    #[expect(clippy::unused_self, reason = "a question about the catalogue, beside the others")]
    fn queued(&self, shows: &Shows, thing: Thing, name: &str) -> bool {
        let shown = shows.inner.lock();
        shown
            .queue
            .iter()
            .any(|(seen, _)| seen.thing == thing && seen.name == name && seen.waits.is_none())
    }
}

/// What is written down of a definition that is new here.
fn sighting(
    first: FirstSight,
    state: &State,
    server: &str,
    definition: &Definition,
    changed: bool,
) -> Seen {
    let others = state.catalog.iter().flat_map(|(server, shelf)| {
        let names = shelf.tools.keys().chain(shelf.prompts.keys());
        names.map(move |name| Neighbor { server, name })
    });
    let found = flags(server, definition, others);
    let waits = if changed {
        Some(WhyHeld::Changed)
    } else if serious(&found) {
        Some(WhyHeld::Flagged)
    } else {
        (first == FirstSight::Approve).then_some(WhyHeld::New)
    };
    let mut rules: Vec<String> = Vec::new();
    for one in found {
        if rules.len() < FLAGS && !rules.iter().any(|rule| rule == one.rule) {
            rules.push(one.rule.to_owned());
        }
    }
    Seen {
        thing: thing(definition.kind()),
        name: definition.name().to_owned(),
        digest: definition.digest(),
        summary: head(&definition.summary(), SUMMARY).to_owned(),
        flags: rules,
        waits,
    }
}

fn head(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn thing(kind: Kind) -> Thing {
    match kind {
        Kind::Tool => Thing::Tool,
        Kind::Prompt => Thing::Prompt,
        Kind::Resource => Thing::Resource,
        Kind::Template => Thing::Template,
    }
}

/// What the ledger says of using a thing that its server shows by this digest.
fn judged(
    core: &Core,
    who: &Identified,
    state: &State,
    (server, surface, name): (&str, Surface, &str),
    shown: Option<Digest>,
) -> Result<(), Refusal> {
    let thing = Thing::of(surface);
    let word = thing.word();
    let slug = who.view.state.founded.as_ref().map_or("", |founded| founded.slug.as_str());
    let says = |base: Refusal, words: String| Refusal {
        cure: format!("have it looked at: {}/clients/{slug}/tools", core.approvals).into(),
        ..base.saying(words)
    };
    let cut = writ_authority::refusal::cut(name);
    let Some(pin) = state.pin(server, thing, name) else {
        return Err(
            refusal::NOT_LISTED.saying(format!("the server {server} lists no {word} `{cut}`"))
        );
    };
    if let Some(waiting) = &pin.waiting {
        let why = match waiting.why {
            WhyHeld::Changed => "changed since it was approved",
            WhyHeld::Flagged => "is new and its text is flagged",
            WhyHeld::New => "is new",
        };
        let words =
            format!("the {word} `{cut}` of the server {server} {why}, and waits for a person");
        return Err(says(refusal::HELD_DEFINITION, words));
    }
    match (pin.digest, shown) {
        (Some(pinned), Some(shown)) if pinned == shown => Ok(()),
        // A resource that no list shows now, and what runs under `writ wrap`, has been shown as it is pinned.
        (Some(_), None) => Ok(()),
        (_, _) => {
            let words =
                format!("the {word} `{cut}` of the server {server} is as a person refused it");
            Err(says(refusal::REFUSED_DEFINITION, words))
        }
    }
}
