//! Tenants as they look after some time: people, agents with instances, grants with conditions. As ledger lines.
//!
//! Never here: a shortcut around the fold; everything that is measured was folded from these lines.

use anyhow::Result;
use writ_authority::{
    Admitted, AgentKind, Attestation, Autonomy, Entry, Fact, Grant, Passkey, Window,
    condition::{ArgRule, Condition},
    fact::{AgentDescribed, LedgerFounded, PersonSeated, Subject},
    grant::Surface,
};
use writ_identity::{AgentKey, Jwk};
use writ_model::{
    Actor, AgentId, Digest, EnrollmentId, Entropy as _, GroupId, Id, InstanceId, PasskeyId,
    PersonId, Role, Side, Span, TenantId, Timestamp,
};
use writ_testkit::SeededEntropy;

use super::charter::charter;

/// How large a tenant is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Active agents.
    pub(crate) agents: usize,
    /// Grants of each.
    pub(crate) grants: usize,
}

/// One agent of a tenant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    /// The agent.
    pub(crate) agent: AgentId,
    /// Its one instance.
    pub(crate) instance: InstanceId,
}

/// A tenant's ledger and who is in it.
#[derive(Debug)]
pub(crate) struct Tenant {
    /// Whose.
    pub(crate) id: TenantId,
    /// Its lines in order.
    pub(crate) lines: Vec<Vec<u8>>,
    /// Its agents.
    pub(crate) members: Vec<Member>,
}

/// A person of the provider who really exists, with the passkey that they really have.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// Who.
    pub(crate) person: PersonId,
    /// Their key.
    pub(crate) passkey: Passkey,
}

/// The people of one tenant.
#[derive(Debug, Clone)]
struct People {
    engineer: PersonId,
    auditor: PersonId,
    owner: PersonId,
    /// The engineer's key, if they really exist.
    key: Option<Passkey>,
}

/// Makes tenants. The same seed makes the same ones.
#[derive(Debug)]
pub(crate) struct Maker {
    entropy: SeededEntropy,
    at: Timestamp,
    made: usize,
}

/// A ledger being written.
struct Pen<'a> {
    maker: &'a Maker,
    actor: Actor,
    lines: Vec<Vec<u8>>,
}

impl<'a> Pen<'a> {
    fn new(maker: &'a Maker, people: &People) -> Self {
        let actor = Actor::Person { id: people.engineer, via: "api".to_owned() };
        Self { maker, actor, lines: Vec::new() }
    }

    fn write(&mut self, fact: Fact) -> Result<()> {
        let entry = Entry::by(self.actor.clone(), self.maker.at, fact);
        self.lines.push(entry.to_line().map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?);
        Ok(())
    }
}

impl Maker {
    /// A maker whose ids and facts are of this instant.
    pub(crate) fn new(seed: u64, at: Timestamp) -> Self {
        Self { entropy: SeededEntropy::new(seed), at, made: 0 }
    }

    /// A new id.
    pub(crate) fn id<K: writ_model::Kind>(&self) -> Id<K> {
        let mut random = [0; 10];
        self.entropy.fill(&mut random);
        Id::from_parts(self.at, random)
    }

    /// A client of this size. `key` gives each agent's instance its public key.
    ///
    /// # Errors
    /// If a line cannot be written.
    pub(crate) fn client(
        &mut self,
        provider: TenantId,
        size: Size,
        key: &mut dyn FnMut(Member) -> Result<Jwk>,
    ) -> Result<Tenant> {
        let people = self.people();
        self.founded(provider, &people, size, key)
    }

    /// The same, with this engineer of the provider.
    ///
    /// # Errors
    /// If a line cannot be written.
    pub(crate) fn client_of(
        &mut self,
        provider: TenantId,
        engineer: Person,
        size: Size,
        key: &mut dyn FnMut(Member) -> Result<Jwk>,
    ) -> Result<Tenant> {
        let Person { person, passkey } = engineer;
        let people = People { engineer: person, key: Some(passkey), ..self.people() };
        self.founded(provider, &people, size, key)
    }

