//! Checks of what frames the clauses: form, parties, calendar, own classes, what counts as what.

use super::{Sheet, is_pointer};
use crate::{Action, Calendar, Charter, Naming, action, calendar, clock, money::is_currency};

/// LIMIT: most closed dates: a year of them.
const MOST_CLOSED: usize = 366;
/// LIMIT: most tags or data classes of one naming.
const MOST_LABELS: usize = 32;

impl Sheet<'_> {
    /// All but the clauses.
    pub(super) fn frame(&mut self, charter: &Charter) {
        if charter.v != 1 {
            let rule = "the form of a charter is 1";
            self.add(
                "v",
                &charter.v.to_string(),
                rule,
                "write it in the form that this version reads",
            );
        }
        if charter.version == 0 {
            self.add("version", "0", "versions begin with 1", "say 1");
        }
        self.plain("parties.provider", &charter.parties.provider, 200);
        self.plain("parties.client", &charter.parties.client, 200);
        self.maybe("base", charter.base.as_deref(), 80);
        self.maybe("contract_ref", charter.contract_ref.as_deref(), 200);
        self.span("until", charter.from, charter.until);
        self.calendar(&charter.calendar);
        self.own(&charter.actions);
        self.namings("counts_as", &charter.counts_as);
    }

    fn calendar(&mut self, calendar: &Calendar) {
        if !clock::known(&calendar.zone) {
            let rule = "the zone is in the IANA time zone database";
            self.text("calendar.zone", &calendar.zone, rule, "write it like Europe/Berlin");
        }
        self.list("calendar.days", &calendar.days, 7);
        for (at, day) in calendar.days.iter().enumerate().take(7) {
            if !(1..=7).contains(day) {
                let (field, rule) =
                    (format!("calendar.days[{at}]"), "days are 1 Monday to 7 Sunday");
                self.add(&field, &day.to_string(), rule, "say 1 to 7");
            }
        }
        let (from, to) = (calendar.from_minute, calendar.to_minute);
        if from >= to || to > 1440 {
            self.add(
                "calendar.to_minute",
                &format!("{from} to {to}"),
                "a working day ends after it begins, within one day of 1440 minutes",
                "write 480 and 1080 for 08:00 to 18:00",
            );
        }
        self.list("calendar.closed", &calendar.closed, MOST_CLOSED);
        for (at, closed) in calendar.closed.iter().enumerate().take(MOST_CLOSED) {
            if calendar::date(closed).is_none() {
                let field = format!("calendar.closed[{at}]");
                self.text(&field, closed, "a closed date is a day", "write it like 2026-12-24");
            }
        }
    }

    fn own(&mut self, actions: &[Action]) {
        let most = Charter::MOST_ACTIONS;
        if actions.len() > most {
            let rule = format!("a charter has at most {most} classes of its own");
            self.add("actions", &format!("{} classes", actions.len()), &rule, "join some");
        }
        for (at, own) in actions.iter().enumerate().take(most) {
            let field = |part: &str| format!("actions[{at}].{part}");
            if !is_own(&own.class) || action(&own.class).is_some() {
                self.text(
                    &field("class"),
                    &own.class,
                    "a class of a charter's own is `x.` and words of a-z, 0-9 and _ joined by dots, at most 60",
                    "name it like x.shop.reprice",
                );
            }
            if actions.iter().take(at).any(|known| known.class == own.class) {
                let (rule, cure) = ("no class stands twice", "leave one out");
                self.text(&field("class"), &own.class, rule, cure);
            }
            self.plain(&field("sentence"), &own.sentence, 120);
            self.plain(&field("harm"), &own.harm, 200);
            if own.stop {
                self.add(
                    &field("stop"),
                    "true",
                    "only the catalogue says what either party may always do alone",
                    "leave it out",
                );
            }
        }
    }

    /// What counts as what, of a charter or of a template.
    pub(crate) fn namings(&mut self, field: &str, namings: &[Naming]) {
        let most = Charter::MOST_NAMINGS;
        self.list(field, namings, most);
        for (at, naming) in namings.iter().enumerate().take(most) {
            self.naming(&format!("{field}[{at}]"), naming);
        }
    }

    fn naming(&mut self, field: &str, naming: &Naming) {
        let at = |part: &str| format!("{field}.{part}");
        self.plain(&at("server"), &naming.server, 64);
        if naming.server != "*" && naming.server.contains('*') {
            let rule = "a server is named in full, or is * for all";
            self.text(&at("server"), &naming.server, rule, "write one row for each server");
        }
        if !matches!(naming.surface.as_str(), "tool" | "resource" | "prompt") {
            let rule = "a surface is tool, resource or prompt";
            self.text(&at("surface"), &naming.surface, rule, "choose one of these");
        }
        self.plain(&at("name"), &naming.name, 256);
        if naming.name.strip_suffix('*').unwrap_or(&naming.name).contains('*') {
            let rule = "a * stands only at the end of a name";
            self.text(&at("name"), &naming.name, rule, "name the things one by one");
        }
        self.class(&at("action"), &naming.action);
        self.amount(field, naming);
        self.words(&at("tags"), &naming.tags, (MOST_LABELS, 64));
        self.words(&at("data"), &naming.data, (MOST_LABELS, 64));
    }

    fn amount(&mut self, field: &str, naming: &Naming) {
        if let Some(pointer) = naming.amount.as_deref().filter(|pointer| !is_pointer(pointer)) {
            let rule = "an amount is named by an RFC 6901 pointer into the arguments";
            self.text(&format!("{field}.amount"), pointer, rule, "write it like /amount");
        }
        let field = format!("{field}.currency");
        match (&naming.amount, naming.currency.as_deref()) {
            (Some(_), None) => self.add(
                &field,
                "none",
                "an amount has a currency",
                "write a code like EUR, or a pointer to one like /currency",
            ),
            (None, Some(currency)) => {
                let rule = "a currency belongs to an amount";
                self.text(&field, currency, rule, "name the amount too, or leave the currency out");
            }
            (Some(_), Some(currency)) if !is_currency(currency) && !is_pointer(currency) => self
                .text(
                    &field,
                    currency,
                    "a currency is an ISO 4217 code or a pointer to one",
                    "write a code like EUR, or a pointer like /currency",
                ),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

fn is_own(class: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    class.len() <= 60 && class.strip_prefix("x.").is_some_and(|rest| rest.split('.').all(word))
}
