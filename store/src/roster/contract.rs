//! The contract of the roster, run against every adapter.
//!
//! To add an adapter: its [`Stand`], and a module of its own in `suite!`. To add a rule: one function, one line there.

mod on_postgres;

use std::sync::Arc;

use async_trait::async_trait;
use writ_model::{BootId, GatewayId, Span, TenantId, Timestamp};
use writ_testkit::FakeClock;

use super::*;
use crate::{MemoryRoster, PgRoster};

/// A roster under test, whose time a test can wait for.
#[async_trait]
pub(crate) trait Stand: Send + Sync {
    fn roster(&self) -> &dyn Roster;
    /// Returns when the roster's time has gone on by at least so much.
    async fn pass(&self, span: Span);
}

struct InMemory(MemoryRoster, Arc<FakeClock>);

#[async_trait]
impl Stand for InMemory {
    fn roster(&self) -> &dyn Roster {
        &self.0
    }
    async fn pass(&self, span: Span) {
        self.1.advance(span);
    }
}

fn in_memory() -> InMemory {
    let clock = Arc::new(FakeClock::at(Timestamp::from_micros(1_800_000_000_000_000)));
    InMemory(MemoryRoster::new(Arc::<FakeClock>::clone(&clock)), clock)
}

struct OnPostgres(PgRoster);

#[async_trait]
impl Stand for OnPostgres {
    fn roster(&self) -> &dyn Roster {
        &self.0
    }
    /// Its clock cannot be moved: waits until it has gone on.
    async fn pass(&self, span: Span) {
        let until = self.0.list().await.unwrap().0 + span;
        while self.0.list().await.unwrap().0 < until {
            tokio::task::yield_now().await;
        }
    }
}

pub(crate) fn gateway(n: u8) -> GatewayId {
    GatewayId::from_bytes([n; 16])
}

pub(crate) fn boot(n: u8) -> BootId {
    BootId::from_bytes([n; 16])
}

pub(crate) fn beat(of: u8, run: u8) -> Beat {
    let member = Member {
        gateway: gateway(of),
        boot: boot(run),
        roles: vec![Role::Gateway, Role::Desk],
        url: format!("https://gateway-{of}.example/"),
        version: "0.5.0".to_owned(),
        reads: 2,
        started_at: Timestamp::from_micros(1_700_000_000_123_456),
        staleness: Span::millis(50),
    };
    Beat {
        member,
        applied: None,
        standing: Standing::Nothing,
        report: br#"{"streams":3}"#.to_vec(),
    }
}

async fn who(stand: &impl Stand) -> Vec<(GatewayId, BootId)> {
    let (_, seen) = stand.roster().list().await.unwrap();
    seen.iter().map(|seen| (seen.beat.member.gateway, seen.beat.member.boot)).collect()
}

async fn a_beat_is_seen_as_it_was_sent_at_the_rosters_time(stand: impl Stand) {
    let roster = stand.roster();
    let (before, nobody) = roster.list().await.unwrap();
    assert_eq!(nobody, []);
    let first = roster.beat(beat(1, 1)).await.unwrap();
    assert!(first.at >= before && first.wanted == Wanted::Serve);
    roster.beat(beat(2, 2)).await.unwrap();
    stand.pass(Span::millis(2)).await;
    let again = Beat {
        applied: Some(first.at),
        standing: Standing::Full,
        report: vec![0, 255],
        ..beat(1, 1)
    };
    let heard = roster.beat(again.clone()).await.unwrap();
    assert!(heard.at >= first.at + Span::millis(2));
    let (now, seen) = roster.list().await.unwrap();
    assert!(now >= heard.at);
    let [one, two] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(
        (&one.beat, one.seen, one.left, one.wanted),
        (&again, heard.at, None, Wanted::Serve)
    );
    assert_eq!((one.entered, two.entered), (first.at, two.seen), "when it was first heard");
    assert_eq!((&two.beat, two.wanted_by.as_deref()), (&beat(2, 2), None));
    assert_eq!(one.over_at(), heard.at + Span::millis(1050));
}

