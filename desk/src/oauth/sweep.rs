//! Consents that are over, found without anybody asking: what they gave is ended by a line, so that gateways cut what is open
//! by it, and what is kept of them is removed. A reconciler: run it as often as you like.
//!
//! Another process may have let somebody in a moment ago whose lines are not read here yet: a consent that is young is left
//! alone, save when its time is over. What it may do is asked with each refresh anyway.
//! Never here: what makes a consent be over ([`Family::ended`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parking_lot::Mutex;
use writ_authority::State as Book;
use writ_model::{InstanceId, PersonId, Span, TenantId};
use writ_store::{Space, View};

use super::{
    consented,
    family::{self, Family, Over, Which},
};
use crate::{Desk, DeskError};

/// How long a consent is young: an append and whoever follows it, many times over.
const YOUNG: Span = Span::minutes(10);
/// How names begin of what [`Desk::sweep_consents`] looks at.
pub(crate) const SWEPT: [&str; 2] = [family::PREFIX, consented::PREFIX];
/// LIMIT: families remembered, some 512 bytes each; of more, each is opened with every sweep.
const REMEMBERED: usize = 8_192;

/// Families as they were when a sweep first saw them: all of them but their number and their last use never changes.
#[derive(Debug, Default)]
pub(super) struct Swept(Mutex<BTreeMap<(TenantId, String), Arc<Family>>>);

impl Swept {
    fn find(&self, tenant: TenantId, name: &str) -> Option<Arc<Family>> {
        self.0.lock().get(&(tenant, name.to_owned())).cloned()
    }

    fn keep(&self, tenant: TenantId, name: &str, family: &Arc<Family>) {
        let mut kept = self.0.lock();
        if kept.len() < REMEMBERED {
            kept.insert((tenant, name.to_owned()), Arc::clone(family));
        }
    }

    /// Forgets what is not there any more.
    fn only(&self, tenant: TenantId, names: &BTreeSet<String>) {
        self.0.lock().retain(|(of, name), _| *of != tenant || names.contains(name));
    }
}

impl Desk {
    /// Forgets what a client kept of consents: it keeps none.
    pub(crate) fn forget_swept(&self, tenant: TenantId) {
        self.inner.oauth.swept.only(tenant, &BTreeSet::new());
    }

    /// Ends what was given by consents of a client that are over.
    ///
    /// # Errors
    /// If the vault or the ledger fails; the next sweep tries again.
    pub(crate) async fn sweep_consents(&self, view: &View<Book>) -> Result<(), DeskError> {
        let all = self.families(view.tenant).await?;
        // Whatever was written since the sweep began counts.
        let view = self.tenants().view(view.tenant).await?;
        let (mut lives, mut over) = (BTreeSet::new(), Vec::new());
        for (which, family) in &all {
            let young = self.now() < family.since + YOUNG;
            match self.over(&view, family).await? {
                Some(why) if why == Over::Time || !young => over.push((*which, family, why)),
                Some(_) | None => {
                    lives.insert(family.instance);
                }
            }
        }
        for (which, family, why) in over {
            self.end_one(which, family, (why, &lives)).await?;
        }
        consented::tidy(self, &view).await
    }

    /// Ends a family that is over, and its copy if nothing else stands on that.
    pub(super) async fn end_over(
        &self,
        which: Which,
        family: &Family,
        over: Over,
    ) -> Result<(), DeskError> {
        let mut lives = BTreeSet::new();
        if over.ends_copy().is_some() {
            let view = self.tenants().view(which.tenant).await?;
            for (other, family) in self.families(which.tenant).await? {
                if other.id != which.id && self.over(&view, &family).await?.is_none() {
                    lives.insert(family.instance);
                }
            }
        }
        self.end_one(which, family, (over, &lives)).await
    }

    /// The copy first: a family without its end would not be found again.
    async fn end_one(
        &self,
        which: Which,
        family: &Family,
        (over, lives): (Over, &BTreeSet<InstanceId>),
    ) -> Result<(), DeskError> {
        if let Some(reason) = over.ends_copy()
            && !lives.contains(&family.instance)
            && self.let_in(which.tenant, family).await?
        {
            self.end_copy(which.tenant, family.instance, reason).await?;
        }
        self.end_family(which).await.map_err(|refused| fault(&refused.why))
    }

    /// Whether a family's key came by a consent.
    async fn let_in(&self, tenant: TenantId, family: &Family) -> Result<bool, DeskError> {
        let Ok(jkt) = family.jkt.parse() else { return Ok(false) };
        consented::is(self, tenant, &jkt).await.map_err(|refused| fault(&refused.why))
    }

    async fn over(&self, view: &View<Book>, family: &Family) -> Result<Option<Over>, DeskError> {
        match family.ended(&view.state, self.now()) {
            Some(over) => Ok(Some(over)),
            None => Ok(self.has_left(family.person).await?.then_some(Over::Person)),
        }
    }

    /// Whether somebody worked for the provider and does not any more.
    pub(super) async fn has_left(&self, person: PersonId) -> Result<bool, DeskError> {
        match self.standing(person).await {
            Ok(()) => Ok(false),
            Err(DeskError::Forbidden { .. }) => Ok(true),
            Err(fault) => Err(fault),
        }
    }

    /// Every family of a client that is kept.
    async fn families(&self, tenant: TenantId) -> Result<Vec<(Which, Arc<Family>)>, DeskError> {
        let (vault, swept) = (self.inner.parts.vault.as_ref(), &self.inner.oauth.swept);
        let space = Space::Tenant(tenant);
        let names: BTreeSet<String> =
            vault.every_name(space, family::PREFIX).await?.into_iter().collect();
        swept.only(tenant, &names);
        let mut all = Vec::with_capacity(names.len());
        for name in &names {
            let known = match swept.find(tenant, name) {
                Some(known) => Some(known),
                None => match vault.get(space, name).await? {
                    Some(kept) => serde_json::from_slice(kept.expose()).ok().map(Arc::new),
                    None => continue,
                },
            };
            let known: Option<Arc<Family>> = known;
            let which =
                known.as_ref().and_then(|known| family::which_of(tenant, name, known.until));
            let (Some(family), Some(which)) = (known, which) else {
                tracing::error!(%tenant, "a consent cannot be read");
                continue;
            };
            swept.keep(tenant, name, &family);
            all.push((which, family));
        }
        Ok(all)
    }
}

fn fault(why: &str) -> DeskError {
    DeskError::fault(crate::error::FAULT, why.to_owned())
}
