//! The choke point: which commands take a signature, and whether a receipt is one.
//!
//! SECURITY: a person's command that needs a signature is refused without one, whatever door it came through. The
//! cryptographic check is made by whoever submits the receipt and again by every verifier of the chain; all else that
//! makes a receipt good is checked here.
//! Never here: cryptography; the text that is signed (`signed/text.rs`).

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use writ_model::{Actor, Cx, Digest, Entropy, PersonId, Side, Span};

use super::{Command, check, governed::Era};
use crate::{
    agent::{Agent, Life},
    fact::{Fact, Subject},
    passkey::Key,
    refusal::{self, Refusal, cut},
    signed::{LIFE, Receipt, Request, VERSION},
    state::State,
};

/// How far a signed line may be dated before the newest signed one. Lines are decided in the order they are written but
/// dated when they were asked for; more than this would let an old signature be used late.
pub const BEHIND: Span = Span::minutes(2);
/// LIMIT: signatures remembered against replay: far more than people sign in a quarter of an hour.
const REMEMBERED: usize = 4_096;
const AGAIN: &str = "Ask for the signature again.";

impl Command {
    /// Whether this actor has to sign it with a passkey. What stops or takes away needs none; what Writ itself does is
    /// signed by nobody.
    pub fn needs_signature(&self, state: &State, actor: &Actor) -> bool {
        let Actor::Person { id, .. } = actor else {
            return false;
        };
        match self {
            Self::PersonLeaves { person } => person != id || of_client(state, *person),
            // While nothing of it acts yet, letting it act is what is signed.
            Self::SetAccountability { subject, .. } => acts_already(state, *subject),
            // A drill ends its own shadow.
            Self::Terminate { agent, .. } => {
                state.agents.get(agent).is_none_or(|agent| agent.shadow_of.is_none())
            }
            Self::Activate { .. }
            | Self::Release { .. }
            | Self::GiveGrant(_)
            | Self::SeatPerson { .. }
            | Self::InvitePerson { .. }
            | Self::AdmitPerson { .. }
            | Self::AddPasskey { .. }
            | Self::RevokePasskey { .. }
            | Self::AskRecovery { .. }
            | Self::ConfirmRecovery { .. }
            | Self::Offboard { .. }
            | Self::ErasePerson { .. }
            | Self::NameWitness { .. }
            | Self::RemoveWitness { .. }
            | Self::AllowExport { .. }
            | Self::SetKeyPolicy { .. }
            | Self::LinkLogin { .. }
            | Self::SignCharter { .. }
            | Self::ResumeDelegation { .. }
            | Self::Thaw {}
            | Self::Approve { .. }
            | Self::SetAway { .. }
            | Self::SetObserve { .. } => true,
            at_scale!() => self.is_signed_at_scale(state),
            Self::Found { .. }
            | Self::AddClient { .. }
            | Self::CreateGroup { .. }
            | Self::Observe(_)
            | Self::Propose(_)
            | Self::Hold { .. }
            | Self::Quarantine { .. }
            | Self::ConfirmTermination(_)
            | Self::OfferEnrollment { .. }
            | Self::Enroll { .. }
            | Self::EndInstance { .. }
            | Self::RevokeGrant { .. }
            | Self::SealActivity(_)
            | Self::Sweep
            | Self::Signed { .. }
            | Self::WithdrawInvitation { .. }
            | Self::Join { .. }
            | Self::BootstrapPasskey { .. }
            | Self::OfferRecoveryKey { .. }
            | Self::RefuseRecovery { .. }
            | Self::MirrorPasskeys { .. }
            | Self::MoveLedger { .. }
            | Self::UnlinkLogin { .. }
            | Self::ProposeCharter { .. }
            | Self::WithdrawCharter { .. }
            | Self::SuspendDelegation { .. }
            | Self::Freeze { .. }
            | Self::HoldCall(_)
            | Self::ConsumeApproval { .. }
            | Self::NotifyAct(_)
            | Self::RefuseApproval { .. }
            | Self::EndAway {}
            | Self::EndObserve { .. }
            | Self::BeginDrill { .. }
            | Self::FinishDrill(_)
            | Self::SetTemplate { .. } => false,
        }
    }

