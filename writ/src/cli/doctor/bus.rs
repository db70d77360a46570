//! What `writ doctor` says of the bus: whether somebody's records wait who does not come for them.
//!
//! Never here: ending a name (`writ bus forget`). To check one more thing: a row in [`looked`].

use std::path::Path;

use super::{Check, bad, good};
use crate::{
    cli::bus::{Process, Taker, reach, takers},
    config::Config,
};

/// Everything about the bus that the operator's file names.
pub(super) async fn checks(folder: &Path, config: &Config) -> Vec<Check> {
    if config.cluster.bus.is_none() {
        return Vec::new();
    }
    let found = match reach(folder, config).await {
        Ok((bus, roster)) => takers(&*bus, &*roster).await,
        Err(fault) => Err(fault),
    };
    match found {
        Ok(takers) => looked(&takers),
        Err(fault) => vec![bad("bus", fault.what, fault.cure.unwrap_or_default())],
    }
}

fn looked(takers: &[Taker]) -> Vec<Check> {
    let gone: Vec<Check> = takers
        .iter()
        .filter(|taker| taker.process == Process::Gone)
        .map(|Taker { name, waits, .. }| {
            let found = format!("{waits} messages are kept for {name}, whose process is not known");
            bad("bus", found, format!("if it does not come back: writ bus forget {name}"))
        })
        .collect();
    if gone.is_empty() {
        return vec![good("bus", format!("{} names, each of a known process", takers.len()))];
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_come_back_is_told() {
        let taker = |name: &str, process| Taker { name: name.to_owned(), waits: 7, process };
        assert!(looked(&[taker("lake-a", Process::Lives)]).iter().all(|check| check.ok));
        let found = looked(&[taker("lake-a", Process::Away), taker("lake-b", Process::Gone)]);
        assert_eq!(found.len(), 1);
        assert!(!found[0].ok && found[0].cure.ends_with("writ bus forget lake-b"), "{found:?}");
    }
}
