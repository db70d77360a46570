//! Founding: the first line of the provider's ledger and of each client's, and the listing of clients whose founding
//! was cut short.
//!
//! INVARIANT: a client's ledger is founded first and listed second, so that a crash between the two leaves a ledger that
//! nobody sees yet; the next start, or the same command again, lists it.

use serde::Deserialize;
use writ_authority::{Command, fact::LedgerFounded};
use writ_model::{Actor, PersonId, PersonName, Role, Side, TenantId};

use super::show;
use crate::{Desk, DeskError, Via, Who, keys, view::ProviderView};

/// Who the provider is, and its first person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoundBody {
    /// The provider's name.
    pub name: String,
    /// Its short name; made from the name if it is left out.
    #[serde(default)]
    pub slug: Option<String>,
    /// Its first person: owner, approver and engineer.
    pub person: FirstPerson,
}

/// The first person of a provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstPerson {
    /// Their name.
    pub name: String,
}

impl Desk {
    /// Founds the provider. Only on an empty installation.
    ///
    /// # Errors
    /// If there is a provider already, or a name is refused.
    pub async fn found(&self, via: Via, body: FoundBody) -> Result<ProviderView, DeskError> {
        let _turn = self.inner.founding.lock().await;
        if let Ok(provider) = self.provider_id() {
            // The ledger itself says that it is founded already.
            self.found_ledger(provider, Actor::system("founding"), Side::Provider, &body).await?;
        }
        let none = TenantId::from_bytes([0; 16]);
        let tenant = TenantId::new(&self.cx(none, Actor::system("founding")));
        let person =
            self.found_ledger(tenant, Actor::system("founding"), Side::Provider, &body).await?;
        self.set_provider(tenant);
        self.provider(&Who::new(person, via)).await
    }

    async fn found_ledger(
        &self,
        tenant: TenantId,
        actor: Actor,
        side: Side,
        body: &FoundBody,
    ) -> Result<PersonId, DeskError> {
        let person = PersonId::new(&self.cx(tenant, actor.clone()));
        let roles = vec![Role::Owner, Role::Approver, Role::Engineer];
        let founded = LedgerFounded {
            tenant,
            side,
            name: body.name.clone(),
            slug: body.slug.clone().unwrap_or_else(|| slug(&body.name)),
            provider: None,
            checkpoint_key: self.checkpoint_key_of(tenant).await?,
        };
        let people = vec![(person, PersonName::Plain(body.person.name.clone()), side, roles)];
        self.act(tenant, actor, Command::Found { founded, people }).await?;
        Ok(person)
    }

    /// The public key that line 0 names; the private one is in the vault before the line is written.
    pub(crate) async fn checkpoint_key_of(&self, tenant: TenantId) -> Result<String, DeskError> {
        let vault = self.inner.parts.vault.as_ref();
        let key = keys::checkpoint_key(vault, tenant, self.entropy().as_ref()).await?;
        Ok(key.verifier().to_text())
    }

    /// The provider, its people and who asks.
    ///
    /// # Errors
    /// If nothing is founded, or the asker is not seated at the provider.
    pub async fn provider(&self, who: &Who) -> Result<ProviderView, DeskError> {
        let view = self.provider_view().await?;
        let state = &view.state;
        let client = show::client(state);
        if !crate::desk::seated(state, who) {
            return Err(DeskError::not_visible("provider", &client.slug));
        }
        Ok(ProviderView {
            tenant: client.tenant,
            name: client.name,
            slug: client.slug,
            people: self.seats_for(who, state).await?,
            clients: state.clients.len(),
            lines: view.size,
            you: show::person(state, who.person),
        })
    }

    /// Lists clients of this provider whose ledger is founded and not listed: what a crash left half done.
    pub(crate) async fn list_founded(&self) -> Result<usize, DeskError> {
        let Ok(provider) = self.provider_id() else { return Ok(0) };
        let known = self.provider_view().await?;
        let mut listed = 0;
        for (tenant, _) in self.ledger().heads().await? {
            if tenant == provider || known.state.clients.contains_key(&tenant) {
                continue;
            }
            let Some(line) = self.founded(tenant).await? else { continue };
            if line.provider == Some(provider) {
                let (name, slug) = (line.name.clone(), line.slug.clone());
                let command = Command::AddClient { client: tenant, name, slug };
                match self.act(provider, Actor::system("founding"), command).await {
                    Ok(_) => listed += 1,
                    Err(fault) => {
                        tracing::warn!(%tenant, error = %fault, "a founded client is not listed");
                    }
                }
            }
        }
        Ok(listed)
    }

    /// A founded client of this short name that is not listed yet.
    pub(crate) async fn half_founded(&self, slug: &str) -> Result<Option<TenantId>, DeskError> {
        let provider = self.provider_id()?;
        let known = self.provider_view().await?;
        for (tenant, _) in self.ledger().heads().await? {
            if tenant == provider || known.state.clients.contains_key(&tenant) {
                continue;
            }
            let line = self.founded(tenant).await?;
            if line.is_some_and(|line| line.slug == slug && line.provider == Some(provider)) {
                return Ok(Some(tenant));
            }
        }
        Ok(None)
    }
}

/// A short name made of a name.
fn slug(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        match letter.to_ascii_lowercase() {
            letter @ ('a'..='z' | '0'..='9') if out.len() < 40 => out.push(letter),
            _ if !out.ends_with('-') && !out.is_empty() && out.len() < 40 => out.push('-'),
            _ => {}
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_made_of_names() {
        for (name, wanted) in [
            ("Harbor Books", "harbor-books"),
            ("  Cole & Sons -- Bakery ", "cole-sons-bakery"),
            ("Ünï", "n"),
            ("", ""),
        ] {
            assert_eq!(slug(name), wanted, "{name}");
        }
        assert!(slug(&"long name ".repeat(20)).len() <= 40);
    }
}
