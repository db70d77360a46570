//! `writ person`: invited, admitted, seated, recovered, gone; for which side, in which roles.
//!
//! Never here: a password, or a link that was shown before. To add a verb: a variant of [`Verb`], its arm in [`run`].

use serde_json::{Value, json};

use super::access::Ctx;
use crate::{
    api::{ApiClient, segment},
    fault::Fault,
    out,
};

/// Columns of a list of people.
pub const COLUMNS: [(&str, &str); 7] = [
    ("PERSON", "/person"),
    ("NAME", "/name"),
    ("SIDE", "/side"),
    ("ROLES", "/roles"),
    ("KEYS", "/keys"),
    ("LEFT", "/left_at"),
    ("ERASED", "/erased_at"),
];

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Everybody who has or had a seat
    List {
        /// The client
        #[arg(long)]
        client: String,
    },
    /// Invite a person; prints a link that works once
    Invite {
        /// The client, or the provider's own short name
        #[arg(long)]
        client: String,
        /// Their name
        #[arg(long)]
        name: String,
        /// For which party: provider or client
        #[arg(long)]
        side: String,
        /// In which role: engineer, approver, owner, auditor; may be given several times
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
    },
    /// Invitations, and who has joined and waits to be admitted
    Invitations {
        /// The client
        #[arg(long)]
        client: String,
    },
    /// Take an invitation back
    Withdraw {
        /// The client
        #[arg(long)]
        client: String,
        /// Which (inv_…)
        invitation: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Let a person in who has made their key, after hearing its fingerprint from them
    Admit {
        /// The client
        #[arg(long)]
        client: String,
        /// Who: name or prs_…
        person: String,
        /// The fingerprint that they read out
        #[arg(long)]
        fingerprint: String,
        /// Who was called on which known number; required for a client's first person
        #[arg(long, value_name = "TEXT")]
        called: Option<String>,
    },
    /// Seat a person of the provider at a client
    Seat {
        /// The client
        #[arg(long)]
        client: String,
        /// Who (prs_…)
        person: String,
        /// In which role: engineer, approver, owner, auditor; may be given several times
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
    },
    /// Take a person's seat away
    Leave {
        /// The client
        #[arg(long)]
        client: String,
        /// Who: name or prs_…
        person: String,
    },
    /// Ask for new keys for a person who lost theirs; two others must confirm
    Recover {
        /// The client, or the provider's own short name
        #[arg(long)]
        client: String,
        /// Who: name or prs_…
        person: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Recoveries, and who has confirmed them
    Recoveries {
        /// The client
        #[arg(long)]
        client: String,
    },
    /// Confirm a recovery, after hearing the new key's fingerprint from the person
    Confirm {
        /// The client
        #[arg(long)]
        client: String,
        /// Which (rec_…)
        recovery: String,
        /// The fingerprint that they read out
        #[arg(long)]
        fingerprint: String,
    },
    /// Refuse a recovery
    RefuseRecovery {
        /// The client
        #[arg(long)]
        client: String,
        /// Which (rec_…)
        recovery: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Erase the name of a person who left, for good; every line and proof stays
    Erase {
        /// The client, or the provider's own short name
        #[arg(long)]
        client: String,
        /// Who (prs_…)
        person: String,
    },
    /// End a person of the provider everywhere, at once
    Offboard {
        /// Who: name or prs_…
        person: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let api = ctx.api().await?;
    let at = |client: &str, rest: &str| format!("/api/v1/clients/{}/{rest}", segment(client));
    let of = |list: &str, id: &str, verb: &str| format!("{list}/{}/{verb}", segment(id));
    let because = |reason: &str| json!({"reason": reason});
    let (path, body) = match verb {
        Verb::List { client } => return list(ctx, &api, &at(&client, "people"), PEOPLE).await,
        Verb::Invitations { client } => {
            return list(ctx, &api, &at(&client, "invitations"), INVITATIONS).await;
        }
        Verb::Recoveries { client } => {
            return list(ctx, &api, &at(&client, "recoveries"), RECOVERIES).await;
        }
        Verb::Invite { client, name, side, roles } => {
            (at(&client, "invitations"), json!({"name": name, "side": side, "roles": roles}))
        }
        Verb::Withdraw { client, invitation, reason } => {
            (at(&client, &of("invitations", &invitation, "withdraw")), because(&reason))
        }
        Verb::Admit { client, person, fingerprint, called } => {
            let body = super::given(json!({"fingerprint": fingerprint, "called": called}));
            (at(&client, &of("people", &person, "admit")), body)
        }
        Verb::Seat { client, person, roles } => {
            let body = json!({"person": person, "roles": roles});
            (at(&client, "people"), body)
        }
        Verb::Leave { client, person } => (at(&client, &of("people", &person, "leave")), json!({})),
        Verb::Erase { client, person } => (at(&client, &of("people", &person, "erase")), json!({})),
        Verb::Recover { client, person, reason } => {
            (at(&client, &of("people", &person, "recover")), because(&reason))
        }
        Verb::Confirm { client, recovery, fingerprint } => {
            let body = json!({"fingerprint": fingerprint});
            (at(&client, &of("recoveries", &recovery, "confirm")), body)
        }
        Verb::RefuseRecovery { client, recovery, reason } => {
            (at(&client, &of("recoveries", &recovery, "refuse")), because(&reason))
        }
        Verb::Offboard { person, reason } => {
            (format!("/api/v1/provider/{}", of("people", &person, "offboard")), because(&reason))
        }
    };
    let answer = api.post(&path, &body).await?;
    ctx.out.answer(&answer, said);
    Ok(())
}

/// What a list shows: its member, its columns, what is said of none.
type Shown = (&'static str, &'static [(&'static str, &'static str)], &'static str);

// The fingerprint of a key that waits is in none of these: it has to be heard from its person, not copied from here.

const PEOPLE: Shown = ("people", &COLUMNS, "nobody is seated");
const INVITATIONS: Shown = (
    "invitations",
    &[
        ("INVITATION", "/invitation"),
        ("NAME", "/name"),
        ("PERSON", "/person"),
        ("SIDE", "/side"),
        ("ROLES", "/roles"),
        ("STATE", "/state"),
        ("EXPIRES", "/expires"),
    ],
    "no invitations",
);
const RECOVERIES: Shown = (
    "recoveries",
    &[
        ("RECOVERY", "/recovery"),
        ("PERSON", "/person"),
        ("STATE", "/state"),
        ("CONFIRMED BY", "/confirmed_by"),
        ("EXPIRES", "/expires"),
    ],
    "no recoveries",
);

async fn list(ctx: &Ctx, api: &ApiClient, path: &str, shown: Shown) -> Result<(), Fault> {
    let answer = api.get(path).await?;
    let (name, columns, none) = shown;
    ctx.out.answer(&answer, |answer| out::table(super::rows(answer, name), columns, none));
    Ok(())
}

fn said(answer: &Value) {
    super::acted(answer);
    let fields = [
        ("person", "/person"),
        ("invitation", "/invitation"),
        ("recovery", "/recovery"),
        ("their link, once", "/link"),
        ("until", "/expires"),
    ];
    out::fields(answer, &fields);
    if answer.get("link").is_some() {
        out::line("Give them the link in a way that you trust. It opens on their own device.");
    }
}
