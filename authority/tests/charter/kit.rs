//! A client folded from facts: two parties, agents with grants, a charter in force.
//! Never here: a test.

use std::{num::NonZeroUsize, sync::Arc};

use writ_authority::{
    AgentKind, Autonomy, Decision, Engine, Grant, State,
    decide::{
        Ask, Counters, Moment, What, call_digest,
        explain::{Explanation, Unused},
    },
    fact::{AgentDescribed, Entry, Fact, HeldCall, LedgerFounded, PersonSeated, Subject},
    grant::Surface,
};
use writ_charter::{Charter, Clause, Mode, Money, Naming, Parties, Seat};
use writ_model::{
    Actor, AgentId, CharterId, Cx, Digest, EnrollmentId, Fold, GrantId, GroupId, HoldId, Id,
    InstanceId, Kind, PasskeyId, PersonId, Role, Side, Span, TenantId, Timestamp,
    json::{self, Limits},
};
use writ_testkit::SeededEntropy;

pub(crate) const START: Timestamp = Timestamp::from_micros(1_793_714_580_000_000); // Tue 2026-11-03 14:03 UTC
pub(crate) const MONEY: &str = r#"{"amount":"120.00","to":"Lumen Paper"}"#;

pub(crate) fn id<K: Kind>(n: u8) -> Id<K> {
    Id::from_parts(START, [n; 10])
}

pub(crate) const DANA: u8 = 2;
pub(crate) const MILO: u8 = 3;
pub(crate) const ANA: u8 = 4;

pub(crate) fn person(n: u8) -> PersonId {
    id(n)
}

/// A call, for the tests that make many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) who: (AgentId, InstanceId),
    pub(crate) server: &'a str,
    pub(crate) name: &'a str,
    pub(crate) arguments: &'a str,
}

pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) now: Timestamp,
    pub(crate) engine: Engine,
    made: u8,
    versions: u32,
}

impl World {
    /// Two parties with people, `pay-bot` with a grant for everything on `bank` and `mail`. No charter.
    pub(crate) fn bare() -> Self {
        let tenant: TenantId = id(1);
        let state = State::empty(tenant);
        let engine = small_engine();
        let mut world = Self { state, now: START, engine, made: 100, versions: 0 };
        world.fact(Fact::LedgerFounded(LedgerFounded {
            tenant,
            side: Side::Client,
            name: "Harbor Books".to_owned(),
            slug: "harbor-books".to_owned(),
            provider: Some(id(9)),
            checkpoint_key: "test+00000000+AQ==".to_owned(),
        }));
        for (n, name, side, role) in [
            (DANA, "Dana Cole", Side::Client, Role::Owner),
            (MILO, "Milo Park", Side::Provider, Role::Owner),
            (ANA, "Ana Ruiz", Side::Client, Role::Approver),
        ] {
            world.seat(n, name, side, role);
        }
        world.employ(20, "pay-bot", None);
        world.grant(20, "bank", "*");
        world.grant(20, "mail", "*");
        world
    }

    /// With these clauses in force, and `bank/pay*` as a payment of euros, `mail/send*` as mail.
    pub(crate) fn under(clauses: Vec<Clause>) -> Self {
        let mut world = Self::bare();
        let charter = world.charter(clauses);
        world.sign(charter);
        world
    }

    pub(crate) fn charter(&mut self, clauses: Vec<Clause>) -> Charter {
        self.versions += 1;
        let parties = Parties { provider: "Park IT".to_owned(), client: "Harbor Books".to_owned() };
        let at = u8::try_from(self.versions).unwrap();
        let mut charter = Charter::new(id(at), self.versions, self.state.tenant, parties);
        charter.counts_as = vec![
            naming("bank", "pay*", "payment.release", Some("/amount")),
            naming("mail", "send*", "mail.send", None),
            naming("mail", "read", "mail.read", None),
        ];
        charter.clauses = clauses;
        charter
    }

    /// Puts a charter in force, signed by both parties.
    pub(crate) fn sign(&mut self, charter: Charter) {
        let (id, digest) = (charter.charter, charter.digest());
        self.fact(Fact::CharterProposed { charter: Box::new(charter) });
        for (n, side) in [(MILO, Side::Provider), (DANA, Side::Client)] {
            self.fact(Fact::CharterSigned { charter: id, digest, person: person(n), side });
        }
        self.fact(Fact::CharterInForce { charter: id, digest });
    }

