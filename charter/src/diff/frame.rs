//! What frames the clauses, before and after. To add a field: its comparison below.

use writ_model::Timestamp;

use super::{Direction, Path};
use writ_model::text::quote;

use crate::{Charter, Naming, words};

impl Path<'_> {
    pub(super) fn frame(&mut self, old: &Charter) {
        let new = self.new;
        self.validity(old, new);
        if old.calendar != new.calendar {
            let uses = |charter: &Charter| {
                charter.clauses.iter().any(|clause| {
                    clause.when.hours.is_some()
                        || clause.unless.iter().any(|one| one.when.hours.is_some())
                })
            };
            let direction = if uses(old) || uses(new) { Direction::Mixed } else { Direction::Same };
            let (was, is) = (words::hours(&old.calendar), words::hours(&new.calendar));
            self.add("", format!("Working hours were {was}; now {is}."), direction);
        }
        self.own(old, new);
        self.namings(&old.counts_as, &new.counts_as);
        let text = |text: &Option<String>| text.as_deref().map_or("not said".to_owned(), quote);
        let date = |at: Option<Timestamp>| at.map_or("not said".to_owned(), words::instant);
        for (what, old, new) in [
            ("The provider is called", quote(&old.parties.provider), quote(&new.parties.provider)),
            ("The client is called", quote(&old.parties.client), quote(&new.parties.client)),
            ("The template it began with", text(&old.base), text(&new.base)),
            ("The contract", text(&old.contract_ref), text(&new.contract_ref)),
            ("Its review is due", date(old.review_by), date(new.review_by)),
        ] {
            if old != new {
                self.add("", format!("{what}: was {old}; now {new}."), Direction::Same);
            }
        }
    }

    fn validity(&mut self, old: &Charter, new: &Charter) {
        let say = |at: Option<Timestamp>| at.map_or("not said".to_owned(), words::instant);
        if old.from != new.from {
            let later = new.from > old.from;
            let direction = if later { Direction::Tighter } else { Direction::Looser };
            self.add("", format!("It began: {}; now {}.", say(old.from), say(new.from)), direction);
        }
        if old.until != new.until {
            let end = |at: Option<Timestamp>| at.unwrap_or(Timestamp::from_micros(i64::MAX));
            let sooner = end(new.until) < end(old.until);
            let direction = if sooner { Direction::Tighter } else { Direction::Looser };
            self.add(
                "",
                format!("It ended: {}; now {}.", say(old.until), say(new.until)),
                direction,
            );
        }
    }

    fn own(&mut self, old: &Charter, new: &Charter) {
        for own in &new.actions {
            match old.actions.iter().find(|known| known.class == own.class) {
                None => {
                    let words = format!("New class {}: whatever {}.", own.class, words::does(own));
                    self.add("", words, Direction::Same);
                }
                Some(known) if known != own => {
                    let same = known.reversibility == own.reversibility;
                    let direction = if same { Direction::Same } else { Direction::Mixed };
                    let words = format!(
                        "The class {} is described otherwise: {}; it {}.",
                        own.class,
                        words::does(own),
                        own.reversibility.sentence()
                    );
                    self.add("", words, direction);
                }
                Some(_) => {}
            }
        }
        for own in &old.actions {
            if new.actions.iter().all(|known| known.class != own.class) {
                self.add("", format!("The class {} is left out.", own.class), Direction::Mixed);
            }
        }
    }

    /// What a thing counts as decides which clauses speak of it: any way.
    fn namings(&mut self, old: &[Naming], new: &[Naming]) {
        for naming in new.iter().filter(|one| !old.contains(one)) {
            self.add("", format!("New: {}.", words::naming(naming)), Direction::Mixed);
        }
        for naming in old.iter().filter(|one| !new.contains(one)) {
            self.add("", format!("Left out: {}.", words::naming(naming)), Direction::Mixed);
        }
    }
}
