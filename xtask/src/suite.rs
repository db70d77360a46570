//! `cargo xtask test`: every check, step by step; a step that cannot run has failed. The last line is the count.
//!
//! Never here: what a step checks; that is in tests, scripts and the other tasks.
//! To add a step: a row in [`STEPS`].

mod elsewhere;
mod hunts;
mod room;

use std::path::Path;

use anyhow::Result;

use crate::{
    args::Args,
    budget::now,
    chaos, crash, deploy, docs,
    root::{root, target},
    setup,
    shell::{cargo, command, counted, has, say},
    tally::Tally,
};

struct Step {
    name: &'static str,
    /// Needs nothing but Rust, and runs with `--quick` too.
    quick: bool,
    body: fn() -> Result<Tally>,
}

/// Cheapest first, so that a slip shows early. `units` holds the tidy test.
const STEPS: &[Step] = &[
    Step { name: "format", quick: true, body: format },
    Step { name: "lints", quick: true, body: lints },
    Step { name: "documentation", quick: true, body: documentation },
    Step { name: "units", quick: true, body: units },
    Step { name: "fuzz", quick: true, body: fuzz },
    Step { name: "long hunts begin", quick: false, body: hunts::begin },
    Step { name: "scan for other systems", quick: false, body: elsewhere::check },
    Step { name: "units with servers", quick: false, body: units_with_servers },
    Step { name: "release build", quick: false, body: release },
    Step { name: "commands in the documents", quick: false, body: docs::check },
    Step { name: "units of systemd", quick: false, body: deploy::check },
    Step { name: "demo", quick: false, body: demo },
    Step { name: "real parts", quick: false, body: real_parts },
    Step { name: "works with", quick: false, body: works_with },
    Step { name: "conformance", quick: false, body: conformance },
    Step { name: "between generations", quick: false, body: between_generations },
    Step { name: "one endpoint", quick: false, body: one_endpoint },
    Step { name: "protected servers", quick: false, body: protected_servers },
    Step { name: "decision point", quick: false, body: decision_point },
    Step { name: "consent", quick: false, body: consent },
    Step { name: "identity provider", quick: false, body: identity_provider },
    Step { name: "witness elsewhere", quick: false, body: witness_elsewhere },
    Step { name: "messages", quick: false, body: messages },
    Step { name: "telemetry", quick: false, body: telemetry },
    Step { name: "held calls", quick: false, body: held_calls },
    Step { name: "origins", quick: false, body: origins },
    Step { name: "browser", quick: false, body: browser },
    Step { name: "model files", quick: false, body: model_files },
    Step { name: "crash", quick: false, body: crash::check },
    Step { name: "chaos", quick: false, body: chaos::check },
    Step { name: "long hunts", quick: false, body: hunts::end },
];

/// Runs the steps; false if anything failed.
///
/// # Errors
/// If nobody listens to the output any more.
pub(crate) fn run(args: &Args) -> Result<bool> {
    let mut total = Tally::default();
    let mut bad = Vec::new();
    let mut room = room::Room::new()?;
    for step in STEPS.iter().filter(|step| step.quick || !args.has("--quick")) {
        say(&format!("\n== {}", step.name))?;
        let (since, worked_before) = (now(), worked());
        let tally = match (step.body)() {
            Ok(tally) => tally,
            Err(error) => {
                say(&format!("!! {} COULD NOT RUN: {error:#}", step.name))?;
                Tally::default().closed(false)
            }
        };
        if tally.failed > 0 {
            bad.push(step.name);
        }
        let (passed, failed, took) = (tally.passed, tally.failed, since.elapsed().as_secs());
        let worked = worked().saturating_sub(worked_before);
        say(&format!(
            "-- {}: {passed} passed, {failed} failed in {took} s, {worked} s of processor",
            step.name
        ))?;
        total.add(tally);
        room.look();
    }
    say("\n== room")?;
    let left = room.close()?;
    if left.failed > 0 {
        bad.push("room");
    }
    total.add(left);
    if !bad.is_empty() {
        say(&format!("\nfailed steps: {}", bad.join(", ")))?;
    }
    say(&format!("\n{} passed, {} failed", total.passed, total.failed))?;
    Ok(bad.is_empty())
}

/// Seconds of processor time of all children that were waited for (proc(5): `cutime` and `cstime`, in hundredths); 0 where it
/// cannot be read.
fn worked() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name stands in brackets and may hold anything; the times are the 14th and 15th word after it.
    let after = stat.rsplit_once(')').map_or("", |(_name, rest)| rest);
    let hundredths = |word: &str| word.parse::<u64>().unwrap_or(0);
    after.split_whitespace().skip(13).take(2).map(hundredths).sum::<u64>() / 100
}

