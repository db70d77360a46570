//! Being told: one's own mail address, what was told at a client, a test message, the key of signed webhooks.
//!
//! Never here: another person's address. An address grants nothing, so changing it takes no signature; the old one is told.

use serde::Deserialize;
use writ_authority::{Refusal, State, refusal};
use writ_model::{PersonId, Role, TenantId};
use writ_reach::MailAddress;
use writ_store::outbox::Row;

use super::show;
use crate::{
    Desk, DeskError, Kind, Who,
    notify::ESCALATION,
    view::{ContactView, NotificationPage, NotificationRow, TestView, WayRow},
};

/// One's own address.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactBody {
    /// The address; none erases the one that is kept.
    pub mail: Option<String>,
}

/// LIMIT: messages of one page.
const ROWS: usize = 200;

impl Desk {
    /// Where one's own messages go.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn contact(&self, who: &Who) -> Result<ContactView, DeskError> {
        let home = self.address_home(who.person).await?;
        let mail = self.address_in(home, who.person).await?;
        let sends = self.notifier().is_some_and(|notifier| notifier.has_mail());
        Ok(ContactView { mail: mail.map(|mail| mail.as_str().to_owned()), sends })
    }

    /// Keeps one's own address, or erases it. The old one is told.
    ///
    /// # Errors
    /// If it is no address.
    pub async fn set_contact(
        &self,
        who: &Who,
        body: ContactBody,
    ) -> Result<ContactView, DeskError> {
        self.standing(who.person).await?;
        let text = body.mail.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let new = text.map(MailAddress::parse).transpose().map_err(|why| DeskError::Bad {
            field: "mail".to_owned(),
            what: why.to_string(),
            cure: "Write one address, for example mira@example.com; leave it empty to erase it."
                .to_owned(),
        })?;
        let home = self.address_home(who.person).await?;
        let old = self.address_in(home, who.person).await?;
        if old != new {
            self.keep_address(home, who.person, new.as_ref()).await?;
            tracing::info!(person = %who.person, "mail address changed");
            if let Some(old) = old {
                self.tell_old_address(home, who.person, &old).await?;
            }
        }
        self.contact(who).await
    }

    /// The space that a person's address is kept in.
    async fn address_home(&self, person: PersonId) -> Result<TenantId, DeskError> {
        match self.home(person).await? {
            Some(home) => Ok(home.tenant),
            None => self.provider_id(),
        }
    }

    /// What was told at a client, and by which ways.
    ///
    /// # Errors
    /// If the asker is not seated there.
    pub async fn notifications(
        &self,
        who: &Who,
        client: &str,
    ) -> Result<NotificationPage, DeskError> {
        let view = self.seat(who, client).await?;
        let client = show::client(&view.state);
        let ways = self.ways(&client.slug).await?;
        let only_queue = !ways.iter().any(|way| way.open);
        let (rows, dropped) = match self.notifier() {
            Some(notifier) => {
                let outbox = notifier.outbox();
                let dropped = outbox.mark(view.tenant).await?.dropped;
                (outbox.rows(view.tenant, ROWS).await?, dropped)
            }
            None => (Vec::new(), 0),
        };
        // The clock of an escalation is no message yet.
        let rows = rows.into_iter().filter(|row| row.channel != ESCALATION);
        let rows = rows.map(|one| row(&view.state, one)).collect();
        Ok(NotificationPage { client, ways, only_queue, rows, dropped })
    }

    /// Sends a test message by every way of a client, and to the asker's own address.
    ///
    /// # Errors
    /// If the asker only reads there.
    pub async fn test_notifications(&self, who: &Who, client: &str) -> Result<TestView, DeskError> {
        let view = self.seat(who, client).await?;
        works(&view.state, who)?;
        let client = show::client(&view.state);
        let sent = self.put_test(&view.state, who.person).await?;
        Ok(TestView { sent, ways: self.ways(&client.slug).await? })
    }

    /// Whether nothing leads out of Writ at a client: then its queue is all that tells.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn only_queue_tells(&self, slug: &str) -> Result<bool, DeskError> {
        Ok(!self.ways(slug).await?.iter().any(|way| way.open))
    }

    async fn ways(&self, slug: &str) -> Result<Vec<WayRow>, DeskError> {
        let Some(notifier) = self.notifier() else { return Ok(Vec::new()) };
        let closed = notifier.closed().await?;
        let mail = WayRow { way: "mail".to_owned(), open: true, why: None };
        let mail = notifier.has_mail().then_some(mail);
        let ways = notifier.ways_of(slug).into_iter().map(|(channel, way)| {
            let why = closed.get(&channel).cloned();
            WayRow { way: way.title(), open: why.is_none(), why }
        });
        Ok(mail.into_iter().chain(ways).collect())
    }
}

/// Refuses whoever only reads.
fn works(state: &State, who: &Who) -> Result<(), DeskError> {
    let seat = state.people.get(&who.person).filter(|seat| seat.active());
    let may = |role| {
        seat.is_some_and(|seat| seat.has(role)) && who.narrowed.is_none_or(|left| left.has(role))
    };
    if [Role::Engineer, Role::Approver, Role::Owner].into_iter().any(may) {
        return Ok(());
    }
    let what = "whoever only reads here sends no messages".to_owned();
    Err(Refusal::new(refusal::ROLE, "actor", what, "Ask somebody who works here.").into())
}

fn row(state: &State, row: Row) -> NotificationRow {
    let way = row.channel.split(':').next().unwrap_or_default().to_owned();
    let person = row.recipient.parse::<PersonId>();
    let kind = row.kind.parse::<Kind>();
    NotificationRow {
        at: row.made,
        way,
        to: person.map_or(row.recipient, |person| state.person_name(person)),
        about: kind.map_or_else(|_| row.kind.clone(), |kind| kind.title().to_owned()),
        kind: row.kind,
        state: row.stage.word(),
        tries: row.failures,
        why: row.why,
        next: (row.ended.is_none()).then_some(row.due),
        line: row.line,
        id: writ_reach::webhook::id(row.id),
    }
}
