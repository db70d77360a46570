//! What people do about people: invite, admit, withdraw, recover, confirm, refuse, offboard, revoke a key, end a session,
//! remove a witness. One form each, with its consequence said before.
//!
//! Never here: who may (`authority` refuses), a signature (the page of the signing asks for it).
//! To add one: a variant of [`Deed`], its words, its arm in [`done`], its line in `route.rs` and `router.rs`.

use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use writ_desk::{AdmitBody, DeskError};

use super::{Field, FormPage, Given, Input};
use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Notice, Section, Shell},
    show,
    view::Acted,
    visit::{self, Answer, Sent, Visit, Wrong},
};

/// Which deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Let somebody in who has made a key.
    Admit,
    /// Take an invitation back.
    Withdraw,
    /// Ask for new keys for somebody who lost theirs.
    Recover,
    /// Confirm the new key.
    Confirm,
    /// Refuse a recovery.
    Refuse,
    /// End every seat of a provider's person.
    Offboard,
    /// Erase the name of somebody who left.
    Erase,
    /// Revoke another person's key.
    RevokeKey,
    /// End another person's session.
    EndSession,
    /// Remove a witness.
    Unname,
}

/// What a deed is about, as the desk knows it.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// A name to put in the heading.
    pub name: String,
    /// The other thing's name, if there is one: a client's first person is admitted after a call.
    pub first: bool,
    /// What one should know before.
    pub facts: Vec<(&'static str, String)>,
}

impl Deed {
    /// Every deed, for tests.
    pub const ALL: [Self; 10] = [
        Self::Admit,
        Self::Withdraw,
        Self::Recover,
        Self::Confirm,
        Self::Refuse,
        Self::Offboard,
        Self::Erase,
        Self::RevokeKey,
        Self::EndSession,
        Self::Unname,
    ];

    /// Heading, consequence, button.
    fn words(self, name: &str, party: &str) -> (String, String, &'static str) {
        match self {
            Self::Admit => (
                format!("Let {name} in"),
                format!(
                    "From then on {name} acts and signs for {party} with the key they made. Call them, let them read the \
                     fingerprint on their screen, and type what you hear."
                ),
                "Let them in",
            ),
            Self::Withdraw => (
                format!("Withdraw the invitation of {name}"),
                "Its link opens nothing any more. If they made a key already, it is not let in.".to_owned(),
                "Withdraw it",
            ),
            Self::Recover => (
                format!("{name} lost their keys"),
                format!(
                    "Makes a link with which they make a new key. Two people of {party} then compare its fingerprint on a \
                     call and confirm it; only then it works, and every older key of {name} is revoked."
                ),
                "Ask for the recovery",
            ),
            Self::Confirm => (
                format!("Confirm the new key of {name}"),
                "Call them, let them read the fingerprint on their screen, and type what you hear. Two people must do \
                 this."
                    .to_owned(),
                "Confirm the key",
            ),
            Self::Refuse => (
                format!("Refuse the recovery of {name}"),
                "The new key is not let in; the old ones stay as they are.".to_owned(),
                "Refuse it",
            ),
            Self::Offboard => (
                format!("Offboard {name}"),
                "They are refused everywhere at once: sessions end, keys sign nothing. Then their seat ends at each client, \
                 one by one. Agents they answer for need somebody else within three days."
                    .to_owned(),
                "Offboard them",
            ),
            Self::Erase => (
                format!("Erase the name of {name}"),
                "Nobody reads it here again: the key that it is sealed under is destroyed. It does not come back. What \
                 they did stays, under their id, and every line and proof stays as it is."
                    .to_owned(),
                "Erase the name",
            ),
            Self::RevokeKey => (
                format!("Revoke the key {name}"),
                "It signs nothing and nobody in any more. What it signed stays true.".to_owned(),
                "Revoke the key",
            ),
            Self::EndSession => (
                format!("End the session of {name}"),
                "Its next request is refused. They may sign in again with their key.".to_owned(),
                "End it",
            ),
            Self::Unname => (
                format!("Remove the witness {name}"),
                "Its word is not asked for any more. Exports until now keep its cosignatures.".to_owned(),
                "Remove it",
            ),
        }
    }

    fn reasoned(self) -> bool {
        !matches!(self, Self::Admit | Self::Confirm | Self::Erase | Self::EndSession)
    }

    fn ends(self) -> bool {
        matches!(
            self,
            Self::Offboard
                | Self::Erase
                | Self::RevokeKey
                | Self::EndSession
                | Self::Refuse
                | Self::Unname
        )
    }

    fn section(self) -> Section {
        if self == Self::Unname { Section::Witnesses } else { Section::People }
    }

