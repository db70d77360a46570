//! Give a grant: to whom, on what, under which conditions on arguments, when, how often, until when, why.
//! Never here: what a condition means (`authority::condition`), or whether a grant is well formed (`authority` says).

use axum::extract::{Path, Query};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use writ_authority::{
    condition::{ArgRule, Condition},
    grant::{Limit, Period, Window},
};
use writ_desk::{AgentFilter, DeskError, NewGrant};
use writ_model::Timestamp;

use super::{Choice, Field, FormPage, Given, Input, RuleRow, split};
use crate::{
    page::render,
    part::Refused,
    route,
    shell::{Section, Shell},
    visit::{self, Answer, Sent, Visit, Wrong},
};

/// LIMIT: conditions in one form; a grant with more is given over the API.
const RULES: usize = 5;
const DAYS: [(&str, &str); 7] = [
    ("1", "Mon"),
    ("2", "Tue"),
    ("3", "Wed"),
    ("4", "Thu"),
    ("5", "Fri"),
    ("6", "Sat"),
    ("7", "Sun"),
];

/// Who may be granted, and servers that are known.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Agents and groups: value `agent:…` or `group:…`, and name.
    pub subjects: Vec<(String, String)>,
    /// Servers behind the gateways, for this client.
    pub servers: Vec<String>,
}

/// The form.
#[must_use]
pub fn form(
    mut shell: Shell,
    around: &Around,
    given: &Given,
    refused: Option<Refused>,
) -> FormPage {
    let slug = shell.client.as_ref().map(|one| one.slug.clone()).unwrap_or_default();
    "Give a grant".clone_into(&mut shell.title);
    let mut page =
        FormPage::new(shell, "Give a grant".to_owned(), route::grant_new(&slug), "Give the grant");
    "What no grant allows is refused. It holds from the moment it stands in the ledger, in your name.".clone_into(&mut page.lead);
    page.back = route::client(&slug);
    page.fields = subject(around, given);
    page.fields.extend(conditions(given));
    page.refused(refused)
}

fn subject(around: &Around, given: &Given) -> Vec<Field> {
    let subjects = around.subjects.iter().map(|(value, name)| Choice::new(value, name, ""));
    let surfaces = vec![
        Choice::new("tool", "Tool", "call it"),
        Choice::new("resource", "Resource", "read it"),
        Choice::new("prompt", "Prompt", "get it"),
    ];
    vec![
        Field::new("subject", "To", Input::Select(subjects.collect()), given),
        Field::new("server", "Server", Input::Known(around.servers.clone()), given)
            .hint("By its name in the operator's file.")
            .required(),
        Field::new("surface", "What", Input::Radio(surfaces), given),
        Field::new("name", "Its name", Input::Line, given)
            .hint("For example send_message. A final * matches any ending; * alone everything.")
            .required(),
    ]
}

fn conditions(given: &Given) -> Vec<Field> {
    let only = vec![Choice::new("yes", "Refuse arguments that no condition names", "")];
    let days = DAYS.iter().map(|(value, label)| Choice::new(value, label, "")).collect();
    let per = vec![
        Choice::new("day", "a day", ""),
        Choice::new("hour", "an hour", ""),
        Choice::new("minute", "a minute", ""),
    ];
    vec![
        Field::new("rules", "Only if", Input::Rules(rows(given)), given)
            .hint("Argument (a JSON Pointer such as /to), what must hold, values separated by commas. All must hold."),
        Field::new("only_named", "Other arguments", Input::Boxes(only), given),
        Field::new("count", "At most", Input::Line, given).hint("Calls; empty for no limit."),
        Field::new("per", "In", Input::Select(per), given),
        Field::new("days", "Days", Input::Boxes(days), given).hint("None ticked: at any hour of any day."),
        Field::new("hours", "Hours", Input::Line, given).hint("For example 08:00-18:00; empty for the whole day."),
        Field::new("zone", "Time zone", Input::Line, given).hint("For example Europe/Berlin; empty for UTC."),
        Field::new("until", "Until", Input::Instant, given).hint("UTC; empty for no end."),
        Field::new("reason", "Why", Input::Words, given)
            .hint("Stands in the ledger for good, with your name.")
            .required(),
    ]
}

fn rows(given: &Given) -> Vec<RuleRow> {
    let row = |number: usize| {
        let part = |part: &str| given.one(&format!("rule-{number}-{part}")).to_owned();
        RuleRow {
            number,
            path: part("path"),
            kind: part("kind"),
            value: part("value"),
            optional: !part("optional").is_empty(),
        }
    };
    (1..=RULES).map(row).collect()
}

