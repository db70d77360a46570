//! Runs and checks over real stores with lines that are any bytes: what is whole, what is refused, what is left behind.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use writ_lake::{Activity, Inputs, Record};
use writ_model::{
    AgentId, BootId, CallId, GatewayId, InstanceId, Secret, Span, TenantId, Timestamp,
    ocsf::Disposition,
};
use writ_store::{Ledger as _, Space, SqliteLedger, SqliteVault, Vault as _};
use writ_testkit::{FakeClock, SeededEntropy, TempDir};

use super::{
    BackupKey, Checked, Done, Folder, Memory, Source, check, manifest::manifest_name, memory::Last,
    run,
};
use crate::fault::Fault;

struct World {
    dir: TempDir,
    clock: Arc<FakeClock>,
    key: BackupKey,
    ledger: SqliteLedger,
    vault: SqliteVault,
    lake: Arc<Activity>,
}

fn tenant(n: u8) -> TenantId {
    TenantId::from_bytes([n; 16])
}

fn record(n: u8) -> Record {
    Record {
        call: CallId::from_bytes([n; 16]),
        tenant: tenant(1),
        gateway: GatewayId::from_bytes([2; 16]),
        boot: BootId::from_bytes([3; 16]),
        seq: u64::from(n),
        at: Timestamp::from_micros(1_700_000_000_123_456),
        agent: AgentId::from_bytes([4; 16]),
        instance: InstanceId::from_bytes([5; 16]),
        server: "mail".to_owned(),
        method: "tools/call".to_owned(),
        surface: "tool".to_owned(),
        name: "send".to_owned(),
        effect: Disposition::Allowed,
        code: "PERM-0001".to_owned(),
        detail: "because".to_owned(),
        grant: None,
        latency_us: 7,
        ocsf: Bytes::from_static(b"{}"),
        inputs: Inputs::default(),
    }
}

impl World {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        let entropy = SeededEntropy::new(5);
        let key = BackupKey::new(&entropy);
        Folder::init(&dir.path().join("backup"), &key, &entropy).unwrap();
        Self {
            clock: Arc::new(FakeClock::at("2026-11-22T09:00:00Z".parse().unwrap())),
            ledger: SqliteLedger::open(&data).unwrap(),
            vault: SqliteVault::open(&data).unwrap(),
            lake: Activity::open(&data.join("lake.db")).unwrap(),
            dir,
            key,
        }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn backup(&self) -> PathBuf {
        self.dir.path().join("backup")
    }

    fn folder(&self) -> Folder {
        Folder::open_to_write(&self.backup(), &self.key).unwrap()
    }

    async fn append(&self, n: u8, lines: &[&str]) {
        let at = self.ledger.head(tenant(n)).await.unwrap().size;
        let lines = lines.iter().map(|line| Bytes::copy_from_slice(line.as_bytes())).collect();
        self.ledger.append(tenant(n), at, lines).await.unwrap();
    }

    async fn put(&self, n: u8, name: &str) {
        let secret = Secret::new(name.as_bytes().to_vec());
        self.vault.put(Space::Tenant(tenant(n)), name, secret).await.unwrap();
    }

    /// Runs beside the stores that are open for writing, as the command does.
    async fn run(&self) -> Result<Done, Fault> {
        self.clock.advance(Span::hours(1));
        let source = Source::embedded(&self.data()).unwrap();
        run(&source, &self.folder(), &self.data(), self.clock.as_ref()).await
    }

    fn check(&self) -> Result<Checked, Fault> {
        check(&Folder::open(&self.backup(), &self.key).unwrap(), None, &[])
    }

    fn refused(&self) -> String {
        self.check().unwrap_err().code.unwrap()
    }
}

