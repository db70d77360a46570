//! `POST /enroll`: a one-time code binds a key that was made on another machine to one running copy of an agent. The code
//! is the credential; that the sender holds the key is proved by a signature over the code.
//!
//! Never here: a private key, or a code in a log.

use serde::{Deserialize, Serialize};
use writ_authority::{Command, Fact};
use writ_identity::{Jwk, OneTimeCode, PublicKey, jws};
use writ_model::{Actor, AgentId, InstanceId, Secret, TenantId};

use crate::{Desk, DeskError, error};

/// `typ` of the proof: a compact JWS whose payload is the code as it was typed.
pub const PROOF_TYPE: &str = "writ-enroll+jws";

/// What the other machine sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrollBody {
    /// The code, as it was typed.
    pub code: Code,
    /// The public key: a JWK of P-256 or Ed25519.
    pub jwk: serde_json::Value,
    /// What the running copy calls itself, for people.
    pub label: String,
    /// A compact JWS of type [`PROOF_TYPE`] by that key, whose payload is the code as it was typed.
    pub proof: String,
}

/// A code that cannot be printed.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub struct Code(Secret<String>);

impl From<String> for Code {
    fn from(code: String) -> Self {
        Self(Secret::new(code))
    }
}

/// What the running copy is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Enrolled {
    /// Its OAuth client id.
    pub client_id: InstanceId,
    /// Which agent.
    pub agent: AgentId,
    /// Its name.
    pub agent_name: String,
    /// At which client.
    pub tenant: TenantId,
    /// That client's name.
    pub client_name: String,
    /// Whom it asks for tokens.
    pub issuer: String,
    /// Where.
    pub token_endpoint: String,
    /// The base address of the gateway.
    pub gateway: String,
}

impl Desk {
    /// Uses a code up: binds the key to a new running copy of the code's agent.
    ///
    /// # Errors
    /// If the code is unknown, used or expired, the key is not one that we speak, or the proof is not by it.
    pub async fn enroll(&self, body: EnrollBody) -> Result<Enrolled, DeskError> {
        let code = body.code.0.expose();
        let refused = || DeskError::Forbidden {
            code: error::UNAUTHENTICATED,
            what: "this code is not known here".to_owned(),
            cure: "Ask for a new code on the agent's page.".to_owned(),
        };
        let digest = OneTimeCode::digest_of_typed(code).ok_or_else(refused)?;
        let jwk = possession(&body, code)?;
        let tenant = self.tenant_of_code(digest).await?.ok_or_else(refused)?;
        let command = Command::Enroll {
            code: digest,
            label: body.label.clone(),
            jkt: jwk.thumbprint().to_string(),
            jwk: jwk.to_json(),
        };
        let wrote = self.act(tenant, Actor::system("enrollment"), command).await?;
        let made = wrote.facts.iter().find_map(|fact| match fact {
            Fact::InstanceEnrolled { agent, instance, .. } => Some((*agent, *instance)),
            _ => None,
        });
        let (agent, client_id) = made.ok_or_else(refused)?;
        let state = &wrote.view.state;
        Ok(Enrolled {
            client_id,
            agent,
            agent_name: state.agent_name(agent),
            tenant,
            client_name: state.party_name().to_owned(),
            issuer: self.issuer().to_owned(),
            token_endpoint: self.token_endpoint(),
            gateway: self.gateway(),
        })
    }
}

/// The key, if the proof is by it and over this code.
fn possession(body: &EnrollBody, code: &str) -> Result<Jwk, DeskError> {
    let bad = |field: &str, what: String, cure: &str| Err(DeskError::bad(field, what, cure));
    let text = body.jwk.to_string();
    let jwk = match Jwk::parse(text.as_bytes()) {
        Ok(jwk) => jwk,
        Err(why) => {
            return bad("jwk", why.to_string(), "Send a public Ed25519 or P-256 key as a JWK.");
        }
    };
    let key = match PublicKey::from_jwk(&jwk) {
        Ok(key) => key,
        Err(why) => {
            return bad("jwk", why.to_string(), "Send a public Ed25519 or P-256 key as a JWK.");
        }
    };
    let cure = "Sign the code as it was typed, with the key that is sent.";
    match jws::verify(&body.proof, &key) {
        Ok((header, payload)) => {
            let typed = header.typ.as_deref() == Some(PROOF_TYPE);
            if typed && writ_identity::same_secret(&payload, code.as_bytes()) {
                return Ok(jwk);
            }
            bad("proof", format!("the proof is not a {PROOF_TYPE} over this code"), cure)
        }
        Err(why) => bad("proof", why.to_string(), cure),
    }
}
