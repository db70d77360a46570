//! Accounts at protected servers: the consent through the router, against an authorization server in memory; who may begin,
//! open and come back; and what is left when one ends.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;
use writ_authority::fact::Holder;
use writ_desk::UpstreamServer;
use writ_model::TenantId;
use writ_reach::{
    Answer as Told, Ask, Fault, Outside, Payload, Place,
    oauth::{Dpop, Grant, Holders, Kept, Protected, Settings},
};
use writ_store::{Space, Vault as _};

use crate::world::{Answer, Browser, World};

mod left;

const AT: &str = "https://mail.example/mcp";
const LIST: &str = "/clients/harbor-books/upstreams";
const CONNECT: &str = "/clients/harbor-books/upstreams/mail/connect";
const DISCONNECT: &str = "/clients/harbor-books/upstreams/mail/disconnect";

/// The server and its authorization server.
#[derive(Debug, Default)]
struct Net {
    forms: Mutex<Vec<(String, String)>>,
    /// The authorization server does not say its name in its answers.
    nameless: Mutex<bool>,
    /// Nobody can be asked.
    away: Mutex<bool>,
    /// Where the token endpoint waits before it answers, if it does.
    stall: Mutex<Option<Arc<Stall>>>,
}

/// Somebody who is asked and takes their time.
#[derive(Debug, Default)]
struct Stall {
    asked: Notify,
    go: Notify,
}

#[async_trait]
impl Outside for Net {
    async fn ask(&self, ask: Ask) -> Result<Told, Fault> {
        let place = ask.to.as_str().to_owned();
        if *self.away.lock() {
            return Err(Fault::Late { host: "id.example".to_owned() });
        }
        let stall = self.stall.lock().clone().filter(|_| place.ends_with("/token"));
        if let Some(stall) = stall {
            stall.asked.notify_one();
            stall.go.notified().await;
        }
        if let Payload::Form(form) = &ask.send {
            self.forms.lock().push((place.clone(), form.expose().clone()));
        }
        let number = self.forms.lock().iter().filter(|(one, _)| one.ends_with("/token")).count();
        let document = match place.as_str() {
            AT => {
                let challenges = vec!["Bearer scope=\"read\"".to_owned()];
                return Ok(Told { status: 401, challenges, ..Told::default() });
            }
            "https://mail.example/.well-known/oauth-protected-resource/mcp" => {
                json!({"resource": AT, "authorization_servers": ["https://id.example"]})
            }
            "https://id.example/.well-known/oauth-authorization-server" => json!({
                "issuer": "https://id.example",
                "authorization_endpoint": "https://id.example/authorize",
                "token_endpoint": "https://id.example/token",
                "registration_endpoint": "https://id.example/register",
                "revocation_endpoint": "https://id.example/revoke",
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "authorization_response_iss_parameter_supported": !*self.nameless.lock(),
            }),
            "https://id.example/register" => json!({"client_id": "ours"}),
            "https://id.example/token" => json!({
                "access_token": format!("secret-{number}"), "token_type": "Bearer",
                "refresh_token": format!("refresh-{number}"), "expires_in": 600,
            }),
            "https://id.example/revoke" => json!({}),
            _ => return Ok(Told { status: 404, ..Told::default() }),
        };
        Ok(Told { status: 200, body: document.to_string().into(), ..Told::default() })
    }
}

impl Net {
    fn sent(&self, place: &str) -> Vec<String> {
        let forms = self.forms.lock();
        forms.iter().filter(|(one, _)| one == place).map(|(_, form)| form.clone()).collect()
    }
}

fn server(net: &Arc<Net>, holders: Holders) -> UpstreamServer {
    let settings = Settings {
        at: Place::parse(AT).unwrap(),
        grant: Grant::Code,
        issuer: None,
        client: None,
        document: None,
        scopes: None,
        dpop: Dpop::Offered,
        assume_pkce: false,
    };
    let outside: Arc<dyn Outside> = net.clone();
    let protected = Arc::new(Protected { settings, holders, outside, word: None });
    UpstreamServer { name: "mail".to_owned(), client: None, protected }
}

