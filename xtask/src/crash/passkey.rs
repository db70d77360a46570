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

/// Follows the first link and makes the very first passkey, into a file.
///
/// # Errors
/// If the desk refuses, or the file cannot be written.
pub(super) fn make(desk: SocketAddr, link: &str, entropy: &dyn Entropy, file: &Path) -> Result<()> {
    let after = link.find("//").map_or(0, |at| at + 2);
    let slash =
        link.get(after..).and_then(|rest| rest.find('/')).context("the link has no path")?;
    let (origin, path) = link.split_at_checked(after + slash).context("the link has no path")?;
    let host = origin.get(after..).unwrap_or_default();
    let mut key = SoftPasskey::generate(entropy, SoftKind::Es256);
    let ask = |method: &str, path: &str, cookie: &str, body: &str| -> Result<(String, String)> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n{cookie}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = Line::open(desk)?.ask(request.as_bytes())?;
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        anyhow::ensure!(answer.status < 400, "{path} answers {} {said}", answer.status);
        let set = answer.header("set-cookie").and_then(|set| set.split(';').next());
        let set = set.unwrap_or_default().to_owned();
        Ok((said, set))
    };
    let (_, cookie) = ask("POST", path, "", "")?;
    let cookie = format!("Cookie: {cookie}\r\n");
    let (page, _) = ask("GET", "/welcome", &cookie, "")?;
    let token = page.split_once(CSRF).and_then(|(_, rest)| rest.split_once('"'));
    let (token, _) = token.context("the page carries no token")?;
    let cookie = format!("{cookie}writ-csrf: {token}\r\n");
    let (given, _) = ask("POST", "/welcome/options", &cookie, "{}")?;
    let given: Value = serde_json::from_str(&given).context("no options were given")?;
    let options = given.get("options").context("no options were given")?;
    let body = json!({"label": "crash", "response": key.register(options, origin)?});
    ask("POST", "/welcome", &cookie, &body.to_string())?;
    fs::write(file, key.save().expose()).context("cannot write the passkey")
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
