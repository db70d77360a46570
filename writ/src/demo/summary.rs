//! The demo's summary: what was measured and checked, and whether all of it held.
//!
//! Never here: a value that was not measured. To add one: a field, its check in [`Summary::failures`], its place in
//! [`Summary::document`].

use serde_json::{Value, json};

use super::{
    asking::Asked,
    kill::Measured,
    origins::Followed,
    proof::{Ledgers, Upstream},
    rehearsing::{Checked, Rehearsed},
    watching::Watched,
};

/// What was measured and checked.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The activation without an auditor was refused.
    pub activation_refused: bool,
    /// Calls that agents made and that were answered.
    pub calls_permitted: u64,
    /// Calls that agents made and that were refused.
    pub calls_denied: u64,
    /// Calls cut off or not sent any more when the agent was ended.
    pub calls_lost: u64,
    /// The refused call, decided again from its record, came out the same.
    pub explained_same: bool,
    /// What came of the poisoned mail with the grant wide open.
    pub followed: Followed,
    /// Lists showed exactly what the agent may call.
    pub lists_filtered: bool,
    /// What came of the call that was asked for first.
    pub asked: Asked,
    /// What came of the day that was only watched.
    pub watched: Watched,
    /// What the drill measured.
    pub rehearsed: Rehearsed,
    /// Whether charters and enforcement fit.
    pub charter: Checked,
    /// What the end of the agent measured.
    pub kill: Measured,
    /// What was tried with the ended agent's key, and whether it was refused.
    pub after: Vec<(&'static str, bool)>,
    /// What the tool servers received.
    pub upstream: Upstream,
    /// What the exported ledgers hold.
    pub ledgers: Ledgers,
    /// Receipts of one client that verified against its book.
    pub receipts_verified: u64,
    /// Lines that the slowest witness had not seen at the end.
    pub witness_lag_lines: u64,
    /// Fingerprint of the bookshop's root of trust.
    pub root_fingerprint: String,
    /// Ledgers there are, the provider's included.
    pub tenants: u64,
    /// From the first command to here.
    pub elapsed_ms: u64,
    /// Where the store, the exports and `upstream.ndjson` are.
    pub folder: String,
}

impl Summary {
    /// What did not hold; empty if everything did.
    pub fn failures(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut need = |held: bool, what: String| {
            if !held {
                out.push(what);
            }
        };
        need(self.activation_refused, "the early activation was not refused".to_owned());
        need(self.calls_permitted > 0, "no call was permitted".to_owned());
        need(self.calls_denied > 0, "no call was denied".to_owned());
        need(self.explained_same, "the refused call was not decided the same again".to_owned());
        need(self.lists_filtered, "a list showed what the agent may not call".to_owned());
        self.charter_failures(&mut need);
        self.origin_failures(&mut need);
        let complete = self.kill.receipt.get("complete") == Some(&Value::Bool(true));
        need(complete, "the receipt of the ending is not complete".to_owned());
        need(self.kill.kill_ms() < 1000.0, format!("ending took {} ms", self.kill.kill_ms()));
        for (what, refused) in &self.after {
            need(*refused, format!("after the end: {what} was not refused"));
        }
        let Upstream { calls, to_stranger, over_limit, cut } = self.upstream;
        need(to_stranger == 0, "a tool server received the stranger's address".to_owned());
        need(over_limit == 0, "a tool server received a payment above the limit".to_owned());
        need(cut > 0, "no tool server saw the stream cut".to_owned());
        // A call that was under way when the agent was ended may have reached its server, and is no permitted one.
        let (least, most) = (self.calls_permitted, self.calls_permitted + self.calls_lost + 1);
        need(
            (least..=most).contains(&calls),
            format!("tool servers received {calls} calls, {least} were permitted"),
        );
        need(self.ledgers.verified == self.tenants, "not every ledger verified".to_owned());
        need(self.ledgers.change_found, "a changed letter in an export was not found".to_owned());
        need(self.receipts_verified > 0, "no receipt verified".to_owned());
        let lag = self.witness_lag_lines;
        need(lag == 0, format!("a witness has not seen the last {lag} lines"));
        let decided = self.calls_permitted + self.calls_denied;
        need(
            self.ledgers.records >= decided,
            format!("{decided} calls were decided and {} are sealed", self.ledgers.records),
        );
        out
    }