fn format() -> Result<Tally> {
    counted(cargo(&["fmt", "--all", "--check"]))
}

fn lints() -> Result<Tally> {
    let scope = ["clippy", "--workspace", "--all-targets", "--all-features", "--locked"];
    counted(cargo(&[&scope[..], &["--", "-D", "warnings"]].concat()))
}

fn documentation() -> Result<Tally> {
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--all-features", "--locked"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    counted(doc)
}

/// What stands in the path of every test that starts one of these servers.
const SERVERS: [&str; 3] = ["postgres", "nats", "jetstream"];

/// What stands in the path of every short hunt in a reader of outside bytes.
const HUNT: &str = "hunt_";

/// What needs nothing but Rust.
fn units() -> Result<Tally> {
    let left_out: Vec<&str> = SERVERS.into_iter().chain([HUNT]).collect();
    let skip: Vec<&str> = left_out.iter().flat_map(|part| ["--skip", part]).collect();
    tests(&format!("not test(/{}/)", left_out.join("|")), &skip, None)
}

/// Every reader of outside bytes for some seconds, from one seed, with all that was ever found in it; `cargo xtask fuzz` is
/// the long form.
fn fuzz() -> Result<Tally> {
    tests(&format!("test(/{HUNT}/)"), &[HUNT], None)
}

/// What needs a real PostgreSQL or a real NATS.
fn units_with_servers() -> Result<Tally> {
    setup::postgres()?;
    let nats = setup::nats()?;
    tests(&format!("test(/{}/)", SERVERS.join("|")), &SERVERS, Some(&nats))
}

/// The tests of this filter: nextest's expression, or the words that say the same to the plain runner.
fn tests(filter: &str, words: &[&str], nats: Option<&Path>) -> Result<Tally> {
    let scope = ["--workspace", "--all-features", "--locked", "--no-fail-fast"];
    let mut run = if has("cargo-nextest") {
        cargo(&[&["nextest", "run"], &scope[..], &["-E", filter]].concat())
    } else {
        say("cargo-nextest is not here: running cargo test")?;
        cargo(&[&["test"], &scope[..], &["--"], words].concat())
    };
    if let Some(nats) = nats {
        run.env("WRIT_NATS_SERVER", nats);
    }
    counted(run)
}

fn release() -> Result<Tally> {
    counted(cargo(&["build", "--release", "--locked", "-p", "writ"]))
}

/// The story of the README, whole, and its summary believed only if every value in it says so.
fn demo() -> Result<Tally> {
    let writ = target().join("release/writ");
    let printed = crate::shell::captured(command(writ, &["demo", "--once", "--json"]))?;
    let last = printed.lines().last().unwrap_or("");
    say(last)?;
    let summary: serde_json::Value = serde_json::from_str(last)?;
    let truth = |key: &str| summary.get(key).and_then(serde_json::Value::as_bool) == Some(true);
    let number = |key: &str| summary.get(key).and_then(serde_json::Value::as_f64);
    let mut tally = Tally::default();
    let zero = |key: &str| number(key).is_some_and(|n| n < 1.0);
    let some = |key: &str| number(key).is_some_and(|n| n > 0.0);
    for (name, held) in [
        ("charter_clauses is above 0", some("charter_clauses")),
        ("charter_orphans is 0", zero("charter_orphans")),
        ("held_executed is 1", number("held_executed").is_some_and(|n| (n - 1.0).abs() < 0.5)),
        ("altered_refused is true", truth("altered_refused")),
        ("approval_used_once is true", truth("approval_used_once")),
        ("observe_blocked is 0", zero("observe_blocked")),
        ("observe_would_refuse is above 0", some("observe_would_refuse")),
        ("observe_same is true", truth("observe_same")),
        ("refuse_binds is true", truth("refuse_binds")),
        ("drill_held is true", truth("drill_held")),
        ("drill_us is below 1000000", number("drill_us").is_some_and(|n| n < 1_000_000.0)),
        ("origin_stopped is true", truth("origin_stopped")),
        ("origin_said is true", truth("origin_said")),
        ("origin_reads_untouched is true", truth("origin_reads_untouched")),
        ("origin_honest_sent is true", truth("origin_honest_sent")),
        ("activation_refused is true", truth("activation_refused")),
        ("ledger_verified is true", truth("ledger_verified")),
        ("calls_permitted is above 0", number("calls_permitted").is_some_and(|n| n > 0.0)),
        ("calls_denied is above 0", number("calls_denied").is_some_and(|n| n > 0.0)),
        ("kill_ms is below 1000", number("kill_ms").is_some_and(|n| n < 1000.0)),
        ("elapsed_ms is below 20000", number("elapsed_ms").is_some_and(|n| n < 20_000.0)),
        (
            "denied_received_upstream is 0",
            number("denied_received_upstream").is_some_and(|n| n < 1.0),
        ),
        ("receipts_verified is above 0", number("receipts_verified").is_some_and(|n| n > 0.0)),
        ("witness_lag_lines is 0", number("witness_lag_lines").is_some_and(|n| n < 1.0)),
        ("held is true", truth("held")),
        ("tenants is at least 4", number("tenants").is_some_and(|n| n >= 4.0)),
    ] {
        let line = format!("{} - demo: {name}", if held { "ok" } else { "not ok" });
        tally.read_line(&line);
        say(&line)?;
    }
    Ok(tally)
}

