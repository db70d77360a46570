//! Charters of a world: proposed and signed by both parties, as people do it.

use serde_json::{Value, json};

use super::{Answer, World};

/// The one clause under which everything may be done: where a test is about something else.
pub(crate) fn everything() -> Value {
    json!([{"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"}])
}

impl World {
    /// A charter of these clauses, signed by the provider's first owner and this owner of the client.
    pub(crate) async fn charter(&self, client: &str, owner: &str, clauses: Value) {
        self.draft(client, json!({"clauses": clauses})).await;
        for name in ["Mira Okafor", owner] {
            let signed = self.sign_charter(name, client).await;
            assert_eq!(signed.status, 200, "{name}: {}", signed.json());
        }
    }

    /// Proposes a charter.
    pub(crate) async fn draft(&self, client: &str, body: Value) -> Value {
        self.done(&format!("/clients/{client}/charter/draft"), body).await
    }

    /// Signs the draft as somebody.
    pub(crate) async fn sign_charter(&self, name: &str, client: &str) -> Answer {
        let body = self.to_sign(client).await;
        self.signed_as(name, &format!("/clients/{client}/charter/sign"), body).await
    }

    /// What a signature under the draft names.
    pub(crate) async fn to_sign(&self, client: &str) -> Value {
        let draft = self.get(&format!("/clients/{client}/charter/versions/draft")).await;
        json!({"charter": draft["charter"], "digest": draft["digest"]})
    }
}
