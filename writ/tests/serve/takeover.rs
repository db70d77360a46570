//! Second processes that stand by: a desk and a soc that are killed are followed within the bound of their leases, and a
//! desk that stood still while another took over answers nothing and writes nothing when it goes on.
//!
//! Never here: a process that knows that it is tested.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    cluster::{Cluster, free},
    people::ask,
    process::{Process, call, until},
};

/// From a holder's death to the next one's serving: its lease is over (5 s), the next asks (1 s), and starts what it serves
/// with, on a machine that does much else (6 s).
const TAKES_OVER: Duration = Duration::from_secs(12);
/// LIMIT: agents that the writer proposes; far more than it comes to before the kill.
const MOST: usize = 10_000;
/// Acts that must have been acknowledged before the desk is killed in the middle of the next ones.
const SOME: usize = 5;

/// One request over the desk's API, whatever comes of it; the answer's status and text if there was one.
fn propose(api: &str, bearer: &str, name: &str) -> Option<(u16, String)> {
    let mut stream = begin(api, bearer, name).ok()?;
    answer(&mut stream)
}

fn begin(api: &str, bearer: &str, name: &str) -> std::io::Result<TcpStream> {
    let host = api.trim_start_matches("http://").trim_end_matches("/api/v1");
    let body = json!({"name": name, "kind": "ai_agent", "purpose": "Reads"}).to_string();
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "POST /api/v1/clients/harbor/agents HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{bearer}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    Ok(stream)
}

fn answer(stream: &mut TcpStream) -> Option<(u16, String)> {
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let status = text.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, text))
}

/// Proposes agents one after the other until told to stop, and gives the names that the desk has acknowledged.
struct Writer {
    stop: Arc<AtomicBool>,
    some: Arc<AtomicBool>,
    thread: thread::JoinHandle<Vec<String>>,
}

impl Writer {
    fn start(api: String, bearer: String) -> Self {
        let (stop, some) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (stopped, enough) = (Arc::clone(&stop), Arc::clone(&some));
        let thread = thread::spawn(move || {
            let mut told = Vec::new();
            for n in 0..MOST {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let name = format!("writer-{n}");
                // No answer: the desk is gone.
                let Some((status, text)) = propose(&api, &bearer, &name) else { break };
                assert_eq!(status, 200, "{text}");
                told.push(name);
                enough.store(told.len() >= SOME, Ordering::SeqCst);
            }
            told
        });
        Self { stop, some, thread }
    }

