//! Packs of every shape: what is written is read, and bytes that nobody wrote are refused and never a panic.

use proptest::prelude::*;
use writ_model::{TenantId, ocsf::Disposition};

use super::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[ -~]{0,40}", "\\PC{0,12}"]
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..80).prop_map(Bytes::from)
}

fn id<K: Kind>() -> impl Strategy<Value = Id<K>> {
    any::<[u8; 16]>().prop_map(Id::from_bytes)
}

fn inputs() -> impl Strategy<Value = Inputs> {
    let numbers = (any::<u64>(), any::<u64>(), any::<u32>(), prop::option::of(id()));
    let texts = (text(), text(), text(), text(), text(), text());
    (numbers, texts, bytes()).prop_map(|((tree_size, epoch, charter, hold), texts, arguments)| {
        let (engine, reads, clauses, clause_reads, charged, observed) = texts;
        Inputs {
            tree_size,
            epoch,
            engine,
            reads,
            arguments,
            clauses,
            charter,
            clause_reads,
            charged,
            observed,
            hold,
        }
    })
}

fn record() -> impl Strategy<Value = Record> {
    let ids = (id(), id(), id(), id(), id(), id(), prop::option::of(id()));
    let numbers = (0_u64..1 << 62, any::<i64>(), any::<u64>());
    let effect = prop::sample::select(vec![
        Disposition::Allowed,
        Disposition::Blocked,
        Disposition::Errored,
    ]);
    let texts = (text(), text(), text(), text(), text(), text());
    (ids, numbers, effect, texts, bytes(), inputs()).prop_map(
        |(ids, (seq, at, latency_us), effect, texts, ocsf, inputs)| {
            let (call, tenant, gateway, boot, agent, instance, grant) = ids;
            let (server, method, surface, name, code, detail) = texts;
            Record {
                call,
                tenant,
                gateway,
                boot,
                seq,
                at: Timestamp::from_micros(at),
                agent,
                instance,
                server,
                method,
                surface,
                name,
                effect,
                code,
                detail,
                grant,
                latency_us,
                ocsf,
                inputs,
            }
        },
    )
}

fn pack(records: &[Record]) -> Bytes {
    let mut out = Vec::new();
    for record in records {
        encode(record, &mut out).unwrap();
    }
    Bytes::from(out)
}

proptest! {
    #[test]
    fn what_is_packed_is_unpacked_and_packs_join(
        one in prop::collection::vec(record(), 0..4),
        other in prop::collection::vec(record(), 0..4),
    ) {
        let joined = Bytes::from([pack(&one), pack(&other)].concat());
        let all: Vec<Record> = one.into_iter().chain(other).collect();
        prop_assert_eq!(decode(&joined).unwrap(), all);
    }

    #[test]
    fn every_record_has_one_form(
        records in prop::collection::vec(record(), 1..4),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = pack(&records).to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let bytes = Bytes::from(bytes);
        if let Ok(read) = decode(&bytes) {
            prop_assert_eq!(pack(&read), bytes);
        }
    }

    #[test]
    fn a_cut_pack_is_refused(record in record(), at in any::<prop::sample::Index>()) {
        let bytes = pack(&[record]);
        let cut = at.index(bytes.len() - 1) + 1;
        prop_assert!(decode(&bytes.slice(..cut)).is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let bytes = Bytes::from(bytes);
        if let Ok(read) = decode(&bytes) {
            prop_assert_eq!(pack(&read), bytes);
        }
    }
}

fn plain() -> Record {
    Record {
        call: Id::from_bytes([1; 16]),
        tenant: TenantId::from_bytes([2; 16]),
        gateway: Id::from_bytes([3; 16]),
        boot: Id::from_bytes([4; 16]),
        seq: 5,
        at: Timestamp::from_micros(6),
        agent: Id::from_bytes([7; 16]),
        instance: Id::from_bytes([8; 16]),
        server: "mail".to_owned(),
        method: "tools/call".to_owned(),
        surface: "tool".to_owned(),
        name: "send".to_owned(),
        effect: Disposition::Allowed,
        code: "PERM-0001".to_owned(),
        detail: "because".to_owned(),
        grant: None,
        latency_us: 9,
        ocsf: Bytes::from_static(b"{}"),
        inputs: Inputs::default(),
    }
}

#[test]
fn the_first_form_never_changes() {
    let bytes = pack(&[plain()]);
    let digest = writ_model::Digest::of(&bytes).to_string();
    assert_eq!(bytes.len(), 244);
    assert_eq!(
        digest, "d2ec7c3ab8980b29b7f20dfb4cd3891a5574629bee7d515690ed8a90fc14dbf0",
        "what is on a bus or in a spool must be read for ever"
    );
}

#[test]
fn bounds_hold_and_a_refused_record_leaves_no_trace() {
    let mut out = pack(&[plain()]).to_vec();
    let before = out.clone();
    let wide = Record { name: "x".repeat(MAX_TEXT + 1), ..plain() };
    let fault = encode(&wide, &mut out).unwrap_err();
    let told = WireFault::TooLong { field: "name", found: MAX_TEXT + 1, most: MAX_TEXT };
    assert_eq!((&fault, fault.code().0), (&told, "LAKE-0009"));
    let heavy = Record { ocsf: Bytes::from(vec![0; MAX_RECORD]), ..plain() };
    assert!(matches!(encode(&heavy, &mut out), Err(WireFault::TooLong { field: "record", .. })));
    assert_eq!(out, before);
    let most = Record { ocsf: Bytes::from(vec![7; MAX_RECORD - 1_000]), ..plain() };
    assert_eq!(decode(&pack(std::slice::from_ref(&most))).unwrap(), [most]);
}

#[test]
fn a_newer_form_and_a_lying_length_are_told_apart() {
    let mut bytes = pack(&[plain(), plain()]).to_vec();
    let second = bytes.len() / 2;
    bytes[second] = FORM + 1;
    let fault = decode(&Bytes::from(bytes.clone())).unwrap_err();
    assert_eq!((&fault, fault.code().0), (&WireFault::Newer { found: FORM + 1 }, "LAKE-0007"));
    bytes[second] = FORM;
    bytes[second + 1] = 0xff;
    let fault = decode(&Bytes::from(bytes)).unwrap_err();
    assert!(matches!(fault, WireFault::Damaged { at: 1, .. }), "{fault}");
    assert_eq!(fault.code().0, "LAKE-0008");
}