    pub(crate) fn fact(&mut self, fact: Fact) {
        self.by(Actor::system("test"), fact);
    }

    pub(crate) fn by(&mut self, actor: Actor, fact: Fact) {
        let cx = Cx::new(self.now, Arc::new(SeededEntropy::new(1)), self.state.tenant, actor);
        let line = Entry::new(&cx, fact).to_line().unwrap();
        self.state.fold(self.state.size, &line).unwrap();
    }

    pub(crate) fn seat(&mut self, n: u8, name: &str, side: Side, role: Role) {
        let (name, roles) = (name.to_owned(), vec![role]);
        self.fact(Fact::PersonSeated(PersonSeated {
            person: person(n),
            name: name.into(),
            side,
            roles,
        }));
        let key = writ_authority::Passkey {
            passkey: id::<writ_model::id::Passkey>(n) as PasskeyId,
            person: person(n),
            label: "key".to_owned(),
            credential: format!("credential-{n}"),
            jwk: "{}".to_owned(),
            alg: "EdDSA".to_owned(),
            rp_id: "localhost".to_owned(),
            origin: "http://localhost".to_owned(),
            aaguid: "00000000-0000-0000-0000-000000000000".to_owned(),
            synced: false,
            backed_up: false,
            attestation: writ_authority::Attestation::None,
            counter: 0,
        };
        let admitted = writ_authority::Admitted::Mirrored;
        self.fact(Fact::PasskeyAdded { key: Box::new(key), admitted });
    }

    pub(crate) fn employ(&mut self, n: u8, name: &str, group: Option<GroupId>) {
        let agent: AgentId = id(n);
        self.fact(Fact::AgentProposed(AgentDescribed {
            agent,
            name: name.to_owned(),
            kind: AgentKind::Bot,
            purpose: "Pays invoices.".to_owned(),
            owner: None,
            group,
            models: Vec::new(),
            data_classes: Vec::new(),
            autonomy: Autonomy::Supervised,
            deadline: None,
        }));
        self.fact(Fact::AccountabilitySet {
            subject: Subject::Agent(agent),
            authorizer: Some(person(DANA)),
            auditor: Some(person(MILO)),
            terminators: vec![person(DANA), person(MILO)],
        });
        self.fact(Fact::AgentActivated { agent });
        self.enroll(n, n);
    }

    pub(crate) fn enroll(&mut self, n: u8, copy: u8) -> InstanceId {
        let instance: InstanceId = id(copy);
        self.fact(Fact::InstanceEnrolled {
            enrollment: id::<writ_model::id::Enrollment>(copy) as EnrollmentId,
            agent: id(n),
            instance,
            label: "laptop".to_owned(),
            jkt: format!("jkt-{copy}"),
            jwk: "{}".to_owned(),
        });
        instance
    }

    pub(crate) fn grant(&mut self, n: u8, server: &str, name: &str) -> GrantId {
        self.made += 1;
        let grant: GrantId = id(self.made);
        let says = Box::new(a_grant(Subject::Agent(id(n)), server, name));
        self.fact(Fact::GrantGiven { grant, says });
        grant
    }

    pub(crate) fn pay_bot() -> (AgentId, InstanceId) {
        (id(20), id(20))
    }

    /// `pay-bot` calls.
    pub(crate) fn call(&self, server: &str, name: &str, arguments: &str) -> Decision {
        self.decide(&Call { who: Self::pay_bot(), server, name, arguments }, &Unused)
    }

    pub(crate) fn pay(&self) -> Decision {
        self.call("bank", "pay", MONEY)
    }

    pub(crate) fn decide(&self, call: &Call<'_>, counters: &dyn Counters) -> Decision {
        self.with(call, |ask| {
            self.engine.decide(&self.state, ask, &Moment { at: self.now, counters })
        })
    }

    pub(crate) fn explain(&self, call: &Call<'_>, counters: &dyn Counters) -> Explanation {
        self.with(call, |ask| {
            self.engine.explain(&self.state, ask, &Moment { at: self.now, counters })
        })
    }

