//! What a killed gateway leaves: the record of every call it answered, and that a call left of which nobody knows the end.

use std::{fs, time::Duration};

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::time::{interval, timeout};
use writ_lake::Record;
use writ_model::{BootId, ocsf::Disposition};

use crate::{
    upstream::Upstream,
    world::{Agent, Says, World, naming},
};

/// More than any of this may take; a test that comes near it has failed.
const LONG: Duration = Duration::from_mins(1);
const WATCH: &str = r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"watch"}}"#;
const SEND: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send"}}"#;
const PATH: &str = "/mcp/mail";

async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail")]).await;
    let agent = world.agent(1).await;
    world.grant(&agent, Says::tool("mail", "*")).await;
    world
        .charter(agent.tenant, |charter| {
            charter.counts_as =
                vec![naming("send", "payment.release"), naming("read", "mail.read")];
        })
        .await;
    (upstream, world, agent)
}

/// Waits for so many records of a tenant, oldest first.
async fn records(world: &World, agent: &Agent, count: usize) -> Vec<Record> {
    let come = async {
        let mut look = interval(Duration::from_millis(10));
        loop {
            let records = world.records(agent.tenant).await;
            if records.len() >= count {
                return records;
            }
            look.tick().await;
        }
    };
    timeout(LONG, come).await.expect("they come")
}

#[tokio::test]
async fn the_next_run_has_what_was_answered_and_says_what_it_does_not_know() {
    let (upstream, world, agent) = world().await;
    let headers = world.headers(&agent, "POST", PATH).await;
    let running = world.open(Method::POST, PATH, &headers, Bytes::from(WATCH)).await;
    assert_eq!(running.status(), StatusCode::OK);
    let mut body = running.into_body();
    body.frame().await.unwrap().unwrap();
    assert_eq!(world.post(&agent, PATH, SEND).await.status, StatusCode::OK);
    // Nobody waits for the lake's commit.
    let next = world.after_a_kill(vec![upstream.server("mail")]).await;
    let found = records(&next, &agent, 2).await;
    let [answered, unknown] = &found[..] else { panic!("{found:?}") };
    assert_eq!((answered.effect, &*answered.name), (Disposition::Allowed, "send"));
    assert_eq!(answered.boot, BootId::from_bytes([202; 16]), "as it was");
    assert_eq!((unknown.effect, &*unknown.code), (Disposition::Errored, "GATE-0110"));
    assert_eq!(
        (&*unknown.name, unknown.boot, unknown.seq),
        ("watch", BootId::from_bytes([203; 16]), 0)
    );
    assert!(unknown.detail.contains(&BootId::from_bytes([202; 16]).to_string()), "{unknown:?}");
    let ocsf: Value = serde_json::from_slice(&unknown.ocsf).unwrap();
    assert_eq!(ocsf["unmapped"]["boot"], serde_json::json!(unknown.boot));
    assert_eq!(ocsf["status_code"], "GATE-0110");
    assert_eq!(ocsf["metadata"]["uid"], serde_json::json!(unknown.call));

    // It is said once: the run after that has nothing more to say.
    let third = next.after_a_kill(vec![upstream.server("mail")]).await;
    assert_eq!(records(&third, &agent, 2).await, found);
    assert!(third.lake.queue().unfinished().is_empty());
    third.lake.flush().await.unwrap();
    assert_eq!(third.records(agent.tenant).await.len(), 2);

    // And the run that was never killed records the call as it ended.
    drop(body);
    let here = records(&world, &agent, 2).await;
    assert!(here.iter().all(|record| record.code != "GATE-0110"), "{here:?}");
    assert!(here.iter().any(|record| record.call == unknown.call));
}

#[tokio::test]
async fn a_call_that_only_reads_is_not_journaled_before_it_leaves() {
    let (upstream, world, agent) = world().await;
    let read = SEND.replace("send", "read");
    assert_eq!(world.post(&agent, PATH, &read).await.status, StatusCode::OK);
    let journal = fs::read(world.folder.path().join("lake-journal-1.log")).unwrap();
    let count =
        |what: &str| journal.windows(what.len()).filter(|at| *at == what.as_bytes()).count();
    assert_eq!((count("GATE-0110"), count("mail.read")), (0, 0), "its record, and nothing before");
    assert_eq!(world.post(&agent, PATH, SEND).await.status, StatusCode::OK);
    let journal = fs::read(world.folder.path().join("lake-journal-1.log")).unwrap();
    let said = journal.windows(9).filter(|at| *at == b"GATE-0110").count();
    assert!(said > 0, "that it leaves stands before its record");
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_journaled_does_not_leave() {
    let (upstream, world, agent) = world().await;
    let (there, away) =
        (world.folder.path().to_owned(), world.folder.path().with_extension("away"));
    fs::rename(&there, &away).unwrap();
    for _ in 0..3 {
        let reply = world.post(&agent, PATH, SEND).await;
        assert_eq!(reply.code(), "GATE-0031", "{reply:?}");
    }
    let reads = SEND.replace("send", "read");
    assert_eq!(world.post(&agent, PATH, &reads).await.code(), "GATE-0031", "nothing goes out");
    assert!(upstream.seen().is_empty() && !world.gateway.metrics().journaled);
    fs::rename(&away, &there).unwrap();
    let back = async {
        let mut look = interval(Duration::from_millis(10));
        while !world.gateway.metrics().journaled {
            look.tick().await;
        }
    };
    timeout(LONG, back).await.expect("a new file is flushed");
    assert_eq!(world.post(&agent, PATH, SEND).await.status, StatusCode::OK);
    assert_eq!(upstream.seen().len(), 1);
}
