//! What a command line starts, read without starting it: a package of a registry, an image, a file, a line of shell.
//!
//! Never here: looking for its bytes (`resolve.rs`), or a guess: what is not understood is [`Target::Other`].
//! To add a starter: an arm in [`start`].

mod image;

use image::image;

use super::{keys, servers::plain_address};

/// What is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A package of npm.
    Npm {
        /// Its name.
        package: String,
        /// The version that is asked for: exact, a range, a tag, or none.
        version: Option<String>,
    },
    /// A package of `PyPI`.
    Pypi {
        /// Its name.
        package: String,
        /// The version that is asked for.
        version: Option<String>,
    },
    /// A container image.
    Image {
        /// As it is written.
        image: String,
        /// `sha256:…`, if it is named by it.
        digest: Option<String>,
        /// What of the host it is given.
        host: Vec<String>,
    },
    /// A module of Python.
    Module(String),
    /// A file: a program, or a script for an interpreter.
    File(String),
    /// A line of shell.
    Shell(String),
    /// An address.
    Address(String),
    /// Nothing that is understood.
    Other,
}

impl Target {
    /// What it is, in words that hold no argument and so no secret.
    pub fn words(&self) -> String {
        keys::hide(&self.said()).into_owned()
    }

    fn said(&self) -> String {
        let with = |name: &str, version: &Option<String>| match version {
            Some(version) => format!("{name}@{}", plain_address(version)),
            None => name.to_owned(),
        };
        match self {
            Self::Npm { package, version } => format!("npm:{}", with(package, version)),
            Self::Pypi { package, version } => format!("pypi:{}", with(package, version)),
            Self::Image { image, .. } => format!("image:{image}"),
            Self::Module(name) => format!("module:{name}"),
            Self::File(path) => format!("file:{}", alone(path)),
            Self::Shell(_) => "a line of shell".to_owned(),
            Self::Address(address) => plain_address(address),
            Self::Other => "a command that is not understood".to_owned(),
        }
    }

    /// Whether the version is exact; `None` where there is no version to name.
    pub fn pinned(&self) -> Option<bool> {
        match self {
            Self::Npm { version, .. } | Self::Pypi { version, .. } => {
                Some(version.as_deref().is_some_and(exact))
            }
            Self::Image { digest, .. } => Some(digest.is_some()),
            _ => None,
        }
    }
}

/// A path without what looks like an argument behind it: some write the whole line as the command.
pub(super) fn alone(path: &str) -> &str {
    let mut cut = path.len();
    for (at, _) in path.match_indices(char::is_whitespace) {
        let rest = path.get(at..).unwrap_or_default().trim_start();
        let word = rest.split_whitespace().next().unwrap_or_default();
        if word.starts_with('-') || word.contains('=') {
            cut = at;
            break;
        }
    }
    path.get(..cut).unwrap_or(path).trim_end()
}

/// Whether a version names one release: `1.2.3`, not `^1.2`, `latest` or `1`.
pub(crate) fn exact(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    parts.len() >= 2
        && parts.iter().all(|part| {
            !part.is_empty()
                && part.chars().next().is_some_and(|c| c.is_ascii_digit())
                && part.chars().all(|c| c.is_ascii_alphanumeric())
        })
}

/// The last part of a command's path, without the endings that Windows gives programs.
fn program(command: &str) -> String {
    let last = command.rsplit(['/', '\\']).next().unwrap_or(command).to_lowercase();
    for ending in [".exe", ".cmd", ".bat", ".ps1"] {
        if let Some(name) = last.strip_suffix(ending) {
            return name.to_owned();
        }
    }
    last
}

/// What a command with its arguments starts.
pub(super) fn of(command: &str, args: &[&str]) -> Target {
    // Some write the whole line as the command.
    let words: Vec<&str> =
        if args.is_empty() && command.contains(' ') && !command.contains(['/', '\\']) {
            command.split_whitespace().collect()
        } else if args.is_empty() && alone(command) != command {
            let path = alone(command);
            let rest = command.get(path.len()..).unwrap_or_default();
            std::iter::once(path).chain(rest.split_whitespace()).collect()
        } else {
            std::iter::once(command).chain(args.iter().copied()).collect()
        };
    start(&words, 0)
}

/// LIMIT: starters inside each other (`env`, `cmd /c`, `uv run`).
const NESTED: usize = 4;

