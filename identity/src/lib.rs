//! Keys, tokens, `DPoP`, client assertions, passkeys, ID tokens: who is calling, proved.
//!
//! Never here: IO, a clock (instants are arguments), a database handle, a decision about what a caller may do
//! (`authority` decides). Randomness comes from [`writ_model::Entropy`]; only the P-256 generator and ECDSA nonces come
//! from the cryptographic library itself.
//! To add a credential form: one file with its `create`, its `verify` and its fault enum, whose codes join
//! [`fault::CODES`]; then a row per rule in its negative table.

pub mod assertion;
mod b64;
pub mod cache;
mod claims;
pub mod dpop;
pub mod fault;
mod htu;
pub mod id_token;
pub mod jwk;
pub mod jws;
pub mod key;
mod key_of_others;
pub mod nonce;
pub mod refresh;
pub mod replay;
pub mod scrub;
pub mod token;
pub mod webauthn;

pub use assertion::{Assertion, AssertionFault};
pub use b64::{decode as decode_base64url, encode as encode_base64url};
pub use cache::TokenCache;
pub use dpop::{BoundKey, DpopFault, Proof};
pub use fault::Fault;
pub use jwk::{Jwk, JwkFault, JwkSet, Thumbprint};
pub use jws::JwsFault;
pub use key::{AgentKey, Algorithm, KeyFault, PublicKey, Signer, SigningKey, verify_ed25519};
pub use nonce::{NonceState, Nonces};
pub use refresh::Refresh;
pub use replay::{Mark, ReplayFault, ReplayMarks, Salt};
pub use scrub::{OneTimeCode, same_secret};
pub use token::{Claims, PublicKeys, TokenFault, Verified};
