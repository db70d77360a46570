//! Passkeys: a person's own, those of a client's people, new ones, revoked ones; what a counter that went back means.
//!
//! Never here: cryptography (`identity`), or who may add a key (`authority`).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;
use writ_authority::{Attestation, Command, KeyPolicy, Passkey, State, passkey::Key};
use writ_identity::webauthn::{
    AttestationResult, Creation, RegistrationResponse, counter_grew, creation_options, register,
};
use writ_model::{Actor, PasskeyId, PersonId, Secret, Span, TenantId};
use writ_store::Space;

use super::{show, signings::bad_signature};
use crate::{
    Desk, DeskError, Who,
    ceremony::For,
    error,
    view::{Acted, OptionsView, PasskeyRow},
};

/// How long a browser may wait for a person to find their key.
const TIMEOUT: Span = Span::minutes(5);
/// LIMIT: letters of what a person calls a key.
const LABEL: usize = 80;

/// A passkey that a browser has just made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPasskey {
    /// What its person calls it.
    #[serde(default)]
    pub label: String,
    /// What `PublicKeyCredential.toJSON()` gives.
    pub response: Value,
}

/// What a browser signed: only the challenge is read here, everything is checked by `identity`.
#[derive(Deserialize)]
struct ClientData {
    challenge: String,
}

/// The challenge that client data answer to.
pub(crate) fn challenge_of(client_data: &[u8]) -> Option<Vec<u8>> {
    let read: ClientData = serde_json::from_slice(client_data).ok()?;
    if read.challenge.len() > 256 {
        return None;
    }
    URL_SAFE_NO_PAD.decode(read.challenge).ok()
}

