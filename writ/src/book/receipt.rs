//! `writ receipt verify FILE`: one signed act, verified from its file alone, or together with an export of the ledger.
//!
//! The words are made again from what was signed, never taken from the file; so a server that showed one text and had
//! another signed is found by whoever compares them with what they saw.
//! Never here: a server, a clock, or a claim that was not recomputed. What is not checked is said: [`not_checked`].
//! To check one more thing: a function below, called in [`verify`].

use std::path::Path;

use serde_json::{Value, json};
use writ_authority::{
    CheckAssertion as _, Entry, Fact, Passkey, Receipt, passkey::Admitted, refusal, signed::LIFE,
};
use writ_desk::{
    NameKeys, WebauthnCheck,
    view::{ProvenLine, RECEIPT_FILE, ReceiptFile},
};
use writ_evidence::Checkpoint;
use writ_identity::webauthn::counter_grew;
use writ_model::{
    Code, Timestamp,
    json::{self, Limits},
    name::unopened,
};

use super::{
    proven::{CONTRADICTS, Log, broken, held},
    verify::{Insist, Shown, cosigned, verify_with, witness_keys},
};
use crate::fault::Fault;

/// LIMIT: bytes of a receipt file: a thousand lines of history with their paths.
pub const MAX_FILE: usize = 64 << 20;
/// The file is none, or not of a version this build knows.
const NO_RECEIPT: Code = Code("EVID-0016");
/// Another request was signed than the one insisted on.
const ANOTHER_REQUEST: Code = Code("EVID-0018");

/// What to verify a receipt against.
#[derive(Debug, Clone, Copy, Default)]
pub struct Against<'a> {
    /// Keys from elsewhere.
    pub insist: Insist<'a>,
    /// Digest of the request, as a second device showed it.
    pub digest: Option<&'a str>,
    /// An export of the ledger.
    pub ledger: Option<&'a Path>,
    /// Keys of names; without them the words have sealed ones.
    pub names: Option<&'a NameKeys>,
}

/// Verifies a receipt file; the answer says what was found true, and what was not looked at.
///
/// # Errors
/// [`crate::fault::Exit::Unverified`] with the rule that does not hold.
pub fn verify(bytes: &[u8], against: &Against<'_>) -> Result<Value, Fault> {
    let file = read(bytes)?;
    let log = Log {
        tenant: file.tenant,
        origin: &file.origin,
        founding: &file.founding,
        moved: file.moved.as_ref(),
        checkpoint: &file.checkpoint,
        size: file.size,
    };
    let (checkpoint, note) = log.checked(&against.insist)?;
    let held = |line: &ProvenLine| held(line, &checkpoint);
    let signed = held(&file.line)?;
    let receipt = &file.receipt;
    same_receipt(&file, &signed)?;
    let admitting = held(&file.key_line)?;
    let (key, admitted) = key_of(&file, &admitting)?;
    signature(receipt, key)?;
    in_time(receipt, signed.at)?;
    let mut history = Vec::new();
    for line in &file.history {
        history.push((line.index, held(line)?));
    }
    let later = history_allows(&file, key, &history)?;
    let digest = receipt.request.digest().map_err(|why| broken(why.code, why.what))?.to_string();
    if let Some(wanted) = against.digest.filter(|wanted| **wanted != *digest) {
        let what = format!("the request that was signed is {digest}, not {wanted}");
        return Err(broken(ANOTHER_REQUEST, what)
            .cure("another request was signed than the one you were shown: keep both"));
    }
    let chain = ledger(&file, &checkpoint, against)?;
    let alone = against.insist.root.filter(|_| chain.is_none());
    if alone.is_some_and(|roots| !roots.split(',').any(|root| key.fingerprint() == root)) {
        return Err(Fault::usage("this file alone does not lead to the client's first key")
            .cure("give an export of the ledger too: --ledger DIR"));
    }
    let keys = witness_keys(against.insist.witnesses)?;
    // Names are sealed in what was signed. A key opens one to one name, so it cannot change the words.
    let named = |text: &str| against.names.map_or_else(|| unopened(text), |keys| keys.say(text));
    Ok(json!({
        "verified": true,
        "text": receipt.request.text().iter().map(|line| named(line)).collect::<Vec<_>>(),
        "title": named(&receipt.request.title()),
        "digest": digest,
        "tenant": file.tenant,
        "origin": receipt.request.origin,
        "signing": receipt.signing,
        "person": receipt.request.person,
        "asked_at": receipt.request.made,
        "signed_at": signed.at,
        "line": file.line.index,
        "size": file.size,
        "passkey": {
            "passkey": key.passkey, "label": key.label, "fingerprint": key.fingerprint(),
            "synced": key.synced, "admitted": admitted, "line": file.key_line.index,
        },
        "witnesses": cosigned(&note, &keys),
        "later": later,
        "ledger_verified": chain.is_some(),
        "not_checked": not_checked(against, key),
    }))
}

