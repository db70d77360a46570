//! Rust source with the insides of comments and literals blanked, line for line: what is left is code.

/// Blanks comments, strings and characters with spaces; newlines stay.
pub(crate) fn mask(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end > at {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// One past the comment or literal that begins here; `at` if none does.
fn literal_end(chars: &[char], at: usize) -> usize {
    let next = |ahead: usize| chars.get(at + ahead).copied().unwrap_or('\0');
    let inside_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match (chars[at], next(1)) {
        ('/', '/') => find(chars, at, |c| c == '\n'),
        ('/', '*') => block_comment_end(chars, at),
        ('"', _) => string_end(chars, at + 1),
        ('b' | 'c', '"') if !inside_word => string_end(chars, at + 2),
        ('b', '\'') if !inside_word => char_end(chars, at + 1),
        ('\'', _) => char_end(chars, at),
        ('r' | 'b' | 'c', _) if !inside_word => raw_end(chars, at),
        _ => at,
    }
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|at| wanted(chars[*at])).unwrap_or(chars.len())
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let mut depth = 0;
    let mut at = at;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut at = from;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// A character literal ends here; a lifetime is left as code.
fn char_end(chars: &[char], at: usize) -> usize {
    if chars.get(at + 1) == Some(&'\\') {
        let closing = find(chars, at + 3, |c| c == '\'');
        (closing + 1).min(chars.len())
    } else if chars.get(at + 2) == Some(&'\'') {
        at + 3
    } else {
        at
    }
}

/// `r"…"`, `r#"…"#`, `br#"…"#`; `at` if it is none (`r#type`, a name that begins with r).
fn raw_end(chars: &[char], at: usize) -> usize {
    let quote = if chars[at] == 'r' { at + 1 } else { at + 2 };
    if chars[at] != 'r' && chars.get(at + 1) != Some(&'r') {
        return at;
    }
    let hashes = chars[quote.min(chars.len())..].iter().take_while(|c| **c == '#').count();
    if chars.get(quote + hashes) != Some(&'"') {
        return at;
    }
    let closes = |at: usize| {
        chars[at] == '"'
            && chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
    };
    let closing = (quote + hashes + 1..chars.len()).find(|at| closes(*at));
    closing.map_or(chars.len(), |at| at + 1 + hashes)
}

#[test]
fn only_code_is_left() {
    for (source, wanted) in [
        ("a // b {\nc", "a       \nc"),
        ("a /* b /* } */ */ c", "a                 c"),
        (r#"f("{\"")"#, "f(     )"),
        ("r#\"a\"}\"# + 1", "         + 1"),
        ("br\"x\" b'{' '\\'' 'a", "                'a"),
        ("<'a>(x: &'a str)", "<'a>(x: &'a str)"),
        ("match c { '{' => 1 }", "match c {     => 1 }"),
        ("r#type number\"s\"", "r#type number   "),
    ] {
        assert_eq!(mask(source), wanted, "{source}");
    }
}
