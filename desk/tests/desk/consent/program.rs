//! A program on somebody's machine that asks to be let in, and the people who answer.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use axum::{
    body::Body,
    http::{Request, StatusCode, Uri, header},
};
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use writ_desk::{Back, ConsentView, DeskError, ListedClient, Looked, OauthSettings, Via, Who};
use writ_identity::{AgentKey, dpop, encode_base64url, token};
use writ_model::{Digest, InstanceId};
use writ_reach::{Answer as Told, Ask, Fault, Outside, encode};

use crate::world::{Answer, DESK, GATEWAY, World};

pub(crate) const BACK: &str = "http://127.0.0.1:5111/cb";
pub(crate) const DOCUMENT: &str = "https://app.example/client.json";

/// Documents of clients, by their address.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    pub(crate) there: Mutex<BTreeMap<String, Value>>,
    pub(crate) asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Outside for Documents {
    async fn ask(&self, ask: Ask) -> Result<Told, Fault> {
        let at = ask.to.as_str().to_owned();
        self.asked.lock().push(at.clone());
        let found = self.there.lock().get(&at).cloned();
        let (status, body) = match found {
            Some(body) => (200, body.to_string()),
            None => (404, String::new()),
        };
        let media = "application/json".to_owned();
        Ok(Told { status, media, body: Bytes::from(body), ..Told::default() })
    }
}

/// A program on somebody's machine.
pub(crate) struct Program {
    pub(crate) id: String,
    pub(crate) key: AgentKey,
    pub(crate) verifier: String,
    /// How often it has asked, so that no proof is like another.
    count: Mutex<u32>,
}

impl Program {
    pub(crate) fn new(id: &str) -> Self {
        Self::with_key(id, AgentKey::generate().unwrap())
    }

    pub(crate) fn with_key(id: &str, key: AgentKey) -> Self {
        let verifier = encode_base64url(&Digest::of(key.jwk().to_json().as_bytes()).0);
        Self { id: id.to_owned(), key, verifier, count: Mutex::new(0) }
    }

    pub(crate) fn challenge(&self) -> String {
        encode_base64url(&Digest::of(self.verifier.as_bytes()).0)
    }

    /// Its request, with some parameters otherwise, or left out where they are empty.
    pub(crate) fn query(&self, changes: &[(&str, &str)]) -> String {
        let (challenge, resource) = (self.challenge(), format!("{GATEWAY}/mcp/mail"));
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", self.id.as_str()),
            ("redirect_uri", BACK),
            ("state", "s t&te"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("resource", resource.as_str()),
        ];
        for (name, value) in changes {
            pairs.retain(|(key, _)| key != name);
            if !value.is_empty() {
                pairs.push((name, value));
            }
        }
        encode(&pairs)
    }

    pub(crate) fn redeem<'p>(&'p self, code: &'p str) -> Vec<(&'p str, &'p str)> {
        vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
            ("client_id", &self.id),
            ("code_verifier", &self.verifier),
        ]
    }

    pub(crate) fn refresh<'p>(&'p self, token: &'p str) -> Vec<(&'p str, &'p str)> {
        vec![("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", &self.id)]
    }

    /// Sends a form with a proof of its key, and once more with the nonce that it is told.
    pub(crate) async fn send(&self, world: &World, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send_by(world, path, form, &self.key).await
    }

    pub(crate) async fn send_by(
        &self,
        world: &World,
        path: &str,
        form: &[(&str, &str)],
        key: &AgentKey,
    ) -> Answer {
        let first = self.once(world, path, form, (key, None)).await;
        let nonce = first.headers.get("dpop-nonce").map(|nonce| nonce.to_str().unwrap().to_owned());
        match nonce {
            Some(nonce) if first.status == StatusCode::BAD_REQUEST => {
                self.once(world, path, form, (key, Some(&nonce))).await
            }
            _ => first,
        }
    }

    async fn once(
        &self,
        world: &World,
        path: &str,
        form: &[(&str, &str)],
        (key, nonce): (&AgentKey, Option<&str>),
    ) -> Answer {
        let number = {
            let mut count = self.count.lock();
            *count += 1;
            *count
        };
        let (url, now) = (format!("{DESK}{path}"), world.desk.now());
        let jti = format!("{}-{number}-{}", self.id.len(), now.micros());
        let what =
            dpop::Prove { method: "POST", url: &url, now, access_token: None, nonce, jti: &jti };
        let proof = dpop::prove(key, &what).unwrap();
        bare(world, path, form, Some(&proof)).await
    }
}

