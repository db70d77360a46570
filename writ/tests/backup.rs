//! Backups as a machine meets them: the process that writes one is killed at any point, and what was embedded is restored into
//! a database and back.
//!
//! Never here: a mock of a store. What people do after a restore is in `doors/restoring.rs`.

#![cfg(test)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use bytes::Bytes;
use serde_json::Value;
use writ_app::{
    backup::{BackupKey, Folder, Source, Target, check, manifest, restore, run, target},
    host::System,
    system::{SystemClock, SystemEntropy},
};
use writ_authority::State;
use writ_model::{BootId, GatewayId, Secret, Span, TenantId, Timestamp};
use writ_store::{
    Beat, Ledger, Member, Pg, PgOptions, Roster as _, Space, SqliteLedger, SqliteVault, Standing,
    Tenants, Vault as _, Wanted, roster::Role,
};
use writ_testkit::{Postgres, TempDir};

fn writ(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_writ"));
    command.args(arguments).arg("--json").arg("--data").arg(data);
    command.env_remove("WRIT_SIGNER");
    command
}

fn done(data: &Path, arguments: &[&str]) -> Value {
    let output = writ(data, arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told} {said}");
    serde_json::from_str(&told).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Every file of a backup's parts.
fn names(backup: &Path) -> Vec<String> {
    let entries = ["objects", "manifests"].map(|part| fs::read_dir(backup.join(part)).unwrap());
    let names = entries.into_iter().flatten().filter_map(Result::ok);
    names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// When the process is killed.
#[derive(Debug, Clone, Copy)]
enum At {
    Begun,
    FirstObject,
    SecondObject,
    Draft,
    Manifest,
}

impl At {
    const ALL: [Self; 5] =
        [Self::Begun, Self::FirstObject, Self::SecondObject, Self::Draft, Self::Manifest];

    fn come(self, backup: &Path, generation: u64) -> bool {
        let own = format!("{generation:08}");
        let names = names(backup);
        let of = |ending: &str| {
            names.iter().filter(|name| name.starts_with(&own) && name.ends_with(ending)).count()
        };
        match self {
            Self::Begun => true,
            Self::FirstObject => of(".writ") > 0,
            Self::SecondObject => of(".writ") > 1,
            Self::Draft => of(".new") > 0,
            Self::Manifest => names.contains(&manifest::manifest_name(generation)),
        }
    }
}

/// LIMIT: rounds of the loop: each way of dying a few times.
const ROUNDS: usize = 20;

#[tokio::test]
async fn a_run_that_is_killed_anywhere_leaves_the_last_generation_whole() {
    let dir = TempDir::new().unwrap();
    let (data, backup, key) =
        (dir.path().join("data"), dir.path().join("backup"), dir.path().join("key"));
    fs::create_dir(&data).unwrap();
    // Open for writing all the time, as a server has them.
    let ledger = SqliteLedger::open(&data).unwrap();
    let vault = SqliteVault::open(&data).unwrap();
    done(&data, &["backup", "init", "--to", text(&backup), "--key", text(&key)]);
    let open = || Folder::open(&backup, &BackupKey::open(&key).unwrap()).unwrap();
    let command = ["backup", "run", "--to", text(&backup), "--key", text(&key)];
    let (mut whole, mut cut) = (0, 0);
    for round in 0..ROUNDS {
        for n in 1..=3 {
            let tenant = TenantId::from_bytes([n; 16]);
            let at = ledger.head(tenant).await.unwrap().size;
            let line = |index| {
                Bytes::from(format!("{{\"round\":{round},\"n\":{index}}}{}", "x".repeat(900)))
            };
            ledger.append(tenant, at, (0..150).map(line).collect()).await.unwrap();
            let secret = Secret::new(format!("{round}").into_bytes());
            vault.put(Space::Tenant(tenant), "last", secret).await.unwrap();
        }
        let before = open().newest().unwrap().map_or(0, |newest| newest.manifest.generation);
        let at = At::ALL[round % At::ALL.len()];
        let mut child =
            writ(&data, &command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !at.come(&backup, before + 1) && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        match open().newest().unwrap().map_or(0, |newest| newest.manifest.generation) {
            after if after == before => cut += 1,
            after => {
                assert_eq!(after, before + 1, "killed {at:?}");
                whole += 1;
            }
        }
        if before > 0 {
            check(&open(), None, &[]).unwrap();
        }
    }
    assert!(cut > 0 && whole > 0, "{cut} were cut short, {whole} had ended");
    let told = done(&data, &command);
    let checked = check(&open(), None, &[]).unwrap();
    assert_eq!(told["generation"].as_u64(), Some(checked.manifest.generation));
    for head in &checked.manifest.heads {
        let live = ledger.head(head.tenant).await.unwrap();
        assert_eq!((head.size, head.root), (live.size, live.root));
    }
    let named = checked.manifest.objects.iter().map(|object| &object.name);
    let lines = named.filter(|name| name.contains("-lines-")).count();
    let there = names(&backup).iter().filter(|name| name.contains("-lines-")).count();
    assert_eq!(lines, there, "nothing of an interrupted run stays");
    println!("{cut} runs were cut short, {whole} had ended");
}

/// A provider with a client and an agent, in embedded stores that stand still.
fn founded(data: &Path) {
    done(data, &["provider", "found", "--name", "Northlight", "--person", "Mara"]);
    done(data, &["client", "add", "--name", "Harbor", "--slug", "harbor"]);
    let propose = ["agent", "propose", "--client", "harbor", "--name", "bot", "--purpose", "Reads"];
    done(data, &propose);
}

async fn connected(url: String) -> Pg {
    Pg::connect(PgOptions { url, password: None, ca: None, pool: 4 }).await.unwrap()
}

async fn restored_states(ledger: Arc<dyn Ledger>) -> Vec<(u64, State)> {
    let tenants = Tenants::<State>::new(Arc::clone(&ledger));
    let mut out = Vec::new();
    for (tenant, head) in ledger.heads().await.unwrap() {
        let view = tenants.view(tenant).await.unwrap();
        out.push((head.size, view.state.clone()));
    }
    out
}

fn living() -> Beat {
    let member = Member {
        gateway: GatewayId::from_bytes([1; 16]),
        boot: BootId::from_bytes([1; 16]),
        roles: vec![Role::Gateway],
        url: String::new(),
        version: "1".to_owned(),
        reads: 2,
        started_at: Timestamp::from_micros(1),
        staleness: Span::minutes(1),
    };
    Beat { member, applied: None, standing: Standing::Nothing, report: Vec::new() }
}

#[tokio::test]
async fn an_embedded_installation_moves_into_postgres_and_back() {
    let dir = TempDir::new().unwrap();
    let part = |name: &str| -> PathBuf { dir.path().join(name) };
    let (data, key) = (part("data"), part("key"));
    founded(&data);
    let first = part("first");
    done(&data, &["backup", "init", "--to", text(&first), "--key", text(&key)]);
    done(&data, &["backup", "run", "--to", text(&first), "--key", text(&key)]);

    let database = Postgres::shared().database().unwrap();
    let options = |url| PgOptions { url, password: None, ca: None, pool: 2 };
    Pg::admin_migrate(options(database.owner_url()), "writ_app").await.unwrap();
    let pg = connected(database.url()).await;
    let backup_key = BackupKey::open(&key).unwrap();
    let folder = Folder::open(&first, &backup_key).unwrap();
    let plan = restore::plan(&folder, None, &[]).unwrap();
    let kek = plan.checked.kek.clone();
    let sizes: Vec<u64> = plan.checked.manifest.heads.iter().map(|head| head.size).collect();
    let (roster, alive) = (pg.roster(), living());
    roster.beat(alive.clone()).await.unwrap();
    let refused = Target::shared(&part("shared"), pg.clone(), &kek).await.unwrap_err();
    assert_eq!(refused.code.as_deref(), Some("BKUP-0012"), "a process would serve the dead");
    assert!(!part("shared").join("kek").exists() && !target::restoring(&roster).await.unwrap());
    roster.leave(alive.member.gateway, alive.member.boot).await.unwrap();
    let target = Target::shared(&part("shared"), pg.clone(), &kek).await.unwrap();
    assert_eq!(roster.beat(alive.clone()).await.unwrap().wanted, Wanted::Halt, "whoever comes");
    let fault = target::being_restored(&pg.roster()).await.unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("STOR-0091"), "nobody may open it meanwhile");
    let system = System { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    let restored = restore(&folder, plan, target, &system).await.unwrap();
    assert_eq!(restored.ledgers.len(), 2);
    target::being_restored(&pg.roster()).await.unwrap();
    assert_eq!(roster.beat(alive.clone()).await.unwrap().wanted, Wanted::Serve);
    roster.leave(alive.member.gateway, alive.member.boot).await.unwrap();
    for ((size, state), old) in restored_states(Arc::new(pg.ledger())).await.iter().zip(&sizes) {
        assert!(*size > *old, "the line that says so");
        // The restore's own line needs the second format; what servers list may have raised it further.
        assert!(state.restored.is_some() && state.format >= 2);
    }
    let again = Target::shared(&part("other"), pg.clone(), &kek).await.unwrap_err();
    assert_eq!(again.code.as_deref(), Some("BKUP-0007"), "it is not empty");
    let vault = pg.vault(&part("shared")).await.unwrap();
    let keys = vault.every_name(Space::Installation, "").await.unwrap();
    assert!(!keys.is_empty());
    for name in &keys {
        assert!(vault.get(Space::Installation, name).await.unwrap().is_some(), "{name} opens");
    }

    // And out of the database again.
    let second = part("second");
    drop(Folder::init(&second, &backup_key, &SystemEntropy).unwrap());
    let source =
        Source::over(&part("shared"), Arc::new(pg.ledger()), Arc::new(pg.clone())).unwrap();
    let folder = Folder::open_to_write(&second, &backup_key).unwrap();
    let ran = run(&source, &folder, &part("shared"), &SystemClock).await.unwrap();
    assert!(ran.manifest.lines() > sizes.iter().sum());
    drop(folder);
    let back = part("back");
    let told = done(&back, &["restore", "--from", text(&second), "--key", text(&key)]);
    assert_eq!(told["ledgers"].as_array().unwrap().len(), 2, "{told:#}");
    let clients = done(&back, &["client", "list"]);
    assert!(clients.to_string().contains("harbor"), "{clients:#}");
    let agents = done(&back, &["agent", "list", "--client", "harbor"]);
    assert_eq!(agents[0]["name"], "bot", "{agents:#}");
}
