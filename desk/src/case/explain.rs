//! Explanation: a recorded call decided again from what its decision stood on, or a call that nobody made, as of now or
//! of any earlier moment.
//!
//! Never here: the decision (`authority`), or a guess: what cannot be opened is said to be so.

use serde::Deserialize;
use serde_json::value::RawValue;
use writ_authority::{
    Ask, Moment, State, What,
    decide::{
        Flow, Traced,
        explain::{Explanation, Recorded, Supposed, Unused},
    },
    grant::Surface,
};
use writ_lake::{CallFilter, Record, Stored};
use writ_model::{
    AgentId, Secret, Span, TenantId, Timestamp,
    json::{self, Limits, Node},
    ocsf::Disposition,
};
use writ_store::{Space, View};

use super::{past::Until, resolve, show, story};
use crate::{
    Desk, DeskError, Who, error,
    view::{ExplainView, RecordedDecision},
};

/// Bounds of what is sealed beside a record: the arguments of one request, one level deeper.
const SEALED: Limits = Limits {
    bytes: Limits::REQUEST.bytes * 2,
    depth: Limits::REQUEST.depth + 1,
    ..Limits::REQUEST
};

/// LIMIT: records looked at in one read, for a moment.
const PAGE: usize = 500;
/// LIMIT: such reads: far enough back for a busy day.
const PAGES: usize = 20;

/// What to explain: a recorded call by its id, or a call as a client would send it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainBody {
    /// A recorded call; then nothing else is given.
    #[serde(default)]
    pub call_id: Option<String>,
    /// The server, by its name in the operator's file.
    #[serde(default)]
    pub server: Option<String>,
    /// The protocol's method: `tools/call`, `resources/read`, `prompts/get`; any other asks for a session.
    #[serde(default)]
    pub method: Option<String>,
    /// The request's `params`, as JSON.
    #[serde(default)]
    pub params: Option<Box<RawValue>>,
    /// As of when; now if it is left out.
    #[serde(default)]
    pub at: Option<Timestamp>,
}

/// Which of an agent's calls: the last at or before a moment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MomentQuery {
    /// The moment; now if it is left out.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// Only calls on this server.
    #[serde(default)]
    pub server: Option<String>,
    /// Only calls of this thing.
    #[serde(default)]
    pub name: Option<String>,
    /// `json`, which is what is given if it is left out, or `pdf`.
    #[serde(default)]
    pub format: Option<Format>,
}

/// Only the form.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormatQuery {
    /// `json`, which is what is given if it is left out, or `pdf`.
    #[serde(default)]
    pub format: Option<Format>,
}

/// In which form an explanation is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JSON.
    #[default]
    Json,
    /// A PDF document.
    Pdf,
}

/// What one call asks for, owned.
pub(super) struct Asked {
    pub(super) server: String,
    method: String,
    surface: Option<Surface>,
    pub(super) name: String,
    /// The arguments' JSON.
    pub(super) arguments: Option<Secret<Vec<u8>>>,
    /// What was found of where its values came from.
    flow: Option<Traced>,
}

impl Asked {
    pub(super) fn parsed(&self) -> Result<Option<Node<'_>>, DeskError> {
        let bytes = self.arguments.as_ref().map(|bytes| bytes.expose().as_slice());
        bytes.map(|bytes| json::parse(bytes, &Limits::REQUEST)).transpose().map_err(|why| {
            DeskError::bad("params", why.to_string(), "Send it as the client would.")
        })
    }

    pub(super) fn flow(&self) -> Option<Flow<'_>> {
        self.flow.as_ref().map(Traced::flow)
    }

    pub(super) fn what<'a>(&'a self, arguments: Option<&'a Node<'a>>) -> What<'a> {
        match self.surface {
            Some(surface) => What::Call { surface, name: &self.name, arguments },
            None => What::Session,
        }
    }
}

impl Desk {
    /// LIMIT: earlier calls beside an explanation.
    pub const BEFORE: usize = 20;

