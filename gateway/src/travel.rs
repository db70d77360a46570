//! The road of one message whose caller is known: authorize → hold or release → forward → record. A message that arrives
//! and one that was held until now take the same road.
//!
//! Never here: a station's own logic.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use writ_authority::{Denied, What, grant::Surface};
use writ_model::HoldId;
use writ_store::HeldRequest;

use crate::{
    answer::{self, Asked},
    authorize::{Pass, Verdict, ask, authorize, denial_words, permit_words},
    body::ReplyBody,
    catalog,
    core::{Core, Served},
    flow,
    forward::{Trip, forward, reply},
    hold,
    identify::Identified,
    inbound::Wire,
    mcp::{
        elicit,
        header::{self, Revision},
        method::Wish,
        parse::{self, Message},
    },
    record::{Called, Decided, Recording},
    refusal::{self, Refusal},
    rehearse, release, resume, returned,
    standing::{self, Answers},
    streams::Guard,
    upstream::{Outgoing, jobs},
};

/// Who sends a message, to which server, and how it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Going<'a> {
    pub(crate) core: &'a Arc<Core>,
    pub(crate) server: &'a Served,
    pub(crate) who: &'a Identified,
    pub(crate) wire: &'a Wire,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) revision: Revision<'a>,
    /// Our session's id, as the agent sent it.
    pub(crate) session: Option<&'a str>,
}

/// A message that is decided on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Letter<'a> {
    pub(crate) message: &'a Message<'a>,
    pub(crate) wish: Wish<'a>,
    pub(crate) body: &'a Bytes,
    /// It goes only under the approval of this hold, and makes no other.
    pub(crate) expects: Option<HoldId>,
}

/// Takes a message along its road.
pub(crate) async fn travel(
    going: &Going<'_>,
    mut guard: Guard,
    letter: &Letter<'_>,
    asked: &mut Asked,
) -> Result<Response<ReplyBody>, Refusal> {
    let Going { core, server, who, revision, .. } = *going;
    if let Wish::Listen { .. } = letter.wish {
        standing::streams(core, &mut guard, Answers::Nothing)?;
    }
    let begun_by = begun_by(going, letter.message);
    let mut called = called(server, letter.message, &letter.wish, revision, letter.body);
    if let Some(tool) = &begun_by {
        (called.surface, called.name) = ("task", &**tool);
    }
    let (verdict, found) = authorize(core, who, &server.name, &letter.wish).await;
    called.flow = found.as_ref();
    let verdict = still_granted(going, letter.message, begun_by.as_deref(), verdict);
    core.decided(who);
    let pass = match verdict {
        Verdict::Permit(pass) => pass,
        Verdict::Deny(denied) => {
            return barred((core, server), who, (&called, &denied), asked).await;
        }
        Verdict::Hold(held) => return hold::answer(going, letter, (&called, held), asked).await,
        Verdict::CannotWait(words, refusal) => {
            let recording = Recording::begin(core, &who.caller, &called, *words, who.now).await?;
            return Err(withheld(asked, recording, refusal));
        }
    };
    // After the decision: an agent that was ended hears that, not that its session is gone.
    let known = known(core, server, who, going.session)?;
    let recording = begun(going, letter, &called, &pass).await?;
    if pass.permitted.rehearsal() {
        return Ok(rehearse::answer(going, letter, guard, (recording, asked)));
    }
    if let Err(refusal) = flow::writes(core, who, &server.name, &letter.wish).await {
        return Err(withheld_if(asked, recording, refusal));
    }
    let session = known.as_ref().map(|known| &*known.upstream);
    let held = match freed(going, letter, (&pass, session), recording.as_ref()).await {
        Ok(held) => held,
        Err(refusal) => return Err(withheld_if(asked, recording, refusal)),
    };
    let Pass { permitted, flight, .. } = *pass;
    let recording = recording.map(|recording| recording.flies(flight));
    let trip = Trip {
        core,
        server,
        who,
        abort: &going.wire.abort,
        session: going.session,
        elicits: elicit::declared(letter.message) || known.as_ref().is_some_and(|one| one.elicits),
        lists: is_read_first(going, letter),
        answers: answers(&letter.wish, &permitted),
        resumes: true,
    };
    let answer = match held {
        None => sent(&trip, &permitted, (going, letter, session)).await,
        Some(held) => resumed(&trip, &permitted, (going, &held, session), &asked.id).await,
    };
    let whose = (core, who, server);
    let answer = returned::sift(whose, Some(&letter.wish), recording.as_ref(), answer).await;
    let outcome = match flow::hear(going, letter, answer).await {
        Ok(answer) => reply(&trip, answer, asked.id.clone(), guard, recording).await,
        Err(refusal) => Err((refusal, recording)),
    };
    outcome.map_err(|(refusal, recording)| failed(asked, refusal, recording))
}

