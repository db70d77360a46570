//! Where each line stands: words broken into lines, lines into A4 pages. Never here: bytes of a PDF.

use crate::{
    Block, Document,
    fonts::{Face, Fonts},
};

/// A4 in points.
pub(crate) const WIDTH: f32 = 595.28;
pub(crate) const HEIGHT: f32 = 841.89;
/// The margin on all sides: room for a binder's holes.
pub(crate) const MARGIN: f32 = 64.0;
const FOOT: f32 = 40.0;
/// Where values of rows begin.
const LABEL: f32 = 130.0;

/// Something on a page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mark {
    /// A line of text, its baseline's left end, its size.
    Words { x: f32, y: f32, face: Face, size: f32, text: String },
    /// A thin line of this length.
    Line { x: f32, y: f32, length: f32 },
}

/// The marks of one page.
pub(crate) type Page = Vec<Mark>;

#[derive(Clone, Copy)]
struct Style {
    face: Face,
    size: f32,
    /// Space above.
    above: f32,
    indent: f32,
}

const TITLE: Style = Style { face: Face::Bold, size: 19.0, above: 0.0, indent: 0.0 };
const SUBTITLE: Style = Style { face: Face::Serif, size: 11.0, above: 6.0, indent: 0.0 };
const HEADING: Style = Style { face: Face::Bold, size: 13.0, above: 20.0, indent: 0.0 };
const SUB: Style = Style { face: Face::Bold, size: 10.5, above: 12.0, indent: 0.0 };
const TEXT: Style = Style { face: Face::Serif, size: 10.0, above: 6.0, indent: 0.0 };
const ITEM: Style = Style { face: Face::Serif, size: 10.0, above: 4.0, indent: 16.0 };
const VALUE: Style = Style { face: Face::Serif, size: 10.0, above: 4.0, indent: LABEL };
const SMALL: Style = Style { face: Face::Mono, size: 8.0, above: 4.0, indent: 0.0 };

struct Sheet<'f> {
    fonts: &'f Fonts,
    pages: Vec<Page>,
    y: f32,
}

/// All pages of a document, their feet included.
pub(crate) fn pages(document: &Document, fonts: &Fonts) -> Vec<Page> {
    let mut sheet = Sheet { fonts, pages: vec![Vec::new()], y: MARGIN };
    sheet.put(&document.title, TITLE);
    if !document.subtitle.is_empty() {
        sheet.put(&document.subtitle, SUBTITLE);
    }
    for block in &document.blocks {
        sheet.block(block);
    }
    let count = sheet.pages.len();
    let foot = fonts.shown(Face::Serif, &document.footer);
    for (at, page) in sheet.pages.iter_mut().enumerate() {
        let words =
            |x, text| Mark::Words { x, y: HEIGHT - FOOT, face: Face::Serif, size: 8.0, text };
        let number = format!("{} of {count}", at + 1);
        let right = WIDTH - MARGIN - fonts.width(Face::Serif, &number) * 8.0;
        page.push(Mark::Line { x: MARGIN, y: HEIGHT - FOOT - 12.0, length: WIDTH - 2.0 * MARGIN });
        page.push(words(MARGIN, foot.clone()));
        page.push(words(right, number));
    }
    sheet.pages
}