/// The conditions of a submitted form.
///
/// # Errors
/// A row that cannot be read, with its cure.
pub fn rules(given: &Given) -> Result<Vec<ArgRule>, Refused> {
    let filled = rows(given).into_iter().filter(|row| !row.path.is_empty());
    filled
        .map(|row| {
            let list = || split(&row.value);
            let one = || row.value.clone();
            let must = match row.kind.as_str() {
                "domains" => Condition::Domains(list()),
                "under" => Condition::Under(list()),
                "one_of" => Condition::OneOf(list()),
                "none_of" => Condition::NoneOf(list()),
                "like" => Condition::Like(list()),
                "at_most" => Condition::AtMost(one()),
                "at_least" => Condition::AtLeast(one()),
                "is" => Condition::Is(match row.value.as_str() {
                    "true" => true,
                    "false" => false,
                    other => return Err(wrong("rules", other, "Write true or false.")),
                }),
                "size" => {
                    let size = row.value.parse();
                    Condition::Size(
                        size.map_err(|_bad| wrong("rules", &row.value, "Write a whole number."))?,
                    )
                }
                "absent" => Condition::Absent,
                other => return Err(wrong("rules", other, "Choose a condition from the list.")),
            };
            Ok(ArgRule { path: row.path.clone(), must, optional: row.optional })
        })
        .collect()
}

/// The limit of a submitted form.
///
/// # Errors
/// If the count is no number.
pub fn limits(given: &Given) -> Result<Vec<Limit>, Refused> {
    let Some(count) = given.some("count") else { return Ok(Vec::new()) };
    let count = count
        .parse()
        .map_err(|_bad| wrong("count", &count, "Write a whole number, or nothing."))?;
    let per = match given.one("per") {
        "minute" => Period::Minute,
        "hour" => Period::Hour,
        _ => Period::Day,
    };
    Ok(vec![Limit { count, per }])
}

/// The hours of a submitted form; none if neither days nor hours are given.
///
/// # Errors
/// If the hours cannot be read.
pub fn window(given: &Given) -> Result<Option<Window>, Refused> {
    let ticked = given.all("days");
    let hours = given.one("hours");
    if ticked.is_empty() && hours.is_empty() {
        return Ok(None);
    }
    let mut days: Vec<u8> = ticked.iter().filter_map(|day| day.parse().ok()).collect();
    if days.is_empty() {
        days = (1..=7).collect();
    }
    let cure = "Write them as 08:00-18:00.";
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
        (hour <= 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let (from_minute, to_minute) = match hours {
        "" => (0, 1_440),
        hours => hours
            .split_once(['-', '–'])
            .and_then(|(from, to)| Some((minute(from)?, minute(to)?)))
            .ok_or_else(|| wrong("hours", hours, cure))?,
    };
    let zone = given.some("zone").unwrap_or_else(|| "UTC".to_owned());
    Ok(Some(Window { zone, days, from_minute, to_minute }))
}

/// An instant of a submitted form, which browsers write without seconds and without a zone.
///
/// # Errors
/// If it cannot be read.
pub fn instant(given: &Given, name: &str) -> Result<Option<Timestamp>, Refused> {
    let Some(text) = given.some(name) else { return Ok(None) };
    let whole = format!("{text}:00Z");
    let parsed =
        whole.parse().or_else(|_bad| text.parse()).or_else(|_bad| format!("{text}Z").parse());
    let cure = "Write it as 2026-11-03T14:03, in UTC.";
    parsed.map(Some).map_err(|_bad: writ_model::time::BadTime| wrong(name, &text, cure))
}

fn wrong(field: &str, value: &str, cure: &str) -> Refused {
    Refused {
        code: "CONS-0002".to_owned(),
        field: field.to_owned(),
        what: format!("`{}` cannot be read", writ_authority::refusal::cut(value)),
        cure: cure.to_owned(),
    }
}

/// For whom the form starts; stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Start {
    agent: String,
    group: String,
}

async fn around(visit: &Visit, client: &str) -> Result<Around, Wrong> {
    let filter = AgentFilter { client: Some(client.to_owned()), ..AgentFilter::default() };
    let agents = visit.tell(visit.desk.agents(&visit.who, &filter).await)?;
    let groups = visit.tell(visit.desk.groups(&visit.who, client).await)?;
    let status = visit.tell(visit.desk.status().await)?;
    let living = agents.iter().filter(|one| one.life != "terminated");
    let agents = living.map(|one| (format!("agent:{}", one.agent), one.name.clone()));
    let groups = groups
        .iter()
        .map(|one| (format!("group:{}", one.group), format!("every agent in {}", one.name)));
    let servers = status.gateways.iter().flat_map(|gateway| gateway.servers.iter());
    let mine = servers.filter(|one| one.client.as_deref().is_none_or(|slug| slug == client));
    let mut servers: Vec<String> = mine.map(|one| one.name.clone()).collect();
    servers.sort_unstable();
    servers.dedup();
    Ok(Around { subjects: agents.chain(groups).collect(), servers })
}

async fn page(
    visit: &Visit,
    client: &str,
    given: &Given,
    refused: Option<Refused>,
    status: StatusCode,
) -> Answer {
    let around = around(visit, client).await?;
    let shell = visit.shell_at(client, "", Section::Agents)?;
    Ok(render(status, &form(shell, &around, given, refused)))
}

