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

    /// The first option that is not among these, which stand with spaces between them.
    pub(crate) fn odd(&self, known: &str) -> Option<&str> {
        let known: Vec<&str> = known.split_whitespace().collect();
        let mut options =
            self.0.iter().skip(1).map(String::as_str).filter(|word| word.starts_with('-'));
        options.find(|word| !known.contains(word))
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

    /// The word after `--name`.
    #[cfg(feature = "bench")]
    pub(crate) fn word(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|word| word == name)?;
        self.0.get(at + 1).map(String::as_str)
    }

    /// All words, for handing on to another process.
    #[cfg(not(feature = "fuzz"))]
    pub(crate) fn words(&self) -> &[String] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Args;

    #[test]
    fn an_option_that_nobody_knows_is_told() {
        let read = |words: &str| Args::read(words.split(' ').map(str::to_owned));
        assert_eq!(read("soak --minutes 3").odd("--minutes --debug"), None);
        assert_eq!(read("soak --help").odd("--minutes --debug"), Some("--help"));
        assert_eq!(read("soak --minutes=3").odd("--minutes"), Some("--minutes=3"));
    }
}
