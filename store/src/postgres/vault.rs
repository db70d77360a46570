//! The vault on PostgreSQL. The key that wraps the spaces' keys stays a file (`kek`) in each process's folder: who has the
//! database has nothing that opens.
//!
//! Never here: a key or a secret that leaves this process unsealed.

use std::{fmt, path::Path, sync::Arc};

use async_trait::async_trait;
use writ_model::Secret;

use super::{Pg, PgFault, migrate::Step};
use crate::secrets::{
    NAMES_PAGE, SealedPage, SealedSpaces, Sealer, Space, Vault, VaultFault,
    ring::{KeyRing, beginning, check, unusable},
    sealed::MAX_PAGE,
};

/// About the policies: a space is a tenant's 16 bytes, or none for the installation's own, which is what a statement that
/// names no tenant sees.
pub(super) const STEP: Step = Step {
    name: "vault",
    sql: r#"
CREATE TABLE writ.keys (
  space   bytea PRIMARY KEY CHECK (length(space) IN (0, 16)),
  wrapped bytea NOT NULL
);
CREATE TABLE writ.secrets (
  space  bytea NOT NULL CHECK (length(space) IN (0, 16)),
  name   text COLLATE "C" NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (space, name)
);
ALTER TABLE writ.keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE writ.secrets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON writ.keys
  USING (space = decode(coalesce(current_setting('writ.tenant', true), ''), 'hex'));
CREATE POLICY own ON writ.secrets
  USING (space = decode(coalesce(current_setting('writ.tenant', true), ''), 'hex'));

CREATE FUNCTION writ.data_key(p_space bytea, p_offered bytea) RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('writ.tenant', encode(p_space, 'hex'), true);
  IF p_offered IS NOT NULL THEN
    INSERT INTO writ.keys (space, wrapped) VALUES (p_space, p_offered)
    ON CONFLICT (space) DO NOTHING;
  END IF;
  RETURN (SELECT k.wrapped FROM writ.keys k WHERE k.space = p_space);
END $$;

CREATE FUNCTION writ.secret(p_space bytea, p_name text) RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('writ.tenant', encode(p_space, 'hex'), true);
  RETURN (SELECT s.sealed FROM writ.secrets s WHERE s.space = p_space AND s.name = p_name);
END $$;

CREATE FUNCTION writ.set_secrets(p_space bytea, p_names text[], p_sealed bytea[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('writ.tenant', encode(p_space, 'hex'), true);
  INSERT INTO writ.secrets (space, name, sealed)
  SELECT p_space, given.name, given.sealed FROM unnest(p_names, p_sealed) AS given (name, sealed)
  ON CONFLICT (space, name) DO UPDATE SET sealed = excluded.sealed;
END $$;

CREATE FUNCTION writ.remove_secret(p_space bytea, p_name text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('writ.tenant', encode(p_space, 'hex'), true);
  DELETE FROM writ.secrets s WHERE s.space = p_space AND s.name = p_name;
  RETURN FOUND;
END $$;

CREATE FUNCTION writ.secrets_after(p_space bytea, p_after text, p_most bigint)
RETURNS TABLE (name text, sealed bytea) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('writ.tenant', encode(p_space, 'hex'), true);
  RETURN QUERY SELECT s.name, s.sealed FROM writ.secrets s
  WHERE s.space = p_space AND (p_after IS NULL OR s.name > p_after) ORDER BY s.name LIMIT p_most;
END $$;
"#,
    needs: 0,
    rights: &[("keys", "SELECT, INSERT"), ("secrets", "SELECT, INSERT, UPDATE, DELETE")],
    fleet: &[],
};

const DATA_KEY: &str = "SELECT writ.data_key($1, $2)";
const SECRET: &str = "SELECT writ.secret($1, $2)";
const SET_SECRETS: &str = "SELECT writ.set_secrets($1, $2, $3)";
const REMOVE_SECRET: &str = "SELECT writ.remove_secret($1, $2)";
const NAMES: &str = "SELECT name FROM writ.secrets_after($1, $2, $3)";
const SEALED: &str = "SELECT name, sealed FROM writ.secrets_after($1, $2, $3)";

/// The vault of all processes in one PostgreSQL database.
pub struct PgVault {
    pg: Pg,
    ring: KeyRing,
}

impl fmt::Debug for PgVault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PgVault(…)")
    }
}

impl From<PgFault> for VaultFault {
    fn from(fault: PgFault) -> Self {
        Self::Faulted { why: fault.to_string() }
    }
}

impl From<tokio_postgres::Error> for VaultFault {
    fn from(fault: tokio_postgres::Error) -> Self {
        PgFault::from(fault).into()
    }
}

/// The wrapped key of a space: the one there is, or else the one offered.
async fn data_key(
    pg: &Pg,
    space: Space,
    offered: Option<&[u8]>,
) -> Result<Option<Vec<u8>>, VaultFault> {
    let rows = pg.rows(DATA_KEY, &[&space.bytes(), &offered]).await?;
    let row = rows.first().ok_or_else(|| PgFault::words("no answer"))?;
    Ok(row.try_get(0)?)
}

impl PgVault {
    /// The vault in this database, with the key file `kek` of a data folder. The first process makes it; every later one
    /// needs a copy of that file.
    ///
    /// # Errors
    /// If the database does not answer, others can read the key file, it is missing while keys are wrapped, or it is not the
    /// one that wraps them.
    pub async fn open(pg: Pg, folder: &Path) -> Result<Self, VaultFault> {
        let known = data_key(&pg, Space::Installation, None).await?;
        let vault = Self { ring: KeyRing::open(folder, known.is_some())?, pg };
        match vault.sealer(Space::Installation).await {
            Ok(_) => Ok(vault),
            Err(VaultFault::Sealed) => {
                let why = "it is not the one that wraps the keys in the database: copy `kek` from the data folder of a process that runs on it";
                Err(unusable(folder, why))
            }
            Err(fault) => Err(fault),
        }
    }

    /// What seals state snapshots, so that who can write the database and has no key file cannot forge one.
    ///
    /// # Errors
    /// If the cryptographic library fails.
    pub fn snapshot_sealer(&self) -> Result<Arc<Sealer>, VaultFault> {
        self.ring.snapshot_sealer()
    }
}

async fn set(
    pg: &Pg,
    space: Space,
    names: Vec<String>,
    sealed: Vec<Vec<u8>>,
) -> Result<(), VaultFault> {
    pg.rows(SET_SECRETS, &[&space.bytes(), &names, &sealed]).await?;
    Ok(())
}

#[async_trait]
impl Vault for PgVault {
    async fn get(&self, space: Space, name: &str) -> Result<Option<Secret<Vec<u8>>>, VaultFault> {
        let rows = self.pg.rows(SECRET, &[&space.bytes(), &name]).await?;
        let sealed: Option<Vec<u8>> = match rows.first() {
            Some(row) => row.try_get(0)?,
            None => None,
        };
        match sealed {
            None => Ok(None),
            Some(sealed) => self.sealer(space).await?.open(&space.place(name), &sealed).map(Some),
        }
    }

    async fn put(
        &self,
        space: Space,
        name: &str,
        secret: Secret<Vec<u8>>,
    ) -> Result<(), VaultFault> {
        check(name, &secret)?;
        let sealed = self.sealer(space).await?.seal(&space.place(name), secret.expose())?;
        set(&self.pg, space, vec![name.to_owned()], vec![sealed]).await
    }

    async fn remove(&self, space: Space, name: &str) -> Result<bool, VaultFault> {
        let rows = self.pg.rows(REMOVE_SECRET, &[&space.bytes(), &name]).await?;
        let row = rows.first().ok_or_else(|| PgFault::words("no answer"))?;
        Ok(row.try_get(0)?)
    }

    async fn names(
        &self,
        space: Space,
        prefix: &str,
        after: &str,
    ) -> Result<Vec<String>, VaultFault> {
        let most = i64::try_from(NAMES_PAGE).unwrap_or(i64::MAX);
        // What begins with a prefix and goes on stands behind it.
        let from = prefix.max(after);
        let rows = self.pg.rows(NAMES, &[&space.bytes(), &from, &most]).await?;
        let page = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Ok(beginning(page, prefix))
    }

    async fn sealer(&self, space: Space) -> Result<Arc<Sealer>, VaultFault> {
        if let Some(sealer) = self.ring.known(space) {
            return Ok(sealer);
        }
        // Offered and read back in one go: of two first users both get the one that was kept.
        let offered = self.ring.offer(space)?;
        let wrapped = data_key(&self.pg, space, Some(&offered)).await?;
        let wrapped = wrapped.ok_or_else(|| PgFault::words("a space has no key"))?;
        self.ring.take(space, &wrapped)
    }
}

/// Rows need no key: a restore puts the installation's key in before anybody opens the vault and would make one.
#[async_trait]
impl SealedSpaces for Pg {
    async fn sealed(&self, space: Space, after: &str) -> Result<SealedPage, VaultFault> {
        let wrapped = data_key(self, space, None).await?;
        let most = i64::try_from(MAX_PAGE).unwrap_or(i64::MAX);
        let rows = self.rows(SEALED, &[&space.bytes(), &after, &most]).await?;
        let secrets = rows
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<_, tokio_postgres::Error>>()?;
        Ok(SealedPage { wrapped, secrets })
    }

    async fn put_sealed(&self, space: Space, page: SealedPage) -> Result<(), VaultFault> {
        let SealedPage { wrapped, secrets } = page;
        let known = data_key(self, space, wrapped.as_deref()).await?;
        // A key is never replaced, so what it is now it stays.
        let fits = match (&wrapped, &known) {
            (Some(wrapped), known) => known.as_ref() == Some(wrapped),
            (None, Some(_)) => true,
            (None, None) => secrets.is_empty(),
        };
        if !fits {
            return Err(VaultFault::Sealed);
        }
        let (names, sealed) = secrets.into_iter().unzip();
        set(self, space, names, sealed).await
    }
}

#[async_trait]
impl SealedSpaces for PgVault {
    async fn sealed(&self, space: Space, after: &str) -> Result<SealedPage, VaultFault> {
        self.pg.sealed(space, after).await
    }

    async fn put_sealed(&self, space: Space, page: SealedPage) -> Result<(), VaultFault> {
        self.pg.put_sealed(space, page).await
    }
}
