//! Watching instead of blocking, until a signed instant, and blocking again at any time.
//! Never here: what watching changes in a decision (`decide.rs`).

use writ_model::{Cx, Span, Timestamp};

use super::check::{self, SAYS_YES, SENTENCE, WORKS};
use crate::{
    fact::{Fact, Subject},
    refusal::{self, Refusal},
    state::State,
};

/// LIMIT: how long something may be watched instead of blocked.
pub const OBSERVE: Span = Span::days(90);

pub(super) fn set(
    state: &State,
    cx: &Cx,
    subject: Option<Subject>,
    (until, reason): (Timestamp, String),
) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, SAYS_YES)?;
    check::text("reason", &reason, SENTENCE)?;
    check::until(cx, "until", until, OBSERVE)?;
    match subject {
        Some(Subject::Agent(id)) => drop(check::living(state, id)?.name()),
        Some(Subject::Group(id)) if !state.groups.contains_key(&id) => {
            return Err(Refusal::unknown("group", &id.to_string()));
        }
        Some(Subject::Group(_)) | None => {}
    }
    Ok(vec![Fact::ObserveSet { subject, until, reason }])
}

pub(super) fn end(state: &State, cx: &Cx, subject: Option<Subject>) -> Result<Vec<Fact>, Refusal> {
    check::acts(state, cx, WORKS)?;
    if !state.observing.contains_key(&subject) {
        let what = "this is not watched instead of blocked".to_owned();
        return Err(Refusal::new(refusal::OBSERVE, "subject", what, "Nothing is left to do."));
    }
    Ok(vec![Fact::ObserveEnded { subject }])
}
