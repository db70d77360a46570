//! Words that must not stand in the tree: unfinished work, ignored tests, places outside the repository, private hosts.

use crate::{
    mask::mask,
    none,
    tree::{File, files},
};

/// Hosts that committed text may name: public, or reserved for examples (RFC 2606, RFC 6761).
const HOSTS: &[&str] = &[
    "apache.org",
    "c2sp.org",
    "conformance-test.local",
    "crates.io",
    "datatracker.ietf.org",
    "docs.rs",
    "envoyproxy.io",
    "example.com",
    "example.net",
    "example.org",
    "github.com",
    "ietf.org",
    "iana.org",
    "json-schema.org",
    "keepachangelog.com",
    "modelcontextprotocol.io",
    "npmjs.com",
    "ocsf.io",
    "pypi.org",
    "rfc-editor.org",
    "rust-lang.org",
    "semver.org",
    "transparency.dev",
    "w3.org",
];
/// Labels of examples and of this machine; with something after them, they are an attacker in a test.
const RESERVED: &[&str] = &["example", "invalid", "test", "localhost"];

/// Endings of files whose text is ours to answer for.
const TEXTS: &[&str] = &[
    ".rs", ".md", ".toml", ".yaml", ".yml", ".py", ".json", ".txt", ".html", ".css", ".js", ".svg",
    ".lock", ".sh", "/run", "LICENSE",
];

fn texts() -> Vec<File> {
    let mut files = files("");
    files.retain(|file| TEXTS.iter().any(|ending| file.path.ends_with(ending)));
    files
}

#[test]
fn nothing_is_unfinished_or_ignored() {
    let mut bad = Vec::new();
    for file in files(".rs") {
        for (at, line) in mask(&file.text).lines().enumerate() {
            for word in ["todo!", "unimplemented!", "#[ignore", "#[allow(", "#![allow("] {
                if line.contains(word) {
                    bad.push(format!("{}:{}: `{word}`", file.path, at + 1));
                }
            }
        }
    }
    none("unfinished", &bad);
}

#[test]
fn nothing_names_a_place_outside_the_repository() {
    // Spelled in halves, so that this file does not break its own rule.
    let places = [concat!("/wo", "rk/"), concat!("/tmp/", "brief"), concat!("/ro", "ot/")];
    let mut bad = Vec::new();
    for file in texts() {
        for (at, line) in file.text.lines().enumerate() {
            for place in places.iter().filter(|place| line.contains(**place)) {
                bad.push(format!("{}:{}: `{place}`", file.path, at + 1));
            }
        }
    }
    none("outside path", &bad);
}

/// The host of every address in a text.
fn hosts(text: &str) -> Vec<String> {
    let starts = ["http://", "https://"];
    let mut found = Vec::new();
    for start in starts {
        for rest in text.split(start).skip(1) {
            let end = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_' | '@');
            let host = rest.split(end).next().unwrap_or("");
            let host = host.rsplit('@').next().unwrap_or("").trim_end_matches('.');
            found.push(host.to_ascii_lowercase());
        }
    }
    found
}

fn public(host: &str) -> bool {
    let reserved = |host: &str| host.split('.').any(|label| RESERVED.contains(&label));
    let covers = |known: &str| host == known || host.ends_with(&format!(".{known}"));
    // A name without a dot is nobody's; numbers are loopback only.
    !host.contains('.')
        || reserved(host)
        || host.starts_with("127.")
        || host == "0.0.0.0"
        || HOSTS.iter().any(|known| covers(known))
}

#[test]
fn every_host_is_public_or_reserved() {
    let mut bad = Vec::new();
    for file in texts() {
        for (at, line) in file.text.lines().enumerate() {
            for host in hosts(line).into_iter().filter(|host| !public(host)) {
                bad.push(format!("{}:{}: {host}", file.path, at + 1));
            }
        }
    }
    none("host outside the list in words.rs", &bad);
}

#[test]
fn hosts_are_found_and_judged() {
    let text = "see https://a.example/x and http://user@mirror.corp.example:80/y, https://www.rfc-editor.org/rfc/rfc9449";
    assert_eq!(hosts(text), ["mirror.corp.example", "a.example", "www.rfc-editor.org"]);
    assert!(public("a.example") && public("www.rfc-editor.org") && public("127.0.0.1"));
    assert!(!public("mirror.corp.internal") && !public("notgithub.com") && !public("10.0.0.1"));
}
