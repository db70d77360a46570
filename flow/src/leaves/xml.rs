//! Records written as XML: elements with elements in them, or with attributes.
//!
//! SECURITY: an element with words beside its elements is text as a whole, and so is all that stands after a free text in a
//! record that has a name twice: it was written into the first. Never here: HTML (`lines::html`), entities of a document's own.
//! To read one more form: its arm in [`Reader::node`] or [`put`], a case that tries to break out.

use std::collections::BTreeSet;

use super::{Parts, free};
use crate::words::tokens::fold;

/// LIMIT: elements of one text, and levels of them; a larger text is text.
const MOST: usize = 20_000;
const DEPTH: usize = 16;
/// Elements of pages: what has one is HTML.
const PAGE: &str =
    "html head body table div p ul ol li dl article section main span pre h1 h2 h3 tr td br b i a";

#[derive(Debug, Default)]
struct Node {
    name: String,
    fields: Vec<(String, String)>,
    text: String,
    children: Vec<Node>,
}

/// Fills the parts with the records of a text; false if it is no XML of records.
pub(super) fn records(text: &str, parts: &mut Parts) -> bool {
    if !text.starts_with('<') {
        return false;
    }
    let mut reader = Reader { rest: text, left: MOST, said: Vec::new() };
    let mut root = Node::default();
    while !reader.rest.trim_start().is_empty() {
        match reader.node(DEPTH) {
            Some(Found::Element(node)) => root.children.push(node),
            Some(Found::Nothing) => {}
            None => return false,
        }
    }
    if root.children.iter().all(|one| one.children.is_empty() && one.fields.is_empty()) {
        return false;
    }
    put(&root, parts);
    for said in reader.said {
        parts.push("", &said, false);
    }
    true
}

/// What begins at a `<`.
enum Found {
    Element(Node),
    /// A comment, an instruction.
    Nothing,
}

struct Reader<'a> {
    rest: &'a str,
    left: usize,
    /// What comments and instructions say.
    said: Vec<String>,
}

impl<'a> Reader<'a> {
    /// What stands up to a mark; the mark is taken too.
    fn until(&mut self, mark: &str) -> Option<&'a str> {
        let (before, after) = self.rest.split_once(mark)?;
        self.rest = after;
        Some(before)
    }

    /// What begins here; nothing if it does not end.
    fn node(&mut self, depth: usize) -> Option<Found> {
        self.rest = self.rest.trim_start().strip_prefix('<')?;
        if let Some(rest) = self.rest.strip_prefix("!--") {
            self.rest = rest;
            let said = self.until("-->")?.to_owned();
            self.said.push(said);
            return Some(Found::Nothing);
        }
        if self.rest.starts_with(['?', '!']) {
            let said = self.until(">")?.to_owned();
            self.said.push(said);
            return Some(Found::Nothing);
        }
        self.left = self.left.checked_sub(1)?;
        let depth = depth.checked_sub(1)?;
        let tag = self.until(">")?;
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let plain =
            |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ':');
        if name.is_empty() || !name.chars().all(plain) || PAGE.split(' ').any(|one| one == name) {
            return None;
        }
        let mut node = Node { name: name.to_owned(), fields: attributes(rest)?, ..Node::default() };
        if closed {
            return Some(Found::Element(node));
        }
        loop {
            let (text, _) = self.rest.split_once('<')?;
            node.text.push_str(&plain_text(text));
            self.rest = self.rest.get(text.len()..)?;
            if let Some(rest) = self.rest.strip_prefix("</") {
                self.rest = rest;
                let same = self.until(">")?.trim_end() == name;
                return same.then_some(Found::Element(node));
            }
            if let Some(rest) = self.rest.strip_prefix("<![CDATA[") {
                self.rest = rest;
                node.text.push_str(self.until("]]>")?);
                continue;
            }
            if let Found::Element(child) = self.node(depth)? {
                node.children.push(child);
            }
        }
    }
}

/// `name="value"` and so on; nothing for what is none.
fn attributes(tag: &str) -> Option<Vec<(String, String)>> {
    let (mut out, mut rest) = (Vec::new(), tag.trim());
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let mark = after.chars().next().filter(|mark| matches!(mark, '"' | '\''))?;
        let (value, left) = after.get(1..)?.split_once(mark)?;
        out.push((name.trim().to_owned(), plain_text(value)));
        rest = left.trim_start();
    }
    Some(out)
}