/// What stands between a permit and the call's leaving: that its tool is the one that was approved, its own approval, and
/// what has to be written. The request that was held, if it is the one that leaves.
async fn freed(
    going: &Going<'_>,
    letter: &Letter<'_>,
    (pass, session): (&Pass, Option<&str>),
    recording: Option<&Recording>,
) -> Result<Option<HeldRequest>, Refusal> {
    Box::pin(catalog::lets(going, letter, session)).await?;
    let held = release::held(going, letter, pass).await?;
    let_go(going.core, going.who, pass, recording).await?;
    Ok(held)
}

/// What has to be written before a call leaves: that it does, in the journal, and then what the ledger needs. A disk that
/// hangs keeps nobody who is cut.
pub(crate) async fn let_go(
    core: &Core,
    who: &Identified,
    pass: &Pass,
    recording: Option<&Recording>,
) -> Result<(), Refusal> {
    if let Some(recording) = recording {
        let deed = standing::deed(&who.view.state, &pass.permitted);
        tokio::select! {
            biased;
            left = recording.leaves(deed) => left?,
            why = who.cord.cut() => return Err(why),
        }
    }
    release::release(core, who, pass).await
}

/// A denial is a record and an answer.
pub(crate) async fn barred(
    (core, server): (&Arc<Core>, &Served),
    who: &Identified,
    (called, denied): (&Called<'_>, &Denied),
    asked: &Asked,
) -> Result<Response<ReplyBody>, Refusal> {
    let words = denial_words(denied);
    let recording = Recording::begin(core, &who.caller, called, words, who.now).await?;
    let call = recording.call;
    recording.denied();
    Ok(answer::denied(core, server, denied, call, asked))
}

/// The tool whose call began the task that a message is about.
pub(crate) fn begun_by(going: &Going<'_>, message: &Message<'_>) -> Option<Arc<str>> {
    let task = jobs::about(message)?;
    going.server.upstream.as_ref()?.began(going.who.caller.instance, task)
}

/// Who answers what a task asks for makes it go on, and may do so only while the call that began it could still be made.
fn still_granted(
    going: &Going<'_>,
    message: &Message<'_>,
    tool: Option<&str>,
    verdict: Verdict,
) -> Verdict {
    let Going { core, server, who, .. } = *going;
    let tool = tool.filter(|_| message.method() == Some("tasks/update"));
    let (Verdict::Permit(pass), Some(tool)) = (&verdict, tool) else { return verdict };
    let asked = ask(who, &server.name, What::Session);
    if core.engine.lists(&who.view.state, &asked, (Surface::Tool, tool), who.now) {
        return verdict;
    }
    let words = Decided { permitted: false, ..permit_words(&pass.permitted) };
    Verdict::CannotWait(Box::new(words), refusal::TASK_TOOL)
}

/// Whether the answer is read before it goes on: it may list what the agent may not use, or, since 2026-07-28, be marked
/// as one that may be kept for everybody although only this agent may read it.
fn is_read_first(going: &Going<'_>, letter: &Letter<'_>) -> bool {
    let reads = || letter.message.method() == Some("resources/read");
    matches!(letter.wish, Wish::List) || (going.revision == Revision::Modern && reads())
}

fn answers(wish: &Wish<'_>, permitted: &writ_authority::Permitted) -> Answers {
    match wish {
        Wish::Listen { .. } => Answers::Nothing,
        Wish::Use { .. } if standing::acts(permitted) => Answers::Act,
        Wish::Use { .. } | Wish::List | Wish::Talk { .. } => Answers::Read,
    }
}

/// Sends the message as it came.
async fn sent(
    trip: &Trip<'_>,
    permitted: &writ_authority::Permitted,
    (going, letter, session): (&Going<'_>, &Letter<'_>, Option<&str>),
) -> Result<crate::upstream::Answer, Refusal> {
    let outgoing = Outgoing {
        verb: Method::POST,
        headers: header::outgoing(going.headers, session),
        body: letter.body.clone(),
        message: Some(letter.message),
        instance: trip.who.caller.instance,
        share: &trip.who.share,
        session,
    };
    forward(permitted, trip, outgoing).await
}

/// Sends the bytes that were held, under the id of the request that asks for them now.
async fn resumed(
    trip: &Trip<'_>,
    permitted: &writ_authority::Permitted,
    (going, held, session): (&Going<'_>, &HeldRequest, Option<&str>),
    id: &[u8],
) -> Result<crate::upstream::Answer, Refusal> {
    let body = resume::body(held, id);
    let node = parse::read(&body)?;
    let message = parse::message(&node)?;
    let outgoing = Outgoing {
        verb: Method::POST,
        headers: header::resumed(going.headers, session, &held.headers),
        body: body.clone(),
        message: Some(&message),
        instance: trip.who.caller.instance,
        share: &trip.who.share,
        session,
    };
    forward(permitted, trip, outgoing).await
}

/// The record of a permitted message, if it is worth one.
async fn begun(
    going: &Going<'_>,
    letter: &Letter<'_>,
    called: &Called<'_>,
    pass: &Pass,
) -> Result<Option<Recording>, Refusal> {
    if let Wish::Talk { recorded: false } = letter.wish {
        return Ok(None);
    }
    let Going { core, who, .. } = going;
    let words = permit_words(&pass.permitted);
    let recording = Recording::begin(core, &who.caller, called, words, who.now).await?;
    let listens = matches!(letter.wish, Wish::Listen { .. });
    Ok(Some(if listens { recording.listens() } else { recording }))
}

/// What is known of our session; it must be this instance's.
pub(crate) fn known(
    core: &Core,
    server: &Served,
    who: &Identified,
    ours: Option<&str>,
) -> Result<Option<crate::session::Known>, Refusal> {
    ours.map(|ours| {
        core.sessions
            .known(ours, (who.caller.instance, &server.name), who.now)
            .ok_or(refusal::NO_SESSION)
    })
    .transpose()
}

/// A permitted call that failed on its way.
pub(crate) fn failed(asked: &mut Asked, refusal: Refusal, recording: Option<Recording>) -> Refusal {
    if let Some(recording) = recording {
        asked.call = Some(recording.call);
        recording.failed(&refusal);
    }
    refusal
}

/// A call that was decided on and is not let out.
pub(crate) fn withheld(asked: &mut Asked, recording: Recording, refusal: Refusal) -> Refusal {
    asked.call = Some(recording.call);
    recording.withheld(&refusal);
    refusal
}

fn withheld_if(asked: &mut Asked, recording: Option<Recording>, refusal: Refusal) -> Refusal {
    match recording {
        Some(recording) => withheld(asked, recording, refusal),
        None => refusal,
    }
}

pub(crate) fn called<'a>(
    server: &'a Served,
    message: &Message<'a>,
    wish: &Wish<'a>,
    revision: Revision<'a>,
    body: &'a [u8],
) -> Called<'a> {
    let (surface, name, arguments) = match wish {
        Wish::Use { surface, name, arguments, .. } => (surface.word(), *name, *arguments),
        Wish::List | Wish::Listen { .. } | Wish::Talk { .. } => ("server", &*server.name, None),
    };
    Called {
        server: &server.name,
        method: message.method().unwrap_or("response"),
        surface,
        name,
        revision: revision.text(),
        rpc_id: message.id().map(|id| id.bytes_in(body)).unwrap_or_default(),
        arguments,
        raw: arguments.map(|node| node.bytes_in(body)).unwrap_or_default(),
        flow: None,
    }
}