/// The files of a backup that are sealed.
fn files(backup: &Path) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = ["manifests", "objects"]
        .iter()
        .flat_map(|part| fs::read_dir(backup.join(part)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    out.sort();
    out
}

#[tokio::test]
async fn a_run_adds_what_is_new_and_a_check_finds_all_of_it() {
    let world = World::new();
    assert_eq!(world.refused(), "BKUP-0001", "before the first run");
    world.append(1, &["a", "b"]).await;
    world.append(2, &["x"]).await;
    world.put(1, "one").await;
    let first = world.run().await.unwrap();
    assert_eq!((first.manifest.generation, first.lines, first.records), (1, 3, 0));
    world.append(2, &["y", "z"]).await;
    world.append(3, &["new"]).await;
    world.put(3, "two").await;
    world.lake.ingest((0..5).map(record).collect()).await.unwrap();
    let second = world.run().await.unwrap();
    assert_eq!((second.manifest.generation, second.lines, second.records), (2, 3, 5));
    assert_eq!(
        second.manifest.previous,
        Memory::open(&world.data()).unwrap().newest().map(|_| {
            let first = fs::read(world.backup().join("manifests").join(manifest_name(1))).unwrap();
            writ_model::Digest::of(&first)
        })
    );
    let third = world.run().await.unwrap();
    assert_eq!((third.lines, third.records, third.records_anew), (0, 0, false));
    let wanted = [(tenant(2), 1), (tenant(2), 3)];
    let folder = Folder::open(&world.backup(), &world.key).unwrap();
    let checked = check(&folder, None, &wanted).unwrap();
    assert_eq!(checked.manifest.generation, 3);
    assert_eq!(checked.manifest.lines(), 6);
    // Two tenants had something to seal, and five records were told.
    assert_eq!(checked.counts, (2, 2, 5));
    let head = world.ledger.head(tenant(2)).await.unwrap();
    assert_eq!(checked.roots[&(tenant(2), 3)], head.root);
    assert_eq!(checked.roots.len(), 2);
    assert_eq!(check(&folder, Some(1), &[]).unwrap().manifest.lines(), 3);
    assert_eq!(fs::read(world.data().join("kek")).unwrap(), *checked.kek.expose());
}

#[tokio::test]
async fn a_lake_of_another_time_is_copied_whole() {
    let world = World::new();
    world.lake.ingest((0..3).map(record).collect()).await.unwrap();
    assert_eq!(world.run().await.unwrap().records, 3);
    world.lake.close().await;
    for ending in ["", "-wal", "-shm"] {
        let _gone = fs::remove_file(world.data().join(format!("lake.db{ending}")));
    }
    let lake = Activity::open(&world.data().join("lake.db")).unwrap();
    lake.ingest((7..9).map(record).collect()).await.unwrap();
    let done = world.run().await.unwrap();
    assert_eq!((done.records, done.records_anew), (2, true));
    assert_eq!(world.check().unwrap().counts.2, 5);
}

#[tokio::test]
async fn any_byte_that_is_flipped_and_any_file_that_is_cut_or_gone_is_refused() {
    let world = World::new();
    world.append(1, &["a", "b"]).await;
    world.put(1, "one").await;
    world.lake.ingest(vec![record(0)]).await.unwrap();
    world.run().await.unwrap();
    world.append(1, &["c"]).await;
    world.run().await.unwrap();
    let newest = manifest_name(2);
    let named: Vec<String> =
        world.check().unwrap().manifest.objects.iter().map(|one| one.name.clone()).collect();
    let mut looked = 0;
    for path in files(&world.backup()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name != newest && !named.contains(&name) {
            continue;
        }
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&path, &bad).unwrap();
            let fault = world.check().unwrap_err();
            assert_eq!(fault.code.as_deref(), Some("BKUP-0003"), "{name}, byte {at}");
            assert!(fault.what.contains(&name), "it names the file: {}", fault.what);
            looked += 1;
        }
        fs::write(&path, &good[..good.len() - 1]).unwrap();
        assert_eq!(world.refused(), "BKUP-0003", "{name} is cut");
        if name != newest {
            fs::remove_file(&path).unwrap();
            assert_eq!(world.refused(), "BKUP-0003", "{name} is gone");
        }
        fs::write(&path, &good).unwrap();
    }
    assert!(looked > 1_000, "only {looked} bytes were looked at");
    world.check().unwrap();
}