async fn runs_of_one_gateway_stand_side_by_side_and_one_that_leaves_is_marked(stand: impl Stand) {
    let roster = stand.roster();
    roster.beat(beat(1, 1)).await.unwrap();
    roster.beat(beat(1, 2)).await.unwrap();
    assert_eq!(who(&stand).await, [(gateway(1), boot(1)), (gateway(1), boot(2))]);
    roster.leave(gateway(1), boot(1)).await.unwrap();
    roster.leave(gateway(1), boot(9)).await.unwrap();
    roster.leave(gateway(9), boot(2)).await.unwrap();
    let (now, seen) = roster.list().await.unwrap();
    let left: Vec<_> = seen.iter().map(|seen| seen.left).collect();
    assert!(matches!(left[..], [Some(at), None] if at <= now && at >= seen[0].seen), "{left:?}");
    roster.beat(beat(1, 1)).await.unwrap();
    let back = &roster.list().await.unwrap().1[0];
    assert_eq!((back.left, back.entered), (None, seen[0].entered), "it lives, as the run it was");
}

async fn what_is_wanted_is_heard_and_holds_over_a_restart(stand: impl Stand) {
    let roster = stand.roster();
    assert_eq!(roster.want(gateway(1), Wanted::Halt, "ann".to_owned()).await, Ok(false));
    assert_eq!(roster.beat(beat(1, 1)).await.unwrap().wanted, Wanted::Serve);
    assert_eq!(roster.want(gateway(1), Wanted::Halt, "ann".to_owned()).await, Ok(true));
    assert_eq!(roster.beat(beat(1, 1)).await.unwrap().wanted, Wanted::Halt);
    assert_eq!(roster.beat(beat(1, 2)).await.unwrap().wanted, Wanted::Halt, "the next run");
    assert_eq!(roster.beat(beat(2, 3)).await.unwrap().wanted, Wanted::Serve, "another gateway");
    let seen = roster.list().await.unwrap().1;
    let halted: Vec<_> = seen.iter().map(|seen| (seen.wanted, seen.wanted_by.as_deref())).collect();
    let ann = Some("ann");
    assert_eq!(halted, [(Wanted::Halt, ann), (Wanted::Halt, ann), (Wanted::Serve, None)]);
    roster.want(gateway(1), Wanted::Drain, "bob".to_owned()).await.unwrap();
    assert_eq!(roster.beat(beat(1, 2)).await.unwrap().wanted, Wanted::Drain);
    roster.want(gateway(1), Wanted::Serve, "bob".to_owned()).await.unwrap();
    assert_eq!(roster.beat(beat(1, 2)).await.unwrap().wanted, Wanted::Serve);
    let seen = roster.list().await.unwrap().1;
    assert_eq!((seen[1].wanted, seen[1].wanted_by.as_deref()), (Wanted::Serve, Some("bob")));
    let long = roster.want(gateway(1), Wanted::Halt, "n".repeat(MAX_NAME + 1)).await;
    assert!(matches!(long, Err(RosterFault::TooLarge { .. })), "{long:?}");
}

async fn what_lifts_no_halt_never_overwrites_one(stand: impl Stand) {
    let roster = stand.roster();
    let mild = |wanted| roster.want_unless_halted(gateway(1), wanted, "bob".to_owned());
    assert_eq!(mild(Wanted::Drain).await, Ok(Wish::Unknown));
    roster.beat(beat(1, 1)).await.unwrap();
    for wanted in [Wanted::Drain, Wanted::Serve, Wanted::Drain] {
        assert_eq!(mild(wanted).await, Ok(Wish::Heard));
        assert_eq!(roster.beat(beat(1, 1)).await.unwrap().wanted, wanted);
    }
    roster.want(gateway(1), Wanted::Halt, "ann".to_owned()).await.unwrap();
    for wanted in [Wanted::Drain, Wanted::Serve] {
        assert_eq!(mild(wanted).await, Ok(Wish::Halted));
        assert_eq!(roster.beat(beat(1, 1)).await.unwrap().wanted, Wanted::Halt);
    }
    assert_eq!(roster.list().await.unwrap().1[0].wanted_by.as_deref(), Some("ann"));
    roster.want(gateway(1), Wanted::Serve, "ann".to_owned()).await.unwrap();
    assert_eq!(mild(Wanted::Halt).await, Ok(Wish::Heard));
    assert_eq!(roster.beat(beat(1, 1)).await.unwrap().wanted, Wanted::Halt);
}

