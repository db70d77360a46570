//! An installation in a temporary folder, with a clock that stands still and people with passkeys to ask as.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use writ_authority::{Chain, Engine, State};
use writ_desk::{Desk, DeskParts, Fleet, GatewayStatus, WebauthnCheck, cli_token};
use writ_evidence::{leaf_hash, node_hash};
use writ_identity::{AgentKey, assertion, dpop, jws, webauthn::Anchors};
use writ_lake::Activity;
use writ_model::{BootId, Digest, GatewayId, InstanceId, Span, Timestamp};
use writ_store::{
    Ledger, MemoryContexts, Sequencer, SqliteDefinitions, SqliteHeld, SqliteLedger, SqliteVault,
    Tenants, View,
};
use writ_testkit::{FakeClock, SeededEntropy, TempDir};

mod charter;
pub(crate) mod crowd;
mod holds;
mod order;
mod people;

pub(crate) use charter::everything;
pub(crate) use holds::{both_owners, payments};
pub(crate) use people::{Browser, Someone, cookie_of, signing_of};

pub(crate) const DESK: &str = "http://127.0.0.1:7420";
pub(crate) const ORIGIN: &str = "http://localhost:7420";
pub(crate) const GATEWAY: &str = "http://127.0.0.1:7421";

pub(crate) struct World {
    pub(crate) desk: Desk,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) lake: Arc<Activity>,
    pub(crate) tenants: Arc<Tenants<State>>,
    pub(crate) vault: Arc<SqliteVault>,
    pub(crate) held: Arc<SqliteHeld>,
    pub(crate) contexts: Arc<MemoryContexts>,
    pub(crate) definitions: Arc<SqliteDefinitions>,
    pub(crate) token: String,
    /// Everybody with a passkey, by name.
    pub(crate) people: Mutex<BTreeMap<String, Someone>>,
    /// Lines in the order they became durable over all ledgers.
    pub(crate) order: Arc<order::InOrder>,
    router: Router,
    pub(crate) dir: TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&self.bytes)))
    }
}

/// A running copy of an agent, with its key.
pub(crate) struct Copy {
    pub(crate) id: InstanceId,
    pub(crate) key: AgentKey,
}

/// A fleet of one gateway that a test confirms for.
#[derive(Debug)]
pub(crate) struct OneGateway(pub(crate) GatewayId);

impl Fleet for OneGateway {
    fn gateways(&self) -> Vec<GatewayStatus> {
        vec![GatewayStatus {
            gateway: self.0,
            boot: BootId::from_bytes([2; 16]),
            started_at: Timestamp::from_micros(0),
            url: GATEWAY.to_owned(),
            following: true,
            servers: Vec::new(),
            counters: BTreeMap::new(),
        }]
    }
}

impl World {
    pub(crate) async fn empty() -> Self {
        Self::in_folder(TempDir::new().unwrap(), 7).await
    }

    /// Opens what is in a folder, as a new process would.
    pub(crate) async fn in_folder(dir: TempDir, seed: u64) -> Self {
        let start: Timestamp = "2026-11-03T14:03:00Z".parse().unwrap();
        let later = Span::hours(i64::try_from(seed).unwrap());
        let clock = Arc::new(FakeClock::at(start + later));
        let entropy = Arc::new(SeededEntropy::new(seed));
        let order = order::InOrder::over(SqliteLedger::open(dir.path()).unwrap());
        let ledger: Arc<dyn Ledger> = order.clone();
        let vault = Arc::new(SqliteVault::open(dir.path()).unwrap());
        let lake = Activity::open(&dir.path().join("lake.db")).unwrap();
        let held = Arc::new(SqliteHeld::open(dir.path()).unwrap());
        let contexts = Arc::new(MemoryContexts::default());
        let definitions = Arc::new(SqliteDefinitions::open(dir.path()).unwrap());
        let tenants = Arc::new(Tenants::new(ledger));
        let token = cli_token(dir.path(), entropy.as_ref()).unwrap();
        let desk = Desk::open(DeskParts {
            sequencer: Sequencer::new(Arc::clone(&tenants)),
            lake: Arc::clone(&lake),
            vault: vault.clone(),
            held: held.clone(),
            contexts: contexts.clone(),
            definitions: definitions.clone(),
            engine: Arc::new(Engine::default()),
            clock: clock.clone(),
            entropy,
            issuer: DESK.to_owned(),
            origin: ORIGIN.to_owned(),
            anchors: Anchors::none(),
            gateway: GATEWAY.to_owned(),
            cli_token: token.clone(),
            version: "test".to_owned(),
        })
        .await
        .unwrap();
        let router = desk.router();
        let token = token.expose().clone();
        let people = Mutex::default();
        Self {
            desk,
            clock,
            lake,
            tenants,
            vault,
            held,
            contexts,
            definitions,
            token,
            people,
            order,
            router,
            dir,
        }
    }

