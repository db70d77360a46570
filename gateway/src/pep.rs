//! The doors for `writ wrap`, which runs a server on the agent's own machine and asks here: `decide` each message before
//! the server sees it, report its `outcome`, have lists `filter`ed, and hear on `life` when the agent is ended.
//!
//! Decided and recorded exactly as what passes through the gateway. Never here: a second way of deciding.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header, request};
use hyper::body::Incoming;
use tokio::time::{Interval, interval};
use writ_model::{
    CallId,
    json::{self, Limits, Node, Value},
};

use crate::{
    answer::{self, Asked},
    authorize::{Verdict, talk},
    body::{Parts, ReplyBody, StreamBody},
    core::{Core, Served},
    flight::Flight,
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
    pending::Unawaited,
    record::Recording,
    refusal::{self, RPC_DENIED, Refusal},
    resume,
    settle::{By, Settled, settle},
    standing::{self, Answers},
    streams::{Cord, Guard},
    trace,
    travel::{Going, Letter, called},
    upstream::Pieces,
};

/// How often a `life` stream says that it lives.
pub(crate) const BEAT: Duration = Duration::from_secs(15);

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
    let filter = Some(matches!(wish, Wish::List));
    match settle(&going, &letter, (&called, By::Wrap)).await? {
        Settled::Talk => Ok(Answer { permit: true, call_id: None, filter, error: None }.response()),
        Settled::Permit(recording, flight) => awaited(core, who, (recording, flight), filter),
        Settled::Denied(no) => {
            let data = Data { call_id: Some(no.call), ..Data::new(no.code.0, &no.cure) };
            Ok(refused(Some(no.call), &reply::error(RPC_DENIED, &no.words, data)))
        }
        Settled::Held(waiting) => {
            let waits = Settled::waits(&waiting);
            let error = if waits { waiting.error() } else { hold::proposed(&waiting) };
            Ok(refused(Some(waiting.call), &error))
        }
        Settled::Withheld(call, refusal) => Ok(withheld(core, call, &refusal)),
    }
}

/// Lets `wrap` run it, and waits for how it ended.
fn awaited(
    core: &Core,
    who: &Identified,
    (recording, flight): (Box<Recording>, Flight),
    filter: Option<bool>,
) -> Result<Response<ReplyBody>, Refusal> {
    let call = recording.call;
    match core.pending.wait(who, who.caller.instance, (*recording, flight)) {
        Ok(()) => Ok(Answer { permit: true, call_id: Some(call), filter, error: None }.response()),
        Err(Unawaited::Withheld(refusal)) => Ok(withheld(core, call, &refusal)),
        Err(Unawaited::Refused(refusal)) => Err(refusal),
    }
}

/// A call that was decided on and is not let out, as an error for the client behind `wrap`.
fn withheld(core: &Core, call: CallId, refusal: &Refusal) -> Response<ReplyBody> {
    core.counters.refused(refusal.code);
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
    let instance = who.caller.instance;
    let recording = core.pending.take(call, instance, instance).ok_or(refusal::UNKNOWN_CALL)?;
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
        checks: None,
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