impl Desk {
    /// A person's own passkeys, newest first, revoked ones included.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn passkeys(&self, who: &Who) -> Result<Vec<PasskeyRow>, DeskError> {
        let Some(home) = self.home(who.person).await? else { return Ok(Vec::new()) };
        Ok(rows(&home.state, |key| key.says.person == who.person))
    }

    /// The passkeys in a client's ledger, newest first.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn client_passkeys(
        &self,
        who: &Who,
        client: &str,
    ) -> Result<Vec<PasskeyRow>, DeskError> {
        let view = self.seat(who, client).await?;
        Ok(rows(&view.state, |_| true))
    }

    /// What the browser needs to make a further passkey of this person.
    ///
    /// # Errors
    /// If they have no seat.
    pub async fn passkey_options(&self, who: &Who) -> Result<OptionsView, DeskError> {
        let home = self.home(who.person).await?;
        let home = home.ok_or_else(|| DeskError::not_visible("person", &who.person.to_string()))?;
        let name = home.state.person_name(who.person);
        Ok(self.creation(For::Own(who.person), &home.state, (who.person, &name), Vec::new()))
    }

    /// Adds a further passkey; an older one of theirs signs that.
    ///
    /// # Errors
    /// If the new key does not hold, or the policy does not take it.
    pub async fn add_passkey(&self, who: &Who, body: NewPasskey) -> Result<Acted, DeskError> {
        let home = self.home(who.person).await?;
        let home = home.ok_or_else(|| DeskError::not_visible("person", &who.person.to_string()))?;
        let key = self.registered(For::Own(who.person), who.person, home.tenant, &body)?;
        self.done(home.tenant, who, Command::AddPasskey { key: Box::new(key) }).await
    }

    /// Revokes one of one's own passkeys.
    ///
    /// # Errors
    /// If it is not theirs, or the last one of their side's last owner.
    pub async fn revoke_passkey(
        &self,
        who: &Who,
        passkey: &str,
        reason: String,
    ) -> Result<Acted, DeskError> {
        let none = || DeskError::not_visible("passkey", passkey);
        let home = self.home(who.person).await?.ok_or_else(none)?;
        let id: PasskeyId = passkey.parse().map_err(|_bad| none())?;
        let key = home.state.passkeys.get(&id).filter(|key| key.says.person == who.person);
        key.ok_or_else(none)?;
        self.done(home.tenant, who, Command::RevokePasskey { passkey: id, reason }).await
    }

    /// Revokes a passkey of somebody of one's own side.
    ///
    /// # Errors
    /// If there is none of this name, or the actor may not.
    pub async fn revoke_client_passkey(
        &self,
        who: &Who,
        client: &str,
        passkey: &str,
        reason: String,
    ) -> Result<Acted, DeskError> {
        let view = self.seat(who, client).await?;
        let none = || DeskError::not_visible("passkey", passkey);
        let id: PasskeyId = passkey.parse().map_err(|_bad| none())?;
        view.state.passkeys.get(&id).ok_or_else(none)?;
        self.done(view.tenant, who, Command::RevokePasskey { passkey: id, reason }).await
    }

    /// Begins making a key.
    pub(crate) fn creation(
        &self,
        what: For,
        state: &State,
        (person, name): (PersonId, &str),
        says: Vec<String>,
    ) -> OptionsView {
        let challenge = self.inner.ceremonies.begin(what, self.entropy().as_ref(), self.now());
        let own: Vec<String> =
            state.live_keys(person).map(|(_, key)| key.says.credential.clone()).collect();
        let options = creation_options(&Creation {
            rp: &self.inner.rp,
            rp_name: "Writ",
            user_handle: &person.to_string(),
            user_name: name,
            challenge: &challenge,
            exclude: &own,
            attest: matches!(state.policy, KeyPolicy::Attested { .. }),
            timeout: TIMEOUT,
        });
        OptionsView { challenge: URL_SAFE_NO_PAD.encode(challenge), options, says }
    }

    /// A key that was made just now, if its ceremony was ours, for this, and once.
    pub(crate) fn registered(
        &self,
        what: For,
        person: PersonId,
        tenant: TenantId,
        body: &NewPasskey,
    ) -> Result<Passkey, DeskError> {
        let response: RegistrationResponse = serde_json::from_value(body.response.clone())
            .map_err(|why| {
                let cure = "Send what the browser's passkey answers.";
                DeskError::bad("response", why.to_string(), cure)
            })?;
        let label = body.label.trim();
        let label = if label.is_empty() { "passkey" } else { label };
        if label.chars().count() > LABEL {
            return Err(DeskError::bad(
                "label",
                "the label is too long",
                "Use 80 letters at most.",
            ));
        }
        let challenge = challenge_of(&response.client_data_json)
            .and_then(|sent| self.inner.ceremonies.take(&sent, what, self.now()))
            .ok_or_else(|| bad_signature("this is not the answer to what was asked just now"))?;
        let made = register(
            &self.inner.rp,
            &challenge,
            &response.client_data_json,
            &response.attestation_object,
            &self.inner.parts.anchors,
        )
        .map_err(|why| bad_signature(&why.to_string()))?;
        if made.credential != response.credential {
            return Err(bad_signature("the answer names another credential than it holds"));
        }
        let cx = self.cx(tenant, Actor::system("desk"));
        Ok(Passkey {
            passkey: PasskeyId::new(&cx),
            person,
            label: label.to_owned(),
            credential: URL_SAFE_NO_PAD.encode(&made.credential),
            jwk: made.jwk,
            alg: made.alg.to_owned(),
            rp_id: self.inner.rp.rp_id.clone(),
            origin: self.inner.rp.origin.clone(),
            aaguid: made.aaguid,
            synced: made.synced,
            backed_up: made.backed_up,
            attestation: attestation(made.attestation),
            counter: made.counter,
        })
    }

    /// Holds a key's counter against the highest that was ever seen of it (`WebAuthn` Level 3, section 7.2 step 22). One
    /// that goes back says that the key was copied: it is revoked, and what it opened ends.
    pub(crate) async fn counted(&self, key: &Key, seen: u32) -> Result<(), DeskError> {
        let _turn = self.inner.counters.lock().await;
        let passkey = key.says.passkey;
        let home = self.home(key.says.person).await?;
        let Some(home) = home else { return Err(bad_signature("its person is not known here")) };
        let (space, name) = (Space::Tenant(home.tenant), format!("passkey-counter/{passkey}"));
        let vault = self.inner.parts.vault.as_ref();
        let kept = vault.get(space, &name).await?;
        let kept = kept.and_then(|kept| <[u8; 4]>::try_from(kept.expose().as_slice()).ok());
        let stored = kept.map_or(key.counter, |kept| u32::from_be_bytes(kept).max(key.counter));
        if counter_grew(stored, seen) {
            if seen != stored {
                vault.put(space, &name, Secret::new(seen.to_be_bytes().to_vec())).await?;
            }
            return Ok(());
        }
        let reason =
            format!("its counter went back from {stored} to {seen}: it may have been copied");
        tracing::error!(%passkey, person = %key.says.person, %reason, "passkey revoked");
        self.inner.sessions.end_key(passkey);
        let command = Command::RevokePasskey { passkey, reason: reason.clone() };
        // No act by this key commits after this, not even by a copy of it at a client.
        let alone = self.inner.gate.write().await;
        let revoked = self.act(home.tenant, Actor::system("sign-in"), command).await;
        drop(alone);
        match revoked {
            Ok(_) => {
                if let Err(fault) = self.mirror_everywhere().await {
                    tracing::error!(error = %fault, "a revoked key is not copied; the sweep will");
                }
            }
            // The last key of a side's last owner stays: locking a party out is what a forger would want.
            Err(fault) => tracing::error!(%passkey, error = %fault, "the key was not revoked"),
        }
        Err(DeskError::Forbidden {
            code: error::SIGNATURE,
            what: reason,
            cure: "Use another passkey of yours, and tell an owner of your side.".to_owned(),
        })
    }
}

fn attestation(result: AttestationResult) -> Attestation {
    match result {
        AttestationResult::None => Attestation::None,
        AttestationResult::SelfSigned => Attestation::SelfSigned,
        AttestationResult::Unchecked { format } => Attestation::Unchecked { format },
        AttestationResult::Checked { root } => Attestation::Checked { root: root.to_string() },
    }
}

fn rows(state: &State, wanted: impl Fn(&Key) -> bool) -> Vec<PasskeyRow> {
    let found = state.passkeys.values().filter(|key| wanted(key));
    let mut rows: Vec<PasskeyRow> = found.map(|key| show::passkey(state, key)).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.line));
    rows
}