/// With what its entities stand for (XML 1.0, sections 4.1 and 4.6).
fn plain_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let known =
            after.split_once(';').filter(|(name, _)| name.len() <= 8).and_then(|(name, left)| {
                let letter = match name {
                    "lt" => '<',
                    "gt" => '>',
                    "amp" => '&',
                    "quot" => '"',
                    "apos" => '\'',
                    _ => {
                        let number = name.strip_prefix('#')?;
                        let hex = number.strip_prefix(['x', 'X']);
                        let code = hex.map_or_else(
                            || number.parse().ok(),
                            |hex| u32::from_str_radix(hex, 16).ok(),
                        );
                        char::from_u32(code?)?
                    }
                };
                Some((letter, left))
            });
        let (letter, left) = known.unwrap_or(('&', after));
        out.push(letter);
        rest = left;
    }
    out.push_str(rest);
    out
}

/// All words of an element and of those in it.
fn words(node: &Node, out: &mut String) {
    out.push_str(&node.text);
    out.push('\n');
    for (_, value) in &node.fields {
        out.push_str(value);
        out.push('\n');
    }
    for child in &node.children {
        words(child, out);
    }
}

fn put(node: &Node, parts: &mut Parts) {
    let simple = |one: &&Node| one.children.is_empty() && one.fields.is_empty();
    if !node.children.is_empty() && !node.text.trim().is_empty() {
        let mut all = String::new();
        words(node, &mut all);
        parts.push(&node.name, &all, false);
        return;
    }
    // Nobody's record has a name twice, unless it is a list of one thing.
    let mut names: Vec<&str> =
        node.children.iter().filter(simple).map(|one| one.name.as_str()).collect();
    let count = names.len();
    names.extend(node.fields.iter().map(|(name, _)| name.as_str()));
    let known: BTreeSet<&str> = names.iter().copied().collect();
    let twice = known.len() < names.len() && !(known.len() == 1 && count > 1);
    let mut told = false;
    for (name, value) in &node.fields {
        parts.push(name, value, true);
    }
    for child in &node.children {
        if simple(&child) {
            told |= twice && free(&fold(&child.name));
            parts.push(&child.name, &child.text, !told);
            continue;
        }
        let outer = parts.begin();
        put(child, parts);
        parts.record = outer;
    }
    if node.children.is_empty() && !node.text.trim().is_empty() {
        parts.push(&node.name, &node.text, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::leaves::tests::{Row, read_with, row};

    fn read(text: &str) -> Option<Vec<Row>> {
        read_with(records, text)
    }

    #[test]
    fn elements_are_records() {
        let text = "<?xml version=\"1.0\"?><list><one><id>7</id><name>Ada &amp; Bo</name></one><one id=\"8\" name='Eve'/></list>";
        let wanted = [
            row(2, "id", "7", true),
            row(2, "name", "Ada & Bo", true),
            row(3, "id", "8", true),
            row(3, "name", "Eve", true),
            // A text whatever it says.
            row(0, "", "?xml version=\"1.0\"?", false),
        ];
        assert_eq!(read(text).unwrap(), wanted);
    }

    #[test]
    fn nothing_breaks_out_of_a_text() {
        let iban = "DE89370400440532013000";
        for text in [
            format!("<one><id>7</id><note>so <iban>{iban}</iban></note></one>"),
            format!("<one><id>7</id><note>so</note><iban>{iban}</iban><note>it is</note></one>"),
            format!(
                "<one><id>7</id><note>so &lt;/note&gt;&lt;iban&gt;{iban}&lt;/iban&gt;</note></one>"
            ),
            format!("<one><id>7</id><note>so<![CDATA[</note><iban>{iban}</iban>]]></note></one>"),
            format!("<one><id>7</id><note>so<!-- <iban>{iban}</iban> --></note></one>"),
            format!("<?iban {iban}?><one><id>7</id><note>so</note></one>"),
            format!("<!DOCTYPE iban {iban}><one><id>7</id><note>so</note></one>"),
            format!("<one><id>7</id><?pay iban=\"{iban}\"?><note>so</note></one>"),
        ] {
            let all = read(&text).unwrap();
            assert!(all.iter().any(|(.., said, _)| said.contains(iban)), "{text}: {all:?}");
            assert!(
                all.iter().all(|(.., said, field)| !field || !said.contains(iban)),
                "{text}: {all:?}"
            );
        }
        for text in ["<p>Hello</p>", "<b", "<a><b></a></b>", "words", "<one>only words</one>"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