/// What nobody should take for checked.
fn not_checked(against: &Against<'_>, key: &Passkey) -> Vec<String> {
    let mut out = Vec::new();
    let mut say = |unless: bool, what: &str| {
        if !unless {
            out.push(what.to_owned());
        }
    };
    let insist = &against.insist;
    say(
        against.digest.is_some(),
        "That the signer saw these words: compare them, or the digest, with what they kept (--digest).",
    );
    say(
        insist.key.is_some(),
        "That the ledger's key is the right one: it is the one that the ledger itself names (--key).",
    );
    say(
        !insist.witnesses.is_empty(),
        "That nobody was shown another history: no witness was asked for (--witness).",
    );
    say(
        against.ledger.is_some(),
        "That no line was left out, such as a revocation of the passkey, and that the act was allowed and \
         its facts followed (--ledger).",
    );
    say(
        insist.root.is_some(),
        "That the passkey leads back to the first key in the paper contract (--root).",
    );
    let vouched = matches!(key.attestation, writ_authority::Attestation::Checked { .. });
    say(vouched, "Which device the passkey is in: no maker vouches for it.");
    out
}

fn read(bytes: &[u8]) -> Result<ReceiptFile, Fault> {
    json::parse(bytes, &Limits { bytes: MAX_FILE, ..Limits::REQUEST })
        .map_err(|why| broken(NO_RECEIPT, format!("this is no receipt file: {why}")))?;
    let file: ReceiptFile = serde_json::from_slice(bytes)
        .map_err(|why| broken(NO_RECEIPT, format!("this is no receipt file: {why}")))?;
    if file.v != RECEIPT_FILE {
        let what = format!("receipt files of version {} are not known to this build", file.v);
        return Err(broken(NO_RECEIPT, what));
    }
    Ok(file)
}

/// The receipt is the one in the ledger's line, of the ledger's tenant, written by its signer.
fn same_receipt(file: &ReceiptFile, signed: &Entry) -> Result<(), Fault> {
    match &signed.fact {
        Fact::ActSigned(receipt) if **receipt == file.receipt => {}
        _ => {
            let what = format!("line {} does not hold this receipt", file.line.index);
            return Err(broken(CONTRADICTS, what));
        }
    }
    let request = &file.receipt.request;
    if request.tenant != file.tenant || signed.actor.person() != Some(request.person) {
        return Err(broken(CONTRADICTS, "the receipt is of another ledger or another person"));
    }
    Ok(())
}

/// The passkey, as the line that admitted it says.
fn key_of<'a>(file: &ReceiptFile, admitting: &'a Entry) -> Result<(&'a Passkey, Admitted), Fault> {
    let receipt = &file.receipt;
    match &admitting.fact {
        Fact::PasskeyAdded { key, admitted }
            if key.passkey == receipt.passkey
                && key.person == receipt.request.person
                && file.key_line.index < file.line.index =>
        {
            Ok((key, *admitted))
        }
        _ => {
            let index = file.key_line.index;
            let what = format!("line {index} does not admit this passkey for this person");
            Err(broken(refusal::RECEIPT_KEY, what))
        }
    }
}

