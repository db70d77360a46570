//! A server that is killed, followed, shared and left behind.

use std::path::Path;

use super::*;

#[test]
fn what_was_committed_survives_a_kill_and_a_failover() {
    let server = Postgres::start().unwrap();
    server.sql("writ", "CREATE TABLE t (n int); INSERT INTO t VALUES (1)").unwrap();
    server.kill9().unwrap();
    assert!(server.sql("writ", "SELECT 1").is_err());
    server.start_again().unwrap();
    assert_eq!(server.sql("writ", "SELECT n FROM t").unwrap(), "1");
    let standby = server.standby().unwrap();
    server.sql("writ", "INSERT INTO t VALUES (2)").unwrap();
    server.kill9().unwrap();
    standby.promote().unwrap();
    assert_eq!(standby.sql("writ", "SELECT n FROM t ORDER BY n").unwrap(), "1\n2");
    let pid = standby.pid().unwrap();
    let folder = standby.data();
    drop(standby);
    assert!(!folder.exists() && !Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn a_process_that_is_gone_leaves_no_folder_of_its_server() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), b"x").unwrap();
    let mut beside = Command::new("sh");
    beside.args(["-c", BESIDE, "sh"]).arg(folder.path()).args(["sh", "-c", "echo up; exec cat"]);
    let mut shell = beside.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // Both ends go, as at the end of a process whose server was shared; nobody reads what is said then.
    drop((shell.stdin.take(), shell.stdout.take()));
    shell.wait().unwrap();
    assert!(!folder.path().exists());
}

#[test]
fn databases_of_one_server_know_nothing_of_each_other() {
    let server = Postgres::shared();
    let (one, two) = (server.database().unwrap(), server.database().unwrap());
    assert_ne!(one.url(), two.url());
    assert_eq!(server.pid(), Postgres::shared().pid());
    server.sql(one.name(), "CREATE TABLE t ()").unwrap();
    let tables = "SELECT count(*) FROM pg_class WHERE relname = 't'";
    assert_eq!(server.sql(two.name(), tables).unwrap(), "0");
}
