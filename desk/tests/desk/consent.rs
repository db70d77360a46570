//! A program that asks a person to let it act as an agent: the authorization code grant with everything around it, and every
//! way to be refused. The road through a browser is in `console/tests/console/consent.rs`.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::json;
use writ_desk::{DeskError, Looked};
use writ_identity::token;

use crate::world::{DESK, GATEWAY, both_owners};

mod clients;
mod over;
pub(crate) mod program;
mod tokens;

use program::{BACK, Program, agent, asks, consents, copy_of, let_in, said, text, who, world};

#[tokio::test]
async fn a_program_that_a_person_lets_in_becomes_a_running_copy_of_the_agent_they_chose() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let asks = asks(&world, "Dana Cole", &program.query(&[])).await;
    assert_eq!((asks.name.as_str(), asks.scope.as_str()), ("Probe", "mcp:mail"));
    assert_eq!(asks.agents.len(), 1, "{asks:?}");
    assert_eq!(asks.agents[0].name, "invoice-bot");
    assert!(asks.answers_to.contains("this machine") && asks.known.contains("operator"));

    let back = consents(&world, "Dana Cole", &program.query(&[])).await.unwrap();
    assert!(back.to.starts_with(&format!("{BACK}?code=")), "{}", back.to);
    assert_eq!(said(&back, "state").as_deref(), Some("s t&te"));
    assert_eq!(said(&back, "iss").as_deref(), Some(DESK));
    let code = said(&back, "code").unwrap();
    let answer = program.send(&world, "/oauth/token", &program.redeem(&code)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(answer.headers.contains_key("dpop-nonce"));
    let tokens = answer.json();
    assert_eq!((text(&tokens, "token_type"), text(&tokens, "scope")), ("DPoP", "mcp:mail"));
    assert_eq!(tokens["expires_in"], 300);

    let keys = world.desk.token_keys().unwrap();
    let now = world.desk.now();
    let read =
        token::verify(text(&tokens, "access_token"), &keys, &token::Expect { iss: DESK, now })
            .unwrap();
    let claims = read.admit(&format!("{GATEWAY}/mcp/mail"), now).unwrap();
    assert_eq!(claims.sub.to_string(), agent(&world, "invoice-bot").await);
    assert_eq!(claims.jkt, Some(program.key.thumbprint()));
    assert!(claims.reaches("mail") && !claims.reaches("crm"));
    let view = world.tenants.view(claims.tenant).await.unwrap();
    let copy = &view.state.instances[&claims.client_id];
    assert_eq!(
        (copy.label.as_str(), copy.jkt.clone()),
        ("Probe", program.key.thumbprint().to_string())
    );
    // The same program, let in once more, is the same copy.
    let again = let_in(&world, &program).await;
    assert_eq!(copy_of(&world, &again), claims.client_id);
    world.check().await;
}

#[tokio::test]
async fn only_who_may_have_a_copy_enrolled_may_consent() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let query = program.query(&[]);
    for name in ["Dana Cole", "Ines Park", "Tom Reyes", "Mira Okafor"] {
        assert_eq!(asks(&world, name, &query).await.agents.len(), 1, "{name}");
    }
    assert!(asks(&world, "Noor Haddad", &query).await.agents.is_empty(), "an auditor");
    let fault = consents(&world, "Noor Haddad", &query).await.unwrap_err();
    assert!(matches!(fault, DeskError::Refused(_)), "{fault}");
    let id = agent(&world, "invoice-bot").await;
    world.done("/clients", json!({"name": "Elm Dental", "slug": "elm-dental"})).await;
    let dana = who(&world, "Dana Cole").await;
    let fault = world.desk.give_consent(&dana, &query, ("elm-dental", &id)).await.unwrap_err();
    assert!(matches!(fault, DeskError::NotVisible { .. }), "{fault}");
    let mira = who(&world, "Mira Okafor").await;
    let fault = world.desk.give_consent(&mira, &query, ("elm-dental", &id)).await.unwrap_err();
    assert!(matches!(fault, DeskError::NotVisible { .. }), "an agent of another client: {fault}");
    world
        .done("/clients/harbor-books/agents/invoice-bot/hold", json!({"reason": "Month end"}))
        .await;
    assert!(asks(&world, "Dana Cole", &query).await.agents.is_empty(), "on hold");
    assert!(consents(&world, "Dana Cole", &query).await.is_err());
    let told = world.desk.refuse_consent(&query).await.unwrap();
    assert!(told.to.contains("error=access_denied") && told.to.contains("&iss=http"));
    world.check().await;
}

