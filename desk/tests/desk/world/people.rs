//! People of a world: how they come in, sign in and sign.

use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use serde_json::{Value, json};
use writ_desk::COOKIE;
use writ_identity::webauthn::{SoftKind, SoftPasskey};
use writ_model::Span;

use super::{Answer, ORIGIN, World};

/// A person with a passkey.
#[derive(Debug)]
pub(crate) struct Someone {
    pub(crate) id: String,
    pub(crate) key: SoftPasskey,
}

/// A browser that is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Browser {
    /// Its headers for reading.
    pub(crate) fn headers_bare(&self) -> HeaderMap {
        let mut headers = self.headers();
        headers.remove("writ-csrf");
        headers.remove(header::ORIGIN);
        headers
    }

    /// Its headers for a changing request.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let cookie = format!("{COOKIE}={}", self.cookie);
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        headers.insert(header::HOST, "localhost:7420".parse().unwrap());
        headers.insert(header::ORIGIN, ORIGIN.parse().unwrap());
        headers.insert("writ-csrf", self.csrf.parse().unwrap());
        headers
    }
}

/// The cookie that an answer sets.
pub(crate) fn cookie_of(answer: &Answer) -> Option<String> {
    let set = answer.headers.get("set-cookie")?.to_str().unwrap();
    let value = set.strip_prefix(&format!("{COOKIE}="))?;
    Some(value.split(';').next().unwrap().to_owned())
}

