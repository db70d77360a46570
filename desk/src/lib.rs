//! The desk: use-cases over the ledger, and the machine API on top of them: OAuth, enrollment, REST with its `OpenAPI`.
//!
//! [`Desk`] is the one handle. Each use-case is an async method of it (`case/`) that takes who acts and plain words,
//! and returns a view (`view/`) that is at once the API's JSON and what the console renders: a page shows nothing that
//! the API cannot give.
//! Never here: a rule that `authority` should hold, SQL, a cryptographic primitive, HTML.
//! To add a use-case: a method in `case/`, its view in `view/`, its endpoint in `api/` under the path of its URL, and a
//! line in `api::table`; the router, the `OpenAPI` document and the coverage test follow from that table.

mod api;
mod case;
mod desk;
mod door;
mod enroll;
mod error;
mod fleet;
mod keys;
mod locate;
mod oauth;
mod say;
mod session;
pub mod view;
mod who;

pub use api::{Endpoint, Guard, table};
pub use case::{
    agents::{AgentFilter, NewAgentBody},
    answers::AnswersBody,
    calls::CallQuery,
    clients::NewClient,
    explain::ExplainBody,
    export::ExportedFile,
    founding::{FirstPerson, FoundBody},
    grants::{NewGrant, NewSubject},
    groups::NewGroup,
    people::NewPerson,
};
pub use desk::{Desk, DeskParts};
pub use door::{cli_token, host_is_ours};
pub use enroll::{EnrollBody, Enrolled, PROOF_TYPE};
pub use error::{DeskError, Problem};
pub use fleet::{Fleet, GatewayStatus, NoFleet, ServerStatus};
pub use keys::{CheckpointVerifier, token_key};
pub use session::{COOKIE, SESSION_IDLE, Session, SignedIn};
pub use who::{Via, Who};
