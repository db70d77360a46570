//! The latest word of each witness: its last cosignature and, if it has one, its disagreement. Kept in the vault, read
//! through memory.
//!
//! Never here: a cosignature that was not verified against the key in the ledger.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use lru::LruCache;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::{Notify, Semaphore};
use writ_authority::State;
use writ_evidence::{
    Checkpoint, NoteVerifier as _, WitnessKey, cosignature::time_of, merkle::TreeHead,
    note::NoteSignature,
};
use writ_identity::verify_ed25519;
use writ_model::{Secret, Span, TenantId, Timestamp, WitnessId};
use writ_store::{Space, View, root_at};

use crate::{Desk, DeskError, error, keys};

/// LIMIT: witnesses whose latest word is in memory; others are read from the vault again.
const IN_MEMORY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4_095);
/// LIMIT: witnesses that wait for a newer checkpoint at once; one more is told to come back.
const POLLS: usize = 1_024;
/// LIMIT: cosignatures in one note, well below what a note holds.
const IN_NOTE: usize = 32;
/// How long an export waits for cosignatures; a witness that is awake needs a tenth of it.
const COSIGNED_WITHIN: Duration = Duration::from_secs(3);
/// A witness that has asked for nothing for so long is not waited for; one that runs asks every half minute.
const AWAKE: Span = Span::minutes(2);
/// How far a cosignature's time may be from ours: a clock that is further off is worth a look.
const SKEW: Span = Span::hours(24);

/// The last cosignature of a witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cosigned {
    /// Of which size.
    pub(crate) size: u64,
    /// When it came.
    pub(crate) at: Timestamp,
    /// The note's signature line.
    pub(crate) line: String,
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Disagrees {
    /// The rule.
    pub(crate) code: String,
    /// In the witness's words.
    pub(crate) what: String,
    /// When it said so.
    pub(crate) at: Timestamp,
}

/// What is known of one witness.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its last cosignature.
    pub(crate) cosigned: Option<Cosigned>,
    /// Its disagreement, until it cosigns again.
    pub(crate) disagrees: Option<Disagrees>,
}

/// The latest word of every witness.
#[derive(Debug)]
pub(crate) struct Board {
    kept: Mutex<LruCache<(TenantId, WitnessId), Kept>>,
    /// When each was at the door last, since this process began.
    heard: Mutex<LruCache<(TenantId, WitnessId), Timestamp>>,
    /// One word is written at a time, so that an older one never replaces a newer.
    writing: tokio::sync::Mutex<()>,
    /// Told when a cosignature arrives.
    pub(super) arrived: Notify,
    /// Places for those who wait.
    pub(super) polls: Semaphore,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            kept: Mutex::new(LruCache::new(IN_MEMORY)),
            heard: Mutex::new(LruCache::new(IN_MEMORY)),
            writing: tokio::sync::Mutex::default(),
            arrived: Notify::new(),
            polls: Semaphore::new(POLLS),
        }
    }
}

fn cosignature_name(witness: WitnessId) -> String {
    format!("cosignature/{witness}")
}

fn disagreement_name(witness: WitnessId) -> String {
    format!("disagreement/{witness}")
}

impl Board {
    /// Notes that a witness is at the door.
    pub(super) fn hear(&self, tenant: TenantId, witness: WitnessId, now: Timestamp) {
        self.heard.lock().put((tenant, witness), now);
    }

    fn awake(&self, tenant: TenantId, witness: WitnessId, now: Timestamp) -> bool {
        self.heard.lock().get(&(tenant, witness)).is_some_and(|at| now < *at + AWAKE)
    }
}

impl Desk {
    /// The latest word of a witness.
    pub(crate) async fn kept(
        &self,
        tenant: TenantId,
        witness: WitnessId,
    ) -> Result<Kept, DeskError> {
        let known = self.inner.witnessing.kept.lock().get(&(tenant, witness)).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let kept = Kept {
            cosigned: self.word(tenant, &cosignature_name(witness)).await?,
            disagrees: self.word(tenant, &disagreement_name(witness)).await?,
        };
        self.inner.witnessing.kept.lock().put((tenant, witness), kept.clone());
        Ok(kept)
    }

    async fn word<T: DeserializeOwned>(
        &self,
        tenant: TenantId,
        name: &str,
    ) -> Result<Option<T>, DeskError> {
        let stored = self.inner.parts.vault.get(Space::Tenant(tenant), name).await?;
        // A word of an older form says nothing: the witness speaks again soon.
        Ok(stored.and_then(|bytes| serde_json::from_slice(bytes.expose()).ok()))
    }

    async fn put_word<T: Serialize>(
        &self,
        tenant: TenantId,
        name: &str,
        word: &T,
    ) -> Result<(), DeskError> {
        let bytes = serde_json::to_vec(word)
            .map_err(|fault| DeskError::fault(error::FAULT, fault.to_string()))?;
        Ok(self.inner.parts.vault.put(Space::Tenant(tenant), name, Secret::new(bytes)).await?)
    }

