//! Sets the demo up through the same API that the console and the command line use: provider, clients, people, groups,
//! agents, accountability, grants, enrollment.
//!
//! Never here: a fact written past the API. To set one more thing up: a step in [`Stage::set`].

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};
use writ_model::{Secret, Span};

use super::{
    servers::{CLIENTS, Seed},
    world::{self, AGENTS, AgentSeed, UNGOVERNED},
};
use crate::{
    agent::{
        Holder,
        enroll::{self, Ask},
    },
    api::{ApiClient, HttpTransport, segment},
    cli::rule,
    fault::Fault,
    host::System,
    net::Http,
};

/// By when the bot that nobody answers for must be governed.
const DEADLINE: Span = Span::days(7);

/// The installation as the demo's people see it.
#[derive(Debug)]
pub struct Stage {
    desk: String,
    token: Secret<String>,
    http: Http,
    system: System,
    /// Ids of the owners of the clients, by short name.
    owners: BTreeMap<&'static str, String>,
}

/// What became of the activation that nobody audits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What the server said.
    pub what: String,
    /// What would cure it.
    pub cure: String,
    /// Its code.
    pub code: String,
}

impl Stage {
    /// On a running desk.
    pub fn new(desk: &str, token: Secret<String>, http: Http, system: System) -> Self {
        Self { desk: desk.to_owned(), token, http, system, owners: BTreeMap::new() }
    }

    /// The API as the provider's owner.
    ///
    /// # Errors
    /// If the desk's address is not one.
    pub fn api(&self) -> Result<ApiClient, Fault> {
        self.api_as(None)
    }

    /// The API as the owner of a client.
    ///
    /// # Errors
    /// As [`Stage::api`].
    pub fn api_as_owner_of(&self, client: &str) -> Result<ApiClient, Fault> {
        self.api_as(self.owners.get(client).cloned())
    }

    fn api_as(&self, person: Option<String>) -> Result<ApiClient, Fault> {
        let transport = HttpTransport::new(self.http.clone(), &self.desk)?;
        Ok(ApiClient::new(Arc::new(transport), self.token.clone(), person))
    }

    /// Founds the provider, takes the clients on, seats their people, proposes the agents. Nobody may act yet.
    ///
    /// # Errors
    /// If the desk refuses any of it.
    pub async fn set(&mut self) -> Result<(), Fault> {
        let api = self.api()?;
        let body = json!({"name": world::PROVIDER, "person": {"name": world::OWNER}});
        api.post("/api/v1/provider/found", &body).await?;
        for seed in &CLIENTS {
            let body = json!({"name": seed.name, "slug": seed.slug});
            api.post("/api/v1/clients", &body).await?;
            let owner = self.seat(&api, seed).await?;
            self.owners.insert(seed.slug, owner);
            let body = json!({"name": "office"});
            api.post(&format!("/api/v1/clients/{}/groups", seed.slug), &body).await?;
        }
        for agent in &AGENTS {
            self.propose(&api, agent).await?;
        }
        self.observe(&api, &UNGOVERNED).await
    }

    async fn observe(&self, api: &ApiClient, agent: &AgentSeed) -> Result<(), Fault> {
        let body = json!({
            "name": agent.name, "kind": "bot", "purpose": agent.purpose, "observed": true,
            "deadline": self.system.clock.now() + DEADLINE,
        });
        api.post(&format!("/api/v1/clients/{}/agents", agent.client), &body).await?;
        Ok(())
    }

    async fn seat(&self, api: &ApiClient, seed: &Seed) -> Result<String, Fault> {
        let path = format!("/api/v1/clients/{}/people", seed.slug);
        let mut owner = String::new();
        for (name, side, role) in [
            (world::ENGINEER, "provider", "engineer"),
            (world::AUDITOR, "provider", "auditor"),
            (world::client_owner(seed.slug), "client", "owner"),
        ] {
            let body = json!({"name": name, "side": side, "roles": [role]});
            owner = text(&api.post(&path, &body).await?, "id");
        }
        Ok(owner)
    }

