//! Linking a login to oneself, and undoing it. The link is a fact that its person signs with a passkey; undoing it needs
//! no signature, because it only takes away.
//!
//! Never here: linking somebody else.

use serde::{Deserialize, Serialize};
use writ_authority::Command;

use super::{
    pending::Purpose,
    refused::{Refused, Why},
    start::Away,
};
use crate::{Desk, DeskError, Who, session::SignedBy, view::Acted};

/// A linked login, named.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    /// The identity provider's issuer.
    pub issuer: String,
    /// Who they are there.
    pub subject: String,
}

/// Where to go to say at the identity provider who one is there.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LoginStarted {
    /// Its page.
    pub redirect: String,
}

impl Desk {
    /// Begins linking a login to the person of this session.
    ///
    /// # Errors
    /// If no identity provider is set up or can be asked, or the asker is not signed in at the console or has no whole seat
    /// at the provider.
    pub(crate) async fn start_login(&self, who: &Who) -> Result<Away, DeskError> {
        let session = who.session.ok_or_else(|| Refused::new(Why::Link, "there is no session"))?;
        let provider = self.provider_view().await?;
        if !super::seated(&provider.state, who) {
            return Err(Refused::new(Why::Link, "not a person of the provider").into());
        }
        let party = std::sync::Arc::clone(self.oidc()?);
        let purpose = Purpose::Link { person: who.person, session };
        Ok(party.begin(self, purpose).await?)
    }

    /// Undoes a link of one's own. Sessions that were opened by it end.
    ///
    /// # Errors
    /// If there is none.
    pub async fn unlink_login(&self, who: &Who, body: LoginBody) -> Result<Acted, DeskError> {
        let LoginBody { issuer, subject } = body;
        let unlink = Command::UnlinkLogin { issuer, subject };
        let acted = self.done(self.provider_id()?, who, unlink).await?;
        for open in self.inner.sessions.listed(|one| one == who.person, self.now()) {
            if open.session.how == SignedBy::Oidc {
                self.sign_out(&open.session);
            }
        }
        Ok(acted)
    }
}
