//! What is left of accounts, and what must not be taken for that: one that was connected a moment ago elsewhere, one that an
//! older build sealed, one whose successor was refused.

use std::time::Duration;

use tokio::{task::yield_now, time::timeout};
use writ_model::{Secret, Span};
use writ_store::{SealedPage, SealedSpaces as _};

use super::*;

const REVOKE: &str = "https://id.example/revoke";

/// Tokens of a connection that no line names, as a desk seals them before their line.
fn without_line(world: &World, name: &str) -> (writ_model::Digest, Secret<Vec<u8>>) {
    let connection = writ_model::Digest::of(name.as_bytes());
    let row = json!({
        "v": 1, "connection": connection.to_string(), "at": AT, "issuer": "https://id.example",
        "access": format!("access-{name}"), "dpop": false, "until": 0, "refresh": format!("refresh-{name}"),
        "scope": "read", "made": world.desk.now().seconds(), "token": "https://id.example/token",
        "revocation": REVOKE, "client_issuer": "https://id.example", "client_id": "ours",
        "method": "none",
    });
    (connection, Secret::new(row.to_string().into_bytes()))
}

async fn account(world: &World) -> (Space, Holder) {
    let agent = world.get("/clients/harbor-books/agents/invoice-bot").await;
    let holder = Holder::Agent(agent["agent"].as_str().unwrap().parse().unwrap());
    (Space::Tenant(tenant(world).await), holder)
}

#[tokio::test]
async fn what_another_process_sealed_a_moment_ago_is_left_alone_until_it_is_old() {
    let (world, net) = world(Holders::Agent).await;
    let (space, holder) = account(&world).await;
    // This process sweeps; another one has the desk, and its line is not read here yet.
    let (connection, secret) = without_line(&world, "new");
    let name = holder.account("mail", connection);
    world.vault.put(space, &name, secret).await.unwrap();
    assert_eq!(world.desk.sweep().await.unwrap().failed, 0);
    assert_eq!(sealed(&world).await, [name.as_str()]);
    assert!(net.sent(REVOKE).is_empty());
    // The same beside an account that stands: it may be its successor.
    connected(&world, "Mira Okafor", Some("invoice-bot")).await;
    world.desk.sweep().await.unwrap();
    assert_eq!(sealed(&world).await.len(), 2);
    // No line came: it was never connected.
    world.clock.advance(Span::minutes(11));
    world.desk.sweep().await.unwrap();
    assert_eq!(net.sent(REVOKE).len(), 1);
    assert!(net.sent(REVOKE)[0].starts_with("token=refresh-new&"), "{:?}", net.sent(REVOKE));
    let left = sealed(&world).await;
    assert!(left.len() == 1 && left[0] != name, "{left:?}");
    world.check().await;
}

#[tokio::test]
async fn an_account_is_found_behind_ten_thousand_other_secrets() {
    let (world, net) = world(Holders::Agent).await;
    connected(&world, "Mira Okafor", Some("invoice-bot")).await;
    let (space, _) = account(&world).await;
    let wrapped = world.vault.sealed(space, "").await.unwrap().wrapped;
    let secrets = (0..10_001).map(|n| (format!("other/{n:05}"), vec![1])).collect();
    world.vault.put_sealed(space, SealedPage { wrapped, secrets }).await.unwrap();
    let end = "/clients/harbor-books/agents/invoice-bot/terminate";
    world.done(end, json!({"reason": "Over"})).await;
    world.desk.sweep().await.unwrap();
    assert!(sealed(&world).await.is_empty());
    assert_eq!(net.sent(REVOKE).len(), 1);
}

#[tokio::test]
async fn a_consent_that_is_refused_leaves_the_account_before() {
    let (world, net) = world(Holders::Agent).await;
    connected(&world, "Mira Okafor", Some("invoice-bot")).await;
    let before = sealed(&world).await;
    let ines = world.sign_in("Ines Park").await;
    let begun = opened(&world, &ines, &link(&world, &ines, Some("invoice-bot")).await).await;
    let id = world.person("Ines Park").await;
    let leave = format!("/clients/harbor-books/people/{id}/leave");
    world.done_as("Dana Cole", &leave, json!({"reason": "Left the company"})).await;
    let answer = came_back(&world, &begun).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", text(&answer));
    assert_eq!(sealed(&world).await, before);
    assert_eq!(kept_at(&world, 0).await.access.expose(), "secret-1");
    let revoked = net.sent(REVOKE);
    assert!(revoked.len() == 1 && revoked[0].starts_with("token=refresh-2&"), "{revoked:?}");
    world.check().await;
}

