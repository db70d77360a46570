//! [`Page`]: what is measured, in the text form that Prometheus reads (exposition format 0.0.4). Sources add to it when
//! it is asked for; nothing is kept between two askings.
//!
//! Never here: what is measured (`host/measured.rs`); a label whose values somebody outside can choose.
//! To add a kind of metric: its word in [`Kind`].

use std::{collections::BTreeMap, fmt::Write as _};

/// The media type.
pub const MEDIA: &str = "text/plain; version=0.0.4; charset=utf-8";
/// LIMIT: samples of one family: codes and servers of the operator's file; more would be somebody's mistake.
const SAMPLES: usize = 1_024;

/// What a family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows while the process lives.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Counts by upper bound.
    Histogram,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A label and its value.
pub type Label<'a> = (&'static str, &'a str);

#[derive(Debug)]
struct Family {
    kind: Kind,
    help: &'static str,
    lines: Vec<String>,
}

/// Metrics at one moment, by family.
#[derive(Debug, Default)]
pub struct Page {
    families: BTreeMap<&'static str, Family>,
    dropped: u64,
}

impl Page {
    /// Adds a counter's value.
    pub fn counter(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: &[Label<'_>],
        value: u64,
    ) {
        self.add((name, help, Kind::Counter), sample(name, "", labels, None, &value));
    }

    /// Adds a gauge's value.
    pub fn gauge(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: &[Label<'_>],
        value: f64,
    ) {
        self.add((name, help, Kind::Gauge), sample(name, "", labels, None, &value));
    }

    /// Adds a histogram: how many were at most each bound, not counting those of lower bounds; those over the last bound;
    /// and the sum of all, in the unit of the bounds.
    pub fn histogram(
        &mut self,
        (name, help): (&'static str, &'static str),
        labels: &[Label<'_>],
        buckets: &[(f64, u64)],
        (over, sum): (u64, f64),
    ) {
        let family = (name, help, Kind::Histogram);
        let mut count = 0;
        for (bound, more) in buckets {
            count += more;
            let line = sample(name, "_bucket", labels, Some(&bound.to_string()), &count);
            self.add(family, line);
        }
        count += over;
        self.add(family, sample(name, "_bucket", labels, Some("+Inf"), &count));
        self.add(family, sample(name, "_sum", labels, None, &sum));
        self.add(family, sample(name, "_count", labels, None, &count));
    }

    fn add(&mut self, (name, help, kind): (&'static str, &'static str, Kind), line: String) {
        let family =
            self.families.entry(name).or_insert_with(|| Family { kind, help, lines: Vec::new() });
        if family.lines.len() < SAMPLES {
            family.lines.push(line);
        } else {
            self.dropped += 1;
        }
    }

    /// Its text.
    pub fn text(mut self) -> String {
        let help = "Samples that were left out because a family had too many.";
        let dropped = self.dropped;
        self.counter("writ_metrics_dropped_total", help, &[], dropped);
        let mut out = String::new();
        for (name, family) in &self.families {
            let (kind, help) = (family.kind.word(), family.help);
            // Writing to a text cannot fail.
            let _never = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
            for line in &family.lines {
                out.push_str(line);
            }
        }
        out
    }
}

fn sample(
    name: &str,
    ending: &str,
    labels: &[Label<'_>],
    le: Option<&str>,
    value: &dyn std::fmt::Display,
) -> String {
    let mut all: Vec<String> =
        labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
    all.extend(le.map(|le| format!("le=\"{le}\"")));
    if all.is_empty() {
        return format!("{name}{ending} {value}\n");
    }
    format!("{name}{ending}{{{}}} {value}\n", all.join(","))
}

/// A label's value as the format wants it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_stand_together_with_their_kind() {
        let mut page = Page::default();
        page.counter("writ_calls_total", "Calls.", &[("effect", "allowed")], 3);
        page.gauge("writ_streams", "Streams.", &[], 2.5);
        page.counter("writ_calls_total", "Calls.", &[("effect", "a\"b\\c\nd")], 1);
        page.histogram(("writ_s", "Seconds."), &[("what", "x")], &[(0.1, 2), (1.0, 1)], (4, 9.5));
        let expected = "# HELP writ_calls_total Calls.\n# TYPE writ_calls_total counter\n\
            writ_calls_total{effect=\"allowed\"} 3\nwrit_calls_total{effect=\"a\\\"b\\\\c\\nd\"} 1\n\
            # HELP writ_metrics_dropped_total Samples that were left out because a family had too many.\n\
            # TYPE writ_metrics_dropped_total counter\nwrit_metrics_dropped_total 0\n\
            # HELP writ_s Seconds.\n# TYPE writ_s histogram\n\
            writ_s_bucket{what=\"x\",le=\"0.1\"} 2\nwrit_s_bucket{what=\"x\",le=\"1\"} 3\n\
            writ_s_bucket{what=\"x\",le=\"+Inf\"} 7\nwrit_s_sum{what=\"x\"} 9.5\nwrit_s_count{what=\"x\"} 7\n\
            # HELP writ_streams Streams.\n# TYPE writ_streams gauge\nwrit_streams 2.5\n";
        assert_eq!(page.text(), expected);
    }

    #[test]
    fn a_family_is_bounded_and_says_what_it_left_out() {
        let mut page = Page::default();
        for number in 0..SAMPLES + 7 {
            page.gauge("writ_x", "X.", &[("n", &number.to_string())], 0.0);
        }
        assert!(page.text().contains("writ_metrics_dropped_total 7\n"));
    }
}
