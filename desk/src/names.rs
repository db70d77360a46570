//! Names of people: sealed before anything is written, opened where a text leaves Writ for somebody who may read it.
//!
//! A sealed name stands in facts, requests, refusals, reasons and messages as it is, and here alone it becomes a name again:
//! in the answer to a request ([`reveal`]), in a message when it is delivered, on paper. SECURITY: a name is opened for
//! somebody with a seat where it is sealed, and for nobody else, whatever text it is smuggled into.
//! Never here: an opened name kept longer than an answer takes; a name in a log. To show names at another edge: [`Desk::say`]
//! with who reads it.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    num::NonZeroUsize,
    sync::Arc,
};

use lru::LruCache;
use parking_lot::Mutex;
use writ_authority::{Command, State};
use writ_model::{
    PersonId, PersonName, SealedName, TenantId,
    name::{self, Field},
    text::quotable,
};
use writ_store::{NameKey, View, secrets::names};

use crate::{Desk, DeskError, Who, view::PersonRow};

pub(crate) mod carried;
mod paper;
pub(crate) mod reveal;

/// LIMIT: keys kept unwrapped: the people of some hundred clients. Each takes 32 bytes.
const KEYS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);

/// Keys of names that were used lately.
pub(crate) struct Names {
    keys: Mutex<LruCache<(TenantId, PersonId), NameKey>>,
    /// Two who name the same person at once must not make two keys.
    making: tokio::sync::Mutex<()>,
    /// Erased people whose key was looked for in this run and is not there. LIMIT: as many as ledgers have erased.
    gone: Mutex<BTreeSet<(TenantId, PersonId)>>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            keys: Mutex::new(LruCache::new(KEYS)),
            making: tokio::sync::Mutex::default(),
            gone: Mutex::default(),
        }
    }
}

/// Who reads a text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reader<'a> {
    /// A person: names of where they have a seat.
    Person(&'a Who),
    /// Whoever is told something of this tenant: its names.
    Of(TenantId),
    /// Nobody who is known: no name.
    Nobody,
}

/// What is said for sealed names, by how they are written.
#[derive(Default)]
pub(crate) struct Words(BTreeMap<String, String>);

impl FromIterator<(String, String)> for Words {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(words: I) -> Self {
        Self(words.into_iter().collect())
    }
}

impl Words {
    /// A text with these words in it, each escaped by `dress` for where the text stands.
    pub(crate) fn put(&self, text: &str, dress: impl Fn(&str) -> String) -> String {
        name::replace(text, |sealed| match self.0.get(&sealed.text()) {
            Some(said) => dress(&quotable(said)),
            None => dress(&sealed.unopened()),
        })
    }
}

