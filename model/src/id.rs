//! Typed, prefixed identifiers: `agt_01j9z3k4m5n6p7q8r9s0t1v2w3`.
//!
//! An id is 128 bits (48 bits of milliseconds, 80 bits of entropy: the `UUIDv7` ordering without its version bits),
//! printed as the prefix of its kind, `_`, and 26 characters of lower-case Crockford base32.
//! Never here: an id made without a [`Cx`], or one whose kind is not checked on parse.
//! To add a kind: one line in `kinds!` below, and the name re-exported in `lib.rs`.

use std::{cmp::Ordering, fmt, hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Cx, Timestamp};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of base32 that hold 128 bits.
const LEN: usize = 26;

/// What an [`Id`] names; the prefix is its visible type.
pub trait Kind: 'static {
    /// Three letters, unique over all kinds.
    const PREFIX: &'static str;
    /// What an error message calls it.
    const NAME: &'static str;
}

/// An identifier of one kind of thing. Sorts by time of creation.
pub struct Id<K>(u128, PhantomData<fn() -> K>);

macro_rules! kinds {
    ($($(#[$doc:meta])* $marker:ident, $alias:ident, $prefix:literal, $name:literal;)*) => {
        $(
            #[doc = concat!("Marker of ", $name, " ids.")]
            #[derive(Debug)]
            pub enum $marker {}
            impl Kind for $marker {
                const PREFIX: &'static str = $prefix;
                const NAME: &'static str = $name;
            }
            $(#[$doc])*
            pub type $alias = Id<$marker>;
        )*
        /// Every prefix in use with the name of its kind, for documents and tests.
        pub const PREFIXES: &[(&str, &str)] = &[$(($prefix, $name)),*];
    };
}

kinds! {
    /// One party's isolated space: the provider's or a client's.
    Tenant, TenantId, "tnt", "tenant";
    /// A human, always with a party.
    Person, PersonId, "prs", "person";
    /// Any non-human identity.
    Agent, AgentId, "agt", "agent";
    /// Agents that share accountability and grants.
    Group, GroupId, "grp", "group";
    /// What an agent may do.
    Grant, GrantId, "grt", "grant";
    /// One running copy of an agent, with a key of its own.
    Instance, InstanceId, "ins", "instance";
    /// An offer to bind one instance.
    Enrollment, EnrollmentId, "enr", "enrollment";
    /// One access token.
    Token, TokenId, "tok", "token";
    /// One decided call.
    Call, CallId, "cal", "call";
    /// One gateway, over all its boots.
    Gateway, GatewayId, "gwy", "gateway";
    /// One run of a gateway's process.
    Boot, BootId, "bot", "boot";
    /// A signed-in person's session.
    Session, SessionId, "ses", "session";
    /// One request to the desk, for its log line and its errors.
    Request, RequestId, "req", "request";
    /// A key that only its person's device can use, as a ledger admits it.
    Passkey, PasskeyId, "psk", "passkey";
    /// An offer to become a person of a party.
    Invitation, InvitationId, "inv", "invitation";
    /// An attempt to give a person who lost their passkeys a new one.
    Recovery, RecoveryId, "rec", "recovery";
    /// Somebody else's program that watches a ledger and cosigns it.
    Witness, WitnessId, "wit", "witness";
    /// One request for a signature.
    Signing, SigningId, "sig", "signing";
    /// One version of the agreement on decision authority.
    Charter, CharterId, "cht", "charter";
    /// One call or act that waits for an approval.
    Hold, HoldId, "hld", "hold";
    /// One rehearsed ending of an agent.
    Drill, DrillId, "drl", "drill";
}

impl<K: Kind> Id<K> {
    /// A new id at the context's instant.
    pub fn new(cx: &Cx) -> Self {
        let mut random = [0_u8; 10];
        cx.fill(&mut random);
        Self::from_parts(cx.now(), random)
    }

    /// An id from its instant and its entropy; for tests and for [`Id::new`].
    pub fn from_parts(at: Timestamp, random: [u8; 10]) -> Self {
        let millis = u128::from(at.micros().max(0).unsigned_abs() / 1000) & 0xffff_ffff_ffff;
        let low = random.iter().fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        Self((millis << 80) | low, PhantomData)
    }

    /// The 128 bits, for storage keys.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The id with these 128 bits.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes), PhantomData)
    }

    fn text(self) -> [u8; LEN] {
        let mut out = [b'0'; LEN];
        let mut rest = self.0;
        for slot in out.iter_mut().rev() {
            *slot = ALPHABET.get((rest & 31) as usize).copied().unwrap_or(b'0');
            rest >>= 5;
        }
        out
    }
}

/// Why a text is not an id of the kind wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not a {name} id: expected `{prefix}_` and 26 characters of base32")]
pub struct BadId {
    /// The text, cut at 64 characters.
    pub value: String,
    /// The kind wanted.
    pub name: &'static str,
    /// Its prefix.
    pub prefix: &'static str,
}

impl<K: Kind> FromStr for Id<K> {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad =
            || BadId { value: text.chars().take(64).collect(), name: K::NAME, prefix: K::PREFIX };
        let rest =
            text.strip_prefix(K::PREFIX).and_then(|r| r.strip_prefix('_')).ok_or_else(bad)?;
        if rest.len() != LEN {
            return Err(bad());
        }
        let mut value: u128 = 0;
        for (at, byte) in rest.bytes().enumerate() {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'h' => byte - b'a' + 10,
                b'j' | b'k' => byte - b'j' + 18,
                b'm' | b'n' => byte - b'm' + 20,
                b'p'..=b't' => byte - b'p' + 22,
                b'v'..=b'z' => byte - b'v' + 27,
                _ => return Err(bad()),
            };
            if at == 0 && digit > 7 {
                return Err(bad());
            }
            value = (value << 5) | u128::from(digit);
        }
        Ok(Self(value, PhantomData))
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        out.write_str(K::PREFIX)?;
        out.write_str("_")?;
        out.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Text<K>(PhantomData<fn() -> K>);
        impl<K: Kind> de::Visitor<'_> for Text<K> {
            type Value = Id<K>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "a {} id", K::NAME)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id<K>, E> {
                text.parse().map_err(E::custom)
            }
        }
        input.deserialize_str(Text(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_sorts_by_time() {
        let early = AgentId::from_parts(Timestamp::from_micros(1_000_000), [255; 10]);
        let late = AgentId::from_parts(Timestamp::from_micros(1_700_000_000_000_000), [0; 10]);
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
        for id in [early, late] {
            assert_eq!(id.to_string().parse::<AgentId>(), Ok(id));
            assert_eq!(id.to_string().len(), 30);
            assert_eq!(AgentId::from_bytes(id.to_bytes()), id);
        }
    }

    #[test]
    fn wrong_kind_length_or_letter_is_refused() {
        let id = AgentId::from_parts(Timestamp::from_micros(5), [7; 10]).to_string();
        assert!(id.parse::<PersonId>().is_err());
        assert!(id.to_uppercase().parse::<AgentId>().is_err());
        assert!(format!("{id}0").parse::<AgentId>().is_err());
        assert!("agt_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<AgentId>().is_err(), "over 128 bits");
        assert!(id.replace('0', "u").parse::<AgentId>().is_err());
        let message = "nonsense".parse::<AgentId>().unwrap_err().to_string();
        assert!(message.contains("`nonsense` is not a agent id") || message.contains("agent id"));
    }

    #[test]
    fn prefixes_are_unique() {
        let mut seen: Vec<_> = PREFIXES.iter().map(|(prefix, _)| prefix).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), PREFIXES.len());
    }
}
