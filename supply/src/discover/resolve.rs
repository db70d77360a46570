//! What a server starts, as bytes: the package, script or image that a line names is looked for where package managers keep it,
//! and what is found is read and never run.
//!
//! Found is only what is there: the exact version out of the package's own description, its bytes hashed, its texts looked at for
//! signs and for descriptions aimed at a model. What is not there is unknown, and says where it was looked for.
//! Never here: IO of its own ([`Files`]), a download. To add a place: a line in [`npm_places`] or [`python_places`].

mod read;

use std::path::{Path, PathBuf};

use serde_json::Value;
use writ_model::{Digest, text::quote};

use super::{Component, Files, Reason, code, depend, keys, shape, target::Target};

pub(super) use read::Read;

/// LIMIT: files of one package that are read, and bytes of each: the largest servers have a few hundred files.
const MOST_FILES: usize = 3_000;
const MOST_BYTES: u64 = 4 << 20;
/// LIMIT: bytes of one package that are read.
const MOST_TOTAL: u64 = 64 << 20;
/// LIMIT: folders listed in one look for a package, as caches have thousands.
const MOST_FOLDERS: usize = 4_000;
/// LIMIT: folders inside each other in a package.
const DEPTH: usize = 16;

/// Resolves what a server starts: its version, digest, and what its bytes say. `homes` are the home folders that are scanned.
pub fn resolve(server: &mut Component, files: &dyn Files, homes: &[PathBuf]) {
    let Some(target) = server.target.take() else { return };
    let config = PathBuf::from(&server.path);
    let folder = config.parent().unwrap_or(Path::new("")).to_path_buf();
    let own: Vec<PathBuf> = homes.iter().filter(|home| config.starts_with(home)).cloned().collect();
    let homes = if own.is_empty() { homes.to_vec() } else { own };
    let mut search = Search { files, listed: 0 };
    match &target {
        Target::Npm { package, version } => {
            let places = npm_places(&mut search, &folder, &homes, package);
            package_of(server, &search, places, version.as_deref(), &format!("npm:{package}"));
        }
        Target::Pypi { package, version } => {
            python(server, &mut search, &homes, package, version.as_deref());
        }
        Target::File(path) => file(server, &search, &folder, path),
        Target::Image { digest, .. } => {
            if let Some(digest) = digest {
                server.digest = Some(digest.clone());
            }
            server.unknown("the layers of the image");
        }
        Target::Address(_) => server.unknown("what a server at an address does"),
        Target::Module(name) => server.unknown(format!("the module {}", quote(name))),
        Target::Shell(_) => server.unknown("what the line of shell starts"),
        Target::Other => server.unknown("what its command starts"),
    }
    if server.finding == super::Verdict::Unknown {
        let what = server.not_looked_at.join("; ");
        server.add(vec![Reason::new("mcp.unresolved", format!("Not looked at: {what}."), "")]);
    }
    server.target = Some(target);
}

struct Search<'f> {
    files: &'f dyn Files,
    listed: usize,
}

impl Search<'_> {
    fn folders(&mut self, folder: &Path) -> Vec<String> {
        if self.listed >= MOST_FOLDERS {
            return Vec::new();
        }
        self.listed += 1;
        let entries = self.files.list(folder).unwrap_or_default();
        entries.into_iter().filter(|entry| entry.folder).map(|entry| entry.name).collect()
    }

    fn json(&self, file: &Path) -> Option<Value> {
        let (bytes, length) = self.files.head(file, MOST_BYTES)?;
        (length <= MOST_BYTES).then(|| serde_json::from_slice(&bytes).ok())?
    }
}

/// Where npm keeps a package: the project's modules, the cache of npx, those of the machine and of version managers.
fn npm_places(
    search: &mut Search<'_>,
    folder: &Path,
    homes: &[PathBuf],
    package: &str,
) -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> =
        folder.ancestors().take(6).map(|one| one.join("node_modules")).collect();
    for home in homes {
        for cache in [".npm/_npx", "AppData/Local/npm-cache/_npx"] {
            let cache = home.join(cache);
            roots.extend(
                search.folders(&cache).into_iter().map(|one| cache.join(one).join("node_modules")),
            );
        }
        for versions in [
            ".nvm/versions/node",
            ".local/share/fnm/node-versions",
            ".volta/tools/image/node",
            ".local/share/mise/installs/node",
        ] {
            let versions = home.join(versions);
            for one in search.folders(&versions) {
                roots.push(versions.join(&one).join("lib/node_modules"));
                roots.push(versions.join(&one).join("installation/lib/node_modules"));
            }
        }
        for global in [
            ".npm-global/lib/node_modules",
            ".local/lib/node_modules",
            "AppData/Roaming/npm/node_modules",
            ".bun/install/global/node_modules",
        ] {
            roots.push(home.join(global));
        }
    }
    for global in
        ["/usr/lib/node_modules", "/usr/local/lib/node_modules", "/opt/homebrew/lib/node_modules"]
    {
        roots.push(PathBuf::from(global));
    }
    roots
        .into_iter()
        .map(|root| root.join(package))
        .filter(|place| search.files.head(&place.join("package.json"), 1).is_some())
        .collect()
}

