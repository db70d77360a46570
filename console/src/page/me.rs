//! My passkeys and my sessions: what signs for me, and where I am signed in.
//! Never here: anybody else's; those are with their party (`people.rs`).

use askama::Template;
use axum::response::{IntoResponse as _, Redirect};
use http::StatusCode;
use writ_desk::ContactBody;

use crate::{
    form::Given,
    page::render,
    part::Refused,
    route,
    shell::{Notice, Section, Shell},
    show::SessionLine,
    view::{
        ContactView,
        people::{Me, PasskeyRow, SessionRow},
    },
    visit::{self, Answer, Sent, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/me.html")]
pub struct MePage {
    /// Around it.
    pub shell: Shell,
    /// Who.
    pub me: Me,
    /// Their sessions.
    pub sessions: Vec<SessionLine>,
    /// The provider's own identity provider, for those it may sign in.
    pub oidc: Option<String>,
    /// Where their messages go.
    pub contact: ContactView,
    /// Why an address was not taken.
    pub refused: Option<Refused>,
}

/// `GET /me`
pub(crate) async fn show(visit: Visit) -> Answer {
    page(&visit, StatusCode::OK, None).await
}

/// `POST /me/contact`: keeps my mail address, or erases it.
pub(crate) async fn contact(sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    match visit.desk.set_contact(&visit.who, ContactBody { mail: given.some("mail") }).await {
        Ok(kept) => {
            let what = match kept.mail {
                Some(mail) => format!("Messages to you go to {mail}."),
                None => "No address of yours is kept; nothing is mailed to you.".to_owned(),
            };
            visit.flashes.notice(&visit.session, Notice { what, line: None });
            Ok(Redirect::to(&route::me()).into_response())
        }
        Err(fault) => {
            page(&visit, visit::status(&fault), Some((visit::refused(&fault), given))).await
        }
    }
}

async fn page(visit: &Visit, code: StatusCode, wrong: Option<(Refused, Given)>) -> Answer {
    let me = visit.tell(visit.desk.me(&visit.who).await)?;
    let mut contact = visit.tell(visit.desk.contact(&visit.who).await)?;
    let sessions = visit.tell(visit.desk.sessions(&visit.who).await)?;
    let shell = visit.shell(&me.person.name, Section::Me);
    let oidc = visit.desk.oidc_name().filter(|_| visit.home.is_some());
    let refused = wrong.map(|(refused, given)| {
        contact.mail = Some(given.one("mail").to_owned());
        refused
    });
    Ok(render(code, &MePage { refused, ..MePage::view(shell, me, sessions, (oidc, contact)) }))
}

impl MePage {
    /// The page of a person.
    #[must_use]
    pub fn view(
        shell: Shell,
        me: Me,
        sessions: Vec<SessionRow>,
        (oidc, contact): (Option<String>, ContactView),
    ) -> Self {
        let line = |row: SessionRow| {
            let end = route::my_session_end(&row.session);
            SessionLine::of(row, end)
        };
        let sessions = sessions.into_iter().map(line).collect();
        Self { shell, me, sessions, oidc, contact, refused: None }
    }

    /// Where their seat is.
    #[must_use]
    pub fn place(&self) -> String {
        format!("Your keys stand in the ledger of {}.", self.me.home.name)
    }

    /// Keys that sign now.
    #[must_use]
    pub fn live(&self) -> usize {
        self.me.passkeys.iter().filter(|key| key.revoked_at.is_none()).count()
    }

    /// Where a key lives.
    #[must_use]
    pub fn kind(key: &PasskeyRow) -> &'static str {
        crate::show::kind(key)
    }

    /// Why a second key.
    #[must_use]
    pub fn urge(&self) -> String {
        let lost = if self.live() == 0 {
            "You have no key: you can sign nothing"
        } else {
            "You have one key. If it is lost, you sign nothing until two people of your party have let you in again"
        };
        format!("{lost}. A second key, on another device or a security key, takes a minute.")
    }

    /// The page with two keys, and with one.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample("Ines Ortega", Section::Me);
        let oidc = Some("Northgate Entra ID".to_owned());
        let (me, alone) = (sample::me(false), sample::me(true));
        let mail = |mail: &str, sends| ContactView { mail: Some(mail.to_owned()), sends };
        let none = ContactView { mail: None, sends: false };
        let wrong = Refused {
            code: "DESK-0004".to_owned(),
            field: "mail".to_owned(),
            what: "this is no mail address".to_owned(),
            cure: "Write one address, for example mira@example.com.".to_owned(),
        };
        let good = (oidc, mail("ines@northgate.example", true));
        let mut bad =
            Self::view(shell(), me.clone(), sample::sessions(), (None, mail("ines", true)));
        bad.refused = Some(wrong);
        vec![
            ("full", Self::view(shell(), me, sample::sessions(), good)),
            ("wrong-address", bad),
            ("one-key", Self::view(shell(), alone, sample::sessions(), (None, none))),
        ]
    }
}
