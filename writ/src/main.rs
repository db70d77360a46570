//! The `writ` binary: hands the command line to the library and exits with what it says.
//!
//! Never here: anything else. To add a command: `cli.rs`.

use std::process::ExitCode;

use clap::Parser as _;
#[cfg(feature = "server")]
use writ_app::telemetry;
use writ_app::{
    cli::{self, Cli},
    fault::Fault,
    out::Out,
};

/// Many small allocations that live for one call: this allocator spends about half of what the system's does on them.
#[cfg(feature = "server")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Pages of two megabytes make a process fast that uses all of its memory. A gateway with ten thousand connections uses a part
/// of each of their buffers: with small pages only those parts are memory, a third less in all, and a call costs the same
/// (`cargo xtask bench idle`, `bench gateway`). Processes that this one starts have it from here.
#[cfg(all(feature = "server", target_os = "linux"))]
fn small_pages() {
    if let Err(fault) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%fault, "memory is used in large pages");
    }
}

/// Does it within the runtime.
#[cfg(feature = "server")]
fn within(cli: Cli) -> Result<(), Fault> {
    #[cfg(target_os = "linux")]
    small_pages();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::unreachable(format!("cannot start: {error}")))?;
    let result = runtime.block_on(cli::run(cli));
    // A blocked read of stdin must not keep the process.
    runtime.shutdown_background();
    result
}

#[cfg(feature = "server")]
fn done(cli: Cli) -> Result<(), Fault> {
    telemetry::start(cli.command.talk());
    cli::alone(&cli).unwrap_or_else(|| within(cli))
}

#[cfg(not(feature = "server"))]
fn done(cli: Cli) -> Result<(), Fault> {
    cli::alone(cli)
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let out = Out { json: cli.globals.json };
    match done(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            out.fault(&fault);
            ExitCode::from(fault.exit.number())
        }
    }
}
