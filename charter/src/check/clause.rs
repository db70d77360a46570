//! Checks of clauses. To add one: a function of the part it is about, its call in [`Sheet::clause`].

use writ_model::{Role, Timestamp};

use super::{Sheet, is_key};
use crate::{
    Charter, Clause, Limit, Mode, Money, Scope, Seat, Waits, When,
    money::{is_currency, plain_decimal},
};

/// LIMIT: most patterns of a clause; more than half the catalogue is better said by families.
const MOST_PATTERNS: usize = 40;
/// LIMIT: most entries of one list of a scope.
const MOST_SCOPE: usize = 64;
/// LIMIT: most exceptions of a clause; with more nobody can say what it means.
const MOST_UNLESS: usize = 16;
/// LIMIT: most limits of a clause: two periods of each kind, and some to spare.
const MOST_LIMITS: usize = 8;
/// LIMIT: most seats of a quorum: two parties with three roles that can say yes, and some to spare.
const MOST_SEATS: usize = 8;
/// LIMIT: most people of one seat; more can not be brought together within a day.
const MOST_PEOPLE: u8 = 9;
/// LIMIT: most enforcement points named by a clause.
const MOST_POINTS: usize = 256;

impl Sheet<'_> {
    /// All clauses of a charter.
    pub(super) fn clauses(&mut self, clauses: &[Clause]) {
        if clauses.is_empty() {
            self.add(
                "clauses",
                "none",
                "a charter has at least one clause",
                "add a clause; to refuse everything, suspend the delegation instead",
            );
        }
        self.some_clauses("clauses", clauses);
        for (at, clause) in clauses.iter().enumerate().take(Charter::MOST_CLAUSES) {
            let stale = |old: &&String| clauses.iter().any(|other| &other.key == *old);
            if let Some(old) = clause.supersedes.as_ref().filter(stale) {
                self.text(
                    &format!("clauses[{at}].supersedes"),
                    old,
                    "what a clause takes the place of is not in the same charter",
                    "leave the old clause out, or do not name it",
                );
            }
        }
    }

    /// Clauses, of a charter or of a template.
    pub(crate) fn some_clauses(&mut self, field: &str, clauses: &[Clause]) {
        let most = Charter::MOST_CLAUSES;
        if clauses.len() > most {
            let rule = format!("there are at most {most} clauses");
            self.add(field, &format!("{} clauses", clauses.len()), &rule, "join some");
        }
        for (at, clause) in clauses.iter().enumerate().take(most) {
            let field = format!("{field}[{at}]");
            if clauses.iter().take(at).any(|known| known.key == clause.key) {
                let (rule, cure) = ("no key stands twice", "give one of them another key");
                self.text(&format!("{field}.key"), &clause.key, rule, cure);
            }
            self.clause(&field, clause);
        }
    }

    fn clause(&mut self, field: &str, clause: &Clause) {
        let at = |part: &str| format!("{field}.{part}");
        self.key(&at("key"), &clause.key);
        self.plain(&at("title"), &clause.title, 120);
        self.patterns(&at("actions"), &clause.actions);
        self.scope(&at("scope"), &clause.scope);
        self.mode(&at("mode"), &clause.mode);
        self.when(&at("when"), &clause.when);
        self.list(&at("unless"), &clause.unless, MOST_UNLESS);
        for (n, unless) in clause.unless.iter().enumerate().take(MOST_UNLESS) {
            let field = at(&format!("unless[{n}]"));
            if unless.scope.is_any() && unless.when.is_always() {
                let rule = "an exception says where or when it holds";
                let cure = "fill it, or leave it out: empty it would undo the clause";
                self.add(&field, "empty", rule, cure);
            }
            self.scope(&format!("{field}.scope"), &unless.scope);
            self.when(&format!("{field}.when"), &unless.when);
        }
        self.limits(&at("limits"), clause);
        self.span(&at("until"), clause.from, clause.until);
        if let Some(cap) = &clause.liability_cap {
            self.money(&at("liability_cap"), cap);
        }
        self.maybe(&at("contract_ref"), clause.contract_ref.as_deref(), 200);
        if let Some(old) = &clause.supersedes {
            self.key(&at("supersedes"), old);
        }
        self.waits(&at("waits"), clause.waits);
        self.words(&at("enforced_by"), &clause.enforced_by, (MOST_POINTS, 200));
    }

    pub(crate) fn key(&mut self, field: &str, key: &str) {
        if !is_key(key) {
            self.text(
                field,
                key,
                "a key is 2 to 40 of a-z, 0-9 and -",
                "choose a short name like `mail-out`",
            );
        }
    }

    fn patterns(&mut self, field: &str, actions: &[String]) {
        if actions.is_empty() {
            let rule = "a clause is about at least one action class";
            self.add(field, "none", rule, "name one, a family, or `*`");
        }
        self.list(field, actions, MOST_PATTERNS);
        for (n, pattern) in actions.iter().enumerate().take(MOST_PATTERNS) {
            self.pattern(&format!("{field}[{n}]"), pattern);
        }
    }

    fn scope(&mut self, field: &str, scope: &Scope) {
        self.list(&format!("{field}.groups"), &scope.groups, MOST_SCOPE);
        self.list(&format!("{field}.agents"), &scope.agents, MOST_SCOPE);
        for (part, list) in
            [("servers", &scope.servers), ("tags", &scope.tags), ("data", &scope.data)]
        {
            self.words(&format!("{field}.{part}"), list, (MOST_SCOPE, 64));
        }
    }

    fn mode(&mut self, field: &str, mode: &Mode) {
        let Mode::Approve { quorum } = mode else { return };
        let field = format!("{field}.quorum");
        if quorum.is_empty() {
            let rule = "an approval needs at least one seat";
            self.add(&field, "none", rule, "say who must say yes, or choose another mode");
        }
        if quorum.len() > MOST_SEATS {
            let rule = format!("a quorum has at most {MOST_SEATS} seats");
            self.add(&field, &format!("{} seats", quorum.len()), &rule, "ask fewer people");
        }
        for (n, seat) in quorum.iter().enumerate().take(MOST_SEATS) {
            let same = |known: &Seat| (known.party, known.role) == (seat.party, seat.role);
            if quorum.iter().take(n).any(same) {
                let value = format!("{} of the {} again", seat.role, seat.party);
                let cure = "keep the seat with the larger number";
                self.add(&format!("{field}[{n}]"), &value, "no seat stands twice", cure);
            }
            if seat.n == 0 || seat.n > MOST_PEOPLE {
                let rule = format!("a seat asks for 1 to {MOST_PEOPLE} people");
                self.add(&format!("{field}[{n}].n"), &seat.n.to_string(), &rule, "ask for 1");
            }
            if seat.role == Role::Auditor {
                self.add(
                    &format!("{field}[{n}].role"),
                    "auditor",
                    "an auditor reads and exports, and never says yes",
                    "choose approver, owner or engineer",
                );
            }
        }
    }

    fn when(&mut self, field: &str, when: &When) {
        self.list(&format!("{field}.reversibility"), &when.reversibility, 3);
        if let Some(percent) = when.confidence.filter(|percent| !(1..=100).contains(percent)) {
            let rule = "confidence is 1 to 100 percent";
            self.add(&format!("{field}.confidence"), &percent.to_string(), rule, "say 90");
        }
        if let Some(money) = &when.amount_over {
            self.money(&format!("{field}.amount_over"), money);
        }
    }

    fn limits(&mut self, field: &str, clause: &Clause) {
        self.list(field, &clause.limits, MOST_LIMITS);
        let lets = match clause.mode {
            Mode::Refuse | Mode::Propose => false,
            Mode::Approve { .. } | Mode::NotifyAndAct | Mode::Act => true,
        };
        if !lets && !clause.limits.is_empty() {
            self.add(
                field,
                &format!("{} with mode {}", clause.limits.len(), clause.mode.word()),
                "only a clause that lets something be done has limits",
                "leave the limits out, or choose another mode",
            );
        }
        for (n, limit) in clause.limits.iter().enumerate().take(MOST_LIMITS) {
            let field = format!("{field}[{n}].most");
            let zero = match limit {
                Limit::Count { most, .. } => *most == 0,
                Limit::Concurrent { most } => *most == 0,
                Limit::Money { most, .. } => {
                    self.money(&field, most);
                    most.value() == Some(0)
                }
            };
            if zero {
                let cure = "choose the mode refuse instead";
                self.add(&field, "0", "a limit lets at least something be done", cure);
            }
        }
    }

    /// Not before, and not from then on.
    pub(super) fn span(&mut self, field: &str, from: Option<Timestamp>, until: Option<Timestamp>) {
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            let rule = format!("it ends after it begins ({from})");
            self.add(field, &until.to_string(), &rule, "choose a later end");
        }
    }

    fn money(&mut self, field: &str, money: &Money) {
        if plain_decimal(&money.amount).is_none() {
            self.text(
                &format!("{field}.amount"),
                &money.amount,
                "an amount is a decimal of at most four places, without sign or exponent",
                "write it like 1500.00",
            );
        }
        if !is_currency(&money.currency) {
            self.text(
                &format!("{field}.currency"),
                &money.currency,
                "a currency is an ISO 4217 code",
                "write three capitals, like EUR",
            );
        }
    }

    fn waits(&mut self, field: &str, waits: Waits) {
        let expires = waits.expires_minutes;
        if !(1..=1440).contains(&expires) {
            let rule = "a question waits 1 to 1440 minutes (a day)";
            self.add(&format!("{field}.expires_minutes"), &expires.to_string(), rule, "say 60");
        }
        if let Some(at) = waits.escalate_minutes.filter(|at| *at == 0 || *at >= expires) {
            let rule = "owners are let in after at least a minute, and before the question lapses";
            let cure = "choose less than `expires_minutes`, or leave it out";
            self.add(&format!("{field}.escalate_minutes"), &at.to_string(), rule, cure);
        }
    }
}
