//! The keys the desk signs with: one for access tokens, one for each ledger's checkpoints. All live in the vault and are
//! read when they are needed.
//!
//! Never here: a key in a log or an answer. LIMIT: one current token key; it is replaced by removing it from the vault
//! and starting again, which ends every token (they live five minutes). Overlapping rotation is not built yet.

use writ_evidence::{NoteSigner, NoteVerifier, VerifierKey, note::ED25519};
use writ_identity::{SigningKey, verify_ed25519};
use writ_model::{Entropy, Secret, TenantId};
use writ_store::{Space, Vault};

use crate::{DeskError, error};

const TOKEN_KEY: &str = "oauth/token-signing-key";
const OIDC_CLIENT_KEY: &str = "oidc/client-key";
const WEBHOOK_KEY: &str = "notify/webhook-key";
const CHECKPOINT_KEY: &str = "ledger/checkpoint-key";

/// The key that signs access tokens; made on first use.
///
/// # Errors
/// If the vault fails.
pub async fn token_key(vault: &dyn Vault, entropy: &dyn Entropy) -> Result<SigningKey, DeskError> {
    key_of(vault, Space::Installation, TOKEN_KEY, entropy).await
}

/// The key that we sign in with ourselves at an identity provider; made on first use.
pub(crate) async fn oidc_client_key(
    vault: &dyn Vault,
    entropy: &dyn Entropy,
) -> Result<SigningKey, DeskError> {
    key_of(vault, Space::Installation, OIDC_CLIENT_KEY, entropy).await
}

/// The key that signs webhooks; made on first use.
pub(crate) async fn webhook_key(
    vault: &dyn Vault,
    entropy: &dyn Entropy,
) -> Result<SigningKey, DeskError> {
    key_of(vault, Space::Installation, WEBHOOK_KEY, entropy).await
}

/// The key that signs a ledger's checkpoints; made on first use, named in line 0.
pub(crate) async fn checkpoint_key(
    vault: &dyn Vault,
    tenant: TenantId,
    entropy: &dyn Entropy,
) -> Result<CheckpointKey, DeskError> {
    let key = key_of(vault, Space::Tenant(tenant), CHECKPOINT_KEY, entropy).await?;
    Ok(CheckpointKey::new(tenant, key))
}

async fn key_of(
    vault: &dyn Vault,
    space: Space,
    name: &str,
    entropy: &dyn Entropy,
) -> Result<SigningKey, DeskError> {
    let unusable = |fault: writ_identity::KeyFault| {
        DeskError::fault(error::FAULT, format!("the key `{name}` cannot be used: {fault}"))
    };
    if let Some(seed) = vault.get(space, name).await? {
        let seed: Result<[u8; 32], _> = seed.expose().as_slice().try_into();
        let seed = seed.map_err(|_length| unusable(writ_identity::KeyFault::Material))?;
        return SigningKey::from_seed(seed).map_err(unusable);
    }
    let key = SigningKey::generate(entropy).map_err(unusable)?;
    vault.put(space, name, Secret::new(key.seed().expose().clone())).await?;
    Ok(key)
}

/// The origin line of a tenant's ledger, and the name of its key.
pub(crate) fn origin(tenant: TenantId) -> String {
    format!("writ-ledger/{tenant}")
}

/// A key that signs checkpoints (C2SP signed-note, Ed25519).
#[derive(Debug)]
pub(crate) struct CheckpointKey {
    key: SigningKey,
    verifier: VerifierKey,
}

impl CheckpointKey {
    fn new(tenant: TenantId, key: SigningKey) -> Self {
        let public = key.public_bytes().to_vec();
        let verifier = VerifierKey { name: origin(tenant), algorithm: ED25519, key: public };
        Self { key, verifier }
    }

    /// Its public half.
    pub(crate) fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }
}

impl NoteSigner for CheckpointKey {
    fn name(&self) -> &str {
        &self.verifier.name
    }

    fn key_id(&self) -> [u8; 4] {
        self.verifier.key_id()
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.key.sign(text).to_vec()
    }
}

/// Verifies checkpoints by a key in its text form, as line 0 of a ledger states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointVerifier {
    key: VerifierKey,
    public: [u8; 32],
}

impl CheckpointVerifier {
    /// Reads a key; nothing if it is not an Ed25519 verifier key.
    pub fn parse(text: &str) -> Option<Self> {
        let key = VerifierKey::parse(text).ok().filter(|key| key.algorithm == ED25519)?;
        let public = key.key.as_slice().try_into().ok()?;
        Some(Self { key, public })
    }
}

impl NoteVerifier for CheckpointVerifier {
    fn name(&self) -> &str {
        &self.key.name
    }

    fn key_id(&self) -> [u8; 4] {
        self.key.key_id()
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        signature.try_into().is_ok_and(|signature| verify_ed25519(&self.public, text, signature))
    }
}
