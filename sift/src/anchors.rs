//! The one pass: an automaton over all bytes that stops where something could be. What is there is for the detector of the
//! anchor to say.
//!
//! Words are met whatever their case; a run of digits is met where it begins. Never here: a look back or ahead.
//! To add an anchor: a variant of [`Anchor`] and its words in [`words`].

use std::{collections::VecDeque, sync::LazyLock};

use crate::secret::marks;

/// What may be at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// A vendor's mark: its row in the table.
    Mark(u16),
    /// A word that names values which are secret.
    Name,
    /// `Bearer`, `Basic`.
    Scheme,
    /// The frame of a key.
    Pem,
    /// The head of a JSON Web Token.
    Jwt,
    /// `://`
    Url,
    /// `@`
    At,
    /// The first digit of a run.
    Digit,
    /// `::`
    Colons,
    /// Bytes with which letters begin that nobody sees.
    Unseen,
    /// The escape of terminals.
    Escape,
    /// `<!--`
    Comment,
    /// A style that does not show its element.
    Style,
}

/// Columns of the table: a power of two above the bytes that anchors use.
const SHIFT: usize = 6;

/// The automaton. States from `first` on are those where something was met.
#[derive(Debug)]
pub(crate) struct Anchors {
    column: [u8; 256],
    next: Vec<u16>,
    first: u16,
    met: Vec<Vec<Anchor>>,
}

pub(crate) static ANCHORS: LazyLock<Anchors> = LazyLock::new(|| Anchors::of(&words()));

/// Every anchor with its bytes; the digit has none.
fn words() -> Vec<(Vec<u8>, Anchor)> {
    const NAMES: &[&str] = &[
        "password",
        "passwd",
        "passphrase",
        "passwort",
        "kennwort",
        "pwd",
        "secret",
        "token",
        "api_key",
        "apikey",
        "api-key",
        "access_key",
        "accesskey",
        "access-key",
        "private_key",
        "privatekey",
        "account_key",
        "accountkey",
        "auth_key",
        "authkey",
        "encryption_key",
        "signing_key",
        "master_key",
        "contrase",
        "mot_de_passe",
        "mot de passe",
    ];
    const STYLES: &[&str] = &[
        "display:none",
        "display: none",
        "visibility:hidden",
        "visibility: hidden",
        "font-size:0",
        "font-size: 0",
        "opacity:0",
        "opacity: 0",
    ];
    // Letters that nobody sees begin with these; what follows is for their detector.
    const UNSEEN: &[&[u8]] = &[
        b"\xe2\x80",
        b"\xe2\x81",
        b"\xe1\xa0",
        b"\xef\xbb",
        b"\xef\xb8",
        b"\xf3\xa0",
        b"\xd8\x9c",
    ];
    let text = |text: &&str| text.as_bytes().to_vec();
    let mut all: Vec<(Vec<u8>, Anchor)> = vec![
        (b"bearer ".to_vec(), Anchor::Scheme),
        (b"basic ".to_vec(), Anchor::Scheme),
        (b"-----begin".to_vec(), Anchor::Pem),
        (b"eyj".to_vec(), Anchor::Jwt),
        (b"://".to_vec(), Anchor::Url),
        (b"@".to_vec(), Anchor::At),
        (b"::".to_vec(), Anchor::Colons),
        (b"\x1b".to_vec(), Anchor::Escape),
        (b"\xc2\x9b".to_vec(), Anchor::Escape),
        (b"<!--".to_vec(), Anchor::Comment),
    ];
    all.extend(NAMES.iter().map(|word| (text(word), Anchor::Name)));
    all.extend(STYLES.iter().map(|word| (text(word), Anchor::Style)));
    all.extend(UNSEEN.iter().map(|bytes| (bytes.to_vec(), Anchor::Unseen)));
    let marks = marks().iter().zip(0_u16..);
    all.extend(marks.map(|(mark, row)| (mark.head.to_ascii_lowercase(), Anchor::Mark(row))));
    all
}

