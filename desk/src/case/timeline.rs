//! Which lines are about which agent: an index over each ledger, kept in memory and read on from where it ended.
//!
//! Never here: a line's content; lines are read from the ledger when they are shown.

use std::{collections::BTreeMap, num::NonZeroUsize, sync::Arc};

use lru::LruCache;
use parking_lot::Mutex;
use writ_authority::{Entry, Fact, State, fact::Subject};
use writ_model::{AgentId, TenantId};
use writ_store::{View, ledger::MAX_READ_LINES};

use crate::{Desk, DeskError, say, view::LineView};

/// LIMIT: ledgers whose index is kept; one that is not is read again from its start, about 200,000 lines a second.
const LEDGERS: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// LIMIT: lines kept for one agent; older ones are found by reading the ledger.
const KEPT: usize = 1_000;

#[derive(Debug, Default, Clone)]
struct Index {
    size: u64,
    about: BTreeMap<Subject, Vec<u64>>,
}

/// The indexes.
#[derive(Debug)]
pub(crate) struct Timelines(Mutex<LruCache<TenantId, Arc<Index>>>);

impl Default for Timelines {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(LEDGERS)))
    }
}

impl Index {
    fn take(&mut self, state: &State, line: &[u8]) {
        let at = self.size;
        self.size += 1;
        let Ok(entry) = Entry::from_line(line) else { return };
        let many = match &entry.fact {
            Fact::AgentsTerminated(ended) => ended.agents.as_slice(),
            _ => &[],
        };
        let all = many.iter().map(|agent| Subject::Agent(*agent));
        for subject in all.chain(say::about(state, &entry.fact)) {
            let lines = self.about.entry(subject).or_default();
            if lines.len() >= KEPT {
                lines.remove(0);
            }
            lines.push(at);
        }
    }
}

impl Desk {
    /// The lines about an agent and about the groups it is in, oldest first, newest kept.
    pub(crate) async fn lines_about(
        &self,
        view: &View<State>,
        agent: AgentId,
    ) -> Result<Vec<LineView>, DeskError> {
        let index = self.index(view).await?;
        let group = view.state.agents.get(&agent).and_then(|agent| agent.group());
        let groups = view.state.group_chain(group).into_iter().map(|(id, _)| Subject::Group(id));
        let mut lines: Vec<u64> = std::iter::once(Subject::Agent(agent))
            .chain(groups)
            .filter_map(|subject| index.about.get(&subject))
            .flatten()
            .copied()
            .filter(|line| *line < view.size)
            .collect();
        lines.sort_unstable();
        let skipped = lines.len().saturating_sub(Self::TIMELINE);
        self.read_lines(view, lines.split_off(skipped)).await
    }

    /// These lines in words; neighbours are read together.
    async fn read_lines(
        &self,
        view: &View<State>,
        wanted: Vec<u64>,
    ) -> Result<Vec<LineView>, DeskError> {
        let mut out = Vec::with_capacity(wanted.len());
        let mut wanted = wanted.into_iter().peekable();
        while let Some(first) = wanted.next() {
            let mut count: usize = 1;
            while wanted.next_if_eq(&(first + u64::try_from(count).unwrap_or(0))).is_some() {
                count += 1;
            }
            let lines = self.ledger().read(view.tenant, first, count).await?;
            let shown = (first..).zip(&lines);
            out.extend(shown.filter_map(|(at, line)| say::line(&view.state, at, line)));
        }
        Ok(out)
    }

    async fn index(&self, view: &View<State>) -> Result<Arc<Index>, DeskError> {
        let known = self.inner.timelines.0.lock().get(&view.tenant).cloned().unwrap_or_default();
        if known.size >= view.size {
            return Ok(known);
        }
        let mut index = Index::clone(&known);
        while index.size < view.size {
            let lines = self.ledger().read(view.tenant, index.size, MAX_READ_LINES).await?;
            if lines.is_empty() {
                break;
            }
            for line in &lines {
                index.take(&view.state, line);
            }
        }
        let index = Arc::new(index);
        self.inner.timelines.0.lock().put(view.tenant, Arc::clone(&index));
        Ok(index)
    }
}
