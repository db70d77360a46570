//! Several processes on one operator's file, by the real binary, a real PostgreSQL and a real NATS: a desk, a soc and two
//! gateways; what one writes the others obey, and what a gateway's own machine orders needs none of them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail loudly"
)]

mod cluster;
mod engines;
mod erasure;
#[path = "../doors/people.rs"]
#[expect(dead_code, reason = "the doors' tests use more of it")]
mod people;
mod process;
mod secured;
mod takeover;
mod upgrade;

use serde_json::{Value, json};

use cluster::Cluster;
use process::{call, text, until};

/// The whole story on one cluster: starting one takes seconds.
#[test]
fn postgres_and_nats_carry_an_agent_from_two_gateways_to_its_end() {
    let cluster = Cluster::start();
    let (one, two) = (&cluster.gateways[0], &cluster.gateways[1]);
    let (mut first, mut second) = (cluster.connect(one), cluster.connect(two));
    for connected in [&mut first, &mut second] {
        let answer = connected.ask(&call(1, "read"));
        assert_eq!(answer["result"]["content"][0]["text"], "read", "{answer:#}");
        let refused = connected.ask(&call(2, "erase"));
        let message = text(&refused, "/error/message");
        assert!(message.contains("No grant covers tool `erase`"), "{refused:#}");
    }
    until("both gateways' calls are at the desk", || {
        cluster.calls_of(one).len() >= 2 && cluster.calls_of(two).len() >= 2
    });
    until("the soc sealed both, and the desk proves them", || {
        let sealed = |call: &Value| call["seal"]["line"].is_u64();
        cluster.calls_of(one).iter().all(sealed) && cluster.calls_of(two).iter().all(sealed)
    });
    let book = cluster.path("book").display().to_string();
    until("an export holds the sealed records", || {
        let _fresh = std::fs::remove_dir_all(&book);
        cluster.done(&["ledger", "export", "--tenant", "harbor", &book]);
        let verified = cluster.done(&["ledger", "verify", &book]);
        verified["records"].as_u64().is_some_and(|records| records >= 4)
    });

    let metrics = one.measured();
    assert!(metrics.contains("writ_calls_total{effect=\"blocked\"} 1\n"), "{metrics}");
    assert!(metrics.contains("writ_gateway_standing{standing=\"full\"} 1\n"), "{metrics}");

    cluster.done(&["agent", "terminate", "--client", "harbor", "bot", "--reason", "done"]);
    for connected in [&mut first, &mut second] {
        let refused = connected.ask(&call(3, "read"));
        assert!(
            refused["error"].is_object() && refused.to_string().contains("ended"),
            "{refused:#}"
        );
    }
    until("the receipt names both gateways as confirmed", || {
        let receipt = cluster.read("/clients/harbor/agents/bot/receipt").to_string();
        let confirmed = receipt.matches("confirmed").count() >= 2;
        confirmed && receipt.contains(&one.id) && receipt.contains(&two.id)
    });
}

#[test]
fn postgres_away_a_gateway_is_halted_by_its_own_machine_and_the_ledger_learns_of_it() {
    let mut cluster = Cluster::start();
    let mut connected = cluster.connect(&cluster.gateways[0]);
    let answer = connected.ask(&call(1, "read"));
    assert_eq!(answer["result"]["content"][0]["text"], "read", "{answer:#}");

    cluster.engines.postgres.stop().unwrap();
    let one = &cluster.gateways[0];
    one.until_not_ready("its lease is over without the ledger");
    let halted = cluster.at(one, &["gateway", "halt", "--reason", "it sends mail to everybody"]);
    assert_eq!((&halted["mode"], &halted["wanted"]), (&json!("halted"), &json!("serving")));
    let kept = std::fs::read_to_string(one.folder.join("halted.json")).unwrap();
    assert!(kept.contains("it sends mail to everybody") && kept.contains("\"unsaid\""), "{kept}");
    cluster.engines.postgres.start_again().unwrap();

    let other = &cluster.gateways[1];
    other.until_ready();
    until("the halt stands in the provider's ledger", || {
        let lines = cluster.done(&["ledger", "list", "--client", "northlight"]).to_string();
        lines.contains("gateway_halted")
    });
    let refused = connected.ask(&call(2, "read"));
    assert!(refused.to_string().contains("GATE-0105"), "{refused:#}");

    // A restart does not lift it; the order to serve does.
    cluster.gateways[0].restart();
    let one = &cluster.gateways[0];
    assert!(one.why_not_ready().contains("halted"), "{}", one.why_not_ready());
    cluster.at(one, &["gateway", "serve", "--reason", "it was a test"]);
    one.until_ready();
    until("its going on stands in the provider's ledger", || {
        let lines = cluster.done(&["ledger", "list", "--client", "northlight"]).to_string();
        lines.contains("gateway_resumed")
    });
    assert!(!one.folder.join("halted.json").exists());
    // It listens elsewhere since its restart; tokens are made for addresses that the desk has heard of.
    until("the desk knows its new address", || {
        cluster.done(&["gateway", "list"]).to_string().contains(&one.base)
    });
    let mut again = cluster.connect(one);
    assert_eq!(again.ask(&call(3, "read"))["result"]["content"][0]["text"], "read");
}

#[test]
fn postgres_tells_a_gateway_what_is_wanted_and_a_drain_lets_calls_end() {
    let cluster = Cluster::start();
    let one = &cluster.gateways[0];
    let mut connected = cluster.connect(one);
    connected.ask(&call(1, "read"));
    let drained = cluster.at(one, &["gateway", "drain"]);
    assert_eq!(drained["mode"], "draining");
    let refused = connected.ask(&call(2, "read"));
    assert!(refused.to_string().contains("GATE-0106"), "{refused:#}");
    cluster.at(one, &["gateway", "serve"]);
    one.until_ready();

    // From afar, by its id.
    cluster.done(&["gateway", "halt", &one.id, "--reason", "a test"]);
    until("it heard that it is to halt", || one.why_not_ready().contains("halted"));
    let listed = cluster.done(&["gateway", "list"]).to_string();
    assert!(listed.contains(&one.id) && listed.contains("\"halt\""), "{listed}");
    cluster.done(&["gateway", "serve", &one.id, "--reason", "over"]);
    one.until_ready();
    let answer = cluster.connect(one).ask(&call(3, "read"));
    assert_eq!(answer["result"]["content"][0]["text"], "read", "{answer:#}");

    // Told to end, it ends by itself, gives its lease back, and its records are at the desk.
    let mut cluster = cluster;
    assert_eq!(cluster.gateways[0].terminate(), Some(0));
    until("its records are at the desk", || cluster.calls_of(&cluster.gateways[0]).len() >= 2);
}
