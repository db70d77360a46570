//! Sets the demo up through the same API that the console and the command line use: provider, clients, people with their
//! passkeys, groups, agents, accountability, grants, enrollment.
//!
//! Never here: a fact written past the API. To set one more thing up: a step in [`Stage::set`].

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};
use writ_desk::Desk;
use writ_model::{Secret, Span};

use super::{
    agreement,
    people::{Hand, Joined, People},
    servers::CLIENTS,
    world::{self, AGENTS, AgentSeed, UNGOVERNED},
};
use crate::{
    agent::{
        Holder,
        enroll::{self, Ask},
    },
    api::{ApiClient, Credential, HttpTransport, Signer, segment},
    cli::{rows, rule},
    fault::Fault,
    host::{Host, System},
    net::Http,
};

/// Somebody who looks on.
#[derive(Debug)]
pub struct Guest {
    space: String,
    person: String,
    /// What they open in their browser.
    pub link: String,
}

/// Provider staff: who, and in which role they are seated at clients.
pub type Staff = Vec<(String, &'static str)>;

/// By when the bot that nobody answers for must be governed.
const DEADLINE: Span = Span::days(7);

/// The installation as the demo's people see it.
#[derive(Debug)]
pub struct Stage {
    desk: String,
    token: Secret<String>,
    http: Http,
    system: System,
    people: People,
    /// The passkey of the provider's owner.
    owner: Option<Arc<Hand>>,
    /// The clients' owners, by short name.
    owners: BTreeMap<&'static str, Owner>,
}

/// The owner of a client.
#[derive(Debug)]
pub struct Owner {
    /// Their passkey.
    pub hand: Arc<Hand>,
    /// Its fingerprint, as it stands in the paper contract: the root of that client's trust.
    pub root: String,
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
    pub fn new(desk: &Desk, token: Secret<String>, http: Http, system: System) -> Self {
        Self {
            desk: desk.issuer().to_owned(),
            token,
            people: People::new(desk.clone(), http.clone(), system.clone()),
            http,
            system,
            owner: None,
            owners: BTreeMap::new(),
        }
    }

    /// The API as the provider's owner, who signs with her passkey where it is asked for.
    ///
    /// # Errors
    /// If the desk's address is not one.
    pub fn api(&self) -> Result<ApiClient, Fault> {
        let transport = HttpTransport::new(self.http.clone(), &self.desk)?;
        let credential = Credential::Token { token: self.token.clone(), person: None };
        let signer = self.owner.clone().map(|hand| hand as Arc<dyn Signer>);
        Ok(ApiClient::new(Arc::new(transport), credential, true).signing_with(signer))
    }

    /// The API as the owner of a client, signed in with a passkey of their own: the command line's token is of no use for
    /// a client's people.
    ///
    /// # Errors
    /// If the desk refuses the sign-in.
    pub async fn api_as_owner_of(&self, client: &str) -> Result<ApiClient, Fault> {
        self.people.sign_in(Arc::clone(&self.owner_of(client)?.hand)).await
    }

    /// The owner of a client.
    ///
    /// # Errors
    /// If the demo has no such client.
    pub fn owner_of(&self, client: &str) -> Result<&Owner, Fault> {
        let none = || Fault::usage(format!("the demo has no client `{client}`"));
        self.owners.get(client).ok_or_else(none)
    }

    /// The desk's base address.
    pub fn desk(&self) -> &str {
        &self.desk
    }

    /// The clients' owners.
    pub fn owners(&self) -> impl Iterator<Item = (&'static str, &Owner)> {
        self.owners.iter().map(|(client, owner)| (*client, owner))
    }

    /// Invites somebody who looks on, with a browser of their own.
    ///
    /// # Errors
    /// If the desk refuses.
    pub async fn invite_guest(&self) -> Result<Guest, Fault> {
        let api = self.api()?;
        let space = text(&api.get("/api/v1/provider").await?, "slug");
        let path = format!("/api/v1/clients/{}/invitations", segment(&space));
        let body = json!({"name": world::GUEST, "side": "provider", "roles": world::GUEST_ROLES});
        let invited = api.post(&path, &body).await?;
        Ok(Guest { space, link: text(&invited, "link"), person: text(&invited, "person") })
    }

    /// Lets the guest in once they have made their passkey, and seats them everywhere. True if it is done.
    ///
    /// # Errors
    /// If the desk refuses.
    pub async fn admit_guest(&self, guest: &Guest) -> Result<bool, Fault> {
        let api = self.api()?;
        let space = format!("/api/v1/clients/{}", segment(&guest.space));
        let answer = api.get(&format!("{space}/invitations")).await?;
        let rows = rows(&answer, "invitations").as_array().cloned().unwrap_or_default();
        let joined = rows
            .iter()
            .find(|row| text(row, "person") == guest.person && text(row, "state") == "joined");
        let Some(joined) = joined else { return Ok(false) };
        let body = json!({"fingerprint": text(joined, "fingerprint")});
        let person = segment(&guest.person);
        api.post(&format!("{space}/people/{person}/admit"), &body).await?;
        for seed in &CLIENTS {
            let body = json!({"person": guest.person, "roles": world::GUEST_ROLES});
            api.post(&format!("/api/v1/clients/{}/people", seed.slug), &body).await?;
        }
        Ok(true)
    }

    /// Founds the provider, makes its first passkey by `link`, invites its staff.
    ///
    /// # Errors
    /// If the desk refuses any of it.
    pub async fn found(&mut self, host: &Host) -> Result<Staff, Fault> {
        let body = json!({"name": world::PROVIDER, "person": {"name": world::OWNER}});
        let provider = self.api()?.post("/api/v1/provider/found", &body).await?;
        let link = host.sign_in_link().await;
        let link = link.ok_or_else(|| Fault::unreachable("there is no link to a first passkey"))?;
        self.owner = Some(self.people.welcome(&link).await?);
        let api = self.api()?;
        let space = text(&provider, "slug");
        let mut staff = Vec::new();
        for (name, role) in [(world::ENGINEER, "engineer"), (world::AUDITOR, "auditor")] {
            let joined = self.invite(&api, &space, (name, "provider", role)).await?;
            staff.push((joined.person, role));
        }
        Ok(staff)
    }

    /// Takes the clients on, seats staff there, invites each client's first person, has the charters signed, proposes the
    /// agents. Nobody may act
    /// yet.
    ///
    /// # Errors
    /// If the desk refuses any of it.
    pub async fn set(&mut self, staff: &Staff) -> Result<(), Fault> {
        let api = self.api()?;
        for seed in &CLIENTS {
            let body = json!({"name": seed.name, "slug": seed.slug});
            api.post("/api/v1/clients", &body).await?;
            for (person, role) in staff {
                let body = json!({"person": person, "roles": [role]});
                api.post(&format!("/api/v1/clients/{}/people", seed.slug), &body).await?;
            }
            let owner = (world::client_owner(seed.slug), "client", "owner");
            let joined = self.invite(&api, seed.slug, owner).await?;
            self.owners.insert(seed.slug, Owner { hand: joined.hand, root: joined.fingerprint });
            self.agree(&api, seed.slug).await?;
            let body = json!({"name": "office"});
            api.post(&format!("/api/v1/clients/{}/groups", seed.slug), &body).await?;
        }
        for agent in &AGENTS {
            self.propose(&api, agent).await?;
        }
        self.observe(&api, &UNGOVERNED).await
    }

    /// Both parties' owners sign the charter of a client: the provider's at the command line, the client's at the console.
    async fn agree(&self, api: &ApiClient, client: &str) -> Result<(), Fault> {
        let base = format!("/api/v1/clients/{client}/charter");
        api.post(&format!("{base}/draft"), &agreement::draft(client)).await?;
        let draft = api.get(&format!("{base}/versions/draft")).await?;
        let body = json!({"charter": text(&draft, "charter"), "digest": text(&draft, "digest")});
        for signer in [api, &self.api_as_owner_of(client).await?] {
            signer.post(&format!("{base}/sign"), &body).await?;
        }
        Ok(())
    }

    async fn observe(&self, api: &ApiClient, agent: &AgentSeed) -> Result<(), Fault> {
        let body = json!({
            "name": agent.name, "kind": "bot", "purpose": agent.purpose, "observed": true,
            "deadline": self.system.clock.now() + DEADLINE,
        });
        api.post(&format!("/api/v1/clients/{}/agents", agent.client), &body).await?;
        Ok(())
    }

    /// Somebody is invited, makes their passkey, reads its fingerprint out on a call, and is let in.
    async fn invite(
        &self,
        api: &ApiClient,
        client: &str,
        (name, side, role): (&str, &str, &str),
    ) -> Result<Joined, Fault> {
        let path = format!("/api/v1/clients/{}", segment(client));
        let body = json!({"name": name, "side": side, "roles": [role]});
        let invited = api.post(&format!("{path}/invitations"), &body).await?;
        let joined = self.people.join(&text(&invited, "link")).await?;
        let body = if side == "client" {
            let called = format!("{name} on the number in the contract");
            json!({"fingerprint": joined.fingerprint, "called": called})
        } else {
            json!({"fingerprint": joined.fingerprint})
        };
        api.post(&format!("{path}/people/{}/admit", segment(&joined.person)), &body).await?;
        Ok(joined)
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

    /// Lets an agent use a tool with whatever arguments it likes.
    ///
    /// # Errors
    /// If the desk refuses.
    pub async fn widen(&self, agent: &AgentSeed, server: &str, name: &str) -> Result<(), Fault> {
        let body = json!({
            "subject": {"agent": agent.name}, "server": world::server_name(agent.client, server),
            "surface": "tool", "name": name, "rules": [], "reason": "It writes to suppliers, too",
        });
        self.api()?.post(&format!("/api/v1/clients/{}/grants", agent.client), &body).await?;
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
