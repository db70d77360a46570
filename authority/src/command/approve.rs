//! What waits for people: calls that a gateway writes down, acts of people, who says yes or no, who is away.
//!
//! SECURITY: the last yes that an act needs makes it so at once, decided again as whoever asked for it. The yes that a
//! call needs is used up by the gateway's fact, once, before the call goes out.
//! Never here: quorums (`approval.rs`), arguments (a gateway keeps them sealed).

use writ_charter::{Mode, Seat};
use writ_model::{Actor, Cx, Digest, GatewayId, HoldId, PersonId, Side, Span, Timestamp};

use super::{
    check::{self, NAME, SENTENCE},
    governed,
};
use crate::{
    agent::Life,
    approval::{merged, satisfied},
    fact::{Fact, HeldAct, HeldCall, Notified},
    refusal::{self, Refusal},
    state::{Approved, Hold, State},
};

/// LIMIT: open holds of one tenant, as many as a gateway keeps the bytes of.
const HOLDS: usize = 4_096;
/// LIMIT: how long a hold may wait.
const WAITS: Span = Span::days(1);
/// LIMIT: how long somebody may be away.
const AWAY: Span = Span::days(60);
/// LIMIT: classes or clauses that a held call names: as many as a charter has clauses.
const WORDS: usize = 64;
/// LIMIT: a name of a tool or resource.
const VALUE: usize = 512;

fn over(what: String, cure: &str) -> Refusal {
    Refusal::new(refusal::HOLD, "hold", what, cure)
}

/// Room for one more open hold.
pub(super) fn room(state: &State, now: Timestamp) -> Result<(), Refusal> {
    let open = state.holds.values().filter(|hold| hold.open(now)).count();
    check::bound("open holds", open + 1, HOLDS)
}

fn hold(state: &State, id: HoldId) -> Result<&Hold, Refusal> {
    state
        .holds
        .get(&id)
        .map(AsRef::as_ref)
        .ok_or_else(|| over(format!("no hold `{id}` here"), "Check the id and the client."))
}

/// A gateway writes down a call that waits. The same call of the same running copy waits once.
pub(super) fn hold_call(state: &State, cx: &Cx, call: HeldCall) -> Result<Vec<Fact>, Refusal> {
    check::system(cx)?;
    if state.holds.contains_key(&call.hold) {
        return Err(check::taken("hold", &call.hold.to_string(), refusal::TAKEN));
    }
    let same = state.held_call(call.agent, call.instance, call.digest);
    let waits = |hold: &Hold| {
        let told = !call.is_untrusted() || hold.call().is_some_and(HeldCall::is_untrusted);
        told && hold.open(cx.now()) && hold.charter() == call.charter && *hold.mode() == call.mode
    };
    if same.is_some_and(waits) {
        return Ok(Vec::new());
    }
    if same.is_some_and(|hold| hold.refused.is_some() && cx.now() < hold.expires()) {
        return Err(over("a person refused this very call".to_owned(), "Do not ask again."));
    }
    plain(&call.server, &call.name, (&call.actions, &call.clauses))?;
    room(state, cx.now())?;
    check::until(cx, "expires", call.expires, WAITS)?;
    governed::could_be_held(state, &call, cx.now())?;
    Ok(vec![Fact::CallHeld(Box::new(call))])
}

fn plain(
    server: &str,
    name: &str,
    (actions, clauses): (&[String], &[String]),
) -> Result<(), Refusal> {
    check::text("server", server, NAME)?;
    check::bound("bytes of a name", name.len(), VALUE)?;
    check::bound("actions", actions.len(), WORDS)?;
    check::bound("clauses", clauses.len(), WORDS)
}

/// A gateway uses up what was approved, right before the call goes out.
pub(super) fn consume(
    state: &State,
    cx: &Cx,
    id: HoldId,
    gateway: GatewayId,
) -> Result<Vec<Fact>, Refusal> {
    check::system(cx)?;
    let hold = hold(state, id)?;
    state.still_open(hold, cx.now())?;
    let Some(call) = hold.call() else {
        return Err(over("it is no call".to_owned(), "It is done when it is approved."));
    };
    if let Some(stop) = state.frozen() {
        return Err(governed::frozen(stop));
    }
    let taken = state.suspended();
    if taken.all || call.clauses.iter().any(|clause| taken.clauses.contains(clause)) {
        let what = "what it stands on was taken back".to_owned();
        let cure = "Who took it back has to delegate it again.";
        return Err(Refusal::new(refusal::SUSPENDED, "hold", what, cure));
    }
    let agent = check::living(state, call.agent)?;
    if agent.life != Life::Active {
        return Err(check::life(agent, "Have it released first."));
    }
    let live = state.instances.get(&call.instance);
    if !live.is_some_and(|one| one.agent == call.agent && one.ended_at.is_none()) {
        return Err(over("the copy that asked is ended".to_owned(), "Ask again from a live one."));
    }
    if !satisfied(&hold.given, hold.quorum()) {
        let what = "not everybody who is asked has approved it".to_owned();
        return Err(Refusal::new(refusal::QUORUM, "hold", what, "Wait for their answers."));
    }
    Ok(vec![Fact::ApprovalConsumed { hold: id, gateway: Some(gateway) }])
}

