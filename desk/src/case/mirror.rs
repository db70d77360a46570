//! Keeping clients' ledgers in step with the provider's own: its people's passkeys are copied, and the seats of who left
//! it end, client by client; nowhere is the provider left without somebody who can say yes. All reconcilers: whatever a crash leaves undone the next run does.
//!
//! Never here: a client's own people: nobody but they themselves touches their keys and seats.

use writ_authority::{Admitted, Command, Passkey, Person, State};
use writ_model::{Actor, PasskeyId, PersonId, Role, Side, TenantId};

use crate::{Desk, DeskError};

/// LIMIT: keys copied by one command, as `authority` bounds it.
const AT_ONCE: usize = 64;

impl Desk {
    /// Copies what changed of the provider people's passkeys into one client's ledger. Says whether anything had to be.
    pub(crate) async fn mirror(&self, client: TenantId) -> Result<bool, DeskError> {
        if self.provider_id()? == client {
            return Ok(false);
        }
        let provider = self.provider_view().await?;
        let view = self.tenants().view(client).await?;
        let (add, revoke) = difference(&provider.state, &view.state);
        let some = !add.is_empty() || !revoke.is_empty();
        for keys in add.chunks(AT_ONCE) {
            let command = Command::MirrorPasskeys { add: keys.to_vec(), revoke: Vec::new() };
            self.act(client, Actor::system("mirror"), command).await?;
        }
        for keys in revoke.chunks(AT_ONCE) {
            let command = Command::MirrorPasskeys { add: Vec::new(), revoke: keys.to_vec() };
            self.act(client, Actor::system("mirror"), command).await?;
        }
        Ok(some)
    }

    /// The same for every client. What fails at one is logged and does not keep the others waiting.
    pub(crate) async fn mirror_everywhere(&self) -> Result<(), DeskError> {
        let mut last = Ok(());
        for view in self.every_client().await? {
            if let Err(fault) = self.mirror(view.tenant).await {
                tracing::error!(tenant = %view.tenant, error = %fault, "passkeys not copied");
                last = Err(fault);
            }
        }
        last
    }

    /// Ends the seats of people who left the provider, and then their copied keys, at every client.
    pub(crate) async fn unseat_the_gone(&self) -> Result<(), DeskError> {
        let provider = self.provider_view().await?;
        for view in self.every_client().await? {
            for person in still_seated(&provider.state, &view.state) {
                if let Some(heir) = heir(&provider.state, &view.state) {
                    self.act(view.tenant, Actor::system("offboarding"), heir).await?;
                }
                let command = Command::PersonLeaves { person };
                let left = self.act(view.tenant, Actor::system("offboarding"), command).await;
                if let Err(fault) = left {
                    // The seat is refused everywhere by the provider's own ledger already.
                    tracing::warn!(tenant = %view.tenant, %person, error = %fault, "seat not ended");
                }
            }
        }
        self.mirror_everywhere().await
    }
}

/// What a client's ledger lacks of the provider's people's keys, and what it has too much.
fn difference(provider: &State, client: &State) -> (Vec<Passkey>, Vec<PasskeyId>) {
    let mut add = Vec::new();
    for (person, _) in client.seated(Side::Provider) {
        let there = provider.people.get(&person).is_some_and(|known| known.active());
        for (id, key) in provider.live_keys(person).filter(|_| there) {
            if !client.passkeys.contains_key(&id) {
                add.push(key.says.as_ref().clone());
            }
        }
    }
    let live = |id: &PasskeyId, person: PersonId| {
        let known = provider.passkeys.get(id).is_some_and(|key| key.live());
        known && provider.people.get(&person).is_some_and(|one| one.active())
    };
    let copies = client.passkeys.iter().filter(|(_, key)| key.admitted == Admitted::Mirrored);
    let revoke = copies
        .filter(|(id, key)| key.live() && !live(id, key.says.person))
        .map(|(id, _)| *id)
        .collect();
    (add, revoke)
}

/// Seats an owner of the provider at a client where otherwise nobody of the provider would be left who can say yes.
fn heir(provider: &State, client: &State) -> Option<Command> {
    let there = |id: &PersonId| provider.people.get(id).is_some_and(|known| known.active());
    let says_yes = |one: &Person| one.has(Role::Owner) || one.has(Role::Approver);
    if client.seated(Side::Provider).any(|(id, one)| there(&id) && says_yes(one)) {
        return None;
    }
    let (person, owner) =
        // Whoever was erased there is not seated there again under the same id.
        provider.seated(Side::Provider).find(|(id, one)| {
            one.has(Role::Owner) && one.keys > 0 && !client.erased.contains_key(id)
        })?;
    let (name, roles) = (owner.name.clone(), owner.roles.clone());
    Some(Command::SeatPerson { person: Some(person), name, side: Side::Provider, roles })
}

/// People who are seated for the provider at a client and left the provider itself.
fn still_seated(provider: &State, client: &State) -> Vec<PersonId> {
    let gone = |id: &PersonId| provider.people.get(id).is_some_and(|known| !known.active());
    client.seated(Side::Provider).map(|(id, _)| id).filter(gone).collect()
}
