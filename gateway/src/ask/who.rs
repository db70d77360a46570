//! Who asks, proved, and about whom: [`asker`] and [`about`].
//!
//! SECURITY: the client is the asker's, by its credential; nothing in a request names one. Whoever is asked about is
//! looked for among that client's agents and nowhere else.
//! Never here: whether the asker may ask (`right`), or what the other may do (`settle`).

use std::sync::Arc;

use http::{HeaderMap, header, request};
use writ_authority::State;
use writ_identity::token;
use writ_model::{AgentId, Digest, InstanceId, TenantId, Timestamp, TokenId};

use crate::{
    behalf::{self, Above},
    core::{Core, Served},
    fair::{Of, Seat, Share},
    identify::{Identified, Presented, admitted, identify, register},
    inbound::Wire,
    record::Caller,
    refusal::{self, Refusal, challenged},
    standing,
    streams::Guard,
};

/// A gateway that asks.
#[derive(Debug)]
pub(crate) struct Asks {
    pub(crate) who: Identified,
    /// The key it showed, if it showed one.
    pub(crate) key: Option<Digest>,
    /// It is under way as long as its question is.
    _guard: Guard,
}

/// Proves who asks: by a token and a proof made for this request, or by a key of the operator's file.
pub(crate) async fn asker(
    core: &Core,
    head: &request::Parts,
    wire: &Wire,
) -> Result<Asks, Refusal> {
    if let Some(key) = bearer(&head.headers) {
        return by_key(core, key, wire).await;
    }
    let url = format!("{}{}", core.base, head.uri.path());
    let presented =
        Presented { headers: &head.headers, verb: head.method.as_str(), url: &url, wire };
    let (who, guard, _) = identify(core, &core.doors.own, presented).await?;
    Ok(Asks { who, key: None, _guard: guard })
}

/// The one key in `Authorization: Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?.to_str().ok()?, values.next()) else { return None };
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim_matches(' '))
}

/// Proves who asks by a key.
pub(crate) async fn by_key(core: &Core, key: &str, wire: &Wire) -> Result<Asks, Refusal> {
    let wrong = || challenged(refusal::KEY, "invalid_token");
    let (digest, known) = core.doors.askers.of(key, wire.peer.ip()).ok_or_else(wrong)?;
    let begun = core.clock.monotonic_micros();
    let (share, seat) = core.fair.enter(known.tenant, begun)?;
    wire.line.owned(&share)?;
    let view = register(core, known.tenant).await?;
    let (agent, instance) = found(&view.state, &known.agent, None).ok_or_else(wrong)?;
    let place = Place { tenant: known.tenant, agent, instance, share, seat };
    let standing = standing_in(core, wire, place, Shown::default()).await?;
    let (who, guard) = standing.ok_or_else(wrong)?;
    wire.line.served();
    Ok(Asks { who, key: Some(digest), _guard: guard })
}

/// Whoever is asked about.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) who: Identified,
    /// It is under way as long as what is asked about it.
    pub(crate) guard: Guard,
}

/// How whoever is asked about is named.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Named<'a> {
    /// By id or name, and perhaps by the running copy.
    Agent(&'a str, Option<InstanceId>),
    /// By a token of ours that it showed to the asker, for this server.
    Token(&'a str, &'a Served),
}

