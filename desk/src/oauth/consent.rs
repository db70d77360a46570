//! Consent: a person signed in at the console looks at what a client asks for, chooses the agent whose running copy it becomes,
//! or refuses. Saying yes is offering an enrollment, by the same rules: who may do the one may do the other, and where the
//! charter has colleagues say yes first, they are asked.
//!
//! Never here: an agent that this person may not enroll for, a yes by looking, an answer to an address that the client did
//! not name, HTML.

use serde::Serialize;
use writ_authority::{Agent, Command, Life, State, command};
use writ_identity::encode_base64url;
use writ_model::{Actor, AgentId, Digest, Span, TenantId, Timestamp};
use writ_store::View;

use super::{
    codes::{CODE_LIFE, Given, Waits},
    redirect,
    request::{self, Read, Request},
    scope,
};
use crate::{
    Desk, DeskError, Who,
    case::show,
    view::{ClientRef, HoldState},
};

/// LIMIT: agents to choose from on one page: who answers for more has them enrolled by code.
const AGENTS: usize = 200;
/// LIMIT: what an agent may do, in phrases on that page; the rest is counted.
const PHRASES: usize = 12;
/// How long an offer stands in the ledger that waits for a colleague's yes; as for a code that is typed.
const OFFER_LIFE: Span = Span::hours(1);

/// An agent that a client may become a running copy of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsentAgent {
    /// At which client of the provider.
    pub client: ClientRef,
    /// Which.
    pub agent: AgentId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// What it may do at the servers that are asked for, in phrases.
    pub may: Vec<String>,
    /// How many more phrases there are.
    pub more: usize,
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsentView {
    /// Its id.
    pub client_id: String,
    /// What it calls itself.
    pub name: String,
    /// How it is known here, one sentence without its full stop.
    pub known: String,
    /// Where the answer goes, for people.
    pub answers_to: String,
    /// The resource that its tokens are for.
    pub resource: String,
    /// The servers of it, in its own words: `mcp` is all of them.
    pub scope: String,
    /// Whom it may become a running copy of.
    pub agents: Vec<ConsentAgent>,
}

/// Where the browser goes back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Back {
    /// The client's own address, with the answer.
    pub to: String,
    /// What people call the client.
    pub name: String,
    /// Why there is no code, if there is none.
    pub why: Option<String>,
}

/// What came of looking at a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// It can be answered.
    Asks(Box<ConsentView>),
    /// It is wrong: its client is told.
    Back(Back),
}

impl Desk {
    /// What a client asks for, and which agents this person may let it be.
    ///
    /// # Errors
    /// If its client is not known or did not name the address that the answer would go to: then only the person is told.
    pub async fn consent(&self, who: &Who, query: &str) -> Result<Looked, DeskError> {
        let request = match Box::pin(request::read(self, query)).await? {
            Read::Good(request) => request,
            Read::Back { client, to, why } => {
                return Ok(Looked::Back(Back { to, name: client.name(), why: Some(why) }));
            }
        };
        let mut agents = Vec::new();
        for view in self.seats(who).await? {
            for agent in view.state.agents.values() {
                if agents.len() >= AGENTS {
                    break;
                }
                if self.may_offer(&view, who, agent) {
                    agents.push(choice(&view.state, agent, &request, self.now()));
                }
            }
        }
        Ok(Looked::Asks(Box::new(ConsentView {
            client_id: request.client.id.clone(),
            name: request.client.name(),
            known: request.client.known(),
            answers_to: redirect::shown(&request.redirect),
            resource: request.resource.clone(),
            scope: request.scope.clone(),
            agents,
        })))
    }

    /// Lets the client be a running copy of an agent: where the browser goes with the code.
    ///
    /// # Errors
    /// As [`Desk::consent`]; if the agent is ended, or this person may not; [`DeskError::Waits`] if others are asked first.
    pub async fn give_consent(
        &self,
        who: &Who,
        query: &str,
        (client, agent): (&str, &str),
    ) -> Result<Back, DeskError> {
        let request = match Box::pin(request::read(self, query)).await? {
            Read::Good(request) => *request,
            Read::Back { client, to, why } => {
                return Ok(Back { to, name: client.name(), why: Some(why) });
            }
        };
        let view = self.seat(who, client).await?;
        let agent: AgentId =
            agent.parse().map_err(|_bad| DeskError::not_visible("agent", agent))?;
        let known = view.state.agents.get(&agent);
        let known = known.ok_or_else(|| DeskError::not_visible("agent", &agent.to_string()))?;
        if known.life != Life::Active {
            let what = format!("{} is {}, not active", known.name(), known.life.word());
            return Err(DeskError::bad("agent", what, "Choose an agent that is active."));
        }
        let offer = self.consent_offer(who, view.tenant, agent, &request).await?;
        let code = self.random();
        let (name, now) = (request.client.name(), self.now());
        let mut answer = vec![("code", code.as_str())];
        answer.extend(request.state.as_deref().map(|state| ("state", state)));
        answer.push(("iss", self.issuer()));
        let to = redirect::with(&request.redirect, &answer);
        tracing::info!(tenant = %view.tenant, %agent, person = %who.person, client = %request.client.id,
            "consent given");
        let (tenant, person, expires) = (view.tenant, who.person, now + CODE_LIFE);
        let given = Given { request, person, tenant, agent, offer, expires };
        self.inner.oauth.codes.put(&code, given, now);
        Ok(Back { to, name, why: None })
    }

