//! Readers of what lies on disks and comes in files: charters, ledger lines, exports, checkpoints, backups, configuration.
//!
//! What is read must be written again as the same, and be read again as the same.
//! Never here: a file opened. To add a reader: a [`Target`] in [`TARGETS`].

use anyhow::{Context as _, Result};
use bytes::Bytes;
use writ_app::backup::{BackupKey, Manifest, Word, pack};
use writ_authority::Entry;
use writ_charter::{Charter, charter_text, letter};
use writ_evidence::{AddCheckpoint, Checkpoint, LineProof, Note, VerifierKey, tiles};
use writ_identity::AgentKey;
use writ_model::{CharterId, TenantId, Timestamp};
use writ_store::Space;

use super::{
    hunt::{Made, Target, Told},
    wire::scale,
};
use crate::bench::population::{Maker, Size};

/// The readers.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "charter",
        about: "a charter's text: its canonical form is its own, its words and its letter can be written",
        tokens: &[
            "clauses", "key", "title", "actions", "mode", "act", "hold", "refuse", "limits",
            "when", "seats", "parties", "*", "x.own",
        ],
        make: charter,
    },
    Target {
        name: "line",
        about: "a line of a ledger: what is read is written as the same",
        tokens: &[
            "actor",
            "at",
            "fact",
            "v",
            "kind",
            "agent",
            "grant",
            "person",
            "person_seated",
            "agent_activated",
        ],
        make: line,
    },
    Target {
        name: "export",
        about: "an export's bundles, its checkpoint, its cosignatures, its proofs",
        tokens: &[
            "writ-ledger/",
            "\n\n",
            "\u{2014} ",
            "+",
            "old ",
            "index ",
            "c2sp.org/tlog-proof@v1\n",
            "=",
            "\n",
        ],
        make: || Ok(export()),
    },
    Target {
        name: "backup",
        about: "a backup's runs and rows, its manifest, its key's words",
        tokens: &[
            "v",
            "generation",
            "heads",
            "objects",
            "tenant",
            "size",
            "root",
            "edge",
            "records",
            "previous",
            "lines",
        ],
        make: || Ok(backup()),
    },
    Target {
        name: "config",
        about: "an operator's file",
        tokens: &[
            "[desk]",
            "[gateway]",
            "[[server]]",
            "[store]",
            "[bus]",
            "listen",
            "name",
            "url",
            "command",
            "env",
            "wrapped",
            "postgres",
            "\"\"\"",
            "= true",
        ],
        make: config,
    },
];

const AT: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

fn taken(words: impl std::fmt::Display) -> Told {
    Told::Taken(words.to_string())
}

/// An error's words without what differs from input to input.
fn kind(words: &str) -> String {
    words.chars().filter(|letter| !letter.is_ascii_digit()).take(40).collect()
}

fn charter() -> Result<Made> {
    let whole = crate::bench::charter::charter(
        CharterId::from_parts(AT, [1; 10]),
        TenantId::from_parts(AT, [2; 10]),
        "Harbor Books",
    );
    let seeds = vec![whole.canonical(), serde_json::to_vec_pretty(&whole)?];
    let tries = |input: &[u8]| {
        let charter = match Charter::parse(input) {
            Ok(charter) => charter,
            Err(error) => return taken(kind(&error.to_string())),
        };
        let again = Charter::parse(&charter.canonical());
        if again.ok().map(|again| again.digest()) != Some(charter.digest()) {
            return Told::Broken("canonical: the canonical form is another charter".to_owned());
        }
        let bad = charter.check().err().unwrap_or_default();
        let names = |_: &str| None;
        let (words, letter) = (charter_text(&charter, &names), letter(&charter, &names));
        taken(format!(
            "{} {} {} {}",
            charter.clauses.len().min(9),
            bad.len().min(9),
            scale(words.len()),
            letter.may.len().min(9)
        ))
    };
    Ok(Made { seeds, tries: Box::new(tries) })
}

fn line() -> Result<Made> {
    let mut maker = Maker::new(11, AT);
    let provider: TenantId = maker.id();
    let jwk = AgentKey::generate()?.jwk();
    let tenant = maker.client(provider, Size { agents: 1, grants: 5 }, &mut |_| Ok(jwk))?;
    let tries = |input: &[u8]| {
        let entry = match Entry::from_line(input) {
            Ok(entry) => entry,
            Err(error) => return taken(kind(&error)),
        };
        let Ok(written) = entry.to_line() else {
            return Told::Broken("written: what was read cannot be written".to_owned());
        };
        let again = Entry::from_line(&written).ok().and_then(|again| again.to_line().ok());
        if again.as_ref() != Some(&written) {
            return Told::Broken("written: what is written is read as something else".to_owned());
        }
        let fact = format!("{:?}", entry.fact);
        taken(fact.chars().take_while(char::is_ascii_alphanumeric).collect::<String>())
    };
    Ok(Made { seeds: tenant.lines, tries: Box::new(tries) })
}

