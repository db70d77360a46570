//! Writes a sample document to the path given, to look at. Never here: a test.

use writ_paper::{Block, Document, pdf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("say where to")?;
    let blocks = vec![
        Block::Heading("What your provider may do".to_owned()),
        Block::Text("It may isolate a laptop at night, if it looks infected and nobody of yours answers within fifteen minutes. It tells you at once.".to_owned()),
        Block::Item("It may never release a payment.".to_owned()),
        Block::Item("It may never send mail as a person of yours, whatever the reason and however sure it is of it.".to_owned()),
        Block::Sub("Signed".to_owned()),
        Block::Row("By".to_owned(), "Dana Cole, Harbor Books, on 3 November 2026 14:03 UTC".to_owned()),
        Block::Row("Text".to_owned(), "Łódź Ελλάς \u{202e}gnp.exe 漢字 and a long value that goes on over more than one line of the page".to_owned()),
        Block::Mono("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".repeat(3)),
        Block::Rule,
        Block::Signature("Dana Cole, Harbor Books".to_owned()),
    ];
    let document = Document {
        title: "Charter, version 3".to_owned(),
        subtitle: "between Northgate IT and Harbor Books".to_owned(),
        language: "en".to_owned(),
        footer: "Harbor Books · charter 3".to_owned(),
        made: (2026, 11, 22, 4, 5, 6),
        blocks,
    };
    std::fs::write(path, pdf(&document)?)?;
    Ok(())
}
