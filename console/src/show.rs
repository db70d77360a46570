//! How single values look: instants, ids, marks of state, counts, spans, a client's stripe, a bar of use.
//!
//! Everything here prints HTML that is already safe: values are escaped on the way in.
//! Never here: a page, or a rule about what a value means.

use std::{borrow::Borrow, fmt};

use askama::filters::HtmlSafe;
use writ_model::{Digest, Span, Timestamp, ocsf::Disposition};

use crate::{part, view::CallRow};

mod bar;
mod flow;
mod people;
pub use bar::{bar, stretch};
pub use flow::{End, flows};
pub use people::{Fingerprint, SessionLine, Spelled, device, fingerprint, kind, spelled, typed};

/// An instant as a reader wants it: how long ago, the exact instant on hover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    at: Timestamp,
    now: Timestamp,
}

impl When {
    /// An instant, seen from another.
    #[must_use]
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at, now }
    }

    /// `4 min ago`, `in 2 d`, `3 Nov 2026`.
    #[must_use]
    pub fn words(self) -> String {
        let passed = (self.now - self.at).as_micros();
        let text = rough(passed.unsigned_abs());
        match text {
            None => date(self.at),
            Some(text) if text == "0 s" => "now".to_owned(),
            Some(text) if passed < 0 => format!("in {text}"),
            Some(text) => format!("{text} ago"),
        }
    }

    /// The exact instant: `2026-11-21 22:00:05 UTC`.
    #[must_use]
    pub fn exact(self) -> String {
        let text = self.at.to_string().replace('T', " ");
        format!("{} UTC", text.get(..19).unwrap_or(&text))
    }

    /// The time of day to the millisecond, with the exact instant on hover.
    #[must_use]
    pub fn clock(self) -> Clock {
        Clock(self)
    }
}

/// An instant, by value or by any reference: what templates hand in.
pub trait Instant {
    /// Its value.
    fn instant(&self) -> Timestamp;
}
impl Instant for Timestamp {
    fn instant(&self) -> Timestamp {
        *self
    }
}
impl<T: Instant> Instant for &T {
    fn instant(&self) -> Timestamp {
        (**self).instant()
    }
}

/// The time of day of an instant.
#[derive(Debug, Clone, Copy)]
pub struct Clock(When);

impl fmt::Display for Clock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let iso = self.0.at.to_string();
        let time = iso.get(11..19).unwrap_or_default();
        let exact = self.0.exact();
        write!(out, "<time datetime=\"{iso}\" title=\"{exact}\" data-clock>{time}</time>")
    }
}

impl fmt::Display for When {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (iso, exact, words) = (self.at, self.exact(), self.words());
        write!(out, "<time datetime=\"{iso}\" title=\"{exact}\">{words}</time>")
    }
}

/// `12 s`, `4 min`, `5 h`, `3 d`; nothing for more than a fortnight.
fn rough(micros: u64) -> Option<String> {
    let seconds = micros / 1_000_000;
    match seconds {
        0..60 => Some(format!("{seconds} s")),
        60..3600 => Some(format!("{} min", seconds / 60)),
        3600..86_400 => Some(format!("{} h", seconds / 3600)),
        86_400..1_209_600 => Some(format!("{} d", seconds / 86_400)),
        _ => None,
    }
}

/// `3 Nov 2026`.
fn date(at: Timestamp) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = at.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().unwrap_or(1).saturating_sub(1);
    let day = part(8, 10).trim_start_matches('0');
    format!("{day} {} {}", MONTHS.get(month).copied().unwrap_or_default(), part(0, 4))
}

/// A text with its instants as people write them: `3 Nov 2026, 14:03 UTC`.
#[must_use]
pub fn prose(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let bare = word.trim_end_matches(['.', ',', ';', ':', ')']);
        let Ok(at) = bare.parse::<Timestamp>() else { return word.to_owned() };
        let tail = word.get(bare.len()..).unwrap_or_default();
        format!("{}, {} UTC{tail}", date(at), at.to_string().get(11..16).unwrap_or_default())
    });
    words.collect::<Vec<_>>().join(" ")
}

/// `340 µs`, `1.9 ms`, `1.24 s`.
#[must_use]
pub fn span(span: Span) -> String {
    let micros = span.as_micros().max(0).unsigned_abs();
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        10_000..1_000_000 => format!("{} ms", micros / 1000),
        1_000_000..60_000_000 => {
            format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000)
        }
        _ => rough(micros).unwrap_or_else(|| format!("{} d", micros / 86_400_000_000)),
    }
}

