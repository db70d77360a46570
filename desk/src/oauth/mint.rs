//! An access token for a running copy: who may have one now, and what it says.
//!
//! Never here: a token without a key, or one for a copy or an agent that has ended or is stopped.

use serde_json::{Map, Value, json};
use writ_authority::{Agent, Life, State as Book, state::Instance};
use writ_identity::{
    Claims, Thumbprint,
    token::{self, Behalf, MAX_LIFE},
};
use writ_model::{Actor, AgentId, InstanceId, Span, Timestamp, TokenId};
use writ_store::View;

use super::refused::Refused;
use crate::Desk;

/// What a token is to say.
#[derive(Debug)]
pub(super) struct Mint<'a> {
    pub(super) instance: InstanceId,
    pub(super) resource: String,
    /// None reaches every server of the resource.
    pub(super) scope: Option<String>,
    pub(super) jkt: Thumbprint,
    pub(super) agent: &'a Agent,
}

/// What a token says that was exchanged for another one, beside what every token says.
#[derive(Debug)]
pub(super) struct Exchanged {
    /// The agent that all act for, and its epoch.
    pub(super) subject: (AgentId, u64),
    /// Who acts for it; none for a narrower token of its own.
    pub(super) behalf: Option<Behalf>,
    /// No token outlives the one that it was exchanged for.
    pub(super) until: Timestamp,
}

/// The answer with a token (RFC 6749 section 5.1, RFC 9449 section 5).
pub(super) fn mint(
    desk: &Desk,
    book: &View<Book>,
    wanted: Mint<'_>,
) -> Result<Map<String, Value>, Refused> {
    let subject = (wanted.agent.described.agent, wanted.agent.epoch);
    let until = desk.now() + MAX_LIFE;
    mint_as(desk, book, wanted, Exchanged { subject, behalf: None, until })
}

/// The same for a token that was exchanged.
pub(super) fn mint_as(
    desk: &Desk,
    book: &View<Book>,
    wanted: Mint<'_>,
    exchanged: Exchanged,
) -> Result<Map<String, Value>, Refused> {
    let now = desk.now();
    let Exchanged { subject: (sub, epoch), behalf, until } = exchanged;
    // Tokens tell whole seconds: one made in the second of a restore must not look older than it.
    let begun = book.state.tokens_from;
    let iat = if now.seconds() > begun.seconds() { now } else { begun + Span::seconds(1) };
    let claims = Claims {
        iss: desk.issuer().to_owned(),
        sub,
        client_id: wanted.instance,
        behalf,
        aud: wanted.resource,
        iat,
        exp: until.min(now + MAX_LIFE),
        jti: TokenId::new(&desk.cx(book.tenant, Actor::system("oauth"))),
        tenant: book.tenant,
        epoch,
        jkt: Some(wanted.jkt),
        scope: wanted.scope,
    };
    let text = token::issue(&desk.inner.token_key, &claims).map_err(|f| Refused::server(&f))?;
    tracing::info!(tenant = %book.tenant, agent = %claims.caller().agent, instance = %claims.client_id,
        subject = %claims.sub, token = %claims.jti, resource = %claims.aud, "token issued");
    let mut answer = Map::new();
    answer.insert("access_token".to_owned(), text.into());
    answer.insert("token_type".to_owned(), "DPoP".into());
    answer.insert("expires_in".to_owned(), json!(claims.exp.seconds() - now.seconds()));
    if let Some(scope) = claims.scope {
        answer.insert("scope".to_owned(), scope.into());
    }
    Ok(answer)
}

/// The agent, if it may have a token now.
pub(super) fn standing<'b>(book: &'b Book, instance: &Instance) -> Result<&'b Agent, Refused> {
    let refuse = |why: String| Err(Refused::client(why));
    let Some(agent) = book.agents.get(&instance.agent) else {
        return refuse("the agent is not in the register".to_owned());
    };
    let name = agent.name();
    if instance.ended_at.is_some() {
        return refuse(format!("this running copy of {name} was ended: enroll it with a new code"));
    }
    active(agent)
}

/// The same for an agent that nothing is known of but itself.
pub(super) fn active(agent: &Agent) -> Result<&Agent, Refused> {
    let (name, refuse) = (agent.name(), |why: String| Err(Refused::client(why)));
    match &agent.life {
        Life::Active => Ok(agent),
        Life::Observed | Life::Proposed | Life::Chartered => {
            let life = agent.life.word();
            refuse(format!(
                "{name} is {life}, not active: have its three answers given, then activate it"
            ))
        }
        Life::Held { reason } => {
            refuse(format!("{name} is on hold ({reason}): cure the reason, then have it released"))
        }
        Life::Quarantined { reason } => {
            refuse(format!("{name} is quarantined ({reason}): only a person can release it"))
        }
        Life::Terminated { reason } => {
            refuse(format!("{name} was ended ({reason}): it does not come back; propose a new one"))
        }
    }
}