    pub(crate) fn with<T>(&self, call: &Call<'_>, run: impl FnOnce(&Ask<'_>) -> T) -> T {
        let node = json::parse(call.arguments.as_bytes(), &Limits::REQUEST).unwrap();
        let surface = Surface::Tool;
        let what = What::Call { surface, name: call.name, arguments: Some(&node) };
        let (agent, instance) = call.who;
        let epoch = self.state.agents.get(&agent).map_or(0, |agent| agent.epoch);
        run(&Ask { agent, instance, epoch, server: call.server, what })
    }

    pub(crate) fn session(&self, server: &str) -> Decision {
        let (agent, instance) = Self::pay_bot();
        let epoch = self.state.agents.get(&agent).map_or(0, |agent| agent.epoch);
        let ask = Ask { agent, instance, epoch, server, what: What::Session };
        let moment = Moment { at: self.now, counters: &Unused };
        self.engine.decide(&self.state, &ask, &moment)
    }

    /// Writes down what a decision holds, and gives its id.
    pub(crate) fn hold(&mut self, decision: &Decision) -> HoldId {
        let Decision::Hold(held) = decision else { panic!("{decision:?}") };
        assert_eq!(held.existing, None);
        self.made += 1;
        let hold: HoldId = id(self.made);
        let call: HeldCall = held.call.clone().held(hold);
        self.fact(Fact::CallHeld(Box::new(call)));
        hold
    }

    pub(crate) fn approve(&mut self, hold: HoldId, n: u8) {
        let digest = self.state.holds.get(&hold).unwrap().digest();
        let actor = Actor::Person { id: person(n), via: "test".to_owned() };
        let person = person(n);
        let given = Fact::ApprovalGiven { hold, person, digest, deputy_of: None, words: None };
        self.by(actor, given);
    }

    pub(crate) fn refuse(&mut self, hold: HoldId, n: u8) {
        let words = "Not this one.".to_owned();
        self.fact(Fact::ApprovalRefused { hold, person: person(n), words });
    }

    pub(crate) fn consume(&mut self, hold: HoldId) {
        self.fact(Fact::ApprovalConsumed { hold, gateway: Some(id(30)) });
    }

    pub(crate) fn suspend(&mut self, side: Side, clause: Option<&str>) {
        let (clause, reason) = (clause.map(str::to_owned), "Month end.".to_owned());
        self.fact(Fact::DelegationSuspended { clause, side, reason });
    }

    pub(crate) fn observe(&mut self, subject: Option<Subject>, until: Timestamp) {
        let reason = "Trying it out.".to_owned();
        self.fact(Fact::ObserveSet { subject, until, reason });
    }

    pub(crate) fn later(&mut self, span: Span) {
        self.now = self.now + span;
    }
}

/// Dropping what it keeps changes no answer; a large one takes longer to make than a test to run.
pub(crate) fn small_engine() -> Engine {
    let few = NonZeroUsize::MIN.saturating_add(7);
    Engine::new(few, few)
}

pub(crate) fn a_grant(subject: Subject, server: &str, name: &str) -> Grant {
    Grant {
        subject,
        server: server.to_owned(),
        surface: Surface::Tool,
        name: name.to_owned(),
        rules: Vec::new(),
        only_named_arguments: false,
        window: None,
        limits: Vec::new(),
        from: None,
        until: None,
        given_by: person(DANA),
        reason: "test".to_owned(),
    }
}

pub(crate) fn naming(server: &str, name: &str, action: &str, amount: Option<&str>) -> Naming {
    Naming {
        server: server.to_owned(),
        surface: "tool".to_owned(),
        name: name.to_owned(),
        action: action.to_owned(),
        amount: amount.map(str::to_owned),
        currency: amount.map(|_| "EUR".to_owned()),
        tags: Vec::new(),
        data: Vec::new(),
    }
}

pub(crate) fn euro(amount: &str) -> Money {
    Money { amount: amount.to_owned(), currency: "EUR".to_owned() }
}

/// An approver of the client.
pub(crate) fn approver() -> Mode {
    Mode::Approve { quorum: vec![Seat { party: Side::Client, role: Role::Approver, n: 1 }] }
}

pub(crate) fn clause(key: &str, actions: &[&str], mode: Mode) -> Clause {
    Clause::new(key, &format!("Clause {key}"), actions, mode)
}

pub(crate) fn charter_id(n: u8) -> CharterId {
    id(n)
}

pub(crate) fn digest(server: &str, name: &str, arguments: &str) -> Digest {
    let node = json::parse(arguments.as_bytes(), &Limits::REQUEST).unwrap();
    call_digest(server, Surface::Tool, name, Some(&node))
}
