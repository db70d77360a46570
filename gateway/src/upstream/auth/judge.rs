//! What a protected server's answer says of the token that was shown, and what is done about it. A request is sent again
//! only where the server says that it refused the token: then it did not act (RFC 6750 section 3.1).
//!
//! Never here: how often a request is sent (`http.rs`).

use std::sync::Arc;

use http::{HeaderMap, StatusCode, header};
use writ_model::Secret;
use writ_reach::oauth::{Challenge, Grant};
use writ_store::Space;

use super::{Broker, Ticket, fetch::Before, whom};
use crate::refusal::{self, Refusal};

/// What an answer says of the token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// Nothing.
    Good,
    /// The proof needs the server's nonce, which is kept now.
    Nonce,
    /// It is refused.
    Refused(Option<Challenge>),
    /// It is good and not enough: these scopes are wanted.
    More(Challenge),
}

impl Ticket {
    /// Reads an answer's head.
    pub(crate) fn judge(&self, status: StatusCode, headers: &HeaderMap) -> Judged {
        let nonce = headers.get("dpop-nonce").and_then(|nonce| nonce.to_str().ok());
        if let (Some(key), Some(nonce)) = (&self.live.key, nonce) {
            key.server_nonce(nonce);
        }
        let values = headers.get_all(header::WWW_AUTHENTICATE).iter();
        let read = || Challenge::read(values.filter_map(|value| value.to_str().ok()));
        match status {
            StatusCode::UNAUTHORIZED => match read() {
                Some(said) if said.wants_nonce() && nonce.is_some() => Judged::Nonce,
                said => Judged::Refused(said),
            },
            StatusCode::FORBIDDEN => match read() {
                Some(said) if said.wants_more() => Judged::More(said),
                Some(_) | None => Judged::Good,
            },
            _ => Judged::Good,
        }
    }
}

impl Broker {
    /// Gets another token for one that was refused.
    ///
    /// # Errors
    /// If there is none; a person may have to connect the account again.
    pub(crate) async fn renew(
        self: &Arc<Self>,
        ticket: &Ticket,
        challenge: Option<Challenge>,
    ) -> Result<(), Refusal> {
        ticket.slot.drop_it(&ticket.live);
        let refused = Some(Arc::clone(&ticket.live));
        // A token of ours was for these; the server may name others by now.
        let named = challenge.as_ref().is_some_and(|said| said.scopes.is_some());
        let scopes = if named { Vec::new() } else { ticket.live.kept.scopes.clone() };
        let before = Before { refused, challenge, scopes };
        self.fetched(&ticket.slot, &ticket.wanted, before).await.map(drop)
    }

    /// Gets a token that is good for more, if that takes no person.
    ///
    /// # Errors
    /// If it takes a person, who is told what is wanted; or if what is wanted was granted already.
    pub(crate) async fn step_up(
        self: &Arc<Self>,
        ticket: &Ticket,
        challenge: Challenge,
    ) -> Result<(), Refusal> {
        let (kept, holder) = (&ticket.live.kept, ticket.wanted.holder);
        let asked = challenge.scopes.clone().unwrap_or_default();
        let news: Vec<&String> = asked.iter().filter(|one| !kept.scopes.contains(one)).collect();
        if news.is_empty() {
            let words =
                format!("`{}` refuses what its own authorization server granted", self.server);
            return Err(refusal::STILL_REFUSED.saying(words));
        }
        if matches!(self.protected.settings.grant, Grant::Code) {
            self.tell(ticket, &asked).await;
            let words = format!(
                "`{}` wants more than the account of {} was connected for",
                self.server,
                whom(holder)
            );
            let cure = format!(
                "{} again: it then asks for what is missing; then make the call again",
                self.command(&ticket.wanted.view.state, holder)
            );
            return Err(refusal::MORE_SCOPES.saying(words).curing(cure));
        }
        ticket.slot.drop_it(&ticket.live);
        let (refused, scopes) = (Some(Arc::clone(&ticket.live)), kept.scopes.clone());
        let before = Before { refused, challenge: Some(challenge), scopes };
        self.fetched(&ticket.slot, &ticket.wanted, before).await.map(drop)
    }

    /// Keeps what is wanted where the desk finds it when the person comes. Each set of scopes is written once.
    async fn tell(&self, ticket: &Ticket, asked: &[String]) {
        {
            let mut told = ticket.slot.told.lock();
            if *told == asked {
                return;
            }
            asked.clone_into(&mut told);
        }
        let wanted = &ticket.wanted;
        let name = wanted.holder.wanted(&self.server);
        let text = Secret::new(asked.join(" ").into_bytes());
        if let Err(fault) = self.means.vault.put(Space::Tenant(wanted.tenant), &name, text).await {
            tracing::warn!(server = self.server, error = %fault, "wanted scopes could not be kept");
        }
    }
}
