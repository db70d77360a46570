//! A scan as one page: no script, no address that is fetched, styles in the page, so that it can be opened anywhere and sent by mail.
//!
//! SECURITY: everything that was found is written through [`text`]; nothing found becomes a tag, an attribute or an address.
//! Never here: a finding. To add a part: a function that appends to the page, called in [`page`].

use std::fmt::Write as _;

use writ_model::text::shown;

use crate::{
    discover::{Kind, Verdict},
    found::Found,
};

/// LIMIT: rows of one table; the rest is counted, and is in `--json`.
const ROWS: usize = 2_000;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1a1d21;background:#fff}\
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem}table{border-collapse:collapse;width:100%;font-size:.9rem}\
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #d9dce1;overflow-wrap:anywhere}\
.malicious{color:#a40e26;font-weight:600}.suspicious{color:#8a4b00;font-weight:600}.unknown{color:#57606a}.clean{color:#116329}\
.cure{color:#0b5394}code{font-size:.85rem}@media (prefers-color-scheme:dark){body{color:#e6e8eb;background:#15181c}\
th,td{border-color:#33383f}.malicious{color:#ff7b8b}.suspicious{color:#f0b266}.unknown{color:#9aa4af}.clean{color:#6ecb8b}.cure{color:#8fbcff}}";

/// The page.
pub fn page(found: &Found, about: &str) -> String {
    let mut out = String::from("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    out.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>What AI runs here</title><style>");
    out.push_str(STYLE);
    out.push_str("</style></head><body><h1>What AI runs here</h1>");
    let _written = write!(out, "<p>{}</p>", text(about));
    let lines = super::summary::lines(found);
    let _written =
        write!(out, "<p><strong>{}</strong></p>", text(lines.first().map_or("", String::as_str)));
    counts(found, &mut out);
    worst(found, &mut out);
    components(found, &mut out);
    files(found, &mut out);
    coverage(found, &mut out);
    out.push_str("</body></html>\n");
    out
}

/// Somebody's text as text: letters that hide are written out, marks of HTML escaped.
fn text(said: &str) -> String {
    let mut out = String::with_capacity(said.len());
    for letter in shown(said).chars() {
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

fn verdict(finding: Verdict) -> String {
    format!("<span class=\"{0}\">{0}</span>", finding.word())
}

fn counts(found: &Found, out: &mut String) {
    out.push_str("<table><tbody>");
    let counts = found.counts();
    for (kind, _, many) in Kind::WORDS {
        if let Some(count) = counts.get(&kind) {
            let _written = write!(out, "<tr><th scope=\"row\">{many}</th><td>{count}</td></tr>");
        }
    }
    out.push_str("</tbody></table>");
}

fn worst(found: &Found, out: &mut String) {
    let worst = found.worst_few(5);
    if worst.is_empty() {
        return;
    }
    out.push_str("<h2>The worst, and what cures it</h2><ol>");
    for one in worst {
        let reason = one.reason.map_or("", |reason| reason.sentence.as_str());
        let _written = write!(
            out,
            "<li>{} <strong>{}</strong> in <code>{}</code><br>{}<br><span class=\"cure\">{}</span></li>",
            verdict(one.finding),
            text(one.name),
            text(one.path),
            text(reason),
            text(one.cure())
        );
    }
    out.push_str("</ol>");
}

fn components(found: &Found, out: &mut String) {
    for (kind, _, many) in Kind::WORDS {
        let of: Vec<_> = found.components.iter().filter(|one| one.kind == kind).collect();
        if of.is_empty() {
            continue;
        }
        let _written = write!(
            out,
            "<h2>{}</h2><table><thead><tr><th scope=\"col\">what</th><th scope=\"col\">whose</th><th scope=\"col\">verdict</th><th scope=\"col\">why</th><th scope=\"col\">found in</th></tr></thead><tbody>",
            text(many)
        );
        for one in of.iter().take(ROWS) {
            let version = one.version.as_deref().unwrap_or_default();
            let whose: Vec<&str> = [
                one.client.as_deref(),
                one.scope.map(crate::discover::Scope::word),
                one.user.as_deref(),
            ]
            .into_iter()
            .flatten()
            .collect();
            let why: Vec<String> =
                one.reasons.iter().map(|reason| text(&reason.sentence)).collect();
            let unseen = one.not_looked_at.iter().map(|what| {
                format!("<span class=\"unknown\">not looked at: {}</span>", text(what))
            });
            let why: Vec<String> = why.into_iter().chain(unseen).collect();
            let _written = write!(
                out,
                "<tr><td>{} {}</td><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code> {} <span class=\"unknown\">{} ({} of 100)</span></td></tr>",
                text(&one.name),
                text(version),
                text(&whose.join(", ")),
                verdict(one.finding),
                why.join("<br>"),
                text(&one.path),
                text(&one.at),
                text(&one.rule),
                one.sure
            );
        }
        out.push_str("</tbody></table>");
        more(of.len(), out);
    }
}

fn more(count: usize, out: &mut String) {
    let more = count.saturating_sub(ROWS);
    if more > 0 {
        let _written =
            write!(out, "<p>and {more} more, which are in the document that --json prints</p>");
    }
}

fn files(found: &Found, out: &mut String) {
    let mut of: Vec<_> = found.files.iter().collect();
    of.sort_by(|one, other| {
        other.finding.cmp(&one.finding).then_with(|| one.path.cmp(&other.path))
    });
    if of.is_empty() {
        return;
    }
    out.push_str("<h2>files examined</h2><table><thead><tr><th scope=\"col\">file</th><th scope=\"col\">kind</th><th scope=\"col\">verdict</th><th scope=\"col\">why</th></tr></thead><tbody>");
    for one in of.iter().take(ROWS) {
        let why: Vec<String> = one
            .reasons
            .iter()
            .map(|reason| text(&reason.sentence))
            .chain(one.not_looked_at.iter().map(|what| format!("not looked at: {}", text(what))))
            .collect();
        let _written = write!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
            text(&one.path),
            text(&one.kind),
            verdict(one.finding),
            why.join("<br>")
        );
    }
    out.push_str("</tbody></table>");
    more(of.len(), out);
}

fn coverage(found: &Found, out: &mut String) {
    out.push_str("<h2>What was looked at, and what was not</h2><ul>");
    let lines = super::summary::lines(found);
    let from = lines.iter().position(|line| line.starts_with("Looked at")).unwrap_or(lines.len());
    for line in lines.iter().skip(from) {
        let _written = write!(out, "<li>{}</li>", text(line));
    }
    for one in found.coverage.unread.iter().take(ROWS) {
        let _written = write!(
            out,
            "<li>could not read <code>{}</code>: {}</li>",
            text(&one.path),
            text(&one.why)
        );
    }
    out.push_str("</ul>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::{Component, Reason};

    #[test]
    fn nothing_found_becomes_markup() {
        let evil = "<script>alert(1)</script>\"' onload=x \u{202e}";
        let reasons = vec![Reason::new("mcp.shell", evil, evil)];
        let mut one = Component::new(Kind::McpServer, evil, evil, "mcp.server").because(reasons);
        one.version = Some(evil.to_owned());
        one.client = Some(evil.to_owned());
        one.unknown(evil);
        let mut found = Found { components: vec![one], ..Found::default() };
        found.coverage.could_not_read(evil, evil);
        let page = page(&found, evil);
        assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{page}");
        assert!(!page.contains("\"' onload"), "{page}");
        assert!(
            page.contains("default-src 'none'")
                && !page.contains("http://")
                && !page.contains("https://")
        );
    }
}
