//! Signing: an act is asked for, its person's passkey signs it, it is done.
//!
//! Never here: which acts need a signature, or what a signed act makes so (`authority`); what follows from it
//! (`after.rs`).

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use tokio::time;
use writ_authority::{
    CheckAssertion as _, Command, State,
    passkey::Key,
    signed::{Assertion, Receipt, Request},
};
use writ_identity::webauthn::{AssertionResponse, Requesting, request_options};
use writ_model::{PasskeyId, PersonId, SigningId, Span, TenantId};
use writ_store::View;

use super::show;
use crate::{
    Desk, DeskError, Who,
    assertions::WebauthnCheck,
    desk::Wrote,
    error,
    signing::{After, Asked, LIFE},
    view::{SigningState, SigningView},
};

/// LIMIT: how long one request may wait for a signature; who waits longer asks again.
const MAX_WAIT: Span = Span::seconds(30);

/// LIMIT: bytes of what is signed: with its signature it has to fit into one ledger line of 60,000.
const MAX_REQUEST: usize = 55_000;

impl Desk {
    /// Has a person's command done, or asks for their signature if it needs one.
    pub(crate) async fn done_then(
        &self,
        tenant: TenantId,
        who: &Who,
        command: Command,
        after: After,
    ) -> Result<Wrote, DeskError> {
        self.standing(who.person).await?;
        let command = self.without_names(tenant, command).await?;
        let view = self.tenants().view(tenant).await?;
        if !command.needs_signature(&view.state, &who.actor()) {
            let wrote = Box::pin(self.act_as(tenant, who, command.clone())).await?;
            Box::pin(self.consequences(tenant, &command, &wrote)).await;
            return Ok(wrote);
        }
        let view = self.with_own_keys(view, who).await?;
        let signing = self.raise(&view, who, command, after)?;
        Err(DeskError::NeedsSignature(Box::new(signing)))
    }

    /// The view, with the acting person's keys in it: those of the provider's people are copied into a client's ledger,
    /// and a copy that was not made yet is made now.
    async fn with_own_keys(
        &self,
        view: Arc<View<State>>,
        who: &Who,
    ) -> Result<Arc<View<State>>, DeskError> {
        if view.state.live_keys(who.person).next().is_none() {
            self.mirror(view.tenant).await?;
            return Ok(self.tenants().view(view.tenant).await?);
        }
        Ok(view)
    }

    fn raise(
        &self,
        view: &View<State>,
        who: &Who,
        command: Command,
        after: After,
    ) -> Result<SigningView, DeskError> {
        let cx = self.cx(view.tenant, who.actor());
        crate::oidc::may(&view.state, who, &command, &cx)?;
        // Refusals come before signatures: nobody is asked to sign what would be refused.
        let request = Request::new(&view.state, &cx, self.origin(), LIFE, command)?;
        if request.canonical()?.len() > MAX_REQUEST {
            let what = format!("what is to be signed is larger than {MAX_REQUEST} bytes");
            return Err(DeskError::bad("body", what, "Split it in two."));
        }
        let allow: Vec<String> =
            view.state.live_keys(who.person).map(|(_, key)| key.says.credential.clone()).collect();
        if allow.is_empty() {
            return Err(DeskError::Forbidden {
                code: error::FIRST_KEY,
                what: "this needs your signature, and you have no passkey here".to_owned(),
                cure: "Make your passkey first: `writ console` shows where.".to_owned(),
            });
        }
        let signing = SigningId::new(&cx);
        let mut nonce = [0; 32];
        cx.fill(&mut nonce);
        let challenge = request.challenge(&nonce)?;
        let options = request_options(&Requesting {
            rp: &self.inner.rp,
            challenge: &challenge,
            allow: &allow,
            timeout: LIFE,
        });
        let code = self.inner.signings.new_code(self.entropy().as_ref());
        let shown = SigningView {
            signing,
            url: format!("{}/sign/{code}", self.origin()),
            code,
            title: request.title(),
            text: request.text(),
            digest: request.digest()?,
            person: show::person(&view.state, who.person),
            client: show::client(&view.state),
            made: request.made,
            expires: request.expires,
            state: SigningState::Waiting,
            options,
            outcome: None,
            next: super::after::next(&view.state, who.person, &request.act),
        };
        let tenant = view.tenant;
        let asked = Asked { signing, request, nonce, tenant, who: *who, after };
        self.inner.signings.add(asked, shown.clone());
        Ok(shown)
    }

    /// One of the asker's signings, by its id or short code.
    ///
    /// # Errors
    /// If there is none of this name that is theirs.
    pub fn signing(&self, who: &Who, name: &str) -> Result<SigningView, DeskError> {
        self.inner.signings.view(name, who.person, self.now())
    }

    /// The same, once it does not wait any more, or as it stands after this time (half a minute at most).
    ///
    /// # Errors
    /// As [`Desk::signing`].
    pub async fn signing_after(
        &self,
        who: &Who,
        name: &str,
        wait: Option<Span>,
    ) -> Result<SigningView, DeskError> {
        let mut turns = self.inner.signings.turns();
        let mut seen = self.signing(who, name)?;
        let wait = wait.unwrap_or_default().min(MAX_WAIT);
        let until: Duration = wait.to_std();
        let turned = async {
            while seen.state == SigningState::Waiting && turns.changed().await.is_ok() {
                seen = self.signing(who, name)?;
            }
            Ok::<_, DeskError>(())
        };
        match time::timeout(until, turned).await {
            Ok(done) => done?,
            Err(_late) => {}
        }
        self.signing(who, name)
    }

