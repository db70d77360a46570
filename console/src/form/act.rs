//! Acts on one thing, each with its consequence said before: activate, hold, release, quarantine, terminate, enroll, end an
//! instance, revoke a grant, a person leaves.
//! Never here: doing it (`router.rs` calls the desk).

use super::{Field, FormPage, Given, Input};
use crate::{part::Refused, shell::Shell};

/// Which act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Switch an agent on.
    Activate,
    /// Make an agent wait.
    Hold,
    /// Let an agent go on.
    Release,
    /// Stop an agent on suspicion.
    Quarantine,
    /// End an agent.
    Terminate,
    /// Offer a code.
    Enroll,
    /// End one instance.
    EndInstance,
    /// Revoke a grant.
    Revoke,
    /// A person leaves.
    Leave,
}

impl Act {
    /// Every act, for tests.
    pub const ALL: [Self; 9] = [
        Self::Activate,
        Self::Hold,
        Self::Release,
        Self::Quarantine,
        Self::Terminate,
        Self::Enroll,
        Self::EndInstance,
        Self::Revoke,
        Self::Leave,
    ];

    /// Heading, consequence, button.
    fn words(self, name: &str, client: &str) -> (String, String, &'static str) {
        let text = |head: String, lead: String, button| (head, lead, button);
        match self {
            Self::Activate => text(
                format!("Activate {name}"),
                format!("From then on it may act for {client}, inside its grants and nowhere else."),
                "Activate",
            ),
            Self::Hold => text(
                format!("Put {name} on hold"),
                "Every call of it is refused until somebody releases it.".to_owned(),
                "Put on hold",
            ),
            Self::Release => text(
                format!("Release {name}"),
                format!("It may act for {client} again, inside its grants."),
                "Release",
            ),
            Self::Quarantine => text(
                format!("Quarantine {name}"),
                "Its tokens die, its streams are cut, every call is refused until somebody releases it."
                    .to_owned(),
                "Quarantine",
            ),
            Self::Terminate => text(
                format!("Terminate {name}"),
                "It is ended for good: its tokens are refused, its streams cut, its processes stopped, at every \
                 gateway. This cannot be taken back."
                    .to_owned(),
                "Terminate",
            ),
            Self::Enroll => text(
                format!("Enroll an instance of {name}"),
                "Makes a code that binds one key, made on the agent's own machine, to this agent. The code is shown \
                 once."
                    .to_owned(),
                "Make the code",
            ),
            Self::EndInstance => text(
                format!("End instance {name}"),
                "This running copy can do nothing more; the agent's others live.".to_owned(),
                "End it",
            ),
            Self::Revoke => text(
                format!("Revoke: {name}"),
                "From the next call on it is refused, unless another grant covers it.".to_owned(),
                "Revoke",
            ),
            Self::Leave => text(
                format!("{name} leaves"),
                format!(
                    "Their seat at {client} ends. Agents they answer for are put on hold after three days, unless \
                     somebody else is named."
                ),
                "End the seat",
            ),
        }
    }

    /// Whether a reason is asked for.
    #[must_use]
    pub fn reasoned(self) -> bool {
        !matches!(self, Self::Activate | Self::Release | Self::Enroll | Self::Leave)
    }

    /// Whether it ends something.
    #[must_use]
    pub fn ends(self) -> bool {
        matches!(self, Self::Terminate | Self::EndInstance | Self::Revoke | Self::Leave)
    }
}

/// What is acted on.
#[derive(Debug, Clone)]
pub struct On {
    /// Its name.
    pub name: String,
    /// Where the form is sent.
    pub action: String,
    /// Where one goes who does nothing.
    pub back: String,
    /// What one should know before.
    pub facts: Vec<(&'static str, String)>,
}

/// The form of an act.
#[must_use]
pub fn form(mut shell: Shell, act: Act, on: On, given: &Given, refused: Option<Refused>) -> FormPage {
    let client = shell.client.as_ref().map(|one| one.name.clone()).unwrap_or_default();
    let (heading, lead, submit) = act.words(&on.name, &client);
    shell.title.clone_from(&heading);
    let mut page = FormPage::new(shell, heading, on.action, submit);
    page.lead = lead;
    page.ends = act.ends();
    page.back = on.back;
    page.facts = on.facts;
    if act.reasoned() {
        let reason = Field::new("reason", "Why", Input::Words, given);
        page.fields.push(reason.hint("Stands in the ledger for good, with your name.").required());
    }
    if act == Act::Terminate {
        let name = Field::new("name", "Type the agent's name", Input::Line, given);
        page.fields.push(name.hint("So that the right one is ended.").required());
    }
    page.refused(refused)
}

/// Whether the name typed is the agent's.
#[must_use]
pub fn name_is(given: &Given, name: &str) -> Option<Refused> {
    (given.one("name") != name).then(|| Refused {
        code: "CONS-0001".to_owned(),
        field: "name".to_owned(),
        what: format!("`{}` is not the name of this agent", writ_authority::refusal::cut(given.one("name"))),
        cure: format!("Type {name}, letter for letter."),
    })
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    use crate::shell::Section;
    let on = |name: &str| On {
        name: name.to_owned(),
        action: crate::route::agent_terminate("harbor-books", "agt_x"),
        back: crate::route::agent("harbor-books", "agt_x"),
        facts: vec![("Purpose", "Reads the shop's mail and drafts answers.".to_owned())],
    };
    let shell = || Shell::sample_client("", Section::Agents);
    let given = Given::start(&[("reason", "Sent a list to a stranger"), ("name", "mail-asistant")]);
    let wrong = name_is(&given, "mail-assistant");
    let empty = Given::default();
    let names = ["activate", "hold", "release", "quarantine", "terminate", "enroll", "instance", "revoke", "leave"];
    let mut out: Vec<_> = Act::ALL
        .into_iter()
        .zip(names)
        .map(|(act, name)| (name, form(shell(), act, on("mail-assistant"), &empty, None)))
        .collect();
    out.push(("terminate-refused", form(shell(), Act::Terminate, on("mail-assistant"), &given, wrong)));
    out
}
