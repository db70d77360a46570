//! Mail servers on this machine that behave, and that do not, and what the sender makes of them.
//!
//! Never here: the network, or a wait. The certificates are those of `client.rs`.

use std::{net::SocketAddr, sync::Arc};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use writ_model::{Digest, Secret, Timestamp};
use writ_reach::{Fault, Mail, MailAddress, MailSender, Post as _, Protection, Smtp, SmtpSettings};

const ROOT: &[u8] = include_bytes!("tls/root.pem");
const LEAF: &[u8] = include_bytes!("tls/leaf.pem");
const KEY: &[u8] = include_bytes!("tls/leaf.key.pem");

/// What a server says at each turn.
#[derive(Clone, Copy)]
struct Says {
    starttls: bool,
    auth: &'static str,
    rcpt: &'static str,
    data: &'static str,
}

const GOOD: Says = Says { starttls: true, auth: "235 welcome", rcpt: "250 yes", data: "250 taken" };

fn acceptor() -> TlsAcceptor {
    let chain = vec![CertificateDer::from_pem_slice(LEAF).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Speaks until the other side leaves, or asks for TLS; gives whether it did.
async fn speak<S>(stream: &mut BufReader<S>, says: Says, tls: bool, heard: &mut String) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut message = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return false;
        }
        heard.push_str(&line);
        let word = line.trim_end().to_ascii_uppercase();
        let answer = match word.as_str() {
            "." if message => {
                message = false;
                says.data
            }
            _ if message => continue,
            "STARTTLS" => {
                stream.write_all(b"220 go on\r\n").await.ok();
                return true;
            }
            "DATA" => {
                message = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ if word.starts_with("EHLO") && says.starttls && !tls => "250-here\r\n250 STARTTLS",
            _ if word.starts_with("EHLO") => "250-here\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
            _ if word.starts_with("AUTH") => says.auth,
            _ if word.starts_with("RCPT") => says.rcpt,
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok();
    }
}

/// A server for one connection; gives its address and, later, what it heard, a mark where TLS began.
async fn serve(says: Says) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut heard = String::new();
        let mut plain = BufReader::new(stream);
        plain.write_all(b"220 here\r\n").await.unwrap();
        if speak(&mut plain, says, false, &mut heard).await {
            heard.push_str("== TLS\n");
            if let Ok(tls) = acceptor().accept(plain.into_inner()).await {
                speak(&mut BufReader::new(tls), says, true, &mut heard).await;
            }
        }
        heard
    });
    (at, served)
}

fn smtp(at: SocketAddr, anchors: bool) -> Smtp {
    Smtp::new(SmtpSettings {
        host: "localhost".to_owned(),
        port: at.port(),
        protection: Protection::StartTls,
        from: MailSender::parse("Writ <writ@n.example>").unwrap(),
        login: Some(("writ".to_owned(), Secret::new("hunter2".to_owned()))),
        anchors: anchors.then(|| ROOT.to_vec()),
    })
    .unwrap()
}

fn mail() -> Mail {
    Mail {
        of: Digest::of(b"x"),
        at: Timestamp::from_micros(1_795_298_400_000_000),
        to: MailAddress::parse("mira@h.example").unwrap(),
        subject: "A decision waits".to_owned(),
        text: "Hello\n.\n..\nEnd\n".to_owned(),
        html: "<p>Hello</p>".to_owned(),
    }
}

#[tokio::test]
async fn a_mail_is_handed_in_under_tls_only() {
    let (at, served) = serve(GOOD).await;
    smtp(at, true).send(mail()).await.unwrap();
    let heard = served.await.unwrap();
    let (before, under) = heard.split_once("== TLS\n").unwrap();
    assert_eq!(before, "EHLO n.example\r\nSTARTTLS\r\n");
    assert!(under.contains("AUTH PLAIN AHdyaXQAaHVudGVyMg=="), "{under}");
    assert!(
        under.contains("MAIL FROM:<writ@n.example>") && under.contains("RCPT TO:<mira@h.example>")
    );
    assert!(under.contains("\r\n..\r\n...\r\nEnd"), "dots are stuffed: {under}");
}

#[tokio::test]
async fn without_tls_nothing_is_said() {
    let (at, served) = serve(Says { starttls: false, ..GOOD }).await;
    let fault = smtp(at, true).send(mail()).await.unwrap_err();
    assert!(matches!(fault, Fault::Mail { forever: false, .. }), "{fault:?}");
    let heard = served.await.unwrap();
    assert!(!heard.contains("AUTH") && !heard.contains("MAIL"), "{heard}");
    let (at, served) = serve(GOOD).await;
    let fault = smtp(at, false).send(mail()).await.unwrap_err();
    assert_eq!(fault.code().0, "REAC-0003", "{fault:?}");
    assert!(!served.await.unwrap().contains("AUTH"));
}

#[tokio::test]
async fn a_refusal_says_whether_it_is_for_good() {
    for (says, wanted) in [
        (Says { rcpt: "550 nobody\r\n", ..GOOD }, true),
        (Says { data: "554 no", ..GOOD }, true),
        (Says { rcpt: "451 later", ..GOOD }, false),
        (Says { data: "452 full", ..GOOD }, false),
        (Says { auth: "535 who?", ..GOOD }, false),
    ] {
        let (at, _served) = serve(says).await;
        let fault = smtp(at, true).send(mail()).await.unwrap_err();
        let Fault::Mail { host, why, forever } = fault else { panic!("{fault:?}") };
        assert_eq!((host.as_str(), forever), ("localhost", wanted), "{why}");
        assert!(!why.contains("hunter2") && !why.contains(['\r', '\n']), "{why}");
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let fault = smtp(at, true).send(mail()).await.unwrap_err();
    assert!(
        matches!(fault, Fault::Unreachable { .. } | Fault::Mail { forever: false, .. }),
        "{fault:?}"
    );
}
