//! Envoy's external authorization over HTTP: the head of what passes, and its body where the road says so, come here
//! before they go on; 200 lets it through, and nothing else does.
//!
//! Envoy shows the asker's key in `writ-key`. Whoever calls shows its own token and proof, made for the road's origin; or
//! Envoy names it in a header. MCP is decided message by message as at our own door. Of other HTTP the method is the
//! action and the template of the path the resource.
//! SECURITY: a body is decided on whole or not at all: what Envoy cut, or did not send along, is refused. What Envoy lets
//! flow afterwards (the stream of a GET) is not cut from here.
//! Never here: a default that lets through.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, request};
use hyper::body::Incoming;
use serde_json::json;
use writ_model::{
    CallId,
    json::{Limits, parse as read},
};

use crate::{
    answer::{self, Asked as Told},
    ask::{
        config::{By, Guarded, Passing},
        decide::settled,
        question,
        right::{self, Asked},
        said::{self, Said},
        template::{self, Found},
        who::{self, Asks, Named, Turn},
    },
    authorize::{Verdict, denial_words, permit_words, talk},
    body::ReplyBody,
    core::Core,
    identify::{Identified, Presented, identify},
    inbound::{self, Wire},
    mcp::{
        header::{self as names, Revision},
        method, parse,
    },
    record::{Called, Recording},
    refusal::{self, Refusal},
    resume,
    settle::No,
    standing,
    streams::Guard,
    travel::{Going, Letter, called},
};

static KEY: HeaderName = HeaderName::from_static("writ-key");
static CALL: HeaderName = HeaderName::from_static("writ-call-id");
static AGENT: HeaderName = HeaderName::from_static("writ-agent");
/// `true` if Envoy cut the body, `false` if it sent all of it, absent if it sent none.
static PARTIAL: HeaderName = HeaderName::from_static("x-envoy-auth-partial-body");
/// The method that records of such decisions have.
const METHOD: &str = "ext_authz";

/// Answers Envoy.
pub(crate) async fn answer(
    core: &Arc<Core>,
    (road, path): (&str, &str),
    wire: &Wire,
    head: &request::Parts,
    body: &mut Option<Incoming>,
) -> Response<ReplyBody> {
    let Some(road) = core.doors.askers.road(road) else {
        return said::refused(core, &refusal::NO_ROAD);
    };
    let passing = Passed { core, road, wire, head, path };
    match Box::pin(passing.decided(body)).await {
        Ok(answered) => answered,
        Err(refusal) if refusal.oauth.is_some() => {
            // With a challenge, so that whoever calls can come back with a good proof.
            let mut response =
                answer::refused(core, Some(&road.served), &refusal, &Told::default());
            *response.status_mut() = said::failing(refusal.status);
            response
        }
        Err(refusal) => said::refused(core, &refusal),
    }
}

/// What passes on a road.
struct Passed<'a> {
    core: &'a Arc<Core>,
    road: &'a Guarded,
    wire: &'a Wire,
    head: &'a request::Parts,
    path: &'a str,
}

/// Whoever calls, and what keeps its place.
struct Calls {
    who: Identified,
    _guard: Guard,
}

