//! What could not be told, as decisions waiting: messages that were given up, ways that are closed.
//!
//! Never here: an address, or what a message said.

use std::collections::BTreeMap;

use writ_authority::{
    State,
    queue::{Ask, Waiting},
};
use writ_model::{Side, Span, Timestamp};
use writ_store::{
    View,
    outbox::{MAX_ROWS, Row, Stage},
};

use super::{Notifier, Way};
use crate::{Desk, DeskError};

/// How long a message that was given up is shown: over a weekend.
const SHOWN: Span = Span::days(3);
/// LIMIT: reasons named for one way.
const WHY: usize = 3;
const STANDS: &str =
    "What it spoke of stands in Writ; whoever does not look there does not learn of it.";

impl Desk {
    /// What could not be told at a client.
    pub(crate) async fn undelivered(
        &self,
        view: &View<State>,
        at: Timestamp,
    ) -> Result<Vec<Waiting>, DeskError> {
        let Some(notifier) = self.notifier() else { return Ok(Vec::new()) };
        let mut out = closed(notifier, &view.state, at).await?;
        let rows = notifier.outbox().rows(view.tenant, MAX_ROWS).await?;
        let mut given_up: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in rows {
            let recent = row.ended.is_some_and(|ended| ended + SHOWN > at);
            if row.stage == Stage::GivenUp && recent {
                let way = notifier.way(&row.channel).map(Way::title);
                given_up.entry(way.unwrap_or_else(|| "mail".to_owned())).or_default().push(row);
            }
        }
        out.extend(given_up.into_iter().map(|(way, rows)| lost(&way, &rows, at)));
        Ok(out)
    }
}

fn item(name: &str, since: Timestamp, what: String, why: Vec<String>, cure: &str) -> Waiting {
    Waiting {
        ask: Ask::Undelivered,
        agent: None,
        hold: None,
        name: name.to_owned(),
        since,
        deadline: None,
        what,
        why,
        otherwise: STANDS.to_owned(),
        cure: vec![cure.to_owned()],
    }
}

/// Messages of one way that were given up.
fn lost(way: &str, rows: &[Row], at: Timestamp) -> Waiting {
    let since = rows.iter().filter_map(|row| row.ended).min().unwrap_or(at);
    let count = rows.len();
    let what = if count == 1 {
        format!("A message by {way} could not be delivered")
    } else {
        format!("{count} messages by {way} could not be delivered")
    };
    let mut why: Vec<String> = rows.iter().filter_map(|row| row.why.clone()).collect();
    why.dedup();
    why.truncate(WHY);
    let cure = "Look at the client's notifications, have the way repaired, and send a test.";
    item(way, since, what, why, cure)
}

async fn closed(
    notifier: &Notifier,
    state: &State,
    at: Timestamp,
) -> Result<Vec<Waiting>, DeskError> {
    let closed = notifier.closed().await?;
    let slug = state.founded.as_ref().map(|line| line.slug.clone()).unwrap_or_default();
    // One that serves every client is said once, to the provider, who alone can repair it.
    let own = state.own_side() == Some(Side::Provider);
    let here = |way: &Way| way.client.as_deref() == Some(&slug) || (way.client.is_none() && own);
    let ways = notifier.ways_of(&slug).into_iter().filter(|(_, way)| here(way));
    let found = ways.filter_map(|(channel, way)| Some((way, closed.get(&channel)?)));
    Ok(found
        .map(|(way, why)| {
            let title = way.title();
            let what = format!("Nothing goes out by {title} any more: the way is closed");
            let cure = "Have the operator change its address in writ.toml, or remove it there.";
            item(&title, at, what, vec![why.clone()], cure)
        })
        .collect())
}
