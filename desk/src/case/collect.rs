//! The collector: what gateways noted in the roster is written into ledgers, and so is that an ending reached a gateway
//! that does not say so itself. Run by whoever holds the lease of the soc, as often as it likes: whatever a crash leaves
//! undone the next run does.
//!
//! SECURITY: a note is somebody's word that reached the roster; it can say that an ending was confirmed, never undo one. A
//! halt from a machine stops; only its own machine, or a signature, ends it.
//! Never here: when a line is obeyed (`Fleet`, and `store`'s `lease`).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use writ_authority::{
    Command, State,
    fact::{Confirmation, GatewayHalted, GatewayResumed, How, Target, TerminationReached},
    state::Ending,
};
use writ_model::{Actor, GatewayId, TenantId, Timestamp, text::hidden};
use writ_store::{
    Note, View, Wanted,
    lease::MARGIN,
    roster::{FORGET_RUN, MAX_NOTES, MOST_NOTES},
};

use crate::{Desk, DeskError, MemberStatus, Members};

/// LIMIT: letters of what a machine says of who halted it and why, as `authority` bounds a sentence.
const SENTENCE: usize = 500;
/// LIMIT: notes of one client that fail in one run, before its others wait for the next: its ledger cannot be written now.
const FAILS: usize = 16;
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
    /// Gateways that an ending reached, by their beats, and that did not say so themselves.
    pub read: usize,
    /// Halts by people that the roster had forgotten, and has again.
    pub halted: usize,
    /// Endings that did not reach every gateway yet.
    pub open: usize,
}

/// What is to be written for some notes.
struct Due {
    ids: Vec<u64>,
    tenant: TenantId,
    /// Whose orders have to stay in their order.
    gateway: Option<GatewayId>,
    /// None for what cannot be read.
    command: Option<Command>,
}

/// What waits for the next run.
#[derive(Default)]
struct Late {
    /// Gateways of which a note was not written: a later one must not pass it.
    gateways: BTreeSet<GatewayId>,
    fails: BTreeMap<TenantId, usize>,
}

impl Late {
    fn has(&self, due: &Due) -> bool {
        due.gateway.is_some_and(|gateway| self.gateways.contains(&gateway))
            || self.fails.get(&due.tenant).is_some_and(|fails| *fails >= FAILS)
    }

    fn add(&mut self, due: &Due) {
        self.gateways.extend(due.gateway);
        *self.fails.entry(due.tenant).or_default() += 1;
    }
}

impl Desk {
    /// Writes down what gateways noted, and which silent or lost gateways the endings of the last minutes reached; and has
    /// gateways halted that a person halted and that the roster would let serve.
    ///
    /// # Errors
    /// If the roster does not answer. What a single client refuses or fails is counted and logged.
    pub async fn collect(&self) -> Result<Collected, DeskError> {
        let mut done = Collected::default();
        self.notes(&mut done).await?;
        // The ledgers before the roster: what was read of them stood before the roster's time.
        let clients = self.every_client().await?;
        let asked = self.now();
        let members = self.members().await?;
        self.unsaid(&clients, (&members, asked), &mut done).await;
        self.halt_again(&members, &mut done).await?;
        Ok(done)
    }

    async fn notes(&self, done: &mut Collected) -> Result<(), DeskError> {
        let (mut late, mut after) = (Late::default(), 0);
        // Whatever fails hides nothing that came later; more than this cannot wait.
        for _ in 0..MAX_NOTES.div_ceil(MOST_NOTES) {
            let notes =
                self.fleet().notes(after, MOST_NOTES).await.map_err(|fault| roster(&fault))?;
            let Some((last, _)) = notes.last() else { break };
            after = *last;
            let over = self.write_down(notes, &mut late, done).await;
            self.fleet().noted(&over).await.map_err(|fault| roster(&fault))?;
        }
        Ok(())
    }

    /// Gives the notes that are over: written, or taken by no ledger.
    async fn write_down(
        &self,
        notes: Vec<(u64, Note)>,
        late: &mut Late,
        done: &mut Collected,
    ) -> Vec<u64> {
        let mut over = Vec::with_capacity(notes.len());
        for due in self.commands(notes) {
            let (tenant, count) = (due.tenant, due.ids.len());
            let Some(command) = due.command.clone() else {
                done.refused += count;
                over.extend(due.ids);
                continue;
            };
            if late.has(&due) {
                done.failed += count;
                continue;
            }
            match self.act(tenant, Actor::system("collector"), command).await {
                Ok(_) => {
                    done.written += count;
                    over.extend(due.ids);
                }
                Err(DeskError::Refused(why)) if why.code != writ_authority::refusal::FORMAT => {
                    tracing::warn!(%tenant, %why, event = "note.refused");
                    done.refused += count;
                    over.extend(due.ids);
                }
                Err(fault) => {
                    tracing::error!(%tenant, error = %fault, "notes not written; tried again");
                    done.failed += count;
                    late.add(&due);
                }
            }
        }
        over
    }

