//! What waits for somebody's yes: the inbox, one hold as a phone shows it, yes and no.
//!
//! Never here: who counts, or what a yes makes so (`authority`); what a notice says (`notify/`).
//! SECURITY: what an agent sent is opened for people seated at its client alone, and only while it waits.

use serde::Deserialize;
use writ_authority::{Command, State, command, decide::call_digest, state::Hold};
use writ_model::{
    Digest, HoldId, Timestamp,
    json::{self, Limits},
};
use writ_store::{HeldRequest, Space, View};

use super::{
    held::{self, Kept, over, stands},
    show,
};
use crate::{
    Desk, DeskError, Who, error,
    signing::After,
    view::{HoldPage, HoldRow, HoldState, HoldView, Opened, YourPart},
};

/// Which holds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldQuery {
    /// Only in this state (`waiting`, `proposed`, `approved`, `done`, `refused`, `expired`), or `all`; what is not over if
    /// it is left out.
    #[serde(default)]
    pub state: Option<String>,
}

/// A yes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproveBody {
    /// The digest of what was read; another than the hold's is refused.
    pub digest: Digest,
    /// What is said with it.
    #[serde(default)]
    pub words: Option<String>,
}

impl Desk {
    /// LIMIT: holds in one list: a person who faces more needs a clause, not a longer page.
    pub const INBOX: usize = 200;
    /// LIMIT: rows of arguments on one page; all of them stand in the exact text.
    pub const ARGUMENTS: usize = 64;

    /// What waits at all clients the asker is seated at, what expires first first.
    ///
    /// # Errors
    /// If nothing is founded, or the store fails.
    pub async fn approvals(&self, who: &Who) -> Result<HoldPage, DeskError> {
        let mut views = self.seats(who).await?;
        let provider = self.provider_view().await?;
        if crate::desk::seated(&provider.state, who) {
            views.push(provider);
        }
        let at = self.now();
        let (mut rows, mut away) = (Vec::new(), Vec::new());
        for view in &views {
            rows.extend(self.hold_rows(&view.state, who, at, |state| !over(state)));
            away.extend(super::away::rows(&view.state, who, at));
        }
        Ok(page(at, rows, away))
    }

    /// The same at one client, in any state.
    ///
    /// # Errors
    /// If the asker is not seated there, or the state is none.
    pub async fn approvals_at(
        &self,
        who: &Who,
        client: &str,
        query: HoldQuery,
    ) -> Result<HoldPage, DeskError> {
        let view = self.seat(who, client).await?;
        let at = self.now();
        let wanted = query.state.as_deref();
        let known = |word: &str| STATES.iter().any(|one| one.word() == word);
        if let Some(word) = wanted.filter(|word| *word != "all" && !known(word)) {
            let what = format!("`{}` is no state of a hold", writ_authority::refusal::cut(word));
            let cure = "One of: all, waiting, proposed, approved, done, refused, expired.";
            return Err(DeskError::bad("state", what, cure));
        }
        let rows = self.hold_rows(&view.state, who, at, |state| match wanted {
            None => !over(state),
            Some("all") => true,
            Some(word) => state.word() == word,
        });
        Ok(page(at, rows, super::away::rows(&view.state, who, at)))
    }

    /// One of them, whole.
    ///
    /// # Errors
    /// If it is not visible.
    pub async fn approval(
        &self,
        who: &Who,
        client: &str,
        hold: &str,
    ) -> Result<HoldView, DeskError> {
        let view = self.seat(who, client).await?;
        let id = hold.parse().map_err(|_bad| DeskError::not_visible("approval", hold))?;
        self.hold_view(&view, who, id).await
    }

    /// Says yes to exactly what the digest is of: asks for the signature.
    ///
    /// # Errors
    /// If the hold is not visible, what it is about cannot be read, the digest is another, or the actor does not count.
    pub async fn approve(
        &self,
        who: &Who,
        client: &str,
        hold: &str,
        body: ApproveBody,
    ) -> Result<HoldView, DeskError> {
        let shown = self.approval(who, client, hold).await?;
        let waits = !over(shown.state);
        if waits && !shown.asked.opened.readable() {
            return Err(unreadable(shown.asked.opened));
        }
        let command = Command::Approve { hold: shown.hold, digest: body.digest, words: body.words };
        self.done_then(shown.client.tenant, who, command, After::Nothing).await?;
        self.approval(who, client, hold).await
    }

