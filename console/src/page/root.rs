//! The root key's fingerprint as a page to print, for the paper contract.
//! Never here: another key's fingerprint.

use askama::Template;
use axum::extract::Path;
use http::StatusCode;
use writ_desk::DeskError;

use crate::{
    page::render,
    shell::{Section, Shell},
    show::{self, When},
    view::people::PasskeyRow,
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/root.html")]
pub struct RootPage {
    /// Around it.
    pub shell: Shell,
    /// The key.
    pub key: PasskeyRow,
    /// Whose it is.
    pub owner: String,
    /// The ledger's id.
    pub key_of: String,
    /// The root key before the ledger moved here from another provider, if it was another.
    pub former: Option<PasskeyRow>,
    /// Who was called on which number before it was admitted, as the ledger says it.
    pub called: Option<String>,
}

/// `GET /clients/{client}/root`
pub(crate) async fn show(visit: Visit, Path(client): Path<String>) -> Answer {
    let place = visit.place(&client)?;
    let keys = visit.tell(visit.desk.client_passkeys(&visit.who, &client).await)?;
    let former = keys.iter().find(|key| key.former_root).cloned();
    let key = keys.into_iter().find(|key| key.root);
    // After a move and before somebody of the client is let in again, the former one is the only one.
    let (key, former) = if key.is_none() { (former, None) } else { (key, former) };
    let key = visit.tell(key.ok_or_else(|| DeskError::not_visible("root key of", &client)))?;
    let people = visit.tell(visit.desk.people(&visit.who, &client).await)?;
    let owner = people.into_iter().find(|one| one.person == key.person).map(|one| one.name);
    // The call-back stands directly before the seat and the key that it let in.
    let (who, from) = (&visit.who, key.line.saturating_sub(CALLED_BEFORE));
    let lines = visit.desk.ledger_page(who, &client, Some(from), Some(CALLED_LINES)).await;
    let lines = visit.tell(lines)?.lines;
    let mut called = lines.into_iter().filter(|line| line.kind == "call_back_recorded");
    let called = called.next().map(|line| line.says);
    let shell = visit.shell_at(&client, "Root key", Section::People)?;
    let (owner, key_of) = (owner.unwrap_or_default(), place.tenant.to_string());
    Ok(render(StatusCode::OK, &RootPage { shell, key, owner, key_of, former, called }))
}

/// The value of `--root`: one fingerprint, or after a move `OLD,NEW`.
pub(crate) fn both(former: Option<&str>, root: &str) -> String {
    former.map_or_else(|| root.to_owned(), |former| format!("{former},{root}"))
}

/// Lines of one admission before the key: the receipt, the call-back, the seat.
const CALLED_BEFORE: u64 = 3;
/// LIMIT: lines looked at for the call-back.
const CALLED_LINES: usize = 4;

impl RootPage {
    /// The client's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.name.as_str())
    }

    /// Its short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.slug.as_str())
    }

    /// The provider, by name for its own people.
    #[must_use]
    pub fn provider(&self) -> &str {
        let name = self.shell.provider.as_str();
        if name.is_empty() { "the provider" } else { name }
    }

    /// What a verifier insists on: the fingerprint, or after a move both, the former first.
    #[must_use]
    pub fn insists(&self) -> String {
        both(self.former.as_ref().map(|key| key.fingerprint.as_str()), &self.key.fingerprint)
    }

    /// Where the key lives.
    #[must_use]
    pub fn kind(key: &PasskeyRow) -> String {
        show::kind(key).to_lowercase()
    }

    /// The instant, as paper needs it.
    #[must_use]
    pub fn exact(&self) -> String {
        When::new(self.key.at, self.shell.now).exact()
    }

    /// The page.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let keys = sample::parties(writ_model::Side::Client).keys;
        let called =
            "Ines Ortega called Dana Cole on +1 207 555 0142, the number of the shop's sign";
        let page = |key| Self {
            shell: Shell::sample_client("Root key", Section::People),
            key,
            owner: "Dana Cole".to_owned(),
            key_of: sample::client_view(1).tenant.to_string(),
            former: None,
            called: Some(called.to_owned()),
        };
        let former = keys.iter().find(|key| !key.root).cloned();
        let root = keys.into_iter().find(|key| key.root);
        let moved = root.clone().map(|key| ("moved", Self { former, ..page(key) }));
        root.map(|key| ("full", page(key))).into_iter().chain(moved).collect()
    }
}
