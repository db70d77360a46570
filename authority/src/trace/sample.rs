//! Samples of what a clause is about: an agent, a moment, an amount for which it would apply, if there are any.
//! Never here: what the charter says of them (`writ_charter`), or the state they are tried on (`probe.rs`).

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use writ_charter::{Amount, Charter, Clause, Deed, Hours, Money, Suspended, Why};
use writ_model::{AgentId, GroupId, Span, Timestamp};

use super::{Kind, Point};
use crate::{
    command::governed::{EXPORT, WIDEN},
    fact::Subject,
    grant::{Grant, Surface},
    state::State,
};

/// LIMIT: agents, groups and amounts that are tried of one clause.
const TRIED: usize = 4;
/// LIMIT: hours looked at for one inside and one outside of the client's hours: two weeks.
const HOURS: i64 = 14 * 24;
/// Where to look for a moment if a charter says nothing: Monday 2026-11-02.
const MONDAY: Timestamp = Timestamp::from_micros(1_793_577_600_000_000);

/// One try.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) agent: AgentId,
    pub(super) group: Option<GroupId>,
    pub(super) server: String,
    pub(super) name: String,
    /// Classes of data that the agent is said to touch.
    pub(super) data: Vec<String>,
    pub(super) amount: Option<Amount>,
    pub(super) at: Timestamp,
}

/// What could make a clause apply at a point.
pub(super) fn samples(charter: &Charter, clause: &Clause, point: &Point) -> Vec<Sample> {
    let nobody = [AgentId::from_bytes([0; 16])];
    let agents = if clause.scope.agents.is_empty() { &nobody[..] } else { &clause.scope.agents };
    let groups: Vec<Option<GroupId>> = match clause.scope.groups.as_slice() {
        [] => vec![None],
        some => some.iter().copied().map(Some).collect(),
    };
    let (server, name) = match &point.kind {
        Kind::Naming { server, name, .. } => (server.as_str(), name.trim_end_matches('*')),
        // A name that no charter gives anything.
        Kind::Unnamed { .. } => ("*", "\u{fffd}"),
        Kind::Desk | Kind::Besides | Kind::Grant { .. } => ("*", "sample"),
    };
    let server = match (server, clause.scope.servers.first()) {
        ("*", Some(wanted)) => wanted.clone(),
        ("*", None) => "sample".to_owned(),
        (server, _) => server.to_owned(),
    };
    let mut out = Vec::new();
    for at in moments(charter, Some(clause)) {
        for amount in amounts(clause) {
            for agent in agents.iter().take(TRIED) {
                for group in groups.iter().take(TRIED) {
                    out.push(Sample {
                        agent: *agent,
                        group: *group,
                        server: server.clone(),
                        name: name.to_owned(),
                        data: clause.scope.data.clone(),
                        amount: amount.clone(),
                        at,
                    });
                }
            }
        }
    }
    out
}

/// A moment inside and one outside of the client's hours at which the charter and the clause hold.
fn moments(charter: &Charter, clause: Option<&Clause>) -> Vec<Timestamp> {
    let from = charter.from.max(clause.and_then(|clause| clause.from));
    let ends = [charter.until, clause.and_then(|clause| clause.until)];
    let until = ends.into_iter().flatten().min();
    let early = until.map(|until| until - Span::hours(HOURS));
    let start = from.or(early).unwrap_or(MONDAY);
    let hours = (0..HOURS).map(|hour| start + Span::hours(hour));
    let (mut out, mut seen) = (Vec::new(), BTreeSet::new());
    for at in hours.take_while(|at| until.is_none_or(|until| *at < until)) {
        let inside = charter.calendar.hours(at).map(|hours| hours == Hours::Inside);
        if seen.insert(inside) {
            out.push(at);
        }
        if seen.len() > 1 {
            break;
        }
    }
    out
}

/// No amount, nothing, and the amounts at which something changes.
fn amounts(clause: &Clause) -> Vec<Option<Amount>> {
    let unless = clause.unless.iter().filter_map(|one| one.when.amount_over.as_ref());
    let edges: Vec<&Money> = clause.when.amount_over.iter().chain(unless).take(TRIED).collect();
    let mut out = vec![None];
    for edge in edges {
        let Some(value) = edge.value() else { continue };
        for value in [0, value, value.saturating_add(1)] {
            out.push(Some(Amount { value, currency: edge.currency.clone() }));
        }
    }
    out
}

