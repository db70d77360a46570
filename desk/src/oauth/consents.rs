//! Which programs people let in: what each may reach, since when, and when it last renewed its token.
//!
//! Never here: ending one (that is ending its running copy), a refresh token or its number, a consent that counts no more.

use writ_store::Space;

use super::{
    family::{self, Family},
    register,
};
use crate::{
    Desk, DeskError, Who,
    case::show,
    view::{ConsentRow, ConsentsView},
};

/// LIMIT: rows of one list: each is opened out of the vault.
const ROWS: usize = 200;

impl Desk {
    /// The programs that people of a client let in and that may still renew their tokens.
    ///
    /// # Errors
    /// If the asker is not seated there, or the vault fails.
    pub async fn consents(&self, who: &Who, client: &str) -> Result<ConsentsView, DeskError> {
        let view = self.seat(who, client).await?;
        let (vault, space) = (self.inner.parts.vault.as_ref(), Space::Tenant(view.tenant));
        let now = self.now();
        let mut names: Vec<(i64, String)> = Vec::new();
        for name in vault.every_name(space, family::PREFIX).await? {
            // They all last as long, so that the one that ends last began last.
            match family::until_of(&name) {
                Some(until) if until > now.seconds() => names.push((until, name)),
                Some(_) | None => {}
            }
        }
        names.sort_unstable_by(|one, other| other.cmp(one));
        let more = names.len().saturating_sub(ROWS);
        let mut rows = Vec::new();
        for (_, name) in names.into_iter().take(ROWS) {
            let Some(kept) = vault.get(space, &name).await? else { continue };
            let Ok(family) = serde_json::from_slice::<Family>(kept.expose()) else {
                tracing::error!(tenant = %view.tenant, "a consent cannot be read");
                continue;
            };
            if family.ended(&view.state, now).is_none() {
                rows.push(self.consent_row(&view.state, family));
            }
        }
        Ok(ConsentsView { rows, more })
    }

    fn consent_row(&self, state: &writ_authority::State, family: Family) -> ConsentRow {
        let settings = self.inner.oauth.settings();
        let listed = settings.clients.iter().find(|one| one.id == family.client);
        let known = match (listed, register::is_id(&family.client)) {
            (Some(_), _) => "listed",
            (None, true) => "registered",
            (None, false) => "document",
        };
        let copy = state.instances.get(&family.instance);
        let name = listed.map(|one| one.name.clone()).or(copy.map(|copy| copy.label.clone()));
        let used = family.used.unwrap_or(family.since);
        ConsentRow {
            name: name.unwrap_or_default(),
            known,
            person: show::person(state, family.person),
            agent: family.agent,
            agent_name: state.agent_name(family.agent),
            instance: family.instance,
            resource: family.resource,
            scopes: family.scope.split(' ').map(str::to_owned).collect(),
            since: family.since,
            used,
            until: family.until,
            client_id: family.client,
        }
    }
}
