//! [`Recording`]: the record of one decided call. It is begun with the decision, its place in the lake is taken before
//! anything goes out, that it leaves is journaled before it does if it acts, and it is written whatever happens: answered,
//! failed, cut, or simply dropped; before the last byte of the answer is let go.
//!
//! Never here: an argument in the clear, or a decision.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use writ_authority::{
    Agent,
    decide::{ENGINE, Traced},
};
use writ_lake::{ClauseUse, Inputs, LakeFault, Record, Slot};
use writ_model::{
    AgentId, CallId, Code, Digest, GrantId, HoldId, InstanceId, PersonId, Timestamp, TokenId,
    canonical as plain,
    json::{Node, beyond, canonical},
    ocsf::{self, Disposition},
};

use crate::{
    behalf::Above,
    core::Core,
    flight::Flight,
    refusal::{self, Refusal},
    returned::Tally,
    standing::Deed,
    tenancy::Tenancy,
    trace,
};

/// LIMIT: characters of a name, of an id and of a sentence in a record.
const NAME: usize = 256;
const RPC_ID: usize = 64;
const WORDS: usize = 400;

/// Who called, as records say it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) tenancy: Arc<Tenancy>,
    pub(crate) agent: Arc<Agent>,
    pub(crate) instance: InstanceId,
    pub(crate) epoch: u64,
    pub(crate) token: TokenId,
    pub(crate) expires: Timestamp,
    pub(crate) jkt: String,
    pub(crate) peer: SocketAddr,
    /// Another agent that asked what this one may do. Token and key are then those that it showed.
    pub(crate) asked_by: Option<AgentId>,
    /// Whom it acts for with an exchanged token, nearest first.
    pub(crate) behalf: Vec<Above>,
}

/// What was called.
#[derive(Debug, Clone)]
pub(crate) struct Called<'a> {
    pub(crate) server: &'a str,
    pub(crate) method: &'a str,
    pub(crate) surface: &'static str,
    pub(crate) name: &'a str,
    pub(crate) revision: &'a str,
    pub(crate) rpc_id: &'a [u8],
    pub(crate) arguments: Option<&'a Node<'a>>,
    /// The bytes that they were read from.
    pub(crate) raw: &'a [u8],
    /// What was found of where its values came from.
    pub(crate) flow: Option<&'a Traced>,
}

impl<'a> Called<'a> {
    /// A request without a message.
    pub(crate) fn bare(server: &'a str, method: &'a str, revision: &'a str) -> Self {
        let (surface, rpc_id, raw) = ("server", &b""[..], &b""[..]);
        let (name, arguments, flow) = (server, None, None);
        Self { server, method, surface, name, revision, rpc_id, arguments, raw, flow }
    }
}

/// What was decided.
#[derive(Debug, Clone)]
pub(crate) struct Decided {
    pub(crate) code: Code,
    pub(crate) words: String,
    pub(crate) grant: Option<GrantId>,
    pub(crate) given_by: Option<PersonId>,
    pub(crate) tree_size: u64,
    pub(crate) reads: String,
    /// The clauses of the charter that applied, strictest first.
    pub(crate) clauses: Vec<String>,
    /// The charter's version.
    pub(crate) charter: Option<u32>,
    pub(crate) clause_reads: String,
    /// What it counts under clauses.
    pub(crate) charged: Vec<ClauseUse>,
    /// What would have refused it, if it were not only observed.
    pub(crate) observed: Option<Code>,
    /// What it waits for, or whose approval it uses up.
    pub(crate) hold: Option<HoldId>,
    pub(crate) permitted: bool,
}

/// A record in the making.
#[derive(Debug)]
pub(crate) struct Recording {
    core: Arc<Core>,
    slot: Option<Slot>,
    caller: Caller,
    decided: Decided,
    pub(crate) call: CallId,
    at: Timestamp,
    begun: u64,
    server: String,
    method: String,
    surface: &'static str,
    name: String,
    revision: String,
    rpc_id: String,
    digest: String,
    sealed: Bytes,
    /// Its places among what runs now, given back when the record is written.
    flight: Flight,
    /// The caller may leave whenever it likes: it only listened.
    listening: bool,
    /// What was found in the answer so far.
    returned: Tally,
}

