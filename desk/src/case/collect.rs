//! The collector: what gateways noted in the roster is written into ledgers, and so is that an ending reached a gateway
//! that is heard no more. Run by whoever holds the lease of the soc, as often as it likes: whatever a crash leaves undone
//! the next run does.
//!
//! SECURITY: a note is somebody's word that reached the roster; it can say that an ending was confirmed, never undo one. A
//! halt from a machine stops; only its own machine, or a signature, ends it.
//! Never here: when a lease is over (`Fleet`, and `store`'s `lease`).

use std::collections::BTreeMap;

use writ_authority::{
    Command, State,
    fact::{Confirmation, GatewayHalted, GatewayResumed, How, Target, TerminationReached},
    state::Ending,
};
use writ_model::{Actor, TenantId, Timestamp, text::hidden};
use writ_store::{
    Note, View,
    roster::{FORGET_RUN, MOST_NOTES},
};

use crate::{Desk, DeskError, MemberStatus, Members};

/// LIMIT: letters of what a machine says of who halted it and why, as `authority` bounds a sentence.
const SENTENCE: usize = 500;
/// LIMIT: endings that wait for lost gateways, over all clients; what comes above is looked at when others are through.
const OPEN: usize = 4_096;

/// When each open ending was first known to stand in its ledger, by the roster's time: client and line.
pub(crate) type Stood = BTreeMap<(TenantId, u64), Timestamp>;

/// What one collection did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// Notes that were written down.
    pub written: usize,
    /// Notes that no ledger takes: they are forgotten, and logged.
    pub refused: usize,
    /// Notes and endings that could not be written now; the next run tries again.
    pub failed: usize,
    /// Gateways that an ending reached because their leases are over.
    pub expired: usize,
    /// Endings that did not reach every gateway yet.
    pub open: usize,
}

impl Desk {
    /// Writes down what gateways noted, and which lost gateways the endings of the last minutes reached.
    ///
    /// # Errors
    /// If the roster does not answer. What a single client refuses or fails is counted and logged.
    pub async fn collect(&self) -> Result<Collected, DeskError> {
        let mut done = Collected::default();
        self.notes(&mut done).await?;
        let members = self.members().await?;
        self.lost(&members, &mut done).await?;
        Ok(done)
    }

    async fn notes(&self, done: &mut Collected) -> Result<(), DeskError> {
        let fleet = self.fleet();
        let fault =
            |fault: writ_store::RosterFault| DeskError::fault(fault.code(), fault.to_string());
        let notes = fleet.notes(MOST_NOTES).await.map_err(fault)?;
        let mut over = Vec::with_capacity(notes.len());
        for (ids, tenant, command) in self.commands(notes) {
            let Some(command) = command else {
                done.refused += ids.len();
                over.extend(ids);
                continue;
            };
            match self.act(tenant, Actor::system("collector"), command).await {
                Ok(_) => {
                    done.written += ids.len();
                    over.extend(ids);
                }
                Err(DeskError::Refused(why)) if why.code != writ_authority::refusal::FORMAT => {
                    tracing::warn!(%tenant, %why, event = "note.refused");
                    done.refused += ids.len();
                    over.extend(ids);
                }
                Err(fault) => {
                    tracing::error!(%tenant, error = %fault, "notes not written; tried again");
                    done.failed += ids.len();
                }
            }
        }
        fleet.noted(&over).await.map_err(fault)
    }

