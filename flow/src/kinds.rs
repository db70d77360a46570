//! Kinds of action and what they are about, as small sets: what a tool does, what a person asked for, what a text orders.
//!
//! Never here: words of a language (`words::lexicon` has them), or a tool's name. To add a kind: a constant with its
//! bit and what it is called, in the list below; its words.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

macro_rules! set {
    ($(#[$doc:meta])* $name:ident, $names:ident, $( $(#[$one:meta])* $constant:ident $bit:literal $said:literal ),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
        pub struct $name(pub(crate) u32);

        /// What each member is called, in words.
        const $names: &[($name, &str)] = &[$(($name::$constant, $said)),+];

        impl $name {
            /// Nothing.
            pub const NONE: Self = Self(0);
            $( $(#[$one])* pub const $constant: Self = Self(1 << $bit); )+

            /// Both.
            #[must_use]
            pub const fn or(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// What is in both.
            #[must_use]
            pub const fn and(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// What is here and not there.
            #[must_use]
            pub const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// True if there is a member that is in both.
            pub const fn meets(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// True without a member.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// The members' names.
            pub fn names(self) -> Vec<&'static str> {
                $names.iter().filter(|(one, _)| self.meets(*one)).map(|(_, said)| *said).collect()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.debug_set().entries(self.names()).finish()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                self.names().serialize(out)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let mut all = Self::NONE;
                for name in Vec::<String>::deserialize(input)? {
                    let found = $names.iter().find(|(_, said)| *said == name);
                    let (one, _) = found.ok_or_else(|| {
                        de::Error::custom(format!("`{name}` is none of them"))
                    })?;
                    all = all.or(*one);
                }
                Ok(all)
            }
        }
    };
}

set!(
    /// Kinds of action.
    Kinds, KINDS,
    /// Money leaves.
    PAY 0 "pay",
    /// Something is bought.
    BUY 1 "buy",
    /// Words go to somebody.
    SEND 2 "send",
    /// Somebody else may read or use a thing from now on.
    SHARE 3 "share",
    /// Somebody is let in.
    INVITE 4 "invite",
    /// Something goes away.
    REMOVE 5 "remove",
    /// Something is reserved.
    BOOK 6 "book",
    /// Something planned is called off.
    CANCEL 7 "cancel",
    /// A record changes.
    UPDATE 8 "update",
    /// A record is made.
    CREATE 9 "create",
    /// A password, key or other secret changes or goes out.
    SECRET 10 "change a credential",
    /// Something runs, is deployed or merged.
    RUN 11 "run",
    /// An address is visited: a read that the other side sees.
    VISIT 12 "visit",
);

set!(
    /// What actions are about.
    Topics, TOPICS,
    /// Mail.
    MAIL 0 "mail",
    /// Messages in a chat.
    CHAT 1 "chat",
    /// A calendar.
    EVENT 2 "event",
    /// Files.
    FILE 3 "file",
    /// Money.
    MONEY 4 "money",
    /// Journeys, rooms, tables, tickets.
    TRAVEL 5 "travel",
    /// The person's own profile and settings.
    PROFILE 6 "profile",
    /// People with access.
    MEMBER 7 "member",
    /// Issues, cases, tickets, requests to merge.
    ISSUE 8 "issue",
    /// Orders and wares.
    ORDER 9 "order",
    /// Address books.
    CONTACT 10 "contact",
    /// Pages of the web.
    WEB 11 "web page",
    /// Notes, tasks, lists, reminders.
    NOTE 12 "note",
    /// Code.
    CODE 13 "code",
    /// Passwords, keys, permissions.
    SECRET 14 "credential",
    /// Machines and services.
    MACHINE 15 "machine",
);

impl Kinds {
    /// Kinds where a destination is confirmed whoever asked, if only somebody else's text names it.
    pub const GRAVE: Self = Self::PAY.or(Self::SHARE).or(Self::INVITE).or(Self::SECRET);
    /// Kinds that reach others.
    pub const OUTWARD: Self =
        Self::GRAVE.or(Self::SEND).or(Self::BUY).or(Self::BOOK).or(Self::VISIT);
    /// Changes of own records.
    pub const INWARD: Self = Self::UPDATE.or(Self::CREATE).or(Self::REMOVE).or(Self::CANCEL);
    /// Every kind.
    pub const ALL: Self = Self(0x1fff);

    /// The members as people say them, joined.
    pub(crate) fn said(self) -> String {
        if self.is_empty() { "act".to_owned() } else { self.names().join(" or ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_written_as_names_and_read_back() {
        let both = Kinds::PAY.or(Kinds::SEND);
        assert_eq!(serde_json::to_string(&both).unwrap(), r#"["pay","send"]"#);
        assert_eq!(serde_json::from_str::<Kinds>(r#"["send","pay"]"#).unwrap(), both);
        assert!(serde_json::from_str::<Kinds>(r#"["steal"]"#).is_err());
        assert!(both.meets(Kinds::GRAVE) && !Kinds::CREATE.meets(Kinds::OUTWARD));
        assert_eq!(Kinds::ALL.names().len(), KINDS.len());
        assert_eq!(both.without(Kinds::PAY), Kinds::SEND);
        assert_eq!(Topics::MAIL.and(Topics::CHAT), Topics::NONE);
    }
}
