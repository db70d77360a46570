//! How running Writ changes the state: gateways that are halted, and what a backup must not bring back.
//! Never here: whether a fact was allowed.

use std::sync::Arc;

use imbl::OrdMap;
use writ_model::{AgentId, HoldId, InvitationId, PersonId, RecoveryId, Timestamp};

use crate::{
    agent::Life,
    fact::{GatewayHalted, LedgerRestored},
    state::{Halted, State},
};

impl State {
    pub(super) fn halt(&mut self, line: u64, by: Option<PersonId>, says: GatewayHalted) {
        self.halted.insert(says.gateway, Arc::new(Halted { says, by, line }));
    }

    /// Lines after the backup are lost, and with them whatever was ended, withdrawn, refused or used up by them: nothing
    /// that was open then may be used before a person said so again.
    pub(super) fn restore(&mut self, line: u64, at: Timestamp, restored: LedgerRestored) {
        let reason = format!("restored from a backup of {}", restored.backup_at);
        let active = |(id, agent): (&AgentId, &Arc<crate::Agent>)| {
            (agent.life == Life::Active).then_some(*id)
        };
        let active: Vec<AgentId> = self.agents.iter().filter_map(active).collect();
        for agent in active {
            self.live(line, at, agent, Life::Held { reason: reason.clone() });
        }
        self.void_offers(at);
        self.void_holds(at);
        self.exports = OrdMap::new();
        self.observing = OrdMap::new();
        self.tokens_from = at;
        self.restored = Some((line, at, Arc::new(restored)));
    }

    /// Codes and links.
    fn void_offers(&mut self, at: Timestamp) {
        let open = |(id, offer): (&_, &Arc<crate::state::Offer>)| {
            (offer.used_by.is_none() && offer.expires > at).then_some(*id)
        };
        let offers: Vec<_> = self.offers.iter().filter_map(open).collect();
        for id in offers {
            if let Some(offer) = self.offers.get_mut(&id) {
                Arc::make_mut(offer).expires = at;
            }
        }
        let open = |(id, one): (&_, &Arc<crate::state::Invitation>)| one.open().then_some(*id);
        let invitations: Vec<InvitationId> = self.invitations.iter().filter_map(open).collect();
        for id in invitations {
            if let Some(one) = self.invitations.get_mut(&id) {
                Arc::make_mut(one).withdrawn_at = Some(at);
            }
        }
        let open = |(id, one): (&_, &Arc<crate::state::Recovery>)| one.open().then_some(*id);
        let recoveries: Vec<RecoveryId> = self.recoveries.iter().filter_map(open).collect();
        for id in recoveries {
            if let Some(one) = self.recoveries.get_mut(&id) {
                Arc::make_mut(one).refused_at = Some(at);
            }
        }
    }

    /// What waited for people, and what they approved and nobody had used yet.
    fn void_holds(&mut self, at: Timestamp) {
        let open: Vec<HoldId> =
            self.holds.iter().filter(|(_, hold)| hold.open(at)).map(|(id, _)| *id).collect();
        for id in open {
            if let Some(hold) = self.holds.get_mut(&id) {
                Arc::make_mut(hold).void_at = Some(at);
            }
        }
    }
}
