//! One gateway that follows one ledger: beats, polls, partitions, crashes, a restored backup, and the receipt.
//!
//! Gateways share nothing but the ledger and the roster, so that what holds for each holds for all.
//! Never here: how lines are written (`write.rs`).

use stateright::{Model, Property};
use writ_model::{Span, Timestamp};
use writ_store::lease::{MARGIN, Standing, Terms, over_at, standing_of};

/// Ticks that are explored: a kill, the staleness after it, and room for what comes before.
const HORIZON: u8 = 6;
/// The terms in ticks. Only their order matters: a heartbeat is one tick, acting ends before everything ends.
const ACTING: u8 = 2;
const STALENESS: u8 = 3;
/// How often each misfortune strikes.
const CUTS: u8 = 1;
const CRASHES: u8 = 1;

fn terms() -> Terms {
    Terms { acting: ticks(ACTING), staleness_max: ticks(STALENESS) }
}

/// A tick is as long as the margin of receipts, so that the margin is one tick too.
fn ticks(count: u8) -> Span {
    Span::micros(i64::from(count) * MARGIN.as_micros())
}

fn at(tick: u8) -> Timestamp {
    Timestamp::from_micros(0) + ticks(tick)
}

/// A line, as far as the agent is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Line {
    /// The agent may act.
    Active,
    /// It is ended.
    Ended,
    /// The ledger came back from a backup: it is suspended.
    Restored,
}

/// A beat under way, with the poll that follows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Beat {
    /// When it was sent, by the gateway's own clock: what the lease is counted from.
    begun: u8,
    /// What it says of the last poll that was wholly applied.
    says: Option<u8>,
    /// When the roster heard it, by the roster's clock.
    heard: Option<u8>,
    /// What the poll after it read.
    read: Option<Vec<Line>>,
}

/// The gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Gateway {
    up: bool,
    /// What it has applied; none if it refuses the tenant, because what it read is no longer a prefix.
    view: Option<Vec<Line>>,
    renewed: Option<u8>,
    /// The roster's time at which the last poll that is applied had begun.
    applied: Option<u8>,
    beat: Option<Beat>,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    now: u8,
    log: Vec<Line>,
    /// When the end, and when the restore, became durable.
    ended: Option<u8>,
    restored: Option<u8>,
    gateway: Gateway,
    linked: bool,
    cuts: u8,
    crashes: u8,
    /// What the roster knows: when it heard, and what was said.
    seen: Option<u8>,
    told: Option<u8>,
    /// When the collector read the end.
    noticed: Option<u8>,
    receipt: Option<Receipt>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Receipt {
    Confirmed,
    LeaseExpired,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Tick,
    Send,
    Hear,
    Poll,
    Apply,
    Lose,
    Cut,
    Heal,
    Crash,
    /// From a snapshot of this many lines.
    Start(usize),
    End,
    Restore,
    Notice,
    Collect,
}

/// One of two scopes: together they would be too many states for a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// Crashes and a restored backup; nobody writes a receipt.
    Restores,
    /// The roster, the collector and the receipt.
    Receipts,
}

impl Gateway {
    fn standing(&self, now: u8) -> Standing {
        match self.renewed {
            Some(renewed) if self.up => standing_of(ticks(now - renewed), terms()),
            _ => Standing::Nothing,
        }
    }

    /// Whether the view lets the agent in.
    fn lets(&self) -> bool {
        self.view.as_ref().is_some_and(|view| view.last() == Some(&Line::Active))
    }

    fn acts(&self, now: u8) -> bool {
        self.lets() && self.standing(now) == Standing::Full
    }

    fn serves(&self, now: u8) -> bool {
        self.lets() && self.standing(now) != Standing::Nothing
    }
}

/// Whether an instant that a term began at is longer ago than the term.
fn past(since: Option<u8>, term: u8, now: u8) -> bool {
    since.is_some_and(|since| now - since >= term)
}

