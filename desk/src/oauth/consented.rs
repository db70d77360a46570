//! Which keys came by a person's consent. Their running copies get tokens by the consent's code and refresh token only: as
//! clients of their own they would outlive it and reach further.
//!
//! Never here: what a consent allows (`family.rs`). A key that was enrolled by a code is not marked when a consent uses it.

use writ_authority::State as Book;
use writ_identity::Thumbprint;
use writ_model::{Secret, Span, TenantId};
use writ_store::{Space, View, secrets::NAMES_PAGE};

use super::refused::Refused;
use crate::{Desk, DeskError};

pub(super) const PREFIX: &str = "oauth/consented/";
/// How long a mark may be without a running copy that is read here: an enrollment, many times over.
const YOUNG: Span = Span::minutes(10);

fn name(jkt: &Thumbprint) -> String {
    format!("{PREFIX}{jkt}")
}

/// Marks a key that is about to be enrolled by a consent. LIMIT: one for each running copy that was let in and lives.
pub(super) async fn mark(desk: &Desk, tenant: TenantId, jkt: &Thumbprint) -> Result<(), Refused> {
    let vault = &desk.inner.parts.vault;
    let now = Secret::new(desk.now().seconds().to_string().into_bytes());
    let put = vault.put(Space::Tenant(tenant), &name(jkt), now).await;
    put.map_err(|fault| Refused::server(&fault))
}

/// Whether a key came by a consent.
pub(super) async fn is(desk: &Desk, tenant: TenantId, jkt: &Thumbprint) -> Result<bool, Refused> {
    let known = desk.inner.parts.vault.get(Space::Tenant(tenant), &name(jkt)).await;
    Ok(known.map_err(|fault| Refused::server(&fault))?.is_some())
}

/// Removes the marks of copies that were ended, and of those that were never enrolled.
pub(super) async fn tidy(desk: &Desk, view: &View<Book>) -> Result<(), DeskError> {
    let (vault, space) = (desk.inner.parts.vault.as_ref(), Space::Tenant(view.tenant));
    let mut after = String::new();
    loop {
        let page = vault.names(space, PREFIX, &after).await?;
        for name in &page {
            let jkt = name.strip_prefix(PREFIX).unwrap_or_default();
            let copy = view.state.keys.get(jkt).and_then(|id| view.state.instances.get(id));
            let over = match copy {
                Some(copy) => copy.ended_at.is_some(),
                None => old(desk, vault.get(space, name).await?.as_ref()),
            };
            if over {
                vault.remove(space, name).await?;
            }
        }
        let Some(last) = page.last().filter(|_| page.len() >= NAMES_PAGE) else { return Ok(()) };
        after.clone_from(last);
    }
}

/// Whether a mark was made long ago. SECURITY: older builds did not say when; without its mark a copy would be a client of its
/// own, so that theirs stay until their copy is ended.
fn old(desk: &Desk, mark: Option<&Secret<Vec<u8>>>) -> bool {
    let text = mark.and_then(|mark| str::from_utf8(mark.expose()).ok());
    let made = text.and_then(|text| text.parse::<i64>().ok()).filter(|made| *made > 1);
    let young = YOUNG.as_micros() / 1_000_000;
    made.is_some_and(|made| made.saturating_add(young) < desk.now().seconds())
}