/// The package of npm at the first place whose version is the one that is asked for.
fn package_of(
    server: &mut Component,
    search: &Search<'_>,
    places: Vec<PathBuf>,
    asked: Option<&str>,
    name: &str,
) {
    let mut other = Vec::new();
    for place in places {
        let Some(manifest) = search.json(&place.join("package.json")) else { continue };
        let version = shape::word(&manifest, "version").unwrap_or_default().to_owned();
        if asked.is_some_and(|asked| super::target::exact(asked) && asked != version) {
            other.push(version);
            continue;
        }
        server.version = Some(version);
        let mut reasons = install_scripts(&manifest);
        let read = bytes(search.files, &place);
        reasons.extend(read.reasons.iter().cloned());
        server.digest = Some(read.digest.clone());
        read.tell(server, &place);
        server.add(reasons);
        depend::npm(server, search.files, &place, &manifest);
        return;
    }
    let why = if other.is_empty() {
        format!("{} is not on this machine", quote(name))
    } else {
        format!("{} is here only as {}", quote(name), quote(&other.join(", ")))
    };
    server.unknown(why);
}

/// Scripts that run when a package is installed.
pub(super) fn install_scripts(manifest: &Value) -> Vec<Reason> {
    let mut out = Vec::new();
    for key in ["preinstall", "install", "postinstall", "prepare"] {
        let Some(line) = manifest.pointer(&format!("/scripts/{key}")).and_then(Value::as_str)
        else {
            continue;
        };
        // `prepare` runs only where it is built from source.
        if key != "prepare" {
            let says: String = keys::hide(line).chars().take(100).collect();
            out.push(Reason::new(
                "code.install_script",
                format!("{key} runs {}.", quote(&says)),
                "package.json",
            ));
        }
        out.extend(code::command(line, "package.json"));
    }
    out
}

/// Where Python keeps a package: tools of uv and pipx, the archives of uv's cache.
fn python(
    server: &mut Component,
    search: &mut Search<'_>,
    homes: &[PathBuf],
    package: &str,
    asked: Option<&str>,
) {
    let mut sites: Vec<PathBuf> = Vec::new();
    for home in homes {
        for tools in [
            ".local/share/uv/tools",
            "AppData/Roaming/uv/tools",
            ".local/share/pipx/venvs",
            ".local/pipx/venvs",
            "pipx/venvs",
        ] {
            let root = home.join(tools).join(package);
            let lib = root.join("lib");
            sites.extend(
                search.folders(&lib).into_iter().map(|one| lib.join(one).join("site-packages")),
            );
            sites.push(root.join("Lib/site-packages"));
        }
        for cache in [
            ".cache/uv/archive-v0",
            "Library/Caches/uv/archive-v0",
            "AppData/Local/uv/cache/archive-v0",
        ] {
            let cache = home.join(cache);
            for one in search.folders(&cache) {
                let archive = cache.join(one);
                let lib = archive.join("lib");
                // An archive is a wheel, or the environment that uvx ran.
                sites.extend(
                    search.folders(&lib).into_iter().map(|one| lib.join(one).join("site-packages")),
                );
                sites.push(archive);
            }
        }
        let lib = home.join(".local/lib");
        sites.extend(
            search.folders(&lib).into_iter().map(|one| lib.join(one).join("site-packages")),
        );
    }
    let wanted = plain(package);
    let mut other = Vec::new();
    for site in sites {
        for info in search.folders(&site) {
            let Some(stem) = info.strip_suffix(".dist-info") else { continue };
            let Some((name, version)) = stem.rsplit_once('-') else { continue };
            if plain(name) != wanted {
                continue;
            }
            if asked.is_some_and(|asked| super::target::exact(asked) && asked != version) {
                other.push(version.to_owned());
                continue;
            }
            wheel(server, search, &site, &info, version);
            return;
        }
    }
    let why = if other.is_empty() {
        format!("pypi:{package} is not on this machine")
    } else {
        format!("pypi:{package} is here only as {}", quote(&other.join(", ")))
    };
    server.unknown(why);
}

