//! Random charters, people and requests: whatever anybody tries, nothing happens without its quorum. What happened is
//! judged again from the lines alone, by trying every seating of those who said yes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use writ_authority::{
    Command, Decision, Fact, Grant, Receipt, State, command,
    fact::{Entry, HeldAct, HeldCall, Subject},
    refusal,
    state::Person,
};
use writ_charter::{Clause, Mode, Naming, Seat, Waits, family};
use writ_model::{
    Actor, AgentId, Code, Digest, HoldId, InstanceId, PersonId, Role, Side, Span, Timestamp,
};

use crate::{
    approvals::{gateway, system},
    charter::clause,
    kit::{World, everything, grant_by},
};

const ROLES: [Role; 3] = [Role::Engineer, Role::Approver, Role::Owner];
const CLASSES: [&str; 7] =
    ["agent.activate", "agent.widen", "agent.*", "agent.observe", "mail.send", "mail.*", "*"];

fn pick<T: Clone>(list: &[T], at: u8) -> T {
    list.get(usize::from(at) % list.len()).cloned().unwrap_or_else(|| panic!("an empty list"))
}

/// A clause from three numbers.
fn random_clause(at: usize, (what, mode, quorum): (u8, u8, u8)) -> Clause {
    let seats = [
        Seat { party: Side::Client, role: pick(&ROLES, quorum), n: 1 + (quorum >> 6) % 2 },
        Seat { party: Side::Provider, role: pick(&ROLES, quorum >> 2), n: 1 },
        Seat { party: Side::Client, role: pick(&ROLES, quorum >> 4), n: 1 },
    ];
    let mut quorum: Vec<Seat> = seats.into_iter().take(1 + usize::from(quorum % 3)).collect();
    quorum.sort_unstable();
    quorum.dedup_by_key(|seat| (seat.party, seat.role));
    let mode = match mode % 24 {
        0 => Mode::Refuse,
        1 => Mode::Propose,
        2 => Mode::NotifyAndAct,
        3 => Mode::Act,
        _ => Mode::Approve { quorum },
    };
    let waits = Waits { expires_minutes: 40, escalate_minutes: Some(20) };
    Clause { waits, ..clause(&format!("clause-{at}"), &[pick(&CLASSES, what)], mode) }
}

type Try = (u8, u8, u8, u8);

/// A world in which anybody may try anything.
struct Crowd {
    world: World,
    people: Vec<PersonId>,
    agents: Vec<(AgentId, InstanceId)>,
    receipts: Vec<(PersonId, Receipt)>,
}

impl Crowd {
    fn new(clauses: &[(u8, u8, u8)], roles: &[u8]) -> Self {
        let mut world = World::new();
        let mut people = vec![world.dana, world.milo];
        for (number, bits) in (30_u8..).zip(roles) {
            let mut roles = vec![pick(&ROLES, *bits)];
            if bits & 0x40 != 0 {
                roles.push(pick(&ROLES, bits >> 2));
                roles.sort_unstable();
                roles.dedup();
            }
            people.push(if bits & 0x80 == 0 {
                world.client(number, &format!("Client {number}"), &roles)
            } else {
                world.staff(number, &format!("Staff {number}"), &roles)
            });
        }
        // Somebody for most seats, so that quorums are filled as well as missed.
        for (number, role) in (20_u8..).zip(ROLES) {
            people.push(world.client(number, &format!("Client {number}"), &[role]));
            people.push(world.staff(number + 5, &format!("Staff {number}"), &[role]));
        }
        let agents = ["one", "two"].map(|name| world.active(name));
        for (agent, _) in agents {
            world.give(agent, |_| ()).unwrap();
        }
        let made: Vec<Clause> =
            clauses.iter().enumerate().map(|(at, one)| random_clause(at, *one)).collect();
        let mut charter = world.charter(made);
        charter.counts_as = vec![Naming::new("mail", "tool", "send", "mail.send")];
        world.agree_to(charter);
        Self { world, people, agents: agents.to_vec(), receipts: Vec::new() }
    }

