//! A client that comes from another provider: its lines stand here already, verified by whoever brought them; this
//! provider goes on from there.
//!
//! Never here: the lines themselves, or a word for the client's own people. INVARIANT: the move is written first and the
//! client listed second, so that a crash between the two leaves a ledger that nobody sees yet; the same command again
//! lists it.

use writ_authority::{Admitted, Command, State, fact::LedgerMoved};
use writ_model::{Actor, PersonId, PersonName, Role, Side, TenantId};

use crate::{Desk, DeskError};

/// What the taking over wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// The line that says so.
    pub line: u64,
    /// Agents that are on hold by it.
    pub held: usize,
    /// People of the old provider whose seats ended by it.
    pub left: usize,
    /// The key that signs this ledger's checkpoints from here on.
    pub checkpoint_key: String,
}

impl Desk {
    /// Whether the ledger with this state can be taken over here under this short name. Ask before a line of it is kept:
    /// a ledger in the store is read at the next start, whatever came of taking it over.
    ///
    /// # Errors
    /// If nothing is founded here, it is no client's ledger, it is here already, the short name is taken, or it names as
    /// its own somebody or something that is known here.
    pub async fn may_take_over(&self, state: &State, slug: &str) -> Result<(), DeskError> {
        let (provider, client) = (self.provider_view().await?, state.tenant);
        let known = &provider.state.clients;
        let cure = "Do not take this book over; ask whoever brought it where it comes from.";
        if state.own_side() != Some(Side::Client) {
            return Err(DeskError::bad("client", "this is no client's book", cure));
        }
        if state.provider() == Some(provider.tenant)
            && state.checkpoint_key() != Some(&*self.checkpoint_key_of(client).await?)
        {
            let what = "it says that it is kept here, under a key that is not ours";
            return Err(DeskError::bad("client", what, cure));
        }
        if known.contains_key(&client) || client == provider.tenant {
            let cure = "A book is taken over once; look for it in the list of clients.";
            return Err(DeskError::bad("client", format!("{client} is here already"), cure));
        }
        if known.values().any(|one| one.slug == slug) {
            let what = format!("another client has the short name `{slug}`");
            return Err(DeskError::bad("slug", what, "Give it another one: --slug NAME."));
        }
        let mut here = vec![provider];
        here.extend(self.every_client().await?);
        match here.iter().find_map(|known| twice(state, &known.state)) {
            Some(what) => Err(DeskError::bad("client", what, cure)),
            None => Ok(()),
        }
    }

    /// Goes on with the ledger of a client whose lines were brought here: writes the move, copies this provider's owners'
    /// passkeys, lists it. `checkpoint` is the note that the old provider signed over those lines.
    ///
    /// # Errors
    /// As [`Desk::may_take_over`], or if the store or the vault fails.
    pub async fn take_over(
        &self,
        client: TenantId,
        slug: &str,
        checkpoint: String,
    ) -> Result<TakenOver, DeskError> {
        let _turn = self.inner.founding.lock().await;
        let before = self.tenants().view(client).await?;
        let state = &before.state;
        self.may_take_over(state, slug).await?;
        let provider = self.provider_view().await?;
        let name = state.party_name().to_owned();
        let (held, left) = (
            state
                .agents
                .values()
                .filter(|agent| agent.life == writ_authority::Life::Active)
                .count(),
            state.seated(Side::Provider).count(),
        );
        let checkpoint_key = self.checkpoint_key_of(client).await?;
        let mut line = state.moved.as_ref().map_or(before.size, |(line, _)| *line);
        if state.provider() != Some(provider.tenant) {
            let moved = LedgerMoved {
                provider: provider.tenant,
                name: provider.state.party_name().to_owned(),
                origin: self.origin().to_owned(),
                checkpoint_key: checkpoint_key.clone(),
                checkpoint,
            };
            let people = owners(&provider.state);
            let command = Command::MoveLedger { moved, people };
            line = self.act(client, Actor::system("import"), command).await?.first;
        }
        self.mirror(client).await?;
        let listing = Command::AddClient { client, name, slug: slug.to_owned() };
        self.act(provider.tenant, Actor::system("import"), listing).await?;
        Ok(TakenOver { line, held, left, checkpoint_key })
    }
}

/// What a ledger that is brought has in common with one that is here, and may not. SECURITY: ids are found by themselves
/// here, so whoever brought a ledger that names our owner, or another client's, as its own could sign in as them.
fn twice(brought: &State, here: &State) -> Option<String> {
    let ours = here.own_side() == Some(Side::Provider);
    let side = |state: &State, id: &PersonId| {
        let invited = state.invited.get(id).and_then(|one| state.invitations.get(one));
        let seated = state.people.get(id).map(|one| one.side);
        seated.or_else(|| invited.map(|one| one.says.side))
    };
    // People of a provider may stand in the ledgers of all its clients.
    let person = brought.people.keys().chain(brought.invited.keys()).find(|id| {
        let sides = (side(brought, id), side(here, id));
        !matches!(sides, (_, None) | (Some(Side::Provider), Some(Side::Provider)))
    });
    if let Some(id) = person {
        return Some(format!("{id} is somebody of {} here", here.party_name()));
    }
    let key = brought.passkeys.iter().find(|(id, key)| {
        let by_name = here.credentials.get(&key.says.credential);
        let known = here.passkeys.get(*id).or_else(|| here.passkeys.get(by_name?));
        known.is_some_and(|known| {
            let copy = key.admitted == Admitted::Mirrored
                && (ours || known.admitted == Admitted::Mirrored);
            !copy || known.says != key.says
        })
    });
    if let Some((id, _)) = key {
        return Some(format!("passkey {id} is known here at {}", here.party_name()));
    }
    let instance = brought.instances.keys().find(|id| here.instances.contains_key(*id));
    instance.map(|id| format!("{id} is an instance of {} here", here.party_name()))
}

/// The owners of a provider, as they are seated at a client.
fn owners(provider: &State) -> Vec<(PersonId, PersonName, Vec<Role>)> {
    let owners = provider.people.iter().filter(|(_, one)| one.active() && one.has(Role::Owner));
    owners.map(|(id, one)| (*id, one.name.clone(), one.roles.clone())).collect()
}
