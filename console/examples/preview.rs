//! Writes every page with every sample into a folder, with its assets beside them, to look at:
//! `cargo run -p writ-console --example preview -- DIR`, then serve DIR by any static file server.
//!
//! Never here: a page of its own.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "preview".to_owned());
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("asset"))?;
    for asset in writ_console::asset::ALL {
        fs::write(folder.join("asset").join(&asset.name), asset.body())?;
    }
    for (name, html) in writ_console::page::samples() {
        fs::write(folder.join(format!("{name}.html")), html)?;
    }
    Ok(())
}
