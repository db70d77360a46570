//! Authenticator data: what the authenticator says, and signs (WebAuthn Level 3, section 6.1).
//!
//! Never here: a guess at bytes that are left over.

use writ_model::Digest;

use crate::{
    key_of_others::KeyOfOthers,
    webauthn::{MAX_CREDENTIAL_ID, WebauthnFault, cbor, cose},
};

pub(crate) const UP: u8 = 1;
pub(crate) const UV: u8 = 1 << 2;
pub(crate) const BE: u8 = 1 << 3;
pub(crate) const BS: u8 = 1 << 4;
pub(crate) const AT: u8 = 1 << 6;
pub(crate) const ED: u8 = 1 << 7;
/// Bits 1 and 5 have no meaning yet; what is not understood is refused.
const RESERVED: u8 = 1 << 1 | 1 << 5;

/// Authenticator data in their parts.
#[derive(Debug)]
pub(crate) struct AuthData<'a> {
    rp_id_hash: [u8; 32],
    flags: u8,
    pub(crate) counter: u32,
    pub(crate) attested: Option<Attested<'a>>,
}

/// A new credential (section 6.5.1).
#[derive(Debug)]
pub(crate) struct Attested<'a> {
    pub(crate) aaguid: [u8; 16],
    pub(crate) credential: &'a [u8],
    pub(crate) key: KeyOfOthers,
    pub(crate) alg: i64,
}

impl Attested<'_> {
    /// The AAGUID as a hyphenated lower-case UUID.
    pub(crate) fn aaguid_text(&self) -> String {
        let mut text = String::with_capacity(36);
        for (at, byte) in self.aaguid.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        text
    }
}

impl AuthData<'_> {
    /// The checks that both ceremonies share (sections 7.1 and 7.2).
    pub(crate) fn check(&self, rp_id: &str) -> Result<(), WebauthnFault> {
        if self.rp_id_hash != Digest::of(rp_id.as_bytes()).0 {
            return Err(WebauthnFault::RpId);
        }
        if self.flags & UP == 0 {
            return Err(WebauthnFault::NotPresent);
        }
        if self.flags & UV == 0 {
            return Err(WebauthnFault::NotVerified);
        }
        if self.backed_up() && !self.synced() {
            return Err(WebauthnFault::Backup);
        }
        Ok(())
    }

    /// BE.
    pub(crate) const fn synced(&self) -> bool {
        self.flags & BE != 0
    }

    /// BS.
    pub(crate) const fn backed_up(&self) -> bool {
        self.flags & BS != 0
    }
}

fn cut<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], WebauthnFault> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or(WebauthnFault::AuthData)?;
    *rest = after;
    Ok(*taken)
}

/// Reads authenticator data, to the last byte.
pub(crate) fn read(bytes: &[u8]) -> Result<AuthData<'_>, WebauthnFault> {
    let mut rest = bytes;
    let rp_id_hash = cut::<32>(&mut rest)?;
    let [flags] = cut::<1>(&mut rest)?;
    let counter = u32::from_be_bytes(cut::<4>(&mut rest)?);
    if flags & RESERVED != 0 {
        return Err(WebauthnFault::Flags);
    }
    let attested = if flags & AT == 0 { None } else { Some(attested(&mut rest)?) };
    if flags & ED != 0 {
        // Extension outputs that nobody asked for may be there (sections 7.1 and 7.2); they are read and ignored.
        let (extensions, after) = cbor::prefix(rest).map_err(WebauthnFault::Cbor)?;
        if extensions.as_map().is_none() {
            return Err(WebauthnFault::AuthData);
        }
        rest = after;
    }
    if !rest.is_empty() {
        return Err(WebauthnFault::AuthData);
    }
    Ok(AuthData { rp_id_hash, flags, counter, attested })
}

fn attested<'a>(rest: &mut &'a [u8]) -> Result<Attested<'a>, WebauthnFault> {
    let aaguid = cut::<16>(rest)?;
    let length = usize::from(u16::from_be_bytes(cut::<2>(rest)?));
    if length == 0 || length > MAX_CREDENTIAL_ID {
        return Err(WebauthnFault::CredentialId);
    }
    let (credential, after) = rest.split_at_checked(length).ok_or(WebauthnFault::AuthData)?;
    let (key, after) = cbor::prefix(after).map_err(WebauthnFault::Cbor)?;
    let (key, alg) = cose::read(&key)?;
    *rest = after;
    Ok(Attested { aaguid, credential, key, alg })
}
