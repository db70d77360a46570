//! Accounts that are refreshed while something becomes of them, and those that older builds sealed.

use std::sync::Arc;

use super::*;
use crate::guarded::Stall;

impl Scene {
    /// What is sealed of a connection.
    async fn sealed(&self, connection: Digest) -> Option<Kept> {
        let (space, name) =
            (Space::Tenant(self.agent.tenant), self.holder().account("mail", connection));
        let sealed = self.vault.get(space, &name).await.unwrap();
        sealed.map(|sealed| Kept::from_bytes(&sealed).unwrap())
    }

    /// A call that refreshes an account, and what becomes of the account before the answer.
    async fn while_refreshed(&self, what: impl Future<Output = ()>) -> Reply {
        let stall = Arc::new(Stall::default());
        self.guarded.gate.lock().stall = Some(stall.clone());
        let (reply, ()) = tokio::join!(self.call("look"), async {
            stall.asked.notified().await;
            what.await;
            self.guarded.gate.lock().stall = None;
            stall.go.notify_one();
        });
        reply
    }
}

#[tokio::test]
async fn a_refresh_that_ends_late_does_not_write_over_a_new_account() {
    let scene = Scene::new(Grant::Code, Holders::Agent).await;
    let old = scene.connected(1, Span::seconds(5)).await;
    let again = async {
        scene.connected(2, Span::minutes(5)).await;
    };
    let reply = scene.while_refreshed(again).await;
    assert_ne!(reply.status, StatusCode::OK, "it was for the account before: {reply:?}");
    let new = scene.sealed(Digest::of(&[2])).await.unwrap();
    assert_eq!((new.access.expose().as_str(), new.connection), ("first-2", Digest::of(&[2])));
    // What came late is taken back, and nothing of it is left.
    assert!(scene.sealed(old).await.is_none());
    let revoked = scene.guarded.gate.lock().revoked.clone();
    assert!(revoked.len() == 1 && revoked[0].contains("token=r-1&"), "{revoked:?}");
    scene.world.clock.advance(Span::seconds(3));
    let reply = scene.call("look").await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    assert_eq!(scene.shown(), ["Bearer first-2"]);
}

#[tokio::test]
async fn a_refresh_that_ends_late_brings_no_account_back() {
    let scene = Scene::new(Grant::Code, Holders::Agent).await;
    let connection = scene.connected(1, Span::seconds(5)).await;
    let reply = scene.while_refreshed(scene.disconnected()).await;
    assert_eq!(&*reply.code(), "GATE-0145", "{reply:?}");
    assert!(scene.sealed(connection).await.is_none());
    let revoked = scene.guarded.gate.lock().revoked.clone();
    assert!(revoked.len() == 1 && revoked[0].contains("token=r-1&"), "{revoked:?}");
    assert!(scene.shown().is_empty());
}

#[tokio::test]
async fn what_an_older_build_sealed_is_used_and_moved_with_its_refresh() {
    let scene = Scene::new(Grant::Code, Holders::Agent).await;
    let connection = scene.connected(1, Span::minutes(1)).await;
    let (space, older) = (Space::Tenant(scene.agent.tenant), scene.holder().kept("mail"));
    let own = scene.holder().account("mail", connection);
    let secret = scene.vault.get(space, &own).await.unwrap().unwrap();
    scene.vault.put(space, &older, secret).await.unwrap();
    scene.vault.remove(space, &own).await.unwrap();
    assert_eq!(scene.call("look").await.status, StatusCode::OK);
    assert!(scene.sealed(connection).await.is_none(), "nothing is moved without a turn");
    scene.world.clock.advance(Span::seconds(51));
    assert_eq!(scene.call("look").await.status, StatusCode::OK);
    assert_eq!(scene.shown(), ["Bearer first-1", "Bearer t-1"]);
    assert_eq!(scene.sealed(connection).await.unwrap().access.expose(), "t-1");
    assert!(scene.vault.get(space, &older).await.unwrap().is_none());
    // One of another connection that stands there is not shown.
    let other =
        scene.guarded.kept(&Digest::of(b"other").to_string(), "first-1", i64::from(i32::MAX));
    scene.vault.put(space, &older, other).await.unwrap();
    scene.vault.remove(space, &own).await.unwrap();
    scene.world.clock.advance(Span::seconds(51));
    assert_eq!(&*scene.call("look").await.code(), "GATE-0142");
}
