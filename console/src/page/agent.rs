//! One agent: its badge with the three answers, its grants beside their use, its running copies, its timeline, and what
//! may be done with it now.
//! Never here: which steps are open (the desk says).

use askama::Template;
use axum::extract::Path;
use http::StatusCode;
use writ_authority::agent::{AgentKind, Autonomy};
use writ_desk::CallQuery;
use writ_model::Timestamp;

use crate::{
    page::render,
    part::Act,
    route,
    shell::{ClientRef, Section, Shell},
    show::{self, Svg},
    view::{AgentView, AnswerView, CallPage, GrantView, NextStep},
    visit::{Answer, Visit},
};

/// LIMIT: calls shown on an agent's page; the rest are one click away.
pub const CALLS: usize = 6;
/// LIMIT: lines of the timeline shown; the ledger has them all.
pub const LINES: usize = 40;

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/agent.html")]
pub struct AgentPage {
    /// Around it.
    pub shell: Shell,
    /// The agent.
    pub agent: AgentView,
    /// Its last calls.
    pub calls: CallPage,
    /// Buttons.
    pub acts: Vec<Act>,
    /// Ending it.
    pub end: Option<Act>,
}

/// One of the three answers: heading, people, what it lacks with its cure.
type Answered<'a> = (&'static str, Vec<&'a AnswerView>, Vec<(String, String)>);

impl AgentPage {
    /// The page of an agent.
    #[must_use]
    pub fn view(shell: Shell, agent: AgentView, calls: CallPage) -> Self {
        let slug = agent.row.client.slug.as_str();
        let id = agent.row.agent.to_string();
        let acts = agent.steps.iter().filter_map(|step| act(*step, slug, &id, &agent)).collect();
        let end = agent
            .steps
            .contains(&NextStep::Terminate)
            .then(|| Act::end(&ClientRef::of(&agent.row.client), &id, &agent.row.name));
        Self { shell, agent, calls, acts, end }
    }

    /// The client's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.agent.row.client.slug
    }

    /// What kind of identity, in words.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        kind(self.agent.row.kind)
    }

    /// How far it acts alone, in words.
    #[must_use]
    pub fn autonomy(&self) -> &'static str {
        match self.agent.autonomy {
            Autonomy::Suggests => "Suggests; a person acts",
            Autonomy::Supervised => "Acts; a person watches",
            Autonomy::Autonomous => "Acts alone",
        }
    }

    /// What is missing of one of the three answers: its sentence and its cure. A sentence belongs to the answer it speaks
    /// of, or to the one whose person it names.
    fn lacks(&self, speaks: &str, people: &[&AnswerView]) -> Vec<(String, String)> {
        let gone = |text: &str| {
            people.iter().any(|one| !one.person.active && text.contains(&one.person.name))
        };
        let missing = self.agent.missing.iter();
        let mine = missing.filter(|one| one.what.contains(speaks) || gone(&one.what));
        mine.map(|one| (one.what.clone(), one.cure.clone())).collect()
    }

    /// The three answers: heading, people, what they lack.
    #[must_use]
    pub fn answers(&self) -> [Answered<'_>; 3] {
        let answers = &self.agent.answers;
        let one = |heading, people: Vec<_>, speaks| {
            let lacks = self.lacks(speaks, &people);
            (heading, people, lacks)
        };
        [
            one("Who authorised it", answers.authorizer.iter().collect(), "authorised"),
            one("Who audits it", answers.auditor.iter().collect(), "audit"),
            one("Who can end it", answers.terminators.iter().collect(), "can end it"),
        ]
    }

    /// The side of a person and where the answer is set.
    #[must_use]
    pub fn source(answer: &AnswerView) -> String {
        let side = answer.person.side.map(|side| side.to_string()).unwrap_or_default();
        let left = if answer.person.active { "" } else { ", no longer seated" };
        if answer.inherited {
            format!("{side}{left}, by group {}", answer.from)
        } else {
            format!("{side}{left}")
        }
    }

    /// How much of a grant's first limit was used, as a bar; nothing if it has none.
    #[must_use]
    pub fn bar(grant: &GrantView) -> Option<Svg> {
        let limit = grant.limits.first()?;
        Some(show::bar(grant.used.count, limit.count))
    }

    /// A grant's limits in words.
    #[must_use]
    pub fn limits(grant: &GrantView) -> String {
        let words = grant
            .limits
            .iter()
            .map(|one| format!("{} a {}", show::count(one.count), one.per.word()));
        words.collect::<Vec<_>>().join(", ")
    }

    /// Until when a grant holds.
    #[must_use]
    pub fn validity(grant: &GrantView) -> Vec<(&'static str, Timestamp)> {
        let from = grant.from.map(|at| ("from", at));
        from.into_iter().chain(grant.until.map(|at| ("until", at))).collect()
    }

    /// Where a grant is revoked.
    #[must_use]
    pub fn revoke(&self, grant: &GrantView) -> String {
        route::grant_revoke(self.slug(), &grant.grant)
    }

    /// Where a grant for this agent is given.
    #[must_use]
    pub fn give(&self) -> String {
        route::query(route::grant_new(self.slug()), &[("agent", &self.agent.row.agent.to_string())])
    }

    /// Where it is said for whom it acts.
    #[must_use]
    pub fn delegate(&self) -> String {
        route::agent_delegate(self.slug(), &self.agent.row.agent)
    }

    /// What follows from whom it acts for.
    #[must_use]
    pub fn above(&self) -> &'static str {
        match self.agent.acts_for.iter().find(|one| one.life != "active") {
            _ if self.agent.acts_for.is_empty() => "It acts for no other agent.",
            Some(_) => "It may do nothing now: one that it acts for may not act.",
            None => "It may act only while they may, and ends with them.",
        }
    }

    /// Its calls.
    #[must_use]
    pub fn all_calls(&self) -> String {
        let agent = self.agent.row.agent.to_string();
        route::query(route::client_calls(self.slug()), &[("agent", &agent)])
    }

    /// Grants that were never used.
    #[must_use]
    pub fn unused(&self) -> usize {
        self.agent.grants.iter().filter(|grant| grant.used.count == 0).count()
    }

    /// Whether a step is open.
    #[must_use]
    pub fn may(&self, step: NextStep) -> bool {
        self.agent.steps.contains(&step)
    }
}

