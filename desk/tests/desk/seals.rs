//! Sealing: on demand before an export, and after crashes between ledger and lake.

use serde_json::json;
use writ_authority::{Command, fact::ActivitySealed};
use writ_evidence::merkle::{Frontier, leaf_hash};
use writ_lake::CallFilter;

use crate::{
    calls::{AT, call, granted},
    world::{OneGateway, World, everything},
};

#[tokio::test]
async fn a_seal_that_a_crash_left_unmarked_is_marked_with_its_own_line() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    granted(&world).await;
    for seq in 0..3 {
        call(&world, &copy, seq, "send_message", json!({"to": "a@harborbooks.example"})).await;
    }
    let batch = world.lake.seal_due().remove(0);
    let run = batch.run;
    let fact = ActivitySealed {
        gateway: run.gateway,
        boot: run.boot,
        first: batch.first,
        last: batch.last,
        count: batch.count,
        root: batch.root,
    };
    let command = Command::SealActivity(fact);
    let line = world.desk.write_for_gateway(run.tenant, command).await.unwrap();
    let size = world.get(AT).await["lines"].clone();
    assert_eq!(world.desk.seal_activity(true).await.unwrap().seals, 1);
    assert_eq!(world.get(AT).await["lines"], size, "no second line");
    assert_eq!(world.lake.seal_lines(run.tenant).await.unwrap(), [line]);
    let refused = world.desk.write_for_gateway(run.tenant, Command::Sweep).await;
    assert_eq!(refused.unwrap_err().code().0, "AUTH-0099", "a gateway only confirms and seals");
    world.check().await;
}

#[tokio::test]
async fn a_crash_before_more_records_is_made_good_in_one_sealing() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    granted(&world).await;
    let mut tenant = None;
    let mut tree = Frontier::new();
    for seq in 0..5 {
        call(&world, &copy, seq, "send_message", json!({"to": "a@harborbooks.example"})).await;
        let page = world.lake.page(CallFilter { limit: 1, ..CallFilter::default() }).await.unwrap();
        let record = &page.calls[0].record;
        if seq < 2 {
            tree.push(leaf_hash(&record.ocsf));
        }
        tenant = Some((record.tenant, record.gateway, record.boot));
    }
    let (tenant, gateway, boot) = tenant.unwrap();
    let fact = ActivitySealed { gateway, boot, first: 0, last: 1, count: 2, root: tree.root() };
    let line = world.desk.write_for_gateway(tenant, Command::SealActivity(fact)).await.unwrap();
    let sealed = world.desk.seal_activity(false).await.unwrap();
    assert_eq!((sealed.seals, sealed.records, sealed.failed), (2, 5, 0));
    assert_eq!(world.lake.seal_lines(tenant).await.unwrap(), [line, line + 1]);
    let rest = world.get(&format!("{AT}/ledger/{}", line + 1)).await;
    let fact = &rest["entry"]["fact"]["activity_sealed"];
    assert_eq!((fact["first"].as_u64(), fact["last"].as_u64()), (Some(2), Some(4)));
    assert_eq!(world.desk.seal_activity(false).await.unwrap().seals, 0);
    world.check().await;
}

#[tokio::test]
async fn who_may_export_seals_first_and_only_there() {
    let world = World::active().await;
    let copy = world.enroll("invoice-bot").await;
    granted(&world).await;
    let gateway = writ_model::GatewayId::from_bytes([1; 16]);
    world.desk.set_fleet(std::sync::Arc::new(OneGateway(gateway)));
    for seq in 0..2 {
        call(&world, &copy, seq, "send_message", json!({"to": "a@harborbooks.example"})).await;
    }
    let path = format!("{AT}/ledger/seal");
    let approver = world.person("Ines Park").await;
    let refused = world.post_as(&approver, &path, json!({})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (403, &json!("AUTH-0003")));
    world.done("/clients", json!({"name": "Juniper Dental", "slug": "juniper"})).await;
    world.first("juniper", "Eve Lind").await;
    world.charter("juniper", "Eve Lind", everything()).await;
    world.done("/clients/juniper/export/allow", json!({})).await;
    let other = world.done("/clients/juniper/ledger/seal", json!({})).await;
    assert_eq!(other, json!({"seals": 0, "records": 0, "failed": 0}));
    let auditor = world.person("Noor Haddad").await;
    let unallowed = world.post_as(&auditor, &path, json!({})).await;
    assert_eq!((unallowed.status.as_u16(), &unallowed.json()["code"]), (403, &json!("AUTH-0018")));
    world.done_as("Noor Haddad", &format!("{AT}/export/allow"), json!({})).await;
    world.done(&format!("{AT}/export/allow"), json!({})).await;
    let sealed = world.post_as(&auditor, &path, json!({})).await.json();
    assert_eq!(sealed, json!({"seals": 1, "records": 2, "failed": 0}));
    let again = world.done(&path, json!({})).await;
    assert_eq!(again["seals"], 0, "nothing new");
    world.check().await;
}