    /// What is to be written for notes: those of one act of ending together, all others one by one in their order.
    fn commands(&self, notes: Vec<(u64, Note)>) -> Vec<Due> {
        let mut acts: BTreeMap<(TenantId, u64), (Vec<u64>, Vec<Target>)> = BTreeMap::new();
        let mut out = Vec::new();
        let provider = self.provider_id().ok();
        for (id, note) in notes {
            let ids = vec![id];
            match note {
                Note::Confirmed(tenant, body) => {
                    let command = match serde_json::from_slice(&body) {
                        Ok(Confirmation::One(one)) => Some(Command::ConfirmTermination(one)),
                        Ok(Confirmation::Many(TerminationReached { line, targets })) => {
                            let act = acts.entry((tenant, line)).or_default();
                            act.0.push(id);
                            act.1.extend(targets);
                            continue;
                        }
                        Err(why) => {
                            tracing::error!(%tenant, %why, "a note cannot be read");
                            None
                        }
                    };
                    out.push(Due { ids, tenant, gateway: None, command });
                }
                Note::Halted { gateway, boot, at, by, reason } => {
                    let (by, reason) =
                        (Some(at_machine(by.as_deref())), words(&reason, "No reason was given"));
                    let (boot, at) = (Some(boot), at.min(self.now()));
                    let halted = GatewayHalted { gateway, boot, at, by, reason };
                    let command = Some(Command::NoteHalt(Box::new(halted)));
                    let gateway = Some(gateway);
                    out.extend(provider.map(|tenant| Due { ids, tenant, gateway, command }));
                }
                Note::Resumed { gateway, at, by, .. } => {
                    let (by, at) = (Some(at_machine(by.as_deref())), at.min(self.now()));
                    let resumed = GatewayResumed { gateway, at, by };
                    let command = Some(Command::NoteServed(Box::new(resumed)));
                    let gateway = Some(gateway);
                    out.extend(provider.map(|tenant| Due { ids, tenant, gateway, command }));
                }
            }
        }
        out.extend(acts.into_iter().map(|((tenant, line), (ids, targets))| {
            let command = Some(reach(line, targets));
            Due { ids, tenant, gateway: None, command }
        }));
        out
    }

    /// Endings of the last minutes that did not reach every gateway: which of them did by now, though they did not say so.
    async fn unsaid(
        &self,
        clients: &[Arc<View<State>>],
        (members, asked): (&Members, Timestamp),
        done: &mut Collected,
    ) {
        let mut stood = Stood::new();
        for view in clients {
            for (line, ending) in recent(view, asked) {
                let key = (view.tenant, line);
                let known = self.inner.stood.lock().get(&key).copied();
                let since = known.unwrap_or(members.at);
                let ended = members.instant(ending.at, asked);
                let due = unreached(&view.state, members, (line, ending), (ended, since));
                if due.is_empty() || stood.len() >= OPEN {
                    continue;
                }
                stood.insert(key, since);
                let over: Vec<Target> =
                    due.iter().filter_map(|one| target(one, since, members.at)).collect();
                done.open += usize::from(over.len() < due.len());
                if over.is_empty() {
                    continue;
                }
                let read = over.iter().filter(|one| one.how == How::Confirmed).count();
                let expired = over.len() - read;
                match self.act(view.tenant, Actor::system("collector"), reach(line, over)).await {
                    Ok(_) => {
                        done.read += read;
                        done.expired += expired;
                    }
                    Err(fault) => {
                        done.failed += 1;
                        tracing::error!(tenant = %view.tenant, line, error = %fault, "not written");
                    }
                }
            }
        }
        *self.inner.stood.lock() = stood;
    }

    /// A halt by a person stands in the ledger; a roster that was lost has forgotten it. A machine keeps its own.
    ///
    /// The ledger is read after the roster: who was let serve again by signature is so in the ledger first.
    async fn halt_again(&self, members: &Members, done: &mut Collected) -> Result<(), DeskError> {
        let provider = self.provider_id()?;
        let provider = self.tenants().advance(provider).await?;
        let by_people = provider.state.halted.iter().filter(|(_, halt)| halt.says.by.is_none());
        for (gateway, halt) in by_people {
            let mut runs = members.all.iter().filter(|one| one.gateway == *gateway);
            if !runs.any(|one| one.wanted != Wanted::Halt) {
                continue;
            }
            let by = match halt.by {
                Some(person) => person.to_string(),
                None => format!("line {} of the provider's ledger", halt.line),
            };
            tracing::warn!(event = "gateway.halted_again", %gateway, "the roster had forgotten a halt");
            let heard = self
                .fleet()
                .want(*gateway, Wanted::Halt, by)
                .await
                .map_err(|fault| roster(&fault))?;
            done.halted += usize::from(heard);
        }
        Ok(())
    }
}

fn roster(fault: &writ_store::RosterFault) -> DeskError {
    DeskError::fault(fault.code(), fault.to_string())
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

/// The gateways that have to be reached and of which nothing is written. `ended` and `stood` are the roster's times.
fn unreached<'m>(
    state: &State,
    members: &'m Members,
    (line, ending): (u64, &Ending),
    (ended, stood): (Timestamp, Timestamp),
) -> Vec<&'m MemberStatus> {
    let due = super::endings::Due::of(line, ending, Vec::new());
    // Rather one too many: another process's clock wrote down when it was ended.
    let stood = stood.max(ended + MARGIN);
    let targets = members.all.iter().filter(|one| one.is_target(ended, stood));
    targets.filter(|one| !due.reached(state, (one.gateway, one.boot))).collect()
}

/// That an ending reached a gateway, if it is certain by now.
fn target(member: &MemberStatus, stood: Timestamp, now: Timestamp) -> Option<Target> {
    let (how, at) = member.obeys(stood, now)?;
    let (gateway, boot) = (member.gateway, member.boot);
    Some(Target { gateway, boot, how, at, measured: None })
}

fn at_machine(by: Option<&str>) -> String {
    words(by.unwrap_or_default(), "Somebody at its machine")
}

/// A machine's words as a line takes them.
fn words(said: &str, otherwise: &str) -> String {
    let plain: String = said.chars().map(|c| if hidden(c) { ' ' } else { c }).collect();
    let cut = writ_model::name::cut(plain.trim(), SENTENCE);
    let cut = cut.trim();
    if cut.is_empty() { otherwise.to_owned() } else { cut.to_owned() }
}
