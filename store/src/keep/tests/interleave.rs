//! However beats, polls, faults and other people's lines interleave: a lease never hangs on less than its process knows.

use tokio::task::JoinHandle;
use writ_model::Entropy as _;
use writ_testkit::SeededEntropy;

use super::*;

/// A keeper, and when each line of its one tenant was written.
struct Run {
    world: World,
    written: Vec<u64>,
    polling: Option<JoinHandle<Duration>>,
    dice: SeededEntropy,
    renewals: usize,
}

impl Run {
    async fn new(seed: u64) -> Self {
        let world = World::new();
        world.write(1, b"1").await;
        world.tenants.view(tenant(1)).await.unwrap();
        let (written, dice) = (vec![0], SeededEntropy::new(seed));
        Self { world, written, polling: None, dice, renewals: 0 }
    }

    fn roll(&self, sides: u8) -> u8 {
        let mut byte = [0];
        self.dice.fill(&mut byte);
        byte[0] % sides
    }

    fn tick(&self) -> u64 {
        self.world.clock.advance(Span::micros(i64::from(self.roll(200)) * 1000 + 1));
        self.world.clock.monotonic_micros()
    }

    async fn step(&mut self) {
        let now = self.tick();
        let world = &self.world;
        let mood = if self.roll(4) == 0 { Mood::Fails } else { Mood::Works };
        match self.roll(8) {
            0 | 1 => {
                world.write(1, b"1").await;
                self.written.push(now);
            }
            2 | 3 => {
                world.roster.beats.set(mood);
                world.keeper.beat(Vec::new()).await;
            }
            // A poll that has asked for the heads, or for lines, and waits for the answer.
            4 | 5 if self.polling.is_none() => {
                let (gate, other) = match self.roll(2) {
                    0 => (&world.ledger.heads, &world.ledger.lines),
                    _ => (&world.ledger.lines, &world.ledger.heads),
                };
                gate.set(Mood::Hangs);
                other.set(mood);
                let calls = gate.calls();
                let keeper = Arc::clone(&world.keeper);
                let poll = tokio::spawn(async move { keeper.poll(LONGEST_POLL).await });
                until("it asked or ended", || gate.calls() > calls || poll.is_finished()).await;
                self.polling = Some(poll);
            }
            _ => {
                if let Some(poll) = self.polling.take() {
                    if self.roll(4) == 0 {
                        // Abandoned, as its bound would.
                        poll.abort();
                        assert!(
                            poll.await.is_err_and(|ended| ended.is_cancelled())
                                || mood != Mood::Hangs
                        );
                        return;
                    }
                    world.ledger.heads.set(mood);
                    world.ledger.lines.set(if self.roll(3) == 0 {
                        Mood::Fails
                    } else {
                        Mood::Works
                    });
                    poll.await.unwrap();
                }
            }
        }
    }

    fn check(&mut self, seed: u64, step: usize) {
        let Some(age) = self.world.age() else { return };
        let begun = self.world.clock.monotonic_micros() - age.as_micros().unsigned_abs();
        let due = self.written.iter().filter(|at| **at < begun).count();
        let known = self.world.tenants.cached(tenant(1)).unwrap().size;
        assert!(known >= due as u64, "seed {seed} step {step}: {known} of {due} lines");
        self.renewals += 1;
    }
}

#[tokio::test]
async fn a_lease_never_begins_before_what_its_process_knows() {
    let (mut renewals, mut lines) = (0, 0);
    for seed in 0..40 {
        let mut run = Run::new(seed).await;
        for step in 0..150 {
            run.step().await;
            run.check(seed, step);
        }
        renewals += run.renewals;
        lines += run.written.len();
    }
    assert!(renewals > 2_000 && lines > 1_000, "{renewals} {lines}: it was about something");
}