fn real_parts() -> Result<Tally> {
    against_real("tests-real/run.py")
}

/// Twelve public servers and eight public clients, straight and through Writ.
fn works_with() -> Result<Tally> {
    setup::apt("chromium", "chromium")?;
    against_real("tests-real/world_servers.py")
}

/// The protocol's own conformance suite, straight and through every door.
fn conformance() -> Result<Tally> {
    against_real("tests-real/conformance.py")
}

/// Clients of one generation of MCP on servers of the other.
fn between_generations() -> Result<Tally> {
    against_real("tests-real/bridge.py")
}

/// Several servers behind one address, one of them dead and one lying.
fn one_endpoint() -> Result<Tally> {
    against_real("tests-real/many.py")
}

/// The conformance suite's protected servers, entered by the gateway itself.
fn protected_servers() -> Result<Tally> {
    against_real("tests-real/conformance_auth.py")
}

/// Other gateways ask: the published decisions of `AuthZEN`, and a real Envoy.
fn decision_point() -> Result<Tally> {
    setup::envoy()?;
    let mut tally = against_real("tests-real/authzen.py")?;
    tally.add(against_real("tests-real/envoy.py")?);
    Ok(tally)
}

/// A person lets a program in that nobody configured, in a real Chromium; our authorization server under the suite.
fn consent() -> Result<Tally> {
    setup::apt("chromium", "chromium")?;
    against_real("tests-real/consent.py")
}

/// People sign in through a public OpenID provider, honest and lying.
fn identity_provider() -> Result<Tally> {
    setup::apt("chromium", "chromium")?;
    against_real("tests-real/oidc.py")
}

/// A witness on another machine, over TLS.
fn witness_elsewhere() -> Result<Tally> {
    against_real("tests-real/away.py")
}

/// Mail, webhooks and chats, with receivers that fail, are away or gone.
fn messages() -> Result<Tally> {
    against_real("tests-real/notify.py")
}

/// Traces, metrics, health and the log of several processes, read by OpenTelemetry's and Prometheus's own code.
fn telemetry() -> Result<Tally> {
    setup::postgres()?;
    against_real("tests-real/telemetry.py")
}

/// Calls that wait for a person: public MCP clients, a server that counts, a phone in a real Chromium; the pages around it.
fn held_calls() -> Result<Tally> {
    setup::apt("chromium", "chromium")?;
    against_real("tests-real/held.py")
}

/// What others wrote, through the gateway: a public client, a public server of files, a mailbox with a poisoned mail.
fn origins() -> Result<Tally> {
    against_real("tests-real/origins.py")
}

/// People at the console in a real Chromium: passkeys, attacks on them, axe on every page.
fn browser() -> Result<Tally> {
    setup::apt("chromium", "chromium")?;
    against_real("tests-real/browser.py")
}

/// Malicious and benign model files by Writ; under a tracer, a scan starts and sends nothing. The open scanners beside it take
/// ten minutes more: `tests-real/models.py --doc` asks them, and writes the table.
fn model_files() -> Result<Tally> {
    setup::apt("strace", "strace")?;
    let python = setup::scanners()?;
    let script = root().join("tests-real/models.py");
    let writ = target().join("release/writ");
    let (script, writ) = (script.to_string_lossy(), writ.to_string_lossy());
    counted(command(python, &["-u", &script, "--writ", &writ, "--only"]))
}

fn against_real(script: &str) -> Result<Tally> {
    let python = setup::python("requirements.txt")?;
    let node = setup::node()?;
    let script = root().join(script);
    let writ = target().join("release/writ");
    counted(command(
        python,
        &[
            "-u",
            &script.to_string_lossy(),
            "--writ",
            &writ.to_string_lossy(),
            "--node",
            &node.to_string_lossy(),
        ],
    ))
}
