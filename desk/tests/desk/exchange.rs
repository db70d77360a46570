//! Token exchange (RFC 8693): what a sub-agent gets for the token of the agent that it acts for, and all that it does not get.

use axum::http::StatusCode;
use serde_json::{Value, json};
use writ_identity::{AgentKey, Claims, assertion, token};
use writ_model::Span;

use crate::{
    consent::program::{Program, bare, let_in, refused, text, world as consenting},
    world::{Answer, Copy, DESK, GATEWAY, World, crowd::Crowd},
};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const AT: &str = "/clients/harbor-books";

fn all() -> String {
    format!("{GATEWAY}/mcp")
}

fn mail() -> String {
    format!("{GATEWAY}/mcp/mail")
}

/// Agents of which each acts for the one before it, and a running copy of each.
struct Family {
    world: World,
    copies: Vec<Copy>,
    sender: Program,
}

impl Family {
    async fn of(world: World, names: &[&str]) -> Self {
        let _crowd = Crowd::of(&world, &[]);
        let mut before = "invoice-bot".to_owned();
        for name in names {
            world.agent(name).await;
            let body = json!({"by": before});
            world.done(&format!("{AT}/agents/{name}/delegate"), body).await;
            before = (*name).to_owned();
        }
        let mut copies = vec![world.enroll("invoice-bot").await];
        for name in names {
            copies.push(world.enroll(name).await);
        }
        Self { world, copies, sender: Program::new("x") }
    }

    async fn token(&self, copy: &Copy, resource: &str) -> String {
        let answer = self.world.token(copy, resource).await.json();
        text(&answer, "access_token").to_owned()
    }

    fn asserted(&self, copy: &Copy) -> String {
        let jti = writ_identity::encode_base64url(&AgentKey::generate().unwrap().thumbprint().0);
        assertion::create(&copy.key, copy.id, DESK, self.world.desk.now(), &jti).unwrap()
    }

    /// An exchange of this token by this copy, which signs that it is itself.
    async fn exchange(&self, subject: &str, copy: &Copy, more: &[(&str, &str)]) -> Answer {
        let asserted = self.asserted(copy);
        let mut form = form(subject, more);
        form.push(("client_assertion_type", assertion::ASSERTION_TYPE));
        form.push(("client_assertion", &asserted));
        self.sender.send_by(&self.world, "/oauth/token", &form, &copy.key).await
    }

    async fn got(&self, subject: &str, copy: &Copy, more: &[(&str, &str)]) -> Value {
        let answer = self.exchange(subject, copy, more).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
        answer.json()
    }

    fn read(&self, answer: &Value) -> Claims {
        let keys = self.world.desk.token_keys().unwrap();
        let expect = token::Expect { iss: DESK, now: self.world.desk.now() };
        let read = token::verify(text(answer, "access_token"), &keys, &expect).unwrap();
        read.for_issuer().clone()
    }

    async fn told(&self, answer: &Value, copy: &Copy) -> Value {
        let asked = [("token", text(answer, "access_token")), ("client_id", "x")];
        self.sender.send_by(&self.world, "/oauth/introspect", &asked, &copy.key).await.json()
    }
}

/// The form of an exchange, with some parameters otherwise, or left out where they are empty.
fn form<'f>(subject: &'f str, changes: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let mut form =
        vec![("grant_type", GRANT), ("subject_token", subject), ("subject_token_type", ACCESS)];
    for (name, value) in changes {
        form.retain(|(key, _)| key != name);
        if !value.is_empty() {
            form.push((name, value));
        }
    }
    form
}

