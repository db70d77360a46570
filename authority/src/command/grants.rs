//! Giving and taking grants. What could not be decided later is refused here: every grant compiles to Cedar and passes
//! its validator before it becomes a fact.

use std::sync::Arc;

use writ_model::{AgentId, Cx, GrantId, PersonId, json::decimal4};

use super::check::{self, NAME, SAYS_YES, SENTENCE};
use crate::{
    condition::{ArgRule, Condition},
    fact::{Fact, Subject},
    grant::{Grant, Window},
    refusal::{self, Refusal, cut},
    slice::{cedar::Compiled, context},
    state::State,
};

/// LIMIT: living grants of one agent or group: a decision compiles only those that cover the thing asked.
const GRANTS: usize = 1_000;
/// LIMIT: rules of one grant.
const RULES: usize = 32;
/// LIMIT: values in one condition.
const VALUES: usize = 256;
/// LIMIT: a name of a tool or resource, or a value.
const VALUE: usize = 512;

fn bad(field: &str, what: String, cure: &str) -> Refusal {
    Refusal::new(refusal::GRANT, field, what, cure)
}

pub(super) fn give(state: &State, cx: &Cx, grant: Grant) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, SAYS_YES)?;
    let given_by: PersonId = cx.actor().person().ok_or_else(|| {
        bad("given_by", "a grant is given by a person".to_owned(), "Sign in as one.")
    })?;
    let grant = Grant { given_by, ..grant };
    let agent = match grant.subject {
        Subject::Agent(id) => check::living(state, id)?.described.agent,
        Subject::Group(id) if state.groups.contains_key(&id) => AgentId::from_bytes([0; 16]),
        Subject::Group(id) => return Err(Refusal::unknown("group", &id.to_string())),
    };
    let already = state.granted.get(&grant.subject).map_or(0, |list| list.len());
    check::bound("grants", already + 1, GRANTS)?;
    sound(&grant)?;
    let id = GrantId::new(cx);
    let compiled = Compiled::new(agent, vec![(id, Arc::new(grant.clone()))])
        .map_err(|error| bad("grant", error.to_string(), "Change the condition and try again."))?;
    compiled
        .validate()
        .map_err(|error| bad("grant", cut(&error), "Change the condition and try again."))?;
    Ok(vec![Fact::GrantGiven { grant: id, says: Box::new(grant) }])
}

pub(super) fn revoke(
    state: &State,
    cx: &Cx,
    id: GrantId,
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, check::WORKS)?;
    check::text("reason", &reason, SENTENCE)?;
    let Some(given) = state.grants.get(&id) else {
        return Err(Refusal::unknown("grant", &id.to_string()));
    };
    if let Some(at) = given.revoked_at {
        let what = format!("grant {id} was revoked at {at}");
        return Err(Refusal::new(refusal::LIFE, "grant", what, "Nothing is left to do."));
    }
    Ok(vec![Fact::GrantRevoked { grant: id, reason }])
}

fn sound(grant: &Grant) -> Result<(), Refusal> {
    check::text("server", &grant.server, NAME)?;
    check::text("name", &grant.name, VALUE)?;
    check::text("reason", &grant.reason, SENTENCE)?;
    check::bound("rules", grant.rules.len(), RULES)?;
    let stars = grant.name.matches('*').count();
    if stars > 1 || (stars == 1 && !grant.name.ends_with('*')) {
        let what = format!("name `{}` has a `*` that is not its last letter", cut(&grant.name));
        return Err(bad("name", what, "Use the full name, or one `*` at its end."));
    }
    if let (Some(from), Some(until)) = (grant.from, grant.until)
        && until <= from
    {
        return Err(bad("until", format!("{until} is not after {from}"), "Choose a later end."));
    }
    if let Some(limit) = grant.limits.iter().find(|limit| limit.count == 0 || limit.count > 1 << 40)
    {
        let what = format!("a limit of {} calls makes no sense", limit.count);
        return Err(bad("limits", what, "Give at least 1, or give no grant at all."));
    }
    let mut periods: Vec<_> = grant.limits.iter().map(|limit| limit.per).collect();
    periods.sort_unstable();
    periods.dedup();
    if periods.len() != grant.limits.len() {
        let what = "two limits for the same period".to_owned();
        return Err(bad("limits", what, "Keep the smaller one."));
    }
    grant.window.as_ref().map_or(Ok(()), window)?;
    grant.rules.iter().try_for_each(rule)
}

fn window(window: &Window) -> Result<(), Refusal> {
    if context::local(&window.zone, writ_model::Timestamp::from_micros(0)).is_none() {
        let what = format!("`{}` is no time zone", cut(&window.zone));
        return Err(bad("window.zone", what, "Use an IANA name, for example Europe/Berlin."));
    }
    if window.days.is_empty() || window.days.iter().any(|day| !(1..=7).contains(day)) {
        let what = "days must be 1 (Monday) to 7 (Sunday), at least one".to_owned();
        return Err(bad("window.days", what, "For example [1,2,3,4,5]."));
    }
    if window.from_minute >= window.to_minute || window.to_minute > 1440 {
        let what =
            format!("minutes {} to {} are no span of a day", window.from_minute, window.to_minute);
        let cure = "Use 0 to 1440, the first below the second; for a night give two grants.";
        return Err(bad("window", what, cure));
    }
    Ok(())
}

fn rule(rule: &ArgRule) -> Result<(), Refusal> {
    let field = "rules";
    let pointer = rule.path.strip_prefix('/').is_some_and(|rest| !rest.is_empty());
    if !pointer || rule.path.len() > VALUE {
        let what = format!("path `{}` is no JSON Pointer to an argument", cut(&rule.path));
        return Err(bad(field, what, "For example /to or /items/0/price."));
    }
    match &rule.must {
        Condition::OneOf(list) | Condition::NoneOf(list) | Condition::Like(list) => values(list),
        Condition::Domains(list) => {
            values(list)?;
            match list.iter().find(|one| one.to_ascii_lowercase() != **one || !one.contains('.')) {
                None => Ok(()),
                Some(one) => {
                    let what = format!("`{}` is no lower-case domain", cut(one));
                    Err(bad(field, what, "For example harborbooks.example."))
                }
            }
        }
        Condition::Under(list) => {
            values(list)?;
            let plain = |root: &&String| {
                !root.starts_with('/')
                    || root.contains(['*', '\\', '%', '~'])
                    || root.contains("/..")
            };
            match list.iter().find(plain) {
                None => Ok(()),
                Some(root) => {
                    let what = format!("`{}` is no plain absolute folder", cut(root));
                    Err(bad(field, what, "For example /srv/books."))
                }
            }
        }
        Condition::AtMost(limit) | Condition::AtLeast(limit) => {
            let what = format!("`{}` is no decimal with up to four places", cut(limit));
            let cure = "For example 500 or 12.50.";
            decimal4(limit).map(drop).ok_or_else(|| bad(field, what, cure))
        }
        Condition::Is(_) | Condition::Size(_) | Condition::Absent => Ok(()),
    }
}

fn values(list: &[String]) -> Result<(), Refusal> {
    check::bound("values", list.len(), VALUES)?;
    if list.is_empty() || list.iter().any(|one| one.len() > VALUE) {
        let what = format!("a condition needs 1 to {VALUES} values of at most {VALUE} bytes");
        return Err(bad("rules", what, "Give at least one value."));
    }
    Ok(())
}
