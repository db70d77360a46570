//! The words after `cargo xtask`, kept as they came; each task asks for the ones it knows.
//! Never here: defaults, or what an option means.

/// A command line.
#[derive(Debug, Clone)]
pub(crate) struct Args(Vec<String>);

impl Args {
    /// Keeps the words.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Self {
        Self(words.collect())
    }

    /// The first word: the task.
    pub(crate) fn task(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// The second word, if it is no option: what the task is about.
    #[cfg(feature = "bench")]
    pub(crate) fn noun(&self) -> Option<&str> {
        self.0.get(1).map(String::as_str).filter(|word| !word.starts_with('-'))
    }

    /// Whether `--name` was said.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|word| word == name)
    }

    /// The number after `--name`.
    ///
    /// # Errors
    /// If what follows is not a whole number.
    #[cfg(feature = "bench")]
    pub(crate) fn number(&self, name: &str) -> anyhow::Result<Option<u64>> {
        let at = self.0.iter().position(|word| word == name);
        let word = at.and_then(|at| self.0.get(at + 1));
        match (at, word.map(|word| word.parse())) {
            (None, _) => Ok(None),
            (Some(_), Some(Ok(number))) => Ok(Some(number)),
            (Some(_), _) => anyhow::bail!("{name} wants a whole number after it"),
        }
    }

    /// All words, for handing on to another process.
    #[cfg(not(feature = "bench"))]
    pub(crate) fn words(&self) -> &[String] {
        &self.0
    }
}