    /// Refuses: where the browser goes to say so.
    ///
    /// # Errors
    /// As [`Desk::consent`].
    pub async fn refuse_consent(&self, query: &str) -> Result<Back, DeskError> {
        let why = "the person refused";
        Ok(match Box::pin(request::read(self, query)).await? {
            Read::Back { client, to, why } => Back { to, name: client.name(), why: Some(why) },
            Read::Good(request) => {
                let state = request.state.as_deref();
                let to = request::back(self, (&request.redirect, state), "access_denied", why);
                Back { to, name: request.client.name(), why: Some(why.to_owned()) }
            }
        })
    }

    /// The digest of an offer in the ledger by this person: one that waited for a yes and has it now, or a new one. A yes is
    /// for what was asked then: for this client, address, resource and scope.
    async fn consent_offer(
        &self,
        who: &Who,
        tenant: TenantId,
        agent: AgentId,
        request: &Request,
    ) -> Result<Digest, DeskError> {
        let (whose, now) = ((who.person, agent, request.digest()), self.now());
        let waiting = &self.inner.oauth.waiting;
        if let Some(known) = waiting.of(&whose, now) {
            let view = self.tenants().view(tenant).await?;
            let made = view.state.codes.get(&known.offer).and_then(|id| view.state.offers.get(id));
            if made.is_some_and(|one| one.used_by.is_none() && now + CODE_LIFE < one.expires) {
                waiting.forget(&whose);
                return Ok(known.offer);
            }
            // Asked again before somebody answered: it is the same question.
            let hold = self.hold_view(&view, who, known.hold).await?;
            if made.is_none() && hold.state == HoldState::Waiting {
                return Err(DeskError::Waits(Box::new(hold)));
            }
        }
        // Nobody can type this one: it is never shown, and forgotten with its authorization code.
        let secret = self.random();
        let offer = Digest::of_parts(&[b"writ consent v1\0", secret.as_bytes()]);
        let expires = now + OFFER_LIFE;
        let command = Command::OfferEnrollment { agent, code: offer, expires };
        match self.act_as(tenant, who, command).await {
            Ok(_) => Ok(offer),
            Err(DeskError::Waits(held)) => {
                waiting.keep(whose, Waits { offer, hold: held.hold, until: expires }, now);
                Err(DeskError::Waits(held))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Whether this person could have a copy of this agent enrolled now.
    fn may_offer(&self, view: &View<State>, who: &Who, agent: &Agent) -> bool {
        if agent.life != Life::Active || agent.shadow_of.is_some() {
            return false;
        }
        let cx = self.cx(view.tenant, who.actor());
        let expires = self.now() + OFFER_LIFE;
        let code = Digest::of(b"nobody's");
        let command = Command::OfferEnrollment { agent: agent.described.agent, code, expires };
        crate::oidc::may(&view.state, who, &command, &cx).is_ok()
            && command::rehearse(&view.state, &command, &cx).is_ok()
    }

    /// 256 bits as base64url.
    pub(super) fn random(&self) -> String {
        let mut bytes = [0; 32];
        self.entropy().fill(&mut bytes);
        encode_base64url(&bytes)
    }

    /// Ends a running copy that was made by consent, because of its client.
    pub(super) async fn end_copy(
        &self,
        tenant: TenantId,
        instance: writ_model::InstanceId,
        reason: &str,
    ) -> Result<(), DeskError> {
        let view = self.tenants().view(tenant).await?;
        if view.state.instances.get(&instance).is_none_or(|one| one.ended_at.is_some()) {
            return Ok(());
        }
        let command = Command::EndInstance { instance, reason: reason.to_owned() };
        self.act(tenant, Actor::system("oauth"), command).await.map(drop)
    }
}

fn choice(state: &State, agent: &Agent, request: &Request, now: Timestamp) -> ConsentAgent {
    let only = scope::server(&request.resource);
    let asked = |server: &str| {
        only.is_none_or(|only| only == server)
            && request
                .scope
                .split(' ')
                .any(|word| word == "mcp" || word.strip_prefix("mcp:") == Some(server))
    };
    let live = |given: &writ_authority::state::Given| {
        given.revoked_at.is_none() && given.says.until.is_none_or(|until| now < until)
    };
    let grants = state.grants_of(agent);
    let all: Vec<String> = grants
        .iter()
        .filter(|(_, given)| live(given) && asked(&given.says.server))
        .map(|(_, given)| given.says.words())
        .collect();
    ConsentAgent {
        client: show::client(state),
        agent: agent.described.agent,
        name: agent.name().to_owned(),
        purpose: agent.described.purpose.clone(),
        more: all.len().saturating_sub(PHRASES),
        may: all.into_iter().take(PHRASES).collect(),
    }
}
