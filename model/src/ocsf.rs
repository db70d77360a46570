//! OCSF 1.9.0 API Activity (class 6003), the record of one decided call, with the `ai_agent`, `delegation` and `policy`
//! objects under their standard names and spellings.
//!
//! Never here: a field OCSF does not name, outside `unmapped`. To add an object: a struct with OCSF's field names, its
//! place in [`ApiActivity`], and a line in `docs/records.md`.

use serde::{Deserialize, Serialize};

use crate::{AgentId, BootId, CallId, GatewayId, GrantId, HoldId, InstanceId, PersonId, TenantId};

/// `metadata.version`.
pub const VERSION: &str = "1.9.0";
/// `class_uid` of API Activity.
pub const API_ACTIVITY: u32 = 6003;

/// OCSF `activity_id` of class 6003.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// 1: something is made.
    Create,
    /// 2: something is read or listed.
    Read,
    /// 3: something is changed.
    Update,
    /// 4: something is removed.
    Delete,
    /// 99: a tool call whose effect the protocol does not say.
    Other,
}

impl Activity {
    /// The number OCSF gives it.
    pub const fn id(self) -> u32 {
        match self {
            Self::Create => 1,
            Self::Read => 2,
            Self::Update => 3,
            Self::Delete => 4,
            Self::Other => 99,
        }
    }
}

/// What became of the call: `status_id` 1 success, 2 failure; `action_id` 1 allowed, 2 denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Permitted and answered.
    Allowed,
    /// Refused by decision.
    Blocked,
    /// Permitted, but the upstream failed or the stream was cut.
    Errored,
}

/// API Activity, class 6003. Borrowed where the call already owns the text: one is made for each call.
#[derive(Debug, Clone, Serialize)]
pub struct ApiActivity<'a> {
    /// See [`Activity`].
    pub activity_id: u32,
    /// 6.
    pub category_uid: u32,
    /// 6003.
    pub class_uid: u32,
    /// `class_uid * 100 + activity_id`.
    pub type_uid: u32,
    /// Milliseconds since the epoch: when it was decided.
    pub time: i64,
    /// Milliseconds from decision to the last byte of the answer.
    pub duration: i64,
    /// 1 informational; 3 medium for a refusal.
    pub severity_id: u32,
    /// 1 success, 2 failure.
    pub status_id: u32,
    /// The decision's stable code.
    pub status_code: &'a str,
    /// The decision's reason, one sentence.
    pub status_detail: &'a str,
    /// 1 allowed, 2 denied (`security_control` profile).
    pub action_id: u32,
    /// 1 allowed, 2 blocked, 11 errored (`security_control` profile).
    pub disposition_id: u32,
    /// Who acted.
    pub actor: ActorObject<'a>,
    /// What was called.
    pub api: Api<'a>,
    /// What it was called on.
    pub resources: [Resource<'a>; 1],
    /// Under which grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy<'a>>,
    /// By whom the authority was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Delegation>,
    /// From where.
    pub src_endpoint: Endpoint<'a>,
    /// About the record.
    pub metadata: Metadata<'a>,
    /// What OCSF has no name for.
    pub unmapped: Unmapped<'a>,
}

/// OCSF `actor`.
#[derive(Debug, Clone, Serialize)]
pub struct ActorObject<'a> {
    /// The agent (OCSF 1.9 `ai_agent`).
    pub ai_agent: AiAgent<'a>,
    /// The token's session.
    pub session: SessionObject<'a>,
}

/// OCSF `ai_agent`.
#[derive(Debug, Clone, Serialize)]
pub struct AiAgent<'a> {
    /// Our id.
    pub uid: AgentId,
    /// Its name in the register.
    pub name: &'a str,
    /// The running copy.
    pub instance_uid: InstanceId,
}

/// OCSF `session`: the access token that was presented.
#[derive(Debug, Clone, Serialize)]
pub struct SessionObject<'a> {
    /// The token's `jti`.
    pub uid: &'a str,
    /// Its issuer.
    pub issuer: &'a str,
    /// When it ends, milliseconds.
    pub expiration_time: i64,
}

