//! What a file is: by its first bytes, then by its name, and who reads it.
//!
//! Never here: a format's own rules. To add a format: its sign in [`part`], its reader in a file of its own.

use crate::{
    book::Book,
    bytecode, gguf, hdf5, hidden, json, markup, npy, onnx,
    pickle::{self, Besides},
    python,
    report::{Finding, Kind},
    safetensors,
    source::{Part, Source, little, narrow, piece, read, wide},
    squeeze, tar, tensorflow, zip,
};

/// LIMIT: bytes of a beginning.
const HEAD: usize = 4 << 10;
/// LIMIT: bytes of something unknown that are searched.
const UNKNOWN: usize = 1 << 20;

/// Reads a file or a part of one by what it is. What is broken is searched besides: its mark may have been put there.
pub(crate) fn part(name: &str, source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    let failed = book.failed();
    let kind = told(name, source, book);
    if book.failed() > failed {
        let bytes = read(source, 0, UNKNOWN).unwrap_or_default();
        hidden::search(book, &bytes, 0);
    }
    kind
}

fn told(name: &str, source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    let head = match read(source, 0, HEAD) {
        Ok(head) => head,
        Err(unread) => {
            book.broken("source.unread", 0, unread.to_string());
            return Kind::Other;
        }
    };
    let name = name.to_ascii_lowercase();
    if head.is_empty() {
        return Kind::Other;
    }
    let mut kind = None;
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        kind = Some(zip::read(&name, source, book));
    }
    let plain = matches!(head.as_slice(), [0x80, 0..=5, ..]);
    if kind.is_none() && !plain {
        kind = signed(&name, &head, source, book);
    }
    if kind.is_none() && !plain {
        kind = called(&name, &head, source, book);
    }
    if kind.is_none() && (plain || old(&name, &head)) {
        let kind = pickle::read(source, pickle::Setting::Plain, book);
        beside(&name, &head, source, book);
        return kind;
    }
    let kind = match kind {
        Some(kind) => kind,
        None => guessed(&name, &head, source, book),
    };
    twofold(&head, source, book);
    kind
}

/// A file of another format that is a pickle besides: who calls it one loads that, whatever stands around it.
fn twofold(head: &[u8], source: &mut dyn Source, book: &mut Book<'_>) {
    if !hidden::opens(head) {
        return;
    }
    let mut besides = Besides::No;
    let most = narrow(source.len()).min(UNKNOWN);
    let tried = book.attempt("pickle", most, |book| besides = pickle::besides(source, book));
    match besides {
        Besides::No => {}
        Besides::Unsure => book.partial("what it is as a pickle, whose beginning it has"),
        Besides::Runs => {
            book.add(Finding::Suspicious, "sniff.two", 0, TWO);
            book.merge(tried);
        }
    }
}

const TWO: &str = "it is a file of two formats at once: what it does depends on who loads it";

/// A pickle that another format's loader takes for its own: those look behind the beginning.
fn beside(name: &str, head: &[u8], source: &mut dyn Source, book: &mut Book<'_>) {
    if hdf5::signature(source).is_some() {
        book.add(Finding::Suspicious, "sniff.two", 0, TWO);
        let _kind = hdf5::read(source, book);
    }
    if piece(head, 257, 5) == Some(b"ustar") || tar::summed(head) {
        book.add(Finding::Suspicious, "sniff.two", 0, TWO);
        let _kind = tar::read(source, book);
    }
    let zipped = [".keras", ".skops", ".zip", ".npz"].iter().any(|ending| name.ends_with(ending));
    if zipped && ends(source) {
        book.add(Finding::Suspicious, "sniff.two", 0, TWO);
        let _kind = zip::read(name, source, book);
    }
}

/// Whether a zip's end stands at the end: enough for some loaders, whatever stands in front.
fn ends(source: &mut dyn Source) -> bool {
    let from = source.len().saturating_sub(66_000);
    let tail = read(source, from, 66_000).unwrap_or_default();
    crate::source::find(&tail, b"PK\x05\x06").is_some()
}

/// Formats with a sign of their own.
fn signed(name: &str, head: &[u8], source: &mut dyn Source, book: &mut Book<'_>) -> Option<Kind> {
    // What joblib wrote before 0.10: a mark, a length in letters, zlib.
    if head.starts_with(b"ZF0x") {
        let length = source.len().saturating_sub(21);
        let mut rest = Part::new(source, 21, length);
        return Some(squeeze::read(name, &mut rest, squeeze::Way::Zlib, book));
    }
    if let Some(way) = squeeze::of(head) {
        return Some(squeeze::read(name, source, way, book));
    }
    let at = |place: usize, sign: &[u8]| piece(head, place, sign.len()) == Some(sign);
    if at(0, b"\x93NUMPY") {
        return Some(npy::read(source, book));
    }
    let block = [".h5", ".hdf5", ".hdf", ".he5", ".keras"].iter().any(|end| name.ends_with(end));
    if [0, 512, 1024, 2048].iter().any(|place| at(*place, b"\x89HDF\r\n\x1a\n"))
        || block && hdf5::signature(source).is_some()
    {
        return Some(hdf5::read(source, book));
    }
    if at(0, b"GGUF") || at(0, b"FUGG") {
        return Some(gguf::read(source, book));
    }
    if at(257, b"ustar") || tar::summed(head) {
        return Some(tar::read(source, book));
    }
    if at(0, b"7z\xbc\xaf\x27\x1c") {
        let sentence = "a 7z archive is no way to carry a model, and hides it from those who look";
        book.add(Finding::Suspicious, "archive.7z", 0, sentence);
        book.partial("the members of a 7z archive");
        return Some(Kind::SevenZip);
    }
    if at(4, b"TFL3") {
        book.partial("a TensorFlow Lite model: there is no reader");
        return Some(Kind::Tflite);
    }
    if at(0, b"RDX2\n")
        || at(0, b"RDX3\n")
        || at(0, b"X\n\0\0\0")
        || at(0, b"A\n2\n")
        || at(0, b"A\n3\n")
    {
        book.partial("R data: there is no reader");
        return Some(Kind::Rds);
    }
    if safetensors::signed(head, source.len()) {
        return Some(safetensors::read(source, book));
    }
    None
}

