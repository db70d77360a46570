//! Whether a ledger was written by those who had the right: replayed line by line, with every signature checked and every
//! signed act decided again. Pure; used by verifiers, witnesses and tests.
//!
//! SECURITY: this is what a client trusts instead of its provider. A provider with the disk, the domain and every server
//! key can append any line; it cannot make this accept a client person, key, witness or policy that the client's own
//! people did not sign for, nor another root than the one of the paper contract.
//! To add a kind of fact: its arm in `chain/unsigned.rs`. Never here: trust in a line because it is there; cryptography
//! (handed in as [`CheckAssertion`]).

use std::{collections::VecDeque, sync::Arc};

use serde::{Deserialize, Serialize};
use writ_model::{Actor, Code, Cx, Entropy, Fold as _, PersonId, Side, TenantId};

use crate::{
    command::{self, Command},
    fact::{Entry, Fact},
    refusal::{self, Refusal},
    signed::{CheckAssertion, Receipt},
    state::State,
};

mod unsigned;

/// A ledger replayed with doubt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Chain {
    /// Version of the fold; a chain of another one is replayed.
    version: u32,
    state: State,
    /// Fingerprint of the root that is insisted on.
    pinned: Option<String>,
    /// Lines that the last receipt makes so and that have to come next.
    owed: VecDeque<String>,
    receipts: u64,
}

/// Why a ledger cannot have been written by those who had the right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: line {index}: {what}")]
pub struct Broken {
    /// At which line.
    pub index: u64,
    /// Which rule.
    pub code: Code,
    /// What is wrong, one sentence.
    pub what: String,
}

/// What a chain has seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ChainReport {
    /// Receipts checked.
    pub receipts: u64,
    /// Fingerprint of the client's root key and the line that admitted it.
    pub root: Option<(String, u64)>,
    /// Live passkeys.
    pub keys: u64,
    /// Client people seated now.
    pub client_people: u64,
}

/// Which rule, and what is wrong.
type Fault = (Code, String);

impl Chain {
    /// Before the first line. `root` is the fingerprint that the paper contract names, if one is insisted on; of a ledger
    /// that moved to where the client's keys cannot sign, those of both contracts, with a comma between.
    pub fn new(tenant: TenantId, root: Option<String>) -> Self {
        Self {
            version: State::VERSION,
            state: State::empty(tenant),
            pinned: root,
            owed: VecDeque::new(),
            receipts: 0,
        }
    }

    /// Takes one line.
    ///
    /// # Errors
    /// The first rule that the line breaks; the chain is then as it was.
    pub fn take(
        &mut self,
        index: u64,
        line: &[u8],
        crypto: &dyn CheckAssertion,
    ) -> Result<(), Broken> {
        let broken = |(code, what): Fault| Broken { index, code, what };
        let entry = self.read(line).map_err(broken)?;
        command::format_may_be_written(&self.state, &entry.fact)
            .map_err(|refusal| broken((refusal.code, refusal.what)))?;
        let mut owed = self.owed.clone();
        let mut receipts = self.receipts;
        if let Some(due) = owed.pop_front() {
            follows(&due, line, &entry).map_err(broken)?;
        } else if let Fact::ActSigned(receipt) = &entry.fact {
            owed = self.receipt(&entry, receipt, crypto).map_err(broken)?;
            receipts += 1;
        } else {
            unsigned::may_stand(&self.state, &entry).map_err(broken)?;
        }
        let mut state = self.state.clone();
        state.fold(index, line).map_err(|bad| broken((refusal::CHAIN_LINE, bad.why)))?;
        self.right_root(&state).map_err(broken)?;
        (self.state, self.owed, self.receipts) = (state, owed, receipts);
        Ok(())
    }

