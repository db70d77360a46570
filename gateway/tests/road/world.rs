//! The world of a test: registers, keys, a gateway, an HTTP client that says exactly what it is told.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use writ_authority::{
    Admitted, ArgRule, Engine, Entry, Fact, Grant, State,
    fact::{LedgerFounded, PersonSeated, Subject},
    grant::Surface,
};
use writ_gateway::{
    Direct, FirstSight, Gateway, GatewayParts, InLake, Running, Server, TenantBounds,
    ask::config::Asker,
};
use writ_identity::{AgentKey, Claims, PublicKeys, SigningKey, dpop, token};
use writ_lake::{Activity, CallFilter, Record};
use writ_model::{
    Actor, AgentId, BootId, Clock as _, Cx, Digest, EnrollmentId, Entropy, GatewayId, GrantId,
    InstanceId, PersonId, Role, Side, Span, TenantId, Timestamp, TokenId,
};
use writ_store::{
    Held, Lease, LeasedMeter, Ledger, MemoryDefinitions, Sequencer, SqliteHeld, SqliteLedger,
    SqliteVault, Tenants,
};
use writ_testkit::{FakeClock, SeededEntropy, TempDir};

// By its path: an example takes this file in from another place.
#[path = "world/bank.rs"]
mod bank;
#[path = "world/charter.rs"]
mod charter;
#[path = "world/contexts.rs"]
mod contexts;
#[path = "world/copied.rs"]
mod copied;
#[path = "world/many.rs"]
mod many;
#[path = "world/pen.rs"]
mod pen;

use bank::Shaky;
pub(crate) use charter::{approve, clause, limited, naming};
use many::activated;
pub(crate) use pen::Mood;
use pen::{Pen, passkey};

pub(crate) const ISSUER: &str = "http://127.0.0.1:7420";
pub(crate) const DESK: &str = "https://desk.example";

