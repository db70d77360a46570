//! [`find`]: everything that is found in one text, in order, never one thing inside another. [`Scan`] is the same for a text
//! that comes in pieces.
//!
//! Never here: what a found thing looks like (the detectors), what becomes of it.

use crate::{
    Found,
    anchors::{ANCHORS, Anchor},
    hidden,
    look::{AHEAD, BACK, Look},
    person, secret,
};

/// Everything that is found in a text.
pub fn find(text: &[u8]) -> Vec<Found> {
    let mut scan = Scan::default();
    let mut out = Vec::new();
    scan.over((text, 0), true, &mut out);
    out
}

/// How far a text was looked at.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Every anchor that ends up to here was looked at.
    at: usize,
    state: u16,
    /// Nothing may begin before this: the end of the last thing found.
    free: usize,
}

impl Scan {
    /// Looks on in a text of which the first bytes, so many, are gone. Places are those of the whole text. Without its end
    /// in it, what is nearer to the end than [`AHEAD`] is left for later.
    pub(crate) fn over(&mut self, (text, gone): (&[u8], usize), ends: bool, out: &mut Vec<Found>) {
        let mut at = self.at - gone;
        let mut found = Vec::new();
        loop {
            let before = (at, self.state);
            let met = ANCHORS.seek(text, &mut at, &mut self.state);
            if met.is_empty() {
                break;
            }
            if !ends && at + AHEAD > text.len() {
                // Met again with the next piece: from the byte before it on, in the state before it.
                (at, self.state) = rewound(text, before, at);
                break;
            }
            let start = at.saturating_sub(BACK);
            let window = text.get(start..(at + AHEAD).min(text.len())).unwrap_or_default();
            let look = Look { text: window, at: at - start, first: start + gone == 0 };
            for anchor in met {
                detect(*anchor, &look, &mut found);
                for one in found.drain(..) {
                    let (from, to) = (one.start + start + gone, one.end + start + gone);
                    if from >= self.free && to > from {
                        self.free = to;
                        out.push(Found { start: from, end: to, ..one });
                    }
                }
            }
        }
        self.at = at + gone;
    }

    /// Up to here nothing more can be found: anchors behind it look back no further.
    pub(crate) fn settled(&self) -> usize {
        self.at.saturating_sub(BACK).max(self.free)
    }

    /// Bytes before this are not looked at again.
    pub(crate) fn needless(&self) -> usize {
        self.at.saturating_sub(BACK)
    }
}

/// The place and the state right before the anchor that ends at `met`.
fn rewound(text: &[u8], (from, mut state): (usize, u16), met: usize) -> (usize, u16) {
    let mut at = from;
    let head = text.get(..met.saturating_sub(1)).unwrap_or_default();
    ANCHORS.seek(head, &mut at, &mut state);
    (at, state)
}

fn detect(anchor: Anchor, look: &Look<'_>, out: &mut Vec<Found>) {
    match anchor {
        Anchor::Mark(row) => secret::mark(look, row, out),
        Anchor::Name => secret::named(look, out),
        Anchor::Scheme => secret::scheme(look, out),
        Anchor::Pem => secret::pem(look, out),
        Anchor::Jwt => secret::jwt(look, out),
        Anchor::Url => secret::url(look, out),
        Anchor::At => person::email(look, out),
        Anchor::Digit => person::digits(look, out),
        Anchor::Colons => person::colons(look, out),
        Anchor::Unseen => hidden::unseen(look, out),
        Anchor::Escape => hidden::escape(look, out),
        Anchor::Comment => hidden::comment(look, out),
        Anchor::Style => hidden::style(look, out),
    }
}
