//! [`Smtp`]: mail submission by `lettre`, over TLS by rustls on aws-lc-rs, one connection for one message.
//!
//! Never here: an MX lookup (mail goes to the operator's own submission server), TLS that may be left out on the way, a
//! certificate that is not checked, a pool, a retry.
//! SECURITY: a password is sent only under TLS, or to this machine. lettre bounds what the server may answer.

use std::{
    fmt,
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};
use tokio::{sync::Semaphore, time::timeout};
use writ_model::{Secret, Timestamp};

use crate::{
    Fault, Mail, MailSender, Post,
    mail::{MAX_SUBJECT, MAX_TEXT},
    place::loopback_name,
};

/// LIMIT: messages under way at once; submission servers commonly allow ten connections of one client.
const AT_ONCE: usize = 4;
/// LIMIT: for one message, from finding the host to the server's last word.
const WHOLE: Duration = Duration::from_secs(30);
/// LIMIT: for each step of connecting.
const STEP: Duration = Duration::from_secs(10);
/// LIMIT: characters of the server's own words in a fault.
const WORDS: usize = 200;
/// LIMIT: bytes of the operator's certificates, as for HTTP.
const MAX_ANCHORS: usize = 512 << 10;

/// How the way to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// STARTTLS, and nothing without it (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// Nothing: to this machine only.
    None,
}

/// Where mail is handed in.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way is protected.
    pub protection: Protection,
    /// Who mail is from.
    pub from: MailSender,
    /// Who we are there.
    pub login: Option<(String, Secret<String>)>,
    /// Certificates trusted beside Mozilla's, PEM.
    pub anchors: Option<Vec<u8>>,
}

/// Sends mail by SMTP.
pub struct Smtp {
    host: String,
    from: MailSender,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    places: Semaphore,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Smtp({})", self.host)
    }
}

impl Smtp {
    /// A sender with these settings. Nothing is connected yet.
    ///
    /// # Errors
    /// [`Fault::Smtp`] or [`Fault::Anchors`].
    pub fn new(settings: SmtpSettings) -> Result<Self, Fault> {
        let SmtpSettings { host, port, protection, from, login, anchors } = settings;
        let bad = |why: &str| Fault::Smtp { why: why.to_owned() };
        let tls = || parameters(&host, anchors.as_deref());
        let tls = match protection {
            Protection::StartTls => Tls::Required(tls()?),
            Protection::Tls => Tls::Wrapper(tls()?),
            Protection::None if loopback_name(&host) => Tls::None,
            Protection::None => return Err(bad("without TLS only this machine can be reached")),
        };
        let ourselves = ClientId::Domain(from.host().to_owned());
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.clone())
            .port(port)
            .tls(tls)
            .hello_name(ourselves)
            .timeout(Some(STEP));
        if let Some((user, password)) = login {
            let login = Credentials::new(user, password.expose().clone());
            builder =
                builder.credentials(login).authentication(vec![Mechanism::Plain, Mechanism::Login]);
        }
        Ok(Self { host, from, transport: builder.build(), places: Semaphore::new(AT_ONCE) })
    }

    fn refused(&self, why: &dyn fmt::Display, forever: bool) -> Fault {
        Fault::Mail { host: self.host.clone(), why: plain(&why.to_string(), WORDS), forever }
    }

    fn message(&self, mail: Mail) -> Result<Message, Fault> {
        if mail.text.len() > MAX_TEXT || mail.html.len() > MAX_TEXT {
            return Err(self.refused(&"the message is too long", true));
        }
        // RFC 3834: so that nobody's vacation notice answers.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let both = MultiPart::alternative()
            .boundary(format!("writ-{}", mail.of))
            .singlepart(SinglePart::plain(mail.text))
            .singlepart(SinglePart::html(mail.html));
        Message::builder()
            .message_id(Some(format!("<{}@{}>", mail.of, self.from.host())))
            .date(UNIX_EPOCH + since(mail.at))
            .from(self.from.mailbox())
            .to(lettre::message::Mailbox::new(None, mail.to.inner().clone()))
            .subject(plain(&mail.subject, MAX_SUBJECT))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .multipart(both)
            .map_err(|error| self.refused(&error, true))
    }

    fn fault(&self, error: &Error) -> Fault {
        let host = || self.host.clone();
        let why = plain(&chain(error), WORDS);
        if error.is_timeout() {
            return Fault::Late { host: host() };
        }
        if error.is_tls() || broke_tls(error) {
            return Fault::Tls { host: host(), why };
        }
        let Some(status) = error.status() else {
            // What the server lacks (SMTPUTF8, a mechanism) or does not say right.
            let spoke = error.is_client() || error.is_response();
            return if spoke {
                self.refused(&why, false)
            } else {
                Fault::Unreachable { host: host(), why }
            };
        };
        // RFC 5321 section 4.2.3: these speak of the recipient or of this message. Others (530, 535) speak of us, and may
        // be mended.
        let forever = matches!(u16::from(status), 501 | 550 | 551 | 552 | 553 | 554 | 556);
        self.refused(&why, forever)
    }
}

