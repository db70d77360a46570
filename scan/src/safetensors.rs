//! safetensors: a length, a header of JSON, numbers. The header has to describe every byte of the numbers once.
//!
//! Never here: the numbers. To add a type: a row in [`bits`].

use std::fmt;

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};

use crate::{
    book::{Book, quoted},
    hidden, json,
    report::{Finding, Kind},
    sniff,
    source::{Source, little, narrow, read as read_at, wide},
};

/// LIMIT: bytes of a header; the format's own reader refuses more than a hundred million.
const HEADER: u64 = 32 << 20;

/// Whether a file begins as one: a length that fits, and a brace.
pub(crate) fn signed(head: &[u8], len: u64) -> bool {
    sniff::fits(head, len) && head.get(8) == Some(&b'{')
}

#[derive(Debug, Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// The header with every key it has, also those that stand twice.
#[derive(Debug, Default)]
struct Header {
    tensors: Vec<(String, Tensor)>,
    metadata: Vec<serde_json::Value>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("tensors by their names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Header, A::Error> {
                let mut header = Header::default();
                while let Some(name) = entries.next_key::<String>()? {
                    if name == "__metadata__" {
                        header.metadata.push(entries.next_value()?);
                    } else {
                        header.tensors.push((name, entries.next_value()?));
                    }
                }
                Ok(header)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// Bits of one value.
fn bits(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" | "F8_E4M3FNUZ"
        | "F8_E5M2FNUZ" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "I64" | "U64" | "F64" | "C64" => 64,
        _ => return None,
    })
}

/// Reads a file.
pub(crate) fn read(source: &mut dyn Source, book: &mut Book<'_>) -> Kind {
    let length = read_at(source, 0, 8).map_or(0, |bytes| little(&bytes));
    let data = source.len().saturating_sub(8).checked_sub(length);
    let Some(data) = data.filter(|_| length >= 2) else {
        book.broken("safetensors.length", 0, "the header is longer than the file");
        return Kind::Safetensors;
    };
    if length > HEADER.min(wide(book.limits.whole)) {
        book.partial("a header behind the limit of bytes");
        return Kind::Safetensors;
    }
    let Ok(bytes) = read_at(source, 8, narrow(length)) else {
        book.broken("source.unread", 8, "bytes could not be read");
        return Kind::Safetensors;
    };
    // A tensor has eight or nine of them.
    if json::members(&bytes) > book.values().saturating_mul(2) {
        book.partial("a header behind the limit of values");
        return Kind::Safetensors;
    }
    match serde_json::from_slice::<Header>(&bytes) {
        Ok(header) => check(header, data, book),
        Err(_broken) => {
            book.broken("safetensors.header", 8, "the header is not what the format asks for");
        }
    }
    book.pass("weights: not examined, carry no code");
    Kind::Safetensors
}

fn check(header: Header, data: u64, book: &mut Book<'_>) {
    if header.metadata.len() > 1 {
        book.add(Finding::Suspicious, "safetensors.twice", 8, "the metadata stand twice");
    }
    for value in
        header.metadata.iter().filter_map(serde_json::Value::as_object).flat_map(|map| map.values())
    {
        match value.as_str() {
            Some(text) => hidden::literal(book, text.as_bytes(), 8),
            None => book.add(
                Finding::Suspicious,
                "safetensors.metadata",
                8,
                "metadata hold something other than text",
            ),
        }
    }
    let mut tensors = header.tensors;
    for (name, tensor) in &tensors {
        let (begin, end) = tensor.data_offsets;
        let size = tensor.shape.iter().try_fold(1_u64, |all, one| all.checked_mul(*one));
        let wanted = bits(&tensor.dtype)
            .and_then(|bits| size?.checked_mul(bits))
            .map(|bits| bits.div_ceil(8));
        let sentence = match wanted {
            _ if end < begin || end > data => format!("`{}` lies outside the file", quoted(name)),
            None => format!("`{}` has a type or a shape that is not known", quoted(name)),
            Some(wanted) if wanted != end - begin => {
                format!("`{}` has another length than its shape", quoted(name))
            }
            Some(_) => continue,
        };
        if end > data && end >= begin {
            book.broken("safetensors.truncated", 8, sentence);
        } else {
            book.add(Finding::Suspicious, "safetensors.tensor", 8, sentence);
        }
    }
    tensors.sort_by_key(|(_, tensor)| tensor.data_offsets);
    let mut at = 0;
    for (name, tensor) in &tensors {
        let (begin, end) = tensor.data_offsets;
        if begin < at {
            let sentence = format!("`{}` overlaps another tensor", quoted(name));
            book.add(Finding::Suspicious, "safetensors.overlap", 8, sentence);
        } else if begin > at {
            let sentence = format!("bytes in front of `{}` belong to no tensor", quoted(name));
            book.add(Finding::Suspicious, "safetensors.gap", 8, sentence);
        }
        at = at.max(end);
    }
    if at < data {
        book.add(Finding::Suspicious, "safetensors.gap", 8, "bytes at the end belong to no tensor");
    }
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    for pair in tensors.windows(2) {
        if let [(a, _), (b, _)] = pair
            && a == b
        {
            let sentence = format!("`{}` stands twice", quoted(a));
            book.add(Finding::Suspicious, "safetensors.twice", wide(8), sentence);
        }
    }
}
