//! The summary of a scan: what, how many, the five worst with their cure, and what was not seen. Lines one would show a client.
//!
//! Never here: colors, a terminal. To say one more thing: a line in [`lines`].

use writ_model::text::shown;

use crate::{
    discover::{Kind, Verdict},
    found::Found,
};

/// The worst that are told with their cure.
const WORST: usize = 5;
/// LIMIT: names told of one kind.
const NAMES: usize = 12;

/// The lines.
pub fn lines(found: &Found) -> Vec<String> {
    let mut out = vec![head(found)];
    let counts = found.counts();
    for (kind, one, many) in Kind::WORDS {
        let Some(count) = counts.get(&kind) else { continue };
        let word = if *count == 1 { one } else { many };
        out.push(format!("  {count:>5}  {word}{}", names(found, kind)));
    }
    let models = found.files.len();
    if models > 0 || found.more_clean_files > 0 {
        let total =
            u64::try_from(models).unwrap_or(u64::MAX).saturating_add(found.more_clean_files);
        let of =
            |verdict: Verdict| found.files.iter().filter(|file| file.finding == verdict).count();
        let clean =
            u64::try_from(of(Verdict::Clean)).unwrap_or(0).saturating_add(found.more_clean_files);
        out.push(format!(
            "  {total:>5}  files examined: {clean} clean, {} unknown, {} suspicious, {} malicious",
            of(Verdict::Unknown),
            of(Verdict::Suspicious),
            of(Verdict::Malicious)
        ));
    }
    let worst = found.worst_few(WORST);
    if !worst.is_empty() {
        out.push(String::new());
        out.push("The worst, and what cures it:".to_owned());
    }
    for (at, one) in worst.iter().enumerate() {
        out.push(format!(
            "  {}. {}: {} in {}",
            at + 1,
            one.finding.word(),
            shown(one.name),
            shown(one.path)
        ));
        if let Some(reason) = one.reason {
            let at = if reason.at.is_empty() {
                String::new()
            } else {
                format!(" ({})", shown(&reason.at))
            };
            out.push(format!("     {}{at} [{}]", shown(&reason.sentence), reason.rule));
        }
        out.push(format!("     → {}", one.cure()));
    }
    out.push(String::new());
    out.extend(coverage(found));
    out
}

fn head(found: &Found) -> String {
    let bad = |verdict: Verdict| {
        found.components.iter().filter(|one| one.finding == verdict).count()
            + found
                .files
                .iter()
                .filter(|file| {
                    file.finding == verdict
                        && !found.components.iter().any(|one| one.path == file.path)
                })
                .count()
    };
    let (malicious, suspicious, unknown) =
        (bad(Verdict::Malicious), bad(Verdict::Suspicious), bad(Verdict::Unknown));
    match found.worst() {
        Verdict::Malicious => {
            format!("Malicious: {malicious} malicious, {suspicious} suspicious, {unknown} unknown.")
        }
        Verdict::Suspicious => {
            format!("To be looked at: {suspicious} suspicious, {unknown} unknown.")
        }
        Verdict::Unknown => format!("Nothing bad was found, and {unknown} could not be told."),
        Verdict::Clean if found.incomplete() => {
            "Nothing bad was found in what could be read.".to_owned()
        }
        Verdict::Clean => "Nothing bad was found.".to_owned(),
    }
}

fn names(found: &Found, kind: Kind) -> String {
    let mut names: Vec<&str> = found
        .components
        .iter()
        .filter(|one| one.kind == kind)
        .map(|one| one.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(NAMES);
    names.truncate(NAMES);
    let list: Vec<String> =
        names.into_iter().map(|name| shown(&name.chars().take(48).collect::<String>())).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(": {}{more}", list.join(", "))
}

fn coverage(found: &Found) -> Vec<String> {
    let seen = &found.coverage;
    let mut out = vec![format!(
        "Looked at {} files in {} folders, opened {} ({}).",
        seen.files,
        seen.folders,
        seen.opened,
        bytes(seen.bytes)
    )];
    if seen.unread_count > 0 {
        let first: Vec<String> = seen
            .unread
            .iter()
            .take(3)
            .map(|one| format!("{} ({})", shown(&one.path), shown(&one.why)))
            .collect();
        out.push(format!("Could not read {}: {}", seen.unread_count, first.join(", ")));
    }
    for limit in &seen.limits {
        out.push(format!("Limit met: {limit}."));
    }
    for (words, count) in &seen.notes {
        out.push(format!("Also: {count} {words}."));
    }
    if seen.links + seen.special > 0 {
        out.push(format!(
            "Not followed: {} links. Never opened: {} pipes, sockets and devices.",
            seen.links, seen.special
        ));
    }
    if !seen.absent.is_empty() {
        out.push(format!("Looked for and not found: {}.", seen.absent.join(", ")));
    }
    for one in &seen.not_supported {
        out.push(format!("Not looked at: {one}."));
    }
    out
}

/// Bytes in the unit that is read at a glance.
fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} bytes"),
        10_000..10_000_000 => format!("{} kB", count / 1_000),
        10_000_000..10_000_000_000 => format!("{} MB", count / 1_000_000),
        _ => format!("{} GB", count / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::{Component, Reason};

    #[test]
    fn the_worst_come_first_with_their_cure() {
        let mut found = Found::default();
        let reason = |rule| vec![Reason::new(rule, "It is so.", "here")];
        found.components.push(
            Component::new(Kind::McpServer, "a\u{202e}b", "/a", "mcp.server")
                .because(reason("mcp.shell")),
        );
        found.components.push(
            Component::new(Kind::Hook, "x", "/b", "hook.command")
                .because(reason("code.reverse_shell")),
        );
        let lines = lines(&found);
        assert!(lines[0].starts_with("Malicious: 1 malicious, 1 suspicious"), "{lines:?}");
        let first = lines.iter().position(|line| line.contains("1. malicious: x in /b")).unwrap();
        assert!(lines[first + 2].contains("→ Take the machine off the network"), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains('\u{202e}')));
        assert_eq!(super::lines(&Found::default())[0], "Nothing bad was found.");
    }
}
