//! The words every other crate speaks: ids, time, canonical JSON, the strict JSON reader, digests, secrets,
//! error codes, OCSF record types, and [`Cx`], which is always the first argument.
//!
//! Never here: IO, SQL, HTTP, JSON-RPC, a clock or a source of entropy of its own.
//! To add a noun: one file, one type, its text form checked on parse, its tests below it.

pub mod actor;
pub mod canonical;
pub mod code;
pub mod cx;
pub mod digest;
pub mod fold;
pub mod id;
pub mod json;
pub mod name;
pub mod ocsf;
pub mod secret;
pub mod text;
pub mod time;

pub use actor::{Actor, Role, Side};
pub use code::Code;
pub use cx::{Clock, Cx, Entropy};
pub use digest::Digest;
pub use fold::Fold;
pub use id::{
    AgentId, BootId, CallId, CharterId, DrillId, EnrollmentId, GatewayId, GrantId, GroupId, HoldId,
    Id, InstanceId, InvitationId, Kind, PasskeyId, PersonId, RecoveryId, RequestId, SessionId,
    SigningId, TenantId, TokenId, WitnessId,
};
pub use name::{PersonName, SealedName};
pub use secret::Secret;
pub use time::{Span, Timestamp};
