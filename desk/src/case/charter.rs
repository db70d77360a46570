//! The charter: what is in force, what waits, its versions; signing it, taking it back, suspending what it delegates.
//!
//! Never here: what a clause means (`writ_charter`), who may do what (`authority`).
//! To add a question about it: a method here or in the file of its noun below, its endpoint in
//! `api/clients/charter/`.

use serde::Deserialize;
use writ_authority::{Command, State};
use writ_model::{CharterId, Digest, Side, Timestamp};

use super::show;
use crate::{
    Desk, DeskError, Who,
    view::{
        Acted, CatalogRow, CatalogView, CharterView, DraftView, FreezeRow, SuspensionRow,
        VersionView,
    },
};

mod compare;
pub(crate) mod draft;
mod letter;
mod names;
mod paper;
mod rows;
pub(crate) mod versions;

pub(super) use names::named;
pub(super) use rows::inherited;
pub(crate) use versions::{Found, Which};

/// The draft that is to be signed: what was read, by its digest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharterToSign {
    /// Which.
    pub charter: CharterId,
    /// SHA-256 of its canonical text, as it was shown.
    pub digest: Digest,
}

impl Desk {
    /// The decisions that can be delegated.
    pub fn catalog() -> CatalogView {
        let rows = writ_charter::catalog().iter();
        CatalogView {
            version: writ_charter::CATALOG_VERSION,
            actions: rows.map(|one| CatalogRow { action: one.clone(), own: false }).collect(),
        }
    }

    /// Everything about a client's charter.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn charter(&self, who: &Who, client: &str) -> Result<CharterView, DeskError> {
        let view = self.seat(who, client).await?;
        let state = &view.state;
        let shelf = self.shelf().await?;
        let in_force = versions::in_force(state).map(|found| found.view(state, &shelf));
        let draft = versions::draft(state).map(|found| DraftView {
            changes: compare::changes(versions::in_force(state).as_ref(), &found),
            version: found.view(state, &shelf),
        });
        Ok(CharterView {
            client: show::client(state),
            notes: notes(state, self.now()),
            in_force,
            draft,
            versions: versions::all(state).iter().map(Found::row).collect(),
            suspended: suspended(state),
            frozen: frozen(state),
            templates: shelf.rows(),
        })
    }

    /// One version, whole: by its number, or `draft`.
    ///
    /// # Errors
    /// If there is no such version, or the asker is not seated there.
    pub async fn charter_version(
        &self,
        who: &Who,
        client: &str,
        version: &str,
    ) -> Result<VersionView, DeskError> {
        let view = self.seat(who, client).await?;
        let found = versions::find(&view.state, &Which::parse(version)?)?;
        Ok(found.view(&view.state, &self.shelf().await?))
    }

    /// Signs the draft for one's own party. The signing carries the whole charter, so that what is read is what is
    /// signed; with every party's signature it is in force.
    ///
    /// # Errors
    /// If the draft is not this one any more, or the actor may not.
    pub async fn sign_charter(
        &self,
        who: &Who,
        client: &str,
        body: CharterToSign,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let draft = view.state.draft.as_ref();
        let draft = draft.filter(|draft| draft.charter.charter == body.charter);
        let draft = draft.ok_or_else(|| {
            DeskError::not_visible("draft of a charter", &body.charter.to_string())
        })?;
        if draft.digest != body.digest {
            let what = "the draft is not the one that was read any more";
            return Err(DeskError::bad("digest", what, "Read it again, then sign what it is now."));
        }
        let charter = Box::new(draft.charter.as_ref().clone());
        self.done(view.tenant, who, Command::SignCharter { charter }).await
    }

    /// Takes the draft back.
    ///
    /// # Errors
    /// If there is none, or the actor may not.
    pub async fn withdraw_charter(
        &self,
        who: &Who,
        client: &str,
        reason: String,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let draft = view.state.draft.as_ref();
        let draft = draft.ok_or_else(|| DeskError::not_visible("draft of a charter", "draft"))?;
        let command = Command::WithdrawCharter { charter: draft.charter.charter, reason };
        self.done(view.tenant, who, command).await
    }

    /// Suspends a clause, or everything that the charter delegates, at once: either party alone.
    ///
    /// # Errors
    /// If there is no such clause, it is suspended by this party already, or the actor may not.
    pub async fn suspend_delegation(
        &self,
        who: &Who,
        client: &str,
        clause: Option<String>,
        reason: String,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        self.done(view.tenant, who, Command::SuspendDelegation { clause, reason }).await
    }

    /// Resumes what one's own party has suspended.
    ///
    /// # Errors
    /// If it has suspended no such thing, or the actor may not.
    pub async fn resume_delegation(
        &self,
        who: &Who,
        client: &str,
        clause: Option<String>,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        self.done(view.tenant, who, Command::ResumeDelegation { clause }).await
    }
}

fn suspended(state: &State) -> Vec<SuspensionRow> {
    let clauses = state.charter.as_ref().map(|now| now.charter.clauses.as_slice());
    let title = |key: &String| {
        let found = clauses.unwrap_or_default().iter().find(|one| one.key == *key);
        found.map(|one| one.title.clone())
    };
    let rows = state.suspensions.values().map(|stop| SuspensionRow {
        title: stop.clause.as_ref().and_then(title),
        clause: stop.clause.clone(),
        side: stop.side,
        by: show::by(state, stop.person),
        at: stop.at,
        reason: stop.reason.clone(),
        line: stop.line,
    });
    rows.collect()
}

/// Which parties have frozen everything.
pub(crate) fn frozen(state: &State) -> Vec<FreezeRow> {
    let rows = state.freezes.values().map(|stop| FreezeRow {
        side: stop.side,
        by: show::by(state, stop.person),
        at: stop.at,
        reason: stop.reason.clone(),
        line: stop.line,
    });
    rows.collect()
}

/// What is wrong, or soon due, one sentence each.
fn notes(state: &State, now: Timestamp) -> Vec<String> {
    let mut out = Vec::new();
    match &state.charter {
        None => out
            .push("No charter is in force: nothing acts here until both parties sign one.".into()),
        Some(one) => {
            let charter = &one.charter;
            if charter.from.is_some_and(|from| now < from) {
                out.push(
                    "The charter is signed, and its time has not come yet: nothing acts.".into(),
                );
            }
            if charter.until.is_some_and(|until| now >= until) {
                out.push("The charter is over: nothing acts until a new one is signed.".into());
            }
            if charter.review_by.is_some_and(|by| now >= by) {
                out.push("The charter is due for a review.".into());
            }
        }
    }
    for stop in state.freezes.values() {
        out.push(format!("The {} has frozen everything here.", side(stop.side)));
    }
    if let Some(found) = versions::draft(state) {
        for one in found.missing(state).iter().filter(|one| one.who.is_empty()) {
            out.push(format!(
                "Nobody of the {} can sign the draft: it has no owner with a passkey.",
                side(one.side)
            ));
        }
    }
    out
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Provider => "provider",
        Side::Client => "client",
    }
}
