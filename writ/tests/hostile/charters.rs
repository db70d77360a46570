//! Authority that the provider writes for itself: a charter in force that the client never signed, approvals that nobody
//! gave, half-signed, replayed and altered ones. Each is found by the chain of signatures, at the witness and by `ledger
//! verify --root` alike.

use futures_util::future::BoxFuture;
use writ_authority::{Command, Fact};
use writ_charter::{Charter, Clause, Mode};
use writ_model::{Actor, CharterId, GatewayId, HoldId, Side};

use crate::{
    server::{Server, caught, verified},
    world::World,
};

fn watched() -> BoxFuture<'static, (World, Server)> {
    Box::pin(async {
        let world = World::honest().await;
        world.witness("office").await.round(0).await.unwrap();
        let server = Server::of(&world).await;
        assert!(verified(&world, &server).is_ok(), "the honest beginning verifies");
        (world, server)
    })
}

fn writ() -> Actor {
    Actor::system("desk")
}

/// The next charter, as the provider would like it.
fn wished(server: &mut Server) -> Box<Charter> {
    let id = CharterId::new(&server.cx(writ()));
    let state = server.state();
    let now = state.charter.as_ref().unwrap();
    let mut next = Charter::clone(&now.charter);
    (next.charter, next.version) = (id, next.version + 1);
    next.clauses = vec![Clause::new("ours", "Whatever we like", &["*"], Mode::Act)];
    Box::new(next)
}

/// A draft that stands in the ledger, honestly proposed.
fn drafted(world: &World, server: &mut Server) -> Box<Charter> {
    let charter = wished(server);
    server.act(world.mira.actor(), Command::ProposeCharter { charter });
    Box::new(Charter::clone(&server.state().draft.as_ref().unwrap().charter))
}

fn in_force(charter: &Charter) -> Fact {
    Fact::CharterInForce { charter: charter.charter, digest: charter.digest() }
}

#[tokio::test]
async fn a_charter_that_nobody_signed_is_put_in_force() {
    let (world, mut server) = watched().await;
    let charter = drafted(&world, &mut server);
    server.append(writ(), in_force(&charter));
    caught(&world, server, "AUTH-0030").await;
}

#[tokio::test]
async fn a_charter_that_one_party_signed_is_put_in_force() {
    let (world, mut server) = watched().await;
    let charter = drafted(&world, &mut server);
    let act = Command::SignCharter { charter: charter.clone() };
    server.sign(&world.mira, act);
    assert!(verified(&world, &server).is_ok(), "one signature is an honest line");
    server.append(writ(), in_force(&charter));
    caught(&world, server, "AUTH-0030").await;
}

#[tokio::test]
async fn the_provider_signs_for_the_client() {
    let (world, mut server) = watched().await;
    let charter = drafted(&world, &mut server);
    let request =
        server.request(world.mira.person, Command::SignCharter { charter: charter.clone() }, &[]);
    let receipt = world.mira.receipt(&server.cx(world.mira.actor()), request);
    let signed = |side| Fact::CharterSigned {
        charter: charter.charter,
        digest: charter.digest(),
        person: world.mira.person,
        side,
    };
    let facts = vec![signed(Side::Provider), signed(Side::Client), in_force(&charter)];
    server.force(receipt, facts);
    let found = verified(&world, &server).unwrap_err();
    assert!(found.code.is_some_and(|code| code.starts_with("AUTH-")));
}

#[tokio::test]
async fn the_clients_signature_under_another_text_is_used_again() {
    let (world, mut server) = watched().await;
    let charter = drafted(&world, &mut server);
    let act = Command::SignCharter { charter };
    let cx = server.cx(world.dana.actor());
    let receipt = world.dana.signs(&server.state(), &cx, act).unwrap();
    // She signed that one; another draft takes its place, and her receipt is laid under it.
    let other = drafted(&world, &mut server);
    let signed = Fact::CharterSigned {
        charter: other.charter,
        digest: other.digest(),
        person: world.dana.person,
        side: Side::Client,
    };
    server.force(receipt, vec![signed]);
    let found = verified(&world, &server).unwrap_err();
    assert!(found.code.is_some_and(|code| code.starts_with("AUTH-")));
}

#[tokio::test]
async fn an_altered_charter_comes_into_force_under_good_signatures() {
    let (world, mut server) = watched().await;
    let charter = drafted(&world, &mut server);
    for by in [&world.mira, &world.dana] {
        let act = Command::SignCharter { charter: charter.clone() };
        server.sign(by, act);
    }
    assert!(verified(&world, &server).is_ok(), "both have signed");
    let mut altered = drafted(&world, &mut server);
    altered.clauses = vec![Clause::new("more", "More", &["*"], Mode::Act)];
    server.append(writ(), in_force(&altered));
    caught(&world, server, "AUTH-0030").await;
}

#[tokio::test]
async fn a_suspension_by_the_client_is_lifted_by_the_system() {
    let (world, mut server) = watched().await;
    let stop = Command::Freeze { reason: "We are being attacked".to_owned() };
    server.act(world.dana.actor(), stop);
    assert!(verified(&world, &server).is_ok(), "a stop takes no signature");
    server.append(writ(), Fact::ClientThawed { side: Side::Client });
    caught(&world, server, "AUTH-0030").await;
}

#[tokio::test]
async fn an_approval_that_nobody_asked_for_is_used() {
    let (world, mut server) = watched().await;
    let cx = server.cx(writ());
    let (hold, gateway) = (HoldId::new(&cx), GatewayId::new(&cx));
    server
        .append(Actor::system("gateway"), Fact::ApprovalConsumed { hold, gateway: Some(gateway) });
    let found = verified(&world, &server).unwrap_err();
    assert_eq!(found.code.as_deref(), Some("AUTH-0042"), "{found}");
}
