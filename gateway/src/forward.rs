//! Station 3: out to the server and back. SECURITY: the first argument is a permit, and `authority` alone makes those.
//!
//! Never here: a decision; a byte of the body changed on its way out.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use tokio_util::sync::CancellationToken;
use writ_authority::{Permitted, State, grant::Surface};
use writ_charter::{Clause, Mode};
use writ_model::json::Limits;

use crate::{
    body::{Checks, Lists, Parts, ReplyBody, StreamBody},
    catalog,
    core::{Core, Served},
    identify::Identified,
    mcp::{
        header::{self as names, SESSION},
        held::PENDING,
        list,
    },
    record::Recording,
    refusal::{self, Refusal},
    standing::{self, Answers},
    streams::Guard,
    upstream::{Answer, AnswerBody, Outgoing, http::collect},
};

/// What goes with a forwarded message.
pub(crate) struct Trip<'a> {
    pub(crate) core: &'a Arc<Core>,
    pub(crate) server: &'a Served,
    pub(crate) who: &'a Identified,
    /// Closes the agent's connection.
    pub(crate) abort: &'a CancellationToken,
    /// Our session's id, as the agent sent it.
    pub(crate) session: Option<&'a str>,
    /// The client says that it shows links.
    pub(crate) elicits: bool,
    /// The answer may carry lists, or something else that nobody may keep for other agents: it is read before it goes on.
    pub(crate) lists: bool,
    /// What a stream of it would be the answer of.
    pub(crate) answers: Answers,
    /// Who comes back for a held call finds it here: not at the doors of `writ wrap`, which runs its server itself.
    pub(crate) resumes: bool,
}

/// Sends what was permitted; gives the answer's head and its body, not yet on its way to the agent. A cut agent's answer
/// is not waited for.
pub(crate) async fn forward(
    permitted: &Permitted,
    trip: &Trip<'_>,
    outgoing: Outgoing<'_>,
) -> Result<Answer, Refusal> {
    // SECURITY: whatever leads here, a shadow's message goes nowhere.
    if permitted.rehearsal() {
        return Err(refusal::REHEARSED);
    }
    tracing::trace!(code = %permitted.reason().code, server = %trip.server.name, "forwarding");
    let upstream = trip.server.upstream.as_ref().ok_or(refusal::WRONG_VERB)?;
    trip.core.counters.forwarded();
    let begun = trip.core.clock.monotonic_micros();
    let answer = tokio::select! {
        biased;
        why = trip.who.cord.cut() => Err(why),
        answer = upstream.send(outgoing) => answer,
    };
    let (health, clock) = (&trip.server.health, &trip.core.clock);
    match &answer {
        Ok(_) => health.answered(clock.now(), clock.monotonic_micros().saturating_sub(begun)),
        Err(refusal) => health.failed(clock.now(), refusal),
    }
    answer
}