#[tokio::test]
async fn a_browser_that_goes_away_does_not_leave_half_an_account() {
    let (world, net) = world(Holders::Agent).await;
    let mira = world.sign_in("Mira Okafor").await;
    let begun = opened(&world, &mira, &link(&world, &mira, Some("invoice-bot")).await).await;
    let stall = Arc::new(Stall::default());
    *net.stall.lock() = Some(stall.clone());
    tokio::select! {
        biased;
        answer = came_back(&world, &begun) => panic!("{}", text(&answer)),
        () = stall.asked.notified() => {}
    }
    stall.go.notify_one();
    let there = async {
        while world.get(LIST).await[0]["accounts"] == json!([]) {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), there).await.unwrap();
    assert_eq!(kept_at(&world, 0).await.access.expose(), "secret-1");
    world.check().await;
}

#[tokio::test]
async fn a_link_that_led_nowhere_may_be_opened_again() {
    let (world, net) = world(Holders::Agent).await;
    let mira = world.sign_in("Mira Okafor").await;
    let url = link(&world, &mira, Some("invoice-bot")).await;
    *net.away.lock() = true;
    let answer = get(&world, &url, &session(&mira), &[]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", text(&answer));
    *net.away.lock() = false;
    let begun = opened(&world, &mira, &url).await;
    assert_eq!(came_back(&world, &begun).await.status, StatusCode::OK);
    let again = get(&world, &url, &session(&mira), &[]).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN, "and is good once");
}

#[tokio::test]
async fn what_an_older_build_sealed_stays_until_it_is_refreshed_or_over() {
    let (world, net) = world(Holders::Agent).await;
    connected(&world, "Mira Okafor", Some("invoice-bot")).await;
    let (space, holder) = account(&world).await;
    let (name, older) = (sealed(&world).await.remove(0), holder.kept("mail"));
    let secret = async || world.vault.get(space, &name).await.unwrap().unwrap();
    world.vault.put(space, &older, secret().await).await.unwrap();
    // A gateway has refreshed it: what stands under the older name is used up, and taking it back could end the new one.
    world.desk.sweep().await.unwrap();
    assert_eq!(sealed(&world).await, [name.as_str()]);
    assert!(net.sent(REVOKE).is_empty());
    // Nobody has.
    world.vault.put(space, &older, secret().await).await.unwrap();
    world.vault.remove(space, &name).await.unwrap();
    world.clock.advance(Span::minutes(11));
    world.desk.sweep().await.unwrap();
    assert_eq!(sealed(&world).await, [older.as_str()]);
    assert!(net.sent(REVOKE).is_empty());
    let mira = world.sign_in("Mira Okafor").await;
    let body = json!({"agent": "invoice-bot", "reason": "not needed any more"});
    let done = world.ask_as(&mira, Method::POST, DISCONNECT, Some(&body)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.json());
    assert!(sealed(&world).await.is_empty());
    assert_eq!(net.sent(REVOKE).len(), 1);
    world.check().await;
}

#[tokio::test]
async fn of_two_who_connect_at_once_one_account_stands_with_its_secret() {
    let (world, net) = world(Holders::Client).await;
    let (mira, dana) = (world.sign_in("Mira Okafor").await, world.sign_in("Dana Cole").await);
    let one = opened(&world, &mira, &link(&world, &mira, None).await).await;
    let two = opened(&world, &dana, &link(&world, &dana, None).await).await;
    let (one, two) = tokio::join!(came_back(&world, &one), came_back(&world, &two));
    assert_eq!((one.status, two.status), (StatusCode::OK, StatusCode::OK));
    world.clock.advance(Span::minutes(11));
    world.desk.sweep().await.unwrap();
    let of = tenant(&world).await;
    let view = world.tenants.view(of).await.unwrap();
    let stands = view.state.upstream("mail", Holder::Client).unwrap().says.connection;
    assert_eq!(sealed(&world).await, [Holder::Client.account("mail", stands)]);
    assert_eq!(kept_at(&world, 0).await.connection, stands);
    assert_eq!(net.sent(REVOKE).len(), 1, "the other one is taken back");
    world.check().await;
}
