//! Exports of a small ledger, whole and then changed in each way that matters.

use std::fs;

use writ_authority::fact::{ActivitySealed, LedgerFounded};
use writ_evidence::{
    Checkpoint, Exporter, NoteSigner, VerifierKey, note::ED25519, seal::batch_root,
};
use writ_identity::SigningKey;
use writ_model::{Actor, BootId, GatewayId, Side, TenantId, Timestamp};
use writ_testkit::TempDir;

use super::*;

fn tenant() -> TenantId {
    TenantId::from_parts(Timestamp::from_micros(1), [1; 10])
}

struct Signer(SigningKey, VerifierKey);

impl Signer {
    fn new(seed: u8) -> Self {
        let key = SigningKey::from_seed([seed; 32]).unwrap();
        let name = format!("writ-ledger/{}", tenant());
        let verifier = VerifierKey { name, algorithm: ED25519, key: key.public_bytes().to_vec() };
        Self(key, verifier)
    }
}

impl NoteSigner for Signer {
    fn name(&self) -> &str {
        &self.1.name
    }

    fn key_id(&self) -> [u8; 4] {
        self.1.key_id()
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.0.sign(text).to_vec()
    }
}

fn line(fact: Fact) -> Vec<u8> {
    let at = Timestamp::from_micros(1_700_000_000_000_000);
    Entry { actor: Actor::system("test"), at, fact, v: 1 }.to_line().unwrap()
}

fn export(signer: &Signer) -> TempDir {
    let at = Timestamp::from_micros(1);
    let tenant = tenant();
    let (gateway, boot) = (GatewayId::from_parts(at, [2; 10]), BootId::from_parts(at, [3; 10]));
    let record = json!({
        "metadata": {"tenant_uid": tenant, "sequence": 1},
        "unmapped": {"gateway": gateway, "boot": boot},
    })
    .to_string();
    let lines = [
        line(Fact::LedgerFounded(LedgerFounded {
            tenant,
            side: Side::Client,
            name: "Harbor".to_owned(),
            slug: "harbor".to_owned(),
            provider: None,
            checkpoint_key: signer.1.to_text(),
        })),
        line(Fact::ActivitySealed(ActivitySealed {
            gateway,
            boot,
            first: 1,
            last: 1,
            count: 1,
            root: batch_root(&[&record]),
        })),
    ];
    let folder = TempDir::new().unwrap();
    let mut exporter = Exporter::new();
    let mut files = Vec::new();
    for line in &lines {
        files.extend(exporter.push(line).unwrap());
    }
    let (head, rest) = exporter.finish();
    files.extend(rest);
    for file in files {
        let path = folder.path().join(file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.bytes).unwrap();
    }
    fs::create_dir_all(folder.path().join("activity")).unwrap();
    fs::write(folder.path().join("activity/1.ndjson"), record + "\n").unwrap();
    let note = Checkpoint::new(signer.1.name.clone(), head).sign(&[signer]).unwrap();
    fs::write(folder.path().join("checkpoint"), note.to_text()).unwrap();
    folder
}

#[test]
fn a_whole_export_verifies_with_and_without_a_key_to_insist_on() {
    let signer = Signer::new(1);
    let folder = export(&signer);
    let report = verify(folder.path(), None).unwrap();
    assert_eq!(report["lines"], 2);
    assert_eq!(report["seals"], 1);
    assert_eq!(report["records"], 1);
    assert_eq!(report["name"], "Harbor");
    assert_eq!(report["key_insisted_on"], false);
    let report = verify(folder.path(), Some(&signer.1.to_text())).unwrap();
    assert_eq!(report["key_insisted_on"], true);
    let mut renamed = Signer::new(1);
    renamed.1.name = "writ-ledger/another".to_owned();
    let refused = verify(export(&renamed).path(), None).unwrap_err();
    assert_eq!(refused.code.as_deref(), Some("EVID-0005"), "the checkpoint names another ledger");
    let other = Signer::new(2).1.to_text();
    assert_eq!(verify(folder.path(), Some(&other)).unwrap_err().exit, Exit::Unverified);
    assert_eq!(verify(folder.path(), Some("nonsense")).unwrap_err().exit, Exit::Usage);
    assert_eq!(verify(&folder.path().join("none"), None).unwrap_err().exit, Exit::Unreachable);
}

#[test]
fn any_changed_byte_and_any_missing_file_is_found() {
    let signer = Signer::new(1);
    for path in ["checkpoint", "tile/entries/000.p/2", "tile/0/000.p/2", "activity/1.ndjson"] {
        let folder = export(&signer);
        let file = folder.path().join(path);
        let whole = fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&file, &changed).unwrap();
            let fault = verify(folder.path(), None).unwrap_err();
            assert_eq!(fault.exit, Exit::Unverified, "{path} byte {at}");
        }
        fs::remove_file(&file).unwrap();
        assert_eq!(verify(folder.path(), None).unwrap_err().exit, Exit::Unverified, "{path}");
    }
}
