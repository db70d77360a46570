//! What use-cases return: plain data with names resolved, the API's JSON and what a page renders.
//!
//! Never here: a rule, or a number that is not counted from facts or activity.
//! To add a view: a struct in the file of its noun; fields are what a reader asks, in the order they ask it.

pub mod agent;
pub mod call;
pub mod charter;
pub mod client;
pub mod consent;
pub mod drill;
pub mod flow;
pub mod grant;
pub mod hold;
pub mod ledger;
pub mod life;
pub mod notify;
pub mod observe;
pub mod operations;
pub mod people;
pub mod receipt;
pub mod signing;
pub mod tools;
pub mod upstream;
pub mod witness;

pub use agent::{
    ActsForRow, AgentRow, AgentView, AnswerView, AnswersView, AskHint, InstanceView, MissingView,
    NextStep,
};
pub use call::{
    ApprovalSaid, CallPage, CallRow, CallView, CharterSaid, ExplainView, GrantSaid,
    RecordedDecision, SealView,
};
pub use charter::{
    CatalogRow, CatalogView, ChangeRow, CharterView, ClauseRow, DecidedView, DiffView, DraftView,
    FreezeRow, LetterView, MissingSignature, OrphanRow, ReplayRow, ReplayView, SignatureRow,
    SkippedRow, SuspensionRow, TemplateRow, TemplateView, TraceRow, TraceView, VersionRow,
    VersionState, VersionView,
};
pub use client::{
    ClientRef, ClientRow, GroupRef, GroupRow, PersonRef, PersonRow, ProviderView, QueueItem,
    QueueView, Sealed, StatusView, Swept,
};
pub use consent::{ConsentRow, ConsentsView};
pub use drill::{DRILL_FILE, DrillFile, DrillPage, DrillPick, DrillStep, DrillView};
pub use grant::{GrantView, RuleView, UseView};
pub use hold::{
    ActionSaid, AnswerRow, ArgumentRow, AskedView, AskerView, AwayView, ClauseSaid, HoldKind,
    HoldPage, HoldRow, HoldState, HoldView, Opened, SeatRow, YourPart,
};
pub use ledger::{CheckpointView, LedgerPage, LineDetail, LineView, ProofView};
pub use life::{
    Acted, EndingRow, EndingView, EnrollmentOffer, Reach, Receipt, ReceiptTarget, WouldEnd,
};
pub use notify::{ContactView, NotificationPage, NotificationRow, TestView, WayRow, WebhookKey};
pub use observe::{ObserveRow, ObserveView, ObservingRow};
pub use operations::{
    CountRow, FormatRow, FormatsView, GatewayRow, GatewayWanted, GatewaysView, HaltRow, LeaseRow,
    LedgerRow, LedgersView, OperationsView, ProcessRow, QueueRow, RestoredRow, StoreRow, UnreadRow,
};
pub use people::{InvitationRow, KeyPolicyView, LoginRow, Me, PasskeyRow, RecoveryRow, SessionRow};
pub use receipt::{ProvenLine, RECEIPT_FILE, ReceiptFile, ReceiptPage, ReceiptRow};
pub use signing::{
    Invited, Joined, NextView, OptionsView, RecoveryAsked, SigningState, SigningView,
};
pub use tools::{ToolRow, ToolState, ToolView, ToolsView};
pub use upstream::{ConnectView, ConnectedRow, UpstreamView};
pub use witness::WitnessRow;
/// What the roster says of a process, as its views carry it.
pub use writ_store::{Standing, Wanted, roster::Role as ProcessRole};

pub use crate::fleet::{ServerAnswers, ServerStatus};
