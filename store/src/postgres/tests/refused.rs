//! What [`Pg::connect`] refuses, each with its code and its cure; passwords and TLS.

use std::fs;

use writ_model::Secret;
use writ_testkit::Certificates;

use super::*;
use crate::{Ledger as _, postgres::migrate::Step};

async fn refusal(options: PgOptions) -> (String, String) {
    let fault = Pg::connect(options).await.unwrap_err();
    (fault.code().to_string(), fault.to_string())
}

#[tokio::test]
async fn a_server_that_would_lose_what_it_acknowledged() {
    for (setting, wanted) in [
        ("fsync=off", "fsync = off, and must with on"),
        ("full_page_writes=off", "full_page_writes = off"),
        ("synchronous_commit=off", "synchronous_commit = off"),
        ("synchronous_commit=local", "synchronous_commit = local"),
        ("synchronous_commit=remote_write", "synchronous_commit = remote_write"),
    ] {
        let server = Postgres::start_with(&[setting]).unwrap();
        let (code, words) = refusal(options(server.url())).await;
        assert_eq!(code, "STOR-0052", "{words}");
        assert!(words.contains(wanted) && words.contains("ALTER SYSTEM SET"), "{words}");
        let owner = Pg::admin_migrate(options(server.owner_url()), "writ_app").await;
        assert!(matches!(owner, Err(PgFault::Setting { .. })), "not even the owner");
    }
}

#[tokio::test]
async fn a_setting_that_is_weakened_later_does_not_weaken_who_is_connected_and_refuses_who_comes() {
    let server = Postgres::shared();
    let (pg, database) = fresh().await;
    let shown = "SELECT current_setting('synchronous_commit')";
    let mut held = pg.lend().await.unwrap();
    let weak = format!("ALTER DATABASE {} SET synchronous_commit = off", database.name());
    server.sql("postgres", &weak).unwrap();
    server.sql("postgres", "ALTER SYSTEM SET synchronous_commit = off").unwrap();
    server.sql("postgres", "SELECT pg_reload_conf()").unwrap();
    let rows = held.rows(shown, &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, &str>(0), "on");
    let fault = pg.lend().await.unwrap_err();
    assert!(matches!(fault, PgFault::Setting { setting: "synchronous_commit", .. }), "{fault}");
    drop(held);
    assert!(pg.ledger().head(tenant(1)).await.is_ok(), "the connection that is pinned");
}

#[tokio::test]
async fn a_role_that_row_level_security_does_not_bind() {
    let (_, database) = fresh().await;
    let server = Postgres::shared();
    server.sql("postgres", "CREATE ROLE above LOGIN BYPASSRLS").unwrap();
    for role in ["postgres", "above"] {
        let (code, words) = refusal(options(database.url_of(role))).await;
        assert_eq!(code, "STOR-0056");
        assert!(words.contains(&format!("the role {role} is not bound")), "{words}");
    }
}

#[tokio::test]
async fn a_schema_that_is_missing_is_made_by_who_may_and_asked_for_by_who_may_not() {
    let database = Postgres::shared().database().unwrap();
    let (code, words) = refusal(options(database.url())).await;
    assert_eq!(code, "STOR-0055");
    assert!(words.contains("writ store migrate"), "{words}");
    // Several at once: one does it.
    let owner = || options(database.owner_url());
    let many = futures_util::future::join_all((0..4).map(|_| Pg::connect(owner()))).await;
    for pg in many {
        let pg = pg.unwrap();
        assert_eq!(pg.schema().await.unwrap(), (migrate::known(), migrate::known()));
        // The owner is bound by row-level security too.
        assert_eq!(pg.ledger().head(tenant(1)).await.unwrap().size, 0);
    }
    // Made, but the role has no rights yet.
    assert_eq!(refusal(options(database.url())).await.0, "STOR-0055");
    assert_eq!(Pg::admin_migrate(owner(), "writ_app").await.unwrap(), 0);
    assert!(Pg::connect(options(database.url())).await.is_ok());
    assert_eq!(Pg::admin_migrate(owner(), "a \"new\" role").await.unwrap(), 0);
    assert!(Pg::connect(options(database.url_of("a%20%22new%22%20role"))).await.is_ok());
}

