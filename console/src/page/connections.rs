//! What reaches in and out: programs that people let in, and accounts at protected servers.
//! Never here: a token, or ending anything by looking (`form/account.rs`, `form/act.rs`).

use askama::Template;
use axum::extract::Path;
use http::StatusCode;
use writ_desk::view::{ConnectedRow, ConsentRow, ConsentsView, UpstreamView};
use writ_model::Timestamp;

use crate::{
    page::{render, tools::plain},
    route,
    shell::{Section, Shell},
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/connections.html")]
pub struct ConnectionsPage {
    /// Around it.
    pub shell: Shell,
    /// Programs that were let in.
    pub consents: ConsentsView,
    /// Protected servers with their accounts.
    pub servers: Vec<UpstreamView>,
}

/// The link by which an account is connected.
#[derive(Debug, Template)]
#[template(path = "page/connected.html")]
pub struct LinkPage {
    /// Around it.
    pub shell: Shell,
    /// At which server.
    pub server: String,
    /// Where to go.
    pub url: String,
    /// Until when.
    pub until: Timestamp,
}

/// `GET /clients/{client}/connections`
pub(crate) async fn show(visit: Visit, Path(client): Path<String>) -> Answer {
    let consents = visit.tell(visit.desk.consents(&visit.who, &client).await)?;
    let servers = visit.tell(visit.desk.upstreams(&visit.who, &client).await)?;
    let shell = visit.shell_at(&client, "Connections", Section::Connections)?;
    Ok(render(StatusCode::OK, &ConnectionsPage { shell, consents, servers }))
}

fn slug(shell: &Shell) -> &str {
    shell.client.as_ref().map_or("", |one| one.slug.as_str())
}

impl ConnectionsPage {
    /// The client's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        slug(&self.shell)
    }

    /// All of it in one sentence.
    #[must_use]
    pub fn lead(&self) -> String {
        let accounts: usize = self.servers.iter().map(|server| server.accounts.len()).sum();
        let programs = self.consents.rows.len() + self.consents.more;
        let (programs, accounts) =
            (crate::show::plural(programs, "program"), crate::show::plural(accounts, "account"));
        format!("{programs}, {accounts}.")
    }

    /// What a program calls itself, with hidden letters written out.
    #[must_use]
    pub fn name(row: &ConsentRow) -> String {
        plain(&row.name)
    }

    /// How it is known.
    #[must_use]
    pub fn known(row: &ConsentRow) -> String {
        match row.known {
            "listed" => "listed by the operator".to_owned(),
            "document" => plain(&row.client_id),
            _ => "registered itself".to_owned(),
        }
    }

    /// Which servers it reaches.
    #[must_use]
    pub fn reach(row: &ConsentRow) -> String {
        if row.scopes.iter().any(|scope| scope == "mcp") {
            return "every server".to_owned();
        }
        let names = row.scopes.iter().map(|scope| scope.strip_prefix("mcp:").unwrap_or(scope));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Whose accounts a server takes.
    #[must_use]
    pub fn how(server: &UpstreamView) -> String {
        match (server.consent, server.account_of) {
            (false, _) => "the gateway lets itself in".to_owned(),
            (true, "client") => "one account for all agents".to_owned(),
            (true, of) => format!("one account for each {of}"),
        }
    }

    /// Where an account is ended.
    #[must_use]
    pub fn end(&self, server: &UpstreamView, row: &ConnectedRow) -> String {
        let agent = row.agent.map(|id| id.to_string()).unwrap_or_default();
        let person = row.person.as_ref().map(|one| one.person.to_string()).unwrap_or_default();
        let end = route::account_end(self.slug(), &server.server);
        route::query(end, &[("agent", &agent), ("person", &person)])
    }

    /// Programs and accounts; and none.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let shell = || Shell::sample_client("Connections", Section::Connections);
        let none = ConsentsView { rows: Vec::new(), more: 0 };
        vec![
            (
                "full",
                Self { shell: shell(), consents: sample::consents(), servers: sample::servers() },
            ),
            ("empty", Self { shell: shell(), consents: none, servers: Vec::new() }),
        ]
    }
}

impl LinkPage {
    /// The client's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        slug(&self.shell)
    }

    /// A link.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let shell = Shell::sample_client("Go on to mail", Section::Connections);
        let (server, until) = ("mail".to_owned(), shell.now);
        let url = "https://writ.example/upstream/connect/AQ".to_owned();
        vec![("link", Self { shell, server, url, until })]
    }
}

/// Made-up programs and accounts for samples.
mod sample {
    use writ_desk::view::{ConnectedRow, ConsentRow, ConsentsView, UpstreamView};
    use writ_model::{Side, Span};

    use crate::page::sample::{at, id, now, person};

    fn program(
        (seed, name, known): (u8, &str, &'static str),
        client_id: &str,
        scopes: &[&str],
    ) -> ConsentRow {
        let minutes = i64::from(seed) * 700;
        ConsentRow {
            name: name.to_owned(),
            client_id: client_id.to_owned(),
            known,
            person: person("Dana Cole", Side::Client, true),
            agent: id(seed),
            agent_name: "invoice-bot".to_owned(),
            instance: id(seed + 60),
            resource: "https://gateway.example/mcp".to_owned(),
            scopes: scopes.iter().map(|one| (*one).to_owned()).collect(),
            since: at(minutes),
            used: at(minutes / 9),
            until: now() + Span::days(30) - Span::minutes(minutes),
        }
    }

    pub(super) fn consents() -> ConsentsView {
        let document = "https://assistant.example/client.json";
        let rows = vec![
            program((3, "Desk assistant", "document"), document, &["mcp"]),
            program((7, "Night report", "listed"), "night-report", &["mcp:books", "mcp:mail"]),
            program((12, "Inspector", "registered"), "dyn.1795298400.AQ", &["mcp:mail"]),
        ];
        ConsentsView { rows, more: 4 }
    }

    fn account(holder: &str, wanted: &[&str]) -> ConnectedRow {
        ConnectedRow {
            holder: holder.to_owned(),
            agent: Some(id(7)),
            person: None,
            issuer: "https://id.mail.example".to_owned(),
            scopes: vec!["mail.read".to_owned(), "mail.send".to_owned()],
            wanted: wanted.iter().map(|one| (*one).to_owned()).collect(),
            by: person("Dana Cole", Side::Client, true),
            at: at(4_000),
            line: 88,
        }
    }

    pub(super) fn servers() -> Vec<UpstreamView> {
        let server = |name: &str, account_of, consent, accounts| UpstreamView {
            server: name.to_owned(),
            address: format!("https://{name}.example"),
            grant: if consent { "code" } else { "client_credentials" },
            account_of,
            consent,
            accounts,
        };
        let wants = vec![account("invoice-bot", &[]), account("mail-reader", &["mail.delete"])];
        vec![
            server("mail", "agent", true, wants),
            server("files", "person", true, Vec::new()),
            server("books", "client", false, Vec::new()),
        ]
    }
}
