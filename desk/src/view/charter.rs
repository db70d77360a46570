//! The charter as people see it: what is in force, what waits for signatures, what a change means, what it would have
//! decided, the letter, the templates, the stops.
//!
//! Never here: a rule. Words are of `writ_charter`; names are resolved here.

use serde::Serialize;
use writ_charter::{
    Action, Calendar, Charter, Clause, Naming, Template,
    diff::{Change, Direction},
    letter::Letter,
};
use writ_model::{AgentId, CallId, CharterId, Digest, Side, Timestamp};

use super::{ClientRef, PersonRef};

/// The catalogue of decisions that can be delegated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatalogView {
    /// Its version.
    pub version: u32,
    /// Its classes.
    pub actions: Vec<CatalogRow>,
}

/// One class of decisions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatalogRow {
    /// What it is, in full: class, sentence, reversibility, blast radius, typical harm.
    #[serde(flatten)]
    pub action: Action,
    /// Whether it is the client's own, added by its charter.
    pub own: bool,
}

/// A client's charter: everything that stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CharterView {
    /// Whose.
    pub client: ClientRef,
    /// What is in force, if anything: without one nothing acts.
    pub in_force: Option<VersionView>,
    /// What waits for signatures.
    pub draft: Option<DraftView>,
    /// Every version, newest first, the draft included.
    pub versions: Vec<VersionRow>,
    /// What is suspended now.
    pub suspended: Vec<SuspensionRow>,
    /// Which party has frozen everything of this client.
    pub frozen: Vec<FreezeRow>,
    /// What a new draft can begin with.
    pub templates: Vec<TemplateRow>,
    /// What is wrong or soon due, one sentence each.
    pub notes: Vec<String>,
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionState {
    /// It waits for signatures.
    Draft,
    /// It decides.
    InForce,
    /// It was in force once.
    Past,
}

impl VersionState {
    /// Its word, as in the JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InForce => "in_force",
            Self::Past => "past",
        }
    }
}

/// One version in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VersionRow {
    /// How addresses name it: `3`, or `draft`.
    pub name: String,
    /// Its number.
    pub version: u32,
    /// Which charter.
    pub charter: CharterId,
    /// SHA-256 of its canonical text: what both parties signed.
    pub digest: Digest,
    /// Where it stands.
    pub state: VersionState,
    /// Since when it is in force; for a draft, when it was proposed.
    pub since: Timestamp,
    /// When another took its place.
    pub until: Option<Timestamp>,
    /// The ledger line that made it so.
    pub line: u64,
}

/// A party's signature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignatureRow {
    /// Whose.
    pub side: Side,
    /// That party's name, as the charter has it.
    pub party: String,
    /// Who signed.
    pub person: PersonRef,
    /// When.
    pub at: Timestamp,
    /// The ledger line that says so; the signature itself is the line before.
    pub line: u64,
}

/// A party whose signature is missing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissingSignature {
    /// Which party.
    pub side: Side,
    /// Its name.
    pub party: String,
    /// Its owners who have a passkey: any of them can sign.
    pub who: Vec<PersonRef>,
}

/// One version, whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VersionView {
    /// Whose.
    pub client: ClientRef,
    /// Which, and where it stands.
    #[serde(flatten)]
    pub row: VersionRow,
    /// The template it began with.
    pub base: Option<String>,
    /// The contract it belongs to.
    pub contract_ref: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub until_says: Option<Timestamp>,
    /// When it is to be looked at again.
    pub review_by: Option<Timestamp>,
    /// When people work.
    pub calendar: Calendar,
    /// Its clauses, in its order.
    pub clauses: Vec<ClauseRow>,
    /// What counts as what.
    pub counts_as: Vec<Naming>,
    /// The client's own classes.
    pub actions: Vec<Action>,
    /// Who has signed it.
    pub signed: Vec<SignatureRow>,
    /// Who has not.
    pub missing: Vec<MissingSignature>,
    /// Who wrote it, if that is known.
    pub proposed_by: Option<PersonRef>,
    /// The object itself, as it is signed: what an edit begins with.
    pub document: Charter,
}

/// A draft: the version that waits, and what it would change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DraftView {
    /// The version.
    #[serde(flatten)]
    pub version: VersionView,
    /// What it changes against what is in force.
    pub changes: Vec<ChangeRow>,
}

/// A clause in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClauseRow {
    /// Its key, stable over versions.
    pub key: String,
    /// Its title.
    pub title: String,
    /// `refuse`, `propose`, `approve`, `notify-and-act` or `act`.
    pub mode: &'static str,
    /// What it says, in full: nothing that decides is left out.
    pub text: Vec<String>,
    /// The template it came from, or `client`.
    pub from: String,
    /// The template whose clause of this key it replaces.
    pub overrides: Option<String>,
    /// Whether it is suspended now: then it refuses what it matches.
    pub suspended: bool,
    /// What enforces it.
    pub enforced_by: Vec<String>,
    /// The clause itself.
    pub clause: Clause,
}

