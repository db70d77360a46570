//! A document's bytes: the same each time, readable, every block in them.

use writ_paper::{Block, Document, Fault, MOST, pdf};

fn document() -> Document {
    let mut blocks = vec![
        Block::Heading("What your provider may do".to_owned()),
        Block::Text("It may isolate a laptop at night, if it looks infected.".to_owned()),
        Block::Item("It may never release a payment.".to_owned()),
        Block::Row("Signed by".to_owned(), "Dana Cole, Harbor Books".to_owned()),
        Block::Mono("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".repeat(3)),
        Block::Rule,
        Block::Signature("Dana Cole".to_owned()),
    ];
    let clause = |n| Block::Text(format!("Clause {n} says the same as all the others here."));
    blocks.extend((0..200).map(clause));
    Document {
        title: "Charter, version 3".to_owned(),
        subtitle: "between Northgate IT and Harbor Books".to_owned(),
        language: "en".to_owned(),
        footer: "Harbor Books, charter 3".to_owned(),
        made: (2026, 11, 22, 4, 5, 6),
        blocks,
    }
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let (one, two) = (pdf(&document()).unwrap(), pdf(&document()).unwrap());
    assert_eq!(one, two);
    assert!(one.starts_with(b"%PDF-1."), "{:?}", one.get(..8));
    let other = Document { title: "Charter, version 4".to_owned(), ..document() };
    assert_ne!(one, pdf(&other).unwrap());
}

#[test]
fn too_much_is_refused() {
    let blocks = vec![Block::Text("a".repeat(MOST + 1))];
    let refused = pdf(&Document { blocks, ..document() });
    assert_eq!(refused, Err(Fault::TooLong { letters: MOST + 1, most: MOST }));
}
