//! Coming back for a held call: `writ_pending`, or the state that a client of 2026-07-28 sends back.
//!
//! SECURITY: the id grants nothing. Whoever comes back must be the same running copy on the same server; the call is
//! decided again from its held bytes, under its own approval and no other, and that is used up before anything goes out.
//! Whatever is wrong with an id is answered in one way, so that ids cannot be tried.
//! Never here: a decision.

use bytes::Bytes;
use http::Response;
use writ_authority::grant::Surface;
use writ_model::{HoldId, json::Node};
use writ_store::HeldRequest;

use crate::{
    answer::Asked,
    authorize::{self, Verdict, permit_words},
    body::ReplyBody,
    core::Core,
    identify::Identified,
    mcp::{
        elicit,
        header::{MODERN, Revision},
        held::PENDING,
        method::{self, Wish},
        parse::{self, Message},
        reply,
    },
    record::Recording,
    refusal::{self, Refusal},
    streams::Guard,
    travel::{Going, Letter, called, travel, withheld},
};

/// Whether a message calls our tool. It is ours on every server: a server's own of that name is never reached.
pub(crate) fn asks(wish: &Wish<'_>) -> bool {
    matches!(wish, Wish::Use { surface: Surface::Tool, name, .. } if *name == PENDING)
}

/// Whether a held request is one of 2026-07-28, which goes out in its own generation only.
pub(crate) fn is_modern(held: &HeldRequest) -> bool {
    held.generation == MODERN
}

/// The held request as a message of this id.
pub(crate) fn body(held: &HeldRequest, id: &[u8]) -> Bytes {
    reply::request(id, &held.method, &held.params)
}

/// The request of a hold, if it is there.
pub(crate) async fn open(
    core: &Core,
    who: &Identified,
    hold: HoldId,
) -> Result<Option<HeldRequest>, Refusal> {
    let at = (who.view.state.tenant, hold);
    let lost = |fault: &dyn std::fmt::Display| {
        tracing::error!(%hold, error = %fault, "a held request cannot be had");
        refusal::HOLD_LOST
    };
    let Some(sealed) = core.held.get(at, who.now).await.map_err(|fault| lost(&fault))? else {
        return Ok(None);
    };
    HeldRequest::open(&who.caller.tenancy.sealer, at, &sealed)
        .map(Some)
        .map_err(|fault| lost(&fault))
}

/// The hold that a retry of 2026-07-28 came back for, if it carries our state.
pub(crate) fn expected(
    going: &Going<'_>,
    message: &Message<'_>,
) -> Result<Option<HoldId>, Refusal> {
    match elicit::carried(message).filter(|_| going.revision == Revision::Modern) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_other| refusal::UNKNOWN_HOLD),
    }
}

/// Answers `writ_pending`.
pub(crate) async fn pending(
    going: &Going<'_>,
    guard: Guard,
    letter: &Letter<'_>,
    asked: &mut Asked,
) -> Result<Response<ReplyBody>, Refusal> {
    let Going { core, server, who, revision, .. } = *going;
    let found = match find(going, letter).await {
        Ok(found) => found,
        Err(refusal) => {
            // An agent that may do nothing at all hears that first.
            let talk = Wish::Talk { recorded: true };
            let called = called(server, letter.message, &letter.wish, revision, letter.body);
            let pass = match authorize::talk(core, who, &server.name) {
                Verdict::Permit(pass) => pass,
                Verdict::Deny(_) | Verdict::Hold(_) | Verdict::CannotWait(..) => {
                    let letter = Letter { wish: talk, ..*letter };
                    return Box::pin(travel(going, guard, &letter, asked)).await;
                }
            };
            let words = permit_words(&pass.permitted);
            let recording = Recording::begin(core, &who.caller, &called, words, who.now).await?;
            return Err(withheld(asked, recording, refusal));
        }
    };
    let (hold, held) = found;
    let body = body(&held, &asked.id);
    let node = parse::read(&body)?;
    let message = parse::message(&node)?;
    let wish = method::wish(&message)?;
    let letter = Letter { message: &message, wish, body: &body, expects: Some(hold) };
    Box::pin(travel(going, guard, &letter, asked)).await
}

/// The open hold that is asked for, and its request.
async fn find(going: &Going<'_>, letter: &Letter<'_>) -> Result<(HoldId, HeldRequest), Refusal> {
    let Going { core, server, who, .. } = *going;
    let Wish::Use { arguments, .. } = letter.wish else { return Err(refusal::UNKNOWN_HOLD) };
    let hold: HoldId = arguments
        .and_then(|arguments| arguments.get("hold_id"))
        .and_then(Node::as_str)
        .and_then(|text| text.parse().ok())
        .ok_or(refusal::UNKNOWN_HOLD)?;
    let known = who.view.state.holds.get(&hold);
    let call = known.and_then(|known| known.call());
    let own = call.is_some_and(|call| {
        call.agent == who.caller.agent.described.agent
            && call.instance == who.caller.instance
            && call.server == server.name
    });
    let known = known.filter(|_| own).ok_or(refusal::UNKNOWN_HOLD)?;
    if known.consumed.is_some() {
        return Err(refusal::HOLD_USED);
    }
    if who.now >= known.expires() {
        return Err(refusal::HOLD_OVER);
    }
    let held = open(core, who, hold).await?.ok_or(refusal::HOLD_LOST)?;
    if held.server != server.name || is_modern(&held) != (going.revision == Revision::Modern) {
        return Err(refusal::HOLD_OTHER);
    }
    Ok((hold, held))
}