async fn while_ledgers_are_restored_everybody_hears_a_halt(stand: impl Stand) {
    let roster = stand.roster();
    assert_eq!(roster.beat(beat(1, 1)).await.unwrap().wanted, Wanted::Serve);
    roster.publish(RESTORING, b"1".to_vec()).await.unwrap();
    assert_eq!(roster.beat(beat(1, 1)).await.unwrap().wanted, Wanted::Halt);
    assert_eq!(roster.beat(beat(2, 2)).await.unwrap().wanted, Wanted::Halt, "its first beat");
    roster.publish(RESTORING, Vec::new()).await.unwrap();
    assert_eq!(roster.beat(beat(1, 1)).await.unwrap().wanted, Wanted::Serve);
}

async fn what_is_too_large_is_refused_and_changes_nothing(stand: impl Stand) {
    let roster = stand.roster();
    roster.beat(beat(1, 1)).await.unwrap();
    let large = Beat { report: vec![b' '; MAX_REPORT + 1], ..beat(1, 1) };
    let mut long = beat(1, 1);
    long.member.url = "u".repeat(MAX_URL + 1);
    let mut old = beat(1, 1);
    old.member.version = "v".repeat(MAX_NAME + 1);
    let mut busy = beat(1, 1);
    busy.member.roles = vec![Role::Soc; MAX_ROLES + 1];
    for beat in [large, long, old, busy] {
        let fault = roster.beat(beat).await.unwrap_err();
        assert_eq!(fault.code().0, "STOR-0041", "{fault}");
    }
    assert_eq!(roster.list().await.unwrap().1[0].beat, beat(1, 1));
    let whole = Beat { report: vec![b' '; MAX_REPORT], ..beat(1, 1) };
    roster.beat(whole).await.unwrap();
    let note = Note::Confirmed(TenantId::from_bytes([1; 16]), vec![0; MAX_NOTE + 1]);
    let faults = [
        roster.note(note).await.unwrap_err(),
        roster.noted(&vec![0; MOST_NOTES + 1]).await.unwrap_err(),
        roster.publish("jwks", vec![0; MAX_NOTICE + 1]).await.unwrap_err(),
        roster.publish(&"k".repeat(MAX_NAME + 1), vec![]).await.unwrap_err(),
        roster.hold("soc", boot(1), Span::millis(600_001)).await.unwrap_err(),
        roster.hold(&"n".repeat(MAX_NAME + 1), boot(1), Span::seconds(1)).await.unwrap_err(),
    ];
    for fault in faults {
        assert!(matches!(fault, RosterFault::TooLarge { .. }), "{fault}");
    }
    assert_eq!(roster.notes(0, 10).await.unwrap(), []);
    assert_eq!(roster.published("jwks").await.unwrap(), None);
    assert_eq!(roster.hold("soc", boot(2), Span::seconds(1)).await, Ok(Some(1)));
}

fn confirmed(tenant: u8, n: u16) -> Note {
    Note::Confirmed(TenantId::from_bytes([tenant; 16]), n.to_be_bytes().to_vec())
}

async fn notes_wait_in_order_until_they_are_noted(stand: impl Stand) {
    let roster = stand.roster();
    let (at, reason) = (Timestamp::from_micros(7), "smoke — \"really\"".to_owned());
    let (gateway, boot, by) = (gateway(1), boot(1), Some("root".to_owned()));
    let halted = Note::Halted { gateway, boot, at, by, reason: reason.clone() };
    let resumed = Note::Resumed { gateway, boot, at, by: None, reason };
    let large = Note::Confirmed(TenantId::from_bytes([2; 16]), vec![255; MAX_NOTE]);
    let all = [confirmed(1, 1), halted, confirmed(1, 2), resumed, large];
    for note in &all {
        roster.note(note.clone()).await.unwrap();
    }
    roster.note(confirmed(1, 1)).await.unwrap();
    let notes = roster.notes(0, 100).await.unwrap();
    assert_eq!(notes.iter().map(|(_, note)| note.clone()).collect::<Vec<_>>(), all);
    assert!(notes.is_sorted_by_key(|(id, _)| *id));
    assert_eq!(roster.notes(0, 2).await.unwrap(), notes[..2]);
    assert_eq!(roster.notes(notes[0].0, 1).await.unwrap(), notes[1..2], "after one, the next");
    assert_eq!(roster.notes(notes[notes.len() - 1].0, 9).await.unwrap(), []);
    // Not up to an id: an earlier one may become visible later.
    roster.noted(&[notes[1].0, notes[3].0, 999_999]).await.unwrap();
    let left: Vec<_> = [0, 2, 4].map(|at| notes[at].clone()).into();
    assert_eq!(roster.notes(0, 100).await.unwrap(), left);
    roster.noted(&[notes[0].0]).await.unwrap();
    roster.note(confirmed(1, 1)).await.unwrap();
    let last = roster.notes(0, 100).await.unwrap().pop().unwrap();
    assert!(last.1 == confirmed(1, 1) && last.0 > notes[4].0, "after it was noted it is a new one");
}

