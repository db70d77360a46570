//! Grants as Cedar policies, and the schema they are checked against.
//!
//! Every condition reads attributes of the context that this file itself declares as needed ([`Need`]), so that a rule can
//! never name what is absent at decision time. Strings are quoted here and nowhere else.
//! Never here: evaluation order, reasons, JSON text.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    str::FromStr,
    sync::{Arc, OnceLock},
};

use cedar_policy::{
    EntityId, EntityTypeName, EntityUid, Policy, PolicyId, PolicySet, Schema, ValidationMode,
    Validator,
};
use writ_model::{AgentId, Digest, GrantId, json::decimal4};

use super::{known::Known, ruling::Ruling};
use crate::{
    condition::{ArgRule, Condition},
    grant::{Grant, Period, Surface},
};

/// A context attribute that a set of grants reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// The server's name, where a grant covers more than one thing.
    Server,
    /// The thing's name, where a grant covers more than one thing.
    Name,
    /// The instant in microseconds.
    At,
    /// Whether an argument is given: `?:/to`.
    Given(String),
    /// A string: `s:/to`.
    Text(String),
    /// A number in ten-thousandths: `n:/amount`.
    Number(String),
    /// A boolean: `b:/force`.
    Flag(String),
    /// A normalised path: `p:/path`.
    Path(String),
    /// Domains of addresses: `d:/to`.
    Domains(String),
    /// Characters or items: `z:/to`.
    Size(String),
    /// Names of the arguments given.
    Names,
    /// Day and minute in a time zone.
    Local(String),
    /// Calls already permitted under a grant in the running period.
    Used(GrantId, Period),
}

impl Need {
    /// The attribute's key and Cedar type; `true` if it may be absent.
    pub(crate) fn key(&self) -> (String, &'static str, bool) {
        match self {
            Self::Server => ("server".to_owned(), "String", false),
            Self::Name => ("name".to_owned(), "String", false),
            Self::At => ("at".to_owned(), "Long", false),
            Self::Given(path) => (format!("?:{path}"), "Bool", false),
            Self::Text(path) => (format!("s:{path}"), "String", true),
            Self::Number(path) => (format!("n:{path}"), "Long", true),
            Self::Flag(path) => (format!("b:{path}"), "Bool", true),
            Self::Path(path) => (format!("p:{path}"), "String", true),
            Self::Domains(path) => (format!("d:{path}"), "Set<String>", true),
            Self::Size(path) => (format!("z:{path}"), "Long", true),
            Self::Names => ("names".to_owned(), "Set<String>", false),
            Self::Local(zone) => (format!("l:{zone}"), "{day: Long, minute: Long}", true),
            Self::Used(grant, per) => (format!("u:{grant}:{}", per.word()), "Long", true),
        }
    }
}

/// Attributes, each with the whole numbers that rules compare it to and nothing else of it: what lies between two of them
/// is all the same to every rule. Filled where the rule's text is written. Empty: rules may depend on the value itself.
type Needs = BTreeMap<Need, BTreeSet<i64>>;

/// An attribute that a compiled set reads.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) need: Need,
    /// Its key in the context.
    pub(crate) key: String,
    /// See [`Needs`].
    pub(crate) marks: Vec<i64>,
}

/// Why grants did not compile; cannot happen to grants that were checked when given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("grant {grant} does not compile: {why}")]
pub(crate) struct NotCompiled {
    pub(crate) grant: GrantId,
    pub(crate) why: String,
}

/// Some grants as one policy set, and the context it needs.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) principal: EntityUid,
    pub(crate) action: EntityUid,
    resource: EntityTypeName,
    pub(crate) policies: PolicySet,
    /// What the context must hold.
    pub(crate) needs: Vec<Wanted>,
    /// What Cedar said of it before.
    pub(crate) known: Known,
    /// What was compiled, own grants first.
    pub(crate) grants: Vec<(GrantId, Arc<Grant>)>,
    ids: Vec<PolicyId>,
    /// Where a grant names one thing, so that the whole set is about it: what the charter of this digest says of it.
    ruling: OnceLock<(Digest, Arc<Ruling>)>,
}

