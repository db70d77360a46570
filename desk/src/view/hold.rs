//! What waits for somebody's yes, as a person without IT knowledge reads it on a phone: who asks, what exactly, why it is
//! asked, what happens if nobody answers, until when, who else must say yes, how to check that it is real.
//!
//! Never here: a rule. Whether somebody may approve is `authority`'s answer. What an agent sent stands in
//! [`ArgumentRow::value`] and [`AskedView::destination`] alone: render it quoted.

use serde::Serialize;
use writ_charter::Money;
use writ_model::{AgentId, CharterId, Digest, HoldId, InstanceId, PersonId, Timestamp};

use super::{ClientRef, PersonRef, charter::SignatureRow};

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    /// An agent's call; its exact bytes are kept, sealed, and executed once after the last yes.
    Call,
    /// A person's act; it is done with the last yes.
    Act,
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// It waits for somebody.
    Waiting,
    /// A person is to do it themselves: nobody can approve it.
    Proposed,
    /// Everybody who must has said yes; the agent has not fetched it yet.
    Approved,
    /// It was executed, once.
    Done,
    /// Somebody said no.
    Refused,
    /// Nobody answered in time.
    Expired,
}

impl HoldState {
    /// Its word, as in the JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AskerView {
    /// Its name: the agent's or the person's.
    pub name: String,
    /// `agent` or `person`.
    pub kind: &'static str,
    /// What it is for, if it is an agent.
    pub purpose: Option<String>,
    /// Which agent, if it is one.
    pub agent: Option<AgentId>,
    /// Which of its running copies.
    pub instance: Option<InstanceId>,
    /// Which person: who asks, or whose agent it is.
    pub person: Option<PersonRef>,
    /// One sentence: whose it is, or for whom the person works.
    pub says: String,
}

/// One argument, quoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArgumentRow {
    /// Where it stands: an RFC 6901 pointer, `/to`.
    pub at: String,
    /// The value as JSON, for example `"ana@harborbooks.example"`: an agent's words, with hidden letters made visible.
    /// Render it quoted.
    pub value: String,
}

/// What is known of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Opened {
    /// Everything is there, and it is what the digest says.
    Whole,
    /// It carries no arguments.
    Nothing,
    /// The kept bytes are gone: nobody can approve what nobody can read.
    Gone,
    /// The kept bytes are not what the digest says: nobody can approve it.
    Altered,
    /// It is over; what was sent is not kept any longer.
    Over,
}

impl Opened {
    /// Whether somebody could approve what is shown.
    pub const fn readable(self) -> bool {
        matches!(self, Self::Whole | Self::Nothing)
    }
}

/// What exactly is asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AskedView {
    /// One plain sentence: `“invoice-bot” wants to release a payment of 1,200.00 EUR.`
    pub sentence: String,
    /// Each decision that it counts as.
    pub actions: Vec<ActionSaid>,
    /// How much money, if it is about money and that can be read.
    pub amount: Option<Money>,
    /// Where to, as the arguments say, with the argument's name. Render it quoted.
    pub destination: Option<ArgumentRow>,
    /// On which server, of a call.
    pub server: Option<String>,
    /// `tool`, `resource` or `prompt`, of a call.
    pub surface: Option<String>,
    /// The thing's name, of a call.
    pub name: Option<String>,
    /// The exact sentences that a yes signs.
    pub text: Vec<String>,
    /// Whether the arguments could be opened.
    pub opened: Opened,
    /// The arguments, one row for each value; at most [`crate::Desk::ARGUMENTS`].
    pub arguments: Vec<ArgumentRow>,
    /// Rows left out of `arguments`; they are in `exact`.
    pub more: usize,
    /// Why it waits, where a value was first read in what others wrote: a sentence for each, the value quoted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// The arguments' exact canonical JSON, if they could be opened.
    pub exact: Option<String>,
    /// SHA-256 over the exact call or act: what an approval is for.
    pub digest: Digest,
}

/// One class of action, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionSaid {
    /// Its class, `payment.release`.
    pub class: String,
    /// Completes "An agent …": `releases a payment`.
    pub sentence: String,
    /// Whether it can be undone.
    pub reversibility: String,
    /// Whom it reaches.
    pub blast: String,
    /// What goes wrong when it is wrong.
    pub harm: String,
}

/// A clause that says so, and who signed it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClauseSaid {
    /// Its key.
    pub key: String,
    /// Its title.
    pub title: String,
    /// `refuse`, `propose`, `approve`, `notify-and-act` or `act`.
    pub mode: String,
    /// Its full text.
    pub text: Vec<String>,
    /// In which charter.
    pub charter: CharterId,
    /// Its version.
    pub version: u32,
    /// Who signed it, both parties'.
    pub signed: Vec<SignatureRow>,
}

