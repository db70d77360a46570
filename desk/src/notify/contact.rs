//! A person's own mail address: kept sealed in the vault, in the space that their passkeys are of; theirs to change and to
//! erase.
//!
//! Never here: an address in a ledger, a log or a row.

use writ_authority::State;
use writ_model::{Digest, PersonId, Secret, Span, TenantId, Timestamp};
use writ_reach::MailAddress;
use writ_store::{
    Space,
    outbox::{GIVE_UP, Step},
};

use super::{
    Kind, MAIL,
    message::Message,
    rows::Rows,
    tell::Telling,
    words::{moment, quoted},
};
use crate::{Desk, DeskError};

/// The old address of one person is told at most once in so long, so that nobody's is filled by changing one's own.
const ADDRESS_CHANGED: Span = Span::hours(1);

/// Tests within so long are one, so that nobody is filled with them.
const TEST_AGAIN: Span = Span::seconds(30);

fn name(person: PersonId) -> String {
    format!("contact/mail/{person}")
}

impl Desk {
    /// A person's address in this space.
    pub(crate) async fn address_in(
        &self,
        home: TenantId,
        person: PersonId,
    ) -> Result<Option<MailAddress>, DeskError> {
        let kept = self.inner.parts.vault.get(Space::Tenant(home), &name(person)).await?;
        let text = kept.as_ref().and_then(|kept| std::str::from_utf8(kept.expose()).ok());
        Ok(text.and_then(|text| MailAddress::parse(text).ok()))
    }

    /// Keeps a person's address instead of an earlier one; none erases it.
    pub(crate) async fn keep_address(
        &self,
        home: TenantId,
        person: PersonId,
        address: Option<&MailAddress>,
    ) -> Result<(), DeskError> {
        let (vault, space) = (&self.inner.parts.vault, Space::Tenant(home));
        match address {
            Some(address) => {
                let bytes = Secret::new(address.as_str().as_bytes().to_vec());
                vault.put(space, &name(person), bytes).await?;
            }
            None => drop(vault.remove(space, &name(person)).await?),
        }
        Ok(())
    }

    /// Puts a test message for every way of a client, and for one person; gives how many.
    pub(crate) async fn put_test(
        &self,
        state: &State,
        person: PersonId,
    ) -> Result<usize, DeskError> {
        let Some(notifier) = self.notifier() else { return Ok(0) };
        let at = self.now();
        let who = quoted(&state.person_name(person));
        let message = Message::new(Kind::Test, state, &self.inner.parts.origin, at).says(format!(
            "{who} tries whether messages of this client arrive. They do; nothing is to be done."
        ));
        let seconds = at.micros().div_euclid(TEST_AGAIN.as_micros());
        let telling = Telling {
            message,
            people: [person].into_iter().collect(),
            expires: at + GIVE_UP,
            escalates: None,
            alike: None,
        };
        let mut rows =
            Rows::of(self, notifier, state.tenant).await?.alike(format!("test {seconds}"));
        let side = |person| state.people.get(&person).map(|one| one.side);
        let items = rows.all(&telling, state.own_side(), side).await?;
        let put = notifier.outbox().put(state.tenant, Step { lines: None, items, at }).await?;
        Ok(put.new)
    }

    /// Tells the old address that it is not used any more.
    pub(crate) async fn tell_old_address(
        &self,
        home: TenantId,
        person: PersonId,
        old: &MailAddress,
    ) -> Result<(), DeskError> {
        let Some(notifier) = self.notifier().filter(|notifier| notifier.has_mail()) else {
            return Ok(());
        };
        let (at, view) = (self.now(), self.tenants().view(home).await?);
        let origin = self.inner.parts.origin.as_str();
        let mut message = Message::new(Kind::AddressChanged, &view.state, origin, at)
            .says("Messages from Writ about your seats do not come to this address any more.")
            .says(format!("It was changed by you, or by somebody in your name, at {}.", moment(at)))
            .says("If it was not you, sign in, look at “Me”, and tell an owner of your party.");
        message.link = format!("{origin}/me");
        message.to = Some(old.as_str().to_owned());
        let rows = Rows::of(self, notifier, home).await?;
        let of = format!("address {} {}", Digest::of(old.as_str().as_bytes()), window(at));
        let item = rows.item((&of, MAIL, &person.to_string()), &message, at + GIVE_UP)?;
        notifier.outbox().put(home, Step { lines: None, items: vec![item], at }).await?;
        Ok(())
    }
}

fn window(at: Timestamp) -> i64 {
    at.micros().div_euclid(ADDRESS_CHANGED.as_micros())
}