impl Passed<'_> {
    async fn decided(&self, body: &mut Option<Incoming>) -> Result<Response<ReplyBody>, Refusal> {
        let Self { core, road, wire, head, .. } = *self;
        let key = names::once(&head.headers, &KEY)?.unwrap_or_default();
        let asks = who::by_key(core, key, wire).await?;
        if asks.key != Some(road.key) {
            // A good key of another asker.
            return Err(refusal::KEY);
        }
        let body = inbound::body(body.take(), &Limits::REQUEST, &asks.who.cord).await?;
        let Some(mut caller) = self.caller(&asks).await? else {
            return self.unknown(&asks).await;
        };
        caller.who.caller.asked_by = Some(asks.who.caller.agent.described.agent);
        let agent = caller.who.caller.agent.described.agent;
        let aging = caller.who.aging;
        let said = match &road.carries {
            Passing::Mcp => self.message(&asks, &caller.who, &body).await?,
            Passing::Http { paths, body: reads } => {
                let found = template::find(paths, self.path);
                let body = self.whole(*reads, &body)?;
                self.request(&asks, &caller.who, (found, body)).await?
            }
        };
        let mut response = answered(said, &agent.to_string());
        if aging {
            let told = Told { nonce: true, ..Told::default() };
            response = answer::finished(core, response, &told);
        }
        Ok(response)
    }

    /// Whoever calls; nothing if it is no agent of the asker's client.
    async fn caller(&self, asks: &Asks) -> Result<Option<Calls>, Refusal> {
        let Self { core, road, wire, head, path } = *self;
        match &road.caller {
            By::Token(origin) => {
                let url = format!("{origin}{path}");
                let (headers, verb) = (&head.headers, head.method.as_str());
                let presented = Presented { headers, verb, url: &url, wire };
                let (who, guard, _) = identify(core, &road.served, presented).await?;
                let same = who.view.state.tenant == asks.who.view.state.tenant;
                Ok(same.then_some(Calls { who, _guard: guard }))
            }
            By::Header(name) => {
                let text = names::once(&head.headers, name)?.unwrap_or_default();
                let named = Named::Agent(text, None);
                let about = who::about(core, asks, (named, wire), Turn::First).await?;
                Ok(about.map(|who::About { who, guard }| Calls { who, _guard: guard }))
            }
        }
    }

    /// Whoever calls is not known here.
    async fn unknown(&self, asks: &Asks) -> Result<Response<ReplyBody>, Refusal> {
        let question = self.question(None, b"");
        let right = right::may_ask(self.core, &asks.who, &question).await?;
        let recording = right::record(self.core, &asks.who, &question, right).await?;
        let call = recording.call;
        recording.withheld(&refusal::NO_SUBJECT);
        Ok(answered(Said::refused(&refusal::NO_SUBJECT, Some(call)), ""))
    }

    fn question<'q>(
        &'q self,
        arguments: Option<&'q writ_model::json::Node<'q>>,
        raw: &'q [u8],
    ) -> Asked<'q> {
        Asked { server: &self.road.served.name, method: METHOD, arguments, raw }
    }

    /// The body, if all of it is here.
    fn whole<'b>(&self, reads: bool, body: &'b Bytes) -> Result<Option<&'b Bytes>, Refusal> {
        let partial = names::once(&self.head.headers, &PARTIAL)?;
        if !reads {
            return Ok(None);
        }
        let bare = [Method::GET, Method::HEAD, Method::OPTIONS, Method::DELETE];
        match partial {
            Some("false") if !body.is_empty() && names::is_json(&self.head.headers) => {
                Ok(Some(body))
            }
            Some("false") | None if body.is_empty() && bare.contains(&self.head.method) => Ok(None),
            _ => Err(refusal::NO_BODY),
        }
    }

    /// A message of MCP, as at our own door.
    async fn message(&self, asks: &Asks, who: &Identified, body: &Bytes) -> Result<Said, Refusal> {
        let Self { core, road, wire, head, .. } = *self;
        let headers = &head.headers;
        let revision = names::revision(headers)?;
        right::may_ask(core, &asks.who, &self.question(None, b"")).await?;
        if head.method == Method::GET || head.method == Method::DELETE {
            return self.bare(asks, who, revision).await;
        }
        let whole = names::once(headers, &PARTIAL)? == Some("false") && !body.is_empty();
        if head.method != Method::POST || !whole || !names::is_json(headers) {
            return Err(refusal::NO_BODY);
        }
        let node = parse::read(body)?;
        let message = parse::message(&node)?;
        names::agree(headers, revision, &message)?;
        method::served(&message, revision)?;
        let wish = method::wish(&message)?;
        standing::begins(core, &wish)?;
        if resume::asks(&wish) {
            return Ok(Said::refused(&refusal::HOLD_FREE, None));
        }
        if about_tasks(&message) {
            return Ok(Said::refused(&refusal::NO_TASK, None));
        }
        let server = &road.served;
        let going = Going { core, server, who, wire, headers, revision, session: None };
        let letter = Letter { message: &message, wish, body, expects: None };
        let called = called(server, &message, &wish, revision, body);
        settled(&going, &letter, &called, (&asks.who.caller.agent.described.name, None)).await
    }

    /// GET and DELETE of MCP, which have no message.
    async fn bare(
        &self,
        asks: &Asks,
        who: &Identified,
        revision: Revision<'_>,
    ) -> Result<Said, Refusal> {
        let Self { core, road, head, .. } = *self;
        standing::begins(core, &method::Wish::Talk { recorded: true })?;
        let verdict = talk(core, who, &road.served.name);
        core.decided(who);
        let called = Called::bare(&road.served.name, head.method.as_str(), revision.text());
        let note = format!("asked by {}: ", asks.who.caller.agent.described.name);
        let (words, denied) = match verdict {
            Verdict::Permit(pass) if pass.permitted.rehearsal() => {
                return Err(refusal::REHEARSED);
            }
            Verdict::Permit(pass) => (permit_words(&pass.permitted), None),
            Verdict::Deny(denied) => (denial_words(&denied), Some(denied)),
            Verdict::Hold(_) | Verdict::CannotWait(..) => return Err(refusal::CANNOT_WAIT),
        };
        let noted = format!("{note}{}", words.words);
        let words = crate::record::Decided { words: noted, ..words };
        let recording = Recording::begin(core, &who.caller, &called, words, who.now).await?;
        let call = recording.call;
        let Some(denied) = denied else {
            recording.answered();
            return Ok(Said::yes(Some(call), None));
        };
        recording.denied();
        let no = No { call, code: denied.code, words: denied.words, cure: denied.cure };
        Ok(Said::denied(&no))
    }

    /// A request of other HTTP: `{"context":{"body","query"},"resource":{"id","properties","type"},"subject":{"id","type"}}`.
    async fn request(
        &self,
        asks: &Asks,
        who: &Identified,
        (found, body): (Found<'_>, Option<&Bytes>),
    ) -> Result<Said, Refusal> {
        let Self { core, road, wire, head, .. } = *self;
        let arguments = self.arguments(who, (found, body))?;
        let node = read(&arguments, &Limits::REQUEST).map_err(Refusal::json)?;
        right::may_ask(core, &asks.who, &self.question(Some(&node), &arguments)).await?;
        let text = question::call(head.method.as_str(), &arguments);
        let node = parse::read(&text)?;
        let message = parse::message(&node)?;
        let wish = method::wish(&message)?;
        standing::begins(core, &wish)?;
        let (headers, server, revision) = (HeaderMap::new(), &road.served, Revision::Unsaid);
        let going = Going { core, server, who, wire, headers: &headers, revision, session: None };
        let letter = Letter { message: &message, wish, body: &text, expects: None };
        let called = called(server, &message, &wish, revision, &text);
        let called = Called { method: METHOD, rpc_id: b"", ..called };
        settled(&going, &letter, &called, (&asks.who.caller.agent.described.name, None)).await
    }

    fn arguments(
        &self,
        who: &Identified,
        (found, body): (Found<'_>, Option<&Bytes>),
    ) -> Result<Vec<u8>, Refusal> {
        let (template, values) = match found {
            Found::One(template, values) => (template, values),
            Found::None => return Err(refusal::NO_ROAD),
            Found::Unclear => return Err(refusal::PATH),
        };
        if let Some(body) = body {
            // Read strictly, and then decided on byte for byte.
            read(body, &Limits::REQUEST).map_err(Refusal::json)?;
        }
        let text = |value: &str| serde_json::to_vec(value).unwrap_or_default();
        let query = self.head.uri.query().map(text);
        let context =
            question::object(&[("body", body.map(|body| &body[..])), ("query", query.as_deref())]);
        let values: serde_json::Map<_, _> =
            values.into_iter().map(|(name, value)| (name, json!(value))).collect();
        let values = serde_json::Value::Object(values).to_string().into_bytes();
        let resource = question::object(&[
            ("id", Some(&text(template.text()))),
            ("properties", Some(&values)),
            ("type", Some(&text(&self.road.served.name))),
        ]);
        let agent = who.caller.agent.described.agent.to_string();
        let subject =
            question::object(&[("id", Some(&text(&agent))), ("type", Some(&b"\"agent\""[..]))]);
        Ok(question::object(&[
            ("context", Some(&context)),
            ("resource", Some(&resource)),
            ("subject", Some(&subject)),
        ]))
    }
}

/// Whether a message names tasks. SECURITY: whose a task is, only who forwarded the call that began it knows.
fn about_tasks(message: &parse::Message<'_>) -> bool {
    let named = message.params().and_then(|params| params.pointer("/notifications/taskIds"));
    named.is_some() || message.method().is_some_and(|method| method.starts_with("tasks/"))
}

/// 200 with what may be told upstream, or 403 with the reason.
fn answered(said: Said, agent: &str) -> Response<ReplyBody> {
    let (decision, call) = (said.decision, said.call);
    let status = if decision { StatusCode::OK } else { StatusCode::FORBIDDEN };
    let mut response = answer::json(status, Bytes::from(said.json().to_string()));
    let mut put = |name: &HeaderName, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            response.headers_mut().insert(name.clone(), value);
        }
    };
    put(&CALL, &call.map(|call: CallId| call.to_string()).unwrap_or_default());
    put(&AGENT, agent);
    response
}