    /// After the last line of a log: nothing that was signed may be missing, nor the root that is insisted on.
    ///
    /// # Errors
    /// If it is.
    pub fn finish(&self) -> Result<(), Broken> {
        let broken = |code, what| Err(Broken { index: self.state.size, code, what });
        if !self.owed.is_empty() {
            let what = "the log ends before everything that was signed is written".to_owned();
            return broken(refusal::RECEIPT_ACT, what);
        }
        match &self.pinned {
            Some(wanted) if self.state.root.or(self.state.former_root).is_none() => {
                let what = format!("nobody of the client was admitted, with {wanted} or any key");
                broken(refusal::ROOT_PIN, what)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What the lines add up to.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What was seen.
    pub fn report(&self) -> ChainReport {
        let state = &self.state;
        let root = state.root.or(state.former_root).and_then(|id| state.passkeys.get(&id));
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        ChainReport {
            receipts: self.receipts,
            root: root.map(|key| (key.says.fingerprint(), key.line)),
            keys: count(state.passkeys.values().filter(|key| key.live()).count()),
            client_people: count(state.seated(Side::Client).count()),
        }
    }

    /// Its bytes, to go on later. Whoever can change them can make the chain accept anything.
    ///
    /// # Errors
    /// If the state cannot be written.
    pub fn save(&self) -> Result<Vec<u8>, Broken> {
        serde_json::to_vec(self).map_err(|error| Broken {
            index: self.state.size,
            code: refusal::CHAIN_LINE,
            what: error.to_string(),
        })
    }

    /// The chain of these bytes; none if they are not one of this version, and then it has to be replayed.
    pub fn load(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|chain: &Self| chain.version == State::VERSION)
    }

    fn read(&self, line: &[u8]) -> Result<Entry, Fault> {
        let fault = |what: String| (refusal::CHAIN_LINE, what);
        let entry = Entry::from_line(line).map_err(fault)?;
        let again = entry.to_line().map_err(|refusal| fault(refusal.what))?;
        if again != line {
            return Err(fault("it is not in canonical form".to_owned()));
        }
        match &entry.fact {
            Fact::LedgerFounded(founded) if self.state.founded.is_some() => {
                Err(fault(format!("the ledger of {} is founded a second time", founded.name)))
            }
            Fact::LedgerFounded(founded) if founded.tenant != self.state.tenant => {
                Err(fault(format!("it founds the ledger of {}", founded.tenant)))
            }
            Fact::LedgerFounded(founded)
                if founded.side != Side::Client && self.pinned.is_some() =>
            {
                let what = "a root is insisted on, and this is no client's ledger".to_owned();
                Err((refusal::ROOT_PIN, what))
            }
            Fact::LedgerFounded(_) => Ok(entry),
            _ if self.state.founded.is_none() => {
                Err(fault("the ledger does not begin with its founding".to_owned()))
            }
            _ => Ok(entry),
        }
    }

    /// Checks a receipt and gives the lines that it makes so.
    fn receipt(
        &self,
        entry: &Entry,
        receipt: &Receipt,
        crypto: &dyn CheckAssertion,
    ) -> Result<VecDeque<String>, Fault> {
        if let Some(key) = self.state.passkeys.get(&receipt.passkey) {
            let fault = |what: String| (refusal::RECEIPT_SIGNATURE, what);
            let challenge = receipt.challenge().map_err(|refusal| fault(refusal.what))?;
            let seen = crypto.check(&key.says, &challenge, &receipt.assertion).map_err(fault)?;
            if receipt.counter().ok() != Some(seen.counter) {
                return Err(fault("the counter that is signed is another one".to_owned()));
            }
        }
        let command = Command::Signed { receipt: Box::new(receipt.clone()) };
        let facts = decide(&self.state, entry, command)
            .map_err(|refusal| self.not_allowed(receipt, refusal))?;
        facts
            .into_iter()
            .skip(1)
            .map(|fact| {
                let line = Entry::by(entry.actor.clone(), entry.at, fact).to_line();
                let line = line.map_err(|refusal| (refusal::CHAIN_LINE, refusal.what))?;
                String::from_utf8(line).map_err(|error| (refusal::CHAIN_LINE, error.to_string()))
            })
            .collect()
    }

    /// Which rule a signed act breaks that its signer may not do.
    fn not_allowed(&self, receipt: &Receipt, refused: Refusal) -> Fault {
        let receipts = [
            refusal::RECEIPT_SIGNATURE,
            refusal::RECEIPT_NAMES,
            refusal::RECEIPT_KEY,
            refusal::RECEIPT_COUNTER,
            refusal::RECEIPT_TIME,
            refusal::RECEIPT_REPLAY,
        ];
        let signer = self.state.people.get(&receipt.request.person);
        let by_provider = signer.is_none_or(|person| person.side == Side::Provider);
        let act = receipt.request.act.as_ref();
        let code = if receipts.contains(&refused.code) || refusal::of_charter(refused.code) {
            refused.code
        } else if by_provider && self.brings_client(act) {
            refusal::SECOND_ROOT
        } else if by_provider && self.touches_client(act) {
            refusal::CLIENT_PEOPLE
        } else {
            refusal::RECEIPT_REFUSED
        };
        (code, refused.what)
    }

    fn brings_client(&self, act: &Command) -> bool {
        let invited = |person: &PersonId| {
            let known =
                self.state.invited.get(person).and_then(|id| self.state.invitations.get(id));
            known.is_some_and(|one| one.says.side == Side::Client)
        };
        match act {
            Command::InvitePerson { side, .. } => *side == Side::Client,
            Command::AdmitPerson { person, .. } => invited(person),
            _ => false,
        }
    }

    fn touches_client(&self, act: &Command) -> bool {
        let client = |person: &PersonId| unsigned::is_client(&self.state, *person);
        match act {
            Command::SeatPerson { side, .. } | Command::NameWitness { side, .. } => {
                *side == Side::Client
            }
            Command::PersonLeaves { person } | Command::AskRecovery { person, .. } => {
                client(person)
            }
            Command::RevokePasskey { passkey, .. } => {
                self.state.passkeys.get(passkey).is_some_and(|key| client(&key.says.person))
            }
            Command::ConfirmRecovery { recovery, .. } => {
                self.state.recoveries.get(recovery).is_some_and(|one| client(&one.says.person))
            }
            Command::RemoveWitness { witness, .. } => {
                let known = self.state.witnesses.get(witness);
                known.is_some_and(|one| one.says.side == Side::Client)
            }
            Command::SetKeyPolicy { .. } => self.state.own_side() == Some(Side::Client),
            _ => false,
        }
    }

    fn right_root(&self, after: &State) -> Result<(), Fault> {
        let (None, Some(root)) = (self.state.root, after.root) else {
            return Ok(());
        };
        let is = after.passkeys.get(&root).map(|key| key.says.fingerprint()).unwrap_or_default();
        match &self.pinned {
            Some(wanted) if wanted.split(',').any(|one| one == is) => Ok(()),
            Some(wanted) => Err((
                refusal::ROOT_PIN,
                format!("the client's root is {is}, and the contract names {wanted}"),
            )),
            // Who insists on nothing believes the first root they meet, never a second one.
            None if self.state.former_root.is_some() => Err((
                refusal::ROOT_PIN,
                format!(
                    "after a move the client's root is {is}: insist on it if a contract names it"
                ),
            )),
            None => Ok(()),
        }
    }
}

/// The line that a receipt makes so, letter for letter.
fn follows(due: &str, line: &[u8], entry: &Entry) -> Result<(), Fault> {
    if due.as_bytes() == line {
        return Ok(());
    }
    let (is, signed) = (unsigned::kind(&entry.fact), Entry::from_line(due.as_bytes()).ok());
    let wanted = signed.map(|due| unsigned::kind(&due.fact)).unwrap_or_default();
    let what = if is == wanted {
        format!("this {is} is not the one that was signed")
    } else {
        format!("a {is} stands where {wanted} was signed")
    };
    Err((refusal::RECEIPT_ACT, what))
}

/// Decides a command again, as the author of a line at its instant.
fn decide(state: &State, entry: &Entry, command: Command) -> Result<Vec<Fact>, Refusal> {
    let (at, actor): (_, Actor) = (entry.at, entry.actor.clone());
    command::decide_again(state, command, &Cx::new(at, Arc::new(Nothing), state.tenant, actor))
}

/// No entropy: what is decided again may not need any.
#[derive(Debug)]
struct Nothing;

impl Entropy for Nothing {
    fn fill(&self, out: &mut [u8]) {
        out.fill(0);
    }
}