#[tokio::test]
async fn a_newer_schema_is_lived_with_unless_it_says_that_this_release_cannot() {
    let (pg, database) = fresh().await;
    let owner = Pg::connect(options(database.owner_url())).await.unwrap();
    let known = migrate::known();
    let mut steps = migrate::STEPS.to_vec();
    let added = Step {
        name: "a later release's",
        sql: "ALTER TABLE writ.heads ADD COLUMN later int",
        needs: 0,
        rights: &[],
        fleet: &[],
    };
    steps.push(&added);
    assert_eq!(migrate::run(&mut owner.lend().await.unwrap(), &steps).await.unwrap(), 1);
    let (found, _) = Pg::connect(options(database.url())).await.unwrap().schema().await.unwrap();
    assert_eq!(found, known + 1);
    let breaking = Step { name: "a break", sql: "SELECT 1", needs: known + 2, ..added };
    steps.push(&breaking);
    assert_eq!(migrate::run(&mut owner.lend().await.unwrap(), &steps).await.unwrap(), 1);
    let (code, words) = refusal(options(database.url())).await;
    assert_eq!(code, "STOR-0054");
    assert!(words.contains("run the newer release"), "{words}");
    // Who was connected before goes on.
    let line = vec![bytes::Bytes::from_static(b"{}")];
    assert_eq!(pg.ledger().append(tenant(1), 0, line).await.unwrap().size, 1);
}

#[tokio::test]
async fn addresses_that_cannot_be_meant() {
    let cases = [
        ("nonsense", "STOR-0050", "postgresql://ROLE@HOST/DATABASE"),
        ("postgresql://writ:secret@127.0.0.1/writ", "STOR-0050", "password_file"),
        ("postgresql://writ@db.example/writ", "STOR-0050", "ca_file"),
        ("postgresql://writ@127.0.0.1,10.0.0.1/writ", "STOR-0050", "another machine"),
        ("postgresql://writ@127.0.0.1:1/writ", "STOR-0051", "cannot be reached"),
    ];
    for (url, wanted, said) in cases {
        let (code, words) = refusal(options(url.to_owned())).await;
        assert_eq!(code, wanted, "{url}: {words}");
        assert!(words.contains(said) && !words.contains("secret"), "{url}: {words}");
    }
    for (ca, said) in [(&b""[..], "no certificate"), (b"-----BEGIN CERTIFICATE-----", "ca_file")] {
        let ca = Some(ca.to_vec());
        let (code, words) =
            refusal(PgOptions { ca, ..options("postgresql://writ@127.0.0.1/writ".to_owned()) })
                .await;
        assert_eq!(code, "STOR-0050");
        assert!(words.contains(said), "{words}");
    }
}

#[tokio::test]
async fn with_certificates_the_server_is_verified_and_the_password_is_needed() {
    let server = Postgres::start().unwrap();
    migrated(&server.url(), &server.owner_url()).await;
    let ours = Certificates::make(&server.data()).unwrap();
    let other = writ_testkit::TempDir::new().unwrap();
    let other = fs::read(Certificates::make(other.path()).unwrap().ca).unwrap();
    let ca = fs::read(&ours.ca).unwrap();
    let plain = server.url();
    server.sql("postgres", "ALTER ROLE writ_app PASSWORD 'right'").unwrap();
    server.demand_tls(&ours, "writ_app").unwrap();
    let with = |ca: Option<&[u8]>, password: &str| PgOptions {
        ca: ca.map(<[u8]>::to_vec),
        password: Some(Secret::new(password.to_owned())),
        ..options(plain.clone())
    };
    let pg = Pg::connect(with(Some(&ca), "right")).await.unwrap();
    assert!(pg.ledger().heads().await.unwrap().is_empty());
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert!(pg.rows(encrypted, &[]).await.unwrap()[0].get::<_, bool>(0));
    for (why, options) in [
        ("another authority", with(Some(&other), "right")),
        ("wrong password", with(Some(&ca), "wrong")),
        ("no TLS", with(None, "right")),
    ] {
        let (code, words) = refusal(options).await;
        assert_eq!(code, "STOR-0051", "{why}: {words}");
        assert!(!words.contains("wrong") && !words.contains("right"), "{why}: {words}");
    }
}
