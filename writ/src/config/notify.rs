//! `[notify]` of the operator's file: how people are told that something waits or was done. See `docs/notify.md`.
//!
//! ```toml
//! [notify]
//! ca_file = "roots.pem"                  # certificates trusted beside Mozilla's, from the data folder
//! [notify.smtp]
//! host = "mail.example"
//! port = 587                             # leave out: 587 for starttls, 465 for tls, 25 for none
//! security = "starttls"                  # or tls; none: this machine only
//! from = "Writ <writ@provider.example>"
//! user = "writ"                          # with password_file; leave both out: no login
//! password_file = "smtp.secret"
//! [[notify.webhook]]
//! name = "soar"
//! url = "https://soar.example/hooks/writ"  # or url_file, where the address itself is a secret
//! client = "harbor-books"                # leave out: every client
//! kinds = ["approval_asked"]             # leave out: every kind
//! [[notify.chat]]
//! name = "service-desk"
//! kind = "teams"                         # or slack
//! url_file = "teams.url"                 # one line, from the data folder: whoever knows it can write there
//! client = "harbor-books"
//! ```
//! Never here: a secret; an address that a tenant wrote. To add a key: its reader below, its line above, a row in the tests.

use std::path::PathBuf;

use toml::{Table, Value};
use writ_desk::Kind;
use writ_reach::{MailSender, Place, Protection, chat::Chat};

use super::Problems;

/// LIMIT: webhooks and chats together: each is asked for every message of its clients.
const MAX_WAYS: usize = 256;
/// LIMIT: characters of a way's name.
const MAX_NAME: usize = 40;
/// LIMIT: characters of a host, a user.
const MAX_TEXT: usize = 200;

/// How people are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// Certificates trusted beside Mozilla's, from the data folder.
    pub ca_file: Option<PathBuf>,
    /// Where mail is handed in.
    pub smtp: Option<SmtpPart>,
    /// Webhooks and chats.
    pub ways: Vec<WayPart>,
}

/// Where mail is handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpPart {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is protected.
    pub protection: Protection,
    /// Who mail is from.
    pub from: MailSender,
    /// Who we are there, and the file with our password, from the data folder.
    pub login: Option<(String, PathBuf)>,
}

/// A webhook or a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayPart {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub at: WayPlace,
    /// The only client it is for, by short name.
    pub client: Option<String>,
    /// What is sent.
    pub form: WayForm,
}

/// Where a way is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayPlace {
    /// At this address.
    Url(Place),
    /// At the address in this file, from the data folder.
    File(PathBuf),
}

/// What is sent to a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayForm {
    /// Signed JSON of these kinds; all if empty.
    Webhook(Vec<Kind>),
    /// One line with a link.
    Chat(Chat),
}

