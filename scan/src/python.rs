//! Python source that a file carries: in archives, where a loader runs it, and in literals, where something may.
//!
//! Source is not understood here, only searched for what no model's data needs.
//! Never here: a verdict of clean for code. To add a sign: a row in one of the lists.

use crate::{
    book::Book,
    report::{Finding, Kind},
    source::{Source, find, read as read_at, wide},
};

/// LIMIT: bytes of one source that are searched.
const READ: usize = 4 << 20;

/// Calls that only an attack writes, and nobody writes about.
const PAYLOAD: &[&str] = &[
    "__import__('os').",
    "__import__(\"os\").",
    "__import__('subprocess').",
    "__import__(\"subprocess\").",
    "__import__('socket').",
    "__import__(\"socket\").",
    "__import__('base64').",
    "__import__(\"base64\").",
    "exec(base64.",
    "exec(zlib.",
    "exec(__import__(",
    "exec(marshal.",
    "eval(base64.",
    "eval(__import__(",
];

/// Calls that reach outside.
const STRONG: &[&str] = &[
    "__import__('os'",
    "__import__(\"os\"",
    "__import__('subprocess",
    "__import__(\"subprocess",
    "__import__('socket",
    "__import__(\"socket",
    "__import__('builtins",
    "__import__('base64",
    "__import__(\"base64",
    "os.system(",
    "os.popen(",
    "os.exec",
    "os.spawn",
    "posix.system(",
    "subprocess.Popen(",
    "subprocess.call(",
    "subprocess.run(",
    "subprocess.check_output(",
    "subprocess.check_call(",
    "subprocess.getoutput(",
    "pty.spawn(",
    "socket.socket(",
    "exec(base64",
    "exec(zlib",
    "exec(compile(",
    "exec(__import__",
    "exec(bytes",
    "exec(open(",
    "exec(requests",
    "exec(urllib",
    "exec(marshal",
    "eval(compile(",
    "eval(base64",
    "eval(__import__",
    "marshal.loads(",
    "pickle.loads(",
    "urllib.request.urlopen(",
    "urlretrieve(",
    "ctypes.CDLL(",
    "ctypes.cdll",
    "getattr(os,",
    "getattr(__builtins__",
    "importlib.import_module(",
    "__builtins__[",
    "__subclasses__()",
];

/// What code of a model's own may have, and an attack needs.
const WEAK: &[&str] = &[
    "import os",
    "import sys",
    "import subprocess",
    "import socket",
    "import ctypes",
    "import requests",
    "import urllib",
    "import pickle",
    "import marshal",
    "import shutil",
    "import pty",
    "from os ",
    "from subprocess ",
    "exec(",
    "eval(",
    "compile(",
    "__import__(",
    "getattr(",
    "open(",
    "globals()",
];

/// What `TorchScript` can do that touches files.
const SCRIPT: &[&str] = &[
    "torch.from_file",
    "aten.save",
    "torch.save",
    "aten.from_file",
    "prim.PythonOp",
    "ops.aten.__",
];

fn first<'w>(bytes: &[u8], words: &[&'w str]) -> Option<(&'w str, usize)> {
    words.iter().find_map(|word| find(bytes, word.as_bytes()).map(|at| (*word, at)))
}

/// Looks whether a literal is source that runs something. Prose may speak of a call; what was encoded is no prose.
pub(crate) fn probe(book: &mut Book<'_>, bytes: &[u8], encoded: bool) {
    if !bytes.contains(&b'(') || !bytes.contains(&b')') {
        return;
    }
    if let Some((word, at)) = first(bytes, if encoded { STRONG } else { PAYLOAD }) {
        let sentence = format!("source that says `{word}`");
        book.add(Finding::Suspicious, "hidden.source", wide(at), sentence);
    }
}

/// Reads a source file that an archive carries.
pub(crate) fn read(source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    let bytes = match read_at(source, 0, READ) {
        Ok(bytes) => bytes,
        Err(_unread) => {
            book.broken("source.unread", 0, "bytes could not be read");
            return Kind::Python;
        }
    };
    if let Some((word, at)) = first(&bytes, STRONG) {
        let sentence = format!("Python source that says `{word}`");
        book.add(Finding::Malicious, "python.runs", wide(at), sentence);
    } else if let Some((word, at)) = first(&bytes, WEAK) {
        let sentence = format!("Python source that says `{word}`");
        book.add(Finding::Suspicious, "python.reaches", wide(at), sentence);
    } else {
        let sentence = "Python source: what it does was not worked out";
        book.add(Finding::Unknown, "python.carried", 0, sentence);
    }
    crate::hidden::literal(book, &bytes, 0);
    Kind::Python
}

/// Reads the code of a `TorchScript` archive: a language of its own that can name nothing but operators.
pub(crate) fn read_script(source: &mut dyn Source, book: &mut Book<'_>) {
    let Ok(bytes) = read_at(source, 0, READ) else {
        book.broken("source.unread", 0, "bytes could not be read");
        return;
    };
    if let Some((word, at)) = first(&bytes, SCRIPT).or_else(|| first(&bytes, STRONG)) {
        let sentence = format!("code of TorchScript that says `{word}`");
        book.add(Finding::Suspicious, "torchscript.reaches", wide(at), sentence);
    }
}
