//! What is to be signed: the exact text, its digest, its short code, and the button that asks for the passkey. On a second
//! device the same page opens by the short code.
//! Never here: the text (it is `authority`'s, a function of what is signed), or a way around the passkey.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    flash::Once,
    form::{FormPage, Given},
    page::render,
    part::Refused,
    route,
    shell::{ClientRef, Notice, Section, Shell},
    show::{self, Mark, Svg, Tone},
    view::{
        HoldView,
        signing::{SigningState, SigningView},
    },
    visit::{Answer, Sent, Visit, WAITS, refused, status},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/signing.html")]
pub struct SigningPage {
    /// Around it.
    pub shell: Shell,
    /// What is to be signed.
    pub ask: SigningView,
    /// Where this server is, for the second device.
    pub origin: String,
    /// Why it was not done although it was signed.
    pub refused: Option<Refused>,
    /// What the yes is about, if it is one: what is signed has only its digest.
    pub hold: Option<HoldView>,
}

/// `?code=` of the form that opens one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    code: String,
}

/// `GET /sign`: type a short code.
pub(crate) async fn ask(visit: Visit, Query(typed): Query<Typed>) -> Answer {
    let code = code(&typed.code);
    if code.is_empty() {
        let shell = visit.shell("Sign by short code", Section::Me);
        return Ok(render(StatusCode::OK, &CodePage { shell, typed: String::new(), wrong: None }));
    }
    match visit.desk.signing(&visit.who, &code) {
        Ok(ask) => Ok(Redirect::to(&route::signing(&ask.code)).into_response()),
        Err(fault) => {
            let shell = visit.shell("Sign by short code", Section::Me);
            let wrong = Some(refused(&fault));
            Ok(render(status(&fault), &CodePage { shell, typed: code, wrong }))
        }
    }
}

/// A short code as somebody typed it: `k7qf93td` is `K7QF-93TD`.
fn code(text: &str) -> String {
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).take(32).collect::<String>();
    match (letters.len(), letters.get(..4), letters.get(4..)) {
        (8, Some(a), Some(b)) => format!("{a}-{b}").to_ascii_uppercase(),
        _ => letters,
    }
}

/// `GET /sign/{signing}`: shows it; once it is signed, goes on to where it leads and says there what was done.
pub(crate) async fn show(visit: Visit, Path(signing): Path<String>) -> Answer {
    let ask = visit.tell(visit.desk.signing(&visit.who, &signing))?;
    let next = route::local(&ask.next).unwrap_or_else(route::decisions);
    if ask.state == SigningState::Signed {
        if let Some(waits) = ask.outcome.as_ref().and_then(|outcome| held(&visit, &ask, outcome)) {
            return Ok(waits);
        }
        if let Some(outcome) = &ask.outcome {
            told(&visit, &ask.client.slug, outcome);
        }
        return Ok(Redirect::to(&next).into_response());
    }
    let client = ClientRef::of(&ask.client);
    let shell = Shell { client: Some(client), ..visit.shell(&ask.title, Section::Elsewhere) };
    let origin = visit.desk.origin().to_owned();
    let hold = approved(&visit, &ask).await;
    Ok(render(StatusCode::OK, &SigningPage { hold, ..SigningPage::view(shell, ask, origin) }))
}

/// What a yes is about, as its own page shows it: only if that page is where the signing came from, and the digest is the
/// one that stands in the signed text.
async fn approved(visit: &Visit, ask: &SigningView) -> Option<HoldView> {
    let slug = ask.client.slug.as_str();
    let hold = ask.next.strip_prefix(&format!("{}/", route::client_approvals(slug)))?;
    let hold = visit.desk.approval(&visit.who, slug, hold).await.ok()?;
    let digest = hold.asked.digest.to_string();
    ask.text.iter().any(|line| line.contains(&digest)).then_some(hold)
}

/// To the page of what waits, if what was signed waits for others now.
fn held(visit: &Visit, ask: &SigningView, outcome: &Value) -> Option<Response> {
    let hold = outcome.get("hold")?.get("hold")?.as_str()?;
    let what = format!("You signed. {WAITS}");
    visit.flashes.notice(&visit.session, Notice { what, line: None });
    Some(Redirect::to(&route::approval(&ask.client.slug, hold)).into_response())
}

/// Leaves what was done, and what is shown once, for the next page.
fn told(visit: &Visit, client: &str, outcome: &Value) {
    let text = |name: &str| outcome.get(name).and_then(Value::as_str).map(str::to_owned);
    let says = outcome.get("says").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let says = says.iter().filter_map(Value::as_str).map(crate::part::sentence);
    let what = says.collect::<Vec<_>>().join(" ");
    if !what.is_empty() {
        let line = outcome.get("line").and_then(Value::as_u64);
        let line = line.map(|line| (line, route::line(client, &line)));
        visit.flashes.notice(&visit.session, Notice { what, line });
    }
    if let (Some(link), Some(expires)) = (text("link"), text("expires")) {
        let recovery = outcome.get("recovery").is_some();
        let expires = expires.parse().unwrap_or_else(|_unread| visit.desk.now());
        visit.flashes.once(&visit.session, Once { link, expires, recovery });
    }
}

