//! The whole server under kill -9: `writ up` takes commands over its API, is killed, starts again, and must know every
//! command that it answered. At the end the ledger is exported and verified by the real commands.

use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use writ_model::Entropy as _;
use writ_testkit::SeededEntropy;

use super::passkey;
use crate::{
    bench::{
        child::{Server, free_port, pause},
        gateway::now,
        load::Line,
    },
    root::target,
    shell::{captured, command, make_folder, say},
    tally::Tally,
};

/// Callers at once.
const CALLERS: usize = 4;
/// A server lives at most so long after it is ready.
const LIFE_MS_MAX: u64 = 400;
/// Rounds on one folder before a new one: the list that is compared after each has at most 5,000 rows.
const ROUNDS_PER_SITE: u64 = 3;
/// The client whose ledger is written.
const CLIENT: &str = "harbor-books";

/// A data folder and the server on it.
struct Site<'a> {
    writ: &'a Path,
    data: PathBuf,
    log: PathBuf,
    desk: SocketAddr,
}

/// Kills so many times; one line of result.
///
/// # Errors
/// If a server cannot be started at all.
pub(crate) fn run(writ: &Path, folder: &Path, rounds: u64) -> Result<Tally> {
    let seed = now()?.micros().unsigned_abs();
    let (entropy, count) = (SeededEntropy::new(seed), AtomicU64::new(0));
    let (mut tally, mut acked, mut left) = (Tally::default(), 0, rounds);
    let mut result = Ok(());
    while left > 0 && result.is_ok() {
        let some = left.min(ROUNDS_PER_SITE);
        left -= some;
        let site = Site::found(writ, folder, &entropy)?;
        result = site.rounds(some, &entropy, &count).map(|more| acked += more);
    }
    let count = format!("{rounds} kills of writ up, {acked} commands answered");
    let line = match result {
        Ok(()) if acked > rounds => {
            format!("ok - crash: {count}: each is known afterwards, the exports verify")
        }
        Ok(()) => format!("not ok - crash: {count}: too few to say anything"),
        Err(why) => format!("not ok - crash: {count} (seed {seed}): {why:#}"),
    };
    tally.read_line(&line);
    say(&line)?;
    Ok(tally)
}

/// A command that needs no signature: nobody could sign four hundred times a second.
fn proposal(name: &str) -> String {
    format!("{{\"name\":\"{name}\",\"kind\":\"bot\",\"purpose\":\"reads\"}}")
}

impl<'a> Site<'a> {
    fn found(writ: &'a Path, folder: &Path, entropy: &SeededEntropy) -> Result<Self> {
        let data = folder.join("server");
        if data.exists() {
            fs::remove_dir_all(&data).context("cannot empty the crash folder")?;
        }
        make_folder(&data)?;
        let desk = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let gateway = free_port()?;
        let text =
            format!("[desk]\nlisten = \"{desk}\"\n[gateway]\nlisten = \"127.0.0.1:{gateway}\"\n");
        fs::write(data.join("writ.toml"), text).context("cannot write writ.toml")?;
        let site = Self { writ, data, log: folder.join("server.log"), desk };
        let server = site.up()?;
        let found = ["provider", "found", "--name", "Northgate IT", "--person", "Mara Lind"];
        captured(site.writ(&found))?;
        let told: Value = serde_json::from_str(&captured(site.writ(&["console"]))?)
            .context("no link to a first passkey")?;
        let link = told.get("sign_in").and_then(Value::as_str).context("no link")?;
        passkey::make(desk, link, entropy, &site.key())?;
        captured(site.writ(&["client", "add", "--name", "Harbor Books", "--slug", CLIENT]))?;
        site.agree(entropy)?;
        server.stop()?;
        Ok(site)
    }

    /// Lets the client's owner in, and has both parties sign a charter: without one the export would be refused.
    fn agree(&self, entropy: &SeededEntropy) -> Result<()> {
        let told = |words: &[&str]| -> Result<Value> {
            let words = [words, &["--client", CLIENT]].concat();
            serde_json::from_str(&captured(self.writ(&words))?).context("no JSON")
        };
        let invite = ["person", "invite", "--name", "June Harbor", "--side", "client"];
        let invited = told(&[&invite[..], &["--role", "owner"]].concat())?;
        let link = invited.get("link").and_then(Value::as_str).context("no link")?;
        let june = passkey::join(self.desk, link, entropy)?;
        let called = ["--called", "June Harbor, number in the contract", "--fingerprint"];
        let admit = ["person", "admit", "June Harbor"];
        told(&[&admit[..], &called, &[&june.fingerprint]].concat())?;
        let file = self.data.join("charter.json");
        let clause =
            json!({"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"});
        fs::write(&file, json!({"clauses": [clause]}).to_string()).context("no charter")?;
        told(&["charter", "draft", "--file", &file.to_string_lossy()])?;
        told(&["charter", "sign"])?;
        let standing = told(&["charter", "show"])?;
        let draft = standing.get("draft").context("there is no draft")?;
        let member = |name: &str| draft.get(name).cloned().unwrap_or_default();
        let body = json!({"charter": member("charter"), "digest": member("digest")});
        june.sign(&format!("/api/v1/clients/{CLIENT}/charter/sign"), &body)
    }

