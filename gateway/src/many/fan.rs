//! One question to all servers at once. Who does not answer as it should has no part in the answer and is named with it.
//!
//! Never here: what is asked, or how answers are joined.

use std::future::Future;

use futures_util::future::join_all;

use super::{
    outage::{Outage, Whose},
    visit::{Miss, Stop, Visit},
};
use crate::core::Served;

/// The member of `_meta` that names servers which had no part in an answer.
pub(super) const UNREACHABLE: &str = "writ/unreachable";

/// Asks every server that the agent may talk to; who answered as it should, in the order of their names.
pub(super) async fn all<'a, T, F, A>(
    visit: &Visit<'a>,
    ask: F,
) -> Result<Vec<(&'a Served, T)>, Stop>
where
    F: Fn(&'a Served) -> A,
    A: Future<Output = Result<T, Miss>>,
{
    let (whose, now) = (visit.whose(), visit.core.clock.now());
    let outages = &visit.core.many.outages;
    let open = visit.open().into_iter();
    let asked: Vec<_> = open.filter(|server| !outages.rests(whose, &server.name, now)).collect();
    let answers = join_all(asked.iter().map(|server| ask(server))).await;
    let mut out = Vec::with_capacity(asked.len());
    for (server, answer) in asked.into_iter().zip(answers) {
        match answer {
            Ok(said) => {
                outages.answered(whose, &server.name);
                out.push((server, said));
            }
            Err(Miss::Lacks) => outages.answered(whose, &server.name),
            Err(Miss::Out(why)) => {
                let at = (why.code, visit.core.clock.now());
                outages.failed(whose, &server.name, at);
            }
            Err(Miss::Stop(stop)) => return Err(stop),
        }
    }
    Ok(out)
}

impl Visit<'_> {
    /// Who asks.
    pub(super) fn whose(&self) -> Whose {
        (self.who.view.state.tenant, self.who.caller.instance)
    }

    /// Servers that have no part in answers for now, of those that the agent may talk to.
    pub(super) fn outages(&self) -> Vec<Outage> {
        let mut all = self.core.many.outages.of(self.whose());
        all.retain(|out| self.server(&out.server).is_some_and(|server| self.may_talk(server)));
        all
    }
}
