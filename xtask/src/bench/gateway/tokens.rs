//! Tokens for the agents: of an issuer of our own, where no Writ is running.

use anyhow::Result;
use writ_identity::{AgentKey, Claims, JwkSet, SigningKey, token};
use writ_model::{AgentId, Entropy as _, InstanceId, Span, TenantId, TokenId};
use writ_testkit::SeededEntropy;

use super::{
    agents::{Agent, now},
    rival::Trust,
};

/// So many agents with keys of their own, and what a verifier of their tokens has to know.
///
/// # Errors
/// If a key cannot be made.
pub(crate) fn own(count: u64) -> Result<(Vec<Agent>, Trust)> {
    let entropy = SeededEntropy::new(20);
    let issuer = SigningKey::generate(&entropy)?;
    let (iss, aud) = ("http://127.0.0.1:7420", "http://127.0.0.1:7421/mcp/mail");
    let at = now()?;
    let id = || {
        let mut random = [0; 10];
        entropy.fill(&mut random);
        random
    };
    let tenant = TenantId::from_parts(at, id());
    let mut agents = Vec::new();
    for _ in 0..count {
        let key = AgentKey::generate()?;
        let claims = Claims {
            iss: iss.to_owned(),
            sub: AgentId::from_parts(at, id()),
            client_id: InstanceId::from_parts(at, id()),
            behalf: None,
            aud: aud.to_owned(),
            iat: at,
            exp: at + Span::seconds(300),
            jti: TokenId::from_parts(at, id()),
            tenant,
            epoch: 0,
            jkt: Some(key.thumbprint()),
            scope: None,
        };
        agents.push(Agent { token: token::issue(&issuer, &claims)?, key });
    }
    let jwks = JwkSet::of(&[issuer.jwk()])?.to_json().to_string();
    Ok((agents, Trust { issuer: iss.to_owned(), audience: aud.to_owned(), jwks }))
}
