//! An explanation as a paper: the same words as the page and the JSON, set by `writ_paper`. Pure.
//!
//! Never here: a word that the explanation does not say, or how a page is set.

use writ_model::Timestamp;
use writ_paper::{Block, Document};

use crate::view::ExplainView;

/// LIMIT: letters of arguments that are printed; all of them are in the JSON.
const ARGUMENTS: usize = 20_000;

impl ExplainView {
    /// It as a paper; the names in it are put in by whoever sets it.
    pub(crate) fn document(&self) -> Document {
        document(self)
    }
}

fn document(view: &ExplainView) -> Document {
    let explained = &view.explanation;
    let mut blocks = vec![Block::Heading("What happened, and why it could".to_owned())];
    blocks.extend(view.story.iter().cloned().map(Block::Item));
    blocks.push(Block::Heading("The decision".to_owned()));
    let mut row = |label: &str, said: String| blocks.push(Block::Row(label.to_owned(), said));
    row("Client", view.client.name.clone());
    row("Agent", format!("{} ({})", view.agent_name, view.agent));
    row("Asked for", format!("{} {} on {}", view.method, view.name, view.server));
    row("Decided", format!("{} ({})", explained.effect, explained.code));
    row("Because", explained.words.clone());
    row("As of", format!("{}, ledger line {}", explained.at, explained.tree_size));
    if let Some(observed) = &explained.observed {
        row("Only watched", format!("it would have been answered {observed}"));
    }
    if let Some(recorded) = &view.recorded {
        row("Recorded", format!("{} ({}) by {}", recorded.effect, recorded.code, recorded.engine));
    }
    if let Some(same) = view.same {
        let words = if same { "the same" } else { "not the same" };
        row("Decided again", words.to_owned());
    }
    blocks.extend(view.differs.iter().cloned().map(Block::Item));
    if let Some(arguments) = &view.arguments {
        blocks.push(Block::Sub("With these arguments".to_owned()));
        let text = serde_json::to_string_pretty(arguments).unwrap_or_default();
        blocks.push(Block::Mono(text.chars().take(ARGUMENTS).collect()));
    }
    charter(view, &mut blocks);
    blocks.push(Block::Heading("What it had done before".to_owned()));
    let before = view.before.iter().map(|call| {
        format!("{}: {} on {}, {} ({})", call.at, call.name, call.server, call.detail, call.code)
    });
    blocks.extend(before.map(Block::Item));
    if view.before.is_empty() {
        blocks.push(Block::Text("Nothing that is kept.".to_owned()));
    }
    Document {
        title: format!("Why {} could, or could not", view.agent_name),
        subtitle: format!("{}, {}", view.client.name, explained.at),
        language: "en-US".to_owned(),
        footer: format!("{} line {}", view.client.tenant, explained.tree_size),
        made: parts(explained.at),
        blocks,
    }
}

fn charter(view: &ExplainView, blocks: &mut Vec<Block>) {
    let Some(charter) = &view.charter_said else { return };
    blocks.push(Block::Heading(format!("The charter, version {}", charter.version)));
    blocks.push(Block::Row("In force since".to_owned(), charter.since.to_string()));
    for one in &charter.signed {
        let said = format!("{}, {} (line {})", one.person.name, one.at, one.line);
        blocks.push(Block::Row(format!("Signed for {}", one.party), said));
    }
    blocks.push(Block::Mono(charter.digest.to_string()));
    for clause in &view.clauses_said {
        blocks.push(Block::Sub(format!("{} ({}): {}", clause.title, clause.key, clause.mode)));
        blocks.extend(clause.text.iter().cloned().map(Block::Item));
    }
}

/// Year, month, day, hour, minute, second in UTC, as its text has them.
fn parts(at: Timestamp) -> (u16, u8, u8, u8, u8, u8) {
    let text = at.to_string();
    let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse().ok());
    let year = text.get(0..4).and_then(|part| part.parse().ok()).unwrap_or(1970);
    let part = |from: usize, to: usize| number(from, to).unwrap_or(0);
    (year, part(5, 7), part(8, 10), part(11, 13), part(14, 16), part(17, 19))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_from_its_own_text() {
        let at: Timestamp = "2026-11-03T14:03:07Z".parse().unwrap();
        assert_eq!(parts(at), (2026, 11, 3, 14, 3, 7));
    }
}
