//! Quorums: whether the people who said yes are enough, and whether one more would count.
//!
//! SECURITY: every seat of a quorum is taken by another person. Nobody counts for what they asked for themselves, nobody
//! for the other party, and nobody twice: neither by two passkeys, two roles nor two people they stand in for. Who stands
//! in for somebody takes that person's place: of the two only one counts.
//! Never here: the command that says yes (`command/approve.rs`).

use writ_charter::Seat;
use writ_model::{PersonId, Role, Side, Timestamp};

use crate::{
    refusal::{self, Refusal},
    state::{Approved, Hold, State},
};

/// LIMIT: seats of a quorum that are looked at: more people than sign one thing.
const SEATS: usize = 64;

/// How a person's yes would count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// For this seat.
    pub seat: Seat,
    /// In whose place, if not in their own.
    pub deputy_of: Option<PersonId>,
}

/// One who says yes, and as what.
#[derive(Debug, Clone)]
struct Voice {
    side: Side,
    roles: Vec<Role>,
    any: bool,
}

impl Voice {
    fn fits(&self, seat: Seat) -> bool {
        self.side == seat.party && (self.any || self.roles.contains(&seat.role))
    }
}

impl From<&Approved> for Voice {
    fn from(given: &Approved) -> Self {
        Self { side: given.side, roles: given.roles.clone(), any: given.any }
    }
}

/// One seat for each person that a quorum asks for.
fn seats(quorum: &[Seat]) -> Vec<Seat> {
    let one = |seat: &Seat| std::iter::repeat_n(Seat { n: 1, ..*seat }, usize::from(seat.n));
    quorum.iter().flat_map(one).take(SEATS + 1).collect()
}

/// The most seats that these people can take, each one, and who sits where.
fn seated(seats: &[Seat], voices: &[Voice]) -> Vec<Option<usize>> {
    let mut taken: Vec<Option<usize>> = vec![None; seats.len()];
    for voice in 0..voices.len() {
        let mut tried = vec![false; seats.len()];
        place(voice, (seats, voices), &mut taken, &mut tried);
    }
    taken
}

/// Finds a seat for one voice, moving others where that helps. As deep as there are seats.
fn place(
    voice: usize,
    (seats, voices): (&[Seat], &[Voice]),
    taken: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    let Some(who) = voices.get(voice) else {
        return false;
    };
    for (at, seat) in seats.iter().enumerate() {
        let Some(mark) = tried.get_mut(at).filter(|mark| !**mark && who.fits(*seat)) else {
            continue;
        };
        *mark = true;
        let sits = taken.get(at).copied().flatten();
        if sits.is_none_or(|other| place(other, (seats, voices), taken, tried))
            && let Some(slot) = taken.get_mut(at)
        {
            *slot = Some(voice);
            return true;
        }
    }
    false
}

/// For each party and role the larger number.
pub fn merged(one: &[Seat], two: &[Seat]) -> Vec<Seat> {
    let mut out: Vec<Seat> = one.to_vec();
    for seat in two {
        match out.iter_mut().find(|known| (known.party, known.role) == (seat.party, seat.role)) {
            Some(known) => known.n = known.n.max(seat.n),
            None => out.push(*seat),
        }
    }
    out
}

/// Whether those who said yes take every seat of this quorum. One that asks for nobody, or for more than can
/// be looked at, is never satisfied.
pub fn satisfied(given: &[Approved], quorum: &[Seat]) -> bool {
    let wanted = seats(quorum);
    if wanted.is_empty() || wanted.len() > SEATS {
        return false;
    }
    let voices: Vec<Voice> = given.iter().map(Voice::from).collect();
    seated(&wanted, &voices).iter().all(Option::is_some)
}

impl Hold {
    /// The seats that nobody took yet.
    pub fn seats_left(&self) -> Vec<Seat> {
        let wanted = seats(self.quorum());
        let voices: Vec<Voice> = self.given.iter().map(Voice::from).collect();
        let taken = seated(&wanted, &voices);
        let free = wanted.into_iter().zip(taken).filter(|(_, by)| by.is_none());
        let mut out: Vec<Seat> = Vec::new();
        for (seat, _) in free {
            match out.iter_mut().find(|one| (one.party, one.role) == (seat.party, seat.role)) {
                Some(known) => known.n = known.n.saturating_add(1),
                None => out.push(seat),
            }
        }
        out
    }
}