    fn told(self) -> Vec<String> {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

fn names(cluster: &Cluster) -> Vec<String> {
    let agents = cluster.read("/clients/harbor/agents");
    let all = agents.as_array().unwrap().iter();
    all.map(|agent| agent["name"].as_str().unwrap().to_owned()).collect()
}

fn stands_by(process: &Process) {
    let (status, body) = process.ready();
    assert_eq!(status, 503, "{body}");
    assert!(body.to_string().contains("this one stands by"), "{body}");
}

fn sealed(cluster: &Cluster, of: &Process, least: usize) -> bool {
    let calls = cluster.calls_of(of);
    calls.len() >= least && calls.iter().all(|call| call["seal"]["line"].is_u64())
}

#[test]
fn postgres_and_nats_carry_a_killed_desk_and_a_killed_soc_to_those_that_stand_by() {
    let mut cluster = Cluster::start();
    let second = cluster.another("desk-2", &["desk"], &[]);
    let next = cluster.another("soc-2", &["soc"], &[]);
    stands_by(&second);
    stands_by(&next);
    let origin = cluster.console();
    let session = cluster.ines().sign_in(&origin);
    let me = format!("{origin}/api/v1/me");
    assert_eq!(ask("GET", &me, &session, "").status, 200);
    let mut agent = cluster.connect(&cluster.gateways[0]);
    assert_eq!(agent.ask(&call(1, "read"))["result"]["content"][0]["text"], "read");

    let writer = Writer::start(cluster.api(), Cluster::bearer(&cluster.desk));
    until("some acts are acknowledged", || writer.some.load(Ordering::SeqCst));
    cluster.desk.kill9();
    let told = writer.told();
    // Whom the desk does not serve, the gateways do.
    assert_eq!(agent.ask(&call(2, "read"))["result"]["content"][0]["text"], "read");
    let took = second.until_ready();
    assert!(took < TAKES_OVER, "the second desk served after {took:?}");
    println!("{} acts acknowledged; the second desk served after {took:?}", told.len());
    cluster.desk = second;
    let there = names(&cluster);
    let lost: Vec<&String> = told.iter().filter(|name| !there.contains(name)).collect();
    assert!(lost.is_empty(), "acknowledged, and not there: {lost:?}");

    // What people had open ended with the old desk; they sign in again, at the same place.
    assert_eq!(ask("GET", &me, &session, "").status, 401, "a session lives in one desk");
    let again = cluster.ines().sign_in(&origin);
    assert_eq!(ask("GET", &me, &again, "").status, 200);
    until("the second desk proves the calls before and after", || {
        sealed(&cluster, &cluster.gateways[0], 2)
    });

    cluster.soc.kill9();
    let took = next.until_ready();
    assert!(took < TAKES_OVER, "the second soc served after {took:?}");
    println!("the second soc served after {took:?}");
    cluster.soc = next;
    assert_eq!(agent.ask(&call(3, "read"))["result"]["content"][0]["text"], "read");
    until("the second soc seals", || sealed(&cluster, &cluster.gateways[0], 3));

    // An ending goes its whole way by those that took over.
    cluster.done(&["agent", "terminate", "--client", "harbor", "bot", "--reason", "done"]);
    assert!(agent.ask(&call(4, "read"))["error"].is_object());
    until("the receipt names both gateways", || {
        let receipt = cluster.read("/clients/harbor/agents/bot/receipt").to_string();
        cluster.gateways.iter().all(|gateway| receipt.contains(&gateway.id))
            && receipt.matches("confirmed").count() >= 2
    });
}

#[test]
fn postgres_keeps_out_what_a_desk_writes_that_stood_still_while_another_took_over() {
    let mut cluster = Cluster::start();
    let listen = free().to_string();
    let second = cluster.another("desk-2", &["desk"], &["--desk", &listen]);
    stands_by(&second);
    let (old, bearer) = (cluster.api(), Cluster::bearer(&cluster.desk));
    cluster.desk.freeze();
    // It waits in the frozen desk's socket.
    let mut late = begin(&old, &bearer, "late").unwrap();
    second.until_ready();
    let mut first = std::mem::replace(&mut cluster.desk, second);
    cluster.done(&["agent", "propose", "--client", "harbor", "--name", "after", "--purpose", "p"]);
    first.thaw();
    let refused = answer(&mut late);
    if let Some((status, text)) = &refused {
        assert!(*status == 503 && text.contains("DESK-0022"), "{text}");
    }
    println!("the thawed desk said: {:?}", refused.map(|(status, _)| status));
    assert_ne!(first.ended(), Some(0), "a desk that lost its turn ends, to be started again");
    assert!(first.log().contains("process.lost"), "{}", first.log());
    let there = names(&cluster);
    assert!(
        there.contains(&"after".to_owned()) && !there.contains(&"late".to_owned()),
        "{there:?}"
    );

    // Started again it stands by, and takes its turn when the other goes in order.
    first.restart();
    stands_by(&first);
    assert_eq!(cluster.desk.terminate(), Some(0));
    let took = first.until_ready();
    assert!(took < TAKES_OVER, "{took:?}");
    cluster.desk = first;
    let ledger = cluster.done(&["ledger", "list", "--client", "harbor"]);
    assert!(ledger.to_string().contains("after") && !ledger.to_string().contains("late"));
    let agents: &Value = &cluster.read("/clients/harbor/agents");
    assert!(agents.to_string().contains("after"));
}

#[test]
fn postgres_and_nats_have_a_soc_that_is_told_to_end_seal_what_it_has() {
    let mut cluster = Cluster::start();
    // Its next seal is an hour away.
    let file = cluster.soc.folder.join("writ.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("seal_seconds = 1\n", "seal_seconds = 3600\n")).unwrap();
    cluster.soc.restart();
    cluster.soc.until_ready();
    let one = &cluster.gateways[0];
    let mut agent = cluster.connect(one);
    for id in 1..=3 {
        agent.ask(&call(id, "read"));
    }
    until("its records are in both lakes", || {
        let measured = cluster.soc.measured();
        let new = measured.lines().find_map(|line| {
            line.strip_prefix("writ_lake_arrived_total{what=\"new\"} ")?.parse::<u32>().ok()
        });
        // The hello is one too.
        new.is_some_and(|new| new >= 4) && cluster.calls_of(one).len() >= 3
    });
    let unsealed =
        |calls: &[Value]| calls.iter().filter(|call| call["seal"]["line"].is_null()).count();
    assert_eq!(unsealed(&cluster.calls_of(one)), 3, "the first part is over before they came");
    assert_eq!(cluster.soc.terminate(), Some(0));
    until("the desk proves them", || unsealed(&cluster.calls_of(&cluster.gateways[0])) == 0);
    let log = cluster.soc.log();
    assert!(!log.contains("\"level\":\"ERROR\""), "{log}");
}