/// One enrolled agent.
pub(crate) struct Agent {
    pub(crate) tenant: TenantId,
    pub(crate) id: AgentId,
    pub(crate) instance: InstanceId,
    pub(crate) key: AgentKey,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|fault| panic!("{fault}: {:?} {:?}", self.status, self.body))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["data"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

pub(crate) struct World {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) entropy: Arc<SeededEntropy>,
    pub(crate) tenants: Arc<Tenants<State>>,
    pub(crate) sequencer: Sequencer<State>,
    pub(crate) lake: Arc<Activity>,
    pub(crate) gateway: Running,
    pub(crate) lease: Arc<Lease>,
    pub(crate) held: Arc<dyn Held>,
    pub(crate) contexts: Arc<contexts::Torn>,
    pub(crate) bank: Arc<Shaky>,
    pub(crate) pen: Arc<Pen>,
    pub(crate) signing: SigningKey,
    nonce: Mutex<Option<String>>,
    jti: AtomicU64,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) async fn new(servers: Vec<Server>) -> Self {
        Self::under(servers, Lease::always(), TenantBounds::default()).await
    }

    /// One whose gateway has this lease, and gives its tenants so much.
    pub(crate) async fn under(servers: Vec<Server>, lease: Lease, bounds: TenantBounds) -> Self {
        Self::at(
            TempDir::new().unwrap(),
            servers,
            202,
            (lease, bounds, Vec::new(), FirstSight::Off),
        )
        .await
    }

    /// One whose gateway pins what servers list.
    pub(crate) async fn guarded(servers: Vec<Server>, first: FirstSight) -> Self {
        let usual = (Lease::always(), TenantBounds::default(), Vec::new(), first);
        Self::at(TempDir::new().unwrap(), servers, 202, usual).await
    }

    /// One whose gateway is asked by these.
    pub(crate) async fn asked_by(askers: Vec<Asker>) -> Self {
        let usual = (Lease::always(), TenantBounds::default(), askers, FirstSight::Off);
        Self::at(TempDir::new().unwrap(), Vec::new(), 202, usual).await
    }

    /// The same after a restart: the folder is all that is left.
    pub(crate) async fn restarted(self, servers: Vec<Server>) -> Self {
        let now = self.clock.now();
        self.gateway.halt().await;
        self.lake.close().await;
        let Self { folder, tenants, sequencer, lake, gateway, held, contexts, bank, pen, .. } =
            self;
        drop((tenants, sequencer, lake, gateway, held, contexts, bank, pen));
        let usual = (Lease::always(), TenantBounds::default(), Vec::new(), FirstSight::Off);
        let world = Self::at(folder, servers, 203, usual).await;
        world.clock.set(now);
        world
    }

    async fn at(
        folder: TempDir,
        servers: Vec<Server>,
        boot: u8,
        (lease, bounds, askers, catalog): (Lease, TenantBounds, Vec<Asker>, FirstSight),
    ) -> Self {
        let lease = Arc::new(lease);
        let clock = Arc::new(FakeClock::at(Timestamp::from_micros(1_795_298_400_000_000)));
        let entropy = Arc::new(SeededEntropy::new(7));
        let ledger: Arc<dyn Ledger> = Arc::new(SqliteLedger::open(folder.path()).unwrap());
        let tenants = Arc::new(Tenants::<State>::new(ledger));
        let sequencer = Sequencer::new(Arc::clone(&tenants));
        let lake = Activity::open(&folder.path().join("lake.db")).unwrap();
        let signing = SigningKey::generate(entropy.as_ref()).unwrap();
        let held: Arc<dyn Held> = Arc::new(SqliteHeld::open(folder.path()).unwrap());
        let contexts = Arc::new(contexts::Torn::open(folder.path()));
        let pen = Arc::new(Pen {
            sequencer: sequencer.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            mood: Mutex::default(),
            takes: Mutex::default(),
            loses: Mutex::default(),
            unseen: Mutex::default(),
        });
        let bank = Arc::new(Shaky::open(folder.path()));
        let gateway = Gateway::start(GatewayParts {
            listen: "127.0.0.1:0".parse().unwrap(),
            base: None,
            issuer: ISSUER.to_owned(),
            id: GatewayId::from_bytes([201; 16]),
            boot: BootId::from_bytes([boot; 16]),
            tenants: Arc::clone(&tenants),
            engine: Arc::new(Engine::default()),
            meter: Arc::new(LeasedMeter::new(bank.clone(), BootId::from_bytes([boot; 16]))),
            recorder: Arc::new(InLake(Arc::clone(&lake))),
            held: Arc::clone(&held),
            contexts: contexts.clone(),
            templates: writ_flow::Chosen::default(),
            catalog,
            definitions: Arc::new(MemoryDefinitions::default()),
            approvals: DESK.to_owned(),
            vault: Arc::new(SqliteVault::open(folder.path()).unwrap()),
            keys: PublicKeys::of_signing_key(&signing).unwrap(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            servers,
            scribe: pen.clone(),
            confirm: Arc::new(Direct(pen.clone())),
            lease: Arc::clone(&lease),
            bounds,
            askers,
        })
        .await
        .unwrap();
        Self {
            clock,
            entropy,
            tenants,
            sequencer,
            lake,
            gateway,
            lease,
            held,
            contexts,
            bank,
            pen,
            signing,
            nonce: Mutex::new(None),
            jti: AtomicU64::new(0),
            folder,
        }
    }

    /// Appends facts as Writ itself.
    pub(crate) async fn write(&self, tenant: TenantId, facts: Vec<Fact>) {
        let entropy: Arc<dyn Entropy> = self.entropy.clone();
        let cx = Cx::new(self.clock.now(), entropy, tenant, Actor::system("test"));
        let lines: Vec<Bytes> = facts
            .into_iter()
            .map(|fact| Bytes::from(Entry::new(&cx, fact).to_line().unwrap()))
            .collect();
        let decide = Box::new(move |_: &writ_store::View<State>| {
            Ok::<_, std::convert::Infallible>(lines.clone())
        });
        self.sequencer.submit(tenant, decide).await.unwrap();
    }

    /// A client with one active agent.
    pub(crate) async fn agent(&self, number: u8) -> Agent {
        let tenant = TenantId::from_bytes([number; 16]);
        let people = [11, 12, 13].map(|person| PersonId::from_bytes([person; 16]));
        let agent = AgentId::from_bytes([100 + number; 16]);
        let mut facts = vec![Fact::LedgerFounded(LedgerFounded {
            tenant,
            side: Side::Client,
            name: format!("Client {number}"),
            slug: format!("client-{number}"),
            provider: None,
            checkpoint_key: String::new(),
        })];
        let sides = [Side::Provider, Side::Client, Side::Client];
        for ((person, side), name) in people.into_iter().zip(sides).zip(["Pat", "Chris", "Cleo"]) {
            let roles = vec![Role::Owner, Role::Approver];
            facts.push(Fact::PersonSeated(PersonSeated { person, name: name.into(), side, roles }));
            let key = Box::new(passkey(person));
            facts.push(Fact::PasskeyAdded { key, admitted: Admitted::Mirrored });
        }
        facts.extend(activated(agent, format!("agent-{number}")));
        self.write(tenant, facts).await;
        self.charter(tenant, |_| {}).await;
        self.instance(tenant, agent, number).await
    }

    /// One more running copy of an agent.
    pub(crate) async fn instance(&self, tenant: TenantId, agent: AgentId, number: u8) -> Agent {
        let instance = InstanceId::from_bytes([150 + number; 16]);
        let enrollment = EnrollmentId::from_bytes([180 + number; 16]);
        let key = AgentKey::generate().unwrap();
        let expires = self.clock.now() + Span::minutes(10);
        let offer =
            Fact::EnrollmentOffered { enrollment, agent, code: Digest::of(&[number]), expires };
        let enrolled = Fact::InstanceEnrolled {
            enrollment,
            agent,
            instance,
            label: "test".to_owned(),
            jkt: key.thumbprint().to_string(),
            jwk: key.jwk().to_json(),
        };
        self.write(tenant, vec![offer, enrolled]).await;
        Agent { tenant, id: agent, instance, key }
    }

    pub(crate) async fn grant(&self, agent: &Agent, says: Says<'_>) -> GrantId {
        let grant = GrantId::from_bytes({
            let mut random = [0; 16];
            self.entropy.fill(&mut random);
            random
        });
        let says = Grant {
            subject: Subject::Agent(agent.id),
            server: says.server.to_owned(),
            surface: says.surface,
            name: says.name.to_owned(),
            rules: says.rules,
            only_named_arguments: false,
            window: None,
            limits: says.limits,
            from: None,
            until: None,
            given_by: PersonId::from_bytes([12; 16]),
            reason: "test".to_owned(),
        };
        let fact = Fact::GrantGiven { grant, says: Box::new(says) };
        self.write(agent.tenant, vec![fact]).await;
        grant
    }

    pub(crate) fn token(&self, agent: &Agent, aud: &str) -> String {
        self.token_with(agent, aud, |_| {})
    }

    pub(crate) fn token_with(
        &self,
        agent: &Agent,
        aud: &str,
        change: impl FnOnce(&mut Claims),
    ) -> String {
        let number = self.jti.fetch_add(1, Ordering::SeqCst);
        let mut random = [0; 10];
        random[..8].copy_from_slice(&number.to_be_bytes());
        let mut claims = Claims {
            iss: ISSUER.to_owned(),
            sub: agent.id,
            client_id: agent.instance,
            behalf: None,
            aud: aud.to_owned(),
            iat: self.clock.now(),
            exp: self.clock.now() + Span::minutes(5),
            jti: TokenId::from_parts(self.clock.now(), random),
            tenant: agent.tenant,
            epoch: self.epoch(agent),
            jkt: Some(agent.key.thumbprint()),
            scope: None,
        };
        change(&mut claims);
        token::issue(&self.signing, &claims).unwrap()
    }

    /// The epoch that the authorization server would put into a token now.
    fn epoch(&self, agent: &Agent) -> u64 {
        let view = self.tenants.cached(agent.tenant);
        view.and_then(|view| view.state.agents.get(&agent.id).map(|known| known.epoch))
            .unwrap_or_default()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.gateway.base())
    }

    pub(crate) fn proof(&self, key: &AgentKey, method: &str, url: &str, token: &str) -> String {
        let nonce = self.nonce.lock().clone();
        self.proof_with(key, (method, url), token, nonce.as_deref())
    }

    pub(crate) fn proof_with(
        &self,
        key: &AgentKey,
        (method, url): (&str, &str),
        token: &str,
        nonce: Option<&str>,
    ) -> String {
        let jti = format!("jti-{}", self.jti.fetch_add(1, Ordering::SeqCst));
        let access_token = Some(token);
        let now = self.clock.now();
        dpop::prove(key, &dpop::Prove { method, url, now, access_token, nonce, jti: &jti }).unwrap()
    }

    /// Headers of a good request; fetches a nonce first if need be.
    pub(crate) async fn headers(&self, agent: &Agent, method: &str, path: &str) -> Headers {
        let server = path.split('/').nth(2).unwrap_or_default();
        let token = self.token(agent, &self.url(&format!("/mcp/{server}")));
        if self.nonce.lock().is_none() {
            let mut headers = Headers::mcp();
            headers.set("authorization", &format!("DPoP {token}"));
            headers.set("dpop", &self.proof(&agent.key, method, &self.url(path), &token));
            let verb = method.parse().unwrap();
            let reply = self.send(verb, path, &headers, Bytes::new()).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
            assert!(reply.header("www-authenticate").contains("use_dpop_nonce"), "{reply:?}");
            *self.nonce.lock() = Some(reply.header("dpop-nonce").to_owned());
        }
        let mut headers = Headers::mcp();
        headers.set("authorization", &format!("DPoP {token}"));
        headers.set("dpop", &self.proof(&agent.key, method, &self.url(path), &token));
        headers
    }

    /// A good POST.
    pub(crate) async fn post(&self, agent: &Agent, path: &str, body: &str) -> Reply {
        let headers = self.headers(agent, "POST", path).await;
        self.send(Method::POST, path, &headers, Bytes::copy_from_slice(body.as_bytes())).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &Headers,
        body: Bytes,
    ) -> Reply {
        let response = self.open(method, path, headers, body).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: head.status, headers: head.headers, body }
    }

    /// The head of an answer, its body still to come.
    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        headers: &Headers,
        body: Bytes,
    ) -> http::Response<Incoming> {
        request(self.gateway.local_addr(), method, path, headers, body).await
    }

    /// The records kept of a tenant, oldest first.
    pub(crate) async fn records(&self, tenant: TenantId) -> Vec<Record> {
        self.lake.flush().await.unwrap();
        let filter = CallFilter { tenant: Some(tenant), limit: 500, ..CallFilter::default() };
        let page = self.lake.page(filter).await.unwrap();
        page.calls.into_iter().rev().map(|call| call.record).collect()
    }

    pub(crate) fn refused(&self) -> BTreeMap<&'static str, u64> {
        self.gateway.counters().refused
    }
}

