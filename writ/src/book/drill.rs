//! `writ drill verify FILE`: one rehearsed ending, verified from its file alone: what began it, what ended the shadow, and
//! the result stand in the signed log; the sums are made again from the steps.
//!
//! Never here: a server, a clock, or a figure that was not recomputed. That the clock of the server was right is said not
//! to be checked. To check one more thing: a function below, called in [`verify`].

use serde_json::{Value, json};
use writ_authority::{Entry, Fact, fact::DrillResult};
use writ_desk::view::{DRILL_FILE, DrillFile};
use writ_model::{
    Actor, Code,
    json::{self, Limits},
};

use super::{
    proven::{CONTRADICTS, Log, broken, held},
    receipt::MAX_FILE,
    verify::{Insist, cosigned, witness_keys},
};
use crate::fault::Fault;

/// The file is none, or not of a version this build knows.
const NO_DRILL: Code = Code("EVID-0019");
/// Our own mark: refused everywhere within a second of the decision.
const OURS_US: u64 = 1_000_000;
/// The industry's mark: a minute.
const MARK_US: u64 = 60_000_000;

/// Verifies a drill's file; the answer says what was found true, and what was not looked at.
///
/// # Errors
/// [`crate::fault::Exit::Unverified`] with the rule that does not hold.
pub fn verify(bytes: &[u8], insist: &Insist<'_>) -> Result<Value, Fault> {
    let file = read(bytes)?;
    let log = Log {
        tenant: file.tenant,
        origin: &file.origin,
        founding: &file.founding,
        moved: file.moved.as_ref(),
        checkpoint: &file.checkpoint,
        size: file.size,
    };
    let (checkpoint, note) = log.checked(insist)?;
    let done = held(&file.line, &checkpoint)?;
    same_result(&file, &done)?;
    let begun = held(&file.begun, &checkpoint)?;
    same_drill(&file, &begun)?;
    let mut ended = Vec::new();
    for line in &file.ended {
        if line.index <= file.begun.index || line.index >= file.line.index {
            return Err(broken(CONTRADICTS, "an ending stands outside of the drill"));
        }
        ended.push(held(line, &checkpoint)?);
    }
    ends_the_shadow(&file.result, &ended)?;
    adds_up(&file.result)?;
    let result = &file.result;
    let keys = witness_keys(insist.witnesses)?;
    Ok(json!({
        "verified": true,
        "drill": result.drill,
        "agent": result.agent,
        "shadow": result.shadow,
        "live": result.live,
        "passed": result.passed,
        "notice_us": result.notice_us,
        "end_us": result.end_us,
        "total_us": result.total_us,
        "within_ours": result.end_us <= OURS_US,
        "within_mark": result.end_us <= MARK_US,
        "gateways": result.gateways,
        "steps": result.steps.len(),
        "begun_at": begun.at,
        "done_at": done.at,
        "begun_line": file.begun.index,
        "line": file.line.index,
        "tenant": file.tenant,
        "size": file.size,
        "witnesses": cosigned(&note, &keys),
        "not_checked": not_checked(insist),
    }))
}

fn not_checked(insist: &Insist<'_>) -> Vec<&'static str> {
    let mut out = vec!["That the server's own clock measured right."];
    if insist.key.is_none() {
        out.push(
            "That the ledger's key is the right one: it is the one that the ledger itself names (--key).",
        );
    }
    if insist.witnesses.is_empty() {
        out.push("That nobody was shown another history: no witness was asked for (--witness).");
    }
    out
}

fn read(bytes: &[u8]) -> Result<DrillFile, Fault> {
    json::parse(bytes, &Limits { bytes: MAX_FILE, ..Limits::REQUEST })
        .map_err(|why| broken(NO_DRILL, format!("this is no drill's file: {why}")))?;
    let file: DrillFile = serde_json::from_slice(bytes)
        .map_err(|why| broken(NO_DRILL, format!("this is no drill's file: {why}")))?;
    if file.v != DRILL_FILE {
        let what = format!("drill files of version {} are not known to this build", file.v);
        return Err(broken(NO_DRILL, what));
    }
    Ok(file)
}

/// The result is the one in the ledger's line, written by the server itself.
fn same_result(file: &DrillFile, done: &Entry) -> Result<(), Fault> {
    let itself = matches!(done.actor, Actor::System { .. });
    match &done.fact {
        Fact::DrillDone(result) if itself && **result == file.result => Ok(()),
        _ => {
            let what = format!("line {} does not hold this result", file.line.index);
            Err(broken(CONTRADICTS, what))
        }
    }
}

/// The line that began it is of the same drill, the same agent and the same shadow, and came before.
fn same_drill(file: &DrillFile, begun: &Entry) -> Result<(), Fault> {
    let result = &file.result;
    match &begun.fact {
        Fact::DrillBegun { drill, agent, shadow, .. }
            if *drill == result.drill
                && *agent == result.agent
                && *shadow == result.shadow
                && file.begun.index < file.line.index =>
        {
            Ok(())
        }
        _ => {
            let what = format!("line {} does not begin this drill", file.begun.index);
            Err(broken(CONTRADICTS, what))
        }
    }
}

/// The shadow was ended, by a line of the ledger; of a drill that passed, every gateway said so.
fn ends_the_shadow(result: &DrillResult, ended: &[Entry]) -> Result<(), Fault> {
    let (mut ends, mut confirmed) = (0_u32, 0_u32);
    for entry in ended {
        match &entry.fact {
            Fact::AgentTerminated { agent, .. } if *agent == result.shadow => ends += 1,
            Fact::TerminationConfirmed(confirmation) if confirmation.agent == result.shadow => {
                confirmed += 1;
            }
            _ => return Err(broken(CONTRADICTS, "a line of another agent is given as an ending")),
        }
    }
    if result.passed && (ends == 0 || confirmed < result.gateways) {
        return Err(broken(CONTRADICTS, "no line ends the shadow at every gateway"));
    }
    Ok(())
}

/// What the result says in sum follows from its steps.
fn adds_up(result: &DrillResult) -> Result<(), Fault> {
    let wrong = |what: &str| Err(broken(CONTRADICTS, what.to_owned()));
    if result.done < result.begun {
        return wrong("it was over before it began");
    }
    let last = result.steps.iter().map(|step| step.at_us.saturating_add(step.took_us)).max();
    if last.unwrap_or_default() > result.total_us {
        return wrong("a step ends after the drill");
    }
    let all = !result.steps.is_empty() && result.steps.iter().all(|step| step.ok);
    if result.passed && !(all && result.end_us <= OURS_US && result.end_us <= result.total_us) {
        return wrong(
            "it is said to have passed, and a step did not, or it took longer than a second",
        );
    }
    Ok(())
}
