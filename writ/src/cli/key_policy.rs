//! `writ key-policy`: which passkeys the people of a party may have.
//!
//! Never here: how a key is judged (`authority` and `identity` know). To add a policy: its word in [`Policy`].

use serde_json::{Value, json};

use super::access::Ctx;
use crate::{api::segment, fault::Fault, out};

/// A policy, by its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Policy {
    /// Every passkey
    Any,
    /// Only keys that never leave their device
    DeviceBound,
    /// Only models that prove what they are
    Attested,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// The policy
    Show {
        /// The client, or the provider's own short name
        #[arg(long)]
        client: String,
    },
    /// Set it, for keys made from now on
    Set {
        /// The client, or the provider's own short name
        #[arg(long)]
        client: String,
        /// any, device-bound or attested
        policy: Policy,
        /// With attested: a model that is allowed; may be given several times
        #[arg(long = "aaguid", value_name = "UUID")]
        aaguids: Vec<String>,
    },
}

/// Does it.
pub async fn run(ctx: &Ctx, verb: Verb) -> Result<(), Fault> {
    let api = ctx.api().await?;
    let path = |client: &str| format!("/api/v1/clients/{}/key-policy", segment(client));
    match verb {
        Verb::Show { client } => {
            let answer = api.get(&path(&client)).await?;
            ctx.out.answer(&answer, |answer| {
                out::line(answer.get("says").and_then(Value::as_str).unwrap_or_default());
            });
        }
        Verb::Set { client, policy, aaguids } => {
            let answer = api.post(&path(&client), &body(policy, &aaguids)?).await?;
            ctx.out.answer(&answer, super::acted);
        }
    }
    Ok(())
}

fn body(policy: Policy, aaguids: &[String]) -> Result<Value, Fault> {
    let policy = match (policy, aaguids.is_empty()) {
        (Policy::Any, true) => json!("any"),
        (Policy::DeviceBound, true) => json!("device_bound"),
        (Policy::Attested, false) => json!({"attested": {"aaguids": aaguids}}),
        (Policy::Attested, true) => {
            return Err(Fault::usage("no model is named").cure("give --aaguid UUID"));
        }
        _ => {
            return Err(Fault::usage("this policy names no models")
                .cure("leave --aaguid out, or use `attested`"));
        }
    };
    Ok(json!({"policy": policy}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_belong_to_attested_keys_only() {
        let model = ["00000000-0000-0000-0000-000000000001".to_owned()];
        assert_eq!(body(Policy::Any, &[]).unwrap(), json!({"policy": "any"}));
        assert_eq!(body(Policy::DeviceBound, &[]).unwrap(), json!({"policy": "device_bound"}));
        let attested = body(Policy::Attested, &model).unwrap();
        assert_eq!(attested, json!({"policy": {"attested": {"aaguids": model}}}));
        assert!(body(Policy::Attested, &[]).is_err());
        assert!(body(Policy::Any, &model).is_err());
    }
}