/// A gateway writes down a call that people are told of.
pub(super) fn notify(state: &State, cx: &Cx, notified: Notified) -> Result<Vec<Fact>, Refusal> {
    check::system(cx)?;
    if let Some(stop) = state.frozen() {
        return Err(governed::frozen(stop));
    }
    check::living(state, notified.agent)?;
    plain(&notified.server, &notified.name, (&notified.actions, &notified.clauses))?;
    Ok(vec![Fact::ActNotified(Box::new(notified))])
}

pub(super) fn approve(
    state: &State,
    cx: &Cx,
    id: HoldId,
    (digest, words): (Digest, Option<String>),
) -> Result<Vec<Fact>, Refusal> {
    let person = check::person(cx)?;
    check::seat(state, person, "actor")?;
    let hold = hold(state, id)?;
    if hold.digest() != digest {
        let what = "what was read is not what waits here".to_owned();
        return Err(over(what, "Read it again, then approve that."));
    }
    if matches!(hold.mode(), Mode::Propose) {
        let what = "the charter lets this be proposed only".to_owned();
        let cure = "Do it yourself if it is right; nothing here does it.";
        return Err(Refusal::new(refusal::PROPOSE, "hold", what, cure));
    }
    if let Some(stop) = state.frozen() {
        return Err(governed::frozen(stop));
    }
    if let Some(words) = &words {
        check::text("words", words, SENTENCE)?;
    }
    let counts = state.may_approve(hold, person, cx.now())?;
    let deputy_of = counts.deputy_of;
    let mut facts = vec![Fact::ApprovalGiven { hold: id, person, digest, deputy_of, words }];
    if let Some(act) = hold.act() {
        facts.extend(completed(state, cx, (hold, act), (person, deputy_of))?);
    }
    Ok(facts)
}

/// What a held act makes so, if this yes is the last that it needs.
fn completed(
    state: &State,
    cx: &Cx,
    (hold, act): (&Hold, &HeldAct),
    (person, deputy_of): (PersonId, Option<PersonId>),
) -> Result<Vec<Fact>, Refusal> {
    let (_, judgment) = governed::judged(state, &act.action, &act.act, cx.now())?;
    let asker = check::seat(state, act.person, "person")?;
    let now: &[Seat] = match &judgment.mode {
        Mode::Approve { quorum } => quorum,
        Mode::Propose if state.own_side() == Some(asker.side) => &[],
        Mode::Propose | Mode::Refuse => {
            let what = format!("{}: it is not done by approval any more", judgment.words);
            return Err(Refusal::new(refusal::PROPOSE, "hold", what, "Ask them to do it."));
        }
        Mode::NotifyAndAct | Mode::Act => &[],
    };
    let mut after = hold.given.clone();
    after.extend(Approved::of(state, hold, (person, deputy_of), cx.now()));
    if !satisfied(&after, &merged(hold.quorum(), now)) {
        return Ok(Vec::new());
    }
    let actor = Actor::Person { id: act.person, via: "approved".to_owned() };
    let as_asker = cx.as_actor(actor);
    let made = super::act(state, act.act.as_ref().clone(), &as_asker)?;
    let mut facts = vec![Fact::ApprovalConsumed { hold: hold.id(), gateway: None }];
    facts.extend(made);
    Ok(facts)
}

/// Anybody seated on either side, whoever asked included, ends what waits.
pub(super) fn refuse(
    state: &State,
    cx: &Cx,
    id: HoldId,
    words: String,
) -> Result<Vec<Fact>, Refusal> {
    let person = check::person(cx)?;
    check::seat(state, person, "actor")?;
    check::text("words", &words, SENTENCE)?;
    let hold = hold(state, id)?;
    if !hold.open(cx.now()) {
        return Err(over("it is over already".to_owned(), "Nothing is left to do."));
    }
    Ok(vec![Fact::ApprovalRefused { hold: id, person, words }])
}

pub(super) fn away(
    state: &State,
    cx: &Cx,
    deputy: PersonId,
    until: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let person = check::person(cx)?;
    let seated = check::seat(state, person, "actor")?;
    let stands_in = check::seat(state, deputy, "deputy")?;
    let refuse = |what: String, cure: &str| Err(Refusal::new(refusal::AWAY, "deputy", what, cure));
    if deputy == person {
        return refuse("nobody stands in for themselves".to_owned(), "Name somebody else.");
    }
    if stands_in.side != seated.side {
        let side: Side = seated.side;
        let what = format!("{} is of the other party", stands_in.name.written());
        return refuse(what, &format!("Name somebody of the {side}."));
    }
    check::until(cx, "until", until, AWAY)?;
    Ok(vec![Fact::AwaySet { person, deputy, until }])
}

pub(super) fn back(state: &State, cx: &Cx) -> Result<Vec<Fact>, Refusal> {
    let person = check::person(cx)?;
    check::seat(state, person, "actor")?;
    if !state.away.contains_key(&person) {
        let what = "you are not away".to_owned();
        return Err(Refusal::new(refusal::AWAY, "actor", what, "Nothing is left to do."));
    }
    Ok(vec![Fact::AwayEnded { person }])
}