#[tokio::test]
async fn a_sub_agent_gets_a_narrower_token_bound_to_its_own_key_that_says_for_whom() {
    let family = Family::of(World::active().await, &["helper", "reader"]).await;
    let [boss, helper, reader] = &family.copies[..] else { panic!("three") };
    let subject = family.token(boss, &all()).await;
    family.world.clock.advance(Span::minutes(2));
    let answer = family.got(&subject, helper, &[("resource", &mail())]).await;
    assert_eq!((text(&answer, "issued_token_type"), text(&answer, "token_type")), (ACCESS, "DPoP"));
    assert_eq!(
        (text(&answer, "scope"), answer["refresh_token"].clone()),
        ("mcp:mail", Value::Null)
    );
    let life = answer["expires_in"].as_i64().unwrap();
    assert!((1..=180).contains(&life), "{life}: no longer than what it was exchanged for");
    let claims = family.read(&answer);
    assert_eq!((claims.aud.as_str(), claims.jkt), (mail().as_str(), Some(helper.key.thumbprint())));
    assert_eq!(claims.client_id, helper.id);
    assert_eq!(
        claims.chain().iter().map(|link| link.instance).collect::<Vec<_>>(),
        [helper.id, boss.id]
    );
    let told = family.told(&answer, helper).await;
    assert_eq!((&told["active"], text(&told, "sub")), (&json!(true), &*claims.sub.to_string()));
    assert_eq!(told["act"]["sub"], claims.caller().agent.to_string());
    assert_eq!(told["act"]["client_id"], helper.id.to_string());
    let strangers = family.told(&answer, boss).await;
    assert_eq!(strangers, json!({"active": false}), "it is its holder's");

    // Once more, for who acts for the helper: the chain grows, the end stays.
    let handed = text(&answer, "access_token").to_owned();
    let next = family.got(&handed, reader, &[]).await;
    let claims = family.read(&next);
    let chain: Vec<_> = claims.chain().iter().map(|link| link.instance).collect();
    assert_eq!(chain, [reader.id, helper.id, boss.id]);
    assert_eq!((claims.aud.as_str(), claims.scope.as_deref()), (mail().as_str(), Some("mcp:mail")));
    assert_eq!(claims.exp, family.read(&answer).exp);
    let told = family.told(&next, reader).await;
    assert_eq!(told["act"]["act"]["client_id"], helper.id.to_string());
    // Past the one in between: it acts for the first through the other.
    let far = family.read(&family.got(&subject, reader, &[]).await);
    assert_eq!(far.chain().len(), 2);
    family.world.check().await;
}

#[tokio::test]
async fn an_agent_narrows_its_own_token_and_nothing_widens_one() {
    let family = Family::of(World::active().await, &["helper"]).await;
    let [boss, helper] = &family.copies[..] else { panic!("two") };
    let whole = family.token(boss, &all()).await;
    let own = family.got(&whole, boss, &[("scope", "mcp:mail mcp:crm")]).await;
    assert_eq!((text(&own, "scope"), family.read(&own).behalf), ("mcp:crm mcp:mail", None));
    let narrow = text(&own, "access_token").to_owned();
    let (crm, files) = (format!("{GATEWAY}/mcp/crm"), format!("{GATEWAY}/mcp/files"));
    for (what, who) in [("itself", boss), ("its helper", helper)] {
        let one = family.got(&narrow, who, &[("resource", &crm)]).await;
        assert_eq!(text(&one, "scope"), "mcp:crm", "{what}");
        let same = family.got(&narrow, who, &[]).await;
        assert_eq!(text(&same, "scope"), "mcp:crm mcp:mail", "{what}");
        for (changes, error) in [
            ([("scope", "mcp")], "invalid_scope"),
            ([("scope", "mcp:mail mcp:files")], "invalid_scope"),
            ([("scope", "admin")], "invalid_scope"),
            ([("resource", files.as_str())], "invalid_target"),
            ([("resource", "https://other.example/mcp")], "invalid_target"),
            ([("audience", "mail")], "invalid_target"),
            ([("subject_token_type", "")], "invalid_request"),
            ([("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")], "invalid_request"),
            (
                [("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token")],
                "invalid_request",
            ),
            ([("actor_token_type", ACCESS)], "invalid_request"),
            ([("actor_token", narrow.as_str())], "invalid_request"),
            ([("subject_token", "")], "invalid_request"),
            ([("subject_token", "a.b.c")], "invalid_request"),
        ] {
            let answer = family.exchange(&narrow, who, &changes).await;
            refused(&answer, error, &format!("{what}: {changes:?}"));
        }
    }
    // The helper's own token bounds it as well, where it shows one.
    let helpers = family.token(helper, &mail()).await;
    let both = [("actor_token", helpers.as_str()), ("actor_token_type", ACCESS)];
    let one = family.got(&narrow, helper, &both).await;
    assert_eq!(text(&one, "scope"), "mcp:mail");
    let handed = text(&one, "access_token").to_owned();
    let again = [("actor_token", handed.as_str()), ("actor_token_type", ACCESS)];
    refused(&family.exchange(&narrow, helper, &again).await, "invalid_request", "not its own");
    let bosss = [("actor_token", narrow.as_str()), ("actor_token_type", ACCESS)];
    refused(&family.exchange(&narrow, helper, &bosss).await, "invalid_request", "another's");
}

