//! An honest beginning: a provider with its owner, a client with its owner, each with a passkey of their own, on a real
//! store with a real desk; and a witness of the client's.

use std::{path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request as HttpRequest, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use writ_app::{
    api::{Body, BodyError, Transport},
    fault::Fault,
    witness::{Home, Remote, Watch, remote::Sources},
};
use writ_authority::{
    Attestation, Command, Engine, Fact, Passkey, Receipt, Refusal, Request, State, command,
    signed::{Assertion, LIFE},
};
use writ_charter::{Charter, Clause, Mode, Parties};
use writ_desk::{Desk, DeskParts, FirstPerson, FoundBody, NewClient, Via, Who, cli_token};
use writ_identity::webauthn::{SoftKind, SoftPasskey};
use writ_lake::Activity;
use writ_model::{
    Actor, CharterId, Clock as _, Cx, Digest, InvitationId, PasskeyId, PersonId, Role, Side,
    SigningId, Span, TenantId, Timestamp, WitnessId,
};
use writ_store::{
    MemoryDefinitions, Sequencer, Space, SqliteHeld, SqliteLedger, SqliteVault, Tenants,
    Vault as _, View,
};
use writ_testkit::{FakeClock, SeededEntropy, TempDir};

pub(crate) const DESK: &str = "http://127.0.0.1:7420";
pub(crate) const ORIGIN: &str = "http://localhost:7420";

/// A person with a passkey.
#[derive(Debug)]
pub(crate) struct Someone {
    pub(crate) person: PersonId,
    pub(crate) soft: SoftPasskey,
    pub(crate) key: Passkey,
}

impl Someone {
    /// A new person with a new passkey.
    pub(crate) fn new(cx: &Cx, seed: u8, label: &str) -> Self {
        Self::known(cx, PersonId::new(cx), seed, label)
    }

    /// A passkey for a known person.
    pub(crate) fn known(cx: &Cx, person: PersonId, seed: u8, label: &str) -> Self {
        let soft = SoftPasskey::from_seed([seed; 32], SoftKind::Es256);
        let key = Passkey {
            passkey: PasskeyId::new(cx),
            person,
            label: label.to_owned(),
            credential: URL_SAFE_NO_PAD.encode(soft.credential()),
            jwk: soft.jwk().unwrap(),
            alg: "ES256".to_owned(),
            rp_id: "localhost".to_owned(),
            origin: ORIGIN.to_owned(),
            aaguid: "00000000-0000-0000-0000-000000000000".to_owned(),
            synced: true,
            backed_up: true,
            attestation: Attestation::None,
            counter: 0,
        };
        Self { person, soft, key }
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::Person { id: self.person, via: "console".to_owned() }
    }

    /// Signs a request with this passkey: what a browser on the right page makes of it.
    pub(crate) fn receipt(&self, cx: &Cx, request: Request) -> Receipt {
        let mut nonce = [0; 32];
        cx.fill(&mut nonce);
        let challenge = URL_SAFE_NO_PAD.encode(request.challenge(&nonce).unwrap());
        let options = json!({"challenge": challenge, "rpId": "localhost"});
        let answer = self.soft.assert(&options, ORIGIN).unwrap();
        let part = |name: &str| answer["response"][name].as_str().unwrap().to_owned();
        Receipt {
            signing: SigningId::new(cx),
            request,
            nonce: URL_SAFE_NO_PAD.encode(nonce),
            passkey: self.key.passkey,
            assertion: Assertion {
                credential: answer["id"].as_str().unwrap().to_owned(),
                authenticator_data: part("authenticatorData"),
                client_data: part("clientDataJSON"),
                signature: part("signature"),
            },
        }
    }

    /// Asks for a signature as the desk does, and signs.
    pub(crate) fn signs(&self, state: &State, cx: &Cx, act: Command) -> Result<Receipt, Refusal> {
        let request = Request::new(state, cx, ORIGIN, LIFE, act)?;
        Ok(self.receipt(cx, request))
    }
}

pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) entropy: Arc<SeededEntropy>,
    pub(crate) tenants: Arc<Tenants<State>>,
    pub(crate) sequencer: Sequencer<State>,
    pub(crate) vault: Arc<SqliteVault>,
    pub(crate) desk: Desk,
    pub(crate) client: TenantId,
    /// The provider's owner.
    pub(crate) mira: Someone,
    /// The client's owner, whose key is the root.
    pub(crate) dana: Someone,
}

