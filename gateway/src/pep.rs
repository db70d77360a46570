//! The doors for `writ wrap`, which runs a server on the agent's own machine and asks here: `decide` each message before
//! the server sees it, report its `outcome`, have lists `filter`ed, and hear on `life` when the agent is ended.
//!
//! Decided and recorded exactly as what passes through the gateway. Never here: a second way of deciding.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header, request};
use hyper::body::Incoming;
use parking_lot::Mutex;
use tokio::time::{Interval, interval};
use writ_authority::decide::WAITS;
use writ_model::{
    CallId, InstanceId, Span, Timestamp,
    json::{self, Limits, Node, Value},
};

use crate::{
    answer::{self, Asked},
    authorize::{Pass, Verdict, authorize, denial_words, hold_words, permit_words, talk},
    body::{Parts, ReplyBody, StreamBody},
    core::{Core, Served},
    fair::{Of, Seat},
    forward::{Trip, lists},
    hold,
    identify::{Identified, Presented, identify},
    inbound::{self, Wire},
    mcp::{
        header::{self as names, Revision},
        list,
        method::{self, Wish},
        parse,
        reply::{self, Data},
    },
    record::{Called, Recording},
    refusal::{self, RPC_DENIED, Refusal},
    release, resume,
    standing::{self, Answers},
    streams::{Cord, Guard},
    trace,
    travel::{Going, Letter, called, let_go},
    upstream::Pieces,
};

/// LIMIT: permitted calls whose outcome is awaited, over all agents, and of one instance.
const WAITING: usize = 16_384;
const PER_INSTANCE: usize = 256;
/// How long an outcome is awaited; then the record says that there was none.
const OUTCOME: Span = Span::minutes(10);
/// How often a `life` stream says that it lives.
pub(crate) const BEAT: Duration = Duration::from_secs(15);

struct Awaited {
    recording: Recording,
    until: Timestamp,
    _seat: Seat,
}

/// Permitted calls whose outcome is awaited.
#[derive(Default)]
pub(crate) struct Pending(Mutex<BTreeMap<(InstanceId, CallId), Awaited>>);

impl std::fmt::Debug for Pending {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Pending({})", self.0.lock().len())
    }
}

impl Pending {
    fn put(&self, instance: InstanceId, awaited: Awaited) -> Result<(), Refusal> {
        const FIRST: [u8; 16] = [0; 16];
        const LAST: [u8; 16] = [u8::MAX; 16];
        let mut all = self.0.lock();
        let of = |call| (instance, CallId::from_bytes(call));
        let own = all.range(of(FIRST)..=of(LAST)).count();
        if all.len() >= WAITING || own >= PER_INSTANCE {
            return Err(refusal::BUSY);
        }
        all.insert((instance, awaited.recording.call), awaited);
        Ok(())
    }

    fn take(&self, call: CallId, instance: InstanceId) -> Option<Recording> {
        self.0.lock().remove(&(instance, call)).map(|awaited| awaited.recording)
    }

    /// Gives up on outcomes that are overdue.
    pub(crate) fn expire(&self, now: Timestamp) {
        self.give_up(&refusal::NO_OUTCOME, |_, awaited| awaited.until <= now);
    }

    /// Instances are ended: their calls were cut.
    pub(crate) fn evict(&self, instances: &BTreeSet<InstanceId>) -> u64 {
        self.give_up(&refusal::ENDED, |instance, _| instances.contains(instance))
    }

    fn give_up(&self, why: &Refusal, which: impl Fn(&InstanceId, &Awaited) -> bool) -> u64 {
        let gone: Vec<Awaited> = {
            let mut all = self.0.lock();
            let calls = all.iter().filter(|((who, _), one)| which(who, one)).map(|(key, _)| *key);
            let calls: Vec<_> = calls.collect();
            calls.iter().filter_map(|call| all.remove(call)).collect()
        };
        let count = gone.len() as u64;
        for awaited in gone {
            awaited.recording.failed(why);
        }
        count
    }
}

