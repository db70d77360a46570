//! Every address of the console's own table that belongs to a client, asked by somebody without a seat there, and every
//! form of it sent by an auditor: nothing is shown, nothing is changed.

use axum::http::StatusCode;
use writ_console::route::{self, Methods, Row};

use crate::world::World;

/// Forms that an auditor may send. An entry needs a reason: taking the ledger out is what auditors are for, and is signed.
const AUDITOR_MAY: [&str; 1] = ["export"];

/// What forms ask for, filled in so that only the seat or the role can be the reason to refuse.
const FORM: [(&str, &str); 14] = [
    ("name", "Some One"),
    ("reason", "Because."),
    ("purpose", "Sorts mail"),
    ("kind", "ai_agent"),
    ("roles", "approver"),
    ("role", "approver"),
    ("side", "client"),
    ("policy", "any"),
    ("fingerprint", "k7qf 93td 2rtv hw3p 6cnb 0fje y8as 1x4m"),
    ("server", "mail"),
    ("surface", "tool"),
    ("tool", "send_message"),
    ("key", "shop.example+00000000+AAAA"),
    ("confirm", "invoice-bot"),
];

fn filled(row: &Row, agent: &str) -> String {
    let part = |part: &str| match part {
        "{client}" => "harbor-books".to_owned(),
        "{agent}" => agent.rsplit('/').next().unwrap().to_owned(),
        "{line}" => "0".to_owned(),
        other if other.starts_with('{') => "nothing-like-this".to_owned(),
        other => other.to_owned(),
    };
    row.pattern.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn of_a_client() -> impl Iterator<Item = &'static Row> {
    route::TABLE.iter().filter(|row| row.pattern.contains("{client}"))
}

async fn lines(world: &World) -> u64 {
    let who = world.who().await;
    world.desk.client(&who, "harbor-books").await.unwrap().lines
}

#[tokio::test]
async fn who_is_not_seated_there_sees_and_changes_nothing() {
    let (world, agent) = World::active().await;
    let stranger = world.seat("northgate-managed-it", "Ines Park", "engineer", 5).await;
    let before = lines(&world).await;
    let csrf = stranger.get("/me").await.csrf();
    let mut asked = 0;
    for row in of_a_client() {
        let path = filled(row, &agent);
        if row.methods != Methods::Post {
            let page = stranger.get(&path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            assert!(!page.html.contains("Harbor Books"), "{path} names the client");
            assert!(!page.html.contains("invoice-bot"), "{path} names its agent");
        }
        if row.methods != Methods::Get {
            let form: Vec<_> = [("csrf", csrf.as_str())].into_iter().chain(FORM).collect();
            let page = stranger.post(&path, &form).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}: {}", page.html);
        }
        asked += 1;
    }
    assert!(asked > 30, "only {asked} addresses of a client were asked");
    assert_eq!(lines(&world).await, before, "something was written");
}

#[tokio::test]
async fn an_auditor_changes_nothing() {
    let (world, dana, agent) = World::of_both().await;
    let auditor = dana.seat("harbor-books", "Rui Sol", "auditor", 6).await;
    let before = lines(&world).await;
    let csrf = auditor.get("/me").await.csrf();
    let changes = |row: &&Row| row.methods != Methods::Get && !AUDITOR_MAY.contains(&row.name);
    for row in of_a_client().filter(changes) {
        let path = filled(row, &agent);
        let form: Vec<_> = [("csrf", csrf.as_str())].into_iter().chain(FORM).collect();
        let page = auditor.post(&path, &form).await;
        assert!(page.status.is_client_error(), "{path}: {} {}", page.status, page.location());
        assert_eq!(lines(&world).await, before, "{path} wrote something");
    }
    for may in AUDITOR_MAY {
        let row = of_a_client().find(|row| row.name == may).unwrap();
        let page = auditor.post(&filled(row, &agent), &[("csrf", csrf.as_str())]).await;
        assert!(page.location().starts_with("/sign/"), "{may}: {} {}", page.status, page.html);
    }
}
