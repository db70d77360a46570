//! A one-time code that binds a running copy to an agent. Shown once, kept nowhere.
//! Never here: the code in an address or a log.

use askama::Template;

use crate::{shell::Shell, view::EnrollmentOffer};

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/code.html")]
pub struct CodePage {
    /// Around it.
    pub shell: Shell,
    /// The offer.
    pub offer: EnrollmentOffer,
    /// The client's short name.
    pub slug: String,
}

impl CodePage {
    /// The page of an offer.
    #[must_use]
    pub fn view(shell: Shell, offer: EnrollmentOffer, slug: &str) -> Self {
        Self { shell, offer, slug: slug.to_owned() }
    }

    /// The page.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::{page::sample, shell::Section};
        let code = "7K4M-9QXD-2RTV-HW3P-6CNB-0FJE-Y8AS";
        let offer = EnrollmentOffer {
            code: code.to_owned(),
            expires: sample::at(-15),
            agent: sample::id(8),
            agent_name: "mail-assistant".to_owned(),
            command: format!("writ enroll {code} --desk http://127.0.0.1:7420"),
        };
        let shell = Shell::sample_client("Enroll mail-assistant", Section::Agents);
        vec![("full", Self::view(shell, offer, "harbor-books"))]
    }
}
