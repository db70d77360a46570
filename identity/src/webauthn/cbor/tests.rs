//! RFC 8949's examples that are canonical, the table of what is refused, and: one value, one spelling.

use proptest::prelude::*;

use super::*;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn rfc_8949_appendix_a() {
    use Value::{Array, Bool, Bytes, Int, Map, Null, Text};
    for (input, value) in [
        ("00", Int(0)),
        ("17", Int(23)),
        ("1818", Int(24)),
        ("1903e8", Int(1000)),
        ("1a000f4240", Int(1_000_000)),
        ("1b000000e8d4a51000", Int(1_000_000_000_000)),
        ("20", Int(-1)),
        ("3863", Int(-100)),
        ("3903e7", Int(-1000)),
        ("f4", Bool(false)),
        ("f5", Bool(true)),
        ("f6", Null),
        ("40", Bytes(&[])),
        ("4401020304", Bytes(&[1, 2, 3, 4])),
        ("6449455446", Text("IETF")),
        ("62c3bc", Text("ü")),
        ("80", Array(vec![])),
        (
            "8301820203820405",
            Array(vec![Int(1), Array(vec![Int(2), Int(3)]), Array(vec![Int(4), Int(5)])]),
        ),
        ("a201020304", Map(vec![(Int(1), Int(2)), (Int(3), Int(4))])),
        (
            "a26161016162820203",
            Map(vec![(Text("a"), Int(1)), (Text("b"), Array(vec![Int(2), Int(3)]))]),
        ),
    ] {
        let bytes = hex(input);
        assert_eq!(parse(&bytes).as_ref(), Ok(&value), "{input}");
        assert_eq!(encode(&value), bytes, "{input}");
    }
}

#[test]
fn what_is_refused_and_why() {
    let deep = |levels: usize| [vec![0x81; levels], vec![0]].concat();
    assert!(parse(&deep(MAX_DEPTH)).is_ok());
    let many = [&[0x99, 1, 0][..], &[0; 256]].concat();
    for (input, fault) in [
        (hex(""), CborFault::Incomplete),
        (hex("18"), CborFault::Incomplete),
        (hex("19ff"), CborFault::Incomplete),
        (hex("4201"), CborFault::Incomplete),
        (hex("5bffffffffffffffff"), CborFault::Incomplete),
        (hex("8201"), CborFault::Incomplete),
        (hex("9bffffffffffffffff00"), CborFault::Incomplete),
        (hex("a101"), CborFault::Incomplete),
        (hex("0000"), CborFault::Trailing),
        (hex("1817"), CborFault::NotShortest),
        (hex("190017"), CborFault::NotShortest),
        (hex("1900ff"), CborFault::NotShortest),
        (hex("1a0000ffff"), CborFault::NotShortest),
        (hex("1b00000000ffffffff"), CborFault::NotShortest),
        (hex("580101"), CborFault::NotShortest),
        (hex("5f4101ff"), CborFault::NotShortest),
        (hex("7f6161ff"), CborFault::NotShortest),
        (hex("9f01ff"), CborFault::NotShortest),
        (hex("bf6101ff"), CborFault::NotShortest),
        (hex("1c"), CborFault::NotShortest),
        (hex("a2010201 03".replace(' ', "").as_str()), CborFault::KeyOrder),
        (hex("a203040102"), CborFault::KeyOrder),
        (hex("a2616201616101"), CborFault::KeyOrder),
        (hex("a262616101616201"), CborFault::KeyOrder),
        (hex("a220010102"), CborFault::KeyOrder),
        (hex("a1410101"), CborFault::Kind),
        (hex("a1f401"), CborFault::Kind),
        (hex("c001"), CborFault::Kind),
        (hex("f7"), CborFault::Kind),
        (hex("e0"), CborFault::Kind),
        (hex("f820"), CborFault::Kind),
        (hex("f814"), CborFault::Kind),
        (hex("f90000"), CborFault::Kind),
        (hex("f93c00"), CborFault::Kind),
        (hex("fb3ff199999999999a"), CborFault::Kind),
        (hex("1bffffffffffffffff"), CborFault::Kind),
        (hex("3bffffffffffffffff"), CborFault::Kind),
        (hex("ff"), CborFault::NotShortest),
        (hex("61ff"), CborFault::NotUtf8),
        (hex("62eda0"), CborFault::NotUtf8),
        (deep(MAX_DEPTH + 1), CborFault::TooDeep),
        (vec![0x81; 10_000], CborFault::TooDeep),
        (many, CborFault::TooMany),
    ] {
        assert_eq!(parse(&input), Err(fault), "{input:02x?}");
    }
    assert_eq!(prefix(&hex("0102")), Ok((Value::Int(1), &[2][..])));
}

fn values() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::Int),
        (-300_i64..300).prop_map(Value::Int),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Value::Bytes(bytes.leak())),
        "\\PC{0,30}".prop_map(|text| Value::Text(text.leak())),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let key = prop_oneof![
            any::<i16>().prop_map(|int| Value::Int(int.into())),
            "[a-d]{0,3}".prop_map(|text| Value::Text(text.leak())),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::vec((key, inner), 0..6).prop_map(|members| {
                let mut members: Vec<_> =
                    members.into_iter().map(|(key, value)| (encode(&key), (key, value))).collect();
                members.sort_by(|(one, _), (other, _)| order(one, other));
                members.dedup_by(|(one, _), (other, _)| one == other);
                Value::Map(members.into_iter().map(|(_, member)| member).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(value in values()) {
        let bytes = encode(&value);
        prop_assert_eq!(parse(&bytes), Ok(value));
    }

    #[test]
    fn one_value_has_one_spelling(input in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok((value, rest)) = prefix(&input) {
            prop_assert_eq!(encode(&value), &input[..input.len() - rest.len()]);
        }
    }

    #[test]
    fn a_spoiled_value_is_another_or_none(value in values(), at in any::<usize>(), bit in 0..8) {
        let mut bytes = encode(&value);
        let at = at % bytes.len();
        bytes[at] ^= 1_u8 << bit;
        if let Ok(other) = parse(&bytes) {
            prop_assert_ne!(other, value);
        }
    }
}
