//! One tenant's counters at hand: what was spent of each window, what is left of the drawn share, and what the bank said.
//!
//! Never here: IO, waiting. What is set aside for a draw is spent until the draw has failed.

use std::collections::BTreeMap;

use writ_model::{Span, Timestamp};

use super::{IDLE, KNOWN};
use crate::meter::{
    MeterKey, MeterRefusal, Reservation,
    bank::{Draw, Drawn, Rest, Window},
    window_start,
};

/// LIMIT: how many times the need one draw may want, before the bank bounds it by what is left.
const MOST_WANTED: u64 = 1_024;

#[derive(Debug, Clone, Copy)]
struct Counter {
    start: Timestamp,
    /// Spent here.
    spent: u64,
    /// Drawn and not spent.
    share: u64,
    /// Drawn by all gateways, when the bank last said so.
    total: u64,
    heard: Option<Timestamp>,
    /// When something was last spent.
    used: Timestamp,
    /// What the last draw wanted.
    want: u64,
}

impl Counter {
    fn new(start: Timestamp, now: Timestamp) -> Self {
        Self { start, spent: 0, share: 0, total: 0, heard: None, used: now, want: 0 }
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.heard.is_some_and(|heard| (now - heard).as_micros().abs() < KNOWN.as_micros())
    }

    /// Used by everybody, as far as is known.
    fn used_by_all(&self) -> u64 {
        self.total.saturating_sub(self.share)
    }
}

type Place = (MeterKey, Span);

/// The counters of one tenant.
#[derive(Debug, Default)]
pub(super) struct Counters {
    by_key: BTreeMap<Place, Counter>,
    /// No window ends before: a sweep before it would find nothing. None if there is none.
    next_end: Option<Timestamp>,
}

/// One counter in a draw.
#[derive(Debug)]
struct Part {
    window: Window,
    limit: u64,
    /// The first reservation of it.
    index: usize,
    sum: u64,
    /// Taken from the share at hand.
    aside: u64,
    /// Which of the draws is its, if it needs one.
    draw: Option<usize>,
}

/// What is asked of the bank for a list of reservations.
#[derive(Debug)]
pub(super) struct Plan {
    parts: Vec<Part>,
    pub(super) draws: Vec<Draw>,
}

impl Counters {
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Drawn and not spent, of all windows.
    #[cfg(test)]
    pub(super) fn held(&self) -> u64 {
        self.by_key.values().map(|one| one.share).sum()
    }

    /// How many counters of a list are not there.
    pub(super) fn missing(&self, wanted: &[Reservation]) -> usize {
        wanted.iter().filter(|want| !self.by_key.contains_key(&(want.key, want.window))).count()
    }

    /// Used in the window of an instant. What others used is not believed for long, because they give back: then it is
    /// what was spent here.
    pub(super) fn read(&self, key: &MeterKey, window: Span, now: Timestamp) -> u64 {
        let start = window_start(now, window);
        let counter = self.by_key.get(&(*key, window)).filter(|one| Some(one.start) == start);
        counter.map_or(0, |one| {
            let all = if one.is_fresh(now) { one.used_by_all() } else { 0 };
            one.spent.max(all)
        })
    }

    /// Whether the shares at hand do for a list.
    pub(super) fn check(&self, now: Timestamp, wanted: &[Reservation]) -> Result<(), MeterRefusal> {
        let mut short = None;
        for (index, want) in wanted.iter().enumerate() {
            let start = window_start(now, want.window).ok_or(MeterRefusal::NoWindow { index })?;
            if want.amount == 0 {
                continue;
            }
            // One counter may be wanted twice in one list: what the earlier entries take is counted.
            let earlier = wanted.iter().take(index + 1).filter(|one| same(one, want));
            let sum = earlier.fold(0_u64, |sum, one| sum.saturating_add(one.amount));
            let known = self.by_key.get(&(want.key, want.window));
            let known = known.filter(|one| one.start == start);
            if known.is_some_and(|one| one.share >= sum && one.total <= want.limit) {
                continue;
            }
            let used = known.filter(|one| one.is_fresh(now)).map_or(0, Counter::used_by_all);
            if used.saturating_add(sum) > want.limit {
                return Err(MeterRefusal::Exceeded { index, used, resets: start + want.window });
            }
            short = short.or(Some(index));
        }
        short.map_or(Ok(()), |index| Err(MeterRefusal::Short { index }))
    }

    /// Spends a list from the shares at hand, if they do for it.
    pub(super) fn spend(
        &mut self,
        now: Timestamp,
        wanted: &[Reservation],
    ) -> Result<(), MeterRefusal> {
        self.check(now, wanted)?;
        for want in wanted {
            if let Some(one) = self.by_key.get_mut(&(want.key, want.window)) {
                one.share = one.share.saturating_sub(want.amount);
                one.spent = one.spent.saturating_add(want.amount);
                one.used = one.used.max(now);
            }
        }
        Ok(())
    }

