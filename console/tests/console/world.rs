//! An installation in a temporary folder, and a browser that keeps its cookie and reads its forms.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use writ_authority::Engine;
use writ_console::{form::Given, route};
use writ_desk::{Desk, DeskParts, cli_token};
use writ_lake::{Activity, Inputs, Record};
use writ_model::{
    AgentId, BootId, CallId, GatewayId, InstanceId, Span, TenantId, Timestamp, ocsf::Disposition,
};
use writ_store::{Sequencer, SqliteLedger, SqliteVault, Tenants};
use writ_testkit::{FakeClock, SeededEntropy, TempDir};

pub(crate) const HOST: &str = "127.0.0.1:7420";

pub(crate) struct World {
    pub(crate) desk: Desk,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) lake: Arc<Activity>,
    router: Router,
    cookie: String,
    _dir: TempDir,
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
        let rest = self.html.split("name=\"csrf\" value=\"").nth(1).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

impl World {
    /// A provider with an owner, one client, and the owner signed in.
    pub(crate) async fn founded() -> Self {
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
            issuer: format!("http://{HOST}"),
            gateway: "http://127.0.0.1:7421".to_owned(),
            cli_token: token,
            version: "test".to_owned(),
        })
        .await
        .unwrap();
        let body = r#"{"name": "Northgate Managed IT", "person": {"name": "Mira Okafor"}}"#;
        let body = serde_json::from_str(body).unwrap();
        desk.found(writ_desk::Via::Cli, body).await.unwrap();
        let router = desk.router().merge(writ_console::router(&desk));
        let mut world = Self { desk, clock, lake, router, cookie: String::new(), _dir: dir };
        let link = world.desk.new_sign_in_link(None).expose().clone();
        let page = world.get(link.strip_prefix(&format!("http://{HOST}")).unwrap()).await;
        let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
        world.cookie = cookie.split(';').next().unwrap().to_owned();
        let page =
            world.fill("/clients/new", &[("name", "Harbor Books"), ("slug", "harbor-books")]).await;
        assert_eq!(page.location(), route::client("harbor-books"), "{}", page.html);
        world
    }

    /// With people who can answer, an agent that is active, and a few decided calls.
    pub(crate) async fn active() -> (Self, String) {
        let world = Self::founded().await;
        for (name, side, role) in
            [("Dana Cole", "client", "owner"), ("Noor Haddad", "client", "auditor")]
        {
            let form = [("name", name), ("side", side), ("roles", role)];
            let page = world.fill("/clients/harbor-books/people/new", &form).await;
            assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        }
        let form = [
            ("name", "invoice-bot"),
            ("purpose", "Matches invoices to orders"),
            ("kind", "ai_agent"),
        ];
        let page = world.fill("/clients/harbor-books/agents/new", &form).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        let agent = page.location().to_owned();
        let (dana, noor) = (world.person("Dana Cole").await, world.person("Noor Haddad").await);
        let mira = world.person("Mira Okafor").await;
        let form = [
            ("authorizer", dana.as_str()),
            ("auditor", noor.as_str()),
            ("terminators", dana.as_str()),
            ("terminators", mira.as_str()),
        ];
        let page = world.fill(&format!("{agent}/accountability"), &form).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        let page = world.fill(&format!("{agent}/activate"), &[]).await;
        assert_eq!(page.location(), agent, "{}", page.html);
        (world, agent)
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
            inputs: Inputs { tree_size: 4, engine: "writ-1".to_owned(), ..Inputs::default() },
        };
        self.lake.place().await.unwrap().write_durable(record).await.unwrap();
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

    /// Opens a form, fills it in, sends it.
    pub(crate) async fn fill(&self, path: &str, values: &[(&str, &str)]) -> Page {
        let form = self.get(path).await;
        assert_eq!(form.status, StatusCode::OK, "{path}: {}", form.html);
        let csrf = form.csrf();
        assert!(!csrf.is_empty(), "{path} has no token");
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(values);
        self.post(path, &all).await
    }

    pub(crate) async fn post(&self, path: &str, values: &[(&str, &str)]) -> Page {
        self.clock.advance(Span::seconds(1));
        let request = Request::post(path)
            .header(header::HOST, HOST)
            .header(header::ORIGIN, format!("http://{HOST}"))
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let Given(pairs) = Given::start(values);
        let text: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{}={}", route::encode(name), route::encode(value)))
            .collect();
        self.answer(request.body(Body::from(text.join("&"))).unwrap()).await
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
