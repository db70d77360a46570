//! Observe: what enforcement would have refused, counted from records; one row of it as the smallest grant.
//!
//! Never here: whether something is observed, or what it would have been (`authority` says so, the record keeps it).
//! SECURITY: a grant made of what an agent sent is shown whole to the person who signs it, as somebody's own text.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use writ_authority::{
    Command, Grant, Limit, State,
    fact::Subject,
    grant::{Period, Surface},
    state::Observing,
};
use writ_lake::{CallFilter, Record};
use writ_model::{AgentId, Span, TenantId, Timestamp};

use super::{resolve, show, smallest};
use crate::{
    Desk, DeskError, Who,
    view::{Acted, ObserveRow, ObserveView, ObservingRow},
};

/// What is looked at unless somebody says otherwise.
const WINDOW: Span = Span::days(7);
/// LIMIT: days of one report: what the lake keeps.
const LONGEST: Span = Span::days(90);
/// LIMIT: records read for one report.
const LOOK: usize = 10_000;
/// LIMIT: records of one read.
const STEP: usize = 500;
/// LIMIT: rows of one report.
const ROWS: usize = 200;
/// LIMIT: calls whose arguments make one grant.
const SAMPLES: usize = 50;

/// Which window.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObserveQuery {
    /// From when; seven days ago if it is left out.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Until when; now if it is left out.
    #[serde(default)]
    pub to: Option<Timestamp>,
}

/// What is observed: one of the two, or the whole client.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedSubject {
    /// An agent, by id or name.
    #[serde(default)]
    pub agent: Option<String>,
    /// A group, by id or name.
    #[serde(default)]
    pub group: Option<String>,
}

/// What to observe, until when, why.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObserveBody {
    /// An agent, by id or name.
    #[serde(default)]
    pub agent: Option<String>,
    /// A group, by id or name; neither observes the whole client.
    #[serde(default)]
    pub group: Option<String>,
    /// Until when; at most ninety days.
    pub until: Timestamp,
    /// Why, in words.
    pub reason: String,
}

/// One row of the report.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposeBody {
    /// Whose calls, by id or name.
    pub agent: String,
    /// The code with which they would have been refused.
    pub code: String,
    /// On which server.
    pub server: String,
    /// Which kind of thing.
    pub surface: Surface,
    /// Its name.
    pub name: String,
    /// Why, in words; what was observed if it is left out.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Calls for the same reason.
type Key = (AgentId, String, String, String, String);

fn key(record: &Record) -> Key {
    let inputs = &record.inputs;
    (
        record.agent,
        inputs.observed.clone(),
        record.server.clone(),
        record.surface.clone(),
        record.name.clone(),
    )
}

/// What would have been refused in a window, newest first.
struct Seen {
    records: Vec<Record>,
    from: Timestamp,
    cut: bool,
}

