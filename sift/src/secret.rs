//! Secrets: keys by their vendors' marks, values by their names, frames of keys, tokens of three parts, passwords in
//! addresses.
//!
//! Never here: a guess from chance alone. A bare text of random letters is as often a checksum as a key.
//! To add a vendor: a row in `sift/data/secrets.tsv`.

mod frame;
mod named;
mod table;

pub(crate) use frame::{jwt, pem, scheme, url};
pub(crate) use named::{named, value};
pub(crate) use table::{mark, marks};
