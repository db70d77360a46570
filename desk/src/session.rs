//! People signed in at the console: a cookie, a token against forged requests, and how the session was opened.
//!
//! A session is never enough for anything sensitive: that is signed, act by act (`signing.rs`).
//! Never here: a code, a cookie or a token that is stored (their digests are), or a session that outlives its person,
//! their seat or the key it was opened with.

use http::{HeaderMap, header};
use writ_identity::{OneTimeCode, same_secret};
use writ_model::{Digest, PasskeyId, PersonId, Role, Secret, SessionId, Side, Span, Timestamp};

use crate::{Desk, DeskError, Via, Who, error, limit::Knock, oidc::Narrowed};

mod table;

pub(crate) use table::{Listed, Sessions};

/// The cookie's name.
pub const COOKIE: &str = "writ_session";
/// A session that is not used for so long ends.
pub const SESSION_IDLE: Span = Span::minutes(30);

/// How a session was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedBy {
    /// With the link that the server printed: only good for making the very first passkey.
    Link,
    /// With this passkey.
    Passkey(PasskeyId),
    /// At the provider's own identity provider.
    Oidc,
}

impl SignedBy {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Passkey(_) => "passkey",
            Self::Oidc => "oidc",
        }
    }
}

/// A person signed in.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who, through the console.
    pub who: Who,
    /// What every form and every changing request must repeat.
    pub csrf: Secret<String>,
    /// Its public id, for lists.
    pub id: SessionId,
    /// How it was opened.
    pub how: SignedBy,
    /// Since when.
    pub opened_at: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
    key: Digest,
}

/// A session that was just opened.
#[derive(Debug)]
pub struct SignedIn {
    /// The value of `Set-Cookie`.
    pub set_cookie: Secret<String>,
    /// The session.
    pub session: Session,
}

/// The value of the cookie of this name; nothing if there is none, or more than one.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == wanted)
        .map(|(_, value)| value);
    let first = found.next()?;
    if found.next().is_some() { None } else { Some(first) }
}

impl Desk {
    /// A link that lets the provider's very first person make their passkey, once, within a quarter of an hour. Print it
    /// for the operator; it is a secret.
    ///
    /// # Errors
    /// Once the provider has a passkey: then people sign in with theirs.
    pub async fn new_sign_in_link(&self) -> Result<Secret<String>, DeskError> {
        if self.provider_has_keys().await? {
            return Err(no_more_links());
        }
        let code = OneTimeCode::generate(self.entropy().as_ref());
        self.inner.sessions.add_link(code.digest(), self.now());
        Ok(Secret::new(format!("{}/sign-in/{}", self.origin(), code.text().expose())))
    }

    /// Follows a link's code: uses it up and opens a session that can make the first passkey and nothing else.
    ///
    /// # Errors
    /// If the code is unknown, used or expired, or there is a passkey by now.
    pub async fn follow(&self, code: &str, agent: &str) -> Result<SignedIn, DeskError> {
        let (now, of) = (self.now(), OneTimeCode::digest_of_typed(code));
        self.inner.guesses.allow(Knock::Link, of, now)?;
        if !self.inner.sessions.follow(code, now) {
            self.inner.guesses.wrong(Knock::Link, of, now);
            return Err(DeskError::Forbidden {
                code: error::SIGN_IN,
                what: "this sign-in link is unknown, used or expired".to_owned(),
                cure: "Ask the server for a new one: `writ console`.".to_owned(),
            });
        }
        if self.provider_has_keys().await? {
            return Err(no_more_links());
        }
        let person = self.first_owner().await?.ok_or(DeskError::Unfounded)?;
        Ok(self.open_session(Who::new(person, Via::Console), SignedBy::Link, agent))
    }

    /// Opens a session for a person whose sign-in was checked elsewhere, with at most these roles.
    ///
    /// # Errors
    /// If they have no live seat, or are offboarded.
    pub async fn open_session_for(
        &self,
        person: PersonId,
        how: SignedBy,
        allowed_roles: Option<Vec<Role>>,
    ) -> Result<SignedIn, DeskError> {
        if !self.has_a_seat(person).await? {
            return Err(DeskError::Unauthenticated { what: format!("{person} has no live seat") });
        }
        let who = Who::new(person, Via::Console);
        let who = match allowed_roles {
            Some(roles) => who.narrowed_to(Narrowed::of(&roles)),
            None => who,
        };
        Ok(self.open_session(who, how, ""))
    }

