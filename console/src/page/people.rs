//! People and seats of each party, with their keys and fingerprints; who waits for admission, recoveries, invitations,
//! sessions, which keys are taken. The provider's own space has the same page.
//! Never here: who may change what (`authority` refuses); a link but the one shown once.

use askama::Template;
use axum::extract::Path;
use http::StatusCode;
use writ_model::{PersonId, Role, Side};

use crate::{
    flash::Once,
    page::render,
    route,
    shell::{Section, Shell},
    show::{self, Mark, SessionLine, Svg, Tone},
    view::{
        PersonRef, PersonRow,
        people::{InvitationRow, KeyPolicyView, PasskeyRow, RecoveryRow, SessionRow},
    },
    visit::{Answer, Visit},
};

/// A person with their keys.
#[derive(Debug)]
pub struct Seated {
    /// Their seat.
    pub row: PersonRow,
    /// Their keys here, live ones first.
    pub keys: Vec<PasskeyRow>,
}

/// One party's people.
#[derive(Debug)]
pub struct Party {
    /// Whose.
    pub heading: String,
    /// What that means.
    pub note: &'static str,
    /// What stands where nobody is.
    pub empty: &'static str,
    /// Whether it is the provider.
    pub provider: bool,
    /// Whether it is the reader's own.
    pub mine: bool,
    /// Its people, those who left last.
    pub people: Vec<Seated>,
    /// The page of its root key, if it has one.
    pub root: Option<String>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "page/people.html")]
pub struct PeoplePage {
    /// Around it.
    pub shell: Shell,
    /// A link to be shown once.
    pub once: Option<Once>,
    /// Who has joined and waits.
    pub waiting: Vec<InvitationRow>,
    /// Recoveries that wait.
    pub recovering: Vec<RecoveryRow>,
    /// The parties, the reader's own first.
    pub parties: Vec<Party>,
    /// Other invitations, newest first.
    pub invitations: Vec<InvitationRow>,
    /// Sessions of the reader's own side.
    pub sessions: Vec<SessionLine>,
    /// Which keys are taken.
    pub policy: KeyPolicyView,
    /// Whether the reader is of the provider.
    pub of_provider: bool,
    /// Whether a client person was ever seated.
    pub rooted: bool,
    /// Who reads: nobody recovers their own keys.
    pub reader: PersonId,
}

/// Who reads the page.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// Who.
    pub person: PersonId,
    /// For which party they are seated here, if they are.
    pub side: Option<Side>,
}

/// What the desk knows of a party's people.
#[derive(Debug)]
pub struct Known {
    /// Seats.
    pub people: Vec<PersonRow>,
    /// Keys.
    pub keys: Vec<PasskeyRow>,
    /// Invitations.
    pub invitations: Vec<InvitationRow>,
    /// Recoveries.
    pub recoveries: Vec<RecoveryRow>,
    /// Sessions, if the reader may see them.
    pub sessions: Vec<SessionRow>,
    /// The policy.
    pub policy: KeyPolicyView,
}

/// `GET /clients/{client}/people`
pub(crate) async fn show(visit: Visit, Path(client): Path<String>) -> Answer {
    let (desk, who) = (&visit.desk, &visit.who);
    let known = Known {
        people: visit.tell(desk.people(who, &client).await)?,
        keys: visit.tell(desk.client_passkeys(who, &client).await)?,
        invitations: visit.tell(desk.invitations(who, &client).await)?,
        recoveries: visit.tell(desk.recoveries(who, &client).await)?,
        // Only an owner sees them; for others the section is not there.
        sessions: desk.client_sessions(who, &client).await.unwrap_or_default(),
        policy: visit.tell(desk.key_policy(who, &client).await)?,
    };
    let me =
        known.people.iter().find(|one| one.person == visit.who.person && one.left_at.is_none());
    let reader = Reader { person: visit.who.person, side: me.map(|one| one.side) };
    let once = visit.flashes.take_once(&visit.session);
    let shell = visit.shell_at(&client, "People", Section::People)?;
    Ok(render(StatusCode::OK, &PeoplePage::view(shell, known, reader, once)))
}

impl PeoplePage {
    /// The page, as somebody of a side sees it.
    #[must_use]
    pub fn view(shell: Shell, known: Known, reader: Reader, once: Option<Once>) -> Self {
        let side = reader.side;
        let slug = shell.client.as_ref().map(|one| one.slug.clone()).unwrap_or_default();
        let rooted = known.people.iter().any(|one| one.side == Side::Client);
        let mut parties = parties(&shell, known.people, &known.keys, side);
        parties.sort_by_key(|one| !one.mine);
        let told = known.invitations.into_iter().filter(|one| one.state != "admitted");
        let (waiting, mut invitations): (Vec<_>, Vec<_>) =
            told.partition(|one| one.state == "joined");
        invitations.sort_by_key(|one| std::cmp::Reverse(one.at));
        let open = |one: &RecoveryRow| matches!(one.state, "asked" | "offered");
        let line = |row: SessionRow| {
            let end = route::session_end(&slug, &row.session);
            SessionLine::of(row, end)
        };
        Self {
            once,
            waiting,
            recovering: known.recoveries.into_iter().filter(open).collect(),
            parties,
            invitations,
            sessions: known.sessions.into_iter().map(line).collect(),
            policy: known.policy,
            of_provider: side == Some(Side::Provider),
            rooted,
            reader: reader.person,
            shell,
        }
    }

