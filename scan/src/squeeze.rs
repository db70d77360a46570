//! Compressed layers: gzip, zlib, deflate, bzip2, xz and lzma, up to a bound; what is inside is examined in turn.
//!
//! Never here: a layer unpacked without a bound, or into a file. To add one: an arm of [`of`] and of [`unpack`].

mod bzip2;
mod lzma;

use std::io::{self, Read};

use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};

use crate::{
    book::Book,
    report::Kind,
    source::{Head, Slice, Source, wide},
};

/// Unpacked bytes for one step.
pub(crate) const STEP: usize = 32;

/// The ways of compressing that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Gzip,
    Zlib,
    Deflate,
    Bzip2,
    Xz,
    Lzma,
    /// Inside a zip archive, where the length stands elsewhere.
    ZipLzma(u64),
}

/// How a layer begins.
pub(crate) fn of(head: &[u8]) -> Option<Way> {
    match head {
        [0x1f, 0x8b, 8, ..] => Some(Way::Gzip),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => Some(Way::Bzip2),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Way::Xz),
        // The dictionary's size of what Python writes.
        [0x5d, 0, 0, _, 0, ..] => Some(Way::Lzma),
        // RFC 1950, 2.2: the two bytes are a multiple of 31.
        [first @ (0x08 | 0x18 | 0x28 | 0x38 | 0x48 | 0x58 | 0x68 | 0x78), second, ..]
            if (u16::from(*first) * 256 + u16::from(*second)).is_multiple_of(31) =>
        {
            Some(Way::Zlib)
        }
        _ => None,
    }
}

/// What came out, and whether it is all.
pub(crate) struct Unpacked {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
}

/// How unpacking ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It is all there.
    Whole,
    /// There is more than the bound.
    More,
    /// The layer is broken behind what came out.
    Broken,
}

/// A source as a stream of bytes.
struct Stream<'s> {
    source: &'s mut dyn Source,
    at: u64,
}

impl Read for Stream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_at(self.at, buf).map_err(io::Error::other)?;
        self.at += wide(count);
        Ok(count)
    }
}

/// Unpacks up to `most` bytes.
pub(crate) fn unpack(source: &mut dyn Source, way: Way, most: usize) -> Unpacked {
    /// LIMIT: bytes of a compressed layer of a kind that is unpacked from memory.
    const PACKED: usize = 64 << 20;
    let stream = Stream { source, at: 0 };
    let mut read = io::BufReader::with_capacity(64 << 10, stream);
    match way {
        Way::Gzip => drain(MultiGzip::new(read), most),
        Way::Zlib => drain(ZlibDecoder::new(read), most),
        Way::Deflate => drain(DeflateDecoder::new(read), most),
        Way::Bzip2 | Way::Xz | Way::Lzma | Way::ZipLzma(_) => {
            let mut packed = Vec::new();
            let limit = wide(PACKED.min(most));
            let all = (&mut read).take(limit).read_to_end(&mut packed);
            let mut out = match way {
                Way::ZipLzma(size) => lzma::unpack_zip(&packed, size, most),
                Way::Bzip2 => bzip2::unpack(&packed, most),
                Way::Xz => lzma::unpack_xz(&packed, most),
                _ => lzma::unpack_alone(&packed, most),
            };
            if all.is_err() && out.end == End::Whole {
                out.end = End::Broken;
            }
            out
        }
    }
}

/// Several members of gzip one behind the other are one stream (RFC 1952, 2.2).
type MultiGzip<R> = flate2::bufread::MultiGzDecoder<R>;

fn drain(mut read: impl Read, most: usize) -> Unpacked {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match read.read(&mut buffer) {
            Ok(0) => return Unpacked { bytes, end: End::Whole },
            Ok(count) => {
                let room = most.saturating_sub(bytes.len());
                bytes.extend(buffer.iter().take(count.min(room)));
                if count > room {
                    return Unpacked { bytes, end: End::More };
                }
            }
            Err(_broken) => return Unpacked { bytes, end: End::Broken },
        }
    }
}

/// What a short stretch of bytes becomes, if it is compressed at all.
pub(crate) fn probe(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let way = of(bytes)?;
    let out = match way {
        // Half a layer is as good as a whole one to somebody who hides in it.
        Way::Gzip => drain(GzDecoder::new(bytes), most),
        other => unpack(&mut Slice(bytes), other, most),
    };
    (!out.bytes.is_empty()).then_some(out.bytes)
}

/// Reads a compressed layer and what is inside.
pub(crate) fn read(name: &str, source: &mut dyn Source, way: Way, book: &mut Book<'_>) -> Kind {
    let out = unpack(source, way, book.room());
    if !book.step(wide(out.bytes.len() / STEP)) {
        return Kind::Compressed;
    }
    let mut len = wide(out.bytes.len());
    match out.end {
        End::Whole => {}
        // How much more there is nobody knows: passing over it is allowed, and told.
        End::More => {
            book.partial("what a compressed layer has behind the limit of unpacked bytes");
            len = u64::MAX >> 1;
        }
        End::Broken => book.broken("compressed.broken", len, "a compressed layer is broken"),
    }
    let inner = strip(name);
    let mut kind = Kind::Other;
    book.unpacked("unpacked", out.bytes.len(), |book| {
        let mut source = Head { bytes: &out.bytes, len };
        kind = crate::sniff::part(inner, &mut source, book);
    });
    match kind {
        Kind::Pickle | Kind::TorchLegacy | Kind::Tar => kind,
        _ => Kind::Compressed,
    }
}

fn strip(name: &str) -> &str {
    let endings = [".gz", ".gzip", ".z", ".bz2", ".xz", ".lzma"];
    endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}