/// `GET /sign/{signing}/refuse`
pub(crate) async fn show_refuse(visit: Visit, Path(signing): Path<String>) -> Answer {
    let ask = visit.tell(visit.desk.signing(&visit.who, &signing))?;
    let client = ClientRef::of(&ask.client);
    let shell = Shell { client: Some(client), ..visit.shell("", Section::Elsewhere) };
    Ok(render(StatusCode::OK, &refuse_form(shell, &ask)))
}

/// `POST /sign/{signing}/refuse`
pub(crate) async fn take_refuse(Path(signing): Path<String>, sent: Sent) -> Answer {
    let Sent { visit, given: Given(_) } = sent;
    let ask = visit.tell(visit.desk.refuse_signing(&visit.who, &signing))?;
    let what = format!("Not signed: {}. Nothing was changed.", ask.title);
    visit.flashes.notice(&visit.session, Notice { what, line: None });
    let next = route::local(&ask.next).unwrap_or_else(route::decisions);
    Ok(Redirect::to(&next).into_response())
}

fn refuse_form(mut shell: Shell, ask: &SigningView) -> FormPage {
    let heading = format!("Do not sign: {}", ask.title);
    shell.title.clone_from(&heading);
    let action = route::signing_refuse(&ask.code);
    let mut page = FormPage::new(shell, heading, action, "Refuse to sign");
    "It can then not be signed on any device; nothing is changed. If you did not ask for it, somebody used your session: \
     end your other sessions too."
        .clone_into(&mut page.lead);
    page.facts = ask.text.iter().take(1).map(|one| ("It says", one.clone())).collect();
    page.back = route::signing(&ask.code);
    page
}

/// The page on which a short code is typed.
#[derive(Debug, Template)]
#[template(path = "page/sign.html")]
pub struct CodePage {
    /// Around it.
    pub shell: Shell,
    /// What was typed.
    pub typed: String,
    /// What is wrong with it.
    pub wrong: Option<Refused>,
}

impl CodePage {
    /// The page, and with a code that opens nothing.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |typed: &str, wrong| Self {
            shell: Shell::sample("Sign by short code", Section::Me),
            typed: typed.to_owned(),
            wrong,
        };
        let wrong = Refused {
            code: "DESK-0017".to_owned(),
            field: "code".to_owned(),
            what: "nothing of yours waits under this code".to_owned(),
            cure: "Compare it with the other device; it lives for five minutes".to_owned(),
        };
        vec![("empty", page("", None)), ("wrong", page("K7QF-93TB", Some(wrong)))]
    }
}

impl SigningPage {
    /// The page of what is to be signed.
    #[must_use]
    pub fn view(shell: Shell, ask: SigningView, origin: String) -> Self {
        let text = |name: &str| {
            let outcome = ask.outcome.as_ref()?;
            Some(outcome.get(name)?.as_str()?.to_owned())
        };
        let refused = text("detail").map(|what| Refused {
            code: text("code").unwrap_or_default(),
            field: String::new(),
            what,
            cure: text("cure").unwrap_or_default(),
        });
        Self { shell, ask, origin, refused, hold: None }
    }

    /// Whether it can still be signed.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.ask.state == SigningState::Waiting
    }

    /// One sentence under the title.
    #[must_use]
    pub fn lead(&self) -> &'static str {
        match self.ask.state {
            SigningState::Waiting => {
                "Read it. What your passkey signs is exactly this text; it stands in the ledger with your name, for good."
            }
            SigningState::Signed => "It is signed.",
            SigningState::Expired => {
                "Nobody signed it in time. Nothing was changed; ask for it again."
            }
            SigningState::Refused => {
                "It was not signed, or refused when it was. Nothing was changed."
            }
        }
    }

    /// Its state.
    #[must_use]
    pub fn mark(&self) -> Mark {
        match self.ask.state {
            SigningState::Waiting => Mark::new(Tone::Wait, "Waits for you"),
            SigningState::Signed => Mark::new(Tone::Go, "Signed"),
            SigningState::Expired => Mark::new(Tone::Past, "Expired"),
            SigningState::Refused => Mark::new(Tone::Stop, "Not signed"),
        }
    }

    /// The client's chip.
    #[must_use]
    pub fn chip(&self) -> Svg {
        show::chip(&self.ask.client.slug)
    }

    /// What the browser is asked with.
    #[must_use]
    pub fn options(&self) -> String {
        self.ask.options.to_string()
    }

    /// Waiting, expired, and refused by a rule.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let page = |state| {
            let ask = sample::signing(state);
            let shell = Shell::sample_client(&ask.title, Section::Elsewhere);
            Self::view(shell, ask, "http://localhost:7420".to_owned())
        };
        let hold = Some(sample::hold(crate::view::HoldState::Waiting));
        vec![
            ("full", page(SigningState::Waiting)),
            ("approval", Self { hold, ..page(SigningState::Waiting) }),
            ("expired", page(SigningState::Expired)),
            ("refused", page(SigningState::Refused)),
        ]
    }
}

/// The form that refuses.
pub(crate) fn refusals() -> Vec<(&'static str, FormPage)> {
    let ask = crate::page::sample::signing(SigningState::Waiting);
    vec![("full", refuse_form(Shell::sample_client("", Section::Elsewhere), &ask))]
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn short_codes_are_read_as_typed() {
        assert_eq!(code(" k7qf 93td "), "K7QF-93TD");
        assert_eq!(code("K7QF-93TD"), "K7QF-93TD");
        assert_eq!(code("../../x"), "x");
    }
}
