//! Client credentials (RFC 6749 section 4.4) of an enrolled running copy: `private_key_jwt` (RFC 7523) and `DPoP` (RFC 9449) by
//! one key.
//!
//! The order is: read, find the copy, verify its assertion, verify its proof by the same key, mark both as used, then ask
//! whether the agent may have a token at all. Reasons are told only to who has proved to be that copy.
//! Never here: a token for somebody else.

use std::sync::Arc;

use axum::http::HeaderMap;
use serde_json::{Map, Value};
use writ_authority::{State as Book, state::Instance};
use writ_identity::{
    Jwk, Mark, Proof, PublicKey,
    assertion::{self, ASSERTION_TYPE, Assertion},
};
use writ_model::{InstanceId, Timestamp};
use writ_store::View;

use super::{consented, form::Form, mint, proof, refused::Refused, scope};
use crate::Desk;

/// A running copy that has proved to be itself.
pub(super) struct Copy {
    pub(super) id: InstanceId,
    pub(super) instance: Arc<Instance>,
    pub(super) book: Arc<View<Book>>,
    pub(super) proof: Proof,
}

/// The token.
pub(super) async fn answer(
    desk: &Desk,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Map<String, Value>, Refused> {
    asserted(form)?;
    let Some(resource) = form.get("resource") else {
        let why = "name the resource (RFC 8707): the address of the MCP server at the gateway";
        return Err(Refused::new("invalid_target", why));
    };
    let resource = scope::resource(desk, resource)?;
    let scope =
        form.get("scope").map(|asked| scope::granted(Some(asked), &resource)).transpose()?;
    let copy = copy(desk, headers, form, &desk.token_endpoint()).await?;
    // SECURITY: what a person consented to has a scope, an end and a client of its own; here it would have none of them.
    if consented::is(desk, copy.book.tenant, &copy.proof.jkt).await? {
        let why = "a person let this program in: it renews its token with its refresh token";
        return Err(Refused::new("unauthorized_client", why));
    }
    let agent = mint::standing(&copy.book.state, &copy.instance)?;
    let jkt = copy.proof.jkt;
    mint::mint(desk, &copy.book, mint::Mint { instance: copy.id, resource, scope, jkt, agent })
}

/// The assertion of a form, which must say what it is and whose.
fn asserted(form: &Form) -> Result<(&str, InstanceId), Refused> {
    if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        let why = "authenticate with private_key_jwt: client_assertion and its type, no secret";
        return Err(Refused::client(why));
    }
    let Some(sent) = form.get("client_assertion") else {
        return Err(Refused::client("client_assertion is missing"));
    };
    let client = assertion::claimed_client(sent).map_err(|fault| Refused::of(&fault))?;
    if form.get("client_id").is_some_and(|named| named.parse::<InstanceId>() != Ok(client)) {
        return Err(Refused::client("client_id is another client than the assertion's"));
    }
    Ok((sent, client))
}

/// The running copy that sent a form to this endpoint.
pub(super) async fn copy(
    desk: &Desk,
    headers: &HeaderMap,
    form: &Form,
    endpoint: &str,
) -> Result<Copy, Refused> {
    let (sent, client) = asserted(form)?;
    let (book, instance) = find(desk, client).await?;
    let key = Jwk::parse(instance.jwk.as_bytes())
        .and_then(|jwk| PublicKey::from_jwk(&jwk))
        .map_err(|fault| Refused::server(&fault))?;
    let now = desk.now();
    let token = desk.token_endpoint();
    let expect = assertion::Expect { client, audiences: &[desk.issuer(), &token, endpoint], now };
    let asserted = assertion::verify(sent, &key, &expect).map_err(|fault| Refused::of(&fault))?;
    let proof = proof::proved(desk, headers, endpoint, Some(&key.jwk().thumbprint()))?;
    proof::mark(desk, book.tenant, &proof, now)?;
    mark(desk, &book, &asserted, now)?;
    Ok(Copy { id: client, instance, book, proof })
}

/// The copy, if it is known. SECURITY: nothing is proved yet, so all failures read the same.
async fn find(
    desk: &Desk,
    client: InstanceId,
) -> Result<(Arc<View<Book>>, Arc<Instance>), Refused> {
    let unknown = || {
        let why = "this client is not enrolled here: enroll it with a code from its agent's page";
        Refused::client(why)
    };
    let tenant = desk.tenant_of_instance(client).await.map_err(|fault| Refused::server(&fault))?;
    let tenant = tenant.ok_or_else(unknown)?;
    let view = desk.tenants().view(tenant).await.map_err(|fault| Refused::server(&fault))?;
    let instance = view.state.instances.get(&client).cloned().ok_or_else(unknown)?;
    Ok((view, instance))
}

/// Marks an assertion as used; a second use is refused.
fn mark(
    desk: &Desk,
    book: &View<Book>,
    asserted: &Assertion,
    now: Timestamp,
) -> Result<(), Refused> {
    let mut marks = desk.inner.marks.lock();
    let mark = Mark::assertion(&marks.salt(), book.tenant, asserted.client, &asserted.jti);
    marks.mark(mark, asserted.keep_until, now).map_err(|fault| {
        Refused::client(format!("{fault}: {}", writ_identity::Fault::cure(&fault)))
    })
}
