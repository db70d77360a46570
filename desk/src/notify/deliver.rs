//! Delivering what is due: each row by its way, a few at once, and what came of it written down.
//!
//! Never here: an address or a word of a message in a log. SECURITY: an answer of the other side is never read further than
//! its status; a redirect is never followed.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use writ_model::{PersonId, Side, Span, TenantId};
use writ_reach::{Fault, Mail, MailAddress, chat, webhook};
use writ_store::outbox::{self, Closed, Due, Outcome, Stage, Step};

use super::{
    ESCALATION, Form, Kind, MAIL, Notifier, Stepped, Way, message::Message, rows::Rows, tell,
};
use crate::{Desk, DeskError, names::Reader};

/// Rows of one step.
const BATCH: usize = 64;
/// Rows tried at once.
const AT_ONCE: usize = 8;

/// How one try went, and whether the other side is away as a whole.
struct Tried {
    outcome: Outcome,
    /// Nothing else can get there now either; until then, if it says so.
    away: Option<Span>,
}

impl Tried {
    fn of(outcome: Outcome) -> Self {
        Self { outcome, away: None }
    }

    fn never(why: &str) -> Self {
        Self::of(Outcome::Never(why.to_owned()))
    }

    fn moot(why: &str) -> Self {
        Self::of(Outcome::Moot(why.to_owned()))
    }

    fn failed(why: String, not_before: Option<Span>) -> Self {
        Self::of(Outcome::Failed { why, not_before })
    }

    /// The same, and the whole way is away.
    fn away(self, at_least: Option<Span>) -> Self {
        Self { away: Some(at_least.unwrap_or_default()), ..self }
    }
}

impl Notifier {
    pub(super) async fn deliver(
        &self,
        desk: &Desk,
        stepped: &mut Stepped,
    ) -> Result<(), DeskError> {
        let due = self.outbox().due(desk.now(), BATCH).await?;
        // Ways that turned out to be away in this step: their other rows are put off already.
        let away: Mutex<BTreeSet<String>> = Mutex::default();
        let tries = due.into_iter().map(|row| self.one(desk, row, &away));
        let mut tries = futures_util::stream::iter(tries).buffer_unordered(AT_ONCE);
        while let Some(done) = tries.next().await {
            match done {
                Ok(Some(stage)) => {
                    stepped.tried += 1;
                    stepped.done += usize::from(stage == Stage::Done);
                }
                Ok(None) => {}
                Err(fault) => tracing::error!(error = %fault, "a delivery was not written down"),
            }
        }
        Ok(())
    }

    async fn one(
        &self,
        desk: &Desk,
        row: Due,
        away: &Mutex<BTreeSet<String>>,
    ) -> Result<Option<Stage>, DeskError> {
        let channel = row.item.channel.clone();
        if away.lock().contains(&channel) {
            return Ok(None);
        }
        let (tenant, id) = (row.tenant, row.item.id);
        let rows = Rows::of(desk, self, tenant).await?;
        if channel == ESCALATION {
            return self.escalate(desk, rows, &row).await;
        }
        let tried = self.tried(desk, &rows, &row).await?;
        if let Some(at_least) = tried.away {
            away.lock().insert(channel.clone());
            let until =
                desk.now() + outbox::pause(row.failures + 1).max(at_least.min(outbox::GIVE_UP));
            self.outbox().defer(&channel, until).await?;
        }
        let failed = match &tried.outcome {
            Outcome::Done => None,
            Outcome::Moot(why) | Outcome::Never(why) | Outcome::Failed { why, .. } => {
                Some(why.clone())
            }
        };
        let then = Step { lines: None, items: Vec::new(), at: desk.now() };
        let stage = self.outbox().settle(tenant, id, tried.outcome, then).await?;
        let stage_word = stage.map_or("gone", Stage::word);
        match failed {
            None => tracing::info!(%tenant, %id, %channel, kind = %row.item.kind, "told"),
            Some(why) => {
                tracing::warn!(%tenant, %id, %channel, kind = %row.item.kind, %why, stage = stage_word, "not told");
            }
        }
        Ok(stage)
    }

    /// The owners are asked now, if it still waits.
    async fn escalate(
        &self,
        desk: &Desk,
        mut rows: Rows<'_>,
        row: &Due,
    ) -> Result<Option<Stage>, DeskError> {
        let at = desk.now();
        let view = desk.tenants().view(row.tenant).await?;
        let place = tell::Place { state: &view.state, origin: &desk.inner.parts.origin, now: at };
        let hold = rows.open(&row.item).and_then(|message| message.hold);
        let telling = hold.and_then(|hold| tell::escalated(place, hold));
        let (outcome, items) = match telling {
            Some(telling) => {
                let side = |person| view.state.people.get(&person).map(|one| one.side);
                let items = rows.all(&telling, view.state.own_side(), side).await?;
                (Outcome::Done, items)
            }
            None => (Outcome::Moot("it was decided before".to_owned()), Vec::new()),
        };
        let then = Step { lines: None, items, at };
        Ok(self.outbox().settle(row.tenant, row.item.id, outcome, then).await?)
    }