impl Desk {
    /// What would have been refused while it was only watched.
    ///
    /// # Errors
    /// If the asker is not seated there, or the window is none.
    pub async fn observed(
        &self,
        who: &Who,
        client: &str,
        query: ObserveQuery,
    ) -> Result<ObserveView, DeskError> {
        let view = self.seat(who, client).await?;
        let at = self.now();
        let to = query.to.unwrap_or(at);
        let from = query.from.unwrap_or(to - WINDOW);
        if from >= to || to - from > LONGEST {
            let what = "the window is empty, or longer than ninety days";
            return Err(DeskError::bad("from", what, "Give two instants, `from` before `to`."));
        }
        let seen = self.seen(view.tenant, None, (from, to)).await?;
        let refused = u64::try_from(seen.records.len()).unwrap_or(u64::MAX);
        let state = &view.state;
        let mut rows: BTreeMap<Key, ObserveRow> = BTreeMap::new();
        for record in &seen.records {
            let row = rows.entry(key(record)).or_insert_with(|| first_row(state, record));
            row.count += 1;
            row.first = row.first.min(record.at);
            row.last = row.last.max(record.at);
        }
        let mut rows: Vec<ObserveRow> = rows.into_values().collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(row.count), row.first));
        rows.truncate(ROWS);
        Ok(ObserveView {
            client: show::client(state),
            at,
            observing: observing(state, at),
            from: seen.from,
            to,
            refused,
            rows,
            cut: seen.cut,
        })
    }

    /// Watches instead of blocking, until a day: asks for the signature.
    ///
    /// # Errors
    /// If the subject is not visible, the time is too long, or the actor may not.
    pub async fn set_observe(
        &self,
        who: &Who,
        client: &str,
        body: ObserveBody,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let wanted = ObservedSubject { agent: body.agent, group: body.group };
        let subject = subject(&view.state, &wanted)?;
        let command = Command::SetObserve { subject, until: body.until, reason: body.reason };
        self.done(view.tenant, who, command).await
    }

    /// Blocks again, at once.
    ///
    /// # Errors
    /// If it is not observed, or the actor may not.
    pub async fn end_observe(
        &self,
        who: &Who,
        client: &str,
        wanted: ObservedSubject,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let subject = subject(&view.state, &wanted)?;
        self.done(view.tenant, who, Command::EndObserve { subject }).await
    }

    /// Turns one row of the report into the smallest grant that would have allowed its calls: this agent, this thing, the
    /// values that were seen, as often as it was seen. Asks for the signature.
    ///
    /// # Errors
    /// If nothing of the kind was observed in the last seven days, or no grant would allow it.
    pub async fn propose_observed(
        &self,
        who: &Who,
        client: &str,
        body: ProposeBody,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let agent = resolve::agent(&view.state, &body.agent)?.described.agent;
        if let Some(why) = why_no_grant(&body.code) {
            return Err(DeskError::bad("code", why, "Propose another charter instead."));
        }
        let to = self.now();
        let seen = self.seen(view.tenant, Some(agent), (to - WINDOW, to)).await?;
        let wanted = |record: &&Record| {
            record.inputs.observed == body.code
                && record.server == body.server
                && record.surface == body.surface.word()
                && record.name == body.name
        };
        let of_row: Vec<&Record> = seen.records.iter().filter(wanted).collect();
        if of_row.is_empty() {
            return Err(DeskError::not_visible("observed call of", &body.name));
        }
        // The name in full: a record's own may be cut, and two that are cut alike are not the same.
        let (mut sent, mut names) = (Vec::new(), BTreeSet::new());
        for record in of_row.iter().take(SAMPLES) {
            let asked = self.sealed_ask(view.tenant, record).await?;
            names.insert(asked.name);
            sent.push(asked.arguments);
        }
        let (Some(name), true) = (names.pop_first(), names.is_empty()) else {
            let what = "several names look like this one";
            return Err(DeskError::bad("name", what, "Give the grant by hand."));
        };
        let (rules, only_named_arguments) = smallest::rules(&sent);
        let often = smallest::most_in_a_day(&of_row);
        let count = of_row.len();
        let reason = body.reason.unwrap_or_else(|| format!("Observed {count} times"));
        let grant = Grant {
            subject: Subject::Agent(agent),
            server: body.server,
            surface: body.surface,
            name,
            rules,
            only_named_arguments,
            window: None,
            limits: vec![Limit { count: often, per: Period::Day }],
            from: None,
            until: None,
            given_by: who.person,
            reason,
        };
        self.done(view.tenant, who, Command::GiveGrant(Box::new(grant))).await
    }

    /// What would have been refused in a window, newest first.
    async fn seen(
        &self,
        tenant: TenantId,
        agent: Option<AgentId>,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Seen, DeskError> {
        let mut seen = Seen { records: Vec::new(), from, cut: false };
        let mut before = None;
        loop {
            let filter = CallFilter {
                tenant: Some(tenant),
                agent,
                observed: true,
                since: Some(from),
                until: Some(to),
                before,
                limit: STEP,
                ..CallFilter::default()
            };
            let page = self.inner.parts.lake.page(filter).await?;
            seen.records.extend(page.calls.into_iter().map(|stored| stored.record));
            before = page.next;
            if before.is_none() {
                return Ok(seen);
            }
            if seen.records.len() >= LOOK {
                seen.cut = true;
                seen.from = seen.records.iter().map(|record| record.at).min().unwrap_or(from);
                return Ok(seen);
            }
        }
    }
}

