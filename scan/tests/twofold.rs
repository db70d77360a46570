//! Files that are two things at once, or hide behind a bound: whoever else loads them, what they do then is told.
//!
//! Never here: a pickle that changes anything (they would ask for the folder's name). To add a case: a function that builds the bytes.

#![expect(clippy::unwrap_used, reason = "tests fail loudly")]

use std::io::Write as _;

use writ_scan::{Finding, Kind, Limits, Report, Slice, Status, examine};

/// What would run, behind something that is on the stack.
const RUNS: &[u8] = b"0cposix\ngetcwd\n)R.";

fn told(name: &str, bytes: &[u8]) -> Report {
    examine(name, &mut Slice(bytes), &Limits::default())
}

fn both(name: &str, bytes: &[u8]) {
    let report = told(name, bytes);
    assert!(report.finding >= Finding::Suspicious, "{name}: {report:?}");
    assert!(report.rules.contains(&"sniff.two"), "{name}: {report:?}");
}

/// A header whose length begins a short text, and texts one behind the other up to its end; what runs stands in the tensor.
fn safetensors() -> Vec<u8> {
    const SKIPPED: usize = 48;
    const DATA: usize = 200;
    let length = 0x55 + SKIPPED * 256;
    let before = r#"{"__metadata__":{"x":""#;
    let after = format!(r#""}},"t":{{"dtype":"U8","shape":[{DATA}],"data_offsets":[0,{DATA}]}}}}"#);
    let text = length - before.len() - after.len();
    let (start, end) = (8 + before.len(), 8 + length);
    let mut inner = " ".repeat(2 + SKIPPED - start);
    loop {
        let at = start + inner.len();
        let left = end - (at + 3);
        let last = (32..=126).contains(&left);
        let count = if last || left <= 126 + 40 { left.min(60) } else { 126 };
        let count = if last { left } else { count };
        inner.push_str("0U");
        inner.push(char::from(u8::try_from(count).unwrap()));
        if last {
            inner.push_str(&" ".repeat(text - inner.len()));
            break;
        }
        inner.push_str(&" ".repeat(count));
    }
    let mut out = u64::try_from(length).unwrap().to_le_bytes().to_vec();
    out.extend(format!("{before}{inner}{after}").bytes());
    assert_eq!(out.len(), end);
    out.extend(RUNS);
    out.resize(end + DATA, 0);
    out
}

#[test]
fn safetensors_that_are_a_pickle_are_both() {
    let bytes = safetensors();
    for name in ["model.pkl", "model.bin", "model.safetensors", "model"] {
        let report = told(name, &bytes);
        assert_eq!(report.finding, Finding::Malicious, "{name}: {report:?}");
        both(name, &bytes);
    }
    // The same without the pickle is a plain file, although its first byte could begin one.
    let plain = bytes[..].iter().map(|byte| if *byte == b'c' { b'z' } else { *byte });
    let mut plain: Vec<u8> = plain.collect();
    let from = plain.len() - 200;
    plain[from..].fill(0);
    assert!(!told("model.pkl", &plain).rules.contains(&"sniff.two"));
}

#[test]
fn a_pickle_around_the_sign_of_another_format_is_both() {
    let mut literal = vec![0; 300_000];
    literal[507..515].copy_from_slice(b"\x89HDF\r\n\x1a\n");
    let behind = b"0V\\u0070osix\nVg\\u0065tcwd\n\x93)R.";
    let length = 300_000_u32.to_le_bytes();
    both("model.h5", &[b"B", &length[..], &literal, behind].concat());
    both("model.pkl", &[b"B", &length[..], &literal, behind].concat());
    // The other way round: a plain pickle in front, and a loader of HDF5 that looks behind it.
    let mut inner = literal.clone();
    inner.copy_within(507..515, 505);
    let plain = [b"\x80\x04B", &length[..], &inner, b"."].concat();
    assert_eq!(&plain[512..516], b"\x89HDF");
    both("model.h5", &plain);
    // And a zip's end inside of a text, where a loader asks for a zip by its name.
    let mut end = b"PK\x05\x06".to_vec();
    end.resize(22, 0);
    let plain = [b"\x80\x04C\x16", &end[..], b"."].concat();
    both("model.keras", &plain);
    assert_eq!(told("model.pkl", &plain).finding, Finding::Clean);
}

#[test]
fn an_archive_whose_first_name_is_a_pickle_is_both() {
    let mut bytes = vec![0; 1024];
    bytes[..17].copy_from_slice(b"cposix\ngetcwd\n)R.");
    bytes[124..135].copy_from_slice(b"00000000000");
    bytes[257..262].copy_from_slice(b"ustar");
    bytes[148..156].fill(b' ');
    let sum: u32 = bytes.iter().map(|byte| u32::from(*byte)).sum();
    bytes[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    assert_eq!(told("model.tar", &bytes).kind, Kind::Tar);
    both("model.tar", &bytes);
}

#[test]
fn a_text_that_is_a_pickle_of_long_lines_is_found() {
    let long = |count: usize| {
        let text = [&b"S'"[..], &vec![b'a'; count], b"'\n0"].concat();
        [&text, &b"V\\u0070osix\nVg\\u0065tcwd\n\x93)R."[..]].concat()
    };
    for name in ["evil.pcl", "evil", "evil.txt"] {
        assert_eq!(told(name, &long(300_000)).finding, Finding::Malicious, "{name}");
        // Longer than a line that is read: then it is not known.
        let report = told(name, &long(3 << 20));
        assert!(report.finding > Finding::Clean && report.status > Status::Complete, "{report:?}");
    }
    for text in
        ["Some words.\n", "class Thing:\n    pass\n\n", "import os\n\nos.getcwd()\n", "V1\n\nV2\n"]
    {
        let report = told("notes", text.repeat(40_000).as_bytes());
        assert_eq!((report.finding, report.status), (Finding::Clean, Status::Complete), "{text}");
    }
}

#[test]
fn zeros_hide_nothing_behind_a_pickle() {
    let mut bytes = b"\x80\x02}.".to_vec();
    bytes.resize(bytes.len() + (3 << 20), 0);
    assert_eq!(told("padded.pkl", &bytes).finding, Finding::Clean);
    bytes.extend(b"\x80\x02cposix\ngetcwd\n)R.");
    assert_eq!(told("padded.pkl", &bytes).finding, Finding::Malicious);
}

/// A zip of these members: the name, the method, the bytes as they stand there, the bytes that they are.
fn zip(members: &[(&str, u16, &[u8], &[u8])], over: bool) -> Vec<u8> {
    let (mut out, mut list) = (Vec::new(), Vec::new());
    for (name, method, packed, plain) in members {
        let mut sum = flate2::Crc::new();
        sum.update(plain);
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let place = if over { 0 } else { u32::try_from(out.len()).unwrap() };
        let name_length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let mut fields = [0, 0, method.to_le_bytes()[0], 0, 0, 0, 0, 0].to_vec();
        fields.extend(sum.sum().to_le_bytes());
        fields.extend([length(packed), length(plain)].concat());
        fields.extend(name_length);
        if !over || out.is_empty() {
            out.extend(b"PK\x03\x04\x14\0");
            out.extend(&fields);
            out.extend([0, 0]);
            out.extend(name.as_bytes());
            out.extend(*packed);
        }
        list.extend(b"PK\x01\x02\x14\0\x14\0");
        list.extend(&fields);
        list.extend([0; 12]);
        list.extend(place.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    let (size, at) = (u32::try_from(list.len()).unwrap(), u32::try_from(out.len()).unwrap());
    out.extend(list);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].concat());
    out.extend([size.to_le_bytes(), at.to_le_bytes()].concat());
    out.extend([0, 0]);
    out
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn members_that_lie_over_each_other_are_told() {
    let one: &[u8] = b"\x80\x02}.";
    let report = told("a.zip", &zip(&[("a", 0, one, one), ("a", 0, one, one)], true));
    assert!(report.rules.contains(&"zip.overlap"), "{report:?}");
    let report = told("a.zip", &zip(&[("a", 0, one, one), ("b", 0, one, one)], false));
    assert_eq!(report.finding, Finding::Clean, "{report:?}");
}

#[test]
fn weights_are_passed_over_only_where_torch_has_them() {
    let data: &[u8] = b"\x80\x02}.";
    let runs: &[u8] = b"\x80\x02cposix\ngetcwd\n)R.";
    let (header, plain) =
        (b"{'descr': '|O', 'fortran_order': False, 'shape': (), }", deflated(runs));
    let mut array = b"\x93NUMPY\x01\0".to_vec();
    array.extend(u16::try_from(header.len() + 1).unwrap().to_le_bytes());
    array.extend([&header[..], b"\n", runs].concat());
    let numbers = [0x3f; 64];
    for (name, method, packed, bytes, bad) in [
        ("archive/data/0", 0, &numbers[..], &numbers[..], false),
        ("archive/data/0", 8, &deflated(&numbers), &numbers[..], false),
        ("archive/data/0", 8, &plain, runs, true),
        ("archive/data/0", 0, &array, &array, true),
        ("archive/data/0", 8, &deflated(&array), &array, true),
        ("elsewhere/data/0", 0, runs, runs, true),
        ("elsewhere/data/0", 8, &plain, runs, true),
    ] {
        let report = told(
            "a.npz",
            &zip(&[("archive/data.pkl", 0, data, data), (name, method, packed, bytes)], false),
        );
        assert_eq!(report.finding == Finding::Malicious, bad, "{name} {method}: {report:?}");
        assert_eq!(report.finding == Finding::Clean, !bad, "{name} {method}: {report:?}");
    }
}

#[test]
fn what_a_member_has_behind_the_bound_is_not_clean() {
    let text = b"some words\n".repeat(40_000);
    let bytes = zip(&[("notes.txt", 8, &deflated(&text), &text)], false);
    let limits = |unpacked| Limits { unpacked, ..Limits::default() };
    let whole = examine("a.zip", &mut Slice(&bytes), &limits(1 << 20));
    assert_eq!((whole.finding, whole.status), (Finding::Clean, Status::Complete), "{whole:?}");
    let cut = examine("a.zip", &mut Slice(&bytes), &limits(64 << 10));
    assert!(cut.finding > Finding::Clean && cut.status == Status::Partial, "{cut:?}");
}

#[test]
fn configurations_of_keras_have_a_limit() {
    let mut bytes = b"\x89HDF\r\n\x1a\n".to_vec();
    bytes.resize(512, 0);
    bytes.extend(b"\0\0model_config\0".repeat(2000));
    let report = told("model.h5", &bytes);
    let told =
        report.not_looked_at.iter().any(|line| line.contains("configurations of Keras behind"));
    assert!(told && report.finding > Finding::Clean, "{report:?}");
}