impl State {
    /// Whether a hold has every approval it needs and may be used up now: open, of the charter in force, nothing frozen.
    /// `quorum` is what the charter asks for now; that of when it was held has to be satisfied too.
    pub fn approved(&self, hold: &Hold, quorum: &[Seat], now: Timestamp) -> bool {
        let in_force = self.charter.as_ref().map(|one| one.charter.charter);
        hold.open(now)
            && in_force == Some(hold.charter())
            && self.frozen().is_none()
            && satisfied(&hold.given, hold.quorum())
            && satisfied(&hold.given, &merged(hold.quorum(), quorum))
    }

    /// How a person's yes to a hold would count now: exactly what the choke point decides.
    ///
    /// # Errors
    /// A [`Refusal`] if the hold is over, the person asked for it themselves, or no seat is left that they could take.
    pub fn may_approve(
        &self,
        hold: &Hold,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Counts, Refusal> {
        self.still_open(hold, now)?;
        if hold.asker() == Some(person) {
            let what = "nobody approves what they asked for themselves".to_owned();
            return Err(Refusal::new(refusal::OWN_APPROVAL, "actor", what, "Ask somebody else."));
        }
        let known = self.people.get(&person).filter(|one| one.active());
        let Some(known) = known.filter(|one| one.keys > 0) else {
            let what = "only people who are seated here and have a passkey count".to_owned();
            let cure = "Ask somebody who is asked.";
            return Err(Refusal::new(refusal::QUORUM, "actor", what, cure));
        };
        if hold.given.iter().any(|one| one.person == person || one.deputy_of == Some(person)) {
            let what = format!("{} was counted here already", known.name.written());
            return Err(Refusal::new(refusal::QUORUM, "actor", what, "Ask somebody else."));
        }
        let absent = self.stands_in_for(person, now).into_iter().filter(|id| {
            let counted = |one: &Approved| one.person == *id || one.deputy_of == Some(*id);
            let seated = self
                .people
                .get(id)
                .is_some_and(|one| one.active() && one.side == known.side && one.keys > 0);
            hold.asker() != Some(*id) && seated && !hold.given.iter().any(counted)
        });
        let chances = std::iter::once(None).chain(absent.map(Some));
        for deputy_of in chances {
            let given = Approved::of(self, hold, (person, deputy_of), now);
            if let Some(seat) = given.and_then(|given| adds(hold, &given)) {
                return Ok(Counts { seat, deputy_of });
            }
        }
        let what = format!("no seat is left that {} could take", known.name.written());
        Err(Refusal::new(refusal::QUORUM, "actor", what, "Ask somebody who is asked."))
    }

    /// Neither over, expired nor of another charter.
    pub(crate) fn still_open(&self, hold: &Hold, now: Timestamp) -> Result<(), Refusal> {
        let refuse = |what: String| {
            let cure = "Have it asked for again.";
            Err(Refusal::new(refusal::HOLD, "hold", what, cure))
        };
        if let Some(refused) = &hold.refused {
            return refuse(format!("{} refused it", self.person_name(refused.person)));
        }
        if let Some(consumed) = hold.consumed {
            return refuse(format!("it was used up at {}", consumed.at));
        }
        if now >= hold.expires() {
            return refuse(format!("it expired at {}", hold.expires()));
        }
        if self.charter.as_ref().map(|one| one.charter.charter) != Some(hold.charter()) {
            return refuse("the charter it stands on is not in force any more".to_owned());
        }
        Ok(())
    }
}

/// The seat that one more voice would take, if that makes one more taken.
fn adds(hold: &Hold, given: &Approved) -> Option<Seat> {
    let wanted = seats(hold.quorum());
    let mut voices: Vec<Voice> = hold.given.iter().map(Voice::from).collect();
    let before = seated(&wanted, &voices).iter().flatten().count();
    voices.push(Voice::from(given));
    let after = seated(&wanted, &voices);
    if after.iter().flatten().count() <= before {
        return None;
    }
    let last = voices.len().saturating_sub(1);
    let at = after.iter().position(|by| *by == Some(last))?;
    wanted.get(at).copied()
}
