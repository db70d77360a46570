//! What an examination says: how far it came, what it found, by which rules, and what it did not look at.
//!
//! Never here: a rule's own reasoning. To add a finding: no; the four are the contract. To add a kind: a row in [`Kind`].

use std::fmt;

use serde::Serialize;

/// How far the examination came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything that can carry code was read.
    Complete,
    /// A limit was met, or a part has no reader.
    Partial,
    /// The bytes contradict their own format, or could not be read.
    Error,
}

/// What was found. Ordered: what is worse is greater, and several become the worst of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Only what is known to be harmless, all of it read.
    Clean,
    /// It could not be told. Never the same as clean.
    Unknown,
    /// Something that does not belong into such a file, or is known to nobody.
    Suspicious,
    /// It runs a command, code or a download when it is loaded, or carries something that does.
    Malicious,
}

/// The format, told by content first and by name second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A Python pickle, protocols 0 to 5; joblib, dill and cloudpickle write it, too.
    Pickle,
    /// A torch file of before 1.6: five pickles, then weights.
    TorchLegacy,
    /// A torch file since 1.6: a zip with `data.pkl`.
    Torch,
    /// A zip archive, a numpy `.npz` among them.
    Zip,
    /// A Keras 3 archive.
    Keras,
    /// A skops archive.
    Skops,
    /// A tar archive.
    Tar,
    /// Something compressed: gzip, zlib, bzip2, xz.
    Compressed,
    /// A 7z archive.
    SevenZip,
    /// A numpy array.
    Npy,
    /// HDF5, Keras 2 among it.
    Hdf5,
    /// A TensorFlow graph.
    TensorFlow,
    /// ONNX.
    Onnx,
    /// safetensors.
    Safetensors,
    /// GGUF.
    Gguf,
    /// XML, PMML among it.
    Xml,
    /// JSON.
    Json,
    /// Python source.
    Python,
    /// Compiled Python.
    Bytecode,
    /// A flat buffer of TensorFlow Lite.
    Tflite,
    /// Core ML.
    CoreMl,
    /// Flax and other `MessagePack`.
    MessagePack,
    /// R data.
    Rds,
    /// Known to nobody here.
    Other,
}

/// A place: inside which part of the file, at which byte of that part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct At {
    /// Members and layers from the outside to the inside, separated by `!`; empty for the file itself.
    pub path: String,
    /// Bytes from the beginning of that part.
    pub offset: u64,
}

impl fmt::Display for At {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(out, "byte {}", self.offset)
        } else {
            write!(out, "{} byte {}", self.path, self.offset)
        }
    }
}

/// One reason for a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The rule: a stable word like `pickle.global.run`.
    pub rule: &'static str,
    /// One sentence; names out of the file stand quoted and cut.
    pub sentence: String,
    /// Where.
    pub at: At,
}

/// What one examination says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The format.
    pub kind: Kind,
    /// How far it came.
    pub status: Status,
    /// The worst that was found.
    pub finding: Finding,
    /// Every rule that spoke, once, in the order of their first word.
    pub rules: Vec<&'static str>,
    /// Why: at most [`crate::Limits::reasons`].
    pub reasons: Vec<Reason>,
    /// What was not looked at, and why that is so.
    pub not_looked_at: Vec<String>,
}
