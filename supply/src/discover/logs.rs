//! AI services in logs of names, proxies and firewalls: every word of a line that is a host of the catalogue, or below one.
//!
//! Any log of text will do, because the host is looked for and not a column. Bounded: [`LINE`] bytes of a line, [`ASKERS`] askers of
//! a service. Never here: a decision about a service. To add one: a row in `data/services.tsv`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use super::{Component, Kind, Place, Reason, Source, Status, tables};

/// LIMIT: bytes of one line that are looked at; a proxy's longest line.
const LINE: usize = 64 << 10;
/// LIMIT: askers of one service that are told apart; beyond it the number is said to be at least this.
const ASKERS: usize = 4_096;
/// Bytes read at once.
const CHUNK: usize = 256 << 10;

/// A service of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) domain: &'static str,
    pub(crate) vendor: &'static str,
    pub(crate) category: &'static str,
    pub(crate) risk: &'static str,
}

static SERVICES: LazyLock<BTreeMap<&'static str, Service>> = LazyLock::new(|| {
    tables::rows::<5>(tables::SERVICES)
        .map(|[domain, vendor, category, risk, _source]| {
            (domain, Service { domain, vendor, category, risk })
        })
        .collect()
});

/// The service of a host, in lower case: the row of it, or of the nearest domain above it.
pub(crate) fn service(host: &str) -> Option<Service> {
    let mut rest = host;
    loop {
        if let Some(found) = SERVICES.get(rest) {
            return Some(*found);
        }
        rest = rest.split_once('.')?.1;
    }
}

/// What was seen of a service.
#[derive(Debug, Default)]
struct Seen {
    lines: u64,
    first: u64,
    hosts: BTreeSet<String>,
    askers: BTreeSet<String>,
}

/// What a log says.
#[derive(Debug, Default)]
struct Log {
    seen: BTreeMap<&'static str, Seen>,
    lines: u64,
    cut: u64,
}

impl Log {
    fn line(&mut self, line: &[u8]) {
        self.lines += 1;
        let line = if line.len() > LINE {
            self.cut += 1;
            line.get(..LINE).unwrap_or_default()
        } else {
            line
        };
        let mut asker: Option<&[u8]> = None;
        let mut found: Vec<(Service, String)> = Vec::new();
        for word in line.split(|byte| {
            !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':'))
        }) {
            if word.len() < 4 || !word.contains(&b'.') && !word.contains(&b':') {
                continue;
            }
            if asker.is_none() && address(word) {
                asker = Some(word);
                continue;
            }
            let Ok(text) = std::str::from_utf8(word) else { continue };
            let host =
                text.split(':').next().unwrap_or(text).trim_matches('.').to_ascii_lowercase();
            if host.len() <= 253
                && let Some(service) = service(&host)
                && !found.iter().any(|(known, _)| known.domain == service.domain)
            {
                found.push((service, host));
            }
        }
        for (service, host) in found {
            let seen = self.seen.entry(service.domain).or_default();
            seen.lines += 1;
            if seen.first == 0 {
                seen.first = self.lines;
            }
            if seen.hosts.len() < 8 {
                seen.hosts.insert(host);
            }
            if let Some(asker) = asker
                && seen.askers.len() < ASKERS
            {
                let text = String::from_utf8_lossy(asker);
                seen.askers.insert(text.split(':').next().unwrap_or_default().to_owned());
            }
        }
    }
}

/// Whether a word is an address of IPv4, a port behind it let be.
fn address(word: &[u8]) -> bool {
    let head = word.split(|byte| *byte == b':').next().unwrap_or(word);
    let mut parts = 0;
    for part in head.split(|byte| *byte == b'.') {
        parts += 1;
        if part.is_empty() || part.len() > 3 || !part.iter().all(u8::is_ascii_digit) {
            return false;
        }
    }
    parts == 4
}

