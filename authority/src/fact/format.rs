//! Formats: which kinds of facts a reader of each one knows.
//!
//! A ledger begins in [`FIRST`]. A kind of a later format is written only after a `format_raised` fact, which the desk
//! writes once every process that follows the ledgers reads it; so an old process never meets a line that it would have
//! to refuse a client for. What an untouched installation writes stays as it was, byte for byte.
//! To add a kind: its format in [`Fact::format`]; with the first kind of a new format, [`NEWEST`].

use super::Fact;
use crate::command::Command;

/// The format every ledger begins in.
pub const FIRST: u32 = 1;
/// The newest format this build reads and writes.
pub const NEWEST: u32 = 3;
/// Agents ended in one act, sub-agents, receipts of every target, restored ledgers, halted gateways, erased
/// people.
pub(crate) const SECOND: u32 = 2;
/// What servers list: definitions seen, approved, refused. Accounts at protected servers.
pub const THIRD: u32 = 3;

impl Fact {
    /// The format a reader has to know for this fact.
    pub fn format(&self) -> u32 {
        match self {
            Self::FormatRaised { .. }
            | Self::AgentsTerminated(_)
            | Self::AgentDelegated { .. }
            | Self::TerminationReached(_)
            | Self::PersonErased { .. }
            | Self::GatewayHalted(_)
            | Self::GatewayResumed(_)
            | Self::LedgerRestored(_) => SECOND,
            Self::DefinitionsSeen(_)
            | Self::UpstreamConnected(_)
            | Self::UpstreamDisconnected { .. }
            | Self::DefinitionApproved(_)
            | Self::DefinitionRefused(_) => THIRD,
            // A receipt carries the act that was signed.
            Self::ActSigned(receipt) => receipt.request.act.format(),
            Self::ApprovalAsked(held) => held.act.format(),
            _ => FIRST,
        }
    }
}

impl Command {
    /// The format a reader has to know for a receipt of this command.
    pub fn format(&self) -> u32 {
        match self {
            Self::RaiseFormat { .. }
            | Self::TerminateMany { .. }
            | Self::ErasePerson { .. }
            | Self::Delegate { .. }
            | Self::ReachTermination(_)
            | Self::HaltGateway { .. }
            | Self::ServeGateway { .. }
            | Self::NoteHalt(_)
            | Self::NoteServed(_)
            | Self::RestoreLedger(_) => SECOND,
            Self::SeeDefinitions(_)
            | Self::ConnectUpstream(_)
            | Self::DisconnectUpstream { .. }
            | Self::ApproveDefinition(_)
            | Self::RefuseDefinition(_) => THIRD,
            _ => FIRST,
        }
    }
}
