//! Readers of what a scan comes to: configurations of clients, lock files, sources, logs, exports of a directory, locks of a surface.
//!
//! What has to hold besides that they end well: what cannot be read is said and is not clean, results are bounded, and no key is
//! told whole. Never here: files of models (`models.rs`).
//! To add a reader: a [`Target`] in [`TARGETS`].

use std::path::Path;

use writ_supply::{
    discover::{
        MAX_OF_FILE, Mode, Place, Slice, Status, Verdict, look,
        shape::{self, Form},
        want,
    },
    lock::Lock,
};

use super::hunt::{Made, Target, Told, Try};

/// The readers.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "configurations",
        about: "JSON with comments, TOML and YAML of clients: strict JSON is read as serde_json reads it",
        tokens: &[
            "//", "/*", "*/", ",}", ",]", "- ", ": ", "|\n", ">\n", "---\n", "[a.b]\n", "\"\"\"",
            "'", "&x", "*x", "\u{feff}",
        ],
        make: || Ok(made(&CONFIGURATIONS, Box::new(configuration))),
    },
    Target {
        name: "discovered",
        about: "a file in any place of a scan: bounded, broken ones are said to be, and no key is told whole",
        tokens: &[
            "mcpServers",
            "\"command\":",
            "\"args\":[",
            "npx",
            "uvx",
            "docker",
            "run",
            "-v",
            "/:/",
            "hooks",
            "description",
            "sk-ant-api03-",
            "ghp_",
            "chatgpt.com",
            "import ",
            "from ",
            "[[package]]\n",
            "curl ",
            "| sh",
        ],
        make: || Ok(made(&FILES, Box::new(discovered))),
    },
];

const CONFIGURATIONS: [&str; 5] = [
    "{\"mcpServers\":{\"x\":{\"command\":\"npx\",\"args\":[\"-y\",\"p@1.0.0\"]}}}",
    "// c\n{\"a\": [1, 2,], /* b */ \"c\": \"//\",}\n",
    "[mcp_servers.x]\ncommand = \"npx\"\nargs = [\"-y\"]\n",
    "extensions:\n  x:\n    cmd: npx\n    args: [-y, 'p']\n    envs: { \"A\": \"b: c\" }\n  y:\n    - a\n    - b: |\n        text\n",
    "packages:\n  '@a/b@1.0.0(c@1)':\n    resolution: {integrity: sha512-x}\n",
];

const FILES: [&str; 7] = [
    "0{\"mcpServers\":{\"x\":{\"command\":\"npx\",\"args\":[\"-y\",\"p@1.0.0\"],\"env\":{\"A\":\"b\"}}},\"hooks\":{\"Stop\":[{\"command\":\"x\"}]}}",
    "1[mcp_servers.x]\ncommand = \"docker\"\nargs = [\"run\", \"-v\", \"/:/h\", \"img\"]\n",
    "2extensions:\n  x:\n    cmd: uvx\n    args:\n      - p==1.0\n",
    "3---\nname: x\n---\nUse the tool. <!-- x -->\n",
    "4from crewai import Crew\nCrew(agents=[])\nK = \"ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5000000\"\n",
    "5[[package]]\nname = \"openai\"\nversion = \"1.0.0\"\n",
    "610.0.0.1 GET chatgpt.com/x\n",
];

/// Places of every kind; the first byte of an input picks one.
const PLACES: [(&str, Mode); 10] = [
    ("/home/ada/.claude.json", Mode::Host),
    ("/home/ada/.codex/config.toml", Mode::Host),
    ("/home/ada/.config/goose/config.yaml", Mode::Host),
    ("/srv/app/.claude/skills/x/SKILL.md", Mode::Repo),
    ("/srv/app/agent.py", Mode::Repo),
    ("/srv/app/uv.lock", Mode::Repo),
    ("/srv/dns.log", Mode::Named),
    ("/srv/export.csv", Mode::Named),
    ("/srv/app/pnpm-lock.yaml", Mode::Repo),
    ("/srv/app/pom.xml", Mode::Repo),
];

fn made(seeds: &[&str], tries: Try) -> Made {
    Made { seeds: seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect(), tries }
}

fn configuration(input: &[u8]) -> Told {
    let mut ways = String::new();
    for form in [Form::Json, Form::Toml, Form::Yaml] {
        let read = shape::read(form, input);
        ways.push(if read.is_ok() { 'y' } else { 'n' });
        if form == Form::Json
            && let Ok(strict) = serde_json::from_slice::<serde_json::Value>(input)
            && read.as_ref() != Ok(&strict)
        {
            return Told::Broken("strict JSON is read as something else".to_owned());
        }
    }
    let _lock = Lock::read(input);
    Told::Taken(ways)
}

fn discovered(input: &[u8]) -> Told {
    let Some((first, rest)) = input.split_first() else { return Told::Taken("empty".to_owned()) };
    let at = usize::from(first.wrapping_sub(b'0')) % PLACES.len();
    let Some((path, mode)) = PLACES.get(at) else { return Told::Broken("no place".to_owned()) };
    let place = Place::of(Path::new(path), *mode);
    let Some(want) = want(&place) else {
        return Told::Broken("a place that is not wanted".to_owned());
    };
    let looked = match look(&place, &want, &mut Slice(rest)) {
        Ok(looked) => looked,
        Err(why) => return Told::Broken(format!("bytes in memory cannot be read: {why}")),
    };
    if looked.components.len() > 4 * MAX_OF_FILE {
        return Told::Broken(format!("{} components", looked.components.len()));
    }
    if looked
        .files
        .iter()
        .any(|file| file.status == Status::Error && file.finding == Verdict::Clean)
    {
        return Told::Broken("what could not be read is clean".to_owned());
    }
    let told = serde_json::to_string(&(&looked.components, &looked.files)).unwrap_or_default();
    // The body of the seed's key: whatever else changes, it is never told.
    if told.contains("a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5") && told.contains("key.plain") {
        return Told::Broken("a key is told whole".to_owned());
    }
    let rules: Vec<String> =
        looked.components.iter().map(|one| one.rule.to_string()).take(4).collect();
    Told::Taken(format!("{at} {} {}", looked.files.len(), rules.join(",")))
}
