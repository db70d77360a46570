//! What `docker run` starts, and what of the host it is given.
//!
//! Never here: what is in an image. To tell of another option: an arm in [`given`], and its row in `VALUED` if it takes a value.

use super::Target;

/// `docker run [options] image …`
pub(super) fn image(args: &[&str]) -> Target {
    /// Options of `run` that take a value; another one may hide an image from us, never make one up.
    const VALUED: [&str; 34] = [
        "-e",
        "--env",
        "--env-file",
        "-v",
        "--volume",
        "--mount",
        "--name",
        "-p",
        "--publish",
        "--network",
        "--net",
        "-w",
        "--workdir",
        "-u",
        "--user",
        "--entrypoint",
        "-l",
        "--label",
        "--memory",
        "-m",
        "--cpus",
        "--add-host",
        "--platform",
        "--pull",
        "--device",
        "--cap-add",
        "--cap-drop",
        "--security-opt",
        "--hostname",
        "-h",
        "--restart",
        "--gpus",
        "--pid",
        "--ipc",
    ];
    let mut host = Vec::new();
    let mut rest = args.iter().skip_while(|word| **word != "run" && **word != "exec").skip(1);
    while let Some(word) = rest.next() {
        if let Some((option, value)) = word.split_once('=').filter(|_| word.starts_with("--")) {
            given(option, value, &mut host);
        } else if VALUED.contains(word) {
            if let Some(value) = rest.next() {
                given(word, value, &mut host);
            }
        } else if *word == "--privileged" {
            host.push("all of the host (--privileged)".to_owned());
        } else if !word.starts_with('-') {
            let digest = word.split_once('@').map(|(_, digest)| digest.to_owned());
            let digest =
                digest.filter(|digest| digest.starts_with("sha256:") && digest.len() == 71);
            return Target::Image { image: (*word).to_owned(), digest, host };
        }
    }
    Target::Other
}

/// What an option gives away of the host.
fn given(option: &str, value: &str, host: &mut Vec<String>) {
    match option {
        "-v" | "--volume" | "--mount" => {
            let from = value
                .split(',')
                .find_map(|part| part.strip_prefix("source=").or_else(|| part.strip_prefix("src=")))
                .unwrap_or_else(|| mount(value));
            let home = from.trim_end_matches('/');
            let whole = matches!(
                home,
                "" | "~"
                    | "$HOME"
                    | "${HOME}"
                    | "/home"
                    | "/root"
                    | "/Users"
                    | "/etc"
                    | "C:"
                    | "C:\\"
            );
            let user = ["/home/", "/Users/", "C:\\Users\\", "C:/Users/"].iter().any(|start| {
                home.strip_prefix(start)
                    .is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '\\']))
            });
            if from.contains("docker.sock") {
                host.push("the socket of Docker".to_owned());
            } else if (whole || user)
                && (from.starts_with(['/', '~', '$']) || from.starts_with("C:"))
            {
                host.push(format!("the folder {from}"));
            }
        }
        "--pid" if value == "host" => host.push("the processes of the host".to_owned()),
        "--cap-add"
            if value.eq_ignore_ascii_case("ALL") || value.eq_ignore_ascii_case("SYS_ADMIN") =>
        {
            host.push(format!("the capability {value}"));
        }
        _ => {}
    }
}

/// The part of a mount that is on the host: what stands before the colon, that of a drive let be.
fn mount(value: &str) -> &str {
    let drive = value.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && value.get(1..3).is_some_and(|two| two == ":\\" || two == ":/");
    let from = if drive { 2 } else { 0 };
    let colon = value.get(from..).and_then(|rest| rest.find(':')).map(|at| at + from);
    colon.and_then(|at| value.get(..at)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::{super::of, Target};

    #[test]
    fn what_a_container_is_given_of_the_host_is_told() {
        let host = |line: &str| {
            let parts: Vec<&str> = line.split(' ').collect();
            match of(parts[0], &parts[1..]) {
                Target::Image { host, digest, .. } => (host, digest.is_some()),
                other => panic!("{line}: {other:?}"),
            }
        };
        assert_eq!(host("docker run -v /:/host img").0, ["the folder /"]);
        assert_eq!(host("docker run --privileged img").0.len(), 1);
        assert_eq!(
            host("docker run -v /var/run/docker.sock:/var/run/docker.sock img").0,
            ["the socket of Docker"]
        );
        assert_eq!(
            host("docker run --mount type=bind,src=/Users/ada,dst=/x img").0,
            ["the folder /Users/ada"]
        );
        assert!(host("docker run -v /Users/ada/projects:/p -v cache:/c img").0.is_empty());
        assert!(host(&format!("docker run img@sha256:{}", "a".repeat(64))).1);
    }
}
