//! Keys of names that travel with a client: beside its ledger when it leaves, into the vault when it arrives.
//!
//! SECURITY: whoever has this file and the ledger reads the names in it, as they could here; erasing a name here reaches no
//! copy that was taken before. Never here: the key of somebody who was erased.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use writ_authority::State;
use writ_model::{
    PersonId, Secret, TenantId,
    name::{self, Field},
    text::quotable,
};
use writ_store::{
    NameKey,
    secrets::names::{self, MAX_PEOPLE},
};

use crate::{Desk, DeskError, error};

/// The version of the file.
const VERSION: u32 = 1;

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Carried {
    v: u32,
    /// Whose ledger.
    tenant: TenantId,
    /// Keys by person, base64url without padding.
    keys: BTreeMap<PersonId, String>,
}

impl Desk {
    /// The keys of everybody who is named in this ledger and was not erased, as JSON.
    pub(crate) async fn carried_names(&self, state: &State) -> Result<String, DeskError> {
        let mut keys = BTreeMap::new();
        for person in state.people.keys().chain(state.invited.keys()) {
            if state.erased.contains_key(person) || keys.contains_key(person) {
                continue;
            }
            let vault = self.inner.parts.vault.as_ref();
            if let Some(key) = names::key_of(vault, state.tenant, *person).await? {
                keys.insert(*person, URL_SAFE_NO_PAD.encode(key.bytes().expose()));
            }
        }
        serde_json::to_string(&Carried { v: VERSION, tenant: state.tenant, keys })
            .map_err(|why| DeskError::fault(error::FAULT, why.to_string()))
    }

    /// Keeps the keys that a client brings: of people in its ledger who were not erased. One that is here already stays.
    ///
    /// # Errors
    /// If the file is not one of this client's, or the vault fails.
    pub async fn take_names(&self, state: &State, file: &[u8]) -> Result<usize, DeskError> {
        let carried = NameKeys::read(file)?;
        if carried.tenant != state.tenant {
            return Err(bad("it is of another client"));
        }
        let vault = self.inner.parts.vault.as_ref();
        let _turn = self.inner.names.making.lock().await;
        let mut kept = 0;
        for (person, key) in &carried.keys {
            let named = state.people.contains_key(person) || state.invited.contains_key(person);
            if !named || state.erased.contains_key(person) {
                continue;
            }
            if names::key_of(vault, state.tenant, *person).await?.is_none() {
                names::keep(vault, state.tenant, (*person, key)).await?;
                kept += 1;
            }
        }
        Ok(kept)
    }
}

fn bad(what: &str) -> DeskError {
    DeskError::bad("names.json", what, "Take the file that lies in the client's own folder.")
}

/// Keys of names, read from a file: for whoever reads a ledger without a server.
#[derive(Debug)]
pub struct NameKeys {
    tenant: TenantId,
    keys: BTreeMap<PersonId, NameKey>,
}

impl NameKeys {
    /// Reads `names.json`.
    ///
    /// # Errors
    /// If it is none, or of another version.
    pub fn read(file: &[u8]) -> Result<Self, DeskError> {
        let carried: Carried =
            serde_json::from_slice(file).map_err(|_why| bad("this is no file of name keys"))?;
        if carried.v != VERSION {
            return Err(bad("it is of another version"));
        }
        if carried.keys.len() > MAX_PEOPLE {
            return Err(bad("it has more keys than a ledger has people"));
        }
        let mut keys = BTreeMap::new();
        for (person, key) in carried.keys {
            let bytes = URL_SAFE_NO_PAD.decode(key).ok().map(Secret::new);
            let key = bytes.and_then(NameKey::of).ok_or_else(|| bad("a key in it is none"))?;
            keys.insert(person, key);
        }
        Ok(Self { tenant: carried.tenant, keys })
    }

    /// A text with the names that these keys open.
    pub fn say(&self, text: &str) -> String {
        name::replace(text, |sealed| {
            let key = self.keys.get(&sealed.person).filter(|_| sealed.tenant == self.tenant);
            let opened = key.and_then(|key| key.open(sealed, Field::Name));
            opened.map_or_else(|| sealed.unopened(), |name| quotable(name.expose()))
        })
    }
}