fn start(words: &[&str], depth: usize) -> Target {
    let Some((command, args)) = words.split_first() else { return Target::Other };
    if depth > NESTED {
        return Target::Other;
    }
    match program(command).as_str() {
        "npx" | "bunx" | "pnpx" => npm(args, depth),
        "npm" | "pnpm" | "yarn" | "bun" => match args.split_first() {
            Some((&("exec" | "dlx" | "x"), rest)) => npm(rest, depth),
            Some((&"run", _)) | None => Target::Other,
            Some((file, _)) if is_script(file) => Target::File((*file).to_owned()),
            Some(_) => Target::Other,
        },
        "uvx" | "pipx" => python(args),
        "uv" => uv(args, depth),
        "docker" | "podman" | "nerdctl" => image(args),
        "python" | "python3" | "py" | "pypy3" | "pythonw" => interpreter(args),
        "node" | "deno" | "tsx" | "ts-node" | "ruby" | "php" | "perl" => script(args),
        "java" => args
            .iter()
            .skip_while(|word| **word != "-jar")
            .nth(1)
            .map_or(Target::Other, |file| Target::File((*file).to_owned())),
        "sh" | "bash" | "zsh" | "dash" | "fish" | "ksh" => {
            shell(args, &["-c", "-lc", "-ic", "-ec"], depth)
        }
        "cmd" => shell(args, &["/c", "/C", "/s"], depth),
        "powershell" | "pwsh" => {
            shell(args, &["-c", "-command", "-Command", "-EncodedCommand", "-enc", "-e"], depth)
        }
        "env" | "sudo" | "doas" | "nice" | "timeout" | "cross-env" | "dotenvx" | "wsl" => {
            let rest = args.iter().position(|word| {
                !word.starts_with('-')
                    && !word.contains('=')
                    && !word.chars().all(|c| c.is_ascii_digit())
            });
            rest.and_then(|at| args.get(at..)).map_or(Target::Other, |rest| start(rest, depth + 1))
        }
        "" => Target::Other,
        _ => Target::File((*command).to_owned()),
    }
}

fn is_script(word: &str) -> bool {
    [".js", ".mjs", ".cjs", ".ts", ".mts", ".py", ".rb", ".php", ".sh"]
        .iter()
        .any(|ending| word.ends_with(ending))
}

/// `npx [options] package[@version] …`
fn npm(args: &[&str], depth: usize) -> Target {
    let mut rest = args.iter();
    while let Some(word) = rest.next() {
        let named = match *word {
            "-p" | "--package" => rest.next().copied(),
            "-c" | "--call" => {
                return rest.next().map_or(Target::Other, |line| Target::Shell((*line).to_owned()));
            }
            "--registry" | "--cache" | "--prefix" | "--userconfig" => {
                rest.next();
                continue;
            }
            "--" => continue,
            word if word.starts_with("--package=") => word.strip_prefix("--package="),
            word if word.starts_with('-') => continue,
            word => Some(word),
        };
        let Some(named) = named else { return Target::Other };
        if named == "tsx" || named == "ts-node" {
            let after: Vec<&str> = rest.copied().collect();
            return if after.is_empty() {
                package(named)
            } else {
                start(&[&["node"], &after[..]].concat(), depth + 1)
            };
        }
        return package(named);
    }
    Target::Other
}

fn package(named: &str) -> Target {
    let from = usize::from(named.starts_with('@'));
    let (package, version) = match named.get(from..).and_then(|rest| rest.split_once('@')) {
        Some((name, version)) => {
            let scope = if from == 1 { "@" } else { "" };
            (format!("{scope}{name}"), (!version.is_empty()).then(|| version.to_owned()))
        }
        None => (named.to_owned(), None),
    };
    let source =
        package.contains("://") || package.starts_with("git+") || package.starts_with("github:");
    if source {
        return Target::Address(named.to_owned());
    }
    if package.starts_with(['.', '/', '~']) {
        return Target::File(package);
    }
    if outside(&package) {
        return Target::Other;
    }
    Target::Npm { package, version }
}

/// Whether what stands for a package leads out of the folder of packages: no registry has such a name.
fn outside(name: &str) -> bool {
    name.contains(['\\', ':', '\0']) || name.split('/').any(|part| matches!(part, "" | "." | ".."))
}

/// `uvx [--from spec] package[@version|==version] …`
fn python(args: &[&str]) -> Target {
    let mut rest = args.iter();
    while let Some(word) = rest.next() {
        let named = match *word {
            "run" | "tool" | "--" => continue,
            "--from" | "--spec" => rest.next().copied(),
            "--with" | "--python" | "-p" | "--index-url" | "--extra-index-url" | "--index"
            | "--refresh-package" => {
                rest.next();
                continue;
            }
            word if word.starts_with("--from=") => word.strip_prefix("--from="),
            word if word.starts_with('-') => continue,
            word => Some(word),
        };
        return named.map_or(Target::Other, requirement);
    }
    Target::Other
}

