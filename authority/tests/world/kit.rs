//! A register walked from its first line through real commands, checked by refolding when it is dropped.
//! Never here: a test.

use std::{collections::BTreeMap, sync::Arc};

use writ_authority::{
    Agent, AgentKind, Broken, Chain, Command, Decision, Engine, Grant, Receipt, Request, State,
    command::{self, NewAgent},
    decide::{Ask, Counters, Moment, What, explain::Unused},
    fact::{Entry, Fact, LedgerFounded, Subject},
    grant::Surface,
};
use writ_charter::{Charter, Clause, Mode, Parties};
use writ_model::{
    Actor, AgentId, CharterId, Code, Cx, Digest, Fold, GrantId, InstanceId, InvitationId, PersonId,
    Role, Side, Span, TenantId, Timestamp, canonical,
    json::{self, Limits},
};
use writ_testkit::SeededEntropy;

use crate::device::{Device, Hashes, ORIGIN};

/// A register and the clock it lives by.
pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) lines: Vec<Vec<u8>>,
    pub(crate) now: Timestamp,
    entropy: Arc<SeededEntropy>,
    pub(crate) dana: PersonId,
    pub(crate) milo: PersonId,
    pub(crate) devices: BTreeMap<PersonId, Device>,
    made: u8,
    charters: u8,
}

pub(crate) const START: Timestamp = Timestamp::from_micros(1_793_714_580_000_000); // Tue 2026-11-03 14:03 UTC

/// Refusals of these tests name the rule, the field and the cure.
fn code(refusal: &writ_authority::Refusal) -> Code {
    assert!(!refusal.what.is_empty() && !refusal.cure.is_empty() && !refusal.field.is_empty());
    refusal.code
}

impl World {
    /// A ledger without people but Milo, the provider's owner, who can sign.
    pub(crate) fn founded(side: Side) -> Self {
        let tenant = TenantId::from_parts(START, [1; 10]);
        let entropy = Arc::new(SeededEntropy::new(7));
        let dana = PersonId::from_parts(START, [2; 10]);
        let milo = PersonId::from_parts(START, [3; 10]);
        let mut world = Self {
            state: State::empty(tenant),
            lines: Vec::new(),
            now: START,
            entropy,
            dana,
            milo,
            devices: BTreeMap::new(),
            made: 0,
            charters: 0,
        };
        let founded = LedgerFounded {
            tenant,
            side,
            name: if side == Side::Client { "Harbor Books" } else { "Park IT" }.to_owned(),
            slug: "harbor-books".to_owned(),
            provider: None,
            checkpoint_key: "test+00000000+AQ==".to_owned(),
        };
        let people = vec![(milo, "Milo Park".into(), Side::Provider, vec![Role::Owner])];
        world.system(Command::Found { founded, people }).unwrap();
        let device = world.device(milo);
        if side == Side::Client {
            let add = vec![device.key];
            world.system(Command::MirrorPasskeys { add, revoke: Vec::new() }).unwrap();
        } else {
            let key = Box::new(device.key);
            world.through(milo, "bootstrap", Command::BootstrapPasskey { key }).unwrap();
        }
        world
    }

    /// Milo is the provider's owner, Dana the client's; she was invited, joined and was admitted.
    pub(crate) fn new() -> Self {
        let mut world = Self::founded(Side::Client);
        let (dana, milo) = (world.dana, world.milo);
        world.bring(milo, dana, ("Dana Cole", Side::Client, &[Role::Owner]));
        world.agree(vec![everything()]);
        world
    }

    /// The next charter, with these clauses.
    pub(crate) fn charter(&mut self, clauses: Vec<Clause>) -> Charter {
        self.charters += 1;
        let id = CharterId::from_parts(self.now, [self.charters; 10]);
        let name = || self.state.party_name().to_owned();
        let parties = match self.state.own_side() {
            Some(Side::Provider) => Parties { provider: name(), client: "nobody".to_owned() },
            Some(Side::Client) | None => Parties { provider: "Park IT".to_owned(), client: name() },
        };
        let before = self.state.charter.iter().chain(&self.state.past);
        let version = before.map(|one| one.charter.version).max().unwrap_or(0) + 1;
        let mut charter = Charter::new(id, version, self.state.tenant, parties);
        charter.clauses = clauses;
        charter
    }