/// A difference in plain words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeRow {
    /// Which clause; a part of the charter beside them has its own name.
    pub key: String,
    /// What changes.
    pub words: String,
    /// `tighter`, `looser`, `same` or `mixed`.
    pub direction: Direction,
}

impl From<Change> for ChangeRow {
    fn from(one: Change) -> Self {
        Self { key: one.key, words: one.words, direction: one.direction }
    }
}

/// What lies between two versions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiffView {
    /// Whose.
    pub client: ClientRef,
    /// The older; nothing if there was none.
    pub from: Option<VersionRow>,
    /// The newer.
    pub to: VersionRow,
    /// What changes, in the order of the newer.
    pub changes: Vec<ChangeRow>,
}

/// A delegation that one party has suspended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuspensionRow {
    /// Which clause; none for all of it.
    pub clause: Option<String>,
    /// That clause's title.
    pub title: Option<String>,
    /// By which party: only it resumes.
    pub side: Side,
    /// Who did it.
    pub by: PersonRef,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// The ledger line.
    pub line: u64,
}

/// A party that has frozen everything of this client.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FreezeRow {
    /// Which: only it thaws its own.
    pub side: Side,
    /// Who did it.
    pub by: PersonRef,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// The ledger line.
    pub line: u64,
}

/// A template in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TemplateRow {
    /// Its name.
    pub name: String,
    /// Whether it comes with Writ.
    pub built_in: bool,
    /// What it is built on, nearest first.
    pub chain: Vec<String>,
    /// How many clauses it has with all it inherits.
    pub clauses: usize,
    /// How many of them are its own.
    pub own: usize,
    /// When it was set last, if it is the provider's own.
    pub set_at: Option<Timestamp>,
}

/// A template with all it inherits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TemplateView {
    /// Which.
    #[serde(flatten)]
    pub row: TemplateRow,
    /// Its clauses, each with where it comes from and what it replaces.
    pub inherited: Vec<ClauseRow>,
    /// The template as it is written: what an edit begins with.
    pub document: Template,
}

/// Whether every clause is enforced and everything that acts stands on a clause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TraceView {
    /// Whose.
    pub client: ClientRef,
    /// Which version was checked; none is in force if there is none.
    pub version: Option<VersionRow>,
    /// How many clauses.
    pub clauses: u64,
    /// How many points that act.
    pub points: u64,
    /// How many loose ends: none is right.
    pub orphans: u64,
    /// Each of them.
    pub found: Vec<OrphanRow>,
    /// Every clause beside what enforces it.
    pub rows: Vec<TraceRow>,
}

/// A clause that nothing enforces, or something that acts without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrphanRow {
    /// What.
    pub what: String,
    /// Why it is one.
    pub why: String,
    /// What would cure it.
    pub cure: String,
}

/// A clause beside what enforces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TraceRow {
    /// Its key.
    pub clause: String,
    /// Its title.
    pub title: String,
    /// The points that enforce it.
    pub enforced_by: Vec<String>,
}

/// The letter to the client's owner.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LetterView {
    /// Whose.
    pub client: ClientRef,
    /// Of which version.
    pub version: VersionRow,
    /// The letter.
    pub letter: Letter,
    /// The clauses in full, as an appendix.
    pub clauses: Vec<ClauseRow>,
}

/// What a charter would have decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayView {
    /// Whose.
    pub client: ClientRef,
    /// Which version was tried.
    pub version: VersionRow,
    /// From when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// How many calls were decided again.
    pub looked: u64,
    /// How many of them would go the same way.
    pub same: u64,
    /// What was not looked at, and why.
    pub skipped: Vec<SkippedRow>,
    /// Calls that would go another way, newest first.
    pub differs: Vec<ReplayRow>,
    /// How many go another way in all; `differs` shows the newest of them.
    pub others: u64,
    /// One sentence each, for whoever signs.
    pub says: Vec<String>,
}

/// Calls that were not decided again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedRow {
    /// Why.
    pub why: String,
    /// How many.
    pub calls: u64,
}

/// A past decision that would go another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayRow {
    /// Which call.
    pub call: CallId,
    /// When.
    pub at: Timestamp,
    /// By which agent.
    pub agent: AgentId,
    /// Its name.
    pub agent_name: String,
    /// On which server.
    pub server: String,
    /// `tool`, `resource` or `prompt`.
    pub surface: String,
    /// Of which name.
    pub name: String,
    /// What was decided.
    pub was: DecidedView,
    /// What would be decided.
    pub would: DecidedView,
}

/// One decision, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecidedView {
    /// `permit`, `hold` or `deny`.
    pub effect: String,
    /// Its code.
    pub code: String,
    /// Why, one sentence.
    pub words: String,
    /// The clauses it stands on.
    pub clauses: Vec<String>,
}