/// Answers at one of the doors.
pub(crate) async fn answer(
    core: &Arc<Core>,
    server: &Served,
    (door, wire): (&str, &Wire),
    head: &request::Parts,
    body: &mut Option<Incoming>,
) -> Response<ReplyBody> {
    let mut asked = Asked::default();
    let url = format!("{}{}", core.base, head.uri.path());
    let presented =
        Presented { headers: &head.headers, verb: head.method.as_str(), url: &url, wire };
    let (who, guard, server) = match identify(core, server, presented).await {
        Ok(identified) => identified,
        Err(refusal) => return answer::refused(core, Some(server), &refusal, &asked),
    };
    trace::who(&who, &server.name);
    asked.nonce = who.aging;
    let outcome = match (&head.method, door) {
        (&Method::GET, "life") => life(core, server, (&who, guard), wire),
        (&Method::POST, "decide" | "outcome" | "filter") => {
            match posted(head, (body, door), &who.cord).await {
                Err(refusal) => Err(refusal),
                Ok(body) => match door {
                    "decide" => {
                        let call = decide(core, (server, wire), &who, head, (&body, &mut asked));
                        Box::pin(call).await
                    }
                    "outcome" => outcome(core, &who, &body),
                    _ => filter(core, (server, wire), &who, &body),
                },
            }
        }
        (_, "life" | "decide" | "outcome" | "filter") => Err(refusal::WRONG_VERB),
        _ => Err(refusal::NO_ROUTE),
    };
    match outcome {
        Ok(response) => answer::finished(core, response, &asked),
        Err(refusal) => {
            asked.request = false;
            answer::refused(core, Some(server), &refusal, &asked)
        }
    }
}

async fn posted(
    head: &request::Parts,
    (body, door): (&mut Option<Incoming>, &str),
    cord: &Cord,
) -> Result<Bytes, Refusal> {
    if !names::is_json(&head.headers) {
        return Err(refusal::NOT_JSON);
    }
    // A list is an answer, and answers may be larger than requests.
    let limits = if door == "filter" { Limits::ANSWER } else { Limits::REQUEST };
    inbound::body(body.take(), &limits, cord).await
}

#[derive(serde::Serialize)]
struct Answer<'a> {
    permit: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<CallId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a serde_json::value::RawValue>,
}

impl Answer<'_> {
    fn response(&self) -> Response<ReplyBody> {
        let body = serde_json::to_vec(self).unwrap_or_else(|_| br#"{"permit":false}"#.to_vec());
        answer::json(StatusCode::OK, Bytes::from(body))
    }
}

async fn decide(
    core: &Arc<Core>,
    (server, wire): (&Served, &Wire),
    who: &Identified,
    head: &request::Parts,
    (body, asked): (&Bytes, &mut Asked),
) -> Result<Response<ReplyBody>, Refusal> {
    let node = parse::read(body)?;
    let message = parse::message(&node)?;
    asked.of(&message, body);
    let wish = match method::wish(&message) {
        Ok(wish) => wish,
        Err(refusal) => return Ok(unfit(core, &refusal)),
    };
    standing::begins(core, &wish)?;
    // The header is `wrap`'s word on the revision that was agreed on; it decides nothing.
    let revision = names::revision(&head.headers).unwrap_or(Revision::Unsaid);
    let headers = &head.headers;
    let going = Going { core, server, who, wire, headers, revision, session: None };
    let letter = Letter { message: &message, wish, body, expects: None };
    if resume::asks(&wish) {
        // What is run on the agent's own machine cannot be run from here.
        return Ok(unfit(core, &refusal::HOLD_FREE));
    }
    let called = called(server, &message, &wish, revision, body);
    let verdict = authorize(core, who, &server.name, &wish).await;
    core.decided(who);
    match verdict {
        Verdict::Deny(denied) => {
            let words = denial_words(&denied);
            let recording = Recording::begin(core, &who.caller, &called, words, who.now).await?;
            let call = recording.call;
            recording.denied();
            let data = Data { call_id: Some(call), ..Data::new(denied.code.0, &denied.cure) };
            let error = reply::error(RPC_DENIED, &denied.words, data);
            Ok(refused(Some(call), &error))
        }
        Verdict::Hold(held) => {
            let words = hold_words(&held);
            let mut recording =
                Recording::begin(core, &who.caller, &called, words, who.now).await?;
            let call = recording.call;
            let waiting = match hold::kept(&going, &letter, &held).await {
                Ok(kept) => hold::waiting(core, kept, &held, call),
                Err(refusal) => return Ok(withheld(core, recording, &refusal)),
            };
            recording.held(waiting.hold);
            recording.denied();
            let waits = waiting.code == WAITS;
            let error = if waits { waiting.error() } else { hold::proposed(&waiting) };
            Ok(refused(Some(call), &error))
        }
        Verdict::CannotWait(words, refusal) => {
            let recording = Recording::begin(core, &who.caller, &called, *words, who.now).await?;
            Ok(withheld(core, recording, &refusal))
        }
        Verdict::Permit(pass) => permitted(&going, &letter, (&called, pass)).await,
    }
}

