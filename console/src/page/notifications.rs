//! What was told to people of a client: by which ways, to whom, and what came of it; a test message.
//! Never here: an address, or what a message says.

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect},
};
use http::StatusCode;

use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Notice, Section, Shell},
    show::{self, Mark, Tone},
    view::{NotificationPage, NotificationRow, WayRow},
    visit::{self, Answer, Sent, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/notifications.html")]
pub struct ToldPage {
    /// Around it.
    pub shell: Shell,
    /// What was told.
    pub told: NotificationPage,
    /// Why a test was not sent.
    pub refused: Option<Refused>,
}

/// `GET /clients/{client}/notifications`
pub(crate) async fn show(visit: Visit, Path(client): Path<String>) -> Answer {
    page(&visit, &client, StatusCode::OK, None).await
}

async fn page(visit: &Visit, client: &str, code: StatusCode, refused: Option<Refused>) -> Answer {
    let told = visit.tell(visit.desk.notifications(&visit.who, client).await)?;
    let shell = visit.shell_at(client, "What was told", Section::Elsewhere)?;
    Ok(render(code, &ToldPage { shell, told, refused }))
}

/// `POST /clients/{client}/notifications/test`
pub(crate) async fn test(Path(client): Path<String>, sent: Sent) -> Answer {
    let Sent { visit, .. } = sent;
    visit.place(&client)?;
    match visit.desk.test_notifications(&visit.who, &client).await {
        Ok(done) => {
            let many = show::plural(done.sent, "test message");
            let what = match done.sent {
                0 => "No way leads out of here, so no test was sent.".to_owned(),
                _ => {
                    format!("{many} put on the way. What came of each stands below within seconds.")
                }
            };
            visit.flashes.notice(&visit.session, Notice { what, line: None });
            Ok(Redirect::to(&route::notifications(&client)).into_response())
        }
        Err(fault) => {
            page(&visit, &client, visit::status(&fault), Some(visit::refused(&fault))).await
        }
    }
}

impl ToldPage {
    /// The client's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.told.client.slug.as_str()
    }

    /// Whether a way is open.
    #[must_use]
    pub fn way(one: &WayRow) -> Mark {
        if one.open { Mark::new(Tone::Go, "Open") } else { Mark::new(Tone::Fail, "Closed") }
    }

    /// What came of a message.
    #[must_use]
    pub fn mark(one: &NotificationRow) -> Mark {
        match one.state {
            "delivered" => Mark::new(Tone::Go, "Delivered"),
            "given up" => Mark::new(Tone::Fail, "Given up"),
            "waiting" => Mark::new(Tone::Wait, "On its way"),
            _ => Mark::new(Tone::Past, "Not needed any more"),
        }
    }

    /// Full, without any way out, and with a test that was refused.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let shell = || Shell::sample_client("What was told", Section::Elsewhere);
        let wrong = Refused {
            code: "DESK-0006".to_owned(),
            field: String::new(),
            what: "an auditor only reads".to_owned(),
            cure: "Ask an engineer, an approver or an owner".to_owned(),
        };
        vec![
            ("full", Self { shell: shell(), told: sample::told(true), refused: None }),
            ("empty", Self { shell: shell(), told: sample::told(false), refused: None }),
            ("refused", Self { shell: shell(), told: sample::told(true), refused: Some(wrong) }),
        ]
    }
}
