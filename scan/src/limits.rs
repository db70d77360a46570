//! How much one examination may cost: every bound of this crate that a caller may want smaller.
//!
//! Never here: a bound of one format's own fields; those stand beside their reader.

/// LIMIT: what one file may cost. The defaults hold an examination below 256 MB resident and a few seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Layers inside each other: archives, compressed bytes, pickles in literals. Real ones have three; a literal counts twice.
    pub depth: usize,
    /// Bytes that one compressed layer may become in memory; the next inner one gets half.
    pub unpacked: u64,
    /// Steps of all readers together: opcodes, members, fields.
    pub steps: u64,
    /// Reasons told; more are counted by their rules only.
    pub reasons: usize,
    /// Bytes searched in parts that have no structure of ours: HDF5 above all.
    pub searched: u64,
    /// Bytes of one text that is held whole: JSON, XML, the header of safetensors.
    pub whole: usize,
    /// Values held at once: of a pickle's stack, three times as many of its memo; members of one tree of JSON.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 16,
            unpacked: 64 << 20,
            steps: 100_000_000,
            reasons: 32,
            searched: 8 << 30,
            whole: 64 << 20,
            values: 1_000_000,
        }
    }
}

impl Limits {
    /// A tenth of the memory: for files that are examined beside each other, before one that needs more is examined alone.
    #[must_use]
    pub fn small() -> Self {
        Self { unpacked: 6 << 20, whole: 6 << 20, values: 100_000, ..Self::default() }
    }
}