/// Lets `wrap` run it, once what has to be written is written.
async fn permitted(
    going: &Going<'_>,
    letter: &Letter<'_>,
    (called, pass): (&Called<'_>, Box<Pass>),
) -> Result<Response<ReplyBody>, Refusal> {
    let Going { core, who, .. } = *going;
    let filter = Some(matches!(letter.wish, Wish::List));
    let rehearsal = pass.permitted.rehearsal();
    if let Wish::Talk { recorded: false } = letter.wish
        && !rehearsal
    {
        let verdict = Answer { permit: true, call_id: None, filter, error: None };
        return Ok(verdict.response());
    }
    let words = permit_words(&pass.permitted);
    let recording = Recording::begin(core, &who.caller, called, words, who.now).await?;
    let call = recording.call;
    if rehearsal {
        // Decided and recorded, and run nowhere.
        let reason = pass.permitted.reason();
        let data = Data {
            call_id: Some(call),
            ..Data::new(reason.code.0, "It was decided and recorded, and is not run.")
        };
        recording.answered();
        return Ok(refused(Some(call), &reply::error(RPC_DENIED, &reason.words, data)));
    }
    if pass.permitted.approval().is_some() {
        // What was approved is one method's; here the message itself is run, and its digest bound it.
        let held = match release::held(going, letter, &pass).await {
            Ok(_) if !hold::says_only(letter, &hold::BOUND) => Err(refusal::HOLD_OTHER),
            other => other,
        };
        if let Err(refusal) = held {
            return Ok(withheld(core, recording, &refusal));
        }
    }
    if let Err(refusal) = let_go(core, who, &pass, Some(&recording)).await {
        return Ok(withheld(core, recording, &refusal));
    }
    let Some(seat) = who.share.take(Of::Awaited) else {
        return Ok(withheld(core, recording, &refusal::CROWDED));
    };
    let recording = recording.flies(pass.flight);
    let until = who.now + OUTCOME;
    let instance = who.caller.instance;
    core.pending.put(instance, Awaited { recording, until, _seat: seat })?;
    // The ending may have come between the decision and the place among the awaited.
    if let Some(why) = who.cord.is_cut() {
        core.pending.evict(&BTreeSet::from([instance]));
        return Err(why);
    }
    let verdict = Answer { permit: true, call_id: Some(call), filter, error: None };
    Ok(verdict.response())
}

/// A call that was decided on and is not let out, as an error for the client behind `wrap`.
fn withheld(core: &Core, recording: Recording, refusal: &Refusal) -> Response<ReplyBody> {
    core.counters.refused(refusal.code);
    let call = recording.call;
    recording.withheld(refusal);
    let data = Data { call_id: Some(call), ..Data::new(refusal.code.0, &refusal.cure) };
    refused(Some(call), &reply::error(refusal.rpc, &refusal.words, data))
}

/// A message that is not let through at all, as an error for the client behind `wrap`.
fn unfit(core: &Core, refusal: &Refusal) -> Response<ReplyBody> {
    core.counters.refused(refusal.code);
    let data = Data::new(refusal.code.0, &refusal.cure);
    refused(None, &reply::error(refusal.rpc, &refusal.words, data))
}

fn refused(call_id: Option<CallId>, error: &[u8]) -> Response<ReplyBody> {
    let error = serde_json::from_slice::<&serde_json::value::RawValue>(error).ok();
    Answer { permit: false, call_id, filter: None, error }.response()
}

fn outcome(core: &Core, who: &Identified, body: &[u8]) -> Result<Response<ReplyBody>, Refusal> {
    let node = parse::read(body)?;
    let call = node.get("call_id").and_then(Node::as_str).and_then(|call| call.parse().ok());
    let ok = match node.get("ok").map(|ok| &ok.value) {
        Some(Value::Bool(ok)) => *ok,
        _ => return Err(refusal::PARAMS),
    };
    let call: CallId = call.ok_or(refusal::PARAMS)?;
    let recording = core.pending.take(call, who.caller.instance).ok_or(refusal::UNKNOWN_CALL)?;
    if ok {
        recording.answered();
    } else {
        recording.failed(&refusal::BROKEN);
    }
    Ok(answer::json(StatusCode::OK, Bytes::from_static(br#"{"recorded":true}"#)))
}

fn filter(
    core: &Arc<Core>,
    (server, wire): (&Served, &Wire),
    who: &Identified,
    body: &Bytes,
) -> Result<Response<ReplyBody>, Refusal> {
    let node = json::parse(body, &Limits::ANSWER).map_err(Refusal::json)?;
    let result = node.get("result").ok_or(refusal::PARAMS)?;
    let bytes = body.slice(result.start..result.end);
    let trip = Trip {
        core,
        server,
        who,
        abort: &wire.abort,
        session: None,
        elicits: false,
        lists: true,
        answers: Answers::Read,
        resumes: false,
    };
    let lists = lists(&trip);
    let shown = list::result(&bytes, lists.filter()).map_err(|_bad| refusal::PARAMS)?;
    let mut out = Vec::with_capacity(shown.len() + 16);
    out.extend_from_slice(b"{\"result\":");
    out.extend_from_slice(&shown);
    out.push(b'}');
    Ok(answer::json(StatusCode::OK, Bytes::from(out)))
}

fn life(
    core: &Core,
    server: &Served,
    (who, mut guard): (&Identified, Guard),
    wire: &Wire,
) -> Result<Response<ReplyBody>, Refusal> {
    let decision = talk(core, who, &server.name);
    if let Verdict::Deny(denied) = &decision
        && answer::stops(denied.code)
    {
        return Ok(stream(ReplyBody::from(ended(&denied.words))));
    }
    standing::begins(core, &Wish::Talk { recorded: true })?;
    standing::streams(core, &mut guard, Answers::Nothing)?;
    let body = StreamBody::new(Parts {
        source: Box::pin(Heartbeat::new(interval(BEAT))),
        filter: None,
        guard,
        recording: None,
        id: Bytes::from_static(b"null"),
        events: true,
        last_word: Some(ended("the agent was ended or stopped")),
        abort: wire.abort.clone(),
    });
    Ok(stream(ReplyBody::Stream(Box::new(body))))
}

fn ended(reason: &str) -> Bytes {
    Bytes::from(format!(
        "event: ended\ndata: {}\n\n",
        serde_json::json!({ "reason": reply::nameless(reason) })
    ))
}

pub(crate) fn stream(body: ReplyBody) -> Response<ReplyBody> {
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Comments that keep a stream alive.
pub(crate) struct Heartbeat {
    first: bool,
    beats: Interval,
}

impl Heartbeat {
    pub(crate) fn new(beats: Interval) -> Self {
        Self { first: true, beats }
    }
}

impl Pieces for Heartbeat {
    fn poll_piece(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Refusal>>> {
        std::task::ready!(self.beats.poll_tick(cx));
        let text: &[u8] = if self.first { b"event: alive\ndata: {}\n\n" } else { b": alive\n\n" };
        self.first = false;
        Poll::Ready(Some(Ok(Bytes::from_static(text))))
    }
}