    /// Why an agent's call was, or would be, permitted or denied.
    ///
    /// # Errors
    /// If the agent or call is not visible, or the call cannot be read.
    pub async fn explain(
        &self,
        who: &Who,
        client: &str,
        agent: &str,
        body: ExplainBody,
    ) -> Result<ExplainView, DeskError> {
        let view = self.seat(who, client).await?;
        let id = resolve::agent(&view.state, agent)?.described.agent;
        if let Some(call) = &body.call_id {
            if body.server.is_some() || body.method.is_some() || body.params.is_some() {
                let what = "a recorded call and another call were both given";
                return Err(DeskError::bad("call_id", what, "Give one of the two."));
            }
            let stored = self.stored(&view, call).await?;
            if stored.record.agent != id {
                return Err(DeskError::not_visible("call of that agent", call));
            }
            return self.explain_record(&view, &stored.record).await;
        }
        self.explain_asked(&view, id, body).await
    }

    /// Why a recorded call was permitted or denied, and whether deciding again says the same.
    ///
    /// # Errors
    /// If the call is not visible.
    pub async fn explain_call(
        &self,
        who: &Who,
        client: &str,
        call: &str,
    ) -> Result<ExplainView, DeskError> {
        let view = self.seat(who, client).await?;
        let stored = self.stored(&view, call).await?;
        self.explain_record(&view, &stored.record).await
    }