impl Compiled {
    pub(crate) fn new(
        agent: AgentId,
        grants: Vec<(GrantId, Arc<Grant>)>,
    ) -> Result<Self, NotCompiled> {
        let mut policies = PolicySet::new();
        let mut needs = Needs::new();
        let mut ids = Vec::with_capacity(grants.len());
        for (id, grant) in &grants {
            let failed = |why: String| NotCompiled { grant: *id, why };
            let text = policy_text(agent, *id, grant, &mut needs);
            let name = PolicyId::new(id.to_string());
            ids.push(name.clone());
            let policy =
                Policy::parse(Some(name), text).map_err(|error| failed(error.to_string()))?;
            policies.add(policy).map_err(|error| failed(error.to_string()))?;
        }
        let first = grants.first().map(|(id, grant)| (*id, grant.surface));
        let (grant, surface) = first.unwrap_or((GrantId::from_bytes([0; 16]), Surface::Tool));
        let names = || {
            let principal = uid("Agent", &agent.to_string())?;
            let resource = EntityTypeName::from_str(entity_type(surface)).ok()?;
            Some((principal, uid("Action", action(surface))?, resource))
        };
        let Some((principal, action, resource)) = names() else {
            return Err(NotCompiled { grant, why: "a type name is malformed".to_owned() });
        };
        let wanted = |(need, marks): (Need, BTreeSet<i64>)| {
            let key = need.key().0;
            Wanted { need, key, marks: marks.into_iter().collect() }
        };
        let needs = needs.into_iter().map(wanted).collect();
        let (known, ruling) = (Known::default(), OnceLock::new());
        Ok(Self { principal, action, resource, policies, needs, known, grants, ids, ruling })
    }

    /// What a charter says of the thing that this set is about: read by `read` if it is not kept here.
    pub(crate) fn ruling(
        &self,
        charter: Option<Digest>,
        read: impl FnOnce() -> Arc<Ruling>,
    ) -> Arc<Ruling> {
        let one_thing = || self.grants.iter().any(|(_, grant)| !grant.name.ends_with('*'));
        match (charter, self.ruling.get()) {
            (Some(wanted), Some((known, ruling))) if wanted == *known => Arc::clone(ruling),
            (Some(wanted), None) if one_thing() => {
                Arc::clone(&self.ruling.get_or_init(|| (wanted, read())).1)
            }
            _ => read(),
        }
    }

    /// Which of the grants a policy is.
    pub(crate) fn position(&self, policy: &PolicyId) -> Option<usize> {
        self.ids.iter().position(|id| id == policy)
    }

    /// The thing asked for, as an entity.
    pub(crate) fn resource(&self, server: &str, name: &str) -> EntityUid {
        let id = EntityId::new(resource_id(server, name));
        EntityUid::from_type_name_and_id(self.resource.clone(), id)
    }

    /// Checks the set against the schema of exactly the attributes it declares: done once, when a grant is given.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let text = schema_text(&self.needs);
        let (schema, _) = Schema::from_cedarschema_str(&text).map_err(|error| error.to_string())?;
        let result = Validator::new(schema).validate(&self.policies, ValidationMode::Strict);
        match result.validation_errors().next() {
            None => Ok(()),
            Some(error) => Err(error.to_string()),
        }
    }
}

/// An entity of one of our types; nothing only if the type name itself were malformed.
fn uid(kind: &str, id: &str) -> Option<EntityUid> {
    let kind = EntityTypeName::from_str(kind).ok()?;
    Some(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

/// The Cedar entity type of a surface.
const fn entity_type(surface: Surface) -> &'static str {
    match surface {
        Surface::Tool => "Tool",
        Surface::Resource => "Resource",
        Surface::Prompt => "Prompt",
    }
}

/// The Cedar action of a surface.
const fn action(surface: Surface) -> &'static str {
    match surface {
        Surface::Tool => "call_tool",
        Surface::Resource => "read_resource",
        Surface::Prompt => "get_prompt",
    }
}

/// A thing's entity id. The unit separator stands in no server's name, so that no two things share an id.
pub(crate) fn resource_id(server: &str, name: &str) -> String {
    format!("{server}\u{1f}{name}")
}

fn schema_text(needs: &[Wanted]) -> String {
    let mut attributes = String::new();
    for Wanted { need, .. } in needs {
        let (key, kind, optional) = need.key();
        let mark = if optional { "?" } else { "" };
        let _fits = write!(attributes, "{}{mark}: {kind}, ", quote(&key));
    }
    let mut out = String::from("entity Agent; entity Tool; entity Resource; entity Prompt;\n");
    for surface in [Surface::Tool, Surface::Resource, Surface::Prompt] {
        let _fits = writeln!(
            out,
            "action {} appliesTo {{ principal: Agent, resource: {}, context: {{ {attributes} }} }};",
            action(surface),
            entity_type(surface),
        );
    }
    out
}