/// What can be counted; templates hand numbers in by value or by reference.
pub trait Number {
    /// Its value.
    fn number(&self) -> u64;
}
impl Number for u64 {
    fn number(&self) -> u64 {
        *self
    }
}
impl Number for usize {
    fn number(&self) -> u64 {
        u64::try_from(*self).unwrap_or(u64::MAX)
    }
}
impl<T: Number> Number for &T {
    fn number(&self) -> u64 {
        (**self).number()
    }
}

/// A count with its thousands set apart: `1,204`.
#[must_use]
pub fn count(number: impl Number) -> String {
    let digits = number.number().to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 agent`, `3 agents`.
#[must_use]
pub fn plural(number: impl Number, one: &str) -> String {
    let number = number.number();
    if number == 1 { format!("1 {one}") } else { format!("{} {one}s", count(number)) }
}

/// An id, cut in the middle, whole on hover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Short(pub String);

impl fmt::Display for Short {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = escape(&self.0);
        let letters: Vec<char> = self.0.chars().collect();
        if letters.len() <= 16 {
            return write!(out, "<span class=\"id\">{whole}</span>");
        }
        let start: String = letters.iter().take(4).collect();
        let end: String = letters.iter().skip(letters.len() - 6).collect();
        let (start, end) = (escape(&start), escape(&end));
        write!(out, "<span class=\"id\" title=\"{whole}\">{start}…{end}</span>")
    }
}

/// An id, cut.
#[must_use]
pub fn id(id: &impl fmt::Display) -> Short {
    Short(id.to_string())
}

/// A sentence, as people write it.
#[must_use]
pub fn said(text: &str) -> Said {
    Said(part::sentence(text))
}

/// A line of the book, as the desk says it.
#[must_use]
pub fn stated(text: &str) -> Said {
    Said(part::stated(text))
}

/// The reason of a call's decision.
#[must_use]
pub fn reason(call: &CallRow) -> Said {
    Said(part::about(&call.detail, &call.agent_name))
}

/// What a call was for: the thing it named, or for talk with the server itself the method.
#[must_use]
pub fn thing(call: &CallRow) -> &str {
    if call.surface == "server" { &call.method } else { &call.name }
}

/// Microseconds as people say them.
#[must_use]
pub fn micros(micros: impl Number) -> String {
    span(Span::micros(i64::try_from(micros.number()).unwrap_or(i64::MAX)))
}

/// What a mark means; its shape and its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Permitted, active, proven.
    Go,
    /// Waits for a person.
    Wait,
    /// Refused, ended by decision.
    Stop,
    /// Went wrong.
    Fail,
    /// Not yet begun.
    New,
    /// Noticed, ungoverned.
    Seen,
    /// Over.
    Past,
}

/// A state as a shape and a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    tone: Tone,
    word: &'static str,
}

impl Mark {
    /// A mark.
    #[must_use]
    pub const fn new(tone: Tone, word: &'static str) -> Self {
        Self { tone, word }
    }

    /// Its word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        self.word
    }

    /// Where an agent is in its life.
    #[must_use]
    pub fn life(life: &str) -> Self {
        match life {
            "observed" => Self::new(Tone::Seen, "Observed"),
            "proposed" => Self::new(Tone::New, "Proposed"),
            "chartered" => Self::new(Tone::New, "Chartered"),
            "active" => Self::new(Tone::Go, "Active"),
            "held" => Self::new(Tone::Wait, "On hold"),
            "quarantined" => Self::new(Tone::Wait, "Quarantined"),
            _ => Self::new(Tone::Past, "Terminated"),
        }
    }

    /// What became of a call.
    #[must_use]
    pub fn effect(effect: impl Borrow<Disposition>) -> Self {
        match effect.borrow() {
            Disposition::Allowed => Self::new(Tone::Go, "Permitted"),
            Disposition::Blocked => Self::new(Tone::Stop, "Refused"),
            Disposition::Errored => Self::new(Tone::Fail, "Failed"),
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = match self.tone {
            Tone::Go => "go",
            Tone::Wait => "wait",
            Tone::Stop => "stop",
            Tone::Fail => "fail",
            Tone::New => "new",
            Tone::Seen => "seen",
            Tone::Past => "past",
        };
        write!(out, "<span class=\"mark {class}\">{}</span>", self.word)
    }
}

/// Width of a stripe's tile, in pixels.
const TILE: u32 = 84;

/// A client's woven edge: bars that follow from its short name, so that a client is known before its name is read.
fn weave(slug: &str) -> String {
    let digest = Digest::of(slug.as_bytes());
    let mut path = String::new();
    let mut x = 0_u32;
    for byte in digest.as_bytes().iter().cycle() {
        let width = 1 + u32::from(byte & 3);
        if x + width > TILE - 2 {
            break;
        }
        let (y, height) = match byte >> 5 {
            0..4 => ("0", "10"),
            4 => ("0", "6"),
            5 => ("4", "6"),
            6 => ("0", "3"),
            _ => ("7", "3"),
        };
        let bar = [
            "M",
            &x.to_string(),
            " ",
            y,
            "h",
            &width.to_string(),
            "v",
            height,
            "h-",
            &width.to_string(),
            "z",
        ];
        path.extend(bar);
        x += width + 1 + u32::from(byte >> 2 & 1);
    }
    path
}

/// Lines that are no client's: two thin rules.
const ALL: &str = "M0 2h84v1h-84zM0 7h84v1h-84z";

/// A stripe over the whole width; nothing for the slug means all clients. `place` keeps its inner id unique on a page.
#[must_use]
pub fn stripe(slug: Option<&str>, place: &str) -> Svg {
    let path = slug.map_or_else(|| ALL.to_owned(), weave);
    let place = escape(place);
    Svg(format!(
        "<svg class=\"stripe\" aria-hidden=\"true\" focusable=\"false\"><defs><pattern id=\"stripe-{place}\" width=\"{TILE}\" \
         height=\"10\" patternUnits=\"userSpaceOnUse\"><path fill=\"currentColor\" d=\"{path}\"/></pattern></defs>\
         <path fill=\"url(#stripe-{place})\" d=\"M0 0h6000v10H0z\"/></svg>"
    ))
}

/// The same as a small chip, for rows.
#[must_use]
pub fn chip(slug: &str) -> Svg {
    let path = weave(slug);
    Svg(format!(
        "<svg class=\"chip\" viewBox=\"0 0 28 10\" aria-hidden=\"true\" focusable=\"false\"><path fill=\"currentColor\" d=\"{path}\"/></svg>"
    ))
}

/// A sentence: what stands between backticks is shown as code, which is how what others wrote looks quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said(pub String);

impl fmt::Display for Said {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.split('`').enumerate() {
            let part = escape(part);
            if at % 2 == 1 { write!(out, "<code>{part}</code>")? } else { out.write_str(&part)? }
        }
        Ok(())
    }
}

