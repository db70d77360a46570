//! Pages without data of their own: keys, sign-in, sign-in refused, what went wrong.
//! Never here: a defect's own words; those stay in the log.

use askama::Template;

use crate::{part::Refused, shell::Shell};

/// Keys.
#[derive(Debug, Template)]
#[template(path = "page/plain/keys.html")]
pub struct KeysPage {
    /// Around it.
    pub shell: Shell,
}

/// How to sign in; also what follows signing out.
#[derive(Debug, Template)]
#[template(path = "page/plain/sign_in.html")]
pub struct SignInPage {
    /// Around it.
    pub shell: Shell,
    /// Whether the reader has just signed out.
    pub left: bool,
    /// Why signing in was refused, if it was.
    pub refused: Option<Refused>,
}

/// What went wrong, for somebody signed in.
#[derive(Debug, Template)]
#[template(path = "page/plain/wrong.html")]
pub struct WrongPage {
    /// Around it.
    pub shell: Shell,
    /// One line that is the same for every error of its kind.
    pub heading: String,
    /// What is wrong and what would cure it.
    pub refused: Refused,
}

impl KeysPage {
    /// The page.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        vec![("full", Self { shell: Shell::sample("Keys", crate::shell::Section::Elsewhere) })]
    }
}

impl SignInPage {
    /// The page, first seen, after a link was refused, and after signing out.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let shell = || Shell { title: "Sign in".to_owned(), ..Shell::default() };
        let refused = Refused {
            code: "DESK-0007".to_owned(),
            field: String::new(),
            what: "This sign-in link is unknown, used or expired.".to_owned(),
            cure: "Ask the server for a new one.".to_owned(),
        };
        let page = |left, refused| Self { shell: shell(), left, refused };
        vec![
            ("first", page(false, None)),
            ("refused", page(false, Some(refused))),
            ("left", page(true, None)),
        ]
    }
}

impl WrongPage {
    /// Not found, and not allowed.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |heading: &str, code: &str, what: &str, cure: &str| Self {
            shell: Shell::sample(heading, crate::shell::Section::Elsewhere),
            heading: heading.to_owned(),
            refused: Refused {
                code: code.to_owned(),
                field: String::new(),
                what: what.to_owned(),
                cure: cure.to_owned(),
            },
        };
        vec![
            ("not-found", page(
                "Not found", "DESK-0004", "No agent `invoice-bod` that you can see.",
                "Check the name, and that you are seated at this client.",
            )),
            ("forged", page(
                "Not allowed", "DESK-0005", "This request does not repeat its session's token.",
                "Open the page again and repeat it there.",
            )),
        ]
    }
}
