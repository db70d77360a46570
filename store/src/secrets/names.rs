//! Sealing names: a key for each person of each tenant, kept in the vault and nowhere else, so that removing one row of it
//! takes a name out of everything that was ever written.
//!
//! SECURITY: the construction commits to its key. From the person's key and a random salt, HKDF-SHA256 over tenant, person
//! and field gives an encryption key and 32 bytes of commitment, which stand in the sealed name and are compared before
//! anything is opened. Whoever finds two keys that open one sealed name has found a collision of HMAC-SHA256; so a server
//! cannot have one text signed and show two names for it. The encryption key is used once, so its nonce is fixed. Lengths
//! are padded, so that a sealed name does not tell a short name from a slightly longer one.
//! Never here: a name in an error or a log. To seal another field: its word in `writ_model::name::Field`.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    constant_time,
    error::Unspecified,
    hkdf,
};
use writ_model::{
    PersonId, SealedName, Secret, TenantId,
    name::{Field, MAX_BODY},
};

use super::{
    Space, Vault, VaultFault,
    sealer::{KEY_LEN, random},
};

const SALT_LEN: usize = 16;
const COMMIT_LEN: usize = 32;
const TAG_LEN: usize = 16;
/// Plain texts are padded to a multiple of this.
const PAD: usize = 32;
/// LIMIT: bytes of one plain field: 80 letters of four bytes each, and the byte that ends it.
const MAX_PLAIN: usize = MAX_BODY - SALT_LEN - COMMIT_LEN - TAG_LEN - PAD;

/// LIMIT: people of one ledger who may have keys: seats and invitations, as `authority` bounds them.
pub const MAX_PEOPLE: usize = 60_000;
/// The name of the vault's row that holds the key of a person; in the tenant's space.
pub const PEOPLE: &str = "person/";

/// The key that one tenant keeps for one person.
#[derive(Clone)]
pub struct NameKey(Secret<Vec<u8>>);

impl fmt::Debug for NameKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("NameKey(…)")
    }
}

/// As many bytes as were asked for.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn failed(_: Unspecified) -> VaultFault {
    VaultFault::Faulted { why: "the cryptographic library failed".to_owned() }
}

impl NameKey {
    /// A new key.
    ///
    /// # Errors
    /// If the cryptographic library fails.
    pub fn fresh() -> Result<Self, VaultFault> {
        Ok(Self(Secret::new(random::<KEY_LEN>()?.to_vec())))
    }

    /// A key that was kept; none if it is not one.
    pub fn of(bytes: Secret<Vec<u8>>) -> Option<Self> {
        (bytes.expose().len() == KEY_LEN).then_some(Self(bytes))
    }

    /// Its bytes, for the vault and for an export that is to show names.
    pub fn bytes(&self) -> &Secret<Vec<u8>> {
        &self.0
    }

    /// Encryption key and commitment for one salt in one place.
    fn keys(
        &self,
        salt: &[u8],
        place: &[u8],
    ) -> Result<(LessSafeKey, [u8; COMMIT_LEN]), Unspecified> {
        let mut out = [0; KEY_LEN + COMMIT_LEN];
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(self.0.expose());
        prk.expand(&[b"writ name v1", place], Length(out.len()))?.fill(&mut out)?;
        let (key, commit) = out.split_at(KEY_LEN);
        let commit = <[u8; COMMIT_LEN]>::try_from(commit).map_err(|_length| Unspecified)?;
        Ok((LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?), commit))
    }

    /// Seals a field of a person for a tenant's ledger.
    ///
    /// # Errors
    /// If it is too long, or the cryptographic library fails.
    pub fn seal(
        &self,
        tenant: TenantId,
        person: PersonId,
        (field, plain): (Field, &str),
    ) -> Result<SealedName, VaultFault> {
        if plain.len() >= MAX_PLAIN {
            let (got, bound) = (plain.len(), MAX_PLAIN - 1);
            return Err(VaultFault::TooLarge { what: "a sealed name", got, bound });
        }
        let salt: [u8; SALT_LEN] = random()?;
        let place = place(tenant, person, field);
        let (key, commit) = self.keys(&salt, &place).map_err(failed)?;
        let mut body = plain.as_bytes().to_vec();
        body.push(0x80);
        body.resize(body.len().next_multiple_of(PAD), 0);
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        key.seal_in_place_append_tag(nonce, Aad::from(&place), &mut body).map_err(failed)?;
        let body = [&salt[..], &commit, &body].concat();
        Ok(SealedName { tenant, person, body })
    }

    /// The field, if this is its key and nothing was changed.
    pub fn open(&self, sealed: &SealedName, field: Field) -> Option<Secret<String>> {
        let (salt, rest) = sealed.body.split_first_chunk::<SALT_LEN>()?;
        let (commit, body) = rest.split_first_chunk::<COMMIT_LEN>()?;
        let place = place(sealed.tenant, sealed.person, field);
        let (key, wanted) = self.keys(salt, &place).ok()?;
        constant_time::verify_slices_are_equal(commit, &wanted).ok()?;
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let padded = key.open_in_place(nonce, Aad::from(&place), &mut body).ok()?;
        let end = padded.iter().rposition(|byte| *byte == 0x80)?;
        let text = String::from_utf8(padded.get(..end)?.to_vec()).ok()?;
        Some(Secret::new(text))
    }
}