    /// Proposes a charter as it will be signed.
    pub(crate) fn draft(&mut self, charter: Charter) -> Box<Charter> {
        let charter = Box::new(charter);
        self.by(self.milo, Command::ProposeCharter { charter }).unwrap();
        Box::new(Charter::clone(&self.state.draft.as_ref().unwrap().charter))
    }

    /// A charter with these clauses is proposed, signed by an owner of each party and in force.
    pub(crate) fn agree(&mut self, clauses: Vec<Clause>) {
        let charter = self.charter(clauses);
        self.agree_to(charter);
    }

    pub(crate) fn agree_to(&mut self, charter: Charter) {
        let charter = self.draft(charter);
        self.by(self.milo, Command::SignCharter { charter: charter.clone() }).unwrap();
        if self.state.own_side() == Some(Side::Client) {
            self.by(self.dana, Command::SignCharter { charter: charter.clone() }).unwrap();
        }
        assert_eq!(self.state.charter.as_ref().unwrap().charter.charter, charter.charter);
    }

    /// A new device of a person, with which they sign from now on.
    pub(crate) fn device(&mut self, person: PersonId) -> Device {
        self.made += 1;
        let device = Device::new(self.made, person, &format!("device {}", self.made));
        self.devices.insert(person, device.clone());
        device
    }

    pub(crate) fn invite(
        &mut self,
        person: PersonId,
        (name, side, roles): (&str, Side, &[Role]),
    ) -> Command {
        self.made += 1;
        Command::InvitePerson {
            invitation: InvitationId::from_parts(self.now, [self.made; 10]),
            person,
            name: name.into(),
            side,
            roles: roles.to_vec(),
            code: Digest::of(&[self.made]),
            expires: self.now + Span::days(7),
        }
    }

    /// Invited by `by`, joined, admitted by `by`.
    pub(crate) fn bring(
        &mut self,
        by: PersonId,
        person: PersonId,
        who: (&str, Side, &[Role]),
    ) -> PersonId {
        let invite = self.invite(person, who);
        let Command::InvitePerson { code, .. } = invite else { panic!() };
        self.by(by, invite).unwrap();
        let key = self.device(person).key;
        let fingerprint = key.fingerprint();
        self.through(person, "join", Command::Join { code, key: Box::new(key) }).unwrap();
        let called = Some("Called on the number of the contract.".to_owned());
        self.by(by, Command::AdmitPerson { person, fingerprint, called }).unwrap();
        person
    }

    /// One more person of the client with a passkey.
    pub(crate) fn client(&mut self, number: u8, name: &str, roles: &[Role]) -> PersonId {
        let person = PersonId::from_parts(START, [number; 10]);
        self.bring(self.dana, person, (name, Side::Client, roles))
    }

    /// One more person of the provider with a passkey.
    pub(crate) fn staff(&mut self, number: u8, name: &str, roles: &[Role]) -> PersonId {
        let person = PersonId::from_parts(START, [number; 10]);
        let (name, roles) = (name.to_owned(), roles.to_vec());
        let side = Side::Provider;
        self.by(
            self.milo,
            Command::SeatPerson { person: Some(person), name: name.into(), side, roles },
        )
        .unwrap();
        let add = vec![self.device(person).key];
        self.system(Command::MirrorPasskeys { add, revoke: Vec::new() }).unwrap();
        person
    }

    pub(crate) fn cx(&self, actor: Actor) -> Cx {
        Cx::new(self.now, self.entropy.clone(), self.state.tenant, actor)
    }

    pub(crate) fn run(&mut self, actor: Actor, command: Command) -> Result<Vec<Fact>, Code> {
        let cx = self.cx(actor);
        let decided =
            command::lines(&self.state, command, &cx).map_err(|refusal| code(&refusal))?;
        for (_, line) in &decided {
            self.append(line.clone());
        }
        Ok(decided.into_iter().map(|(fact, _)| fact).collect())
    }

