//! Acts that wait for their person's passkey: what was asked, the nonce, who, until when. In memory: a restart forgets
//! them, and whoever asked asks again.
//!
//! Never here: whether an act needs a signature (`authority` says so), or whether a signature is good
//! (`case/signings.rs`). INVARIANT: an act is claimed by one signature at a time, and done at most once.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;
use writ_authority::signed::Request;
use writ_model::{Entropy, PersonId, Secret, SigningId, Span, TenantId, Timestamp};

use crate::{
    DeskError, Who, error,
    view::{SigningState, SigningView},
};

/// How long an act waits for its signature: long enough to fetch a second device, short enough that the signer still
/// knows why.
pub(crate) const LIFE: Span = Span::minutes(5);
/// LIMIT: acts waiting in all; the oldest makes room.
const SIGNINGS: usize = 1_024;
/// LIMIT: acts waiting for one person: nobody signs more than this in five minutes.
const EACH: usize = 32;
/// LIMIT: bad signatures for one act; then it is refused and asked for again.
const TRIES: u32 = 5;
/// Letters of a short code, eight of 32: it is no credential, only a way to find one's own signing.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What the answer to a signed act has beside its line.
#[derive(Debug, Clone)]
pub(crate) enum After {
    /// Nothing.
    Nothing,
    /// The link for the person invited.
    Invited(Secret<String>),
    /// The link for the person who lost their keys.
    Recovery(Secret<String>),
}

/// What a signature is checked against and done with.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) signing: SigningId,
    pub(crate) request: Request,
    pub(crate) nonce: [u8; 32],
    pub(crate) tenant: TenantId,
    /// Who asked, with the roles that their session left them.
    pub(crate) who: Who,
    pub(crate) after: After,
}

#[derive(Debug)]
struct Row {
    asked: Arc<Asked>,
    view: SigningView,
    bad: u32,
    claimed: bool,
}

#[derive(Debug, Default)]
struct Table {
    rows: BTreeMap<SigningId, Row>,
    codes: BTreeMap<String, SigningId>,
}

/// Everything that waits to be signed.
#[derive(Debug)]
pub(crate) struct Signings {
    table: Mutex<Table>,
    turned: watch::Sender<u64>,
}

impl Default for Signings {
    fn default() -> Self {
        Self { table: Mutex::default(), turned: watch::Sender::new(0) }
    }
}

impl Row {
    fn state(&self, now: Timestamp) -> SigningState {
        let late = now >= self.view.expires && !self.claimed;
        if self.view.state == SigningState::Waiting && late {
            SigningState::Expired
        } else {
            self.view.state
        }
    }

    fn seen(&self, now: Timestamp) -> SigningView {
        SigningView { state: self.state(now), ..self.view.clone() }
    }
}

impl Table {
    /// A signing of this person, by its id or short code. Somebody else's looks like none.
    fn find(&self, name: &str, person: PersonId) -> Result<SigningId, DeskError> {
        let id = name.parse().ok().or_else(|| self.codes.get(&typed(name)).copied());
        id.filter(|id| self.rows.get(id).is_some_and(|row| row.asked.who.person == person))
            .ok_or_else(|| DeskError::not_visible("signing", name))
    }

    fn drop_one(&mut self, id: SigningId) {
        if let Some(row) = self.rows.remove(&id) {
            self.codes.remove(&typed(&row.view.code));
        }
    }

    fn make_room(&mut self, person: PersonId, now: Timestamp) {
        // What was done stays readable for as long again as it could have been signed.
        let old = |row: &Row| now >= row.view.expires + LIFE && !row.claimed;
        let gone: Vec<_> =
            self.rows.iter().filter(|(_, row)| old(row)).map(|(id, _)| *id).collect();
        for id in gone {
            self.drop_one(id);
        }
        let oldest = |rows: &BTreeMap<SigningId, Row>, whose: Option<PersonId>| {
            let of = |row: &Row| whose.is_none_or(|whose| row.asked.who.person == whose);
            let mine = rows.iter().filter(|(_, row)| of(row) && !row.claimed);
            mine.min_by_key(|(_, row)| row.view.made).map(|(id, _)| *id)
        };
        let held = self.rows.values().filter(|row| row.asked.who.person == person).count();
        let whose = if held >= EACH {
            Some(Some(person))
        } else {
            (self.rows.len() >= SIGNINGS).then_some(None)
        };
        if let Some(id) = whose.and_then(|whose| oldest(&self.rows, whose)) {
            self.drop_one(id);
        }
    }
}

