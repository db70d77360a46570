//! The answer: every rule of the flow, in order, before anybody is signed in or anything is linked.
//!
//! Never here: HTTP (`door.rs`), or a person found by anything but the issuer and the subject of a verified ID token.

use serde_json::Value;
use writ_authority::{Command, State};
use writ_identity::{
    Fault as _,
    id_token::{self, Expect, IdToken, IdTokenFault},
};
use writ_model::{PersonId, Role, Secret};

use super::{
    Narrowed, Party, RoleMap, Strength,
    client::word,
    pending::{Pending, Purpose},
    refused::{Refused, Why},
};
use crate::{Desk, DeskError, Via, Who, session::SignedBy};

/// LIMIT: bytes of a code: what is seen in the field is below 2 KiB.
const MAX_CODE: usize = 4 << 10;
/// LIMIT: roles of a claim that are looked at: a person in more groups is an organisation's own trouble.
const MAX_ROLES: usize = 1_024;
/// LIMIT: members that a claim's name may go through.
const MAX_PATH: usize = 4;

/// The parameters of the answer that we read, each at most once.
#[derive(Debug, Default)]
pub(super) struct Answered {
    pub(super) code: Option<Secret<String>>,
    pub(super) state: Option<String>,
    pub(super) iss: Option<String>,
    pub(super) error: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Came {
    /// Somebody is signed in.
    In {
        /// The value of `Set-Cookie`.
        set_cookie: Secret<String>,
        /// The local path to go on to.
        next: String,
    },
    /// The link waits for a passkey at this address of ours.
    ToSign(String),
}

impl Party {
    /// Goes through the whole answer.
    pub(super) async fn answered(
        &self,
        desk: &Desk,
        answered: Answered,
        (cookie, agent): (Option<&str>, &str),
    ) -> Result<Came, Refused> {
        let state = answered.state.as_deref().unwrap_or_default();
        let pending = self.pending.finish(state, cookie, desk.now())?;
        let id = self.identified(desk, &answered, &pending).await?;
        match pending.purpose {
            Purpose::SignIn { next, replaces } => {
                let set_cookie = self.sign_in(desk, &id, agent).await?;
                if let Some(before) = replaces {
                    desk.inner.sessions.end_one(before, |_whose| true);
                }
                Ok(Came::In { set_cookie, next })
            }
            Purpose::Link { person, session } => {
                let open = desk.inner.sessions.listed(|one| one == person, desk.now());
                if !open.iter().any(|one| one.session.id == session) {
                    return Err(Refused::new(Why::Link, "the session that began it has ended"));
                }
                let who = Who::new(person, Via::Console).in_session(session);
                self.link(desk, &who, id.subject).await
            }
        }
    }

    /// The rules of the protocol: afterwards this is who the identity provider says.
    async fn identified(
        &self,
        desk: &Desk,
        answered: &Answered,
        pending: &Pending,
    ) -> Result<IdToken, Refused> {
        let (settings, outside) = (&self.settings, self.outside.as_ref());
        let metadata = self.known.metadata(settings, outside, desk.now()).await?;
        // RFC 9207 section 2.4: compared before anything else of the answer is used.
        match answered.iss.as_deref() {
            Some(iss) if iss == settings.issuer.as_str() => {}
            Some(_) => return Err(Refused::new(Why::Issuer, "`iss` of the answer is another's")),
            None if metadata.says_issuer => {
                return Err(Refused::new(Why::Issuer, "the answer lacks `iss`"));
            }
            None => {}
        }
        if let Some(error) = &answered.error {
            return Err(Refused::new(Why::Denied, format!("it answered {}", word(error))));
        }
        let code = answered.code.as_ref().filter(|code| code.expose().len() <= MAX_CODE);
        let code = code.ok_or_else(|| Refused::new(Why::Denied, "the answer holds no code"))?;
        let token = self.exchange(desk, &metadata.token, code.expose(), &pending.verifier).await?;
        self.verified(desk, &token, &pending.nonce).await
    }

    /// Verifies the ID token; a key that is not known is looked for once.
    async fn verified(
        &self,
        desk: &Desk,
        token: &Secret<String>,
        nonce: &str,
    ) -> Result<IdToken, Refused> {
        let now = desk.now();
        let expect = Expect {
            issuer: self.settings.issuer.as_str(),
            client_id: &self.settings.client_id,
            nonce,
            max_age: self.settings.strength.max_age,
            now,
        };
        let from = (&self.settings, self.outside.as_ref());
        let keys = self.known.keys(from, None, now).await?;
        let refuse =
            |fault: IdTokenFault| Refused::new(Why::Token, format!("{fault} ({})", fault.code()));
        match id_token::verify(token.expose(), &keys, &expect) {
            Err(IdTokenFault::UnknownKey) => {
                let keys = self.known.keys(from, Some(&keys), now).await?;
                id_token::verify(token.expose(), &keys, &expect).map_err(refuse)
            }
            other => other.map_err(refuse),
        }
    }

