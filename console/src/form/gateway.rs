//! What people do about one gateway: halt it, drain it, let it serve again. Each with its consequence said before.
//! Never here: who may (`authority` refuses); a gateway that cannot be reached is halted at its own machine.

use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;

use super::{Field, FormPage, Given, Input};
use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Notice, Section, Shell},
    visit::{self, Answer, Sent, Visit},
};

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Refuse everything at once.
    Halt,
    /// Take nothing new.
    Drain,
    /// Go on.
    Serve,
}

impl Wish {
    /// Every one, for tests.
    pub const ALL: [Self; 3] = [Self::Halt, Self::Drain, Self::Serve];

    fn words(self, gateway: &str) -> (String, &'static str, &'static str) {
        match self {
            Self::Halt => (
                format!("Halt gateway {gateway}"),
                "It refuses every call of every client at once and cuts what is open. It stays halted over restarts until \
                 somebody signs that it may serve again. If it cannot be reached from here, run `writ gateway halt` on its \
                 own machine.",
                "Halt it",
            ),
            Self::Drain => (
                format!("Drain gateway {gateway}"),
                "It takes nothing new and lets open calls finish, so that it can be restarted or moved.",
                "Drain it",
            ),
            Self::Serve => (
                format!("Let gateway {gateway} serve"),
                "It takes calls again, as soon as it has read the ledger to its end.",
                "Let it serve",
            ),
        }
    }

    fn action(self, gateway: &str) -> String {
        match self {
            Self::Halt => route::gateway_halt(gateway),
            Self::Drain => route::gateway_drain(gateway),
            Self::Serve => route::gateway_serve(gateway),
        }
    }
}

fn form(mut shell: Shell, wish: Wish, gateway: &str, given: &Given) -> FormPage {
    let (heading, lead, submit) = wish.words(gateway);
    shell.title.clone_from(&heading);
    let mut page = FormPage::new(shell, heading, wish.action(gateway), submit);
    page.lead = String::from(lead);
    page.ends = wish == Wish::Halt;
    page.back = route::operations();
    if wish == Wish::Halt {
        let field = Field::new("reason", "Why", Input::Words, given);
        let hint = "Stands in the provider's ledger for good, with your name.";
        page.fields.push(field.hint(hint).required());
    }
    page
}

/// `GET` of a wish: its form.
pub(crate) fn show(visit: &Visit, gateway: &str, wish: Wish) -> Response {
    let shell = visit.shell("", Section::Operations);
    render(StatusCode::OK, &form(shell, wish, gateway, &Given::default()))
}

/// `POST` of a wish: does it, goes to what must be signed, or shows the form again.
pub(crate) async fn take(Path(gateway): Path<String>, sent: Sent, wish: Wish) -> Answer {
    let Sent { visit, given } = sent;
    let (desk, who) = (&visit.desk, &visit.who);
    let done = match wish {
        Wish::Halt => desk.halt_gateway(who, &gateway, given.one("reason").to_owned()).await,
        Wish::Drain => desk.drain_gateway(who, &gateway).await,
        Wish::Serve => desk.serve_gateway(who, &gateway).await,
    };
    match done {
        Ok(wanted) => {
            visit.flashes.notice(&visit.session, Notice { what: wanted.says, line: None });
            Ok(Redirect::to(&route::operations()).into_response())
        }
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let page = form(visit.shell("", Section::Operations), wish, &gateway, &given);
            Ok(render(visit::status(&fault), &page.refused(Some(visit::refused(&fault)))))
        }
    }
}

/// Each form, and one that was refused.
pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let shell = || Shell::sample("", Section::Operations);
    let gateway = crate::page::sample::id::<writ_model::id::Gateway>(7).to_string();
    let each = Wish::ALL.into_iter().zip(["halt", "drain", "serve"]);
    let empty = Given::default();
    let mut out: Vec<_> =
        each.map(|(wish, name)| (name, form(shell(), wish, &gateway, &empty))).collect();
    let wrong = Refused {
        code: "DESK-0006".to_owned(),
        field: String::new(),
        what: "an auditor only reads".to_owned(),
        cure: "Ask an engineer or an owner of the provider".to_owned(),
    };
    out.push(("refused", form(shell(), Wish::Halt, &gateway, &empty).refused(Some(wrong))));
    out
}
