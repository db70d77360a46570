//! Calls of a world that wait for people: decided by the real engine, written down and kept as a gateway does it.

use axum::http::Method;
use serde_json::{Value, json};
use writ_authority::{
    Ask, Command, Decision, Engine, Moment, What, decide::explain::Unused, grant::Surface,
};
use writ_model::{
    GatewayId, HoldId, TenantId,
    json::{Limits, parse},
};
use writ_store::{Held as _, HeldRequest, Space, Vault as _};

use super::{Copy, World};

/// Payments wait for these people; everything else is done.
pub(crate) fn payments(quorum: &Value) -> Value {
    json!([
        {"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"},
        {"key": "pay", "title": "Payments wait for us", "actions": ["payment.release"],
            "mode": {"approve": {"quorum": quorum}}, "waits": {"expires_minutes": 60, "escalate_minutes": 30}}])
}

/// An owner of each party.
pub(crate) fn both_owners() -> Value {
    json!([{"party": "client", "role": "owner", "n": 1}, {"party": "provider", "role": "owner", "n": 1}])
}

impl World {
    pub(crate) async fn tenant(&self, client: &str) -> TenantId {
        let shown = self.get(&format!("/clients/{client}")).await;
        shown["tenant"].as_str().unwrap().parse().unwrap()
    }

    /// A charter under which payments wait for these people, and an agent that may ask for one.
    pub(crate) async fn paying(&self, quorum: Value) -> Copy {
        self.paying_under(payments(&quorum)).await
    }

    pub(crate) async fn paying_under(&self, clauses: Value) -> Copy {
        let counts_as = json!([{"server": "pay", "surface": "tool", "name": "release_payment",
            "action": "payment.release", "amount": "/amount", "currency": "EUR"}]);
        self.draft("harbor-books", json!({"clauses": clauses, "counts_as": counts_as})).await;
        for name in ["Mira Okafor", "Dana Cole"] {
            let signed = self.sign_charter(name, "harbor-books").await;
            assert_eq!(signed.status, 200, "{name}: {}", signed.json());
        }
        let grant = json!({"subject": {"agent": "invoice-bot"}, "server": "pay", "surface": "tool",
            "name": "release_payment", "reason": "It pays suppliers"});
        self.done_as("Dana Cole", "/clients/harbor-books/grants", grant).await;
        self.enroll("invoice-bot").await
    }

    /// What the engine says of a payment now.
    pub(crate) async fn decided(&self, copy: &Copy, arguments: &Value) -> Decision {
        let tenant = self.tenant("harbor-books").await;
        let view = self.tenants.view(tenant).await.unwrap();
        let agent = view.state.instances[&copy.id].agent;
        let text = arguments.to_string();
        let node = parse(text.as_bytes(), &Limits::REQUEST).unwrap();
        let what =
            What::Call { surface: Surface::Tool, name: "release_payment", arguments: Some(&node) };
        let epoch = view.state.agents[&agent].epoch;
        let ask = Ask { agent, instance: copy.id, epoch, server: "pay", what };
        let moment = Moment { at: self.desk.now(), counters: &Unused };
        Engine::default().decide(&view.state, &ask, &moment)
    }

    /// A payment that waits: written down, its bytes kept.
    pub(crate) async fn held(&self, copy: &Copy, arguments: &Value) -> HoldId {
        let Decision::Hold(on_hold) = self.decided(copy, arguments).await else {
            panic!("{arguments} does not wait");
        };
        let tenant = self.tenant("harbor-books").await;
        let mut bytes = [0; 10];
        bytes[0] = u8::try_from(self.people.lock().len()).unwrap();
        bytes[1..9].copy_from_slice(&on_hold.tree_size.to_be_bytes());
        let hold = HoldId::from_parts(self.desk.now(), bytes);
        let expires = on_hold.call.expires;
        let params = json!({"name": "release_payment", "arguments": arguments}).to_string();
        let request = HeldRequest {
            server: "pay".to_owned(),
            method: "tools/call".to_owned(),
            generation: "2025-11-25".to_owned(),
            headers: std::collections::BTreeMap::new(),
            origins: Vec::new(),
            params: params.into_bytes(),
        };
        let sealer = self.vault.sealer(Space::Tenant(tenant)).await.unwrap();
        let sealed = request.seal(&sealer, (tenant, hold)).unwrap();
        self.held.put((tenant, hold), sealed, expires, self.desk.now()).await.unwrap();
        let command = Command::HoldCall(Box::new(on_hold.call.held(hold)));
        self.desk.write_for_gateway(tenant, command).await.unwrap();
        hold
    }

    /// A gateway uses the approvals of a hold up; the code it is refused with.
    pub(crate) async fn consumed(&self, hold: HoldId) -> Result<u64, String> {
        let tenant = self.tenant("harbor-books").await;
        let command = Command::ConsumeApproval { hold, gateway: GatewayId::from_bytes([1; 16]) };
        let done = self.desk.write_for_gateway(tenant, command).await;
        done.map_err(|fault| fault.code().to_string())
    }

    /// One hold as somebody sees it.
    pub(crate) async fn hold_as(&self, name: &str, hold: impl std::fmt::Display) -> Value {
        let browser = self.sign_in(name).await;
        let path = format!("/clients/harbor-books/approvals/{hold}");
        self.ask_as(&browser, Method::GET, &path, None).await.json()
    }

    /// Somebody's yes to what they see, or with another digest.
    pub(crate) async fn yes(&self, name: &str, hold: impl std::fmt::Display) -> super::Answer {
        let shown = self.hold_as(name, &hold).await;
        let digest = shown["asked"]["digest"].clone();
        let path = format!("/clients/harbor-books/approvals/{hold}/approve");
        self.signed_as(name, &path, json!({"digest": digest, "words": "Checked by telephone"}))
            .await
    }
}
