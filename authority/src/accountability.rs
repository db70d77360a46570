//! The three answers: who authorised it, who audits it, who can end it. Set on an agent or a group, inherited, and never
//! complete while one of the people is missing, gone, or both authorizer and auditor.
//! Never here: roles and seats (`command/`).

use serde::{Deserialize, Serialize};
use writ_model::{GroupId, PersonId, Side, Timestamp};

use crate::{agent::Agent, state::State};

/// The answers as set in one place; what is empty inherits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Accountability {
    /// Who authorised it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authorizer: Option<PersonId>,
    /// Who audits it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub auditor: Option<PersonId>,
    /// Who can end it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub terminators: Vec<PersonId>,
    /// When it was set.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub set_at: Option<Timestamp>,
}

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Set on the agent.
    Agent,
    /// Inherited from this group.
    Group(GroupId),
}

/// The three answers of an agent, inheritance resolved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Answers {
    /// Who authorised it, and where that is set.
    pub authorizer: Option<(PersonId, Source)>,
    /// Who audits it.
    pub auditor: Option<(PersonId, Source)>,
    /// Who can end it.
    pub terminators: Vec<(PersonId, Source)>,
}

/// What keeps the answers from being complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Nobody authorised it.
    Authorizer,
    /// Nobody audits it.
    Auditor,
    /// Authorizer and auditor are the same person.
    SamePerson(PersonId),
    /// Nobody of this side can end it.
    Terminator(Side),
    /// The person named is not seated here any more, since then.
    Left(PersonId, Timestamp),
    /// The person named was never seated here.
    Stranger(PersonId),
    /// The person named has no passkey here, so nothing can be signed by them.
    NoPasskey(PersonId),
}

impl Missing {
    /// What is missing, in words.
    pub fn words(&self, state: &State) -> String {
        match self {
            Self::Authorizer => "nobody is named who authorised it".to_owned(),
            Self::Auditor => "nobody is named who audits it".to_owned(),
            Self::SamePerson(id) => format!(
                "{} is both authorizer and auditor; these must be two people",
                state.person_name(*id)
            ),
            Self::Terminator(side) => format!("nobody of the {side} can end it"),
            Self::Left(id, at) => format!("{} left on {at}", state.person_name(*id)),
            Self::Stranger(id) => format!("{id} has no seat here"),
            Self::NoPasskey(id) => format!("{} has no passkey here", state.person_name(*id)),
        }
    }

    /// What would cure it.
    pub fn cure(&self) -> String {
        match self {
            Self::Authorizer => "Name an authorizer on the agent or its group.".to_owned(),
            Self::Auditor => "Name an auditor on the agent or its group.".to_owned(),
            Self::SamePerson(_) => "Name somebody else as auditor.".to_owned(),
            Self::Terminator(side) => format!("Name a terminator of the {side}."),
            Self::Left(..) | Self::Stranger(_) => "Name somebody who is seated here.".to_owned(),
            Self::NoPasskey(_) => {
                "Have them get a passkey (a recovery if they lost theirs), or name somebody who has one."
                    .to_owned()
            }
        }
    }
}

impl State {
    /// The answers of an agent, inheritance resolved: the agent's own, then its groups', nearest first.
    /// A shadow has those of its original.
    pub fn answers(&self, agent: &Agent) -> Answers {
        let agent = self.original(agent);
        let own = std::iter::once((Source::Agent, &agent.accountability));
        let chain = self.group_chain(agent.group());
        let groups = chain.iter().map(|(id, group)| (Source::Group(*id), &group.accountability));
        let mut out = Answers::default();
        for (source, set) in own.chain(groups) {
            out.authorizer = out.authorizer.or(set.authorizer.map(|id| (id, source)));
            out.auditor = out.auditor.or(set.auditor.map(|id| (id, source)));
            if out.terminators.is_empty() {
                out.terminators = set.terminators.iter().map(|id| (*id, source)).collect();
            }
        }
        out
    }

    /// Everything that keeps an agent's answers from being complete; empty means complete.
    pub fn missing(&self, answers: &Answers) -> Vec<Missing> {
        let mut out = Vec::new();
        match &answers.authorizer {
            None => out.push(Missing::Authorizer),
            Some((id, _)) => out.extend(self.absent(*id)),
        }
        match &answers.auditor {
            None => out.push(Missing::Auditor),
            Some((id, _)) => out.extend(self.absent(*id)),
        }
        if let (Some((one, _)), Some((two, _))) = (&answers.authorizer, &answers.auditor)
            && one == two
        {
            out.push(Missing::SamePerson(*one));
        }
        for side in [Side::Provider, Side::Client] {
            let able = |(id, _): &(PersonId, Source)| {
                self.people
                    .get(id)
                    .is_some_and(|person| person.active() && person.side == side && person.keys > 0)
            };
            if !answers.terminators.iter().any(able) {
                let gone = answers.terminators.iter().filter_map(|(id, _)| {
                    self.people.get(id).filter(|person| person.side == side)?;
                    self.absent(*id)
                });
                out.extend(gone);
                out.push(Missing::Terminator(side));
            }
        }
        out.dedup();
        out
    }

    fn absent(&self, id: PersonId) -> Option<Missing> {
        match self.people.get(&id) {
            None => Some(Missing::Stranger(id)),
            Some(person) => match person.left_at {
                Some(at) => Some(Missing::Left(id, at)),
                None => (person.keys == 0).then_some(Missing::NoPasskey(id)),
            },
        }
    }

    /// Since when an agent's answers have been incomplete, if they are: the earliest leaving or loss of the last
    /// passkey among them, or the moment they were last set.
    pub fn incomplete_since(&self, agent: &Agent) -> Option<Timestamp> {
        let agent = self.original(agent);
        let missing = self.missing(&self.answers(agent));
        if missing.is_empty() {
            return None;
        }
        let lost = missing.iter().filter_map(|one| match one {
            Missing::Left(_, at) => Some(*at),
            Missing::NoPasskey(id) => self.people.get(id).and_then(|person| person.keyless_since),
            Missing::Authorizer
            | Missing::Auditor
            | Missing::SamePerson(_)
            | Missing::Terminator(_)
            | Missing::Stranger(_) => None,
        });
        let set = self
            .group_chain(agent.group())
            .iter()
            .filter_map(|(_, group)| group.accountability.set_at)
            .chain(agent.accountability.set_at)
            .max();
        Some(lost.min().or(set).unwrap_or(agent.life_since))
    }
}
