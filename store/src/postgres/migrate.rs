//! The schema's steps: forward only, additive, each in a transaction of its own, one process at a time.
//!
//! Never here: a change of an old step, a step that an older process cannot live with (unless `needs` says so), a rewrite
//! of a large table.
//! To add a table: a [`Step`] in its adapter's file, one line at the end of [`STEPS`]. A table with a tenant's content has
//! row-level security, enabled and forced; any other is named in its step's `fleet`.

use tokio_postgres::error::SqlState;

use super::{
    PgFault, contexts, definitions, held, ledger, lent::Lent, meter, outbox, roster, vault,
};

/// One step of the schema.
pub(super) struct Step {
    /// What it is for, in a word.
    pub(super) name: &'static str,
    /// Its statements.
    pub(super) sql: &'static str,
    /// The version a process must know to live with it; 0 if any can.
    pub(super) needs: u32,
    /// What the processes may do, by table.
    pub(super) rights: &'static [(&'static str, &'static str)],
    /// Its tables without a tenant's content, which fleet queries read.
    #[cfg_attr(not(test), expect(dead_code, reason = "the list that a test holds the schema to"))]
    pub(super) fleet: &'static [&'static str],
}

/// All steps, in the order in which they run. Never reorder, change or remove one that was released.
pub(super) const STEPS: &[&Step] = &[
    &ledger::STEP,
    &meter::STEP,
    &vault::STEP,
    &held::STEP,
    &outbox::STEP,
    &roster::STEP,
    &definitions::STEP,
    &contexts::STEP,
    &contexts::BOUNDED,
];

/// Times a step is tried when processes hold what it must lock. LIMIT: each waits [`LOCK`], and appends wait behind it.
const TRIES: usize = 30;
/// How long a step waits for a lock: as long as an append may wait behind it.
const LOCK: &str = "1s";

/// The key of the lock that one migration holds; any constant that nothing else uses.
const ALONE: &str = "SELECT pg_advisory_xact_lock(8602341290001)";
const SCHEMA: &str = "
CREATE SCHEMA IF NOT EXISTS writ;
CREATE TABLE IF NOT EXISTS writ.schema_version (
  version int PRIMARY KEY,
  needs   int NOT NULL,
  name    text NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now()
)";
const EXISTS: &str = "
SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'writ' AND c.relname = 'schema_version'),
  coalesce((SELECT pg_has_role(nspowner, 'MEMBER') FROM pg_namespace WHERE nspname = 'writ'),
           has_database_privilege(current_database(), 'CREATE'))";
const VERSION: &str = "
SELECT coalesce(max(version), 0), coalesce(max(needs) FILTER (WHERE version > $1), 0)
FROM writ.schema_version";
const DONE: &str = "INSERT INTO writ.schema_version (version, needs, name) VALUES ($1, $2, $3)";
const ROLE: &str = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1), current_user = $1";

/// How many steps this release knows.
pub(super) fn known() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// What a database has.
pub(super) struct Found {
    pub(super) version: u32,
    /// What the newest step needs that this release does not know.
    needs: u32,
    /// Whether this role may change the schema.
    may: bool,
}

pub(super) async fn version(lent: &mut Lent) -> Result<Found, PgFault> {
    let rows = lent.rows(EXISTS, &[]).await?;
    let row = rows.first().ok_or_else(|| PgFault::words("no answer"))?;
    let may = row.try_get(1)?;
    if !row.try_get::<_, bool>(0)? {
        return Ok(Found { version: 0, needs: 0, may });
    }
    let known = i32::try_from(known()).unwrap_or(i32::MAX);
    let rows = match lent.rows(VERSION, &[&known]).await {
        // The owner has made it and not yet given this role its rights.
        Err(fault) if fault.is(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            return Ok(Found { version: 0, needs: 0, may });
        }
        answer => answer?,
    };
    let row = rows.first().ok_or_else(|| PgFault::words("no answer"))?;
    let number = |column| -> Result<u32, PgFault> {
        Ok(u32::try_from(row.try_get::<_, i32>(column)?).unwrap_or(0))
    };
    Ok(Found { version: number(0)?, needs: number(1)?, may })
}

/// Brings the schema up to date if this role may, and refuses a schema that cannot be used.
pub(super) async fn settle(lent: &mut Lent) -> Result<(), PgFault> {
    let (found, known) = (version(lent).await?, known());
    if found.needs > known {
        let (needs, found) = (found.needs, found.version);
        return Err(PgFault::TooNew { found, needs, known });
    }
    if found.version >= known {
        return Ok(());
    }
    if !found.may {
        return Err(PgFault::TooOld { found: found.version, known });
    }
    run(lent, STEPS).await.map(|_| ())
}

/// Runs the steps this database has not seen. Gives how many.
pub(super) async fn run(lent: &mut Lent, steps: &[&Step]) -> Result<usize, PgFault> {
    let mut done = 0;
    for (number, step) in (1_i32..).zip(steps) {
        let mut tries = 1;
        loop {
            let ran = one(lent, number, step).await;
            if ran.is_err() {
                lent.batch("ROLLBACK").await?;
            }
            match ran {
                Ok(ran) => break done += usize::from(ran),
                Err(fault) if tries < TRIES && fault.is(&SqlState::LOCK_NOT_AVAILABLE) => {
                    tries += 1;
                }
                Err(fault) => return Err(fault),
            }
        }
    }
    Ok(done)
}

/// Runs one step in its transaction unless it was; an error leaves the transaction open.
async fn one(lent: &mut Lent, number: i32, step: &Step) -> Result<bool, PgFault> {
    lent.batch("BEGIN").await?;
    lent.batch(ALONE).await?;
    lent.batch(SCHEMA).await?;
    let rows = lent.rows(VERSION, &[&number]).await?;
    let found: i32 = rows.first().ok_or_else(|| PgFault::words("no answer"))?.try_get(0)?;
    let wanted = found < number;
    if wanted {
        tracing::info!(event = "store.migrated", step = number, name = step.name);
        lent.batch(&format!("SET LOCAL lock_timeout = '{LOCK}'")).await?;
        lent.batch(step.sql).await?;
        let needs = i32::try_from(step.needs).unwrap_or(i32::MAX);
        lent.run(DONE, &[&number, &needs, &step.name]).await?;
    }
    lent.batch("COMMIT").await?;
    Ok(wanted)
}

/// Gives the role of the processes the rights of every step, making it if it is missing.
pub(super) async fn grant(lent: &mut Lent, app: &str) -> Result<(), PgFault> {
    let rows = lent.rows(ROLE, &[&app]).await?;
    let row = rows.first().ok_or_else(|| PgFault::words("no answer"))?;
    let role = format!("\"{}\"", app.replace('"', "\"\""));
    let mut steps = vec!["BEGIN".to_owned()];
    if !row.try_get::<_, bool>(0)? {
        steps.push(format!("CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS"));
    }
    if !row.try_get::<_, bool>(1)? {
        steps.push(format!("GRANT USAGE ON SCHEMA writ TO {role}"));
        steps.push(format!("GRANT SELECT ON writ.schema_version TO {role}"));
        for (table, rights) in STEPS.iter().flat_map(|step| step.rights) {
            steps.push(format!("GRANT {rights} ON writ.{table} TO {role}"));
        }
    }
    steps.push("COMMIT".to_owned());
    let sql = steps.join(";");
    let granted = lent.batch(&sql).await;
    if granted.is_err() {
        lent.batch("ROLLBACK").await?;
    }
    granted
}