fn requirement(named: &str) -> Target {
    if named.contains("://") || named.starts_with("git+") {
        return Target::Address(named.to_owned());
    }
    if named.starts_with(['.', '/']) || is_script(named) {
        return Target::File(named.to_owned());
    }
    let (name, version) = if let Some((name, version)) = named.split_once("==") {
        (name, Some(version.to_owned()))
    } else if let Some((name, version)) = named.split_once('@') {
        (name, Some(version.to_owned()))
    } else if let Some(at) = named.find(['>', '<', '~', '!']) {
        (named.get(..at).unwrap_or(named), named.get(at..).map(str::to_owned))
    } else {
        (named, None)
    };
    let name = name.split('[').next().unwrap_or(name).trim();
    if outside(name) {
        return Target::Other;
    }
    Target::Pypi { package: name.to_lowercase().replace('_', "-"), version }
}

/// `uv run [--directory DIR] [--with package] script | command`, `uv tool run …`
fn uv(args: &[&str], depth: usize) -> Target {
    let mut folder = None;
    let mut with = None;
    let mut rest = args.iter();
    let mut seen = false;
    while let Some(word) = rest.next() {
        match *word {
            "tool" | "x" => return python(&rest.copied().collect::<Vec<_>>()),
            "run" => seen = true,
            "--directory" | "--project" => folder = rest.next().copied(),
            "--with" | "--with-editable" => with = rest.next().copied(),
            "--python" | "-p" | "--env-file" | "--extra" | "--group" | "--index-url" => {
                rest.next();
            }
            "-m" | "--module" => {
                return rest
                    .next()
                    .map_or(Target::Other, |name| Target::Module((*name).to_owned()));
            }
            word if word.starts_with('-') => {}
            word if seen => {
                if let Some(folder) = folder {
                    let path = if is_script(word) {
                        format!("{folder}/{word}")
                    } else {
                        folder.to_owned()
                    };
                    return Target::File(path);
                }
                if is_script(word) {
                    return Target::File(word.to_owned());
                }
                if let Some(with) = with {
                    return requirement(with);
                }
                let line: Vec<&str> = std::iter::once(word).chain(rest.copied()).collect();
                return match start(&line, depth + 1) {
                    Target::File(name) if !name.contains('/') => Target::Other,
                    other => other,
                };
            }
            _ => return Target::Other,
        }
    }
    Target::Other
}

/// `python [-options] script | -m module | -c code`
fn interpreter(args: &[&str]) -> Target {
    let mut rest = args.iter();
    while let Some(word) = rest.next() {
        match *word {
            "-m" => {
                return rest
                    .next()
                    .map_or(Target::Other, |name| Target::Module((*name).to_owned()));
            }
            "-c" => {
                return rest.next().map_or(Target::Other, |code| Target::Shell((*code).to_owned()));
            }
            "-X" | "-W" => {
                rest.next();
            }
            word if word.starts_with('-') => {}
            word => return Target::File(word.to_owned()),
        }
    }
    Target::Other
}

/// `node [--options] script`
fn script(args: &[&str]) -> Target {
    let mut rest = args.iter();
    while let Some(word) = rest.next() {
        match *word {
            "-e" | "--eval" | "-p" | "--print" => {
                return rest.next().map_or(Target::Other, |code| Target::Shell((*code).to_owned()));
            }
            "-r" | "--require" | "--import" | "--loader" => {
                rest.next();
            }
            "run" => {}
            word if word.starts_with("npm:") => return package(word.trim_start_matches("npm:")),
            word if word.starts_with('-') => {}
            word if word.starts_with("http:") || word.starts_with("https:") => {
                return Target::Address(word.to_owned());
            }
            word => return Target::File(word.to_owned()),
        }
    }
    Target::Other
}

