//! `POST /oauth/register` (RFC 7591), where the operator allows it: a client that nobody vouches for gets an id for an hour, and
//! for a month once a person let it in. MCP 2026-07-28 has clients bring a metadata document instead; this is for those that
//! cannot.
//!
//! Never here: a client secret, a change of what was registered, a client that is anything before a person consents.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use writ_model::{Secret, Span};
use writ_store::{Space, Vault, VaultFault};

use super::{
    document::{self, Document, Keys, MAX_DOCUMENT},
    refused::{Refused, no_store},
};
use crate::{Desk, DeskError, limit::Knock};

/// How long a registration holds with which somebody was let in.
const LIFE: Span = Span::days(30);
/// How long one holds that nobody was let in with yet: a client registers when a person is about to be asked. Twice as long as
/// an offer waits for colleagues.
const TRIAL: Span = Span::hours(2);
/// LIMIT: registrations with which somebody was let in; a person consented to each.
const CLIENTS: usize = 1_000;
/// LIMIT: registrations on trial. Anybody who reaches the desk can make one, so that the oldest makes room: a flood, at the
/// thirty a minute that [`Knock::Register`] takes, leaves each of them eight minutes.
const TRIALS: usize = 256;
/// LIMIT: expired ones that are cleared away when a new one is made.
const CLEARED: usize = 64;
const PREFIX: &str = "oauth/client/";
const TRIAL_PREFIX: &str = "oauth/client-new/";
const ID: &str = "dyn.";

/// Whether a client id is one of a registration.
pub(super) fn is_id(id: &str) -> bool {
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    id.len() <= 80 && id.bytes().all(letters) && until(id).is_some()
}

/// Until when: its id says it, so that expired ones are found without opening any.
fn until(id: &str) -> Option<i64> {
    id.strip_prefix(ID)?.split_once('.')?.0.parse().ok()
}

/// A registered client.
pub(super) async fn find(desk: &Desk, id: &str) -> Result<Document, String> {
    let none = || "this client is not registered here, or was too long ago".to_owned();
    if !desk.inner.oauth.settings().registration
        || until(id).is_none_or(|until| until <= desk.now().seconds())
    {
        return Err(none());
    }
    let vault = desk.inner.parts.vault.as_ref();
    let kept = kept(vault, id, desk.now().seconds()).await.map_err(|fault| {
        tracing::error!(error = %fault, "a registration cannot be read");
        "registrations cannot be read now".to_owned()
    })?;
    let (kept, _) = kept.ok_or_else(none)?;
    document::read(kept.expose(), None)
}

/// A registration, and whether it is still on trial.
async fn kept(
    vault: &dyn Vault,
    id: &str,
    now: i64,
) -> Result<Option<(Secret<Vec<u8>>, bool)>, VaultFault> {
    if let Some(kept) = vault.get(Space::Installation, &format!("{PREFIX}{id}")).await? {
        return Ok(Some((kept, false)));
    }
    if trial(id).is_none_or(|until| until <= now) {
        return Ok(None);
    }
    let kept = vault.get(Space::Installation, &format!("{TRIAL_PREFIX}{id}")).await?;
    Ok(kept.map(|kept| (kept, true)))
}

/// Until when a registration is on trial.
fn trial(id: &str) -> Option<i64> {
    let more = (LIFE.as_micros() - TRIAL.as_micros()) / 1_000_000;
    until(id)?.checked_sub(more)
}

/// Keeps a client's registration, if it has one, because somebody let it in.
///
/// # Errors
/// If the vault fails, or there are too many.
pub(super) async fn used(desk: &Desk, id: &str) -> Result<(), DeskError> {
    if !is_id(id) {
        return Ok(());
    }
    let (vault, now) = (desk.inner.parts.vault.as_ref(), desk.now().seconds());
    let Some((text, true)) = kept(vault, id, now).await? else { return Ok(()) };
    if make_room(vault, PREFIX, &|id: &str| until(id).is_none_or(|until| until <= now)).await?
        >= CLIENTS
    {
        let what = "too many clients that registered themselves were let in".to_owned();
        return Err(DeskError::Busy { what });
    }
    vault.put(Space::Installation, &format!("{PREFIX}{id}"), text).await?;
    vault.remove(Space::Installation, &format!("{TRIAL_PREFIX}{id}")).await?;
    Ok(())
}

