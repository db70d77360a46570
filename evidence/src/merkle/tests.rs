//! The tree against a naive one written straight from RFC 6962 section 2.1, and against the RFC's published vectors.

use proptest::prelude::*;

use super::*;

fn naive(leaves: &[Vec<u8>]) -> Digest {
    match leaves {
        [] => empty_root(),
        [only] => leaf_hash(only),
        many => {
            let mut split = 1;
            while split * 2 < many.len() {
                split *= 2;
            }
            node_hash(&naive(&many[..split]), &naive(&many[split..]))
        }
    }
}

struct Kept<'a>(&'a [Vec<u8>]);

impl Hashes for Kept<'_> {
    fn subtree(&self, at: Subtree) -> Option<Digest> {
        let from = usize::try_from(at.index << at.level).ok()?;
        self.0.get(from..from + (1 << at.level)).map(naive)
    }
}

fn leaves(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| format!("leaf {n}").into_bytes()).collect()
}

fn frontier(leaves: &[Vec<u8>]) -> Frontier {
    let mut edge = Frontier::new();
    for leaf in leaves {
        edge.push(leaf_hash(leaf));
    }
    edge
}

/// The eight leaves used by Certificate Transparency's reference implementations, and the roots they publish.
#[test]
fn published_roots_of_the_eight_leaf_tree() {
    let content: Vec<Vec<u8>> = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    .iter()
    .map(|hex| {
        let digit = |letter: u8| u8::try_from(char::from(letter).to_digit(16).unwrap()).unwrap();
        hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) * 16 + digit(pair[1])).collect()
    })
    .collect();
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    for (size, root) in roots.iter().enumerate() {
        assert_eq!(frontier(&content[..size]).root().to_string(), *root, "size {size}");
    }
}

#[test]
fn every_small_tree_proves_every_leaf_and_every_prefix() {
    let all = leaves(40);
    for size in 1..=all.len() {
        let now = &all[..size];
        let root = naive(now);
        let n = size as u64;
        assert_eq!(root_at(n, &Kept(now)), Ok(root));
        for (index, leaf) in now.iter().enumerate() {
            let at = index as u64;
            let proof = inclusion_proof(at, n, &Kept(now)).unwrap();
            let hash = leaf_hash(leaf);
            assert_eq!(verify_inclusion(&hash, at, n, &proof, &root), Ok(()));
            assert!(verify_inclusion(&hash, at + 1, n, &proof, &root).is_err(), "{at} of {n}");
            let mut longer = proof.clone();
            longer.push(root);
            assert!(verify_inclusion(&hash, at, n, &longer, &root).is_err());
            if !proof.is_empty() {
                assert!(verify_inclusion(&hash, at, n, &proof[1..], &root).is_err());
            }
        }
        for old in 1..=size {
            let m = old as u64;
            let before = TreeHead { size: m, root: naive(&all[..old]) };
            let after = TreeHead { size: n, root };
            let proof = consistency_proof(m, n, &Kept(now)).unwrap();
            assert_eq!(verify_consistency(&before, &after, &proof), Ok(()), "{m} to {n}");
            let forged = TreeHead { root: leaf_hash(b"other"), ..before };
            assert!(verify_consistency(&forged, &after, &proof).is_err(), "{m} to {n}");
            assert!(verify_consistency(&after, &before, &proof).is_err() || m == n);
        }
    }
}

#[test]
fn out_of_range_is_refused_and_the_empty_tree_is_a_prefix() {
    let all = leaves(3);
    let out = |wanted| ProofFault::OutOfRange { wanted, size: 3 };
    assert_eq!(inclusion_proof(3, 3, &Kept(&all)), Err(out(3)));
    assert_eq!(consistency_proof(0, 3, &Kept(&all)), Err(out(0)));
    assert_eq!(consistency_proof(4, 3, &Kept(&all)), Err(out(4)));
    let missing = Subtree { level: 0, index: 2 };
    assert_eq!(inclusion_proof(0, 3, &Kept(&all[..2])), Err(ProofFault::Unknown(missing)));
    let new = TreeHead { size: 3, root: naive(&all) };
    let nothing = TreeHead { size: 0, root: empty_root() };
    assert_eq!(verify_consistency(&nothing, &new, &[]), Ok(()));
    assert_eq!(verify_consistency(&nothing, &new, &[new.root]), Err(NotProven));
    assert_eq!(verify_consistency(&TreeHead { size: 0, ..new }, &new, &[]), Err(NotProven));
}

