//! Files of models: which are examined, and what `writ-scan` says of them in the words of this crate.
//!
//! Never here: a rule about a format. To have another ending examined on a whole machine: [`ENDINGS`].

use std::sync::{Mutex, PoisonError};

use writ_scan::{Finding, Limits, Report, Source};

use super::{Component, FileVerdict, Kind, Place, Reason, Status, Verdict};

/// Endings of names that are examined wherever they stand.
const ENDINGS: [&str; 44] = [
    "pkl",
    "pickle",
    "pck",
    "pcl",
    "p",
    "joblib",
    "dill",
    "cloudpickle",
    "pt",
    "pth",
    "pt2",
    "ptl",
    "ckpt",
    "model",
    "npy",
    "npz",
    "h5",
    "hdf5",
    "keras",
    "pb",
    "onnx",
    "safetensors",
    "gguf",
    "ggml",
    "ggla",
    "pmml",
    "skops",
    "mar",
    "nemo",
    "llamafile",
    "tflite",
    "mlmodel",
    "msgpack",
    "rds",
    "rda",
    "pdparams",
    "pdmodel",
    "t7",
    "caffemodel",
    "weights",
    "params",
    "mlpackage",
    "bst",
    "pkl.gz",
];

/// Endings that many other files have, too; on a whole machine only what begins like one of a model is examined.
const COMMON: [&str; 14] =
    ["bin", "dat", "data", "zip", "tar", "gz", "tgz", "bz2", "xz", "7z", "npz", "z", "lzma", "pyc"];

/// Endings of what is never examined as a model unless it begins like one.
const OTHERS: [&str; 60] = [
    "md", "txt", "rst", "html", "htm", "css", "scss", "svg", "png", "jpg", "jpeg", "gif", "webp",
    "ico", "woff", "woff2", "ttf", "otf", "eot", "mp3", "mp4", "wav", "ogg", "webm", "mov", "avi",
    "mkv", "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "map", "lock", "toml",
    "yaml", "yml", "ini", "cfg", "conf", "sh", "c", "h", "cpp", "hpp", "cc", "o", "so", "a", "dll",
    "exe", "dylib", "class", "jar", "rlib", "rmeta",
];

/// Whether and how a file is examined as a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Examine {
    /// Always.
    Yes,
    /// If it begins like a model.
    IfLike,
    /// Always, and told only if its format is known.
    Quietly,
    /// Not.
    No,
}

/// Whether a file is examined, by its place alone.
pub(crate) fn examine(place: &Place) -> Examine {
    use super::Mode;
    let ending = place.ending();
    let ending = ending.as_str();
    let parts = &place.parts;
    let blob = parts.iter().any(|part| part == "blobs")
        && parts.iter().any(|part| {
            part.contains("huggingface")
                || part == ".ollama"
                || part == "ollama"
                || part.starts_with("models--")
        });
    if super::frameworks::language(ending).is_some() {
        // Source that stands by itself is somebody's program, not a part of a model: others look at it.
        return Examine::IfLike;
    }
    match place.mode {
        Mode::Named => Examine::Yes,
        _ if ENDINGS.contains(&ending) => Examine::Yes,
        // Somebody named the folder: an old pickle begins with any letter, and is called data.bin.
        Mode::Path if blob || COMMON.contains(&ending) => Examine::Yes,
        _ if blob || COMMON.contains(&ending) => Examine::IfLike,
        Mode::Host => Examine::No,
        _ if OTHERS.contains(&ending) => Examine::IfLike,
        _ => Examine::Quietly,
    }
}

/// Whether bytes begin like a file of a model, an archive or something compressed.
pub(crate) fn like(head: &[u8]) -> bool {
    let starts = |mark: &[u8]| head.starts_with(mark);
    (head.first() == Some(&0x80) && head.get(1).is_some_and(|version| (1..=5).contains(version)))
        || starts(b"PK\x03\x04")
        || starts(b"\x89HDF\r\n\x1a\n")
        || starts(b"\x93NUMPY")
        || starts(b"GGUF")
        || starts(b"\x1f\x8b")
        || starts(b"BZh")
        || starts(b"\xfd7zXZ")
        || starts(b"7z\xbc\xaf\x27\x1c")
        || head.get(257..262) == Some(b"ustar")
        || (head.get(8) == Some(&b'{') && head.get(4..8) == Some(&[0, 0, 0, 0]))
}

/// LIMIT: what one examination may cost that runs alone.
fn large() -> Limits {
    Limits { unpacked: 48 << 20, ..Limits::default() }
}

/// Held by the one examination that may take much memory: what two threads take stays below 256 MB, whatever they come to.
static ALONE: Mutex<()> = Mutex::new(());

