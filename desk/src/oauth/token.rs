//! `POST /oauth/token`: client credentials (RFC 6749 section 4.4) with `private_key_jwt` (RFC 7523), `DPoP` (RFC 9449)
//! and one `resource` (RFC 8707).
//!
//! The order is: read, find the client, verify its assertion, verify its proof by the same key, mark both as used, then
//! ask whether the agent may have a token at all. Reasons are told only to who has proved to be that client.
//! Never here: a token without a key, or one for a resource that is not a gateway of ours.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use writ_authority::{Agent, Life, State as Book, state::Instance};
use writ_identity::{
    Claims, DpopFault, Fault, Jwk, Mark, Proof, PublicKey, Thumbprint,
    assertion::{self, ASSERTION_TYPE, Assertion},
    dpop::{self, NonceRule},
    token::{self, MAX_LIFE},
};
use writ_model::{InstanceId, Span, TenantId, Timestamp, TokenId};

use crate::Desk;

/// LIMIT: bytes of a token request: an assertion of 4 KiB and a resource.
pub(crate) const MAX_FORM: usize = 16 << 10;
/// LIMIT: parameters of a token request; ours has five.
const MAX_PARAMETERS: usize = 16;
/// LIMIT: a resource's address.
const MAX_RESOURCE: usize = 512;

const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// A refused request, in OAuth's own form (RFC 6749 section 5.2).
#[derive(Debug)]
pub(crate) struct Refused {
    error: &'static str,
    why: String,
    /// A nonce that the client must use (RFC 9449 section 8).
    nonce: Option<String>,
}

impl Refused {
    fn new(error: &'static str, why: impl Into<String>) -> Self {
        Self { error, why: why.into(), nonce: None }
    }

    fn of(fault: &dyn Fault) -> Self {
        let why = format!("{fault} ({}): {}", fault.code(), fault.cure());
        Self::new(fault.oauth_error(), why)
    }

    fn server(why: &dyn std::fmt::Display) -> Self {
        tracing::error!(error = %why, "token request failed");
        Self::new("server_error", "this could not be done; try again in a moment")
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self.error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = json!({ "error": self.error, "error_description": plain(&self.why) });
        let mut response = (status, no_store(), body.to_string()).into_response();
        if let Some(nonce) = self.nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
            response.headers_mut().insert(DPOP_NONCE, nonce);
        }
        response
    }
}

/// Only the letters that RFC 6749 section 5.2 allows in a description.
fn plain(text: &str) -> String {
    let fits = |letter: &char| matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\');
    text.chars().map(|letter| if fits(&letter) { letter } else { '\'' }).collect()
}

fn no_store() -> [(HeaderName, &'static str); 2] {
    [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_TYPE, "application/json")]
}

/// A request's parameters.
struct Request {
    assertion: String,
    resource: String,
}

/// Issues an access token.
pub(crate) async fn issue(
    State(desk): State<Desk>,
    headers: HeaderMap,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let form = match form {
        Ok(Form(pairs)) => read(&pairs),
        Err(rejected) => Err(Refused::new("invalid_request", rejected.body_text())),
    };
    let answered = match form {
        Ok(form) => answer(&desk, &headers, form).await,
        Err(refused) => Err(refused),
    };
    match answered {
        Ok((body, nonce)) => {
            desk.count_token(true);
            let mut response = (StatusCode::OK, no_store(), body).into_response();
            if let Ok(nonce) = HeaderValue::from_str(&nonce) {
                response.headers_mut().insert(DPOP_NONCE, nonce);
            }
            response
        }
        Err(refused) => {
            desk.count_token(false);
            tracing::info!(error = refused.error, why = %refused.why, "token refused");
            refused.into_response()
        }
    }
}

