//! Temporary.
#![allow(clippy::all, missing_docs, clippy::disallowed_methods)]
use std::sync::Arc;
use writ_authority::Engine;
use writ_desk::{Desk, DeskParts, cli_token};
use writ_identity::webauthn::Anchors;
use writ_lake::Activity;
use writ_model::{Clock, Timestamp};
use writ_store::{Sequencer, SqliteLedger, SqliteVault, Tenants};
use writ_testkit::{SeededEntropy, TempDir};
#[derive(Debug)]
struct Now;
impl Clock for Now {
    fn monotonic_micros(&self) -> u64 {
        u64::try_from(self.now().micros()).unwrap()
    }
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
    }
}
#[tokio::main]
async fn main() {
    let dir = TempDir::new().unwrap();
    let entropy = Arc::new(SeededEntropy::new(7));
    let lake = Activity::open(&dir.path().join("lake.db")).unwrap();
    let ledger = Arc::new(SqliteLedger::open(dir.path()).unwrap());
    let token = cli_token(dir.path(), entropy.as_ref()).unwrap();
    let desk = Desk::open(DeskParts {
        sequencer: Sequencer::new(Arc::new(Tenants::new(ledger))),
        lake: Arc::clone(&lake),
        vault: Arc::new(SqliteVault::open(dir.path()).unwrap()),
        engine: Arc::new(Engine::default()),
        clock: Arc::new(Now),
        entropy,
        issuer: "http://127.0.0.1:7455".to_owned(),
        origin: "http://localhost:7455".to_owned(),
        anchors: Anchors::none(),
        gateway: "http://127.0.0.1:7456".to_owned(),
        cli_token: token,
        version: "test".to_owned(),
    })
    .await
    .unwrap();
    let body = r#"{"name": "Northgate Managed IT", "person": {"name": "Mira Okafor"}}"#;
    desk.found(writ_desk::Via::Cli, serde_json::from_str(body).unwrap()).await.unwrap();
    println!("{}", desk.new_sign_in_link().await.unwrap().expose());
    let router = desk.router().merge(writ_console::router(&desk));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:7455").await.unwrap();
    axum::serve(listener, router).await.unwrap();
}
