//! Bars: used of granted, and a stretch of time within a whole.
//! Never here: a number that is not handed in.

use super::{Svg, count, micros};

/// Used of granted, as a bar with its words.
#[must_use]
pub fn bar(used: u64, room: u64) -> Svg {
    let share = used.saturating_mul(100).checked_div(room).unwrap_or(100).min(100);
    let class = if used >= room { "used full" } else { "used" };
    let title = format!("{} of {} used", count(used), count(room));
    Svg(format!(
        "<svg class=\"bar\" viewBox=\"0 0 102 8\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{title}\"><rect class=\"room\" \
         x=\"0.5\" y=\"0.5\" width=\"101\" height=\"7\"/><rect class=\"{class}\" x=\"1\" y=\"1\" width=\"{share}\" height=\"6\"/></svg>"
    ))
}

/// When something began and how long it took, within a whole, as a bar; what takes longer than the whole is full.
#[must_use]
pub fn stretch((from, took): (u64, u64), whole: u64) -> Svg {
    let share = |part: u64| part.saturating_mul(100).checked_div(whole).unwrap_or(100).min(100);
    let (x, width) = (share(from).min(99), share(took).max(1));
    let width = width.min(100 - x);
    let title = format!("{} from {} on, of {}", micros(took), micros(from), micros(whole));
    Svg(format!(
        "<svg class=\"bar\" viewBox=\"0 0 102 8\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{title}\"><rect class=\"room\" \
         x=\"0.5\" y=\"0.5\" width=\"101\" height=\"7\"/><rect class=\"used\" x=\"{}\" y=\"1\" width=\"{width}\" height=\"6\"/></svg>",
        x + 1
    ))
}
