//! XML, PMML above all: entities, references outward, and code in extensions.
//!
//! No parser is asked to resolve anything: declarations are searched for as text.
//! Never here: an entity resolved, a document fetched. To add a sign: a row in [`SIGNS`].

use crate::{
    book::Book,
    hidden,
    report::{Finding, Kind},
    source::{Source, find, read as read_at, wide},
};

/// LIMIT: bytes searched; a forest of trees as PMML has many millions.
const READ: usize = 64 << 20;

/// LIMIT: bytes from the first extension on that are looked into.
const EXTENSIONS: usize = 1 << 20;

/// What data never has: the sign, in small letters, its rule, and what it does.
const SIGNS: &[(&str, &str, &str)] = &[
    (
        "<!entity",
        "xml.entity",
        "it declares an entity: a parser that resolves it reads files or addresses, or grows without bound",
    ),
    ("<!doctype", "xml.doctype", "it declares a type of document: a parser may fetch it"),
    ("xi:include", "xml.include", "it includes another document"),
    ("<?xml-stylesheet", "xml.stylesheet", "it names a style sheet that a reader may run"),
    ("<script", "xml.script", "it carries a script"),
    ("<xsl:", "xml.script", "it carries a transformation"),
    ("javascript:", "xml.script", "it carries a script"),
    ("java.lang.runtime", "xml.script", "it names what starts processes in Java"),
    ("processbuilder", "xml.script", "it names what starts processes in Java"),
    ("jndi:", "xml.script", "it names a directory to load from"),
];

/// Blanks comments: what stands in them is not declared. Instructions and plain stretches are passed over, so that none of
/// them opens a comment that a parser does not see.
fn uncomment(bytes: &mut [u8]) {
    let mut from = 0;
    while let Some(start) = bytes.get(from..).and_then(|rest| find(rest, b"<")) {
        let start = from + start;
        let rest = bytes.get(start..).unwrap_or_default();
        let (end, comment): (&[u8], bool) = match rest {
            [b'<', b'!', b'-', b'-', ..] => (b"-->", true),
            [b'<', b'?', ..] => (b"?>", false),
            _ if rest.starts_with(b"<![CDATA[") => (b"]]>", false),
            _ => {
                from = start + 1;
                continue;
            }
        };
        // What does not end hides nothing: a parser refuses the document.
        let inner = rest.get(if comment { 4 } else { 2 }..).unwrap_or_default();
        let Some(length) = find(inner, end) else {
            return;
        };
        from = bytes.len() - inner.len() + length + end.len();
        if comment && let Some(comment) = bytes.get_mut(start..from) {
            comment.fill(b' ');
        }
    }
}

/// Whether the last thing in a document closes its first element.
fn closed(bytes: &[u8]) -> bool {
    let letter =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-' | b'.');
    let mut starts = bytes.windows(2).enumerate().filter(
        |(_, two)| matches!(two, [b'<', next] if next.is_ascii_alphabetic() || *next == b'_'),
    );
    let Some((start, _)) = starts.next() else {
        return false;
    };
    let name = bytes.get(start + 1..).unwrap_or_default();
    let name = name.get(..name.iter().position(|byte| !letter(*byte)).unwrap_or(name.len()));
    let Some(end) = bytes.trim_ascii_end().strip_suffix(b">") else {
        return false;
    };
    end.ends_with(b"/") && starts.next().is_none()
        || end.trim_ascii_end().ends_with(&[b"</", name.unwrap_or_default()].concat())
}

/// Reads a document.
pub(crate) fn read(source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    let Ok(mut bytes) = read_at(source, 0, READ.min(book.limits.whole)) else {
        book.broken("source.unread", 0, "bytes could not be read");
        return Kind::Xml;
    };
    if wide(bytes.len()) < source.len() {
        book.partial("XML behind the limit of bytes");
    }
    // Two bytes a letter hide every word from a search that does not look for that.
    if bytes.iter().take(64).any(|byte| *byte == 0) {
        bytes.retain(|byte| *byte != 0);
    }
    uncomment(&mut bytes);
    if !closed(&bytes) {
        book.broken(
            "xml.truncated",
            source.len(),
            "the document does not end with what it began with",
        );
    }
    let extension = find(&bytes, b"<Extension").map(|at| {
        let rest = bytes.get(at..).unwrap_or_default();
        let (stretch, behind) = rest.split_at(rest.len().min(EXTENSIONS));
        if find(behind, b"<Extension").is_some() {
            book.partial("extensions behind the limit of bytes");
        }
        stretch.to_vec()
    });
    bytes.make_ascii_lowercase();
    for (sign, rule, does) in SIGNS {
        if let Some(at) = find(&bytes, sign.as_bytes()) {
            book.add(Finding::Suspicious, rule, wide(at), *does);
        }
    }
    if let Some(extension) = extension {
        let stretch = extension.as_slice();
        let tried = book.attempt("Extension", stretch.len(), |book| {
            crate::python::probe(book, stretch, true);
        });
        book.merge(tried);
        for word in stretch.split(|byte| matches!(byte, b'"' | b'<' | b'>')) {
            if hidden::worth(word.get(..word.len().min(96)).unwrap_or_default(), wide(word.len())) {
                hidden::literal(book, word, 0);
            }
        }
    }
    Kind::Xml
}