    /// Refuses to sign.
    ///
    /// # Errors
    /// If there is no such signing, or it does not wait any more.
    pub fn refuse_signing(&self, who: &Who, name: &str) -> Result<SigningView, DeskError> {
        let asked = self.inner.signings.claim(name, who.person, self.now())?;
        self.inner.signings.settle(asked.signing, SigningState::Refused, None);
        self.signing(who, name)
    }

    /// Does what was asked, signed with the person's passkey: `response` is what `PublicKeyCredential.toJSON()` gives.
    /// Answers what the act itself answers.
    ///
    /// # Errors
    /// If the signature is not good, the signing does not wait any more, or the act is refused by now.
    pub async fn sign(&self, who: &Who, name: &str, response: Value) -> Result<Value, DeskError> {
        let response: AssertionResponse = serde_json::from_value(response).map_err(|why| {
            DeskError::bad("response", why.to_string(), "Send what the browser's passkey answers.")
        })?;
        self.standing(who.person).await?;
        let asked = self.inner.signings.claim(name, who.person, self.now())?;
        let (desk, who) = (self.clone(), *who);
        // Done to its end, also when whoever asked has gone away: what is claimed is settled.
        let task = tokio::spawn(async move {
            let id = asked.signing;
            let done = desk.signed(&asked, &who, &response).await;
            match &done {
                Ok(outcome) => {
                    let outcome = Some(outcome.clone());
                    desk.inner.signings.settle(id, SigningState::Signed, outcome);
                }
                // It was signed, and now waits for others: that is its outcome.
                Err(DeskError::Waits(_)) => {
                    let problem = done.as_ref().err().map(|waits| waits.problem(String::new()));
                    let problem = problem.and_then(|one| serde_json::to_value(one).ok());
                    desk.inner.signings.settle(id, SigningState::Signed, problem);
                }
                Err(DeskError::Refused(_)) => {
                    let problem = done.as_ref().err().map(|fault| fault.problem(String::new()));
                    let problem = problem.and_then(|one| serde_json::to_value(one).ok());
                    desk.inner.signings.settle(id, SigningState::Refused, problem);
                }
                Err(fault) => {
                    desk.inner.signings.give_back(id, fault.code() == error::SIGNATURE);
                }
            }
            done
        });
        task.await.map_err(|died| DeskError::fault(error::FAULT, died.to_string()))?
    }

    async fn signed(
        &self,
        asked: &Asked,
        who: &Who,
        response: &AssertionResponse,
    ) -> Result<Value, DeskError> {
        let view = self.tenants().view(asked.tenant).await?;
        let key = key_of(&view.state, who, response)?;
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let assertion = Assertion {
            credential: encode(&response.credential),
            authenticator_data: encode(&response.authenticator_data),
            client_data: encode(&response.client_data_json),
            signature: encode(&response.signature),
        };
        let challenge = asked.request.challenge(&asked.nonce)?;
        let seen = WebauthnCheck
            .check(&key.says, &challenge, &assertion)
            .map_err(|why| bad_signature(&why))?;
        self.counted(key, seen.counter).await?;
        let receipt = Receipt {
            signing: asked.signing,
            request: asked.request.clone(),
            nonce: encode(&asked.nonce),
            passkey: key.says.passkey,
            assertion,
        };
        // Both sessions must leave roles that suffice: the one that asked, and the one that signs.
        let cx = self.cx(view.tenant, asked.who.actor());
        crate::oidc::may(&view.state, &asked.who, &asked.request.act, &cx)?;
        let command = Command::Signed { receipt: Box::new(receipt) };
        let wrote = self.act_as(asked.tenant, who, command).await?;
        self.follow_up(asked, wrote).await
    }

    /// Refuses a signature in a client's ledger by a copied key that does not live at its person's home any more: the
    /// copy may be behind.
    pub(crate) async fn stands_at_home(
        &self,
        tenant: TenantId,
        person: PersonId,
        passkey: PasskeyId,
    ) -> Result<(), DeskError> {
        let home = self.home(person).await?;
        let live = home.is_some_and(|home| {
            let known = home.state.passkeys.get(&passkey);
            home.tenant == tenant || known.is_some_and(|key| key.live())
        });
        if live {
            return Ok(());
        }
        Err(bad_signature("this is not a passkey that you can sign with here"))
    }
}

/// The person's live key that answered. SECURITY: another's key, a revoked one and one that nobody has read the same.
fn key_of<'s>(
    state: &'s State,
    who: &Who,
    response: &AssertionResponse,
) -> Result<&'s Key, DeskError> {
    let credential = URL_SAFE_NO_PAD.encode(&response.credential);
    let known = state.credentials.get(&credential).and_then(|id| state.passkeys.get(id));
    let handle = response.user_handle.as_ref();
    known
        .filter(|key| key.live() && key.says.person == who.person)
        .filter(|_| handle.is_none_or(|handle| *handle == who.person.to_string()))
        .map(AsRef::as_ref)
        .ok_or_else(|| bad_signature("this is not a passkey that you can sign with here"))
}

/// A signature that does not hold.
pub(super) fn bad_signature(why: &str) -> DeskError {
    DeskError::Forbidden {
        code: error::SIGNATURE,
        what: why.to_owned(),
        cure: "Sign what is asked with your own passkey, on this server's own page.".to_owned(),
    }
}