/// A server that takes an account for each agent.
pub(crate) fn protected(world: &World) {
    world.desk.set_upstreams(vec![server(&Arc::new(Net::default()), Holders::Agent)]);
}

async fn world(holders: Holders) -> (World, Arc<Net>) {
    let world = World::active().await;
    let net = Arc::new(Net::default());
    world.desk.set_upstreams(vec![server(&net, holders)]);
    (world, net)
}

async fn get(world: &World, url: &str, cookie: &str, more: &[(&str, &str)]) -> Answer {
    let path = url.strip_prefix("http://localhost:7420").unwrap_or(url);
    let mut request = Request::get(path).header(header::HOST, "localhost:7420");
    request = request.header(header::COOKIE, cookie);
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

/// The cookie of somebody's session.
fn session(browser: &Browser) -> String {
    format!("{}={}", writ_desk::COOKIE, browser.cookie)
}

/// Asks for the link of an account.
async fn link(world: &World, browser: &Browser, agent: Option<&str>) -> String {
    let body = json!({"agent": agent});
    let answer = world.ask_as(browser, Method::POST, CONNECT, Some(&body)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    answer.json()["url"].as_str().unwrap().to_owned()
}

/// What the browser got when it opened a link: its cookie, and the state that comes back.
async fn opened(world: &World, browser: &Browser, url: &str) -> (String, String) {
    let answer = get(world, url, &session(browser), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", text(&answer));
    let to = answer.headers["location"].to_str().unwrap();
    assert!(
        to.starts_with("https://id.example/authorize?response_type=code&client_id=ours&"),
        "{to}"
    );
    assert!(to.contains("&scope=read") && to.contains("code_challenge_method=S256"), "{to}");
    let state = to.split("&state=").nth(1).unwrap().split('&').next().unwrap();
    let set = answer.headers["set-cookie"].to_str().unwrap();
    assert!(set.ends_with("; HttpOnly; SameSite=Lax; Path=/upstream; Max-Age=600"), "{set}");
    (set.split(';').next().unwrap().to_owned(), state.to_owned())
}

async fn came_back(world: &World, (cookie, state): &(String, String)) -> Answer {
    let path = format!("/upstream/callback?code=c-1&state={state}&iss=https%3A%2F%2Fid.example");
    get(world, &path, cookie, &[]).await
}

async fn connected(world: &World, name: &str, agent: Option<&str>) {
    let browser = world.sign_in(name).await;
    let url = link(world, &browser, agent).await;
    let begun = opened(world, &browser, &url).await;
    let answer = came_back(world, &begun).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", text(&answer));
}

async fn tenant(world: &World) -> TenantId {
    let shown = world.get("/clients/harbor-books").await;
    shown["tenant"].as_str().or(shown["client"]["tenant"].as_str()).unwrap().parse().unwrap()
}

/// The names in the client's part of the vault that are about accounts.
async fn sealed(world: &World) -> Vec<String> {
    let space = Space::Tenant(tenant(world).await);
    let mut names = Vec::new();
    for prefix in ["upstream-account/", "upstream/", "upstream-wants/"] {
        names.extend(world.vault.every_name(space, prefix).await.unwrap());
    }
    names
}

/// What is sealed under one of those names.
async fn kept_at(world: &World, nth: usize) -> Kept {
    let (space, names) = (Space::Tenant(tenant(world).await), sealed(world).await);
    Kept::from_bytes(&world.vault.get(space, &names[nth]).await.unwrap().unwrap()).unwrap()
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.bytes).into_owned()
}

#[tokio::test]
async fn a_consent_becomes_a_line_and_a_sealed_secret() {
    let (world, net) = world(Holders::Agent).await;
    connected(&world, "Mira Okafor", Some("invoice-bot")).await;
    let rows = world.get(LIST).await;
    let account = &rows[0]["accounts"][0];
    assert_eq!(
        (&rows[0]["account_of"], &account["issuer"]),
        (&json!("agent"), &json!("https://id.example"))
    );
    assert_eq!((&account["scopes"], &account["holder"]), (&json!(["read"]), &json!("invoice-bot")));
    let whole = rows.to_string() + &world.get("/clients/harbor-books/ledger").await.to_string();
    assert!(!whole.contains("secret-1") && !whole.contains("refresh-1"), "{whole}");
    let names = sealed(&world).await;
    let space = Space::Tenant(tenant(&world).await);
    let kept = world.vault.get(space, &names[0]).await.unwrap().unwrap();
    assert_eq!(Kept::from_bytes(&kept).unwrap().access.expose(), "secret-1");
    // Again: we are registered, and the account before is taken back.
    connected(&world, "Mira Okafor", Some("invoice-bot")).await;
    assert!(net.sent("https://id.example/revoke")[0].starts_with("token=refresh-1&"));
    let newer = sealed(&world).await;
    assert!(newer.len() == 1 && newer != names, "a name of its own: {newer:?}");
    let kept = world.vault.get(space, &newer[0]).await.unwrap().unwrap();
    assert_eq!(Kept::from_bytes(&kept).unwrap().access.expose(), "secret-2");
    world.check().await;
}

#[tokio::test]
async fn an_end_takes_back_what_was_given() {
    let (world, net) = world(Holders::Agent).await;
    connected(&world, "Mira Okafor", Some("invoice-bot")).await;
    let mira = world.sign_in("Mira Okafor").await;
    let body = json!({"agent": "invoice-bot", "reason": "not needed any more"});
    let done = world.ask_as(&mira, Method::POST, DISCONNECT, Some(&body)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.json());
    assert!(sealed(&world).await.is_empty());
    assert_eq!(net.sent("https://id.example/revoke").len(), 1);
    let again = world.ask_as(&mira, Method::POST, DISCONNECT, Some(&body)).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND, "{}", again.json());
    assert_eq!(world.get(LIST).await[0]["accounts"], json!([]));
    // An agent that is ended takes its account along, with the next sweep.
    connected(&world, "Mira Okafor", Some("invoice-bot")).await;
    let end = "/clients/harbor-books/agents/invoice-bot/terminate";
    world.done(end, json!({"reason": "Over"})).await;
    assert_eq!(world.get(LIST).await[0]["accounts"], json!([]), "nobody may use it from that line");
    world.desk.sweep().await.unwrap();
    assert!(sealed(&world).await.is_empty());
    assert_eq!(net.sent("https://id.example/revoke").len(), 2);
    world.check().await;
}

#[tokio::test]
async fn a_link_is_good_once_for_who_asked_for_it_in_their_browser() {
    let (world, _net) = world(Holders::Agent).await;
    let mira = world.sign_in("Mira Okafor").await;
    let dana = world.sign_in("Dana Cole").await;
    let url = link(&world, &mira, Some("invoice-bot")).await;
    // Nobody who is not signed in, nobody else, nobody led here by another site.
    let nobody = get(&world, &url, "", &[]).await;
    assert!(nobody.headers["location"].to_str().unwrap().starts_with("/sign-in?next="));
    let other = get(&world, &url, &session(&dana), &[]).await;
    assert!(other.status == StatusCode::FORBIDDEN && text(&other).contains("DESK-0030"));
    let led = get(&world, &url, &session(&mira), &[("sec-fetch-site", "cross-site")]).await;
    assert!(led.status == StatusCode::FORBIDDEN && text(&led).contains("DESK-0005"));
    let begun = opened(&world, &mira, &url).await;
    assert_eq!(get(&world, &url, &session(&mira), &[]).await.status, StatusCode::FORBIDDEN, "once");
    // Another browser brings the answer; then nobody can.
    let (cookie, state) = &begun;
    for wrong in ["", "writ_upstream=guessed"] {
        let (_, state) =
            opened(&world, &mira, &link(&world, &mira, Some("invoice-bot")).await).await;
        let answer = came_back(&world, &(wrong.to_owned(), state.clone())).await;
        assert!(answer.status == StatusCode::FORBIDDEN && text(&answer).contains("DESK-0030"));
        assert_eq!(came_back(&world, &(cookie.clone(), state)).await.status, StatusCode::FORBIDDEN);
    }
    let mixed = format!("/upstream/callback?code=c&state={state}&iss=https%3A%2F%2Fevil.example");
    let answer = get(&world, &mixed, cookie, &[]).await;
    assert!(
        answer.status == StatusCode::FORBIDDEN && text(&answer).contains("REAC-0023"),
        "{}",
        text(&answer)
    );
    assert!(sealed(&world).await.is_empty());
    // An answer that is too late.
    let late = opened(&world, &mira, &link(&world, &mira, Some("invoice-bot")).await).await;
    world.clock.advance(writ_model::Span::minutes(11));
    assert_eq!(came_back(&world, &late).await.status, StatusCode::FORBIDDEN);
    world.check().await;
}

#[tokio::test]
async fn an_answer_without_a_name_counts_only_where_its_issuer_answers() {
    let (world, net) = world(Holders::Agent).await;
    *net.nameless.lock() = true;
    let mira = world.sign_in("Mira Okafor").await;
    let away = async || {
        let url = link(&world, &mira, Some("invoice-bot")).await;
        let answer = get(&world, &url, &session(&mira), &[]).await;
        let to = answer.headers["location"].to_str().unwrap().to_owned();
        let said = |name: &str| {
            let rest = to.split(&format!("&{name}=")).nth(1).unwrap();
            rest.split('&').next().unwrap().replace("%3A", ":").replace("%2F", "/")
        };
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        (cookie.split(';').next().unwrap().to_owned(), said("state"), said("redirect_uri"))
    };
    let plain = "http://localhost:7420/upstream/callback";
    let other = format!("{plain}/{}", writ_reach::oauth::way_back("https://other.example"));
    // The answer of an honest server, led here by one that is not: the code would be shown to the wrong one.
    for elsewhere in [plain, other.as_str()] {
        let (cookie, state, own) = away().await;
        assert!(own.starts_with(&format!("{plain}/")) && own != other, "{own}");
        let mixed = format!("{elsewhere}?code=c-1&state={state}");
        let answer = get(&world, &mixed, &cookie, &[]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", text(&answer));
        assert!(text(&answer).contains("REAC-0028"), "{}", text(&answer));
        let late = get(&world, &format!("{own}?code=c-1&state={state}"), &cookie, &[]).await;
        assert_eq!(late.status, StatusCode::FORBIDDEN, "and it is over");
    }
    assert!(net.sent("https://id.example/token").is_empty() && sealed(&world).await.is_empty());
    let (cookie, state, own) = away().await;
    let about = get(&world, "/upstream/client.json", "", &[]).await.json();
    assert_eq!(about["redirect_uris"], json!([plain, own]), "for who reads our document");
    let answer = get(&world, &format!("{own}?code=c-1&state={state}"), &cookie, &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", text(&answer));
    world.check().await;
}

#[tokio::test]
async fn a_persons_account_is_their_own() {
    let (world, _net) = world(Holders::Person).await;
    connected(&world, "Dana Cole", None).await;
    let dana = world.person("Dana Cole").await;
    let rows = world.get(LIST).await;
    assert_eq!(rows[0]["accounts"][0]["person"]["person"], Value::String(dana.clone()));
    let holder: Holder = Holder::Person(dana.parse().unwrap());
    let connection = kept_at(&world, 0).await.connection;
    assert_eq!(sealed(&world).await, [holder.account("mail", connection)]);
    // A server that wants one for each agent has to be told which; one that there is not is nobody's.
    let none = world.sign_in("Dana Cole").await;
    let path = CONNECT.replace("mail", "post");
    let answer = world.ask_as(&none, Method::POST, &path, Some(&json!({}))).await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (StatusCode::NOT_FOUND, Some("DESK-0004"))
    );
    world.check().await;
}