impl Model for Follow {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let log = vec![Line::Active];
        let view = Some(log.clone());
        let gateway = Gateway { up: true, view, renewed: Some(0), applied: None, beat: None };
        vec![State {
            now: 0,
            log,
            ended: None,
            restored: None,
            gateway,
            linked: true,
            cuts: CUTS,
            crashes: CRASHES,
            seen: Some(0),
            told: None,
            noticed: None,
            receipt: None,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.now < HORIZON {
            steps.push(Step::Tick);
        }
        let gateway = &state.gateway;
        match &gateway.beat {
            None if gateway.up => steps.push(Step::Send),
            None => {}
            Some(beat) => {
                steps.push(Step::Lose);
                match (beat.heard, &beat.read) {
                    (None, _) if state.linked => steps.push(Step::Hear),
                    (Some(_), None) if state.linked => steps.push(Step::Poll),
                    (Some(_), Some(_)) => steps.push(Step::Apply),
                    _ => {}
                }
            }
        }
        match (state.linked, state.cuts) {
            (true, 1..) => steps.push(Step::Cut),
            (false, _) => steps.push(Step::Heal),
            _ => {}
        }
        if gateway.up && state.crashes > 0 {
            steps.push(Step::Crash);
        }
        if !gateway.up {
            steps.extend((0..=state.log.len()).map(Step::Start));
        }
        if state.ended.is_none() && state.restored.is_none() {
            steps.push(Step::End);
        }
        let restores = *self == Self::Restores;
        if restores && state.ended.is_some() && state.restored.is_none() {
            steps.push(Step::Restore);
        }
        if !restores && state.ended.is_some() && state.noticed.is_none() {
            steps.push(Step::Notice);
        }
        if state.noticed.is_some() && state.receipt.is_none() {
            steps.push(Step::Collect);
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut next = last.clone();
        let now = last.now;
        let gateway = &mut next.gateway;
        match step {
            Step::Tick => next.now += 1,
            Step::Send => {
                let says = gateway.applied.filter(|_| *self == Self::Receipts);
                gateway.beat = Some(Beat { begun: now, says, heard: None, read: None });
            }
            Step::Hear => {
                let beat = gateway.beat.as_mut()?;
                beat.heard = Some(now);
                if *self == Self::Receipts {
                    next.seen = Some(now);
                    next.told = beat.says;
                }
            }
            Step::Poll => gateway.beat.as_mut()?.read = Some(last.log.clone()),
            Step::Apply => {
                let beat = gateway.beat.take()?;
                let read = beat.read?;
                let follows = gateway.view.as_ref().is_some_and(|view| read.starts_with(view));
                // Another history than was read: this tenant is refused. The process lives on, and so does its lease.
                gateway.view = follows.then_some(read);
                gateway.renewed = Some(beat.begun);
                gateway.applied = beat.heard.filter(|_| *self == Self::Receipts);
            }
            Step::Lose => gateway.beat = None,
            Step::Cut => {
                next.linked = false;
                next.cuts -= 1;
            }
            Step::Heal => next.linked = true,
            Step::Crash => {
                *gateway =
                    Gateway { up: false, view: None, renewed: None, applied: None, beat: None };
                next.crashes -= 1;
            }
            Step::Start(lines) => {
                gateway.up = true;
                gateway.view = Some(last.log.get(..lines)?.to_vec());
            }
            Step::End => {
                next.log.push(Line::Ended);
                next.ended = Some(now);
            }
            Step::Restore => {
                // The backup is from before the end.
                next.log = vec![Line::Active, Line::Restored];
                next.restored = Some(now);
            }
            Step::Notice => next.noticed = Some(now),
            Step::Collect => {
                // Strictly later: in one instant nobody can say which was first.
                let reached = last.told.is_some_and(|told| Some(told) > last.noticed);
                // What it may still serve without the line it polled before the collector read the line: a beat that came
                // without a poll after it does not put the end off.
                let heard = last.seen.into_iter().chain(last.noticed).min();
                let over =
                    heard.is_none_or(|heard| at(now) >= over_at(at(heard), ticks(STALENESS)));
                next.receipt = match (reached, over) {
                    (true, _) => Some(Receipt::Confirmed),
                    (false, true) => Some(Receipt::LeaseExpired),
                    (false, false) => return None,
                };
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all: Vec<Property<Self>> = vec![
            Property::always(
                "nothing acts longer than the acting term after its end",
                |_: &Self, s: &State| !(past(s.ended, ACTING, s.now) && s.gateway.acts(s.now)),
            ),
            Property::always(
                "nothing is served longer than the staleness after its end",
                |_: &Self, s: &State| !(past(s.ended, STALENESS, s.now) && s.gateway.serves(s.now)),
            ),
            Property::always(
                "a gateway that never polled after its start serves nothing",
                |_: &Self, s: &State| s.gateway.renewed.is_some() || !s.gateway.serves(s.now),
            ),
            Property::sometimes("a gateway reads on and stops acting", |_: &Self, s: &State| {
                s.gateway.serves(s.now) && !s.gateway.acts(s.now)
            }),
            Property::sometimes("a gateway serves again after a crash", |_: &Self, s: &State| {
                s.crashes == 0 && s.gateway.serves(s.now)
            }),
        ];
        all.extend(match self {
            Self::Restores => vec![
                Property::always(
                    "a restored ledger does not raise the dead",
                    |_: &Self, s: &State| {
                        !(past(s.restored, ACTING, s.now) && s.gateway.acts(s.now))
                    },
                ),
                Property::sometimes("another history is refused", |_: &Self, s: &State| {
                    s.gateway.up && s.gateway.view.is_none()
                }),
            ],
            Self::Receipts => vec![
                Property::always(
                    "a receipt is true from when it is written",
                    |_: &Self, s: &State| s.receipt.is_none() || !s.gateway.serves(s.now),
                ),
                Property::sometimes("an end is confirmed", |_: &Self, s: &State| {
                    s.receipt == Some(Receipt::Confirmed)
                }),
                Property::sometimes("a lease expires", |_: &Self, s: &State| {
                    s.receipt == Some(Receipt::LeaseExpired)
                }),
            ],
        });
        all
    }
}
