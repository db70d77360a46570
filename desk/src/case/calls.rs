//! Decided calls: pages, one call with its seal, and the live stream.

use futures_util::{Stream, stream};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use writ_authority::State;
use writ_evidence::{leaf_hash, seal};
use writ_lake::{CallFilter, Record, Stored};
use writ_model::{CallId, Digest, TenantId, ocsf::Disposition};
use writ_store::View;

use super::{resolve, show};
use crate::{
    Desk, DeskError, Who,
    view::{CallPage, CallRow, CallView, SealView},
};

/// LIMIT: calls on one page unless fewer are asked for.
const PAGE: usize = 100;

/// Which calls.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallQuery {
    /// Only of this client, by id or short name.
    #[serde(default)]
    pub client: Option<String>,
    /// Only of this agent, by id or name; its client must be given too.
    #[serde(default)]
    pub agent: Option<String>,
    /// Only with this effect: `allowed`, `blocked` or `errored`.
    #[serde(default)]
    pub effect: Option<Disposition>,
    /// Only older than this `place`.
    #[serde(default)]
    pub before: Option<i64>,
    /// At most so many; 100 if it is left out, 500 at most.
    #[serde(default)]
    pub limit: Option<usize>,
}

impl Desk {
    /// A page of calls, newest first, at the clients the asker is seated at.
    ///
    /// # Errors
    /// If the client or agent named is not visible.
    pub async fn calls(&self, who: &Who, query: &CallQuery) -> Result<CallPage, DeskError> {
        let mut filter = CallFilter {
            effect: query.effect,
            before: query.before,
            limit: query.limit.unwrap_or(PAGE),
            ..CallFilter::default()
        };
        if let Some(client) = &query.client {
            let view = self.seat(who, client).await?;
            filter.tenant = Some(view.tenant);
            if let Some(agent) = &query.agent {
                filter.agent = Some(resolve::agent(&view.state, agent)?.described.agent);
            }
        } else if query.agent.is_some() {
            let what = "an agent is named without its client";
            return Err(DeskError::bad("client", what, "Name the client too."));
        }
        let page = self.inner.parts.lake.page(filter).await?;
        let mut calls = Vec::with_capacity(page.calls.len());
        for stored in &page.calls {
            let Ok(view) = self.tenants().view(stored.record.tenant).await else { continue };
            if crate::desk::seated(&view.state, who) {
                calls.push(row(&view.state, stored.place, &stored.record));
            }
        }
        Ok(CallPage { calls, next: page.next })
    }

    /// One call, with what its decision stood on and where it is sealed.
    ///
    /// # Errors
    /// If it is not visible.
    pub async fn call(&self, who: &Who, client: &str, call: &str) -> Result<CallView, DeskError> {
        let view = self.seat(who, client).await?;
        let stored = self.stored(&view, call).await?;
        let record = &stored.record;
        Ok(CallView {
            row: row(&view.state, stored.place, record),
            gateway: record.gateway,
            boot: record.boot,
            seq: record.seq,
            tree_size: record.inputs.tree_size,
            engine: record.inputs.engine.clone(),
            grant_said: record.grant.and_then(|id| show::grant_said(&view.state, id)),
            ocsf: serde_json::from_slice(&record.ocsf).unwrap_or_default(),
            record: String::from_utf8_lossy(&record.ocsf).into_owned(),
            seal: self.seal_of(view.tenant, record).await?,
        })
    }

    /// New calls at the clients the asker is seated at, as they are recorded, for as long as their session lasts and they
    /// have a seat. A reader that is too slow misses some and is not told; the page is the truth.
    pub fn live_calls(&self, who: Who) -> impl Stream<Item = CallRow> + Send + use<> {
        let (desk, receiver) = (self.clone(), self.inner.parts.lake.subscribe());
        stream::unfold((desk, receiver), move |(desk, mut receiver)| async move {
            loop {
                let record = match receiver.recv().await {
                    Ok(record) => record,
                    Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => return None,
                };
                if !desk.still_in(&who).await {
                    return None;
                }
                let Ok(view) = desk.tenants().view(record.tenant).await else { continue };
                if crate::desk::seated(&view.state, &who) {
                    return Some((row(&view.state, 0, &record), (desk, receiver)));
                }
            }
        })
    }

    /// A call's record.
    pub(crate) async fn stored(&self, view: &View<State>, call: &str) -> Result<Stored, DeskError> {
        let none = || DeskError::not_visible("call", call);
        let id: CallId = call.parse().map_err(|_bad| none())?;
        self.inner.parts.lake.call(view.tenant, id).await?.ok_or_else(none)
    }

    async fn seal_of(
        &self,
        tenant: TenantId,
        record: &Record,
    ) -> Result<Option<SealView>, DeskError> {
        let Some((seal, leaves)) = self.inner.parts.lake.seal_of(tenant, record.call).await? else {
            return Ok(None);
        };
        let batch = &seal.batch;
        let index = record.seq.saturating_sub(batch.first);
        let path: Vec<Digest> = seal::batch_proof(&leaves, index).unwrap_or_default();
        Ok(Some(SealView {
            line: seal.line,
            range: (batch.first, batch.last),
            root: batch.root,
            index,
            leaf: leaf_hash(&record.ocsf),
            path,
        }))
    }
}

pub(super) fn row(state: &State, place: i64, record: &Record) -> CallRow {
    CallRow {
        client: show::client(state),
        call: record.call,
        place,
        at: record.at,
        agent: record.agent,
        agent_name: state.agent_name(record.agent),
        instance: record.instance,
        server: record.server.clone(),
        method: record.method.clone(),
        surface: record.surface.clone(),
        name: record.name.clone(),
        effect: record.effect,
        code: record.code.clone(),
        detail: record.detail.clone(),
        grant: record.grant,
        clauses: super::story::keys(record),
        charter: Some(record.inputs.charter).filter(|version| *version > 0),
        observed: Some(record.inputs.observed.clone()).filter(|code| !code.is_empty()),
        hold: record.inputs.hold,
        latency_us: record.latency_us,
    }
}