    fn founded(
        &mut self,
        provider: TenantId,
        people: &People,
        size: Size,
        key: &mut dyn FnMut(Member) -> Result<Jwk>,
    ) -> Result<Tenant> {
        self.made += 1;
        let made = self.made;
        let id: TenantId = self.id();
        let mut pen = Pen::new(self, people);
        pen.write(Fact::LedgerFounded(LedgerFounded {
            tenant: id,
            side: Side::Client,
            name: format!("Client {made}"),
            slug: format!("client-{made}"),
            provider: Some(provider),
            checkpoint_key: format!("client-{made}.example+00000000+AQ=="),
        }))?;
        let members = crew(&mut pen, (id, people), size, key)?;
        Ok(Tenant { id, lines: pen.lines, members })
    }

    /// Lines that seat people, put a charter in force and employ agents, for a ledger that is founded already.
    ///
    /// # Errors
    /// If a line cannot be written.
    pub(crate) fn crew(
        &mut self,
        tenant: TenantId,
        size: Size,
        key: &mut dyn FnMut(Member) -> Result<Jwk>,
    ) -> Result<Vec<Vec<u8>>> {
        let people = self.people();
        let mut pen = Pen::new(self, &people);
        crew(&mut pen, (tenant, &people), size, key)?;
        Ok(pen.lines)
    }

    fn people(&self) -> People {
        People { engineer: self.id(), auditor: self.id(), owner: self.id(), key: None }
    }
}

/// People, their charter, a group that answers for its agents, and the agents with their grants.
fn crew(
    pen: &mut Pen<'_>,
    (tenant, people): (TenantId, &People),
    size: Size,
    key: &mut dyn FnMut(Member) -> Result<Jwk>,
) -> Result<Vec<Member>> {
    seat(pen, people)?;
    agree(pen, tenant, people)?;
    let group: GroupId = pen.maker.id();
    pen.write(Fact::GroupCreated { group, name: "Shop".to_owned(), parent: None })?;
    pen.write(Fact::AccountabilitySet {
        subject: Subject::Group(group),
        authorizer: Some(people.owner),
        auditor: Some(people.auditor),
        terminators: vec![people.engineer, people.owner],
    })?;
    let mut members = Vec::with_capacity(size.agents);
    for at in 0..size.agents {
        let member = Member { agent: pen.maker.id(), instance: pen.maker.id() };
        let jwk = key(member)?;
        employ(pen, member, people, (group, at), &jwk)?;
        for nth in 0..size.grants {
            let says = Box::new(grant(member.agent, people.engineer, nth));
            pen.write(Fact::GrantGiven { grant: pen.maker.id(), says })?;
        }
        members.push(member);
    }
    Ok(members)
}

fn seat(pen: &mut Pen<'_>, people: &People) -> Result<()> {
    let jwk = shared_key()?.to_json();
    for (person, name, side, roles) in [
        (people.engineer, "Mara Lind", Side::Provider, vec![Role::Engineer]),
        (people.auditor, "Ivo Brandt", Side::Provider, vec![Role::Auditor]),
        (people.owner, "June Harbor", Side::Client, vec![Role::Owner]),
    ] {
        pen.write(Fact::PersonSeated(PersonSeated { person, name: name.into(), side, roles }))?;
        let real = people.key.clone().filter(|key| key.person == person);
        let key = real.unwrap_or_else(|| passkey(pen, person, &jwk));
        let admitted = match side {
            Side::Provider => Admitted::Mirrored,
            Side::Client => Admitted::Admission,
        };
        pen.write(Fact::PasskeyAdded { key: Box::new(key), admitted })?;
    }
    Ok(())
}

/// The charter in force, as if both parties had signed it.
fn agree(pen: &mut Pen<'_>, tenant: TenantId, people: &People) -> Result<()> {
    let charter = charter(pen.maker.id(), tenant, "Harbor Books");
    let (id, digest) = (charter.charter, charter.digest());
    pen.write(Fact::CharterProposed { charter: Box::new(charter) })?;
    for (person, side) in [(people.engineer, Side::Provider), (people.owner, Side::Client)] {
        pen.write(Fact::CharterSigned { charter: id, digest, person, side })?;
    }
    pen.write(Fact::CharterInForce { charter: id, digest })
}