/// Registers a client.
pub(super) async fn take(
    State(desk): State<Desk>,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
) -> Response {
    let typed = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let json = typed.is_some_and(|kind| {
        kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
    });
    if !desk.inner.oauth.settings().registration || !desk.host_is_ours(&headers, &uri) {
        let why = "clients do not register themselves here: bring a client ID metadata document";
        return Refused::new("access_denied", why).into_response();
    }
    let registered =
        if json { registered(&desk, &body).await } else { Err(Refused::request("send JSON")) };
    match registered {
        Ok(text) => (StatusCode::CREATED, no_store(), text).into_response(),
        Err(refused) => refused.into_response(),
    }
}

async fn registered(desk: &Desk, body: &[u8]) -> Result<String, Refused> {
    let now = desk.now();
    // Every registration counts, good or not: who floods this door closes it for the minute.
    let busy = |_over| Refused::later("too many clients register now; try again in a minute");
    desk.inner.guesses.allow(Knock::Register, None, now).map_err(busy)?;
    desk.inner.guesses.wrong(Knock::Register, None, now);
    if body.len() > MAX_DOCUMENT {
        return Err(Refused::new("invalid_client_metadata", "the document is too long"));
    }
    let says = document::read(body, None).map_err(|why| {
        let error = if why.contains("redirect_uri") {
            "invalid_redirect_uri"
        } else {
            "invalid_client_metadata"
        };
        Refused::new(error, why)
    })?;
    let vault = desk.inner.parts.vault.as_ref();
    let seconds = now.seconds();
    let over = |id: &str| trial(id).is_none_or(|until| until <= seconds);
    let left = make_room(vault, TRIAL_PREFIX, &over).await;
    if left.map_err(|fault| Refused::server(&fault))? >= TRIALS {
        drop_oldest(vault).await.map_err(|fault| Refused::server(&fault))?;
    }
    let until = (now + LIFE).seconds();
    let id = format!("{ID}{until}.{}", desk.random());
    let (name, text) = (format!("{TRIAL_PREFIX}{id}"), Secret::new(body.to_vec()));
    let kept = vault.put(Space::Installation, &name, text).await;
    kept.map_err(|fault| Refused::server(&fault))?;
    let method = if says.keys == Keys::None { "none" } else { "private_key_jwt" };
    let keys = match &says.keys {
        Keys::None => None,
        Keys::Here(set) => Some(("jwks", set.to_json())),
        Keys::At(place) => Some(("jwks_uri", place.as_str().into())),
    };
    tracing::info!(client = %id, "a client registered itself");
    let mut answer = json!({
        "client_id": id,
        "client_id_issued_at": now.seconds(),
        "client_name": says.name,
        "redirect_uris": says.redirects,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        "dpop_bound_access_tokens": true,
    });
    if let (Some((name, value)), Some(members)) = (keys, answer.as_object_mut()) {
        members.insert(name.to_owned(), value);
    }
    Ok(answer.to_string())
}

/// Clears expired ones away; says how many are left.
async fn make_room(
    vault: &dyn Vault,
    prefix: &str,
    over: &(dyn Fn(&str) -> bool + Sync),
) -> Result<usize, VaultFault> {
    let names = vault.every_name(Space::Installation, prefix).await?;
    let ids: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix(prefix)).collect();
    let expired: Vec<&&str> = ids.iter().filter(|id| over(id)).take(CLEARED).collect();
    for id in &expired {
        vault.remove(Space::Installation, &format!("{prefix}{id}")).await?;
    }
    Ok(ids.len() - expired.len())
}

/// The oldest on trial makes room for a new one.
async fn drop_oldest(vault: &dyn Vault) -> Result<(), VaultFault> {
    let names = vault.every_name(Space::Installation, TRIAL_PREFIX).await?;
    let ids = names.iter().filter_map(|name| name.strip_prefix(TRIAL_PREFIX));
    if let Some(oldest) = ids.min_by_key(|id| until(id)) {
        vault.remove(Space::Installation, &format!("{TRIAL_PREFIX}{oldest}")).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_until_when_it_holds() {
        assert_eq!(until("dyn.1793714580.abc"), Some(1_793_714_580));
        assert!(is_id("dyn.1793714580.abc-_1"));
        for bad in ["dyn.", "dyn.x.abc", "dyn.1", "https://a.example/x", "dyn.1.a/../b", "dyn.1.ü"]
        {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
