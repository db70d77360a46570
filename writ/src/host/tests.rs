//! What holds from the first instant of a process on.
//!
//! Never here: a call through the gateway (`writ/tests`).

use writ_testkit::TempDir;

use super::*;
use crate::{
    host::brake::Mode,
    system::{SystemClock, SystemEntropy},
};

fn system() -> System {
    System { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) }
}

async fn started(folder: &TempDir) -> Host {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config { desk: any, gateway: any, ..Config::default() };
    Host::start(Store::open(folder.path()).unwrap(), &config, &system()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_was_halted_is_not_ready_until_it_serves() {
    let folder = TempDir::new().unwrap();
    let host = started(&folder).await;
    assert!(host.rim.health.page().contains("writ_role_ready{role=\"gateway\"} 1\n"));
    host.stop().await;
    let boot = BootId::from_bytes([1; 16]);
    let brake = Brake::new(folder.path(), boot, Arc::new(SystemClock));
    brake.order(Mode::Halted, "uid 0", "fire").unwrap();
    let host = started(&folder).await;
    assert!(host.rim.health.page().contains("writ_role_ready{role=\"gateway\"} 0\n"));
    assert!(host.gateway().metrics().stopped.is_some());
    control::tell(folder.path(), "serve", "it was a test").await.unwrap();
    assert!(host.rim.health.page().contains("writ_role_ready{role=\"gateway\"} 1\n"));
    host.stop().await;
}
