//! [`ReplayMarks`]: which proofs and assertions were used, so that each is used once.
//!
//! A mark is kept until its credential could no longer be accepted anyway: a `DPoP` proof until `iat` plus the window
//! ([`crate::Proof::keep_until`]), an assertion until `exp` plus the skew. After that the instant alone refuses it, so
//! forgetting it is safe. A restart forgets all marks: proofs are then refused by their nonce, which is bound to the boot.
//! Never here: forgetting a live mark to make room. A full set refuses: a replay is never let through.
//!
//! Marks are 96-bit truncated salted digests in open-addressed tables, 16 bytes each. A collision could only refuse, never
//! admit; the salt keeps outsiders from aiming marks at one table.

use writ_model::{Code, Digest, Entropy, InstanceId, TenantId, Timestamp};

use crate::{Fault, Thumbprint};

/// LIMIT: marks that one set keeps unless told otherwise: at ±60 s, a million is over 8,000 calls a second; 32 MiB at most.
pub const DEFAULT_MARKS: usize = 1 << 20;
/// Marks per table; small, so that growing one is never felt.
const TABLE_MARKS: usize = 4096;
/// Slots of the smallest table.
const MIN_SLOTS: usize = 16;
/// The low half-word of a slot is its expiry in seconds, the rest is the digest; 0 is an empty slot.
const EXPIRY_BITS: u32 = 32;
const EXPIRY_MASK: u128 = 0xffff_ffff;

/// Why a credential is not accepted a second time, or not now. Its OAuth word is that of proofs; for a client assertion
/// the door says `invalid_client`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayFault {
    /// It was used before.
    #[error("credential was used before")]
    Replayed,
    /// No mark can be kept, so nothing can be accepted.
    #[error("replay marks are full")]
    Full,
}

impl Fault for ReplayFault {
    fn code(&self) -> Code {
        match self {
            Self::Replayed => Code("IDEN-0050"),
            Self::Full => Code("IDEN-0051"),
        }
    }

    fn oauth_error(&self) -> &'static str {
        match self {
            Self::Replayed => "invalid_dpop_proof",
            Self::Full => "temporarily_unavailable",
        }
    }

    fn cure(&self) -> &'static str {
        match self {
            Self::Replayed => "make a new proof or assertion with a new `jti` for each request",
            Self::Full => "send fewer requests a second to this gateway, or run another one",
        }
    }
}

/// A secret of one boot that goes into each mark. Copied out of the set, so that marks are made outside of its lock.
#[derive(Clone, Copy)]
pub struct Salt([u8; 16]);

impl std::fmt::Debug for Salt {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Salt(…)")
    }
}

/// One use of one credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(u128);

impl Mark {
    /// The mark of a proof.
    pub fn dpop(salt: &Salt, tenant: TenantId, jkt: &Thumbprint, jti: &str) -> Self {
        Self::of(&[&salt.0, b"d", &tenant.to_bytes(), &jkt.0, jti.as_bytes()])
    }

    /// The mark of a client assertion.
    pub fn assertion(salt: &Salt, tenant: TenantId, client: InstanceId, jti: &str) -> Self {
        Self::of(&[&salt.0, b"a", &tenant.to_bytes(), &client.to_bytes(), jti.as_bytes()])
    }

    /// The mark of an assertion of a client that is no running copy of ours.
    pub fn named(salt: &Salt, client: &str, jti: &str) -> Self {
        // The client's digest has one length, so that no name runs into an id.
        Self::of(&[&salt.0, b"n", &Digest::of(client.as_bytes()).0, jti.as_bytes()])
    }

    fn of(parts: &[&[u8]]) -> Self {
        let digest = Digest::of_parts(parts);
        let wide = digest.0.first_chunk().copied().map_or(0, u128::from_be_bytes);
        // One bit is set always, so that no mark looks like an empty slot.
        Self((wide & !EXPIRY_MASK) | (1 << EXPIRY_BITS))
    }

    /// Bits that choose the table: the highest ones.
    fn table(self, tables: usize) -> usize {
        let bits = tables.trailing_zeros();
        usize::try_from((self.0 >> 64) >> (64 - u128::from(bits))).unwrap_or(0)
    }

    /// Bits that choose the slot: of the lower half, which no table is chosen by.
    fn slot(self, slots: usize) -> usize {
        usize::try_from((self.0 >> (EXPIRY_BITS + 1)) & 0x7fff_ffff).unwrap_or(0) & (slots - 1)
    }
}

#[derive(Debug, Clone, Default)]
struct Table {
    /// A power of two of them, never more than three quarters taken.
    slots: Vec<u128>,
    /// Slots taken, by live and by expired marks.
    taken: usize,
    /// The second in which expired marks were last thrown out.
    swept: u32,
}

/// The marks of one boot. Bounded; hold it behind a mutex.
#[derive(Debug)]
pub struct ReplayMarks {
    tables: Vec<Table>,
    table_max: usize,
    salt: Salt,
    base: Option<i64>,
    replayed: u64,
    full: u64,
}

