//! Several processes write one tenant's ledger: each decides on a head it read, the expected head is the fence, and after
//! losing once a writer takes the turn, which a stopped process loses after a while.
//!
//! Never here: time beyond "after a while", or what a line means.

use stateright::{Model, Property};

/// Writers; the first one wants to write the stop, the others anything else.
const WRITERS: usize = 3;
/// Lines each of the others writes in all.
const LINES: u8 = 2;
/// Processes that may stop for good while they hold something.
const STALLS: u8 = 1;

/// Whose line, and which of theirs.
type Line = (usize, u8);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Writer {
    /// The head it decided on.
    read: Option<usize>,
    /// It lost, so it waits for the turn before it decides again.
    lost: bool,
    left: u8,
    stalled: bool,
    /// Lines it was told are durable, and where.
    told: Vec<(Line, usize)>,
    /// How often it lost while it had the turn.
    beaten: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    log: Vec<Line>,
    turn: Option<usize>,
    writers: Vec<Writer>,
    stalls: u8,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Read(usize),
    Take(usize),
    Append(usize),
    Stall(usize),
    /// The database ends the idle transaction that holds the turn.
    Expire,
}

pub(crate) struct Write;

impl Model for Write {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let writer = |at| Writer {
            read: None,
            lost: false,
            left: if at == 0 { 1 } else { LINES },
            stalled: false,
            told: Vec::new(),
            beaten: 0,
        };
        let writers = (0..WRITERS).map(writer).collect();
        vec![State { log: Vec::new(), turn: None, writers, stalls: STALLS }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        for (at, writer) in state.writers.iter().enumerate() {
            if writer.stalled || writer.left == 0 {
                continue;
            }
            let mine = state.turn == Some(at);
            match writer.read {
                Some(_) => steps.push(Step::Append(at)),
                None if !writer.lost || mine => steps.push(Step::Read(at)),
                None if state.turn.is_none() => steps.push(Step::Take(at)),
                None => {}
            }
            // The one who stops somebody is alive: otherwise nobody asks for anything.
            if at > 0 && state.stalls > 0 {
                steps.push(Step::Stall(at));
            }
        }
        if state.turn.and_then(|at| state.writers.get(at)).is_some_and(|writer| writer.stalled) {
            steps.push(Step::Expire);
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut next = last.clone();
        match step {
            Step::Read(at) => next.writers.get_mut(at)?.read = Some(last.log.len()),
            Step::Take(at) => next.turn = Some(at),
            Step::Append(at) => {
                let mine = last.turn == Some(at);
                let writer = next.writers.get_mut(at)?;
                let read = writer.read.take()?;
                if read == last.log.len() {
                    let line = (at, writer.left);
                    writer.left -= 1;
                    writer.lost = false;
                    writer.told.push((line, read));
                    next.log.push(line);
                    if mine {
                        next.turn = None;
                    }
                } else {
                    writer.lost = true;
                    writer.beaten += u8::from(mine);
                }
            }
            Step::Stall(at) => {
                next.writers.get_mut(at)?.stalled = true;
                next.stalls -= 1;
            }
            Step::Expire => next.turn = None,
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "what was acknowledged stands where it was acknowledged",
                |_: &Self, s: &State| {
                    let told = s.writers.iter().flat_map(|writer| &writer.told);
                    told.clone().all(|(line, at)| s.log.get(*at) == Some(line))
                        && told.count() == s.log.len()
                },
            ),
            Property::always(
                "with the turn, a writer loses only to those who never lost",
                |_: &Self, s: &State| {
                    // Each of the others can be ahead by what it decided before: once for each of its lines at most.
                    s.writers
                        .iter()
                        .all(|writer| usize::from(writer.beaten) <= WRITERS * usize::from(LINES))
                },
            ),
            Property::eventually("the stop is written", |_: &Self, s: &State| {
                s.writers.first().is_some_and(|writer| writer.left == 0)
            }),
            Property::sometimes(
                "the stop loses once and is written all the same",
                |_: &Self, s: &State| {
                    s.writers.first().is_some_and(|writer| writer.left == 0)
                        && s.log.first().is_some_and(|(by, _)| *by != 0)
                },
            ),
            Property::sometimes("a stalled writer loses its turn", |_: &Self, s: &State| {
                s.stalls == 0
                    && s.turn.is_none()
                    && s.writers.iter().any(|one| one.stalled && one.lost)
            }),
        ]
    }
}