    fn writ(&self, words: &[&str]) -> Command {
        let mut writ = command(self.writ, words);
        writ.arg("--data").arg(&self.data).arg("--json");
        let signer = target().join("debug/xtask");
        writ.env("WRIT_SIGNER", format!("{} sign {}", signer.display(), self.key().display()));
        writ
    }

    /// The passkey of the one person.
    fn key(&self) -> PathBuf {
        self.data.join("crash.passkey")
    }

    /// A server that answers. `server.json` of a killed one names another process.
    fn up(&self) -> Result<Server> {
        let mut server = Server::start(self.writ(&["up"]), &self.log)?;
        let pid = u64::from(server.pid());
        let file = self.data.join("server.json");
        server.until(&mut || {
            let text = fs::read(&file).unwrap_or_default();
            let told: Value = serde_json::from_slice(&text).unwrap_or_default();
            told.get("pid").and_then(Value::as_u64) == Some(pid)
        })?;
        Ok(server)
    }

    fn ask(&self, line: &mut Line, body: &str) -> Result<(u16, Vec<u8>)> {
        let token = fs::read_to_string(self.data.join("cli.token")).context("no cli.token")?;
        let request = format!(
            "POST /api/v1/clients/{CLIENT}/agents HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.desk,
            token.trim(),
            body.len()
        );
        let answer = line.ask(request.as_bytes())?;
        Ok((answer.status, answer.body))
    }

    /// So many lives of one store, and its export. Gives how many commands were answered.
    fn rounds(&self, rounds: u64, entropy: &SeededEntropy, count: &AtomicU64) -> Result<u64> {
        let mut acked = BTreeSet::new();
        for _ in 0..rounds {
            let mut random = [0; 2];
            entropy.fill(&mut random);
            let life = u64::from(u16::from_be_bytes(random)) % LIFE_MS_MAX;
            acked.extend(self.round(Duration::from_millis(life), count)?);
            self.look(&acked)?;
        }
        self.verify()?;
        Ok(acked.len() as u64)
    }

    /// One life. Gives the names of the agents whose proposal was answered with a success.
    fn round(&self, life: Duration, count: &AtomicU64) -> Result<Vec<String>> {
        let server = self.up()?;
        thread::scope(|scope| {
            let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(|| self.call(count))).collect();
            pause(life);
            // Dropping a server kills it with SIGKILL.
            drop(server);
            let mut acked = Vec::new();
            for caller in callers {
                acked.extend(caller.join().map_err(|_panic| anyhow::anyhow!("a caller fell"))??);
            }
            Ok(acked)
        })
    }

    /// Proposes agents until the connection breaks.
    fn call(&self, count: &AtomicU64) -> Result<Vec<String>> {
        let mut acked = Vec::new();
        let Ok(mut line) = Line::open(self.desk) else { return Ok(acked) };
        loop {
            let name = format!("clerk-{}", count.fetch_add(1, Ordering::SeqCst));
            match self.ask(&mut line, &proposal(&name)) {
                Ok((200..=299, _)) => acked.push(name),
                Ok((status, body)) => {
                    anyhow::bail!("{name}: {status} {}", String::from_utf8_lossy(&body))
                }
                Err(_killed) => return Ok(acked),
            }
        }
    }

    fn look(&self, acked: &BTreeSet<String>) -> Result<()> {
        let server = self.up()?;
        let text = captured(self.writ(&["agent", "list", "--client", CLIENT]))?;
        for name in acked {
            anyhow::ensure!(
                text.contains(&format!("\"{name}\"")),
                "{name} was answered and is gone"
            );
        }
        server.stop()
    }

    fn verify(&self) -> Result<()> {
        let book = self.data.join("book");
        let path = book.to_string_lossy();
        let server = self.up()?;
        captured(self.writ(&["ledger", "export", "--tenant", CLIENT, &path]))?;
        server.stop()?;
        captured(self.writ(&["ledger", "verify", &path])).map(drop)
    }
}
