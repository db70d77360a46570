//! What a party decides about its own people and its ledger: which keys, who leaves the provider, who may export.
//!
//! Never here: a rule (`authority`).

use writ_authority::{Command, KeyPolicy};
use writ_model::Span;

use crate::{
    Desk, DeskError, Who,
    view::{Acted, KeyPolicyView},
};

/// How long an export may take: `authority` takes an hour at most, counted from when it is signed.
const EXPORT: Span = Span::minutes(54);

impl Desk {
    /// Which keys the people of a client's own side may have.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn key_policy(&self, who: &Who, client: &str) -> Result<KeyPolicyView, DeskError> {
        let view = self.seat(who, client).await?;
        let policy = view.state.policy.clone();
        Ok(KeyPolicyView { says: policy.words(), policy })
    }

    /// Says which keys they may have from now on. Keys that are there stay.
    ///
    /// # Errors
    /// If the actor is not an owner of that side.
    pub async fn set_key_policy(
        &self,
        who: &Who,
        client: &str,
        policy: KeyPolicy,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        self.done(view.tenant, who, Command::SetKeyPolicy { policy }).await
    }

    /// Lets the acting person export a client's ledger for the next hour.
    ///
    /// # Errors
    /// If they may not.
    pub async fn allow_export(&self, who: &Who, client: &str) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let until = self.now() + EXPORT;
        self.done(view.tenant, who, Command::AllowExport { until }).await
    }

    /// Ends a person's work for the provider: refused everywhere at once, then unseated client by client.
    ///
    /// # Errors
    /// If they are its last owner, or the actor is none.
    pub async fn offboard(
        &self,
        who: &Who,
        person: &str,
        reason: String,
    ) -> Result<Acted, DeskError> {
        let provider = self.provider_view().await?;
        let slug = provider.state.founded.as_ref().map(|line| line.slug.clone());
        let view = self.seat(who, &slug.unwrap_or_default()).await?;
        let person = self.person(&view.state, "person", person).await?;
        self.done(view.tenant, who, Command::Offboard { person, reason }).await
    }
}