    fn action(self, client: &str, thing: &str) -> String {
        match self {
            Self::Admit => route::person_admit(client, thing),
            Self::Withdraw => route::invitation_withdraw(client, thing),
            Self::Recover => route::person_recover(client, thing),
            Self::Confirm => route::recovery_confirm(client, thing),
            Self::Refuse => route::recovery_refuse(client, thing),
            Self::Offboard => route::person_offboard(client, thing),
            Self::Erase => route::person_erase(client, thing),
            Self::RevokeKey => route::key_revoke(client, thing),
            Self::EndSession => route::session_end(client, thing),
            Self::Unname => route::witness_remove(client, thing),
        }
    }

    fn back(self, client: &str) -> String {
        if self == Self::Unname { route::witnesses(client) } else { route::people(client) }
    }
}

/// The form of a deed.
#[must_use]
pub fn form(
    mut shell: Shell,
    (deed, thing): (Deed, &str),
    about: &About,
    given: &Given,
    refused: Option<Refused>,
) -> FormPage {
    let (slug, party) =
        shell.client.as_ref().map(|one| (one.slug.clone(), one.name.clone())).unwrap_or_default();
    let (heading, lead, submit) = deed.words(&about.name, &party);
    shell.title.clone_from(&heading);
    let mut page = FormPage::new(shell, heading, deed.action(&slug, thing), submit);
    page.lead = lead;
    page.ends = deed.ends();
    page.back = deed.back(&slug);
    page.facts.clone_from(&about.facts);
    if matches!(deed, Deed::Admit | Deed::Confirm) {
        let field =
            Field::new("fingerprint", "The fingerprint they read to you", Input::Line, given);
        let hint = "Eight groups of four. Type what you hear; do not copy it from this screen.";
        page.fields.push(field.hint(hint).required());
    }
    if deed == Deed::Admit && about.first {
        let field = Field::new(
            "called",
            "Whom you called, and on which number you knew before",
            Input::Words,
            given,
        );
        let hint = "For example: Dana Cole, on the number in our contract of 2024. It stands in the ledger, and the \
                    fingerprint goes on paper: print it from People afterwards.";
        page.fields.push(field.hint(hint).required());
    }
    if deed.reasoned() {
        let field = Field::new("reason", "Why", Input::Words, given);
        page.fields.push(field.hint("Stands in the ledger for good, with your name.").required());
    }
    page.refused(refused)
}

/// What a deed is about.
async fn about(visit: &Visit, deed: Deed, client: &str, thing: &str) -> Result<About, Wrong> {
    let (desk, who) = (&visit.desk, &visit.who);
    let named =
        |name: Option<String>, what| name.ok_or_else(|| DeskError::not_visible(what, thing));
    Ok(match deed {
        Deed::Admit | Deed::Withdraw => {
            let rows = visit.tell(desk.invitations(who, client).await)?;
            let mine = |one: &crate::view::people::InvitationRow| {
                one.invitation.to_string() == thing || one.person.to_string() == thing
            };
            let found = rows.into_iter().find(mine);
            let found =
                visit.tell(found.ok_or_else(|| DeskError::not_visible("invitation", thing)))?;
            let roles = found.roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let mut facts = vec![("Roles", roles), ("Invited by", found.invited_by.name)];
            facts.extend(found.key.map(|key| ("Key", crate::part::sentence(&key))));
            About { name: found.name, first: found.first, facts }
        }
        Deed::Confirm | Deed::Refuse => {
            let rows = visit.tell(desk.recoveries(who, client).await)?;
            let found = rows.into_iter().find(|one| one.recovery.to_string() == thing);
            let found =
                visit.tell(found.ok_or_else(|| DeskError::not_visible("recovery", thing)))?;
            let confirmed: Vec<_> = found.confirmed_by.into_iter().map(|one| one.name).collect();
            let confirmed = if confirmed.is_empty() {
                "nobody yet".to_owned()
            } else {
                confirmed.join(" and ")
            };
            let facts = vec![
                ("Asked by", found.asked_by.name),
                ("Because", found.reason),
                ("Confirmed by", confirmed),
            ];
            About { name: found.person.name, first: false, facts }
        }
        Deed::Recover | Deed::Offboard | Deed::Erase => {
            let rows = visit.tell(desk.people(who, client).await)?;
            let found = rows.into_iter().find(|one| one.person.to_string() == thing);
            let name = visit.tell(named(found.map(|one| one.name), "person"))?;
            About { name, ..About::default() }
        }
        Deed::RevokeKey => {
            let keys = visit.tell(desk.client_passkeys(who, client).await)?;
            let found = keys.into_iter().find(|one| one.passkey.to_string() == thing);
            let found =
                visit.tell(found.ok_or_else(|| DeskError::not_visible("passkey", thing)))?;
            let facts = vec![
                ("Fingerprint", found.fingerprint),
                ("Key", crate::part::sentence(&found.says)),
            ];
            About { name: found.label, first: false, facts }
        }
        Deed::EndSession => {
            let rows = visit.tell(desk.client_sessions(who, client).await)?;
            let found = rows.into_iter().find(|one| one.session.to_string() == thing);
            let found =
                visit.tell(found.ok_or_else(|| DeskError::not_visible("session", thing)))?;
            let facts = vec![("Browser", show::device(&found.agent))];
            About { name: found.person.name, first: false, facts }
        }
        Deed::Unname => {
            let rows = visit.tell(desk.witnesses(who, client).await)?;
            let found = rows.into_iter().find(|one| one.witness.to_string() == thing);
            let found =
                visit.tell(found.ok_or_else(|| DeskError::not_visible("witness", thing)))?;
            About { name: found.name, first: false, facts: vec![("Key", found.key)] }
        }
    })
}