/// Arguments in which an amount stands where the charter says.
pub(super) fn arguments(charter: &Charter, surface: Surface, sample: &Sample) -> Value {
    let mut out = Value::Object(Map::new());
    let Some(amount) = &sample.amount else {
        return out;
    };
    let classes = charter.classify(&sample.server, surface.word(), &sample.name);
    for at in &classes.amounts {
        place(&mut out, at.pointer, Value::String(amount.money().amount));
        if let Some(place_of) = at.currency.filter(|place| place.starts_with('/')) {
            place(&mut out, place_of, Value::String(amount.currency.clone()));
        }
    }
    out
}

/// Puts a value at a pointer, making objects on the way.
fn place(into: &mut Value, pointer: &str, value: Value) {
    let mut slot = into;
    for part in pointer.split('/').skip(1) {
        let key = part.replace("~1", "/").replace("~0", "~");
        if !slot.is_object() {
            *slot = Value::Object(Map::new());
        }
        let Some(members) = slot.as_object_mut() else { return };
        slot = members.entry(key).or_insert(Value::Null);
    }
    *slot = value;
}

/// Whether a clause has a say at a point, for some sample: by the charter alone.
pub(super) fn fits(charter: &Charter, clause: &Clause, point: &Point) -> bool {
    // Most clauses are about other actions; the rest is not cheap.
    let about = |pattern: &String| writ_charter::family(pattern, &point.action);
    if !clause.actions.iter().any(about) {
        return false;
    }
    samples(charter, clause, point).iter().any(|sample| {
        let said = said(charter, point, sample);
        said.contains(&clause.key)
    })
}

/// The clauses that have a say about a sample at a point.
fn said(charter: &Charter, point: &Point, sample: &Sample) -> Vec<String> {
    let groups: Vec<GroupId> = sample.group.into_iter().collect();
    let mut deed = Deed::new(vec![point.action.as_str()], sample.at);
    deed.groups = &groups;
    deed.agent = Some(sample.agent);
    let surface = match &point.kind {
        Kind::Desk => {
            deed.agent = deed.agent.filter(|_| point.action != EXPORT);
            deed.server = (point.action == WIDEN).then_some(sample.server.as_str());
            let known = !sample.data.is_empty() && point.action != EXPORT;
            deed.data = known.then_some(sample.data.as_slice());
            if point.action == EXPORT {
                deed.groups = &[];
            }
            return charter.judge(&Suspended::default(), &deed).clauses;
        }
        Kind::Besides => {
            deed.server = Some(&sample.server);
            return charter.judge(&Suspended::default(), &deed).clauses;
        }
        Kind::Naming { surface, .. } | Kind::Unnamed { surface } => *surface,
        Kind::Grant { .. } => return Vec::new(),
    };
    let classes = charter.classify(&sample.server, surface.word(), &sample.name);
    deed.actions.clone_from(&classes.actions);
    deed.server = Some(&sample.server);
    deed.tags = classes.tags.as_deref();
    deed.data = classes.data.as_deref();
    deed.amount = sample.amount.clone().filter(|_| !classes.amounts.is_empty());
    charter.judge(&Suspended::default(), &deed).clauses
}

/// Whether some clause governs something that a grant covers, for whom it is given.
pub(super) fn governs(state: &State, charter: &Charter, grant: &Grant) -> bool {
    let (agent, groups) = match grant.subject {
        Subject::Agent(id) => {
            let groups = state.agents.get(&id).map(|agent| state.groups_of(agent));
            (id, groups.unwrap_or_default())
        }
        Subject::Group(id) => {
            let groups = state.group_chain(Some(id)).into_iter().map(|(id, _)| id).collect();
            (AgentId::from_bytes([0; 16]), groups)
        }
    };
    let surface = grant.surface.word();
    let start = grant.name.strip_suffix('*');
    let inside = |name: &str| match start {
        Some(start) => name.starts_with(start),
        None => name == grant.name,
    };
    let named = charter
        .counts_as
        .iter()
        .filter(|one| (one.server == "*" || one.server == grant.server) && one.surface == surface);
    let named = named.map(|one| one.name.trim_end_matches('*')).filter(|name| inside(name));
    let names: BTreeSet<&str> =
        named.chain(std::iter::once(start.unwrap_or(&grant.name))).collect();
    let moments = moments(charter, None);
    names.iter().any(|name| {
        let classes = charter.classify(&grant.server, surface, name);
        moments.iter().any(|at| {
            let mut deed = Deed::new(classes.actions.clone(), *at);
            (deed.agent, deed.groups) = (Some(agent), &groups);
            deed.server = Some(&grant.server);
            deed.tags = classes.tags.as_deref();
            deed.data = classes.data.as_deref();
            let judgment = charter.judge(&Suspended::default(), &deed);
            matches!(judgment.why, Why::Clause(_))
        })
    })
}
