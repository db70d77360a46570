//! What only several processes over a real database show of the roster.

use tokio::time::{Duration, timeout};
use writ_testkit::Postgres;

use super::*;
use crate::postgres::tests::{fresh, migrated};

#[tokio::test]
async fn postgres_gives_a_named_lease_to_one_process_at_a_time() {
    let (pg, _database) = fresh().await;
    let start = tokio::time::Instant::now();
    let span = Span::millis(30);
    let holders = (1..=6).map(|n| {
        let roster = pg.roster();
        tokio::spawn(async move {
            let (mut held, mut asked) = (Vec::new(), 0);
            while held.len() < 5 && asked < 20_000 {
                asked += 1;
                let begun = start.elapsed();
                // Kept once in three times, as if the holder then died.
                if let Some(epoch) = roster.hold("soc", boot(n), span).await.unwrap() {
                    let believed = (epoch, start.elapsed(), begun + span.to_std());
                    held.push((n, believed));
                }
            }
            held
        })
    });
    let mut beliefs = Vec::new();
    for holder in holders.collect::<Vec<_>>() {
        beliefs.extend(holder.await.unwrap());
    }
    assert_eq!(beliefs.len(), 30, "everybody had it in the end");
    for (one, (epoch, from, until)) in &beliefs {
        for (two, (other, start, end)) in &beliefs {
            assert!((epoch == other) == (one == two) || epoch != other, "an epoch is one holder's");
            let apart = from >= end || until <= start;
            assert!(one == two || apart, "{one} and {two} at once");
            assert!(from >= until || epoch < other || from >= start || one == two, "epochs grow");
        }
    }
}

#[tokio::test]
async fn postgres_forgets_members_when_one_enters() {
    let (pg, database) = fresh().await;
    let roster = pg.roster();
    for (of, run) in [(1, 1), (1, 2), (2, 3), (3, 4)] {
        roster.beat(beat(of, run)).await.unwrap();
    }
    roster.want(gateway(2), Wanted::Halt, "ann".to_owned()).await.unwrap();
    let server = Postgres::shared();
    let sql = |sql: &str| server.sql(database.name(), sql).unwrap();
    let (run, day) = (FORGET_RUN.as_micros() + 1, FORGET.as_micros() + 1);
    sql(&format!(
        "UPDATE writ.members SET seen = seen - {run} WHERE boot = decode('{}', 'hex')",
        "01".repeat(16)
    ));
    sql(&format!(
        "UPDATE writ.members SET seen = seen - {run} WHERE boot = decode('{}', 'hex')",
        "04".repeat(16)
    ));
    sql(&format!(
        "UPDATE writ.members SET seen = seen - {day} WHERE boot = decode('{}', 'hex')",
        "03".repeat(16)
    ));
    let told = who(&OnPostgres(roster.clone())).await;
    assert_eq!(told, [(gateway(1), boot(2)), (gateway(3), boot(4))]);
    assert_eq!(sql("SELECT count(*) FROM writ.members"), "4");
    roster.beat(beat(4, 5)).await.unwrap();
    assert_eq!(sql("SELECT count(*) FROM writ.members"), "3");
    let back = roster.beat(beat(2, 6)).await.unwrap();
    assert_eq!(back.wanted, Wanted::Halt, "what is wanted is not forgotten with its members");
}

#[tokio::test]
async fn postgres_reads_what_a_newer_release_wrote() {
    let (pg, database) = fresh().await;
    let roster = pg.roster();
    roster.beat(beat(1, 1)).await.unwrap();
    roster.note(confirmed(1, 1)).await.unwrap();
    let server = Postgres::shared();
    let newer = "UPDATE writ.members SET member = convert_to(replace(convert_from(member, 'UTF8'),
        '[\"gateway\"', '[\"oracle\",\"gateway\"'), 'UTF8');
        INSERT INTO writ.wanted VALUES (decode(repeat('01', 16), 'hex'), 7, 'x');
        INSERT INTO writ.notes (digest, body)
        SELECT sha256(n::text::bytea), convert_to('{\"sung\":1}', 'UTF8') FROM generate_series(1, 9) n";
    server.sql(database.name(), newer).unwrap();
    let (_, seen) = roster.list().await.unwrap();
    assert_eq!(seen[0].beat.member, beat(1, 1).member);
    assert_eq!(seen[0].wanted, Wanted::Halt, "an unknown wish stops");
    roster.note(confirmed(1, 2)).await.unwrap();
    let notes: Vec<Note> =
        roster.notes(0, 2).await.unwrap().into_iter().map(|(_, note)| note).collect();
    assert_eq!(notes, [confirmed(1, 1), confirmed(1, 2)], "unknown notes wait, and hide none");
}

#[tokio::test]
async fn postgres_keeps_who_entered_and_what_was_said_over_a_crash() {
    let server = Postgres::start().unwrap();
    let roster = migrated(&server.url(), &server.owner_url()).await.roster();
    let crash = async || {
        server.kill9().unwrap();
        server.start_again().unwrap();
        // The pool learns of its dead connections when they are used.
        while roster.list().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    // The first beat of a run waits for the disk, whatever a later one does.
    roster.beat(beat(1, 1)).await.unwrap();
    crash().await;
    assert_eq!(who(&OnPostgres(roster.clone())).await, [(gateway(1), boot(1))]);
    roster.want(gateway(1), Wanted::Halt, "ann".to_owned()).await.unwrap();
    roster.note(confirmed(1, 1)).await.unwrap();
    roster.publish("jwks", b"{}".to_vec()).await.unwrap();
    assert_eq!(roster.hold("soc", boot(1), Span::millis(1)).await, Ok(Some(1)));
    crash().await;
    assert_eq!(roster.beat(beat(1, 1)).await.unwrap().wanted, Wanted::Halt);
    assert_eq!(roster.notes(0, 9).await.unwrap().len(), 1);
    assert_eq!(roster.published("jwks").await, Ok(Some(b"{}".to_vec())));
    assert_eq!(
        roster.hold("soc", boot(2), Span::millis(1)).await,
        Ok(Some(2)),
        "its epoch grows on"
    );
}

#[tokio::test]
async fn postgres_that_is_cut_off_from_its_standby_hears_no_beat() {
    let server = Postgres::start().unwrap();
    let roster = migrated(&server.url(), &server.owner_url()).await.roster();
    let standby = server.standby().unwrap();
    // The second is no run's first one.
    for _ in 0..2 {
        roster.beat(beat(1, 1)).await.unwrap();
    }
    standby.freeze().unwrap();
    // As long as the keeper waits for a beat.
    let cut = timeout(crate::keep::PATIENCE, roster.beat(beat(1, 1))).await;
    standby.thaw().unwrap();
    assert!(cut.is_err(), "its standby may have taken over: {cut:?}");
    let heard = timeout(Duration::from_mins(1), roster.beat(beat(1, 1))).await;
    assert!(matches!(heard, Ok(Ok(_))), "{heard:?}");
}
