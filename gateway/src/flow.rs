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
use writ_model::{InstanceId, Timestamp, json::Node};
use writ_store::ContextOf;

use self::{
    engine::{Class, Read, Tool},
    kept::{KEPT, Reading, Whose},
};
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
fn contexts(who: &Identified) -> Vec<Whose> {
    let state = &who.view.state;
    let tenant = state.tenant;
    let own = (who.caller.agent.described.agent, who.caller.instance);
    let above = who.caller.behalf.iter().map(behalf::Above::copy);
    std::iter::once(own)
        .chain(above)
        .map(|(agent, instance)| {
            let of = ContextOf { tenant, agent, instance };
            Whose { of, lost: lost(state, instance, who.now) }
        })
        .collect()
}

/// Whether what a running copy had read is lost: contexts are in no backup, so that a copy from before a restore counts as
/// one that read anything, for as long as its context would have been kept. INVARIANT: labels never shrink.
fn lost(state: &State, instance: InstanceId, now: Timestamp) -> bool {
    let Some((_, at, _)) = state.restored.as_ref() else { return false };
    let older = state.instances.get(&instance).is_none_or(|copy| copy.enrolled_at <= *at);
    older && now < *at + KEPT
}

/// How strictly an agent's values are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Followed {
    /// What is found is reported, and nothing is stopped for it.
    Watched,
    /// What is found is held or refused.
    Governed,
}

/// As strictly as the charter follows the caller's values, or those of anybody for whom it acts: what it reads goes back
/// to them, and what it does is theirs.
fn followed(who: &Identified) -> Option<Followed> {
    let state = &who.view.state;
    let above = who.caller.behalf.iter().map(|one| one.copy().0);
    let all = std::iter::once(who.caller.agent.described.agent).chain(above);
    let by = |mode: Mode| match mode {
        Mode::Act | Mode::NotifyAndAct => Followed::Watched,
        Mode::Refuse | Mode::Propose | Mode::Approve { .. } => Followed::Governed,
    };
    all.filter_map(|agent| state.traces(agent, who.now)).map(by).max()
}

/// What speaks most against a call by where its values came from; nothing where nothing does, or the charter does not ask.
///
/// # Errors
/// If it cannot be judged and would act, or go to an address.
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
    let mut most: Option<Traced> = None;
    for whose in contexts(who) {
        match core.flows.judge(&who.caller.tenancy.sealer, (whose, who.now), &tool).await {
            Ok(Some(found)) => {
                if most.as_ref().is_none_or(|known| known.says < found.says) {
                    most = Some(found);
                }
            }
            Err(refusal) if followed == Followed::Governed && class.leaves() => {
                return Err(refusal);
            }
            // What only reads is let go: what it reads is kept, or it does not reach the agent.
            Ok(None) | Err(_) => {}
        }
    }
    Ok(most)
}

/// Keeps what a use is about to write, before it leaves: nobody knows after that whether it was written.
///
/// # Errors
/// If it cannot be kept and the charter asks people about such calls. Nothing has left then.
pub(crate) async fn writes(
    core: &Core,
    who: &Identified,
    server: &str,
    wish: &Wish<'_>,
) -> Result<(), Refusal> {
    let Wish::Use { surface: surface @ Surface::Tool, name, arguments, .. } = *wish else {
        return Ok(());
    };
    let Some(followed) = followed(who) else { return Ok(()) };
    let class = classified(core, who, (server, surface, name)).await;
    if !class.acts() {
        return Ok(());
    }
    let arguments = arguments.map(Node::to_serde).unwrap_or_default();
    let (server, name) = (server.to_owned(), name.to_owned());
    let reading: Reading = Arc::new(move |read: &mut Read| {
        let tool = Tool { server: &server, surface, name: &name, class: &class, arguments: None };
        read.writes((&tool, &arguments))
    });
    for whose in contexts(who) {
        let at = (whose, who.now, &who.view.state);
        let kept = core.flows.keep(&who.caller.tenancy, at, (&reading, 0)).await;
        if let (Err(refusal), Followed::Governed) = (kept, followed) {
            return Err(refusal);
        }
    }
    Ok(())
}

/// Why a message may not be let through by somebody else: what answers it would not pass here, so that it could not be
/// kept.
pub(crate) fn unseen(who: &Identified, wish: &Wish<'_>) -> Option<Refusal> {
    let uses = matches!(wish, Wish::Use { .. });
    (uses && followed(who) == Some(Followed::Governed)).then_some(refusal::UNSEEN)
}

/// What a thing is: as the template says that the operator chose for its server, else by the definition that is pinned of it,
/// by its name where none is; and where the charter names what it counts as, both parties have signed how it acts.
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
        Some(digest) => match core.definitions.get(state.tenant, digest).await {
            Ok(text) => text,
            Err(fault) => {
                // Its name may say less than its definition. Not remembered: the next call asks again.
                tracing::warn!(error = %fault, server, "a definition cannot be had");
                return Arc::new(Class::unknown());
            }
        },
        None => None,
    };
    let client = state.founded.as_deref().map_or("", |founded| founded.slug.as_str());
    let template = core.flows.template(server, client);
    let mut class = Class::of(server, (surface, name), text.as_deref(), template);
    let reach = charter.and_then(|force| force.charter.reach(server, surface.word(), name));
    if let Some(reach) = reach {
        class.correct(reach);
    }
    let class = Arc::new(class);
    core.flows.learn(key, Arc::clone(&class));
    class
}