    /// Why an agent's last call at or before a moment was permitted or denied: "why could it do that on 3 November at
    /// 14:03". What only opens, lists or closes a connection is passed over, if there is anything else.
    ///
    /// # Errors
    /// If the agent is not visible, or made no such call by then.
    pub async fn explain_moment(
        &self,
        who: &Who,
        client: &str,
        agent: &str,
        query: MomentQuery,
    ) -> Result<ExplainView, DeskError> {
        let view = self.seat(who, client).await?;
        let id = resolve::agent(&view.state, agent)?.described.agent;
        let at = query.at.unwrap_or_else(|| self.now());
        let (mut before, mut talk) = (None, None);
        for _ in 0..PAGES {
            let filter = CallFilter {
                tenant: Some(view.tenant),
                agent: Some(id),
                until: Some(at + Span::micros(1)),
                before,
                limit: PAGE,
                ..CallFilter::default()
            };
            let page = self.inner.parts.lake.page(filter).await?;
            let all = page.calls.iter().map(|stored| &stored.record);
            let mut fits = all.filter(|record| {
                query.server.as_ref().is_none_or(|server| *server == record.server)
                    && query.name.as_ref().is_none_or(|name| *name == record.name)
            });
            if talk.is_none() {
                talk = fits.clone().next().cloned();
            }
            if let Some(record) = fits.find(|record| tells(record)) {
                return self.explain_record(&view, record).await;
            }
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        let record = talk.ok_or_else(|| DeskError::not_visible("call by then of", agent))?;
        self.explain_record(&view, &record).await
    }

    async fn explain_asked(
        &self,
        view: &View<State>,
        id: AgentId,
        body: ExplainBody,
    ) -> Result<ExplainView, DeskError> {
        let at = body.at.unwrap_or_else(|| self.now());
        let past = self.past(view.tenant, Until::Time(at)).await?;
        let asked = asked(body)?;
        // What reads counters stays inside: it is not carried over to another thread.
        let explanation = {
            let arguments = asked.parsed()?;
            let what = asked.what(arguments.as_ref());
            let call = Supposed { agent: id, server: &asked.server, what };
            let moment = Moment { at, counters: &Unused };
            self.inner.parts.engine.suppose(&past.state, &call, &moment)
        };
        let out = shown(view, &past.state, id, asked, explanation);
        self.with_story(view, &past.state, out, None).await
    }

    async fn explain_record(
        &self,
        view: &View<State>,
        record: &Record,
    ) -> Result<ExplainView, DeskError> {
        let past = self.past(view.tenant, Until::Size(record.inputs.tree_size)).await?;
        let asked = self.sealed_ask(view.tenant, record).await?;
        let explanation = {
            let counters = Recorded {
                grants: serde_json::from_str(&record.inputs.reads).unwrap_or_default(),
                clauses: serde_json::from_str(&record.inputs.clause_reads).unwrap_or_default(),
            };
            let arguments = asked.parsed()?;
            let ask = Ask {
                agent: record.agent,
                instance: record.instance,
                epoch: record.inputs.epoch,
                server: &asked.server,
                what: asked.what(arguments.as_ref()),
            };
            let moment = Moment { at: record.at, counters: &counters };
            self.inner.parts.engine.explain_traced(&past.state, &ask, &moment, asked.flow())
        };
        let differs = differs(record, &explanation);
        let mut out = shown(view, &past.state, record.agent, asked, explanation);
        out.same = Some(differs.is_empty());
        out.differs = differs;
        out.recorded = Some(RecordedDecision {
            call: record.call,
            effect: effect(record.effect).to_owned(),
            code: record.code.clone(),
            grant: record.grant,
            engine: record.inputs.engine.clone(),
        });
        self.with_story(view, &past.state, out, Some(record)).await
    }

    /// What it stood on, said by whom, and what the agent had done before.
    async fn with_story(
        &self,
        view: &View<State>,
        past: &State,
        mut out: ExplainView,
        record: Option<&Record>,
    ) -> Result<ExplainView, DeskError> {
        let explained = &out.explanation;
        out.charter_said = story::charter_said(past);
        if let Some(charter) = explained.charter {
            out.clauses_said = story::clauses_said(past, charter, &explained.clauses);
        }
        // Who answered later is told too: what was asked then may have been answered since.
        let hold = record.and_then(|record| record.inputs.hold).or(explained.approval);
        out.approval_said = hold.and_then(|id| story::approval_said(&view.state, id, self.now()));
        out.stopped = story::stopped(past);
        let filter = CallFilter {
            tenant: Some(view.tenant),
            agent: Some(out.agent),
            until: Some(explained.at),
            limit: PAGE,
            ..CallFilter::default()
        };
        let page = self.inner.parts.lake.page(filter).await?;
        let row = |stored: &Stored| super::calls::row(&view.state, stored.place, &stored.record);
        let told = page.calls.iter().filter(|stored| tells(&stored.record));
        out.before = told.take(Self::BEFORE).map(row).collect();
        out.story = story::told(&out);
        Ok(out)
    }

    /// What a record's call asked for. Name and arguments in full are sealed beside it, as `{"arguments":…,"name":…}`.
    /// SECURITY: only explanations open them, for people seated at the client.
    pub(super) async fn sealed_ask(
        &self,
        tenant: TenantId,
        record: &Record,
    ) -> Result<Asked, DeskError> {
        let mut asked = Asked {
            server: record.server.clone(),
            method: record.method.clone(),
            surface: surface(&record.surface),
            name: record.name.clone(),
            arguments: None,
            flow: None,
        };
        if record.inputs.arguments.is_empty() {
            return Ok(asked);
        }
        let sealer = self.inner.parts.vault.sealer(Space::Tenant(tenant)).await?;
        let plain = sealer.open(&record.call.to_bytes(), &record.inputs.arguments)?;
        let bytes = plain.expose().as_slice();
        let node = json::parse(bytes, &SEALED).map_err(|why| {
            DeskError::fault(error::FAULT, format!("sealed inputs of {}: {why}", record.call))
        })?;
        if let Some(name) = node.get("name").and_then(Node::as_str) {
            name.clone_into(&mut asked.name);
        }
        asked.flow = node
            .get("flow")
            .and_then(|node| bytes.get(node.start..node.end))
            .map(|said| serde_json::from_slice(said).unwrap_or_else(|_other| Traced::unreadable()));
        asked.arguments = node
            .get("arguments")
            .and_then(|node| bytes.get(node.start..node.end))
            .map(|bytes| Secret::new(bytes.to_vec()));
        Ok(asked)
    }
}

fn shown(
    view: &View<State>,
    past: &State,
    agent: AgentId,
    asked: Asked,
    explanation: Explanation,
) -> ExplainView {
    let opened = asked.arguments.as_ref().map(|bytes| serde_json::from_slice(bytes.expose()));
    ExplainView {
        client: show::client(&view.state),
        agent,
        agent_name: view.state.agent_name(agent),
        server: asked.server,
        method: asked.method,
        name: asked.name,
        arguments: opened.and_then(Result::ok),
        answered: show::answers(past, &explanation.answers),
        grant_said: explanation.grant.and_then(|id| show::grant_said(past, id)),
        explanation,
        recorded: None,
        same: None,
        differs: Vec::new(),
        charter_said: None,
        clauses_said: Vec::new(),
        approval_said: None,
        stopped: Vec::new(),
        before: Vec::new(),
        story: Vec::new(),
    }
}

fn surface(word: &str) -> Option<Surface> {
    [Surface::Tool, Surface::Resource, Surface::Prompt].into_iter().find(|one| one.word() == word)
}

/// Whether a record is of something done or refused, and not of talk around it (`initialize`, a list, an open stream).
fn tells(record: &Record) -> bool {
    record.surface != "server" || record.effect != Disposition::Allowed
}

const fn effect(effect: Disposition) -> &'static str {
    match effect {
        Disposition::Allowed | Disposition::Errored => "permit",
        Disposition::Blocked => "deny",
    }
}

