//! Servers that let in nobody without a token: whose token is shown, what becomes of it, and who hears what when there is
//! none.

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use writ_authority::{
    Fact,
    fact::{Holder, UpstreamConnected},
};
use writ_gateway::Holders;
use writ_model::{Digest, Secret, Span};
use writ_reach::oauth::{Grant, Kept};
use writ_store::{Space, SqliteVault, Vault as _};

use crate::{
    guarded::Guarded,
    world::{Agent, Reply, Says, World},
};

mod accounts;

const PATH: &str = "/mcp/mail";

fn call(tool: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{{"name":"{tool}"}}}}"#)
}

struct Scene {
    guarded: Guarded,
    world: World,
    agent: Agent,
    vault: SqliteVault,
}

impl Scene {
    async fn new(grant: Grant, holders: Holders) -> Self {
        let guarded = Guarded::start().await;
        let world = World::new(vec![guarded.server(grant, holders)]).await;
        let agent = world.agent(1).await;
        world.grant(&agent, Says::tool("mail", "*")).await;
        let vault = SqliteVault::open(world.folder.path()).unwrap();
        Self { guarded, world, agent, vault }
    }

    async fn call(&self, tool: &str) -> Reply {
        self.world.post(&self.agent, PATH, &call(tool)).await
    }

    fn holder(&self) -> Holder {
        Holder::Agent(self.agent.id)
    }

    /// What a consent leaves behind: tokens in the vault, a line in the ledger.
    async fn connected(&self, number: u8, life: Span) -> Digest {
        let connection = Digest::of(&[number]);
        let access = format!("first-{number}");
        self.guarded.gate.lock().good.push((access.clone(), vec!["read"]));
        let until = (self.world.clock_now() + life).seconds();
        let kept = self.guarded.kept(&connection.to_string(), &access, until);
        let space = Space::Tenant(self.agent.tenant);
        let name = self.holder().account("mail", connection);
        self.vault.put(space, &name, kept).await.unwrap();
        let says = UpstreamConnected {
            server: "mail".to_owned(),
            holder: self.holder(),
            connection,
            issuer: self.guarded.url(""),
            scopes: vec!["read".to_owned()],
        };
        self.say(Fact::UpstreamConnected(Box::new(says))).await;
        connection
    }

    async fn say(&self, fact: Fact) {
        let raised = Fact::FormatRaised { format: 3 };
        self.world.write(self.agent.tenant, vec![raised, fact]).await;
    }

    async fn disconnected(&self) {
        let (server, reason) = ("mail".to_owned(), "test".to_owned());
        self.say(Fact::UpstreamDisconnected { server, holder: self.holder(), reason }).await;
    }

    fn shown(&self) -> Vec<String> {
        self.guarded.gate.lock().shown.clone()
    }
}

#[tokio::test]
async fn the_gateway_lets_itself_in_and_shows_nothing_of_the_agent() {
    let scene = Scene::new(Grant::Ourselves, Holders::Agent).await;
    for _ in 0..3 {
        let reply = scene.call("look").await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    }
    assert_eq!(scene.shown(), ["Bearer t-1", "Bearer t-1", "Bearer t-1"], "one token, its own");
    assert_eq!(scene.guarded.gate.lock().forms.len(), 1);
    // A token that the server does not take any more: another one, and the call acts once.
    scene.guarded.gate.lock().good.clear();
    assert_eq!(scene.call("look").await.status, StatusCode::OK);
    assert_eq!(scene.shown().last().unwrap(), "Bearer t-2");
    assert_eq!(scene.guarded.gate.lock().acted, 4);
    // One that is over by its own word is not shown at all.
    scene.world.clock.advance(Span::seconds(51));
    assert_eq!(scene.call("look").await.status, StatusCode::OK);
    assert_eq!(scene.shown().last().unwrap(), "Bearer t-3");
}