    async fn propose(&self, api: &ApiClient, agent: &AgentSeed) -> Result<(), Fault> {
        let body = json!({
            "name": agent.name, "kind": "ai_agent", "purpose": agent.purpose, "group": "office",
            "owner": world::client_owner(agent.client), "models": ["example-model-1"],
        });
        api.post(&format!("/api/v1/clients/{}/agents", agent.client), &body).await?;
        Ok(())
    }

    /// Says who answers for every group's agents; the early agent gets no auditor, and its activation must be refused.
    /// `None` if it was not refused, which fails the demo.
    ///
    /// # Errors
    /// If the desk refuses what it should not.
    pub async fn activate_too_early(&self) -> Result<Option<Refused>, Fault> {
        let api = self.api()?;
        let (client, name) = world::EARLY;
        for seed in &CLIENTS {
            self.answer(&api, seed.slug, seed.slug != client).await?;
        }
        let path = format!("/api/v1/clients/{client}/agents/{name}/activate");
        match api.post(&path, &json!({})).await {
            Ok(_) => Ok(None),
            Err(fault) if fault.code.is_some() => Ok(Some(Refused {
                what: fault.what,
                cure: fault.cure.unwrap_or_default(),
                code: fault.code.unwrap_or_default(),
            })),
            Err(fault) => Err(fault),
        }
    }

    async fn answer(&self, api: &ApiClient, client: &str, audited: bool) -> Result<(), Fault> {
        let owner = world::client_owner(client);
        let mut body = json!({"authorizer": owner, "terminators": [world::OWNER, owner]});
        if let (Some(object), true) = (body.as_object_mut(), audited) {
            object.insert("auditor".to_owned(), world::AUDITOR.into());
        }
        let path = format!("/api/v1/clients/{client}/groups/office/accountability");
        api.post(&path, &body).await?;
        Ok(())
    }

    /// Completes the answers and lets the dozen act, each inside its grants.
    ///
    /// # Errors
    /// If the desk refuses any of it.
    pub async fn activate(&self) -> Result<(), Fault> {
        let api = self.api()?;
        self.answer(&api, world::EARLY.0, true).await?;
        for agent in &AGENTS {
            let path = format!("/api/v1/clients/{}/agents/{}/activate", agent.client, agent.name);
            api.post(&path, &json!({})).await?;
            self.grant(&api, agent).await?;
        }
        Ok(())
    }

    async fn grant(&self, api: &ApiClient, agent: &AgentSeed) -> Result<(), Fault> {
        let domain = CLIENTS.iter().find(|seed| seed.slug == agent.client).map(|seed| seed.domain);
        for grant in agent.desk.grants() {
            let rules: Vec<Value> = grant
                .rules
                .iter()
                .map(|text| rule::parse(&text.replace("DOMAIN", domain.unwrap_or_default())))
                .collect::<Result<_, _>>()
                .map_err(Fault::usage)?;
            let body = json!({
                "subject": {"agent": agent.name},
                "server": world::server_name(agent.client, grant.server),
                "surface": grant.surface, "name": grant.name, "rules": rules,
                "reason": agent.purpose,
            });
            api.post(&format!("/api/v1/clients/{}/grants", agent.client), &body).await?;
        }
        Ok(())
    }

    /// Enrolls one instance of an agent: a code from the desk, a key made here.
    ///
    /// # Errors
    /// If the desk refuses.
    pub async fn enroll(&self, agent: &AgentSeed) -> Result<Arc<Holder>, Fault> {
        let path = format!(
            "/api/v1/clients/{}/agents/{}/enrollments",
            segment(agent.client),
            segment(agent.name)
        );
        let offer = self.api()?.post(&path, &json!({})).await?;
        let ask = Ask {
            desk: self.desk.clone(),
            code: text(&offer, "code"),
            label: "demo".to_owned(),
            name: None,
        };
        let file = enroll::enroll(&self.http, &ask).await?;
        let (clock, entropy) = (self.system.clock.clone(), self.system.entropy.clone());
        Ok(Arc::new(Holder::new(file, self.http.clone(), clock, entropy)))
    }
}

/// A text member; empty if there is none.
pub fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
