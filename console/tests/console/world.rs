//! An installation in a temporary folder, and a browser that keeps its cookie, reads its forms and signs with a passkey in
//! software.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use writ_authority::Engine;
use writ_console::{form::Given, route};
use writ_desk::{CharterToSign, Desk, DeskError, DeskParts, cli_token};
use writ_identity::webauthn::{Anchors, SoftKind, SoftPasskey};
use writ_lake::{Activity, Inputs, Record};
use writ_model::{
    AgentId, BootId, CallId, GatewayId, InstanceId, Span, TenantId, Timestamp, ocsf::Disposition,
};
use writ_store::{MemoryDefinitions, MemoryHeld, Sequencer, SqliteLedger, SqliteVault, Tenants};
use writ_testkit::{FakeClock, SeededEntropy, TempDir};

pub(crate) const HOST: &str = "localhost:7420";
pub(crate) const ORIGIN: &str = "http://localhost:7420";

/// A clause that lets everything happen: what a charter has at least, so that anything happens at all.
pub(crate) fn everything() -> Value {
    json!({"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"})
}

/// One person's browser. Cloning it gives another tab of the same browser; [`World::browser`] another browser.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) desk: Desk,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) lake: Arc<Activity>,
    router: Router,
    pub(crate) cookie: String,
    pub(crate) key: Arc<Mutex<SoftPasskey>>,
    /// What its forms say they come from.
    pub(crate) origin: String,
    _dir: Arc<TempDir>,
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) html: String,
}

impl Page {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    /// The token that the page's forms carry.
    pub(crate) fn csrf(&self) -> String {
        self.after("name=\"csrf\" value=\"")
    }

