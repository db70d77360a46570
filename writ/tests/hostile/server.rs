//! The dishonest server: any lines it likes, signed with the ledger's own key, served as a desk serves them.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request as HttpRequest, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use parking_lot::Mutex;
use serde_json::{Value, json};
use writ_app::{
    api::{Body, Transport},
    book::{
        receipt::{self, Against},
        verify::{Insist, verify_with},
    },
    fault::Fault,
    witness::{Stop, Watch},
};
use writ_authority::{Command, Entry, Fact, Receipt, Request, State, command, signed::LIFE};
use writ_desk::view::{ProvenLine, RECEIPT_FILE, ReceiptFile};
use writ_evidence::{
    Checkpoint, Exporter, Frontier, Hashes, NoteSigner, Subtree, VerifierKey, leaf_hash,
    merkle::{TreeHead, inclusion_proof},
    note::ED25519,
    tiles,
};
use writ_identity::SigningKey;
use writ_model::{Actor, Cx, Fold as _, PersonId, Timestamp};

use crate::world::{ORIGIN, Someone, World};

/// The ledger's own key.
pub(crate) struct LogKey(SigningKey, VerifierKey);

impl NoteSigner for LogKey {
    fn name(&self) -> &str {
        &self.1.name
    }
    fn key_id(&self) -> [u8; 4] {
        self.1.key_id()
    }
    fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.0.sign(text).to_vec()
    }
}

/// A server that does as it likes.
pub(crate) struct Server {
    pub(crate) lines: Vec<Vec<u8>>,
    key: LogKey,
    /// Cosignature lines that it shows.
    pub(crate) cosignatures: Vec<String>,
    at: Timestamp,
    cx: Cx,
    /// What witnesses said to it.
    said: Mutex<Vec<Value>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Server({})", self.lines.len())
    }
}

impl Server {
    /// Begins with everything that was honest.
    pub(crate) async fn of(world: &World) -> Self {
        let key = SigningKey::from_seed(world.stolen_log_key().await).unwrap();
        let name = format!("writ-ledger/{}", world.client);
        let public = key.public_bytes().to_vec();
        let verifier = VerifierKey { name, algorithm: ED25519, key: public };
        Self {
            lines: world.lines().await,
            key: LogKey(key, verifier),
            cosignatures: Vec::new(),
            at: world.now(),
            cx: world.cx(Actor::system("desk")),
            said: Mutex::default(),
        }
    }

    /// Signs with another key of the same name from now on.
    pub(crate) fn rekey(&mut self, seed: [u8; 32]) {
        let key = SigningKey::from_seed(seed).unwrap();
        let public = key.public_bytes().to_vec();
        self.key = LogKey(key, VerifierKey { key: public, ..self.key.1.clone() });
    }

    /// Its key as others know it.
    pub(crate) fn key_text(&self) -> String {
        self.key.1.to_text()
    }

    /// Goes on at another provider, who signs with another key; the old one's last checkpoint goes into the line.
    pub(crate) fn moves(&mut self, seed: [u8; 32], checkpoint: &str) {
        self.rekey(seed);
        let moved = writ_authority::fact::LedgerMoved {
            provider: writ_model::TenantId::from_bytes([9; 16]),
            name: "Quay IT".to_owned(),
            origin: ORIGIN.to_owned(),
            checkpoint_key: self.key_text(),
            checkpoint: checkpoint.to_owned(),
        };
        self.append(Actor::system("import"), Fact::LedgerMoved(moved));
    }

    pub(crate) fn state(&self) -> State {
        let mut state = State::empty(self.cx.tenant());
        for (index, line) in (0..).zip(&self.lines) {
            state.fold(index, line).unwrap();
        }
        state
    }

    /// A context a second later.
    pub(crate) fn cx(&mut self, actor: Actor) -> Cx {
        self.at = self.at + writ_model::Span::seconds(1);
        let entropy = Arc::new(writ_testkit::SeededEntropy::new(self.lines.len() as u64));
        Cx::new(self.at, entropy, self.cx.tenant(), actor)
    }

    /// Appends a well-formed line, whoever had the right to.
    pub(crate) fn append(&mut self, actor: Actor, fact: Fact) {
        let cx = self.cx(actor);
        self.lines.push(Entry::new(&cx, fact).to_line().unwrap());
    }

    /// Appends facts as of one instant by one author.
    pub(crate) fn append_all(&mut self, cx: &Cx, facts: Vec<Fact>) {
        for fact in facts {
            self.lines.push(Entry::new(cx, fact).to_line().unwrap());
        }
    }

