//! `writ enroll CODE`: makes a key on this machine, proves it holds it, and becomes one instance of an agent.
//!
//! Never here: a private key that leaves the machine. To send one more fact about the machine: a field of the request.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::Full;
use serde_json::{Value, json};
use writ_identity::{AgentKey, jws};

use super::keyfile::{Instance, KeyFile};
use crate::{
    carry::unsent,
    fault::Fault,
    net::{self, Http},
};

/// What enrolling needs to know.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The desk's base address.
    pub desk: String,
    /// The one-time code.
    pub code: String,
    /// What this instance calls itself.
    pub label: String,
    /// File name to use instead of the agent's name.
    pub name: Option<String>,
}

/// Trades the code for an instance; the key exists only in the value returned.
///
/// # Errors
/// If the desk cannot be reached, or refuses the code.
pub async fn enroll(http: &Http, ask: &Ask) -> Result<KeyFile, Fault> {
    let uri: Uri = format!("{}/enroll", ask.desk.trim_end_matches('/'))
        .parse()
        .map_err(|_invalid| Fault::usage(format!("`{}` is not an address", ask.desk)))?;
    net::origin(&uri).map_err(Fault::usage)?;
    let key = AgentKey::generate().map_err(|error| Fault::unreachable(error.to_string()))?;
    let jwk: Value = serde_json::from_str(&key.jwk().to_json()).unwrap_or_default();
    let proof = jws::sign(&key, writ_desk::PROOF_TYPE, ask.code.as_bytes())
        .map_err(|error| Fault::unreachable(error.to_string()))?;
    let body = json!({"code": ask.code, "jwk": jwk, "label": ask.label, "proof": proof});
    let request = Request::post(uri.clone())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .body(Full::new(Bytes::from(body.to_string())))
        .map_err(|error| Fault::usage(error.to_string()))?;
    let response = http.send(request).await.map_err(|why| unsent(&uri, &why))?;
    let status = response.status();
    let body = net::whole(response.into_body(), net::SMALL)
        .await
        .map_err(|why| Fault::unreachable(format!("the answer broke off: {why}")))?;
    if !status.is_success() {
        return Err(crate::api::problem(status, &body));
    }
    let mut instance: Instance = serde_json::from_slice(&body)
        .map_err(|error| Fault::unreachable(format!("the answer is not an enrollment: {error}")))?;
    if let Some(name) = &ask.name {
        instance.agent_name.clone_from(name);
    }
    Ok(KeyFile { instance, key })
}

/// Enrolls and keeps the key in a folder.
///
/// # Errors
/// As [`enroll`], and if the file cannot be written.
pub async fn enroll_into(http: &Http, ask: &Ask, dir: &Path) -> Result<(KeyFile, PathBuf), Fault> {
    let file = enroll(http, ask).await?;
    let path = file.create(dir)?;
    Ok((file, path))
}
