//! Hints that name a head: what is followed gets there without a poll, and no lease hangs on it.

use super::*;

#[tokio::test]
async fn a_head_that_is_told_is_reached_without_a_poll_and_renews_nothing() {
    let world = World::new();
    world.write(1, b"1").await;
    world.tenants.view(tenant(1)).await.unwrap();
    world.write(1, b"2").await;
    let head = world.ledger.inner.head(tenant(1)).await.unwrap();
    let mut heads = Vec::new();
    assert!(world.keeper.takes(Hint::Head(tenant(1), head), &mut heads));
    assert!(!world.keeper.takes(Hint::Tenant(tenant(1), 2), &mut heads), "its view has one line");
    assert!(!world.keeper.takes(Hint::Tenant(tenant(2), 1), &mut heads), "nobody knows of it");
    assert!(!world.keeper.takes(Hint::Any, &mut heads));
    assert_eq!(heads, [(tenant(1), head)]);
    let polls = world.ledger.heads.calls();
    world.ledger.lines.set(Mood::Fails);
    assert!(!world.keeper.hear(heads.clone()).await, "a poll has to look");
    world.ledger.lines.set(Mood::Works);
    assert!(world.keeper.hear(heads).await);
    assert_eq!(world.tenants.cached(tenant(1)).unwrap().state.total, 3);
    assert!(world.keeper.takes(Hint::Tenant(tenant(1), 2), &mut Vec::new()));
    assert_eq!((world.ledger.heads.calls(), world.age()), (polls, None));
    assert_eq!(world.keeper.status().advanced, 1);
}