    /// Does what its software allows: a command that is decided honestly.
    pub(crate) fn act(&mut self, actor: Actor, command: Command) {
        let cx = self.cx(actor);
        let lines = command::lines(&self.state(), command, &cx).unwrap();
        self.lines.extend(lines.into_iter().map(|(_, line)| line));
    }

    /// Has somebody sign, and does it honestly; the line of the receipt.
    pub(crate) fn sign(&mut self, by: &Someone, act: Command) -> u64 {
        let cx = self.cx(by.actor());
        let receipt = by.signs(&self.state(), &cx, act).unwrap();
        self.signed(by, receipt)
    }

    /// Takes a receipt as it is.
    pub(crate) fn signed(&mut self, by: &Someone, receipt: Receipt) -> u64 {
        let line = self.lines.len() as u64;
        self.act(by.actor(), Command::Signed { receipt: Box::new(receipt) });
        line
    }

    /// A request that no honest desk would make.
    pub(crate) fn request(
        &mut self,
        by: PersonId,
        act: Command,
        names: &[(String, String)],
    ) -> Request {
        let state = self.state();
        let mut all = BTreeMap::from([
            (state.tenant.to_string(), state.party_name().to_owned()),
            (by.to_string(), state.person_name(by)),
        ]);
        all.extend(names.iter().cloned());
        Request {
            v: 1,
            tenant: state.tenant,
            person: by,
            origin: ORIGIN.to_owned(),
            made: self.at,
            expires: self.at + LIFE,
            act: Box::new(act),
            names: all,
        }
    }

    /// Writes a receipt and the facts that it is said to make so, whatever the rules say.
    pub(crate) fn force(&mut self, receipt: Receipt, facts: Vec<Fact>) {
        let id = receipt.request.person;
        let cx = self.cx(Actor::Person { id, via: "console".to_owned() });
        self.append_all(&cx, vec![Fact::ActSigned(Box::new(receipt))]);
        self.append_all(&cx, facts);
    }

    fn head(&self) -> TreeHead {
        let mut edge = Frontier::new();
        self.lines.iter().for_each(|line| edge.push(leaf_hash(line)));
        TreeHead { size: edge.size(), root: edge.root() }
    }

    /// Its checkpoint, well signed, with whatever cosignatures it has.
    pub(crate) fn note(&self) -> String {
        let checkpoint = Checkpoint::new(self.key.1.name.clone(), self.head());
        let mut note = checkpoint.sign(&[&self.key]).unwrap().to_text();
        for line in &self.cosignatures {
            note.push_str(line);
            note.push('\n');
        }
        note
    }

    /// An export of its lines.
    pub(crate) fn export(&self, dir: &Path) {
        let (mut exporter, mut files) = (Exporter::new(), Vec::new());
        for line in &self.lines {
            files.extend(exporter.push(line).unwrap());
        }
        files.extend(exporter.finish().1);
        for file in files {
            let path = dir.join(file.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file.bytes).unwrap();
        }
        fs::create_dir_all(dir).unwrap();
        fs::write(dir.join("checkpoint"), self.note()).unwrap();
    }

    /// The file of a receipt, as an honest desk would make it of these lines.
    pub(crate) fn receipt(&self, line: u64) -> ReceiptFile {
        let at = |index: u64| self.lines[usize::try_from(index).unwrap()].as_slice();
        let Fact::ActSigned(receipt) = Entry::from_line(at(line)).unwrap().fact else {
            panic!("line {line} holds no receipt")
        };
        let state = self.state();
        let key = state.passkeys.get(&receipt.passkey).unwrap();
        let head = self.head();
        let proven = |index: u64| ProvenLine {
            index,
            bytes: String::from_utf8(at(index).to_vec()).unwrap(),
            path: inclusion_proof(index, head.size, self).unwrap(),
        };
        let name = receipt.passkey.to_string();
        let about = |index: &u64| {
            *index != line
                && *index != key.line
                && std::str::from_utf8(at(*index)).unwrap().contains(&name)
        };
        ReceiptFile {
            v: RECEIPT_FILE,
            tenant: self.cx.tenant(),
            origin: self.key.1.name.clone(),
            line: proven(line),
            founding: proven(0),
            moved: None,
            key_line: proven(key.line),
            history: (0..head.size).filter(about).map(proven).collect(),
            checkpoint: self.note(),
            size: head.size,
            receipt: *receipt,
        }
    }

