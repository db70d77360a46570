//! [`Signer`]: who signs an act without a browser: a program that the person names, for a key in their hand.
//!
//! Never here: a key, or a program that anything but the person's own flag or environment named.
//! SECURITY: the program is started without a shell, gets the options on stdin and the origin in its environment; what a
//! tenant wrote reaches it in neither.
//! To sign in another way: another [`Signer`].

use std::{fmt, process::Stdio, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::signing::Signing;
use crate::{fault::Fault, out};

/// LIMIT: time for a person to find their key and touch it.
const PATIENCE: Duration = Duration::from_mins(2);
/// LIMIT: bytes of an assertion as JSON; a real one has under 3 kB.
const ASSERTION: u64 = 64 << 10;

/// Gives the assertion over the options of a signing, in the form of `PublicKeyCredential.toJSON()`.
pub trait Signer: Send + Sync + fmt::Debug {
    /// Signs.
    fn sign<'a>(&'a self, signing: &'a Signing) -> BoxFuture<'a, Result<Value, Fault>>;
}

/// A program: reads the request options (the JSON that `parseRequestOptionsFromJSON` reads) on stdin, finds the origin
/// in `WRIT_ORIGIN`, and prints the assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    program: String,
    arguments: Vec<String>,
}

impl Program {
    /// The program and its arguments, separated by spaces.
    ///
    /// # Errors
    /// If there is none.
    pub fn parse(command: &str) -> Result<Self, Fault> {
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words.next().ok_or_else(|| {
            Fault::usage("the signer names no program")
                .cure("write PROGRAM and its arguments, separated by spaces")
        })?;
        Ok(Self { program, arguments: words.collect() })
    }

    fn broken(&self, why: impl fmt::Display) -> Fault {
        Fault::unreachable(format!("the signer `{}` {why}", self.program))
            .cure("see that $WRIT_SIGNER or --signer names a program that prints an assertion")
    }

    async fn run(&self, signing: &Signing) -> Result<Value, Fault> {
        let mut child = tokio::process::Command::new(&self.program)
            .args(&self.arguments)
            .env("WRIT_ORIGIN", signing.origin())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| self.broken(format!("cannot be started: {error}")))?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(self.broken("has no pipes"));
        };
        let options = signing.options.to_string();
        let talk = async {
            // A program that needs no input may close it early; what it prints says whether it worked.
            let _closed = stdin.write_all(options.as_bytes()).await;
            drop(stdin);
            let mut printed = Vec::new();
            stdout.take(ASSERTION + 1).read_to_end(&mut printed).await?;
            Ok::<_, std::io::Error>((printed, child.wait().await?))
        };
        let spoken = tokio::time::timeout(PATIENCE, talk).await;
        let (printed, status) = match spoken {
            Err(_elapsed) => return Err(self.broken("did not sign in time")),
            Ok(Err(error)) => return Err(self.broken(format!("cannot be heard: {error}"))),
            Ok(Ok(spoken)) => spoken,
        };
        if u64::try_from(printed.len()).unwrap_or(u64::MAX) > ASSERTION {
            return Err(self.broken(format!("printed more than {ASSERTION} bytes")));
        }
        if !status.success() {
            return Err(Fault::refused(format!("the signer `{}` did not sign", self.program))
                .cure("touch your key when the program asks for it"));
        }
        serde_json::from_slice(&printed)
            .map_err(|error| self.broken(format!("printed something else than JSON: {error}")))
    }
}

impl Signer for Program {
    fn sign<'a>(&'a self, signing: &'a Signing) -> BoxFuture<'a, Result<Value, Fault>> {
        Box::pin(async move {
            out::note(&format!(
                "writ: signing with `{}`: {}",
                self.program,
                out::clean(&signing.title)
            ));
            signing.show();
            self.run(signing).await
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fault::Exit;

    fn signing() -> Signing {
        let view = json!({"signing": "sig_1", "code": "K7QF-93TD", "url": "http://localhost:1/sign/x",
            "title": "t", "options": {"challenge": "abc"}});
        Signing::read(&view).unwrap()
    }

    #[tokio::test]
    async fn a_program_gets_options_and_origin_and_gives_json() {
        let echo =
            Program { program: "sh".to_owned(), arguments: vec!["-c".to_owned(), String::new()] };
        let with = |script: &str| Program {
            arguments: vec!["-c".to_owned(), script.to_owned()],
            ..echo.clone()
        };
        assert_eq!(with("cat").run(&signing()).await, Ok(json!({"challenge": "abc"})));
        let origin = with(r#"printf '"%s"' "$WRIT_ORIGIN""#).run(&signing()).await;
        assert_eq!(origin, Ok(json!("http://localhost:1")));
        let exit = |script: &'static str| {
            let program = with(script);
            async move { program.run(&signing()).await.unwrap_err().exit }
        };
        assert_eq!(exit("exit 1").await, Exit::Refused);
        assert_eq!(exit("echo no").await, Exit::Unreachable);
        assert_eq!(exit("head -c 70000 /dev/zero").await, Exit::Unreachable);
        let none = Program::parse("/no/such/program").unwrap();
        assert_eq!(none.run(&signing()).await.unwrap_err().exit, Exit::Unreachable);
    }

    #[test]
    fn a_command_is_words() {
        let parsed = Program::parse("  python3 signer.py  sign --key k ").unwrap();
        assert_eq!(parsed.program, "python3");
        assert_eq!(parsed.arguments, ["signer.py", "sign", "--key", "k"]);
        assert_eq!(Program::parse("  ").unwrap_err().exit, Exit::Usage);
    }
}
