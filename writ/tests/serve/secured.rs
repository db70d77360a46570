//! TLS between the processes and what they share, with an authority and certificates as `deploy/certificates.sh` makes them.
//!
//! Never here: TLS of people and agents; it ends before desk and gateways.

use std::{fs, process::Stdio};

use serde_json::Value;
use writ_testkit::TempDir;

use crate::{
    cluster::Cluster,
    engines::{Engines, certify},
    process::{binary, call, until},
};

#[test]
fn postgres_and_nats_are_spoken_to_over_tls_alone_and_only_by_who_knows_their_authority() {
    let cluster = Cluster::on(Engines::secured());
    let one = &cluster.gateways[0];
    let mut agent = cluster.connect(one);
    assert_eq!(agent.ask(&call(1, "read"))["result"]["content"][0]["text"], "read");
    until("the record came over the bus and is sealed", || {
        let calls = cluster.calls_of(one);
        !calls.is_empty() && calls.iter().all(|call: &Value| call["seal"]["line"].is_u64())
    });
    let encrypted =
        "SELECT bool_and(ssl), count(*) > 8 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE usename = 'writ_app'";
    assert_eq!(cluster.engines.postgres.sql("postgres", encrypted).unwrap(), "t|t");

    // Another authority of the same name is not this one.
    let other = TempDir::new().unwrap();
    certify(other.path());
    let stranger = cluster.path("stranger");
    fs::create_dir(&stranger).unwrap();
    for file in ["writ.toml", "kek", "postgres.secret"] {
        fs::copy(one.folder.join(file), stranger.join(file)).unwrap();
    }
    let refused = |file: &str, with: &[u8]| {
        fs::write(stranger.join(file), with).unwrap();
        let mut serve = binary();
        serve.args(["serve", "--role", "soc", "--json"]).env("WRIT_DATA_DIR", &stranger);
        let ended = serve.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
        assert!(!ended.status.success());
        String::from_utf8(ended.stdout).unwrap() + &String::from_utf8(ended.stderr).unwrap()
    };
    let told = refused("ca.pem", &fs::read(other.path().join("ca.pem")).unwrap());
    assert!(told.contains("STOR-0051") && told.to_lowercase().contains("certificate"), "{told}");
    // Nor does the right authority help without the password, which nobody is shown.
    fs::copy(one.folder.join("ca.pem"), stranger.join("ca.pem")).unwrap();
    let told = refused("postgres.secret", b"guessed-by-a-stranger\n");
    assert!(told.contains("STOR-0051") && !told.contains("guessed-by-a-stranger"), "{told}");
}
