//! Readers of files that may carry code: pickles, archives, formats of models, templates, source.
//!
//! What has to hold besides that they end well, fast and in bounded memory: the same bytes get the same verdict, what was not
//! looked at to its end is not clean, a file that is cut is not clean, and what is told is bounded and shows as it is.
//! Never here: a payload that does something. To add a reader: a [`Target`] in [`TARGETS`], small files of it in [`seeds`].

use std::fmt::Write as _;

use anyhow::Result;
use writ_scan::{Finding, Kind, Limits, Report, Slice, Status, examine, examine_as};

use super::hunt::{Made, Target, Told};

mod seeds;

/// LIMIT: steps of one examination; an unoptimised build takes thirty times as long for each.
const STEPS: u64 = if cfg!(debug_assertions) { 1_000_000 } else { 100_000_000 };
/// LIMIT: letters that one sentence, path or line may have.
const SENTENCE: usize = 2_400;
/// LIMIT: lines about what was not looked at.
const SKIPPED: usize = 64;

const fn limits() -> Limits {
    Limits {
        depth: 16,
        unpacked: 4 << 20,
        steps: STEPS,
        reasons: 32,
        searched: 8 << 30,
        whole: 4 << 20,
        values: 100_000,
    }
}

const fn target(
    name: &'static str,
    about: &'static str,
    tokens: &'static [&'static str],
    make: fn() -> Result<Made>,
) -> Target {
    Target { name, about, tokens, make }
}

/// Words of pickles: names, and opcodes that are letters.
const OPCODES: &[&str] = &[
    "cos\nsystem\n",
    "(S'x'\ntR",
    "}q\u{0}",
    "h\u{0}",
    "R.",
    "0",
    "(",
    "t",
    "]",
    "a",
    "e",
    "s",
    "u",
    "b",
    "o",
    "ibuiltins\neval\n",
    "I01\n",
    "L1L\n",
    "Vx\n",
    "P1\n",
    "Q",
    "N.",
    "K\u{1}",
    "X\u{4}\u{0}\u{0}\u{0}code",
    "B\u{4}\u{0}\u{0}\u{0}data",
    "numpy",
    "torch",
    "collections\nOrderedDict\n",
    "joblib.numpy_pickle\nNumpyArrayWrapper\n",
    "_codecs\nencode\n",
    "latin1",
];
const JSON: &[&str] = &[
    "class_name",
    "config",
    "Lambda",
    "__lambda__",
    "module",
    "registered_name",
    "builtins",
    "function",
    "code",
    "chat_template",
    "auto_map",
    "__module__",
    "__class__",
    "__loader__",
    "MethodNode",
    "content",
    "func",
    "vocabulary",
    "{{ x.__class__ }}",
];
const TENSORS: &[&str] =
    &["F32", "dtype", "shape", "data_offsets", "__metadata__", "[0,4]", "U8", "BOOL"];
const JINJA: &[&str] = &[
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "__class__",
    "|attr(",
    "lipsum",
    "range(9999999)",
    "import",
    "'",
    "\"",
    "\\x5f",
    "~",
    "[",
    ".",
];
const XML: &[&str] = &[
    "<!ENTITY",
    "<!DOCTYPE",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<Extension value=\"",
    "\"/>",
    "</PMML>",
    "xi:include",
    "java.lang.Runtime",
];
const SOURCE: &[&str] = &[
    "import os\n",
    "exec(",
    "eval(",
    "__import__('os').",
    "base64.b64decode('",
    "')",
    "Y29zCnN5c3RlbQooUyd0cnVlJwp0Ui4=",
    "x\u{1}c",
    "compile(",
];

/// The readers.
pub(crate) const TARGETS: &[Target] = &[
    target("model-pickle", "pickles of every protocol, one after the other", OPCODES, || {
        Ok(made(Kind::Pickle, seeds::pickles))
    }),
    target("model-hidden", "what stands in a literal of a pickle", OPCODES, || Ok(literal())),
    target(
        "model-zip",
        "zip archives: of torch, of Keras, of skops, of numpy",
        &["PK", "data.pkl", "config.json", "schema.json", "../"],
        || Ok(made(Kind::Zip, seeds::zips)),
    ),
    target("model-tar", "tar archives", &["ustar", "0000644", "../x", "path="], || {
        Ok(made(Kind::Tar, seeds::tars))
    }),
    target(
        "model-squeezed",
        "what is compressed: gzip, zlib, bzip2, xz, lzma",
        &["BZh9", "PK"],
        || Ok(made(Kind::Compressed, seeds::squeezed)),
    ),
    target(
        "model-npy",
        "arrays of numpy",
        &["descr", "<f8", "|O", "shape", "(1,)", "fortran_order", "True"],
        || Ok(made(Kind::Npy, seeds::arrays)),
    ),
    target(
        "model-hdf5",
        "HDF5, and what Keras 2 writes into it",
        &["model_config\0", "training_config\0", "GCOL", "HEAP"],
        || Ok(made(Kind::Hdf5, seeds::hdf5)),
    ),
    target("model-keras", "the configuration of a Keras archive", JSON, || {
        Ok(made(Kind::Keras, seeds::keras))
    }),
    target("model-skops", "the schema of a skops archive", JSON, || {
        Ok(made(Kind::Skops, seeds::skops))
    }),
    target(
        "model-tensorflow",
        "graphs of TensorFlow",
        &["ReadFile", "PyFunc", "Add", "file://"],
        || Ok(made(Kind::TensorFlow, seeds::graphs)),
    ),
    target("model-onnx", "models of ONNX", &["location", "../x", "ai.onnx", "PyOp"], || {
        Ok(made(Kind::Onnx, seeds::onnx))
    }),
    target("model-safetensors", "safetensors", TENSORS, || {
        Ok(made(Kind::Safetensors, seeds::safetensors))
    }),
    target("model-gguf", "GGUF", &["GGUF", "tokenizer.chat_template", "{{", "}}"], || {
        Ok(made(Kind::Gguf, seeds::gguf))
    }),
    target("model-xml", "XML, PMML among it", XML, || Ok(made(Kind::Xml, seeds::xml))),
    target("model-json", "JSON that goes with models", JSON, || Ok(made(Kind::Json, seeds::keras))),
    target("model-template", "templates of chats", JINJA, || Ok(template())),
    target("model-python", "Python source in an archive", SOURCE, || {
        Ok(made(Kind::Python, seeds::sources))
    }),
    target("model-bytecode", "compiled Python", &["z\u{6}system", "z\u{2}os", "c"], || {
        Ok(made(Kind::Bytecode, seeds::bytecode))
    }),
    target("model-any", "a file of any name, told by its content", OPCODES, || Ok(any())),
];

