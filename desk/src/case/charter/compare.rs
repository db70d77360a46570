//! What lies between two versions, in words; whether the one in force is enforced everywhere.

use writ_authority::{State, trace};
use writ_charter::diff;

use super::{super::show, Found, Which, versions};
use crate::{
    Desk, DeskError, Who,
    view::{ChangeRow, DiffView, OrphanRow, TraceRow, TraceView},
};

/// What changes from one to the other.
pub(super) fn changes(old: Option<&Found>, new: &Found) -> Vec<ChangeRow> {
    let old = old.map(|one| one.charter.as_ref());
    diff(old, &new.charter).into_iter().map(ChangeRow::from).collect()
}

impl Desk {
    /// What changes between two versions: from what is in force to the draft, unless others are named.
    ///
    /// # Errors
    /// If there is no such version, or the asker is not seated there.
    pub async fn charter_diff(
        &self,
        who: &Who,
        client: &str,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<DiffView, DeskError> {
        let view = self.seat(who, client).await?;
        let state = &view.state;
        let to = to.map(Which::parse).transpose()?.unwrap_or(Which::Newest);
        let to = versions::find(state, &to)?;
        let from = match from {
            Some(name) => Some(versions::find(state, &Which::parse(name)?)?),
            None => before(state, &to),
        };
        Ok(DiffView {
            client: show::client(state),
            changes: changes(from.as_ref(), &to),
            from: from.as_ref().map(Found::row),
            to: to.row(),
        })
    }

    /// Whether every clause in force is enforced, and everything that acts stands on one.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn charter_check(&self, who: &Who, client: &str) -> Result<TraceView, DeskError> {
        let view = self.seat(who, client).await?;
        let state = &view.state;
        let trace = trace::check(state, &trace::points(state));
        let orphan = |one: &trace::Orphan| OrphanRow {
            what: one.what.clone(),
            why: one.why.clone(),
            cure: one.cure.clone(),
        };
        let row = |one: &trace::Row| TraceRow {
            clause: one.clause.clone(),
            title: one.title.clone(),
            enforced_by: one.points.clone(),
        };
        Ok(TraceView {
            client: show::client(state),
            version: versions::in_force(state).as_ref().map(Found::row),
            clauses: trace.clauses,
            points: trace.points,
            orphans: u64::try_from(trace.orphans.len()).unwrap_or(u64::MAX),
            found: trace.orphans.iter().map(orphan).collect(),
            rows: trace.rows.iter().map(row).collect(),
        })
    }
}

/// The version that stood before this one.
fn before(state: &State, this: &Found) -> Option<Found> {
    let older = |one: &Found| one.charter.version < this.charter.version;
    versions::all(state).into_iter().find(older)
}
