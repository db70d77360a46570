//! My passkeys and my sessions: what signs for me, and where I am signed in.
//! Never here: anybody else's; those are with their party (`people.rs`).

use askama::Template;
use http::StatusCode;

use crate::{
    page::render,
    route,
    shell::{Section, Shell},
    show::SessionLine,
    view::people::{Me, PasskeyRow, SessionRow},
    visit::{Answer, Visit},
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
}

/// `GET /me`
pub(crate) async fn show(visit: Visit) -> Answer {
    let me = visit.tell(visit.desk.me(&visit.who).await)?;
    let sessions = visit.tell(visit.desk.sessions(&visit.who).await)?;
    let shell = visit.shell(&me.person.name, Section::Me);
    let oidc = visit.desk.oidc_name().filter(|_| visit.home.is_some());
    Ok(render(StatusCode::OK, &MePage::view(shell, me, sessions, oidc)))
}

impl MePage {
    /// The page of a person.
    #[must_use]
    pub fn view(shell: Shell, me: Me, sessions: Vec<SessionRow>, oidc: Option<String>) -> Self {
        let line = |row: SessionRow| {
            let end = route::my_session_end(&row.session);
            SessionLine::of(row, end)
        };
        Self { shell, me, sessions: sessions.into_iter().map(line).collect(), oidc }
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
        vec![
            ("full", Self::view(shell(), me, sample::sessions(), oidc)),
            ("one-key", Self::view(shell(), alone, sample::sessions(), None)),
        ]
    }
}
