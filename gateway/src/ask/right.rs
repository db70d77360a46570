//! Whether somebody may ask about a server: an ordinary call of theirs, decided like any other. The server is
//! `decisions`, the tool is the server asked about, the arguments are the question. So people give this right, see it,
//! bound it by conditions and take it back like every other one.
//!
//! SECURITY: only a grant and a charter that are in force give it. What is only watched, waits for people or rehearses
//! would answer questions about others, and does not.
//! Never here: what the other one may do.

use std::{borrow::Cow, sync::Arc};

use http::StatusCode;
use writ_authority::{Permitted, grant::Surface};
use writ_model::json::Node;

use crate::{
    ask::config::DECISIONS,
    authorize::{Verdict, authorize, denial_words, hold_words, permit_words},
    core::Core,
    identify::Identified,
    mcp::method::Wish,
    record::{Called, Decided, Recording},
    refusal::{self, RPC_DENIED, Refusal},
    release::release,
};

/// What is asked: about which server, how, and with which words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) server: &'a str,
    pub(crate) method: &'static str,
    pub(crate) arguments: Option<&'a Node<'a>>,
    /// The bytes that they were read from.
    pub(crate) raw: &'a [u8],
}

/// Lets somebody ask, or says and records why not. Gives what was decided, for the record of what they asked for.
pub(crate) async fn may_ask(
    core: &Arc<Core>,
    asker: &Identified,
    asked: &Asked<'_>,
) -> Result<Decided, Refusal> {
    let (surface, name, arguments) = (Surface::Tool, asked.server, asked.arguments);
    let wish = Wish::Use { surface, name, arguments, counts: true };
    let (words, refusal) = match authorize(core, asker, DECISIONS, &wish).await.0 {
        Verdict::Permit(pass) if plain(&pass.permitted) => {
            let words = permit_words(&pass.permitted);
            release(core, asker, &pass).await?;
            drop(pass.flight.leaves());
            return Ok(words);
        }
        Verdict::Permit(pass) => (permit_words(&pass.permitted), refusal::NO_RIGHT),
        Verdict::Hold(held) => (hold_words(&held), refusal::NO_RIGHT),
        Verdict::CannotWait(words, refusal) => (*words, refusal),
        Verdict::Deny(denied) => {
            let words = denial_words(&denied);
            let refusal = Refusal {
                status: StatusCode::FORBIDDEN,
                rpc: RPC_DENIED,
                code: denied.code,
                words: Cow::Owned(denied.words),
                cure: Cow::Owned(denied.cure),
                oauth: None,
            };
            (words, refusal)
        }
    };
    record(core, asker, asked, words).await?.withheld(&refusal);
    Err(refusal)
}

/// Begins the record of what somebody asked for, as a call of theirs.
pub(crate) async fn record(
    core: &Arc<Core>,
    asker: &Identified,
    asked: &Asked<'_>,
    words: Decided,
) -> Result<Recording, Refusal> {
    let called = Called {
        server: DECISIONS,
        method: asked.method,
        surface: Surface::Tool.word(),
        name: asked.server,
        revision: "",
        rpc_id: b"",
        arguments: asked.arguments,
        raw: asked.raw,
        flow: None,
    };
    Recording::begin(core, &asker.caller, &called, words, asker.now).await
}

/// Whether a permit stands on a grant and a charter alone.
fn plain(permitted: &Permitted) -> bool {
    permitted.observed().is_none() && permitted.approval().is_none() && !permitted.rehearsal()
}
