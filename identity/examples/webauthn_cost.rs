//! What a passkey costs to check: `cargo run --release -p writ-identity --example webauthn_cost`.
//!
//! Never here: an assertion; the numbers are for people. To add a cost: one `cost` line in `main`.

use std::{error::Error, hint::black_box, time::Instant};

use writ_identity::webauthn::{
    Anchors, AssertionResponse, Creation, RegistrationResponse, RelyingParty, Requesting, SoftKind,
    SoftPasskey, check, creation_options, register, request_options,
};
use writ_model::Span;

const ORIGIN: &str = "http://localhost:7420";
const CHALLENGE: [u8; 64] = [7; 64];

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example that measures and prints"
)]
fn cost<T>(name: &str, mut work: impl FnMut() -> T) {
    const TIMES: u32 = 4_000;
    let start = Instant::now();
    for _ in 0..TIMES {
        black_box(work());
    }
    let nanos = start.elapsed().as_nanos() / u128::from(TIMES);
    println!("{name:<44} {nanos:>8} ns");
}

fn main() -> Result<(), Box<dyn Error>> {
    let rp = RelyingParty::of_origin(ORIGIN)?;
    for (name, kind) in [("ES256", SoftKind::Es256), ("EdDSA", SoftKind::EdDsa)] {
        let mut passkey = SoftPasskey::from_seed([7; 32], kind);
        let options = creation_options(&Creation {
            rp: &rp,
            rp_name: "Writ",
            user_handle: "per_1",
            user_name: "Ada",
            challenge: &CHALLENGE,
            exclude: &[],
            attest: true,
            timeout: Span::minutes(5),
        });
        let answer = passkey.register(&options, ORIGIN)?.to_string();
        let new = RegistrationResponse::parse(answer.as_bytes())?;
        let anchors = Anchors::none();
        cost(&format!("{name}: answer of a registration, read"), || {
            RegistrationResponse::parse(answer.as_bytes())
        });
        cost(&format!("{name}: registration, self-attested"), || {
            register(&rp, &CHALLENGE, &new.client_data_json, &new.attestation_object, &anchors)
        });
        let options = request_options(&Requesting {
            rp: &rp,
            challenge: &CHALLENGE,
            allow: &[],
            timeout: Span::minutes(5),
        });
        let answer = passkey.assert(&options, ORIGIN)?.to_string();
        let signed = AssertionResponse::parse(answer.as_bytes())?;
        let jwk = passkey.jwk()?;
        cost(&format!("{name}: answer of an assertion, read"), || {
            AssertionResponse::parse(answer.as_bytes())
        });
        cost(&format!("{name}: assertion, checked"), || {
            check(&rp, &jwk, &CHALLENGE, &signed.parts())
        });
    }
    Ok(())
}