#[tokio::test]
async fn more_is_asked_for_once_and_a_stubborn_server_is_not_asked_for_ever() {
    let scene = Scene::new(Grant::Ourselves, Holders::Agent).await;
    assert_eq!(scene.call("wide").await.status, StatusCode::OK);
    let forms = scene.guarded.gate.lock().forms.clone();
    assert!(
        forms.len() == 2 && forms[1].contains("wide") && forms[1].contains("read"),
        "{forms:?}"
    );
    let reply = scene.call("stubborn").await;
    assert_eq!(&*reply.code(), "GATE-0144");
    // One that refuses every token: another one is got once for each call.
    let (shown, forms) = (scene.shown().len(), scene.guarded.gate.lock().forms.len());
    assert_eq!(&*scene.call("paranoid").await.code(), "GATE-0054");
    assert_eq!(scene.shown().len(), shown + 2);
    assert_eq!(scene.guarded.gate.lock().forms.len(), forms + 1);
    // One whose tokens are never good.
    scene.guarded.gate.lock().closed = true;
    scene.guarded.gate.lock().good.clear();
    let before = scene.shown().len();
    let reply = scene.call("look").await;
    assert_eq!(&*reply.code(), "GATE-0146", "{reply:?}");
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    assert!(!text.contains("invalid_grant") && text.contains("REAC-0026"), "{text}");
    let again = scene.call("look").await;
    assert_eq!(&*again.code(), "GATE-0146");
    assert_eq!(scene.shown().len(), before + 1, "and for a while nobody tries again");
    assert_eq!(scene.guarded.gate.lock().forms.len(), forms + 2);
}

#[tokio::test]
async fn without_an_account_nothing_leaves_and_a_person_hears_what_to_do() {
    let scene = Scene::new(Grant::Code, Holders::Agent).await;
    let reply = scene.call("look").await;
    assert_eq!(&*reply.code(), "GATE-0140");
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    let typed = format!("writ upstream connect mail --client client-1 --agent {}", scene.agent.id);
    assert!(text.contains(&typed), "{text}");
    assert!(scene.shown().is_empty());
    let owned = Scene::new(Grant::Code, Holders::Person).await;
    assert_eq!(&*owned.call("look").await.code(), "GATE-0141", "the register names no owner");
    assert!(owned.shown().is_empty());
}

#[tokio::test]
async fn an_account_is_used_refreshed_and_gone_at_once() {
    let scene = Scene::new(Grant::Code, Holders::Agent).await;
    scene.connected(1, Span::minutes(1)).await;
    assert_eq!(scene.call("look").await.status, StatusCode::OK);
    assert_eq!(scene.shown(), ["Bearer first-1"]);
    scene.world.clock.advance(Span::seconds(51));
    assert_eq!(scene.call("look").await.status, StatusCode::OK);
    assert_eq!(scene.shown(), ["Bearer first-1", "Bearer t-1"]);
    assert!(scene.guarded.gate.lock().forms[0].contains("refresh_token=r-0"));
    // What was refreshed is sealed for every gateway, under the same connection.
    let space = Space::Tenant(scene.agent.tenant);
    let name = scene.holder().account("mail", Digest::of(&[1]));
    let kept = scene.vault.get(space, &name).await.unwrap().unwrap();
    let kept = Kept::from_bytes(&kept).unwrap();
    assert_eq!((kept.connection, kept.access.expose().as_str()), (Digest::of(&[1]), "t-1"));
    assert_eq!(kept.refresh.unwrap().expose(), "r-1");
    // A stream is cut when the account is ended, and the next call is not let in.
    let headers = scene.world.headers(&scene.agent, "POST", PATH).await;
    let open = scene.world.open(Method::POST, PATH, &headers, Bytes::from(call("watch"))).await;
    let mut body = open.into_body();
    assert!(body.frame().await.unwrap().unwrap().into_data().unwrap().starts_with(b"data: "));
    scene.disconnected().await;
    let rest = body.collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&rest).contains("GATE-0145"), "{rest:?}");
    let shown = scene.shown().len();
    assert_eq!(&*scene.call("look").await.code(), "GATE-0140");
    assert_eq!(scene.shown().len(), shown);
    // What is left in the vault has no authority of its own; a new consent is another connection.
    scene.connected(2, Span::minutes(5)).await;
    assert_eq!(scene.call("look").await.status, StatusCode::OK);
    assert_eq!(scene.shown().last().unwrap(), "Bearer first-2");
}

