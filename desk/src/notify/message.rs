//! [`Message`]: what is told, in plain words, and its forms: mail text, mail HTML, a webhook's JSON, a chat's line.
//!
//! Never here: who is told. SECURITY: `says` holds other people's words only quoted and cut (`words.rs`); the HTML has no
//! picture, no style from outside and one link, which is ours.

use serde::{Deserialize, Serialize};
use serde_json::json;
use writ_authority::State;
use writ_model::{HoldId, TenantId, Timestamp};
use writ_reach::chat::Line;

use super::{
    Kind,
    words::{escaped, moment, plain},
};

/// LIMIT: characters of a client's name.
const NAME: usize = 80;
/// What stands below each mail.
const FOOT: &str = "Nothing can be approved from a message: open Writ at an address that you know, sign in with your \
passkey, and decide there. You get this because of your seat at this client; which address it goes to is yours to change, \
under “Me” in Writ.";

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) kind: Kind,
    pub(crate) tenant: TenantId,
    /// The client's name, plain.
    pub(crate) client: String,
    /// Its short name.
    pub(crate) slug: String,
    /// The ledger line it speaks of.
    pub(crate) line: Option<u64>,
    /// When that was.
    pub(crate) at: Timestamp,
    pub(crate) hold: Option<HoldId>,
    pub(crate) until: Option<Timestamp>,
    /// One sentence each: who, what, why, until when, what otherwise.
    pub(crate) says: Vec<String>,
    /// Where to read on.
    pub(crate) link: String,
    /// The address itself, where the one kept is not the one meant.
    pub(crate) to: Option<String>,
}

impl Message {
    /// A message of this kind about this client, which says nothing yet and links to its page.
    pub(crate) fn new(kind: Kind, state: &State, origin: &str, at: Timestamp) -> Self {
        let slug = state.founded.as_ref().map(|line| line.slug.clone()).unwrap_or_default();
        Self {
            kind,
            tenant: state.tenant,
            client: plain(state.party_name(), NAME),
            link: format!("{origin}/clients/{slug}"),
            slug,
            line: None,
            at,
            hold: None,
            until: None,
            says: Vec::new(),
            to: None,
        }
    }

    #[must_use]
    pub(crate) fn says(mut self, sentence: impl Into<String>) -> Self {
        self.says.push(sentence.into());
        self
    }

    /// The same with another page to read on, below the client's own.
    #[must_use]
    pub(crate) fn at_page(mut self, page: &str) -> Self {
        self.link = format!("{}/{page}", self.link);
        self
    }

    /// One line, without any content.
    pub(crate) fn subject(&self) -> String {
        format!("{}: {}", self.client, self.kind.title())
    }

    /// The sentences of both forms of a mail.
    fn sentences(&self) -> Vec<String> {
        let until = self.until.map(|until| format!("Until: {}", moment(until)));
        self.says.iter().cloned().chain(until).collect()
    }

    pub(crate) fn text(&self) -> String {
        let (subject, says) = (self.subject(), self.sentences().join("\n\n"));
        format!("{subject}\n\n{says}\n\n{}\n\n-- \n{FOOT}\n", self.link)
    }

    pub(crate) fn html(&self) -> String {
        let (subject, link) = (escaped(&self.subject()), escaped(&self.link));
        let says: Vec<String> =
            self.sentences().iter().map(|one| format!("<p>{}</p>\n", escaped(one))).collect();
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{subject}</title></head>\n\
             <body>\n<p><strong>{subject}</strong></p>\n{}<p><a href=\"{link}\">{link}</a></p>\n\
             <p><small>{}</small></p>\n</body>\n</html>\n",
            says.concat(),
            escaped(FOOT)
        )
    }

    /// As Standard Webhooks lays a payload out: `type`, `timestamp`, `data`.
    pub(crate) fn json(&self) -> Vec<u8> {
        let data = json!({
            "client": {"tenant": self.tenant, "name": self.client, "slug": self.slug},
            "line": self.line,
            "hold": self.hold,
            "until": self.until,
            "title": self.subject(),
            "says": self.says,
            "link": self.link,
        });
        let payload = json!({"type": self.kind, "timestamp": self.at, "data": data});
        payload.to_string().into_bytes()
    }

    pub(crate) fn line(&self) -> Line<'_> {
        Line { client: &self.client, words: self.kind.title(), link: &self.link }
    }
}

#[cfg(test)]
mod tests {
    use writ_model::TenantId;

    use super::*;
    use crate::notify::words::quoted;

    fn message() -> Message {
        let state = State::empty(TenantId::from_bytes([1; 16]));
        let at: Timestamp = "2026-11-03T14:03:00Z".parse().unwrap();
        let mut message = Message::new(Kind::ApprovalAsked, &state, "https://writ.example", at);
        message.client = "Harbor & Books".to_owned();
        message.until = Some(at);
        message.says(format!("The agent {} waits.", quoted("<b>x</b>\r\nBcc: y")))
    }

    #[test]
    fn both_forms_of_a_mail_say_the_same_and_interpret_nothing() {
        let (text, html) = (message().text(), message().html());
        assert!(text.contains("The agent “<b>x</b> Bcc: y” waits."), "{text}");
        assert!(html.contains("The agent “&lt;b&gt;x&lt;/b&gt; Bcc: y” waits."), "{html}");
        assert!(html.contains("Harbor &amp; Books: a decision waits"), "{html}");
        for form in [&text, &html] {
            assert!(
                form.contains("3 November 2026, 14:03 UTC")
                    && form.contains("https://writ.example/")
            );
            assert!(form.contains("passkey"));
        }
        assert_eq!(html.matches("href=").count(), 1);
        assert!(!html.contains("src=") && !html.contains("style"));
    }

    #[test]
    fn a_chat_gets_no_content_and_a_webhook_gets_json() {
        let message = message();
        let line = message.line();
        assert_eq!((line.client, line.words), ("Harbor & Books", "a decision waits"));
        let json: serde_json::Value = serde_json::from_slice(&message.json()).unwrap();
        assert_eq!(json["type"], "approval_asked");
        assert_eq!(json["data"]["title"], "Harbor & Books: a decision waits");
        assert!(json["timestamp"].is_string() && json["data"]["link"].is_string());
        assert!(!message.subject().contains(['\r', '\n']));
    }
}