    /// Keeps a cosignature that verifies, unless a newer one is kept already.
    pub(super) async fn keep_cosignature(
        &self,
        view: &View<State>,
        (witness, key): (WitnessId, &WitnessKey),
        (size, line): (u64, &str),
    ) -> Result<(), DeskError> {
        let bad = |what: &str| DeskError::bad("line", what, "Cosign the checkpoint as it is.");
        if size > view.size {
            return Err(DeskError::bad("size", "the ledger is not so long", "Ask for it again."));
        }
        let signature = NoteSignature::parse(line.trim_end_matches('\n'))
            .map_err(|fault| bad(&fault.to_string()))?;
        if signature.key_id != key.key_id() || signature.name != key.name() {
            return Err(bad("the cosignature is by another key"));
        }
        let root = root_at(self.ledger().as_ref(), view.tenant, size).await?;
        let head = TreeHead { size, root };
        let text = Checkpoint::new(keys::origin(view.tenant), head).to_text();
        if !key.verifier(verify_ed25519).verify(text.as_bytes(), &signature.signature) {
            return Err(bad("the cosignature is not of this checkpoint"));
        }
        let now = self.now();
        let said = time_of(&signature.signature).and_then(|at| i64::try_from(at).ok());
        let off =
            said.is_none_or(|said| (now.seconds() - said).abs() > SKEW.as_micros() / 1_000_000);
        if off {
            return Err(bad("the cosignature's time is more than a day from ours"));
        }
        let board = &self.inner.witnessing;
        let writing = board.writing.lock().await;
        let kept = self.kept(view.tenant, witness).await?;
        if kept.cosigned.as_ref().is_some_and(|known| known.size > size) {
            return Ok(());
        }
        let cosigned = Cosigned { size, at: now, line: signature.to_line() };
        self.put_word(view.tenant, &cosignature_name(witness), &cosigned).await?;
        if kept.disagrees.is_some() {
            let (vault, space) = (&self.inner.parts.vault, Space::Tenant(view.tenant));
            vault.remove(space, &disagreement_name(witness)).await?;
        }
        let kept = Kept { cosigned: Some(cosigned), disagrees: None };
        board.kept.lock().put((view.tenant, witness), kept);
        drop(writing);
        board.arrived.notify_waiters();
        Ok(())
    }

    /// Keeps a disagreement.
    pub(super) async fn keep_disagreement(
        &self,
        tenant: TenantId,
        witness: WitnessId,
        disagrees: Disagrees,
    ) -> Result<(), DeskError> {
        let board = &self.inner.witnessing;
        let writing = board.writing.lock().await;
        let kept = self.kept(tenant, witness).await?;
        self.put_word(tenant, &disagreement_name(witness), &disagrees).await?;
        tracing::error!(%tenant, %witness, code = %disagrees.code, "a witness disagrees");
        let kept = Kept { disagrees: Some(disagrees), ..kept };
        board.kept.lock().put((tenant, witness), kept);
        drop(writing);
        Ok(())
    }

    /// The signature lines of the witnesses that have cosigned exactly this size.
    pub(crate) async fn cosignatures(&self, view: &View<State>) -> Result<Vec<String>, DeskError> {
        let live = view.state.witnesses.iter().filter(|(_, one)| one.removed_at.is_none());
        let mut out = Vec::new();
        for (witness, _) in live.take(IN_NOTE) {
            let cosigned = self.kept(view.tenant, *witness).await?.cosigned;
            out.extend(cosigned.filter(|word| word.size == view.size).map(|word| word.line));
        }
        Ok(out)
    }

    /// The ledger as of now for somebody who takes its checkpoint away: this waits a moment for the witnesses that are
    /// awake, so that the note carries their cosignatures.
    pub(crate) async fn settled(&self, tenant: TenantId) -> Result<Arc<View<State>>, DeskError> {
        let complete = async {
            loop {
                // Listen first: a word that comes while we look is not missed.
                let arrived = self.inner.witnessing.arrived.notified();
                let view = self.tenants().view(tenant).await?;
                if !self.expects_cosignature(&view).await? {
                    return Ok::<_, DeskError>(view);
                }
                arrived.await;
            }
        };
        match tokio::time::timeout(COSIGNED_WITHIN, complete).await {
            Ok(view) => view,
            Err(_elapsed) => Ok(self.tenants().view(tenant).await?),
        }
    }

    /// Whether a witness that was at the door lately has not cosigned this size yet.
    async fn expects_cosignature(&self, view: &View<State>) -> Result<bool, DeskError> {
        let now = self.now();
        for (witness, one) in &view.state.witnesses {
            let kept = self.kept(view.tenant, *witness).await?;
            let comes = one.removed_at.is_none()
                && kept.disagrees.is_none()
                && self.inner.witnessing.awake(view.tenant, *witness, now);
            if comes && kept.cosigned.is_none_or(|word| word.size < view.size) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