    /// A provider that has an owner who has no passkey yet.
    pub(crate) async fn bare() -> Self {
        let world = Self::empty().await;
        let body = json!({"name": "Northwind IT", "person": {"name": "Mira Okafor"}});
        world.done("/provider/found", body).await;
        world
    }

    /// A provider with an owner who has a passkey, and one client.
    pub(crate) async fn founded() -> Self {
        let world = Self::bare().await;
        world.welcome("Mira Okafor").await;
        world.done("/clients", json!({"name": "Harbor Books", "slug": "harbor-books"})).await;
        world
    }

    /// A client with people who can answer, and an agent that is fully answered for and active.
    pub(crate) async fn active() -> Self {
        let world = Self::founded().await;
        world.people().await;
        world.agent("invoice-bot").await;
        world
    }

    pub(crate) async fn people(&self) {
        self.first("harbor-books", "Dana Cole").await;
        self.charter("harbor-books", "Dana Cole", everything()).await;
        self.member("Dana Cole", "harbor-books", "Ines Park", "approver").await;
        self.member("Dana Cole", "harbor-books", "Noor Haddad", "auditor").await;
        self.staff("Tom Reyes", "engineer").await;
        let seat = json!({"person": "Tom Reyes", "roles": ["engineer"]});
        self.done("/clients/harbor-books/people", seat).await;
    }