impl Recording {
    /// Begins a record and takes its place in the lake, waiting for one if the lake is behind.
    pub(crate) async fn begin(
        core: &Arc<Core>,
        caller: &Caller,
        called: &Called<'_>,
        decided: Decided,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        let tenant = caller.tenancy.tenant;
        let slot = match core.recorder.try_place(tenant) {
            Some(slot) => slot,
            None => core.recorder.place(tenant).await.map_err(|fault| unrecorded(&fault))?,
        };
        let call = core.call_id(at);
        let arguments = called.arguments.map(|node| kept(node, called.raw)).transpose()?;
        let digest = arguments.as_deref().map(|bytes| Digest::of(bytes).to_string());
        let sealed = sealed((&caller.tenancy, call), called, arguments.as_deref())?;
        Ok(Self {
            core: Arc::clone(core),
            slot: Some(slot),
            caller: caller.clone(),
            decided,
            call,
            at,
            begun: core.clock.monotonic_micros(),
            server: called.server.to_owned(),
            method: cut(called.method, RPC_ID),
            surface: called.surface,
            name: cut(called.name, NAME),
            revision: called.revision.to_owned(),
            rpc_id: cut(&String::from_utf8_lossy(called.rpc_id), RPC_ID),
            digest: digest.unwrap_or_default(),
            sealed,
            flight: Flight::default(),
            listening: false,
            returned: Tally::default(),
        })
    }

    /// Where what is found in its answer is counted.
    pub(crate) fn tally(&self) -> Tally {
        self.returned.clone()
    }

    /// The call leaves, with its places among what runs now for as long as it runs.
    pub(crate) fn flies(mut self, flight: Flight) -> Self {
        self.flight = flight.leaves();
        self
    }

    /// The call is about to leave. When this returns, that it left survives a kill of this process; what cannot be undone
    /// waits until it survives the machine as well.
    pub(crate) async fn leaves(&self, deed: Deed) -> Result<(), Refusal> {
        let Some(slot) = self.slot.as_ref().filter(|_| deed != Deed::Reads) else { return Ok(()) };
        let record = self.made(Disposition::Errored, Some(&refusal::RUN_ENDED), (0, 0));
        let journaled = match deed {
            Deed::Reads | Deed::Acts => slot.leaves(&record),
            Deed::ForGood => slot.leaves_for_good(&record).await,
        };
        journaled.map_err(|fault| unrecorded(&fault))
    }

    /// The call waits for this.
    pub(crate) fn held(&mut self, hold: HoldId) {
        self.decided.hold = Some(hold);
    }

    /// The caller only listens: when it leaves, nothing has failed.
    pub(crate) fn listens(mut self) -> Self {
        self.listening = true;
        self
    }

    /// The call was refused by decision.
    pub(crate) fn denied(mut self) {
        self.write(Disposition::Blocked, None);
    }

    /// The call was decided on and then not let out, for a reason of the gateway's own.
    pub(crate) fn withheld(mut self, why: &Refusal) {
        self.decided.permitted = false;
        self.decided.charged.clear();
        self.write(Disposition::Blocked, Some(why));
    }

    /// The call was answered.
    pub(crate) fn answered(mut self) {
        self.write(Disposition::Allowed, None);
    }

    /// The call was permitted and then failed or was cut.
    pub(crate) fn failed(mut self, why: &Refusal) {
        self.write(Disposition::Errored, Some(why));
    }

    fn write(&mut self, effect: Disposition, why: Option<&Refusal>) {
        let Some(slot) = self.slot.take() else { return };
        self.flight = Flight::default();
        let latency_us = self.core.clock.monotonic_micros().saturating_sub(self.begun);
        let record = self.made(effect, why, (self.caller.tenancy.next_seq(), latency_us));
        self.core.counters.recorded(effect, latency_us);
        trace::recorded(effect, why.map_or(self.decided.code, |why| why.code).0);
        slot.write(record);
    }

