//! Logs that grow honestly, and every way a log may not: each refusal by its rule.

use proptest::prelude::*;

use super::*;
use crate::{
    Hashes, Subtree,
    merkle::{consistency_proof, leaf_hash},
    note::tests::TestKey,
};

const LOG: TestKey = TestKey { name: "log.example", secret: 9 };

struct Leaves(Vec<Digest>);

impl Leaves {
    fn of(count: u64, salt: &str) -> Self {
        Self((0..count).map(|n| leaf_hash(format!("{salt} {n}").as_bytes())).collect())
    }
    fn edge(&self, size: u64) -> Frontier {
        let mut edge = Frontier::new();
        for leaf in &self.0[..usize::try_from(size).unwrap()] {
            edge.push(*leaf);
        }
        edge
    }
    fn head(&self, size: u64) -> TreeHead {
        TreeHead { size, root: self.edge(size).root() }
    }
    fn note(&self, size: u64) -> String {
        let checkpoint = Checkpoint::new("log.example".to_owned(), self.head(size));
        checkpoint.sign(&[&LOG]).unwrap().to_text()
    }
    fn add(&self, old: u64, size: u64) -> AddCheckpoint {
        let proof = match old {
            0 => Vec::new(),
            old => consistency_proof(old, size, self).unwrap(),
        };
        AddCheckpoint { old, proof, checkpoint: self.note(size) }
    }
}

impl Hashes for Leaves {
    fn subtree(&self, at: Subtree) -> Option<Digest> {
        let from = usize::try_from(at.index << at.level).ok()?;
        let mut edge = Frontier::new();
        for leaf in self.0.get(from..from + (1 << at.level))? {
            edge.push(*leaf);
        }
        Some(edge.root())
    }
}

fn seen(leaves: &Leaves, size: u64) -> Witness {
    Witness::resume("log.example".to_owned(), leaves.head(size))
}

#[test]
fn the_published_request_is_read() {
    let text = "old 20852014\n\
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\
        \n\
        example.com/behind-the-sofa\n\
        20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
        \n\
        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    let read = AddCheckpoint::parse(text).unwrap();
    assert_eq!((read.old, read.proof.len()), (20_852_014, 4));
    assert!(read.checkpoint.starts_with("example.com/behind-the-sofa\n20852163\n"));
    assert_eq!(read.to_text(), text);
    for bad in [
        "",
        "old 1\n",
        "old 01\n\nx\n",
        "old -1\n\nx\n",
        "new 1\n\nx\n",
        "old 1\nAAAA\n\nx\n",
        "old 1\n*\n\nx\n",
    ] {
        assert!(AddCheckpoint::parse(bad).is_err(), "{bad:?}");
    }
    let many = format!("old 1\n{}\nx\n", format!("{}\n", STANDARD.encode([0; 32])).repeat(64));
    assert!(AddCheckpoint::parse(&many).is_err(), "64 lines");
}

#[test]
fn an_honest_log_is_followed_by_proof_and_by_lines() {
    let log = Leaves::of(90, "leaf");
    let mut by_proof = Witness::new("log.example".to_owned());
    let mut by_lines = by_proof.clone();
    for size in [0, 1, 2, 7, 7, 8, 33, 64, 90] {
        let request = log.add(by_proof.seen().size, size);
        let (checkpoint, note) = by_proof.add(&request, &LOG).unwrap();
        assert_eq!((checkpoint.head(), note.to_text()), (log.head(size), log.note(size)));
        by_lines.follow(&checkpoint, &log.edge(size)).unwrap();
        assert_eq!(by_lines, by_proof);
    }
}

