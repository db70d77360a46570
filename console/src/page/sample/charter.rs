//! A charter in each state, for samples. Never here: anything a real page reads.

use writ_charter::{
    Charter, Clause, Limit, Mode, Money, Naming, Parties, Per, Seat, diff::Direction,
    letter::letter as written, template,
};
use writ_model::{Digest, Role, Side};

use super::{at, client_view, id, person};
use crate::view::{
    CatalogView, ChangeRow, CharterView, ClauseRow, DecidedView, DiffView, DraftView, FreezeRow,
    LetterView, MissingSignature, OrphanRow, ReplayRow, ReplayView, SignatureRow, SkippedRow,
    SuspensionRow, TemplateRow, TemplateView, TraceRow, TraceView, VersionRow, VersionState,
    VersionView,
};

fn clauses() -> Vec<Clause> {
    let seat = |party, role| Seat { party, role, n: 1 };
    let mut payments = Clause::new(
        "payments",
        "Payments",
        &["payment.release"],
        Mode::Approve { quorum: vec![seat(Side::Client, Role::Owner)] },
    );
    let most = Money { amount: "5000".to_owned(), currency: "EUR".to_owned() };
    payments.limits =
        vec![Limit::Money { most, per: Per::Day }, Limit::Count { most: 10, per: Per::Day }];
    payments.enforced_by = vec!["gateway:bank/tool/release_payment".to_owned()];
    let mut never =
        Clause::new("no-deleting", "Nothing is deleted", &["data.delete"], Mode::Refuse);
    never.enforced_by = vec!["gateway:files/tool/delete".to_owned()];
    let mut mail = Clause::new("mail", "Mail to customers", &["mail.send"], Mode::NotifyAndAct);
    mail.limits = vec![Limit::Count { most: 40, per: Per::Hour }];
    mail.enforced_by = vec!["gateway:mail/tool/send".to_owned()];
    let mut start = Clause::new(
        "starting",
        "Starting and widening",
        &["agent.activate", "agent.widen"],
        Mode::Approve {
            quorum: vec![seat(Side::Provider, Role::Approver), seat(Side::Client, Role::Owner)],
        },
    );
    start.enforced_by = vec!["desk:agent.activate".to_owned(), "desk:agent.widen".to_owned()];
    vec![never, payments, start, mail, Clause::new("reading", "Reading", &["*.read"], Mode::Act)]
}

fn document() -> Charter {
    let parties =
        Parties { provider: "Northgate IT".to_owned(), client: "Harbor Books".to_owned() };
    let mut out = Charter::new(id(30), 3, client_view(1).tenant, parties);
    out.clauses = clauses();
    out.base = Some("balanced".to_owned());
    out.counts_as = vec![Naming {
        server: "bank".to_owned(),
        surface: "tool".to_owned(),
        name: "release_payment".to_owned(),
        action: "payment.release".to_owned(),
        amount: Some("/amount".to_owned()),
        currency: Some("EUR".to_owned()),
        tags: Vec::new(),
        data: vec!["payments".to_owned()],
    }];
    out
}

fn rows(clauses: &[Clause]) -> Vec<ClauseRow> {
    let row = |(at, clause): (usize, &Clause)| ClauseRow {
        key: clause.key.clone(),
        title: clause.title.clone(),
        mode: clause.mode.word(),
        text: vec![format!("“{}”: {}.", clause.title, clause.mode.word())],
        from: if at == 1 { "client".to_owned() } else { "balanced".to_owned() },
        overrides: (at == 1).then(|| "balanced".to_owned()),
        suspended: at == 3,
        enforced_by: clause.enforced_by.clone(),
        clause: clause.clone(),
    };
    clauses.iter().enumerate().map(row).collect()
}

fn row(version: u32, state: VersionState) -> VersionRow {
    VersionRow {
        name: if state == VersionState::Draft { "draft".to_owned() } else { version.to_string() },
        version,
        charter: id(30),
        digest: Digest::of(b"charter"),
        state,
        since: at(20_160),
        until: (state == VersionState::Past).then(|| at(10_000)),
        line: 43,
    }
}

/// A version, whole.
#[must_use]
pub fn version() -> VersionView {
    let document = document();
    let signed = |name: &str, side, party: &str| SignatureRow {
        side,
        party: party.to_owned(),
        person: person(name, side, true),
        at: at(20_160),
        line: 43,
    };
    VersionView {
        client: client_view(1),
        row: row(3, VersionState::InForce),
        base: document.base.clone(),
        contract_ref: Some("Managed services, section 7".to_owned()),
        from: None,
        until_says: None,
        review_by: None,
        calendar: document.calendar.clone(),
        clauses: rows(&document.clauses),
        counts_as: document.counts_as.clone(),
        actions: Vec::new(),
        signed: vec![
            signed("Ines Ortega", Side::Provider, "Northgate IT"),
            signed("Dana Cole", Side::Client, "Harbor Books"),
        ],
        missing: Vec::new(),
        proposed_by: Some(person("Ines Ortega", Side::Provider, true)),
        document,
    }
}

fn changes() -> Vec<ChangeRow> {
    let change = |key: &str, words: &str, direction| ChangeRow {
        key: key.to_owned(),
        words: words.to_owned(),
        direction,
    };
    vec![
        change(
            "payments",
            "Payments: at most 5,000 EUR a day, before 2,000 EUR.",
            Direction::Looser,
        ),
        change("no-deleting", "Nothing is deleted: new. It is refused.", Direction::Tighter),
    ]
}