/// A drawing, ready to stand in a page.
#[derive(Debug, Clone)]
pub struct Svg(String);

impl fmt::Display for Svg {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl HtmlSafe for When {}
impl HtmlSafe for Clock {}
impl HtmlSafe for Short {}
impl HtmlSafe for Mark {}
impl HtmlSafe for Svg {}
impl HtmlSafe for Said {}

/// A text as it may stand in HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_read_as_people_say_them() {
        let now: Timestamp = "2026-11-21T22:00:05Z".parse().unwrap();
        for (at, words) in [
            ("2026-11-21T22:00:05Z", "now"),
            ("2026-11-21T21:56:04Z", "4 min ago"),
            ("2026-11-23T22:10:05Z", "in 2 d"),
            ("2026-11-03T08:00:00Z", "3 Nov 2026"),
        ] {
            assert_eq!(When::new(at.parse().unwrap(), now).words(), words);
        }
        let html = When::new(now, now).to_string();
        assert!(html.contains("title=\"2026-11-21 22:00:05 UTC\""), "{html}");
    }

    #[test]
    fn counts_spans_and_plurals() {
        assert_eq!(count(1_204_u64), "1,204");
        assert_eq!(count(999_u64), "999");
        assert_eq!(count(1_000_000_u64), "1,000,000");
        assert_eq!(plural(1_u64, "agent"), "1 agent");
        assert_eq!(plural(0_u64, "agent"), "0 agents");
        assert_eq!(span(Span::micros(340)), "340 µs");
        assert_eq!(span(Span::micros(1_940)), "1.9 ms");
        assert_eq!(span(Span::micros(1_240_000)), "1.24 s");
    }

    #[test]
    fn what_others_wrote_is_escaped() {
        let html = Short("<script>alert(1)</script>".to_owned()).to_string();
        assert!(!html.contains("<script>"), "{html}");
        assert!(!stripe(None, "\"><script>").to_string().contains("<script>"));
    }

    #[test]
    fn stripes_differ_between_clients() {
        let slugs = ["harbor-books", "juniper-dental", "cole-bakery", "a", "b"];
        let mut seen: Vec<_> = slugs.iter().map(|slug| weave(slug)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), slugs.len());
    }
}