pub(crate) async fn bare(
    world: &World,
    path: &str,
    form: &[(&str, &str)],
    proof: Option<&str>,
) -> Answer {
    let mut request = Request::post(path)
        .header(header::HOST, "127.0.0.1:7420")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    world.send(request.body(Body::from(encode(form))).unwrap()).await
}

pub(crate) async fn world() -> (World, Arc<Documents>) {
    let world = World::active().await;
    let documents = Arc::new(Documents::default());
    let public = json!({"client_id": DOCUMENT, "client_name": "Example App",
        "redirect_uris": ["http://127.0.0.1/cb"]});
    documents.there.lock().insert(DOCUMENT.to_owned(), public);
    world.desk.set_oauth(OauthSettings {
        outside: Some(documents.clone()),
        loopback: false,
        registration: true,
        clients: vec![ListedClient {
            id: "probe".to_owned(),
            name: "Probe".to_owned(),
            redirects: vec!["http://127.0.0.1/cb".to_owned()],
        }],
    });
    (world, documents)
}

pub(crate) async fn who(world: &World, name: &str) -> Who {
    Who::new(world.person(name).await.parse().unwrap(), Via::Console)
}

pub(crate) async fn asks(world: &World, name: &str, query: &str) -> ConsentView {
    match world.desk.consent(&who(world, name).await, query).await.unwrap() {
        Looked::Asks(asks) => *asks,
        Looked::Back(back) => panic!("{back:?}"),
    }
}

/// The agent that a person may choose by its name.
pub(crate) async fn agent(world: &World, name: &str) -> String {
    let found = world.get(&format!("/clients/harbor-books/agents/{name}")).await;
    found["agent"].as_str().unwrap().to_owned()
}

/// A parameter of an address.
pub(crate) fn said(back: &Back, name: &str) -> Option<String> {
    let uri: Uri = back.to.parse().unwrap();
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).unwrap();
    pairs.0.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

pub(crate) async fn consents(world: &World, name: &str, query: &str) -> Result<Back, DeskError> {
    let agent = agent(world, "invoice-bot").await;
    let who = who(world, name).await;
    world.desk.give_consent(&who, query, ("harbor-books", &agent)).await
}

pub(crate) async fn code(world: &World, program: &Program) -> String {
    let back = consents(world, "Dana Cole", &program.query(&[])).await.unwrap();
    said(&back, "code").unwrap()
}

/// A program that was let in: its tokens.
pub(crate) async fn let_in(world: &World, program: &Program) -> Value {
    let code = code(world, program).await;
    let answer = program.send(world, "/oauth/token", &program.redeem(&code)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    answer.json()
}

pub(crate) fn refused(answer: &Answer, error: &str, what: &str) -> String {
    let said = answer.json();
    assert_eq!(said["error"], error, "{what}: {said}");
    assert_eq!(answer.headers["cache-control"], "no-store", "{what}");
    said["error_description"].as_str().unwrap().to_owned()
}

pub(crate) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

/// The running copy that an access token is of.
pub(crate) fn copy_of(world: &World, tokens: &Value) -> InstanceId {
    let keys = world.desk.token_keys().unwrap();
    let expect = token::Expect { iss: DESK, now: world.desk.now() };
    let read = token::verify(text(tokens, "access_token"), &keys, &expect).unwrap();
    read.for_issuer().client_id
}

pub(crate) async fn ended(world: &World, copy: InstanceId) -> bool {
    let view = world.tenants.view(world.tenant("harbor-books").await).await.unwrap();
    view.state.instances[&copy].ended_at.is_some()
}