/// Origin, user verification, and the signature itself.
fn signature(receipt: &Receipt, key: &Passkey) -> Result<(), Fault> {
    let wrong = |what: String| broken(refusal::RECEIPT_SIGNATURE, what);
    if receipt.request.origin != key.origin {
        let what = format!(
            "it was asked for at {}, and the passkey is of {}",
            receipt.request.origin, key.origin
        );
        return Err(wrong(what));
    }
    let challenge = receipt.challenge().map_err(|why| broken(why.code, why.what))?;
    WebauthnCheck
        .check(key, &challenge, &receipt.assertion)
        .map(drop)
        .map_err(|why| wrong(format!("the signature does not hold: {why}")))
}

fn in_time(receipt: &Receipt, at: Timestamp) -> Result<(), Fault> {
    let request = &receipt.request;
    let lives = request.expires <= request.made + LIFE;
    if lives && request.made <= at && at <= request.expires {
        return Ok(());
    }
    Err(broken(refusal::RECEIPT_TIME, "it was used outside of the time it holds for"))
}

/// What the passkey did before: it was not revoked, and its counter never went back. Gives what became of it later.
fn history_allows(
    file: &ReceiptFile,
    key: &Passkey,
    history: &[(u64, Entry)],
) -> Result<Vec<String>, Fault> {
    let (mine, line) = (&file.receipt, file.line.index);
    if !history.is_sorted_by(|one, two| one.0 < two.0) {
        return Err(broken(CONTRADICTS, "the history is not in order"));
    }
    let (mut highest, mut later) = (key.counter, Vec::new());
    for (index, entry) in history {
        match &entry.fact {
            Fact::PasskeyRevoked { passkey, .. } if *passkey == key.passkey && *index > line => {
                later.push(format!("The passkey was revoked in line {index}."));
            }
            Fact::PasskeyRevoked { passkey, .. } if *passkey == key.passkey => {
                let what = format!("the passkey was revoked in line {index}, before it signed");
                return Err(broken(refusal::RECEIPT_KEY, what));
            }
            Fact::ActSigned(receipt) if receipt.passkey == key.passkey && *index < line => {
                signature(receipt, key)?;
                highest = counts_up(highest, *index, receipt)?;
            }
            _ => {}
        }
    }
    counts_up(highest, line, mine)?;
    Ok(later)
}

/// The counter of a receipt, which must have grown (`WebAuthn` Level 3, section 7.2, step 22).
fn counts_up(highest: u32, index: u64, receipt: &Receipt) -> Result<u32, Fault> {
    let counter = receipt.counter().map_err(|why| broken(why.code, why.what))?;
    if counter_grew(highest, counter) {
        return Ok(counter);
    }
    let what = format!("its counter went back from {highest} to {counter} in line {index}");
    Err(broken(refusal::RECEIPT_COUNTER, what))
}

/// The whole ledger, if it was given: every line, the chain of signatures, and that it is the same history.
fn ledger(
    file: &ReceiptFile,
    checkpoint: &Checkpoint,
    against: &Against<'_>,
) -> Result<Option<()>, Fault> {
    let Some(dir) = against.ledger else { return Ok(None) };
    let shown = Shown {
        index: file.line.index,
        bytes: file.line.bytes.as_bytes(),
        size: checkpoint.size,
        root: checkpoint.root,
    };
    let verified = verify_with(dir, &against.insist, Some(shown))?;
    if verified.report.origin != file.origin {
        return Err(broken(Code("EVID-0005"), "the export is of another ledger"));
    }
    Ok(Some(()))
}
