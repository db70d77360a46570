//! The lock files and manifests of the ecosystems, each read into names, exact versions and checksums.
//!
//! Never here: which of them are AI packages (`packages.rs`). To add a file: a function, its arm in `entries`, its case there.

use serde_json::Value;

use super::{
    super::{
        shape::{self, word},
        target,
    },
    Entry,
};

pub(super) fn npm(lock: &Value) -> Vec<Entry> {
    let mut out = Vec::new();
    for (path, entry) in lock.get("packages").and_then(Value::as_object).into_iter().flatten() {
        if let Some((_, name)) = path.rsplit_once("node_modules/") {
            let text = |key| word(entry, key).map(str::to_owned);
            out.push((
                text("name").unwrap_or_else(|| name.to_owned()),
                text("version"),
                text("integrity"),
            ));
        }
    }
    // Version 1 of the format nests them.
    if out.is_empty() {
        nested(lock, 0, &mut out);
    }
    out
}

fn nested(value: &Value, depth: usize, out: &mut Vec<Entry>) {
    for (name, entry) in value.get("dependencies").and_then(Value::as_object).into_iter().flatten()
    {
        let text = |key| word(entry, key).map(str::to_owned);
        out.push((name.clone(), text("version"), text("integrity")));
        if depth < 32 {
            nested(entry, depth + 1, out);
        }
    }
}

pub(super) fn wishes(manifest: &Value, keys: &[&str]) -> Vec<Entry> {
    keys.iter()
        .filter_map(|key| manifest.get(*key)?.as_object())
        .flatten()
        .map(|(name, wish)| {
            let version = wish.as_str().filter(|wish| target::exact(wish)).map(str::to_owned);
            (name.clone(), version, None)
        })
        .collect()
}

pub(super) fn pnpm(lock: &Value) -> Vec<Entry> {
    let packages = lock.get("packages").and_then(Value::as_object);
    packages
        .into_iter()
        .flatten()
        .filter_map(|(key, entry)| {
            let key = key.trim_start_matches('/');
            let key = key.split('(').next().unwrap_or(key);
            let at = key.rfind('@').filter(|at| *at > 0)?;
            let checksum = entry.pointer("/resolution/integrity").and_then(Value::as_str);
            Some((
                key.get(..at)?.to_owned(),
                key.get(at + 1..).map(str::to_owned),
                checksum.map(str::to_owned),
            ))
        })
        .collect()
}

pub(super) fn yarn(text: &str) -> Vec<Entry> {
    let mut out: Vec<Entry> = Vec::new();
    for line in text.lines() {
        if !line.starts_with([' ', '#']) && line.ends_with(':') {
            let head = line.trim_end_matches(':').trim_matches('"');
            let first = head.split(", ").next().unwrap_or(head).trim_matches('"');
            let end = first
                .char_indices()
                .skip(1)
                .find(|(_, letter)| *letter == '@')
                .map_or(first.len(), |(at, _)| at);
            out.push((first.get(..end).unwrap_or(first).to_owned(), None, None));
        } else if let Some(last) = out.last_mut() {
            let line = line.trim();
            let value = |key: &str| {
                let rest = line.strip_prefix(key)?;
                let rest = rest.trim_start_matches([':', ' ']).trim_matches('"');
                (!rest.is_empty()).then(|| rest.to_owned())
            };
            if let Some(version) = value("version") {
                last.1 = Some(version);
            } else if let Some(checksum) = value("integrity").or_else(|| value("checksum")) {
                last.2 = Some(checksum);
            }
        }
    }
    out
}

pub(super) fn bun(lock: &Value) -> Vec<Entry> {
    let packages = lock.get("packages").and_then(Value::as_object);
    packages
        .into_iter()
        .flatten()
        .filter_map(|(_, entry)| {
            let items = entry.as_array()?;
            let named = items.first()?.as_str()?;
            let at = named.rfind('@').filter(|at| *at > 0)?;
            let checksum =
                items.last().and_then(Value::as_str).filter(|text| text.starts_with("sha"));
            Some((
                named.get(..at)?.to_owned(),
                named.get(at + 1..).map(str::to_owned),
                checksum.map(str::to_owned),
            ))
        })
        .collect()
}

pub(super) fn toml_packages(lock: &Value) -> Vec<Entry> {
    let list = lock.get("package").or_else(|| lock.get("packages")).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|one| {
            let text = |key| word(one, key).map(str::to_owned);
            let checksum = text("checksum").or_else(|| {
                let hash = one
                    .pointer("/sdist/hash")
                    .or_else(|| one.pointer("/wheels/0/hash"))
                    .or_else(|| one.pointer("/files/0/hash"));
                hash.and_then(Value::as_str).map(str::to_owned)
            });
            Some((text("name")?, text("version"), checksum))
        })
        .collect()
}

pub(super) fn pipfile(lock: &Value) -> Vec<Entry> {
    ["default", "develop"]
        .iter()
        .filter_map(|key| lock.get(*key)?.as_object())
        .flatten()
        .map(|(name, one)| {
            let version =
                word(one, "version").map(|version| version.trim_start_matches("==").to_owned());
            let checksum = one.pointer("/hashes/0").and_then(Value::as_str).map(str::to_owned);
            (name.clone(), version, checksum)
        })
        .collect()
}