/// A name of Python's packages as all its spellings are compared (PEP 503), with the underscores of folders.
pub(super) fn plain(name: &str) -> String {
    name.to_lowercase().replace(['-', '.'], "_")
}

/// The files that an installed wheel says are its own, against the digests that it says they have (PEP 376, PEP 427).
fn wheel(server: &mut Component, search: &Search<'_>, site: &Path, info: &str, version: &str) {
    server.version = Some(version.to_owned());
    let Some((record, _)) = search.files.head(&site.join(info).join("RECORD"), MOST_BYTES) else {
        server.unknown("the files of the package, because its record is missing");
        return;
    };
    let mut read = recorded(search.files, site, &String::from_utf8_lossy(&record));
    server.digest = Some(read.digest.clone());
    read.tell(server, site);
    let reasons = std::mem::take(&mut read.reasons);
    server.add(reasons);
    depend::python(server, search.files, site, info);
}

/// Reads the files of a record, and says which are not what was installed.
fn recorded(files: &dyn Files, site: &Path, record: &str) -> Read {
    let mut read = Read::within(MOST_FILES, MOST_TOTAL);
    read.recorded(files, site, record);
    read.close();
    read
}

/// SHA-256 as records of wheels write it: base64 for addresses, without its end.
fn sha256_url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Digest::of(bytes).as_bytes())
}

/// Whether a path is one that is not a file on a disk of this machine: to open it may do something, or speak to another machine.
/// What a configuration names was written by somebody.
fn reaches(place: &Path) -> bool {
    let path = place.to_string_lossy().replace('\\', "/");
    let mut whole = path.starts_with('/');
    let mut folders = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            // Out of where a relative path begins it is anywhere.
            whole |= folders.pop().is_none();
        } else {
            folders.push(part);
        }
    }
    let device = matches!(folders.first(), Some(&("dev" | "proc" | "sys" | "net" | "afs")));
    path.starts_with("//") || whole && device
}

/// A script or program.
fn file(server: &mut Component, search: &Search<'_>, folder: &Path, path: &str) {
    let path = PathBuf::from(path.strip_prefix("./").unwrap_or(path));
    let base = server.about.get("folder").map_or_else(|| folder.to_path_buf(), PathBuf::from);
    let bare = path.components().count() == 1;
    let mut places = vec![base.join(&path)];
    if bare {
        // Found by a search path, which is the account's own and not in the file: the usual folders are tried.
        places.extend(
            ["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"]
                .iter()
                .map(|bin| Path::new(bin).join(&path)),
        );
    }
    // With these two it is another machine's, where such paths are known.
    let shared = path.to_string_lossy().replace('\\', "/").starts_with("//");
    if shared || places.iter().any(|place| reaches(place)) {
        let shown = path.to_string_lossy();
        let shown = keys::hide(super::target::alone(&shown)).into_owned();
        server.unknown(format!("{}, which is on no disk of this machine", quote(&shown)));
        return;
    }
    for place in places {
        if search.files.list(&place).is_some() {
            let read = bytes(search.files, &place);
            server.digest = Some(read.digest.clone());
            read.tell(server, &place);
            server.add(read.reasons);
            return;
        }
        let Some((bytes, length)) = search.files.head(&place, MOST_BYTES) else { continue };
        let shown = place.to_string_lossy().into_owned();
        server.about.insert("found".into(), shown);
        if length > MOST_BYTES {
            server.unknown("the program, which is larger than what is read");
            return;
        }
        server.digest = Some(Digest::of(&bytes).to_string());
        let text = shape::text(&bytes).or_else(|binary| {
            let letters = !bytes.contains(&0);
            letters.then(|| String::from_utf8_lossy(&bytes).into_owned()).ok_or(binary)
        });
        match text {
            Ok(text) => {
                let mut reasons = code::signs(&text);
                reasons.extend(code::descriptions(&text));
                server.add(reasons);
                server.leave("what the script loads");
            }
            Err(_binary) => server.unknown("the program, which is no text"),
        }
        return;
    }
    let shown = path.to_string_lossy();
    let shown = keys::hide(super::target::alone(&shown)).into_owned();
    server.unknown(format!("{} is not where it says", quote(&shown)));
}

/// Reads a package's folder, its own dependencies let be.
fn bytes(files: &dyn Files, root: &Path) -> Read {
    let mut read = Read::within(MOST_FILES, MOST_TOTAL);
    read.folder(files, root);
    read.close();
    read
}

#[cfg(test)]
pub(super) fn tests_sha256(text: &str) -> String {
    sha256_url(text.as_bytes())
}
