//! A telling as rows of the outbox: one for each way and each recipient, with what it says sealed.
//!
//! Never here: an address: a row names a person or a way, and its body opens only with the tenant's key, in its own place.

use std::{collections::BTreeMap, sync::Arc};

use writ_model::{Digest, PersonId, Side, TenantId, Timestamp};
use writ_store::{Sealer, Space, outbox::Item};

use super::{ESCALATION, MAIL, Notifier, message::Message, tell::Telling};
use crate::{Desk, DeskError, error};

/// What makes a row the same row: `line` or what stands for it, the kind, the way, the recipient.
fn id(tenant: TenantId, of: &str, (channel, recipient, kind): (&str, &str, &str)) -> Digest {
    // No name of these holds a control, so that none can be moved from one field to the next.
    let text = [of, kind, channel, recipient].join("\u{1f}");
    Digest::of_parts(&[b"writ outbox v1", &tenant.to_bytes(), text.as_bytes()])
}

/// What binds a sealed body to its row.
fn place(id: Digest) -> Vec<u8> {
    [b"writ outbox body v1", &id.as_bytes()[..]].concat()
}

/// Makes the rows of one tenant.
pub(super) struct Rows<'a> {
    desk: &'a Desk,
    notifier: &'a Notifier,
    tenant: TenantId,
    sealer: Arc<Sealer>,
    /// Who has an address; asked of the vault once.
    addressed: BTreeMap<PersonId, bool>,
    /// What stands for the line, where there is none.
    instead: String,
}

impl<'a> Rows<'a> {
    pub(super) async fn of(
        desk: &'a Desk,
        notifier: &'a Notifier,
        tenant: TenantId,
    ) -> Result<Self, DeskError> {
        let sealer = desk.inner.parts.vault.sealer(Space::Tenant(tenant)).await?;
        let (addressed, instead) = (BTreeMap::new(), String::new());
        Ok(Self { desk, notifier, tenant, sealer, addressed, instead })
    }

    /// The same for messages that speak of no line: this makes them the same or others.
    pub(super) fn alike(self, instead: String) -> Self {
        Self { instead, ..self }
    }

    /// The rows of a telling.
    pub(super) async fn all(
        &mut self,
        telling: &Telling,
        own: Option<Side>,
        side: impl Fn(PersonId) -> Option<Side>,
    ) -> Result<Vec<Item>, DeskError> {
        let message = &telling.message;
        let line = message.line.map_or_else(|| self.instead.clone(), |line| format!("line {line}"));
        let of = |people: bool| match &telling.alike {
            Some(alike) if people => format!("alike {alike}"),
            _ => line.clone(),
        };
        let mut out = Vec::new();
        for (channel, way) in self.notifier.ways_of(&message.slug) {
            if way.wants(message.kind) {
                let people = matches!(way.form, super::Form::Chat(_));
                out.push(self.item(
                    (&of(people), &channel, &way.name),
                    message,
                    telling.expires,
                )?);
            }
        }
        if self.notifier.has_mail() {
            for person in &telling.people {
                let home = self.home(own, side(*person));
                if self.has_address(home, *person).await? {
                    let to = person.to_string();
                    out.push(self.item((&of(true), MAIL, &to), message, telling.expires)?);
                }
            }
        }
        if let Some(at) = telling.escalates {
            let mut item = self.item((&line, ESCALATION, "owners"), message, telling.expires)?;
            item.due = at;
            out.push(item);
        }
        Ok(out)
    }

    /// One row, due at once.
    pub(super) fn item(
        &self,
        (of, channel, recipient): (&str, &str, &str),
        message: &Message,
        expires: Timestamp,
    ) -> Result<Item, DeskError> {
        let kind = message.kind.word();
        let id = id(self.tenant, of, (channel, recipient, kind));
        let plain = serde_json::to_vec(message)
            .map_err(|why| DeskError::fault(error::FAULT, format!("a message: {why}")))?;
        Ok(Item {
            id,
            channel: channel.to_owned(),
            recipient: recipient.to_owned(),
            kind: kind.to_owned(),
            line: message.line,
            due: self.desk.now(),
            expires,
            body: self.sealer.seal(&place(id), &plain)?,
        })
    }

    /// The message of a row; nothing if it does not open or is of another release.
    pub(super) fn open(&self, item: &Item) -> Option<Message> {
        let plain = self.sealer.open(&place(item.id), &item.body).ok()?;
        serde_json::from_slice(plain.expose()).ok()
    }

    /// The space that a person's address is kept in.
    fn home(&self, own: Option<Side>, side: Option<Side>) -> TenantId {
        match (own, side) {
            (Some(Side::Client), Some(Side::Provider)) => {
                self.desk.provider_id().unwrap_or(self.tenant)
            }
            _ => self.tenant,
        }
    }

    async fn has_address(&mut self, home: TenantId, person: PersonId) -> Result<bool, DeskError> {
        if let Some(known) = self.addressed.get(&person) {
            return Ok(*known);
        }
        let has = self.desk.address_in(home, person).await?.is_some();
        self.addressed.insert(person, has);
        Ok(has)
    }
}
