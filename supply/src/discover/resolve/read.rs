//! What is read of a package: its digest, what speaks against it, and what was left out. Bounded by who reads.
//!
//! Never here: where a package stands. To read another kind of file as text: its ending in [`Read::file`].

use std::path::Path;

use writ_model::{Digest, text::quote};

use super::{
    super::{Component, Files, MAX_REASONS, Reason, code, keys, shape, texts},
    DEPTH, MOST_BYTES, sha256_url,
};

/// Files that Python's own tools write so that code runs at its start.
const STARTERS: [&str; 3] = ["distutils-precedence.pth", "_virtualenv.pth", "a1_coverage.pth"];

/// Endings of what is neither read as text nor run: pictures, fonts, prose, maps of other sources.
const PASSED: [&str; 22] = [
    "png", "jpg", "jpeg", "gif", "webp", "ico", "svg", "woff", "woff2", "ttf", "otf", "eot", "mp3",
    "mp4", "pdf", "map", "md", "rst", "txt", "css", "html", "csv",
];

/// The text of a file that may be run: whatever it is called, and whether or not each of its letters is one.
fn script(ending: &str, bytes: &[u8]) -> Option<String> {
    let started = bytes.starts_with(b"#!");
    if !started && PASSED.contains(&ending.to_ascii_lowercase().as_str()) {
        return None;
    }
    match shape::text(bytes) {
        Ok(text) => Some(text),
        // A zero in the midst of letters is no text of anybody; a letter of another coding is.
        Err(_other) if started || !bytes.contains(&0) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        Err(_binary) => None,
    }
}

/// What was read of a package.
#[derive(Debug)]
pub(in super::super) struct Read {
    pub(super) digest: String,
    pub(in super::super) reasons: Vec<Reason>,
    files: usize,
    total: u64,
    /// LIMIT: files and bytes.
    most: (usize, u64),
    left: Vec<String>,
    parts: Vec<(String, Digest)>,
}

impl Read {
    /// Nothing yet, of so many files and bytes at most.
    pub(in super::super) fn within(files: usize, bytes: u64) -> Self {
        Self {
            digest: String::new(),
            reasons: Vec::new(),
            files: 0,
            total: 0,
            most: (files, bytes),
            left: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// How many files were read.
    pub(in super::super) fn files(&self) -> usize {
        self.files
    }

    /// Whether nothing more is read.
    pub(in super::super) fn full(&self) -> bool {
        self.files >= self.most.0 || self.total >= self.most.1
    }

    /// What was left out, in words.
    pub(in super::super) fn left(&self) -> &[String] {
        &self.left
    }

    /// Reads what a record names, each file against its digest there.
    pub(in super::super) fn recorded(&mut self, files: &dyn Files, site: &Path, record: &str) {
        for line in record.lines() {
            let mut cells = line.rsplitn(3, ',');
            let (_size, hash, name) = (cells.next(), cells.next(), cells.next());
            let (Some(hash), Some(name)) = (hash, name) else { continue };
            let name = name.trim_matches('"');
            if name.contains("..") || name.starts_with('/') || name.contains(".dist-info/") {
                continue;
            }
            let Some(bytes) = self.file(files, &site.join(name), name) else { continue };
            if let Some(expected) = hash.strip_prefix("sha256=")
                && sha256_url(&bytes) != expected
            {
                let sentence = format!(
                    "{} is not what was installed: its digest differs from the record's.",
                    quote(name)
                );
                self.reasons.push(Reason::new("lock.changed", sentence, name.to_owned()));
            }
        }
    }

    /// Reads one file into the digest and looks at its text.
    fn file(&mut self, files: &dyn Files, path: &Path, name: &str) -> Option<Vec<u8>> {
        if self.full() {
            self.leave(name, "is beyond what is read of one package");
            return None;
        }
        let Some((bytes, length)) = files.head(path, MOST_BYTES) else {
            self.leave(name, "cannot be read");
            return None;
        };
        self.files += 1;
        self.total += u64::try_from(bytes.len()).unwrap_or(0);
        if length > MOST_BYTES {
            self.leave(name, "is larger than what is read");
        }
        self.parts.push((name.to_owned(), Digest::of(&bytes)));
        let ending = name.rsplit('.').next().unwrap_or_default();
        if let Some(text) = script(ending, &bytes) {
            let mut said = code::signs(&text);
            said.extend(code::descriptions(&text));
            if ending == "pth"
                && !STARTERS.contains(&name)
                && text.lines().any(|line| line.trim_start().starts_with("import"))
            {
                let sentence = "It runs code whenever Python starts.";
                said.push(Reason::new("code.hidden_window", sentence, ""));
            }
            if ending != "json" {
                said.extend(keys::reasons(&text));
            }
            for one in &mut said {
                one.at =
                    if one.at.is_empty() { name.to_owned() } else { format!("{name} {}", one.at) };
            }
            if texts::bad(&said) {
                let room = MAX_REASONS.saturating_sub(self.reasons.len());
                self.reasons.extend(said.into_iter().take(room));
            }
        }
        if ["node", "so", "dll", "dylib", "exe", "wasm", "pyd"].contains(&ending)
            || [&b"\x7fELF"[..], b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm"]
                .iter()
                .any(|sign| bytes.starts_with(sign))
        {
            self.leave(name, "is compiled code");
        }
        Some(bytes)
    }

    /// Reads a package's folder, what lies in it for itself let be.
    pub(in super::super) fn folder(&mut self, files: &dyn Files, root: &Path) {
        let mut open = vec![(root.to_path_buf(), String::new(), 0)];
        while let Some((folder, name, depth)) = open.pop() {
            let Some(entries) = files.list(&folder) else {
                self.leave(&name, "cannot be listed");
                continue;
            };
            for entry in entries {
                let inner = if name.is_empty() {
                    entry.name.clone()
                } else {
                    format!("{name}/{}", entry.name)
                };
                if !entry.folder {
                    let _bytes = self.file(files, &folder.join(&entry.name), &inner);
                } else if matches!(entry.name.as_str(), "node_modules" | ".git") {
                } else if depth < DEPTH {
                    open.push((folder.join(&entry.name), inner, depth + 1));
                } else {
                    self.leave(&inner, "is too deep");
                }
            }
        }
    }

    fn leave(&mut self, name: &str, why: &str) {
        if self.left.len() < 8 {
            self.left.push(format!("{} {why}", quote(name)));
        } else if self.left.len() == 8 {
            self.left.push("and more files".to_owned());
        }
    }

    /// The digest over all names and digests.
    pub(super) fn close(&mut self) {
        self.parts.sort_by(|one, other| one.0.cmp(&other.0));
        let mut all = Vec::new();
        for (name, digest) in &self.parts {
            all.extend_from_slice(name.as_bytes());
            all.push(0);
            all.extend_from_slice(digest.as_bytes());
        }
        self.digest = Digest::of_parts(&[b"writ.package.v1\0", &all]).to_string();
        self.parts.clear();
    }

    pub(super) fn tell(&self, server: &mut Component, place: &Path) {
        server.about.insert("found".into(), place.to_string_lossy().into_owned());
        server.about.insert("read".into(), format!("{} files, {} bytes", self.files, self.total));
        for left in &self.left {
            server.unknown(left.clone());
        }
        if self.files == 0 {
            server.unknown("any file of it");
        }
    }
}