/// OCSF `api`.
#[derive(Debug, Clone, Serialize)]
pub struct Api<'a> {
    /// The protocol's method, for example `tools/call`.
    pub operation: &'a str,
    /// The MCP server.
    pub service: Named<'a>,
    /// The protocol revision.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub version: &'a str,
    /// The request.
    pub request: RequestObject<'a>,
}

/// OCSF objects that are a name.
#[derive(Debug, Clone, Serialize)]
pub struct Named<'a> {
    /// The name.
    pub name: &'a str,
}

/// OCSF `request`.
#[derive(Debug, Clone, Serialize)]
pub struct RequestObject<'a> {
    /// The call's id.
    pub uid: CallId,
    /// The JSON-RPC id as it was written, cut.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub data: &'a str,
}

/// OCSF `resource_details`.
#[derive(Debug, Clone, Serialize)]
pub struct Resource<'a> {
    /// `tool`, `resource`, `prompt` or `server`.
    pub r#type: &'a str,
    /// Its name as the caller wrote it, cut.
    pub name: &'a str,
}

/// OCSF `policy`.
#[derive(Debug, Clone, Serialize)]
pub struct Policy<'a> {
    /// The grant.
    pub uid: GrantId,
    /// Its words.
    pub desc: &'a str,
}

/// OCSF 1.9 `delegation`: whose authority was used.
#[derive(Debug, Clone, Serialize)]
pub struct Delegation {
    /// The grant that delegates.
    pub uid: GrantId,
    /// The person who gave it.
    pub issuer_uid: PersonId,
}

/// OCSF `network_endpoint`.
#[derive(Debug, Clone, Serialize)]
pub struct Endpoint<'a> {
    /// Address of the peer.
    pub ip: &'a str,
    /// Its port.
    pub port: u16,
}

/// OCSF `metadata`.
#[derive(Debug, Clone, Serialize)]
pub struct Metadata<'a> {
    /// 1.9.0.
    pub version: &'a str,
    /// The client's space.
    pub tenant_uid: TenantId,
    /// The record's id: the call's.
    pub uid: CallId,
    /// Position in this gateway's boot.
    pub sequence: u64,
    /// The product.
    pub product: Product<'a>,
    /// The profiles used.
    pub profiles: [&'a str; 2],
}

/// OCSF `product`.
#[derive(Debug, Clone, Serialize)]
pub struct Product<'a> {
    /// `Writ`.
    pub name: &'a str,
    /// `Writ`.
    pub vendor_name: &'a str,
    /// The build's version.
    pub version: &'a str,
}

/// What OCSF has no name for: where the record was made and what the decision stood on.
#[derive(Debug, Clone, Serialize)]
pub struct Unmapped<'a> {
    /// The gateway.
    pub gateway: GatewayId,
    /// Its run.
    pub boot: BootId,
    /// Ledger lines the decision saw.
    pub tree_size: u64,
    /// Digest of the canonical arguments, hexadecimal; the arguments themselves are sealed beside the record.
    pub arguments_digest: &'a str,
    /// Thumbprint of the proof key.
    pub jkt: &'a str,
    /// Version of the decision engine.
    pub engine: &'a str,
    /// Keys of the charter's clauses that applied, strictest first.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub clauses: &'a [String],
    /// Version of the charter in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charter: Option<u32>,
    /// The code that would have refused the call, if it had not been observed only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<&'a str>,
    /// The hold that the call waits for, or whose approval it used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldId>,
    /// The agent that asked for another one to be decided on, where the call did not come from the agent itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<AgentId>,
    /// The agents that it was done for with an exchanged token (RFC 8693), nearest first.
    #[serde(skip_serializing_if = "<[AgentId]>::is_empty")]
    pub acting_for: &'a [AgentId],
    /// What was found in what the server answered, by class.
    #[serde(skip_serializing_if = "<[Returned]>::is_empty")]
    pub returned: &'a [Returned],
}

/// How much of one class was found in what a server answered. Never a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Returned {
    /// The class.
    pub class: &'static str,
    /// How often it was found.
    pub found: u32,
    /// How often words were put in its place.
    pub masked: u32,
}
