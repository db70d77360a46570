//! Certificate chains made for these tests, in `chains.txt`: name, anchor, leaf, intermediates, in hex; names that begin
//! with `leaf:` have one certificate that breaks WebAuthn section 8.2.1. `good:` lead to their anchor, `bad:` do not.

use super::{vectors::hex, *};
use crate::webauthn::certificate::Certificate;

const TEXT: &str = include_str!("chains.txt");
/// The model that the leaves with the extension name.
const MODEL: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

fn rows() -> impl Iterator<Item = (&'static str, Vec<Vec<u8>>)> {
    TEXT.lines().map(|line| {
        let mut words = line.split(' ');
        (words.next().unwrap(), words.map(hex).collect())
    })
}

fn leads_to_anchor(anchor: &[u8], chain: &[Vec<u8>]) -> bool {
    let anchors = Anchors::new(&[anchor.to_vec()]).unwrap();
    let anchors = anchors.at("2026-11-22T12:00:00Z".parse().unwrap());
    let chain: Vec<_> = chain.iter().map(|der| Certificate::read(der).unwrap()).collect();
    let root = anchors.root_of(&chain);
    assert!(root.is_none_or(|root| root == writ_model::Digest::of(anchor)));
    root.is_some()
}

#[test]
fn chains_lead_to_their_anchor_or_do_not() {
    let mut seen = (0, 0, 0);
    for (name, certificates) in rows() {
        if name.starts_with("leaf:") {
            let leaf = Certificate::read(&certificates[0]).unwrap();
            assert!(!leaf.is_attestation_of(&MODEL), "{name}");
            seen.2 += 1;
            continue;
        }
        let good = name.starts_with("good:");
        assert_eq!(leads_to_anchor(&certificates[0], &certificates[1..]), good, "{name}");
        assert!(Certificate::read(&certificates[1]).unwrap().is_attestation_of(&MODEL), "{name}");
        *(if good { &mut seen.0 } else { &mut seen.1 }) += 1;
    }
    assert_eq!(seen, (14, 17, 8));
}

#[test]
fn a_spoiled_certificate_leads_nowhere() {
    let (_, certificates) = rows().find(|(name, _)| *name == "good:p256").unwrap();
    let (root, leaf) = (&certificates[0], &certificates[1]);
    assert!(leads_to_anchor(root, std::slice::from_ref(leaf)));
    for at in 0..leaf.len() * 8 {
        let mut spoiled = leaf.clone();
        spoiled[at / 8] ^= 1 << (at % 8);
        if Certificate::read(&spoiled).is_some() {
            assert!(!leads_to_anchor(root, &[spoiled]), "bit {at}");
        }
    }
    for cut in 0..leaf.len() {
        assert!(Certificate::read(&leaf[..cut]).is_none());
    }
    assert!(Certificate::read(&[leaf.as_slice(), &[0]].concat()).is_none());
}

#[test]
fn anchors_must_be_readable_and_few() {
    assert_eq!(Anchors::new(&[vec![0x30, 0]]).unwrap_err(), WebauthnFault::Anchor);
    let (_, certificates) = rows().next().unwrap();
    let many = vec![certificates[0].clone(); MAX_ANCHORS + 1];
    assert_eq!(Anchors::new(&many).unwrap_err(), WebauthnFault::Anchor);
    assert!(Anchors::new(&many[1..]).is_ok());
}