/// Finds whoever is asked about; nothing if it is no agent of the asker's client.
pub(crate) async fn about(
    core: &Core,
    asks: &Asks,
    (named, wire): (Named<'_>, &Wire),
    turn: Turn,
) -> Result<Option<About>, Refusal> {
    let tenant = asks.who.view.state.tenant;
    let own = &asks.who.caller;
    let mut shown = Shown {
        token: own.token,
        expires: own.expires,
        jkt: own.jkt.clone(),
        by: Some(own.agent.described.agent),
        epoch: None,
        behalf: Vec::new(),
    };
    let (agent, instance) = match named {
        Named::Agent(name, instance) => match found(&asks.who.view.state, name, instance) {
            Some(found) => found,
            None => return Ok(None),
        },
        Named::Token(text, server) => {
            let expect = token::Expect { iss: &core.issuer, now: asks.who.now };
            let verified = core
                .tokens
                .verify(text, &core.keys.load(), &expect)
                .map_err(|fault| Refusal::credential(&fault))?;
            let claims = admitted(core, server, &verified, asks.who.now)?;
            if claims.tenant != tenant {
                return Ok(None);
            }
            if claims.jkt.is_none() {
                return Err(challenged(refusal::NOT_BOUND, "invalid_token"));
            }
            if !claims.reaches(&server.name) {
                return Err(challenged(refusal::OUT_OF_SCOPE, "insufficient_scope"));
            }
            if claims.iat < asks.who.view.state.tokens_from {
                return Err(challenged(refusal::OLD_TOKEN, "invalid_token"));
            }
            let holder = claims.caller();
            shown = Shown {
                behalf: behalf::above(&asks.who.view.state, claims)?,
                token: claims.jti,
                expires: claims.exp,
                jkt: claims.jkt.as_ref().map(ToString::to_string).unwrap_or_default(),
                epoch: Some(holder.epoch),
                ..shown
            };
            (holder.agent, holder.instance)
        }
    };
    let (share, seat) = match turn {
        // The asker's request has paid for one question.
        Turn::First => {
            let share = Arc::clone(&asks.who.share);
            let seat = share.take(Of::Calls).ok_or(refusal::CROWDED)?;
            (share, seat)
        }
        Turn::Later => core.fair.enter(tenant, core.clock.monotonic_micros())?,
    };
    let place = Place { tenant, agent, instance, share, seat };
    let standing = standing_in(core, wire, place, shown).await?;
    Ok(standing.map(|(who, guard)| About { who, guard }))
}

/// Which question of a request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    First,
    Later,
}

/// What was shown for somebody. By default nothing: then nothing in a record looks as if it were.
#[derive(Debug)]
struct Shown {
    token: TokenId,
    expires: Timestamp,
    jkt: String,
    by: Option<AgentId>,
    /// The epoch in its token; without one, what the register says now.
    epoch: Option<u64>,
    /// Whom it acts for.
    behalf: Vec<Above>,
}

impl Default for Shown {
    fn default() -> Self {
        let (token, expires) = (TokenId::from_bytes([0; 16]), Timestamp::default());
        Self { token, expires, jkt: String::new(), by: None, epoch: None, behalf: Vec::new() }
    }
}

struct Place {
    tenant: TenantId,
    agent: AgentId,
    instance: InstanceId,
    share: Arc<Share>,
    seat: Seat,
}

/// Somebody who did not come themselves, as one who is decided on; nothing if the register has no such agent.
async fn standing_in(
    core: &Core,
    wire: &Wire,
    place: Place,
    shown: Shown,
) -> Result<Option<(Identified, Guard)>, Refusal> {
    let Place { tenant, agent, instance, share, seat } = place;
    // INVARIANT: before the standing is asked and the state is read; see `streams` and `standing`.
    let guard = core.streams.enter((tenant, agent, instance), seat);
    let (now, begun) = (core.clock.now(), core.clock.monotonic_micros());
    standing::admits(core, begun)?;
    let view = register(core, tenant).await?;
    let Some(known) = view.state.agents.get(&agent) else { return Ok(None) };
    let caller = Caller {
        tenancy: core.tenancies.of(tenant).await?,
        agent: Arc::clone(known),
        instance,
        epoch: shown.epoch.unwrap_or(known.epoch),
        token: shown.token,
        expires: shown.expires,
        jkt: shown.jkt,
        peer: wire.peer,
        asked_by: shown.by,
        behalf: shown.behalf,
    };
    let cord = guard.cord();
    Ok(Some((Identified { caller, view, cord, share, now, begun, aging: false }, guard)))
}

/// The agent of an id or a name, and the running copy that is meant: the one that is named, else the one that was
/// enrolled last and still runs. An agent without one is refused by the decision.
pub(crate) fn found(
    state: &State,
    name: &str,
    instance: Option<InstanceId>,
) -> Option<(AgentId, InstanceId)> {
    let by_id = name.parse().ok().filter(|id| state.agents.contains_key(id));
    let agent = by_id.or_else(|| state.names.get(name).copied())?;
    let live = state.instances_of(agent).filter(|(_, one)| one.ended_at.is_none());
    let newest = live.max_by_key(|(id, one)| (one.enrolled_at, *id)).map(|(id, _)| id);
    let none = InstanceId::from_bytes([0; 16]);
    Some((agent, instance.or(newest).unwrap_or(none)))
}
