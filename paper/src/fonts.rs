//! The fonts inside: a serif for what is said, its bold, a mono for ids. A letter that a font lacks is written as its
//! code point, so that nothing is printed as an empty box. Never here: where a line breaks (`layout.rs`).

use std::fmt::Write as _;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::{
    FontRef, MetadataProvider as _,
    charmap::Charmap,
    instance::{LocationRef, Size},
    metrics::GlyphMetrics,
};

use crate::Fault;

static SERIF: &[u8] = include_bytes!("../fonts/DejaVuSerif.ttf");
static BOLD: &[u8] = include_bytes!("../fonts/DejaVuSerif-Bold.ttf");
static MONO: &[u8] = include_bytes!("../fonts/DejaVuSansMono.ttf");

/// Which of the fonts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    Serif,
    Bold,
    Mono,
}

/// One font, to measure and to draw.
pub(crate) struct Read {
    pub(crate) font: Font,
    letters: Charmap<'static>,
    widths: GlyphMetrics<'static>,
}

/// All of them.
pub(crate) struct Fonts {
    serif: Read,
    bold: Read,
    mono: Read,
}

impl Fonts {
    pub(crate) fn open() -> Result<Self, Fault> {
        let read = |bytes: &'static [u8], name| {
            let font = Font::new(bytes.into(), 0).ok_or(Fault::Font(name))?;
            let face = FontRef::new(bytes).map_err(|_unreadable| Fault::Font(name))?;
            // At size 1 a width is a share of the font's size.
            let widths = face.glyph_metrics(Size::new(1.0), LocationRef::default());
            Ok(Read { font, letters: face.charmap(), widths })
        };
        Ok(Self {
            serif: read(SERIF, "serif")?,
            bold: read(BOLD, "bold")?,
            mono: read(MONO, "mono")?,
        })
    }

    pub(crate) fn of(&self, face: Face) -> &Read {
        match face {
            Face::Serif => &self.serif,
            Face::Bold => &self.bold,
            Face::Mono => &self.mono,
        }
    }

    /// A text with what the font lacks, and what shows as nothing, written out: `[U+202E]`.
    pub(crate) fn shown(&self, face: Face, text: &str) -> String {
        let read = self.of(face);
        let mut out = String::with_capacity(text.len());
        for letter in text.chars() {
            let letter = if matches!(letter, '\u{a0}' | '\u{202f}' | '\t') { ' ' } else { letter };
            let drawn = read.letters.map(letter).is_some_and(|glyph| {
                letter == ' ' || read.widths.advance_width(glyph).is_some_and(|width| width > 0.0)
            });
            if drawn && !letter.is_control() {
                out.push(letter);
            } else {
                let _fits = write!(out, "[U+{:04X}]", u32::from(letter));
            }
        }
        out
    }

    /// How wide a text is, at size 1.
    pub(crate) fn width(&self, face: Face, text: &str) -> f32 {
        text.chars().map(|letter| self.of(face).advance(letter)).sum()
    }

    /// The glyphs of a text.
    pub(crate) fn glyphs(&self, face: Face, text: &str) -> Vec<KrillaGlyph> {
        let read = self.of(face);
        let glyph = |(at, letter): (usize, char)| {
            let id = read.letters.map(letter).unwrap_or_default();
            KrillaGlyph {
                glyph_id: GlyphId::new(id.to_u32()),
                text_range: at..at + letter.len_utf8(),
                x_advance: read.advance(letter),
                x_offset: 0.0,
                y_offset: 0.0,
                y_advance: 0.0,
                location: None,
            }
        };
        text.char_indices().map(glyph).collect()
    }
}

impl Read {
    fn advance(&self, letter: char) -> f32 {
        let glyph = self.letters.map(letter).unwrap_or_default();
        self.widths.advance_width(glyph).unwrap_or(0.6)
    }
}