#[test]
fn needs_are_few_and_exactly_what_is_asked() {
    let needs = inclusion_needs(123_456, 1_000_000).unwrap();
    assert!(needs.len() < 40, "{}", needs.len());
    let all = leaves(700);
    let known: Vec<_> = inclusion_needs(333, 700)
        .unwrap()
        .into_iter()
        .map(|at| (at, Kept(&all).subtree(at).unwrap()))
        .collect();
    let proof = inclusion_proof(333, 700, &known).unwrap();
    assert_eq!(verify_inclusion(&leaf_hash(&all[333]), 333, 700, &proof, &naive(&all)), Ok(()));
    assert_eq!(root_needs(700).len(), 700_u32.count_ones() as usize);
    assert!(consistency_needs(500, 700).unwrap().len() < 20);
}

#[test]
fn completed_subtrees_are_told_once_with_their_hash() {
    let all = leaves(37);
    let (mut edge, mut told) = (Frontier::new(), Vec::new());
    for leaf in &all {
        edge.push_with(leaf_hash(leaf), &mut |at, hash| told.push((at, hash)));
    }
    assert_eq!(told.len(), 37 + 18 + 9 + 4 + 2 + 1);
    for (at, hash) in told {
        assert_eq!(Kept(&all).subtree(at), Some(hash));
    }
}

proptest! {
    #[test]
    fn frontier_is_the_naive_root_and_round_trips(all in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..200)) {
        let edge = frontier(&all);
        prop_assert_eq!(edge.root(), naive(&all));
        prop_assert_eq!(Frontier::from_bytes(&edge.to_bytes()), Some(edge.clone()));
        let mut cut = edge.to_bytes();
        cut.pop();
        prop_assert_eq!(Frontier::from_bytes(&cut), None);
    }

    #[test]
    fn a_flipped_bit_anywhere_fails(size in 2_usize..200, pick in any::<u64>(), bit in 0_usize..256) {
        let all = leaves(size);
        let (n, root) = (size as u64, naive(&all));
        let index = pick % n;
        let proof = inclusion_proof(index, n, &Kept(&all)).unwrap();
        let leaf = leaf_hash(&all[usize::try_from(index).unwrap()]);
        let flip = |hash: &Digest| {
            let mut bytes = hash.0;
            bytes[bit / 8] ^= 1 << (bit % 8);
            Digest(bytes)
        };
        prop_assert!(verify_inclusion(&flip(&leaf), index, n, &proof, &root).is_err());
        prop_assert!(verify_inclusion(&leaf, index, n, &proof, &flip(&root)).is_err());
        for at in 0..proof.len() {
            let mut bad = proof.clone();
            bad[at] = flip(&bad[at]);
            prop_assert!(verify_inclusion(&leaf, index, n, &bad, &root).is_err());
        }
        let old = 1 + pick % (n - 1);
        let before = TreeHead { size: old, root: naive(&all[..usize::try_from(old).unwrap()]) };
        let after = TreeHead { size: n, root };
        let proof = consistency_proof(old, n, &Kept(&all)).unwrap();
        prop_assert_eq!(verify_consistency(&before, &after, &proof), Ok(()));
        for at in 0..proof.len() {
            let mut bad = proof.clone();
            bad[at] = flip(&bad[at]);
            prop_assert!(verify_consistency(&before, &after, &bad).is_err());
        }
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(edge) = Frontier::from_bytes(&bytes) {
            prop_assert_eq!(edge.to_bytes(), bytes);
        }
    }
}
