//! How facts about people change the state: seats, invitations, passkeys, recoveries, witnesses, signatures.
//! Never here: whether a fact was allowed; what is written, is (`chain.rs` is for those who doubt it).

use std::sync::Arc;

use writ_model::{
    AgentId, Digest, InvitationId, PasskeyId, PersonId, PersonName, RecoveryId, Side, Span,
    Timestamp,
};

use crate::{
    agent::Life,
    fact::{Fact, LedgerMoved, PersonInvited, PersonSeated, RecoveryAsked, WitnessNamed},
    passkey::{Admitted, Key, Passkey},
    signed::Receipt,
    state::{Invitation, Joined, Person, Recovery, State, Used, Watcher},
};

/// How long a used signature is remembered after its request expired: longer than a signed line may lie behind the
/// newest signed one ([`crate::command::BEHIND`]).
const REMEMBER: Span = Span::minutes(5);

impl State {
    pub(super) fn meet(&mut self, line: u64, at: Timestamp, by: Option<PersonId>, fact: Fact) {
        match fact {
            Fact::ActSigned(receipt) => self.use_up(at, &receipt),
            Fact::PersonInvited(says) => self.invite(at, by, says),
            Fact::InvitationWithdrawn { invitation, .. } => {
                if let Some(known) = self.invitations.get_mut(&invitation) {
                    Arc::make_mut(known).withdrawn_at = Some(at);
                }
            }
            Fact::PersonJoined { invitation, key } => self.join(line, at, invitation, *key),
            Fact::PasskeyAdded { key, admitted } => self.add_key(line, at, *key, admitted),
            Fact::PasskeyRevoked { passkey, .. } => self.revoke_key(line, at, passkey),
            Fact::RecoveryAsked(says) => self.ask_recovery(at, by, says),
            Fact::RecoveryKeyOffered { recovery, key } => {
                if let Some(known) = self.recoveries.get_mut(&recovery) {
                    Arc::make_mut(known).offered = Some((Arc::new(*key), at));
                }
            }
            Fact::RecoveryConfirmed { recovery, person } => self.confirm_recovery(recovery, person),
            Fact::RecoveryRefused { recovery, .. } => {
                if let Some(known) = self.recoveries.get_mut(&recovery) {
                    Arc::make_mut(known).refused_at = Some(at);
                }
            }
            Fact::PersonOffboarded { person, .. } => self.unseat(line, at, person),
            Fact::PersonErased { person } => self.erase(at, person),
            Fact::WitnessNamed(says) => self.watch(at, says),
            Fact::WitnessRemoved { witness, .. } => {
                if let Some(known) = self.witnesses.get_mut(&witness) {
                    Arc::make_mut(known).removed_at = Some(at);
                }
            }
            Fact::ExportAllowed { person, until } => drop(self.exports.insert(person, until)),
            Fact::KeyPolicySet { policy } => self.policy = policy,
            Fact::LedgerMoved(moved) => self.move_away(line, at, moved),
            Fact::LoginLinked { person, issuer, subject } => {
                self.logins.insert((issuer, subject), person);
            }
            Fact::LoginUnlinked { issuer, subject, .. } => {
                self.logins.remove(&(issuer, subject));
            }
            // A call-back is for whoever reads the ledger; the others are folded elsewhere.
            _ => {}
        }
    }

    pub(super) fn seat(&mut self, line: u64, at: Timestamp, seated: PersonSeated) {
        self.people_touched = line;
        let PersonSeated { person, name, side, roles } = seated;
        let before = self.people.get(&person);
        // Passkeys outlive a seat: a provider's person comes back with theirs.
        let keys = before.map_or(0, |known| known.keys);
        let keyless_since = if keys == 0 { Some(at) } else { None };
        let made = Person { name, side, roles, seated_at: at, left_at: None, keys, keyless_since };
        self.people.insert(person, Arc::new(made));
        self.client_ever |= side == Side::Client;
        if let Some(invitation) = self.invited.get(&person)
            && let Some(known) = self.invitations.get_mut(invitation)
        {
            Arc::make_mut(known).admitted_at = Some(at);
        }
    }

    pub(super) fn unseat(&mut self, line: u64, at: Timestamp, person: PersonId) {
        self.people_touched = line;
        if let Some(known) = self.people.get_mut(&person) {
            Arc::make_mut(known).left_at = Some(at);
        }
        self.unsay(at, person);
    }

    /// What is known of somebody beside what they did here goes; their lines and keys stay, and prove what they proved.
    fn erase(&mut self, at: Timestamp, person: PersonId) {
        let gone = PersonName::from(format!("erased person {person}"));
        if let Some(known) = self.people.get_mut(&person) {
            Arc::make_mut(known).name = gone.clone();
        }
        if let Some(invitation) = self.invited.get(&person)
            && let Some(known) = self.invitations.get_mut(invitation)
        {
            Arc::make_mut(known).says.name = gone;
        }
        let logins: Vec<_> = self.logins.iter().filter(|(_, whose)| **whose == person).collect();
        let logins: Vec<_> = logins.into_iter().map(|(login, _)| login.clone()).collect();
        for login in logins {
            self.logins.remove(&login);
        }
        self.erased.insert(person, at);
    }

