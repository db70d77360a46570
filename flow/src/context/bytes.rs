//! A context as bytes: what the derived forms cannot say, in the order that makes JSON canonical (RFC 8785).
//!
//! Never here: a form that older contexts do not have, without a new version. To add a member: its place by its name.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeSeq as _};

use super::{Kept, NotAContext, VERSION};
use crate::leaves::Leaf;

/// Hashes need 64 bits, which a JSON number does not hold (RFC 7493): they are written as hexadecimal text.
pub(super) mod hashes {
    use std::collections::BTreeSet;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(in crate::context) fn serialize<S: Serializer>(
        all: &BTreeSet<u64>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        out.collect_seq(all.iter().map(|one| format!("{one:016x}")))
    }

    pub(in crate::context) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeSet<u64>, D::Error> {
        let all = Vec::<String>::deserialize(from)?;
        all.iter().map(|one| u64::from_str_radix(one, 16)).collect::<Result<_, _>>().map_err(
            |_no_number| de::Error::custom("a hash of a forgotten word is no hexadecimal number"),
        )
    }
}

/// A leaf, its members in the order of their names.
#[derive(Serialize)]
struct Written<'a> {
    field: bool,
    hidden: bool,
    key: &'a str,
    record: u32,
    text: &'a str,
}

pub(super) fn leaves<S: Serializer>(
    all: &VecDeque<(u32, Leaf)>,
    out: S,
) -> Result<S::Ok, S::Error> {
    let mut list = out.serialize_seq(Some(all.len()))?;
    for (source, leaf) in all {
        let Leaf { key, record, text, hidden, field } = leaf;
        let written = Written { field: *field, hidden: *hidden, key, record: *record, text };
        list.serialize_element(&(source, written))?;
    }
    list.end()
}

#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    version: u32,
}

/// Reads them.
pub(super) fn kept(bytes: &[u8]) -> Result<Kept, NotAContext> {
    let kept = serde_json::from_slice::<Kept>(bytes);
    let version = match &kept {
        Ok(kept) => kept.version,
        // Of another version, if it says so; else damaged.
        Err(_damaged) => serde_json::from_slice(bytes).map_or(VERSION, |one: Version| one.version),
    };
    if !(1..=VERSION).contains(&version) {
        return Err(NotAContext::Version(version));
    }
    let kept = kept.map_err(|why| NotAContext::Corrupted(why.to_string()))?;
    // What version 2 has besides is nothing in version 1.
    Ok(Kept { version: VERSION, ..kept })
}
