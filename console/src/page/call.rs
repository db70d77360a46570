//! One call: the verdict and its reason, what it stood on, the decision made again, where its record is sealed.
//! Never here: deciding (the desk decides again, from what was recorded).

use askama::Template;
use axum::extract::Path;
use http::StatusCode;
use writ_model::{Span, ocsf::Disposition};

use crate::{
    page::render,
    route,
    shell::{Section, Shell},
    show::{self, Mark, Tone},
    view::{AnswerView, ApprovalSaid, CallView, CharterSaid, ExplainView, GrantSaid},
    visit::{Answer, Visit},
};

/// LIMIT: characters of arguments or record shown; the download has them all.
const SHOWN: usize = 24_000;

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/call.html")]
pub struct CallDetail {
    /// Around it.
    pub shell: Shell,
    /// The call.
    pub call: CallView,
    /// The decision made again; none if that failed.
    pub explained: Option<ExplainView>,
}

impl CallDetail {
    /// The page of a call.
    #[must_use]
    pub fn view(shell: Shell, call: CallView, explained: Option<ExplainView>) -> Self {
        Self { shell, call, explained }
    }

    /// The verdict.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark::effect(self.call.row.effect)
    }

    /// What would have made it possible.
    #[must_use]
    pub fn cure(&self) -> Option<&str> {
        let refused = self.call.row.effect == Disposition::Blocked;
        self.explained.as_ref().filter(|_| refused).and_then(|one| one.explanation.cure.as_deref())
    }

    /// The grant behind it.
    #[must_use]
    pub fn grant(&self) -> Option<&GrantSaid> {
        let again = || self.explained.as_ref().and_then(|one| one.grant_said.as_ref());
        self.call.grant_said.as_ref().or_else(again)
    }

    /// Whether it stands on the grant, or the grant came nearest.
    #[must_use]
    pub fn stands(&self) -> &'static str {
        match self.call.row.effect {
            Disposition::Blocked => "The grant that came nearest",
            Disposition::Allowed | Disposition::Errored => "The grant it stands on",
        }
    }

    /// The arguments, written out and cut.
    #[must_use]
    pub fn arguments(&self) -> Option<String> {
        let given = self.explained.as_ref()?.arguments.as_ref()?;
        Some(cut(serde_json::to_string_pretty(given).unwrap_or_default()))
    }

    /// The sealed record, written out and cut.
    #[must_use]
    pub fn record(&self) -> String {
        cut(serde_json::to_string_pretty(&self.call.ocsf).unwrap_or_default())
    }

    /// Whether deciding again gave the same.
    #[must_use]
    pub fn again(&self) -> Option<Mark> {
        let same = self.explained.as_ref()?.same?;
        Some(if same {
            Mark::new(Tone::Go, "Same again")
        } else {
            Mark::new(Tone::Wait, "Differs")
        })
    }

    /// Who answered then: word and people.
    #[must_use]
    pub fn answered(&self) -> Vec<(&'static str, String)> {
        let Some(explained) = &self.explained else { return Vec::new() };
        let answers = &explained.answered;
        let names = |list: Vec<&AnswerView>| {
            let names: Vec<_> = list.iter().map(|one| one.person.name.as_str()).collect();
            if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
        };
        vec![
            ("Authorised by", names(answers.authorizer.iter().collect())),
            ("Audited by", names(answers.auditor.iter().collect())),
            ("Could end it", names(answers.terminators.iter().collect())),
        ]
    }

    /// Where the charter of then is read.
    #[must_use]
    pub fn version(&self, charter: &CharterSaid) -> String {
        let version = charter.version.to_string();
        route::query(route::charter(&self.call.row.client.slug), &[("version", &version)])
    }

    /// The page of the approval.
    #[must_use]
    pub fn approval(&self, said: &ApprovalSaid) -> String {
        route::approval(&self.call.row.client.slug, &said.hold)
    }

    /// How long it took.
    #[must_use]
    pub fn took(&self) -> String {
        show::span(Span::micros(i64::try_from(self.call.row.latency_us).unwrap_or(i64::MAX)))
    }
}

/// `GET /clients/{client}/calls/{call}`
pub(crate) async fn show(visit: Visit, Path((client, call)): Path<(String, String)>) -> Answer {
    let view = visit.tell(visit.desk.call(&visit.who, &client, &call).await)?;
    let explained = visit.desk.explain_call(&visit.who, &client, &call).await.ok();
    let title = format!("{} on {}", show::thing(&view.row), view.row.server);
    let shell = visit.shell_at(&client, &title, Section::Calls)?;
    Ok(render(StatusCode::OK, &CallDetail::view(shell, view, explained)))
}

fn cut(text: String) -> String {
    if text.chars().nth(SHOWN).is_none() {
        return text;
    }
    let mut out: String = text.chars().take(SHOWN).collect();
    out.push_str("\n… cut");
    out
}

impl CallDetail {
    /// A refused call, a permitted one that is not sealed yet.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample_client("A call", Section::Calls);
        let (call, explained) = sample::call_refused();
        let mut open = call.clone();
        open.row.effect = Disposition::Allowed;
        "Dana Cole granted: may call tool send_message on mail".clone_into(&mut open.row.detail);
        open.seal = None;
        vec![
            ("refused", Self::view(shell(), call.clone(), Some(explained.clone()))),
            ("approved", Self::view(shell(), call, Some(sample::approved(explained)))),
            ("bare", Self::view(shell(), open, None)),
        ]
    }
}
