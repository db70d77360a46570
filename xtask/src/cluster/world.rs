//! Whom the processes serve: a provider with one real person and their real passkey, and as many clients as asked.
//!
//! The provider and its person are made by the real commands. The clients' ledgers are appended as the lines that the same
//! facts would have; two thousand foundings by hand would measure nothing. Tokens come from the real token endpoint.
//! Never here: a fact that the fold would not take.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde_json::Value;
use writ_authority::{Entry, Fact, Passkey, fact::ClientAdded};
use writ_identity::AgentKey;
use writ_model::{Actor, AgentId, PersonId, TenantId};
use writ_store::{Ledger, Pg, PgOptions};

use super::{Shared, entropy};
use crate::{
    bench::{
        gateway::{Agent, Enrolled, now, tokens},
        population::{Maker, Person, Size},
    },
    crash::passkey,
    shell::captured,
};

/// One agent of one client.
#[derive(Debug)]
pub(crate) struct Clerk {
    /// The client's short name.
    pub(crate) slug: String,
    /// The agent.
    pub(crate) agent: AgentId,
    /// Its key and its copy.
    pub(crate) enrolled: Enrolled,
}

/// Everybody.
#[derive(Debug)]
pub(crate) struct World {
    /// Agents, client by client.
    pub(crate) clerks: Vec<Clerk>,
    /// The person who ends them.
    pub(crate) person: passkey::Signed,
}

impl Shared {
    /// Founds the provider at a running desk, and appends the clients. The desk must be started anew to list them.
    ///
    /// # Errors
    /// If any of it fails.
    pub(crate) fn populate(&self, clients: usize, size: Size) -> Result<World> {
        let founded = captured(self.writ(&[
            "provider",
            "found",
            "--name",
            "Northgate IT",
            "--person",
            "Mara Lind",
        ]))?;
        let founded: Value = serde_json::from_str(&founded).context("no JSON")?;
        let provider = founded.get("tenant").and_then(Value::as_str).context("no tenant")?;
        let provider: TenantId = provider.parse()?;
        let told: Value = serde_json::from_str(&captured(self.writ(&["console"]))?)?;
        let link = told.get("sign_in").and_then(Value::as_str).context("no link")?;
        let person = passkey::make_signed(self.desk, link, &entropy()?, &self.key())?;
        let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
        let clerks = runtime.block_on(self.append(provider, clients, size))?;
        Ok(World { clerks, person })
    }

    async fn append(&self, provider: TenantId, clients: usize, size: Size) -> Result<Vec<Clerk>> {
        let options = PgOptions { url: self.postgres.url(), password: None, ca: None, pool: 4 };
        let ledger = Pg::connect(options).await?.ledger();
        let (person, passkey) = operator(&ledger, provider).await?;
        let mut maker = Maker::new(5, now()?);
        let (mut clerks, mut listed) = (Vec::new(), Vec::new());
        for nth in 1..=clients {
            let mut keys = Vec::new();
            let by = Person { person, passkey: passkey.clone() };
            let tenant = maker.client_of(provider, by, size, &mut |_| {
                let key = AgentKey::generate()?;
                let jwk = key.jwk();
                keys.push(key);
                Ok(jwk)
            })?;
            let slug = format!("client-{nth}");
            let name = format!("Client {nth}");
            listed.push(ClientAdded { client: tenant.id, name, slug: slug.clone() });
            let lines = tenant.lines.iter().map(|line| Bytes::from(line.clone())).collect();
            ledger.append(tenant.id, 0, lines).await?;
            clerks.extend(tenant.members.into_iter().zip(keys).map(|(member, key)| Clerk {
                slug: slug.clone(),
                agent: member.agent,
                enrolled: Enrolled { key, instance: member.instance },
            }));
        }
        list(&ledger, provider, person, listed).await?;
        Ok(clerks)
    }

    /// Tokens for these agents, in their order.
    ///
    /// # Errors
    /// If the desk gives none.
    pub(crate) fn tokens(&self, clerks: Vec<Enrolled>) -> Result<Vec<Agent>> {
        tokens(self.desk, &self.resource(), clerks)
    }
}

/// The provider's one person and their passkey, as their ledger has them.
async fn operator(ledger: &dyn Ledger, provider: TenantId) -> Result<(PersonId, Passkey)> {
    let lines = ledger.read(provider, 0, 64).await?;
    let facts = lines.iter().filter_map(|line| Entry::from_line(line).ok());
    let keys = facts.filter_map(|entry| match entry.fact {
        Fact::PasskeyAdded { key, .. } => Some(*key),
        _ => None,
    });
    let key = keys.last().context("the provider's person has no passkey")?;
    Ok((key.person, key))
}

/// Lists the clients in the provider's ledger.
async fn list(
    ledger: &dyn Ledger,
    provider: TenantId,
    person: PersonId,
    clients: Vec<ClientAdded>,
) -> Result<()> {
    let actor = Actor::Person { id: person, via: "api".to_owned() };
    let at = now()?;
    let mut lines = Vec::new();
    for client in clients {
        let fact = Fact::ClientAdded(client);
        let entry = Entry::by(actor.clone(), at, fact);
        let line = entry.to_line().map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
        lines.push(Bytes::from(line));
    }
    let mut size = ledger.head(provider).await?.size;
    for lines in lines.chunks(2000) {
        size = ledger.append(provider, size, lines.to_vec()).await?.size;
    }
    Ok(())
}