#[tokio::test]
async fn files_cannot_be_swapped_and_an_older_copy_is_noticed() {
    let world = World::new();
    world.append(1, &["a"]).await;
    world.append(2, &["b"]).await;
    world.run().await.unwrap();
    let old = world.dir.path().join("old");
    let copy = |from: &Path, to: &Path| {
        let done = std::process::Command::new("cp").arg("-r").args([from, to]).status();
        assert!(done.is_ok_and(|done| done.success()));
    };
    copy(&world.backup(), &old);
    world.append(1, &["c"]).await;
    world.run().await.unwrap();
    let manifests = world.backup().join("manifests");
    // The first generation under the second's name.
    let (one, two) = (manifests.join(manifest_name(1)), manifests.join(manifest_name(2)));
    let kept = fs::read(&two).unwrap();
    fs::copy(&one, &two).unwrap();
    assert_eq!(world.refused(), "BKUP-0003");
    fs::write(&two, kept).unwrap();
    // One file of lines under another's name.
    let objects = world.backup().join("objects");
    let (first, second) =
        (objects.join("00000001-lines-00000.writ"), objects.join("00000002-lines-00000.writ"));
    let kept = (fs::read(&first).unwrap(), fs::read(&second).unwrap());
    fs::write(&first, &kept.1).unwrap();
    fs::write(&second, &kept.0).unwrap();
    assert_eq!(world.refused(), "BKUP-0003");
    fs::write(&first, &kept.0).unwrap();
    fs::write(&second, &kept.1).unwrap();
    world.check().unwrap();
    // The whole folder as it was before: each file is true, and the installation remembers more.
    fs::remove_dir_all(world.backup()).unwrap();
    copy(&old, &world.backup());
    world.check().unwrap();
    assert_eq!(world.run().await.unwrap_err().code.as_deref(), Some("BKUP-0005"));
    // And a generation of the same number that somebody else made.
    let mut memory = Memory::open(&world.data()).unwrap();
    let id = world.folder().id();
    let last = memory.backups[&id].clone();
    memory.keep(&world.data(), &id, Last { generation: 1, ..last }).unwrap();
    assert_eq!(world.run().await.unwrap_err().code.as_deref(), Some("BKUP-0005"));
}

#[tokio::test]
async fn a_ledger_that_is_not_the_one_backed_up_is_refused_and_the_backup_stays() {
    let world = World::new();
    world.append(1, &["a", "b"]).await;
    world.run().await.unwrap();
    let other = World::new();
    other.append(1, &["a", "B", "c"]).await;
    let source = Source::embedded(&other.data()).unwrap();
    let run = |source| {
        let (folder, clock) = (world.folder(), Arc::clone(&world.clock));
        async move {
            let nowhere = TempDir::new().unwrap();
            run(&source, &folder, nowhere.path(), clock.as_ref()).await.unwrap_err()
        }
    };
    let fault = run(source).await;
    assert_eq!(fault.code.as_deref(), Some("BKUP-0006"), "{fault}");
    assert!(fault.what.contains("its first 2 lines are others"), "{fault}");
    let shorter = World::new();
    shorter.append(1, &["a"]).await;
    let fault = run(Source::embedded(&shorter.data()).unwrap()).await;
    assert!(fault.what.contains("it has 1 lines, and 2 were backed up"), "{fault}");
    let fault = run(Source::embedded(&World::new().data()).unwrap()).await;
    assert!(fault.what.contains("it is gone"), "{fault}");
    assert_eq!(world.check().unwrap().manifest.generation, 1);
    assert_eq!(world.run().await.unwrap().manifest.generation, 2);
}

#[tokio::test]
async fn what_an_interrupted_run_left_hurts_nobody_and_goes() {
    let world = World::new();
    world.append(1, &["a"]).await;
    world.run().await.unwrap();
    let objects = world.backup().join("objects");
    for name in
        ["00000002-lines-00000.writ", "00000002-lines-00007.writ", "00000002-rows-00000.new"]
    {
        fs::write(objects.join(name), "half").unwrap();
    }
    fs::write(world.backup().join("manifests/00000002.new"), "half").unwrap();
    assert_eq!(world.check().unwrap().manifest.generation, 1);
    world.append(1, &["b"]).await;
    let done = world.run().await.unwrap();
    assert_eq!((done.manifest.generation, done.removed), (2, 1), "drafts were written over");
    assert_eq!(world.check().unwrap().manifest.lines(), 2);
    assert!(!objects.join("00000002-lines-00007.writ").exists());
}

#[tokio::test]
async fn destroyed_keys_are_gone_from_the_backup_after_thirty_days() {
    let world = World::new();
    world.append(1, &["a"]).await;
    world.put(1, "person/ada").await;
    world.run().await.unwrap();
    world.vault.remove(Space::Tenant(tenant(1)), "person/ada").await.unwrap();
    world.clock.advance(Span::days(29));
    world.run().await.unwrap();
    let folder = Folder::open(&world.backup(), &world.key).unwrap();
    assert_eq!(folder.generations().unwrap(), [1, 2]);
    assert_eq!(check(&folder, Some(1), &[]).unwrap().counts.1, 1);
    world.clock.advance(Span::days(2));
    world.run().await.unwrap();
    assert_eq!(folder.generations().unwrap(), [2, 3]);
    let rows = |path: &PathBuf| path.to_str().unwrap().contains("00000001-rows");
    assert!(!files(&world.backup()).iter().any(rows), "with it went the key");
    assert_eq!(check(&folder, Some(2), &[]).unwrap().counts.1, 0);
    assert_eq!(world.check().unwrap().manifest.lines(), 1, "the lines stay");
}