    pub(crate) fn append(&mut self, line: Vec<u8>) {
        self.state.fold(self.state.size, &line).unwrap();
        self.lines.push(line);
    }

    pub(crate) fn system(&mut self, command: Command) -> Result<Vec<Fact>, Code> {
        self.run(Actor::system("test"), command)
    }

    /// Through a door, unsigned.
    pub(crate) fn through(
        &mut self,
        id: PersonId,
        door: &str,
        command: Command,
    ) -> Result<Vec<Fact>, Code> {
        self.run(Actor::Person { id, via: door.to_owned() }, command)
    }

    /// By a person, signed if it has to be; gives what it made so.
    pub(crate) fn by(&mut self, person: PersonId, command: Command) -> Result<Vec<Fact>, Code> {
        let actor = Actor::Person { id: person, via: "test".to_owned() };
        if !command.needs_signature(&self.state, &actor) {
            return self.run(actor, command);
        }
        let unsigned = command::decide(&self.state, command.clone(), &self.cx(actor.clone()));
        assert_eq!(unsigned.unwrap_err().code, writ_authority::refusal::NEEDS_SIGNATURE);
        let receipt = self.receipt(person, command)?;
        let facts = self.run(actor, Command::Signed { receipt: Box::new(receipt) })?;
        Ok(facts.into_iter().skip(1).collect())
    }

    pub(crate) fn request(&self, person: PersonId, act: Command) -> Result<Request, Code> {
        let cx = self.cx(Actor::Person { id: person, via: "test".to_owned() });
        Request::new(&self.state, &cx, ORIGIN, Span::minutes(5), act)
            .map_err(|refusal| code(&refusal))
    }

    /// What a person signs with their newest device.
    pub(crate) fn receipt(&mut self, person: PersonId, act: Command) -> Result<Receipt, Code> {
        let request = self.request(person, act)?;
        Ok(self.devices.get_mut(&person).unwrap().sign(request))
    }

    /// The ledger as its verifier sees it.
    pub(crate) fn doubted(&self, root: Option<String>) -> Result<Chain, Broken> {
        doubt(self.state.tenant, &self.lines, root)
    }

