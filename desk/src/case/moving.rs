//! A client that comes from another provider: its lines stand here already, verified by whoever brought them; this
//! provider goes on from there.
//!
//! Never here: the lines themselves, or a word for the client's own people. INVARIANT: the move is written first and the
//! client listed second, so that a crash between the two leaves a ledger that nobody sees yet; the same command again
//! lists it.

use writ_authority::{Command, fact::LedgerMoved};
use writ_model::{Actor, PersonId, Role, Side, TenantId};

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
    /// Whether a client of this id and short name can be taken over here.
    ///
    /// # Errors
    /// If nothing is founded here, it is a client here already, or the short name is taken.
    pub async fn may_take_over(&self, client: TenantId, slug: &str) -> Result<(), DeskError> {
        let provider = self.provider_view().await?;
        let known = &provider.state.clients;
        if known.contains_key(&client) || client == provider.tenant {
            let cure = "A book is taken over once; look for it in the list of clients.";
            return Err(DeskError::bad("client", format!("{client} is here already"), cure));
        }
        if known.values().any(|one| one.slug == slug) {
            let what = format!("another client has the short name `{slug}`");
            return Err(DeskError::bad("slug", what, "Give it another one: --slug NAME."));
        }
        Ok(())
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
        self.may_take_over(client, slug).await?;
        let provider = self.provider_view().await?;
        let before = self.tenants().view(client).await?;
        let state = &before.state;
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

/// The owners of a provider, as they are seated at a client.
fn owners(provider: &writ_authority::State) -> Vec<(PersonId, String, Vec<Role>)> {
    let owners = provider.people.iter().filter(|(_, one)| one.active() && one.has(Role::Owner));
    owners.map(|(id, one)| (*id, one.name.clone(), one.roles.clone())).collect()
}
