//! [`Watch`]: one witness of one log, round by round: a newer checkpoint, the lines up to it, the tree and the chain of
//! signatures over them, the disk, the cosignature.
//!
//! Never here: a cosignature of anything that was not checked here. SECURITY: nothing that the server says is believed
//! but the log key and the root that were given from outside.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use writ_authority::{Broken, Chain, Entry, Fact};
use writ_desk::{CheckpointVerifier, WebauthnCheck};
use writ_evidence::{
    Checkpoint, Cosigner, Disagreement, Frontier, Note, NoteSigner as _, Witness, leaf_hash,
    merkle::TreeHead,
    note::{NoteFault, NoteSignature, VerifierKey},
    tiles,
};
use writ_model::TenantId;

use super::{
    home::{Home, Seen},
    remote::{By, Remote},
};
use crate::{
    book::{moves, verify::log_key},
    fault::Fault,
};

/// LIMIT: lines of one answer that are taken: the desk gives at most as many.
pub(super) const MOST: usize = 4_096;

/// What a round did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// There is nothing newer.
    Same {
        /// How many lines were seen before.
        size: u64,
    },
    /// It cosigned.
    Cosigned {
        /// How many lines there are.
        size: u64,
        /// How many of them are new.
        new: u64,
        /// Receipts checked since line 0, as far as this build knows them.
        receipts: u64,
        /// Fingerprint of the client's first key, if there is one.
        root: Option<String>,
    },
}

/// Why a round did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The log is not what it must be: nothing is cosigned any more.
    Disagrees {
        /// The rule.
        code: String,
        /// What is wrong.
        what: String,
    },
    /// It could not be looked: try again.
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Disagreement> for Stop {
    fn from(disagreement: Disagreement) -> Self {
        if let Disagreement::Note(NoteFault::Malformed(why)) = disagreement {
            // Whatever stands between may answer with a page of its own: that says nothing about the log.
            return Self::Fault(Fault::unreachable(format!(
                "the server gave no checkpoint: {why}"
            )));
        }
        Self::Disagrees { code: disagreement.code().to_string(), what: disagreement.to_string() }
    }
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Self {
        let what = format!("line {}: {}", broken.index, broken.what);
        Self::Disagrees { code: broken.code.to_string(), what }
    }
}

/// A witness of one log.
#[derive(Debug)]
pub struct Watch {
    pub(super) home: Home,
    pub(super) remote: Remote,
    pub(super) log: CheckpointVerifier,
    pub(super) witness: Witness,
    pub(super) seen: Seen,
    /// The edge of the tree and the chain at what was seen.
    at: (Frontier, Chain),
}

/// The tenant whose ledger a verifier key is of.
///
/// # Errors
/// If it is no ledger's key.
pub fn tenant_of(log_key: &str) -> Result<TenantId, Fault> {
    let name = VerifierKey::parse(log_key).map(|key| key.name).unwrap_or_default();
    name.strip_prefix("writ-ledger/").and_then(|id| id.parse().ok()).ok_or_else(|| {
        Fault::usage("the log key is not a ledger's")
            .cure("write it as the ledger's page shows it: writ-ledger/tnt_…+hash+base64")
    })
}