    /// The ledger goes on elsewhere: what the old provider could do here ends with this line.
    fn move_away(&mut self, line: u64, at: Timestamp, moved: LedgerMoved) {
        let reason = format!("this ledger moved to {}", moved.name);
        let active: Vec<AgentId> = self
            .agents
            .iter()
            .filter(|(_, agent)| agent.life == Life::Active)
            .map(|(id, _)| *id)
            .collect();
        for agent in active {
            self.live(line, at, agent, Life::Held { reason: reason.clone() });
        }
        let gone: Vec<PersonId> = self.seated(Side::Provider).map(|(person, _)| person).collect();
        for person in gone {
            self.unseat(line, at, person);
        }
        let signs = |key: &Key| {
            let owner = self.people.get(&key.says.person);
            key.live()
                && key.says.origin == moved.origin
                && owner.is_some_and(|one| one.active() && one.side == Side::Client)
        };
        // A browser gives no key to another origin, so the client needs a root there, by a new contract.
        if !self.passkeys.values().any(|key| signs(key)) {
            self.former_root = self.root.take().or(self.former_root);
            self.client_ever = false;
        }
        // What was delegated was delegated to the old provider.
        self.end_charter(at);
        self.draft = None;
        self.observing = imbl::OrdMap::new();
        self.moved = Some((line, Arc::new(moved)));
    }

    fn use_up(&mut self, at: Timestamp, receipt: &Receipt) {
        self.signed_at = self.signed_at.max(at);
        let now = self.signed_at;
        let gone: Vec<_> = self
            .signed
            .iter()
            .filter(|(_, used)| used.expires + REMEMBER < now)
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            self.signed.remove(&id);
        }
        let challenge = receipt.challenge().map(|bytes| Digest::of(&bytes)).unwrap_or_default();
        let used = Used { challenge, expires: receipt.request.expires };
        self.signed.insert(receipt.signing, Arc::new(used));
        if let Some(key) = self.passkeys.get_mut(&receipt.passkey) {
            let key = Arc::make_mut(key);
            key.counter = key.counter.max(receipt.counter().unwrap_or(0));
        }
    }

    fn invite(&mut self, at: Timestamp, by: Option<PersonId>, says: PersonInvited) {
        self.invited.insert(says.person, says.invitation);
        let id = says.invitation;
        let made = Invitation { says, by, at, withdrawn_at: None, admitted_at: None };
        self.invitations.insert(id, Arc::new(made));
    }

    fn join(&mut self, line: u64, at: Timestamp, invitation: InvitationId, key: Passkey) {
        let made = Joined { key: Arc::new(key), at, line };
        self.joined.insert(invitation, Arc::new(made));
    }

    fn add_key(&mut self, line: u64, at: Timestamp, key: Passkey, admitted: Admitted) {
        let (id, person, counter) = (key.passkey, key.person, key.counter);
        self.credentials.insert(key.credential.clone(), id);
        let says = Arc::new(key);
        let made = Key { says, admitted, at, line, revoked_at: None, counter };
        if let Admitted::Recovery { recovery } = admitted
            && let Some(known) = self.recoveries.get_mut(&recovery)
        {
            Arc::make_mut(known).done_at = Some(at);
        }
        let again = self.passkeys.insert(id, Arc::new(made)).is_some_and(|before| before.live());
        if !again {
            self.count_keys(line, at, person, 1);
        }
        let of_client = self.people.get(&person).is_some_and(|known| known.side == Side::Client);
        if of_client && self.root.is_none() {
            self.root = Some(id);
        }
    }

    fn revoke_key(&mut self, line: u64, at: Timestamp, id: PasskeyId) {
        let Some(key) = self.passkeys.get_mut(&id).filter(|key| key.live()) else {
            return;
        };
        let key = Arc::make_mut(key);
        key.revoked_at = Some(at);
        let person = key.says.person;
        self.count_keys(line, at, person, -1);
        self.unsay(at, person);
    }

    /// Answers change for agents only when somebody's count goes from or to nothing.
    fn count_keys(&mut self, line: u64, at: Timestamp, person: PersonId, change: i32) {
        let Some(known) = self.people.get_mut(&person) else {
            return;
        };
        let known = Arc::make_mut(known);
        let before = known.keys;
        known.keys = before.saturating_add_signed(change);
        if (before == 0) != (known.keys == 0) {
            known.keyless_since = if known.keys == 0 { Some(at) } else { None };
            self.people_touched = line;
        }
    }

    fn ask_recovery(&mut self, at: Timestamp, by: Option<PersonId>, says: RecoveryAsked) {
        let id = says.recovery;
        let made = Recovery {
            says,
            by,
            at,
            offered: None,
            confirmed: Vec::new(),
            refused_at: None,
            done_at: None,
        };
        self.recoveries.insert(id, Arc::new(made));
    }

    fn confirm_recovery(&mut self, id: RecoveryId, person: PersonId) {
        if let Some(known) = self.recoveries.get_mut(&id) {
            let known = Arc::make_mut(known);
            if !known.confirmed.contains(&person) {
                known.confirmed.push(person);
            }
        }
    }

    fn watch(&mut self, at: Timestamp, says: WitnessNamed) {
        let id = says.witness;
        self.witnesses.insert(id, Arc::new(Watcher { says, at, removed_at: None }));
    }
}