fn draft() -> DraftView {
    let mut version = version();
    version.row = row(4, VersionState::Draft);
    let dana = version.signed.pop();
    version.missing = dana
        .map(|one| MissingSignature { side: one.side, party: one.party, who: vec![one.person] })
        .into_iter()
        .collect();
    DraftView { version, changes: changes() }
}

/// What stands, in force or not, with a draft or not.
#[must_use]
pub fn charter(in_force: bool, drafted: bool) -> CharterView {
    let mut versions = Vec::new();
    if drafted {
        versions.push(row(4, VersionState::Draft));
    }
    if in_force {
        versions.extend([row(3, VersionState::InForce), row(2, VersionState::Past)]);
    }
    CharterView {
        client: client_view(1),
        in_force: in_force.then(version),
        draft: drafted.then(draft),
        versions,
        suspended: Vec::new(),
        frozen: Vec::new(),
        templates: templates(),
        notes: if in_force {
            Vec::new()
        } else {
            vec!["no charter is in force, so nothing acts here".to_owned()]
        },
    }
}

/// A freeze and a suspended clause.
#[must_use]
pub fn stops() -> (Vec<FreezeRow>, Vec<SuspensionRow>) {
    let by = || person("Dana Cole", Side::Client, true);
    let (side, reason) = (Side::Client, "The bank called about a payment.".to_owned());
    let freeze = FreezeRow { side, by: by(), at: at(9), reason: reason.clone(), line: 201 };
    let suspension = SuspensionRow {
        clause: Some("payments".to_owned()),
        title: Some("Payments".to_owned()),
        side,
        by: by(),
        at: at(10),
        reason,
        line: 200,
    };
    (vec![freeze], vec![suspension])
}

/// The letter.
#[must_use]
pub fn letter() -> LetterView {
    let document = document();
    LetterView {
        client: client_view(1),
        version: row(3, VersionState::InForce),
        letter: written(&document, &|_unnamed| None),
        clauses: rows(&document.clauses),
    }
}

/// The catalogue.
#[must_use]
pub fn catalog() -> CatalogView {
    writ_desk::Desk::catalog()
}

/// Templates: those of Writ, and one of the provider's own.
#[must_use]
pub fn templates() -> Vec<TemplateRow> {
    let built_in = template::builtin().iter().map(|one| TemplateRow {
        name: one.name.clone(),
        built_in: true,
        chain: Vec::new(),
        clauses: one.clauses.len(),
        own: one.clauses.len(),
        set_at: None,
    });
    let own = TemplateRow {
        name: "retail".to_owned(),
        built_in: false,
        chain: vec!["balanced".to_owned()],
        clauses: 14,
        own: 2,
        set_at: Some(at(30_000)),
    };
    built_in.chain([own]).collect()
}

/// One that overrides.
#[must_use]
pub fn template() -> TemplateView {
    let row = templates().pop();
    let document = template::builtin().first().cloned();
    TemplateView {
        row: row.unwrap_or_else(|| TemplateRow {
            name: String::new(),
            built_in: false,
            chain: Vec::new(),
            clauses: 0,
            own: 0,
            set_at: None,
        }),
        inherited: rows(&clauses()),
        document: document.unwrap_or_else(|| writ_charter::Template {
            name: String::new(),
            parent: None,
            clauses: Vec::new(),
            removes: Vec::new(),
            counts_as: Vec::new(),
        }),
    }
}

/// What lies between two versions.
#[must_use]
pub fn diff() -> DiffView {
    DiffView {
        client: client_view(1),
        from: Some(row(3, VersionState::InForce)),
        to: row(4, VersionState::Draft),
        changes: changes(),
    }
}

/// What the draft would have decided.
#[must_use]
pub fn replay() -> ReplayView {
    let decided = |effect: &str, code: &str, words: &str, clauses: &[&str]| DecidedView {
        effect: effect.to_owned(),
        code: code.to_owned(),
        words: words.to_owned(),
        clauses: clauses.iter().map(|one| (*one).to_owned()).collect(),
    };
    let differs = ReplayRow {
        call: id(101),
        at: at(600),
        agent: id(8),
        agent_name: "invoice-bot".to_owned(),
        server: "bank".to_owned(),
        surface: "tool".to_owned(),
        name: "release_payment".to_owned(),
        was: decided("permit", "PERM-0001", "Dana Cole granted it", &["reading"]),
        would: decided("hold", "HOLD-0001", "it waits for an owner of Harbor Books", &["payments"]),
    };
    ReplayView {
        client: client_view(1),
        version: row(4, VersionState::Draft),
        since: at(10_080),
        until: at(0),
        looked: 1_204,
        same: 1_203,
        skipped: vec![SkippedRow {
            why: "their arguments are not kept any more".to_owned(),
            calls: 2,
        }],
        differs: vec![differs],
        others: 1,
        says: vec!["one call of invoice-bot would have waited for a yes".to_owned()],
    }
}

/// Clauses and what enforces them, with so many loose ends.
#[must_use]
pub fn trace(orphans: u64) -> TraceView {
    let document = document();
    let rows = document.clauses.iter().map(|clause| TraceRow {
        clause: clause.key.clone(),
        title: clause.title.clone(),
        enforced_by: clause.enforced_by.clone(),
    });
    let orphan = OrphanRow {
        what: "clause reading".to_owned(),
        why: "nothing counts as what it speaks of".to_owned(),
        cure: "Name a tool that counts as it, or take the clause out.".to_owned(),
    };
    TraceView {
        client: client_view(1),
        version: Some(row(3, VersionState::InForce)),
        clauses: 5,
        points: 6,
        orphans,
        found: (0..orphans).map(|_| orphan.clone()).collect(),
        rows: rows.collect(),
    }
}