impl Watch {
    /// Opens what the witness has seen, or begins. `root` is the fingerprint from the paper contract.
    ///
    /// # Errors
    /// If the folder was of another log or another root, or is damaged.
    pub fn open(home: Home, remote: Remote, log: &str, root: Option<&str>) -> Result<Self, Fault> {
        let verifier = log_key(log)?;
        let tenant = tenant_of(log)?;
        let mut seen = home.seen()?.unwrap_or_else(|| Seen::nothing(log, root));
        if tenant_of(&seen.log_key)? != tenant {
            return Err(Fault::usage("this witness watches another ledger")
                .cure("use one folder for each ledger: `writ witness init`"));
        }
        // Another key of the same ledger: it moved to another provider, which its own lines have to say.
        log.clone_into(&mut seen.log_key);
        let other = |root: &str| seen.root.as_deref().is_some_and(|known| known != root);
        if let Some(other) = root.filter(|root| other(root)) {
            let what = format!("this witness knows another first key than {other}");
            return Err(Fault::unverified(what)
                .code("AUTH-0026")
                .cure("compare the fingerprint with the paper contract on the telephone"));
        }
        if root.is_some() && !seen.root_insisted_on {
            // The chain is replayed with the root insisted on from the first line.
            seen =
                Seen { root: root.map(str::to_owned), root_insisted_on: true, chain: None, ..seen };
        }
        let (name, edge) = (format!("writ-ledger/{tenant}"), seen.edge()?);
        let head = TreeHead { size: edge.size(), root: edge.root() };
        let witness = Witness::resume(name, head);
        let kept = seen.chain.as_deref().and_then(|text| STANDARD.decode(text).ok());
        let kept = kept.and_then(|bytes| Chain::load(&bytes));
        let kept =
            kept.filter(|chain| chain.state().tenant == tenant && chain.state().size == head.size);
        let at = match kept {
            Some(chain) => (edge, chain),
            None => (Frontier::new(), Chain::new(tenant, seen.root.clone())),
        };
        Ok(Self { home, remote, log: verifier, witness, seen, at })
    }

    /// The witness's folder.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The last checkpoint that passed, with this witness's own cosignature; none before the first.
    ///
    /// # Errors
    /// If it cannot be cosigned.
    pub fn told(&self) -> Result<Option<String>, Stop> {
        let Some(text) = &self.seen.checkpoint else { return Ok(None) };
        Ok(Some(format!("{text}{}\n", self.cosignature(text)?)))
    }

    /// How many lines it has seen.
    pub fn size(&self) -> u64 {
        self.witness.seen().size
    }

    /// Looks once: waits up to `wait` seconds for a newer checkpoint, checks it, cosigns it.
    ///
    /// # Errors
    /// [`Stop`]. A disagreement has been told to the desk, if it listens.
    pub async fn round(&mut self, wait: u64) -> Result<Step, Stop> {
        let outcome = match self.look(wait).await {
            Err(stop) => Err(self.explained(stop).await),
            step => step,
        };
        if let Err(Stop::Disagrees { code, what }) = &outcome {
            // Whoever rewrites history may not listen either: the witness's own exit is what counts.
            let told = self.remote.disagree(self.by(), code, what).await;
            if let Err(fault) = told {
                tracing::warn!(%fault, "the desk was not told");
            }
        }
        outcome
    }