    /// An act that a charter governs.
    fn act(&mut self, vary: u8) -> Command {
        let agent = pick(&self.agents, vary).0;
        let until = self.world.now + Span::hours(2);
        match vary % 4 {
            0 => {
                let subject = Some(Subject::Agent(agent));
                Command::SetObserve { subject, until, reason: format!("try {vary}") }
            }
            1 => {
                let name = format!("new-{}", self.world.lines.len());
                let agent = self.world.propose(&name);
                self.world.answer(agent);
                Command::Activate { agent }
            }
            _ => {
                let reason = format!("try {vary}");
                Command::GiveGrant(Box::new(Grant { reason, ..grant_by(agent, self.world.milo) }))
            }
        }
    }

    /// Signs and submits; what was signed is kept to be tried again.
    fn by(&mut self, person: PersonId, command: Command) -> bool {
        let actor = Actor::Person { id: person, via: "test".to_owned() };
        if !command.needs_signature(&self.world.state, &actor) {
            return self.world.run(actor, command).is_ok();
        }
        let Ok(receipt) = self.world.receipt(person, command) else {
            return false;
        };
        self.receipts.push((person, receipt.clone()));
        self.world.run(actor, Command::Signed { receipt: Box::new(receipt) }).is_ok()
    }

    fn attempt(&mut self, (what, by, about, vary): Try) {
        let person = pick(&self.people, by);
        // Mostly what is open; what is over is tried as well.
        let all = self.world.state.holds.iter();
        let holds: Vec<HoldId> = all
            .filter(|(_, hold)| hold.open(self.world.now) || vary.is_multiple_of(7))
            .map(|(id, _)| *id)
            .collect();
        let hold = holds.get(usize::from(about) % holds.len().max(1)).copied();
        match (what % 16, hold) {
            (0..=2, _) => {
                let act = self.act(vary);
                self.by(person, act);
            }
            (3, _) => {
                let who = pick(&self.agents, about);
                let arguments = format!("{{\"n\":{}}}", vary % 3);
                if let Decision::Hold(hold) = self.world.call(who, "send", &arguments) {
                    let id = HoldId::new(&self.world.cx(system()));
                    let call = Box::new(hold.call.clone().held(id));
                    drop(self.world.system(Command::HoldCall(call)));
                }
            }
            (4..=9, Some(hold)) => {
                let mut digest = self.world.state.holds.get(&hold).unwrap().digest();
                if vary.is_multiple_of(9) {
                    digest = Digest::of(&[vary]);
                }
                // Half of the time somebody who counts, else anybody.
                let known = &self.world.state.holds.get(&hold).unwrap();
                let counts = |one: &&PersonId| {
                    self.world.state.may_approve(known, **one, self.world.now).is_ok()
                };
                let able = self.people.iter().find(counts).copied();
                let person = able.filter(|_| vary % 2 == 1).unwrap_or(person);
                self.by(person, Command::Approve { hold, digest, words: None });
            }
            (10, _) => {
                for hold in holds {
                    let consume = Command::ConsumeApproval { hold, gateway: gateway() };
                    drop(self.world.system(consume));
                }
            }
            (11, Some(hold)) if vary.is_multiple_of(6) => {
                self.by(person, Command::RefuseApproval { hold, words: "no".to_owned() });
            }
            (12, _) => {
                let deputy = pick(&self.people, about);
                let until = self.world.now + Span::hours(1);
                self.by(person, Command::SetAway { deputy, until });
            }
            (13, _) if vary.is_multiple_of(8) => {
                self.by(person, Command::Freeze { reason: "stop".to_owned() });
            }
            (13, _) => {
                for person in self.people.clone() {
                    self.by(person, Command::Thaw {});
                }
            }
            (14, _) => {
                if let Some((person, receipt)) = self.receipts.get(usize::from(vary)).cloned() {
                    let actor = Actor::Person { id: person, via: "again".to_owned() };
                    let again = Command::Signed { receipt: Box::new(receipt) };
                    let code: Result<_, Code> = self.world.run(actor, again);
                    assert!(code.is_err(), "a signature is used once");
                }
            }
            _ => self.world.now = self.world.now + Span::minutes(i64::from(vary % 7)),
        }
    }
}

