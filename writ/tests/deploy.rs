//! The examples in `deploy/`: every command line is one that the binary knows, every file that one of them names is there or is
//! made by the script that says so, and folders, ports and names agree with each other.
//!
//! Never here: running one. `cargo xtask test` has systemd itself read the units; that the certificates work is tested with
//! real servers (`serve/secured.rs`). To add an example: its file here.

#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use clap::Parser as _;
use writ_app::cli::Cli;
use writ_testkit::TempDir;

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(deploy(path)).unwrap()
}

fn understood(place: &str, words: &[&str]) {
    let all = std::iter::once("writ").chain(words.iter().copied());
    let parsed = Cli::try_parse_from(all);
    assert!(parsed.is_ok(), "{place}: {words:?}: {}", parsed.err().unwrap());
}

/// A unit's settings by section; what stands twice is kept in order.
fn unit(text: &str) -> BTreeMap<(String, String), Vec<String>> {
    let (mut section, mut out) = (String::new(), BTreeMap::<_, Vec<String>>::new());
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            continue;
        }
        let (key, value) = line.split_once('=').unwrap();
        out.entry((section.clone(), key.to_owned())).or_default().push(value.to_owned());
    }
    out
}

fn one(unit: &BTreeMap<(String, String), Vec<String>>, key: &str) -> String {
    let all = &unit[&("Service".to_owned(), key.to_owned())];
    assert_eq!(all.len(), 1, "{key}");
    all[0].clone()
}

#[test]
fn units_run_what_the_binary_knows_in_the_folder_that_systemd_makes() {
    let mut seen = 0;
    for entry in fs::read_dir(deploy("systemd")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".service") {
            continue;
        }
        seen += 1;
        let unit = unit(&fs::read_to_string(&path).unwrap());
        let start = one(&unit, "ExecStart");
        let words: Vec<&str> = start.split(' ').collect();
        assert_eq!(words[0], "/usr/bin/writ", "{name}");
        understood(&name, &words[1..]);
        let data = words.iter().skip_while(|word| **word != "--data").nth(1).unwrap();
        if name == "writ-backup.service" {
            assert!(one(&unit, "ReadWritePaths").split(' ').any(|path| path == *data), "{name}");
            continue;
        }
        assert_eq!(format!("/var/lib/{}", one(&unit, "StateDirectory")), *data, "{name}");
        let role = name.trim_start_matches("writ-").trim_end_matches(".service");
        assert!(words.windows(2).any(|pair| pair == ["--role", role]), "{name}: {start}");
        assert_eq!(
            (one(&unit, "Restart"), one(&unit, "NoNewPrivileges")),
            ("always".into(), "yes".into())
        );
        // Calls drain for ten seconds, and tasks have as long again.
        assert!(one(&unit, "TimeoutStopSec").parse::<u32>().unwrap() >= 25, "{name}");
    }
    assert_eq!(seen, 4);
}

/// The words of the lists that follow a key, one list a line.
fn lists<'t>(text: &'t str, key: &str) -> Vec<Vec<&'t str>> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix(key)?.strip_suffix(']'));
    lines.map(|list| list.split('"').skip(1).step_by(2).collect()).collect()
}

#[test]
fn compose_runs_what_the_binary_knows_and_mounts_what_is_there() {
    let text = read("compose/compose.yaml");
    let serves: Vec<_> = lists(&text, "command: [")
        .into_iter()
        .filter(|words| words.first() == Some(&"serve"))
        .collect();
    assert_eq!(serves.len(), 4);
    for words in &serves {
        understood("compose.yaml", words);
    }
    let mounted = text.split(['"', ' ', '\n']).filter_map(|word| {
        let (from, _) = word.split_once(':')?;
        from.strip_prefix("./")
    });
    let mut seen = BTreeSet::new();
    for from in mounted {
        let top = from.split('/').next().unwrap();
        // Made by the operator: certificates by the script, data folders by hand, as the head of the file says.
        if ["certificates", "data"].contains(&top) {
            assert!(text.lines().take(4).any(|line| line.contains(top)), "{from} is not told of");
        } else {
            assert!(deploy("compose").join(from).is_file(), "{from} is mounted, and not there");
            seen.insert(from.to_owned());
        }
    }
    let expected = ["Caddyfile", "nats.conf", "roles.sql", "writ.toml"];
    assert_eq!(seen, expected.map(str::to_owned).into());
}

#[test]
fn ports_and_names_of_the_example_agree() {
    let (caddy, file, compose) =
        (read("compose/Caddyfile"), read("compose/writ.toml"), read("compose/compose.yaml"));
    for (port, whose) in [
        ("7420", "desk:7420"),
        ("7421", "gateway-1:7421 gateway-2:7421"),
        ("7422", "health_port 7422"),
    ] {
        assert!(file.contains(&format!("0.0.0.0:{port}")), "{port}");
        assert!(caddy.contains(whose), "{whose}");
    }
    for service in
        ["postgres", "nats-1", "nats-2", "nats-3", "desk", "soc", "gateway-1", "gateway-2"]
    {
        assert!(compose.contains(&format!("\n  {service}:\n")), "{service}");
    }
    assert!(file.contains("@postgres/writ") && read("compose/roles.sql").contains("writ_app"));
}

#[test]
fn the_script_makes_every_certificate_that_the_example_uses() {
    let folder = TempDir::new().unwrap();
    let made =
        Command::new("sh").arg(deploy("certificates.sh")).arg(folder.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let text = read("compose/compose.yaml") + &read("compose/Caddyfile");
    let mut used = BTreeSet::new();
    for word in text.split(['"', ' ', ':', '=', '\n', ',']) {
        let file =
            ["./certificates/", "/certificates/"].iter().find_map(|at| word.strip_prefix(at));
        used.extend(file.filter(|file| !file.is_empty() && !file.starts_with("server.")));
    }
    assert!(used.len() > 10, "{used:?}");
    for file in used {
        assert!(
            folder.path().join(file).is_file(),
            "the example uses {file}, and the script makes none"
        );
    }
    let verify = |name: &str| {
        let mut openssl = Command::new("openssl");
        openssl.args(["verify", "-CAfile", "ca.pem", "-purpose", "sslserver", "-verify_hostname"]);
        openssl.args([name, &format!("{name}.pem")]).current_dir(folder.path());
        openssl.output().unwrap().status.success()
    };
    for name in ["postgres", "nats-1", "desk", "gateway"] {
        assert!(verify(name), "{name}");
    }
    let mode = fs::metadata(folder.path().join("ca.key")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o077, 0);
}
