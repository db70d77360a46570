//! Traceability both ways: every clause in force names what enforces it, and what may act stands on a clause.
//!
//! Nothing here believes a list. Each claim is probed: the real engine or the real gate of commands is asked about a
//! sample of what the clause is about, on a copy of the state, and has to name the clause.
//! To add a point: a governed command (`command/governed.rs`) and its sample in `trace/probe.rs`.
//! Never here: a permit that leaves a probe, or a repair.

use serde::Serialize;
use writ_charter::{ANSWERS, Charter, UNTRUSTED};
use writ_model::GrantId;

use crate::{
    command::governed::CLASSES,
    grant::{Grant, Surface},
    state::{InForce, State},
};

mod probe;
mod sample;

use probe::Stage;

/// LIMIT: points that one clause names one by one; beyond, it names servers, then whole doors: a charter is read by people
/// and has to fit in a ledger line.
const NAMED: usize = 8;

/// Something that acts, or lets act.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Point {
    /// Its id: `desk:agent.activate`, `gateway:mail/tool/send_message`, `grant:grt_…`.
    pub id: String,
    /// What it does, as a class of the catalogue.
    pub action: String,
    /// What kind of point.
    pub kind: Kind,
}

/// What kind of point.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A command of people that a charter governs.
    Desk,
    /// A thing that the charter gives a name to.
    Naming {
        /// On which server; `*` for any.
        server: String,
        /// Which kind of thing.
        surface: Surface,
        /// Its name; a final `*` matches any ending.
        name: String,
    },
    /// Whatever the charter gives no name to.
    Unnamed {
        /// Which kind of thing.
        surface: Surface,
    },
    /// Where the gateway counts a call, or what a server answers, as a class besides what the charter names: where values
    /// come from, what an answer carries.
    Besides,
    /// A live grant.
    Grant {
        /// Which.
        grant: GrantId,
    },
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// How many clauses are in force.
    pub clauses: u64,
    /// How many points there are.
    pub points: u64,
    /// Every loose end; none is right.
    pub orphans: Vec<Orphan>,
    /// Every clause beside the points that answered for it.
    pub rows: Vec<Row>,
}

/// A clause that nothing enforces, or something that acts without one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Orphan {
    /// What.
    pub what: String,
    /// Why it is one.
    pub why: String,
    /// What would cure it.
    pub cure: String,
}

/// A clause beside the points that answered for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its key.
    pub clause: String,
    /// Its title.
    pub title: String,
    /// The points, as the clause names them, whose probe named it back.
    pub points: Vec<String>,
}

impl Orphan {
    fn new(what: String, why: String, cure: &str) -> Self {
        Self { what, why, cure: cure.to_owned() }
    }
}

