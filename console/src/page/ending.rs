//! One act that ended many agents: who did it, how many, and how it stands at each gateway.
//! Never here: waiting for gateways (the desk waits).

use askama::Template;
use axum::extract::Path;
use http::StatusCode;

use crate::{
    page::render,
    shell::{Section, Shell},
    show,
    view::{EndingView, Reach},
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/ending.html")]
pub struct EndingPage {
    /// Around it.
    pub shell: Shell,
    /// The act.
    pub ending: EndingView,
}

/// `GET /clients/{client}/endings/{line}`
pub(crate) async fn show(visit: Visit, Path((client, line)): Path<(String, u64)>) -> Answer {
    let ending = visit.tell(visit.desk.ending(&visit.who, &client, line).await)?;
    let title = format!("{} ended", show::plural(ending.agents, "agent"));
    let shell = visit.shell_at(&client, &title, Section::Agents)?;
    Ok(render(StatusCode::OK, &EndingPage { shell, ending }))
}

impl EndingPage {
    /// The client's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.ending.client.slug.as_str()
    }

    /// Gateways that it reached, of all.
    #[must_use]
    pub fn reached(&self) -> String {
        let all = self.ending.targets.len();
        let done = self.ending.targets.iter().filter(|one| one.how != Reach::Waiting).count();
        format!("{done} of {}", show::plural(all, "gateway"))
    }

    /// Reached everywhere, and still waiting.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample_client("41 agents ended", Section::Agents);
        let one = |complete| Self { shell: shell(), ending: sample::ending(complete) };
        vec![("full", one(true)), ("waiting", one(false))]
    }
}
