//! Crates stand on floors; arrows go strictly down, none within a floor.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    none,
    tree::{files, root},
};

/// The house. A crate that is not here may not be in the workspace.
const FLOORS: &[(u8, &[&str])] = &[
    (0, &["model"]),
    (1, &["charter", "flow", "scan", "sift"]),
    (2, &["authority", "identity", "evidence", "paper", "supply", "mcp"]),
    (3, &["store", "lake", "reach"]),
    (4, &["gateway", "desk"]),
    (5, &["console"]),
    (6, &["writ"]),
];
/// Tools of developers: no shipped crate depends on them; tests of any crate may use the testkit.
const DEV: &[&str] = &["testkit", "xtask"];

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(_, names)| names.contains(&name)).map(|(floor, _)| *floor)
}

/// Folder of a package of ours: `writ-model` is in `model`.
fn folder(package: &str) -> &str {
    package.strip_prefix("writ-").unwrap_or(package)
}

/// What one arrow breaks, if anything.
fn broken(from: &str, to: &str, kind: &str) -> Option<String> {
    let told = |why: &str| Some(format!("{from} → {to} ({kind}): {why}"));
    match (floor(from), floor(to)) {
        _ if from == "xtask" => None,
        (None, Some(0)) if from == "testkit" => None,
        (None, _) => told("the testkit stands on the model alone"),
        (Some(_), None) if kind == "dev-dependencies" && to == "testkit" => None,
        (Some(_), None) => told("a shipped crate must not need a tool of developers"),
        (Some(from), Some(to)) if to < from => None,
        (Some(_), Some(_)) => told("arrows go strictly down"),
    }
}

fn manifests() -> Vec<(String, toml::Table)> {
    let all = files("Cargo.toml");
    let inner = all.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let read = |text: &str| text.parse::<toml::Table>().unwrap();
    inner.map(|file| (file.path.replace("/Cargo.toml", ""), read(&file.text))).collect()
}

#[test]
fn arrows_go_strictly_down() {
    let mut bad = Vec::new();
    for (crate_folder, manifest) in manifests() {
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let Some(table) = manifest.get(kind).and_then(toml::Value::as_table) else {
                continue;
            };
            let ours = table.keys().filter(|name| name.starts_with("writ"));
            bad.extend(ours.filter_map(|name| broken(&crate_folder, folder(name), kind)));
        }
        if manifest.contains_key("target") {
            bad.push(format!("{crate_folder}: target tables would hide arrows from this test"));
        }
    }
    none("wrong arrow", &bad);
}

#[test]
fn every_member_has_its_floor_and_its_name() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let workspace: toml::Table = text.parse().unwrap();
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let members: BTreeSet<&str> = members.iter().map(|member| member.as_str().unwrap()).collect();
    let known: BTreeSet<&str> =
        FLOORS.iter().flat_map(|(_, names)| names.iter()).chain(DEV).copied().collect();
    assert_eq!(members, known, "the workspace and the house differ");
    let packages: BTreeMap<String, String> = manifests()
        .into_iter()
        .map(|(path, manifest)| (path, manifest["package"]["name"].as_str().unwrap().to_owned()))
        .collect();
    for (path, package) in packages {
        assert_eq!(folder(&package), path, "package and folder names differ");
    }
}

#[test]
fn wrong_arrows_are_seen() {
    for (from, to, kind, wrong) in [
        ("model", "authority", "dependencies", true),
        ("authority", "identity", "dependencies", true),
        ("authority", "model", "dependencies", false),
        ("desk", "gateway", "dev-dependencies", true),
        ("desk", "testkit", "dev-dependencies", false),
        ("desk", "testkit", "dependencies", true),
        ("testkit", "store", "dependencies", true),
        ("testkit", "model", "dependencies", false),
        ("writ", "xtask", "dev-dependencies", true),
        ("xtask", "store", "dependencies", false),
    ] {
        assert_eq!(broken(from, to, kind).is_some(), wrong, "{from} → {to} ({kind})");
    }
}
