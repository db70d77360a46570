//! Batches of 2025-03-26, the one revision whose receivers must take them (2025-06-18 took them away again): every message of
//! one is decided on, recorded and sent to its server by itself, as if it had come alone, and the answers are gathered.
//!
//! Never here: a decision; a batch sent on, which a server behind us might read in another way.

use std::{collections::BTreeSet, future::poll_fn, pin::Pin, sync::Arc};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header, request};
use hyper::body::Body as _;
use writ_model::json::{self, Limits, Node};

use super::post;
use crate::{
    answer::{self, Asked},
    body::{Many, ReplyBody},
    core::{Core, Served},
    forward::is_events,
    identify::Identified,
    inbound::Wire,
    mcp::{
        header::{self as names, Revision},
        parse,
        reply::{self, Data},
    },
    refusal::{self, Refusal},
    streams::Guard,
};

/// LIMIT: messages of one batch: each is a call under way of its own, and may have an answer of 16 MiB.
const MOST: usize = 16;

/// Whether the revision has batches. Before 2025-06-18 no header named one.
pub(super) fn is_taken(headers: &HeaderMap) -> bool {
    matches!(names::revision(headers), Ok(Revision::Unsaid | Revision::Handshake("2025-03-26")))
}

/// Answers a batch.
pub(super) async fn answer(
    core: &Arc<Core>,
    server: &Served,
    (who, guard, wire): (&Identified, Guard, &Wire),
    head: &request::Parts,
    (items, body): (&[Node<'_>], &Bytes),
) -> Result<Response<ReplyBody>, Refusal> {
    let parts = parts(items, body)?;
    let mut guards = vec![guard];
    while guards.len() < parts.len() {
        guards.push(who.another(core)?);
    }
    let calls = parts.into_iter().zip(guards).map(|(part, guard)| async move {
        let mut asked = Asked::default();
        let outcome = Box::pin(post(core, server, (who, guard, wire), head, (part, &mut asked)));
        let response = match outcome.await {
            Ok(response) => response,
            Err(refusal) => answer::refused(core, Some(server), &refusal, &asked),
        };
        (asked, response)
    });
    let answers = join_all(calls).await;
    let nobody = answers.iter().all(|(_, one)| one.status() == StatusCode::UNAUTHORIZED);
    let mut answers = answers.into_iter();
    if nobody && let Some((_, first)) = answers.next() {
        // The credential itself is worth nothing any more: that is said once, with where to get another.
        return Ok(first);
    }
    Ok(gathered(answers).await)
}

/// The messages of a batch, each in its own bytes.
fn parts(items: &[Node<'_>], body: &Bytes) -> Result<Vec<Bytes>, Refusal> {
    let bad = |words: &str| refusal::BATCH_FORM.saying(format!("the batch {words}"));
    if items.is_empty() || items.len() > MOST {
        return Err(bad(&format!("has {} messages", items.len())));
    }
    let mut ids = BTreeSet::new();
    for item in items {
        let message = parse::message(item)?;
        if message.method() == Some("initialize") {
            return Err(bad("has `initialize` in it"));
        }
        if let Some(id) = message.id()
            && !ids.insert(spelled(id, body))
        {
            return Err(bad("has two requests of one id"));
        }
    }
    Ok(items.iter().map(|item| body.slice(item.start..item.end)).collect())
}

/// An id as it is meant: two spellings of one text are one id; a text and a number are two.
fn spelled<'a>(id: &'a Node<'_>, body: &'a [u8]) -> (bool, &'a [u8]) {
    match id.as_str() {
        Some(text) => (true, text.as_bytes()),
        None => (false, id.bytes_in(body)),
    }
}

/// One answer of many: a list, or, where a server answers with a stream, all of them as events.
async fn gathered(
    answers: impl Iterator<Item = (Asked, Response<ReplyBody>)>,
) -> Response<ReplyBody> {
    let (mut told, mut streams) = (Vec::new(), Vec::new());
    let mut left = Limits::ANSWER.bytes;
    for (asked, response) in answers {
        let (head, body) = response.into_parts();
        if is_events(&head.headers) {
            streams.push(body);
            continue;
        }
        let collected = collected(body, left).await;
        if let Some(answer) = one(&asked, collected) {
            left = left.saturating_sub(answer.len());
            told.push(answer);
        }
    }
    if !streams.is_empty() {
        let mut response = Response::new(ReplyBody::Many(Box::new(Many::new(&told, streams))));
        let kind = HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        let keep = HeaderValue::from_static("no-cache");
        response.headers_mut().insert(header::CACHE_CONTROL, keep);
        return response;
    }
    if told.is_empty() {
        let mut response = answer::json(StatusCode::ACCEPTED, Bytes::new());
        response.headers_mut().clear();
        return response;
    }
    answer::json(StatusCode::OK, listed(&told))
}

fn listed(told: &[Bytes]) -> Bytes {
    let mut out = vec![b'['];
    for (at, answer) in told.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(answer);
    }
    out.push(b']');
    Bytes::from(out)
}

/// All of a body, if there is no more of it than this.
async fn collected(mut body: ReplyBody, most: usize) -> Result<Bytes, Refusal> {
    let mut all = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(|_cut| refusal::BROKEN)?.into_data() else { continue };
        if all.len() + data.len() > most {
            return Err(refusal::ANSWER_LARGE);
        }
        all.extend_from_slice(&data);
    }
    Ok(Bytes::from(all))
}

