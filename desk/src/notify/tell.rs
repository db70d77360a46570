//! What a line of a ledger makes known, and to whom. Pure: the same state and line give the same telling.
//!
//! Never here: how it gets there. To tell of another fact: its arm in [`telling`], its words in the file of its noun.

mod charter;
mod holds;
mod keys;

use writ_authority::{Entry, Fact, State};
use writ_model::{Actor, HoldId, PersonId, Role, Side, Span, Timestamp};
use writ_store::outbox::GIVE_UP;

use super::{Kind, People, message::Message, words::quoted};

pub(super) use holds::escalated;

/// LIMIT: people told of one line. A quorum asks for few; a client with more owners than this reads its console.
const PEOPLE: usize = 128;
/// A telling of what happens again and again is the same one for so long, to people; programs are told each time.
const ALIKE: Span = Span::minutes(10);

/// What is made known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Telling {
    /// What is said.
    pub(crate) message: Message,
    /// Who gets mail.
    pub(crate) people: People,
    /// Worth nothing from then on.
    pub(crate) expires: Timestamp,
    /// When the owners are to be asked too.
    pub(crate) escalates: Option<Timestamp>,
    /// What makes two tellings one for people, instead of the line.
    pub(crate) alike: Option<String>,
}

/// Where a telling is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The ledger's state, with this line and perhaps later ones.
    pub(crate) state: &'a State,
    /// The console's origin.
    pub(crate) origin: &'a str,
    /// The present.
    pub(crate) now: Timestamp,
}

impl Place<'_> {
    fn message(&self, kind: Kind, at: Timestamp) -> Message {
        Message::new(kind, self.state, self.origin, at)
    }

    /// The same with the page of a hold as its link: short, for phones.
    fn about_hold(&self, mut message: Message, hold: HoldId) -> Message {
        message.link = format!("{}/a/{hold}", self.origin);
        message.hold = Some(hold);
        message
    }

    /// Active people of these parties in one of these roles.
    fn people(&self, sides: &[Side], roles: &[Role]) -> People {
        let all = self.state.people.iter();
        let wanted = all.filter(|(_, one)| {
            one.active() && sides.contains(&one.side) && roles.iter().any(|role| one.has(*role))
        });
        wanted.map(|(person, _)| *person).take(PEOPLE).collect()
    }

    /// Those who answer for both parties.
    fn deciders(&self) -> People {
        self.people(&[Side::Provider, Side::Client], &[Role::Owner, Role::Approver])
    }

    /// A person by name, quoted.
    fn name(&self, person: PersonId) -> String {
        quoted(&self.state.person_name(person))
    }

    /// Who did it.
    fn actor(&self, actor: &Actor) -> String {
        match actor {
            Actor::Person { id, .. } => self.name(*id),
            Actor::Agent { id } => format!("the agent {}", quoted(&self.state.agent_name(*id))),
            Actor::System { part } => format!("Writ ({part})"),
        }
    }
}

impl Telling {
    fn new(message: Message, people: People) -> Self {
        let expires = message.at + GIVE_UP;
        Self { message, people, expires, escalates: None, alike: None }
    }

    /// Without this person: they know.
    fn but(mut self, actor: &Actor) -> Self {
        if let Some(person) = actor.person() {
            self.people.remove(&person);
        }
        self
    }
}

/// What a line makes known; nothing for most lines.
pub(super) fn telling(place: Place<'_>, index: u64, entry: &Entry) -> Option<Telling> {
    let (at, actor) = (entry.at, &entry.actor);
    let told = match &entry.fact {
        Fact::CallHeld(held) => holds::call(place, at, held),
        Fact::ApprovalAsked(held) => holds::act(place, at, held),
        Fact::ActNotified(told) => Some(holds::notified(place, at, told)),
        Fact::AgentActivated { .. }
        | Fact::AgentReleased { .. }
        | Fact::GrantGiven { .. }
        | Fact::AccountabilitySet { .. }
        | Fact::EnrollmentOffered { .. }
        | Fact::ExportAllowed { .. } => holds::governed(place, at, (actor, &entry.fact)),
        Fact::ObserveSet { .. } => Some(charter::observed(place, at, (actor, &entry.fact))),
        Fact::CharterProposed { .. } | Fact::CharterSigned { .. } => {
            charter::to_sign(place, at, (actor, &entry.fact))
        }
        Fact::CharterInForce { charter, .. } => Some(charter::in_force(place, at, *charter)),
        Fact::DelegationSuspended { .. }
        | Fact::DelegationResumed { .. }
        | Fact::ClientFrozen { .. }
        | Fact::ClientThawed { .. } => charter::stopped(place, at, (actor, &entry.fact)),
        Fact::DrillDone(result) => Some(charter::drilled(place, at, result)),
        Fact::PasskeyAdded { .. }
        | Fact::PasskeyRevoked { .. }
        | Fact::RecoveryAsked(_)
        | Fact::LoginLinked { .. }
        | Fact::LoginUnlinked { .. } => keys::changed(place, at, (actor, &entry.fact)),
        _ => None,
    };
    let mut told = told?;
    told.message.line = Some(index);
    Some(told)
}

/// The window that an instant is in.
fn window(at: Timestamp) -> i64 {
    at.micros().div_euclid(ALIKE.as_micros())
}