/// Examines within little memory first; what meets a limit there is examined again, one file after the other.
fn examined(name: &str, source: &mut dyn Source) -> Report {
    let report = writ_scan::examine(name, source, &Limits::small());
    if report.status == writ_scan::Status::Complete || report.finding == Finding::Malicious {
        return report;
    }
    let _one = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    writ_scan::examine(name, source, &large())
}

/// What an examination makes of a file.
#[derive(Debug)]
pub(crate) enum Examined {
    /// A verdict, and the model that it is.
    Told(Box<(FileVerdict, Option<Component>)>),
    /// It is counted and not told, in these words.
    Counted(&'static str),
    /// It is no model.
    Nothing,
}

/// Examines a file.
pub(crate) fn look(place: &Place, how: Examine, source: &mut dyn Source) -> Examined {
    let report = examined(place.name(), source);
    let known = report.kind != writ_scan::Kind::Other;
    let text = matches!(
        report.kind,
        writ_scan::Kind::Json | writ_scan::Kind::Python | writ_scan::Kind::Xml
    );
    let bad = matches!(report.finding, Finding::Suspicious | Finding::Malicious);
    // What is only text, or of no format that is known, is told if it was named, or if something is wrong with it.
    if how != Examine::Yes && !bad && (!known || text) {
        return Examined::Nothing;
    }
    // A whole machine has thousands of archives, and files that are called like a model by chance.
    if place.mode == super::Mode::Host && report.finding != Finding::Malicious {
        match report.kind {
            writ_scan::Kind::Zip
            | writ_scan::Kind::Tar
            | writ_scan::Kind::Compressed
            | writ_scan::Kind::SevenZip => {
                return Examined::Counted("archives that are no model, not told unless malicious");
            }
            writ_scan::Kind::Other if !bad => {
                return Examined::Counted(
                    "files that are called like a model and are of no format that is known",
                );
            }
            _ => {}
        }
    }
    let kind = word(report.kind);
    let verdict = FileVerdict {
        path: place.path.clone(),
        kind: kind.clone(),
        status: match report.status {
            writ_scan::Status::Complete => Status::Complete,
            writ_scan::Status::Partial => Status::Partial,
            writ_scan::Status::Error => Status::Error,
        },
        finding: match report.finding {
            Finding::Clean => Verdict::Clean,
            Finding::Unknown => Verdict::Unknown,
            Finding::Suspicious => Verdict::Suspicious,
            Finding::Malicious => Verdict::Malicious,
        },
        rules: report.rules.iter().map(|rule| (*rule).into()).collect(),
        reasons: report
            .reasons
            .into_iter()
            .take(super::MAX_REASONS)
            .map(|reason| Reason {
                rule: reason.rule.into(),
                sentence: reason.sentence,
                at: reason.at.to_string(),
            })
            .collect(),
        not_looked_at: report.not_looked_at,
    };
    let model = known && !text;
    let component = model.then(|| {
        let mut found = Component::new(Kind::Model, place.name(), &place.path, "model.file")
            .about("format", kind);
        found.status = verdict.status;
        found.finding = verdict.finding;
        found.reasons.clone_from(&verdict.reasons);
        found.not_looked_at.clone_from(&verdict.not_looked_at);
        found.about("bytes", source.len().to_string())
    });
    Examined::Told(Box::new((verdict, component)))
}

/// The word of a kind, as it is written in documents.
fn word(kind: writ_scan::Kind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "other".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::discover::Mode;

    #[test]
    fn what_is_examined_depends_on_name_and_way() {
        let how = |path: &str, mode| examine(&Place::of(Path::new(path), mode));
        assert_eq!(how("/x/model.pkl", Mode::Host), Examine::Yes);
        assert_eq!(how("/x/anything.md", Mode::Named), Examine::Yes);
        assert_eq!(how("/x/train.py", Mode::Named), Examine::IfLike);
        assert_eq!(how("/x/pytorch_model.bin", Mode::Host), Examine::IfLike);
        assert_eq!(how("/x/data.bin", Mode::Path), Examine::Yes);
        assert_eq!(how("/x/notes.md", Mode::Host), Examine::No);
        assert_eq!(how("/x/notes.md", Mode::Path), Examine::IfLike);
        assert_eq!(how("/x/thing", Mode::Path), Examine::Quietly);
        assert_eq!(
            how("/h/.cache/huggingface/hub/models--a--b/blobs/0f3c", Mode::Host),
            Examine::IfLike
        );
        assert!(like(b"\x80\x04\x95") && like(b"PK\x03\x04") && !like(b"hello") && !like(b""));
    }
}
