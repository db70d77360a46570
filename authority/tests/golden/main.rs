//! Every kind of fact in the format of each release, folded forever. `UPDATE=1 cargo test -p writ-authority --test golden`
//! writes the file of the current format when a kind is added; lines that stand in it never change.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests fail loudly")]

use std::{collections::BTreeMap, env, fs, path::Path, sync::Arc};

use writ_authority::{
    Admitted, ArgRule, Assertion, Attestation, Command, Condition, Grant, KeyPolicy, Limit,
    Passkey, Receipt, Request, State, Window,
    agent::{AgentKind, Autonomy},
    fact::{
        ActivitySealed, AgentDescribed, ClientAdded, Entry, Fact, LedgerFounded, LedgerMoved,
        PersonInvited, PersonSeated, RecoveryAsked, Subject, TerminationConfirmed, WitnessNamed,
    },
    grant::{Period, Surface},
};
use writ_model::{
    Actor, AgentId, Cx, Digest, EnrollmentId, Fold, GrantId, GroupId, Id, InstanceId, PersonId,
    Role, Side, Span, TenantId, Timestamp, canonical, id::Kind,
};
use writ_testkit::SeededEntropy;

mod deciding;
mod listing;
mod scaling;

use deciding::{agreeing, asking, watching};
use listing::{connecting, listing, looks_listed};
use scaling::{ending, keeping, reaching};

const NOW: Timestamp = Timestamp::from_micros(1_793_714_580_000_000);
/// Kinds of facts: a new one changes this number and the golden file together.
const KINDS: usize = 74;

fn id<K: Kind>(n: u8) -> Id<K> {
    Id::from_parts(NOW, [n; 10])
}

fn group() -> GroupId {
    id(4)
}

fn a_grant() -> GrantId {
    id(7)
}

fn people() -> [PersonId; 2] {
    [id(1), id(2)]
}

fn described(agent: AgentId, name: &str) -> AgentDescribed {
    AgentDescribed {
        agent,
        name: name.to_owned(),
        kind: AgentKind::AiAgent,
        purpose: "Answers mail about invoices.".to_owned(),
        owner: Some(people()[0]),
        group: Some(group()),
        models: vec!["example-model-1".to_owned()],
        data_classes: vec!["customer".to_owned()],
        autonomy: Autonomy::Supervised,
        deadline: Some(NOW + Span::days(7)),
    }
}

fn grant(agent: AgentId) -> Grant {
    Grant {
        subject: Subject::Agent(agent),
        server: "mail".to_owned(),
        surface: Surface::Tool,
        name: "send_message".to_owned(),
        rules: vec![ArgRule {
            path: "/to".to_owned(),
            must: Condition::Domains(vec!["harborbooks.example".to_owned()]),
            optional: false,
        }],
        only_named_arguments: true,
        window: Some(Window {
            zone: "Europe/Berlin".to_owned(),
            days: vec![1, 2],
            from_minute: 480,
            to_minute: 1080,
        }),
        limits: vec![Limit { count: 10, per: Period::Hour }],
        from: Some(NOW),
        until: Some(NOW + Span::days(90)),
        given_by: people()[0],
        reason: "It answers customers.".to_owned(),
    }
}

fn founding() -> Vec<Fact> {
    let tenant: TenantId = id(0);
    let seat = |person, side| {
        let name = "Dana Cole".to_owned();
        Fact::PersonSeated(PersonSeated {
            person,
            name: name.into(),
            side,
            roles: vec![Role::Owner],
        })
    };
    vec![
        Fact::LedgerFounded(LedgerFounded {
            tenant,
            side: Side::Client,
            name: "Harbor Books".to_owned(),
            slug: "harbor-books".to_owned(),
            provider: Some(id(9)),
            checkpoint_key: "writ+00000000+AQ==".to_owned(),
        }),
        Fact::ClientAdded(ClientAdded {
            client: tenant,
            name: "Harbor Books".to_owned(),
            slug: "harbor-books".to_owned(),
        }),
        seat(people()[0], Side::Client),
        seat(people()[1], Side::Provider),
        Fact::GroupCreated { group: group(), name: "office".to_owned(), parent: None },
    ]
}

