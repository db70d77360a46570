//! What one call costs in this crate: `cargo run --release -p writ-identity --example dpop_cost`.
//!
//! Never here: an assertion; the numbers are for people. To add a cost: one `cost` line in `main`.

use std::{error::Error, hint::black_box, sync::Arc, time::Instant};

use writ_identity::{
    AgentKey, Mark, Nonces, ReplayMarks, SigningKey, TokenCache, Verified,
    cache::DEFAULT_TOKENS,
    dpop::{self, NonceRule, Prove},
    key::PublicKey,
    replay::DEFAULT_MARKS,
    token::{self, Claims, PublicKeys},
};
use writ_model::{AgentId, Digest, Entropy, InstanceId, Span, TenantId, Timestamp, TokenId};

const URL: &str = "https://gateway.example/mcp/customers";
const PROOFS: usize = 4_000;
const MARKS: u64 = 800_000;

#[derive(Debug)]
struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, out: &mut [u8]) {
        out.fill(7);
    }
}

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example that measures and prints"
)]
fn cost<T>(name: &str, times: u64, mut work: impl FnMut(u64) -> T) {
    let start = Instant::now();
    for turn in 0..times {
        black_box(work(turn));
    }
    let nanos = start.elapsed().as_nanos() / u128::from(times.max(1));
    println!("{name:<44} {nanos:>8} ns");
}

fn claims(now: Timestamp, agent: &AgentKey) -> Claims {
    Claims {
        iss: "https://desk.example".to_owned(),
        sub: AgentId::from_parts(now, [1; 10]),
        client_id: InstanceId::from_parts(now, [2; 10]),
        behalf: None,
        aud: URL.to_owned(),
        iat: now,
        exp: now + Span::minutes(5),
        jti: TokenId::from_parts(now, [3; 10]),
        tenant: TenantId::from_parts(now, [4; 10]),
        epoch: 1,
        jkt: Some(agent.thumbprint()),
        scope: None,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let now = Timestamp::from_micros(1_793_714_580_000_000);
    let (agent, issuer) = (AgentKey::generate()?, SigningKey::generate(&Fixed)?);
    let claims = claims(now, &agent);
    let token = token::issue(&issuer, &claims)?;
    floor(&agent)?;
    let verified = tokens(&issuer, &token, &claims)?;
    proofs(&agent, &token, &verified, now)?;
    marks(&claims, &agent, now);
    Ok(())
}

fn floor(agent: &AgentKey) -> Result<(), Box<dyn Error>> {
    let public = PublicKey::from_jwk(&agent.jwk())?;
    let signature = agent.sign(b"message")?;
    cost("ECDSA P-256 verification alone", 4_000, |_| {
        public.verify(agent.jwk().algorithm(), b"message", &signature)
    });
    cost("point decoding alone", 4_000, |_| PublicKey::from_jwk(&agent.jwk()));
    Ok(())
}

fn tokens(
    issuer: &SigningKey,
    text: &str,
    claims: &Claims,
) -> Result<Arc<Verified>, Box<dyn Error>> {
    let keys = PublicKeys::of_signing_key(issuer)?;
    let expect = token::Expect { iss: &claims.iss, now: claims.iat };
    cost("token, verified", 4_000, |_| token::verify(text, &keys, &expect));
    let cache = TokenCache::new(DEFAULT_TOKENS);
    let verified = cache.verify(text, &keys, &expect)?;
    cost("token, from the cache (digest included)", 400_000, |_| {
        cache.verify(text, &keys, &expect)
    });
    cost("digest of the token", 400_000, |_| Digest::of(text.as_bytes()));
    Ok(verified)
}

fn proofs(
    agent: &AgentKey,
    token: &str,
    verified: &Verified,
    now: Timestamp,
) -> Result<(), Box<dyn Error>> {
    let nonces = Nonces::new(&Fixed);
    let nonce = nonces.current(now);
    let made = |jti: usize| {
        let (access_token, nonce) = (Some(token), Some(nonce.as_str()));
        let jti = &format!("q8Yd-{jti:016x}");
        dpop::prove(agent, &Prove { method: "POST", url: URL, now, access_token, nonce, jti })
    };
    let proofs = (0..PROOFS).map(made).collect::<Result<Vec<_>, _>>()?;
    let proof = |turn: u64| {
        let at = usize::try_from(turn).unwrap_or(0) % PROOFS;
        proofs.get(at).map_or("", String::as_str)
    };
    let first = dpop::Expect {
        method: "POST",
        url: URL,
        now,
        nonce: NonceRule::Asked(&nonces),
        ath: Some(verified.ath()),
        jkt: verified.jkt(),
        key: None,
    };
    cost("proof, key unknown", PROOFS as u64, |turn| dpop::verify(proof(turn), &first));
    let key = dpop::verify(proof(0), &first)?.key;
    let later = dpop::Expect { key: Some(&key), ..first };
    cost("proof, key kept", PROOFS as u64, |turn| dpop::verify(proof(turn), &later));
    let bad: Vec<_> = proofs.iter().map(|good| good.replacen('.', "..", 1)).collect();
    cost("text that is no proof", PROOFS as u64, |turn| {
        bad.get(usize::try_from(turn).unwrap_or(0)).map(|bad| dpop::verify(bad, &later))
    });
    cost("nonce", 400_000, |_| nonces.check(&nonce, now));
    Ok(())
}

fn marks(claims: &Claims, agent: &AgentKey, now: Timestamp) {
    let mut marks = ReplayMarks::new(DEFAULT_MARKS, &Fixed);
    let (salt, jkt) = (marks.salt(), agent.thumbprint());
    let jti = |turn: u64| format!("q8Yd-{turn:016x}");
    let mark = |turn| Mark::dpop(&salt, claims.tenant, &jkt, &jti(turn));
    cost("a jti", MARKS, jti);
    cost("digest of a mark (jti included)", MARKS, mark);
    cost("replay mark (both included)", MARKS, |turn| {
        marks.mark(mark(turn), now + Span::seconds(60), now)
    });
}
