//! Papers: names are put in before a page is set; a PDF is no text any more.
//!
//! Never here: what a paper says, or how a page is set.

use writ_model::name;
use writ_paper::{Block, Document, pdf};

use super::{Reader, Words};
use crate::{Desk, DeskError, Who, error, view::ExplainView};

impl Desk {
    /// A paper for this person. The same document with the same names gives the same bytes.
    ///
    /// # Errors
    /// If it cannot be set, which its bounds exclude, or the store or the vault fails.
    pub(crate) async fn paper(&self, who: &Who, document: Document) -> Result<Vec<u8>, DeskError> {
        let mut document = document;
        let mut said = String::new();
        for text in document.blocks.iter_mut().flat_map(texts) {
            if name::holds(text) {
                said.push_str(text);
            }
        }
        let words = self.words(Reader::Person(who), &said).await?;
        document.blocks.iter_mut().flat_map(texts).for_each(|text| put(&words, text));
        pdf(&document).map_err(|why| DeskError::fault(error::FAULT, why.to_string()))
    }

    /// An explanation as a PDF.
    ///
    /// # Errors
    /// As for every paper.
    pub async fn explanation_paper(
        &self,
        who: &Who,
        view: &ExplainView,
    ) -> Result<Vec<u8>, DeskError> {
        self.paper(who, view.document()).await
    }
}

fn put(words: &Words, text: &mut String) {
    if name::holds(text) {
        *text = words.put(text, str::to_owned);
    }
}

/// The texts of a block in which a name may stand.
fn texts(block: &mut Block) -> Vec<&mut String> {
    match block {
        Block::Heading(text)
        | Block::Sub(text)
        | Block::Text(text)
        | Block::Item(text)
        | Block::Signature(text) => vec![text],
        Block::Row(label, text) => vec![label, text],
        // What is printed to be compared.
        Block::Mono(_) | Block::Rule => Vec::new(),
    }
}
