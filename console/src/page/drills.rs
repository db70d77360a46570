//! Rehearsed endings of an agent: the history, and one of them step by step with its times.
//! Never here: a time that was not measured, or playing the drill (the desk does).

use askama::Template;
use axum::{Json, extract::Path, response::IntoResponse as _};
use http::{StatusCode, header};
use writ_desk::AsWritten;

use crate::{
    page::render,
    shell::{Section, Shell},
    show::{self, Mark, Svg, Tone},
    view::{DrillPage, DrillStep, DrillView},
    visit::{Answer, Visit},
};

/// The history.
#[derive(Debug, Template)]
#[template(path = "page/drills.html")]
pub struct DrillsPage {
    /// Around it.
    pub shell: Shell,
    /// The drills.
    pub drills: DrillPage,
}

/// One drill.
#[derive(Debug, Template)]
#[template(path = "page/drill.html")]
pub struct OnePage {
    /// Around it.
    pub shell: Shell,
    /// The drill.
    pub drill: DrillView,
}

/// `GET /clients/{client}/drills`
pub(crate) async fn show(visit: Visit, Path(client): Path<String>) -> Answer {
    let drills = visit.tell(visit.desk.drills(&visit.who, &client).await)?;
    let shell = visit.shell_at(&client, "Drills", Section::Drills)?;
    Ok(render(StatusCode::OK, &DrillsPage { shell, drills }))
}

/// `GET /clients/{client}/drills/{drill}`
pub(crate) async fn one(visit: Visit, Path((client, drill)): Path<(String, String)>) -> Answer {
    let drill = visit.tell(visit.desk.drill(&visit.who, &client, &drill).await)?;
    let shell =
        visit.shell_at(&client, &format!("Drill of {}", drill.agent_name), Section::Drills)?;
    Ok(render(StatusCode::OK, &OnePage { shell, drill }))
}

/// `GET /clients/{client}/drills/{drill}/drill.json`
pub(crate) async fn file(visit: Visit, Path((client, drill)): Path<(String, String)>) -> Answer {
    let file = visit.tell(visit.desk.drill_file(&visit.who, &client, &drill).await)?;
    let name = [(header::CONTENT_DISPOSITION, "attachment; filename=\"drill.json\"")];
    Ok((AsWritten, name, Json(file)).into_response())
}

/// How it came out, as a mark.
#[must_use]
pub fn mark(one: &DrillView) -> Mark {
    match one.state {
        "passed" => Mark::new(Tone::Go, "Passed"),
        "failed" => Mark::new(Tone::Stop, "Failed"),
        "broken_off" => Mark::new(Tone::Fail, "Broken off"),
        _ => Mark::new(Tone::Wait, "Running"),
    }
}

/// A measured time, if there is one.
#[must_use]
pub fn took(micros: Option<&u64>) -> String {
    micros.map_or_else(|| "not measured".to_owned(), show::micros)
}

impl DrillsPage {
    /// The client's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.drills.client.slug.as_str()
    }

    /// The end against the industry's mark, as a bar.
    #[must_use]
    pub fn bar(one: &DrillView) -> Option<Svg> {
        one.end_us.map(|end| show::stretch((0, end), one.mark_us))
    }

    /// The newest that has a result.
    #[must_use]
    pub fn last(&self) -> Option<&DrillView> {
        self.drills.rows.iter().find(|one| one.done_at.is_some())
    }

    /// One sentence.
    #[must_use]
    pub fn lead(&self) -> String {
        match self.last() {
            None => {
                "No ending was rehearsed yet, so nobody knows how long one takes here.".to_owned()
            }
            Some(one) => format!(
                "The last ending took {} from the decision until it was refused everywhere; a minute is the industry's mark.",
                took(one.end_us.as_ref())
            ),
        }
    }

    /// With a history, overdue, and without any.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample_client("Drills", Section::Drills);
        let mut late = sample::drills(true);
        late.overdue = true;
        vec![
            ("full", Self { shell: shell(), drills: sample::drills(true) }),
            ("overdue", Self { shell: shell(), drills: late }),
            ("empty", Self { shell: shell(), drills: sample::drills(false) }),
        ]
    }
}

impl OnePage {
    /// Its state.
    #[must_use]
    pub fn mark(&self) -> Mark {
        mark(&self.drill)
    }

    /// Where the step stands in the whole, as a bar.
    #[must_use]
    pub fn bar(&self, one: &DrillStep) -> Svg {
        let last =
            self.drill.steps.iter().map(|step| step.at_us.saturating_add(step.took_us)).max();
        show::stretch((one.at_us, one.took_us), self.drill.total_us.max(last).unwrap_or(1))
    }

    /// Whether it went as it must.
    #[must_use]
    pub fn went(one: &DrillStep) -> Mark {
        if one.ok {
            Mark::new(Tone::Go, "As it must")
        } else {
            Mark::new(Tone::Stop, "Not as it must")
        }
    }

    /// The whole against the mark, in words.
    #[must_use]
    pub fn verdict(&self) -> Option<String> {
        let end = self.drill.end_us?;
        let (minute, ours) = (show::micros(self.drill.mark_us), show::micros(self.drill.ours_us));
        let within = |yes: Option<bool>| if yes == Some(true) { "within" } else { "over" };
        Some(format!(
            "Ended everywhere in {}: {} the industry's mark of {minute}, {} our own of {ours}.",
            show::micros(end),
            within(self.drill.within_mark),
            within(self.drill.within_ours),
        ))
    }

    /// Passed, failed, running.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let page = |drill| Self { shell: Shell::sample_client("Drill", Section::Drills), drill };
        vec![
            ("passed", page(sample::drill("passed"))),
            ("failed", page(sample::drill("failed"))),
            ("running", page(sample::drill("running"))),
        ]
    }
}
