//! Where things are. Never here: the environment; paths follow from this crate's own folder.

use std::path::{Path, PathBuf};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The target folder that cargo uses here.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Other people's software, fetched for tests and benches; never committed.
pub(crate) fn real() -> PathBuf {
    target().join("real")
}
