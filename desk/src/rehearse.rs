//! [`Rehearse`]: an agent gone wrong, played from outside. A drill needs a client that speaks the agents' own protocol to
//! every gateway; the desk stands beside the gateways and cannot be one, so the binary hands it in.
//!
//! Never here: a way around the gateway. What is played is an ordinary client with an ordinary key and token, and every
//! time in [`Seen`] is microseconds of the clock that the desk hands in ([`writ_model::Clock::monotonic_micros`]).

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use writ_model::{AgentId, CallId, Clock, GatewayId, InstanceId, Secret};

/// What is to be played.
pub struct Part {
    /// The shadow: an agent with the real one's grants, whose permitted calls are never forwarded.
    pub shadow: AgentId,
    /// The shadow's one-time enrollment code.
    pub code: Secret<String>,
    /// The desk's base address: `/enroll`, `/oauth/token`.
    pub desk: String,
    /// Every gateway: its id and base address.
    pub gateways: Vec<(GatewayId, String)>,
    /// A server behind them that the shadow has a grant on.
    pub server: String,
    /// The clock to measure with.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Part({}, {} gateways)", self.shadow, self.gateways.len())
    }
}

/// Why it could not be played, one sentence; for the log and the drill's step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotPlayed(pub String);

/// What one gateway answered at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Which gateway; none for the desk's token endpoint.
    pub gateway: Option<GatewayId>,
    /// When the answer was there.
    pub at_us: u64,
    /// Whether it was refused, or the stream was cut.
    pub refused: bool,
    /// Status or code of the answer, in a few words.
    pub words: String,
}

/// A refused call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCall {
    /// As it was seen.
    pub seen: Seen,
    /// The call's id, if the answer names it.
    pub call: Option<CallId>,
}

/// What was seen after the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterEnd {
    /// Each stream: when it was cut, or that it was not.
    pub streams: Vec<Seen>,
    /// A call with the old token at each gateway.
    pub calls: Vec<Seen>,
    /// A new token from the desk.
    pub token: Seen,
}

/// Plays an agent gone wrong. Implemented by the binary.
#[async_trait]
pub trait Rehearse: Send + Sync + fmt::Debug {
    /// Makes a fresh key, enrolls it with the code, fetches a token, opens a session and a stream at every gateway.
    ///
    /// # Errors
    /// If any of that fails: the drill is broken off and says so.
    async fn enter(&self, part: Part) -> Result<Box<dyn Rogue>, NotPlayed>;
}

/// The agent, inside.
#[async_trait]
pub trait Rogue: Send + fmt::Debug {
    /// The running copy it became.
    fn instance(&self) -> InstanceId;

    /// Streams that are open.
    fn streams(&self) -> u32;

    /// Makes a call that must be refused: a tool that no grant covers, on [`Part::server`], at the first gateway.
    ///
    /// # Errors
    /// If no answer comes.
    async fn misbehave(&mut self) -> Result<RefusedCall, NotPlayed>;

    /// Once the shadow is ended: waits until every stream is cut, calls at every gateway with the token it has and asks
    /// for a new one until each is refused; all at once, and for at most so many microseconds. What is not refused by
    /// then is said so.
    async fn watch_end(&mut self, wait_us: u64) -> AfterEnd;
}