#[tokio::test]
async fn who_does_not_act_for_the_agent_or_does_not_hold_the_key_gets_nothing() {
    let family = Family::of(World::active().await, &["helper"]).await;
    let world = &family.world;
    let [boss, helper] = &family.copies[..] else { panic!("two") };
    world.agent("stranger").await;
    let stranger = world.enroll("stranger").await;
    let subject = family.token(boss, &all()).await;
    let said = refused(
        &family.exchange(&subject, &stranger, &[]).await,
        "unauthorized_client",
        "a stranger",
    );
    assert!(said.contains("stranger does not act for invoice-bot"), "{said}");
    let helpers = family.token(helper, &all()).await;
    let answer = family.exchange(&helpers, boss, &[]).await;
    refused(&answer, "unauthorized_client", "the boss does not act for the helper");

    // Whoever has only the text of a token has nothing.
    let thief = AgentKey::generate().unwrap();
    let form = form(&subject, &[("client_id", "x")]);
    let answer = family.sender.send_by(world, "/oauth/token", &form, &thief).await;
    refused(&answer, "invalid_dpop_proof", "a thief");
    let answer = bare(world, "/oauth/token", &form, None).await;
    refused(&answer, "invalid_dpop_proof", "no proof");
    let nobody = self::form(&subject, &[]);
    let answer = family.sender.send_by(world, "/oauth/token", &nobody, &boss.key).await;
    refused(&answer, "invalid_request", "no client");
    let own = family.sender.send_by(world, "/oauth/token", &form, &boss.key).await;
    assert_eq!(own.status, StatusCode::OK, "its holder needs no more: {}", own.json());
    let asserted = family.asserted(helper);
    let mut form = self::form(&subject, &[]);
    form.push(("client_assertion_type", assertion::ASSERTION_TYPE));
    form.push(("client_assertion", &asserted));
    let answer = family.sender.send_by(world, "/oauth/token", &form, &boss.key).await;
    refused(&answer, "invalid_dpop_proof", "the helper's word with another key");
}

#[tokio::test]
async fn whatever_ends_one_of_a_chain_ends_its_tokens() {
    for (what, path, body) in [
        ("the boss is held", "agents/invoice-bot/hold".to_owned(), json!({"reason": "Look"})),
        ("the boss is ended", "agents/invoice-bot/terminate".to_owned(), json!({"reason": "Over"})),
        (
            "the helper is quarantined",
            "agents/helper/quarantine".to_owned(),
            json!({"reason": "Look"}),
        ),
        ("the boss's copy", "0".to_owned(), json!({"reason": "Lost"})),
        ("the helper's copy", "1".to_owned(), json!({"reason": "Lost"})),
    ] {
        let family = Family::of(World::active().await, &["helper", "reader"]).await;
        let [boss, helper, reader] = &family.copies[..] else { panic!("three") };
        let subject = family.token(boss, &all()).await;
        let handed = family.got(&subject, helper, &[]).await;
        let handed = text(&handed, "access_token").to_owned();
        let last = family.got(&handed, reader, &[]).await;
        assert_eq!(family.told(&last, reader).await["active"], true, "{what}");
        let path = match path.parse::<usize>() {
            Ok(at) => format!("{AT}/instances/{}/end", family.copies[at].id),
            Err(_) => format!("{AT}/{path}"),
        };
        family.world.done(&path, body).await;
        assert_eq!(family.told(&last, reader).await, json!({"active": false}), "{what}");
        let answer = family.exchange(&handed, reader, &[]).await;
        assert_ne!(answer.status, StatusCode::OK, "{what}: {}", answer.json());
        if path.contains("hold") {
            family.world.done(&format!("{AT}/agents/invoice-bot/release"), json!({})).await;
            let again = family.told(&last, reader).await;
            assert_eq!(again, json!({"active": false}), "tokens from before stay ended");
        }
    }
    let family = Family::of(World::active().await, &["helper"]).await;
    let [boss, helper] = &family.copies[..] else { panic!("two") };
    let subject = family.token(boss, &all()).await;
    family.world.clock.advance(Span::minutes(5));
    refused(&family.exchange(&subject, helper, &[]).await, "invalid_request", "it is over");
}

#[tokio::test]
async fn what_a_person_let_in_reaches_no_further_by_exchanging() {
    let (world, _) = consenting().await;
    let program = Program::new("probe");
    let tokens = let_in(&world, &program).await;
    let access = text(&tokens, "access_token").to_owned();
    let family = Family::of(world, &["helper"]).await;
    let (world, boss) = (&family.world, &family.copies[0]);
    // Its own token, narrower or as it is.
    let own = form(&access, &[("client_id", "probe")]);
    let answer = program.send(world, "/oauth/token", &own).await;
    assert_eq!((answer.status, text(&answer.json(), "scope")), (StatusCode::OK, "mcp:mail"));
    let wide =
        form(&access, &[("client_id", "probe"), ("resource", "http://127.0.0.1:7421/mcp/crm")]);
    let answer = program.send(world, "/oauth/token", &wide).await;
    refused(&answer, "invalid_target", "another server");
    // As a running copy of its agent it would reach all; its consent says mail.
    let copy = Copy { id: family.read(&tokens).client_id, key: program.key };
    let whole = family.token(boss, &all()).await;
    let answer = family.exchange(&whole, &copy, &[]).await;
    refused(&answer, "unauthorized_client", "without the token that it was let in with");
    world.check().await;
}
