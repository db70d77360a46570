//! `GET /api/v1/openapi.json`: the document, made of the same table as the router.

use axum::{Json, extract::State, routing::get};
use serde_json::{Map, Value, json};

use super::{Endpoint, Guard, Needs, table};
use crate::{Desk, DeskError, door::Caller, doors::doors};

pub(super) const SHOW: Endpoint = Endpoint {
    method: "GET",
    path: "/openapi.json",
    summary: "This document.",
    guard: Guard::Credential,
    needs: Needs::nothing(),
    body: None,
    answer: r#"{"openapi":"3.1.0","info":{},"paths":{}}"#,
    route: || get(show),
};

async fn show(State(desk): State<Desk>, _caller: Caller) -> Result<Json<Value>, DeskError> {
    Ok(Json(document(desk.issuer(), &desk.inner.parts.version)))
}

/// The document.
fn document(server: &str, version: &str) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in table() {
        let entry = paths.entry(endpoint.path.to_owned()).or_insert_with(|| json!({}));
        if let Some(methods) = entry.as_object_mut() {
            methods.insert(endpoint.method.to_ascii_lowercase(), operation(&endpoint));
        }
    }
    for door in doors() {
        let path = json!({ "servers": [{ "url": server }], "post": operation(&door) });
        paths.insert(door.path.to_owned(), path);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Writ", "version": version },
        "servers": [{ "url": format!("{server}/api/v1") }],
        "security": [{ "token": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer",
                    "description": "The installation's token, from `cli.token` in the data folder." },
                "session": { "type": "apiKey", "in": "cookie", "name": crate::COOKIE,
                    "description": "The console's session; changing requests repeat its token as Writ-Csrf." },
            },
            "schemas": { "Problem": problem() },
        },
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let sample = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let parameters: Vec<Value> = endpoint
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{').and_then(|part| part.strip_suffix('}')))
        .map(|name| {
            let name = name.trim_start_matches('*');
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
        })
        .collect();
    let mut out = json!({
        "summary": endpoint.summary,
        "parameters": parameters,
        "x-writ-guard": match endpoint.guard {
            Guard::Credential => "credential",
            Guard::CommandLine => "command_line",
            Guard::Reads => "reads",
            Guard::Changes => "changes",
            Guard::Door => "door",
        },
        "x-writ-needs": {
            "sides": endpoint.needs.sides,
            "roles": endpoint.needs.roles,
            "signature": endpoint.needs.signature,
        },
        "responses": {
            "200": {
                "description": endpoint.summary,
                "content": { "application/json": { "example": sample(endpoint.answer) } },
            },
            "default": {
                "description": "Why not, and what would cure it.",
                "content": { "application/problem+json":
                    { "schema": { "$ref": "#/components/schemas/Problem" } } },
            },
        },
    });
    let responses = out.get_mut("responses").and_then(Value::as_object_mut);
    if let (Guard::Changes, Some(responses)) = (endpoint.guard, responses) {
        let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
        let waits = json!({
            "description": "The charter asks for somebody's yes first: `hold` says whose. It is done with it.",
            "content": { "application/problem+json": problem },
        });
        responses.insert("202".to_owned(), waits);
    }
    if let (Some(body), Some(members)) = (endpoint.body, out.as_object_mut()) {
        let content = json!({ "application/json": { "example": sample(body) } });
        members.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
    }
    out
}

fn problem() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "required": ["type", "status", "code", "title", "detail", "cure", "request_id"],
        "properties": {
            "type": text, "status": { "type": "integer" }, "code": text, "title": text,
            "detail": text, "field": text, "cure": text, "request_id": text,
            "wrongs": { "type": "array" }, "signing": { "type": "object" }, "hold": { "type": "object" },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_every_endpoint_of_the_table_once() {
        let document = document("http://127.0.0.1:7420", "0");
        let paths = document["paths"].as_object().unwrap();
        let methods =
            |one: &Value| one.as_object().unwrap().keys().filter(|key| *key != "servers").count();
        let count: usize = paths.values().map(methods).sum();
        assert_eq!(count, table().len() + doors().len(), "an endpoint stands twice in the table");
        for endpoint in table().into_iter().chain(doors()) {
            let operation = &paths[endpoint.path][endpoint.method.to_ascii_lowercase()];
            assert_eq!(operation["summary"], endpoint.summary);
            assert!(endpoint.summary.ends_with('.') && endpoint.summary.len() > 10);
            let sample: Value = serde_json::from_str(endpoint.answer)
                .unwrap_or_else(|why| panic!("{}: {why}", endpoint.path));
            assert!(sample.is_object() || sample.is_array());
            if let Some(body) = endpoint.body {
                serde_json::from_str::<Value>(body)
                    .unwrap_or_else(|why| panic!("{}: {why}", endpoint.path));
            }
            let has_body = matches!(endpoint.method, "POST");
            assert!(has_body || endpoint.body.is_none());
        }
    }
}
