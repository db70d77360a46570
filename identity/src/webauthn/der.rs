//! DER (ITU-T X.690) as far as a certificate needs it: definite lengths in their shortest form, one-byte tags.
//!
//! Never here: BER, an ASN.1 type that certificates do not have, or content beyond 64 KiB.

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// One element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Tag, length and content.
    pub(crate) whole: &'a [u8],
}

/// A reader over elements that follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element. None at the end, and for whatever is not DER.
    pub(crate) fn any(&mut self) -> Option<Tlv<'a>> {
        let (tag, rest) = self.0.split_first()?;
        if tag & 31 == 31 {
            return None;
        }
        let (length, content) = length(rest)?;
        let (content, after) = content.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - after.len())?;
        self.0 = after;
        Some(Tlv { tag: *tag, content, whole })
    }

    /// The next element, which must have this tag.
    pub(crate) fn one(&mut self, tag: u8) -> Option<Tlv<'a>> {
        self.any().filter(|tlv| tlv.tag == tag)
    }

    /// The next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Tlv<'a>> {
        if self.0.first() == Some(&tag) { self.any() } else { None }
    }

    /// Nothing is left.
    pub(crate) fn end(self) -> Option<()> {
        self.is_empty().then_some(())
    }
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match *first {
        short @ 0..=0x7f => Some((usize::from(short), rest)),
        0x81 => {
            let (length, rest) = rest.split_first()?;
            (*length >= 0x80).then_some((usize::from(*length), rest))
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            let length = u16::from_be_bytes(*length);
            (length >= 0x100).then_some((usize::from(length), rest))
        }
        _ => None,
    }
}

/// The one element of a value that is nothing else.
pub(crate) fn only(bytes: &[u8], tag: u8) -> Option<Tlv<'_>> {
    let mut der = Der::new(bytes);
    let tlv = der.one(tag)?;
    der.end()?;
    Some(tlv)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_have_one_form() {
        let long = [&[0x30, 0x81, 0x80][..], &[0; 128]].concat();
        assert_eq!(only(&long, SEQUENCE).unwrap().content.len(), 128);
        let longer = [&[0x30, 0x82, 1, 0][..], &[0; 256]].concat();
        assert_eq!(only(&longer, SEQUENCE).unwrap().content.len(), 256);
        assert!(only(&[0x30, 0], SEQUENCE).is_some());
        for bad in [
            &[0x30, 0x81, 0x01, 0][..],
            &[0x30, 0x82, 0, 0x80],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x83, 0, 0, 1, 0],
            &[0x30, 1],
            &[0x30, 0, 0],
            &[0x3f, 0],
            &[0x31, 0],
            &[],
        ] {
            assert!(only(bad, SEQUENCE).is_none(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn elements_cover_their_input(input in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut der = Der::new(&input);
            let mut covered = 0;
            while let Some(tlv) = der.any() {
                covered += tlv.whole.len();
                prop_assert!(tlv.whole.ends_with(tlv.content));
            }
            prop_assert!(covered <= input.len());
        }
    }
}
