//! The passkey of the crash run's one person: made at the doors that a browser uses, kept in a file, and used by this same
//! program as `$WRIT_SIGNER` (`xtask sign FILE`).
//!
//! Never here: a passkey for anything but a folder that is about to be killed.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::SocketAddr,
    path::Path,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use writ_identity::webauthn::{SoftKind, SoftPasskey};
use writ_model::Entropy;

use crate::{args::Args, bench::load::Line};

/// LIMIT: bytes of request options on stdin.
const OPTIONS: u64 = 64 << 10;
/// Where a page carries its session's token.
const CSRF: &str = "name=\"csrf-token\" content=\"";
/// Where `writ` says the console is, for the signer.
const ORIGIN: &str = "WRIT_ORIGIN";

/// The console as somebody's browser reaches it.
struct Door {
    desk: SocketAddr,
    origin: String,
}

impl Door {
    /// The door that a link leads to, and the link's path there.
    fn of(desk: SocketAddr, link: &str) -> Result<(Self, &str)> {
        let after = link.find("//").map_or(0, |at| at + 2);
        let slash = link.get(after..).and_then(|rest| rest.find('/'));
        let slash = slash.context("the link has no path")?;
        let (origin, path) =
            link.split_at_checked(after + slash).context("the link has no path")?;
        Ok((Self { desk, origin: origin.to_owned() }, path))
    }

    /// One request with these headers; what was said, and the cookie that was set.
    fn ask(&self, asked: (&str, &str), headers: &str, body: &str) -> Result<(String, String)> {
        let (method, path) = asked;
        let host = self.origin.split_once("//").map_or("", |(_, host)| host);
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {}\r\n{headers}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.origin,
            body.len()
        );
        let answer = Line::open(self.desk)?.ask(request.as_bytes())?;
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        // A 403 may ask for a signature: that is no refusal.
        let fine = answer.status < 400 || (answer.status == 403 && said.contains("\"signing\""));
        anyhow::ensure!(fine, "{path} answers {} {said}", answer.status);
        let set = answer.header("set-cookie").and_then(|set| set.split(';').next());
        Ok((said, set.unwrap_or_default().to_owned()))
    }

    fn posted(&self, path: &str, headers: &str, body: &Value) -> Result<(Value, String)> {
        let (said, cookie) = self.ask(("POST", path), headers, &body.to_string())?;
        Ok((serde_json::from_str(&said).unwrap_or_default(), cookie))
    }

    /// The headers of a session: its cookie, and what a page carries for its scripts.
    fn session(&self, cookie: &str, page: &str) -> Result<String> {
        let cookie = format!("Cookie: {cookie}\r\n");
        let (page, _) = self.ask(("GET", page), &cookie, "")?;
        let token = page.split_once(CSRF).and_then(|(_, rest)| rest.split_once('"'));
        let (token, _) = token.context("the page carries no token")?;
        Ok(format!("{cookie}writ-csrf: {token}\r\n"))
    }

    /// Makes a passkey at a page that asks for one; the answer.
    fn register(&self, key: &mut SoftPasskey, path: &str, headers: &str) -> Result<Value> {
        let (given, _) = self.posted(&format!("{path}/options"), headers, &json!({}))?;
        let options = given.get("options").context("no options were given")?;
        let body = json!({"label": "crash", "response": key.register(options, &self.origin)?});
        Ok(self.posted(path, headers, &body)?.0)
    }
}

impl Door {
    /// The headers of a new session of a passkey's person.
    fn sign_in(&self, key: &SoftPasskey) -> Result<String> {
        let (given, _) = self.posted("/passkey/sign-in/options", "", &json!({}))?;
        let options = given.get("options").context("no options were given")?;
        let body = json!({"response": key.assert(options, &self.origin)?});
        let (_, cookie) = self.posted("/passkey/sign-in", "", &body)?;
        self.session(&cookie, "/me")
    }

    /// Asks for an act and signs what is to be signed.
    fn prepared(
        &self,
        key: &SoftPasskey,
        session: &str,
        (path, body): (&str, &Value),
    ) -> Result<Ready> {
        let (asked, _) = self.posted(path, session, body)?;
        let signing = asked.get("signing").context("no signature was asked for")?;
        let id = signing.get("signing").and_then(Value::as_str).context("it has no id")?;
        let options = signing.get("options").context("it has no options")?;
        let answer = key.assert(options, &self.origin)?;
        Ok(Ready { path: format!("/api/v1/signings/{id}"), session: session.to_owned(), answer })
    }
}