    async fn tried(&self, desk: &Desk, rows: &Rows<'_>, row: &Due) -> Result<Tried, DeskError> {
        let Some(mut message) = rows.open(&row.item) else {
            return Ok(Tried::never("what it says cannot be opened"));
        };
        for line in &mut message.says {
            *line = desk.say(Reader::Of(row.tenant), line).await?;
        }
        if desk.now() >= row.item.expires {
            return Ok(Tried::never("it was too late"));
        }
        if over(desk, &message).await? {
            return Ok(Tried::moot("it was decided before"));
        }
        if row.item.channel == MAIL {
            return self.mail(desk, row, message).await;
        }
        let Some(way) = self.way(&row.item.channel) else {
            return Ok(Tried::moot("this way is not configured any more"));
        };
        let closed = self.closed_cell().await?.lock().get(&row.item.channel).cloned();
        if let Some(why) = closed {
            return Ok(Tried::never(&format!("this way is closed: {why}")));
        }
        self.asked(desk, (way, row), &message).await
    }

    async fn mail(&self, desk: &Desk, row: &Due, message: Message) -> Result<Tried, DeskError> {
        let Some(post) = &self.parts.post else {
            return Ok(Tried::moot("no mail server is configured any more"));
        };
        let to = match &message.to {
            Some(own) => MailAddress::parse(own).ok(),
            None => address(desk, row.tenant, &row.item.recipient, message.kind).await?,
        };
        let Some(to) = to else {
            return Ok(Tried::moot("they have no address, or no seat any more"));
        };
        let mail = Mail {
            of: row.item.id,
            at: message.at,
            to,
            subject: message.subject(),
            text: message.text(),
            html: message.html(),
        };
        Ok(match post.send(mail).await {
            Ok(()) => Tried::of(Outcome::Done),
            Err(fault @ Fault::Mail { forever: true, .. }) => Tried::never(&fault.to_string()),
            Err(fault) => {
                let gone = away(&fault);
                let tried = Tried::failed(fault.to_string(), None);
                if gone { tried.away(None) } else { tried }
            }
        })
    }

    /// A webhook or a chat.
    async fn asked(
        &self,
        desk: &Desk,
        (way, row): (&Way, &Due),
        message: &Message,
    ) -> Result<Tried, DeskError> {
        let to = way.place.clone();
        let ask = match &way.form {
            Form::Webhook { .. } => {
                let key = self.key(desk).await?;
                let sign = |text: &[u8]| key.sign(text);
                match webhook::ask(to, row.item.id, desk.now(), message.json(), &sign) {
                    Ok(ask) => ask,
                    Err(fault) => return Ok(Tried::never(&fault.to_string())),
                }
            }
            Form::Chat(kind) => chat::ask(*kind, to, message.line()),
        };
        let answer = match self.parts.outside.ask(ask).await {
            Ok(answer) => answer,
            Err(fault @ (Fault::Address { .. } | Fault::Body { .. })) => {
                return Ok(Tried::never(&fault.to_string()));
            }
            Err(fault) => {
                let gone = away(&fault);
                let tried = Tried::failed(fault.to_string(), None);
                return Ok(if gone { tried.away(None) } else { tried });
            }
        };
        match answer.status {
            200..=299 => Ok(Tried::of(Outcome::Done)),
            410 => {
                self.close(desk, &row.item.channel).await?;
                Ok(Tried::never("it answered 410: it is gone, and closed from now on"))
            }
            status => {
                let tried = Tried::failed(format!("it answered {status}"), answer.retry_after);
                let full = matches!(status, 429 | 502 | 503 | 504);
                Ok(if full { tried.away(answer.retry_after) } else { tried })
            }
        }
    }

    async fn close(&self, desk: &Desk, channel: &str) -> Result<(), DeskError> {
        let why = "it answered 410 (gone)".to_owned();
        let closed = Closed { channel: channel.to_owned(), why: why.clone(), at: desk.now() };
        self.outbox().close(closed).await?;
        self.closed_cell().await?.lock().entry(channel.to_owned()).or_insert(why);
        tracing::error!(%channel, "a way is closed: it answered 410");
        Ok(())
    }
}

/// Whether the fault is of the whole way, not of one message.
fn away(fault: &Fault) -> bool {
    matches!(fault, Fault::Unreachable { .. } | Fault::Late { .. } | Fault::Tls { .. })
}

/// Whether what a message asks for is decided, or too late.
async fn over(desk: &Desk, message: &Message) -> Result<bool, DeskError> {
    let Some(hold) = message.hold.filter(|_| message.kind.waits()) else { return Ok(false) };
    let view = desk.tenants().view(message.tenant).await?;
    Ok(!view.state.holds.get(&hold).is_some_and(|hold| hold.open(desk.now())))
}

/// A person's address as it is now, if they still have a seat there. What concerns their own keys reaches them anyway.
async fn address(
    desk: &Desk,
    tenant: TenantId,
    person: &str,
    kind: Kind,
) -> Result<Option<MailAddress>, DeskError> {
    let Ok(person) = person.parse::<PersonId>() else { return Ok(None) };
    let view = desk.tenants().view(tenant).await?;
    let seat = view.state.people.get(&person);
    if kind != Kind::CredentialChanged && !seat.is_some_and(|one| one.active()) {
        return Ok(None);
    }
    let side = seat.map(|one| one.side);
    let theirs = side == Some(Side::Provider) && view.state.own_side() == Some(Side::Client);
    let home = if theirs { desk.provider_id()? } else { tenant };
    desk.address_in(home, person).await
}