/// A state while the table is made.
#[derive(Debug, Default, Clone)]
struct Node {
    next: Vec<Option<usize>>,
    fails: usize,
    met: Vec<Anchor>,
    /// Its last byte is a digit.
    digit: bool,
}

impl Anchors {
    fn of(words: &[(Vec<u8>, Anchor)]) -> Self {
        let (column, columns) = columns(words);
        let mut nodes = tree(words, &column, columns);
        linked(&mut nodes);
        let root = nodes.first().cloned().unwrap_or_default();
        // Two states behind the root for digits: the first of a run, and the others.
        let (first_digit, digits) = (nodes.len(), nodes.len() + 1);
        nodes.push(Node { met: vec![Anchor::Digit], ..root.clone() });
        nodes.push(root);
        let digit_columns: Vec<usize> = (b'0'..=b'9')
            .filter_map(|digit| column.get(usize::from(digit)))
            .map(|at| usize::from(*at))
            .collect();
        for (at, node) in nodes.iter_mut().enumerate() {
            let inside = at == first_digit || at == digits || node.digit;
            for column in &digit_columns {
                if let Some(slot) = node.next.get_mut(*column)
                    && slot.unwrap_or(0) == 0
                {
                    *slot = Some(if inside { digits } else { first_digit });
                }
            }
        }
        Self::packed(column, &nodes)
    }

    /// States in which something was met go last, so that one comparison tells.
    fn packed(column: [u8; 256], nodes: &[Node]) -> Self {
        let quiet = nodes.iter().filter(|node| node.met.is_empty()).count();
        let (mut low, mut high) = (0_usize, quiet);
        let places: Vec<usize> = nodes
            .iter()
            .map(|node| {
                let slot = if node.met.is_empty() { &mut low } else { &mut high };
                *slot += 1;
                *slot - 1
            })
            .collect();
        let state = |at: usize| places.get(at).and_then(|at| u16::try_from(*at).ok()).unwrap_or(0);
        let mut next = vec![0_u16; nodes.len() << SHIFT];
        for (node, place) in nodes.iter().zip(&places) {
            for (column, to) in node.next.iter().enumerate() {
                if let Some(slot) = next.get_mut((place << SHIFT) | column) {
                    *slot = state(to.unwrap_or(0));
                }
            }
        }
        let met = nodes.iter().map(|node| node.met.clone()).filter(|met| !met.is_empty()).collect();
        Self { column, next, first: u16::try_from(quiet).unwrap_or(u16::MAX), met }
    }

    /// Goes on from a place until something may be met or the end comes; gives what was met.
    #[inline]
    pub(crate) fn seek(&self, text: &[u8], at: &mut usize, state: &mut u16) -> &[Anchor] {
        let mut now = *state;
        let rest = text.get(*at..).unwrap_or_default();
        for (done, byte) in rest.iter().enumerate() {
            let column = self.column.get(usize::from(*byte)).copied().unwrap_or(0);
            let slot = (usize::from(now) << SHIFT) | usize::from(column);
            now = self.next.get(slot).copied().unwrap_or(0);
            if now >= self.first {
                *at += done + 1;
                *state = now;
                return self.met.get(usize::from(now - self.first)).map_or(&[], Vec::as_slice);
            }
        }
        *at = text.len();
        *state = now;
        &[]
    }
}

/// A column for every byte that stands in a word; small and large letters share theirs.
fn columns(words: &[(Vec<u8>, Anchor)]) -> ([u8; 256], usize) {
    let mut column = [0_u8; 256];
    let mut count = 0_u8;
    let digits = b'0'..=b'9';
    for byte in words.iter().flat_map(|(word, _)| word.iter().copied()).chain(digits) {
        let fresh = column.get(usize::from(byte)) == Some(&0);
        if fresh {
            count = count.saturating_add(1);
        }
        for twin in [byte, byte.to_ascii_uppercase()] {
            if let Some(slot) = column.get_mut(usize::from(twin)).filter(|_| fresh) {
                *slot = count;
            }
        }
    }
    (column, usize::from(count) + 1)
}