    fn is_signed_at_scale(&self, state: &State) -> bool {
        match self {
            Self::TerminateMany { .. } | Self::ServeGateway { .. } | Self::ApproveDefinition(_) => {
                true
            }
            // What acts already may from then on act less, and is ended by other people too.
            Self::Delegate { agent, .. } => acts_already(state, Subject::Agent(*agent)),
            // What stops, and what Writ itself writes.
            _ => false,
        }
    }
}

fn of_client(state: &State, person: PersonId) -> bool {
    state.people.get(&person).is_some_and(|one| one.side == Side::Client)
}

/// Whether an agent, or one in or below a group, was let act and may do so again.
pub(crate) fn acts_already(state: &State, subject: Subject) -> bool {
    let acts = |agent: &Agent| {
        matches!(agent.life, Life::Active | Life::Held { .. } | Life::Quarantined { .. })
    };
    match subject {
        Subject::Agent(id) => state.agents.get(&id).is_some_and(|agent| acts(agent)),
        Subject::Group(id) => state.agents.values().any(|agent| {
            acts(agent) && state.group_chain(agent.group()).iter().any(|(group, _)| *group == id)
        }),
    }
}

/// Refuses a command that takes a signature and has none.
pub(super) fn demanded(state: &State, command: &Command, cx: &Cx) -> Result<(), Refusal> {
    if !command.needs_signature(state, cx.actor()) {
        return Ok(());
    }
    let what = "this needs your signature".to_owned();
    Err(Refusal::new(refusal::NEEDS_SIGNATURE, "actor", what, "Sign it with your passkey."))
}

/// Decides what a receipt signs: the receipt's own fact, then those it makes so.
pub(super) fn signed(
    state: &State,
    cx: &Cx,
    receipt: Receipt,
    era: Era,
) -> Result<Vec<Fact>, Refusal> {
    sound(state, cx, &receipt)?;
    let seed = Digest::of(&receipt.challenge()?);
    let entropy = Arc::new(Derived { seed, block: AtomicU64::new(0) });
    let derived = Cx::new(cx.now(), entropy, cx.tenant(), cx.actor().clone());
    let act = Command::clone(&receipt.request.act);
    let mut facts = vec![Fact::ActSigned(Box::new(receipt))];
    facts.extend(super::through_gate(state, act, &derived, era)?);
    Ok(facts)
}

fn bad(code: writ_model::Code, field: &str, what: String) -> Refusal {
    Refusal::new(code, field, what, AGAIN)
}

fn sound(state: &State, cx: &Cx, receipt: &Receipt) -> Result<(), Refusal> {
    let request = &receipt.request;
    let refuse = |field: &str, what: String| Err(bad(refusal::RECEIPT_REFUSED, field, what));
    if request.v != VERSION {
        return refuse("v", format!("a request of version {} is not one of {VERSION}", request.v));
    }
    if request.tenant != state.tenant {
        return refuse("tenant", format!("it was signed for {}", request.tenant));
    }
    if cx.actor().person() != Some(request.person) {
        return refuse("person", format!("it was asked of {}", request.person));
    }
    if !request.act.needs_signature(state, cx.actor()) {
        return refuse("act", "this takes no signature".to_owned());
    }
    check::seat(state, request.person, "actor")?;
    in_time(state, cx, request)?;
    let key = key(state, receipt)?;
    if !request.named_as(state) {
        let what = "the names in the signed text are not those of the ledger any more".to_owned();
        return Err(bad(refusal::RECEIPT_NAMES, "names", what));
    }
    fresh(state, receipt)?;
    counts_up(key, receipt)
}

