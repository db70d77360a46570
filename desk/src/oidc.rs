//! Sign-in of the provider's people through its own identity provider: OpenID Connect Core 1.0, authorization code flow with
//! PKCE (RFC 7636, S256), `state` bound to the browser, `nonce`, an exact redirect address, and `iss` in the answer (RFC 9207).
//! A subject becomes a person by `login_linked` facts in the provider's ledger, which that person signed with a passkey. The
//! session has the seat's roles that the identity provider's roles map to, and it signs nothing: every sensitive act still
//! needs the passkey, because `authority` says so.
//!
//! Never here: a person made or seated by a claim, a person of a client, an access token kept or used, a secret in a log.
//! To add a rule to the flow: its check in `callback.rs`, a row of [`refused::Why`], a hostile case in `desk/tests/desk/oidc.rs`.

use std::{collections::BTreeMap, sync::Arc};

use writ_model::{Entropy, Role, Secret, Span};
use writ_reach::{Outside, Place};

use crate::Desk;

mod callback;
mod client;
mod door;
mod link;
mod narrow;
mod pending;
mod provider;
mod refused;
mod start;

pub(crate) use door::doors;
pub use link::LoginBody;
pub(crate) use link::LoginStarted;
pub use narrow::Narrowed;
pub(crate) use narrow::{as_left, may, seated};
pub use refused::refusal as oidc_refusal;

/// What the operator says about the identity provider.
#[derive(Debug)]
pub struct OidcSettings {
    /// Its issuer, exactly as its metadata and its tokens say it.
    pub issuer: Place,
    /// Who we are there.
    pub client_id: String,
    /// Our secret there (`client_secret_basic`). Without one we sign with a key of our own (`private_key_jwt`), whose public
    /// half stands at `/oidc/jwks`.
    pub secret: Option<Secret<String>>,
    /// What people call it: the words on the button.
    pub name: String,
    /// Scopes asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Which roles there leave which roles here; without it the whole seat counts.
    pub roles: Option<RoleMap>,
    /// How strongly people have to sign in there.
    pub strength: Strength,
}

/// How strongly people have to sign in at the identity provider, as its ID token says. Empty: it counts as the weakest way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Strength {
    /// `acr` must be one of these; they are asked for.
    pub acr: Vec<String>,
    /// `amr` must list one of these (RFC 8176).
    pub amr: Vec<String>,
    /// How long ago they may have signed in there; `auth_time` must say so.
    pub max_age: Option<Span>,
}

/// Roles at the identity provider, and what they leave of a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleMap {
    /// The claim that lists them: a member of the ID token, or members joined by points (`realm_access.roles`).
    pub claim: String,
    /// Their word for a role to ours.
    pub roles: BTreeMap<String, Role>,
}

/// The identity provider, as this process knows it.
#[derive(Debug)]
pub(crate) struct Party {
    settings: OidcSettings,
    outside: Arc<dyn Outside>,
    known: provider::Known,
    pending: pending::Table,
}

impl Desk {
    /// Lets the provider's people sign in through an identity provider as well. Only the first call counts.
    pub fn set_oidc(&self, settings: OidcSettings, outside: Arc<dyn Outside>) {
        let (known, pending) = (provider::Known::default(), pending::Table::default());
        let party = Party { settings, outside, known, pending };
        if self.inner.oidc.set(Arc::new(party)).is_err() {
            tracing::warn!("a second identity provider was left out");
        }
    }

    /// What people call the identity provider, if there is one: the words on the button.
    pub fn oidc_name(&self) -> Option<String> {
        self.inner.oidc.get().map(|party| party.settings.name.clone())
    }

    pub(crate) fn oidc(&self) -> Result<&Arc<Party>, refused::Refused> {
        self.inner.oidc.get().ok_or_else(|| refused::Why::NotSet.into())
    }

    /// The one address that the identity provider may send people back to.
    pub(crate) fn oidc_redirect(&self) -> String {
        format!("{}/oidc/callback", self.inner.parts.origin)
    }
}

/// 256 bits as base64url.
fn random(entropy: &dyn Entropy) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}
