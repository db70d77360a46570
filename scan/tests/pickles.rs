//! Pickles assembled by hand, each with the finding and the rule that it has to get.
//!
//! Never here: a pickle that anything loads. To add a case: a row in `tests/data/pickles.txt`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly")]

use writ_scan::{Limits, Slice, examine};

/// Opcodes by their names: the byte, and how what follows is written.
const OPCODES: &[(&str, u8, char)] = &[
    ("PROTO", 0x80, '1'),
    ("FRAME", 0x95, '8'),
    ("STOP", b'.', ' '),
    ("MARK", b'(', ' '),
    ("POP", b'0', ' '),
    ("NONE", b'N', ' '),
    ("BININT1", b'K', '1'),
    ("EXT1", 0x82, '1'),
    ("STRING", b'S', 'l'),
    ("UNICODE", b'V', 'l'),
    ("BINUNICODE", b'X', 'w'),
    ("SHORT_BINUNICODE", 0x8c, 's'),
    ("SHORT_BINBYTES", b'C', 's'),
    ("EMPTY_DICT", b'}', ' '),
    ("EMPTY_LIST", b']', ' '),
    ("EMPTY_TUPLE", b')', ' '),
    ("TUPLE", b't', ' '),
    ("TUPLE1", 0x85, ' '),
    ("TUPLE2", 0x86, ' '),
    ("TUPLE3", 0x87, ' '),
    ("SETITEM", b's', ' '),
    ("APPEND", b'a', ' '),
    ("ADDITEMS", 0x90, ' '),
    ("BINPUT", b'q', '1'),
    ("BINGET", b'h', '1'),
    ("MEMOIZE", 0x94, ' '),
    ("GLOBAL", b'c', '2'),
    ("INST", b'i', '2'),
    ("STACK_GLOBAL", 0x93, ' '),
    ("REDUCE", b'R', ' '),
    ("OBJ", b'o', ' '),
    ("NEWOBJ", 0x81, ' '),
    ("NEWOBJ_EX", 0x92, ' '),
    ("BUILD", b'b', ' '),
    ("BINPERSID", b'Q', ' '),
];

fn hexadecimal(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn bytes(word: &str) -> Vec<u8> {
    match word.strip_prefix('x') {
        Some(digits) => hexadecimal(digits),
        None => word.trim_matches('"').as_bytes().to_vec(),
    }
}

fn assembled(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let Some((_, code, argument)) = OPCODES.iter().find(|(name, ..)| *name == word) else {
            out.extend(bytes(word));
            continue;
        };
        out.push(*code);
        let mut next = || words.next().expect("an opcode has its argument");
        match argument {
            '1' => out.push(next().parse().unwrap()),
            '8' => out.extend(next().parse::<u64>().unwrap().to_le_bytes()),
            'l' => out.extend([bytes(next()), vec![b'\n']].concat()),
            '2' => {
                let lines = [bytes(next()), vec![b'\n'], bytes(next()), vec![b'\n']];
                out.extend(lines.concat());
            }
            's' => {
                let inner = bytes(next());
                out.push(u8::try_from(inner.len()).unwrap());
                out.extend(inner);
            }
            'w' => {
                let inner = bytes(next());
                out.extend(u32::try_from(inner.len()).unwrap().to_le_bytes());
                out.extend(inner);
            }
            _ => {}
        }
    }
    out
}

#[test]
fn every_pickle_gets_its_finding_and_its_rule() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in include_str!("data/pickles.txt").lines().filter(|line| !line.starts_with('#')) {
        let (wanted, opcodes) = line.split_once(" : ").expect("a case has opcodes");
        let (finding, rule) = wanted.split_once(' ').expect("a case has a finding and a rule");
        let report = examine("case.pkl", &mut Slice(&assembled(opcodes)), &Limits::default());
        let told = serde_json::to_value(report.finding).unwrap();
        let ruled =
            if rule == "-" { report.rules.is_empty() } else { report.rules.contains(&rule) };
        if told != finding || !ruled {
            wrong.push(format!("{line}\n  got {told} {:?}", report.reasons));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 30, "{count} cases");
}

#[test]
fn nothing_that_is_cut_is_clean() {
    let whole = assembled("PROTO 4 EMPTY_DICT SHORT_BINUNICODE \"a\" NONE SETITEM STOP");
    for length in 2..whole.len() {
        let report = examine("cut.pkl", &mut Slice(&whole[..length]), &Limits::default());
        assert!(report.finding > writ_scan::Finding::Clean, "{length}: {report:?}");
        assert!(report.status > writ_scan::Status::Complete, "{length}: {report:?}");
    }
}