async fn a_named_lease_has_one_holder_and_a_growing_epoch(stand: impl Stand) {
    let roster = stand.roster();
    let long = Span::minutes(5);
    assert_eq!(roster.hold("soc", boot(1), long).await, Ok(Some(1)));
    assert_eq!(roster.hold("soc", boot(2), long).await, Ok(None));
    assert_eq!(roster.hold("desk", boot(2), long).await, Ok(Some(1)), "another name");
    assert_eq!(roster.hold("soc", boot(1), long).await, Ok(Some(1)), "kept");
    roster.give_back("soc", boot(2)).await.unwrap();
    roster.give_back("nobody's", boot(2)).await.unwrap();
    assert_eq!(roster.hold("soc", boot(2), long).await, Ok(None), "only its holder gives it back");
    roster.give_back("soc", boot(1)).await.unwrap();
    assert_eq!(roster.hold("soc", boot(2), Span::millis(80)).await, Ok(Some(2)));
    assert_eq!(roster.hold("soc", boot(1), long).await, Ok(None));
    stand.pass(Span::millis(80)).await;
    assert_eq!(roster.hold("soc", boot(1), Span::millis(20)).await, Ok(Some(3)), "taken over");
    stand.pass(Span::millis(20)).await;
    assert_eq!(roster.hold("soc", boot(1), long).await, Ok(Some(4)), "its own, but it was over");
    for n in 0..MAX_HOLDS - 2 {
        roster.hold(&format!("n{n}"), boot(1), long).await.unwrap();
    }
    let fault = roster.hold("more", boot(1), long).await.unwrap_err();
    assert_eq!(fault, RosterFault::Full { what: "named leases", bound: MAX_HOLDS });
    assert_eq!(fault.code().0, "STOR-0042");
    assert_eq!(roster.hold("soc", boot(1), long).await, Ok(Some(4)));
}

async fn a_notice_is_the_last_one_published(stand: impl Stand) {
    let roster = stand.roster();
    assert_eq!(roster.published("jwks").await, Ok(None));
    roster.publish("jwks", b"one".to_vec()).await.unwrap();
    roster.publish("jwks", vec![0; MAX_NOTICE]).await.unwrap();
    assert_eq!(roster.published("jwks").await.unwrap().map(|value| value.len()), Some(MAX_NOTICE));
    assert_eq!(roster.published("other").await, Ok(None));
    for n in 1..MAX_NOTICES {
        roster.publish(&format!("n{n}"), vec![1]).await.unwrap();
    }
    let full = roster.publish("more", vec![1]).await;
    assert_eq!(full, Err(RosterFault::Full { what: "notices", bound: MAX_NOTICES }));
    roster.publish("jwks", b"two".to_vec()).await.unwrap();
    assert_eq!(roster.published("jwks").await, Ok(Some(b"two".to_vec())));
}

async fn a_full_roster_forgets_the_lost_and_never_the_living(stand: impl Stand) {
    let roster = stand.roster();
    // A lost one whose lease is over after its 50 ms and the margin, and as many living ones as fit beside it.
    let numbered = |n: usize| {
        let mut beat = beat(1, 1);
        let mut id = [9; 16];
        id[..8].copy_from_slice(&(n as u64).to_be_bytes());
        beat.member.gateway = GatewayId::from_bytes(id);
        beat.member.staleness = Span::minutes(10);
        beat
    };
    roster.beat(beat(1, 1)).await.unwrap();
    for n in 1..MAX_MEMBERS {
        roster.beat(numbered(n)).await.unwrap();
    }
    let mut newcomer = numbered(0);
    newcomer.member.gateway = gateway(2);
    let full = roster.beat(newcomer.clone()).await;
    let living = Err(RosterFault::Full { what: "members", bound: MAX_MEMBERS });
    assert!(full == living || full.is_ok(), "{full:?}");
    if full.is_err() {
        stand.pass(Span::millis(1051)).await;
        roster.beat(newcomer).await.unwrap();
    }
    let told = who(&stand).await;
    assert_eq!(told.len(), MAX_MEMBERS);
    assert!(!told.contains(&(gateway(1), boot(1))) && told.contains(&(gateway(2), boot(1))));
    roster.beat(numbered(5)).await.unwrap();
    assert_eq!(roster.beat(beat(3, 3)).await.map(drop), living.map(drop));
}

