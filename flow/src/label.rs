//! Labels: what may be said of everything that a context has read. They only grow.
//!
//! Never here: a way to make one smaller; a declassification is a rule (`rules`), not a smaller label.

use serde::{Deserialize, Serialize};

use crate::classify::{Origin, Sensitivity};

/// The join of what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Label {
    /// The least trusted origin.
    pub origin: Origin,
    /// The highest sensitivity.
    pub sensitivity: Sensitivity,
}

impl Label {
    /// Both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            origin: self.origin.max(other.origin),
            sensitivity: self.sensitivity.max(other.sensitivity),
        }
    }
}
