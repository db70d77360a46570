//! What is purged when not every consumer can be asked.

use std::sync::Arc;

use bytes::Bytes;
use writ_testkit::Nats;

use super::*;
use crate::{Bus as _, JetStream, JetStreamOptions};

/// More than any of this may take; a test that comes near it has failed.
const LONG: Duration = Duration::from_mins(1);
/// More than are acknowledged before a purge.
const COUNT: u32 = 300;

#[test]
fn one_who_does_not_say_what_it_has_puts_a_purge_off() {
    assert_eq!(floor(&[7, 3], 2), Some(3));
    assert_eq!(floor(&[7, 3], 3), None, "one was silent, or is known to the stream only");
    assert_eq!(floor(&[7, 0], 2), None, "one has acknowledged nothing");
    assert_eq!(floor(&[], 0), None);
}

fn message(n: u32) -> Message {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    Message { tenant: TenantId::from_bytes([1; 16]), id, body: Bytes::from(n.to_string()) }
}

/// A consumer on one server only, and that server.
async fn on_one(stream: &Stream, name: &str) -> usize {
    let wanted = Config {
        durable_name: Some(name.to_owned()),
        ack_policy: AckPolicy::Explicit,
        filter_subject: format!("{SUBJECT}>"),
        num_replicas: 1,
        ..Config::default()
    };
    stream.create_consumer(wanted).await.unwrap();
    let info = stream.consumer_info(name).await.unwrap();
    let leader = info.cluster.unwrap().leader.unwrap();
    leader.strip_prefix('n').unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_without_a_leader_loses_nothing() {
    let servers = Arc::new(Nats::cluster().unwrap());
    let bus = JetStream::connect(JetStreamOptions::of(servers.urls())).await.unwrap();
    let stream = bus.stream().await.unwrap();
    let at = on_one(stream, "away").await;
    drop(bus.consume("here").await.unwrap());
    bus.publish((0..COUNT).map(message).collect()).await.unwrap();
    servers.kill9(at).unwrap();
    let taken = async {
        // Whoever leads what is needed here may have been on that server: then it takes an election.
        let mut acked = 0;
        while acked < u64::from(COUNT) {
            let Ok(mut here) = bus.consume("here").await else { continue };
            while let Ok(found) = here.next(64).await {
                let Some(last) = found.last().map(|one| one.seq) else { break };
                if here.ack(last).await.is_err() {
                    break;
                }
                acked = last;
            }
        }
        while trim(stream).await.is_err() {}
    };
    timeout(LONG * 2, taken).await.expect("one of the two takes everything");
    servers.start_again(at).unwrap();
    let waits = async {
        loop {
            if let Ok(lag) = bus.lag("away").await {
                break lag;
            }
        }
    };
    assert_eq!(timeout(LONG, waits).await.expect("it is back"), u64::from(COUNT));
}