macro_rules! suite {
    ($($rule:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(super::in_memory()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $rule() {
                let (pg, _database) = crate::postgres::tests::fresh().await;
                super::$rule(super::OnPostgres(pg.roster())).await;
            })*
        }
    };
}

suite!(
    a_beat_is_seen_as_it_was_sent_at_the_rosters_time,
    runs_of_one_gateway_stand_side_by_side_and_one_that_leaves_is_marked,
    what_is_wanted_is_heard_and_holds_over_a_restart,
    what_lifts_no_halt_never_overwrites_one,
    while_ledgers_are_restored_everybody_hears_a_halt,
    what_is_too_large_is_refused_and_changes_nothing,
    notes_wait_in_order_until_they_are_noted,
    a_named_lease_has_one_holder_and_a_growing_epoch,
    a_notice_is_the_last_one_published,
    a_full_roster_forgets_the_lost_and_never_the_living,
);

#[tokio::test]
async fn the_lost_and_earlier_runs_are_told_of_for_their_time() {
    let stand = in_memory();
    for (of, run) in [(1, 1), (2, 2), (1, 3)] {
        stand.roster().beat(beat(of, run)).await.unwrap();
        stand.pass(Span::seconds(1)).await;
    }
    stand.roster().leave(gateway(2), boot(2)).await.unwrap();
    stand.pass(FORGET_RUN).await;
    stand.pass(Span::seconds(-4)).await;
    assert_eq!(who(&stand).await.len(), 3);
    stand.pass(Span::seconds(1)).await;
    assert_eq!(who(&stand).await, [(gateway(1), boot(3)), (gateway(2), boot(2))]);
    stand.pass(Span::hours(24)).await;
    stand.pass(Span::seconds(-599)).await;
    assert_eq!(who(&stand).await, [(gateway(1), boot(3))]);
    stand.pass(Span::seconds(1)).await;
    assert_eq!(who(&stand).await, []);
}

/// Whom a holder believes to hold what, by its own clock from before it asked.
#[derive(Clone, Copy, Default)]
struct Belief {
    epoch: u64,
    until: u64,
}

#[tokio::test]
async fn however_holders_interleave_at_most_one_believes_and_epochs_only_grow() {
    use writ_model::{Clock as _, Entropy as _};
    for seed in 0..64 {
        let entropy = writ_testkit::SeededEntropy::new(seed);
        let dice = |sides: u8| {
            let mut byte = [0];
            entropy.fill(&mut byte);
            byte[0] % sides
        };
        let (stand, mut beliefs, mut highest) = (in_memory(), [Belief::default(); 4], 0);
        let InMemory(roster, clock) = &stand;
        for step in 0..500 {
            let holder = dice(4);
            let span = Span::millis(i64::from(dice(40)) + 1);
            let begun = clock.monotonic_micros();
            // A request that is slow on its way, and an answer that is slow on its way back.
            clock.advance(Span::millis(i64::from(dice(8))));
            match dice(8) {
                0 => {
                    beliefs[usize::from(holder)] = Belief::default();
                    roster.give_back("soc", boot(holder)).await.unwrap();
                }
                // A crash: it believes nothing any more, and asks again as another run.
                1 => beliefs[usize::from(holder)] = Belief::default(),
                _ => {
                    if let Some(epoch) = roster.hold("soc", boot(holder), span).await.unwrap() {
                        assert!(epoch >= highest, "seed {seed} step {step}");
                        let known = beliefs[usize::from(holder)].epoch;
                        let taken = epoch > highest;
                        assert!(taken || known == epoch || known == 0, "seed {seed} step {step}");
                        highest = epoch;
                        let until = begun + span.as_micros().unsigned_abs();
                        beliefs[usize::from(holder)] = Belief { epoch, until };
                    }
                }
            }
            clock.advance(Span::millis(i64::from(dice(8))));
            let now = clock.monotonic_micros();
            let believing: Vec<_> = beliefs.iter().filter(|held| now < held.until).collect();
            assert!(believing.len() <= 1, "seed {seed} step {step}");
            assert!(believing.iter().all(|held| held.epoch == highest), "seed {seed} step {step}");
        }
        assert!(highest > 20, "seed {seed}: it went from hand to hand");
    }
}
