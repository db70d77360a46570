//! Passkeys of people: added, revoked, copied to where they work; which ones a party takes.
//!
//! A person's keys are changed in their home ledger (the provider's own for its people, the client's for the client's);
//! Writ copies a provider person's keys into the ledgers of the clients they are seated at.
//! Never here: cryptography; how a key comes with a new person (`invite.rs`) or replaces a lost one (`recovery.rs`).

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use writ_model::{Actor, Cx, PasskeyId, PersonId, Role, Side, canonical};

use super::check::{self, NAME, SENTENCE};
use crate::{
    fact::Fact,
    passkey::{Admitted, Attestation, Key, KeyPolicy, Passkey},
    refusal::{self, Refusal, cut},
    state::State,
};

/// LIMIT: live passkeys of one person: more than anybody has devices.
const LIVE: usize = 16;
/// LIMIT: passkeys of one tenant, the revoked included.
const ALL: usize = 100_000;
/// LIMIT: passkeys in one copying.
const MIRRORED: usize = 64;
/// LIMIT: bytes of a credential id (`WebAuthn` Level 3, section 4: at most 1,023).
const CREDENTIAL: usize = 1_023;
/// LIMIT: bytes of a public key in canonical JSON: RSA with 4,096 bits takes about 730.
const JWK: usize = 1_024;
/// LIMIT: models in a policy.
const MODELS: usize = 64;
/// LIMIT: an origin or a relying party's domain.
const ORIGIN: usize = 300;

fn bad(field: &str, what: String, cure: &str) -> Refusal {
    Refusal::new(refusal::PASSKEY, field, what, cure)
}

/// A passkey that is well formed, this person's, and nobody's yet.
pub(super) fn sound(state: &State, key: &Passkey, person: PersonId) -> Result<(), Refusal> {
    const CURE: &str = "Register the passkey again.";
    if key.person != person {
        return Err(Refusal::internal("key", "the passkey is another person's"));
    }
    check::text("label", &key.label, NAME)?;
    check::bound("bytes of key", key.jwk.len(), JWK)?;
    check::bound("bytes of origin", key.origin.len().max(key.rp_id.len()), ORIGIN)?;
    let credential = URL_SAFE_NO_PAD.decode(&key.credential).unwrap_or_default();
    if credential.is_empty() || credential.len() > CREDENTIAL {
        let what = format!("credential `{}` is not 1 to 1023 bytes", cut(&key.credential));
        return Err(bad("key.credential", what, CURE));
    }
    public(&key.jwk, &key.alg)?;
    if !is_uuid(&key.aaguid) {
        let what = format!("aaguid `{}` is no lower-case UUID", cut(&key.aaguid));
        return Err(bad("key.aaguid", what, CURE));
    }
    check::text("key.origin", &key.origin, ORIGIN)?;
    check::text("key.rp_id", &key.rp_id, ORIGIN)?;
    if let Attestation::Unchecked { format: word } | Attestation::Checked { root: word } =
        &key.attestation
    {
        check::text("key.attestation", word, NAME)?;
    }
    check::bound("passkeys", state.passkeys.len() + 1, ALL)?;
    let taken = state.passkeys.contains_key(&key.passkey)
        || state.credentials.contains_key(&key.credential)
        || state.passkeys.values().any(|known| known.says.jwk == key.jwk);
    if taken {
        let what = "this passkey is known here already".to_owned();
        return Err(bad("key", what, "Make a new passkey, or use the one you have."));
    }
    Ok(())
}

