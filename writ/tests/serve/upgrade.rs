//! Releases side by side: what a process of an earlier format cannot read is not written while it may come back, and a
//! process that meets a line of a later release refuses that client alone, and says so.
//!
//! Never here: a process that pretends; who reads format 1 only is a row of the roster, as such a process leaves it.

use std::str::FromStr as _;

use serde_json::{Value, json};
use writ_model::TenantId;
use writ_store::{Ledger as _, Pg, PgOptions};

use crate::{
    cluster::Cluster,
    people::ask,
    process::{call, text, until},
};

/// The row of a gateway of the first release beside those of this one, by what it would beat.
const OLD: &str = "
INSERT INTO writ.members (gateway, boot, member, applied, standing, report, seen, entered)
SELECT decode(repeat('07', 16), 'hex'), decode(repeat('08', 16), 'hex'),
  convert_to(replace(
    jsonb_set(jsonb_set(convert_from(member, 'UTF8')::jsonb, '{reads}', '1'), '{version}', '\"0.0.9\"')::text,
    '$ID', '$OLD'), 'UTF8'),
  applied, standing, report, seen, entered
FROM writ.members WHERE convert_from(member, 'UTF8') LIKE '%$ID%' LIMIT 1";
const LEFT: &str = "UPDATE writ.members SET gone_at = writ.micros() WHERE gateway = decode(repeat('07', 16), 'hex')";

fn reads(cluster: &Cluster, gateway: usize, id: u64) {
    let mut agent = cluster.connect(&cluster.gateways[gateway]);
    let answer = agent.ask(&call(id, "read"));
    assert_eq!(answer["result"]["content"][0]["text"], "read", "{answer:#}");
}

fn lines(cluster: &Cluster) -> String {
    cluster.done(&["ledger", "list", "--client", "harbor"]).to_string()
}

#[test]
fn postgres_holds_a_newer_format_back_until_the_last_process_of_the_older_one_is_gone() {
    let cluster = Cluster::start();
    let one = &cluster.gateways[0].id;
    let last = if one.ends_with('0') { "1" } else { "0" };
    let old = format!("{}{last}", &one[..one.len() - 1]);
    let added =
        cluster.engines.postgres.sql("writ", &OLD.replace("$ID", one).replace("$OLD", &old));
    assert_eq!(added.unwrap(), "");
    until("the desk sees the old process", || cluster.read("/gateways").to_string().contains(&old));
    assert_eq!(cluster.read("/operations")["formats"]["reads"], 1);

    let propose = ["agent", "propose", "--client", "harbor", "--name", "helper"];
    cluster.done(&[&propose[..], &["--purpose", "Reads for bot"]].concat());
    let delegate = || {
        let url = format!("{}/clients/harbor/agents/helper/delegate", cluster.api());
        ask("POST", &url, &Cluster::bearer(&cluster.desk), &json!({"by": "bot"}).to_string())
    };
    let refused = delegate();
    assert_eq!(text(&refused.body, "/code"), "AUTH-0049", "{:#}", refused.body);
    let detail = text(&refused.body, "/detail");
    assert!(detail.contains(&old) && detail.contains("0.0.9"), "it names who is old: {detail}");
    assert!(!lines(&cluster).contains("format_raised"));
    // What needs no newer format goes on, at the desk and at the gateways.
    reads(&cluster, 0, 1);
    cluster.done(&["agent", "hold", "--client", "harbor", "bot", "--reason", "a test"]);
    cluster.done(&["agent", "release", "--client", "harbor", "bot"]);

    cluster.engines.postgres.sql("writ", LEFT).unwrap();
    assert_eq!(delegate().status, 200);
    let written = lines(&cluster);
    assert!(written.contains("format_raised") && written.contains("agent_delegated"), "{written}");
    let formats = &cluster.read("/operations")["formats"];
    // Delegating needs the second format; the third is written when a gateway first sees what a server lists.
    assert_eq!(formats["reads"], 3, "{formats}");
    let below = formats["below"].as_array().unwrap();
    assert!(below.iter().all(|one| one["format"] == 2), "{formats}");
    for gateway in [0, 1] {
        reads(&cluster, gateway, 2);
    }
}

/// Writes what only a later release can read at the end of a client's ledger.
fn write_tomorrow(cluster: &Cluster, tenant: &str) {
    let tenant = TenantId::from_str(tenant).unwrap();
    let url = cluster.engines.postgres.url();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let options = PgOptions { url, password: None, ca: None, pool: 1 };
        let ledger = Pg::connect(options).await.unwrap().ledger();
        let size = ledger.head(tenant).await.unwrap().size;
        let line = br#"{"actor":"system:desk","at":"2027-01-01T00:00:00.000000Z","fact":{"of_tomorrow":{}},"v":3}"#;
        ledger.append(tenant, size, vec![line.to_vec().into()]).await.unwrap();
    });
}

#[test]
fn postgres_has_a_line_of_a_later_release_and_that_client_alone_is_refused() {
    let cluster = Cluster::start();
    let _owner = cluster.client("quay", ("Oren", 4), "clerk");
    let one = &cluster.gateways[0];
    let (mut bot, mut clerk) = (cluster.connect(one), cluster.connect_as("clerk", one));
    for agent in [&mut bot, &mut clerk] {
        assert_eq!(agent.ask(&call(1, "read"))["result"]["content"][0]["text"], "read");
    }
    let clients = cluster.read("/clients");
    let is_harbor = |row: &&Value| row.to_string().contains("\"harbor\"");
    let harbor = clients.as_array().unwrap().iter().find(is_harbor).unwrap();
    let tenant = ["/client/tenant", "/tenant"].map(|at| text(harbor, at)).concat();
    write_tomorrow(&cluster, &tenant);
    // The other gateway has not read of this client yet.
    for process in [one, &cluster.desk, &cluster.soc] {
        until("it knows that it cannot read it", || {
            process.measured().contains("writ_ledger_tenants_refused 1\n")
        });
    }
    let refused = bot.ask(&call(2, "read"));
    assert!(refused.to_string().contains("GATE-0109"), "{refused:#}");
    assert_eq!(clerk.ask(&call(2, "read"))["result"]["content"][0]["text"], "read");
    // It costs nobody their readiness; the desk refuses the client too, and says whose ledger it is.
    for process in [&cluster.desk, &cluster.soc, one] {
        assert_eq!(process.why_not_ready(), "");
    }
    let url = format!("{}/clients/{tenant}/agents", cluster.api());
    let told = ask("GET", &url, &Cluster::bearer(&cluster.desk), "");
    assert!(told.status != 200 && told.body.to_string().contains("STOR-0007"), "{}", told.body);
    let unread = &cluster.read("/operations")["formats"]["unread"];
    assert_eq!(
        (&unread[0]["client"]["slug"], &unread[0]["code"]),
        (&json!("harbor"), &json!("STOR-0007"))
    );
    // Each process says so once, however often it looks.
    for process in [&cluster.desk, &cluster.soc, one] {
        let told = process.log().matches("ledger.unreadable").count();
        assert_eq!(told, 1, "{}", process.log());
    }
    cluster.done(&["agent", "hold", "--client", "quay", "clerk", "--reason", "the others go on"]);
}
