//! The doors without a session: signing in with a passkey, joining, recovering, the first passkey. JSON, from our own
//! page or from none, under this server's name; each is bounded in how often it may be wrong.
//!
//! They stand beside the API, in a table of the same form: the router and the coverage test are made of it.
//! Never here: what a door does (`case/`). To add a door: its handler, its line in [`DOORS`].

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{MethodRouter, post},
};

use crate::{
    Desk, DeskError, SignedIn,
    api::{Endpoint, Guard, Needs, web::Body},
    case::{keys::NewPasskey, sign_in::SignInBody},
    door::{First, Knocked},
    error,
    view::{Joined, NextView, OptionsView},
};

/// LIMIT: bytes of a passkey's answer: an attestation object of 32 KiB in base64url, twice, with room.
const MAX_ANSWER: usize = 128 << 10;

/// A sample of what browsers send for a new key.
const NEW_KEY: &str = r#"{"label":"laptop","response":{"id":"AQ","rawId":"AQ","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}}"#;
const OPTIONS: &str = r#"{"challenge":"AQ","options":{},"says":[]}"#;
const JOINED: &str = r#"{"tenant":"tnt_01j9z3k4m5n6p7q8r9s0t1v2w3","client":"Harbor Books","person":"prs_01j9z3k4m5n6p7q8r9s0t1v2w3","name":"Dana Cole","fingerprint":"k7qf-93td-0000-0000-0000-0000-0000-0000","says":[]}"#;

/// Every door without a session.
pub fn doors() -> Vec<Endpoint> {
    DOORS.to_vec()
}

const fn door(
    path: &'static str,
    summary: &'static str,
    body: Option<&'static str>,
    answer: &'static str,
    route: fn() -> MethodRouter<Desk>,
) -> Endpoint {
    let (guard, needs) = (Guard::Door, Needs::nothing());
    Endpoint { method: "POST", path, summary, guard, needs, body, answer, route }
}

const DOORS: [Endpoint; 8] = [
    door(
        "/passkey/sign-in/options",
        "What a browser needs to sign in with a passkey.",
        None,
        OPTIONS,
        || post(sign_in_options),
    ),
    door(
        "/passkey/sign-in",
        "Signs in with a passkey.",
        Some(
            r#"{"response":{"id":"AQ","rawId":"AQ","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AQ","signature":"AQ"}},"next":"/"}"#,
        ),
        r#"{"next":"/"}"#,
        || post(sign_in),
    ),
    door(
        "/join/{code}/options",
        "What a browser needs to make an invited person's passkey.",
        None,
        OPTIONS,
        || post(join_options),
    ),
    door(
        "/join/{code}",
        "Joins with a new passkey, which somebody then admits.",
        Some(NEW_KEY),
        JOINED,
        || post(join),
    ),
    door(
        "/recover/{code}/options",
        "What a browser needs to make a new passkey for lost ones.",
        None,
        OPTIONS,
        || post(recover_options),
    ),
    door(
        "/recover/{code}",
        "Offers a new passkey, which two colleagues then confirm.",
        Some(NEW_KEY),
        JOINED,
        || post(recover),
    ),
    door(
        "/welcome/options",
        "What a browser needs to make the very first passkey.",
        None,
        OPTIONS,
        || post(welcome_options),
    ),
    door(
        "/welcome",
        "Makes the very first passkey and signs in with it.",
        Some(NEW_KEY),
        r#"{"next":"/me"}"#,
        || post(welcome),
    ),
];

/// The doors' routes.
pub(crate) fn router() -> Router<Desk> {
    let mut router = Router::new();
    for door in doors() {
        router = router.route(door.path, (door.route)());
    }
    router.layer(DefaultBodyLimit::max(MAX_ANSWER))
}

/// A new session's cookie, and where to go. The cookie that came with the request is not looked at.
fn opened(signed: &SignedIn, next: String) -> Result<Response, DeskError> {
    let cookie = HeaderValue::from_str(signed.set_cookie.expose())
        .map_err(|_bad| DeskError::fault(error::FAULT, "the cookie cannot be sent"))?;
    Ok(([(header::SET_COOKIE, cookie)], Json(NextView { next })).into_response())
}

async fn sign_in_options(State(desk): State<Desk>, _door: Knocked) -> Json<OptionsView> {
    Json(desk.sign_in_options())
}

async fn sign_in(
    State(desk): State<Desk>,
    headers: HeaderMap,
    door: Knocked,
    Body(body): Body<SignInBody>,
) -> Result<Response, DeskError> {
    let (signed, next) = desk.sign_in_with_passkey(body, &door.agent).await?;
    // Whoever signs in again leaves no session behind.
    if let Some(before) = desk.session(&headers).await? {
        desk.sign_out(&before);
    }
    opened(&signed, next)
}

async fn join_options(
    State(desk): State<Desk>,
    _door: Knocked,
    Path(code): Path<String>,
) -> Result<Json<OptionsView>, DeskError> {
    Ok(Json(desk.join_options(&code).await?))
}

async fn join(
    State(desk): State<Desk>,
    _door: Knocked,
    Path(code): Path<String>,
    Body(body): Body<NewPasskey>,
) -> Result<Json<Joined>, DeskError> {
    Ok(Json(desk.join(&code, body).await?))
}

async fn recover_options(
    State(desk): State<Desk>,
    _door: Knocked,
    Path(code): Path<String>,
) -> Result<Json<OptionsView>, DeskError> {
    Ok(Json(desk.recover_options(&code).await?))
}

async fn recover(
    State(desk): State<Desk>,
    _door: Knocked,
    Path(code): Path<String>,
    Body(body): Body<NewPasskey>,
) -> Result<Json<Joined>, DeskError> {
    Ok(Json(desk.recover(&code, body).await?))
}

async fn welcome_options(
    State(desk): State<Desk>,
    First(session): First,
) -> Result<Json<OptionsView>, DeskError> {
    Ok(Json(desk.welcome_options(&session).await?))
}

async fn welcome(
    State(desk): State<Desk>,
    First(session): First,
    door: Knocked,
    Body(body): Body<NewPasskey>,
) -> Result<Response, DeskError> {
    let signed = desk.welcome(&session, body, &door.agent).await?;
    opened(&signed, "/me".to_owned())
}
