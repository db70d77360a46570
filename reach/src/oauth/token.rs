//! The token request (RFC 6749 section 3.2) and its answer, with a proof and one more try where a nonce is wanted.
//!
//! Never here: a field or an answer in a log or an error.

use writ_model::{
    Secret, Span, Timestamp,
    json::{self, Limits, Node},
};

use super::{
    ClientAt, Dpop, Hands, OauthFault, ProofKey, Scheme, challenge::scopes, fault::quoted,
    key::Giver,
};
use crate::{Answer, Ask, Payload, Place, encode};

/// LIMIT: bytes of a token: header fields of servers hold little more.
const MAX_TOKEN: usize = 16 << 10;
/// LIMIT: how long a token is believed without its issuer saying so (RFC 6749 section 5.1 leaves it open).
const UNSAID: Span = Span::hours(1);
/// LIMIT: how long a token is believed at most, whatever its issuer says.
const LONGEST: i64 = 30 * 24 * 3600;

/// What an authorization server gave.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) access: Secret<String>,
    pub(crate) scheme: Scheme,
    pub(crate) refresh: Option<Secret<String>>,
    pub(crate) until: Timestamp,
    /// If it says so; otherwise those that were asked for (RFC 6749 section 5.1).
    pub(crate) scopes: Option<Vec<String>>,
}

/// Where and as whom tokens are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) at: &'a Place,
    pub(crate) client: &'a ClientAt,
    pub(crate) key: Option<&'a ProofKey>,
    pub(crate) dpop: Dpop,
}

pub(crate) type Fields = Vec<(&'static str, Secret<String>)>;

/// A field that is no secret.
pub(crate) fn plain(name: &'static str, value: &str) -> (&'static str, Secret<String>) {
    (name, Secret::new(value.to_owned()))
}

/// Asks for tokens.
pub(crate) async fn tokens(
    hands: &Hands<'_>,
    desk: Desk<'_>,
    fields: Fields,
) -> Result<Tokens, OauthFault> {
    let answer = asked(hands, desk, fields).await?;
    let of = || quoted(&desk.client.issuer);
    let bad = |why: &str| OauthFault::Document { of: of(), why: why.to_owned() };
    let said = json::parse(&answer.body, &Limits::REQUEST)
        .map_err(|why| bad(&format!("its answer is not JSON: {why}")))?;
    let text = |name: &str| said.get(name).and_then(Node::as_str).filter(|text| !text.is_empty());
    let kind = text("token_type").unwrap_or_default();
    let scheme = match (kind.to_ascii_lowercase().as_str(), desk.key, desk.dpop) {
        ("bearer", _, Dpop::Offered | Dpop::Never) => Scheme::Bearer,
        ("dpop", Some(_), _) => Scheme::Dpop,
        _ => return Err(OauthFault::Kind { of: of(), said: quoted(kind) }),
    };
    let token = |name: &str| text(name).map(|text| Secret::new(text.to_owned()));
    let fits = |token: &Secret<String>| {
        token.expose().len() <= MAX_TOKEN
            && token.expose().bytes().all(|byte| byte.is_ascii_graphic())
    };
    let access =
        token("access_token").filter(fits).ok_or_else(|| bad("its answer has no token"))?;
    let now = hands.clock.now();
    let life = said.get("expires_in").and_then(Node::as_i64);
    let life = life.map_or(UNSAID, |seconds| Span::seconds(seconds.clamp(0, LONGEST)));
    Ok(Tokens {
        access,
        scheme,
        refresh: token("refresh_token").filter(fits),
        until: now + life,
        scopes: text("scope").map(scopes),
    })
}

/// Sends a form to a token endpoint; answers with what a 200 carries.
pub(crate) async fn asked(
    hands: &Hands<'_>,
    desk: Desk<'_>,
    mut fields: Fields,
) -> Result<Answer, OauthFault> {
    let authorization = desk.client.proved(hands, &mut fields)?;
    let form: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (*name, value.expose().as_str())).collect();
    let form = Secret::new(encode(&form));
    // LIMIT: one more try, with the nonce that it wants (RFC 9449 section 8). The first was refused before it counted.
    for last in [false, true] {
        let headers = match desk.key {
            Some(key) => {
                let to = ("POST", desk.at.as_str());
                vec![("dpop", key.proof(hands, to, None, Giver::Issuer)?)]
            }
            None => Vec::new(),
        };
        let send = Payload::Form(form.clone());
        let (to, authorization) = (desk.at.clone(), authorization.clone());
        let answer = hands.outside.ask(Ask { to, send, authorization, headers }).await?;
        if let (Some(key), Some(nonce)) = (desk.key, &answer.nonce) {
            key.keep(Giver::Issuer, nonce);
        }
        if answer.status == 200 {
            return Ok(answer);
        }
        let refused = refused(desk.client, &answer);
        let again = answer.nonce.is_some() && desk.key.is_some() && refused.1 == "use_dpop_nonce";
        if last || !again {
            return Err(refused.0);
        }
    }
    Err(OauthFault::Key)
}

/// What a refusal says (RFC 6749 section 5.2), and its bare error word.
fn refused(client: &ClientAt, answer: &Answer) -> (OauthFault, String) {
    let of = quoted(&client.issuer);
    let said = json::parse(&answer.body, &Limits::SMALL).ok();
    let text = |name: &str| {
        said.as_ref().and_then(|said| said.get(name)).and_then(Node::as_str).map(quoted)
    };
    let word = text("error").unwrap_or_default();
    let error = match (word.is_empty(), text("error_description")) {
        (true, _) => format!("it answers {}", answer.status),
        (false, Some(why)) => format!("{word} ({why})"),
        (false, None) => word.clone(),
    };
    let gone = answer.status < 500 && answer.status != 429;
    (OauthFault::Refused { of, error, gone }, word)
}
