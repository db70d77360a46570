//! `POST /oauth/revoke` (RFC 7009): a client gives back what it got. Whichever token it shows, its running copy is ended by a
//! line of the ledger, which every gateway follows: the access tokens of the copy are refused and its streams are cut there
//! as for every other ending. It does not come back with the same key.
//!
//! Never here: a token of somebody else that ends.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};

use super::{
    code,
    form::{Form, Sent},
    holder::{self, Own},
    refused::{Refused, no_store},
    token::with_nonce,
};
use crate::Desk;

const REASON: &str = "Its client gave its tokens back.";

/// Takes a token back.
pub(super) async fn end(State(desk): State<Desk>, headers: HeaderMap, sent: Sent) -> Response {
    match Box::pin(ended(&desk, &headers, sent)).await {
        Ok(()) => with_nonce(&desk, (StatusCode::OK, no_store(), "{}").into_response()),
        Err(refused) => refused.into_response(),
    }
}

async fn ended(desk: &Desk, headers: &HeaderMap, sent: Sent) -> Result<(), Refused> {
    let form = Form::read(sent)?;
    let endpoint = format!("{}/oauth/revoke", desk.issuer());
    let holder = holder::holder(desk, headers, &form, &endpoint).await?;
    match holder::own(desk, &form, &holder, &endpoint).await? {
        // Section 2.2: what is worth nothing is given back already.
        Own::None => Ok(()),
        Own::Others => Err(Refused::grant("this token is not yours to give back")),
        Own::Access(claims) => code::end_copy(desk, claims.tenant, claims.client_id, REASON).await,
        Own::Refresh(which, family) | Own::Older(which, family) => {
            desk.end_family(which).await?;
            code::end_copy(desk, which.tenant, family.instance, REASON).await
        }
    }
}