/// One who said yes, as the lines say.
struct Voice {
    person: PersonId,
    side: Side,
    roles: BTreeSet<Role>,
    any: bool,
}

/// Whether these can take every seat, each another one: tried one by one.
fn seatable(seats: &[Seat], voices: &[Voice], used: &mut BTreeSet<PersonId>) -> bool {
    let Some((seat, rest)) = seats.split_first() else {
        return true;
    };
    voices.iter().any(|voice| {
        let fits = voice.side == seat.party && (voice.any || voice.roles.contains(&seat.role));
        if !fits || !used.insert(voice.person) {
            return false;
        }
        let done = seatable(rest, voices, used);
        used.remove(&voice.person);
        done
    })
}

/// A hold as the lines say.
struct Held {
    act: Option<HeldAct>,
    call: Option<HeldCall>,
    voices: Vec<Voice>,
    over: bool,
}

impl Held {
    fn quorum(&self) -> Vec<Seat> {
        let mode = self.act.as_ref().map(|act| &act.mode);
        let mode = mode.or(self.call.as_ref().map(|call| &call.mode)).unwrap();
        let Mode::Approve { quorum } = mode else { panic!("{mode:?} is never used up") };
        quorum.iter().flat_map(|seat| std::iter::repeat_n(*seat, usize::from(seat.n))).collect()
    }

    fn digest(&self) -> Digest {
        self.act.as_ref().map_or_else(|| self.call.as_ref().unwrap().digest, |act| act.digest)
    }

    fn times(&self) -> (Timestamp, Option<Timestamp>) {
        match (&self.act, &self.call) {
            (Some(act), _) => (act.expires, act.escalate_at),
            (None, Some(call)) => (call.expires, call.escalate_at),
            (None, None) => panic!(),
        }
    }

    fn approve(
        &mut self,
        people: &BTreeMap<PersonId, Person>,
        (at, person, digest, deputy_of): (Timestamp, PersonId, Digest, Option<PersonId>),
    ) {
        assert_eq!(digest, self.digest(), "what was read is what waits");
        assert!(!self.over && at < self.times().0, "in time");
        let asker = self.act.as_ref().map(|act| act.person);
        assert_ne!(asker, Some(person), "nobody approves their own");
        let known = people.get(&person).unwrap();
        let mut roles: BTreeSet<Role> = known.roles.iter().copied().collect();
        if let Some(absent) = deputy_of {
            assert_ne!(asker, Some(absent), "nobody stands in for who asked");
            let other = people.get(&absent).unwrap();
            assert_eq!(other.side, known.side);
            assert!(self.voices.iter().all(|one| one.person != absent), "of the two one counts");
            roles.extend(other.roles.iter().copied());
        }
        assert!(self.voices.iter().all(|one| one.person != person), "one person counts once");
        let escalated = self.times().1.is_some_and(|from| from <= at);
        let any = escalated && roles.contains(&Role::Owner);
        self.voices.push(Voice { person, side: known.side, roles, any });
    }

    fn consume(&mut self, at: Timestamp) {
        assert!(!self.over && at < self.times().0, "once, and in time");
        self.over = true;
        let seats = self.quorum();
        assert!(!seats.is_empty());
        assert!(seatable(&seats, &self.voices, &mut BTreeSet::new()), "not without its quorum");
    }
}

