//! The scene of a drill: the end of an agent rehearsed on a shadow of it, timed, and verified from its file alone; and
//! whether charters and enforcement fit.
//!
//! Never here: a step of the drill (`writ_desk` takes them). To rehearse one more ending: a call in [`Story::rehearsing`].

use serde_json::{Value, json};

use super::{servers::CLIENTS, stage::text, story::Story, world::ASTRAY};
use crate::{
    book::{drill, verify::Insist},
    fault::Fault,
};

/// Whose end is rehearsed.
const REHEARSED: &str = "shelf-keeper";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed {
    /// Microseconds from the beginning of the drill to its end.
    pub total_us: u64,
    /// Microseconds from the decision until it was refused everywhere.
    pub end_us: u64,
    /// Every step came out as it must, and its file verified.
    pub held: bool,
    /// Its steps, as the desk shows them.
    pub steps: Value,
}

/// What a check of all charters found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Clauses in force.
    pub clauses: u64,
    /// Points that act.
    pub points: u64,
    /// Loose ends: none is right.
    pub orphans: u64,
}

impl Story<'_> {
    /// Rehearses at the bookshop.
    ///
    /// # Errors
    /// If the desk refuses, or the file of the drill does not verify.
    pub(super) async fn rehearsing(&self) -> Result<Rehearsed, Fault> {
        let (api, base) = (self.stage.api()?, format!("/api/v1/clients/{}", ASTRAY.0));
        let done = api.post(&format!("{base}/drills"), &json!({"agent": REHEARSED})).await?;
        let number = |name: &str| done.get(name).and_then(Value::as_u64).unwrap_or(u64::MAX);
        let (total_us, end_us) = (number("total_us"), number("end_us"));
        let path = format!("{base}/drills/{}/file", text(&done, "drill"));
        let file = api.get(&path).await?.to_string();
        let checkpoint = api.get(&format!("{base}/ledger/checkpoint")).await?;
        let key = text(&checkpoint, "verifier_key");
        let insist = Insist { key: Some(&key), ..Insist::default() };
        let verified = drill::verify(file.as_bytes(), &insist)?;
        let held =
            text(&done, "state") == "passed" && verified.get("passed") == Some(&Value::Bool(true));
        let ms = |us: u64| f64::from(u32::try_from(us).unwrap_or(u32::MAX)) / 1000.0;
        self.tell(&format!(
            "\nA drill: a shadow of `{REHEARSED}` goes astray and is ended. Refused everywhere {:.1} ms after the",
            ms(end_us)
        ));
        self.tell(&format!(
            "decision, {:.0} ms in all, every step in the ledger; its file verifies by itself.",
            ms(total_us)
        ));
        let steps = done.get("steps").cloned().unwrap_or_default();
        Ok(Rehearsed { total_us, end_us, held, steps })
    }

    /// Whether every clause is enforced, and everything that acts stands on a clause, at every client.
    ///
    /// # Errors
    /// If the desk refuses.
    pub(super) async fn checking(&self) -> Result<Checked, Fault> {
        let (api, mut sum) = (self.stage.api()?, Checked::default());
        for seed in &CLIENTS {
            let found = api.get(&format!("/api/v1/clients/{}/charter/check", seed.slug)).await?;
            let count = |name: &str| found.get(name).and_then(Value::as_u64).unwrap_or(u64::MAX);
            sum.clauses = sum.clauses.saturating_add(count("clauses"));
            sum.points = sum.points.saturating_add(count("points"));
            sum.orphans = sum.orphans.saturating_add(count("orphans"));
            for row in found.get("found").and_then(Value::as_array).into_iter().flatten() {
                tracing::warn!(client = seed.slug, %row, "a loose end");
            }
        }
        self.tell(&format!(
            "Charters checked: {} clauses, {} points that act, {} loose ends.",
            sum.clauses, sum.points, sum.orphans
        ));
        Ok(sum)
    }
}
