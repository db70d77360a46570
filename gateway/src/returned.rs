//! What comes back: a server's answer is sifted before anything of it goes on, and before it is kept as what the agent has
//! read. Secrets, personal data and hidden text go the way that the charter says of their class; how many there were stands
//! in the call's record, never a value.
//!
//! Lists are not sifted: they are definitions, which the catalogue pins and flags. Answers that do not pass the gateway
//! (`writ wrap`, a gateway that asks) cannot be.
//! Never here: how anything is found (`writ_sift`), what the charter says (`authority`).

mod stream;

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use writ_authority::decide::Answered;
use writ_charter::ANSWERS;
use writ_model::{AgentId, TenantId, json::Limits, ocsf};
use writ_sift::{Class, Counts, Sifted, Way, Ways};

use crate::{
    core::{Core, Served},
    forward::is_events,
    identify::Identified,
    mcp::method::Wish,
    record::Recording,
    refusal::{self, Refusal},
    upstream::{Answer, AnswerBody, http::collect},
};

/// What was found in an answer so far, shared between whoever reads it and its record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<Counts>>);

impl Tally {
    fn add(&self, counts: &Counts) {
        self.0.lock().add(counts);
    }

    /// As a record says it.
    pub(crate) fn said(&self) -> Vec<ocsf::Returned> {
        let counts = *self.0.lock();
        let said = |(class, found, masked): (Class, u32, u32)| ocsf::Returned {
            class: class.word(),
            found,
            masked,
        };
        counts.iter().map(said).collect()
    }
}

/// Who gets an answer, and from where.
#[derive(Debug, Clone)]
struct Returning {
    core: Arc<Core>,
    tenant: TenantId,
    agent: AgentId,
    server: String,
    tally: Tally,
}

/// Sifts what answers a message; lists go on as they are.
pub(crate) async fn sift(
    (core, who, server): (&Arc<Core>, &Identified, &Served),
    wish: Option<&Wish<'_>>,
    recording: Option<&Recording>,
    answer: Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    let Answer { status, headers, body } = answer?;
    if matches!(wish, Some(Wish::List)) {
        return Ok(Answer { status, headers, body });
    }
    let returning = Returning {
        core: Arc::clone(core),
        tenant: who.view.state.tenant,
        agent: who.caller.agent.described.agent,
        server: server.name.clone(),
        tally: recording.map(Recording::tally).unwrap_or_default(),
    };
    let body = match body {
        AnswerBody::Whole(bytes) if !is_events(&headers) => {
            AnswerBody::Whole(returning.sifted(bytes).await?)
        }
        AnswerBody::Stream(source) if !is_events(&headers) => {
            let bytes = tokio::select! {
                biased;
                why = who.cord.cut() => Err(why),
                bytes = collect(source, Limits::ANSWER.bytes) => bytes,
            };
            AnswerBody::Whole(returning.sifted(bytes?).await?)
        }
        body => stream::events(returning, body),
    };
    Ok(Answer { status, headers, body })
}

/// Answers up to this are read in place: about a millisecond.
const INLINE: usize = 256 << 10;

impl Returning {
    /// What becomes of each class now: a stream that is open for long follows the charter.
    fn ways(&self) -> Ways {
        let Some(view) = self.core.tenants.cached(self.tenant) else {
            return Ways::all(Way::Refuse);
        };
        let (state, at) = (&view.state, self.core.clock.now());
        let watched =
            state.agents.get(&self.agent).is_some_and(|agent| state.observed(agent, at).is_some());
        if !watched && !state.speaks_of_answers() {
            return Ways::default();
        }
        let usual = Ways::default();
        Class::ALL.into_iter().fold(usual, |ways, class| {
            let unsaid = match usual.of(class) {
                Way::Keep => Answered::Stays,
                Way::Mask => Answered::Masked,
                Way::Refuse => Answered::Refused,
            };
            let name = format!("{ANSWERS}{}", class.word());
            let said = state.answered((self.agent, &self.server), (&name, unsaid), at);
            ways.with(
                class,
                match said {
                    Answered::Stays => Way::Keep,
                    Answered::Masked => Way::Mask,
                    Answered::Refused => Way::Refuse,
                },
            )
        })
    }

    /// A body or a message, as it may go on.
    async fn sifted(&self, bytes: Bytes) -> Result<Bytes, Refusal> {
        let ways = self.ways();
        if bytes.len() <= INLINE {
            return self.judged(looked(&bytes, &ways)?, bytes);
        }
        // Reading an answer of some megabytes would hold up other agents' calls.
        let body = bytes.clone();
        let looked = tokio::task::spawn_blocking(move || looked(&body, &ways)).await;
        self.judged(looked.unwrap_or(Err(refusal::BROKEN))?, bytes)
    }

    /// The bytes that go on, if they may; counted either way.
    fn judged(&self, sifted: Sifted, bytes: Bytes) -> Result<Bytes, Refusal> {
        self.tally.add(&sifted.counts);
        if let Some(class) = sifted.refused {
            let words =
                format!("the charter refuses what the server answered: {ANSWERS}{}", class.word());
            return Err(refusal::RETURNED.saying(words));
        }
        Ok(sifted.bytes.map_or(bytes, Bytes::from))
    }
}

/// Sifts a message, or a text where it is none. SECURITY: JSON that can be read in two ways, or that is too large to be read,
/// goes on only if nothing is found in it that may not: it could be masked in one reading and stay in the other.
fn looked(bytes: &[u8], ways: &Ways) -> Result<Sifted, Refusal> {
    if let Ok(sifted) = writ_sift::message(bytes, ways) {
        return Ok(sifted);
    }
    let sifted = writ_sift::text(bytes, ways);
    let is_json = bytes
        .iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .is_some_and(|byte| matches!(byte, b'{' | b'['));
    if is_json && sifted.bytes.is_some() {
        return Err(refusal::UNSIFTED);
    }
    Ok(sifted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_in_two_ways_goes_on_only_if_it_carries_nothing() {
        let ways = Ways::default();
        let twice = br#"{"id":1,"result":{"a":1,"a":2}}"#;
        assert_eq!(looked(twice, &ways).unwrap().bytes, None);
        let secret = br#"{"id":1,"result":{"a":1,"a":"password=h4Rd-t0-gu3ss"}}"#;
        assert_eq!(looked(secret, &ways).unwrap_err().code, refusal::UNSIFTED.code);
        let page = looked(b"<p>password=h4Rd-t0-gu3ss</p>", &ways).unwrap();
        assert_eq!(page.bytes.unwrap(), b"<p>password=[secret: password, 13 characters]</p>");
    }
}