/// The public JWK has exactly the required members of its kind (RFC 7638, section 3.2), in canonical form.
fn public(jwk: &str, alg: &str) -> Result<(), Refusal> {
    let refuse = |what: &str| {
        let what = format!("public key `{}` {what}", cut(jwk));
        Err(bad("key.jwk", what, "Register the passkey again."))
    };
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(jwk) else {
        return refuse("is no JSON object");
    };
    let text = |name: &str| members.get(name).and_then(|value| value.as_str());
    let wanted: &[&str] = match (text("kty"), text("crv"), alg) {
        (Some("EC"), Some("P-256"), "ES256") => &["crv", "kty", "x", "y"],
        (Some("OKP"), Some("Ed25519"), "EdDSA") => &["crv", "kty", "x"],
        (Some("RSA"), None, "RS256") => &["e", "kty", "n"],
        _ => return refuse(&format!("is of no kind that `{}` goes with", cut(alg))),
    };
    if members.len() != wanted.len() || wanted.iter().any(|name| text(name).is_none()) {
        return refuse("has other members than its kind requires");
    }
    match canonical::to_vec(&members) {
        Ok(bytes) if bytes == jwk.as_bytes() => Ok(()),
        Ok(_) | Err(_) => refuse("is not in canonical form"),
    }
}

