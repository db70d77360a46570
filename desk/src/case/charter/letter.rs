//! The charter as a letter to the client's owner, and as a paper for the contract.

use writ_charter::letter;

use super::{super::show, Which, named, paper, versions};
use crate::{Desk, DeskError, Who, view::LetterView};

impl Desk {
    /// The letter: of what is in force, else of the draft, or of the version named.
    ///
    /// # Errors
    /// If there is no such version, or the asker is not seated there.
    pub async fn charter_letter(
        &self,
        who: &Who,
        client: &str,
        version: Option<&str>,
    ) -> Result<LetterView, DeskError> {
        let view = self.seat(who, client).await?;
        let state = &view.state;
        let which = version.map(Which::parse).transpose()?.unwrap_or(Which::Standing);
        let found = versions::find(state, &which)?;
        let names = |id: &str| named(state, id);
        let whole = found.view(state, &self.shelf().await?);
        Ok(LetterView {
            client: show::client(state),
            version: found.row(),
            letter: letter(&found.charter, &names),
            clauses: whole.clauses,
        })
    }

    /// The paper for the contract (PDF): the letter, every clause in full, the signatures.
    ///
    /// # Errors
    /// As [`Desk::charter_letter`].
    pub async fn charter_paper(
        &self,
        who: &Who,
        client: &str,
        version: Option<&str>,
    ) -> Result<Vec<u8>, DeskError> {
        let letter = self.charter_letter(who, client, version).await?;
        let view = self.seat(who, client).await?;
        let which = version.map(Which::parse).transpose()?.unwrap_or(Which::Standing);
        let found = versions::find(&view.state, &which)?;
        let version = found.view(&view.state, &self.shelf().await?);
        self.paper(who, paper::document(&letter, &version)).await
    }
}
