//! Judges recorded conversations from standard input: decisions as lines on standard output.
//! `cargo run -p writ-flow --example judge -- 2 < calls.ndjson`, where 2 is the strictness.

use std::{
    collections::BTreeMap,
    error::Error,
    io::{self, BufRead, BufWriter, Write},
};

use writ_flow::{Rules, simulate::Simulation};

fn main() -> Result<(), Box<dyn Error>> {
    let strictness = std::env::args().nth(1).map_or(Ok(2), |text| text.parse())?;
    let mut simulation = Simulation::new(Rules::at(strictness), BTreeMap::new());
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        if let Some(decided) = simulation.line(&line?)? {
            serde_json::to_writer(&mut out, &decided)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(out.flush()?)
}
