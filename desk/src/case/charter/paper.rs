//! The charter as a paper for the contract: the letter, every clause in full, what counts as what, who signed which
//! digest; as blocks that `writ_paper` sets.
//!
//! Never here: how a page is set (`writ_paper`), or a word that the letter or a clause does not say.

use writ_charter::Letter;
use writ_model::Timestamp;
use writ_paper::{Block, Document};

use crate::view::{LetterView, SignatureRow, VersionState, VersionView};

/// The paper. The same version with the same signatures gives the same one.
pub(super) fn document(of: &LetterView, version: &VersionView) -> Document {
    let row = &version.row;
    let stands = match row.state {
        VersionState::Draft => "draft, not in force",
        VersionState::InForce => "in force",
        VersionState::Past => "not in force any more",
    };
    let mut blocks = written(&of.letter);
    blocks.push(Block::Heading("The clauses in full".to_owned()));
    for clause in &of.clauses {
        blocks.push(Block::Sub(format!("{} ({})", clause.title, clause.key)));
        blocks.extend(clause.text.iter().cloned().map(Block::Text));
    }
    blocks.extend(counted(version));
    blocks.extend(signatures(version));
    Document {
        title: format!("Charter between {} and {}", of.letter.from, of.letter.to),
        subtitle: format!("Version {}, {stands}", row.version),
        language: "en".to_owned(),
        footer: format!("{} \u{b7} version {} \u{b7} {}", of.client.name, row.version, row.digest),
        made: moment(row.since),
        blocks,
    }
}

/// The letter, in its own words.
fn written(letter: &Letter) -> Vec<Block> {
    let mut out = vec![
        Block::Row("To".to_owned(), letter.to.clone()),
        Block::Row("From".to_owned(), letter.from.clone()),
        Block::Text(letter.opening.clone()),
    ];
    for (heading, items) in [
        ("What may be done at once", &letter.may),
        ("What is done at once, and you are told", &letter.tells),
        ("What is asked for first", &letter.asks),
        ("What is only proposed, and a person does it", &letter.proposes),
        ("What is never done", &letter.never),
    ] {
        if !items.is_empty() {
            out.push(Block::Heading(heading.to_owned()));
            out.extend(items.iter().cloned().map(Block::Item));
        }
    }
    out.push(Block::Text(letter.otherwise.clone()));
    out.push(Block::Heading("How to stop it".to_owned()));
    out.push(Block::Text(letter.stop.clone()));
    out.extend(letter.ends.iter().cloned().map(Block::Text));
    out
}

/// What counts as what: the clauses speak of classes, the agents of tools.
fn counted(version: &VersionView) -> Vec<Block> {
    let mut out = Vec::new();
    if version.counts_as.is_empty() {
        return out;
    }
    out.push(Block::Heading("What counts as what".to_owned()));
    for one in &version.counts_as {
        let thing = format!("{} {} on {}", one.surface, one.name, one.server);
        let mut says = one.action.clone();
        for (what, list) in [("tags", &one.tags), ("data", &one.data)] {
            if !list.is_empty() {
                says.extend(["; ", what, ": ", &list.join(", ")]);
            }
        }
        if let Some(at) = &one.amount {
            let currency = one.currency.as_deref().unwrap_or("no currency");
            says.extend(["; its amount stands at ", at, " (", currency, ")"]);
        }
        out.push(Block::Row(thing, says));
    }
    out
}

fn signatures(version: &VersionView) -> Vec<Block> {
    let mut out = vec![
        Block::Heading("Signatures".to_owned()),
        Block::Text(
            "Both parties sign the same text: its SHA-256 is below. Each signature stands in the \
             client's ledger with the passkey that made it, and can be checked without this server."
                .to_owned(),
        ),
        Block::Mono(version.row.digest.to_string()),
        Block::Row("Charter".to_owned(), version.row.charter.to_string()),
    ];
    let signed = |one: &SignatureRow| {
        let says = format!("{}, {}, line {}", one.person.name, instant(one.at), one.line);
        Block::Row(format!("Signed for {}", one.party), says)
    };
    out.extend(version.signed.iter().map(signed));
    for one in &version.missing {
        out.push(Block::Row(
            format!("Not signed for {}", one.party),
            "not in force yet".to_owned(),
        ));
    }
    if let Some(contract) = &version.contract_ref {
        out.push(Block::Row("Belongs to".to_owned(), contract.clone()));
    }
    out.push(Block::Rule);
    for party in [&version.document.parties.provider, &version.document.parties.client] {
        out.push(Block::Signature(party.clone()));
    }
    out
}

/// `2026-11-03 14:03 UTC`.
fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, rest) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} UTC", rest.get(..5).unwrap_or_default())
}

/// Year, month, day, hour, minute, second.
fn moment(at: Timestamp) -> (u16, u8, u8, u8, u8, u8) {
    let text = at.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let small = |from: usize| part(from, from + 2).parse().unwrap_or(1);
    (part(0, 4).parse().unwrap_or(1970), small(5), small(8), small(11), small(14), small(17))
}