/// A requirement of PEP 508: its name, and its version if that is exact.
fn requirement(line: &str) -> Option<Entry> {
    let line = line
        .split(" #")
        .next()?
        .split(';')
        .next()?
        .trim()
        .trim_start_matches("- ")
        .trim_matches(['"', '\'', ',']);
    if line.is_empty() || line.starts_with(['#', '-', '[']) {
        return None;
    }
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(line.len());
    let name = line.get(..end)?.to_owned();
    let rest = line.get(end..)?.trim_start();
    let rest =
        rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(rest, |(_, rest)| rest);
    let version = rest.trim_start().strip_prefix("==").map(|version| {
        version.split([' ', ',', '\\']).find(|part| !part.is_empty()).unwrap_or_default().to_owned()
    });
    (!name.is_empty()).then_some((name, version.filter(|version| target::exact(version)), None))
}

pub(super) fn requirements(text: &str) -> Vec<Entry> {
    text.lines().filter_map(|line| requirement(line.trim())).collect()
}

pub(super) fn pyproject(manifest: &Value) -> Vec<Entry> {
    let mut out = Vec::new();
    let lists =
        [shape::at(manifest, "project.dependencies"), shape::at(manifest, "build-system.requires")];
    let groups = ["project.optional-dependencies", "dependency-groups"];
    let grouped = groups
        .iter()
        .filter_map(|key| shape::at(manifest, key)?.as_object())
        .flat_map(serde_json::Map::values);
    for list in lists.into_iter().flatten().chain(grouped) {
        out.extend(shape::words(Some(list)).into_iter().filter_map(requirement));
    }
    if let Some(poetry) = shape::at(manifest, "tool.poetry") {
        out.extend(wishes(poetry, &["dependencies", "dev-dependencies"]));
    }
    out
}

pub(super) fn go(text: &str) -> Vec<Entry> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.trim().trim_start_matches("require ").split_whitespace();
            let (module, version) = (words.next()?, words.next()?);
            let version = version.strip_prefix('v')?.trim_end_matches("/go.mod");
            module.contains('.').then(|| {
                let checksum =
                    words.next().filter(|word| word.starts_with("h1:")).map(str::to_owned);
                (module.to_owned(), Some(version.to_owned()), checksum)
            })
        })
        .collect()
}

pub(super) fn gem(text: &str) -> Vec<Entry> {
    text.lines()
        .filter_map(|line| {
            // Four spaces are a gem; six are what it needs.
            let entry = line.strip_prefix("    ").filter(|rest| !rest.starts_with(' '))?;
            let (name, version) = entry.split_once(" (")?;
            Some((name.to_owned(), Some(version.trim_end_matches(')').to_owned()), None))
        })
        .collect()
}

pub(super) fn composer(lock: &Value) -> Vec<Entry> {
    ["packages", "packages-dev"]
        .iter()
        .filter_map(|key| lock.get(*key)?.as_array())
        .flatten()
        .filter_map(|one| {
            let version =
                word(one, "version").map(|version| version.trim_start_matches('v').to_owned());
            let checksum =
                one.pointer("/dist/shasum").and_then(Value::as_str).filter(|sum| !sum.is_empty());
            Some((word(one, "name")?.to_owned(), version, checksum.map(str::to_owned)))
        })
        .collect()
}

pub(super) fn nuget(lock: &Value) -> Vec<Entry> {
    let frameworks = lock.get("dependencies").and_then(Value::as_object);
    frameworks
        .into_iter()
        .flatten()
        .filter_map(|(_, packages)| packages.as_object())
        .flatten()
        .map(|(name, one)| {
            let text = |key| word(one, key).map(str::to_owned);
            (name.clone(), text("resolved"), text("contentHash"))
        })
        .collect()
}

pub(super) fn assets(lock: &Value) -> Vec<Entry> {
    let libraries = lock.get("libraries").and_then(Value::as_object);
    libraries
        .into_iter()
        .flatten()
        .filter_map(|(key, one)| {
            let (name, version) = key.split_once('/')?;
            Some((
                name.to_owned(),
                Some(version.to_owned()),
                word(one, "sha512").map(str::to_owned),
            ))
        })
        .collect()
}

/// What stands between a tag and its end.
fn tag<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let begin = text.find(&format!("<{name}>"))? + name.len() + 2;
    let rest = text.get(begin..)?;
    rest.get(..rest.find(&format!("</{name}>"))?).map(str::trim)
}

pub(super) fn maven(text: &str) -> Vec<Entry> {
    text.split("<dependency>")
        .skip(1)
        .filter_map(|part| {
            let part = part.split("</dependency>").next()?;
            let name = format!("{}:{}", tag(part, "groupId")?, tag(part, "artifactId")?);
            let version = tag(part, "version").filter(|version| target::exact(version));
            Some((name, version.map(str::to_owned), None))
        })
        .collect()
}

pub(super) fn gradle(text: &str) -> Vec<Entry> {
    text.split(['"', '\'', '\n', '='])
        .filter_map(|piece| {
            let mut parts = piece.trim().split(':');
            let (group, artifact, version) = (parts.next()?, parts.next()?, parts.next());
            let fits = group.contains('.') && !group.contains([' ', '/']) && !artifact.is_empty();
            let version = version.filter(|version| target::exact(version)).map(str::to_owned);
            fits.then(|| (format!("{group}:{artifact}"), version, None))
        })
        .collect()
}

pub(super) fn project(text: &str) -> Vec<Entry> {
    text.split('<')
        .filter(|part| part.starts_with("PackageReference") || part.starts_with("PackageVersion"))
        .filter_map(|part| {
            let value = |key: &str| {
                let rest = part.get(part.find(&format!("{key}=\""))? + key.len() + 2..)?;
                rest.get(..rest.find('"')?).map(str::to_owned)
            };
            Some((
                value("Include")?,
                value("Version").filter(|version| target::exact(version)),
                None,
            ))
        })
        .collect()
}
