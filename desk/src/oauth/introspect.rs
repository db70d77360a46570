//! `POST /oauth/introspect` (RFC 7662): whether a token of the asker's own still counts, and what it says.
//!
//! Never here: more than `active: false` about a token of somebody else.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    form::{Form, Sent},
    holder::{self, Own},
    refused::{Refused, no_store},
    token::with_nonce,
};
use crate::Desk;

/// Tells about a token.
pub(super) async fn tell(State(desk): State<Desk>, headers: HeaderMap, sent: Sent) -> Response {
    match Box::pin(told(&desk, &headers, sent)).await {
        Ok(body) => {
            let response = (StatusCode::OK, no_store(), body.to_string()).into_response();
            with_nonce(&desk, response)
        }
        Err(refused) => refused.into_response(),
    }
}

async fn told(desk: &Desk, headers: &HeaderMap, sent: Sent) -> Result<Value, Refused> {
    let form = Form::read(sent)?;
    let endpoint = format!("{}/oauth/introspect", desk.issuer());
    let holder = holder::holder(desk, headers, &form, &endpoint).await?;
    let (now, dead) = (desk.now(), json!({ "active": false }));
    match holder::own(desk, &form, &holder, &endpoint).await? {
        Own::None | Own::Older(..) | Own::Others => Ok(dead),
        Own::Access(claims) => {
            let view = desk.tenants().view(claims.tenant).await;
            let view = view.map_err(|fault| Refused::server(&fault))?;
            if !holder::lives(&view.state, &claims, now) {
                return Ok(dead);
            }
            let mut says = json!({
                "active": true,
                "token_type": "DPoP",
                "iss": claims.iss,
                "sub": claims.sub,
                "client_id": claims.client_id,
                "aud": claims.aud,
                "iat": claims.iat.seconds(),
                "exp": claims.exp.seconds(),
                "jti": claims.jti,
                "cnf": { "jkt": claims.jkt },
            });
            if let (Some(scope), Some(members)) = (&claims.scope, says.as_object_mut()) {
                members.insert("scope".to_owned(), scope.as_str().into());
            }
            if let (Some(behalf), Some(members)) = (&claims.behalf, says.as_object_mut()) {
                members.insert("act".to_owned(), behalf.to_json());
            }
            Ok(says)
        }
        Own::Refresh(which, family) => {
            let view = desk.tenants().view(which.tenant).await;
            let view = view.map_err(|fault| Refused::server(&fault))?;
            if family.ended(&view.state, now).is_some() {
                return Ok(dead);
            }
            Ok(json!({
                "active": true,
                "iss": desk.issuer(),
                "sub": family.agent,
                "client_id": family.client,
                "aud": family.resource,
                "scope": family.scope,
                "iat": family.since.seconds(),
                "exp": which.until.seconds(),
                "cnf": { "jkt": family.jkt },
            }))
        }
    }
}