    /// Sets the shares at hand aside for a list and says what has to be drawn. `waiting` callers want something.
    pub(super) fn plan(&mut self, now: Timestamp, wanted: &[Reservation], waiting: u64) -> Plan {
        let mut parts: Vec<Part> = Vec::with_capacity(wanted.len());
        for (index, want) in wanted.iter().enumerate().filter(|(_, want)| want.amount > 0) {
            let Some(start) = window_start(now, want.window) else { continue };
            let window = Window { key: want.key, length: want.window, start };
            if let Some(part) = parts.iter_mut().find(|part| part.window == window) {
                part.sum = part.sum.saturating_add(want.amount);
                part.limit = part.limit.min(want.limit);
            } else {
                let (sum, limit) = (want.amount, want.limit);
                parts.push(Part { window, limit, index, sum, aside: 0, draw: None });
            }
        }
        let mut draws = Vec::with_capacity(parts.len());
        for part in &mut parts {
            let want = self.set_aside(now, part, waiting);
            if let Some(want) = want {
                let need = part.sum - part.aside;
                part.draw = Some(draws.len());
                draws.push(Draw { window: part.window, limit: part.limit, need, want });
            }
        }
        Plan { parts, draws }
    }

    /// What is wanted for a part, if it has to be drawn.
    fn set_aside(&mut self, now: Timestamp, part: &mut Part, waiting: u64) -> Option<u64> {
        let Window { key, length, start } = part.window;
        let one = self.by_key.entry((key, length)).or_insert_with(|| Counter::new(start, now));
        if one.start > start {
            // A caller from before the end of the last window: it takes what it needs from the bank and changes nothing.
            return Some(part.sum);
        }
        if one.start < start {
            *one = Counter::new(start, now);
        }
        let end = part.window.end();
        self.next_end = Some(self.next_end.map_or(end, |next| next.min(end)));
        part.aside = one.share.min(part.sum);
        one.share -= part.aside;
        if part.aside == part.sum && one.total <= part.limit {
            return None;
        }
        // A share that was used up quickly is followed by a larger one, so that a busy counter asks seldom.
        let busy = one.heard.is_some_and(|heard| now - heard < IDLE);
        let grown = if busy { one.want.saturating_mul(2) } else { 0 };
        let most = part.sum.saturating_mul(MOST_WANTED);
        one.want = grown.max(part.sum.saturating_mul(waiting)).min(most);
        Some(one.want)
    }

    /// The bank did not answer: what was set aside is at hand again.
    pub(super) fn undo(&mut self, plan: &Plan) {
        for part in &plan.parts {
            if let Some(one) = self.part(part.window) {
                one.share = one.share.saturating_add(part.aside);
            }
        }
    }

    /// The bank has answered.
    pub(super) fn settle(
        &mut self,
        now: Timestamp,
        plan: &Plan,
        drawn: &[Drawn],
    ) -> Result<(), MeterRefusal> {
        let of = |part: &Part| part.draw.and_then(|at| drawn.get(at));
        let all = plan.parts.iter().all(|part| part.draw.is_none() || of(part).is_some());
        let fit = all && drawn.iter().all(|one| one.fits);
        let mut refused = None;
        for part in &plan.parts {
            let outcome = of(part);
            if let Some(one) = self.part(part.window) {
                if let Some(outcome) = outcome {
                    one.total = outcome.total;
                    one.heard = Some(now);
                    // What was drawn above the need; for a straggler's part there is no counter.
                    one.share = one.share.saturating_add(outcome.now);
                }
                if fit {
                    one.share = one.share.saturating_sub(part.sum - part.aside);
                    one.spent = one.spent.saturating_add(part.sum);
                    one.used = one.used.max(now);
                } else {
                    one.share = one.share.saturating_add(part.aside);
                }
            }
            if let Some(outcome) = outcome.filter(|outcome| !outcome.fits) {
                let own = self.part(part.window).map_or(0, |one| one.share);
                let used = outcome.total.saturating_sub(own);
                let resets = part.window.end();
                refused =
                    refused.or(Some(MeterRefusal::Exceeded { index: part.index, used, resets }));
            }
        }
        if fit { Ok(()) } else { Err(refused.unwrap_or(MeterRefusal::Unreachable)) }
    }

    fn part(&mut self, window: Window) -> Option<&mut Counter> {
        let Window { key, length, start } = window;
        self.by_key.get_mut(&(key, length)).filter(|one| one.start == start)
    }

    /// Gives back to the share what was reserved at an instant.
    pub(super) fn unspend(&mut self, at: Timestamp, unused: &[Reservation]) {
        for rest in unused {
            let Some(start) = window_start(at, rest.window) else { continue };
            let window = Window { key: rest.key, length: rest.window, start };
            if let Some(one) = self.part(window) {
                let amount = rest.amount.min(one.spent);
                one.spent -= amount;
                one.share = one.share.saturating_add(amount);
            }
        }
    }

    /// Takes the shares that lie idle, or all of them, to be given back.
    pub(super) fn idle(&mut self, now: Timestamp, all: bool) -> Vec<Rest> {
        let mut out = Vec::new();
        for ((key, length), one) in &mut self.by_key {
            let window = Window { key: *key, length: *length, start: one.start };
            let idle = all || one.used + IDLE <= now;
            if one.share > 0 && idle && window.end() > now {
                out.push(Rest { window, amount: one.share });
                one.total = one.total.saturating_sub(one.share);
                one.share = 0;
            }
        }
        out
    }

    /// Forgets windows that are over; how many.
    pub(super) fn sweep(&mut self, now: Timestamp) -> usize {
        if self.next_end.is_none_or(|next| now < next) {
            return 0;
        }
        let before = self.by_key.len();
        self.by_key.retain(|(_, length), one| one.start + *length > now);
        self.next_end = self.by_key.iter().map(|((_, length), one)| one.start + *length).min();
        before - self.by_key.len()
    }
}

fn same(one: &Reservation, other: &Reservation) -> bool {
    one.key == other.key && one.window == other.window
}