impl World {
    /// The very first passkey, by the link.
    pub(crate) async fn welcome(&self, name: &str) {
        let link = self.desk.new_sign_in_link().await.unwrap().expose().clone();
        let code = link.strip_prefix(&format!("{ORIGIN}/sign-in/")).unwrap();
        let opened = self.desk.follow(code, "test").await.unwrap();
        let cookie = opened.set_cookie.expose().clone();
        let browser = Browser {
            cookie: cookie.split(['=', ';']).nth(1).unwrap().to_owned(),
            csrf: opened.session.csrf.expose().clone(),
        };
        let options = self.door_as(&browser, "/welcome/options", json!({})).await;
        assert_eq!(options.status, StatusCode::OK, "{}", options.json());
        let mut key = self.new_key();
        let response = key.register(&options.json()["options"], ORIGIN).unwrap();
        let body = json!({"label": "laptop", "response": response});
        let done = self.door_as(&browser, "/welcome", body).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.json());
        let id = opened.session.who.person.to_string();
        self.people.lock().insert(name.to_owned(), Someone { id, key });
    }

    pub(crate) fn new_key(&self) -> SoftPasskey {
        let mut seed = [0; 32];
        let count = u8::try_from(self.people.lock().len()).unwrap();
        seed[..8].copy_from_slice(&self.desk.now().micros().to_be_bytes());
        seed[8] = count;
        SoftPasskey::from_seed(seed, SoftKind::Es256)
    }

    /// Somebody who follows an invitation; they wait to be admitted.
    pub(crate) async fn join(&self, invited: &Value, name: &str) -> Value {
        let code = invited["link"].as_str().unwrap();
        let code = code.strip_prefix(&format!("{ORIGIN}/join/")).unwrap();
        let options = self.door(&format!("/join/{code}/options"), json!({})).await;
        assert_eq!(options.status, StatusCode::OK, "{}", options.json());
        let mut key = self.new_key();
        let response = key.register(&options.json()["options"], ORIGIN).unwrap();
        let body = json!({"label": "phone", "response": response});
        let joined = self.door(&format!("/join/{code}"), body).await;
        assert_eq!(joined.status, StatusCode::OK, "{}", joined.json());
        let id = invited["person"].as_str().unwrap().to_owned();
        self.people.lock().insert(name.to_owned(), Someone { id, key });
        joined.json()
    }

    /// The first person of a client: invited by the provider, called back, admitted.
    pub(crate) async fn first(&self, client: &str, name: &str) {
        let body = json!({"name": name, "side": "client", "roles": ["owner"]});
        let invited = self.done(&format!("/clients/{client}/invitations"), body).await;
        let joined = self.join(&invited, name).await;
        let body = json!({"fingerprint": joined["fingerprint"],
            "called": "On +1 555 0100, the number in the contract"});
        let person = invited["person"].as_str().unwrap();
        self.done(&format!("/clients/{client}/people/{person}/admit"), body).await;
    }

    /// A further person of a client, brought in by one of its owners.
    pub(crate) async fn member(&self, owner: &str, client: &str, name: &str, role: &str) {
        let body = json!({"name": name, "side": "client", "roles": [role]});
        let invited = self.done_as(owner, &format!("/clients/{client}/invitations"), body).await;
        let joined = self.join(&invited, name).await;
        let person = invited["person"].as_str().unwrap();
        let body = json!({"fingerprint": joined["fingerprint"]});
        self.done_as(owner, &format!("/clients/{client}/people/{person}/admit"), body).await;
    }

    /// A further person of the provider.
    pub(crate) async fn staff(&self, name: &str, role: &str) -> String {
        let slug = self.get("/provider").await["slug"].as_str().unwrap().to_owned();
        let body = json!({"name": name, "side": "provider", "roles": [role]});
        let invited = self.done(&format!("/clients/{slug}/invitations"), body).await;
        let joined = self.join(&invited, name).await;
        let person = invited["person"].as_str().unwrap().to_owned();
        let body = json!({"fingerprint": joined["fingerprint"]});
        self.done(&format!("/clients/{slug}/people/{person}/admit"), body).await;
        person
    }

    /// A request at a door that needs no session.
    pub(crate) async fn door(&self, path: &str, body: Value) -> Answer {
        let request = Request::post(path)
            .header(header::HOST, "localhost:7420")
            .header(header::ORIGIN, ORIGIN)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await
    }

    /// A request of a browser outside the API.
    pub(crate) async fn door_as(&self, browser: &Browser, path: &str, body: Value) -> Answer {
        let mut request = Request::post(path).body(Body::from(body.to_string())).unwrap();
        *request.headers_mut() = browser.headers();
        request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        self.send(request).await
    }

    /// What a person's passkey answers to these options.
    pub(crate) fn assertion(&self, name: &str, options: &Value) -> Value {
        let people = self.people.lock();
        people[name].key.assert(options, ORIGIN).unwrap()
    }

    /// Signs somebody in with their passkey.
    pub(crate) async fn sign_in(&self, name: &str) -> Browser {
        let options = self.door("/passkey/sign-in/options", json!({})).await;
        let response = self.assertion(name, &options.json()["options"]);
        let answer = self.door("/passkey/sign-in", json!({"response": response})).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.json());
        let cookie = cookie_of(&answer).unwrap();
        let mut browser = Browser { cookie, csrf: String::new() };
        let session = self.desk.session(&browser.headers_bare()).await.unwrap().unwrap();
        browser.csrf = session.csrf.expose().clone();
        browser
    }

    /// A request of a browser to the API.
    pub(crate) async fn ask_as(
        &self,
        browser: &Browser,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .body(Body::from(body))
            .unwrap();
        *request.headers_mut() = browser.headers();
        request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        self.send(request).await
    }

    /// A command of somebody by name, in a new session; signed if it has to be.
    pub(crate) async fn done_as(&self, name: &str, path: &str, body: Value) -> Value {
        let answer = self.signed_as(name, path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{name} {path}: {}", answer.json());
        answer.json()
    }

    /// The same, whatever comes of it.
    pub(crate) async fn signed_as(&self, name: &str, path: &str, body: Value) -> Answer {
        self.clock.advance(Span::seconds(1));
        let browser = self.sign_in(name).await;
        let answer = self.ask_as(&browser, Method::POST, path, Some(&body)).await;
        match signing_of(&answer) {
            None => answer,
            Some(signing) => {
                let response = self.assertion(name, &signing["options"]);
                let path = format!("/signings/{}", signing["signing"].as_str().unwrap());
                self.ask_as(&browser, Method::POST, &path, Some(&response)).await
            }
        }
    }
}

/// What an answer asks to be signed, if that is all that is missing.
pub(crate) fn signing_of(answer: &Answer) -> Option<Value> {
    if answer.status != StatusCode::FORBIDDEN {
        return None;
    }
    let problem = answer.json();
    (problem["code"] == "DESK-0011").then(|| problem["signing"].clone())
}
