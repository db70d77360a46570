//! Calls that left in an earlier run and of whose end nothing is known: each gets a record in this run, so that no crash hides
//! a call that acted. It says in which run the call left.
//!
//! Never here: a guess at what the server did, or an end to trying: until its record is given, a call stays in the journal.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::timeout;
use writ_lake::Record;
use writ_model::{BootId, Code, ocsf::Disposition};

use crate::{core::Core, refusal::RUN_ENDED};

/// Between two tries where a client's key cannot be had.
const RETRY: Duration = Duration::from_secs(5);

/// Records them all, and ends; or when the gateway does.
pub(crate) async fn record(core: Arc<Core>) {
    let mut left = core.recorder.queue().unfinished();
    while !left.is_empty() {
        let mut again = Vec::new();
        for call in left {
            if let Err(code) = one(&core, &call).await {
                tracing::warn!(call = %call.call, tenant = %call.tenant, code = code.0,
                    "a call of an earlier run has no record yet");
                again.push(call);
            }
        }
        left = again;
        if !left.is_empty() && timeout(RETRY, core.halt.cancelled()).await.is_ok() {
            return;
        }
    }
}

async fn one(core: &Core, call: &Record) -> Result<(), Code> {
    let tenancy = core.tenancies.of(call.tenant).await.map_err(|refusal| refusal.code)?;
    let slot = core.recorder.place(call.tenant).await.map_err(|fault| fault.code())?;
    tracing::warn!(event = "gateway.call_unfinished", call = %call.call, tenant = %call.tenant, run = %call.boot,
        "a call had left when its gateway ended; whether it was done is not known");
    slot.write(of_this_run(call, core.boot, tenancy.next_seq()));
    core.counters.recorded(Disposition::Errored, 0);
    Ok(())
}

/// The record as this run writes it.
fn of_this_run(call: &Record, boot: BootId, seq: u64) -> Record {
    let detail = format!("{} (run {})", RUN_ENDED.words, call.boot);
    let ocsf = match serde_json::from_slice::<Value>(&call.ocsf) {
        Ok(mut ocsf) => {
            for (place, value) in [
                ("/status_detail", json!(detail)),
                ("/metadata/sequence", json!(seq)),
                ("/unmapped/boot", json!(boot)),
            ] {
                if let Some(place) = ocsf.pointer_mut(place) {
                    *place = value;
                }
            }
            Bytes::from(ocsf.to_string())
        }
        Err(fault) => {
            tracing::error!(%fault, call = %call.call, "a journaled call has no JSON form");
            call.ocsf.clone()
        }
    };
    Record { boot, seq, detail, ocsf, ..call.clone() }
}

#[cfg(test)]
mod tests {
    use writ_lake::Inputs;
    use writ_model::{
        AgentId, CallId, GatewayId, InstanceId, TenantId, Timestamp, ocsf::Disposition,
    };

    use super::*;

    #[test]
    fn it_is_of_this_run_and_names_the_other_one() {
        let (was, boot) = (BootId::from_bytes([3; 16]), BootId::from_bytes([9; 16]));
        let ocsf = format!(
            r#"{{"status_detail":"x","metadata":{{"sequence":0,"uid":"c"}},"unmapped":{{"boot":"{was}"}}}}"#
        );
        let call = Record {
            call: CallId::from_bytes([1; 16]),
            tenant: TenantId::from_bytes([1; 16]),
            gateway: GatewayId::from_bytes([2; 16]),
            boot: was,
            seq: 0,
            at: Timestamp::from_micros(1),
            agent: AgentId::from_bytes([4; 16]),
            instance: InstanceId::from_bytes([5; 16]),
            server: "mail".to_owned(),
            method: "tools/call".to_owned(),
            surface: "tool".to_owned(),
            name: "send".to_owned(),
            effect: Disposition::Errored,
            code: RUN_ENDED.code.0.to_owned(),
            detail: RUN_ENDED.words.to_string(),
            grant: None,
            latency_us: 0,
            ocsf: Bytes::from(ocsf),
            inputs: Inputs::default(),
        };
        let now = of_this_run(&call, boot, 7);
        assert_eq!((now.boot, now.seq, now.call, now.at), (boot, 7, call.call, call.at));
        assert!(now.detail.contains(&was.to_string()), "{}", now.detail);
        let ocsf: Value = serde_json::from_slice(&now.ocsf).unwrap();
        assert_eq!(ocsf["metadata"], json!({"sequence": 7, "uid": "c"}));
        assert_eq!(ocsf["unmapped"]["boot"], json!(boot));
        assert_eq!(ocsf["status_detail"], json!(now.detail));
    }
}
