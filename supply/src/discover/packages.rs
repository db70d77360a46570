//! AI packages in lock files and manifests of the main ecosystems: name, exact version where the file gives one, and the checksum
//! that it names.
//!
//! A version out of a manifest is a wish and not said to be a version. Never here: what is installed (`resolve.rs`).
//! To add a package: a row in `data/packages.tsv`. To add a file: an arm in [`ecosystem`] and in [`entries`].

mod files;

use std::{collections::BTreeMap, sync::LazyLock};

use files::{
    assets, bun, composer, gem, go, gradle, maven, npm, nuget, pipfile, pnpm, project, pyproject,
    requirements, toml_packages, wishes, yarn,
};

use super::{
    Component, Kind, Place,
    shape::{self, Form},
    tables,
};

static KNOWN: LazyLock<BTreeMap<(&'static str, String), &'static str>> = LazyLock::new(|| {
    tables::rows::<4>(tables::PACKAGES)
        .map(|[ecosystem, package, what, _source]| ((ecosystem, plain(ecosystem, package)), what))
        .collect()
});

/// The name as a registry compares it.
fn plain(ecosystem: &str, name: &str) -> String {
    match ecosystem {
        "pypi" => name.to_lowercase().replace(['_', '.'], "-"),
        "nuget" | "composer" => name.to_lowercase(),
        _ => name.to_owned(),
    }
}

/// The ecosystem of a lock file or manifest by its name.
pub(crate) fn ecosystem(name: &str) -> Option<&'static str> {
    let low = name.to_lowercase();
    Some(match low.as_str() {
        "package-lock.json"
        | "npm-shrinkwrap.json"
        | "yarn.lock"
        | "pnpm-lock.yaml"
        | "bun.lock"
        | "package.json" => "npm",
        "uv.lock" | "poetry.lock" | "pdm.lock" | "pipfile.lock" | "pyproject.toml"
        | "pylock.toml" | "environment.yml" | "environment.yaml" => "pypi",
        "cargo.lock" => "cargo",
        "go.sum" | "go.mod" => "go",
        "gemfile.lock" => "gem",
        "composer.lock" => "composer",
        "packages.lock.json" | "directory.packages.props" | "project.assets.json" => "nuget",
        "pom.xml" | "gradle.lockfile" | "build.gradle" | "build.gradle.kts" => "maven",
        _ => match low.rsplit_once('.')? {
            (stem, "txt") if stem.starts_with("requirements") => "pypi",
            (_, "csproj" | "fsproj") => "nuget",
            _ => return None,
        },
    })
}

/// One entry of a lock file: name, exact version, checksum.
type Entry = (String, Option<String>, Option<String>);

/// The AI packages that a file names.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn packages(place: &Place, bytes: &[u8]) -> Result<Vec<Component>, String> {
    let name = place.name().to_lowercase();
    let Some(ecosystem) = ecosystem(&name) else { return Ok(Vec::new()) };
    let mut found: BTreeMap<(String, Option<String>), Component> = BTreeMap::new();
    for (package, version, checksum) in entries(&name, bytes)? {
        let package = plain(ecosystem, &package);
        let Some(what) = known(ecosystem, &package) else { continue };
        let key = (package.clone(), version.clone());
        if found.len() >= super::MAX_OF_FILE && !found.contains_key(&key) {
            continue;
        }
        found.entry(key).or_insert_with(|| {
            let mut one = Component::new(Kind::Package, &package, &place.path, "package.ai")
                .about("ecosystem", ecosystem)
                .about("is", what);
            one.version = version;
            if let Some(checksum) = checksum {
                one = one.about("checksum", checksum);
            }
            // A lock file says what should be installed, never what is.
            one.unknown("the installed bytes");
            one
        });
    }
    Ok(found.into_values().collect())
}

