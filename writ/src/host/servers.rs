//! The operator's servers as the gateway wants them.
//!
//! Never here: a server that the operator's file does not name. To support one more kind: an arm in [`checked`].

use std::path::PathBuf;

use writ_gateway::{Command, Place, Server, Target, config};

use super::upstreams::{Around, dressed};
use crate::{
    config::{Place as Wanted, Server as Entry},
    fault::Fault,
};

/// The servers, checked; every problem is reported at once.
///
/// # Errors
/// With everything that is wrong.
pub fn checked(entries: &[Entry], around: Around<'_>) -> Result<Vec<Server>, Fault> {
    let mut servers = Vec::new();
    let mut problems: Vec<String> = Vec::new();
    for entry in entries {
        let at = match &entry.place {
            Wanted::Wrapped => Place::Wrapped,
            Wanted::Url(url) => match Target::parse(url) {
                Ok(target) => Place::Http(dressed(target, entry, around)?),
                Err(bad) => {
                    problems.push(bad.to_string());
                    continue;
                }
            },
            Wanted::Command { command, env, folder } => {
                let mut words = command.iter();
                Place::Command(Command {
                    program: words.next().map(PathBuf::from).unwrap_or_default(),
                    arguments: words.cloned().collect(),
                    env: env.clone(),
                    folder: folder.clone(),
                })
            }
        };
        servers.push(Server { name: entry.name.clone(), client: entry.client.clone(), at });
    }
    if let Err(more) = config::check(&servers) {
        problems.extend(more.iter().map(ToString::to_string));
    }
    if problems.is_empty() {
        return Ok(servers);
    }
    let list: Vec<String> = problems.iter().map(|problem| format!("\n  - {problem}")).collect();
    Err(Fault::usage(format!(
        "writ.toml has {} unusable servers:{}",
        problems.len(),
        list.concat()
    )))
}
