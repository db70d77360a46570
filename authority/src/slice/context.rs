//! The context of one ask, built straight from the parsed body: only the attributes that the compiled grants read.
//! Never here: JSON text, or an attribute nobody asked for.

use cedar_policy::{Context, RestrictedExpression as Expr};
use writ_model::json::{Node, Value};

use super::cedar::Need;
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

/// The context, and every counter that was read for it. Nothing if a context cannot be built, which refuses.
pub(crate) fn build(
    needs: &[(Need, String)],
    subject: &Subject<'_>,
    moment: &Moment<'_>,
) -> (Option<Context>, Vec<CounterRead>) {
    let mut reads = Vec::new();
    let mut pairs = Vec::with_capacity(needs.len());
    for (need, key) in needs {
        if let Some(value) = value(need, subject, moment, &mut reads) {
            pairs.push((key.clone(), value));
        }
    }
    (Context::from_pairs(pairs).ok(), reads)
}

fn value(
    need: &Need,
    subject: &Subject<'_>,
    moment: &Moment<'_>,
    reads: &mut Vec<CounterRead>,
) -> Option<Expr> {
    let arguments = subject.arguments;
    let at = |path: &str| arguments.and_then(|node| node.pointer(path));
    let strings = |list: Vec<String>| Expr::new_set(list.into_iter().map(Expr::new_string));
    match need {
        Need::Server => Some(Expr::new_string(subject.server.to_owned())),
        Need::Name => Some(Expr::new_string(subject.name.to_owned())),
        Need::At => Some(Expr::new_long(moment.at.micros())),
        Need::Given(path) => Some(Expr::new_bool(at(path).is_some())),
        Need::Text(path) => Some(Expr::new_string(at(path)?.as_str()?.to_owned())),
        Need::Number(path) => condition::number(at(path)?).map(Expr::new_long),
        Need::Flag(path) => match at(path)?.value {
            Value::Bool(flag) => Some(Expr::new_bool(flag)),
            _ => None,
        },
        Need::Path(path) => condition::normal_path(at(path)?).map(Expr::new_string),
        Need::Domains(path) => condition::domains(at(path)?).map(strings),
        Need::Size(path) => {
            condition::size(at(path)?).and_then(|n| i64::try_from(n).ok()).map(Expr::new_long)
        }
        Need::Names => Some(strings(argument_names(arguments))),
        Need::Local(zone) => {
            let (day, minute) = local(zone, moment.at)?;
            let fields = [("day", day), ("minute", minute)];
            Expr::new_record(fields.map(|(k, v)| (k.to_owned(), Expr::new_long(v)))).ok()
        }
        Need::Used(grant, per) => {
            let used = moment.counters.used(*grant, *per, moment.at)?;
            reads.push(CounterRead { grant: *grant, per: *per, used });
            i64::try_from(used).ok().map(Expr::new_long)
        }
    }
}

/// Names of the arguments given, as the grant's `only_named_arguments` compares them.
pub(crate) fn argument_names(arguments: Option<&Node<'_>>) -> Vec<String> {
    let members = arguments.and_then(Node::as_object).unwrap_or_default();
    members.iter().map(|(name, _)| name.to_string()).collect()
}
