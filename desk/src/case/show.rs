//! State to views: names resolved, answers with their source, grants in words. Pure.

use writ_authority::{
    Admitted, Agent, Answers, Attestation, Key, Life, Missing, Passkey, State,
    accountability::Source,
    fact::Subject,
    state::{Given, Person},
};
use writ_model::{GrantId, GroupId, PersonId};

use super::super::say;
use crate::view::{
    AgentRow, AnswerView, AnswersView, ClientRef, GrantSaid, GrantView, GroupRef, MissingView,
    PasskeyRow, PersonRef, PersonRow, RuleView, UseView,
};

pub(crate) fn client(state: &State) -> ClientRef {
    let slug = state.founded.as_ref().map(|line| line.slug.clone()).unwrap_or_default();
    ClientRef { tenant: state.tenant, name: state.party_name().to_owned(), slug }
}

pub(crate) fn person(state: &State, id: PersonId) -> PersonRef {
    let known = state.people.get(&id);
    PersonRef {
        person: id,
        name: state.person_name(id),
        side: known.map(|one| one.side),
        active: known.is_some_and(|one| one.active()),
        keys: known.map_or(0, |one| one.keys),
    }
}

/// Who did something, or Writ itself.
pub(crate) fn by(state: &State, id: Option<PersonId>) -> PersonRef {
    match id {
        Some(id) => person(state, id),
        None => PersonRef {
            person: PersonId::from_bytes([0; 16]),
            name: "Writ".to_owned(),
            side: None,
            active: false,
            keys: 0,
        },
    }
}

/// What a passkey is, one sentence.
pub(crate) fn kind_of_key(key: &Passkey) -> String {
    let kind = if key.synced {
        "may be copied between its person's devices"
    } else {
        "never leaves its device"
    };
    let maker = match &key.attestation {
        Attestation::Checked { .. } => "its maker vouches for it",
        Attestation::None | Attestation::SelfSigned | Attestation::Unchecked { .. } => {
            "no maker vouches for it"
        }
    };
    format!("A passkey that {kind}; {maker}.")
}

pub(crate) fn passkey(state: &State, key: &Key) -> PasskeyRow {
    let says = key.says.as_ref();
    let by = match key.admitted {
        Admitted::Bootstrap => "The provider's very first.",
        Admitted::Own => "Added with an older one.",
        Admitted::Admission => "Admitted with its person.",
        Admitted::Recovery { .. } => "Two colleagues confirmed it.",
        Admitted::Mirrored => "Copied from the provider.",
    };
    PasskeyRow {
        passkey: says.passkey,
        person: says.person,
        label: says.label.clone(),
        fingerprint: says.fingerprint(),
        alg: says.alg.clone(),
        aaguid: says.aaguid.clone(),
        synced: says.synced,
        backed_up: says.backed_up,
        attestation: says.attestation.clone(),
        admitted: key.admitted,
        says: format!("{} {by}", kind_of_key(says)),
        root: state.root == Some(says.passkey),
        former_root: state.former_root == Some(says.passkey),
        at: key.at,
        line: key.line,
        revoked_at: key.revoked_at,
    }
}

fn seat(state: &State, id: PersonId, person: &Person) -> PersonRow {
    PersonRow {
        person: id,
        name: person.name.written(),
        side: person.side,
        roles: person.roles.clone(),
        seated_at: person.seated_at,
        left_at: person.left_at,
        erased_at: state.erased.get(&id).copied(),
        keys: person.keys,
    }
}

pub(crate) fn seats(state: &State) -> Vec<PersonRow> {
    state.people.iter().map(|(id, one)| seat(state, *id, one)).collect()
}

pub(crate) fn group(state: &State, id: GroupId) -> GroupRef {
    let known = state.groups.get(&id);
    GroupRef { group: id, name: known.map_or_else(|| id.to_string(), |one| one.name.clone()) }
}

pub(crate) fn agent(state: &State, agent: &Agent) -> AgentRow {
    let reason = match &agent.life {
        Life::Held { reason } | Life::Quarantined { reason } | Life::Terminated { reason } => {
            Some(reason.clone())
        }
        Life::Observed | Life::Proposed | Life::Chartered | Life::Active => None,
    };
    let id = agent.described.agent;
    let missing = state.missing(&state.answers(agent));
    AgentRow {
        client: client(state),
        agent: id,
        name: agent.name().to_owned(),
        kind: agent.described.kind,
        purpose: agent.described.purpose.clone(),
        life: agent.life.word(),
        life_since: agent.life_since,
        life_reason: reason,
        owner: agent.owner().map(|id| person(state, id)),
        group: agent.group().map(|id| group(state, id)),
        missing: missing.iter().map(|one| one.words(state)).collect(),
        instances: state.instances_of(id).filter(|(_, one)| one.ended_at.is_none()).count(),
        grants: state.grants_of(agent).len(),
    }
}

pub(crate) fn missing(state: &State, missing: &[Missing]) -> Vec<MissingView> {
    let one = |one: &Missing| MissingView { what: one.words(state), cure: one.cure() };
    missing.iter().map(one).collect()
}

pub(crate) fn answers(state: &State, answers: &Answers) -> AnswersView {
    let one = |(id, source): &(PersonId, Source)| {
        let (from, inherited) = match source {
            Source::Agent => ("agent".to_owned(), false),
            Source::Group(id) => (group(state, *id).name, true),
        };
        AnswerView { person: person(state, *id), from, inherited }
    };
    AnswersView {
        authorizer: answers.authorizer.as_ref().map(one),
        auditor: answers.auditor.as_ref().map(one),
        terminators: answers.terminators.iter().map(one).collect(),
    }
}

pub(crate) fn grant(state: &State, id: GrantId, given: &Given, of: Option<Subject>) -> GrantView {
    let says = &given.says;
    let rule = |rule: &writ_authority::ArgRule| RuleView {
        path: rule.path.clone(),
        must: rule.must.clone(),
        words: format!("{} {}", rule.path, rule.must.words()),
        optional: rule.optional,
    };
    GrantView {
        grant: id,
        subject: says.subject,
        subject_name: say::subject(state, says.subject),
        inherited: of.is_some_and(|of| of != says.subject),
        server: says.server.clone(),
        surface: says.surface,
        name: says.name.clone(),
        words: says.words(),
        rules: says.rules.iter().map(rule).collect(),
        only_named_arguments: says.only_named_arguments,
        window: says.window.clone(),
        window_words: says.window.as_ref().map(writ_authority::Window::words),
        limits: says.limits.clone(),
        from: says.from,
        until: says.until,
        given_by: person(state, says.given_by),
        given_at: given.at,
        reason: says.reason.clone(),
        revoked_at: given.revoked_at,
        line: given.line,
        used: UseView::default(),
    }
}

pub(crate) fn grant_said(state: &State, id: GrantId) -> Option<GrantSaid> {
    let given = state.grants.get(&id)?;
    let view = grant(state, id, given, None);
    Some(GrantSaid {
        grant: id,
        words: view.words,
        rules: view.rules.into_iter().map(|rule| rule.words).collect(),
        given_by: view.given_by,
        given_at: view.given_at,
        reason: view.reason,
        line: view.line,
    })
}
