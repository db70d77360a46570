//! Exports in memory, damaged in every way: each byte of each file flipped, cut, missing, swapped, forked.

use std::collections::BTreeMap;

use super::*;
use crate::{merkle::TreeHead, note::tests::TestKey};

const LOG: TestKey = TestKey { name: "log.example", secret: 5 };
const ORIGIN: &str = "log.example";

type Export = BTreeMap<String, Vec<u8>>;

impl Files for Export {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.get(path).cloned())
    }
}

fn line(n: u64) -> Vec<u8> {
    format!(r#"{{"at":"2026-11-03T14:03:{:02}.000000Z","n":{n}}}"#, n % 60).into_bytes()
}

fn export_of(lines: &[Vec<u8>]) -> Export {
    let (mut exporter, mut files) = (Exporter::new(), Vec::new());
    for line in lines {
        files.extend(exporter.push(line).unwrap());
    }
    let (head, rest) = exporter.finish();
    files.extend(rest);
    let mut export: Export = files.into_iter().map(|file| (file.path, file.bytes)).collect();
    seal(&mut export, head);
    export
}

fn seal(export: &mut Export, head: TreeHead) {
    let note = Checkpoint::new(ORIGIN.to_owned(), head).sign(&[&LOG]).unwrap();
    export.insert(CHECKPOINT.to_owned(), note.to_text().into_bytes());
}

fn export(size: u64) -> Export {
    export_of(&(0..size).map(line).collect::<Vec<_>>())
}

fn check(export: &Export) -> Result<Report, Fault> {
    let trust = Trust::Keys(&[&LOG]);
    let options = VerifyOptions { trust, origin: Some(ORIGIN), time_key: "at" };
    verify_export(export, &options, &mut |_, _| Ok(()))
}

#[test]
fn whole_exports_of_many_sizes_verify() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 600, 65_536, 65_800] {
        let report = check(&export(size)).unwrap();
        assert_eq!((report.size, report.signers.as_slice()), (size, &[ORIGIN.to_owned()][..]));
        assert_eq!(report.first.is_some(), size > 0);
    }
    let report = check(&export(70)).unwrap();
    assert_eq!(report.first.unwrap().to_string(), "2026-11-03T14:03:00.000000Z");
    assert_eq!(report.last.unwrap().to_string(), "2026-11-03T14:03:09.000000Z");
    assert_eq!(report.files, 2);
}

#[test]
fn any_flipped_byte_of_any_file_is_found() {
    let good = export(300);
    assert_eq!(good.len(), 6);
    for (path, bytes) in &good {
        // Every byte of small files, a sample of large ones.
        for at in (0..bytes.len()).step_by(bytes.len() / 150 + 1) {
            for bit in [0, 7] {
                let mut bad = good.clone();
                bad.get_mut(path).unwrap()[at] ^= 1 << bit;
                assert!(check(&bad).is_err(), "{path} byte {at} bit {bit}");
            }
        }
    }
}

#[test]
fn a_flipped_tile_byte_is_named() {
    let mut bad = export(300);
    bad.get_mut("tile/0/001.p/44").unwrap()[77] ^= 1;
    let fault = check(&bad).unwrap_err();
    assert_eq!(fault, Fault::Differs { path: "tile/0/001.p/44".to_owned(), byte: 77 });
}

#[test]
fn cut_extended_and_missing_files_are_found() {
    let good = export(300);
    for path in good.keys() {
        let mut missing = good.clone();
        missing.remove(path);
        assert_eq!(check(&missing), Err(Fault::Missing { path: path.clone() }));
        let mut cut = good.clone();
        cut.get_mut(path).unwrap().pop();
        assert!(check(&cut).is_err(), "{path} cut");
        let mut longer = good.clone();
        longer.get_mut(path).unwrap().push(b'\n');
        assert!(check(&longer).is_err(), "{path} longer");
    }
}

#[test]
fn a_truncated_log_and_a_fork_are_found() {
    let lines: Vec<_> = (0..300).map(line).collect();
    let good = export_of(&lines);
    let with_checkpoint_of_good = |mut other: Export| {
        other.insert(CHECKPOINT.to_owned(), good[CHECKPOINT].clone());
        check(&other)
    };
    let missing = with_checkpoint_of_good(export_of(&lines[..299])).unwrap_err();
    assert!(matches!(missing, Fault::Missing { .. }), "{missing}");
    let mut swapped = lines.clone();
    swapped.swap(10, 11);
    let fault = with_checkpoint_of_good(export_of(&swapped)).unwrap_err();
    assert!(matches!(fault, Fault::Root { .. }), "{fault}");
    let mut forked = lines.clone();
    forked[299] = line(1000);
    let fault = with_checkpoint_of_good(export_of(&forked)).unwrap_err();
    assert!(matches!(fault, Fault::Root { .. }), "{fault}");
}

#[test]
fn lines_must_be_canonical_and_pass_the_callers_check() {
    for bad in [&br#"{"b":1,"a":2}"#[..], br#"{"a":1,"a":1}"#, br#"{"a": 1}"#, b"{", b"\xff", b""] {
        let fault = check(&export_of(&[line(0), bad.to_vec()])).unwrap_err();
        assert!(matches!(fault, Fault::Line { index: 1, .. }), "{bad:?}: {fault}");
    }
    let options = VerifyOptions { trust: Trust::Keys(&[&LOG]), origin: None, time_key: "at" };
    let mut refuse = |index, _: &[u8]| if index == 7 { Err("no".to_owned()) } else { Ok(()) };
    let fault = verify_export(&export(10), &options, &mut refuse).unwrap_err();
    assert_eq!(fault, Fault::Line { index: 7, why: "no".to_owned() });
}

#[test]
fn only_the_right_key_and_origin_are_believed() {
    let good = export(3);
    let stranger = TestKey { name: "log.example", secret: 6 };
    let strangers: [&dyn NoteVerifier; 1] = [&stranger];
    let with = |trust, origin| {
        let options = VerifyOptions { trust, origin, time_key: "at" };
        verify_export(&good, &options, &mut |_, _| Ok(()))
    };
    let unknown = Err(Fault::Checkpoint(NoteFault::NoKnownKey));
    assert_eq!(with(Trust::Keys(&strangers), None), unknown);
    assert_eq!(with(Trust::Keys(&[]), None), unknown);
    let other = Fault::Origin { found: ORIGIN.to_owned(), wanted: "x".to_owned() };
    assert_eq!(with(Trust::Keys(&[&LOG]), Some("x")), Err(other));
    let named = |_: &[u8]| -> Result<Vec<Box<dyn NoteVerifier>>, String> {
        Ok(vec![Box::new(TestKey { name: "log.example", secret: 5 })])
    };
    assert_eq!(with(Trust::FirstLine(&named), None).unwrap().signers, [ORIGIN]);
    let nobody = |_: &[u8]| -> Result<Vec<Box<dyn NoteVerifier>>, String> { Ok(Vec::new()) };
    assert_eq!(with(Trust::FirstLine(&nobody), None), unknown);
    let broken = |_: &[u8]| -> Result<Vec<Box<dyn NoteVerifier>>, String> { Err("e".to_owned()) };
    let no_key = Fault::NoKey { why: "e".to_owned() };
    assert_eq!(with(Trust::FirstLine(&broken), None), Err(no_key));
    let options = VerifyOptions { trust: Trust::FirstLine(&named), origin: None, time_key: "at" };
    let empty = verify_export(&export(0), &options, &mut |_, _| Ok(()));
    assert!(matches!(empty, Err(Fault::NoKey { .. })));
}