fn policy_text(agent: AgentId, id: GrantId, grant: &Grant, needs: &mut Needs) -> String {
    let mut when = vec!["true".to_owned()];
    let resource = if let Some(start) = grant.name.strip_suffix('*') {
        needs.extend([Need::Server, Need::Name].map(|need| (need, BTreeSet::new())));
        when.push(format!("context.server == {}", quote(&grant.server)));
        when.push(format!("context.name like \"{}*\"", pattern(start)));
        "resource".to_owned()
    } else {
        let id = quote(&resource_id(&grant.server, &grant.name));
        format!("resource == {}::{id}", entity_type(grant.surface))
    };
    for mark in grant.from.into_iter().chain(grant.until) {
        needs.entry(Need::At).or_default().insert(mark.micros());
    }
    when.extend(grant.from.map(|from| format!("context.at >= {}", from.micros())));
    when.extend(grant.until.map(|until| format!("context.at < {}", until.micros())));
    if let Some(window) = &grant.window {
        let need = Need::Local(window.zone.clone());
        let days: Vec<String> = window.days.iter().map(u8::to_string).collect();
        when.push(guarded(&need, |local| {
            format!(
                "[{}].contains({local}.day) && {local}.minute >= {} && {local}.minute < {}",
                days.join(", "),
                window.from_minute,
                window.to_minute
            )
        }));
        needs.entry(need).or_default();
    }
    for limit in &grant.limits {
        let need = Need::Used(id, limit.per);
        when.push(guarded(&need, |used| format!("{used} < {}", limit.count)));
        needs.entry(need).or_default().insert(i64::try_from(limit.count).unwrap_or(i64::MAX));
    }
    if grant.only_named_arguments {
        let mut names: Vec<String> =
            grant.rules.iter().map(|rule| quote(&top(&rule.path))).collect();
        names.dedup();
        needs.entry(Need::Names).or_default();
        when.push(if names.is_empty() {
            "context[\"names\"].isEmpty()".to_owned()
        } else {
            format!("[{}].containsAll(context[\"names\"])", names.join(", "))
        });
    }
    when.extend(grant.rules.iter().map(|rule| rule_text(rule, needs)));
    format!(
        "permit(principal == Agent::{}, action == Action::{}, {resource}) when {{ {} }};",
        quote(&agent.to_string()),
        quote(action(grant.surface)),
        when.join(" && ")
    )
}

/// First part of a pointer, unescaped: the argument's own name.
pub(crate) fn top(path: &str) -> String {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    first.replace("~1", "/").replace("~0", "~")
}

fn rule_text(rule: &ArgRule, needs: &mut Needs) -> String {
    let path = || rule.path.clone();
    let given = Need::Given(path());
    let is_given = format!("context[{}]", quote(&given.key().0));
    needs.entry(given).or_default();
    let row = |list: &[String]| list.iter().map(|one| quote(one)).collect::<Vec<_>>().join(", ");
    let (need, text): (Need, String) = match &rule.must {
        Condition::Absent => return format!("!{is_given}"),
        Condition::OneOf(list) => {
            let need = Need::Text(path());
            let text = guarded(&need, |value| format!("[{}].contains({value})", row(list)));
            (need, text)
        }
        Condition::NoneOf(list) => {
            let need = Need::Text(path());
            let text = guarded(&need, |value| format!("!([{}].contains({value}))", row(list)));
            (need, text)
        }
        Condition::Like(list) => either(Need::Text(path()), list, |value, one| {
            format!("{value} like \"{}\"", pattern(one))
        }),
        Condition::Under(list) => either(Need::Path(path()), list, |value, root| {
            let root = root.trim_end_matches('/');
            format!("({value} == {} || {value} like \"{}/*\")", quote(root), escape(root, "\\*"))
        }),
        Condition::AtMost(limit) => bound(path(), "<=", limit),
        Condition::AtLeast(limit) => bound(path(), ">=", limit),
        Condition::Is(wanted) => {
            let need = Need::Flag(path());
            let text = guarded(&need, |value| format!("{value} == {wanted}"));
            (need, text)
        }
        Condition::Domains(list) => {
            let need = Need::Domains(path());
            let text = guarded(&need, |value| format!("[{}].containsAll({value})", row(list)));
            (need, text)
        }
        Condition::Size(most) => {
            let need = Need::Size(path());
            let text = guarded(&need, |value| format!("{value} <= {most}"));
            (need, text)
        }
    };
    needs.entry(need).or_default();
    if rule.optional { format!("(!{is_given} || {text})") } else { text }
}