fn side_of(people: &BTreeMap<PersonId, Person>, person: Option<PersonId>) -> Side {
    people.get(&person.unwrap()).unwrap().side
}

/// The strictest mode of the charter for a class, worked out without the judge.
fn strictest<'c>(clauses: &'c [Clause], class: &str) -> Option<&'c Mode> {
    let covering = clauses.iter().filter(|one| one.actions.iter().any(|to| family(to, class)));
    covering.map(|one| &one.mode).max_by_key(|mode| mode.strictness())
}

fn class(fact: &Fact) -> Option<&'static str> {
    match fact {
        Fact::AgentActivated { .. } => Some("agent.activate"),
        Fact::GrantGiven { .. } => Some("agent.widen"),
        Fact::ObserveSet { .. } => Some("agent.observe"),
        _ => None,
    }
}

/// Everything that a charter governs came the way it says, read from the lines alone.
fn judged(world: &World, from: usize) {
    let state = &world.state;
    let people: BTreeMap<PersonId, Person> =
        state.people.iter().map(|(id, one)| (*id, one.as_ref().clone())).collect();
    let clauses = &state.charter.as_ref().unwrap().charter.clauses;
    let mut holds: BTreeMap<HoldId, Held> = BTreeMap::new();
    let mut frozen: BTreeSet<Side> = BTreeSet::new();
    let mut approved = false;
    for line in world.lines.iter().skip(from) {
        let Entry { actor, at, fact, .. } = Entry::from_line(line).unwrap();
        let held = |act, call| Held { act, call, voices: Vec::new(), over: false };
        match &fact {
            Fact::ActSigned(_) => approved = false,
            Fact::ApprovalAsked(act) => {
                holds.insert(act.hold, held(Some(HeldAct::clone(act)), None));
            }
            Fact::CallHeld(call) => {
                holds.insert(call.hold, held(None, Some(HeldCall::clone(call))));
            }
            Fact::ApprovalGiven { hold, person, digest, deputy_of, .. } => {
                assert_eq!(actor.person(), Some(*person), "in one's own name");
                let said = (at, *person, *digest, *deputy_of);
                holds.get_mut(hold).unwrap().approve(&people, said);
            }
            Fact::ApprovalRefused { hold, .. } => holds.get_mut(hold).unwrap().over = true,
            Fact::ApprovalConsumed { hold, .. } => {
                holds.get_mut(hold).unwrap().consume(at);
                assert!(frozen.is_empty(), "nothing happens while it is frozen");
                approved = true;
            }
            Fact::ClientFrozen { side, .. } => drop(frozen.insert(*side)),
            Fact::ClientThawed { side } => {
                assert_eq!(side_of(&people, actor.person()), *side, "one's own only");
                frozen.remove(side);
            }
            other => {
                let Some(class) = class(other) else { continue };
                assert!(frozen.is_empty(), "nothing happens while it is frozen");
                let mode = strictest(clauses, class).unwrap();
                let side = side_of(&people, actor.person());
                match mode {
                    Mode::Refuse => panic!("{class} is refused by a clause"),
                    Mode::Propose => assert_eq!(side, Side::Client, "the client's own people"),
                    Mode::Approve { .. } => assert!(approved, "{class} without its quorum"),
                    Mode::NotifyAndAct | Mode::Act => {}
                }
            }
        }
    }
}