/// Makes the agent's reply of an answer: headers by name, the session bound to the agent, lists filtered, streams guarded.
pub(crate) async fn reply(
    trip: &Trip<'_>,
    answer: Answer,
    id: Bytes,
    mut guard: Guard,
    recording: Option<Recording>,
) -> Result<Response<ReplyBody>, (Refusal, Option<Recording>)> {
    if !is_plain(&answer.headers) || !has_one_form(&answer.headers) {
        return Err((refusal::BROKEN, recording));
    }
    let mut headers = names::incoming(&answer.headers);
    if let Err(refusal) = session(trip, &answer, &mut headers) {
        return Err((refusal, recording));
    }
    let events = is_events(&answer.headers);
    // On a stream that listens, the answers to several requests may come again; all lists in them are filtered.
    let listens = trip.lists && &id[..] == b"null";
    let fails = !answer.status.is_success();
    let checks = (!listens).then(|| Checks { core: Arc::clone(trip.core), fails });
    let looks = |bytes| whole(trip, bytes, (checks.clone(), id.clone(), events));
    let body = match answer.body {
        AnswerBody::Whole(bytes) if !(trip.lists && events) => match looks(bytes).await {
            Ok(bytes) => {
                settle(recording, answer.status);
                ReplyBody::from(bytes)
            }
            Err(refusal) => return Err((refusal, recording)),
        },
        AnswerBody::Stream(source) if trip.lists && !events => {
            let cord = guard.cord();
            let collected = tokio::select! {
                biased;
                why = cord.cut() => Err(why),
                bytes = collect(source, Limits::ANSWER.bytes) => bytes,
            };
            let bytes = match collected {
                Ok(bytes) => looks(bytes).await,
                Err(refusal) => Err(refusal),
            };
            match bytes {
                Ok(bytes) => {
                    settle(recording, answer.status);
                    ReplyBody::from(bytes)
                }
                Err(refusal) => return Err((refusal, recording)),
            }
        }
        body => {
            let source = match body {
                AnswerBody::Stream(source) => source,
                AnswerBody::Whole(bytes) => Box::pin(Once(Some(bytes))),
            };
            let source = catalog::hears(trip, source);
            if let Err(refusal) = standing::streams(trip.core, &mut guard, trip.answers) {
                return Err((refusal, recording));
            }
            let filter = trip.lists.then(|| lists(trip));
            let parts = Parts {
                source,
                filter,
                checks,
                guard,
                recording,
                id,
                events,
                last_word: None,
                abort: trip.abort.clone(),
            };
            ReplyBody::Stream(Box::new(StreamBody::new(parts)))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    Ok(response)
}

fn settle(recording: Option<Recording>, status: StatusCode) {
    let Some(recording) = recording else { return };
    if status.is_server_error() {
        recording.failed(&refusal::BROKEN);
    } else {
        recording.answered();
    }
}

/// A whole answer: looked at, its lists filtered if it may have any.
async fn whole(
    trip: &Trip<'_>,
    bytes: Bytes,
    (checks, id, events): (Option<Checks>, Bytes, bool),
) -> Result<Bytes, Refusal> {
    catalog::heard(trip, &bytes);
    if bytes.is_empty() {
        return Ok(bytes);
    }
    let lists = trip.lists.then(|| lists(trip));
    let large = bytes.len() > INLINE;
    let task = move || {
        if let Some(checks) = checks {
            checks.whole(&bytes, &id, events)?;
        }
        match lists {
            Some(lists) => list::answer(&bytes, lists.filter()).map_err(|_bad| refusal::BROKEN),
            None => Ok(bytes),
        }
    };
    // Reading an answer of some megabytes would hold up other agents' calls.
    if large {
        return tokio::task::spawn_blocking(task).await.unwrap_or(Err(refusal::BROKEN));
    }
    task()
}

/// Answers up to this are read in place: about a millisecond.
const INLINE: usize = 256 << 10;

/// Whether this caller would be shown a thing, by the register as it is when asked.
pub(crate) fn lists(trip: &Trip<'_>) -> Lists {
    let core = Arc::clone(trip.core);
    let server = trip.server.name.clone();
    let (agent, instance) = (trip.who.caller.agent.described.agent, trip.who.caller.instance);
    let (tenant, epoch) = (trip.who.view.state.tenant, trip.who.caller.epoch);
    let asks = core.tenants.cached(tenant).is_some_and(|view| asks_approvals(&view.state));
    let upstream = trip.server.upstream.clone();
    // What runs under `writ wrap` has begun all its tasks for this one.
    let owns = move |task: &str| {
        upstream.as_ref().is_none_or(|upstream| upstream.began(instance, task).is_some())
    };
    let shows = move |surface, name: &str| {
        if surface == Surface::Tool && name == PENDING {
            // Ours has that name.
            core.counters.refused(refusal::HIDDEN.code);
            return false;
        }
        // A register that is not at hand shows nothing.
        let Some(view) = core.tenants.cached(tenant) else { return false };
        let what = writ_authority::What::Session;
        let ask = writ_authority::Ask { agent, instance, epoch, server: &server, what };
        core.engine.lists(&view.state, &ask, (surface, name), core.clock.now())
    };
    let (guard, of) = (Arc::clone(trip.core), trip.server.name.clone());
    let pins = move |list: &str, entry: &[u8]| {
        guard.catalog.off() || catalog::shows(&guard, (tenant, &of), list, entry)
    };
    Lists {
        shows: Arc::new(shows),
        pins: Arc::new(pins),
        owns: Arc::new(owns),
        pending: asks && trip.resumes,
    }
}

/// Whether a clause of the charter in force asks people before something is done.
fn asks_approvals(state: &State) -> bool {
    let asks = |clause: &Clause| matches!(clause.mode, Mode::Approve { .. });
    state.charter.as_ref().is_some_and(|force| force.charter.clauses.iter().any(asks))
}

/// Binds a session that the upstream began, and forgets one that it no longer knows.
fn session(trip: &Trip<'_>, answer: &Answer, headers: &mut HeaderMap) -> Result<(), Refusal> {
    if answer.status == StatusCode::NOT_FOUND
        && let Some(known) = trip.session
    {
        trip.core.sessions.forget(known, trip.who.caller.instance);
    }
    let Some(theirs) = answer.headers.get(&SESSION).and_then(|id| id.to_str().ok()) else {
        return Ok(());
    };
    let ours = match trip.session {
        Some(ours) => ours.to_owned(),
        None => trip.core.sessions.bind(
            (trip.who.caller.instance, &trip.server.name, &trip.who.share),
            (theirs, trip.elicits),
            trip.core.entropy.as_ref(),
            trip.who.now,
        )?,
    };
    let value = HeaderValue::from_str(&ours).map_err(|_bad| refusal::BROKEN)?;
    headers.insert(SESSION.clone(), value);
    Ok(())
}

/// We ask for no coding; an answer that has one could not be read here and would not be understood there.
fn is_plain(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_ENCODING).iter().all(|coding| coding == "identity")
}

/// Codings of letters in which the marks of JSON and of events are what they are in UTF-8.
const LETTERS: [&str; 7] =
    ["utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252"];

/// Whether every client takes the answer for events, or none does, and reads the letters that are read here. SECURITY: some
/// look for the word anywhere in the header, and some decode by what it says of letters.
fn has_one_form(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let Some(kind) = kinds.next() else { return true };
    let Ok(kind) = kind.to_str().map(str::to_ascii_lowercase) else { return false };
    let letters = kind.split(';').skip(1).filter_map(|part| part.split_once('='));
    let mut letters = letters.filter(|(name, _)| name.trim() == "charset");
    let known = |(_, value): (&str, &str)| LETTERS.contains(&value.trim().trim_matches('"'));
    kinds.next().is_none()
        && kind.contains("text/event-stream") == is_events(headers)
        && letters.all(known)
}

pub(crate) fn is_events(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// A whole body as a stream of one piece.
struct Once(Option<Bytes>);

impl crate::upstream::Pieces for Once {
    fn poll_piece(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Bytes, Refusal>>> {
        std::task::Poll::Ready(self.0.take().map(Ok))
    }
}