/// What a grant says.
pub(crate) struct Says<'a> {
    pub(crate) server: &'a str,
    pub(crate) surface: Surface,
    pub(crate) name: &'a str,
    pub(crate) rules: Vec<ArgRule>,
    pub(crate) limits: Vec<writ_authority::Limit>,
}

impl<'a> Says<'a> {
    pub(crate) fn tool(server: &'a str, name: &'a str) -> Self {
        Self { server, surface: Surface::Tool, name, rules: Vec::new(), limits: Vec::new() }
    }
}

/// Headers of a request, in order, doubled ones allowed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Headers(HeaderMap);

impl Headers {
    pub(crate) fn mcp() -> Self {
        let mut headers = Self::default();
        headers.set("content-type", "application/json");
        headers.set("accept", "application/json, text/event-stream");
        headers
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }

    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.0.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }

    pub(crate) fn drop(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(crate) fn get(&self, name: &str) -> String {
        self.0.get(name).unwrap().to_str().unwrap().to_owned()
    }
}

async fn request(
    to: SocketAddr,
    method: Method,
    path: &str,
    headers: &Headers,
    body: Bytes,
) -> http::Response<Incoming> {
    let stream = TcpStream::connect(to).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap();
    *request.headers_mut() = headers.0.clone();
    request.headers_mut().insert("host", to.to_string().parse().unwrap());
    sender.send_request(request).await.unwrap()
}