/// How strictly an act of a person is answered.
fn answered(state: &State, world: &World, person: PersonId, act: &Command) -> (u8, Vec<Seat>) {
    let actor = Actor::Person { id: person, via: "test".to_owned() };
    match command::governed::says(state, act, &actor, world.now) {
        Ok(Mode::Approve { quorum }) => (2, quorum),
        Ok(mode) => (mode.strictness(), Vec::new()),
        Err(refused) if refused.code == refusal::UNCOVERED => (9, Vec::new()),
        Err(_) => (4, Vec::new()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn nothing_happens_without_its_quorum(
        clauses in proptest::collection::vec(any::<(u8, u8, u8)>(), 1..4),
        roles in proptest::collection::vec(any::<u8>(), 0..3),
        tries in proptest::collection::vec(any::<Try>(), 60..140),
    ) {
        let mut crowd = Crowd::new(&clauses, &roles);
        let from = crowd.world.lines.len();
        for one in tries {
            crowd.attempt(one);
            crowd.world.now = crowd.world.now + Span::seconds(1);
        }
        judged(&crowd.world, from);
        // Either party alone stops everything, whatever the charter says and whatever happened.
        for person in [crowd.world.dana, crowd.world.milo] {
            let side = crowd.world.state.people[&person].side;
            if !crowd.world.state.freezes.contains_key(&side) {
                let stopped = crowd.by(person, Command::Freeze { reason: "stop".to_owned() });
                prop_assert!(stopped, "either party alone stops");
            }
            for who in crowd.agents.clone() {
                let permitted = crowd.world.call(who, "send", "{}").permits();
                prop_assert!(!permitted);
            }
            for (number, name) in [(0_u8, "a"), (1, "b"), (2, "c")] {
                let act = crowd.act(number);
                prop_assert!(!crowd.by(crowd.world.milo, act), "{}", name);
            }
        }
        // The world refolds its lines and doubts them when it is dropped.
    }

    #[test]
    fn one_more_clause_never_loosens(
        clauses in proptest::collection::vec(any::<(u8, u8, u8)>(), 1..6),
        more in any::<(u8, u8, u8)>(),
        vary in any::<u8>(),
    ) {
        let mut crowd = Crowd::new(&clauses, &[]);
        let act = crowd.act(vary);
        let world = &crowd.world;
        let before = answered(&world.state, world, world.milo, &act);
        let mut state = world.state.clone();
        let mut in_force = state.charter.take().unwrap().as_ref().clone();
        let mut charter = in_force.charter.as_ref().clone();
        charter.clauses.insert(usize::from(vary) % clauses.len(), random_clause(99, more));
        in_force.charter = std::sync::Arc::new(charter);
        state.charter = Some(std::sync::Arc::new(in_force));
        let after = answered(&state, world, world.milo, &act);
        // What nothing covered may be covered now; what was covered is answered no looser.
        if before.0 != 9 {
            prop_assert!(after.0 >= before.0, "{:?} became {:?}", before, after);
            if after.0 == 2 {
                for seat in &before.1 {
                    let still = after.1.iter().any(|one| {
                        (one.party, one.role) == (seat.party, seat.role) && one.n >= seat.n
                    });
                    prop_assert!(still, "{:?} is asked no more", seat);
                }
            }
        }
    }
}

/// The seating finds a place for everybody where there is one, however they come.
#[test]
fn who_could_sit_in_two_places_makes_room() {
    let mut world = World::new();
    let both = world.client(40, "Both", &[Role::Approver, Role::Owner]);
    let approver = world.client(41, "One", &[Role::Approver]);
    let quorum = vec![
        Seat { party: Side::Client, role: Role::Approver, n: 1 },
        Seat { party: Side::Client, role: Role::Owner, n: 1 },
    ];
    let gate = clause("gate", &["agent.*"], Mode::Approve { quorum });
    world.agree(vec![everything(), gate]);
    for (first, second) in [(both, approver), (approver, both)] {
        let agent = world.propose(&format!("agent-{}", world.lines.len()));
        world.answer(agent);
        world.by(world.milo, Command::Activate { agent }).unwrap();
        let open = world.state.holds.values().find(|hold| hold.open(world.now));
        let hold = open.unwrap().id();
        world.by(first, crate::approvals::yes(&world, hold)).unwrap();
        world.by(second, crate::approvals::yes(&world, hold)).unwrap();
        assert!(world.state.holds[&hold].consumed.is_some());
    }
}
