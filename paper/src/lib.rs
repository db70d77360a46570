//! Documents as PDF: paragraphs, lists, labeled rows and fixed-width lines on A4 pages, with the fonts inside (PDF/A-2u).
//!
//! Pure: the same document gives the same bytes, so that its hash can stand in a ledger.
//! Never here: what a document says; a clock; a font of the machine.
//! To add a kind of block: a variant of [`Block`], its lines in `layout.rs`, a row in the test below.

mod fonts;
mod layout;
mod pages;

/// What is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// One line below it.
    pub subtitle: String,
    /// BCP 47 language of its text.
    pub language: String,
    /// One line at the foot of each page, before the page's number.
    pub footer: String,
    /// The instant it speaks of, for its metadata: year, month, day, hour, minute, second in UTC.
    pub made: (u16, u8, u8, u8, u8, u8),
    /// What it says.
    pub blocks: Vec<Block>,
}

/// One piece of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Begins a part.
    Heading(String),
    /// Begins a part of a part.
    Sub(String),
    /// A paragraph.
    Text(String),
    /// A point of a list.
    Item(String),
    /// A label and what it stands for.
    Row(String, String),
    /// Fixed-width: ids, hashes, arguments. Broken anywhere.
    Mono(String),
    /// A thin line.
    Rule,
    /// A place to sign by hand: whose.
    Signature(String),
}

/// Why there is no PDF.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// More text than a document may have.
    #[error("the document has {letters} letters; at most {most} fit")]
    TooLong {
        /// How many it has.
        letters: usize,
        /// How many may be.
        most: usize,
    },
    /// A font could not be read.
    #[error("the font {0} cannot be read")]
    Font(&'static str),
    /// The pages could not be written.
    #[error("the pages could not be written: {0}")]
    Written(String),
}

/// LIMIT: letters of one document; a charter of its greatest size is a tenth of that.
pub const MOST: usize = 2_000_000;

/// The document's bytes.
///
/// # Errors
/// If it is too long; otherwise never with the fonts inside.
pub fn pdf(document: &Document) -> Result<Vec<u8>, Fault> {
    let letters = document.blocks.iter().map(Block::letters).sum();
    if letters > MOST {
        return Err(Fault::TooLong { letters, most: MOST });
    }
    let fonts = fonts::Fonts::open()?;
    let pages = layout::pages(document, &fonts);
    pages::write(document, &fonts, &pages)
}

impl Block {
    fn letters(&self) -> usize {
        match self {
            Self::Heading(text)
            | Self::Sub(text)
            | Self::Text(text)
            | Self::Item(text)
            | Self::Mono(text)
            | Self::Signature(text) => text.len(),
            Self::Row(label, value) => label.len() + value.len(),
            Self::Rule => 0,
        }
    }
}
