//! What may be spent on hidden things, what is held in memory, and files whose inside begins later than at their first byte.
//!
//! Never here: a clock; how long something takes is measured by `tests-real/scan/speed.py` and hunted by `cargo xtask fuzz`.
//! To add a bound: a file that is beyond it, and what is said of it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail loudly")]

use writ_scan::{Finding, Limits, Report, Slice, Status, examine};

fn told(name: &str, bytes: &[u8]) -> Report {
    examine(name, &mut Slice(bytes), &Limits::default())
}

/// A pickle of these literals.
fn literals(all: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"\x80\x04(".to_vec();
    for one in all {
        out.push(b'B');
        out.extend(u32::try_from(one.len()).unwrap().to_le_bytes());
        out.extend(one);
    }
    out.extend(b"t.");
    out
}

#[test]
fn literals_inside_each_other_end_and_are_not_called_clean() {
    let mut inner = b"sixteen letters.".to_vec();
    for _ in 0..10 {
        inner = literals(&[inner.clone(), inner]);
    }
    let report = told("nested.pkl", &inner);
    assert_eq!((report.status, report.finding), (Status::Partial, Finding::Unknown), "{report:?}");
}

#[test]
fn decoys_in_front_of_a_hidden_pickle_are_told() {
    let mut bytes = b"xx".to_vec();
    for _ in 0..80 {
        bytes.extend(b"\x80\x04N. ");
    }
    bytes.extend(b"cos\nsystem\n(S'true'\ntR.");
    assert!(told("decoys.pkl", &literals(&[bytes])).finding > Finding::Clean);
}

#[test]
fn numbers_by_chance_are_no_finding() {
    let mut state = 2026_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()
    };
    for _ in 0..4 {
        let numbers: Vec<u8> = (0..100_000).flat_map(|_| next()).collect();
        let report = told("numbers.pkl", &literals(&[numbers]));
        assert_eq!(report.finding, Finding::Clean, "{report:?}");
    }
}

#[test]
fn trees_that_would_take_too_much_memory_are_not_grown() {
    let many = "0,".repeat(1_200_000);
    let header = format!("{{\"__metadata__\":{{\"a\":[{many}0]}}}}");
    let mut tensors = u64::try_from(header.len()).unwrap().to_le_bytes().to_vec();
    tensors.extend(header.as_bytes());
    let small = Limits::small();
    for (name, bytes) in [
        ("x.safetensors", tensors),
        ("x.json", format!("{{\"class_name\":\"Sequential\",\"config\":[{many}0]}}").into_bytes()),
        ("y.json", format!("{{\"chat_template\":[{}\"\"]}}", "\"\",".repeat(5_000)).into_bytes()),
    ] {
        let report = examine(name, &mut Slice(&bytes), &small);
        assert_eq!(report.finding, Finding::Unknown, "{name}: {report:?}");
    }
    let tuples =
        [b"\x80\x04(".to_vec(), b"(NNNNNNNNNNNNNNNNNNNNNNNNt".repeat(70_000), b"t.".to_vec()];
    let report = examine("x.pkl", &mut Slice(&tuples.concat()), &small);
    assert_eq!(report.finding, Finding::Unknown, "{report:?}");
}

#[test]
fn what_follows_in_a_file_of_json_is_read() {
    assert_eq!(told("x.json", b"{\"a\":1}\n{\"b\":2}\n").finding, Finding::Clean);
    assert_eq!(told("x.json", b"{\"a\":1} and more").status, Status::Error);
    let late = b"{\"a\":1}\n{\"chat_template\":\"{{ x.__class__ }}\"}";
    assert_eq!(told("x.json", late).finding, Finding::Malicious);
}

#[test]
fn an_archive_whose_note_is_cut_is_broken() {
    let mut end = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    end.extend(b"\x05\0note!");
    assert_eq!(told("x.zip", &end).finding, Finding::Clean, "{:?}", told("x.zip", &end));
    end.pop();
    assert_eq!(told("x.zip", &end).status, Status::Error);
}

/// An HDF5 file behind a block of the user's: a configuration of variable length, whose text stands in a heap.
fn hdf5(block: usize, config: &str) -> Vec<u8> {
    let wide = |number: usize| u64::try_from(number).unwrap().to_le_bytes();
    let mut body = b"\x89HDF\r\n\x1a\n\x02\x08\x08\0".to_vec();
    body.extend(wide(block));
    body.extend(u64::MAX.to_le_bytes());
    body.extend([0; 20]);
    body.extend(b"\x03\0\x0d\0\x08\0\x04\0\0model_config\0");
    body.extend([0x19, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0]);
    let heap = body.len() + 16;
    body.extend(u32::try_from(config.len()).unwrap().to_le_bytes());
    body.extend(wide(heap));
    body.extend(1_u32.to_le_bytes());
    body.extend(b"GCOL\x01\0\0\0");
    body.extend(wide(4096));
    body.extend([1, 0, 1, 0, 0, 0, 0, 0]);
    body.extend(wide(config.len()));
    body.extend(config.as_bytes());
    let end = wide(block + body.len());
    body[28..36].copy_from_slice(&end);
    let mut out = vec![b'u'; block];
    out.extend(body);
    out
}

#[test]
fn a_block_in_front_of_hdf5_moves_its_addresses() {
    let plain = r#"{"class_name": "Sequential", "config": {"layers": []}}"#;
    let lambda = r#"{"class_name": "Sequential", "config": {"layers": [{"config": {"function": "f"}, "class_name" : "Lambda"}]}}"#;
    for block in [0, 512, 1024, 2048, 4096, 16_384] {
        let report = told("model.h5", &hdf5(block, plain));
        assert_eq!(report.finding, Finding::Clean, "{block}: {report:?}");
        let report = told("model.h5", &hdf5(block, lambda));
        assert!(report.rules.contains(&"keras.lambda"), "{block}: {report:?}");
        let mut cut = hdf5(block, plain);
        cut.pop();
        assert!(told("model.h5", &cut).finding > Finding::Clean, "{block}");
    }
}
