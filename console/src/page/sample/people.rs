//! What samples about people are made of: keys, sessions, invitations, recoveries, a signing, witnesses, receipts.
//! Never here: anything a real page reads.

use serde_json::json;
use writ_authority::{Admitted, Attestation, KeyPolicy};
use writ_model::{Digest, Role, Side};

use super::{at, client_view, id, people, person};
use crate::{
    page::people::Known,
    view::{
        self,
        people::{InvitationRow, KeyPolicyView, LoginRow, Me, PasskeyRow, RecoveryRow, SessionRow},
        receipt::{ReceiptPage, ReceiptRow},
        signing::{SigningState, SigningView},
        witness::WitnessRow,
    },
};

/// A fingerprint.
pub const FINGER: &str = "k7qf-93td-2rtv-hw3p-6cnb-0fje-y8as-1x4m";

/// Name, side, label, fingerprint, whether copied, whether revoked.
type KeySample = (&'static str, Side, &'static str, &'static str, bool, bool);

const KEYS: [KeySample; 6] = [
    ("Dana Cole", Side::Client, "Dana's phone", FINGER, true, false),
    (
        "Dana Cole",
        Side::Client,
        "Key in the safe",
        "2m8w-qq3v-07hd-tz5k-c4ne-9apr-x6bs-jg1y",
        false,
        false,
    ),
    ("Ana Reyes", Side::Client, "Laptop", "w0tb-5kzn-e3yq-r7mc-8v2x-hd6p-41ga-f9sj", true, false),
    (
        "Ines Ortega",
        Side::Provider,
        "Work laptop",
        "9f3z-ttx1-kc0m-6b7d-pw4e-2ygh-8nra-5qsv",
        false,
        false,
    ),
    (
        "Ines Ortega",
        Side::Provider,
        "Security key",
        "c1yj-70rk-vd9s-x2fm-en8b-q5tw-3hzp-a6g4",
        false,
        false,
    ),
    (
        "Ines Ortega",
        Side::Provider,
        "Old phone",
        "t5dq-b8xa-1jwn-4z0v-gm7c-r9ke-y2fh-63ps",
        true,
        true,
    ),
];

fn keys() -> Vec<PasskeyRow> {
    let row = |(seed, (name, side, label, finger, synced, revoked)): (u8, KeySample)| PasskeyRow {
        passkey: id(seed + 3),
        person: person(name, side, true).person,
        label: String::from(label),
        fingerprint: String::from(finger),
        alg: "ES256".to_owned(),
        aaguid: "ee882879-721c-4913-9775-3dfcce97072a".to_owned(),
        synced,
        backed_up: synced,
        attestation: Attestation::None,
        admitted: if side == Side::Provider { Admitted::Mirrored } else { Admitted::Own },
        says: match (side, seed) {
            (Side::Provider, _) => "copied from the provider's own ledger".to_owned(),
            (Side::Client, 0) => {
                "came with Dana Cole, let in by Ines Ortega after a call".to_owned()
            }
            (Side::Client, _) => "added by its owner, signed with another key".to_owned(),
        },
        root: seed == 0,
        former_root: false,
        at: at(70_000 - i64::from(seed) * 9_000),
        line: 9 + u64::from(seed) * 14,
        revoked_at: revoked.then(|| at(4_000)),
    };
    (0_u8..).zip(KEYS).map(row).collect()
}

/// A person with their keys; `alone` with only one.
#[must_use]
pub fn me(alone: bool) -> Me {
    let ines = person("Ines Ortega", Side::Provider, true);
    let mut mine: Vec<_> = keys().into_iter().filter(|key| key.person == ines.person).collect();
    for key in &mut mine {
        key.admitted = Admitted::Own;
        "added by its owner, signed with another key".clone_into(&mut key.says);
    }
    if alone {
        mine.truncate(1);
    }
    let home = client_view(0);
    Me {
        home: view::ClientRef {
            name: "Northgate Managed IT".to_owned(),
            slug: "northgate".to_owned(),
            ..home
        },
        passkeys: mine,
        signed_in_by: Some("passkey"),
        needs_second: alone,
        logins: if alone {
            Vec::new()
        } else {
            vec![LoginRow {
                person: ines.person,
                issuer: "https://login.northgate.example".to_owned(),
                subject: "ines@northgate.example".to_owned(),
            }]
        },
        person: ines,
    }
}

/// Three sessions: this one, another, one that says nothing of itself.
#[must_use]
pub fn sessions() -> Vec<SessionRow> {
    let agents = [
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15",
        "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36",
        "",
    ];
    let row = |(seed, agent): (u8, &str)| SessionRow {
        session: id(seed + 90),
        person: person(if seed == 2 { "Dana Cole" } else { "Ines Ortega" }, Side::Provider, true),
        signed_in_by: if seed == 1 { "oidc" } else { "passkey" },
        passkey: (seed != 1).then(|| id(6)),
        agent: agent.to_owned(),
        opened_at: at(40 + i64::from(seed) * 170),
        used_at: at(i64::from(seed) * 11),
        expires: at(-600),
        current: seed == 0,
    };
    (0_u8..).zip(agents).map(row).collect()
}

/// What a party's people know: the client's ledger, or the provider's own.
#[must_use]
pub fn parties(side: Side) -> Known {
    let here = |one: &Side| side == Side::Client || *one == Side::Provider;
    let mut seats = people();
    seats.retain(|one| here(&one.side));
    let mut all = keys();
    all.retain(|key| seats.iter().any(|one| one.person == key.person));
    let row = |name: &str, state, finger: Option<&str>, first| InvitationRow {
        invitation: id(if finger.is_some() { 51 } else { 52 }),
        person: person(name, side, true).person,
        name: name.to_owned(),
        side,
        roles: vec![Role::Approver],
        invited_by: person("Dana Cole", side, true),
        at: at(300),
        expires: at(-9_000),
        state,
        fingerprint: finger.map(str::to_owned),
        key: finger
            .map(|_| "a passkey that is copied between devices, nobody attests it".to_owned()),
        first,
    };
    let finger = "5yqe-n0cd-8wkt-3bzx-h7ra-v1mj-p9fg-2s64";
    Known {
        people: seats,
        keys: all,
        invitations: vec![
            row("Hannah Vale", "joined", Some(finger), false),
            row("Omar Sayed", "open", None, false),
            row("Rosa Lind", "admitted", None, false),
            row("Tim Ott", "expired", None, false),
        ],
        recoveries: vec![RecoveryRow {
            recovery: id(61),
            person: person("Ana Reyes", side, true),
            asked_by: person("Dana Cole", side, true),
            reason: "Her laptop was stolen on the train".to_owned(),
            at: at(190),
            expires: at(-1_200),
            state: "offered",
            fingerprint: Some("x8hd-1cvn-0tqe-6kws-m3yb-z5jr-27pf-ga94".to_owned()),
            confirmed_by: vec![person("Dana Cole", side, true)],
        }],
        sessions: sessions(),
        policy: policy(),
    }
}

fn policy() -> KeyPolicyView {
    KeyPolicyView { policy: KeyPolicy::Any, says: "any passkey is taken".to_owned() }
}

/// A client without people of its own.
#[must_use]
pub fn nobody() -> Known {
    let mut known = parties(Side::Provider);
    known.invitations.clear();
    known.recoveries.clear();
    known.sessions.clear();
    known
}

/// Something to sign.
#[must_use]
pub fn signing(state: SigningState) -> SigningView {
    let problem = json!({"code": "AUTH-0008", "detail": "nobody audits invoice-bot any more",
        "cure": "Name an auditor on the agent or its group"});
    SigningView {
        signing: id(71),
        code: "K7QF-93TD".to_owned(),
        url: "http://localhost:7420/sign/K7QF-93TD".to_owned(),
        title: "Let “invoice-bot” act".to_owned(),
        text: [
            "You let “invoice-bot” of “Harbor Books” act, inside its grants.",
            "Its id is agt_01m6gvgth0x3es8f9pdjneffnq.",
            "Authorised by “Dana Cole”; audited by “Ana Reyes”.",
            "It can be ended by “Dana Cole” or “Ines Ortega”.",
            "You sign as “Ines Ortega” at “Harbor Books”, on “http://localhost:7420”.",
            "Asked at 2026-11-21 21:59:00 UTC; valid until 2026-11-21 22:04:00 UTC.",
        ]
        .map(str::to_owned)
        .to_vec(),
        digest: Digest::of(b"a request"),
        person: person("Ines Ortega", Side::Provider, true),
        client: client_view(1),
        made: at(1),
        expires: at(-4),
        state,
        options: json!({"challenge": "AAAA", "rpId": "localhost", "userVerification": "required",
            "allowCredentials": [{"type": "public-key", "id": "AAAA"}]}),
        outcome: (state == SigningState::Refused).then_some(problem),
        next: "/clients/harbor-books/agents/agt_x".to_owned(),
    }
}

/// Witnesses: one that has seen all, one behind, one never heard, one that disagrees.
#[must_use]
pub fn witnesses() -> Vec<WitnessRow> {
    let rows = [
        (
            "office-nas",
            Side::Client,
            Some(203),
            9,
            Some("line 187 is not what I saw: the tree of 187 lines has another root"),
        ),
        ("shop-till", Side::Client, Some(212), 0, None),
        ("auditor-laptop", Side::Client, Some(140), 72, None),
        ("northgate-backup", Side::Provider, None, 212, None),
    ];
    let row =
        |(seed, (name, side, seen, behind, why)): (u8, (&str, _, Option<u64>, _, Option<&str>))| {
            WitnessRow {
                witness: id(seed + 81),
                name: name.to_owned(),
                side,
                key: format!(
                    "{name}+{:08x}+BAyR2h0b7bXl3o9JtB5Yd2vQm8sWc4uZx6nRf1gTqLp",
                    0x91af_3302_u32 + u32::from(seed)
                ),
                named_at: at(30_000),
                seen_size: seen,
                seen_at: seen.map(|_| at(1 + i64::from(seed) * 130)),
                behind,
                disagrees: why.map(str::to_owned),
            }
        };
    (0_u8..).zip(rows).map(row).collect()
}

/// What was signed at Harbor Books.
#[must_use]
pub fn receipts() -> ReceiptPage {
    let rows = [
        (187, 12, "Dana Cole", 3, "Let “invoice-bot” act"),
        (171, 90, "Ines Ortega", 6, "Give “mail-assistant” a grant"),
        (160, 1_500, "Dana Cole", 4, "Admit “Ana Reyes”"),
        (148, 2_950, "Ines Ortega", 6, "End “old-crawler” for good"),
        (12, 70_000, "Dana Cole", 3, "Name the witness “shop-till”"),
    ];
    let row = |(line, minutes, name, key, title): (u64, i64, &str, u8, &str)| ReceiptRow {
        line,
        at: at(minutes),
        signing: id(key + 70),
        person: name.to_owned(),
        passkey: id(key),
        title: title.to_owned(),
    };
    ReceiptPage {
        client: client_view(1),
        size: 212,
        rows: rows.into_iter().map(row).collect(),
        next: Some(12),
    }
}
