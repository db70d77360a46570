//! Tokens that were issued for some servers only (RFC 6750 section 3.1, RFC 9728).

use bytes::Bytes;
use http::{Method, StatusCode};

use crate::{
    upstream::Upstream,
    world::{Agent, Headers, Reply, Says, World},
};

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send"}}"#;

async fn world() -> (Upstream, World, Agent) {
    let upstream = Upstream::start().await;
    let world = World::new(vec![upstream.server("mail"), upstream.server("files")]).await;
    let agent = world.agent(1).await;
    for server in ["mail", "files"] {
        world.grant(&agent, Says::tool(server, "*")).await;
    }
    (upstream, world, agent)
}

/// A call at `/mcp/mail` with a token for this resource and scope.
async fn call(world: &World, agent: &Agent, resource: &str, scope: Option<&str>) -> Reply {
    let mut headers = world.headers(agent, "POST", "/mcp/mail").await;
    let token = world.token_with(agent, &world.url(resource), |claims| {
        claims.scope = scope.map(str::to_owned);
    });
    headers.set("authorization", &format!("DPoP {token}"));
    headers.set("dpop", &world.proof(&agent.key, "POST", &world.url("/mcp/mail"), &token));
    world.send(Method::POST, "/mcp/mail", &headers, Bytes::from(CALL)).await
}

#[tokio::test]
async fn a_token_for_other_servers_is_refused_with_the_scope_that_is_needed() {
    let (upstream, world, agent) = world().await;
    for (resource, scope) in [
        ("/mcp", "mcp:files"),
        ("/mcp/mail", "mcp:files"),
        ("/mcp", "mcp:mailbox"),
        ("/mcp", "offline_access"),
        ("/mcp", "MCP"),
    ] {
        let reply = call(&world, &agent, resource, Some(scope)).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{scope}: {reply:?}");
        assert_eq!(reply.code(), "GATE-0160", "{scope}");
        let challenge = reply.header("www-authenticate");
        assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
        assert!(challenge.contains("scope=\"mcp:mail\""), "{challenge}");
        let metadata = world.url("/.well-known/oauth-protected-resource/mcp/mail");
        assert!(challenge.contains(&format!("resource_metadata=\"{metadata}\"")), "{challenge}");
    }
    assert!(upstream.seen().is_empty(), "nothing was forwarded");
    for (resource, scope) in [
        ("/mcp", Some("mcp")),
        ("/mcp", Some("mcp:files mcp:mail")),
        ("/mcp/mail", Some("mcp:mail")),
        ("/mcp/mail", None),
    ] {
        let reply = call(&world, &agent, resource, scope).await;
        assert_eq!(reply.status, StatusCode::OK, "{scope:?}: {reply:?}");
    }
    assert_eq!(upstream.seen().len(), 4);
}

#[tokio::test]
async fn metadata_and_the_first_challenge_name_the_scope() {
    let (_upstream, world, _agent) = world().await;
    for (path, resource, scope) in [("/mcp/mail", "/mcp/mail", "mcp:mail"), ("/mcp", "/mcp", "mcp")]
    {
        let metadata = format!("/.well-known/oauth-protected-resource{resource}");
        let reply = world.send(Method::GET, &metadata, &Headers::default(), Bytes::new()).await;
        assert_eq!(reply.json()["resource"], world.url(resource));
        assert_eq!(reply.json()["scopes_supported"], serde_json::json!([scope]));
        let bare = world.send(Method::POST, path, &Headers::mcp(), Bytes::from(CALL)).await;
        assert_eq!(bare.status, StatusCode::UNAUTHORIZED);
        let challenge = bare.header("www-authenticate");
        assert!(challenge.contains(&format!("scope=\"{scope}\"")), "{challenge}");
        assert!(
            !challenge.contains("error="),
            "nothing was sent, so nothing is wrong: {challenge}"
        );
    }
}