fn in_time(state: &State, cx: &Cx, request: &Request) -> Result<(), Refusal> {
    let (now, made, expires) = (cx.now(), request.made, request.expires);
    let refuse = |what: String| Err(bad(refusal::RECEIPT_TIME, "expires", what));
    if expires <= made || expires - made > LIFE {
        return refuse(format!(
            "it would hold from {made} to {expires}, which is too long or nothing"
        ));
    }
    if now < made {
        return refuse(format!("it was asked at {made}, which is after {now}"));
    }
    if made < state.tokens_from {
        return refuse(format!(
            "it was asked at {made}, before this ledger came out of a backup at {}",
            state.tokens_from
        ));
    }
    if now > expires {
        return refuse(format!("it could be signed until {expires}"));
    }
    if now + BEHIND < state.signed_at {
        return refuse(format!(
            "it is dated {now}, long before the newest signed line, {}",
            state.signed_at
        ));
    }
    Ok(())
}

fn key<'s>(state: &'s State, receipt: &Receipt) -> Result<&'s Key, Refusal> {
    let refuse = |what: String| {
        let cure = "Sign with a passkey that is yours and known here.";
        Err(Refusal::new(refusal::RECEIPT_KEY, "passkey", what, cure))
    };
    let Some(key) = state.passkeys.get(&receipt.passkey) else {
        return refuse(format!("{} is not known here", receipt.passkey));
    };
    if let Some(at) = key.revoked_at {
        return refuse(format!("passkey `{}` was revoked at {at}", cut(&key.says.label)));
    }
    if key.says.person != receipt.request.person {
        return refuse(format!("passkey `{}` is somebody else's", cut(&key.says.label)));
    }
    if key.says.credential != receipt.assertion.credential {
        return refuse("the signature names another credential".to_owned());
    }
    if key.says.origin != receipt.request.origin {
        let (made, asked) = (&key.says.origin, cut(&receipt.request.origin));
        return refuse(format!("the passkey is for {}, and {asked} asked", cut(made)));
    }
    Ok(key)
}

/// Neither this receipt nor its challenge was used before.
fn fresh(state: &State, receipt: &Receipt) -> Result<(), Refusal> {
    let challenge = Digest::of(&receipt.challenge()?);
    let used = state.signed.contains_key(&receipt.signing)
        || state.signed.values().any(|used| used.challenge == challenge);
    if used {
        let what = "this signature was used already".to_owned();
        return Err(bad(refusal::RECEIPT_REPLAY, "signing", what));
    }
    check::bound("signatures in a quarter of an hour", state.signed.len() + 1, REMEMBERED)
}

/// `WebAuthn` Level 3, section 7.2, step 22: a counter that counts has to grow.
fn counts_up(key: &Key, receipt: &Receipt) -> Result<(), Refusal> {
    let now = receipt.counter()?;
    if (now == 0 && key.counter == 0) || now > key.counter {
        return Ok(());
    }
    let what = format!(
        "the counter of passkey `{}` went from {} to {now}: it may have been copied",
        cut(&key.says.label),
        key.counter
    );
    let cure = "Revoke this passkey and sign with another one.";
    Err(Refusal::new(refusal::RECEIPT_COUNTER, "assertion", what, cure))
}

/// Entropy of ids that a signed act makes: from what was signed, so that deciding again gives the same bytes.
#[derive(Debug)]
struct Derived {
    seed: Digest,
    block: AtomicU64,
}

impl Entropy for Derived {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = self.block.fetch_add(1, Ordering::Relaxed);
            let parts: [&[u8]; 3] =
                [b"writ signed act", self.seed.as_bytes(), &block.to_be_bytes()];
            let bytes = Digest::of_parts(&parts);
            for (slot, byte) in chunk.iter_mut().zip(bytes.as_bytes()) {
                *slot = *byte;
            }
        }
    }
}
