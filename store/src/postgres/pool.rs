//! The pool: what every new connection must prove before anything is asked on it.
//!
//! Never here: a statement of an adapter.
//! INVARIANT: no connection of the pool may acknowledge before it has flushed, or see another tenant's rows.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod,
    Runtime, Timeouts,
};
use parking_lot::Mutex;
use tokio_postgres::NoTls;

use super::{
    ANSWER, PgFault,
    fault::said,
    lent::Lent,
    options::{Target, Tls},
};

/// How long one waits for a connection to be free, or made (two hosts may each be tried).
const WAIT: Duration = ANSWER;
/// The oldest version with all that is used (`pg_current_xact_id`, `xid8`).
const VERSION: i32 = 13;
/// LIMIT: statements of this role that have waited for the standby for a second. With more of them no connection is made: what
/// is asked anew while the old question still waits leaves a server process behind each time, and a server that is full of
/// them lets nobody in who could help. Those that wait are not ended: what they wrote would show before the standby has it.
const WAITING: i64 = 16;

/// Settings and role in one round trip. It also pins `synchronous_commit` for the session, so that a later reload cannot
/// weaken it, and remembers which cluster this is, in which timeline (`writ.era`): transaction numbers are comparable only
/// within one, and only while no connection was lost ([`Made`]).
const CHECK: &str = "
SELECT current_setting('server_version_num')::int / 10000,
  current_setting('fsync'), current_setting('full_page_writes'),
  set_config('synchronous_commit', current_setting('synchronous_commit'), false),
  role.rolname::text, role.rolsuper OR role.rolbypassrls,
  set_config('writ.era', control.system_identifier::text || ':'
    || left(pg_walfile_name(pg_current_wal_lsn()), 8), false),
  (SELECT count(*) FROM pg_stat_activity asked WHERE asked.usename = current_user
    AND asked.wait_event = 'SyncRep' AND asked.state_change < clock_timestamp() - interval '1 s')
FROM pg_roles role, pg_control_system() control WHERE role.rolname = current_user";

/// Whose connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// A process: bound by row-level security.
    App,
    /// The schema's owner, for migrations only.
    Owner,
}

/// Why the last new connection was refused: the pool itself only keeps words.
pub(super) type Refusal = Arc<Mutex<Option<PgFault>>>;

/// How many connections a pool has made so far, each counted before anything is asked on it. A crash of the server ends all
/// connections and is seen in nothing else: neither its cluster nor its timeline changes, and it hands out again the
/// numbers of transactions that were not flushed. So while this does not grow, the server has not crashed in between.
#[derive(Debug, Clone, Default)]
pub(super) struct Made(Arc<AtomicU64>);

impl Made {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn one_more(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A pool of at most so many connections; none is made yet.
pub(super) fn make(
    target: Target,
    size: usize,
    whose: Whose,
    refusal: &Refusal,
    made: &Made,
) -> Result<Pool, PgFault> {
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match target.tls {
        Tls::Plain => Manager::from_config(target.config, NoTls, config),
        Tls::Verified(tls) => Manager::from_config(target.config, tls, config),
    };
    let (refusal, made) = (Arc::clone(refusal), made.clone());
    let check = Hook::async_fn(move |client: &mut ClientWrapper, _| {
        let refusal = Arc::clone(&refusal);
        made.one_more();
        Box::pin(async move {
            check(client, whose).await.map_err(|fault| {
                let words = fault.to_string();
                *refusal.lock() = Some(fault);
                HookError::message(words)
            })
        })
    });
    Pool::builder(manager)
        .max_size(size)
        .timeouts(Timeouts { wait: Some(WAIT), create: Some(WAIT), recycle: Some(WAIT) })
        .runtime(Runtime::Tokio1)
        .post_create(check)
        .build()
        .map_err(|fault| PgFault::words(fault.to_string()))
}

/// A connection of the pool.
pub(super) async fn lend(pool: &Pool, refusal: &Refusal) -> Result<Lent, PgFault> {
    match pool.get().await {
        Ok(object) => Ok(Lent::new(object)),
        Err(PoolError::PostCreateHook(HookError::Message(why))) => {
            let refused = refusal.lock().clone();
            Err(refused.unwrap_or_else(|| PgFault::words(why)))
        }
        Err(PoolError::Backend(fault) | PoolError::PostCreateHook(HookError::Backend(fault))) => {
            Err(PgFault::Unreachable { why: said(&fault) })
        }
        Err(
            fault @ (PoolError::Timeout(_) | PoolError::Closed | PoolError::NoRuntimeSpecified),
        ) => Err(PgFault::Unreachable { why: fault.to_string() }),
    }
}

async fn check(client: &ClientWrapper, whose: Whose) -> Result<(), PgFault> {
    let row = client.query_one(CHECK, &[]).await?;
    let found: i32 = row.try_get(0)?;
    if found < VERSION {
        return Err(PgFault::Version { found, wanted: VERSION });
    }
    for (column, setting, wanted) in [
        (1, "fsync", &["on"][..]),
        (2, "full_page_writes", &["on"]),
        // `local` and `remote_write` acknowledge what a standby may not have flushed when it takes over.
        (3, "synchronous_commit", &["on", "remote_apply"]),
    ] {
        let found: String = row.try_get(column)?;
        if !wanted.contains(&found.as_str()) {
            return Err(PgFault::Setting { setting, found, wanted: "on" });
        }
    }
    let waiting: i64 = row.try_get(7)?;
    if waiting > WAITING {
        return Err(PgFault::Waits { waiting });
    }
    if whose == Whose::App && row.try_get(5)? {
        return Err(PgFault::Role { role: row.try_get(4)? });
    }
    Ok(())
}