impl World {
    /// Opens the store of a folder with a desk on it.
    async fn open(dir: &Path, clock: &Arc<FakeClock>, entropy: &Arc<SeededEntropy>) -> Opened {
        let ledger = Arc::new(SqliteLedger::open(dir).unwrap());
        let vault = Arc::new(SqliteVault::open(dir).unwrap());
        let tenants = Arc::new(Tenants::new(ledger));
        let sequencer = Sequencer::new(Arc::clone(&tenants));
        let desk = Desk::open(DeskParts {
            sequencer: sequencer.clone(),
            lake: Activity::open(&dir.join("lake.db")).unwrap(),
            vault: vault.clone(),
            held: Arc::new(SqliteHeld::open(dir).unwrap()),
            contexts: Arc::new(writ_store::MemoryContexts::default()),
            definitions: Arc::new(MemoryDefinitions::default()),
            engine: Arc::new(Engine::default()),
            clock: clock.clone(),
            entropy: entropy.clone(),
            issuer: DESK.to_owned(),
            origin: ORIGIN.to_owned(),
            anchors: writ_identity::webauthn::Anchors::none(),
            gateway: "http://127.0.0.1:7421".to_owned(),
            cli_token: cli_token(dir, entropy.as_ref()).unwrap(),
            version: "test".to_owned(),
        })
        .await
        .unwrap();
        Opened { tenants, sequencer, vault, desk }
    }

