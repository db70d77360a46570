//! Drills: a shadow of an agent to rehearse its ending with, and what the rehearsal measured.
//!
//! SECURITY: a shadow is decided like its original and never let through; that it exists needs no signature for that.
//! Never here: how a drill is run (the desk).

use writ_model::{AgentId, Cx, DrillId, Span};

use super::check::{self, NAME, SENTENCE, WORKS};
use crate::{
    agent::Life,
    fact::{DrillResult, Fact},
    refusal::{self, Refusal},
    state::State,
};

/// LIMIT: drills of one tenant that are kept; one a day for ten years.
const DRILLS: usize = 4_000;
/// LIMIT: steps of one drill.
const STEPS: usize = 32;
/// LIMIT: how far ahead the next drill may be due.
const NEXT: Span = Span::days(400);
/// Letters of a shadow's name that are its original's.
const SHADOWED: usize = 58;

fn bad(field: &str, what: String, cure: &str) -> Refusal {
    Refusal::new(refusal::DRILL, field, what, cure)
}

pub(super) fn begin(
    state: &State,
    cx: &Cx,
    drill: DrillId,
    (id, shadow): (AgentId, AgentId),
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    check::bound("drills", state.drills.len() + 1, DRILLS)?;
    let agent = check::living(state, id)?;
    if agent.life != Life::Active {
        return Err(check::life(agent, "Only the ending of an active agent is rehearsed."));
    }
    if agent.shadow_of.is_some() {
        let what = format!("{} is a shadow itself", agent.name());
        return Err(bad("agent", what, "Rehearse with the agent it is of."));
    }
    if state.drills.contains_key(&drill) || state.agents.contains_key(&shadow) {
        return Err(check::taken("drill", &drill.to_string(), refusal::TAKEN));
    }
    let text = drill.to_string();
    let tail: String = text.chars().skip(text.chars().count().saturating_sub(8)).collect();
    let own: String = agent.name().chars().take(SHADOWED).collect();
    let name = format!("{} (drill {tail})", own.trim_end());
    check::text("name", &name, NAME)?;
    if state.names.contains_key(&name) {
        return Err(check::taken("agent", &name, refusal::TAKEN));
    }
    Ok(vec![Fact::DrillBegun { drill, agent: id, shadow, name }])
}

pub(super) fn finish(state: &State, cx: &Cx, result: DrillResult) -> Result<Vec<Fact>, Refusal> {
    check::system(cx)?;
    let Some(drill) = state.drills.get(&result.drill) else {
        return Err(Refusal::unknown("drill", &result.drill.to_string()));
    };
    if drill.result.is_some() {
        let what = "this drill is over".to_owned();
        return Err(bad("drill", what, "Begin another one."));
    }
    if (drill.agent, drill.shadow) != (result.agent, result.shadow) {
        let what = "the result is of another agent".to_owned();
        return Err(bad("agent", what, "Write down what was measured."));
    }
    if result.done < result.begun || result.done > cx.now() || result.next_due > cx.now() + NEXT {
        let what = "its times make no sense".to_owned();
        return Err(bad("done", what, "Write down what was measured."));
    }
    if result.passed && result.steps.iter().any(|step| !step.ok) {
        let what = "it is said to have passed, and not every step went as it should".to_owned();
        return Err(bad("passed", what, "Write down what was measured."));
    }
    check::bound("steps", result.steps.len(), STEPS)?;
    for step in &result.steps {
        check::text("step", &step.step, NAME)?;
        check::text("words", &step.words, SENTENCE)?;
    }
    Ok(vec![Fact::DrillDone(Box::new(result))])
}