    pub(crate) async fn agent(&self, name: &str) {
        let at = format!("/clients/harbor-books/agents/{name}");
        let body =
            json!({"name": name, "kind": "ai_agent", "purpose": "Matches invoices to orders"});
        self.done("/clients/harbor-books/agents", body).await;
        let body = json!({"authorizer": "Dana Cole", "auditor": "Noor Haddad",
            "terminators": ["Dana Cole", "Mira Okafor"]});
        self.done(&format!("{at}/accountability"), body).await;
        self.done(&format!("{at}/activate"), json!({})).await;
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    /// A request of the command line.
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Request<Body> {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::HOST, "127.0.0.1:7420")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string()))
                .unwrap(),
            None => request.body(Body::empty()).unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.send(self.request(Method::GET, path, None)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.json());
        answer.json()
    }

    /// A command that is done.
    pub(crate) async fn done(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.json());
        answer.json()
    }

    /// A command of the command line, by the provider's first owner; signed if it has to be.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let answer = self.post_bare(path, body).await;
        let Some(signing) = signing_of(&answer) else { return answer };
        let name = signing["person"]["name"].as_str().unwrap();
        let response = self.assertion(name, &signing["options"]);
        let path = format!("/signings/{}", signing["signing"].as_str().unwrap());
        self.send(self.request(Method::POST, &path, Some(&response))).await
    }

    /// The same without signing.
    pub(crate) async fn post_bare(&self, path: &str, body: Value) -> Answer {
        self.clock.advance(Span::seconds(1));
        self.send(self.request(Method::POST, path, Some(&body))).await
    }

    /// A command as somebody else by id, in a new session; nothing is signed.
    pub(crate) async fn post_as(&self, person: &str, path: &str, body: Value) -> Answer {
        let browser = self.sign_in(&self.name_of(person)).await;
        self.ask_as(&browser, Method::POST, path, Some(&body)).await
    }

    /// Who has this id.
    pub(crate) fn name_of(&self, person: &str) -> String {
        let people = self.people.lock();
        people.iter().find(|(_, one)| one.id == person).unwrap().0.clone()
    }

    /// A person's id by their name, at the client.
    pub(crate) async fn person(&self, name: &str) -> String {
        let people = self.get("/clients/harbor-books/people").await;
        let found = people.as_array().unwrap().iter().find(|one| one["name"] == name);
        found.unwrap()["person"].as_str().unwrap().to_owned()
    }

    /// A new key, enrolled with a new code.
    pub(crate) async fn enroll(&self, agent: &str) -> Copy {
        let at = format!("/clients/harbor-books/agents/{agent}/enrollments");
        let code = self.done(&at, json!({})).await["code"].as_str().unwrap().to_owned();
        let key = AgentKey::generate().unwrap();
        let answer = self.enroll_with(&code, &code, &key).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
        let id = answer.json()["client_id"].as_str().unwrap().parse().unwrap();
        Copy { id, key }
    }

    pub(crate) async fn enroll_with(&self, code: &str, signed: &str, key: &AgentKey) -> Answer {
        let proof = jws::sign(key, writ_desk::PROOF_TYPE, signed.as_bytes()).unwrap();
        let jwk: Value = serde_json::from_str(&key.jwk().to_json()).unwrap();
        let body = json!({"code": code, "jwk": jwk, "label": "laptop", "proof": proof});
        let request = Request::post("/enroll")
            .header(header::HOST, "127.0.0.1:7420")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await
    }

    /// A token request as a client makes it: the first answer's nonce is used for a second one.
    pub(crate) async fn token(&self, copy: &Copy, resource: &str) -> Answer {
        let first = self.token_with(copy, resource, None, "a").await;
        match first.headers.get("dpop-nonce") {
            Some(nonce) if first.status == StatusCode::BAD_REQUEST => {
                let nonce = nonce.to_str().unwrap().to_owned();
                self.token_with(copy, resource, Some(&nonce), "b").await
            }
            _ => first,
        }
    }

    pub(crate) async fn token_with(
        &self,
        copy: &Copy,
        resource: &str,
        nonce: Option<&str>,
        jti: &str,
    ) -> Answer {
        let now = self.desk.now();
        let jti = format!("{jti}-{}-{}", now.micros(), copy.id);
        let url = format!("{DESK}/oauth/token");
        let proof = dpop::prove(
            &copy.key,
            &dpop::Prove { method: "POST", url: &url, now, access_token: None, nonce, jti: &jti },
        );
        let assertion = assertion::create(&copy.key, copy.id, DESK, now, &jti).unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", assertion::ASSERTION_TYPE),
            ("client_assertion", &assertion),
            ("resource", resource),
        ];
        self.form(&form, &[&proof.unwrap()]).await
    }

    pub(crate) async fn form(&self, pairs: &[(&str, &str)], proofs: &[&str]) -> Answer {
        let plain = |text: &str| text.replace(':', "%3A").replace('/', "%2F");
        let form: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect();
        let mut request = Request::post("/oauth/token")
            .header(header::HOST, "127.0.0.1:7420")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for proof in proofs {
            request = request.header("dpop", *proof);
        }
        self.send(request.body(Body::from(form.join("&"))).unwrap()).await
    }

    /// Every ledger: the stored root is the naive one, every line folds, and the state is what is served.
    pub(crate) async fn check(&self) {
        let ledger = self.tenants.ledger();
        for (tenant, head) in ledger.heads().await.unwrap() {
            let lines = ledger.read(tenant, 0, 4096).await.unwrap();
            assert_eq!(lines.len() as u64, head.size);
            let leaves: Vec<Digest> = lines.iter().map(|line| leaf_hash(line)).collect();
            assert_eq!(naive(&leaves), head.root);
            let mut view = View::<State>::empty(tenant);
            view.extend(&lines).unwrap();
            let served = self.tenants.view(tenant).await.unwrap();
            assert_eq!(view.state, served.state);
            let mut chain = Chain::new(tenant, None);
            for (at, line) in (0..).zip(&lines) {
                let taken = chain.take(at, line, &WebauthnCheck);
                assert!(taken.is_ok(), "line {at} of {tenant}: {taken:?}");
            }
            chain.finish().unwrap();
            let instants: Vec<Timestamp> = lines
                .iter()
                .map(|line| writ_authority::Entry::from_line(line).unwrap().at)
                .collect();
            assert!(instants.is_sorted(), "lines follow each other in time");
        }
    }

    /// Ends this process and starts another on the same folder.
    pub(crate) async fn reopened(self, seed: u64) -> Self {
        self.lake.close().await;
        let people = self.people;
        Self { people, ..Self::in_folder(self.dir, seed).await }
    }
}

/// RFC 6962 section 2.1, as it is written.
fn naive(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::of(b""),
        [one] => *one,
        many => {
            let mut split = 1;
            while split * 2 < many.len() {
                split *= 2;
            }
            node_hash(&naive(&many[..split]), &naive(&many[split..]))
        }
    }
}