#[tokio::test]
async fn where_the_charter_asks_colleagues_first_they_are_asked() {
    let (world, _) = world().await;
    let clauses = json!([
        {"key": "everything", "title": "Everything", "actions": ["*"], "mode": "act"},
        {"key": "issue", "title": "Copies wait for us", "actions": ["credential.issue"],
            "mode": {"approve": {"quorum": both_owners()}},
            "waits": {"expires_minutes": 60, "escalate_minutes": 30}}]);
    world.charter("harbor-books", "Dana Cole", clauses).await;
    let program = Program::new("probe");
    let query = program.query(&[]);
    let waits = consents(&world, "Ines Park", &query).await.unwrap_err();
    let DeskError::Waits(held) = waits else { panic!("{waits}") };
    for name in ["Dana Cole", "Mira Okafor"] {
        let yes = world.yes(name, held.hold).await;
        assert_eq!(yes.status, StatusCode::OK, "{name}: {}", yes.json());
    }
    let back = consents(&world, "Ines Park", &query).await.unwrap();
    let code = said(&back, "code").unwrap();
    let answer = program.send(&world, "/oauth/token", &program.redeem(&code)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.json());
    // That yes was for one copy.
    let other = Program::new("probe");
    let waits = consents(&world, "Ines Park", &other.query(&[])).await.unwrap_err();
    assert!(matches!(waits, DeskError::Waits(_)), "{waits}");
    world.check().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_to_the_person_or_to_the_client_it_named() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let dana = who(&world, "Dana Cole").await;
    let long = "x".repeat(1_900);
    for changes in [
        [("client_id", "")],
        [("client_id", "nobody")],
        [("client_id", "https://unknown.example/client.json")],
        [("redirect_uri", "http://127.0.0.1:5111/other")],
        [("redirect_uri", "https://evil.example/cb")],
        [("redirect_uri", "http://127.0.0.1:5111/cb#x")],
        [("state", &long)],
    ] {
        let told = world.desk.consent(&dana, &program.query(&changes)).await;
        assert!(matches!(told, Err(DeskError::Bad { .. })), "{changes:?}: {told:?}");
        assert!(consents(&world, "Dana Cole", &program.query(&changes)).await.is_err());
    }
    let twice = format!("{}&client_id=probe", program.query(&[]));
    assert!(world.desk.consent(&dana, &twice).await.is_err());
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("resource", "https://elsewhere.example/mcp", "invalid_target"),
        ("scope", "admin", "invalid_scope"),
        ("scope", "mcp:crm", "invalid_scope"),
        ("dpop_jkt", "x", "invalid_request"),
        ("request", "a.b.c", "request_not_supported"),
        ("request_uri", "urn:x", "request_uri_not_supported"),
    ] {
        let query = program.query(&[(name, value)]);
        let Looked::Back(back) = world.desk.consent(&dana, &query).await.unwrap() else {
            panic!("{name}={value}")
        };
        assert!(back.to.starts_with(&format!("{BACK}?error={error}&")), "{}", back.to);
        assert_eq!(said(&back, "state").as_deref(), Some("s t&te"), "{name}");
        assert_eq!(said(&back, "iss").as_deref(), Some(DESK), "{name}");
        let given = consents(&world, "Dana Cole", &query).await.unwrap();
        assert_eq!((said(&given, "code"), given.to), (None, back.to), "{name}");
    }
    let whole = asks(&world, "Dana Cole", &program.query(&[("resource", "")])).await;
    assert_eq!((whole.resource, whole.scope), (format!("{GATEWAY}/mcp"), "mcp".to_owned()));
}

#[tokio::test]
async fn the_authorization_endpoint_leads_to_the_console_and_decides_nothing() {
    let (world, _) = world().await;
    let ask = async |query: &str, host: &str| {
        let uri = format!("/oauth/authorize?{query}");
        world.send(Request::get(uri).header(header::HOST, host).body(Body::empty()).unwrap()).await
    };
    let query = Program::new("probe").query(&[]);
    let answer = ask(&query, "127.0.0.1:7420").await;
    assert_eq!(answer.status, StatusCode::OK);
    let to = format!("0; url=http://localhost:7420/consent?{query}");
    assert_eq!(answer.headers["refresh"], to);
    assert_eq!(answer.headers["x-frame-options"], "DENY");
    assert!(
        answer.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("frame-ancestors 'none'")
    );
    assert!(!answer.headers.contains_key("location") && !answer.headers.contains_key("set-cookie"));
    assert_eq!(ask(&query, "evil.example").await.status, StatusCode::FORBIDDEN);
    let long = format!("{query}&x={}", "y".repeat(1_900));
    assert_eq!(ask(&long, "127.0.0.1:7420").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(ask("x='", "127.0.0.1:7420").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_api_gives_what_the_page_gives() {
    let (world, _) = world().await;
    let program = Program::new("probe");
    let dana = world.sign_in("Dana Cole").await;
    let request = program.query(&[]);
    let path = "/me/consents/look";
    let shown = world.ask_as(&dana, Method::POST, path, Some(&json!({"request": request}))).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.json());
    let shown = shown.json();
    assert_eq!((shown["asks"]["name"].as_str(), &shown["back"]), (Some("Probe"), &json!(null)));
    let agent = shown["asks"]["agents"][0]["agent"].clone();
    let chosen = json!({"request": request, "chosen": {"client": "harbor-books", "agent": agent}});
    let given = world.ask_as(&dana, Method::POST, "/me/consents", Some(&chosen)).await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.json());
    assert!(text(&given.json(), "to").contains("code="), "{}", given.json());
    let no =
        world.ask_as(&dana, Method::POST, "/me/consents", Some(&json!({"request": request}))).await;
    assert!(text(&no.json(), "to").contains("error=access_denied"), "{}", no.json());
    let noor = world.sign_in("Noor Haddad").await;
    let refused = world.ask_as(&noor, Method::POST, "/me/consents", Some(&chosen)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.json());
    let mut forged = dana.clone();
    forged.csrf = "guessed".to_owned();
    let refused = world.ask_as(&forged, Method::POST, "/me/consents", Some(&chosen)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.json());
}