    /// What witnesses said.
    pub(crate) fn said(&self) -> Vec<Value> {
        self.said.lock().clone()
    }

    fn answer(&self, path: &str, query: &str, body: &[u8]) -> Vec<u8> {
        let number = |name: &str| {
            let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
            found.and_then(|text| text.parse::<usize>().ok()).unwrap()
        };
        match path.rsplit('/').next().unwrap() {
            "checkpoint" => self.note().into_bytes(),
            "entries" => {
                let mut out = Vec::new();
                for line in &self.lines[number("from")..number("to").min(self.lines.len())] {
                    tiles::push_entry(&mut out, 0, line).unwrap();
                }
                out
            }
            _ => {
                self.said.lock().push(serde_json::from_slice(body).unwrap());
                json!({"kept": true}).to_string().into_bytes()
            }
        }
    }
}

impl Hashes for Server {
    fn subtree(&self, at: Subtree) -> Option<writ_model::Digest> {
        let from = usize::try_from(at.index << at.level).ok()?;
        let mut edge = Frontier::new();
        for line in self.lines.get(from..from + (1 << at.level))? {
            edge.push(leaf_hash(line));
        }
        Some(edge.root())
    }
}

impl Transport for Server {
    fn send(
        &self,
        request: HttpRequest<Full<Bytes>>,
    ) -> BoxFuture<'_, Result<Response<Body>, Fault>> {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let answer = self.answer(parts.uri.path(), parts.uri.query().unwrap_or(""), &body);
            let body =
                Full::new(Bytes::from(answer)).map_err(|never| match never {}).boxed_unsync();
            Ok(Response::builder().status(StatusCode::OK).body(body).unwrap())
        })
    }
}

/// What a witness that has seen the honest beginning says to this server: the code of its disagreement.
pub(crate) async fn witness_says(watch: &mut Watch) -> String {
    match watch.round(0).await {
        Err(Stop::Disagrees { code, .. }) => code,
        other => panic!("the witness did not disagree: {other:?}"),
    }
}

/// A forged ledger is found by a witness that saw the honest beginning, by a new one, and by `ledger verify --root`, all
/// of them by the same rule; the witness tells the server, and never cosigns again.
pub(crate) async fn caught(world: &World, server: Server, rule: &str) {
    Box::pin(by_everybody(world, server, rule)).await;
}

async fn by_everybody(world: &World, server: Server, rule: &str) {
    let size = server.lines.len();
    let server = Arc::new(server);
    let mut seasoned = world.watch("office", server.clone()).await;
    let seen = seasoned.size();
    assert!(seen > 0 && seen < size as u64, "it has seen the honest beginning only");
    assert_eq!(witness_says(&mut seasoned).await, rule, "the witness");
    assert_eq!(witness_says(&mut seasoned).await, rule, "again");
    let said = server.said();
    assert!(said.iter().all(|word| word["code"] == rule), "{said:?}");
    drop(seasoned);
    assert_eq!(world.watch("office", server.clone()).await.size(), seen, "and after a restart");
    let new = format!("new-{size}");
    let home = writ_app::witness::Home::init(
        &world.dir.path().join(&new),
        &new,
        &writ_testkit::SeededEntropy::new(5),
    );
    drop(home.unwrap());
    let mut fresh = world.watch(&new, server.clone()).await;
    assert_eq!(witness_says(&mut fresh).await, rule, "a new witness");
    let fault = verified(world, &server).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some(rule), "ledger verify: {fault}");
}

/// `writ ledger verify --root` on its export.
pub(crate) fn verified(world: &World, server: &Server) -> Result<Value, Fault> {
    let dir = writ_testkit::TempDir::new().unwrap();
    server.export(dir.path());
    let root = world.dana.key.fingerprint();
    let insist = Insist { root: Some(&root), ..Insist::default() };
    Ok(verify_with(dir.path(), &insist, None)?.answer)
}

/// `writ receipt verify --ledger --root` of a line of it.
pub(crate) fn receipt_verified(
    world: &World,
    server: &Server,
    file: &ReceiptFile,
) -> Result<Value, Fault> {
    let dir = writ_testkit::TempDir::new().unwrap();
    server.export(dir.path());
    let root = world.dana.key.fingerprint();
    let insist = Insist { root: Some(&root), ..Insist::default() };
    let against = Against { insist, ledger: Some(dir.path()), ..Against::default() };
    receipt::verify(serde_json::to_string(file).unwrap().as_bytes(), &against)
}
