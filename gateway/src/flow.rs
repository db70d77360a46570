//! Where the values of a call came from: what a running copy of an agent has read is kept as its context, before it is let
//! go to the agent, and a call is judged on it before it goes out.
//!
//! A context is (agent, running copy) over every server and every door of the protocol, so that splitting a conversation loses
//! nothing. What a finding means is the charter's: it enters the decision as an input of `authority`.
//! SECURITY: where the charter asks people about such calls, what cannot be kept is not let through, and what cannot be
//! judged does not act; where it only reports them, nothing is stopped.
//! Never here: a rule about values (`writ_flow`), a permit, a plain byte of a context outside this process.
//! To follow one more door: judge in `authorize`, and pass its answers through [`hear`].

mod engine;
mod hear;
mod kept;
mod text;

use std::sync::Arc;

use writ_authority::{State, decide::Traced, fact::Thing, grant::Surface};
use writ_charter::Mode;
use writ_model::json::Node;
use writ_store::ContextOf;

use self::engine::{Class, Tool};
pub(crate) use self::{
    hear::{hear, listen},
    kept::Flows,
};
use crate::{
    ask::config::DECISIONS,
    behalf,
    core::Core,
    identify::Identified,
    mcp::method::Wish,
    refusal::{self, Refusal},
};

/// Whose contexts a call stands in: the caller's own first, then of those for whom it acts. What one of them has read may be
/// in what the caller was told, and what the caller reads goes back to them.
fn contexts(who: &Identified) -> Vec<ContextOf> {
    let tenant = who.view.state.tenant;
    let own = (who.caller.agent.described.agent, who.caller.instance);
    let above = who.caller.behalf.iter().map(behalf::Above::copy);
    std::iter::once(own)
        .chain(above)
        .map(|(agent, instance)| ContextOf { tenant, agent, instance })
        .collect()
}

/// How strictly an agent's values are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Followed {
    /// What is found is reported, and nothing is stopped for it.
    Watched,
    /// What is found is held or refused.
    Governed,
}

fn followed(who: &Identified) -> Option<Followed> {
    let mode = who.view.state.traces(who.caller.agent.described.agent, who.now)?;
    Some(match mode {
        Mode::Act | Mode::NotifyAndAct => Followed::Watched,
        Mode::Refuse | Mode::Propose | Mode::Approve { .. } => Followed::Governed,
    })
}

/// What speaks against a call by where its values came from; nothing where nothing does, or the charter does not ask.
///
/// # Errors
/// If it cannot be judged and would act.
pub(crate) async fn judged(
    core: &Core,
    who: &Identified,
    server: &str,
    (surface, name, arguments): (Surface, &str, Option<&Node<'_>>),
) -> Result<Option<Traced>, Refusal> {
    // A question about somebody else's call acts on nothing.
    if server == DECISIONS {
        return Ok(None);
    }
    let Some(followed) = followed(who) else { return Ok(None) };
    let class = classified(core, who, (server, surface, name)).await;
    let tool = Tool { server, surface, name, class: &class, arguments };
    for of in contexts(who) {
        match core.flows.judge(&who.caller.tenancy.sealer, (of, who.now), &tool).await {
            Ok(Some(found)) => return Ok(Some(found)),
            Err(refusal) if followed == Followed::Governed && class.acts() => return Err(refusal),
            // What only reads is let go: what it reads is kept, or it does not reach the agent.
            Ok(None) | Err(_) => {}
        }
    }
    Ok(None)
}

/// Why a message may not be let through by somebody else: what answers it would not pass here, so that it could not be
/// kept.
pub(crate) fn unseen(who: &Identified, wish: &Wish<'_>) -> Option<Refusal> {
    let uses = matches!(wish, Wish::Use { .. });
    (uses && followed(who) == Some(Followed::Governed)).then_some(refusal::UNSEEN)
}

/// What a thing is: by the definition that is pinned of it, by its name where none is; and where the charter names what it
/// counts as, both parties have signed how it acts.
async fn classified(
    core: &Core,
    who: &Identified,
    (server, surface, name): (&str, Surface, &str),
) -> Arc<Class> {
    let state: &State = &who.view.state;
    let thing = match surface {
        Surface::Tool => Thing::Tool,
        Surface::Resource => Thing::Resource,
        Surface::Prompt => Thing::Prompt,
    };
    let digest = state.pin(server, thing, name).and_then(|pin| pin.digest);
    let charter = state.charter.as_ref();
    let says = (digest, charter.map(|force| force.digest));
    let key = (state.tenant, format!("{}/{server}/{name}", surface.word()), says);
    if let Some(known) = core.flows.class(&key) {
        return known;
    }
    let text = match digest {
        Some(digest) => core.definitions.get(state.tenant, digest).await.unwrap_or_else(|fault| {
            // Unknown is judged more strictly than known.
            tracing::warn!(error = %fault, server, "a definition cannot be had");
            None
        }),
        None => None,
    };
    let mut class = Class::of(server, (surface, name), text.as_deref());
    let reach = charter.and_then(|force| force.charter.reach(server, surface.word(), name));
    if let Some(reach) = reach {
        class.correct(reach);
    }
    let class = Arc::new(class);
    core.flows.learn(key, Arc::clone(&class));
    class
}