impl Problems {
    /// Reads the section, if there is one.
    pub(super) fn notify(&mut self, table: &mut Table) -> Option<Notify> {
        let Value::Table(mut section) = table.remove("notify")? else {
            self.add("notify", "write it as a section");
            return None;
        };
        let before = self.0.len();
        let ca_file = self.text("notify", &mut section, "ca_file").map(PathBuf::from);
        let smtp = match section.remove("smtp") {
            Some(Value::Table(smtp)) => self.smtp(smtp),
            Some(_) => {
                self.add("notify.smtp", "write it as [notify.smtp]");
                None
            }
            None => None,
        };
        let mut ways = Vec::new();
        for what in ["webhook", "chat"] {
            ways.extend(self.ways(&mut section, what));
        }
        if ways.len() > MAX_WAYS {
            self.add("notify", &format!("more than {MAX_WAYS} webhooks and chats"));
        }
        let mut names: Vec<(bool, &str)> =
            ways.iter().map(|way| (chats(way), way.name.as_str())).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [one, two] if one == two)) {
            self.add("notify", "two webhooks or two chats have one name");
        }
        self.unknown("notify", &section);
        (self.0.len() == before).then_some(Notify { ca_file, smtp, ways })
    }

    fn smtp(&mut self, mut section: Table) -> Option<SmtpPart> {
        const AT: &str = "notify.smtp";
        let host = self.bounded(AT, &mut section, "host", MAX_TEXT);
        let security = self.text(AT, &mut section, "security");
        let protection = match security.as_deref() {
            None | Some("starttls") => Protection::StartTls,
            Some("tls") => Protection::Tls,
            Some("none") => Protection::None,
            Some(_) => {
                self.add("notify.smtp.security", "write starttls, tls, or none for this machine");
                Protection::StartTls
            }
        };
        let usual = match protection {
            Protection::StartTls => 587,
            Protection::Tls => 465,
            Protection::None => 25,
        };
        let port = match section.remove("port") {
            None => Some(usual),
            Some(port) => port.as_integer().and_then(|port| u16::try_from(port).ok()),
        };
        if port.is_none_or(|port| port == 0) {
            self.add("notify.smtp.port", "write a number from 1 to 65535");
        }
        let from =
            self.bounded(AT, &mut section, "from", MAX_TEXT).map(|text| MailSender::parse(&text));
        let from = match from {
            Some(Err(why)) => {
                self.add("notify.smtp.from", &format!("{why}: write NAME <name@host>"));
                None
            }
            other => other.and_then(Result::ok),
        };
        let user =
            section.contains_key("user").then(|| self.bounded(AT, &mut section, "user", MAX_TEXT));
        let password = self.text(AT, &mut section, "password_file").map(PathBuf::from);
        let login = match (user.flatten(), password) {
            (Some(user), Some(file)) => Some((user, file)),
            (None, None) => None,
            _ => {
                self.add(AT, "give user and password_file together, or neither");
                None
            }
        };
        self.unknown(AT, &section);
        Some(SmtpPart { host: host?, port: port?, protection, from: from?, login })
    }

    fn ways(&mut self, section: &mut Table, what: &str) -> Vec<WayPart> {
        let place = format!("notify.{what}");
        let list = match section.remove(what) {
            None => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.add(&place, &format!("write it as [[notify.{what}]]"));
                return Vec::new();
            }
        };
        let mut out = Vec::new();
        for (at, entry) in list.into_iter().enumerate() {
            let place = format!("{place} {}", at + 1);
            match entry {
                Value::Table(entry) => out.extend(self.way(&place, entry, what == "chat")),
                _ => self.add(&place, &format!("write it as [[notify.{what}]]")),
            }
        }
        out
    }

    fn way(&mut self, place: &str, mut entry: Table, chat: bool) -> Option<WayPart> {
        let name = self.bounded(place, &mut entry, "name", MAX_NAME);
        let plain = |name: &String| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        if name.as_ref().is_some_and(|name| !plain(name)) {
            self.add(&format!("{place}.name"), "write letters, digits, -, _ and . only");
        }
        let client = self.text(place, &mut entry, "client");
        let at = self.way_place(place, &mut entry);
        let form =
            if chat { self.chat(place, &mut entry) } else { self.webhook(place, &mut entry) };
        self.unknown(place, &entry);
        Some(WayPart { name: name.filter(plain)?, at: at?, client, form: form? })
    }

    fn way_place(&mut self, place: &str, entry: &mut Table) -> Option<WayPlace> {
        let url = self.text(place, entry, "url");
        let file = self.text(place, entry, "url_file").map(PathBuf::from);
        match (url, file) {
            (Some(url), None) => match Place::parse(&url) {
                Ok(url) => Some(WayPlace::Url(url)),
                Err(why) => {
                    self.add(&format!("{place}.url"), &why.to_string());
                    None
                }
            },
            (None, Some(file)) => Some(WayPlace::File(file)),
            _ => {
                self.add(place, "give one of url, url_file");
                None
            }
        }
    }

    fn webhook(&mut self, place: &str, entry: &mut Table) -> Option<WayForm> {
        let words = self.texts(place, entry, "kinds").unwrap_or_default();
        let mut kinds = Vec::new();
        for word in words.into_iter().take(Kind::ALL.len() + 1) {
            match word.parse::<Kind>() {
                Ok(kind) => kinds.push(kind),
                Err(why) => {
                    self.add(&format!("{place}.kinds"), &why);
                    return None;
                }
            }
        }
        Some(WayForm::Webhook(kinds))
    }

    fn chat(&mut self, place: &str, entry: &mut Table) -> Option<WayForm> {
        match self.text(place, entry, "kind").as_deref() {
            Some("teams") => Some(WayForm::Chat(Chat::Teams)),
            Some("slack") => Some(WayForm::Chat(Chat::Slack)),
            _ => {
                self.add(&format!("{place}.kind"), "write teams or slack");
                None
            }
        }
    }

    /// A text that has to be there, and is short and plain.
    fn bounded(
        &mut self,
        place: &str,
        table: &mut Table,
        key: &str,
        most: usize,
    ) -> Option<String> {
        let missing = !table.contains_key(key);
        let text = self.text(place, table, key);
        let at = format!("{place}.{key}");
        if missing {
            self.add(&at, "is missing");
        }
        let text = text?;
        let fits =
            !text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control);
        if !fits {
            self.add(&at, "write a short text");
        }
        fits.then_some(text)
    }
}