fn is_uuid(text: &str) -> bool {
    let mut groups = text.split('-').map(str::len);
    groups.by_ref().eq([8, 4, 4, 4, 12])
        && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

/// The policy of the ledger's own party takes it.
pub(super) fn allowed(state: &State, key: &Passkey) -> Result<(), Refusal> {
    match state.policy.refuses(key) {
        None => Ok(()),
        Some(why) => {
            let what = format!(
                "{} does not take the passkey `{}`: {why}",
                state.party_name(),
                cut(&key.label)
            );
            let cure = format!("Use another one: {} may be used here.", state.policy.words());
            Err(bad("key", what, &cure))
        }
    }
}

/// What somebody said the fingerprint is, is.
pub(super) fn same_fingerprint(key: &Passkey, said: &str) -> Result<(), Refusal> {
    if key.fingerprint() == said {
        return Ok(());
    }
    // The right one is not told: it is to be heard from its owner.
    let what = format!("the fingerprint `{}` is not that of the key they made", cut(said));
    let cure =
        "Compare it with the person again; if it stays different, somebody else made the key.";
    Err(bad("fingerprint", what, cure))
}

/// The actor, at home in this ledger.
fn at_home(state: &State, cx: &Cx) -> Result<PersonId, Refusal> {
    let person = check::person(cx)?;
    let seated = check::seat(state, person, "actor")?;
    home(state, seated.side)?;
    Ok(person)
}

/// Keys of people of this side are changed in this ledger.
pub(super) fn home(state: &State, side: Side) -> Result<(), Refusal> {
    let what = format!("passkeys of people of the {side} are not changed here");
    check::ledger_of(state, side, &what)
}

pub(super) fn add(state: &State, cx: &Cx, key: Passkey) -> Result<Vec<Fact>, Refusal> {
    let person = at_home(state, cx)?;
    sound(state, &key, person)?;
    allowed(state, &key)?;
    check::bound("live passkeys", state.live_keys(person).count() + 1, LIVE)?;
    Ok(vec![Fact::PasskeyAdded { key: Box::new(key), admitted: Admitted::Own }])
}

/// The very first passkey of a provider: nobody could sign for it yet.
pub(super) fn bootstrap(state: &State, cx: &Cx, key: Passkey) -> Result<Vec<Fact>, Refusal> {
    let person = check::through(cx, "bootstrap")?;
    check::ledger_of(state, Side::Provider, "only the provider begins with a passkey of its own")?;
    check::acts(state, cx, &[Role::Owner])?;
    if !state.passkeys.is_empty() {
        let what = format!("{} has a passkey already", state.party_name());
        return Err(bad("key", what, "Sign in with it, or be invited."));
    }
    sound(state, &key, person)?;
    Ok(vec![Fact::PasskeyAdded { key: Box::new(key), admitted: Admitted::Bootstrap }])
}

pub(super) fn revoke(
    state: &State,
    cx: &Cx,
    passkey: PasskeyId,
    reason: String,
) -> Result<Vec<Fact>, Refusal> {
    check::text("reason", &reason, SENTENCE)?;
    let Some(key) = state.passkeys.get(&passkey) else {
        return Err(Refusal::unknown("passkey", &passkey.to_string()));
    };
    let person = key.says.person;
    let side = state.people.get(&person).map_or(Side::Provider, |known| known.side);
    if !matches!(cx.actor(), Actor::System { .. }) {
        home(state, side)?;
        if cx.actor().person() == Some(person) {
            check::seat(state, person, "actor")?;
        } else {
            check::speaks_for(state, cx, side, &[Role::Owner])?;
        }
    }
    revocable(state, key)?;
    Ok(vec![Fact::PasskeyRevoked { passkey, reason }])
}

/// Live, and not the last with which a party could answer for itself.
pub(crate) fn revocable(state: &State, key: &Key) -> Result<(), Refusal> {
    if let Some(at) = key.revoked_at {
        let what = format!("passkey `{}` was revoked at {at}", cut(&key.says.label));
        return Err(bad("passkey", what, "Nothing is left to do."));
    }
    let person = key.says.person;
    let Some(whose) = state.people.get(&person).filter(|known| known.active()) else {
        return Ok(());
    };
    let other = state.keyed_owners(whose.side).any(|(id, _)| id != person);
    if whose.has(Role::Owner) && whose.keys == 1 && !other {
        let what = format!(
            "`{}` is the last passkey of the last owner of the {}",
            cut(&key.says.label),
            whose.side
        );
        return Err(bad("passkey", what, "Add another passkey, or another owner, first."));
    }
    Ok(())
}

/// Writ copies what became so at the provider.
pub(super) fn mirror(
    state: &State,
    cx: &Cx,
    (add, revoke): (Vec<Passkey>, Vec<PasskeyId>),
) -> Result<Vec<Fact>, Refusal> {
    check::system(cx)?;
    check::ledger_of(state, Side::Client, "keys are copied to clients only")?;
    check::bound("passkeys", add.len() + revoke.len(), MIRRORED)?;
    let of_provider = |person: PersonId| match state.people.get(&person) {
        None => Err(Refusal::unknown("person", &person.to_string())),
        Some(known) if known.side == Side::Provider => Ok(()),
        Some(known) => {
            let what =
                format!("{} is of the client, whose keys nobody copies", known.name.written());
            let cure = "The client's people add their own.";
            Err(Refusal::new(refusal::PARTY, "key", what, cure))
        }
    };
    let mut facts = Vec::new();
    let mut after = state.clone();
    for key in add {
        of_provider(key.person)?;
        check::seat(state, key.person, "key")?;
        sound(&after, &key, key.person)?;
        let says = Arc::new(key.clone());
        let (at, admitted) = (cx.now(), Admitted::Mirrored);
        let made = Key { says, admitted, at, line: 0, revoked_at: None, counter: 0 };
        after.credentials.insert(key.credential.clone(), key.passkey);
        after.passkeys.insert(key.passkey, Arc::new(made));
        facts.push(Fact::PasskeyAdded { key: Box::new(key), admitted });
    }
    for passkey in revoke {
        let Some(key) = state.passkeys.get(&passkey) else {
            return Err(Refusal::unknown("passkey", &passkey.to_string()));
        };
        of_provider(key.says.person)?;
        if key.live() {
            let reason = "revoked at the provider".to_owned();
            facts.push(Fact::PasskeyRevoked { passkey, reason });
        }
    }
    Ok(facts)
}

pub(super) fn policy(state: &State, cx: &Cx, policy: KeyPolicy) -> Result<Vec<Fact>, Refusal> {
    let own = state.own_side().unwrap_or(Side::Provider);
    check::speaks_for(state, cx, own, &[Role::Owner])?;
    if let KeyPolicy::Attested { aaguids } = &policy {
        check::bound("models", aaguids.len(), MODELS)?;
        if let Some(one) = aaguids.iter().find(|one| !is_uuid(one)) {
            let what = format!("model `{}` is no lower-case UUID", cut(one));
            return Err(bad("policy", what, "Write the model's AAGUID."));
        }
    }
    Ok(vec![Fact::KeyPolicySet { policy }])
}