impl ReplayMarks {
    /// An empty set for about this many live marks ([`DEFAULT_MARKS`]): exact up to 4,096, above that each table may
    /// take an eighth more, so that an uneven spread refuses nothing early. Memory grows with use: 16 to 43 bytes a mark.
    pub fn new(capacity: usize, entropy: &dyn Entropy) -> Self {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        let count = capacity.div_ceil(TABLE_MARKS).next_power_of_two();
        let share = capacity.div_ceil(count);
        let table_max = if count == 1 { capacity } else { share + share / 8 };
        let tables = vec![Table::default(); count];
        Self { tables, table_max, salt: Salt(salt), base: None, replayed: 0, full: 0 }
    }

    /// The salt that marks of this set are made with.
    pub fn salt(&self) -> Salt {
        self.salt
    }

    /// Remembers a use until `keep_until`, in whole seconds rounded up. Mark only what is verified: else anybody could
    /// fill the set.
    ///
    /// # Errors
    /// [`ReplayFault::Replayed`] if it is remembered already, [`ReplayFault::Full`] if there is no room.
    pub fn mark(
        &mut self,
        mark: Mark,
        keep_until: Timestamp,
        now: Timestamp,
    ) -> Result<(), ReplayFault> {
        let base = *self.base.get_or_insert(now.seconds() - 1);
        let second =
            |at: Timestamp| u32::try_from((at.seconds() - base).max(0)).unwrap_or(u32::MAX);
        let (expiry, now) = (second(keep_until).saturating_add(1), second(now));
        let at = mark.table(self.tables.len());
        let table_max = self.table_max;
        // A table that is not there cannot be: the index has as many bits as there are tables.
        let Some(table) = self.tables.get_mut(at) else {
            return Err(ReplayFault::Full);
        };
        let outcome = table.mark(mark, expiry, now, table_max);
        match outcome {
            Ok(()) => {}
            Err(ReplayFault::Replayed) => self.replayed += 1,
            Err(ReplayFault::Full) => self.full += 1,
        }
        outcome
    }

    /// Marks held, live or expired and not yet thrown out.
    pub fn held(&self) -> usize {
        self.tables.iter().map(|table| table.taken).sum()
    }

    /// How many credentials were refused as used before.
    pub fn replayed(&self) -> u64 {
        self.replayed
    }

    /// How many credentials were refused for want of room.
    pub fn refused_full(&self) -> u64 {
        self.full
    }
}

/// What a walk along a mark's slots found.
enum Found {
    /// The mark, live.
    Live,
    /// A slot that may be written: its index, and whether it was empty.
    Place(usize, bool),
    /// No slots at all.
    Nothing,
}

impl Table {
    fn mark(&mut self, mark: Mark, expiry: u32, now: u32, max: usize) -> Result<(), ReplayFault> {
        let mut found = self.find(mark, now);
        if let Found::Place(_, true) | Found::Nothing = found
            && (self.taken + 1 > self.slots.len() / 4 * 3 || self.taken >= max)
        {
            self.make_room(now, max)?;
            found = self.find(mark, now);
        }
        match found {
            Found::Live => Err(ReplayFault::Replayed),
            Found::Nothing => Err(ReplayFault::Full),
            Found::Place(at, empty) => {
                let slot = self.slots.get_mut(at).ok_or(ReplayFault::Full)?;
                *slot = mark.0 | u128::from(expiry);
                self.taken += usize::from(empty);
                Ok(())
            }
        }
    }

    /// Walks from the mark's own slot to the first empty one; there always is one.
    fn find(&self, mark: Mark, now: u32) -> Found {
        let count = self.slots.len();
        if count == 0 {
            return Found::Nothing;
        }
        let start = mark.slot(count);
        let (before, after) = self.slots.split_at_checked(start).unwrap_or_default();
        let mut place = None;
        for (step, slot) in after.iter().chain(before).enumerate() {
            let at = (start + step) & (count - 1);
            if *slot == 0 {
                return place.map_or(Found::Place(at, true), |at| Found::Place(at, false));
            }
            let live = (slot & EXPIRY_MASK) > u128::from(now);
            if live && slot & !EXPIRY_MASK == mark.0 {
                return Found::Live;
            }
            if !live && place.is_none() {
                place = Some(at);
            }
        }
        place.map_or(Found::Nothing, |at| Found::Place(at, false))
    }

    /// Throws expired marks out and leaves room for as many marks as are live.
    fn make_room(&mut self, now: u32, max: usize) -> Result<(), ReplayFault> {
        if self.taken >= max && self.swept == now && self.swept != 0 {
            return Err(ReplayFault::Full);
        }
        self.swept = now;
        let live = |slot: &u128| *slot != 0 && (slot & EXPIRY_MASK) > u128::from(now);
        let count = self.slots.iter().filter(|slot| live(slot)).count();
        let size = (count * 2 + MIN_SLOTS).next_power_of_two();
        let old = std::mem::replace(&mut self.slots, vec![0; size]);
        self.taken = 0;
        for slot in old.into_iter().filter(live) {
            if let Found::Place(at, _) = self.find(Mark(slot & !EXPIRY_MASK), now)
                && let Some(place) = self.slots.get_mut(at)
            {
                *place = slot;
                self.taken += 1;
            }
        }
        if count >= max { Err(ReplayFault::Full) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
