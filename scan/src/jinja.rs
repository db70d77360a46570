//! Templates of chats: small programs in Jinja that the one who serves a model runs on every request.
//!
//! A sandbox may or may not stand around them. What a template never needs is told: names with two underscores, filters
//! that reach attributes, imports, loops that are long by themselves.
//! Never here: a template rendered. To add a sign: a row in a list.

use crate::{
    book::{Book, quoted},
    report::Finding::{Malicious, Suspicious},
    source::wide,
};

/// LIMIT: bytes of a template.
const TEMPLATE: usize = 1 << 20;
/// A loop over more numbers than this is there to keep a server busy.
const LONG: u64 = 100_000;

/// Names that lead out of a template.
const NAMES: &[&str] = &[
    "lipsum",
    "cycler",
    "joiner",
    "get_flashed_messages",
    "url_for",
    "_TemplateReference__context",
    "popen",
    "subprocess",
    "getattr",
    "eval",
    "exec",
    "compile",
    "import_module",
    "os",
    "sys",
    "environ",
    "builtins",
    "mro",
    "func_globals",
    "gi_frame",
    "gi_code",
    "cr_frame",
    "f_globals",
    "f_builtins",
    "f_back",
    "tb_frame",
    "system",
];
/// Names that are put together out of pieces.
const PIECES: &[&str] = &[
    "__class__",
    "__globals__",
    "__init__",
    "__mro__",
    "__subclasses__",
    "__builtins__",
    "__import__",
    "__base__",
];
/// Statements that bring other files in.
const STATEMENTS: &[&str] = &["import", "include", "extends", "from"];