async fn answer(
    desk: &Desk,
    headers: &HeaderMap,
    form: Request,
) -> Result<(String, String), Refused> {
    let resource = resource(desk, &form.resource)?;
    let proof = dpop::single(headers.get_all(DPOP)).map_err(|fault| Refused::of(&fault))?;
    let proof = proof.to_str().map_err(|_bytes| {
        Refused::new("invalid_dpop_proof", "the DPoP header is not a compact JWS")
    })?;
    let client = assertion::claimed_client(&form.assertion).map_err(|fault| Refused::of(&fault))?;
    let (tenant, book, instance) = find(desk, client).await?;
    let key = Jwk::parse(instance.jwk.as_bytes())
        .and_then(|jwk| PublicKey::from_jwk(&jwk))
        .map_err(|fault| Refused::server(&fault))?;
    let now = desk.now();
    let endpoint = desk.token_endpoint();
    let expect = assertion::Expect { client, audiences: &[desk.issuer(), &endpoint], now };
    let asserted =
        assertion::verify(&form.assertion, &key, &expect).map_err(|fault| Refused::of(&fault))?;
    let proved = prove(desk, proof, &key.jwk().thumbprint(), now)?;
    mark(desk, tenant, (&asserted, &proved), now)?;
    let agent = standing(&book, &instance)?;
    // Tokens tell whole seconds: one made in the second of a restore must not look older than it.
    let begun = book.state.tokens_from;
    let iat = if now.seconds() > begun.seconds() { now } else { begun + Span::seconds(1) };
    let claims = Claims {
        iss: desk.issuer().to_owned(),
        sub: agent.described.agent,
        client_id: client,
        aud: resource,
        iat,
        exp: now + MAX_LIFE,
        jti: TokenId::new(&desk.cx(tenant, writ_model::Actor::system("oauth"))),
        tenant,
        epoch: agent.epoch,
        jkt: Some(proved.jkt),
    };
    let text = token::issue(&desk.inner.token_key, &claims).map_err(|f| Refused::server(&f))?;
    tracing::info!(%tenant, agent = %claims.sub, instance = %client, token = %claims.jti,
        resource = %claims.aud, "token issued");
    let body = json!({
        "access_token": text,
        "token_type": "DPoP",
        "expires_in": MAX_LIFE.as_micros() / 1_000_000,
    });
    Ok((body.to_string(), desk.inner.nonces.current(now)))
}

fn read(pairs: &[(String, String)]) -> Result<Request, Refused> {
    let invalid = |why: &str| Refused::new("invalid_request", why);
    if pairs.len() > MAX_PARAMETERS {
        return Err(invalid("the form has more than 16 parameters"));
    }
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if let Some([twice, _]) = names.array_windows().find(|[one, two]| one == two) {
        if *twice == "resource" {
            return Err(Refused::new("invalid_target", "a token is for one resource; ask twice"));
        }
        return Err(invalid("a parameter is given twice"));
    }
    let get =
        |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match get("grant_type") {
        Some("client_credentials") => {}
        Some(_) => {
            let why = "only client_credentials is given here";
            return Err(Refused::new("unsupported_grant_type", why));
        }
        None => return Err(invalid("grant_type is missing")),
    }
    if get("client_assertion_type") != Some(ASSERTION_TYPE) || get("client_secret").is_some() {
        let why = "authenticate with private_key_jwt: client_assertion and its type, no secret";
        return Err(Refused::new("invalid_client", why));
    }
    let Some(assertion) = get("client_assertion") else {
        return Err(Refused::new("invalid_client", "client_assertion is missing"));
    };
    if let Some(named) = get("client_id") {
        let client = assertion::claimed_client(assertion).map_err(|fault| Refused::of(&fault))?;
        if named.parse::<InstanceId>() != Ok(client) {
            let why = "client_id is another client than the assertion's";
            return Err(Refused::new("invalid_client", why));
        }
    }
    let Some(resource) = get("resource") else {
        let why = "name the resource (RFC 8707): the address of the MCP server at the gateway";
        return Err(Refused::new("invalid_target", why));
    };
    Ok(Request { assertion: assertion.to_owned(), resource: resource.to_owned() })
}

