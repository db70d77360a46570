//! [`probe`]: asks a server without a token, to hear what it wants.
//!
//! Never here: a message that could act: `tools/list` reads.

use writ_model::Secret;

use super::{Challenge, Hands, OauthFault, Settings};
use crate::{Ask, Payload};

const ASK: &str = r#"{"jsonrpc":"2.0","id":0,"method":"tools/list","params":{}}"#;

/// What a server says to somebody without a token; nothing if it lets them in or says nothing that we can read.
///
/// # Errors
/// [`OauthFault::Reach`].
pub async fn probe(
    hands: &Hands<'_>,
    settings: &Settings,
) -> Result<Option<Challenge>, OauthFault> {
    let ask = Ask {
        to: settings.at.clone(),
        send: Payload::Json(Secret::new(ASK.as_bytes().to_vec())),
        authorization: None,
        headers: vec![("accept", "application/json, text/event-stream".to_owned())],
    };
    let answer = hands.outside.ask(ask).await?;
    let read = || Challenge::read(answer.challenges.iter().map(String::as_str));
    Ok(if answer.status == 401 { read() } else { None })
}