/// Formats that are told by their name, if the bytes do not speak against it.
fn called(name: &str, head: &[u8], source: &mut dyn Source, book: &mut Book<'_>) -> Option<Kind> {
    let ends = |ending: &str| name.ends_with(ending);
    let start = head.iter().find(|byte| !byte.is_ascii_whitespace()).copied();
    let mark = head.starts_with(b"\xef\xbb\xbf");
    if start == Some(b'<')
        || mark && head.get(3) == Some(&b'<')
        || head.starts_with(b"\xff\xfe<")
        || head.starts_with(b"<\0")
        || head.starts_with(b"\0<")
        || head.starts_with(b"\xfe\xff\0<")
    {
        return Some(markup::read(source, book));
    }
    if ends(".safetensors") {
        return Some(safetensors::read(source, book));
    }
    if ends(".onnx") {
        return Some(onnx::read(source, book));
    }
    if ends(".pb") || ends(".pbtxt") {
        return Some(tensorflow::read(source, book));
    }
    if ends(".py") {
        return Some(python::read(source, book));
    }
    if ends(".pyc") {
        return Some(bytecode::read(source, book));
    }
    if ends(".mlmodel") {
        book.partial("a Core ML model: there is no reader");
        return Some(Kind::CoreMl);
    }
    if ends(".msgpack") {
        book.partial("MessagePack: there is no reader");
        return Some(Kind::MessagePack);
    }
    let brace = matches!(start, Some(b'{' | b'['));
    if brace
        && (ends(".json") || ends(".ipynb") || !hidden::opens(head) || text(head))
        && json::plausible(head)
    {
        return Some(json::read(source, book));
    }
    None
}

/// Whether a name is one that pickles have.
fn named(name: &str) -> bool {
    let endings = [
        ".pkl",
        ".pickle",
        ".p",
        ".pk",
        ".pck",
        ".pcl",
        ".joblib",
        ".dill",
        ".cloudpickle",
        ".pt",
        ".pth",
        ".ptl",
        ".ckpt",
        ".weights",
        ".params",
        ".bin",
        ".dat",
    ];
    endings.iter().any(|ending| name.ends_with(ending))
}

/// Whether it is a pickle of protocol 0 or 1, which has no sign.
fn old(name: &str, head: &[u8]) -> bool {
    hidden::opens(head) && (named(name) && !text(head) || walks(head))
}

/// What neither a sign nor a name tells.
fn guessed(name: &str, head: &[u8], source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    if onnx::plausible(head) {
        return onnx::read(source, book);
    }
    if tensorflow::plausible(head) {
        return tensorflow::read(source, book);
    }
    if text(head) && !named(name) {
        letters(source, book);
        return Kind::Other;
    }
    // A library of HDF5 passes over anything in front, if only its length is a power of two.
    if hdf5::signature(source).is_some() {
        return hdf5::read(source, book);
    }
    if ends(source) {
        return zip::read(name, source, book);
    }
    let bytes = read(source, 0, UNKNOWN).unwrap_or_default();
    hidden::search(book, &bytes, 0);
    book.partial("a format that no reader knows");
    Kind::Other
}

/// Searches a text from its beginning to its end.
fn letters(source: &mut dyn Source, book: &mut Book<'_>) {
    let most = source.len().min(wide(book.limits.whole));
    let mut at = 0;
    while at < most {
        let bytes = read(source, at, UNKNOWN).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        hidden::search(book, &bytes, at);
        at += wide(bytes.len());
    }
    if at < source.len() {
        book.partial("a text behind the limit of bytes");
    }
}

/// Whether bytes are letters.
fn text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(_) => true,
        // A letter that is cut at the end of the beginning.
        Err(broken) => broken.error_len().is_none(),
    };
    whole && !head.iter().any(|byte| *byte < 9 || (14..32).contains(byte) && *byte != 27)
}

/// Whether the beginning walks as a pickle of protocol 0 or 1: several opcodes that fit each other.
fn walks(head: &[u8]) -> bool {
    let limits = crate::Limits::default();
    let mut book = Book::new(&limits);
    pickle::fits(head, &mut book)
}

/// Whether a length in front fits the file: for readers that begin with one.
pub(crate) fn fits(head: &[u8], len: u64) -> bool {
    piece(head, 0, 8)
        .map(little)
        .is_some_and(|length| length >= 2 && length <= len.saturating_sub(8))
}