impl Sheet<'_> {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(text) => self.begin(text, HEADING),
            Block::Sub(text) => self.begin(text, SUB),
            Block::Text(text) => self.put(text, TEXT),
            Block::Mono(text) => self.put(text, SMALL),
            Block::Item(text) => {
                self.room(ITEM.above + ITEM.size * 1.45);
                let y = self.y + ITEM.above + ITEM.size;
                self.mark(Mark::Words {
                    x: MARGIN + 4.0,
                    y,
                    face: Face::Serif,
                    size: ITEM.size,
                    text: "–".to_owned(),
                });
                self.put(text, ITEM);
            }
            Block::Row(label, value) => self.row(label, value),
            Block::Rule => {
                self.room(16.0);
                self.y += 10.0;
                let y = self.y;
                self.mark(Mark::Line { x: MARGIN, y, length: WIDTH - 2.0 * MARGIN });
            }
            Block::Signature(whose) => {
                self.room(64.0);
                self.y += 44.0;
                let y = self.y;
                self.mark(Mark::Line { x: MARGIN, y, length: 240.0 });
                self.put(whose, TEXT);
            }
        }
    }

    /// A heading stays with what it is about.
    fn begin(&mut self, text: &str, style: Style) {
        self.room(style.above + style.size * 1.45 + 3.0 * TEXT.size * 1.45);
        self.put(text, style);
    }

    fn row(&mut self, label: &str, value: &str) {
        let named = self.fonts.shown(Face::Serif, label);
        let lines = broken(self.fonts, TEXT, &named, LABEL - 10.0);
        // A label is a few words; one that is longer goes above its value.
        match lines.as_slice() {
            [one] => {
                self.room(VALUE.above + VALUE.size * 1.45);
                let y = self.y + VALUE.above + VALUE.size;
                let (face, size, text) = (Face::Serif, VALUE.size, one.clone());
                self.mark(Mark::Words { x: MARGIN, y, face, size, text });
            }
            _ => self.put(label, TEXT),
        }
        self.put(value, VALUE);
    }

    fn put(&mut self, text: &str, style: Style) {
        let width = WIDTH - 2.0 * MARGIN - style.indent;
        self.y += style.above;
        for part in text.split('\n') {
            let shown = self.fonts.shown(style.face, part.trim_end_matches('\r'));
            for text in broken(self.fonts, style, &shown, width) {
                self.room(style.size * 1.45);
                let (x, y) = (MARGIN + style.indent, self.y + style.size);
                let (face, size) = (style.face, style.size);
                self.mark(Mark::Words { x, y, face, size, text });
                self.y += style.size * 1.45;
            }
        }
    }

    /// Begins a page where so much does not fit.
    fn room(&mut self, height: f32) {
        if self.y + height > HEIGHT - FOOT - 24.0 {
            self.pages.push(Vec::new());
            self.y = MARGIN;
        }
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }
}

/// The lines of a text that are at most so wide: broken between words; a word that is wider, anywhere.
fn broken(fonts: &Fonts, style: Style, text: &str, width: f32) -> Vec<String> {
    let wide = |text: &str| fonts.width(style.face, text) * style.size;
    let space = wide(" ");
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0.0_f32);
    for word in text.split(' ') {
        let mut word = word;
        let mut long = wide(word);
        if !line.is_empty() && used + space + long > width {
            lines.push(std::mem::take(&mut line));
            used = 0.0;
        }
        while long > width {
            let (head, rest) = split(word, |part| wide(part) <= width);
            lines.push(head.to_owned());
            word = rest;
            long = wide(word);
        }
        if !line.is_empty() {
            line.push(' ');
            used += space;
        }
        line.push_str(word);
        used += long;
    }
    lines.push(line);
    lines
}

/// The longest beginning that fits, at least one letter, and the rest.
fn split(word: &str, fits: impl Fn(&str) -> bool) -> (&str, &str) {
    let mut best = word.chars().next().map_or(0, char::len_utf8);
    for (at, letter) in word.char_indices() {
        let end = at + letter.len_utf8();
        if !word.get(..end).is_some_and(&fits) {
            break;
        }
        best = best.max(end);
    }
    word.split_at_checked(best).unwrap_or((word, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_its_column_and_no_letter_is_lost() {
        let fonts = Fonts::open().unwrap();
        let text = format!("a bb {} ccc {}", "x".repeat(700), "word ".repeat(90));
        let lines = broken(&fonts, TEXT, text.trim_end(), 200.0);
        for line in &lines {
            assert!(fonts.width(TEXT.face, line) * TEXT.size <= 200.0, "{line}");
        }
        let strip = |text: &str| text.replace(' ', "");
        assert_eq!(strip(&lines.concat()), strip(&text));
    }

    #[test]
    fn what_shows_as_nothing_is_written_out() {
        let fonts = Fonts::open().unwrap();
        assert_eq!(fonts.shown(Face::Serif, "a\u{202e}b\u{200b}c"), "a[U+202E]b[U+200B]c");
        assert_eq!(
            fonts.shown(Face::Serif, "Łódź, Ελλάς, “Harbor” – 5 €"),
            "Łódź, Ελλάς, “Harbor” – 5 €"
        );
        assert_eq!(fonts.shown(Face::Serif, "漢"), "[U+6F22]");
    }
}
