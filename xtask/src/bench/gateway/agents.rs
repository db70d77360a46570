//! Agents that call: a key and a token each, and the requests they send, made before anything is timed.
//! Never here: a shared key, or a proof that is sent twice.

use std::{collections::BTreeSet, net::SocketAddr, time::SystemTime};

use anyhow::{Context as _, Result};
use writ_identity::{
    AgentKey,
    dpop::{Prove, prove},
};
use writ_model::{Digest, Entropy as _, Timestamp};
use writ_testkit::SeededEntropy;

use super::super::load::Shot;

/// LIMIT: what the issue asks for: enough connections to keep one worker busy on two cores.
pub(crate) const LANES: usize = 8;
/// One call in so many must be refused.
const DENIED_ONE_IN: usize = 50;

/// One agent.
#[derive(Debug)]
pub(crate) struct Agent {
    /// Its key; nobody else has it.
    pub(crate) key: AgentKey,
    /// Its access token.
    pub(crate) token: String,
}

/// What the requests of one volley look like.
#[derive(Debug)]
pub(crate) struct Shape<'a> {
    /// Where they go.
    pub(crate) address: SocketAddr,
    /// The path of the MCP endpoint.
    pub(crate) path: &'a str,
    /// With a new proof each, over this nonce.
    pub(crate) nonce: Option<&'a str>,
    /// Who refuses what.
    pub(crate) refuses: Refuses,
}

/// What a contender can refuse. All contenders that refuse get the same share of calls to refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refuses {
    /// Nothing: every call goes through.
    Nothing,
    /// Tools that are not allowed.
    Tools,
    /// Tools that are not granted, and arguments outside the grant's condition, half and half.
    ToolsAndArguments,
}

/// What one call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Allowed,
    OtherTool,
    OtherArgument,
}

impl Call {
    fn of(refuses: Refuses, at: usize) -> Self {
        if at % DENIED_ONE_IN != DENIED_ONE_IN - 1 {
            return Self::Allowed;
        }
        match refuses {
            Refuses::Nothing => Self::Allowed,
            Refuses::Tools => Self::OtherTool,
            Refuses::ToolsAndArguments if (at / DENIED_ONE_IN).is_multiple_of(2) => Self::OtherTool,
            Refuses::ToolsAndArguments => Self::OtherArgument,
        }
    }

    fn body(self, at: usize) -> String {
        let (tool, domain) = match self {
            Self::Allowed => ("send_message", "harbor-books.example"),
            Self::OtherTool => ("delete_mailbox", "harbor-books.example"),
            Self::OtherArgument => ("send_message", "stranger.example"),
        };
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{{"to":"reader-{at}@{domain}","subject":"Your order {at}","body":"Your books left our shop this morning and arrive on Thursday."}}}}}}"#
        )
    }
}

/// The proofs of a whole run: each is new, and the count says so.
#[derive(Debug)]
pub(crate) struct Proofs {
    entropy: SeededEntropy,
    seen: BTreeSet<Digest>,
    made: u64,
}

impl Proofs {
    /// None yet.
    pub(crate) fn new() -> Self {
        let seed = now().map_or(0, |at| at.micros().unsigned_abs());
        Self { entropy: SeededEntropy::new(seed), seen: BTreeSet::new(), made: 0 }
    }

    /// How many were made, and whether no two are equal.
    pub(crate) fn unique(&self) -> bool {
        u64::try_from(self.seen.len()).is_ok_and(|seen| seen == self.made)
    }

    /// A new id for a proof or an assertion.
    pub(crate) fn id(&self) -> String {
        let mut random = [0; 16];
        self.entropy.fill(&mut random);
        format!("{:032x}", u128::from_be_bytes(random))
    }

    /// A new proof by this key for a POST.
    ///
    /// # Errors
    /// If the key cannot sign.
    pub(crate) fn make(&mut self, key: &AgentKey, url: &str, with: With<'_>) -> Result<String> {
        let jti = self.id();
        let (nonce, access_token) = (with.nonce, with.token);
        let claims = Prove { method: "POST", url, now: now()?, access_token, nonce, jti: &jti };
        let proof = prove(key, &claims)?;
        self.seen.insert(Digest::of(proof.as_bytes()));
        self.made += 1;
        Ok(proof)
    }
}

/// What a proof is bound to besides its request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct With<'a> {
    /// The server's nonce.
    pub(crate) nonce: Option<&'a str>,
    /// The access token.
    pub(crate) token: Option<&'a str>,
}

/// So many requests, spread over all agents and over the lanes.
///
/// # Errors
/// If a proof cannot be made.
pub(crate) fn volley(
    agents: &[Agent],
    count: usize,
    shape: &Shape<'_>,
    proofs: &mut Proofs,
) -> Result<Vec<Vec<Shot>>> {
    let mut lanes = vec![Vec::new(); LANES];
    for (at, agent) in agents.iter().cycle().take(count).enumerate() {
        let call = Call::of(shape.refuses, at);
        let shot =
            Shot { bytes: request(agent, call, at, shape, proofs)?, permit: call == Call::Allowed };
        if let Some(lane) = lanes.get_mut(at % LANES) {
            lane.push(shot);
        }
    }
    Ok(lanes)
}

fn request(
    agent: &Agent,
    call: Call,
    at: usize,
    shape: &Shape<'_>,
    proofs: &mut Proofs,
) -> Result<Vec<u8>> {
    let body = call.body(at);
    let (address, path, token) = (shape.address, shape.path, &agent.token);
    let proof = match shape.nonce {
        None => String::new(),
        Some(nonce) => {
            let with = With { nonce: Some(nonce), token: Some(token) };
            let proof = proofs.make(&agent.key, &format!("http://{address}{path}"), with)?;
            format!("DPoP: {proof}\r\n")
        }
    };
    Ok(format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n\
         Authorization: DPoP {token}\r\n{proof}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes())
}

/// The system's clock.
///
/// # Errors
/// If it stands before 1970.
#[expect(clippy::disallowed_methods, reason = "a client's own clock; this is the edge")]
pub(crate) fn now() -> Result<Timestamp> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let micros = since.context("the clock stands before 1970")?.as_micros();
    Ok(Timestamp::from_micros(i64::try_from(micros).context("the clock is far ahead")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_proof_is_new_and_the_share_of_refusals_is_two_percent() {
        let agents: Vec<Agent> = (0..3)
            .map(|_| Agent { key: AgentKey::generate().unwrap(), token: "t".to_owned() })
            .collect();
        let shape = Shape {
            address: "127.0.0.1:1".parse().unwrap(),
            path: "/mcp/mail",
            nonce: Some("n"),
            refuses: Refuses::ToolsAndArguments,
        };
        let mut proofs = Proofs::new();
        let lanes = volley(&agents, 400, &shape, &mut proofs).unwrap();
        let shots: Vec<&Shot> = lanes.iter().flatten().collect();
        assert_eq!((lanes.len(), shots.len()), (LANES, 400));
        assert!(proofs.unique() && proofs.made == 400);
        let denied: Vec<&&Shot> = shots.iter().filter(|shot| !shot.permit).collect();
        assert_eq!(denied.len(), 8);
        let texts = denied.iter().map(|shot| String::from_utf8_lossy(&shot.bytes));
        assert_eq!(texts.filter(|text| text.contains("stranger.example")).count(), 4);
    }
}
