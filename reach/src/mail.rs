//! [`Mail`] and [`MailAddress`]: one message to one person, and the port [`Post`] that sends it.
//!
//! Never here: a list of recipients (nobody learns who else is told), an attachment, a remote picture, a template.
//! SECURITY: an address holds no space, control, quote or angle, and a subject no control: neither can begin another header.

use std::fmt;

use async_trait::async_trait;
use lettre::{Address, message::Mailbox};
use writ_model::{Digest, Timestamp};

use crate::Fault;

/// LIMIT: bytes of an address (RFC 5321 section 4.5.3.1.3, without its angles).
pub const MAX_ADDRESS: usize = 254;
/// LIMIT: characters of a subject.
pub const MAX_SUBJECT: usize = 150;
/// LIMIT: bytes of each form of a message.
pub const MAX_TEXT: usize = 64 << 10;

/// A mail address.
#[derive(Clone, PartialEq, Eq)]
pub struct MailAddress(Address);

impl MailAddress {
    /// Reads `name@host`. Names in other scripts are taken; the mail server must then know SMTPUTF8 (RFC 6531).
    ///
    /// # Errors
    /// [`Fault::MailAddress`].
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let bad = |why| Fault::MailAddress { why };
        if text.len() > MAX_ADDRESS {
            return Err(bad("it is too long"));
        }
        let never = |letter: char| {
            letter.is_control() || letter.is_whitespace() || "\"<>()[]\\,;:".contains(letter)
        };
        if text.contains(never) {
            return Err(bad("it holds a character that no usual address has"));
        }
        let address: Address = text.parse().map_err(|_bad| bad("write name@host"))?;
        if address.domain().parse::<std::net::IpAddr>().is_ok() {
            return Err(bad("its host is a number"));
        }
        Ok(Self(address))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    /// With most of its name hidden: `m…@example.com`.
    pub fn masked(&self) -> String {
        let first = self.0.user().chars().next().unwrap_or('…');
        format!("{first}…@{}", self.0.domain())
    }

    pub(crate) fn inner(&self) -> &Address {
        &self.0
    }
}

impl fmt::Debug for MailAddress {
    /// Without its name: an address is somebody's own.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MailAddress({})", self.masked())
    }
}

/// Who mail is from: `Writ <writ@provider.example>`, or an address alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSender {
    name: Option<String>,
    address: MailAddress,
}

impl MailSender {
    /// Reads one.
    ///
    /// # Errors
    /// [`Fault::MailAddress`].
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => {
                let why = "write NAME <name@host>";
                let address = rest.strip_suffix('>').ok_or(Fault::MailAddress { why })?;
                (Some(name.trim()), address)
            }
            None => (None, text),
        };
        let plain = |name: &str| {
            name.len() <= MAX_ADDRESS && !name.chars().any(|one| one.is_control() || one == '"')
        };
        if name.is_some_and(|name| name.is_empty() || !plain(name)) {
            return Err(Fault::MailAddress { why: "the sender's name is not plain" });
        }
        Ok(Self { name: name.map(str::to_owned), address: MailAddress::parse(address.trim())? })
    }

    pub(crate) fn mailbox(&self) -> Mailbox {
        Mailbox::new(self.name.clone(), self.address.inner().clone())
    }

    /// The host that ids of messages end with.
    pub(crate) fn host(&self) -> &str {
        self.address.inner().domain()
    }
}

/// One message to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// What it is made of: the same again is the same message.
    pub of: Digest,
    /// When it is written.
    pub at: Timestamp,
    /// To whom.
    pub to: MailAddress,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same words in HTML.
    pub html: String,
}

impl fmt::Debug for Mail {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Mail({} to {:?})", self.of, self.to)
    }
}

/// Sends mail.
#[async_trait]
pub trait Post: Send + Sync + fmt::Debug {
    /// Hands one message to the mail server; done when the server has taken it. Nothing is repeated.
    ///
    /// # Errors
    /// A [`Fault`]; of [`Fault::Mail`] with `forever` no repetition will help.
    async fn send(&self, mail: Mail) -> Result<(), Fault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain() {
        for good in ["mira@harbor.example", "a.b+c@x.example", "jörg@müller.example", "a@localhost"]
        {
            assert_eq!(MailAddress::parse(good).unwrap().as_str(), good);
        }
        let long = format!("{}@x.example", "a".repeat(300));
        for bad in [
            "",
            "mira",
            "@x.example",
            "mira@",
            "a@b@c.example",
            "a b@x.example",
            "a@x.example\r\nBcc: b@x.example",
            "\"a\r\n\"@x.example",
            "a@x.example,b@x.example",
            "<a@x.example>",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a\u{0}@x.example",
            &long,
        ] {
            assert!(MailAddress::parse(bad).is_err(), "{bad:?}");
        }
        let address = MailAddress::parse("mira@harbor.example").unwrap();
        assert_eq!(format!("{address:?}"), "MailAddress(m…@harbor.example)");
    }

    #[test]
    fn a_sender_has_a_plain_name_or_none() {
        let sender = MailSender::parse("Writ at Nordlicht <writ@n.example>").unwrap();
        assert_eq!(sender.mailbox().to_string(), "Writ at Nordlicht <writ@n.example>");
        assert_eq!(MailSender::parse("writ@n.example").unwrap().host(), "n.example");
        for bad in [
            "Writ <writ@n.example",
            " <a@n.example>",
            "W\r\nX <a@n.example>",
            "\"W\" <a@n.example>",
        ] {
            assert!(MailSender::parse(bad).is_err(), "{bad:?}");
        }
    }
}
