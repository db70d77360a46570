//! HTML as lines: blocks begin lines, items begin records, cells stand beside each other.
//!
//! SECURITY: only for reading records out of it; what is invisible is found by `values::hidden`. Never here: scripts.

/// The text of HTML as lines.
pub(super) fn lines(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for (at, piece) in html.split('<').enumerate() {
        if at == 0 {
            out.push_str(piece);
            continue;
        }
        let Some((tag, text)) = piece.split_once('>') else {
            out.push('<');
            out.push_str(piece);
            continue;
        };
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let closing = tag.starts_with('/');
        match (name.to_ascii_lowercase().as_str(), closing) {
            (
                "article" | "li" | "section" | "tbody" | "thead" | "table" | "ul" | "ol" | "dl",
                false,
            ) => {
                out.push_str("\n\n");
            }
            ("td" | "th", true) => out.push_str(" | "),
            ("dt", true) => {}
            ("p" | "div" | "br" | "tr" | "h1" | "h2" | "h3" | "h4" | "dt" | "dl", _)
                if !out.ends_with('\n') =>
            {
                out.push('\n');
            }
            ("dd", false) => out.push_str(": "),
            _ => {}
        }
        // What stands in a cell is one line, however it is written.
        if matches!(name.to_ascii_lowercase().as_str(), "dd" | "td") && !closing {
            out.push_str(&text.replace('\n', " "));
        } else {
            out.push_str(text);
        }
    }
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ];
    let out = entities.iter().fold(out, |text, (name, letter)| text.replace(name, letter));
    let full: Vec<&str> =
        out.lines().map(|line| line.trim().trim_end_matches('|').trim()).collect();
    full.join("\n").trim().to_owned()
}