    /// The record as it is with this end.
    fn made(
        &self,
        effect: Disposition,
        why: Option<&Refusal>,
        (seq, latency_us): (u64, u64),
    ) -> Record {
        let code = why.map_or(self.decided.code, |why| why.code).0;
        let words = why.map_or(self.decided.words.as_str(), |why| &*why.words);
        let detail = cut(words, WORDS);
        let ocsf = self.ocsf(effect, (seq, latency_us), (code, &detail));
        let decided = &self.decided;
        Record {
            call: self.call,
            tenant: self.caller.tenancy.tenant,
            gateway: self.core.id,
            boot: self.core.boot,
            seq,
            at: self.at,
            agent: self.caller.agent.described.agent,
            instance: self.caller.instance,
            server: self.server.clone(),
            method: self.method.clone(),
            surface: self.surface.to_owned(),
            name: self.name.clone(),
            effect,
            code: code.to_owned(),
            detail,
            grant: decided.grant.filter(|_| decided.permitted),
            latency_us,
            ocsf,
            inputs: Inputs {
                tree_size: decided.tree_size,
                epoch: self.caller.epoch,
                engine: ENGINE.to_owned(),
                reads: decided.reads.clone(),
                arguments: self.sealed.clone(),
                clauses: json(&decided.clauses),
                charter: decided.charter.unwrap_or(0),
                clause_reads: decided.clause_reads.clone(),
                charged: json(&decided.charged),
                observed: decided.observed.map(|code| code.0.to_owned()).unwrap_or_default(),
                hold: decided.hold,
            },
        }
    }

