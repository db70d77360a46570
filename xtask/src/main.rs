//! `cargo xtask`: everything about this repository that a machine can check or measure, one subcommand each.
//!
//! Never here: product code, or a rule that a unit test could hold (those are tests; `tests/tidy` reads the whole tree).
//! To add a task: a file with `run(&Args) -> Result<Outcome>`, a row in [`TASKS`].
#![expect(
    clippy::print_stdout,
    reason = "a command-line tool of developers: its output is for people and scripts"
)]

use std::process::ExitCode;

mod args;
mod bench;
mod budget;
mod chaos;
#[cfg(feature = "bench")]
mod cluster;
mod crash;
mod deploy;
mod docs;
mod fuzz;
mod root;
mod setup;
mod shell;
mod suite;
mod tally;

use args::Args;

/// One subcommand: its name, what it does, the options it knows, its body.
type Task = (&'static str, &'static str, &'static str, fn(&Args) -> anyhow::Result<bool>);

const TASKS: &[Task] = &[
    (
        "test",
        "every check; --quick leaves out what needs other people's software",
        "--quick",
        suite::run,
    ),
    (
        "bench",
        "measure: bench decide|first-byte|gateway|idle|kill|ledger|neighbours|start --json",
        "--json --as-built --debug --agents --calls --gateways --half --kills --pairs --rate --rivals-only \
         --streams --tenants --turns --upstream",
        bench::run,
    ),
    (
        "fuzz",
        "readers of outside bytes: fuzz [NAME] [--minutes N (10)] [--seed N]",
        "--minutes --seconds --seed --here --list",
        fuzz::run,
    ),
    (
        "chaos",
        "kill -9 and partitions of a whole cluster; --rounds N (200), --debug",
        "--rounds --minutes --debug --as-built --json",
        chaos::run,
    ),
    (
        "soak",
        "steady load, memory and lag; --minutes N (30), --debug",
        "--minutes --debug --as-built --json",
        chaos::soak,
    ),
    (
        "budget",
        "locked packages and the cold release build; --packages-only skips the build",
        "--packages-only --json --timings",
        budget::run,
    ),
    ("crash", "kill -9 at random points; --rounds N (200)", "--rounds --debug --json", crash::run),
    #[cfg(feature = "bench")]
    ("sign", "signs for `crash`: sign FILE, as $WRIT_SIGNER", "", crash::sign),
    ("docs", "every `writ …` command in the documents is one that the binary knows", "", docs::run),
];

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::read(std::env::args().skip(1));
    let Some((_, about, known, body)) = TASKS.iter().find(|(name, ..)| *name == args.task()) else {
        println!("usage: cargo xtask TASK [options]\n");
        for (name, about, ..) in TASKS {
            println!("  {name:<8} {about}");
        }
        return Ok(ExitCode::from(2));
    };
    // Some tasks run for an hour or empty a folder: an option nobody knows starts nothing.
    if let Some(odd) = args.odd(known) {
        println!("{}: {about}\n  options: {known}\n  {odd:?} is none of them", args.task());
        return Ok(ExitCode::from(2));
    }
    Ok(if body(&args)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
