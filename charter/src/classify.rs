//! Classification: as which action classes a call counts, and how far it reaches, by what the charter says.
//! Never here: a guess by name. What is not named counts as the use of a thing about which nothing is known.

use crate::{Blast, Charter};

/// Where an amount stands in a call's arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmountAt<'a> {
    /// RFC 6901 pointer to the number.
    pub pointer: &'a str,
    /// ISO 4217 code, or a pointer to one; without one the amount cannot be read.
    pub currency: Option<&'a str>,
}

/// As what a thing counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes<'a> {
    /// Its action classes; never empty, none twice.
    pub actions: Vec<&'a str>,
    /// Where its amounts stand, none twice: every one must be readable, and the largest counts.
    pub amounts: Vec<AmountAt<'a>>,
    /// The tags of what it acts on; nothing if unknown.
    pub tags: Option<Vec<String>>,
    /// The classes of the data it touches; nothing if unknown.
    pub data: Option<Vec<String>>,
}

/// How far the use of a thing reaches, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It only looks.
    Reads,
    /// It changes what is the client's own.
    Inside,
    /// It reaches others.
    Outside,
}

impl Charter {
    /// How far a thing reaches, if the charter names what it counts as: both parties signed it, so that it corrects every
    /// guess. Of several namings the farthest counts, and a class that nobody described reaches as far as it can.
    pub fn reach(&self, server: &str, surface: &str, name: &str) -> Option<Reach> {
        let named = self.counts_as.iter().filter(|one| one.covers(server, surface, name));
        let reach = named.map(|naming| match self.action(&naming.action) {
            _ if crate::reads(&naming.action) => Reach::Reads,
            Some(class) if class.blast != Blast::Outside => Reach::Inside,
            Some(_) | None => Reach::Outside,
        });
        reach.max()
    }

    /// As what a thing of a server counts: every naming that covers it counts. `surface` is `tool`, `resource` or
    /// `prompt`; of another surface nothing is known, and it counts as the use of a tool.
    pub fn classify<'a>(&'a self, server: &str, surface: &str, name: &str) -> Classes<'a> {
        let mut classes =
            Classes { actions: Vec::with_capacity(2), amounts: Vec::new(), tags: None, data: None };
        for naming in self.counts_as.iter().filter(|one| one.covers(server, surface, name)) {
            if !classes.actions.contains(&naming.action.as_str()) {
                classes.actions.push(&naming.action);
            }
            if let Some(pointer) = naming.amount.as_deref() {
                let at = AmountAt { pointer, currency: naming.currency.as_deref() };
                if !classes.amounts.contains(&at) {
                    classes.amounts.push(at);
                }
            }
            join(&mut classes.tags, &naming.tags);
            join(&mut classes.data, &naming.data);
        }
        if classes.actions.is_empty() {
            classes.actions.push(match surface {
                "resource" => "resource.read",
                "prompt" => "prompt.get",
                _ => "tool.use",
            });
        }
        classes
    }
}

fn join(all: &mut Option<Vec<String>>, more: &[String]) {
    let known = all.get_or_insert_default();
    for one in more {
        if !known.contains(one) {
            known.push(one.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use writ_model::{CharterId, TenantId};

    use super::*;
    use crate::{Naming, Parties};

    #[test]
    fn what_is_named_says_how_far_it_reaches() {
        let parties = Parties { provider: "P".to_owned(), client: "C".to_owned() };
        let (id, tenant) = (CharterId::from_bytes([1; 16]), TenantId::from_bytes([2; 16]));
        let mut charter = Charter::new(id, 1, tenant, parties);
        charter.counts_as = [
            ("read_*", "mail.read"),
            ("save", "file.write"),
            ("send", "mail.send"),
            ("odd", "x.odd"),
            ("both", "mail.read"),
            ("both", "mail.send"),
        ]
        .map(|(name, action)| Naming::new("mail", "tool", name, action))
        .to_vec();
        for (server, name, wanted) in [
            ("mail", "read_message", Some(Reach::Reads)),
            ("mail", "save", Some(Reach::Inside)),
            ("mail", "send", Some(Reach::Outside)),
            ("mail", "odd", Some(Reach::Outside)),
            ("mail", "both", Some(Reach::Outside)),
            ("mail", "other", None),
            ("files", "send", None),
        ] {
            assert_eq!(charter.reach(server, "tool", name), wanted, "{server} {name}");
        }
    }
}
