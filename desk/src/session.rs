//! People signed in at the console, until the people issue brings passkeys: a single-use link printed by the server, a
//! cookie, a token against forged requests. All in memory: a restart signs everybody out.
//!
//! Never here: a code, a cookie or a token that is stored (their digests are), or a session that outlives its person.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, header};
use parking_lot::Mutex;
use writ_identity::{OneTimeCode, same_secret};
use writ_model::{Digest, Entropy, PersonId, Secret, Span, Timestamp};

use crate::{Desk, DeskError, Via, Who, error};

/// The cookie's name.
pub const COOKIE: &str = "writ_session";
/// A session that is not used for so long ends.
pub const SESSION_IDLE: Span = Span::minutes(30);
/// A session ends after so long, used or not.
const SESSION_LIFE: Span = Span::hours(12);
/// A link that is not followed for so long ends.
const LINK_LIFE: Span = Span::minutes(15);
/// LIMIT: links waiting: one for each start and for each time somebody asked; the oldest makes room.
const LINKS: usize = 64;
/// LIMIT: sessions: people of one installation; the one unused for longest makes room.
const SESSIONS: usize = 1_024;
/// LIMIT: wrong links in one minute; a code has 140 bits, so this only keeps the log readable.
const WRONG: u32 = 60;

/// A person signed in.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who, through the console.
    pub who: Who,
    /// What every form and every changing request must repeat.
    pub csrf: Secret<String>,
    /// When it ends at the latest.
    pub expires: Timestamp,
    key: Digest,
}

/// What a followed link gives.
#[derive(Debug)]
pub struct SignedIn {
    /// The value of `Set-Cookie`.
    pub set_cookie: Secret<String>,
    /// The session.
    pub session: Session,
}

#[derive(Debug)]
struct Link {
    person: Option<PersonId>,
    expires: Timestamp,
}

#[derive(Debug)]
struct Row {
    session: Session,
    used_at: Timestamp,
}

#[derive(Debug, Default)]
struct Table {
    links: BTreeMap<Digest, Link>,
    rows: BTreeMap<Digest, Row>,
    /// The minute in which wrong links were last counted, and how many.
    wrong: (i64, u32),
}

/// Everybody who is signed in.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Table>);

impl Sessions {
    fn add_link(&self, digest: Digest, link: Link) {
        let mut table = self.0.lock();
        if table.links.len() >= LINKS {
            let oldest = table.links.iter().min_by_key(|(_, link)| link.expires);
            if let Some(key) = oldest.map(|(key, _)| *key) {
                table.links.remove(&key);
            }
        }
        table.links.insert(digest, link);
    }

    /// Uses a link up.
    fn follow(&self, code: &str, now: Timestamp) -> Result<Option<PersonId>, DeskError> {
        let mut table = self.0.lock();
        let minute = now.seconds().div_euclid(60);
        if table.wrong.0 != minute {
            table.wrong = (minute, 0);
        }
        if table.wrong.1 >= WRONG {
            return Err(DeskError::Busy { what: "too many wrong links in one minute".to_owned() });
        }
        let link = OneTimeCode::digest_of_typed(code).and_then(|key| table.links.remove(&key));
        if let Some(link) = link.filter(|link| now < link.expires) {
            return Ok(link.person);
        }
        table.wrong.1 += 1;
        Err(DeskError::Forbidden {
            code: error::SIGN_IN,
            what: "this sign-in link is unknown, used or expired".to_owned(),
            cure: "Ask the server for a new one: `writ console`.".to_owned(),
        })
    }

    fn open(&self, who: Who, entropy: &dyn Entropy, now: Timestamp) -> SignedIn {
        let (token, csrf) = (random(entropy), random(entropy));
        let key = Digest::of(token.as_bytes());
        let session = Session { who, csrf: Secret::new(csrf), expires: now + SESSION_LIFE, key };
        let mut table = self.0.lock();
        if table.rows.len() >= SESSIONS {
            let oldest = table.rows.iter().min_by_key(|(_, row)| row.used_at).map(|(key, _)| *key);
            oldest.and_then(|key| table.rows.remove(&key));
        }
        table.rows.insert(key, Row { session: session.clone(), used_at: now });
        let cookie = format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/");
        SignedIn { set_cookie: Secret::new(cookie), session }
    }

    fn find(&self, token: &str, now: Timestamp) -> Option<Session> {
        let key = Digest::of(token.as_bytes());
        let mut table = self.0.lock();
        let row = table.rows.get_mut(&key)?;
        if now >= row.session.expires || now >= row.used_at + SESSION_IDLE {
            table.rows.remove(&key);
            return None;
        }
        row.used_at = now;
        Some(row.session.clone())
    }

    fn holds(&self, key: Digest) -> bool {
        self.0.lock().rows.contains_key(&key)
    }

    fn end(&self, key: Digest) {
        self.0.lock().rows.remove(&key);
    }
}

fn random(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The session cookie's value; nothing if there is none, or more than one.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value);
    let first = found.next()?;
    if found.next().is_some() { None } else { Some(first) }
}

impl Desk {
    /// A link that signs a person in once, within a quarter of an hour. Without a person it is for the provider's first
    /// owner, whoever that is when it is followed. Print it for the operator; it is a secret.
    pub fn new_sign_in_link(&self, person: Option<PersonId>) -> Secret<String> {
        let code = OneTimeCode::generate(self.entropy().as_ref());
        let link = Link { person, expires: self.now() + LINK_LIFE };
        self.inner.sessions.add_link(code.digest(), link);
        Secret::new(format!("{}/sign-in/{}", self.issuer(), code.text().expose()))
    }

    /// Follows a link's code: uses it up and opens a session.
    ///
    /// # Errors
    /// If the code is unknown, used or expired, or its person has no live seat.
    pub async fn sign_in(&self, code: &str) -> Result<SignedIn, DeskError> {
        let person = match self.inner.sessions.follow(code, self.now())? {
            Some(person) => person,
            None => self.first_owner().await?.ok_or(DeskError::Unfounded)?,
        };
        if !self.has_a_seat(person).await? {
            let what = format!("{person} has no live seat");
            return Err(DeskError::Unauthenticated { what });
        }
        let who = Who::new(person, Via::Console);
        Ok(self.inner.sessions.open(who, self.entropy().as_ref(), self.now()))
    }

    /// The session that a request's cookie stands for, if it lives and so does its person's seat.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn session(&self, headers: &HeaderMap) -> Result<Option<Session>, DeskError> {
        let Some(token) = cookie(headers) else { return Ok(None) };
        let Some(session) = self.inner.sessions.find(token, self.now()) else { return Ok(None) };
        if self.has_a_seat(session.who.person).await? {
            return Ok(Some(session));
        }
        self.sign_out(&session);
        Ok(None)
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
        if !crate::door::origin_is_ours(headers) {
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
        let owner = view
            .state
            .people
            .iter()
            .find(|(_, person)| person.active() && person.has(writ_model::Role::Owner));
        Ok(owner.map(|(id, _)| *id))
    }

    /// Whether a person has a live seat anywhere.
    pub(crate) async fn has_a_seat(&self, person: PersonId) -> Result<bool, DeskError> {
        if self.provider_id().is_err() {
            return Ok(false);
        }
        let who = Who::new(person, Via::Console);
        if crate::desk::seated(&self.provider_view().await?.state, &who) {
            return Ok(true);
        }
        Ok(!self.seats(&who).await?.is_empty())
    }
}