fn life() -> Vec<Fact> {
    let (agent, reason): (AgentId, _) = (id(3), || "because".to_owned());
    let [one, two] = people();
    let (enrollment, instance): (EnrollmentId, InstanceId) = (id(5), id(6));
    vec![
        Fact::AgentObserved(described(agent, "invoice-bot")),
        Fact::AgentProposed(described(agent, "invoice-bot")),
        Fact::AccountabilitySet {
            subject: Subject::Group(group()),
            authorizer: Some(one),
            auditor: Some(two),
            terminators: vec![one, two],
        },
        Fact::AgentChartered { agent, authorizer: one, auditor: two, terminators: vec![one, two] },
        Fact::AgentActivated { agent },
        Fact::EnrollmentOffered {
            enrollment,
            agent,
            code: Digest::of(b"code"),
            expires: NOW + Span::hours(1),
        },
        Fact::InstanceEnrolled {
            enrollment,
            agent,
            instance,
            label: "laptop".to_owned(),
            jkt: "thumb".to_owned(),
            jwk: "{}".to_owned(),
        },
        Fact::GrantGiven { grant: a_grant(), says: Box::new(grant(agent)) },
        Fact::AgentHeld { agent, reason: reason() },
        Fact::AgentReleased { agent },
        Fact::AgentQuarantined { agent, reason: reason() },
        Fact::GrantRevoked { grant: a_grant(), reason: reason() },
        Fact::InstanceEnded { instance, reason: reason() },
        Fact::AgentTerminated { agent, reason: reason() },
        Fact::TerminationConfirmed(TerminationConfirmed {
            agent,
            gateway: id(8),
            boot: id(8),
            tokens_refused_us: 900,
            last_cut_us: 1_200,
            streams: 1,
            calls: 0,
            children: 0,
        }),
        Fact::ActivitySealed(ActivitySealed {
            gateway: id(8),
            boot: id(8),
            first: 1,
            last: 3,
            count: 3,
            root: Digest::of(b"root"),
        }),
        Fact::PersonLeft { person: one },
    ]
}

fn passkey(n: u8, person: PersonId, attestation: Attestation) -> Passkey {
    Passkey {
        passkey: id(n),
        person,
        label: "laptop".to_owned(),
        credential: format!("AAAAAAAAAAAAAAAAAAAA{n:02}"),
        jwk: r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
            .to_owned(),
        alg: "EdDSA".to_owned(),
        rp_id: "desk.example".to_owned(),
        origin: "https://desk.example".to_owned(),
        aaguid: "00000000-0000-0000-0000-000000000000".to_owned(),
        synced: true,
        backed_up: true,
        attestation,
        counter: 0,
    }
}

fn receipt() -> Receipt {
    Receipt {
        signing: id(20),
        request: Request {
            v: 1,
            tenant: id(0),
            person: people()[1],
            origin: "https://desk.example".to_owned(),
            made: NOW,
            expires: NOW + Span::minutes(5),
            act: Box::new(Command::Activate { agent: id(3) }),
            names: BTreeMap::from([(id::<writ_model::id::Agent>(3).to_string(), "bot".to_owned())]),
        },
        nonce: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        passkey: id(22),
        assertion: Assertion {
            credential: "AAAAAAAAAAAAAAAAAAAA22".to_owned(),
            authenticator_data: "AAAA".to_owned(),
            client_data: "AAAA".to_owned(),
            signature: "AAAA".to_owned(),
        },
    }
}

fn joining() -> Vec<Fact> {
    let (person, reason): (PersonId, _) = (id(21), || "because".to_owned());
    let side = Side::Client;
    let invited = |n| {
        Fact::PersonInvited(PersonInvited {
            invitation: id(n),
            person: id(n),
            name: "Ana Ruiz".into(),
            side,
            roles: vec![Role::Owner],
            code: Digest::of(&[n]),
            expires: NOW + Span::days(7),
        })
    };
    let key = || Box::new(passkey(21, person, Attestation::None));
    vec![
        invited(21),
        invited(24),
        Fact::InvitationWithdrawn { invitation: id(24), reason: reason() },
        Fact::PersonJoined { invitation: id(21), key: key() },
        Fact::CallBackRecorded {
            person,
            fingerprint: key().fingerprint(),
            called: "Ana, on the number of the contract".to_owned(),
        },
        Fact::PersonSeated(PersonSeated {
            person,
            name: "Ana Ruiz".into(),
            side,
            roles: vec![Role::Owner],
        }),
        Fact::PasskeyAdded { key: key(), admitted: Admitted::Admission },
        Fact::PasskeyAdded {
            key: Box::new(passkey(
                22,
                people()[1],
                Attestation::Unchecked { format: "tpm".to_owned() },
            )),
            admitted: Admitted::Mirrored,
        },
        Fact::ActSigned(Box::new(receipt())),
    ]
}