impl Desk {
    /// The names in a text, for this reader.
    ///
    /// # Errors
    /// If the store or the vault fails.
    pub(crate) async fn words(&self, reader: Reader<'_>, text: &str) -> Result<Words, DeskError> {
        let mut words = BTreeMap::new();
        let mut open = BTreeMap::new();
        for sealed in name::all(text) {
            let written = sealed.text();
            if words.contains_key(&written) {
                continue;
            }
            let view = match open.entry(sealed.tenant) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.may_read(reader, sealed.tenant).await?),
            };
            words.insert(written, self.name_for(view.as_deref(), &sealed).await?);
        }
        Ok(Words(words))
    }

    /// A plain text for this reader.
    ///
    /// # Errors
    /// As [`Desk::words`].
    pub(crate) async fn say(&self, reader: Reader<'_>, text: &str) -> Result<String, DeskError> {
        if !name::holds(text) {
            return Ok(text.to_owned());
        }
        Ok(self.words(reader, text).await?.put(text, str::to_owned))
    }

    /// The state of a tenant whose names this reader may read.
    async fn may_read(
        &self,
        reader: Reader<'_>,
        tenant: TenantId,
    ) -> Result<Option<Arc<View<State>>>, DeskError> {
        let known = self.provider_id().is_ok();
        let here = match reader {
            Reader::Nobody => return Ok(None),
            Reader::Of(own) => own == tenant,
            Reader::Person(_) => true,
        };
        // Whatever a text says: a tenant that is not ours has no state here.
        if !here || !known || !self.is_ours(tenant).await? {
            return Ok(None);
        }
        let view = self.tenants().view(tenant).await?;
        let may = match reader {
            Reader::Person(who) => {
                crate::desk::seated(&view.state, who) && self.standing(who.person).await.is_ok()
            }
            Reader::Of(_) => true,
            Reader::Nobody => false,
        };
        Ok(may.then_some(view))
    }

    async fn is_ours(&self, tenant: TenantId) -> Result<bool, DeskError> {
        let provider = self.provider_view().await?;
        Ok(provider.tenant == tenant || provider.state.clients.contains_key(&tenant))
    }

    /// A sealed name as it is said; what stands for it, if it was erased or cannot be read.
    async fn name_for(
        &self,
        view: Option<&View<State>>,
        sealed: &SealedName,
    ) -> Result<String, DeskError> {
        let Some(view) = view else { return Ok(sealed.unopened()) };
        // What the ledger says counts, also while the key is still there.
        if view.state.erased.contains_key(&sealed.person) {
            return Ok(format!("erased person {}", sealed.person));
        }
        let opened = self.opened(sealed).await?;
        Ok(opened.unwrap_or_else(|| sealed.unopened()))
    }

    /// The name itself, if its key is there.
    async fn opened(&self, sealed: &SealedName) -> Result<Option<String>, DeskError> {
        let at = (sealed.tenant, sealed.person);
        let known = self.inner.names.keys.lock().get(&at).cloned();
        let key = if let Some(key) = known {
            key
        } else {
            let vault = self.inner.parts.vault.as_ref();
            let Some(key) = names::key_of(vault, sealed.tenant, sealed.person).await? else {
                return Ok(None);
            };
            self.inner.names.keys.lock().put(at, key.clone());
            key
        };
        Ok(key.open(sealed, Field::Name).map(|name| name.expose().clone()))
    }

    /// How a person is called here, if their name can be read.
    async fn called(&self, name: &PersonName) -> Result<Option<String>, DeskError> {
        match name {
            PersonName::Plain(plain) => Ok(Some(plain.clone())),
            PersonName::Sealed(sealed) => self.opened(sealed).await,
        }
    }

    /// The people of a space, the seated and those who left, for somebody who has a seat there.
    ///
    /// # Errors
    /// If the store or the vault fails.
    pub(crate) async fn seats_for(
        &self,
        who: &Who,
        state: &State,
    ) -> Result<Vec<PersonRow>, DeskError> {
        let mut rows = crate::case::show::seats(state);
        for row in &mut rows {
            row.name = self.say(Reader::Person(who), &row.name).await?;
        }
        Ok(rows)
    }

    /// A person by their id, or by a name that only one seated person has.
    ///
    /// # Errors
    /// If there is none, or there are two.
    pub(crate) async fn person(
        &self,
        state: &State,
        field: &str,
        name: &str,
    ) -> Result<PersonId, DeskError> {
        if let Ok(id) = name.parse::<PersonId>() {
            return Ok(id);
        }
        let seated = state.people.iter().filter(|(_, one)| one.active());
        let found = self.named(seated.map(|(id, one)| (*id, &one.name)), name).await?;
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(DeskError::not_visible("person", name)),
            _ => {
                let name = writ_authority::refusal::cut(name);
                let what = format!("two people are called `{name}` here");
                Err(DeskError::bad(field, what, "Use the person's id."))
            }
        }
    }

    /// Those of some people who are called so; at most two.
    pub(crate) async fn named(
        &self,
        people: impl Iterator<Item = (PersonId, &PersonName)>,
        name: &str,
    ) -> Result<Vec<PersonId>, DeskError> {
        let mut found = BTreeSet::new();
        for (person, written) in people {
            if self.called(written).await?.as_deref() == Some(name) {
                found.insert(person);
            }
            if found.len() > 1 {
                break;
            }
        }
        Ok(found.into_iter().collect())
    }

    /// A name sealed for a tenant's ledger. One that is sealed for another of our ledgers is opened and sealed anew.
    pub(crate) async fn seal_name(
        &self,
        tenant: TenantId,
        person: PersonId,
        name: &PersonName,
    ) -> Result<PersonName, DeskError> {
        if name.sealed().is_some_and(|one| one.tenant == tenant && one.person == person) {
            return Ok(name.clone());
        }
        // SECURITY: of the same person only, or whoever writes a command could have somebody's name opened for them.
        let theirs = name.sealed().is_none_or(|one| one.person == person);
        let plain = if theirs { self.called(name).await? } else { None };
        let plain = plain.ok_or_else(|| {
            let what = format!("the name of {person} cannot be read any more");
            DeskError::bad("person", what, "Have them come in anew, under another id.")
        })?;
        // What is sealed no rule can look at afterwards.
        writ_authority::command::name_fits(&plain)?;
        let _turn = self.inner.names.making.lock().await;
        let key = names::key_for(self.inner.parts.vault.as_ref(), tenant, person).await?;
        let sealed = key.seal(tenant, person, (Field::Name, &plain))?;
        self.inner.names.keys.lock().put((tenant, person), key);
        Ok(sealed.into())
    }

    /// A command as it may be decided: with no plain name in it.
    ///
    /// # Errors
    /// If a name is refused, or the vault fails.
    pub(crate) async fn without_names(
        &self,
        tenant: TenantId,
        mut command: Command,
    ) -> Result<Command, DeskError> {
        match &mut command {
            Command::SeatPerson { person, name, .. } => {
                let id = person.unwrap_or_else(|| {
                    PersonId::new(&self.cx(tenant, writ_model::Actor::system("desk")))
                });
                *person = Some(id);
                *name = self.seal_name(tenant, id, name).await?;
            }
            Command::InvitePerson { person, name, .. } => {
                *name = self.seal_name(tenant, *person, name).await?;
            }
            Command::Found { people, .. } => {
                for (person, name, ..) in people {
                    *name = self.seal_name(tenant, *person, name).await?;
                }
            }
            Command::MoveLedger { people, .. } => {
                for (person, name, _) in people {
                    *name = self.seal_name(tenant, *person, name).await?;
                }
            }
            _ => {}
        }
        Ok(command)
    }

    /// Destroys what is kept of a person who was erased in a tenant's ledger: the key of their name, their address. Says
    /// whether anything was left.
    ///
    /// # Errors
    /// If the vault fails; asked again, it goes on.
    pub(crate) async fn forget_person(
        &self,
        tenant: TenantId,
        person: PersonId,
    ) -> Result<bool, DeskError> {
        let _turn = self.inner.names.making.lock().await;
        drop(self.inner.names.keys.lock().pop(&(tenant, person)));
        self.keep_address(tenant, person, None).await?;
        let vault = self.inner.parts.vault.as_ref();
        Ok(names::destroy(vault, tenant, person).await?)
    }

    /// Destroys the keys of everybody whom a ledger says to be erased and whose key is still there: what a crash between
    /// the line and the vault leaves undone.
    ///
    /// # Errors
    /// If a store fails; the next run goes on.
    pub async fn forget_the_erased(&self) -> Result<usize, DeskError> {
        let mut gone = 0;
        if self.provider_id().is_err() {
            return Ok(gone);
        }
        let mut all = vec![self.provider_view().await?];
        all.extend(self.every_client().await?);
        let vault = self.inner.parts.vault.as_ref();
        for view in &all {
            for person in view.state.erased.keys() {
                let at = (view.tenant, *person);
                // A request that was under way may have read the key just before it went.
                drop(self.inner.names.keys.lock().pop(&at));
                if self.inner.names.gone.lock().contains(&at) {
                    continue;
                }
                if names::key_of(vault, view.tenant, *person).await?.is_some() {
                    gone += usize::from(self.forget_person(view.tenant, *person).await?);
                }
                self.inner.names.gone.lock().insert(at);
            }
        }
        Ok(gone)
    }
}