fn export() -> Made {
    let root = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=";
    let signature = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let checkpoint = format!("writ-ledger/tnt_1\n5\n{root}\n");
    let note = format!("{checkpoint}\n\u{2014} client-1.example {signature}\n");
    let seeds = [
        note.clone(),
        checkpoint,
        format!("old 3\n{root}\n{root}\n\n{note}"),
        format!("c2sp.org/tlog-proof@v1\nindex 2\n{root}\n\n{note}"),
        format!("client-1.example+00000000+{root}"),
        format!("\u{2014} client-1.example {signature}"),
        "\0\u{5}hello\0\u{2}ab".to_owned(),
    ];
    let seeds = seeds.into_iter().map(String::into_bytes).collect();
    let tries = |input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let mut ways = String::new();
        if let Ok(note) = Note::parse(input) {
            ways.push_str("note ");
            let checkpoint = Checkpoint::parse(&note.text);
            ways.push_str(if checkpoint.is_ok() { "of a checkpoint " } else { "of something " });
            ways.push_str(if Word::parse("a witness", input).is_ok() { "of ours " } else { "" });
        }
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            if Checkpoint::parse(&checkpoint.to_text()).ok().as_ref() != Some(&checkpoint) {
                return Told::Broken(
                    "written: a checkpoint is read as another once written".to_owned(),
                );
            }
            ways = format!("{ways}checkpoint {} ", checkpoint.size.min(9));
        }
        for (name, read) in [
            ("proof ", LineProof::parse(&text).is_ok()),
            ("request ", AddCheckpoint::parse(&text).is_ok()),
            ("key ", VerifierKey::parse(&text).is_ok()),
        ] {
            ways.push_str(if read { name } else { "" });
        }
        let entries = tiles::read_entries(input, 256);
        let bundle = tiles::read_bundle(input, 2);
        if let (Ok(entries), Ok(bundle)) = (&entries, &bundle)
            && entries.len() == 2
            && entries != bundle
        {
            return Told::Broken("bundle: the same bytes are two different bundles".to_owned());
        }
        let words = |read: Result<Vec<&[u8]>, String>| {
            read.map_or_else(|why| kind(&why), |all| all.len().min(9).to_string())
        };
        taken(format!(
            "{ways}{} {}",
            words(entries.map_err(|bad| bad.why.to_owned())),
            words(bundle.map_err(|bad| bad.why.to_owned()))
        ))
    };
    Made { seeds, tries: Box::new(tries) }
}

fn backup() -> Made {
    let tenant = TenantId::from_parts(AT, [2; 10]);
    let (mut runs, mut rows) = (Vec::new(), Vec::new());
    pack::put_run(
        &mut runs,
        tenant,
        3,
        &[Bytes::from_static(b"{}"), Bytes::from_static(b"{\"a\":1}")],
    );
    pack::put_row(&mut rows, &pack::Row::Kek(vec![7; 32]));
    pack::put_row(
        &mut rows,
        &pack::Row::Secret(Space::Tenant(tenant), "oidc".to_owned(), vec![1, 2, 3]),
    );
    let manifest = serde_json::json!({
        "v": 1, "generation": 1, "at": AT, "writ": "0.1.0", "previous": null, "records": null,
        "heads": [{ "tenant": tenant, "size": 2, "root": writ_model::Digest::of(b"root"), "edge": "AAAA" }],
        "objects": [{ "name": "00000001-lines-00000.writ", "generation": 1, "kind": "lines", "bytes": 9,
            "digest": writ_model::Digest::of(b"file") }],
    });
    let words = BackupKey::new(&writ_testkit::SeededEntropy::new(4)).words();
    let seeds =
        vec![runs, rows, manifest.to_string().into_bytes(), words.expose().clone().into_bytes()];
    let tries = |input: &[u8]| {
        let runs = pack::runs(input).map(|all| {
            let mut out = Vec::new();
            for run in &all {
                let lines: Vec<Bytes> =
                    run.lines.iter().map(|line| Bytes::copy_from_slice(line)).collect();
                pack::put_run(&mut out, run.tenant, run.from, &lines);
            }
            (all.len(), out == input)
        });
        if let Ok((_, false)) = runs {
            return Told::Broken("written: runs are other bytes once written".to_owned());
        }
        let rows = pack::rows(input).map(|all| all.len().min(9)).map_err(kind);
        let manifest = Manifest::from_bytes("00000001.writ", input)
            .map(|manifest| manifest.heads.len().min(9));
        let manifest = manifest.map_err(|error| kind(&error.to_string()));
        let key = std::str::from_utf8(input).ok().and_then(BackupKey::parse).is_some();
        let runs = runs.map(|(count, _)| count.min(9)).map_err(kind);
        taken(format!("{runs:?} {rows:?} {manifest:?} {key}"))
    };
    Made { seeds, tries: Box::new(tries) }
}

const FILE: &str = r#"[desk]
listen = "127.0.0.1:7420"
issuer = "https://desk.example"

[gateway]
listen = "127.0.0.1:7421"
base = "https://gateway.example"

[store]
postgres = "postgres://writ_app@127.0.0.1:5432/writ"

[bus]
nats = ["nats://127.0.0.1:4222"]

[metrics]
listen = "127.0.0.1:7422"

[[server]]
name = "mail"
url = "http://127.0.0.1:9000/mcp"

[[server]]
name = "files"
command = ["files-server", "/srv/files"]
env = { PATH = "/usr/bin" }

[[server]]
name = "own"
wrapped = true
"#;

fn config() -> Result<Made> {
    writ_app::config::Config::parse(FILE).ok().context("the seed is no configuration")?;
    let tries = |input: &[u8]| {
        let Ok(text) = std::str::from_utf8(input) else { return taken("no text") };
        match writ_app::config::Config::parse(text) {
            Ok(config) => taken(format!("good {}", scale(format!("{config:?}").len()))),
            Err(problems) => {
                let first = problems.first().map(|words| kind(words));
                taken(format!("{} {}", problems.len().min(5), first.unwrap_or_default()))
            }
        }
    };
    Ok(Made { seeds: vec![FILE.as_bytes().to_vec(), b"".to_vec()], tries: Box::new(tries) })
}