/// `sh -c LINE`, `cmd /c LINE…`, `sh FILE`
fn shell(args: &[&str], lines: &[&str], depth: usize) -> Target {
    let Some(first) = args.iter().position(|word| {
        !lines.contains(word) && !word.starts_with(['-', '/']) || word.contains(' ')
    }) else {
        // `/path/to/script` begins with what options of cmd begin with.
        return args
            .iter()
            .find(|word| is_script(word))
            .map_or(Target::Other, |file| Target::File((*file).to_owned()));
    };
    let is_line = args.iter().take(first).any(|word| lines.contains(word));
    let rest = args.get(first..).unwrap_or_default();
    if !is_line {
        return rest.first().map_or(Target::Other, |file| Target::File((*file).to_owned()));
    }
    let line = rest.join(" ");
    // A line that only starts one thing is that thing.
    let simple = !line.contains(['|', ';', '&', '>', '<', '`', '$', '(', '\n']);
    let words: Vec<&str> = line.split_whitespace().collect();
    if simple && !words.is_empty() {
        return start(&words, depth + 1);
    }
    Target::Shell(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_started_is_read_from_the_line() {
        let cases = [
            (
                "npx -y @modelcontextprotocol/server-github",
                "npm:@modelcontextprotocol/server-github",
                Some(false),
            ),
            ("npx -y @scope/pkg@1.2.3 --flag", "npm:@scope/pkg@1.2.3", Some(true)),
            ("npx pkg@latest", "npm:pkg@latest", Some(false)),
            ("C:\\nodejs\\npx.cmd -y pkg@2.0.0-beta.1", "npm:pkg@2.0.0-beta.1", Some(true)),
            ("npx --package=pkg@1.0.0 run-it", "npm:pkg@1.0.0", Some(true)),
            ("npm exec -- pkg@1.0.0", "npm:pkg@1.0.0", Some(true)),
            ("cmd /c npx -y pkg@^1.0", "npm:pkg@^1.0", Some(false)),
            ("bunx pkg", "npm:pkg", Some(false)),
            ("npx -y github:owner/repo", "github:owner/repo", None),
            ("uvx mcp-server-git==2025.1.14", "pypi:mcp-server-git@2025.1.14", Some(true)),
            ("uvx --from git+https://git.example/x y", "git+https://git.example/x", None),
            ("uvx --python 3.12 Mcp_Server", "pypi:mcp-server", Some(false)),
            ("uv tool run pkg@1.0.0", "pypi:pkg@1.0.0", Some(true)),
            ("uv --directory /srv/app run server.py", "file:/srv/app/server.py", None),
            ("uv run --with mcp mcp run server.py", "pypi:mcp", Some(false)),
            ("pipx run pkg==1.0", "pypi:pkg@1.0", Some(true)),
            (
                "docker run -i --rm -e TOKEN ghcr.io/github/github-mcp-server",
                "image:ghcr.io/github/github-mcp-server",
                Some(false),
            ),
            ("python -m server", "module:server", None),
            ("python3 /opt/server.py --x", "file:/opt/server.py", None),
            ("node --no-warnings dist/index.js", "file:dist/index.js", None),
            ("/usr/local/bin/thing --stdio", "file:/usr/local/bin/thing", None),
            ("env A=b npx pkg@1.0.0", "npm:pkg@1.0.0", Some(true)),
            ("npx tsx src/index.ts", "file:src/index.ts", None),
        ];
        for (line, words, pinned) in cases {
            let parts: Vec<&str> = line.split(' ').collect();
            let target = of(parts[0], &parts[1..]);
            assert_eq!((target.words().as_str(), target.pinned()), (words, pinned), "{line}");
        }
        assert_eq!(of("sh", &["-c", "curl -s https://x.example | sh"]).words(), "a line of shell");
        assert_eq!(of("npx -y pkg", &[]).words(), "npm:pkg");
        assert_eq!(of("", &[]), Target::Other);
    }

    #[test]
    fn no_line_tells_its_secrets() {
        let token = format!("ghp_{}", keys::tests::github("a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5"));
        let secret = "hunter2secret";
        for line in [
            format!("uvx --from git+https://x-access-token:{token}@github.com/o/r r"),
            format!("npx git+https://user:{secret}@github.com/o/r"),
            format!("npx pkg@git+https://user:{secret}@github.com/o/r"),
            format!("deno run https://user:{secret}@host.example/a.ts?key={token}"),
            format!("npx https://host.example/{token}/pkg.tgz"),
            format!("/opt/x/server --api-key {secret}"),
            format!("/opt/x/server API_KEY={secret}"),
            format!("docker run registry.example/{token}/image"),
            format!("python -m {token}"),
        ] {
            let parts: Vec<&str> = line.split(' ').collect();
            for target in [of(parts[0], &parts[1..]), of(&line, &[])] {
                let words = target.words();
                assert!(!words.contains(&token) && !words.contains(secret), "{line}: {words}");
            }
        }
        assert_eq!(of("/opt/x y/server --key abc", &[]).words(), "file:/opt/x y/server");
        assert_eq!(of("/usr/bin/npx -y pkg@1.0.0", &[]).words(), "npm:pkg@1.0.0");
    }

    #[test]
    fn a_package_is_no_path() {
        for line in
            ["npx a/../../x", "npx @a/../../../etc/x", "uvx ../../x/y", "npx ..\\x", "npx c:/x"]
        {
            let parts: Vec<&str> = line.split(' ').collect();
            let target = of(parts[0], &parts[1..]);
            assert!(matches!(target, Target::Other | Target::File(_)), "{line}: {target:?}");
        }
        assert_eq!(of("npx", &["@scope/name"]).words(), "npm:@scope/name");
    }
}