    pub(crate) fn open_session(&self, who: Who, how: SignedBy, agent: &str) -> SignedIn {
        let secure = self.origin().starts_with("https:");
        let made = (self.entropy(), self.now());
        self.inner.sessions.open((who, how), agent, secure, made)
    }

    /// The session that a request's cookie stands for, if it lives and so do its person's seat and its key.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn session(&self, headers: &HeaderMap) -> Result<Option<Session>, DeskError> {
        let Some(token) = cookie(headers, COOKIE) else { return Ok(None) };
        let Some(session) = self.inner.sessions.find(token, self.now()) else { return Ok(None) };
        if self.may_go_on(&session).await? {
            return Ok(Some(session));
        }
        self.sign_out(&session);
        Ok(None)
    }

    async fn may_go_on(&self, session: &Session) -> Result<bool, DeskError> {
        let person = session.who.person;
        if !self.has_a_seat(person).await? {
            return Ok(false);
        }
        match session.how {
            SignedBy::Link => Ok(!self.provider_has_keys().await?),
            SignedBy::Passkey(passkey) => {
                let home = self.home(person).await?;
                let key = home.as_ref().and_then(|home| home.state.passkeys.get(&passkey));
                Ok(key.is_some_and(|key| key.live()))
            }
            SignedBy::Oidc => Ok(true),
        }
    }

    /// Whether somebody who was let in some time ago would still be: their session is open, and so is their seat. A fault
    /// is a no.
    pub(crate) async fn still_in(&self, who: &Who) -> bool {
        let open = who.session.is_none_or(|id| self.inner.sessions.is_open(id, self.now()));
        open && self.has_a_seat(who.person).await.unwrap_or(false)
    }

    /// Ends a session.
    pub fn sign_out(&self, session: &Session) {
        self.inner.sessions.end(session.key);
    }

    /// The value of `Set-Cookie` that takes the cookie away.
    pub fn clear_cookie() -> &'static str {
        "writ_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
    }

    /// Checks a form: it comes from our own page and repeats its session's token. Call it for every changing request
    /// that a cookie signs in.
    ///
    /// # Errors
    /// [`error::FORGED`].
    pub fn check_form(
        &self,
        headers: &HeaderMap,
        session: &Session,
        csrf: &str,
    ) -> Result<(), DeskError> {
        let refuse = |what: &str| {
            Err(DeskError::Forbidden {
                code: error::FORGED,
                what: what.to_owned(),
                cure: "Open the page again and repeat it there.".to_owned(),
            })
        };
        if !self.origin_is_ours(headers) {
            return refuse("this request comes from another site's page");
        }
        if !self.inner.sessions.holds(session.key) {
            return refuse("this session has ended");
        }
        if !same_secret(csrf.as_bytes(), session.csrf.expose().as_bytes()) {
            return refuse("this request does not repeat its session's token");
        }
        Ok(())
    }

    /// The provider's first owner who is still there.
    pub(crate) async fn first_owner(&self) -> Result<Option<PersonId>, DeskError> {
        let Ok(provider) = self.provider_id() else { return Ok(None) };
        let view = self.tenants().view(provider).await?;
        let owner =
            view.state.people.iter().find(|(_, person)| person.active() && person.has(Role::Owner));
        Ok(owner.map(|(id, _)| *id))
    }

    /// Whether there was ever a passkey in the provider's ledger: then nobody needs a link any more.
    pub(crate) async fn provider_has_keys(&self) -> Result<bool, DeskError> {
        Ok(!self.provider_view().await?.state.passkeys.is_empty())
    }

    /// Whether a person has a live seat anywhere. Who left the provider has none, whatever a client's ledger still says.
    pub(crate) async fn has_a_seat(&self, person: PersonId) -> Result<bool, DeskError> {
        if self.provider_id().is_err() {
            return Ok(false);
        }
        if let Some(known) = self.provider_view().await?.state.people.get(&person) {
            return Ok(known.active());
        }
        let home = self.home(person).await?;
        Ok(home.is_some_and(|home| home.state.people.get(&person).is_some_and(|one| one.active())))
    }

    /// Whether a person is seated at the provider itself.
    pub(crate) async fn of_provider(&self, person: PersonId) -> Result<bool, DeskError> {
        let view = self.provider_view().await?;
        let known = view.state.people.get(&person);
        Ok(known.is_some_and(|one| one.active() && one.side == Side::Provider))
    }
}

fn no_more_links() -> DeskError {
    DeskError::Forbidden {
        code: error::NO_LINK,
        what: "links are only for the provider's very first passkey, and there is one".to_owned(),
        cure: "Sign in with your passkey; who lost theirs asks two colleagues for a recovery."
            .to_owned(),
    }
}
