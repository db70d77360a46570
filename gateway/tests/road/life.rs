//! Time travel: a random life of a client (grants, charters, suspensions, approvals, freezes, observing, endings) through
//! the real gateway; then every recorded decision is made again from the ledger as it was then and from what the record
//! keeps, and must come out the same.

use std::collections::BTreeMap;

use bytes::Bytes;
use writ_authority::{
    ArgRule, Ask, Condition, Decision, Engine, Fact, Moment, State, What,
    decide::explain::Recorded,
    fact::Subject,
    grant::{Limit as GrantLimit, Period, Surface},
};
use writ_charter::{Charter, Clause, Hours, Limit, Mode, Money, Naming, Per, Unless, When};
use writ_lake::{CallFilter, Record};
use writ_model::{
    AgentId, Entropy as _, Fold as _, GrantId, HoldId, PersonId, Side, Span,
    json::{Limits, parse},
    ocsf::Disposition,
};
use writ_store::{Space, SqliteVault, Vault as _};
use writ_testkit::SeededEntropy;

use crate::{
    upstream::Upstream,
    world::{Agent, Says, World, approve, clause, limited, naming},
};

/// Calls made; each is one record at least.
const CALLS: usize = 1_150;
const TOOLS: [&str; 8] = ["send", "pay", "read", "write", "ask", "never", "odd", "watched"];
const CLASSES: [&str; 6] =
    ["mail.send", "payment.release", "file.read", "file.write", "data.share", "tool.use"];

/// Dice that fall the same way each time.
struct Dice(SeededEntropy);

impl Dice {
    fn below(&self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_be_bytes(bytes) % bound as u64).unwrap()
    }

    fn of<'a, T>(&self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    fn minutes(&self, most: usize) -> Span {
        Span::minutes(i64::try_from(1 + self.below(most)).unwrap())
    }

    fn one_in(&self, bound: usize) -> bool {
        self.below(bound) == 0
    }
}

fn limits(dice: &Dice) -> Vec<Limit> {
    let per = *dice.of(&[Per::Hour, Per::Day]);
    let most = 1 + dice.below(12) as u64;
    match dice.below(5) {
        0 => vec![Limit::Count { most, per }],
        1 => {
            let most = Money { amount: (most * 20).to_string(), currency: "EUR".to_owned() };
            vec![Limit::Money { most, per }]
        }
        2 => vec![Limit::Concurrent { most: 1 }, Limit::Count { most, per }],
        _ => Vec::new(),
    }
}

fn mode(dice: &Dice) -> Mode {
    match dice.below(9) {
        0 => Mode::Refuse,
        1 => Mode::Propose,
        2 | 3 => approve(),
        4 => Mode::NotifyAndAct,
        _ => Mode::Act,
    }
}

fn charter(dice: &Dice, agents: &[Agent], charter: &mut Charter) {
    let money = |name: &str| Naming {
        amount: Some("/amount".to_owned()),
        currency: Some("EUR".to_owned()),
        ..naming(name, "payment.release")
    };
    charter.counts_as = vec![naming("send", "mail.send"), money("pay")];
    for name in ["read", "write", "odd", "never"] {
        if !dice.one_in(3) {
            charter.counts_as.push(naming(name, dice.of::<&str>(&CLASSES)));
        }
    }
    charter.clauses.clear();
    if !dice.one_in(4) {
        charter.clauses.push(limited("all", "*", Mode::Act, limits(dice)));
    }
    for number in 0..2 + dice.below(4) {
        let key = format!("c{number}");
        let mut made: Clause = limited(&key, dice.of::<&str>(&CLASSES), mode(dice), limits(dice));
        if matches!(made.mode, Mode::Refuse | Mode::Propose) {
            made.limits.clear();
        }
        if dice.one_in(3) {
            made.scope.agents = vec![dice.of(agents).id];
        }
        if dice.one_in(4) {
            made.when.hours = Some(*dice.of(&[Hours::Inside, Hours::Outside]));
        }
        if dice.one_in(4) {
            let amount_over = Some(Money { amount: "50".to_owned(), currency: "EUR".to_owned() });
            made.unless.push(Unless {
                when: When { amount_over, ..When::default() },
                ..Unless::default()
            });
        }
        charter.clauses.push(made);
    }
    charter.clauses.push(clause("never", "backup.*", Mode::Refuse));
}

struct Life {
    upstream: Upstream,
    world: World,
    dice: Dice,
    agents: Vec<Agent>,
    grants: Vec<GrantId>,
    calls: usize,
}

impl Life {
    async fn begin() -> Self {
        let upstream = Upstream::start().await;
        let world = World::new(vec![upstream.server("mail")]).await;
        let first = world.agent(1).await;
        let copy = world.instance(first.tenant, first.id, 5).await;
        let dice = Dice(SeededEntropy::new(3));
        let mut life =
            Self { upstream, world, dice, agents: vec![first, copy], grants: Vec::new(), calls: 0 };
        for name in ["*", "send", "pay"] {
            life.grant(name).await;
        }
        life
    }