fn tree(words: &[(Vec<u8>, Anchor)], column: &[u8; 256], columns: usize) -> Vec<Node> {
    let empty = Node { next: vec![None; columns], ..Node::default() };
    let mut nodes = vec![empty.clone()];
    for (word, anchor) in words {
        let mut at = 0;
        for byte in word {
            let column = column.get(usize::from(*byte)).map_or(0, |one| usize::from(*one));
            let known = nodes.get(at).and_then(|node| node.next.get(column).copied().flatten());
            let to = known.unwrap_or(nodes.len());
            if known.is_none() {
                // A digit inside a word begins a run as well, if none stands before it.
                let digit = byte.is_ascii_digit();
                let first = digit && nodes.get(at).is_some_and(|node| !node.digit);
                let met = if first { vec![Anchor::Digit] } else { Vec::new() };
                nodes.push(Node { met, digit, ..empty.clone() });
                if let Some(slot) = nodes.get_mut(at).and_then(|node| node.next.get_mut(column)) {
                    *slot = Some(to);
                }
            }
            at = to;
        }
        if let Some(node) = nodes.get_mut(at) {
            node.met.push(*anchor);
        }
    }
    nodes
}

/// Fills in where each state goes when no word goes on, and what it meets besides (Aho and Corasick).
fn linked(nodes: &mut [Node]) {
    let mut waiting = VecDeque::from([0_usize]);
    while let Some(at) = waiting.pop_front() {
        let Some(node) = nodes.get(at).cloned() else { continue };
        for (column, to) in node.next.iter().enumerate() {
            let beyond =
                nodes.get(node.fails).and_then(|fails| fails.next.get(column).copied().flatten());
            let beyond = beyond.filter(|_| at != 0).unwrap_or(0);
            if let Some(to) = to {
                let met = nodes.get(beyond).map(|node| node.met.clone()).unwrap_or_default();
                if let Some(child) = nodes.get_mut(*to) {
                    child.fails = beyond;
                    child.met.extend(met);
                }
                waiting.push_back(*to);
            } else if let Some(slot) = nodes.get_mut(at).and_then(|node| node.next.get_mut(column))
            {
                *slot = Some(beyond);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(text: &[u8]) -> Vec<(usize, Anchor)> {
        let (mut at, mut state, mut out) = (0, 0, Vec::new());
        while at < text.len() {
            let anchors = ANCHORS.seek(text, &mut at, &mut state);
            out.extend(anchors.iter().map(|anchor| (at, *anchor)));
        }
        out
    }

    #[test]
    fn words_are_met_in_any_case_and_inside_each_other() {
        assert_eq!(met(b"the PassWord"), [(12, Anchor::Name)]);
        assert_eq!(met(b"client_secret_token"), [(13, Anchor::Name), (19, Anchor::Name)]);
        assert_eq!(
            met(b"a::://b@"),
            [(3, Anchor::Colons), (4, Anchor::Colons), (6, Anchor::Url), (8, Anchor::At)]
        );
        assert_eq!(met("x\u{200b}y".as_bytes()), [(3, Anchor::Unseen)]);
        assert_eq!(met("ä ö é ß".as_bytes()), []);
    }

    #[test]
    fn a_run_of_digits_is_met_once() {
        assert_eq!(met(b"FR86 1"), [(3, Anchor::Digit), (6, Anchor::Digit)]);
        assert_eq!(
            met(b"a12 3456b7"),
            [(2, Anchor::Digit), (5, Anchor::Digit), (10, Anchor::Digit)]
        );
    }

    #[test]
    fn every_word_of_the_table_is_met_where_it_ends() {
        for (word, anchor) in words() {
            assert!(!word[0].is_ascii_digit(), "it would hide the begin of a run of digits");
            let found = met(&word);
            assert!(found.contains(&(word.len(), anchor)), "{}", String::from_utf8_lossy(&word));
        }
    }

    #[test]
    fn the_table_fits() {
        assert!(columns(&words()).1 <= 1 << SHIFT, "{}", columns(&words()).1);
        assert!(ANCHORS.next.len() < usize::from(u16::MAX) << SHIFT);
    }
}