/// The services that a log names.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn services(
    place: &Place,
    source: &mut dyn Source,
) -> Result<(Vec<Component>, u64), String> {
    let mut log = Log::default();
    let mut chunk = vec![0_u8; CHUNK];
    let mut rest: Vec<u8> = Vec::new();
    let mut at = 0;
    loop {
        let read = source.read_at(at, &mut chunk).map_err(|error| error.to_string())?;
        if read == 0 {
            break;
        }
        at += u64::try_from(read).unwrap_or(0);
        let mut pieces =
            chunk.get(..read).unwrap_or_default().split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                // A line without an end is kept up to what is looked at, and the rest of it let go.
                let room = (LINE + 1).saturating_sub(rest.len());
                rest.extend(piece.iter().take(room));
            } else if rest.is_empty() {
                log.line(piece);
            } else {
                let room = (LINE + 1).saturating_sub(rest.len());
                rest.extend(piece.iter().take(room));
                log.line(&rest);
                rest.clear();
            }
        }
    }
    if !rest.is_empty() {
        log.line(&rest);
    }
    let lines = log.lines;
    let cut = log.cut;
    let mut out: Vec<Component> =
        log.seen.into_iter().filter_map(|(domain, seen)| component(place, domain, &seen)).collect();
    if cut > 0 {
        for one in &mut out {
            one.status = Status::Partial;
            one.not_looked_at.push(format!("the ends of {cut} lines of more than {LINE} bytes"));
        }
    }
    Ok((out, lines))
}

fn component(place: &Place, domain: &str, seen: &Seen) -> Option<Component> {
    let service = SERVICES.get(domain)?;
    let askers = if seen.askers.len() >= ASKERS {
        format!("at least {ASKERS}")
    } else {
        seen.askers.len().to_string()
    };
    let mut found = Component::new(Kind::Service, domain, &place.path, "service.log")
        .about("vendor", service.vendor)
        .about("category", service.category)
        .about("risk", service.risk)
        .about("lines", seen.lines.to_string())
        .about("askers", askers.clone())
        .about("hosts", seen.hosts.iter().cloned().collect::<Vec<_>>().join(", "));
    found.at = format!("line {}", seen.first);
    if service.risk == "high" {
        let sentence = format!(
            "{} lines from {askers} addresses speak of {domain} ({}).",
            seen.lines, service.vendor
        );
        found.add(vec![Reason::new("service.risk", sentence, found.at.clone())]);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use writ_scan::Slice;

    use super::*;
    use crate::discover::Mode;

    #[test]
    fn services_are_found_in_any_log() {
        let log = "Nov 22 10:00:01 dnsmasq[1]: query[A] chatgpt.com from 10.0.0.5\n\
            1763805602.1 12 10.0.0.6 TCP_TUNNEL/200 39 CONNECT api.deepseek.com:443 - HIER_DIRECT/1.2.3.4 -\n\
            10.0.0.7 - - [22/Nov/2026] \"GET www.Otter.AI/x HTTP/1.1\" 200\n\
            {\"src\":\"10.0.0.5\",\"host\":\"ab.chatgpt.com.\"}\n\
            10.0.0.8 notchatgpt.com example.com mychatgpt.com.evil.example\n";
        let place = Place::of(Path::new("dns.log"), Mode::Named);
        let (found, lines) = services(&place, &mut Slice(log.as_bytes())).unwrap();
        assert_eq!(lines, 5);
        let told: Vec<(&str, &str, &str, bool)> = found
            .iter()
            .map(|one| {
                (
                    one.name.as_str(),
                    one.about["lines"].as_str(),
                    one.about["askers"].as_str(),
                    one.finding.bad(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("api.deepseek.com", "1", "1", true),
                ("chatgpt.com", "2", "1", false),
                ("otter.ai", "1", "1", true),
            ]
        );
        assert!(found[1].about["hosts"].contains("ab.chatgpt.com"));
    }

    #[test]
    fn a_line_without_an_end_takes_no_memory_of_its_length() {
        let mut log = vec![b'a'; 3 << 20];
        log.extend_from_slice(b"\n10.0.0.1 claude.ai\n");
        let place = Place::of(Path::new("x.log"), Mode::Named);
        let (found, lines) = services(&place, &mut Slice(&log)).unwrap();
        assert_eq!((found.len(), lines), (1, 2));
        assert_eq!(found[0].status, Status::Partial);
    }
}
