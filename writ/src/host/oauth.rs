//! Hands the authorization server its clients, and what fetches the documents of others.
//!
//! Never here: a rule of the flow. SECURITY: addresses of documents are written by strangers, so that what fetches them
//! reaches public addresses only, unless the operator lets it reach this machine.

use std::{sync::Arc, time::Duration};

use writ_desk::{Desk, OauthSettings};
use writ_reach::{Bounds, Https, Outside};

use super::System;
use crate::{config::oauth::Oauth, fault::Fault};

/// LIMIT: what one document may cost: a person waits for it, and it holds a page of text at most.
const BOUNDS: Bounds =
    Bounds { connect: Duration::from_secs(3), whole: Duration::from_secs(5), body: 16 << 10 };

/// Lets clients ask.
///
/// # Errors
/// If the roots that certificates are checked with cannot be used.
pub fn start(desk: &Desk, oauth: &Oauth, system: &System) -> Result<(), Fault> {
    let outside: Option<Arc<dyn Outside>> = if oauth.documents {
        let client = Https::new(Arc::clone(&system.clock), None, BOUNDS)
            .map_err(|fault| Fault::usage(fault.to_string()).code(fault.code().to_string()))?;
        let client = if oauth.local_documents { client } else { client.public_only() };
        Some(Arc::new(client))
    } else {
        None
    };
    desk.set_oauth(OauthSettings {
        outside,
        loopback: oauth.local_documents,
        registration: oauth.registration,
        clients: oauth.clients.clone(),
    });
    Ok(())
}