impl Signings {
    /// A short code that no waiting act has.
    pub(crate) fn new_code(&self, entropy: &dyn Entropy) -> String {
        // Two of a thousand codes of 40 bits are almost never the same; a second try ends it.
        let mut code = random_code(entropy);
        if self.table.lock().codes.contains_key(&typed(&code)) {
            code = random_code(entropy);
        }
        code
    }

    /// Lets an act wait.
    pub(crate) fn add(&self, asked: Asked, view: SigningView) {
        let mut table = self.table.lock();
        table.make_room(asked.who.person, view.made);
        let id = asked.signing;
        table.codes.insert(typed(&view.code), id);
        table.rows.insert(id, Row { asked: Arc::new(asked), view, bad: 0, claimed: false });
    }

    /// One act, as it stands.
    pub(crate) fn view(
        &self,
        name: &str,
        person: PersonId,
        now: Timestamp,
    ) -> Result<SigningView, DeskError> {
        let table = self.table.lock();
        let id = table.find(name, person)?;
        let row = table.rows.get(&id).ok_or_else(|| DeskError::not_visible("signing", name))?;
        Ok(row.seen(now))
    }

    /// Says when anything has turned.
    pub(crate) fn turns(&self) -> watch::Receiver<u64> {
        self.turned.subscribe()
    }

    /// Claims an act for one signature.
    pub(crate) fn claim(
        &self,
        name: &str,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Arc<Asked>, DeskError> {
        let mut table = self.table.lock();
        let id = table.find(name, person)?;
        let none = || DeskError::not_visible("signing", name);
        let row = table.rows.get_mut(&id).ok_or_else(none)?;
        let state = row.state(now);
        if row.claimed || state != SigningState::Waiting {
            let word = if row.claimed { "being signed" } else { state.word() };
            return Err(DeskError::Forbidden {
                code: error::SIGNING,
                what: format!("this is {word} already"),
                cure: "Ask for it again; a signature is for one act, once.".to_owned(),
            });
        }
        row.claimed = true;
        Ok(Arc::clone(&row.asked))
    }

    /// Gives an act back after a bad signature; after too many it is refused.
    pub(crate) fn give_back(&self, id: SigningId, bad: bool) {
        let mut table = self.table.lock();
        if let Some(row) = table.rows.get_mut(&id) {
            row.claimed = false;
            row.bad += u32::from(bad);
            if row.bad >= TRIES {
                row.view.state = SigningState::Refused;
            }
        }
        drop(table);
        self.turn();
    }

    /// Says how an act ended. The first word stands.
    pub(crate) fn settle(&self, id: SigningId, state: SigningState, outcome: Option<Value>) {
        let mut table = self.table.lock();
        if let Some(row) = table.rows.get_mut(&id)
            && row.view.state == SigningState::Waiting
        {
            row.claimed = false;
            row.view.state = state;
            row.view.outcome = outcome;
        }
        drop(table);
        self.turn();
    }

    /// Ends everything that waits for somebody who has left.
    pub(crate) fn forget(&self, person: PersonId) {
        let mut table = self.table.lock();
        let theirs = table.rows.iter().filter(|(_, row)| row.asked.who.person == person);
        let gone: Vec<_> = theirs.filter(|(_, row)| !row.claimed).map(|(id, _)| *id).collect();
        for id in gone {
            table.drop_one(id);
        }
        drop(table);
        self.turn();
    }

    fn turn(&self) {
        self.turned.send_modify(|turn| *turn = turn.wrapping_add(1));
    }
}

fn random_code(entropy: &dyn Entropy) -> String {
    let mut random = [0_u8; 8];
    entropy.fill(&mut random);
    let letter =
        |byte: &u8| char::from(ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'0'));
    let letters: String = random.iter().map(letter).collect();
    let (left, right) = letters.split_at_checked(4).unwrap_or((&letters, ""));
    format!("{left}-{right}")
}

/// A short code as a person typed it: case, spaces and hyphens aside; `o` is 0, `i` and `l` are 1.
fn typed(code: &str) -> String {
    let letter = |letter: char| match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    code.chars().filter(|one| !matches!(one, '-' | ' ')).take(16).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use writ_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn codes_are_read_as_people_type_them() {
        let code = random_code(&SeededEntropy::new(3));
        assert_eq!(code.len(), 9);
        assert_eq!(typed(&code.to_lowercase().replace('-', " ")), typed(&code));
        assert_eq!(typed("oO-iL"), "0011");
    }
}