    /// What did not hold of values that others wrote.
    fn origin_failures(&self, need: &mut dyn FnMut(bool, String)) {
        let Followed { stopped, said, explained_same, reads_untouched, honest_sent, refused } =
            self.followed;
        need(stopped, "what the poisoned mail orders was not stopped by origin".to_owned());
        need(said, "why it waits does not name the value and where it was read".to_owned());
        need(explained_same, "the held call was not decided the same again".to_owned());
        need(reads_untouched, "a call that only reads was stopped".to_owned());
        need(honest_sent, "an honest answer did not go".to_owned());
        need(refused, "after a person's no it was not refused".to_owned());
    }

    /// What did not hold of charters, approvals, watching and drills.
    fn charter_failures(&self, need: &mut dyn FnMut(bool, String)) {
        let Self { asked, watched, rehearsed, charter, .. } = self;
        need(charter.clauses > 0, "no clause is in force".to_owned());
        let loose = charter.orphans;
        need(loose == 0, format!("{loose} loose ends between charters and enforcement"));
        let times = asked.executed;
        need(times == 1, format!("the approved payment was made {times} times"));
        need(asked.altered_refused, "an altered payment was not refused".to_owned());
        need(asked.used_once, "an approval was good for more than one call".to_owned());
        let blocked = watched.blocked;
        need(blocked == 0, format!("{blocked} calls were blocked while only watched"));
        need(watched.would_refuse > 0, "the report of the watched day is empty".to_owned());
        need(watched.same, "enforcement refused something else than the report said".to_owned());
        need(
            watched.refuse_binds,
            "a clause that refuses did not bind the provider's owner".to_owned(),
        );
        need(rehearsed.held, "the drill did not pass".to_owned());
        let drill = rehearsed.total_us;
        need(drill <= 1_000_000, format!("the drill took {drill} µs"));
    }

    /// The document that `--json` prints last.
    pub fn document(&self) -> Value {
        let failures = self.failures();
        let mut document = json!({
            "activation_refused": self.activation_refused,
            "calls_permitted": self.calls_permitted,
            "calls_denied": self.calls_denied,
            "kill_ms": self.kill.kill_ms(),
            "ledger_verified": self.ledgers.verified == self.tenants && self.ledgers.change_found,
            "elapsed_ms": self.elapsed_ms,
            "charter_clauses": self.charter.clauses,
            "charter_points": self.charter.points,
            "charter_orphans": self.charter.orphans,
            "held_executed": self.asked.executed,
            "altered_refused": self.asked.altered_refused,
            "approval_used_once": self.asked.used_once,
            "observe_blocked": self.watched.blocked,
            "observe_would_refuse": self.watched.would_refuse,
            "observe_same": self.watched.same,
            "refuse_binds": self.watched.refuse_binds,
            "drill_us": self.rehearsed.total_us,
            "drill_end_us": self.rehearsed.end_us,
            "drill_held": self.rehearsed.held,
            "drill_steps": self.rehearsed.steps,
            "tenants": self.tenants,
            "agents": super::world::AGENTS.len(),
            "calls_lost": self.calls_lost,
            "calls_received_upstream": self.upstream.calls,
            "denied_received_upstream": self.upstream.to_stranger + self.upstream.over_limit,
            "explained_same": self.explained_same,
            "lists_filtered": self.lists_filtered,
            "kill": {
                "stream_cut_us": self.kill.stream_cut_us,
                "first_refused_us": self.kill.first_refused_us,
                "last_permitted_us": self.kill.last_permitted_us,
                "receipt": self.kill.receipt,
            },
            "refused_after_end":
                self.after.iter().map(|(what, refused)| json!({"what": what, "refused": refused}))
                    .collect::<Vec<_>>(),
            "ledger_lines": self.ledgers.lines,
            "records_sealed": self.ledgers.records,
            "receipts_verified": self.receipts_verified,
            "witness_lag_lines": self.witness_lag_lines,
            "root_fingerprint": self.root_fingerprint,
            "change_found": self.ledgers.change_found,
            "data": self.folder,
            "held": failures.is_empty(),
            "failures": failures,
        });
        if let (Some(all), Value::Object(more)) = (document.as_object_mut(), self.origins()) {
            all.extend(more);
        }
        document
    }

    /// The part about values that others wrote.
    fn origins(&self) -> Value {
        json!({
            "origin_stopped": self.followed.stopped,
            "origin_said": self.followed.said,
            "origin_explained_same": self.followed.explained_same,
            "origin_reads_untouched": self.followed.reads_untouched,
            "origin_honest_sent": self.followed.honest_sent,
            "origin_refused": self.followed.refused,
        })
    }
}
