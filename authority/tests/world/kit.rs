//! A register walked from its first line through real commands, checked by refolding when it is dropped.
//! Never here: a test.

use std::sync::Arc;

use writ_authority::{
    Agent, AgentKind, Command, Decision, Engine, Grant, State,
    command::{self, NewAgent},
    decide::{Ask, Counters, Moment, What, explain::Unused},
    fact::{Entry, Fact, LedgerFounded, Subject},
    grant::Surface,
};
use writ_model::{
    Actor, AgentId, Code, Cx, Digest, Fold, GrantId, InstanceId, PersonId, Role, Side, Span,
    TenantId, Timestamp, canonical,
    json::{self, Limits},
};
use writ_testkit::SeededEntropy;

/// A register and the clock it lives by.
pub(crate) struct World {
    pub(crate) state: State,
    lines: Vec<Vec<u8>>,
    pub(crate) now: Timestamp,
    entropy: Arc<SeededEntropy>,
    pub(crate) dana: PersonId,
    pub(crate) milo: PersonId,
}

pub(crate) const START: Timestamp = Timestamp::from_micros(1_793_714_580_000_000); // Tue 2026-11-03 14:03 UTC

impl World {
    /// Milo is the provider's owner, Dana the client's.
    pub(crate) fn new() -> Self {
        let tenant = TenantId::from_parts(START, [1; 10]);
        let entropy = Arc::new(SeededEntropy::new(7));
        let dana = PersonId::from_parts(START, [2; 10]);
        let milo = PersonId::from_parts(START, [3; 10]);
        let state = State::empty(tenant);
        let mut world = Self { state, lines: Vec::new(), now: START, entropy, dana, milo };
        let founded = LedgerFounded {
            tenant,
            side: Side::Client,
            name: "Harbor Books".to_owned(),
            slug: "harbor-books".to_owned(),
            provider: None,
            checkpoint_key: "test+00000000+AQ==".to_owned(),
        };
        let people = vec![
            (milo, "Milo Park".to_owned(), Side::Provider, vec![Role::Owner]),
            (dana, "Dana Cole".to_owned(), Side::Client, vec![Role::Owner]),
        ];
        world.system(Command::Found { founded, people }).unwrap();
        world
    }

    pub(crate) fn run(&mut self, actor: Actor, command: Command) -> Result<Vec<Fact>, Code> {
        let cx = Cx::new(self.now, self.entropy.clone(), self.state.tenant, actor);
        let decided = command::lines(&self.state, command, &cx).map_err(|refusal| {
            assert!(
                !refusal.what.is_empty() && !refusal.cure.is_empty() && !refusal.field.is_empty()
            );
            refusal.code
        })?;
        for (_, line) in &decided {
            let index = self.state.size;
            self.state.fold(index, line).unwrap();
            self.lines.push(line.clone());
        }
        Ok(decided.into_iter().map(|(fact, _)| fact).collect())
    }

    pub(crate) fn system(&mut self, command: Command) -> Result<Vec<Fact>, Code> {
        self.run(Actor::system("test"), command)
    }

    pub(crate) fn by(&mut self, person: PersonId, command: Command) -> Result<Vec<Fact>, Code> {
        self.run(Actor::Person { id: person, via: "test".to_owned() }, command)
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
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check_ledger();
        }
    }
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