/// A seat whose yes is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeatRow {
    /// `provider` or `client`.
    pub party: String,
    /// `owner`, `approver`, `engineer` or `auditor`.
    pub role: String,
    /// How many of them.
    pub n: u8,
    /// How many have said yes.
    pub given: u8,
    /// In words: `one owner of Harbor Books`.
    pub words: String,
    /// Who could say yes now; at most eight.
    pub could: Vec<PersonRef>,
}

/// What somebody answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerRow {
    /// Who.
    pub person: PersonRef,
    /// Whose deputy they answered as, if anybody's.
    pub deputy_of: Option<PersonRef>,
    /// `yes` or `no`.
    pub answer: &'static str,
    /// In their words. Render it quoted.
    pub words: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What whoever looks can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct YourPart {
    /// May say yes.
    pub approve: bool,
    /// May say no.
    pub refuse: bool,
    /// Has answered already.
    pub answered: bool,
    /// Would count for this person, who is away.
    pub deputy_of: Option<PersonRef>,
    /// Why not, if they may not say yes: one sentence.
    pub why_not: Option<String>,
    /// What would cure that.
    pub cure: Option<String>,
}

/// Something that waits, whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HoldView {
    /// Which.
    pub hold: HoldId,
    /// At which client.
    pub client: ClientRef,
    /// What waits.
    pub kind: HoldKind,
    /// Where it stands.
    pub state: HoldState,
    /// That in one sentence.
    pub state_words: String,
    /// Who asks.
    pub asker: AskerView,
    /// What exactly.
    pub asked: AskedView,
    /// Why somebody is asked: the clauses, strictest first.
    pub why: Vec<ClauseSaid>,
    /// What happens if nobody answers.
    pub otherwise: String,
    /// When it was asked.
    pub since: Timestamp,
    /// Until when it can be answered.
    pub expires: Timestamp,
    /// From when owners may answer for any seat of their party, if that is so.
    pub escalates: Option<Timestamp>,
    /// Whether that is so already.
    pub escalated: bool,
    /// Who must say yes.
    pub quorum: Vec<SeatRow>,
    /// Who has answered.
    pub answers: Vec<AnswerRow>,
    /// How to check by another way that it is real, one sentence each.
    pub check_by: Vec<String>,
    /// What whoever looks can do.
    pub you: YourPart,
    /// The page that shows it.
    pub url: String,
    /// The ledger line that asks.
    pub line: u64,
}

/// Something that waits, in a list. It carries nothing that was sent: that is on its own page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HoldRow {
    /// Which.
    pub hold: HoldId,
    /// At which client.
    pub client: ClientRef,
    /// What waits.
    pub kind: HoldKind,
    /// Where it stands.
    pub state: HoldState,
    /// Who asks, by name.
    pub asker: String,
    /// One plain sentence.
    pub sentence: String,
    /// How much money, if it is about money.
    pub amount: Option<Money>,
    /// When it was asked.
    pub since: Timestamp,
    /// Until when it can be answered.
    pub expires: Timestamp,
    /// Whether owners may answer for any seat of their party by now.
    pub escalated: bool,
    /// Who must still say yes, in words; empty when nobody must.
    pub waits_for: Vec<String>,
    /// Whether whoever looks could say yes now.
    pub yours: bool,
}

/// What waits at the clients somebody is seated at, what expires first first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HoldPage {
    /// When it was true.
    pub at: Timestamp,
    /// The rows; at most [`crate::Desk::INBOX`].
    pub rows: Vec<HoldRow>,
    /// How many there are in all.
    pub total: usize,
    /// How many whoever looks could say yes to now.
    pub yours: usize,
    /// Who is away at these clients, and who answers for them.
    pub away: Vec<AwayView>,
}

/// Somebody is away, and somebody answers for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AwayView {
    /// At which client.
    pub client: ClientRef,
    /// Who is away.
    pub person: PersonRef,
    /// Who answers for them.
    pub deputy: PersonRef,
    /// Until when.
    pub until: Timestamp,
    /// Whether that is whoever looks.
    pub you: bool,
}

impl HoldView {
    /// Who asks, if it is a person.
    pub fn requester(&self) -> Option<PersonId> {
        let asked_by_person = self.kind == HoldKind::Act;
        self.asker.person.as_ref().filter(|_| asked_by_person).map(|one| one.person)
    }
}
