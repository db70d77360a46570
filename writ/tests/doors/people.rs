//! People in tests: software passkeys at the doors that browsers use, and as `$WRIT_SIGNER`.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::Command,
    thread,
};

use serde_json::{Value, json};
use writ_identity::webauthn::{SoftKind, SoftPasskey};
use writ_testkit::SeededEntropy;

/// Somebody with a passkey.
pub(crate) struct Person(SoftPasskey);

/// What a door answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) cookie: String,
    pub(crate) body: Value,
}

/// One request to a server on loopback, as a page of the origin sends it.
pub(crate) fn ask(method: &str, url: &str, headers: &str, body: &str) -> Answer {
    let (origin, path) = split(url);
    let host = origin.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nConnection: close\r\n{headers}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    let cookie = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .map(|(_, value)| value.split(';').next().unwrap_or_default().to_owned());
    let body = serde_json::from_str(body).unwrap_or(Value::String(body.to_owned()));
    Answer { status, cookie: cookie.unwrap_or_default(), body }
}

fn split(url: &str) -> (&str, &str) {
    let after = url.find("//").unwrap() + 2;
    url.split_at(after + url[after..].find('/').unwrap())
}

impl Person {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SoftPasskey::generate(&SeededEntropy::new(seed), SoftKind::Es256))
    }

    fn registration(&mut self, given: &Value, origin: &str) -> String {
        let response = self.0.register(&given["options"], origin).unwrap();
        json!({"label": "test", "response": response}).to_string()
    }

    /// Follows the first link and makes the first passkey. Gives the status of the door.
    pub(crate) fn welcome(&mut self, link: &str) -> u16 {
        let (origin, _) = split(link);
        let followed = ask("POST", link, "", "");
        assert!(!followed.cookie.is_empty(), "{} {}", followed.status, followed.body);
        let cookie = format!("Cookie: {}\r\n", followed.cookie);
        let page = ask("GET", &format!("{origin}/welcome"), &cookie, "").body.to_string();
        let token = page.split("csrf-token\\\" content=\\\"").nth(1).unwrap();
        let token = token.split('\\').next().unwrap();
        let cookie = format!("{cookie}writ-csrf: {token}\r\n");
        let given = ask("POST", &format!("{origin}/welcome/options"), &cookie, "{}");
        assert_eq!(given.status, 200, "{}", given.body);
        let body = self.registration(&given.body, origin);
        ask("POST", &format!("{origin}/welcome"), &cookie, &body).status
    }

    /// Follows an invitation. Gives who they are and the fingerprint they read out.
    pub(crate) fn join(&mut self, link: &str) -> (String, String) {
        let given = ask("POST", &format!("{link}/options"), "", "{}");
        assert_eq!(given.status, 200, "{}", given.body);
        let body = self.registration(&given.body, split(link).0);
        let joined = ask("POST", link, "", &body);
        assert_eq!(joined.status, 200, "{}", joined.body);
        let text = |name: &str| joined.body[name].as_str().unwrap().to_owned();
        (text("person"), text("fingerprint"))
    }

    /// Signs in at the console. Gives the headers of every later request.
    pub(crate) fn sign_in(&self, origin: &str) -> String {
        let given = ask("POST", &format!("{origin}/passkey/sign-in/options"), "", "{}");
        let response = self.assert(&given.body["options"], origin);
        let body = json!({"response": response}).to_string();
        let signed = ask("POST", &format!("{origin}/passkey/sign-in"), "", &body);
        assert!(!signed.cookie.is_empty(), "{} {}", signed.status, signed.body);
        let cookie = format!("Cookie: {}\r\n", signed.cookie);
        let page = ask("GET", &format!("{origin}/me"), &cookie, "").body.to_string();
        let token = page.split("csrf-token\\\" content=\\\"").nth(1).unwrap();
        format!("{cookie}writ-csrf: {}\r\n", token.split('\\').next().unwrap())
    }

    /// An act over the API in a session of theirs, with their signature if it takes one.
    pub(crate) fn act(&self, origin: &str, path: &str, body: &Value) -> Answer {
        let session = self.sign_in(origin);
        let asked = ask("POST", &format!("{origin}/api/v1{path}"), &session, &body.to_string());
        let Some(signing) = asked.body["signing"].as_object() else { return asked };
        let id = signing["signing"].as_str().unwrap();
        let answer = self.assert(&signing["options"], origin).to_string();
        ask("POST", &format!("{origin}/api/v1/signings/{id}"), &session, &answer)
    }

    pub(crate) fn assert(&self, options: &Value, origin: &str) -> Value {
        self.0.assert(options, origin).unwrap()
    }

    /// An assertion although the options name other keys.
    pub(crate) fn assert_any(&self, options: &Value, origin: &str) -> Value {
        let mut options = options.clone();
        options["allowCredentials"] = json!([]);
        self.assert(&options, origin)
    }

    /// Signs from now on whatever a program started with the returned `$WRIT_SIGNER` is asked for.
    pub(crate) fn signs(self, folder: &Path) -> String {
        let (asked, answered) = (folder.join("asked"), folder.join("answered"));
        let made = Command::new("mkfifo").args([&asked, &answered]).status();
        assert!(made.is_ok_and(|made| made.success()));
        let script = folder.join("signer.sh");
        let (to, from) = (asked.display(), answered.display());
        let text = format!("(printf '%s\\n' \"$WRIT_ORIGIN\"; cat) > '{to}'; cat '{from}'\n");
        fs::write(&script, text).unwrap();
        // It waits for the next question when the test ends, and ends with it.
        thread::spawn(move || {
            while let Ok(text) = fs::read_to_string(&asked) {
                let (origin, options) = text.split_once('\n').unwrap_or_default();
                let options = serde_json::from_str(options).unwrap_or_default();
                let answer = self.0.assert(&options, origin).unwrap_or_default();
                if fs::write(&answered, answer.to_string()).is_err() {
                    return;
                }
            }
        });
        format!("sh {}", script.display())
    }
}
