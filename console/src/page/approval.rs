//! One thing that waits for a yes, for a telephone: one question, what exactly, why, what happens if nobody answers, how to
//! check by another way that it is real, yes or no.
//! Never here: whether somebody may answer (`authority` says), what the yes signs (the page of the signing shows it).

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect},
};
use http::StatusCode;
use writ_desk::DeskError;

use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Section, Shell},
    show::{Mark, Tone},
    view::{HoldState, HoldView, Opened},
    visit::{Answer, Visit},
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/approval.html")]
pub struct ApprovalPage {
    /// Around it.
    pub shell: Shell,
    /// What waits.
    pub hold: HoldView,
    /// Why the answer was not taken.
    pub refused: Option<Refused>,
    /// Whether whoever looks asked for it themselves.
    pub mine: bool,
    /// The word that was typed with it.
    pub typed: String,
}

/// `GET /clients/{client}/approvals/{hold}`
pub(crate) async fn show(visit: Visit, Path((client, hold)): Path<(String, String)>) -> Answer {
    let hold = visit.tell(visit.desk.approval(&visit.who, &client, &hold).await)?;
    let shell = visit.shell_at(&client, "Asks for a yes", Section::Approvals)?;
    let mine = ApprovalPage::asked_by(&visit, &hold);
    let page = ApprovalPage { shell, hold, refused: None, mine, typed: String::new() };
    Ok(render(StatusCode::OK, &page))
}

/// `GET /a/{hold}`: to its page, at whichever client of the reader it is.
pub(crate) async fn follow(visit: Visit, Path(hold): Path<String>) -> Answer {
    let home = visit.home.iter().map(|home| home.slug.clone());
    let slugs: Vec<String> =
        visit.clients.iter().map(|row| row.client.slug.clone()).chain(home).collect();
    for slug in slugs {
        if visit.desk.approval(&visit.who, &slug, &hold).await.is_ok() {
            return Ok(Redirect::to(&route::approval(&slug, &hold)).into_response());
        }
    }
    Err(visit.wrong(&DeskError::not_visible("approval", &hold)))
}

impl ApprovalPage {
    /// Whether whoever visits asked for it themselves.
    pub(crate) fn asked_by(visit: &Visit, hold: &HoldView) -> bool {
        hold.requester() == Some(visit.who.person)
    }

    /// Whether a code waits to be shown to whoever looks: they asked for an enrollment, and it is approved.
    #[must_use]
    pub fn code(&self) -> bool {
        let enrolls = self.hold.asked.actions.iter().any(|one| one.class == "credential.issue");
        self.mine && enrolls && self.hold.state == HoldState::Done
    }

    /// Its state.
    #[must_use]
    pub fn mark(&self) -> Mark {
        mark(self.hold.state)
    }

    /// Whether it can still be answered by anybody.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(self.hold.state, HoldState::Waiting | HoldState::Proposed)
    }

    /// A value as people write it: a text without the marks that JSON puts around it. The exact text stands below.
    #[must_use]
    pub fn bare(value: &str) -> &str {
        value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
    }

    /// Where it stood, as words: `/lines/0/unit_price` is `lines, 0, unit price`.
    #[must_use]
    pub fn place(at: &str) -> String {
        at.trim_start_matches('/').replace('/', ", ").replace('_', " ")
    }

    /// What is said of content that cannot be read.
    #[must_use]
    pub fn unread(&self) -> &'static str {
        match self.hold.asked.opened {
            Opened::Whole => "",
            Opened::Nothing => "Nothing more goes with it.",
            Opened::Gone => {
                "What was sent is not kept here any more, so nobody can say yes to it. If it is still wanted, it will be asked \
                 again."
            }
            Opened::Altered => {
                "What is kept is not what was asked, so nobody can say yes to it. Tell your provider at once."
            }
            Opened::Over => "It is over; what was sent is not kept any longer.",
        }
    }

    /// Whether content that cannot be read stands in the way.
    #[must_use]
    pub fn broken(&self) -> bool {
        matches!(self.hold.asked.opened, Opened::Gone | Opened::Altered)
    }

    /// The page in each state, and with an answer that was not taken.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let page = |hold: HoldView| Self {
            shell: Shell::sample_client("Asks for a yes", Section::Approvals),
            hold,
            refused: None,
            mine: false,
            typed: String::new(),
        };
        let wrong = Refused {
            code: "AUTH-0044".to_owned(),
            field: String::new(),
            what: "no seat is left that Dana Cole could take".to_owned(),
            cure: "Ask somebody who is asked".to_owned(),
        };
        let mut late = page(sample::hold(HoldState::Waiting));
        (late.refused, late.typed) = (Some(wrong), "The invoice is in the post.".to_owned());
        let mut gone = page(sample::hold(HoldState::Waiting));
        gone.hold.asked.opened = Opened::Gone;
        gone.hold.asked.arguments.clear();
        gone.hold.you.approve = false;
        let mut code = page(sample::held_act());
        (code.mine, code.hold.state) = (true, HoldState::Done);
        for one in &mut code.hold.asked.actions {
            "credential.issue".clone_into(&mut one.class);
        }
        vec![
            ("full", page(sample::hold(HoldState::Waiting))),
            ("late", late),
            ("gone", gone),
            ("person", page(sample::held_act())),
            ("code", code),
            ("proposed", page(sample::hold(HoldState::Proposed))),
            ("approved", page(sample::hold(HoldState::Approved))),
            ("done", page(sample::hold(HoldState::Done))),
            ("refused", page(sample::hold(HoldState::Refused))),
            ("expired", page(sample::hold(HoldState::Expired))),
        ]
    }
}

/// A state in a few words.
#[must_use]
pub fn mark(state: HoldState) -> Mark {
    match state {
        HoldState::Waiting => Mark::new(Tone::Wait, "Waits for a yes"),
        HoldState::Proposed => Mark::new(Tone::New, "For a person to do"),
        HoldState::Approved => Mark::new(Tone::Go, "Approved"),
        HoldState::Done => Mark::new(Tone::Go, "Done once"),
        HoldState::Refused => Mark::new(Tone::Stop, "Refused"),
        HoldState::Expired => Mark::new(Tone::Past, "Expired"),
    }
}