#[async_trait]
impl Post for Smtp {
    async fn send(&self, mail: Mail) -> Result<(), Fault> {
        let message = self.message(mail)?;
        let late = || Fault::Late { host: self.host.clone() };
        let sent = async {
            let _place = self.places.acquire().await.map_err(|_closed| Fault::Busy)?;
            Box::pin(self.transport.send(message)).await.map_err(|error| self.fault(&error))
        };
        timeout(WHOLE, sent).await.map_err(|_late| late())?.map(drop)
    }
}

fn parameters(host: &str, anchors: Option<&[u8]>) -> Result<TlsParameters, Fault> {
    let bad = |error: &Error| Fault::Anchors { why: chain(error) };
    let mut builder =
        TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::WebpkiRoots);
    if let Some(pem) = anchors {
        if pem.len() > MAX_ANCHORS {
            return Err(Fault::Anchors { why: "the file is too large".to_owned() });
        }
        let certificate = Certificate::from_pem(pem).map_err(|error| bad(&error))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(|error| bad(&error))
}

/// Whether rustls is what failed: lettre calls that a fault of the network.
fn broke_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if inner.is_some() || cause.is::<rustls::Error>() {
            return true;
        }
        next = cause.source();
    }
    false
}

/// The error with what caused it: lettre's own text leaves that out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

/// Without controls, and at most so long.
fn plain(text: &str, most: usize) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).take(most).collect()
}

fn since(at: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(at.micros()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use writ_model::Digest;

    use super::*;
    use crate::MailAddress;

    fn settings(host: &str, protection: Protection) -> SmtpSettings {
        let from = MailSender::parse("Writ <writ@n.example>").unwrap();
        let host = host.to_owned();
        SmtpSettings { host, port: 1, protection, from, login: None, anchors: None }
    }

    #[test]
    fn a_subject_cannot_begin_a_header_and_the_same_mail_is_the_same_bytes() {
        let smtp = Smtp::new(settings("127.0.0.1", Protection::None)).unwrap();
        let mail = Mail {
            of: Digest::of(b"x"),
            at: Timestamp::from_micros(1_795_298_400_000_000),
            to: MailAddress::parse("mira@h.example").unwrap(),
            subject: "A decision waits\r\nBcc: evil@x.example\r\n\r\nbody ü".to_owned(),
            text: "Hello\r\n.\r\nü\n".to_owned(),
            html: "<p>Hello</p>".to_owned(),
        };
        let bytes = smtp.message(mail.clone()).unwrap().formatted();
        assert_eq!(smtp.message(mail).unwrap().formatted(), bytes);
        let text = String::from_utf8(bytes).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
        assert!(head.contains("Date: Sat, 21 Nov 2026 22:00:00 +0000"), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
        assert!(head.contains(&format!("Message-ID: <{}@n.example>", Digest::of(b"x"))), "{head}");
    }

    #[test]
    fn without_tls_only_this_machine_is_reached() {
        let far = Smtp::new(settings("mail.example", Protection::None)).unwrap_err();
        assert_eq!(far.code().0, "REAC-0012");
        assert!(Smtp::new(settings("localhost", Protection::None)).is_ok());
        assert!(Smtp::new(settings("mail.example", Protection::StartTls)).is_ok());
        let mut bad = settings("mail.example", Protection::Tls);
        bad.anchors = Some(b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----".to_vec());
        assert_eq!(Smtp::new(bad).unwrap_err().code().0, "REAC-0009");
    }
}
