//! Where the values of a call came from, and what follows: classes of tools, labels of what was read, the trace of each
//! argument, a judgment with a sentence.
//!
//! Never here: IO, a clock, a language model, a rule that knows one benchmark or one server; what a person chose by name is
//! data (`template`).
//! To add a kind of value: a file below `values`, its cases there.

#![forbid(unsafe_code)]

pub mod classify;
pub mod context;
mod explain;
mod index;
pub mod judge;
pub mod kinds;
pub mod label;
mod leaves;
mod orders;
mod person;
pub mod repair;
pub mod rules;
pub mod simulate;
mod surface;
pub mod template;
pub mod trace;
mod values;
mod words;

pub use classify::{Acts, Class, Origin, Role, Sensitivity, Tool, classify};
pub use context::{Context, NotAContext, Read};
pub use judge::{Call, Decision, Reason, Verdict};
pub use kinds::{Kinds, Topics};
pub use label::Label;
pub use rules::Rules;
pub use template::{Chosen, Template, classify_by};
pub use trace::{How, Trace};