/// Follows the first link and makes the very first passkey, into a file.
///
/// # Errors
/// If the desk refuses, or the file cannot be written.
pub(super) fn make(desk: SocketAddr, link: &str, entropy: &dyn Entropy, file: &Path) -> Result<()> {
    let (door, path) = Door::of(desk, link)?;
    let mut key = SoftPasskey::generate(entropy, SoftKind::Es256);
    let (_, cookie) = door.ask(("POST", path), "", "")?;
    let session = door.session(&cookie, "/welcome")?;
    door.register(&mut key, "/welcome", &session)?;
    fs::write(file, key.save().expose()).context("cannot write the passkey")
}

/// Somebody who followed an invitation.
pub(super) struct Joined {
    key: SoftPasskey,
    door: Door,
    /// What they read out.
    pub(super) fingerprint: String,
}

/// Follows an invitation and makes a passkey.
///
/// # Errors
/// If the desk refuses.
pub(super) fn join(desk: SocketAddr, link: &str, entropy: &dyn Entropy) -> Result<Joined> {
    let (door, path) = Door::of(desk, link)?;
    let mut key = SoftPasskey::generate(entropy, SoftKind::Es256);
    let joined = door.register(&mut key, path, "")?;
    let fingerprint = joined.get("fingerprint").and_then(Value::as_str);
    let fingerprint = fingerprint.context("no fingerprint was shown")?.to_owned();
    Ok(Joined { key, door, fingerprint })
}

impl Joined {
    /// Signs in, and does what takes their signature.
    ///
    /// # Errors
    /// If the desk refuses, or asks for no signature.
    pub(super) fn sign(&self, path: &str, body: &Value) -> Result<()> {
        let session = self.door.sign_in(&self.key)?;
        self.door.prepared(&self.key, &session, (path, body))?.send(&self.door).map(drop)
    }
}

/// Somebody who is signed in and acts again and again.
pub(crate) struct Signed {
    key: SoftPasskey,
    door: Door,
    session: String,
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Signed({})", self.door.origin)
    }
}

/// An act that is signed and not sent yet.
#[derive(Debug)]
pub(crate) struct Ready {
    path: String,
    session: String,
    answer: Value,
}

/// As [`make`], and signs in with the new passkey.
///
/// # Errors
/// If the desk refuses.
pub(crate) fn make_signed(
    desk: SocketAddr,
    link: &str,
    entropy: &dyn Entropy,
    file: &Path,
) -> Result<Signed> {
    make(desk, link, entropy, file)?;
    let key = SoftPasskey::load(&fs::read_to_string(file).context("cannot read the passkey")?)?;
    let (door, _) = Door::of(desk, link)?;
    let session = door.sign_in(&key)?;
    Ok(Signed { key, door, session })
}

impl Signed {
    /// Signs in again: sessions end with the desk's process.
    ///
    /// # Errors
    /// If the desk refuses.
    pub(crate) fn again(&mut self) -> Result<()> {
        self.session = self.door.sign_in(&self.key)?;
        Ok(())
    }

    /// Signs an act, so that sending it is one request.
    ///
    /// # Errors
    /// If the desk refuses, or asks for no signature.
    pub(crate) fn prepare(&self, path: &str, body: &Value) -> Result<Ready> {
        self.door.prepared(&self.key, &self.session, (path, body))
    }

    /// Sends it; what was said.
    ///
    /// # Errors
    /// If the desk refuses.
    pub(crate) fn send(&self, ready: &Ready) -> Result<Value> {
        ready.send(&self.door)
    }
}

impl Ready {
    fn send(&self, door: &Door) -> Result<Value> {
        Ok(door.posted(&self.path, &self.session, &self.answer)?.0)
    }
}

/// Signs request options from stdin with the passkey of a file: `xtask sign FILE`.
///
/// # Errors
/// If either is none.
pub(crate) fn sign(args: &Args) -> Result<bool> {
    let file = args.noun().context("say which passkey: xtask sign FILE")?;
    let key = SoftPasskey::load(&fs::read_to_string(file).context("cannot read the passkey")?)?;
    let mut text = String::new();
    std::io::stdin().take(OPTIONS).read_to_string(&mut text).context("no options")?;
    let origin = std::env::var_os(ORIGIN).context("no origin")?.to_string_lossy().into_owned();
    let answer = key.assert(&serde_json::from_str(&text).context("no options")?, &origin)?;
    writeln!(std::io::stdout(), "{answer}").context("nobody reads")?;
    Ok(true)
}
