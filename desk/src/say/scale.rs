//! Facts about many agents, many processes and backups in plain words.

use writ_authority::{
    Fact, State,
    fact::{
        AgentsTerminated, Ended, GatewayHalted, Holder, How, LedgerRestored, TerminationReached,
    },
};

use super::sentence;

/// What became so; nothing if it is about none of these.
pub(super) fn fact(state: &State, fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::FormatRaised { format } => {
            format!("Lines of format {format} may stand here: every process reads them.")
        }
        Fact::AgentsTerminated(ended) => many(state, ended),
        Fact::AgentDelegated { agent, by } => {
            format!("{} acts for {}.", state.agent_name(*agent), state.agent_name(*by))
        }
        Fact::TerminationReached(reached) => self::reached(reached),
        Fact::GatewayHalted(halted) => self::halted(halted),
        Fact::GatewayResumed(resumed) => format!(
            "The gateway {} serves again{}.",
            resumed.gateway,
            resumed.by.as_ref().map(|by| format!(", by {by} at its machine")).unwrap_or_default()
        ),
        Fact::LedgerRestored(restored) => self::restored(restored),
        Fact::DefinitionsSeen(_) | Fact::DefinitionApproved(_) | Fact::DefinitionRefused(_) => {
            return super::listed::fact(fact);
        }
        Fact::UpstreamConnected(says) => format!(
            "An account at {} of {} may be used for {}.",
            says.server,
            says.issuer,
            holder(state, says.holder)
        ),
        Fact::UpstreamDisconnected { server, holder: whose, reason } => format!(
            "The account at {server} for {} may be used no more: {}",
            holder(state, *whose),
            sentence(reason)
        ),
        _ => return None,
    })
}

/// For whom an account is used.
pub(crate) fn holder(state: &State, holder: Holder) -> String {
    match holder {
        Holder::Client => "every agent of the client".to_owned(),
        Holder::Agent(id) => state.agent_name(id),
        Holder::Person(id) => format!("the agents of {}", state.person_name(id)),
    }
}

fn many(state: &State, ended: &AgentsTerminated) -> String {
    let count = match ended.agents.len() {
        1 => "1 agent was".to_owned(),
        count => format!("{count} agents were"),
    };
    let what = match &ended.what {
        Ended::All => "every agent of the client".to_owned(),
        Ended::Group(id) => state
            .groups
            .get(id)
            .map_or_else(|| id.to_string(), |group| format!("the group {}", group.name)),
        Ended::Vendor(word) => format!("every agent with a model of “{word}”"),
        Ended::Agents => "those that were named".to_owned(),
        Ended::Below(agent) => format!("what acted for {}", state.agent_name(*agent)),
    };
    format!("{count} ended for good ({what}): {}", sentence(&ended.reason))
}

fn reached(reached: &TerminationReached) -> String {
    let of = |how| reached.targets.iter().filter(|target| target.how == how).count();
    let (said, lost) = (of(How::Confirmed), of(How::LeaseExpired));
    format!(
        "The ending of line {} reached {} gateways: {said} confirmed it, the leases of {lost} expired.",
        reached.line,
        reached.targets.len()
    )
}

fn halted(halted: &GatewayHalted) -> String {
    let by = halted.by.as_ref().map(|by| format!(" by {by}, at its machine")).unwrap_or_default();
    format!("The gateway {} was halted{by}: {}", halted.gateway, sentence(&halted.reason))
}

fn restored(restored: &LedgerRestored) -> String {
    let gap = match (restored.witnessed, restored.gap) {
        (None, _) => "no witness could say what is missing".to_owned(),
        (Some(_), 0) => "a witness misses nothing".to_owned(),
        (Some(_), gap) => format!("a witness misses {gap} lines"),
    };
    format!(
        "This ledger came out of a backup of {} with {} lines; {gap}. Every active agent is on hold.",
        restored.backup_at, restored.size
    )
}
