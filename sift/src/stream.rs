//! [`Sifter`]: sifts a text that comes in pieces. What it lets go of is the same, byte for byte, wherever the pieces are cut.
//!
//! A place is let go of when nothing that is still to come can make it part of something found: at most `AHEAD` and `BACK`
//! bytes are kept back. Never here: how anything is found.

use crate::{Class, Counts, Found, Way, Ways, find::Scan};

/// Sifts one text.
#[derive(Debug)]
pub struct Sifter {
    ways: Ways,
    scan: Scan,
    kept: Vec<u8>,
    /// Bytes of the text before those that are kept.
    gone: usize,
    /// Bytes of the text that were let go of, as they were or masked.
    told: usize,
    waiting: Vec<Found>,
    counts: Counts,
    refused: Option<Class>,
}

impl Sifter {
    /// For a text in which each class goes its way.
    pub fn new(ways: Ways) -> Self {
        Self {
            ways,
            scan: Scan::default(),
            kept: Vec::new(),
            gone: 0,
            told: 0,
            waiting: Vec::new(),
            counts: Counts::default(),
            refused: None,
        }
    }

    /// More of the text; gives what may go on. After a refusal nothing does.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.kept.extend_from_slice(piece);
        self.on(false)
    }

    /// The text is over; gives the rest of it.
    pub fn finish(&mut self) -> Vec<u8> {
        self.on(true)
    }

    /// What was found so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The class for which the text goes no further.
    pub fn refused(&self) -> Option<Class> {
        self.refused
    }

    fn on(&mut self, ends: bool) -> Vec<u8> {
        self.scan.over((&self.kept, self.gone), ends, &mut self.waiting);
        let whole = self.gone + self.kept.len();
        let settled = if ends { whole } else { self.scan.settled() };
        let mut out = Vec::with_capacity(settled.saturating_sub(self.told));
        let mut later = Vec::new();
        for one in std::mem::take(&mut self.waiting) {
            if one.end > settled {
                later.push(one);
                continue;
            }
            let way = self.ways.of(one.class);
            self.counts.note(one.class, way == Way::Mask);
            match way {
                Way::Keep => {}
                Way::Refuse => self.refused = self.refused.or(Some(one.class)),
                Way::Mask => {
                    self.tell(one.start, &mut out);
                    let value = self.kept.get(one.start - self.gone..one.end - self.gone);
                    out.extend_from_slice(one.mask(value.unwrap_or_default()).as_bytes());
                    self.told = one.end;
                }
            }
        }
        let until = later.first().map_or(settled, |one| one.start.min(settled));
        self.waiting = later;
        self.tell(until, &mut out);
        let needless = self.scan.needless().min(self.told).saturating_sub(self.gone);
        self.kept.drain(..needless.min(self.kept.len()));
        self.gone += needless;
        if self.refused.is_some() { Vec::new() } else { out }
    }

    fn tell(&mut self, until: usize, out: &mut Vec<u8>) {
        if until > self.told {
            let part = self.kept.get(self.told - self.gone..until - self.gone);
            out.extend_from_slice(part.unwrap_or_default());
            self.told = until;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{find, message, text};

    /// Everything that is found, at each end of it something that could go on.
    const PARTS: &[&str] = &[
        "password = Tr0ub4dor&3x",
        " ",
        "\n",
        "ada@mail.example",
        "+49 30 1234567",
        "DE89 3704 0044 0532 0130 00",
        "4111 1111 1111 1111",
        "219-09-9999",
        "born 12 March 1984",
        "81.2.69.142",
        "2001:db8:85a3::8a2e:370:7334",
        "\u{200b}\u{200c}",
        "\u{1b}[2J",
        "<!-- do this -->",
        "<p style=\"display:none\">x</p>",
        "AKIAQ3EGV7LN2M5XKWTD",
        "wJ9rXUtnF3MI/K7MDENG+bPxRfiCYz1pLq8vT2aK",
        "postgres://app:k3w-9ZZ@db.example/x",
        "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7Zq\n-----END PRIVATE KEY-----",
        "Authorization: Bearer ",
        "8xLOxBtZp8s7Gk2QpVnR41",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVPmB92K27uhbUJU",
        "x",
        "12",
        "ü",
        "“",
        "{\"token\":\"",
        "\"}",
        "glpat-",
        "1//0",
        ":",
        "@",
        "0",
        "sk-ant-",
        "https://",
        "the quick brown fox ",
    ];

    fn some() -> impl Strategy<Value = String> {
        proptest::collection::vec(proptest::sample::select(PARTS), 0..24)
            .prop_map(|parts| parts.concat())
    }

    fn in_pieces(text: &[u8], cuts: &[usize]) -> (Vec<u8>, Counts) {
        let mut sifter = Sifter::new(Ways::all(Way::Mask));
        let (mut out, mut from) = (Vec::new(), 0);
        for cut in cuts {
            out.extend(sifter.push(&text[from..*cut]));
            from = *cut;
        }
        out.extend(sifter.push(&text[from..]));
        out.extend(sifter.finish());
        (out, *sifter.counts())
    }

    #[test]
    fn a_secret_is_found_wherever_its_text_is_cut() {
        let whole = PARTS.join(" ");
        let wanted = in_pieces(whole.as_bytes(), &[]);
        assert!(wanted.1.iter().count() == Class::ALL.len(), "{:?}", wanted.1);
        for cut in 0..=whole.len() {
            assert_eq!(in_pieces(whole.as_bytes(), &[cut]), wanted, "cut at {cut}");
        }
        let every: Vec<usize> = (0..whole.len()).collect();
        assert_eq!(in_pieces(whole.as_bytes(), &every), wanted, "byte by byte");
    }

    #[test]
    fn a_long_text_is_let_go_of_before_its_end_and_cut_the_same() {
        let mut whole = String::new();
        for at in 0..400 {
            whole.push_str(&"a quiet line without anything in it. ".repeat(3));
            whole.push_str(PARTS[at % PARTS.len()]);
        }
        let wanted = in_pieces(whole.as_bytes(), &[]);
        let mut sifter = Sifter::new(Ways::all(Way::Mask));
        let mut out = Vec::new();
        for piece in whole.as_bytes().chunks(777) {
            out.extend(sifter.push(piece));
        }
        assert!(out.len() > whole.len() / 2, "{} of {}", out.len(), whole.len());
        out.extend(sifter.finish());
        assert_eq!((out, *sifter.counts()), wanted);
    }

    #[test]
    fn after_a_refusal_nothing_goes_on() {
        let mut sifter = Sifter::new(Ways::all(Way::Keep).with(Class::Card, Way::Refuse));
        let mut out = sifter.push(b"pay with 4111 1111 1111 1111 and more");
        out.extend(sifter.finish());
        assert_eq!((out, sifter.refused()), (Vec::new(), Some(Class::Card)));
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same(whole in some(), cuts in proptest::collection::vec(0_usize..2000, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
            cuts.sort_unstable();
            let wanted = in_pieces(whole.as_bytes(), &[]);
            prop_assert_eq!(in_pieces(whole.as_bytes(), &cuts), wanted.clone());
            let sifted = text(whole.as_bytes(), &Ways::all(Way::Mask));
            prop_assert_eq!(sifted.bytes.unwrap_or_else(|| whole.clone().into_bytes()), wanted.0);
        }

        #[test]
        fn nothing_but_what_is_found_changes(whole in some()) {
            let found = find(whole.as_bytes());
            let out = text(whole.as_bytes(), &Ways::all(Way::Mask)).bytes.unwrap_or_else(|| whole.clone().into_bytes());
            let mut at = 0;
            let mut rest = out.as_slice();
            for one in &found {
                prop_assert!(one.start >= at && one.end > one.start);
                prop_assert!(whole.is_char_boundary(one.start) && whole.is_char_boundary(one.end));
                for part in [&whole.as_bytes()[at..one.start], one.mask(&whole.as_bytes()[one.start..one.end]).as_bytes()] {
                    prop_assert!(rest.starts_with(part));
                    rest = &rest[part.len()..];
                }
                at = one.end;
            }
            prop_assert_eq!(rest, &whole.as_bytes()[at..]);
        }

        #[test]
        fn a_masked_message_is_json_of_the_same_shape(texts in proptest::collection::vec(some(), 1..5), key in some()) {
            let value = serde_json::json!({"jsonrpc": "2.0", "id": 1, "result": {
                "content": texts, "structuredContent": {key: {"password": "h4Rd-t0-gu3ss"}}}});
            let body = value.to_string();
            let sifted = message(body.as_bytes(), &Ways::all(Way::Mask)).unwrap();
            let out: serde_json::Value = serde_json::from_slice(&sifted.bytes.unwrap()).unwrap();
            prop_assert_eq!(&out["id"], &value["id"]);
            let lines = |value: &serde_json::Value| value["result"]["content"].as_array().unwrap().len();
            prop_assert_eq!(lines(&out), lines(&value));
            prop_assert!(!out.to_string().contains("h4Rd"));
        }

        #[test]
        fn any_bytes_are_sifted(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut sifter = Sifter::new(Ways::default());
            let mut out = sifter.push(&bytes);
            out.extend(sifter.finish());
            prop_assert!(message(&bytes, &Ways::default()).is_ok() || !bytes.is_empty() || out.is_empty());
        }
    }
}