fn made(kind: Kind, seeds: fn() -> Vec<Vec<u8>>) -> Made {
    let tries = move |input: &[u8]| {
        let read = |bytes: &[u8]| examine_as(kind, bytes, &limits());
        held(kind, input, &read)
    };
    Made { seeds: seeds(), tries: Box::new(tries) }
}

/// A pickle that is one literal.
fn literal() -> Made {
    let tries = |input: &[u8]| {
        let mut bytes = b"\x80\x04B".to_vec();
        bytes.extend(u32::try_from(input.len()).unwrap_or(0).to_le_bytes());
        bytes.extend(input);
        bytes.push(b'.');
        held(Kind::Pickle, &bytes, &|bytes| examine_as(Kind::Pickle, bytes, &limits()))
    };
    let mut seeds = seeds::pickles();
    seeds.extend([seeds::squeezed(), seeds::sources(), seeds::bytecode(), seeds::zips()].concat());
    Made { seeds, tries: Box::new(tries) }
}

/// A configuration with one template.
fn template() -> Made {
    let tries = |input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let bytes = serde_json::json!({ "chat_template": text }).to_string().into_bytes();
        held(Kind::Json, &bytes, &|bytes| examine_as(Kind::Json, bytes, &limits()))
    };
    Made { seeds: seeds::templates(), tries: Box::new(tries) }
}

/// Names that tell something; the first byte of an input picks one.
const NAMES: [&str; 12] = [
    "x",
    "x.pkl",
    "x.bin",
    "x.pt",
    "x.h5",
    "x.keras",
    "x.onnx",
    "x.pb",
    "x.safetensors",
    "x.json",
    "x.tar.gz",
    "x.py",
];

fn any() -> Made {
    let tries = |input: &[u8]| {
        let Some((first, rest)) = input.split_first() else {
            return Told::Taken("empty".to_owned());
        };
        let name = NAMES.get(usize::from(first % 12)).copied().unwrap_or("x");
        // What it is may change with its last byte, and what is nothing known is clean text.
        held(Kind::Other, rest, &|bytes| examine(name, &mut Slice(bytes), &limits()))
    };
    let mut seeds = Vec::new();
    for (at, seed) in seeds::all().into_iter().enumerate() {
        let mut input = vec![u8::try_from(at % 12).unwrap_or(0)];
        input.extend(seed);
        seeds.push(input);
    }
    Made { seeds, tries: Box::new(tries) }
}

/// Whether a file of this kind ends where its last byte says so, and nothing may follow or lack.
fn ends(kind: Kind, bytes: &[u8]) -> bool {
    match kind {
        Kind::Pickle => bytes.ends_with(b"."),
        Kind::Json | Kind::Keras | Kind::Skops => bytes.ends_with(b"}"),
        Kind::Xml => bytes.ends_with(b">"),
        Kind::Zip | Kind::Npy | Kind::Onnx | Kind::Safetensors => true,
        _ => false,
    }
}

fn held(kind: Kind, input: &[u8], read: &dyn Fn(&[u8]) -> Report) -> Told {
    let report = read(input);
    if report != read(input) {
        return Told::Broken("the same bytes get another report".to_owned());
    }
    if report.finding == Finding::Clean && report.status != Status::Complete {
        return Told::Broken(format!("clean, and {:?}", report.status));
    }
    if let Some(why) = odd(&report) {
        return Told::Broken(why);
    }
    // What stands behind the pickles of an old file of torch are numbers, and their length is not theirs alone.
    if report.finding == Finding::Clean
        && report.kind != Kind::TorchLegacy
        && ends(kind, input)
        && let Some((_, cut)) = input.split_last()
        && read(cut).finding == Finding::Clean
    {
        return Told::Broken("a cut file is clean".to_owned());
    }
    let mut way = format!("{:?} {:?} {:?}", report.kind, report.status, report.finding);
    for rule in &report.rules {
        let _told = write!(way, " {rule}");
    }
    Told::Taken(way)
}

/// What is wrong with how a report is told.
fn odd(report: &Report) -> Option<String> {
    if report.reasons.len() > limits().reasons || report.not_looked_at.len() > SKIPPED {
        return Some("more is told than there is room for".to_owned());
    }
    let told = report
        .reasons
        .iter()
        .flat_map(|one| [one.sentence.as_str(), one.at.path.as_str()])
        .chain(report.not_looked_at.iter().map(String::as_str));
    for line in told {
        if line.len() > SENTENCE {
            return Some(format!("a line has {} bytes", line.len()));
        }
        if line.chars().any(char::is_control) {
            return Some("a line has letters that steer a terminal".to_owned());
        }
    }
    (report.finding >= Finding::Suspicious && report.rules.is_empty())
        .then(|| "a finding without a rule".to_owned())
}