/// Every point at which a charter is asked: the governed commands, the things it names, and what it does not name.
pub fn points_of(charter: &Charter) -> Vec<Point> {
    let mut out: Vec<Point> = CLASSES.iter().map(|class| desk(class)).collect();
    for naming in &charter.counts_as {
        let Some(surface) = surface(&naming.surface) else { continue };
        let (server, name) = (naming.server.clone(), naming.name.clone());
        let id = format!("gateway:{server}/{}/{name}", surface.word());
        let kind = Kind::Naming { server, surface, name };
        out.push(Point { id, action: naming.action.clone(), kind });
    }
    for surface in [Surface::Tool, Surface::Resource, Surface::Prompt] {
        let id = format!("gateway:*/{}/*", surface.word());
        if out.iter().all(|point| point.id != id) {
            let action = unnamed(surface).to_owned();
            out.push(Point { id, action, kind: Kind::Unnamed { surface } });
        }
    }
    let besides = writ_charter::catalog().iter().map(|action| action.class.as_str());
    let besides = besides.filter(|class| *class == UNTRUSTED || class.starts_with(ANSWERS));
    for class in besides.filter(|class| charter.clauses.iter().any(|one| one.speaks(class))) {
        let (id, action) = (format!("gateway:{class}"), class.to_owned());
        out.push(Point { id, action, kind: Kind::Besides });
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// Every point of a state: those of the charter in force, and one for each live grant.
pub fn points(state: &State) -> Vec<Point> {
    let mut out = match &state.charter {
        Some(force) => points_of(&force.charter),
        None => CLASSES.iter().map(|class| desk(class)).collect(),
    };
    for (id, given) in state.grants.iter().filter(|(_, given)| given.revoked_at.is_none()) {
        let charter = state.charter.as_ref().map(|force| force.charter.as_ref());
        let action = charter.map_or_else(String::new, |charter| first_class(charter, &given.says));
        out.push(Point { id: format!("grant:{id}"), action, kind: Kind::Grant { grant: *id } });
    }
    out
}

fn desk(class: &str) -> Point {
    Point { id: format!("desk:{class}"), action: class.to_owned(), kind: Kind::Desk }
}

fn first_class(charter: &Charter, grant: &Grant) -> String {
    let name = grant.name.trim_end_matches('*');
    let classes = charter.classify(&grant.server, grant.surface.word(), name);
    classes.actions.first().map_or_else(String::new, |class| (*class).to_owned())
}

fn surface(word: &str) -> Option<Surface> {
    [Surface::Tool, Surface::Resource, Surface::Prompt].into_iter().find(|one| one.word() == word)
}

const fn unnamed(surface: Surface) -> &'static str {
    match surface {
        Surface::Tool => "tool.use",
        Surface::Resource => "resource.read",
        Surface::Prompt => "prompt.get",
    }
}

/// The same charter, each clause naming the points that enforce it.
#[must_use]
pub fn named(charter: &Charter, points: &[Point]) -> Charter {
    let mut out = charter.clone();
    for (at, clause) in charter.clauses.iter().enumerate() {
        let fits = |point: &&Point| sample::fits(charter, clause, point);
        let found: Vec<&Point> = points.iter().filter(fits).collect();
        if let Some(slot) = out.clauses.get_mut(at) {
            slot.enforced_by = short(&found);
        }
    }
    out
}

/// The ids of these points, or of what they have in common if there are many.
fn short(points: &[&Point]) -> Vec<String> {
    let tidy = |mut ids: Vec<String>| {
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let ids = tidy(points.iter().map(|point| point.id.clone()).collect());
    if ids.len() <= NAMED {
        return ids;
    }
    let server =
        |point: &&Point| joint(&point.id, if point.kind == Kind::Desk { ':' } else { '/' });
    let servers = tidy(points.iter().map(server).collect());
    if servers.len() <= NAMED {
        return servers;
    }
    tidy(points.iter().map(|point| joint(&point.id, ':')).collect())
}

/// `gateway:mail/tool/send` up to the first of this sign: `gateway:mail/*` or `gateway:*`.
fn joint(id: &str, sign: char) -> String {
    match id.split_once(sign) {
        Some((start, _)) => format!("{start}{sign}*"),
        None => id.to_owned(),
    }
}

/// Whether a clause means a point by this id.
fn means(id: &str, point: &Point) -> bool {
    id == point.id || id == joint(&point.id, '/') || id == joint(&point.id, ':')
}

/// Checks the charter in force against these points, by probing. Without a charter nothing acts, and nothing is loose.
pub fn check(state: &State, points: &[Point]) -> Trace {
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let mut trace =
        Trace { clauses: 0, points: count(points.len()), orphans: Vec::new(), rows: Vec::new() };
    let Some(force) = &state.charter else {
        return trace;
    };
    trace.clauses = count(force.charter.clauses.len());
    signed(state, force, &mut trace.orphans);
    clauses(state, &force.charter, points, &mut trace);
    for point in points {
        standing(state, &force.charter, point, &mut trace.orphans);
    }
    // A point that was taken away: the charter names a thing, or the register holds a grant, that nothing stands for.
    for lost in self::points(state).iter().filter(|one| !points.contains(one)) {
        let cure = "Look for the build that lost it; nothing may act there until it is back.";
        trace.orphans.push(Orphan::new(lost.id.clone(), "it is not enforced".to_owned(), cure));
    }
    trace.orphans.sort_unstable();
    trace.orphans.dedup();
    trace
}

/// What is in force is what was signed, by everybody who has to.
fn signed(state: &State, force: &InForce, orphans: &mut Vec<Orphan>) {
    let what = || format!("charter version {}", force.charter.version);
    let cure = "Keep a copy of the ledger: it was altered, or this build folds it wrongly.";
    if force.charter.digest() != force.digest {
        orphans.push(Orphan::new(what(), "it is not what was signed".to_owned(), cure));
    }
    for side in state.signatories() {
        if !force.signed.iter().any(|one| one.side == *side) {
            let why = format!("the {side} did not sign it");
            orphans.push(Orphan::new(what(), why, cure));
        }
    }
}

/// Every clause names points that are there and that name it back.
fn clauses(state: &State, charter: &Charter, points: &[Point], trace: &mut Trace) {
    let mut stage = Stage::new(state, charter);
    for clause in &charter.clauses {
        let what = || format!("clause {}", clause.key);
        let mut answered = Vec::new();
        for id in &clause.enforced_by {
            let meant: Vec<&Point> = points.iter().filter(|point| means(id, point)).collect();
            if meant.is_empty() {
                let why = format!("it names {id}, which is not there");
                let cure = "Sign a new version of the charter, which names what there is.";
                trace.orphans.push(Orphan::new(what(), why, cure));
            } else if meant.iter().any(|point| stage.names(clause, point)) {
                answered.push(id.clone());
            } else {
                let why = format!("it names {id}, which does not stand on it");
                let cure = "Change the clause so that it applies there, in a new version.";
                trace.orphans.push(Orphan::new(what(), why, cure));
            }
        }
        if clause.enforced_by.is_empty() {
            let why = "nothing enforces it: no command and nothing that is named counts as it";
            let cure = "Say in the charter what counts as its actions, or drop it.";
            trace.orphans.push(Orphan::new(what(), why.to_owned(), cure));
        }
        let (clause, title) = (clause.key.clone(), clause.title.clone());
        trace.rows.push(Row { clause, title, points: answered });
    }
}

/// A thing that is named, or a grant, stands on a clause. What no clause covers is refused, so it is a promise that
/// nobody can keep: a loose end.
fn standing(state: &State, charter: &Charter, point: &Point, orphans: &mut Vec<Orphan>) {
    let governed = match &point.kind {
        Kind::Desk | Kind::Unnamed { .. } | Kind::Besides => true,
        Kind::Naming { .. } => {
            charter.clauses.iter().any(|clause| sample::fits(charter, clause, point))
        }
        Kind::Grant { grant } => match state.grants.get(grant) {
            Some(given) => sample::governs(state, charter, &given.says),
            None => false,
        },
    };
    if !governed {
        let why = format!("no clause governs it ({})", point.action);
        let cure = "Add a clause that covers it, or take it away.";
        orphans.push(Orphan::new(point.id.clone(), why, cure));
    }
}