fn first_row(state: &State, record: &Record) -> ObserveRow {
    let code = record.inputs.observed.clone();
    let why_not = why_no_grant(&code).map(str::to_owned);
    let grantable = why_not.is_none() && surface(&record.surface).is_some();
    let proposal = grantable.then(|| {
        format!(
            "{} may use {} {} on {}: with the values it was seen with, as often as it was seen.",
            state.agent_name(record.agent),
            record.surface,
            writ_model::text::quote(&record.name),
            record.server
        )
    });
    ObserveRow {
        code,
        words: record.detail.clone(),
        agent: record.agent,
        agent_name: state.agent_name(record.agent),
        server: record.server.clone(),
        surface: record.surface.clone(),
        name: record.name.clone(),
        count: 0,
        first: record.at,
        last: record.at,
        example: record.call,
        proposal,
        why_not,
    }
}

fn surface(word: &str) -> Option<Surface> {
    [Surface::Tool, Surface::Resource, Surface::Prompt].into_iter().find(|one| one.word() == word)
}

/// Why no new grant would allow what has this code, if none would.
fn why_no_grant(code: &str) -> Option<&'static str> {
    match code {
        "DENY-0010" | "DENY-0011" | "DENY-0012" => None,
        "DENY-0013" => Some("A grant covers it at other hours: give it again with these hours."),
        "DENY-0014" => Some("A grant covers it, less often: give it again with a higher limit."),
        "DENY-0015" => Some("A grant covered it and ended: give it again."),
        "DENY-0025" => {
            Some("The charter says that a person does this; a grant does not change that.")
        }
        "HOLD-0001" => {
            Some("The charter says that somebody says yes first; a grant does not change that.")
        }
        _ => Some("The charter decides this, not a grant: propose a charter that says otherwise."),
    }
}

fn subject(state: &State, wanted: &ObservedSubject) -> Result<Option<Subject>, DeskError> {
    match (&wanted.agent, &wanted.group) {
        (Some(_), Some(_)) => {
            let what = "an agent and a group were both given";
            Err(DeskError::bad("agent", what, "Give one of the two, or neither."))
        }
        (Some(agent), None) => {
            Ok(Some(Subject::Agent(resolve::agent(state, agent)?.described.agent)))
        }
        (None, Some(group)) => Ok(Some(Subject::Group(resolve::group(state, group)?))),
        (None, None) => Ok(None),
    }
}

fn observing(state: &State, now: Timestamp) -> Vec<ObservingRow> {
    let row = |subject: &Option<Subject>, one: &Observing| {
        let (kind, id, name) = match subject {
            Some(Subject::Agent(id)) => ("agent", id.to_string(), state.agent_name(*id)),
            Some(Subject::Group(id)) => ("group", id.to_string(), show::group(state, *id).name),
            None => ("client", state.tenant.to_string(), state.party_name().to_owned()),
        };
        ObservingRow {
            kind,
            id,
            name,
            until: one.until,
            since: one.at,
            by: show::by(state, one.by).name,
            reason: one.reason.clone(),
            holds: now < one.until,
        }
    };
    state.observing.iter().map(|(subject, one)| row(subject, one)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_grant_gets_past_the_charter() {
        assert!(why_no_grant("DENY-0011").is_none());
        for code in ["DENY-0023", "DENY-0024", "DENY-0025", "HOLD-0001", "DENY-0014"] {
            assert!(why_no_grant(code).is_some(), "{code}");
        }
    }
}
