//! A call that waits for people: it is sealed and kept, written down once for those who decide, and answered.
//!
//! Never here: who decides (`authority`), or a way for the agent to.

use http::{Response, StatusCode};
use writ_authority::{
    Command, Decision, State, What,
    decide::{OnHold, Traced, waits},
};
use writ_model::{HoldId, Timestamp};
use writ_store::HeldRequest;

use crate::{
    answer::{self, Asked},
    authorize::{ask, decide_on, hold_words},
    body::ReplyBody,
    core::Core,
    identify::Identified,
    mcp::{
        elicit,
        header::{self, Revision},
        held::Waiting,
        method::Wish,
        reply::{self, Data},
    },
    record::{Called, Recording},
    refusal::{self, RPC_DENIED, Refusal},
    release, travel,
    travel::{Going, Letter},
};

/// LIMIT: open holds of one running copy: an agent must not flood the people who decide.
const OPEN: usize = 32;

/// Holds a call and answers it.
pub(crate) async fn answer(
    going: &Going<'_>,
    letter: &Letter<'_>,
    (called, held): (&Called<'_>, Box<OnHold>),
    asked: &mut Asked,
) -> Result<Response<ReplyBody>, Refusal> {
    let Going { core, server, who, revision, session, .. } = *going;
    let words = hold_words(&held);
    let mut recording = Recording::begin(core, &who.caller, called, words, who.now).await?;
    let waiting = match kept(going, letter, (&held, called.flow)).await {
        Ok((hold, expires)) => {
            recording.held(hold);
            waiting(core, (hold, expires), (&held, called.flow), recording.call)
        }
        Err(refusal) => return Err(travel::withheld(asked, recording, refusal)),
    };
    recording.denied();
    if !waits(waiting.code) {
        return Ok(answer::json(StatusCode::OK, reply::answer(&asked.id, &proposed(&waiting))));
    }
    let elicits = session
        .and_then(|ours| core.sessions.known(ours, (who.caller.instance, &server.name), who.now))
        .is_some_and(|known| known.elicits);
    let form = elicit::form(letter.message, revision, elicits);
    let method = letter.message.method().unwrap_or_default();
    let body = waiting.answer(&asked.id, form, method, asked.modern);
    Ok(answer::json(StatusCode::OK, body))
}

/// Whether a message asks for a resource again and again. It counts as the reading of it, and people who are asked read
/// "read, once", so that it neither waits nor uses an approval up.
pub(crate) fn subscribes(letter: &Letter<'_>) -> bool {
    letter.message.method() == Some("resources/subscribe")
}

/// What an approval is bound to, and what is no part of the call.
pub(crate) const BOUND: [&str; 4] = ["name", "uri", "arguments", "_meta"];
/// The same, and what a client sends back to its server: held with it, and shown to who decides.
const HELD: [&str; 6] = ["name", "uri", "arguments", "_meta", "requestState", "inputResponses"];

/// Whether a message has no other parameters than these: nobody could read the others before saying yes.
pub(crate) fn says_only(letter: &Letter<'_>, members: &[&str]) -> bool {
    let all = letter.message.params().and_then(|params| params.as_object());
    all.is_none_or(|all| all.iter().all(|(name, _)| members.contains(&name.as_ref())))
}

/// Finds the hold of exactly this call, or makes one.
pub(crate) async fn kept(
    going: &Going<'_>,
    letter: &Letter<'_>,
    (held, found): (&OnHold, Option<&Traced>),
) -> Result<(HoldId, Timestamp), Refusal> {
    let Going { core, server, who, .. } = *going;
    let tenant = who.view.state.tenant;
    if subscribes(letter) || !says_only(letter, &HELD) {
        return Err(refusal::CANNOT_WAIT);
    }
    if let Some(expected) = letter.expects {
        // Who comes back for a hold does not make another one.
        return match held.existing {
            Some(hold) if hold == expected => Ok((hold, expires(&who.view.state, hold, held))),
            Some(_) | None => Err(refusal::HOLD_OVER),
        };
    }
    if let Some(hold) = held.existing {
        return Ok((hold, expires(&who.view.state, hold, held)));
    }
    let _one_at_a_time = who.caller.tenancy.holding.lock().await;
    // Two calls of the same kind at once are one hold: the second finds what the first wrote.
    let view = core.tenants.view(tenant).await.map_err(|fault| {
        tracing::error!(%tenant, error = %fault, "a register cannot be read");
        refusal::TENANT
    })?;
    let Wish::Use { surface, name, arguments, .. } = letter.wish else {
        return Err(refusal::CANNOT_WAIT);
    };
    let what = What::Call { surface, name, arguments };
    let asked = ask(who, &server.name, what);
    let Decision::Hold(held) = decide_on(core, who, &view.state, (&asked, found)) else {
        return Err(refusal::NOT_HELD);
    };
    if let Some(hold) = held.existing {
        return Ok((hold, expires(&view.state, hold, &held)));
    }
    if release::waiting(&view.state, who) >= OPEN {
        return Err(refusal::HOLDS_FULL);
    }
    make(core, who, &request(going, letter, found), *held).await
}

/// Seals, keeps, and then writes down: a hold in the ledger always has its request.
async fn make(
    core: &Core,
    who: &Identified,
    request: &HeldRequest,
    held: OnHold,
) -> Result<(HoldId, Timestamp), Refusal> {
    let tenant = who.view.state.tenant;
    let mut random = [0; 10];
    core.entropy.fill(&mut random);
    let hold = HoldId::from_parts(who.now, random);
    let (expires, digest) = (held.call.expires, held.call.digest);
    let not_held = |fault: &dyn std::fmt::Display| {
        tracing::error!(%tenant, error = %fault, "a call could not be held");
        refusal::NOT_HELD
    };
    let sealed = request
        .seal(&who.caller.tenancy.sealer, (tenant, hold))
        .map_err(|fault| not_held(&fault))?;
    core.held
        .put((tenant, hold), sealed, expires, who.now)
        .await
        .map_err(|fault| not_held(&fault))?;
    let command = Command::HoldCall(Box::new(held.call.held(hold)));
    if let Err(why) = core.scribe.write(tenant, command).await {
        if let Err(fault) = core.held.forget((tenant, hold)).await {
            tracing::warn!(%hold, error = %fault, "a held request was not forgotten");
        }
        return Err(not_held(&why));
    }
    // Another gateway may have written down the same call first; then that is the hold.
    let (agent, instance) = (who.caller.agent.described.agent, who.caller.instance);
    let view = core.tenants.cached(tenant);
    let known = view.as_ref().and_then(|view| view.state.held_call(agent, instance, digest));
    if let Some(other) = known.filter(|known| known.id() != hold) {
        drop(core.held.forget((tenant, hold)).await);
        return Ok((other.id(), other.expires()));
    }
    tracing::info!(%tenant, %hold, agent = %who.caller.agent.described.agent, "a call is held");
    Ok((hold, expires))
}

/// What is kept of the message.
fn request(going: &Going<'_>, letter: &Letter<'_>, found: Option<&Traced>) -> HeldRequest {
    let generation = match going.revision {
        Revision::Modern => header::MODERN,
        Revision::Handshake(text) => text,
        Revision::Unsaid => "",
    };
    let params = letter.message.params();
    HeldRequest {
        server: going.server.name.clone(),
        method: letter.message.method().unwrap_or_default().to_owned(),
        generation: generation.to_owned(),
        headers: header::repeating(going.headers),
        origins: found.map(|found| found.sentences.clone()).unwrap_or_default(),
        params: params.map_or(&b"{}"[..], |params| params.bytes_in(letter.body)).to_vec(),
    }
}

fn expires(state: &State, hold: HoldId, held: &OnHold) -> Timestamp {
    state.holds.get(&hold).map_or(held.call.expires, |known| known.expires())
}

pub(crate) fn waiting(
    core: &Core,
    (hold, expires): (HoldId, Timestamp),
    (held, found): (&OnHold, Option<&Traced>),
    call: writ_model::CallId,
) -> Waiting {
    let mut words = held.words.clone();
    // The values are the agent's own; the record has them sealed only.
    for sentence in found.into_iter().flat_map(|found| &found.sentences) {
        words = format!("{words}. {}", sentence.trim_end_matches('.'));
    }
    Waiting {
        hold,
        code: held.code,
        words,
        cure: held.cure.clone(),
        url: format!("{}/a/{hold}", core.approvals),
        expires,
        call,
    }
}

/// Where a person does it instead: the agent hears that, as of any denial, and who finds it where.
pub(crate) fn proposed(waiting: &Waiting) -> Vec<u8> {
    let data = Data { call_id: Some(waiting.call), ..Data::new(waiting.code.0, &waiting.cure) };
    reply::error(RPC_DENIED, &waiting.words, data)
}