    async fn grant(&mut self, name: &str) {
        let dice = &self.dice;
        let must = Condition::OneOf(vec!["ann@good.example".into(), "bob@good.example".into()]);
        let rules = vec![ArgRule { path: "/to".to_owned(), must, optional: true }];
        let count = 2 + dice.below(20) as u64;
        let limits = vec![GrantLimit { count, per: *dice.of(&[Period::Minute, Period::Hour]) }];
        let says = Says {
            rules: if dice.one_in(2) { rules } else { Vec::new() },
            limits: if dice.one_in(2) { limits } else { Vec::new() },
            ..Says::tool("mail", name)
        };
        let grant = self.world.grant(&self.agents[0], says).await;
        self.grants.push(grant);
    }

    async fn write(&self, fact: Fact) {
        self.world.write(self.agents[0].tenant, vec![fact]).await;
    }

    async fn call(&mut self) {
        let dice = &self.dice;
        let agent = dice.of(&self.agents);
        let to = dice.of(&["ann@good.example", "bob@good.example", "eve@evil.example"]);
        let amount = dice.of(&["1", "20.5", "60", "-1", "\"x\"", "90071992547409921"]);
        let name = dice.of(&TOOLS);
        let holds = self.world.holds(agent.tenant);
        let params = if dice.one_in(8) && !holds.is_empty() {
            let (hold, _) = dice.of(&holds);
            format!(r#"{{"name":"writ_pending","arguments":{{"hold_id":"{hold}"}}}}"#)
        } else {
            format!(r#"{{"name":"{name}","arguments":{{"to":"{to}","amount":{amount}}}}}"#)
        };
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        let both = dice.one_in(6);
        let once = self.world.post(agent, "/mcp/mail", &body).await;
        assert!(!once.code().starts_with("IDEN"), "{once:?}");
        self.calls += 1;
        if once.json()["result"]["_meta"]["writ/hold"].is_object() && dice.one_in(2) {
            self.answer(1).await;
            self.world.post(agent, "/mcp/mail", &body).await;
            self.calls += 1;
        }
        if both {
            // Two at once: they race for limits and approvals.
            tokio::join!(
                self.world.post(agent, "/mcp/mail", &body),
                self.world.post(agent, "/mcp/mail", &body)
            );
            self.calls += 2;
        }
    }

    /// Something changes.
    async fn turn(&mut self) {
        let reason = || "life".to_owned();
        let side = *self.dice.of(&[Side::Provider, Side::Client]);
        let agent: AgentId = self.agents[0].id;
        let tenant = self.agents[0].tenant;
        let clause = format!("c{}", self.dice.below(4));
        match self.dice.below(15) {
            0 => {
                let name = (*self.dice.of(&["*", "send", "pay", "read", "w*"])).to_owned();
                self.grant(&name).await;
            }
            1 if self.grants.len() > 2 => {
                let grant = self.grants.remove(self.dice.below(self.grants.len()));
                self.write(Fact::GrantRevoked { grant, reason: reason() }).await;
            }
            2 | 3 => {
                let (dice, agents) = (&self.dice, &self.agents);
                self.world.charter(tenant, |one| charter(dice, agents, one)).await;
            }
            4 => {
                let clause = (!self.dice.one_in(4)).then_some(clause);
                self.write(Fact::DelegationSuspended { clause, side, reason: reason() }).await;
            }
            5 => self.resume().await,
            6 => self.write(Fact::ClientFrozen { side, reason: reason() }).await,
            7 | 8 => self.thaw().await,
            9 | 10 => self.answer(4).await,
            11 if self.dice.one_in(2) => {
                let subject = self.dice.one_in(2).then_some(Subject::Agent(agent));
                let until = self.world.clock_now() + self.dice.minutes(20);
                self.write(Fact::ObserveSet { subject, until, reason: reason() }).await;
            }
            12 => self.write(Fact::ObserveEnded { subject: None }).await,
            13 => {
                self.write(Fact::AgentQuarantined { agent, reason: reason() }).await;
                self.call().await;
                self.write(Fact::AgentReleased { agent }).await;
            }
            _ => self.world.advance(self.dice.minutes(45)),
        }
    }

    async fn resume(&self) {
        let view = self.world.tenants.cached(self.agents[0].tenant).unwrap();
        for (side, clause) in view.state.suspensions.keys() {
            self.write(Fact::DelegationResumed { clause: clause.clone(), side: *side }).await;
        }
    }

    async fn thaw(&self) {
        for side in [Side::Provider, Side::Client] {
            self.write(Fact::ClientThawed { side }).await;
        }
    }

    /// Somebody answers some holds.
    async fn answer(&self, last: usize) {
        for (hold, digest) in self.world.holds(self.agents[0].tenant).into_iter().rev().take(last) {
            let person = PersonId::from_bytes([12; 16]);
            let fact = if self.dice.one_in(5) {
                Fact::ApprovalRefused { hold, person, words: "no".to_owned() }
            } else {
                Fact::ApprovalGiven { hold, person, digest, deputy_of: None, words: None }
            };
            self.write(fact).await;
        }
    }

    /// Every record, in the order of the ledger they were decided on.
    async fn records(&self) -> Vec<Record> {
        self.world.lake.flush().await.unwrap();
        let tenant = Some(self.agents[0].tenant);
        let mut filter = CallFilter { tenant, limit: 500, ..CallFilter::default() };
        let mut all = Vec::new();
        loop {
            let page = self.world.lake.page(filter).await.unwrap();
            all.extend(page.calls.into_iter().map(|call| call.record));
            let Some(next) = page.next else { break };
            filter.before = Some(next);
        }
        all.sort_by_key(|record| (record.inputs.tree_size, record.seq));
        all
    }

    async fn lines(&self) -> Vec<Bytes> {
        let mut lines = Vec::new();
        loop {
            let ledger = self.world.tenants.ledger();
            let tenant = self.agents[0].tenant;
            let next = ledger.read(tenant, lines.len() as u64, usize::MAX).await.unwrap();
            if next.is_empty() {
                return lines;
            }
            lines.extend(next);
        }
    }
}

/// What was decided, as it is compared: effect, code, clauses, hold.
type Said = (&'static str, String, String, Option<HoldId>);

fn again(engine: &Engine, state: &State, record: &Record, plain: &[u8]) -> Said {
    let node = parse(plain, &Limits::REQUEST).unwrap();
    let (name, arguments) = (node.get("name").unwrap().as_str().unwrap(), node.get("arguments"));
    let what = match record.surface.as_str() {
        "tool" => What::Call { surface: Surface::Tool, name, arguments },
        // Asked after a hold, and may not talk to the server at all.
        _ => What::Session,
    };
    let ask = Ask {
        agent: record.agent,
        instance: record.instance,
        epoch: record.inputs.epoch,
        server: &record.server,
        what,
    };
    let list = |text: &str| if text.is_empty() { "[]".to_owned() } else { text.to_owned() };
    let counters = Recorded {
        grants: serde_json::from_str(&list(&record.inputs.reads)).unwrap(),
        clauses: serde_json::from_str(&list(&record.inputs.clause_reads)).unwrap(),
    };
    let decision = engine.decide(state, &ask, &Moment { at: record.at, counters: &counters });
    let (effect, hold) = match &decision {
        Decision::Permit(permitted) => ("permit", permitted.approval()),
        Decision::Deny(_) => ("deny", None),
        Decision::Hold(held) => ("deny", held.existing),
    };
    let clauses = match decision.clauses() {
        [] => String::new(),
        clauses => serde_json::to_string(clauses).unwrap(),
    };
    (effect, decision.code().to_string(), clauses, hold)
}

#[tokio::test]
async fn a_thousand_decisions_of_a_random_life_come_out_the_same_again() {
    let mut life = Life::begin().await;
    while life.calls < CALLS {
        for _ in 0..=life.dice.below(6) {
            life.call().await;
        }
        life.turn().await;
        // Nobody stays frozen for long, or the life would be a dull one.
        if life.dice.one_in(3) {
            life.thaw().await;
            life.resume().await;
        }
    }
    let (records, lines) = (life.records().await, life.lines().await);
    let tenant = life.agents[0].tenant;
    let vault = SqliteVault::open(life.world.folder.path()).unwrap();
    let sealer = vault.sealer(Space::Tenant(tenant)).await.unwrap();
    let engine = Engine::default();
    let mut state = State::empty(tenant);
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let mut compared = 0;
    for record in &records {
        while state.size < record.inputs.tree_size {
            state.fold(state.size, &lines[usize::try_from(state.size).unwrap()]).unwrap();
        }
        *codes.entry(record.code.clone()).or_default() += 1;
        if record.code.starts_with("GATE") {
            // Decided, and then withheld or lost on its way: the code says that, not the decision.
            continue;
        }
        let plain = sealer.open(&record.call.to_bytes(), &record.inputs.arguments).unwrap();
        let said = again(&engine, &state, record, plain.expose());
        let effect = if record.effect == Disposition::Blocked { "deny" } else { "permit" };
        // A hold's first record names the hold that it made, which was not there when it was decided.
        let hold = said.3.or(record.inputs.hold.filter(|_| effect == "deny"));
        let was = (effect, record.code.clone(), record.inputs.clauses.clone(), record.inputs.hold);
        assert_eq!((said.0, said.1, said.2, hold), was, "{record:?}");
        compared += 1;
    }
    assert!(compared >= 1_000, "{compared} of {}: {codes:?}", records.len());
    for code in [
        "PERM-0001",
        "PERM-0003",
        "PERM-0004",
        "HOLD-0001",
        "DENY-0004",
        "DENY-0011",
        "DENY-0012",
        "DENY-0014",
        "DENY-0021",
        "DENY-0022",
        "DENY-0023",
        "DENY-0024",
        "DENY-0025",
        "DENY-0026",
        "DENY-0027",
        "DENY-0028",
    ] {
        assert!(codes.contains_key(code), "no {code} in this life: {codes:?}");
    }
    let consumed = life.world.facts(tenant, "approval_consumed").await;
    let approved = records.iter().filter(|one| one.code == "PERM-0003").count();
    assert!(approved <= consumed.len(), "each approval was used once at most");
    assert!(!life.upstream.seen().is_empty());
}