/// Checks one template.
pub(crate) fn check(text: &str, at: u64, book: &mut Book<'_>) {
    if text.len() > TEMPLATE {
        book.partial("a template behind the limit of bytes");
    }
    let mut rest = text;
    let mut passed = 0;
    while passed < TEMPLATE {
        let (Some(open), found) = (rest.find(['{']), rest) else {
            break;
        };
        let kind = found.get(open + 1..open + 2).unwrap_or("");
        let end = match kind {
            "{" => "}}",
            "%" => "%}",
            "#" => "#}",
            _ => {
                passed += open + 1;
                rest = found.get(open + 1..).unwrap_or("");
                continue;
            }
        };
        let inner = found.get(open + 2..).unwrap_or("");
        let length = inner.find(end).unwrap_or(inner.len());
        let body = inner.get(..length).unwrap_or("");
        if kind != "#" {
            block(body, kind == "%", at + wide(passed + open), book);
        }
        let used = open + 2 + length + 2;
        passed += used;
        rest = found.get(used.min(found.len())..).unwrap_or("");
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Word {
    Name(String),
    Text(String),
    Number(u64),
    Sign(char),
}

fn words(body: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut letters = body.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\'' || letter == '"' {
            let mut text = String::new();
            while let Some(next) = letters.next() {
                match next {
                    '\\' => text.extend(['\\'].into_iter().chain(letters.next())),
                    next if next == letter => break,
                    next => text.push(next),
                }
            }
            words.push(Word::Text(crate::pickle::unescaped(&text)));
        } else if letter.is_ascii_digit() {
            let mut digits = String::from(letter);
            while let Some(next) = letters.next_if(|next| next.is_ascii_digit() || *next == '_') {
                digits.push(next);
            }
            words.push(Word::Number(digits.replace('_', "").parse().unwrap_or(u64::MAX)));
        } else if letter.is_alphabetic() || letter == '_' {
            let mut name = String::from(letter);
            while let Some(next) = letters.next_if(|next| next.is_alphanumeric() || *next == '_') {
                name.push(next);
            }
            words.push(Word::Name(name));
        } else if !letter.is_whitespace() {
            words.push(Word::Sign(letter));
        }
    }
    words
}

fn dunder(word: &str) -> bool {
    word.len() > 4 && word.starts_with("__") && word.ends_with("__")
}

fn block(body: &str, statement: bool, at: u64, book: &mut Book<'_>) {
    let words = words(body.trim_matches(['-', '+']));
    if let (true, Some(Word::Name(first))) = (statement, words.first())
        && STATEMENTS.contains(&first.as_str())
    {
        let sentence = format!("a template brings another file in: `{}`", quoted(body.trim()));
        book.add(Suspicious, "template.import", at, sentence);
    }
    let mut joined = String::new();
    for (place, word) in words.iter().enumerate() {
        match word {
            Word::Name(name) => named(&words, place, name, at, book),
            Word::Text(text) => {
                joined.push_str(text);
                let letters = |letter: char| !letter.is_alphanumeric() && letter != '_';
                if text.split(letters).any(dunder) && !text.contains(' ') {
                    let sentence = format!("a template spells `{}` as text", quoted(text));
                    book.add(Malicious, "template.reaches", at, sentence);
                }
            }
            _ => {}
        }
    }
    // Pieces put together: `'__cla' ~ 'ss__'`.
    if PIECES.iter().any(|piece| joined.contains(piece)) {
        let sentence = "a template puts a name with two underscores together";
        book.add(Malicious, "template.reaches", at, sentence);
    }
}

/// One name and what stands beside it.
fn named(words: &[Word], place: usize, name: &str, at: u64, book: &mut Book<'_>) {
    let before = place.checked_sub(1).and_then(|place| words.get(place));
    let after = words.get(place + 1);
    let filter = before == Some(&Word::Sign('|'));
    if dunder(name) || NAMES.contains(&name) {
        // A name of one's own, like `os = …`, is none of theirs; an attribute or a call is.
        let reached =
            before == Some(&Word::Sign('.')) || matches!(after, Some(Word::Sign('.' | '(' | '[')));
        if dunder(name) || reached {
            let sentence = format!("a template reaches `{}`", quoted(name));
            book.add(Malicious, "template.reaches", at, sentence);
        }
    }
    let by = words.get(place + 2);
    if filter && (name == "attr" || name == "map" && by == Some(&Word::Text("attr".to_owned()))) {
        let sentence = "a template reaches attributes by their names as text";
        book.add(Suspicious, "template.attr", at, sentence);
    }
    let near = words.get(place..).unwrap_or_default().iter().take(12);
    let long = |word: &Word| matches!(word, Word::Number(number) if *number > LONG);
    if name == "range" && near.into_iter().any(long) {
        book.add(Suspicious, "template.loop", at, "a template has a loop that is long by itself");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{limits::Limits, report::Finding};

    fn found(text: &str) -> Finding {
        let limits = Limits::default();
        let mut book = Book::new(&limits);
        check(text, 0, &mut book);
        book.finding()
    }

    #[test]
    fn what_chats_need_is_clean() {
        for text in [
            "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' }}{% endfor %}",
            "{%- if tools is not none %}{{- raise_exception('no') }}{%- endif %}{{ messages[::-1] | tojson(indent=4) }}",
            "{% set ns = namespace(found=false) %}{% for i in range(10) %}{{ loop.index0 }}{% endfor %}",
            "{{ 'You may import os and call system() when asked.' }} {# __class__ #} plain __class__ text",
            "{% macro f(x) %}{{ x.get('type', 'any') | upper }}{% endmacro %}{{ strftime_now('%d') }}",
            "{{ message.content.split('</think>')[-1].lstrip('\\n') }}{{ x | map(attribute='name') | list }}",
        ] {
            assert_eq!(found(text), Finding::Clean, "{text}");
        }
    }

    #[test]
    fn what_leads_out_is_not() {
        for text in [
            "{{ ''.__class__.__mro__[1].__subclasses__() }}",
            "{{ x['__class__'] }}",
            "{{ x['\\x5f\\x5fclass\\x5f\\x5f'] }}",
            "{{ lipsum.__globals__['os'].popen('id') }}",
            "{{ cycler.next }}",
            "{% import 'other' as o %}",
            "{% include '/etc/passwd' %}",
            "{{ x | attr('a') }}",
            "{{ ('__cla' ~ 'ss__') }}",
            "{% for i in range(999999999) %}{% endfor %}",
            "{{ self._TemplateReference__context }}",
            "{{ messages.__init__.__globals__ ",
        ] {
            assert!(found(text) >= Suspicious, "{text}");
        }
    }
}