    async fn sign_in(
        &self,
        desk: &Desk,
        id: &IdToken,
        agent: &str,
    ) -> Result<Secret<String>, Refused> {
        self.settings.strength.enough(id)?;
        let view = desk.provider_view().await?;
        let person = self.person(desk, &view.state, &id.subject).await?;
        let narrowed = self.settings.roles.as_ref().map(|map| map.roles(id.claims()));
        let who = Who {
            narrowed: narrowed.as_deref().map(Narrowed::of),
            ..Who::new(person, Via::Console)
        };
        if !super::seated(&view.state, &who) {
            return Err(Refused::new(Why::Roles, format!("{person} has no role that is left")));
        }
        Ok(desk.open_session(who, SignedBy::Oidc, agent).set_cookie)
    }

    /// The person of the provider that a subject stands for.
    async fn person(&self, desk: &Desk, state: &State, subject: &str) -> Result<PersonId, Refused> {
        let key = (self.settings.issuer.as_str().to_owned(), subject.to_owned());
        let person = state.logins.get(&key).copied();
        let person =
            person.ok_or_else(|| Refused::new(Why::Unlinked, "the subject is linked to nobody"))?;
        if !desk.of_provider(person).await? {
            return Err(Refused::new(
                Why::Left,
                format!("{person} has no live seat at the provider"),
            ));
        }
        Ok(person)
    }

    /// Raises the signing that links a subject.
    async fn link(&self, desk: &Desk, who: &Who, subject: String) -> Result<Came, Refused> {
        let issuer = self.settings.issuer.as_str().to_owned();
        let provider = desk.provider_id()?;
        match desk.done(provider, who, Command::LinkLogin { issuer, subject }).await {
            Err(DeskError::NeedsSignature(signing)) => Ok(Came::ToSign(signing.url)),
            Ok(_) => Ok(Came::ToSign("/me".to_owned())),
            Err(fault) => Err(Refused::new(Why::Link, fault.to_string())),
        }
    }
}

impl Strength {
    /// Whether the identity provider says that it asked for enough.
    fn enough(&self, id: &IdToken) -> Result<(), Refused> {
        let meets = |wanted: &[String], claim: &str| {
            wanted.is_empty()
                || id.texts(claim).iter().any(|said| wanted.iter().any(|one| one == said))
        };
        if meets(&self.acr, "acr") && meets(&self.amr, "amr") {
            return Ok(());
        }
        Err(Refused::new(Why::Weak, "`acr` or `amr` is not among those that [oidc] wants"))
    }
}

impl RoleMap {
    /// Our roles for what the claim lists; empty for a claim that is missing or of another form.
    fn roles(&self, claims: &Value) -> Vec<Role> {
        let listed = claims.get(&self.claim).or_else(|| {
            self.claim.split('.').take(MAX_PATH).try_fold(claims, |value, name| value.get(name))
        });
        let words: Vec<&str> = match listed {
            Some(Value::String(word)) => vec![word],
            Some(Value::Array(words)) => {
                words.iter().take(MAX_ROLES).filter_map(Value::as_str).collect()
            }
            _ => Vec::new(),
        };
        words.into_iter().filter_map(|word| self.roles.get(word).copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn roles_are_those_that_are_mapped() {
        let map = |claim: &str| RoleMap {
            claim: claim.to_owned(),
            roles: [("writ-owners", Role::Owner), ("audit", Role::Auditor)]
                .map(|(theirs, ours)| (theirs.to_owned(), ours))
                .into(),
        };
        let claims = json!({
            "groups": ["staff", "writ-owners", 7, "audit"],
            "one": "audit",
            "realm_access": { "roles": ["audit"] },
            "https://a.example/roles": ["writ-owners"],
            "none": { "writ-owners": true },
        });
        for (claim, wanted) in [
            ("groups", vec![Role::Owner, Role::Auditor]),
            ("one", vec![Role::Auditor]),
            ("realm_access.roles", vec![Role::Auditor]),
            ("https://a.example/roles", vec![Role::Owner]),
            ("none", vec![]),
            ("missing", vec![]),
            ("realm_access", vec![]),
        ] {
            assert_eq!(map(claim).roles(&claims), wanted, "{claim}");
        }
    }
}