#[test]
fn each_misbehavior_is_refused_by_its_rule_and_changes_nothing() {
    let (log, other) = (Leaves::of(40, "leaf"), Leaves::of(40, "other"));
    let refuse = |request: &AddCheckpoint, code: &str, status: u16| {
        let mut witness = seen(&log, 20);
        let fault = witness.add(request, &LOG).unwrap_err();
        assert_eq!((fault.code().0, fault.status()), (code, status), "{fault}");
        assert_eq!(witness, seen(&log, 20));
    };
    refuse(&other.add(20, 40), "EVID-0013", 422);
    refuse(&AddCheckpoint { proof: Vec::new(), ..log.add(20, 40) }, "EVID-0013", 422);
    refuse(&AddCheckpoint { checkpoint: other.note(40), ..log.add(20, 40) }, "EVID-0013", 422);
    refuse(&other.add(20, 20), "EVID-0012", 409);
    refuse(&log.add(10, 15), "EVID-0015", 409);
    refuse(&log.add(10, 40), "EVID-0015", 409);
    refuse(&AddCheckpoint { old: 20, ..log.add(15, 15) }, "EVID-0015", 400);
    refuse(&AddCheckpoint { checkpoint: "x".to_owned(), ..log.add(20, 40) }, "EVID-0001", 400);
    let stranger = TestKey { name: "log.example", secret: 8 };
    let fault = seen(&log, 20).add(&log.add(20, 40), &stranger).unwrap_err();
    assert_eq!((fault.code().0, fault.status()), ("EVID-0003", 403));
    let mut elsewhere = Witness::new("other.example".to_owned());
    let fault = elsewhere.add(&log.add(0, 40), &LOG).unwrap_err();
    assert_eq!((fault.code().0, fault.status()), ("EVID-0005", 404));
}

#[test]
fn lines_that_do_not_lead_to_the_checkpoint_are_refused() {
    let (log, other) = (Leaves::of(40, "leaf"), Leaves::of(40, "other"));
    let follow = |note: String, edge: &Frontier| {
        let mut witness = seen(&log, 20);
        let (checkpoint, _) = witness.offered(note.as_bytes(), &LOG).unwrap();
        witness.follow(&checkpoint, edge).unwrap_err().code().0
    };
    assert_eq!(follow(log.note(19), &log.edge(19)), "EVID-0011");
    assert_eq!(follow(other.note(20), &log.edge(20)), "EVID-0012");
    assert_eq!(follow(other.note(40), &log.edge(40)), "EVID-0014");
    assert_eq!(follow(log.note(40), &log.edge(39)), "EVID-0014");
    assert!(Disagreement::Smaller { seen: 2, offered: 1 }.is_misbehavior());
    assert!(!Disagreement::Stale { old: 1, seen: 2 }.is_misbehavior());
}

proptest! {
    #[test]
    fn any_two_sizes_of_a_random_tree_are_consistent_and_nothing_else_is(
        content in prop::collection::vec(any::<u16>(), 2..160),
        picks in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        bit in 0_usize..256,
    ) {
        let log = Leaves(content.iter().map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect());
        let (one, two) = (picks.0.index(content.len()) + 1, picks.1.index(content.len()) + 1);
        let (old, new) = (one.min(two) as u64, one.max(two) as u64);
        let good = log.add(old, new);
        prop_assert!(seen(&log, old).add(&good, &LOG).is_ok());
        prop_assert_eq!(AddCheckpoint::parse(&good.to_text()), Ok(good.clone()));
        let refused = |request: &AddCheckpoint| seen(&log, old).add(request, &LOG).is_err();
        for at in 0..good.proof.len() {
            let mut flipped = good.clone();
            flipped.proof[at].0[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(refused(&flipped), "hash {} of {} to {}", at, old, new);
        }
        for at in 1..good.proof.len() {
            let mut swapped = good.clone();
            swapped.proof.swap(at - 1, at);
            prop_assert!(swapped == good || refused(&swapped));
        }
        let mut other = log.head(new);
        other.root.0[bit / 8] ^= 1 << (bit % 8);
        let note = Checkpoint::new("log.example".to_owned(), other).sign(&[&LOG]).unwrap();
        let forged = AddCheckpoint { checkpoint: note.to_text(), ..good.clone() };
        prop_assert!(refused(&forged));
        let mut longer = good;
        longer.proof.push(log.head(new).root);
        prop_assert!(refused(&longer));
    }

    #[test]
    fn any_text_is_refused_or_round_trips(text in "(old [0-9]{1,3}\n)?[A-Za-z0-9+/=\n]{0,60}") {
        if let Ok(request) = AddCheckpoint::parse(&text) {
            prop_assert_eq!(request.to_text(), text);
        }
    }
}
