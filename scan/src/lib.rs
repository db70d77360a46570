//! Files that may carry code, read without running any of it: a verdict has a status, a finding and what was not looked at.
//!
//! Never here: IO, a process, an object built from what is read, a `clean` for what could not be resolved.
//! To add a format: a file below `src`, its sign in the sniffer, its cases in `tests/data`.

#![forbid(unsafe_code)]

mod book;
mod bytecode;
mod cursor;
mod gguf;
mod hdf5;
mod hidden;
mod jinja;
mod json;
mod keras;
mod limits;
mod markup;
mod npy;
mod onnx;
mod pickle;
mod proto;
mod python;
mod report;
mod safetensors;
mod skops;
mod sniff;
mod source;
mod squeeze;
mod tar;
mod tensorflow;
mod zip;

pub use limits::Limits;
pub use report::{At, Finding, Kind, Reason, Report, Status};
pub use source::{Slice, Source, Unread};

use book::Book;

/// Examines a file: what it is, what it would do if somebody loaded it, and what could not be told.
///
/// The content decides what it is; the name only where content does not. Nothing is run, built, fetched or resolved.
pub fn examine(name: &str, source: &mut dyn Source, limits: &Limits) -> Report {
    let mut book = Book::new(limits);
    let kind = sniff::part(name, source, &mut book);
    book.close(kind)
}

/// Examines bytes as one format, whatever they look like: every reader by itself, for those who try to break it.
pub fn examine_as(kind: Kind, bytes: &[u8], limits: &Limits) -> Report {
    let mut source = Slice(bytes);
    let mut book = Book::new(limits);
    let book_ref = &mut book;
    let read = match kind {
        Kind::Pickle | Kind::TorchLegacy => {
            pickle::read(&mut source, pickle::Setting::Plain, book_ref)
        }
        Kind::Torch | Kind::Zip => zip::read("", &mut source, book_ref),
        Kind::Keras => {
            keras::config(&mut source, book_ref);
            kind
        }
        Kind::Skops => {
            skops::schema(&mut source, book_ref);
            kind
        }
        Kind::Tar => tar::read(&mut source, book_ref),
        Kind::Npy => npy::read(&mut source, book_ref),
        Kind::Hdf5 => hdf5::read(&mut source, book_ref),
        Kind::TensorFlow => tensorflow::read(&mut source, book_ref),
        Kind::Onnx => onnx::read(&mut source, book_ref),
        Kind::Safetensors => safetensors::read(&mut source, book_ref),
        Kind::Gguf => gguf::read(&mut source, book_ref),
        Kind::Xml => markup::read(&mut source, book_ref),
        Kind::Json => json::read(&mut source, book_ref),
        Kind::Python => python::read(&mut source, book_ref),
        Kind::Bytecode => bytecode::read(&mut source, book_ref),
        _ => sniff::part("", &mut source, book_ref),
    };
    book.close(read)
}