fn recovering() -> Vec<Fact> {
    let (person, reason): (PersonId, _) = (id(21), || "because".to_owned());
    let asked = |n| {
        let (recovery, code) = (id(n), Digest::of(&[n]));
        let expires = NOW + Span::hours(1);
        Fact::RecoveryAsked(RecoveryAsked { recovery, person, reason: reason(), code, expires })
    };
    let key = || {
        Box::new(passkey(23, person, Attestation::Checked { root: Digest::of(b"").to_string() }))
    };
    let (issuer, subject) = (|| "https://id.example".to_owned(), || "milo".to_owned());
    let two = people()[1];
    vec![
        asked(25),
        asked(26),
        Fact::RecoveryRefused { recovery: id(26), reason: reason() },
        Fact::RecoveryKeyOffered { recovery: id(25), key: key() },
        Fact::RecoveryConfirmed { recovery: id(25), person: two },
        Fact::PasskeyAdded { key: key(), admitted: Admitted::Recovery { recovery: id(25) } },
        Fact::PasskeyRevoked { passkey: id(21), reason: reason() },
        Fact::WitnessNamed(WitnessNamed {
            witness: id(27),
            name: "shop".to_owned(),
            key: "shop+00000000+BA==".to_owned(),
            side: Side::Client,
        }),
        Fact::WitnessRemoved { witness: id(27), reason: reason() },
        Fact::ExportAllowed { person: two, until: NOW + Span::hours(1) },
        Fact::KeyPolicySet { policy: KeyPolicy::Attested { aaguids: vec!["a".to_owned()] } },
        Fact::LoginLinked { person: two, issuer: issuer(), subject: subject() },
        Fact::LoginUnlinked { person: two, issuer: issuer(), subject: subject() },
        Fact::PersonOffboarded { person: two, reason: reason() },
        Fact::LedgerMoved(LedgerMoved {
            provider: id(28),
            name: "Quay IT".to_owned(),
            origin: "https://quay.example".to_owned(),
            checkpoint_key: "quay+00000000+AQ==".to_owned(),
            checkpoint: "desk.example/harbor-books\n1\nAA==\n".to_owned(),
        }),
    ]
}

fn written(facts: Vec<Fact>) -> Vec<Vec<u8>> {
    let actor = Actor::Person { id: people()[0], via: "cli".to_owned() };
    let cx = Cx::new(NOW, Arc::new(SeededEntropy::new(1)), id(0), actor);
    facts.into_iter().map(|fact| Entry::new(&cx, fact).to_line().unwrap()).collect()
}

/// Everything that the first release writes.
fn first() -> Vec<Vec<u8>> {
    let facts = [founding(), life(), joining(), recovering(), agreeing(), asking(), watching()];
    written(facts.into_iter().flatten().collect())
}

/// A ledger that was raised to format 2.
fn second() -> Vec<Vec<u8>> {
    let mut facts = founding();
    facts.extend(ending());
    facts.extend(reaching(18));
    facts.extend(keeping());
    written(facts)
}

/// A ledger that was raised to format 3.
fn third() -> Vec<Vec<u8>> {
    let mut facts = founding();
    facts.push(Fact::FormatRaised { format: 2 });
    facts.extend(listing());
    facts.extend(connecting());
    written(facts)
}