/// What deciding again must reproduce and did not. A permitted call that failed upstream keeps the failure's code, and a
/// refused one keeps no grant, so these two are not compared. A call that waited for a person is recorded as refused.
fn differs(record: &Record, again: &Explanation) -> Vec<String> {
    let now = match (record.effect, again.effect) {
        (Disposition::Blocked, "hold") => "deny",
        (_, effect) => effect,
    };
    let mut pairs = vec![("effect", effect(record.effect).to_owned(), now.to_owned())];
    if record.effect != Disposition::Errored {
        pairs.push(("code", record.code.clone(), again.code.clone()));
    }
    let clauses = |keys: &[String]| {
        if keys.is_empty() { "no clause".to_owned() } else { keys.join(", ") }
    };
    pairs.push(("clause", clauses(&story::keys(record)), clauses(&again.clauses)));
    if record.effect != Disposition::Blocked {
        let grant = |grant: Option<writ_model::GrantId>| {
            grant.map_or_else(|| "no grant".to_owned(), |id| id.to_string())
        };
        pairs.push(("grant", grant(record.grant), grant(again.grant)));
    }
    pairs
        .into_iter()
        .filter(|(_, then, now)| then != now)
        .map(|(what, then, now)| format!("{what} was {then} and is {now} when decided again"))
        .collect()
}

/// Reads a call as a client would send it.
fn asked(body: ExplainBody) -> Result<Asked, DeskError> {
    let missing = |field: &str| {
        DeskError::bad(
            field,
            format!("`{field}` is missing"),
            "Give `call_id`, or server and method.",
        )
    };
    let server = body.server.ok_or_else(|| missing("server"))?;
    let method = body.method.ok_or_else(|| missing("method"))?;
    let (surface, name_at, arguments_at) = match method.as_str() {
        "tools/call" => (Some(Surface::Tool), "/name", Some("/arguments")),
        "prompts/get" => (Some(Surface::Prompt), "/name", Some("/arguments")),
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => {
            (Some(Surface::Resource), "/uri", None)
        }
        _ => {
            return Ok(Asked {
                server,
                method,
                surface: None,
                name: String::new(),
                arguments: None,
                flow: None,
            });
        }
    };
    let params = body.params.as_ref().map(|raw| raw.get()).ok_or_else(|| missing("params"))?;
    let bad = |what: String| DeskError::bad("params", what, "Send it as the client would.");
    let node =
        json::parse(params.as_bytes(), &Limits::REQUEST).map_err(|why| bad(why.to_string()))?;
    let name = node.pointer(name_at).and_then(Node::as_str);
    let name = name.ok_or_else(|| bad(format!("params{name_at} is missing")))?.to_owned();
    let arguments = arguments_at.and_then(|at| node.pointer(at)).and_then(|node| {
        params.as_bytes().get(node.start..node.end).map(|bytes| Secret::new(bytes.to_vec()))
    });
    Ok(Asked { server, method, surface, name, arguments, flow: None })
}