/// `GET /clients/{client}/agents/{agent}`
pub(crate) async fn show(visit: Visit, Path((client, agent)): Path<(String, String)>) -> Answer {
    let view = visit.tell(visit.desk.agent(&visit.who, &client, &agent).await)?;
    let query = CallQuery {
        client: Some(client.clone()),
        agent: Some(view.row.agent.to_string()),
        limit: Some(CALLS),
        ..CallQuery::default()
    };
    let calls = visit.tell(visit.desk.calls(&visit.who, &query).await)?;
    let shell = visit.shell_at(&client, &view.row.name, Section::Agents)?;
    Ok(render(StatusCode::OK, &AgentPage::view(shell, view, calls)))
}

/// A kind of identity in words.
#[must_use]
pub fn kind(kind: AgentKind) -> &'static str {
    match kind {
        AgentKind::AiAgent => "AI agent",
        AgentKind::ServiceAccount => "Service account",
        AgentKind::ApiClient => "API client",
        AgentKind::Workload => "Workload",
        AgentKind::Bot => "Bot",
    }
}

fn act(step: NextStep, slug: &str, id: &str, agent: &AgentView) -> Option<Act> {
    Some(match step {
        NextStep::Propose => {
            let href = route::query(route::agent_new(slug), &[("name", &agent.row.name)]);
            Act::main("Propose", href)
        }
        NextStep::Activate => Act::main("Activate", route::agent_activate(slug, id)),
        NextStep::Release => Act::main("Release", route::agent_release(slug, id)),
        NextStep::SetAccountability if !agent.missing.is_empty() => {
            Act::main("Name people", route::agent_answers(slug, id))
        }
        NextStep::SetAccountability => {
            Act::plain("Change who answers", route::agent_answers(slug, id))
        }
        NextStep::OfferEnrollment => {
            Act::plain("Enroll an instance", route::agent_enroll(slug, id))
        }
        NextStep::Hold => Act::plain("Hold", route::agent_hold(slug, id)),
        NextStep::Quarantine => Act::plain("Quarantine", route::agent_quarantine(slug, id)),
        NextStep::GiveGrant | NextStep::Terminate | NextStep::Delegate => return None,
    })
}

impl AgentPage {
    /// The page of an active agent, of one just proposed, and of an ended one.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = |title: &str| Shell::sample_client(title, Section::Agents);
        let calls =
            sample::calls().calls.into_iter().filter(|call| call.client.slug == "harbor-books");
        let calls = CallPage { calls: calls.take(CALLS).collect(), next: None };
        let ended = sample::agent_ended();
        vec![
            ("full", Self::view(shell("mail-assistant"), sample::agent_full(), calls)),
            ("empty", Self::view(shell("order-desk"), sample::agent_empty(), CallPage::default())),
            ("ended", Self::view(shell("old-crawler"), ended, CallPage::default())),
        ]
    }
}