    fn ocsf(
        &self,
        effect: Disposition,
        (seq, latency_us): (u64, u64),
        (code, detail): (&str, &str),
    ) -> Bytes {
        let (status, action, disposition, severity) = match effect {
            Disposition::Allowed => (1, 1, 1, 1),
            Disposition::Blocked => (2, 2, 2, 3),
            Disposition::Errored => (2, 1, 11, 2),
        };
        let activity = activity(&self.method).id();
        let ip = self.caller.peer.ip().to_string();
        let token = self.caller.token.to_string();
        let acting_for: Vec<AgentId> =
            self.caller.behalf.iter().map(|one| one.agent.described.agent).collect();
        let returned = self.returned.said();
        let policy_words = if self.decided.permitted { self.decided.words.as_str() } else { "" };
        let record = ocsf::ApiActivity {
            activity_id: activity,
            category_uid: 6,
            class_uid: ocsf::API_ACTIVITY,
            type_uid: ocsf::API_ACTIVITY * 100 + activity,
            time: self.at.millis(),
            duration: i64::try_from(latency_us / 1000).unwrap_or(i64::MAX),
            severity_id: severity,
            status_id: status,
            status_code: code,
            status_detail: detail,
            action_id: action,
            disposition_id: disposition,
            actor: self.actor(&token),
            api: ocsf::Api {
                operation: &self.method,
                service: ocsf::Named { name: &self.server },
                version: &self.revision,
                request: ocsf::RequestObject { uid: self.call, data: &self.rpc_id },
            },
            resources: [ocsf::Resource { r#type: self.surface, name: &self.name }],
            policy: self.decided.grant.map(|uid| ocsf::Policy { uid, desc: policy_words }),
            delegation: self
                .decided
                .grant
                .zip(self.decided.given_by)
                .map(|(uid, issuer_uid)| ocsf::Delegation { uid, issuer_uid }),
            src_endpoint: ocsf::Endpoint { ip: &ip, port: self.caller.peer.port() },
            metadata: self.metadata(seq),
            unmapped: ocsf::Unmapped {
                gateway: self.core.id,
                boot: self.core.boot,
                tree_size: self.decided.tree_size,
                arguments_digest: &self.digest,
                jkt: &self.caller.jkt,
                engine: ENGINE,
                clauses: &self.decided.clauses,
                charter: self.decided.charter,
                observed: self.decided.observed.map(|code| code.0),
                hold: self.decided.hold,
                asked_by: self.caller.asked_by,
                acting_for: &acting_for,
                returned: &returned,
            },
        };
        let mut out = Vec::with_capacity(1536);
        if let Err(fault) = serde_json::to_writer(&mut out, &record) {
            tracing::error!(error = %fault, "a record has no JSON form");
        }
        Bytes::from(out)
    }

    fn actor<'a>(&'a self, token: &'a str) -> ocsf::ActorObject<'a> {
        ocsf::ActorObject {
            ai_agent: ocsf::AiAgent {
                uid: self.caller.agent.described.agent,
                name: self.caller.agent.name(),
                instance_uid: self.caller.instance,
            },
            session: ocsf::SessionObject {
                uid: token,
                issuer: &self.core.issuer,
                expiration_time: self.caller.expires.millis(),
            },
        }
    }

    fn metadata(&self, seq: u64) -> ocsf::Metadata<'static> {
        let version = env!("CARGO_PKG_VERSION");
        ocsf::Metadata {
            version: ocsf::VERSION,
            tenant_uid: self.caller.tenancy.tenant,
            uid: self.call,
            sequence: seq,
            product: ocsf::Product { name: "Writ", vendor_name: "Writ", version },
            profiles: ["ai_operation", "security_control"],
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        match (self.decided.permitted, self.listening) {
            (false, _) => self.write(Disposition::Blocked, None),
            (true, true) => self.write(Disposition::Allowed, None),
            (true, false) => self.write(Disposition::Errored, Some(&refusal::CLIENT_LEFT)),
        }
    }
}

fn activity(method: &str) -> ocsf::Activity {
    match method {
        "tools/list"
        | "resources/list"
        | "resources/templates/list"
        | "prompts/list"
        | "resources/read"
        | "prompts/get"
        | "completion/complete" => ocsf::Activity::Read,
        _ => ocsf::Activity::Other,
    }
}

fn unrecorded(fault: &LakeFault) -> Refusal {
    tracing::error!(error = %fault, code = fault.code().0, "nothing can be recorded");
    refusal::NOT_RECORDED
}

/// The name in full and the canonical arguments, sealed for this call: what deciding again needs and nobody else sees.
/// The plain form is canonical JSON: `{"arguments":{…},"flow":{…},"name":"…"}`, `arguments` and what was found of their origin only
/// if there were some, arguments as they were written if the canonical form would lose a digit. It is authenticated with the bytes of the call's id.
fn sealed(
    (tenancy, call): (&Tenancy, CallId),
    called: &Called<'_>,
    arguments: Option<&[u8]>,
) -> Result<Bytes, Refusal> {
    let broken = |fault: &dyn std::fmt::Display| {
        tracing::error!(error = %fault, "arguments could not be sealed");
        refusal::NOT_RECORDED
    };
    let name = called.name;
    let mut plain = Vec::with_capacity(name.len() + arguments.map_or(0, <[u8]>::len) + 40);
    plain.push(b'{');
    if let Some(arguments) = arguments {
        plain.extend_from_slice(b"\"arguments\":");
        plain.extend_from_slice(arguments);
        plain.push(b',');
    }
    if let Some(flow) = called.flow {
        plain.extend_from_slice(b"\"flow\":");
        plain.extend_from_slice(&plain::to_vec(flow).map_err(|fault| broken(&fault))?);
        plain.push(b',');
    }
    plain.extend_from_slice(b"\"name\":");
    plain.extend_from_slice(&plain::to_vec(&name).map_err(|fault| broken(&fault))?);
    plain.push(b'}');
    let sealed = tenancy.sealer.seal(&call.to_bytes(), &plain).map_err(|fault| broken(&fault))?;
    Ok(Bytes::from(sealed))
}

/// What is kept of arguments: their canonical form, and where that has not every digit of every number, the bytes as they
/// were written, so that deciding again reads what was decided on.
fn kept(node: &Node<'_>, raw: &[u8]) -> Result<Vec<u8>, Refusal> {
    if !beyond(node).is_empty() {
        return Ok(raw.to_vec());
    }
    canonical(node).map_err(|fault| {
        tracing::debug!(error = %fault, "arguments have no canonical form");
        refusal::PARAMS
    })
}

/// A list as a column holds it; empty for none.
fn json<T: serde::Serialize>(list: &[T]) -> String {
    if list.is_empty() {
        return String::new();
    }
    serde_json::to_string(list).unwrap_or_default()
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use writ_model::json::{Limits, parse};

    use super::*;

    #[test]
    fn arguments_have_one_form() {
        let text = br#"{"b":[1,2.50,1e2,true,null],"a":"\u00e9","c":{"y":-0,"x":"z"}}"#;
        let node = parse(text, &Limits::REQUEST).unwrap();
        let out = kept(&node, text).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"a":"é","b":[1,2.5,100,true,null],"c":{"x":"z","y":0}}"#
        );
        let long = br#"{"b":9007199254740993,"a": 1}"#;
        let node = parse(long, &Limits::REQUEST).unwrap();
        assert_eq!(kept(&node, long).unwrap(), long, "no digit is lost");
    }

    #[test]
    fn cutting_keeps_whole_characters() {
        assert_eq!(cut("aéb", 2), "aé");
        assert_eq!(cut("ab", 2), "ab");
    }
}