    /// What is to be written for notes: those of one act of ending together, all others one by one in their order. No
    /// command for what cannot be read.
    fn commands(&self, notes: Vec<(u64, Note)>) -> Vec<(Vec<u64>, TenantId, Option<Command>)> {
        let mut acts: BTreeMap<(TenantId, u64), (Vec<u64>, Vec<Target>)> = BTreeMap::new();
        let mut out = Vec::new();
        let provider = self.provider_id().ok();
        for (id, note) in notes {
            match note {
                Note::Confirmed(tenant, body) => match serde_json::from_slice(&body) {
                    Ok(Confirmation::One(one)) => {
                        out.push((vec![id], tenant, Some(Command::ConfirmTermination(one))));
                    }
                    Ok(Confirmation::Many(TerminationReached { line, targets })) => {
                        let act = acts.entry((tenant, line)).or_default();
                        act.0.push(id);
                        act.1.extend(targets);
                    }
                    Err(why) => {
                        tracing::error!(%tenant, %why, "a note cannot be read");
                        out.push((vec![id], tenant, None));
                    }
                },
                Note::Halted { gateway, boot, at, by, reason } => {
                    let (by, reason) =
                        (Some(at_machine(by.as_deref())), words(&reason, "No reason was given"));
                    let (boot, at) = (Some(boot), at.min(self.now()));
                    let halted = GatewayHalted { gateway, boot, at, by, reason };
                    out.extend(provider.map(|tenant| {
                        (vec![id], tenant, Some(Command::NoteHalt(Box::new(halted))))
                    }));
                }
                Note::Resumed { gateway, at, by, .. } => {
                    let (by, at) = (Some(at_machine(by.as_deref())), at.min(self.now()));
                    let resumed = GatewayResumed { gateway, at, by };
                    out.extend(provider.map(|tenant| {
                        (vec![id], tenant, Some(Command::NoteServed(Box::new(resumed))))
                    }));
                }
            }
        }
        out.extend(
            acts.into_iter()
                .map(|((tenant, line), (ids, targets))| (ids, tenant, Some(reach(line, targets)))),
        );
        out
    }

    /// Endings of the last minutes that did not reach every gateway: those whose gateways are lost by now are through.
    async fn lost(&self, members: &Members, done: &mut Collected) -> Result<(), DeskError> {
        let mut stood = Stood::new();
        for view in self.every_client().await? {
            for (line, ending) in recent(&view, self.now()) {
                let due = unreached(&view.state, members, line, ending);
                if due.is_empty() || stood.len() >= OPEN {
                    continue;
                }
                let key = (view.tenant, line);
                let known = self.inner.stood.lock().get(&key).copied();
                let since = known.unwrap_or(members.at);
                stood.insert(key, since);
                let over: Vec<Target> = due
                    .iter()
                    .filter(|one| one.obeys_by(since) <= members.at)
                    .map(|one| expired(one, since))
                    .collect();
                done.open += usize::from(over.len() < due.len());
                if over.is_empty() {
                    continue;
                }
                let count = over.len();
                match self.act(view.tenant, Actor::system("collector"), reach(line, over)).await {
                    Ok(_) => done.expired += count,
                    Err(fault) => {
                        done.failed += 1;
                        tracing::error!(tenant = %view.tenant, line, error = %fault, "not written");
                    }
                }
            }
        }
        *self.inner.stood.lock() = stood;
        Ok(())
    }
}

fn reach(line: u64, targets: Vec<Target>) -> Command {
    Command::ReachTermination(Box::new(TerminationReached { line, targets }))
}

/// Endings that may wait for a gateway still: earlier runs are not told of for longer.
fn recent(view: &View<State>, now: Timestamp) -> impl Iterator<Item = (u64, &Ending)> {
    let endings = view.state.endings.iter().rev();
    endings
        .take_while(move |(_, one)| now - one.at < FORGET_RUN)
        .map(|(line, one)| (*line, one.as_ref()))
}

/// The gateways that have to be reached and of which nothing is written.
fn unreached<'m>(
    state: &State,
    members: &'m Members,
    line: u64,
    ending: &Ending,
) -> Vec<&'m MemberStatus> {
    let due = super::endings::Due::of(line, ending, Vec::new());
    let targets = members.all.iter().filter(|one| one.is_target(ending.at));
    targets.filter(|one| !due.reached(state, (one.gateway, one.boot))).collect()
}

fn expired(member: &MemberStatus, stood: Timestamp) -> Target {
    Target {
        gateway: member.gateway,
        boot: member.boot,
        how: How::LeaseExpired,
        at: member.obeys_by(stood),
        measured: None,
    }
}

fn at_machine(by: Option<&str>) -> String {
    words(by.unwrap_or_default(), "Somebody at its machine")
}

/// A machine's words as a line takes them.
fn words(said: &str, otherwise: &str) -> String {
    let plain: String = said.chars().map(|c| if hidden(c) { ' ' } else { c }).collect();
    let cut: String = plain.trim().chars().take(SENTENCE).collect();
    let cut = cut.trim();
    if cut.is_empty() { otherwise.to_owned() } else { cut.to_owned() }
}
