//! Records as tests make them, of a tenant, a boot and a number.

use bytes::Bytes;
use writ_lake::{Inputs, Record};
use writ_model::{
    AgentId, BootId, CallId, GatewayId, InstanceId, TenantId, Timestamp, ocsf::Disposition,
};

/// The number that the process under test leaves out.
pub(crate) const SKIPPED: u64 = 7;

/// A record.
pub(crate) fn record(tenant: u8, boot: u8, seq: u64) -> Record {
    let mut call = [tenant; 16];
    call[7] = boot;
    call[8..].copy_from_slice(&seq.to_be_bytes());
    Record {
        call: CallId::from_bytes(call),
        tenant: TenantId::from_bytes([tenant; 16]),
        gateway: GatewayId::from_bytes([7; 16]),
        boot: BootId::from_bytes([boot; 16]),
        seq,
        at: Timestamp::from_micros(1_800_000_000_000_000),
        agent: AgentId::from_bytes([100; 16]),
        instance: InstanceId::from_bytes([5; 16]),
        server: "mail".to_owned(),
        method: "tools/call".to_owned(),
        surface: "tool".to_owned(),
        name: "send".to_owned(),
        effect: Disposition::Allowed,
        code: "PERM-0001".to_owned(),
        detail: "because".to_owned(),
        grant: None,
        latency_us: 1_234,
        ocsf: Bytes::from(format!("{{\"tenant\":{tenant},\"boot\":{boot},\"seq\":{seq}}}")),
        inputs: Inputs { arguments: Bytes::from_static(b"sealed"), ..Inputs::default() },
    }
}
