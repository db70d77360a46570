//! Where values went, as a chart: where they came from on the left, the agent, where it acted on the right, a line for each.
//!
//! Never here: a value that was read, or a number that is not handed in.

use std::fmt::Write as _;

use super::{Svg, escape};

/// LIMIT: boxes on a side; the tables below have the rest.
const BOXES: usize = 8;
/// LIMIT: letters of a name in a box.
const LETTERS: usize = 26;
/// Width and height of a box, and from one to the next.
const WIDE: usize = 200;
const TALL: usize = 24;
const STEP: usize = 34;
/// Where the three columns begin.
const COLUMNS: [usize; 3] = [0, 260, 520];

/// One end of a flow: its name, and whether somebody should look at it.
pub type End = (String, bool);

/// The chart; its words are for who does not see it.
#[must_use]
pub fn flows(from: &[End], agent: &str, to: &[End]) -> Svg {
    let rows = from.len().max(to.len()).clamp(1, BOXES);
    let tall = rows * STEP;
    let middle = tall / 2;
    let words = format!("{} places read by {agent}, which acted in {}", from.len(), to.len());
    let mut out = format!(
        "<svg class=\"flows\" viewBox=\"0 0 720 {tall}\" role=\"img\" aria-label=\"{}\">",
        escape(&words)
    );
    for (at, end) in from.iter().take(BOXES).enumerate() {
        line(&mut out, (COLUMNS[0] + WIDE, center(at)), (COLUMNS[1], middle), end.1);
        boxed(&mut out, (COLUMNS[0], center(at)), end);
    }
    for (at, end) in to.iter().take(BOXES).enumerate() {
        line(&mut out, (COLUMNS[1] + WIDE, middle), (COLUMNS[2], center(at)), end.1);
        boxed(&mut out, (COLUMNS[2], center(at)), end);
    }
    boxed(&mut out, (COLUMNS[1], middle), &(agent.to_owned(), false));
    out.push_str("</svg>");
    Svg(out)
}

const fn center(row: usize) -> usize {
    row * STEP + STEP / 2
}

fn boxed(out: &mut String, (x, y): (usize, usize), (name, bad): &End) {
    let short: String = name.chars().take(LETTERS).collect();
    let class = if *bad { "bad" } else { "plain" };
    // Writing to a string does not fail.
    let _always = write!(
        out,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"{WIDE}\" height=\"{TALL}\" rx=\"4\"/>\
         <text x=\"{}\" y=\"{}\">{}</text>",
        y - TALL / 2,
        x + 8,
        y + 4,
        escape(&short)
    );
}

fn line(out: &mut String, (x, y): (usize, usize), (to, at): (usize, usize), bad: bool) {
    let class = if bad { "bad" } else { "plain" };
    let half = usize::midpoint(x, to);
    let _always =
        write!(out, "<path class=\"{class}\" d=\"M{x} {y} C{half} {y} {half} {at} {to} {at}\"/>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_rows_are_bounded() {
        let many: Vec<End> = (0..50).map(|n| (format!("<b>{n}</b>"), n == 0)).collect();
        let Svg(html) = flows(&many, "a\"b", &[]);
        assert!(
            !html.contains("<b>") && html.contains("&#60;b&#62;0") || html.contains("&lt;b&gt;0"),
            "{html}"
        );
        assert_eq!(html.matches("<rect").count(), BOXES + 1);
        assert_eq!(html.matches("class=\"bad\"").count(), 2, "its box and its line");
    }
}
