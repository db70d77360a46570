//! Say who answers: for an agent or a group.
//! Never here: who may (`authority` refuses).

use writ_model::{Role, Side};

use super::{Choice, Field, FormPage, Given, Input};
use crate::{
    part::Refused,
    shell::Shell,
    view::{AnswerView, AnswersView, PersonRow},
};

/// For what, and where the form goes.
#[derive(Debug, Clone)]
pub struct For {
    /// `mail-assistant`, or `group Back office`.
    pub name: String,
    /// Where the form is sent.
    pub action: String,
    /// Where one goes who does nothing.
    pub back: String,
}

/// What the form starts with: what is set on the thing itself.
#[must_use]
pub fn start(answers: &AnswersView) -> Given {
    let own = |one: &&AnswerView| !one.inherited;
    let mut out = Vec::new();
    for (name, one) in [("authorizer", &answers.authorizer), ("auditor", &answers.auditor)] {
        let set = one.as_ref().filter(own);
        out.extend(set.map(|one| (name.to_owned(), one.person.person.to_string())));
    }
    let ends = answers.terminators.iter().filter(own);
    out.extend(ends.map(|one| ("terminators".to_owned(), one.person.person.to_string())));
    Given(out)
}

/// The form.
#[must_use]
pub fn form(
    mut shell: Shell,
    what: For,
    people: &[PersonRow],
    given: &Given,
    refused: Option<Refused>,
) -> FormPage {
    shell.title = format!("Who answers for {}", what.name);
    let heading = shell.title.clone();
    let mut page = FormPage::new(shell, heading, what.action, "Set who answers");
    page.lead = "Three answers, by people seated here. Authorizer and auditor are two people; each side has somebody \
                 who can end it. What is left open is inherited from its group."
        .to_owned();
    page.back = what.back;
    let seated: Vec<_> = people.iter().filter(|one| one.left_at.is_none()).collect();
    let choice = |one: &&PersonRow| {
        let roles: Vec<_> = one.roles.iter().map(|role: &Role| role.to_string()).collect();
        let side = if one.side == Side::Provider { "provider" } else { "client" };
        Choice::new(&one.person.to_string(), &one.name, &format!("{side}, {}", roles.join(", ")))
    };
    let inherit = || std::iter::once(Choice::new("", "inherited", "from its group, or nobody"));
    let one = || Input::Radio(inherit().chain(seated.iter().map(choice)).collect());
    let boxes = Input::Boxes(seated.iter().map(choice).collect());
    page.fields = vec![
        Field::new("authorizer", "Who authorises it", one(), given),
        Field::new("auditor", "Who audits it", one(), given),
        Field::new("terminators", "Who can end it", boxes, given).hint("At least one of each side."),
    ];
    page.refused(refused)
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    use crate::{page::sample, shell::Section};
    let shell = || Shell::sample_client("", Section::Agents);
    let what = || For {
        name: "mail-assistant".to_owned(),
        action: crate::route::agent_answers("harbor-books", "agt_x"),
        back: crate::route::agent("harbor-books", "agt_x"),
    };
    let given = start(&sample::agent_full().answers);
    vec![
        ("full", form(shell(), what(), &sample::people(), &given, None)),
        ("empty", form(shell(), what(), &[], &Given::default(), None)),
    ]
}