    pub(crate) fn honest() -> BoxFuture<'static, Self> {
        Box::pin(Self::begun())
    }

    async fn begun() -> Self {
        let dir = TempDir::new().unwrap();
        let clock = Arc::new(FakeClock::at("2026-11-22T09:00:00Z".parse().unwrap()));
        let entropy = Arc::new(SeededEntropy::new(11));
        let Opened { tenants, sequencer, vault, desk } =
            Self::open(dir.path(), &clock, &entropy).await;
        let body = FoundBody {
            name: "Northwind IT".to_owned(),
            slug: None,
            person: FirstPerson { name: "Mira Okafor".to_owned() },
        };
        let provider = desk.found(Via::Cli, body).await.unwrap();
        let none = Cx::new(clock.now(), entropy.clone(), provider.tenant, Actor::system("test"));
        let mira = Someone::known(&none, provider.you.person, 1, "Mira's laptop");
        let who = Who::new(mira.person, Via::Cli);
        let bootstrap = Actor::Person { id: mira.person, via: "bootstrap".to_owned() };
        let key = Box::new(mira.key.clone());
        let dana = Someone::new(&none, 2, "Dana's phone");
        let mut world = Self {
            dir,
            clock,
            entropy,
            tenants,
            sequencer,
            vault,
            desk,
            client: provider.tenant,
            mira,
            dana,
        };
        world.act(bootstrap, Command::BootstrapPasskey { key }).await;
        let new = NewClient { name: "Harbor Books".to_owned(), slug: "harbor-books".to_owned() };
        world.client = world.desk.add_client(&who, new).await.unwrap().client.tenant;
        world.people().await;
        world
    }

    /// The server starts again over whatever is in its folder now.
    pub(crate) async fn restart(&mut self) {
        let opened = Self::open(self.dir.path(), &self.clock, &self.entropy).await;
        let Opened { tenants, sequencer, vault, desk } = opened;
        (self.tenants, self.sequencer, self.vault, self.desk) = (tenants, sequencer, vault, desk);
    }

    /// The ledger's database, as whoever has the disk opens it.
    pub(crate) fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join("ledger.db")).unwrap()
    }

    /// The client's first person is invited, joins, and is admitted after a call.
    async fn people(&self) {
        if self.view().await.state.live_keys(self.mira.person).next().is_none() {
            let add = vec![self.mira.key.clone()];
            let mirror = Command::MirrorPasskeys { add, revoke: Vec::new() };
            self.act(Actor::system("mirror"), mirror).await;
        }
        self.invite(&self.mira, &self.dana, "Dana Cole", &[Role::Owner, Role::Approver]).await;
        self.admit(&self.mira, &self.dana, Some("Dana, on the number in the contract")).await;
        self.agree().await;
    }

    /// Both parties sign a charter that lets everything be done: what is tested here are keys and lines.
    async fn agree(&self) {
        let cx = self.cx(self.mira.actor());
        let parties =
            Parties { provider: "Northwind IT".to_owned(), client: "Harbor Books".to_owned() };
        let mut charter = Charter::new(CharterId::new(&cx), 1, self.client, parties);
        charter.clauses = vec![Clause::new("everything", "Everything", &["*"], Mode::Act)];
        let charter = Box::new(charter);
        self.act(self.mira.actor(), Command::ProposeCharter { charter }).await;
        for by in [&self.mira, &self.dana] {
            let view = self.view().await;
            let charter = Box::new(Charter::clone(&view.state.draft.as_ref().unwrap().charter));
            self.sign(by, Command::SignCharter { charter }).await;
        }
        assert!(self.view().await.state.charter.is_some(), "both have signed");
    }

    pub(crate) async fn invite(&self, by: &Someone, whom: &Someone, name: &str, roles: &[Role]) {
        let cx = self.cx(by.actor());
        let act = Command::InvitePerson {
            invitation: InvitationId::new(&cx),
            person: whom.person,
            name: name.into(),
            side: Side::Client,
            roles: roles.to_vec(),
            code: Digest::of(name.as_bytes()),
            expires: self.clock.now() + Span::days(1),
        };
        self.sign(by, act).await;
        let join = Actor::Person { id: whom.person, via: "join".to_owned() };
        let code = Digest::of(name.as_bytes());
        self.act(join, Command::Join { code, key: Box::new(whom.key.clone()) }).await;
    }

    pub(crate) async fn admit(&self, by: &Someone, whom: &Someone, called: Option<&str>) {
        let (fingerprint, called) = (whom.key.fingerprint(), called.map(str::to_owned));
        self.sign(by, Command::AdmitPerson { person: whom.person, fingerprint, called }).await;
    }

    /// Has the client's owner name a witness; its watch.
    pub(crate) async fn witness(&self, folder: &str) -> Watch {
        let home =
            Home::init(&self.dir.path().join(folder), folder, self.entropy.as_ref()).unwrap();
        let act = Command::NameWitness {
            witness: WitnessId::new(&self.cx(self.dana.actor())),
            name: folder.to_owned(),
            key: home.public().to_text(),
            side: Side::Client,
        };
        self.sign(&self.dana, act).await;
        self.watch(folder, Arc::new(Honest(self.desk.router()))).await
    }

    /// A watch over any transport, from what the folder has seen.
    pub(crate) async fn watch(&self, folder: &str, transport: Arc<dyn Transport>) -> Watch {
        let home = Home::open(&self.dir.path().join(folder)).unwrap();
        let root = self.dana.key.fingerprint();
        Watch::open(home, self.remote(transport), &self.log_key().await, Some(&root)).unwrap()
    }

    pub(crate) fn remote(&self, transport: Arc<dyn Transport>) -> Remote {
        let sources = Sources { clock: self.clock.clone(), entropy: self.entropy.clone() };
        Remote::new(transport, DESK, self.client, sources)
    }

    pub(crate) fn cx(&self, actor: Actor) -> Cx {
        Cx::new(self.clock.now(), self.entropy.clone(), self.client, actor)
    }

    pub(crate) async fn view(&self) -> Arc<View<State>> {
        self.tenants.view(self.client).await.unwrap()
    }

    pub(crate) async fn log_key(&self) -> String {
        self.view().await.state.founded.as_ref().unwrap().checkpoint_key.clone()
    }

    /// The server's own key of this ledger, as whoever has its disk can read it.
    pub(crate) async fn stolen_log_key(&self) -> [u8; 32] {
        let seed = self.vault.get(Space::Tenant(self.client), "ledger/checkpoint-key").await;
        seed.unwrap().unwrap().expose().as_slice().try_into().unwrap()
    }

    pub(crate) async fn lines(&self) -> Vec<Vec<u8>> {
        let lines = self.tenants.ledger().read(self.client, 0, 4096).await.unwrap();
        lines.iter().map(|line| line.to_vec()).collect()
    }

    /// Does something without a signature; its facts.
    pub(crate) async fn act(&self, actor: Actor, command: Command) -> Vec<Fact> {
        Box::pin(self.done(actor, command)).await
    }

    async fn done(&self, actor: Actor, command: Command) -> Vec<Fact> {
        self.clock.advance(Span::seconds(1));
        let cx = self.cx(actor);
        let before = self.view().await.size;
        let decide = move |view: &View<State>| -> Result<Vec<Bytes>, Refusal> {
            let lines = command::lines(&view.state, command.clone(), &cx)?;
            Ok(lines.into_iter().map(|(_, line)| line.into()).collect())
        };
        self.sequencer.submit(self.client, Box::new(decide)).await.unwrap();
        let lines = self.tenants.ledger().read(self.client, before, 64).await.unwrap();
        lines.iter().map(|line| writ_authority::Entry::from_line(line).unwrap().fact).collect()
    }

    /// Does something that is signed; the line of its receipt.
    pub(crate) async fn sign(&self, by: &Someone, act: Command) -> u64 {
        Box::pin(self.signed(by, act)).await
    }

    async fn signed(&self, by: &Someone, act: Command) -> u64 {
        self.clock.advance(Span::seconds(1));
        let view = self.view().await;
        let receipt = by.signs(&view.state, &self.cx(by.actor()), act).unwrap();
        self.act(by.actor(), Command::Signed { receipt: Box::new(receipt) }).await;
        view.size
    }

    /// The receipt in a line as the desk gives it.
    pub(crate) async fn receipt_file(&self, line: u64) -> Value {
        let who = Who::new(self.mira.person, Via::Cli);
        let file = self.desk.receipt_file(&who, "harbor-books", line).await.unwrap();
        serde_json::to_value(file).unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

struct Opened {
    tenants: Arc<Tenants<State>>,
    sequencer: Sequencer<State>,
    vault: Arc<SqliteVault>,
    desk: Desk,
}

/// The real desk's router, in this process.
#[derive(Debug)]
pub(crate) struct Honest(pub(crate) axum::Router);

impl Transport for Honest {
    fn send(
        &self,
        request: HttpRequest<Full<Bytes>>,
    ) -> BoxFuture<'_, Result<Response<Body>, Fault>> {
        let router = self.0.clone();
        Box::pin(async move {
            let response = router.oneshot(request.map(axum::body::Body::new)).await.unwrap();
            Ok(response
                .map(|body| body.map_err(|error| Box::new(error) as BodyError).boxed_unsync()))
        })
    }
}