/// What binds a sealed field to its place: lengths are fixed but for the last part.
fn place(tenant: TenantId, person: PersonId, field: Field) -> Vec<u8> {
    [&tenant.to_bytes()[..], &person.to_bytes(), field.word().as_bytes()].concat()
}

fn row(person: PersonId) -> String {
    format!("{PEOPLE}{person}")
}

/// The key that a tenant keeps for a person, if it has one.
///
/// # Errors
/// If the vault fails.
pub async fn key_of(
    vault: &dyn Vault,
    tenant: TenantId,
    person: PersonId,
) -> Result<Option<NameKey>, VaultFault> {
    let found = vault.get(Space::Tenant(tenant), &row(person)).await?;
    found.map(|bytes| NameKey::of(bytes).ok_or(VaultFault::Sealed)).transpose()
}

/// The same, made and kept if there is none. Not for two callers at once: the second one's key would replace the first's.
///
/// # Errors
/// If the vault fails.
pub async fn key_for(
    vault: &dyn Vault,
    tenant: TenantId,
    person: PersonId,
) -> Result<NameKey, VaultFault> {
    if let Some(known) = key_of(vault, tenant, person).await? {
        return Ok(known);
    }
    let made = NameKey::fresh()?;
    keep(vault, tenant, (person, &made)).await?;
    Ok(made)
}

/// Keeps a key for a person instead of an earlier one.
///
/// # Errors
/// If the vault fails.
pub async fn keep(
    vault: &dyn Vault,
    tenant: TenantId,
    (person, key): (PersonId, &NameKey),
) -> Result<(), VaultFault> {
    vault.put(Space::Tenant(tenant), &row(person), key.0.clone()).await
}

/// Destroys the key that a tenant keeps for a person; says whether there was one.
///
/// # Errors
/// If the vault fails.
pub async fn destroy(
    vault: &dyn Vault,
    tenant: TenantId,
    person: PersonId,
) -> Result<bool, VaultFault> {
    vault.remove(Space::Tenant(tenant), &row(person)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(n: u8) -> (TenantId, PersonId) {
        (TenantId::from_bytes([n; 16]), PersonId::from_bytes([n + 1; 16]))
    }

    fn open(key: &NameKey, sealed: &SealedName) -> Option<String> {
        key.open(sealed, Field::Name).map(|name| name.expose().clone())
    }

    #[test]
    fn a_name_opens_whole_in_its_place_and_under_its_key_alone() {
        let (key, other) = (NameKey::fresh().unwrap(), NameKey::fresh().unwrap());
        let (tenant, person) = ids(1);
        for name in ["", "A", "Dana Cole", "名前", "\u{80}\u{0}", &"ü".repeat(80), &"😀".repeat(80)]
        {
            let sealed = key.seal(tenant, person, (Field::Name, name)).unwrap();
            assert!(sealed.body.len() <= MAX_BODY);
            assert_eq!(SealedName::parse(&sealed.text()), Some(sealed.clone()));
            assert_eq!(open(&key, &sealed).as_deref(), Some(name));
            assert_eq!(open(&other, &sealed), None, "another key");
            for moved in [
                SealedName { tenant: ids(5).0, ..sealed.clone() },
                SealedName { person: ids(5).1, ..sealed.clone() },
            ] {
                assert_eq!(open(&key, &moved), None, "another place");
            }
            for at in 0..sealed.body.len() {
                let mut body = sealed.body.clone();
                body[at] ^= 1;
                assert_eq!(open(&key, &SealedName { body, ..sealed.clone() }), None, "byte {at}");
                let body = sealed.body[..at].to_vec();
                assert_eq!(open(&key, &SealedName { body, ..sealed.clone() }), None, "cut at {at}");
            }
            assert_ne!(sealed, key.seal(tenant, person, (Field::Name, name)).unwrap());
        }
        assert!(key.seal(tenant, person, (Field::Name, &"x".repeat(MAX_BODY))).is_err());
        assert_eq!(format!("{key:?}"), "NameKey(…)");
    }

    /// A server that chooses both keys makes one ciphertext that AES-GCM would open under either; the commitment is of one.
    #[test]
    fn no_sealed_name_opens_under_two_keys() {
        let (tenant, person) = ids(1);
        let place = place(tenant, person, Field::Name);
        let (one, two) = (NameKey::fresh().unwrap(), NameKey::fresh().unwrap());
        let mut opened = 0;
        for (sealing, stated) in [(&one, &one), (&one, &two), (&two, &one), (&two, &two)] {
            let mut sealed = sealing.seal(tenant, person, (Field::Name, "Dana Cole")).unwrap();
            let (_, commit) = stated.keys(&sealed.body[..SALT_LEN], &place).unwrap();
            sealed.body[SALT_LEN..SALT_LEN + COMMIT_LEN].copy_from_slice(&commit);
            let by: Vec<_> =
                [&one, &two].into_iter().filter(|key| open(key, &sealed).is_some()).collect();
            assert!(by.len() <= 1, "one name for one sealed name");
            opened += by.len();
        }
        assert_eq!(opened, 2, "those whose commitment is of the key that sealed them");
    }

    #[test]
    fn names_of_like_length_look_alike() {
        let (key, (tenant, person)) = (NameKey::fresh().unwrap(), ids(1));
        let length = |name| key.seal(tenant, person, (Field::Name, name)).unwrap().body.len();
        assert_eq!(length("Bo"), length("Bartholomew Cunningham"));
    }
}
