//! Sealed records of calls on their way into another installation: the same bytes under the same seals, with the columns
//! that pages find them by read out of them.
//!
//! Never here: arguments; they are sealed under a key that stays with the old provider, so such a call can be read and
//! proved, but not decided again. To keep one more column: its line in [`record`].

use std::{fs, path::Path};

use bytes::Bytes;
use serde_json::Value;
use writ_authority::fact::ActivitySealed;
use writ_lake::{Activity, Batch, Inputs, Record, Run};
use writ_model::{TenantId, Timestamp, ocsf::Disposition};

use crate::{
    book::activity,
    fault::{Exit, Fault},
};

/// One seal and the line it stands in.
pub type Sealed = (u64, ActivitySealed);

/// Keeps the records of these seals, oldest first; those that are kept already are left alone. Says how many there are.
///
/// # Errors
/// If a file cannot be read, a record lacks a member, or the lake fails.
pub async fn keep(
    lake: &std::sync::Arc<Activity>,
    tenant: TenantId,
    book: &Path,
    seals: &[Sealed],
) -> Result<u64, Fault> {
    let failed =
        |error: writ_lake::LakeFault| Fault::unreachable(format!("the activity store: {error}"));
    let mut count = 0;
    for (line, seal) in seals {
        count += seal.count;
        if lake.seal_at(tenant, *line).await.map_err(failed)?.is_some() {
            continue;
        }
        let path = book.join(activity::path(*line));
        let bytes = fs::read(&path).map_err(|error| Fault::file(&path, "read", &error))?;
        let leaves = bytes.split(|byte| *byte == b'\n').filter(|leaf| !leaf.is_empty());
        for (seq, leaf) in (seal.first..).zip(leaves) {
            let record = record(tenant, seal, seq, leaf).ok_or_else(|| {
                let what = format!("record {seq} under line {line} is not one of ours");
                Fault::new(Exit::Unverified, what)
            })?;
            // What an import that was cut short has kept is there already.
            if lake.call(tenant, record.call).await.map_err(failed)?.is_none() {
                lake.place(record.tenant)
                    .await
                    .map_err(failed)?
                    .write_durable(record)
                    .await
                    .map_err(failed)?;
            }
        }
        let run = Run { tenant, gateway: seal.gateway, boot: seal.boot };
        let batch =
            Batch { run, first: seal.first, last: seal.last, count: seal.count, root: seal.root };
        lake.mark_sealed(batch, *line).await.map_err(failed)?;
    }
    Ok(count)
}

/// A record from its OCSF bytes; none if a member is missing.
fn record(tenant: TenantId, seal: &ActivitySealed, seq: u64, leaf: &[u8]) -> Option<Record> {
    let says: Value = serde_json::from_slice(leaf).ok()?;
    let text = |pointer: &str| says.pointer(pointer).and_then(Value::as_str);
    let number = |pointer: &str| says.pointer(pointer).and_then(Value::as_u64);
    let effect = match number("/disposition_id")? {
        1 => Disposition::Allowed,
        2 => Disposition::Blocked,
        11 => Disposition::Errored,
        _ => return None,
    };
    let millis = i64::try_from(number("/time")?).ok()?;
    let permitted = effect != Disposition::Blocked;
    let grant = text("/policy/uid").filter(|_| permitted).and_then(|grant| grant.parse().ok());
    Some(Record {
        call: text("/metadata/uid")?.parse().ok()?,
        tenant,
        gateway: seal.gateway,
        boot: seal.boot,
        seq,
        at: Timestamp::from_micros(millis.checked_mul(1000)?),
        agent: text("/actor/ai_agent/uid")?.parse().ok()?,
        instance: text("/actor/ai_agent/instance_uid")?.parse().ok()?,
        server: text("/api/service/name")?.to_owned(),
        method: text("/api/operation")?.to_owned(),
        surface: text("/resources/0/type")?.to_owned(),
        name: text("/resources/0/name")?.to_owned(),
        effect,
        code: text("/status_code")?.to_owned(),
        detail: text("/status_detail")?.to_owned(),
        grant,
        latency_us: number("/duration")?.checked_mul(1000)?,
        ocsf: Bytes::copy_from_slice(leaf),
        inputs: Inputs {
            tree_size: number("/unmapped/tree_size")?,
            engine: text("/unmapped/engine")?.to_owned(),
            clauses: says.pointer("/unmapped/clauses").map(Value::to_string).unwrap_or_default(),
            charter: number("/unmapped/charter")
                .and_then(|n| n.try_into().ok())
                .unwrap_or_default(),
            observed: text("/unmapped/observed").unwrap_or_default().to_owned(),
            hold: text("/unmapped/hold").and_then(|hold| hold.parse().ok()),
            ..Inputs::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use writ_model::{AgentId, BootId, CallId, Digest, GatewayId, GrantId, InstanceId};

    use super::*;

    #[test]
    fn a_record_keeps_its_bytes_and_one_without_a_member_is_refused() {
        let seal = ActivitySealed {
            gateway: GatewayId::from_bytes([1; 16]),
            boot: BootId::from_bytes([2; 16]),
            first: 0,
            last: 0,
            count: 1,
            root: Digest::default(),
        };
        let (call, grant) = (CallId::from_bytes([3; 16]), GrantId::from_bytes([4; 16]));
        let (agent, instance) = (AgentId::from_bytes([5; 16]), InstanceId::from_bytes([6; 16]));
        let says = json!({
            "time": 1_700_000_000_123_i64, "duration": 4, "disposition_id": 1, "status_code": "GATE-0001",
            "status_detail": "permitted", "metadata": {"uid": call}, "policy": {"uid": grant},
            "actor": {"ai_agent": {"uid": agent, "instance_uid": instance}},
            "api": {"operation": "tools/call", "service": {"name": "mail"}},
            "resources": [{"type": "tool", "name": "send"}],
            "unmapped": {"tree_size": 9, "engine": "e"},
        });
        let leaf = says.to_string();
        let tenant = TenantId::from_bytes([7; 16]);
        let kept = record(tenant, &seal, 0, leaf.as_bytes()).unwrap();
        assert_eq!(kept.ocsf, leaf.as_bytes());
        assert_eq!((kept.call, kept.grant, kept.latency_us), (call, Some(grant), 4000));
        assert_eq!(kept.at.millis(), 1_700_000_000_123);
        for member in ["time", "actor", "api", "resources", "unmapped", "metadata"] {
            let mut without = says.clone();
            without.as_object_mut().unwrap().remove(member);
            assert!(record(tenant, &seal, 0, without.to_string().as_bytes()).is_none(), "{member}");
        }
    }
}
