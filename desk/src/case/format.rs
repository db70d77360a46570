//! Raising a ledger's format, lazily: the first line that needs a newer one has it raised, once every process reads it.
//!
//! Never here: which kinds are of which format (`authority`).

use writ_authority::{
    Command, Refusal,
    fact::NEWEST,
    refusal::{self, cut},
};
use writ_model::{Actor, TenantId};

use crate::{Desk, DeskError, MemberStatus};

/// LIMIT: old processes named in one refusal.
const NAMED: usize = 3;

impl Desk {
    /// Raises a ledger by one format. Every process that the roster knows is asked for, those that were lost within a day
    /// too: one that came back would refuse the client.
    pub(crate) async fn raise_format(&self, tenant: TenantId) -> Result<(), DeskError> {
        let format = self.tenants().view(tenant).await?.state.format + 1;
        let members = self.members().await?;
        let old: Vec<&MemberStatus> = members
            .all
            .iter()
            .filter(|one| one.left.is_none() && one.reads.min(NEWEST) < format)
            .collect();
        if !old.is_empty() {
            let names: Vec<String> = old.iter().take(NAMED).map(|one| name(one)).collect();
            let more = match old.len().saturating_sub(names.len()) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let what = format!(
                "this takes format {format} of the ledger, which {}{more} cannot read",
                names.join(", ")
            );
            let cure = "Bring them to this release, or stop them for a day; freezing the client \
                        stops everything of it meanwhile.";
            return Err(Refusal::new(refusal::FORMAT, "format", what, cure).into());
        }
        let raise = Command::RaiseFormat { format };
        Box::pin(self.act_once(tenant, Actor::system("desk"), raise)).await?;
        tracing::info!(event = "ledger.format_raised", %tenant, format, "a newer format is written from now on");
        Ok(())
    }

    /// Every process of the roster.
    pub(super) async fn members(&self) -> Result<crate::Members, DeskError> {
        let fleet = self.fleet();
        fleet
            .members(self.now())
            .await
            .map_err(|fault| DeskError::fault(fault.code(), fault.to_string()))
    }

    pub(crate) fn fleet(&self) -> std::sync::Arc<dyn crate::Fleet> {
        std::sync::Arc::clone(&self.inner.fleet.read())
    }
}

fn name(member: &MemberStatus) -> String {
    format!("{} ({})", member.gateway, cut(&member.version))
}

/// Whether a ledger has to be raised first.
pub(crate) fn needs_newer(fault: &DeskError) -> bool {
    matches!(fault, DeskError::Refused(refused) if refused.code == refusal::FORMAT)
}
