//! One message that somebody else lets through, `writ wrap` on an agent's machine or another gateway that asks: decided,
//! held or released, and recorded like what passes through here.
//!
//! Never here: what was asked and how it is answered (`pep`, `ask`), or a second way of deciding.
//! To serve one more of those who ask: call [`settle`], and say each [`Settled`] in its own words.

use writ_authority::decide::waits;
use writ_model::{CallId, Code};

use crate::{
    authorize::{Pass, Verdict, authorize, denial_words, hold_words, permit_words},
    catalog,
    flight::Flight,
    flow, hold,
    identify::Identified,
    mcp::{held::Waiting, method::Wish},
    record::{Called, Decided, Recording},
    refusal::{self, Refusal},
    release,
    travel::{Going, Letter, let_go},
};

/// Who lets a message through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By<'a> {
    /// `writ wrap`, by which the server's lists come too.
    Wrap,
    /// Somebody else who asked. This stands before the words of the record.
    Asker(&'a str),
}

/// What became of a message.
#[derive(Debug)]
pub(crate) enum Settled {
    /// It only talks, and has no record.
    Talk,
    /// It may go on: what had to be written before is written. Its record waits for its end; dropping its places without
    /// letting them leave gives back what was counted.
    Permit(Box<Recording>, Flight),
    /// It may not.
    Denied(Box<No>),
    /// It waits for people, or a person does it instead.
    Held(Box<Waiting>),
    /// It was decided on and is not let out, for a reason of the gateway's own.
    Withheld(CallId, Box<Refusal>),
}

/// A denial, as whoever asked is told.
#[derive(Debug)]
pub(crate) struct No {
    pub(crate) call: CallId,
    pub(crate) code: Code,
    pub(crate) words: String,
    pub(crate) cure: String,
}

impl Settled {
    /// Whether the wait is one that an approval ends.
    pub(crate) fn waits(waiting: &Waiting) -> bool {
        waits(waiting.code)
    }
}

/// Decides a message and writes what has to be written.
///
/// # Errors
/// If it could not be recorded; then nothing may go on.
pub(crate) async fn settle(
    going: &Going<'_>,
    letter: &Letter<'_>,
    (called, by): (&Called<'_>, By<'_>),
) -> Result<Settled, Refusal> {
    let Going { core, server, who, .. } = *going;
    let (verdict, found) = authorize(core, who, &server.name, &letter.wish).await;
    core.decided(who);
    let called = &Called { flow: found.as_ref(), ..called.clone() };
    match kept_from(going, letter, verdict) {
        Verdict::Deny(denied) => {
            let recording = begun(going, (called, by), denial_words(&denied)).await?;
            let call = recording.call;
            recording.denied();
            let no = No { call, code: denied.code, words: denied.words, cure: denied.cure };
            Ok(Settled::Denied(Box::new(no)))
        }
        Verdict::Hold(held) => {
            let mut recording = begun(going, (called, by), hold_words(&held)).await?;
            let waiting = match hold::kept(going, letter, (&held, called.flow)).await {
                Ok(kept) => hold::waiting(core, kept, (&held, called.flow), recording.call),
                Err(refusal) => return Ok(withheld(who, recording, refusal)),
            };
            recording.held(waiting.hold);
            recording.denied();
            Ok(Settled::Held(Box::new(waiting)))
        }
        Verdict::CannotWait(words, refusal) => {
            let recording = begun(going, (called, by), *words).await?;
            Ok(withheld(who, recording, refusal))
        }
        Verdict::Permit(pass) => permitted(going, letter, (called, by), pass).await,
    }
}

/// SECURITY: where people are asked about values by their origin, what answers them has to pass here.
fn kept_from(going: &Going<'_>, letter: &Letter<'_>, verdict: Verdict) -> Verdict {
    let unseen = || flow::unseen(going.who, &letter.wish);
    let words = match &verdict {
        Verdict::Permit(pass) if !pass.permitted.rehearsal() => permit_words(&pass.permitted),
        Verdict::Hold(held) => hold_words(held),
        Verdict::Permit(_) | Verdict::Deny(_) | Verdict::CannotWait(..) => return verdict,
    };
    let words = Decided { permitted: false, hold: None, ..words };
    unseen().map_or(verdict, |refusal| Verdict::CannotWait(Box::new(words), refusal))
}

async fn permitted(
    going: &Going<'_>,
    letter: &Letter<'_>,
    called: (&Called<'_>, By<'_>),
    pass: Box<Pass>,
) -> Result<Settled, Refusal> {
    let Going { core, who, .. } = *going;
    let rehearsal = pass.permitted.rehearsal();
    if let Wish::Talk { recorded: false } = letter.wish
        && !rehearsal
    {
        return Ok(Settled::Talk);
    }
    let recording = begun(going, called, permit_words(&pass.permitted)).await?;
    if rehearsal {
        // Decided and recorded, and run nowhere.
        let reason = pass.permitted.reason();
        let cure = "It was decided and recorded, and is not run.".to_owned();
        let (call, words) = (recording.call, reason.words.clone());
        recording.answered();
        return Ok(Settled::Denied(Box::new(No { call, code: reason.code, words, cure })));
    }
    if let Err(refusal) = catalog::lets_unseen(going, &letter.wish, called.1).await {
        return Ok(withheld(who, recording, refusal));
    }
    if pass.permitted.approval().is_some() {
        // What was approved is one method's; here the message itself is run, and its digest bound it.
        let held = match release::held(going, letter, &pass).await {
            Ok(_) if !hold::says_only(letter, &hold::BOUND) => Err(refusal::HOLD_OTHER),
            other => other,
        };
        if let Err(refusal) = held {
            return Ok(withheld(who, recording, refusal));
        }
    }
    if let Err(refusal) = let_go(core, who, &pass, Some(&recording)).await {
        return Ok(withheld(who, recording, refusal));
    }
    Ok(Settled::Permit(Box::new(recording), pass.flight))
}

/// Begins the record.
async fn begun(
    going: &Going<'_>,
    (called, by): (&Called<'_>, By<'_>),
    decided: Decided,
) -> Result<Recording, Refusal> {
    let Going { core, who, .. } = *going;
    let words = match by {
        By::Wrap => decided.words,
        By::Asker(note) => format!("{note}{}", decided.words),
    };
    Recording::begin(core, &who.caller, called, Decided { words, ..decided }, who.now).await
}

/// A call that was decided on and is not let out.
pub(crate) fn withheld(who: &Identified, recording: Recording, refusal: Refusal) -> Settled {
    tracing::debug!(agent = %who.caller.agent.described.agent, code = refusal.code.0, "withheld");
    let call = recording.call;
    recording.withheld(&refusal);
    Settled::Withheld(call, Box::new(refusal))
}