    /// Says no. One no is enough, and needs no signature: it is a stop.
    ///
    /// # Errors
    /// If the hold is not visible or does not wait, or the actor may not.
    pub async fn refuse_approval(
        &self,
        who: &Who,
        client: &str,
        hold: &str,
        words: String,
    ) -> Result<HoldView, DeskError> {
        let shown = self.approval(who, client, hold).await?;
        let (tenant, id) = (shown.client.tenant, shown.hold);
        self.done(tenant, who, Command::RefuseApproval { hold: id, words }).await?;
        // What was sent is not needed any more; if this fails, it expires.
        if let Err(fault) = self.inner.parts.held.forget((tenant, id)).await {
            tracing::warn!(%tenant, hold = %id, error = %fault, "a refused request was not dropped");
        }
        self.approval(who, client, hold).await
    }

    /// A hold as whoever looks sees it. SECURITY: the caller has looked whether they are seated.
    pub(crate) async fn hold_view(
        &self,
        view: &View<State>,
        who: &Who,
        id: HoldId,
    ) -> Result<HoldView, DeskError> {
        let (state, at) = (&view.state, self.now());
        let none = || DeskError::not_visible("approval", &id.to_string());
        let hold = state.holds.get(&id).ok_or_else(none)?;
        let stands = stands(state, hold, at);
        let kept = self.kept_of(view, hold, stands).await?;
        let asked = held::what(state, hold, &kept);
        let quorum = held::quorum(state, hold, at);
        let slug = show::client(state).slug;
        let escalates = hold.escalate_at();
        Ok(HoldView {
            hold: id,
            client: show::client(state),
            kind: held::kind(hold),
            state: stands,
            state_words: held::state_words(state, hold, stands, &quorum),
            asker: held::asker(state, hold),
            why: super::story::clauses_said(state, hold.charter(), hold.clauses()),
            otherwise: held::otherwise(hold, stands),
            since: hold.at,
            expires: hold.expires(),
            escalates,
            escalated: escalates.is_some_and(|from| from <= at),
            answers: held::answers(state, hold),
            check_by: held::check_by(state, hold, (who.person, self.origin())),
            you: self.your_part(state, who, hold, (stands, asked.opened)),
            url: format!("{}/clients/{slug}/approvals/{id}", self.origin()),
            line: hold.line,
            quorum,
            asked,
        })
    }

    fn hold_rows(
        &self,
        state: &State,
        who: &Who,
        at: Timestamp,
        wanted: impl Fn(HoldState) -> bool,
    ) -> Vec<HoldRow> {
        let left = crate::oidc::as_left(state, who);
        let all = state.holds.values().rev().map(|hold| (hold, stands(state, hold, at)));
        all.filter(|(_, stands)| wanted(*stands))
            .map(|(hold, stands)| {
                let nothing = Kept::nothing(Opened::Over);
                let asked = held::what(state, hold, &nothing);
                let waiting = stands == HoldState::Waiting;
                HoldRow {
                    hold: hold.id(),
                    client: show::client(state),
                    kind: held::kind(hold),
                    state: stands,
                    asker: held::asker(state, hold).name,
                    sentence: asked.sentence,
                    amount: asked.amount,
                    since: hold.at,
                    expires: hold.expires(),
                    escalated: hold.escalate_at().is_some_and(|from| from <= at),
                    waits_for: if waiting { held::waits_for(state, hold) } else { Vec::new() },
                    yours: waiting && self.counts(&left, who, hold).is_ok(),
                }
            })
            .collect()
    }

    /// Whether this person's yes would be taken now, of the roles they are left with: the very question that the yes
    /// itself is asked.
    fn counts(&self, left: &State, who: &Who, hold: &Hold) -> Result<(), DeskError> {
        let command = Command::Approve { hold: hold.id(), digest: hold.digest(), words: None };
        let cx = self.cx(left.tenant, who.actor());
        Ok(command::rehearse(left, &command, &cx)?)
    }

    fn your_part(
        &self,
        state: &State,
        who: &Who,
        hold: &Hold,
        (stands, opened): (HoldState, Opened),
    ) -> YourPart {
        let answered = hold.given.iter().any(|given| given.person == who.person)
            || hold.refused.as_ref().is_some_and(|no| no.person == who.person);
        let waits =
            matches!(stands, HoldState::Waiting | HoldState::Proposed | HoldState::Approved);
        let refuse = Command::RefuseApproval { hold: hold.id(), words: "no".to_owned() };
        let cx = self.cx(state.tenant, who.actor());
        let left = crate::oidc::as_left(state, who);
        let refuse = waits && command::rehearse(&left, &refuse, &cx).is_ok();
        let mut part = YourPart {
            approve: false,
            refuse,
            answered,
            deputy_of: None,
            why_not: None,
            cure: None,
        };
        let counts = match stands {
            HoldState::Waiting if opened.readable() => self.counts(&left, who, hold),
            HoldState::Waiting => Err(unreadable(opened)),
            _ => return part,
        };
        match counts {
            Ok(()) => {
                part.approve = true;
                part.deputy_of = left
                    .may_approve(hold, who.person, self.now())
                    .ok()
                    .and_then(|counts| counts.deputy_of)
                    .map(|absent| show::person(state, absent));
            }
            Err(fault) => {
                part.why_not = Some(fault.detail());
                part.cure = Some(fault.cure().to_owned());
            }
        }
        part
    }