    pub(crate) fn propose(&mut self, name: &str) -> AgentId {
        let facts = self.by(self.milo, Command::Propose(new_agent(name))).unwrap();
        match facts.as_slice() {
            [Fact::AgentProposed(described)] => described.agent,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn answer(&mut self, agent: AgentId) {
        let command = Command::SetAccountability {
            subject: Subject::Agent(agent),
            authorizer: Some(self.dana),
            auditor: Some(self.milo),
            terminators: vec![self.dana, self.milo],
        };
        self.by(self.milo, command).unwrap();
    }

    /// An active agent with one instance.
    pub(crate) fn active(&mut self, name: &str) -> (AgentId, InstanceId) {
        let agent = self.propose(name);
        self.answer(agent);
        self.by(self.dana, Command::Activate { agent }).unwrap();
        let code = Digest::of(name.as_bytes());
        let expires = self.now + Span::hours(1);
        self.by(self.milo, Command::OfferEnrollment { agent, code, expires }).unwrap();
        let enroll = Command::Enroll {
            code,
            label: "laptop".to_owned(),
            jkt: format!("jkt-{name}"),
            jwk: "{}".to_owned(),
        };
        match self.system(enroll).unwrap().as_slice() {
            [Fact::InstanceEnrolled { instance, .. }] => (agent, *instance),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn give(
        &mut self,
        agent: AgentId,
        change: impl FnOnce(&mut Grant),
    ) -> Result<GrantId, Code> {
        let mut grant = Grant {
            subject: Subject::Agent(agent),
            server: "mail".to_owned(),
            surface: Surface::Tool,
            name: "send".to_owned(),
            rules: Vec::new(),
            only_named_arguments: false,
            window: None,
            limits: Vec::new(),
            from: None,
            until: None,
            given_by: self.milo,
            reason: "test".to_owned(),
        };
        change(&mut grant);
        match self.by(self.dana, Command::GiveGrant(Box::new(grant)))?.as_slice() {
            [Fact::GrantGiven { grant, says }] => {
                assert_eq!(says.given_by, self.dana, "the actor gives, whatever the body says");
                Ok(*grant)
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn agent(&self, id: AgentId) -> &Agent {
        self.state.agents.get(&id).unwrap()
    }

    pub(crate) fn call(&self, who: (AgentId, InstanceId), name: &str, arguments: &str) -> Decision {
        self.call_with(who, name, arguments, &Unused)
    }

    pub(crate) fn call_with(
        &self,
        (agent, instance): (AgentId, InstanceId),
        name: &str,
        arguments: &str,
        counters: &dyn Counters,
    ) -> Decision {
        let node = json::parse(arguments.as_bytes(), &Limits::REQUEST).unwrap();
        let what = What::Call { surface: Surface::Tool, name, arguments: Some(&node) };
        let epoch = self.state.agents.get(&agent).map_or(0, |agent| agent.epoch);
        let ask = Ask { agent, instance, epoch, server: "mail", what };
        Engine::default().decide(&self.state, &ask, &Moment { at: self.now, counters })
    }

    /// Every ledger of these tests must refold to the same state, also from a snapshot in its middle.
    pub(crate) fn check_ledger(&self) {
        let mut again = State::empty(self.state.tenant);
        for (index, line) in self.lines.iter().enumerate() {
            if index == self.lines.len() / 2 {
                again = State::load(&again.save().unwrap()).unwrap();
            }
            again.fold(index as u64, line).unwrap();
            let entry: Entry = serde_json::from_slice(line).unwrap();
            assert_eq!(&canonical::to_vec(&entry).unwrap(), line, "lines are canonical");
        }
        assert_eq!(again, self.state);
        // After a move to a new root only who insists on both contracts believes it.
        let roots = [self.state.former_root, self.state.root].into_iter().flatten();
        let prints: Vec<_> =
            roots.map(|root| self.state.passkeys.get(&root).unwrap().says.fingerprint()).collect();
        let pinned = self.state.former_root.map(|_| prints.join(","));
        let chain = self.doubted(pinned).unwrap();
        assert_eq!(chain.state(), &self.state, "what was decided honestly is accepted");
    }
}

/// Replays a ledger with doubt, put away and taken up again in its middle.
pub(crate) fn doubt(
    tenant: TenantId,
    lines: &[Vec<u8>],
    root: Option<String>,
) -> Result<Chain, Broken> {
    let mut chain = Chain::new(tenant, root);
    for (index, line) in lines.iter().enumerate() {
        if index == lines.len() / 2 {
            chain = Chain::load(&chain.save().unwrap()).unwrap();
        }
        chain.take(index as u64, line, &Hashes)?;
    }
    chain.finish()?;
    Ok(chain)
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check_ledger();
        }
    }
}

/// The clause that lets everything be done.
pub(crate) fn everything() -> Clause {
    Clause::new("everything", "Everything", &["*"], Mode::Act)
}

pub(crate) fn new_agent(name: &str) -> NewAgent {
    NewAgent {
        name: name.to_owned(),
        kind: AgentKind::AiAgent,
        purpose: "Answers mail about invoices.".to_owned(),
        owner: None,
        group: None,
        models: Vec::new(),
        data_classes: Vec::new(),
        autonomy: writ_authority::Autonomy::Supervised,
        deadline: None,
    }
}

pub(crate) fn grant_by(agent: AgentId, person: PersonId) -> Grant {
    Grant {
        subject: Subject::Agent(agent),
        server: "mail".to_owned(),
        surface: Surface::Tool,
        name: "*".to_owned(),
        rules: Vec::new(),
        only_named_arguments: false,
        window: None,
        limits: Vec::new(),
        from: None,
        until: None,
        given_by: person,
        reason: "r".to_owned(),
    }
}