    /// The party's short name.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.slug.as_str())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shell.client.as_ref().map_or("", |one| one.name.as_str())
    }

    /// Its chip.
    #[must_use]
    pub fn chip(&self) -> Svg {
        show::chip(self.slug())
    }

    /// Whether this is the provider's own space.
    #[must_use]
    pub fn at_home(&self) -> bool {
        self.shell.at_home()
    }

    /// One sentence under the heading.
    #[must_use]
    pub fn lead(&self) -> String {
        if self.at_home() {
            return "Everybody of the provider is invited here first, and then seated at each client they work for."
                .to_owned();
        }
        let name = self.name();
        if self.rooted {
            format!(
                "Only people of {name} let others of {name} in, or out. The provider cannot sign for them."
            )
        } else {
            format!(
                "Nobody of {name} is here yet. The provider invites the first one; from then on only they let others in."
            )
        }
    }

    /// Whether the reader is asked to invite: the provider at home and for a client's first person, then the client.
    #[must_use]
    pub fn may_invite(&self) -> bool {
        let open = self
            .invitations
            .iter()
            .chain(&self.waiting)
            .any(|one| one.first && matches!(one.state, "open" | "joined"));
        let first = self.of_provider && !self.rooted && !open;
        self.at_home() || first || (!self.of_provider && self.rooted)
    }

    /// The words on that button.
    #[must_use]
    pub fn invite_words(&self) -> &'static str {
        if self.at_home() || self.rooted { "Invite a person" } else { "Invite the first person" }
    }

    /// Roles in words.
    #[must_use]
    pub fn roles(roles: &[Role]) -> String {
        roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// Names in words.
    #[must_use]
    pub fn names(people: &[PersonRef]) -> String {
        let names: Vec<_> = people.iter().map(|one| one.name.as_str()).collect();
        if names.is_empty() { "nobody yet".to_owned() } else { names.join(" and ") }
    }

    /// Where a key lives.
    #[must_use]
    pub fn kind(key: &PasskeyRow) -> String {
        show::kind(key).to_lowercase()
    }

    /// Whether an invitation can still be used.
    #[must_use]
    pub fn open(one: &InvitationRow) -> bool {
        one.state == "open"
    }

    /// The state of an invitation.
    #[must_use]
    pub fn invitation_mark(one: &InvitationRow) -> Mark {
        match one.state {
            "open" => Mark::new(Tone::New, "Not used yet"),
            "joined" => Mark::new(Tone::Wait, "Waits for admission"),
            "withdrawn" => Mark::new(Tone::Past, "Withdrawn"),
            _ => Mark::new(Tone::Past, "Expired"),
        }
    }

    /// The state of a recovery.
    #[must_use]
    pub fn recovery_state(one: &RecoveryRow) -> &'static str {
        if one.fingerprint.is_some() { "Needs two people" } else { "No new key yet" }
    }

    /// A party with everybody, a client nobody was invited to yet, the provider's own space, a link shown once.
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::page::sample;
        let client = || Shell::sample_client("People", Section::People);
        let home = Shell::sample_home("People", Section::People);
        let reader = |name, side| Reader {
            person: sample::person(name, side, true).person,
            side: Some(side),
        };
        let (dana, ines) =
            (reader("Dana Cole", Side::Client), reader("Ines Ortega", Side::Provider));
        let once = Once {
            link: "http://localhost:7420/join/7K4M-9QXD-2RTV-HW3P-6CNB-0FJE-Y8AS".to_owned(),
            expires: sample::at(-7 * 1440),
            recovery: false,
        };
        let owner = sample::parties(Side::Client);
        let mut provider = sample::parties(Side::Client);
        provider.sessions.clear();
        vec![
            ("full", Self::view(client(), owner, dana, None)),
            ("provider", Self::view(client(), provider, ines, None)),
            ("empty", Self::view(client(), sample::nobody(), ines, Some(once))),
            ("home", Self::view(home, sample::parties(Side::Provider), ines, None)),
        ]
    }
}

fn parties(
    shell: &Shell,
    mut people: Vec<PersonRow>,
    keys: &[PasskeyRow],
    side: Option<Side>,
) -> Vec<Party> {
    let of = shell.client.as_ref();
    let name = of.map(|one| one.name.clone()).unwrap_or_default();
    let slug = of.map(|one| one.slug.clone()).unwrap_or_default();
    let root = keys.iter().any(|key| key.root).then(|| route::root(&slug));
    people.sort_by(|a, b| (a.left_at, &a.name).cmp(&(b.left_at, &b.name)));
    let seated = |wanted: Side| {
        let mine = people.iter().filter(move |one| one.side == wanted);
        mine.map(|row| {
            let mut own: Vec<_> =
                keys.iter().filter(|key| key.person == row.person).cloned().collect();
            own.sort_by_key(|key| (key.revoked_at.is_some(), key.line));
            Seated { row: row.clone(), keys: own }
        })
        .collect()
    };
    let provider = Party {
        heading: if shell.at_home() { name.clone() } else { "The provider".to_owned() },
        note: "their keys are copied from the provider's own ledger",
        empty: "Nobody of the provider is seated here.",
        provider: true,
        mine: side == Some(Side::Provider),
        people: seated(Side::Provider),
        root: None,
    };
    if shell.at_home() {
        return vec![Party { note: "everybody of the provider", ..provider }];
    }
    let client = Party {
        heading: name,
        note: "their keys lead to the root key on paper",
        empty: "Nobody of the client is seated yet.",
        provider: false,
        mine: side == Some(Side::Client),
        people: seated(Side::Client),
        root,
    };
    vec![client, provider]
}