#[tokio::test]
async fn what_a_refused_token_opened_is_cut_with_its_account() {
    let scene = Scene::new(Grant::Code, Holders::Agent).await;
    scene.connected(1, Span::minutes(5)).await;
    let headers = scene.world.headers(&scene.agent, "POST", PATH).await;
    let open = scene.world.open(Method::POST, PATH, &headers, Bytes::from(call("watch"))).await;
    let mut body = open.into_body();
    assert!(body.frame().await.unwrap().unwrap().into_data().unwrap().starts_with(b"data: "));
    // The server takes that token no more: another call gets another one, and the stream goes on.
    scene.guarded.gate.lock().good.clear();
    assert_eq!(scene.call("look").await.status, StatusCode::OK);
    assert_eq!(scene.shown().last().unwrap(), "Bearer t-1");
    scene.disconnected().await;
    let rest = body.collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&rest).contains("GATE-0145"), "{rest:?}");
}

#[tokio::test]
async fn tokens_of_another_connection_are_not_shown() {
    let scene = Scene::new(Grant::Code, Holders::Agent).await;
    let connection = scene.connected(1, Span::minutes(5)).await;
    let other =
        scene.guarded.kept(&Digest::of(b"other").to_string(), "first-1", i64::from(i32::MAX));
    let space = Space::Tenant(scene.agent.tenant);
    let name = scene.holder().account("mail", connection);
    scene.vault.put(space, &name, other).await.unwrap();
    assert_eq!(&*scene.call("look").await.code(), "GATE-0142");
    assert!(scene.shown().is_empty());
    // Nor those of a server that had this name before, at another address.
    let right = Digest::of(&[1]).to_string();
    let kept = scene.guarded.kept(&right, "first-1", i64::from(i32::MAX));
    let moved = String::from_utf8(kept.expose().clone()).unwrap();
    let moved = moved.replace("\"at\":\"http://", "\"at\":\"http://other.");
    scene.vault.put(space, &name, Secret::new(moved.into_bytes())).await.unwrap();
    scene.world.clock.advance(Span::seconds(3));
    assert_eq!(&*scene.call("look").await.code(), "GATE-0140");
    assert!(scene.shown().is_empty());
}

#[tokio::test]
async fn what_is_wanted_beyond_an_account_is_written_for_the_person_who_comes() {
    let scene = Scene::new(Grant::Code, Holders::Agent).await;
    scene.connected(1, Span::minutes(5)).await;
    assert_eq!(&*scene.call("wide").await.code(), "GATE-0143");
    let space = Space::Tenant(scene.agent.tenant);
    let wanted = scene.vault.get(space, &scene.holder().wanted("mail")).await.unwrap().unwrap();
    assert_eq!(wanted.expose(), b"wide");
    assert_eq!(scene.call("look").await.status, StatusCode::OK, "the rest goes on");
    // An account that cannot be refreshed any more: a person has to come.
    scene.guarded.gate.lock().closed = true;
    scene.guarded.gate.lock().good.clear();
    let reply = scene.call("look").await;
    assert_eq!(&*reply.code(), "GATE-0140");
    assert!(String::from_utf8_lossy(&reply.body).contains("not let in any more"), "{reply:?}");
}

#[tokio::test]
async fn one_clients_account_is_not_anothers() {
    let scene = Scene::new(Grant::Code, Holders::Client).await;
    let other = scene.world.agent(2).await;
    scene.world.grant(&other, Says::tool("mail", "*")).await;
    let connection = Digest::of(b"first");
    scene.guarded.gate.lock().good.push(("of-first".to_owned(), vec!["read"]));
    let kept = scene.guarded.kept(&connection.to_string(), "of-first", i64::from(i32::MAX));
    let space = Space::Tenant(scene.agent.tenant);
    let name = Holder::Client.account("mail", connection);
    scene.vault.put(space, &name, kept).await.unwrap();
    let says = UpstreamConnected {
        server: "mail".to_owned(),
        holder: Holder::Client,
        connection,
        issuer: scene.guarded.url(""),
        scopes: Vec::new(),
    };
    scene.say(Fact::UpstreamConnected(Box::new(says))).await;
    assert_eq!(scene.call("look").await.status, StatusCode::OK);
    let reply = scene.world.post(&other, PATH, &call("look")).await;
    assert_eq!(&*reply.code(), "GATE-0140", "{reply:?}");
    assert_eq!(scene.shown(), ["Bearer of-first"]);
}