/// A passkey that nobody ever signs with here: without one, nobody may answer for an agent.
fn passkey(pen: &Pen<'_>, person: PersonId, jwk: &str) -> Passkey {
    let passkey: PasskeyId = pen.maker.id();
    Passkey {
        passkey,
        person,
        label: "bench".to_owned(),
        credential: passkey.to_string(),
        jwk: jwk.to_owned(),
        alg: "EdDSA".to_owned(),
        rp_id: "localhost".to_owned(),
        origin: "http://localhost".to_owned(),
        aaguid: "00000000-0000-0000-0000-000000000000".to_owned(),
        synced: false,
        backed_up: false,
        attestation: Attestation::None,
        counter: 0,
    }
}

fn employ(
    pen: &mut Pen<'_>,
    member: Member,
    people: &People,
    (group, nth): (GroupId, usize),
    jwk: &Jwk,
) -> Result<()> {
    let Member { agent, instance, .. } = member;
    pen.write(Fact::AgentProposed(AgentDescribed {
        agent,
        name: format!("clerk-{nth}"),
        kind: AgentKind::AiAgent,
        purpose: "Answers customers and sends them what they ask for.".to_owned(),
        owner: Some(people.owner),
        group: Some(group),
        models: vec!["example-model-1".to_owned()],
        data_classes: vec!["customer".to_owned()],
        autonomy: Autonomy::Supervised,
        deadline: None,
    }))?;
    pen.write(Fact::AgentChartered {
        agent,
        authorizer: people.owner,
        auditor: people.auditor,
        terminators: vec![people.engineer, people.owner],
    })?;
    pen.write(Fact::AgentActivated { agent })?;
    let enrollment: EnrollmentId = pen.maker.id();
    let code = Digest::of(&enrollment.to_bytes());
    let expires = pen.maker.at + Span::hours(1);
    pen.write(Fact::EnrollmentOffered { enrollment, agent, code, expires })?;
    pen.write(Fact::InstanceEnrolled {
        enrollment,
        agent,
        instance,
        label: "bench".to_owned(),
        jkt: jwk.thumbprint().to_string(),
        jwk: jwk.to_json(),
    })
}

/// The nth grant of an agent: mail to the client's own domain first, then a mix of conditions over other tools.
fn grant(agent: AgentId, given_by: PersonId, nth: usize) -> Grant {
    let rule = |path: &str, must| ArgRule { path: path.to_owned(), must, optional: false };
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let (server, name, rules) = match nth {
        0 => {
            let own = Condition::Domains(words(&["harbor-books.example", "harbor.example"]));
            let short = rule("/body", Condition::Size(4000));
            ("mail", "send_message".to_owned(), vec![rule("/to", own), short])
        }
        1 => ("mail", "list_messages".to_owned(), Vec::new()),
        2 => {
            let most = rule("/amount", Condition::AtMost("250.00".to_owned()));
            let euro = rule("/currency", Condition::OneOf(words(&["EUR"])));
            ("payments", "pay".to_owned(), vec![most, euro])
        }
        3 => {
            let under = Condition::Under(words(&["/srv/shared/orders"]));
            ("files", "read_file".to_owned(), vec![rule("/path", under)])
        }
        4 => {
            let partner = Condition::Domains(words(&["partner.example"]));
            ("mail", "send_*".to_owned(), vec![rule("/to", partner)])
        }
        _ => {
            let like = Condition::Like(words(&["order-*", "return-*"]));
            ("customers", format!("search_{nth}"), vec![rule("/query", like)])
        }
    };
    let office = Window {
        zone: "Europe/Berlin".to_owned(),
        days: vec![1, 2, 3, 4, 5],
        from_minute: 8 * 60,
        to_minute: 18 * 60,
    };
    Grant {
        subject: Subject::Agent(agent),
        server: server.to_owned(),
        surface: Surface::Tool,
        name,
        rules,
        only_named_arguments: false,
        window: (nth % 5 == 3).then_some(office),
        limits: Vec::new(),
        from: None,
        until: None,
        given_by,
        reason: "Needed for daily work.".to_owned(),
    }
}

/// One public key for all, where nobody signs.
///
/// # Errors
/// If no key can be made.
pub(crate) fn shared_key() -> Result<Jwk> {
    Ok(AgentKey::generate()?.jwk())
}