fn known(ecosystem: &'static str, package: &str) -> Option<&'static str> {
    if let Some(what) = KNOWN.get(&(ecosystem, package.to_owned())) {
        return Some(what);
    }
    // A module of Go can be a folder of the package, or a later major version of it.
    (ecosystem == "go").then(|| {
        package
            .match_indices('/')
            .find_map(|(at, _)| KNOWN.get(&(ecosystem, package.get(..at)?.to_owned())).copied())
    })?
}

fn entries(name: &str, bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let text = shape::text(bytes)?;
    Ok(match name {
        "package-lock.json" | "npm-shrinkwrap.json" => npm(&shape::read(Form::Json, bytes)?),
        "package.json" => wishes(
            &shape::read(Form::Json, bytes)?,
            &["dependencies", "devDependencies", "optionalDependencies"],
        ),
        "pnpm-lock.yaml" => pnpm(&shape::read(Form::Yaml, bytes)?),
        "yarn.lock" => yarn(&text),
        "bun.lock" => bun(&shape::read(Form::Json, bytes)?),
        "uv.lock" | "poetry.lock" | "pdm.lock" | "pylock.toml" | "cargo.lock" => {
            toml_packages(&shape::read(Form::Toml, bytes)?)
        }
        "pipfile.lock" => pipfile(&shape::read(Form::Json, bytes)?),
        "pyproject.toml" => pyproject(&shape::read(Form::Toml, bytes)?),
        "go.sum" | "go.mod" => go(&text),
        "gemfile.lock" => gem(&text),
        "composer.lock" => composer(&shape::read(Form::Json, bytes)?),
        "packages.lock.json" => nuget(&shape::read(Form::Json, bytes)?),
        "project.assets.json" => assets(&shape::read(Form::Json, bytes)?),
        "pom.xml" => maven(&text),
        "gradle.lockfile" | "build.gradle" | "build.gradle.kts" => gradle(&text),
        _ if name.starts_with("requirements") || name.starts_with("environment") => {
            requirements(&text)
        }
        _ => project(&text),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::discover::Mode;

    /// File, its text, the package that is found, its exact version.
    const CASES: [(&str, &str, &str, Option<&str>); 21] = [
        (
            "package-lock.json",
            r#"{"packages":{"":{"name":"x"},"node_modules/a/node_modules/openai":{"version":"5.1.0","integrity":"sha512-x"},"node_modules/left-pad":{"version":"1.0.0"}}}"#,
            "openai",
            Some("5.1.0"),
        ),
        (
            "package-lock.json",
            r#"{"dependencies":{"a":{"version":"1.0.0","dependencies":{"@anthropic-ai/sdk":{"version":"0.60.0"}}}}}"#,
            "@anthropic-ai/sdk",
            Some("0.60.0"),
        ),
        ("package.json", r#"{"dependencies":{"langchain":"^0.3.0"}}"#, "langchain", None),
        (
            "pnpm-lock.yaml",
            "packages:\n\n  '@modelcontextprotocol/sdk@1.20.0':\n    resolution: {integrity: sha512-x}\n",
            "@modelcontextprotocol/sdk",
            Some("1.20.0"),
        ),
        (
            "yarn.lock",
            "# yarn lockfile v1\n\nopenai@^5.0.0, openai@^5.1.0:\n  version \"5.1.0\"\n  resolved \"x\"\n  integrity sha512-x\n",
            "openai",
            Some("5.1.0"),
        ),
        (
            "yarn.lock",
            "\"@langchain/core@npm:^0.3.0\":\n  version: 0.3.1\n  checksum: 10c0/x\n",
            "@langchain/core",
            Some("0.3.1"),
        ),
        (
            "bun.lock",
            "{\"packages\": {\"openai\": [\"openai@5.1.0\", \"\", {}, \"sha512-x\"],}}",
            "openai",
            Some("5.1.0"),
        ),
        (
            "uv.lock",
            "version = 1\n[[package]]\nname = \"fastmcp\"\nversion = \"2.12.0\"\nsdist = { url = \"x\", hash = \"sha256:x\" }\n",
            "fastmcp",
            Some("2.12.0"),
        ),
        (
            "poetry.lock",
            "[[package]]\nname = \"LangGraph\"\nversion = \"0.6.0\"\nfiles = [{file = \"x\", hash = \"sha256:x\"}]\n",
            "langgraph",
            Some("0.6.0"),
        ),
        (
            "Pipfile.lock",
            r#"{"default":{"openai":{"version":"==1.2.3","hashes":["sha256:x"]}}}"#,
            "openai",
            Some("1.2.3"),
        ),
        (
            "requirements-dev.txt",
            "# x\nhuggingface_hub[cli]==0.30.1 ; python_version > '3'\nflask\n",
            "huggingface-hub",
            Some("0.30.1"),
        ),
        ("requirements.txt", "torch>=2\n", "torch", None),
        (
            "pyproject.toml",
            "[project]\ndependencies = [\"crewai[tools]>=0.1\", \"rich\"]\n",
            "crewai",
            None,
        ),
        (
            "Cargo.lock",
            "[[package]]\nname = \"async-openai\"\nversion = \"0.29.0\"\nchecksum = \"x\"\n",
            "async-openai",
            Some("0.29.0"),
        ),
        (
            "go.sum",
            "github.com/openai/openai-go/v2 v2.1.0 h1:x=\ngithub.com/openai/openai-go/v2 v2.1.0/go.mod h1:x=\n",
            "github.com/openai/openai-go/v2",
            Some("2.1.0"),
        ),
        (
            "Gemfile.lock",
            "GEM\n  specs:\n    ruby_llm (1.6.0)\n      faraday (>= 1)\n",
            "ruby_llm",
            Some("1.6.0"),
        ),
        (
            "composer.lock",
            r#"{"packages":[{"name":"openai-php/client","version":"v0.10.1"}]}"#,
            "openai-php/client",
            Some("0.10.1"),
        ),
        (
            "packages.lock.json",
            r#"{"dependencies":{"net8.0":{"Microsoft.SemanticKernel":{"resolved":"1.60.0","contentHash":"x"}}}}"#,
            "microsoft.semantickernel",
            Some("1.60.0"),
        ),
        (
            "App.csproj",
            "<Project><ItemGroup><PackageReference Include=\"OpenAI\" Version=\"2.2.0\" /></ItemGroup></Project>",
            "openai",
            Some("2.2.0"),
        ),
        (
            "pom.xml",
            "<dependencies><dependency><groupId>dev.langchain4j</groupId><artifactId>langchain4j</artifactId><version>1.4.0</version></dependency></dependencies>",
            "dev.langchain4j:langchain4j",
            Some("1.4.0"),
        ),
        (
            "gradle.lockfile",
            "io.modelcontextprotocol.sdk:mcp:0.12.0=runtimeClasspath\n",
            "io.modelcontextprotocol.sdk:mcp",
            Some("0.12.0"),
        ),
    ];

    #[test]
    fn packages_of_every_ecosystem_are_read() {
        for (file, text, name, version) in CASES {
            let place = Place::of(Path::new(file), Mode::Repo);
            let found =
                packages(&place, text.as_bytes()).unwrap_or_else(|why| panic!("{file}: {why}"));
            let told: Vec<(&str, Option<&str>)> =
                found.iter().map(|one| (one.name.as_str(), one.version.as_deref())).collect();
            assert_eq!(told, [(name, version)], "{file}");
        }
        let place = Place::of(Path::new("package-lock.json"), Mode::Repo);
        assert!(packages(&place, b"{\"packages\": ").is_err());
    }
}
