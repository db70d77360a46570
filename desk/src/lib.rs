//! The desk: use-cases over the ledger, and the machine API on top of them: OAuth, enrollment, REST with its `OpenAPI`.
//!
//! [`Desk`] is the one handle. Each use-case is an async method of it (`case/`) that takes who acts and plain words,
//! and returns a view (`view/`) that is at once the API's JSON and what the console renders: a page shows nothing that
//! the API cannot give.
//! Never here: a rule that `authority` should hold, SQL, a cryptographic primitive, HTML.
//! To add a use-case: a method in `case/`, its view in `view/`, its endpoint in `api/` under the path of its URL, and a
//! line in `api::table`; the router, the `OpenAPI` document and the coverage test follow from that table.

mod api;
mod assertions;
mod case;
mod ceremony;
mod desk;
mod door;
mod doors;
mod enroll;
mod error;
mod fleet;
mod keys;
mod limit;
mod locate;
mod names;
mod notify;
mod oauth;
mod oidc;
mod rehearse;
mod say;
mod session;
mod signing;
mod upstreams;
pub mod view;
mod who;
mod witness;

pub use api::{Endpoint, Guard, Needs, table};
pub use assertions::WebauthnCheck;
pub use case::{
    agents::{AgentFilter, NewAgentBody},
    answers::AnswersBody,
    approvals::{ApproveBody, HoldQuery},
    away::AwayBody,
    calls::CallQuery,
    charter::{
        CharterToSign,
        draft::{NewDraft, Said},
    },
    clients::NewClient,
    collect::Collected,
    contact::ContactBody,
    drills::DrillBody,
    endings::{TerminationsBody, WhomBody},
    explain::{ExplainBody, Format, FormatQuery, MomentQuery},
    export::ExportedFile,
    founding::{FirstPerson, FoundBody},
    grants::{NewGrant, NewSubject},
    groups::NewGroup,
    invitations::{AdmitBody, NewInvitation},
    keys::NewPasskey,
    moving::TakenOver,
    observe::{ObserveBody, ObserveQuery, ObservedSubject, ProposeBody},
    people::NewPerson,
    receipts::ReceiptQuery,
    replay::ReplayQuery,
    sign_in::SignInBody,
    templates::NewTemplate,
    tools::{ApproveToolBody, RefuseToolBody, ToolsQuery},
    witnesses::NewWitness,
};
pub use desk::{Desk, DeskParts};
pub use door::cli_token;
pub use doors::doors;
pub use enroll::{EnrollBody, Enrolled, PROOF_TYPE};
pub use error::{DeskError, Problem, Wrong};
pub use fleet::{
    BackupStatus, Fleet, GatewayStatus, HeldLease, MemberStatus, Members, NoFleet, QueueStatus,
    Report, ServerAnswers, ServerStatus,
};
pub use keys::{CheckpointVerifier, token_key};
pub use names::{
    carried::NameKeys,
    reveal::{AsWritten, reveal},
};
pub use notify::{Form, Kind, NotifyParts, Stepped, Way};
pub use oauth::{Back, ConsentAgent, ConsentView, ListedClient, Looked, OauthSettings};
pub use oidc::{LoginBody, Narrowed, OidcSettings, RoleMap, Strength, oidc_refusal};
pub use rehearse::{AfterEnd, NotPlayed, Part, RefusedCall, Rehearse, Rogue, Seen};
pub use session::{COOKIE, SESSION_IDLE, Session, SignedBy, SignedIn};
pub use upstreams::{ConnectBody, DisconnectBody, UpstreamServer};
pub use who::{Via, Who};
pub use witness::WITNESS_TYPE;