fn chats(way: &WayPart) -> bool {
    matches!(way.form, WayForm::Chat(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_full_section_is_read() {
        let config = Config::parse(
            r#"
            [notify]
            ca_file = "roots.pem"
            [notify.smtp]
            host = "mail.example"
            security = "tls"
            from = "Writ <writ@provider.example>"
            user = "writ"
            password_file = "smtp.secret"
            [[notify.webhook]]
            name = "soar"
            url = "https://soar.example/hooks/writ"
            client = "harbor-books"
            kinds = ["approval_asked", "escalated"]
            [[notify.webhook]]
            name = "all"
            url_file = "all.url"
            [[notify.chat]]
            name = "soar"
            kind = "teams"
            url_file = "teams.url"
            "#,
        );
        let notify = config.unwrap().notify.unwrap();
        let smtp = notify.smtp.unwrap();
        assert_eq!((smtp.host.as_str(), smtp.port), ("mail.example", 465));
        assert_eq!(smtp.protection, Protection::Tls);
        assert_eq!(smtp.login, Some(("writ".to_owned(), PathBuf::from("smtp.secret"))));
        assert_eq!(notify.ways.len(), 3);
        let kinds = vec![Kind::ApprovalAsked, Kind::Escalated];
        assert_eq!(notify.ways[0].form, WayForm::Webhook(kinds));
        assert_eq!(notify.ways[1].at, WayPlace::File("all.url".into()));
        assert_eq!(notify.ways[2].form, WayForm::Chat(Chat::Teams));
        assert_eq!(Config::parse("").unwrap().notify, None);
        let short =
            "[notify.smtp]\nhost = \"localhost\"\nfrom = \"a@b.example\"\nsecurity = \"none\"";
        let smtp = Config::parse(short).unwrap().notify.unwrap().smtp.unwrap();
        assert_eq!((smtp.port, smtp.login), (25, None));
    }

    #[test]
    fn every_problem_is_named() {
        let problems = Config::parse(
            r#"
            [notify]
            colour = "red"
            [notify.smtp]
            host = ""
            port = 70000
            security = "maybe"
            from = "nobody"
            user = "writ"
            password = "hunter2"
            [[notify.webhook]]
            url = "http://soar.example/"
            kinds = ["gossip"]
            [[notify.webhook]]
            name = "a b"
            url = "https://a.example/"
            url_file = "a.url"
            [[notify.chat]]
            name = "x"
            kind = "irc"
            url_file = "x"
            "#,
        )
        .unwrap_err();
        for wanted in [
            "notify.colour: unknown key",
            "notify.smtp.host: write a short",
            "notify.smtp.port: write a number",
            "notify.smtp.security: write starttls",
            "notify.smtp.from: this is no mail",
            "notify.smtp: give user",
            "notify.smtp.password: unknown key",
            "notify.webhook 1.name: is missing",
            "notify.webhook 1.url: this address",
            "notify.webhook 1.kinds: `gossip` is no kind",
            "notify.webhook 2.name: write letters",
            "notify.webhook 2: give one of",
            "notify.chat 1.kind: write teams",
        ] {
            assert!(problems.iter().any(|one| one.starts_with(wanted)), "{wanted}: {problems:#?}");
        }
        assert!(!format!("{problems:?}").contains("hunter2"));
        let twice = "[[notify.webhook]]\nname = \"a\"\nurl = \"https://a.example\"\n";
        assert!(Config::parse(&twice.repeat(2)).is_err());
        assert!(Config::parse("notify = 1").is_err());
    }
}