    /// What stands between a mark and the next quote, as text.
    pub(crate) fn after(&self, mark: &str) -> String {
        let rest = self.html.split(mark).nth(1).unwrap_or_default();
        let raw = rest.split(['"', '<']).next().unwrap_or_default();
        raw.replace("&#34;", "\"").replace("&quot;", "\"").replace("&#38;", "&")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.html).unwrap_or_else(|_| panic!("not JSON: {}", self.html))
    }

    pub(crate) fn cookie(&self) -> String {
        let cookie = self.headers[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

fn passkey(seed: u8) -> Arc<Mutex<SoftPasskey>> {
    Arc::new(Mutex::new(SoftPasskey::from_seed([seed; 32], SoftKind::Es256)))
}

impl World {
    /// A provider with an owner, one client, and the owner signed in with a passkey, as a browser does it.
    pub(crate) async fn founded() -> Self {
        let mut world = Self::empty().await;
        let link = world.desk.new_sign_in_link().await.unwrap().expose().clone();
        let path = link.strip_prefix(ORIGIN).unwrap().to_owned();
        let page = world.get(&path).await;
        assert!(page.html.contains(&format!("action=\"{path}\"")), "{}", page.html);
        let page = world.post(&path, &[]).await;
        assert_eq!(page.location(), "/welcome", "{}", page.html);
        world.cookie = page.cookie();
        assert_eq!(world.get("/").await.location(), "/welcome", "the link makes a key only");
        let page = world.get("/welcome").await;
        assert!(page.html.contains("Mira Okafor, make your passkey"), "{}", page.html);
        let done = world.register("/welcome", "Mira's laptop").await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.html);
        world.cookie = done.cookie();
        let form = [("name", "Harbor Books"), ("slug", "harbor-books")];
        let page = world.fill("/clients/new", &form).await;
        assert_eq!(page.location(), route::client("harbor-books"), "{}", page.html);
        world
    }

    /// A provider with an owner who has no key yet.
    pub(crate) async fn empty() -> Self {
        let dir = TempDir::new().unwrap();
        let start: Timestamp = "2026-11-03T14:03:00Z".parse().unwrap();
        let clock = Arc::new(FakeClock::at(start));
        let entropy = Arc::new(SeededEntropy::new(7));
        let lake = Activity::open(&dir.path().join("lake.db")).unwrap();
        let ledger = Arc::new(SqliteLedger::open(dir.path()).unwrap());
        let token = cli_token(dir.path(), entropy.as_ref()).unwrap();
        let desk = Desk::open(DeskParts {
            sequencer: Sequencer::new(Arc::new(Tenants::new(ledger))),
            lake: Arc::clone(&lake),
            vault: Arc::new(SqliteVault::open(dir.path()).unwrap()),
            engine: Arc::new(Engine::default()),
            clock: clock.clone(),
            entropy,
            issuer: "http://127.0.0.1:7420".to_owned(),
            origin: ORIGIN.to_owned(),
            anchors: Anchors::none(),
            gateway: "http://127.0.0.1:7421".to_owned(),
            cli_token: token,
            held: Arc::new(MemoryHeld::default()),
            contexts: Arc::new(writ_store::MemoryContexts::default()),
            definitions: Arc::new(MemoryDefinitions::default()),
            version: "test".to_owned(),
        })
        .await
        .unwrap();
        let body = r#"{"name": "Northgate Managed IT", "person": {"name": "Mira Okafor"}}"#;
        let body = serde_json::from_str(body).unwrap();
        desk.found(writ_desk::Via::Cli, body).await.unwrap();
        let router = desk.router().merge(writ_console::router(&desk));
        let (cookie, key, dir) = (String::new(), passkey(1), Arc::new(dir));
        let origin = ORIGIN.to_owned();
        Self { desk, clock, lake, router, cookie, key, origin, _dir: dir }
    }

    /// Another browser, with a passkey of its own, in which nobody is signed in.
    pub(crate) fn browser(&self, seed: u8) -> Self {
        Self { cookie: String::new(), key: passkey(seed), ..self.clone() }
    }

    /// Makes a passkey at a door: asks for the options, makes it, hands it in.
    pub(crate) async fn register(&self, door: &str, label: &str) -> Page {
        let asked = self.post_json(&format!("{door}/options"), &json!({})).await;
        assert_eq!(asked.status, StatusCode::OK, "{door}: {}", asked.html);
        let made = self.key.lock().unwrap().register(&asked.json()["options"], ORIGIN).unwrap();
        self.post_json(door, &json!({"label": label, "response": made})).await
    }

    /// Signs in with this browser's passkey.
    pub(crate) async fn sign_in(&mut self) -> Page {
        let asked = self.post_json("/passkey/sign-in/options", &json!({})).await;
        assert_eq!(asked.status, StatusCode::OK, "{}", asked.html);
        let made = self.key.lock().unwrap().assert(&asked.json()["options"], ORIGIN).unwrap();
        let done = self.post_json("/passkey/sign-in", &json!({"response": made})).await;
        if done.status == StatusCode::OK {
            self.cookie = done.cookie();
        }
        done
    }

    /// Invites somebody, who makes a passkey in a browser of their own; its fingerprint is what they read out.
    pub(crate) async fn invite(
        &self,
        client: &str,
        name: &str,
        role: &str,
        seed: u8,
    ) -> (Self, Value) {
        let form = [("name", name), ("roles", role)];
        let page = self.fill(&format!("/clients/{client}/invitations/new"), &form).await;
        assert_eq!(page.location(), format!("/clients/{client}/people"), "{}", page.html);
        let page = self.get(page.location()).await;
        let link = page.after("class=\"link-out\">");
        assert!(!self.get(&format!("/clients/{client}/people")).await.html.contains(&link), "once");
        let path = link.strip_prefix(ORIGIN).unwrap().to_owned();
        let theirs = self.browser(seed);
        let page = theirs.get(&path).await;
        assert!(page.html.contains(name) && page.html.contains("Make my passkey"), "{}", page.html);
        let joined = theirs.register(&path, "phone").await;
        assert_eq!(joined.status, StatusCode::OK, "{}", joined.html);
        (theirs, joined.json())
    }

    /// Invites somebody and lets them in; they are signed in in their own browser.
    pub(crate) async fn seat(&self, client: &str, name: &str, role: &str, seed: u8) -> Self {
        let (mut theirs, joined) = self.invite(client, name, role, seed).await;
        assert_ne!(theirs.sign_in().await.status, StatusCode::OK, "not let in yet");
        let person = joined["person"].as_str().unwrap();
        let spoken = joined["fingerprint"].as_str().unwrap().replace('-', " ").to_uppercase();
        let form = [
            ("fingerprint", spoken.as_str()),
            ("called", "Dana Cole, on the number in our contract"),
        ];
        let path = format!("/clients/{client}/people/{person}/admit");
        let form = if self.get(&path).await.html.contains("name=\"called\"") {
            &form[..]
        } else {
            &form[..1]
        };
        let page = self.fill(&path, form).await;
        assert_eq!(page.location(), format!("/clients/{client}/people"), "{}", page.html);
        let page = theirs.sign_in().await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.html);
        theirs
    }

    /// A charter of these clauses, proposed by this browser and signed by both.
    pub(crate) async fn agree(&self, client: &Self, clauses: &Value) {
        let who = self.who().await;
        let draft = serde_json::from_value(json!({ "clauses": clauses })).unwrap();
        Box::pin(self.desk.draft_charter(&who, "harbor-books", draft)).await.unwrap();
        for browser in [self, client] {
            let who = browser.who().await;
            let view = Box::pin(browser.desk.charter(&who, "harbor-books")).await.unwrap();
            let draft = view.draft.unwrap().version.row;
            let to_sign = CharterToSign { charter: draft.charter, digest: draft.digest };
            let asked = Box::pin(browser.desk.sign_charter(&who, "harbor-books", to_sign)).await;
            let Err(DeskError::NeedsSignature(signing)) = asked else { panic!("{asked:?}") };
            let page = browser.sign(&route::signing(&signing.code)).await;
            assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        }
        let view = Box::pin(self.desk.charter(&who, "harbor-books")).await.unwrap();
        assert!(view.in_force.is_some() && view.draft.is_none());
    }

    /// With people who can answer, an agent that is active, and a few decided calls.
    pub(crate) async fn active() -> (Self, String) {
        let (world, _, agent) = Self::of_both().await;
        (world, agent)
    }

    /// The same, and the browser of Dana Cole, who owns the client.
    pub(crate) async fn of_both() -> (Self, Self, String) {
        let world = Self::founded().await;
        let dana = world.seat("harbor-books", "Dana Cole", "owner", 2).await;
        dana.seat("harbor-books", "Noor Haddad", "auditor", 3).await;
        Box::pin(world.agree(&dana, &json!([everything()]))).await;
        let form = [
            ("name", "invoice-bot"),
            ("purpose", "Matches invoices to orders"),
            ("kind", "ai_agent"),
        ];
        let page = world.fill("/clients/harbor-books/agents/new", &form).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        let agent = page.location().to_owned();
        let (owner, noor) = (world.person("Dana Cole").await, world.person("Noor Haddad").await);
        let mira = world.person("Mira Okafor").await;
        let form = [
            ("authorizer", owner.as_str()),
            ("auditor", noor.as_str()),
            ("terminators", owner.as_str()),
            ("terminators", mira.as_str()),
        ];
        let page = world.fill(&format!("{agent}/accountability"), &form).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        let page = world.fill(&format!("{agent}/activate"), &[]).await;
        assert_eq!(page.location(), agent, "{}", page.html);
        (world, dana, agent)
    }

    pub(crate) async fn person(&self, name: &str) -> String {
        let who = self.who().await;
        let people = self.desk.people(&who, "harbor-books").await.unwrap();
        people.iter().find(|one| one.name == name).unwrap().person.to_string()
    }

    pub(crate) async fn who(&self) -> writ_desk::Who {
        let mut headers = header::HeaderMap::new();
        headers.insert(header::COOKIE, self.cookie.parse().unwrap());
        self.desk.session(&headers).await.unwrap().unwrap().who
    }

    /// Records a call as a gateway would.
    pub(crate) async fn call(
        &self,
        agent: &str,
        seq: u8,
        effect: Disposition,
        name: &str,
    ) -> CallId {
        self.watched_call((agent, seq), effect, name, "").await
    }

    /// The same, of an agent that is only watched: with the code that enforcement would have answered.
    pub(crate) async fn watched_call(
        &self,
        (agent, seq): (&str, u8),
        effect: Disposition,
        name: &str,
        observed: &str,
    ) -> CallId {
        let who = self.who().await;
        let client = self.desk.client(&who, "harbor-books").await.unwrap();
        let tenant: TenantId = client.client.tenant;
        let agent: AgentId = agent.rsplit('/').next().unwrap().parse().unwrap();
        let at = self.desk.now();
        let call = CallId::from_parts(at, [seq; 10]);
        let detail = match effect {
            Disposition::Blocked => "argument `/to` must be addresses of harborbooks.example",
            Disposition::Allowed | Disposition::Errored => "Dana Cole granted it",
        };
        let record = Record {
            call,
            tenant,
            gateway: GatewayId::from_bytes([1; 16]),
            boot: BootId::from_bytes([2; 16]),
            seq: u64::from(seq),
            at,
            agent,
            instance: InstanceId::from_bytes([3; 16]),
            server: "mail".to_owned(),
            method: "tools/call".to_owned(),
            surface: "tool".to_owned(),
            name: name.to_owned(),
            effect,
            code: "DENY-0012".to_owned(),
            detail: detail.to_owned(),
            grant: None,
            latency_us: 412,
            ocsf: Bytes::from_static(b"{\"class_uid\":6003}"),
            inputs: Inputs {
                tree_size: 4,
                engine: "writ-1".to_owned(),
                observed: observed.to_owned(),
                ..Inputs::default()
            },
        };
        self.lake.place(record.tenant).await.unwrap().write_durable(record).await.unwrap();
        call
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        self.send(Request::get(path)).await
    }

    pub(crate) async fn get_as(&self, path: &str, cookie: &str, host: &str) -> Page {
        let request = Request::get(path).header(header::HOST, host).header(header::COOKIE, cookie);
        self.answer(request.body(Body::empty()).unwrap()).await
    }

    async fn send(&self, request: http::request::Builder) -> Page {
        let request = request.header(header::HOST, HOST).header(header::COOKIE, &self.cookie);
        self.answer(request.body(Body::empty()).unwrap()).await
    }

    /// Opens a form, fills it in, sends it; and signs, if it must be signed.
    pub(crate) async fn fill(&self, path: &str, values: &[(&str, &str)]) -> Page {
        let page = self.send_form(path, values).await;
        if !page.location().starts_with("/sign/") {
            return page;
        }
        let signing = page.location().to_owned();
        self.sign(&signing).await
    }

    /// Opens a form, fills it in, sends it.
    pub(crate) async fn send_form(&self, path: &str, values: &[(&str, &str)]) -> Page {
        let form = self.get(path).await;
        assert_eq!(form.status, StatusCode::OK, "{path}: {}", form.html);
        let csrf = form.csrf();
        assert!(!csrf.is_empty(), "{path} has no token");
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(values);
        self.post(path, &all).await
    }

    /// Signs what a page asks for, as its script does, and follows where it leads.
    pub(crate) async fn sign(&self, path: &str) -> Page {
        let page = self.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.html);
        let options: Value = serde_json::from_str(&page.after("data-given=\"")).unwrap();
        let made = self.key.lock().unwrap().assert(&options, ORIGIN).unwrap();
        let done = self.post_json(&page.after("data-finish=\""), &made).await;
        if !done.status.is_success() {
            return done;
        }
        self.get(path).await
    }

    pub(crate) async fn post(&self, path: &str, values: &[(&str, &str)]) -> Page {
        self.clock.advance(Span::seconds(1));
        let request = Request::post(path)
            .header(header::HOST, HOST)
            .header(header::ORIGIN, &self.origin)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let Given(pairs) = Given::start(values);
        let text: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{}={}", route::encode(name), route::encode(value)))
            .collect();
        self.answer(request.body(Body::from(text.join("&"))).unwrap()).await
    }

    /// Sends JSON as the script does: with the token of the page, if somebody is signed in.
    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Page {
        let token = if self.cookie.is_empty() { String::new() } else { self.token().await };
        self.clock.advance(Span::seconds(1));
        let request = Request::post(path)
            .header(header::HOST, HOST)
            .header(header::ORIGIN, ORIGIN)
            .header(header::COOKIE, &self.cookie)
            .header("writ-csrf", token)
            .header(header::CONTENT_TYPE, "application/json");
        self.answer(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn token(&self) -> String {
        let page = self.get("/me").await;
        let page = if page.location() == "/welcome" { self.get("/welcome").await } else { page };
        page.after("name=\"csrf-token\" content=\"")
    }

    async fn answer(&self, request: Request<Body>) -> Page {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let html = String::from_utf8(bytes.to_vec()).unwrap();
        Page { status: parts.status, headers: parts.headers, html }
    }

    /// The first event of a stream.
    pub(crate) async fn first_event(
        &self,
        path: &str,
        then: impl Future<Output = CallId>,
    ) -> String {
        let request =
            Request::get(path).header(header::HOST, HOST).header(header::COOKIE, &self.cookie);
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let mut body = response.into_body();
        then.await;
        let frame = body.frame().await.unwrap().unwrap();
        String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
    }
}