/// What stands in the list for one message: nothing for what has no answer, and for a request always an answer to it.
fn one(asked: &Asked, body: Result<Bytes, Refusal>) -> Option<Bytes> {
    if !asked.request {
        // A notification that is refused is told of without an id, as JSON-RPC has it.
        return body.ok().filter(|body| read(body).is_some_and(|one| one.get("error").is_some()));
    }
    let why = match body {
        Ok(body) if answers(&body, &asked.id) => return Some(body),
        Ok(_) => refusal::BROKEN,
        Err(why) => why,
    };
    let data = Data { call_id: asked.call, ..Data::new(why.code.0, &why.cure) };
    Some(reply::answer(&asked.id, &reply::error(why.rpc, &why.words, data)))
}

fn read(body: &[u8]) -> Option<Node<'_>> {
    json::parse(body, &Limits::ANSWER).ok()
}

fn answers(body: &[u8], id: &[u8]) -> bool {
    let (Some(answer), Some(id)) = (read(body), read(id)) else { return false };
    answer.get("method").is_none() && answer.get("id").is_some_and(|one| one.value == id.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(body: &str) -> Result<usize, (&'static str, String)> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let node = parse::read(&body).unwrap();
        let said = |refusal: Refusal| (refusal.code.0, refusal.words.into_owned());
        parts(node.as_array().unwrap(), &body).map(|parts| parts.len()).map_err(said)
    }

    fn call(id: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list"}}"#)
    }

    #[test]
    fn a_batch_has_a_form() {
        let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned();
        let hello = r#"{"jsonrpc":"2.0","id":9,"method":"initialize"}"#.to_owned();
        let many = |count: usize| (0..count).map(|id| call(&id.to_string())).collect::<Vec<_>>();
        for (messages, wanted) in [
            (vec![call("1"), call("\"1\""), note.clone(), note], Ok(4)),
            (many(MOST), Ok(MOST)),
            (many(MOST + 1), Err(("GATE-0114", "the batch has 17 messages"))),
            (vec![], Err(("GATE-0114", "the batch has 0 messages"))),
            (
                vec![call("1"), call("1")],
                Err(("GATE-0114", "the batch has two requests of one id")),
            ),
            (
                vec![call("\"a\""), call("\"\\u0061\"")],
                Err(("GATE-0114", "the batch has two requests of one id")),
            ),
            (vec![call("1"), hello], Err(("GATE-0114", "the batch has `initialize` in it"))),
            (vec!["[]".to_owned()], Err(("GATE-0012", "batches are not part of MCP"))),
            (
                vec![call("1"), "7".to_owned()],
                Err(("GATE-0013", "the body is not one JSON-RPC 2.0 message")),
            ),
        ] {
            let body = format!("[{}]", messages.join(" ,\n"));
            let wanted = wanted.map_err(|(code, words)| (code, words.to_owned()));
            assert_eq!(verdict(&body), wanted, "{body}");
        }
    }

    #[test]
    fn a_request_is_answered_under_its_id_or_not_at_all() {
        let asked = Asked { id: Bytes::from_static(b"7"), request: true, ..Asked::default() };
        let good = Bytes::from_static(br#"{"jsonrpc":"2.0","id":7,"result":{}}"#);
        assert_eq!(one(&asked, Ok(good.clone())), Some(good.clone()));
        for bad in [&br#"{"jsonrpc":"2.0","id":8,"result":{}}"#[..], b"", b"<html>", b"[]"] {
            let told = one(&asked, Ok(Bytes::copy_from_slice(bad))).unwrap();
            let told = read(&told).map(|one| one.pointer("/error/data/code").is_some());
            assert_eq!(told, Some(true), "{}", String::from_utf8_lossy(bad));
        }
        let note = Asked::default();
        assert_eq!(one(&note, Ok(Bytes::new())), None);
        assert_eq!(one(&note, Err(refusal::BROKEN)), None);
        assert_eq!(&listed(&[good.clone(), good])[..2], b"[{");
    }
}
