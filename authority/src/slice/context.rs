//! The context of one ask, built straight from the parsed body: only the attributes that the compiled grants read.
//! Never here: JSON text, or an attribute nobody asked for.

use cedar_policy::{Context, RestrictedExpression as Expr};
use writ_model::json::{Node, Value};

use super::cedar::{Need, Wanted};
use crate::{
    condition,
    decide::{CounterRead, Moment},
    grant::Surface,
};

pub(crate) use writ_charter::clock::local;

/// What the ask is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) server: &'a str,
    pub(crate) surface: Surface,
    pub(crate) name: &'a str,
    pub(crate) arguments: Option<&'a Node<'a>>,
}

/// What one attribute holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    Flag(bool),
    Long(i64),
    Text(String),
    Texts(Vec<String>),
    /// Day and minute.
    Local(i64, i64),
}

/// What the attributes hold that the compiled grants read; nothing for one that the ask does not have.
pub(crate) type Facts = Vec<Option<Fact>>;

/// What the ask has of what is needed, in its order, and every counter that was read for it.
pub(crate) fn facts(
    needs: &[Wanted],
    subject: &Subject<'_>,
    moment: &Moment<'_>,
) -> (Facts, Vec<CounterRead>) {
    let mut reads = Vec::new();
    let facts = needs.iter().map(|wanted| fact(&wanted.need, subject, moment, &mut reads));
    (facts.collect(), reads)
}

/// The context. Nothing if it cannot be built, which refuses.
pub(crate) fn build(needs: &[Wanted], facts: Facts) -> Option<Context> {
    let pairs = needs.iter().zip(facts);
    let pairs = pairs.filter_map(|(wanted, fact)| Some((wanted.key.clone(), expression(fact?)?)));
    Context::from_pairs(pairs).ok()
}

fn expression(fact: Fact) -> Option<Expr> {
    Some(match fact {
        Fact::Flag(flag) => Expr::new_bool(flag),
        Fact::Long(number) => Expr::new_long(number),
        Fact::Text(text) => Expr::new_string(text),
        Fact::Texts(list) => Expr::new_set(list.into_iter().map(Expr::new_string)),
        Fact::Local(day, minute) => {
            let fields = [("day", day), ("minute", minute)];
            Expr::new_record(fields.map(|(k, v)| (k.to_owned(), Expr::new_long(v)))).ok()?
        }
    })
}

fn fact(
    need: &Need,
    subject: &Subject<'_>,
    moment: &Moment<'_>,
    reads: &mut Vec<CounterRead>,
) -> Option<Fact> {
    let arguments = subject.arguments;
    let at = |path: &str| arguments.and_then(|node| node.pointer(path));
    match need {
        Need::Server => Some(Fact::Text(subject.server.to_owned())),
        Need::Name => Some(Fact::Text(subject.name.to_owned())),
        Need::At => Some(Fact::Long(moment.at.micros())),
        Need::Given(path) => Some(Fact::Flag(at(path).is_some())),
        Need::Text(path) => Some(Fact::Text(at(path)?.as_str()?.to_owned())),
        Need::Number(path) => condition::number(at(path)?).map(Fact::Long),
        Need::Flag(path) => match at(path)?.value {
            Value::Bool(flag) => Some(Fact::Flag(flag)),
            _ => None,
        },
        Need::Path(path) => condition::normal_path(at(path)?).map(Fact::Text),
        Need::Domains(path) => condition::domains(at(path)?).map(Fact::Texts),
        Need::Size(path) => {
            condition::size(at(path)?).and_then(|n| i64::try_from(n).ok()).map(Fact::Long)
        }
        Need::Names => Some(Fact::Texts(argument_names(arguments))),
        Need::Local(zone) => local(zone, moment.at).map(|(day, minute)| Fact::Local(day, minute)),
        Need::Used(grant, per) => {
            let used = moment.counters.used(*grant, *per, moment.at)?;
            reads.push(CounterRead { grant: *grant, per: *per, used });
            i64::try_from(used).ok().map(Fact::Long)
        }
    }
}

/// Names of the arguments given, as the grant's `only_named_arguments` compares them.
pub(crate) fn argument_names(arguments: Option<&Node<'_>>) -> Vec<String> {
    let members = arguments.and_then(Node::as_object).unwrap_or_default();
    members.iter().map(|(name, _)| name.to_string()).collect()
}