/// `GET /clients/{client}/grants/new`
pub(crate) async fn show(
    visit: Visit,
    Path(client): Path<String>,
    Query(start): Query<Start>,
) -> Answer {
    let subject = match (start.agent.as_str(), start.group.as_str()) {
        ("", "") => String::new(),
        ("", group) => format!("group:{group}"),
        (agent, _) => format!("agent:{agent}"),
    };
    let given = Given::start(&[("subject", &subject)]);
    page(&visit, &client, &given, None, StatusCode::OK).await
}

/// `POST /clients/{client}/grants/new`
pub(crate) async fn take(Path(client): Path<String>, sent: Sent) -> Answer {
    let Sent { visit, given } = sent;
    let body = match body(&given) {
        Ok(body) => body,
        Err(wrong) => {
            return page(&visit, &client, &given, Some(wrong), StatusCode::UNPROCESSABLE_ENTITY)
                .await;
        }
    };
    match visit.desk.give_grant(&visit.who, &client, body).await {
        Ok(acted) => {
            let agent = given.one("subject").strip_prefix("agent:");
            let to = agent.map_or_else(|| route::client(&client), |id| route::agent(&client, id));
            Ok(visit.done(&client, &acted, &to))
        }
        Err(fault) => {
            if let Some(to) = visit.goes_on(&fault) {
                return Ok(to);
            }
            let wrong = Some(visit::refused(&fault));
            page(&visit, &client, &given, wrong, visit::status(&fault)).await
        }
    }
}

fn body(given: &Given) -> Result<NewGrant, Refused> {
    let (kind, id) = given.one("subject").split_once(':').unwrap_or_default();
    let mut subject = serde_json::Map::new();
    subject.insert(kind.to_owned(), json!(id));
    let body = json!({
        "subject": subject,
        "server": given.one("server"),
        "surface": given.some("surface").unwrap_or_else(|| "tool".to_owned()),
        "name": given.one("name"),
        "rules": rules(given)?,
        "only_named_arguments": given.ticked("only_named", "yes"),
        "window": window(given)?,
        "limits": limits(given)?,
        "until": instant(given, "until")?,
        "reason": given.one("reason"),
    });
    serde_json::from_value(body).map_err(|fault| {
        let cure = "Choose to whom and what from the lists.";
        visit::refused(&DeskError::bad("subject", fault.to_string(), cure))
    })
}

fn sample_given() -> Given {
    Given::start(&[
        ("subject", "agent:agt_x"),
        ("server", "mail"),
        ("name", "send_message"),
        ("rule-1-path", "/to"),
        ("rule-1-kind", "domains"),
        ("rule-1-value", "harborbooks.example"),
        ("rule-2-path", "/body"),
        ("rule-2-kind", "size"),
        ("rule-2-value", "4000"),
        ("only_named", "yes"),
        ("count", "200"),
        ("days", "1"),
        ("days", "5"),
        ("hours", "08:00-18:00"),
        ("zone", "Europe/Berlin"),
        ("until", "2026-12-31T00:00"),
        ("reason", "Needed to answer customers within a day."),
    ])
}

pub(crate) fn samples() -> Vec<(&'static str, FormPage)> {
    let shell = || Shell::sample_client("", Section::Agents);
    let subjects = vec![
        ("agent:agt_x".to_owned(), "mail-assistant".to_owned()),
        ("group:grp_x".to_owned(), "group Back office".to_owned()),
    ];
    let around = Around { subjects, servers: vec!["mail".to_owned(), "files".to_owned()] };
    vec![
        ("full", form(shell(), &around, &sample_given(), None)),
        ("empty", form(shell(), &Around::default(), &Given::default(), None)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_a_grant() {
        let given = sample_given();
        let rules = rules(&given).unwrap();
        assert_eq!(rules.len(), 2);
        assert_eq!(rules[0].must, Condition::Domains(vec!["harborbooks.example".to_owned()]));
        assert_eq!(rules[1].must, Condition::Size(4_000));
        assert_eq!(limits(&given).unwrap(), [Limit { count: 200, per: Period::Day }]);
        let window = window(&given).unwrap().unwrap();
        assert_eq!((window.from_minute, window.to_minute, window.days), (480, 1_080, vec![1, 5]));
        let until = instant(&given, "until").unwrap().unwrap();
        assert_eq!(until.to_string(), "2026-12-31T00:00:00.000000Z");
    }

    #[test]
    fn what_cannot_be_read_names_its_field() {
        for (name, value, field) in [("hours", "early", "hours"), ("count", "many", "count")] {
            let given = Given::start(&[(name, value)]);
            let refused = limits(&given).err().or_else(|| window(&given).err()).unwrap();
            assert_eq!(refused.field, field);
        }
        let given = Given::start(&[
            ("rule-1-path", "/a"),
            ("rule-1-kind", "is"),
            ("rule-1-value", "maybe"),
        ]);
        assert_eq!(rules(&given).unwrap_err().field, "rules");
        let given = Given::start(&[("until", "tomorrow")]);
        assert_eq!(instant(&given, "until").unwrap_err().field, "until");
    }
}
