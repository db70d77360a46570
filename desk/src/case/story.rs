//! What a decision stood on, said by whom and when: the charter and its clauses, approvals, stops; and all of it as the
//! short answer to "why could it do that". Pure.
//!
//! Never here: the decision, or a state of another moment than the one handed in.

use writ_authority::State;
use writ_lake::Record;
use writ_model::{CharterId, HoldId, Timestamp, text::quote};

use super::{charter, held, show};
use crate::{
    Desk,
    notify::words::moment,
    view::{
        AnswerView, AnswersView, ApprovalSaid, CharterSaid, ClauseSaid, ExplainView, GrantSaid,
    },
};

/// The charter that was in force, and who had signed it.
pub(super) fn charter_said(state: &State) -> Option<CharterSaid> {
    let found = charter::versions::in_force(state)?;
    Some(CharterSaid {
        charter: found.charter.charter,
        version: found.charter.version,
        digest: found.digest,
        since: found.since,
        line: found.line,
        signed: found.signatures(state),
    })
}

/// These clauses of a charter, in full, in the order given.
pub(super) fn clauses_said(state: &State, id: CharterId, keys: &[String]) -> Vec<ClauseSaid> {
    let mut all = charter::versions::all(state).into_iter();
    let Some(found) = all.find(|one| one.charter.charter == id) else { return Vec::new() };
    let signed = found.signatures(state);
    let clauses = keys
        .iter()
        .filter_map(|key| found.charter.clauses.iter().find(|clause| clause.key == *key));
    clauses
        .map(|clause| ClauseSaid {
            key: clause.key.clone(),
            title: clause.title.clone(),
            mode: clause.mode.word().to_owned(),
            text: writ_charter::text::clause_text(clause, &|id| charter::named(state, id)),
            charter: id,
            version: found.charter.version,
            signed: signed.clone(),
        })
        .collect()
}

/// An approval, as it stands in this state.
pub(super) fn approval_said(state: &State, id: HoldId, now: Timestamp) -> Option<ApprovalSaid> {
    let hold = state.holds.get(&id)?;
    Some(ApprovalSaid {
        hold: id,
        state: held::stands(state, hold, now),
        since: hold.at,
        answers: held::answers(state, hold),
        used_at: hold.consumed.map(|used| used.at),
        line: hold.line,
    })
}

/// What either party had stopped, one sentence each.
pub(super) fn stopped(state: &State) -> Vec<String> {
    let mut out = Vec::new();
    for stop in state.freezes.values() {
        let by = quote(&show::by(state, stop.person).name);
        let reason = quote(&stop.reason);
        out.push(format!(
            "The {} had frozen everything since {}: {by}, {reason}.",
            stop.side,
            moment(stop.at)
        ));
    }
    for stop in state.suspensions.values() {
        let what = stop.clause.as_ref().map_or_else(
            || "everything it delegates".to_owned(),
            |key| format!("clause {}", quote(key)),
        );
        let by = quote(&show::by(state, stop.person).name);
        out.push(format!(
            "The {} had suspended {what} since {}: {by}, {}.",
            stop.side,
            moment(stop.at),
            quote(&stop.reason)
        ));
    }
    out
}

/// The keys of a record's clauses.
pub(super) fn keys(record: &Record) -> Vec<String> {
    serde_json::from_str(&record.inputs.clauses).unwrap_or_default()
}

/// All of it in short sentences: what happened, who had said so, under which clause, what it had done before.
pub(super) fn told(view: &ExplainView) -> Vec<String> {
    let mut out = vec![happened(view)];
    out.extend(view.grant_said.as_ref().map(given));
    out.push(answered(&view.answered));
    out.push(
        view.charter_said.as_ref().map_or_else(|| "No charter was in force.".to_owned(), signed),
    );
    let clause = |one: &ClauseSaid| {
        format!("Clause {} ({}) says: {}.", quote(&one.title), one.key, one.mode)
    };
    out.extend(view.clauses_said.iter().map(clause));
    out.extend(view.approval_said.iter().flat_map(approved));
    out.extend(view.stopped.iter().cloned());
    out.push(before(view));
    out
}

fn happened(view: &ExplainView) -> String {
    let explained = &view.explanation;
    let verb = match (explained.effect, view.recorded.is_some()) {
        ("permit", true) => "could use",
        ("permit", false) => "could have used",
        ("hold", true) => "had to wait for a person before it could use",
        ("hold", false) => "would have had to wait for a person before using",
        (_, true) => "could not use",
        (_, false) => "could not have used",
    };
    let what = if view.name.is_empty() { view.method.clone() } else { quote(&view.name) };
    let (at, agent) = (moment(explained.at), quote(&view.agent_name));
    let (server, words, code) = (&view.server, &explained.words, &explained.code);
    let watched = if explained.observed.is_some() { " It was only watched then." } else { "" };
    format!("On {at}, {agent} {verb} {what} on {server}: {words} ({code}).{watched}")
}

fn given(grant: &GrantSaid) -> String {
    format!(
        "{} had given it leave on {}: may {} (line {}). Reason: {}.",
        quote(&grant.given_by.name),
        moment(grant.given_at),
        grant.words,
        grant.line,
        quote(&grant.reason)
    )
}

fn answered(answers: &AnswersView) -> String {
    let name = |one: &Option<AnswerView>| {
        one.as_ref().map_or_else(|| "nobody".to_owned(), |one| quote(&one.person.name))
    };
    let ending: Vec<String> =
        answers.terminators.iter().map(|one| quote(&one.person.name)).collect();
    let ending = if ending.is_empty() { "nobody".to_owned() } else { ending.join(" or ") };
    let (by, audited) = (name(&answers.authorizer), name(&answers.auditor));
    format!("It was authorised by {by}, audited by {audited}, and could be ended by {ending}.")
}

fn signed(charter: &CharterSaid) -> String {
    let by: Vec<String> = charter
        .signed
        .iter()
        .map(|one| format!("{} for {} on {}", quote(&one.person.name), one.party, moment(one.at)))
        .collect();
    let (version, since) = (charter.version, moment(charter.since));
    format!(
        "Version {version} of the charter was in force since {since}, signed by {}.",
        by.join(" and ")
    )
}

fn approved(approval: &ApprovalSaid) -> Vec<String> {
    let asked = format!("People were asked on {} ({}).", moment(approval.since), approval.hold);
    let said = approval.answers.iter().map(|one| {
        let (who, at) = (quote(&one.person.name), moment(one.at));
        format!("{who} said {} on {at}.", one.answer)
    });
    std::iter::once(asked).chain(said).collect()
}

fn before(view: &ExplainView) -> String {
    let Some(last) = view.before.first() else { return "It had done nothing before.".to_owned() };
    let count = match view.before.len() {
        1 => "one call".to_owned(),
        count if count >= Desk::BEFORE => format!("{count} calls or more"),
        count => format!("{count} calls"),
    };
    let (name, server, at) = (quote(&last.name), &last.server, moment(last.at));
    format!("It had made {count} before, the last {name} on {server} on {at} ({}).", last.code)
}