/// `has` before use: an absent attribute makes the rule false, never an error.
fn guarded(need: &Need, text: impl FnOnce(&str) -> String) -> String {
    let key = quote(&need.key().0);
    format!("(context has {key} && ({}))", text(&format!("context[{key}]")))
}

fn either(need: Need, list: &[String], text: impl Fn(&str, &str) -> String) -> (Need, String) {
    let joined = guarded(&need, |value| {
        list.iter().map(|one| text(value, one)).collect::<Vec<_>>().join(" || ")
    });
    (need, joined)
}

fn bound(path: String, sign: &str, limit: &str) -> (Need, String) {
    let need = Need::Number(path);
    let text = guarded(&need, |value| match decimal4(limit) {
        Some(limit) => format!("{value} {sign} ({limit})"),
        // Checked when the grant was given; a limit that cannot be read is never met.
        None => "false".to_owned(),
    });
    (need, text)
}

/// A Cedar string literal.
fn quote(text: &str) -> String {
    format!("\"{}\"", escape(text, "*"))
}

/// Letters that need no escape stand as they are, all others as `\u{…}`; `*` as given, since patterns treat it specially.
fn escape(text: &str, star: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || " /:.,;_-@+=()[]{}?!#$%&~^|<>'`".contains(c) {
            out.push(c);
        } else if c == '*' {
            out.push_str(star);
        } else {
            let _fits = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
    out
}

/// A Cedar pattern in which our `*` is a wildcard and everything else itself.
fn pattern(text: &str) -> String {
    text.split('*').map(|part| escape(part, "")).collect::<Vec<_>>().join("*")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fact::Subject,
        grant::{Limit, Window},
    };

    /// Every condition, window and limit compiles and passes Cedar's strict validator.
    #[test]
    fn every_form_of_grant_validates() {
        let list = || vec!["a.example".to_owned(), "o'h \"\\*\u{202e}é".to_owned()];
        let conditions = [
            Condition::OneOf(list()),
            Condition::NoneOf(list()),
            Condition::Like(list()),
            Condition::AtMost("12.5".to_owned()),
            Condition::AtLeast("-3".to_owned()),
            Condition::Is(true),
            Condition::Under(list()),
            Condition::Domains(list()),
            Condition::Size(7),
            Condition::Absent,
        ];
        let id = GrantId::from_bytes([7; 16]);
        for must in conditions {
            for (optional, surface) in [(false, Surface::Tool), (true, Surface::Resource)] {
                let grant = Grant {
                    subject: Subject::Agent(AgentId::from_bytes([1; 16])),
                    server: "mail".to_owned(),
                    surface,
                    name: "s*".to_owned(),
                    rules: vec![ArgRule {
                        path: "/a~1b/0".to_owned(),
                        must: must.clone(),
                        optional,
                    }],
                    only_named_arguments: optional,
                    window: Some(Window {
                        zone: "Europe/Berlin".to_owned(),
                        days: vec![1, 5],
                        from_minute: 0,
                        to_minute: 60,
                    }),
                    limits: vec![Limit { count: 3, per: Period::Day }],
                    from: None,
                    until: None,
                    given_by: writ_model::PersonId::from_bytes([2; 16]),
                    reason: "r".to_owned(),
                };
                let agent = AgentId::from_bytes([1; 16]);
                let compiled = Compiled::new(agent, vec![(id, Arc::new(grant))]).unwrap();
                assert_eq!(compiled.validate(), Ok(()), "{must:?}");
            }
        }
    }

    /// A rule that names an attribute the schema does not have is refused at load, not silently never true.
    #[test]
    fn the_validator_can_fail() {
        let id = GrantId::from_bytes([7; 16]);
        let text = "permit(principal, action, resource) when { context.nothing == 1 };";
        let policy = Policy::parse(Some(PolicyId::new(id.to_string())), text).unwrap();
        let mut policies = PolicySet::new();
        policies.add(policy).unwrap();
        let compiled = Compiled {
            policies,
            ..Compiled::new(AgentId::from_bytes([1; 16]), Vec::new()).unwrap()
        };
        assert!(compiled.validate().is_err());
    }
}