    /// The bytes kept of a call, and whether they are what the digest says.
    async fn kept_of(
        &self,
        view: &View<State>,
        hold: &Hold,
        stands: HoldState,
    ) -> Result<Kept, DeskError> {
        let kept = Kept::nothing;
        let Some(call) = hold.call() else { return Ok(kept(Opened::Nothing)) };
        if over(stands) {
            return Ok(kept(Opened::Over));
        }
        let place = (view.tenant, call.hold);
        let Some(sealed) = self.inner.parts.held.get(place, self.now()).await? else {
            return Ok(kept(Opened::Gone));
        };
        let sealer = self.inner.parts.vault.sealer(Space::Tenant(view.tenant)).await?;
        let Ok(request) = HeldRequest::open(&sealer, place, &sealed) else {
            return Ok(kept(Opened::Altered));
        };
        let Ok(node) = json::parse(&request.params, &Limits::REQUEST) else {
            return Ok(kept(Opened::Altered));
        };
        let arguments = node.get("arguments");
        let digest = call_digest(&request.server, call.surface, &call.name, arguments);
        let same = digest == call.digest && request.server == call.server;
        let opened = match (same, arguments) {
            (false, _) => Opened::Altered,
            (true, Some(_)) => Opened::Whole,
            (true, None) => Opened::Nothing,
        };
        if !same {
            return Ok(kept(opened));
        }
        Ok(Kept { opened, params: request.params, origins: request.origins })
    }
}

/// Every state, for reading one.
const STATES: [HoldState; 6] = [
    HoldState::Waiting,
    HoldState::Proposed,
    HoldState::Approved,
    HoldState::Done,
    HoldState::Refused,
    HoldState::Expired,
];

fn unreadable(opened: Opened) -> DeskError {
    let what = match opened {
        Opened::Altered => "what was kept of the call is not what the digest says",
        Opened::Whole | Opened::Nothing | Opened::Gone | Opened::Over => {
            "what was kept of the call is gone, and nobody approves what nobody can read"
        }
    };
    DeskError::Forbidden {
        code: error::UNREADABLE_HOLD,
        what: what.to_owned(),
        cure: "Refuse it; the agent asks again if it still needs it.".to_owned(),
    }
}

fn page(at: Timestamp, mut rows: Vec<HoldRow>, away: Vec<crate::view::AwayView>) -> HoldPage {
    rows.sort_by_key(|row| (over(row.state), !row.yours, row.expires));
    let total = rows.len();
    let yours = rows.iter().filter(|row| row.yours).count();
    rows.truncate(Desk::INBOX);
    HoldPage { at, rows, total, yours, away }
}

#[cfg(test)]
mod tests {
    use writ_model::TenantId;

    use super::*;
    use crate::view::{ClientRef, HoldKind};

    #[test]
    fn a_page_is_bounded_and_says_how_many_there_are() {
        let tenant = TenantId::from_bytes([1; 16]);
        let row = |number: u8| HoldRow {
            hold: HoldId::from_bytes([number; 16]),
            client: ClientRef { tenant, name: String::new(), slug: String::new() },
            kind: HoldKind::Call,
            state: HoldState::Waiting,
            asker: String::new(),
            sentence: String::new(),
            amount: None,
            since: Timestamp::from_micros(0),
            expires: Timestamp::from_micros(i64::from(u8::MAX - number)),
            escalated: false,
            waits_for: Vec::new(),
            yours: number.is_multiple_of(2),
        };
        let page = page(Timestamp::from_micros(0), (0..=u8::MAX).map(row).collect(), Vec::new());
        assert_eq!((page.rows.len(), page.total, page.yours), (Desk::INBOX, 256, 128));
        assert!(page.rows[..128].iter().all(|row| row.yours), "one's own come first");
        assert_eq!(page.rows[0].hold, HoldId::from_bytes([254; 16]), "what expires first");
    }
}
