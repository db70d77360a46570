//! Bytes that are nothing, and files that were changed: every reader ends, within its bounds, without a panic.
//!
//! Never here: a finding. To add a format: its kind in [`KINDS`], a small file of it in [`seeds`].

use proptest::prelude::*;
use writ_scan::{Kind, Limits, Slice, examine, examine_as};

const KINDS: &[Kind] = &[
    Kind::Pickle,
    Kind::Zip,
    Kind::Keras,
    Kind::Skops,
    Kind::Tar,
    Kind::Compressed,
    Kind::Npy,
    Kind::Hdf5,
    Kind::TensorFlow,
    Kind::Onnx,
    Kind::Safetensors,
    Kind::Gguf,
    Kind::Xml,
    Kind::Json,
    Kind::Python,
    Kind::Bytecode,
];

/// Small files, whole ones: what is changed comes deeper than what is made up.
fn seeds() -> Vec<Vec<u8>> {
    let mut safetensors = 58_u64.to_le_bytes().to_vec();
    safetensors.extend(br#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}    "#);
    safetensors.extend([0; 4]);
    let mut gguf = b"GGUF\x03\0\0\0".to_vec();
    gguf.extend([0_u64.to_le_bytes(), 1_u64.to_le_bytes(), 1_u64.to_le_bytes()].concat());
    gguf.extend(b"k\x08\0\0\0\x02\0\0\0\0\0\0\0{}");
    let mut npy = b"\x93NUMPY\x01\0\x3b\0".to_vec();
    npy.extend(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), } \n");
    npy.extend([0; 8]);
    let mut zip =
        b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\x03\0\0\0\x03\0\0\0\x01\0\0\0aN.N".to_vec();
    zip.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\x03\0\0\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0a");
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2f\0\0\0\x22\0\0\0\0\0");
    vec![
        b"\x80\x04\x95\x10\0\0\0\0\0\0\0}\x94\x8c\x01a\x94]\x94(K\x01K\x02es.".to_vec(),
        b"cos\nsystem\n(S'true'\ntR.".to_vec(),
        safetensors,
        gguf,
        npy,
        zip,
        b"\x08\x07\x12\x01x\x3a\x08\x0a\x06\x22\x03Add\x3a\0".to_vec(),
        b"\x08\x01\x12\x0c\x12\x0a\x0a\x08\x0a\x01n\x12\x03Add".to_vec(),
        br#"{"class_name":"Sequential","config":{"layers":[{"class_name":"Dense","config":{}}]}}"#.to_vec(),
        b"<?xml version=\"1.0\"?><!-- x --><PMML><Extension value=\"x\"/></PMML>".to_vec(),
        b"BZh91AY&SY\x19\x31\x65\x3d\0\0\0\x81\0\x02D\xa0\0!\x9ah3M\x073\x8b\xb9\"\x9c(H\x0c\x98\xb2\x9e\x80".to_vec(),
        b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4F\x02\0!\x01\x16\0\0\0t/\xe5\xa3\x01\0\x04hello\0\0\0".to_vec(),
    ]
}

fn small() -> Limits {
    Limits { steps: 200_000, unpacked: 1 << 20, ..Limits::default() }
}

proptest! {
    #[test]
    fn made_up_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        for kind in KINDS {
            examine_as(*kind, &bytes, &small());
        }
        examine("x.bin", &mut Slice(&bytes), &small());
    }

    #[test]
    fn changed_files_end(
        seed in 0..12_usize,
        changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..6),
        cut in any::<u16>(),
    ) {
        let mut bytes = seeds()[seed].clone();
        for (place, byte) in changes {
            let place = usize::from(place) % bytes.len();
            bytes[place] = byte;
        }
        let length = bytes.len() - usize::from(cut) % bytes.len() / 4;
        bytes.truncate(length);
        examine("x", &mut Slice(&bytes), &small());
        for kind in KINDS {
            examine_as(*kind, &bytes, &small());
        }
    }
}

#[test]
fn the_same_bytes_get_the_same_report() {
    for bytes in seeds() {
        let report = || examine("x", &mut Slice(&bytes), &Limits::default());
        assert_eq!(report(), report());
    }
}

#[test]
fn a_long_literal_and_a_bomb_stay_within_their_bounds() {
    let mut bytes = b"\x80\x04B".to_vec();
    bytes.extend((4_u32 << 20).to_le_bytes());
    bytes.resize(bytes.len() + (4 << 20), b'a');
    bytes.push(b'.');
    let report = examine("long.pkl", &mut Slice(&bytes), &Limits::default());
    assert_eq!(report.finding, writ_scan::Finding::Clean, "{report:?}");
    // Every mark asks for room; the stack has a limit.
    let marks = vec![b'('; 3 << 20];
    let report = examine("marks.pkl", &mut Slice(&marks), &Limits::default());
    assert!(report.status > writ_scan::Status::Complete, "{:?}", report.status);
}