/// The resource, if it is ours: a gateway's `/mcp`, or `/mcp/{server}`.
fn resource(desk: &Desk, resource: &str) -> Result<String, Refused> {
    let bases = desk.bases();
    let after = |base: &String| resource.strip_prefix(base)?.strip_prefix("/mcp");
    let rest = bases.iter().find_map(after);
    let server = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let ours = resource.len() <= MAX_RESOURCE
        && rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('/').is_some_and(server));
    if ours {
        return Ok(resource.to_owned());
    }
    let base = bases.first().map(String::as_str).unwrap_or_default();
    let why = format!("the resource is not one of this server's: it begins with {base}/mcp");
    Err(Refused::new("invalid_target", why))
}

/// The client, if it is known and not ended. SECURITY: nothing is proved yet, so all failures read the same.
async fn find(
    desk: &Desk,
    client: InstanceId,
) -> Result<(TenantId, std::sync::Arc<writ_store::View<Book>>, std::sync::Arc<Instance>), Refused> {
    let unknown = || {
        let why = "this client is not enrolled here: enroll it with a code from its agent's page";
        Refused::new("invalid_client", why)
    };
    let tenant = desk.tenant_of_instance(client).await.map_err(|fault| Refused::server(&fault))?;
    let tenant = tenant.ok_or_else(unknown)?;
    let view = desk.tenants().view(tenant).await.map_err(|fault| Refused::server(&fault))?;
    let instance = view.state.instances.get(&client).cloned().ok_or_else(unknown)?;
    Ok((tenant, view, instance))
}

fn prove(desk: &Desk, proof: &str, jkt: &Thumbprint, now: Timestamp) -> Result<Proof, Refused> {
    let endpoint = desk.token_endpoint();
    let expect = dpop::Expect {
        method: "POST",
        url: &endpoint,
        now,
        nonce: NonceRule::Asked(&desk.inner.nonces),
        ath: None,
        jkt: Some(jkt),
        key: None,
    };
    dpop::verify(proof, &expect).map_err(|fault: DpopFault| {
        let mut refused = Refused::of(&fault);
        if refused.error == "use_dpop_nonce" {
            refused.nonce = Some(desk.inner.nonces.current(now));
        }
        refused
    })
}

/// Marks both credentials as used; a second use of either is refused.
fn mark(
    desk: &Desk,
    tenant: TenantId,
    (asserted, proved): (&Assertion, &Proof),
    now: Timestamp,
) -> Result<(), Refused> {
    let mut marks = desk.inner.marks.lock();
    let salt = marks.salt();
    let assertion = Mark::assertion(&salt, tenant, asserted.client, &asserted.jti);
    let proof = Mark::dpop(&salt, tenant, &proved.jkt, &proved.jti);
    marks.mark(proof, proved.keep_until(), now).map_err(|fault| {
        Refused::new("invalid_dpop_proof", format!("{fault}: {}", fault.cure()))
    })?;
    marks
        .mark(assertion, asserted.keep_until, now)
        .map_err(|fault| Refused::new("invalid_client", format!("{fault}: {}", fault.cure())))
}

/// The agent, if it may have a token now.
fn standing<'b>(
    book: &'b writ_store::View<Book>,
    instance: &Instance,
) -> Result<&'b Agent, Refused> {
    let refuse = |why: String| Err(Refused::new("invalid_client", why));
    let Some(agent) = book.state.agents.get(&instance.agent) else {
        return refuse("the agent is not in the register".to_owned());
    };
    let name = agent.name();
    if instance.ended_at.is_some() {
        return refuse(format!("this running copy of {name} was ended: enroll it with a new code"));
    }
    match &agent.life {
        Life::Active => Ok(agent),
        Life::Observed | Life::Proposed | Life::Chartered => {
            let life = agent.life.word();
            refuse(format!(
                "{name} is {life}, not active: have its three answers given, then activate it"
            ))
        }
        Life::Held { reason } => {
            refuse(format!("{name} is on hold ({reason}): cure the reason, then have it released"))
        }
        Life::Quarantined { reason } => {
            refuse(format!("{name} is quarantined ({reason}): only a person can release it"))
        }
        Life::Terminated { reason } => {
            refuse(format!("{name} was ended ({reason}): it does not come back; propose a new one"))
        }
    }
}
