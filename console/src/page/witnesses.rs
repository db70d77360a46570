//! Witnesses of a ledger: how far each has seen, when, and whether it disagrees; how to start one.
//! Never here: checking (`evidence`, at the witness), or a witness's private key.

use askama::Template;
use axum::extract::Path;
use http::StatusCode;

use crate::{
    page::{render, root::both},
    shell::{Section, Shell},
    show::{self, Mark, Tone},
    view::{people::PasskeyRow, witness::WitnessRow},
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/witnesses.html")]
pub struct WitnessesPage {
    /// Around it.
    pub shell: Shell,
    /// The witnesses, those who disagree first.
    pub rows: Vec<WitnessRow>,
    /// Lines of the ledger.
    pub size: u64,
    /// The ledger's verifier key.
    pub key: String,
    /// The root key's fingerprint, if there is one; after a move both, the former first.
    pub root: Option<String>,
    /// Where this server is.
    pub origin: String,
}

/// `GET /clients/{client}/witnesses`
pub(crate) async fn show(visit: Visit, Path(client): Path<String>) -> Answer {
    let (desk, who) = (&visit.desk, &visit.who);
    let mut rows = visit.tell(desk.witnesses(who, &client).await)?;
    let checkpoint = visit.tell(desk.checkpoint(who, &client).await)?;
    let keys = visit.tell(desk.client_passkeys(who, &client).await)?;
    rows.sort_by_key(|one| (one.disagrees.is_none(), one.named_at));
    let page = WitnessesPage {
        rows,
        size: checkpoint.size,
        key: checkpoint.verifier_key,
        root: root(&keys),
        origin: desk.origin().to_owned(),
        shell: visit.shell_at(&client, "Witnesses", Section::Witnesses)?,
    };
    Ok(render(StatusCode::OK, &page))
}

/// What a verifier insists on: the root key's fingerprint, after a move both, the former first.
fn root(keys: &[PasskeyRow]) -> Option<String> {
    let former = keys.iter().find(|key| key.former_root).map(|key| key.fingerprint.as_str());
    let root = keys.iter().find(|key| key.root).map(|key| key.fingerprint.as_str());
    match (former, root) {
        (former, Some(root)) => Some(both(former, root)),
        (former, None) => former.map(str::to_owned),
    }
}

impl WitnessesPage {
    /// The party's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.slug.as_str())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.name.as_str())
    }

    /// How many lines it has seen.
    #[must_use]
    pub fn seen(one: &WitnessRow) -> String {
        show::count(one.seen_size.unwrap_or_default())
    }

    /// All of them in one sentence.
    #[must_use]
    pub fn state(&self) -> String {
        let (bad, all) =
            (self.rows.iter().filter(|one| one.disagrees.is_some()).count(), self.rows.len());
        match (bad, all) {
            (_, 0) => "None is named here.".to_owned(),
            (0, all) => format!(
                "{}, none disagrees.",
                show::plural(all, "witness").replace("witnesss", "witnesses")
            ),
            (1, all) => format!("One of {all} disagrees."),
            (bad, all) => format!("{bad} of {all} disagree."),
        }
    }

    /// One of them in one word.
    #[must_use]
    pub fn mark(one: &WitnessRow) -> Mark {
        match (&one.disagrees, one.seen_size) {
            (Some(_), _) => Mark::new(Tone::Stop, "Disagrees"),
            (None, None) => Mark::new(Tone::Wait, "Never heard"),
            (None, Some(_)) if one.behind == 0 => Mark::new(Tone::Go, "Has seen all"),
            (None, Some(_)) => Mark::new(Tone::Wait, "Behind"),
        }
    }

    /// How it is started.
    #[must_use]
    pub fn command(&self) -> String {
        let root = self.root.as_ref().map(|root| format!(" --root {root}")).unwrap_or_default();
        let Self { origin, key, .. } = self;
        format!("writ witness run witness --server {origin} --log-key '{key}'{root}")
    }

    /// Witnesses that agree, are behind, disagree; and none.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let page = |rows: Vec<WitnessRow>, root: Option<&str>| Self {
            shell: Shell::sample_client("Witnesses", Section::Witnesses),
            rows,
            size: 212,
            key: "writ-ledger/harbor-books+1f2a7c90+AaE3k1h0b7bXl3o9JtB5Yd2vQm8sWc4uZx6nRf1gTqLp"
                .to_owned(),
            root: root.map(str::to_owned),
            origin: "http://localhost:7420".to_owned(),
        };
        let root = Some(sample::FINGER);
        let mut calm = sample::witnesses();
        calm.retain(|one| one.disagrees.is_none());
        vec![
            ("full", page(calm, root)),
            ("disagrees", page(sample::witnesses(), root)),
            ("empty", page(Vec::new(), None)),
        ]
    }
}
