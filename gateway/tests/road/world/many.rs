//! Many agents of one client.

use writ_authority::{
    AgentKind, Autonomy, Fact, Grant,
    fact::{AgentDescribed, Subject},
    grant::Surface,
};
use writ_identity::AgentKey;
use writ_model::{
    AgentId, Clock as _, Digest, EnrollmentId, GrantId, InstanceId, PersonId, Span, TenantId,
};

use super::{Agent, World};

/// What makes an agent that works.
pub(super) fn activated(agent: AgentId, name: String) -> [Fact; 4] {
    let [pat, chris, cleo] = [11, 12, 13].map(|person| PersonId::from_bytes([person; 16]));
    let described = AgentDescribed {
        agent,
        name,
        kind: AgentKind::AiAgent,
        purpose: "to be tested".to_owned(),
        owner: None,
        group: None,
        models: Vec::new(),
        data_classes: Vec::new(),
        autonomy: Autonomy::Supervised,
        deadline: None,
    };
    let terminators = vec![pat, chris];
    [
        Fact::AgentProposed(described),
        Fact::AccountabilitySet {
            subject: Subject::Agent(agent),
            authorizer: Some(chris),
            auditor: Some(cleo),
            terminators: terminators.clone(),
        },
        Fact::AgentChartered { agent, authorizer: chris, auditor: cleo, terminators },
        Fact::AgentActivated { agent },
    ]
}

impl World {
    /// So many more agents of a client that is there, each with a running copy and a grant for every tool of a server.
    pub(crate) async fn crowd(&self, tenant: TenantId, server: &str, count: u16) -> Vec<Agent> {
        let (mut facts, mut agents) = (Vec::new(), Vec::new());
        for number in 0..count {
            let [high, low] = number.to_be_bytes();
            let id = |kind: u8| [kind, high, low, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7];
            let (agent, key) = (AgentId::from_bytes(id(1)), AgentKey::generate().unwrap());
            let enrollment = EnrollmentId::from_bytes(id(2));
            let instance = InstanceId::from_bytes(id(3));
            facts.extend(activated(agent, format!("one-of-many-{number}")));
            facts.push(Fact::EnrollmentOffered {
                enrollment,
                agent,
                code: Digest::of(&number.to_be_bytes()),
                expires: self.clock.now() + Span::minutes(10),
            });
            facts.push(Fact::InstanceEnrolled {
                enrollment,
                agent,
                instance,
                label: "test".to_owned(),
                jkt: key.thumbprint().to_string(),
                jwk: key.jwk().to_json(),
            });
            let says = Grant {
                subject: Subject::Agent(agent),
                server: server.to_owned(),
                surface: Surface::Tool,
                name: "*".to_owned(),
                rules: Vec::new(),
                only_named_arguments: false,
                window: None,
                limits: Vec::new(),
                from: None,
                until: None,
                given_by: PersonId::from_bytes([12; 16]),
                reason: "test".to_owned(),
            };
            let grant = GrantId::from_bytes(id(4));
            facts.push(Fact::GrantGiven { grant, says: Box::new(says) });
            agents.push(Agent { tenant, id: agent, instance, key });
        }
        self.write(tenant, facts).await;
        agents
    }
}