fn folds_as_in(name: &str, lines: &[Vec<u8>]) -> State {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let mut state = State::empty(id(0));
    let mut written = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        written.extend_from_slice(line);
        written.push(b'\n');
        state.fold(index as u64, line).unwrap();
    }
    let digest = Digest::of(&canonical::to_vec(&state).unwrap());
    written.extend_from_slice(format!("# state {digest}\n").as_bytes());
    if env::var("UPDATE").is_ok() {
        fs::write(&path, &written).unwrap();
    }
    let golden = fs::read(&path).unwrap();
    assert_eq!(String::from_utf8(golden).unwrap(), String::from_utf8(written).unwrap());
    state
}

#[test]
fn golden_lines_fold_to_the_same_state_forever() {
    let state = folds_as_in("v1.ndjson", &first());
    assert_eq!(state.format, 1);
}

#[test]
fn so_do_those_of_the_second_format() {
    let state = folds_as_in("v2.ndjson", &second());
    assert_eq!(state.format, 2);
    // The last act took two lines; what acted for the first agent ended in the act that ended it.
    let (line, act) = state.ending_of(id(46)).unwrap();
    assert_eq!((act.last, act.agents, state.ending_of(id(45)).unwrap().0), (line + 1, 2, line));
    assert_eq!(state.ending_of(id(41)).unwrap().0, state.ending_of(id(40)).unwrap().0);
    assert_eq!(state.reached.len(), 2);
    assert_eq!(state.halted.keys().copied().collect::<Vec<_>>(), vec![id(10)]);
    let held = state.agents.get(&id(47)).unwrap();
    assert!(matches!(held.life, writ_authority::Life::Held { .. }));
    assert_eq!(state.tokens_from, NOW);
    assert_eq!(state.erased.keys().copied().collect::<Vec<_>>(), vec![people()[1], id(48)]);
    assert_eq!(
        state.person_name(id(48)),
        format!("erased person {}", PersonId::from_parts(NOW, [48; 10]))
    );
}

#[test]
fn so_do_those_of_the_third_format() {
    let state = folds_as_in("v3.ndjson", &third());
    assert_eq!(state.format, 3);
    looks_listed(&state);
}

#[test]
fn a_line_states_the_format_of_its_kind_and_no_other() {
    let mut state = State::empty(id(0));
    for (index, line) in second().iter().enumerate() {
        let text = String::from_utf8(line.clone()).unwrap();
        let (from, to) = if text.ends_with(r#","v":1}"#) { ("1", "2") } else { ("2", "1") };
        let bent = text.replace(&format!(r#","v":{from}}}"#), &format!(r#","v":{to}}}"#));
        assert!(state.clone().fold(index as u64, bent.as_bytes()).is_err(), "{bent}");
        state.fold(index as u64, line).unwrap();
    }
}

#[test]
fn every_kind_is_in_the_golden_file() {
    let mut kinds: Vec<String> = first()
        .iter()
        .chain(&second())
        .chain(&third())
        .filter_map(|line| {
            let entry: serde_json::Value = serde_json::from_slice(line).unwrap();
            entry.get("fact")?.as_object()?.keys().next().cloned()
        })
        .collect();
    kinds.sort();
    kinds.dedup();
    // The message of an unknown kind lists the known ones.
    let unknown = Entry::from_line(
        br#"{"actor":{"system":{"part":"x"}},"at":"2026-11-03T14:03:00Z","fact":{"?":{}},"v":1}"#,
    )
    .unwrap_err();
    let known = unknown.matches('`').count() / 2 - 1;
    assert_eq!((kinds.len(), known), (KINDS, KINDS), "{unknown}");
}

#[test]
fn only_proofs_of_what_was_can_wait_to_be_heard_of() {
    let mut waiting: Vec<&str> = Vec::new();
    let all: Vec<Vec<u8>> = [first(), second(), third()].concat();
    for line in all.iter().filter(|line| State::can_wait(line)) {
        let entry = Entry::from_line(line).unwrap();
        waiting.push(match entry.fact {
            Fact::ActivitySealed(_) => "activity_sealed",
            Fact::TerminationConfirmed(_) => "termination_confirmed",
            Fact::TerminationReached(_) => "termination_reached",
            other => panic!("{other:?} may change what an agent may do"),
        });
    }
    waiting.sort_unstable();
    waiting.dedup();
    assert_eq!(waiting, ["activity_sealed", "termination_confirmed", "termination_reached"]);
    assert!(!State::can_wait(b"?"), "what cannot be read cannot wait");
}