    pub(super) fn by(&self) -> By<'_> {
        By { key: self.home.key(), public: self.home.public() }
    }

    async fn look(&mut self, wait: u64) -> Result<Step, Stop> {
        let before = self.witness.seen();
        if !self.seen.posted {
            self.post().await?;
        }
        let offered = self.remote.checkpoint(self.by(), before.size, wait).await?;
        let (checkpoint, note) = self.witness.offered(&offered, &self.log)?;
        self.witness.not_behind(&checkpoint)?;
        let replayed = self.at.0.size() == before.size;
        if checkpoint.size == before.size && replayed && self.seen.checkpoint.is_some() {
            return Ok(Step::Same { size: before.size });
        }
        let (edge, chain) = self.read(&checkpoint).await?;
        chain.finish()?;
        let mut witness = self.witness.clone();
        witness.follow(&checkpoint, &edge)?;
        let report = chain.report();
        let root = report.root.as_ref().map(|(fingerprint, _)| fingerprint.clone());
        let seen = Seen {
            root: self.seen.root.clone().or_else(|| root.clone()),
            checkpoint: Some(log_signed(&note, self.witness.origin())),
            edge: STANDARD.encode(edge.to_bytes()),
            chain: Some(STANDARD.encode(chain.save()?)),
            posted: false,
            ..self.seen.clone()
        };
        // INVARIANT: on disk before it leaves. What is not on disk is not in memory either, or the next round sent it.
        self.home.go_on(&self.seen, &seen)?;
        (self.seen, self.witness, self.at) = (seen, witness, (edge, chain));
        self.post().await?;
        let (size, receipts) = (checkpoint.size, report.receipts);
        Ok(Step::Cosigned { size, new: size.saturating_sub(before.size), receipts, root })
    }

    /// Reads the lines up to a checkpoint, through the tree and the chain.
    async fn read(&self, checkpoint: &Checkpoint) -> Result<(Frontier, Chain), Stop> {
        let (mut edge, mut chain) = self.at.clone();
        let seen = self.witness.seen();
        while edge.size() < checkpoint.size {
            let from = edge.size();
            let run = self.remote.entries(self.by(), from, checkpoint.size).await?;
            let lines =
                tiles::read_entries(&run, MOST).map_err(|bad| malformed(&bad.to_string()))?;
            if lines.is_empty() || from + (lines.len() as u64) > checkpoint.size {
                return Err(malformed("not the lines that were asked for"));
            }
            for (index, line) in (from..).zip(lines) {
                handed_over(&chain, &edge, line)?;
                edge.push(leaf_hash(line));
                if edge.size() == seen.size && edge.root() != seen.root {
                    let (size, offered, seen) = (seen.size, edge.root(), seen.root);
                    return Err(Disagreement::Forked { size, seen, offered }.into());
                }
                chain.take(index, line, &WebauthnCheck)?;
            }
        }
        self.names_the_log_key(&chain)?;
        Ok((edge, chain))
    }

    /// Line 0, or the last move to another provider, names the key that checkpoints are signed with; another one than ours
    /// is another ledger.
    fn names_the_log_key(&self, chain: &Chain) -> Result<(), Stop> {
        let named = chain.state().checkpoint_key();
        if named == Some(self.seen.log_key.as_str()) {
            return Ok(());
        }
        let what = "the ledger names another checkpoint key than this witness was given".to_owned();
        Err(Stop::Disagrees { code: "EVID-0005".to_owned(), what })
    }

    /// Cosigns what is on disk, and gives it to the desk.
    async fn post(&mut self) -> Result<(), Stop> {
        let Some(text) = &self.seen.checkpoint else { return Ok(()) };
        let line = self.cosignature(text)?;
        self.remote.cosign(self.by(), self.size(), &line).await?;
        self.seen.posted = true;
        // Only whether it has to be sent again; a crash before this line sends it twice, which changes nothing.
        self.home.go_on(&self.seen, &self.seen)?;
        Ok(())
    }

    /// The signature line over a checkpoint that passed.
    fn cosignature(&self, note: &str) -> Result<String, Stop> {
        let note = Note::parse(note.as_bytes()).map_err(Disagreement::Note)?;
        let key = self.home.key();
        let sign = |message: &[u8]| key.sign(message);
        let signer = Cosigner::new(self.home.public(), self.remote.seconds(), &sign);
        let line = NoteSignature {
            name: signer.name().to_owned(),
            key_id: signer.key_id(),
            signature: signer.sign(note.text.as_bytes()),
        };
        Ok(line.to_line())
    }
}

/// If a line moves the ledger to another provider, the key before it signed exactly the lines before it.
fn handed_over(chain: &Chain, before: &Frontier, line: &[u8]) -> Result<(), Stop> {
    let Ok(Fact::LedgerMoved(moved)) = Entry::from_line(line).map(|entry| entry.fact) else {
        return Ok(());
    };
    moves::handed_over(chain.state().checkpoint_key(), &moved, before)
        .map_err(|what| Stop::Disagrees { code: "EVID-0014".to_owned(), what })
}

pub(super) fn malformed(why: &str) -> Stop {
    Stop::Fault(Fault::unreachable(format!("the server's lines are malformed: {why}")))
}

/// The note with the log's own signature only: cosignatures of others would only grow the state.
fn log_signed(note: &Note, log: &str) -> String {
    let mut note = note.clone();
    note.signatures.retain(|line| line.name == log);
    note.to_text()
}