/// `GET` of a deed: its form.
pub(crate) async fn show(
    visit: Visit,
    Path((client, thing)): Path<(String, String)>,
    deed: Deed,
) -> Answer {
    let about = about(&visit, deed, &client, &thing).await?;
    let shell = visit.shell_at(&client, "", deed.section())?;
    Ok(render(StatusCode::OK, &form(shell, (deed, &thing), &about, &Given::default(), None)))
}

/// `POST` of a deed: does it, goes to what must be signed, or shows the form again with the reason it was refused.
pub(crate) async fn take(
    Path((client, thing)): Path<(String, String)>,
    sent: Sent,
    deed: Deed,
) -> Answer {
    let Sent { visit, given } = sent;
    let about = about(&visit, deed, &client, &thing).await?;
    match done(&visit, deed, (&client, &thing), &given).await {
        Ok(response) => Ok(response),
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let shell = visit.shell_at(&client, "", deed.section())?;
            let page = form(shell, (deed, &thing), &about, &given, Some(visit::refused(&fault)));
            Ok(render(visit::status(&fault), &page))
        }
    }
}

async fn done(
    visit: &Visit,
    deed: Deed,
    (client, thing): (&str, &str),
    given: &Given,
) -> Result<Response, DeskError> {
    let (desk, who) = (&visit.desk, &visit.who);
    let reason = given.one("reason").to_owned();
    let fingerprint = show::typed(given.one("fingerprint"));
    let acted: Acted = match deed {
        Deed::Admit => {
            let body = AdmitBody { fingerprint, called: given.some("called") };
            desk.admit(who, client, thing, body).await?
        }
        Deed::Withdraw => desk.withdraw_invitation(who, client, thing, reason).await?,
        Deed::Recover => desk.ask_recovery(who, client, thing, reason).await?.acted,
        Deed::Confirm => desk.confirm_recovery(who, client, thing, fingerprint).await?,
        Deed::Refuse => desk.refuse_recovery(who, client, thing, reason).await?,
        Deed::Offboard => desk.offboard(who, thing, reason).await?,
        Deed::Erase => desk.erase_person(who, client, thing).await?,
        Deed::RevokeKey => desk.revoke_client_passkey(who, client, thing, reason).await?,
        Deed::Unname => desk.remove_witness(who, client, thing, &reason).await?,
        Deed::EndSession => {
            desk.end_client_session(who, client, thing).await?;
            let what = "The session is ended; its next request is refused.".to_owned();
            visit.flashes.notice(&visit.session, Notice { what, line: None });
            return Ok(Redirect::to(&deed.back(client)).into_response());
        }
    };
    Ok(visit.done(client, &acted, &deed.back(client)))
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let names = [
        "admit",
        "withdraw",
        "recover",
        "confirm",
        "refuse",
        "offboard",
        "erase",
        "revoke-key",
        "end-session",
        "remove-witness",
    ];
    let shell = || Shell::sample_client("", Section::People);
    let about = |deed| About {
        name: if deed == Deed::Unname { "harbor-books".to_owned() } else { "Dana Cole".to_owned() },
        first: deed == Deed::Admit,
        facts: vec![("Roles", "owner".to_owned()), ("Invited by", "Ines Ortega".to_owned())],
    };
    let empty = Given::default();
    let all = Deed::ALL.into_iter().zip(names);
    let mut out: Vec<_> = all
        .map(|(deed, name)| (name, form(shell(), (deed, "x"), &about(deed), &empty, None)))
        .collect();
    let given = Given::start(&[
        ("fingerprint", "k7qf 93td 2rtv hw3p 6cnb 0fje y8as 1x4m"),
        ("called", "Dana Cole"),
    ]);
    let wrong = Refused {
        code: "AUTH-0017".to_owned(),
        field: "fingerprint".to_owned(),
        what: "this is not the fingerprint of the key that was made with this invitation".to_owned(),
        cure: "Let them read it again; if it differs, withdraw the invitation: somebody else used the link".to_owned(),
    };
    let refused = form(shell(), (Deed::Admit, "x"), &about(Deed::Admit), &given, Some(wrong));
    out.push(("admit-refused", refused));
    out
}
